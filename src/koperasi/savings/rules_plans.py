"""Planned savings: a goal with its day, and the standing order towards it. Pure; amounts in sen.

What is due is counted from the plan's dated rows and a day; what was moved is known by its month. No night job is
needed: an instalment that nobody moved on its day is moved later, once.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from koperasi.errors import Refusal
from koperasi.formats import format_date_short
from koperasi.i18n import N_
from koperasi.savings.rules import SavingsKind

MOST_YEARS = 40
_MONTHS_AHEAD = 2


class Goal(StrEnum):
    """What people save towards."""

    SEKOLAH = "sekolah"
    LEBARAN = "lebaran"
    QURBAN = "qurban"
    UMRAH = "umrah"
    LAIN = "lain"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _GOALS[self]


_GOALS: Mapping[Goal, str] = {
    Goal.SEKOLAH: N_("Sekolah anak"),
    Goal.LEBARAN: N_("Lebaran"),
    Goal.QURBAN: N_("Qurban"),
    Goal.UMRAH: N_("Umrah"),
    Goal.LAIN: N_("Tujuan lain"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A goal and its standing order, from a day on until the next row's.

    Attributes:
        valid_from: the first day.
        goal: what for.
        target_minor: how much it takes.
        target_date: by when; from that day on it may be taken out.
        instalment_minor: what the standing order moves each month; zero is none.
        day_of_month: its day; in a shorter month the last one.
        source_number: the account it is taken from; None if it is brought as cash.
    """

    valid_from: date
    goal: Goal
    target_minor: int
    target_date: date
    instalment_minor: int = 0
    day_of_month: int = 1
    source_number: str | None = None


@dataclass(frozen=True, slots=True)
class Instalment:
    """One month of a standing order that has fallen due."""

    period: str
    due_on: date
    amount_minor: int
    source_number: str
    paid: bool


def period_of(day: date) -> str:
    """The month of a day, ``2026-11``."""
    return f"{day.year:04}-{day.month:02}"


def plan_on(plans: Sequence[Plan], day: date) -> Plan | None:
    """What holds on a day; ``plans`` are one account's rows, the oldest first."""
    return next((row for row in reversed(plans) if row.valid_from <= day), None)


def instalments(plans: Sequence[Plan], done: Collection[str], until: date) -> list[Instalment]:
    """The standing order's months that have fallen due by a day, the oldest first, and which of them were moved.

    The row in force on the due day says how much and from where; nothing falls due after its goal's day.

    Args:
        plans: one account's rows, the oldest first.
        done: the months that were moved, ``2026-11``.
        until: the day, included.
    """
    if not plans:
        return []
    found, year, month = [], plans[0].valid_from.year, plans[0].valid_from.month
    while date(year, month, 1) <= until:
        instalment = _of_month(plans, year, month, done)
        if instalment is not None and instalment.due_on <= until:
            found.append(instalment)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found


def _of_month(plans: Sequence[Plan], year: int, month: int, done: Collection[str]) -> Instalment | None:
    """The month's instalment: that of the newest row whose own due day in this month it already governs."""
    last = monthrange(year, month)[1]
    for row in reversed(plans):
        due_on = date(year, month, min(row.day_of_month, last))
        if plan_on(plans, due_on) is row:
            if not row.instalment_minor or row.source_number is None or due_on > row.target_date:
                return None
            period = period_of(due_on)
            return Instalment(period, due_on, row.instalment_minor, row.source_number, period in done)
    return None


def next_instalment(plans: Sequence[Plan], on: date) -> Instalment | None:
    """The standing order's first instalment that falls due after a day; None where none will.

    Args:
        plans: one account's rows, the oldest first.
        on: the day, which has been.
    """
    year, month = on.year, on.month
    for _ in range(_MONTHS_AHEAD):
        instalment = _of_month(plans, year, month, ())
        if instalment is not None and instalment.due_on > on:
            return instalment
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return None


def locked_until(plan: Plan | None, day: date, *, early_withdrawal: bool) -> date | None:
    """The day from which planned savings may be taken out, if it has not come; None where nothing locks them."""
    if plan is None or early_withdrawal or day >= plan.target_date:
        return None
    return plan.target_date


def reached_percent(balance_minor: int, target_minor: int) -> int:
    """How far the goal is reached, in whole percent, rounded down; never above 100."""
    return min(max(balance_minor, 0) * 100 // target_minor, 100)


def check_plan(plan: Plan, kind: SavingsKind, source: tuple[str, SavingsKind] | None, own_number: str) -> None:
    """Refuse a plan that can't be kept.

    Args:
        plan: as it would stand.
        kind: of the account that it is for.
        source: number and kind of the account that the standing order takes from; it is the same owner's.
        own_number: the account that it is for.

    Raises:
        Refusal: ``not-planned-savings``, ``plan-target``, ``plan-date``, ``plan-day``, ``plan-source``.
    """
    if kind is not SavingsKind.BERENCANA:
        raise Refusal("not-planned-savings", N_("Rencana hanya untuk simpanan berencana."))
    if plan.target_minor <= 0:
        raise Refusal("plan-target", N_("Jumlah harus lebih dari nol."), field="target")
    if not plan.valid_from < plan.target_date or plan.target_date.year - plan.valid_from.year > MOST_YEARS:
        raise Refusal(
            "plan-date",
            N_("Tanggal tujuan harus sesudah %(day)s, paling lama 40 tahun."),
            field="target_date",
            day=format_date_short(plan.valid_from),
        )
    if not 1 <= plan.day_of_month <= 31:
        raise Refusal("plan-day", N_("Tanggal setiap bulan ditulis sebagai angka dari 1 sampai 31."), field="day")
    if plan.instalment_minor < 0 or (plan.instalment_minor and source is None):
        raise Refusal("plan-source", N_("Pilih rekening asal setoran rutin."), field="source")
    if source is not None and (source[0] == own_number or not source[1].withdrawable):
        raise Refusal("plan-source", N_("Setoran rutin diambil dari simpanan yang dapat ditarik."), field="source")
