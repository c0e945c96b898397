"""The close of a business day: what must be so before it, and which day may come next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from koperasi.errors import Conflict, FieldError, Refusal
from koperasi.i18n import N_

MOST_DAYS_AHEAD = 31
"""The next business day lies at most this far ahead: a longer rest is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list: a stable code, what must be so (message id), how many or how much stands against it."""

    code: str
    label: str
    against: int
    minor: bool = False
    """Whether ``against`` is an amount in sen."""
    url: str = ""
    """Where it is put right."""

    @property
    def ok(self) -> bool:
        """Whether nothing stands against it."""
        return self.against == 0


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What the book and the desks say of a day that is to be closed; counts, and amounts in sen."""

    open_sessions: int
    waiting_handovers: int
    drafts: int
    in_transit_minor: int | None
    """None where the chart has no cash in transit."""
    imbalance_minor: int
    unnumbered: int
    gaps: int
    petty_uncounted: int | None = None
    """Entries on petty cash since its last count; None where there is no petty cash."""


def checklist(facts: DayFacts) -> list[Check]:
    """What must be so before a day is closed, in the order in which people go through it."""
    checks = [
        Check("sessions", N_("Semua sesi kas sudah dihitung dan ditutup"), facts.open_sessions, url="/kas"),
        Check("handovers", N_("Semua serah terima kas sudah dibenarkan"), facts.waiting_handovers, url="/kas"),
        Check(
            "drafts",
            N_("Tidak ada permintaan persetujuan yang menunggu untuk hari itu"),
            facts.drafts,
            url="/persetujuan",
        ),
    ]
    if facts.petty_uncounted is not None:
        label = N_("Kas kecil sudah dihitung sesudah gerakannya yang terakhir")
        checks.append(Check("petty", label, facts.petty_uncounted, url="/kas/kecil"))
    if facts.in_transit_minor is not None:
        label = N_("Kas dalam perjalanan sudah nol")
        checks.append(Check("transit", label, abs(facts.in_transit_minor), minor=True, url="/buku-besar/1104"))
    return [
        *checks,
        Check("balance", N_("Neraca saldo seimbang"), abs(facts.imbalance_minor), minor=True, url="/neraca-saldo"),
        Check(
            "vouchers",
            N_("Semua jurnal sudah bernomor bukti, tanpa nomor yang hilang"),
            facts.unnumbered + facts.gaps,
            url="/bukti",
        ),
    ]


def check_close(day: date, next_day: date, *, today: date, last_closed: date | None, checks: Sequence[Check]) -> None:
    """Refuse to close a day that may not be closed.

    Args:
        day: the day.
        next_day: the business day that follows.
        today: the book's day; it is the one that is closed.
        last_closed: the last day that is closed.
        checks: the checklist.

    Raises:
        Conflict: ``day-closed``.
        Refusal: ``not-the-business-day``, ``next-day`` or ``day-unready``, with an error for each line.
    """
    if last_closed is not None and day <= last_closed:
        raise Conflict("day-closed", N_("Hari ini sudah ditutup."))
    if day != today:
        raise Refusal("not-the-business-day", N_("Yang ditutup adalah hari buku yang sedang berjalan."), field="day")
    if not day < next_day <= day + timedelta(days=MOST_DAYS_AHEAD):
        raise Refusal(
            "next-day", N_("Hari buku berikutnya harus sesudah hari ini, paling jauh sebulan."), field="next_day"
        )
    open_lines = [check for check in checks if not check.ok]
    if open_lines:
        raise Refusal(
            "day-unready",
            N_("Hari belum dapat ditutup: masih ada yang harus diselesaikan."),
            errors=[FieldError(check.code, "day-unready", check.label) for check in open_lines],
        )


def next_workday(day: date) -> date:
    """What is proposed as the next business day: tomorrow, and Monday after a Saturday."""
    following = day + timedelta(days=1)
    return following + timedelta(days=1) if following.isoweekday() == 7 else following
