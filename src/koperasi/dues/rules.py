"""Rules of dues: what is billed, when it is late, and what the money that came in has paid of it. Pure; sums in sen.

Simpanan wajib is billed for each month and is not a receivable (docs/dues.md): a bill books nothing, and what was paid
of it is read from the balance of the member's account. Money settles the oldest bill first. Nothing here is rounded,
but the parts of simpanan pokok, which are whole rupiah with the rest in the first. Source: UU 25/1992 article 41; the
amounts are set by the articles and the members' meeting.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from koperasi.errors import Refusal
from koperasi.i18n import N_

_PERIOD = re.compile(r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])")

SEN_PER_RUPIAH = 100

ALWAYS_BILLED = frozenset({"anggota"})
"""Whoever is a member in full is billed; members.rules.MemberStatus has the names."""
ON_LEAVE, INACTIVE = "cuti", "nonaktif"


class Kind(StrEnum):
    """What a bill is for."""

    POKOK = "pokok"
    WAJIB = "wajib"


class WaiverReason(StrEnum):
    """Why a bill is no longer asked for: one of a list, for free words would name people."""

    MISTAKE = "salah-tagih"
    EXEMPT = "dibebaskan"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _REASONS[self]


_REASONS = {
    WaiverReason.MISTAKE: N_("Salah tagih"),
    WaiverReason.EXEMPT: N_("Dibebaskan oleh pengurus"),
}


@dataclass(frozen=True, slots=True)
class Bill:
    """What a member was asked to pay of a kind for a month, in sen."""

    kind: Kind
    period: str
    """Year and month, ``2026-11``."""
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Carried:
    """Money that stood on the account when the books were taken over, in sen; ``until`` is the month of that day.

    It paid for months that were never billed here, so it settles bills up to that month and none that came later.
    """

    amount_minor: int
    until: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A bill and what was paid of it, in sen."""

    bill: Bill
    paid_minor: int

    @property
    def open_minor(self) -> int:
        """What is still to be paid, in sen."""
        return self.bill.amount_minor - self.paid_minor


@dataclass(frozen=True, slots=True)
class Arrears:
    """What is late: of how many months, how much in sen, and since which month (none if nothing is)."""

    months: int
    amount_minor: int
    since: str | None


def clean_period(text: str) -> str:
    """A month as it is written, ``2026-11``.

    Raises:
        Refusal: ``period``.
    """
    if not _PERIOD.fullmatch(text):
        raise Refusal("period", N_("Bulan ditulis seperti 2026-11."), field="month")
    return text


def period_of(day: date) -> str:
    """The month of a day."""
    return f"{day.year:04}-{day.month:02}"


def first_day(period: str) -> date:
    """The first day of a month."""
    return date(int(period[:4]), int(period[5:]), 1)


def last_day(period: str) -> date:
    """The last day of a month."""
    first = first_day(period)
    return first.replace(day=monthrange(first.year, first.month)[1])


def shifted(period: str, months: int) -> str:
    """The month so many months later, or earlier if negative."""
    place = int(period[:4]) * 12 + int(period[5:]) - 1 + months
    return f"{place // 12:04}-{place % 12 + 1:02}"


def due_on(period: str, due_day: int) -> date:
    """The last day to pay a month's bill in time: the day that the policy names, or the month's last if it is shorter.

    Args:
        period: the month that is billed.
        due_day: 1 to 30.
    """
    return first_day(period).replace(day=min(due_day, last_day(period).day))


def last_late(on: date, due_day: int) -> str:
    """The latest month whose bill is late on a day: later bills may still be paid in time."""
    period = period_of(on)
    return period if on > due_on(period, due_day) else shifted(period, -1)


def check_billable(period: str, today: date) -> None:
    """A month is billed once it has begun.

    Raises:
        Refusal: ``period-not-begun``.
    """
    if first_day(period) > today:
        raise Refusal("period-not-begun", N_("Bulan itu belum mulai; tagihannya belum dapat dibuat."), field="month")


def billed_statuses(*, on_leave: bool, inactive: bool) -> frozenset[str]:
    """Whose simpanan wajib is billed, by the status of the membership and the policies' two switches."""
    more = {status for status, wanted in ((ON_LEAVE, on_leave), (INACTIVE, inactive)) if wanted}
    return ALWAYS_BILLED | more


def allocate(bills: Iterable[Bill], paid_minor: int, carried: Carried | None = None) -> list[Settled]:
    """Let money settle bills of one kind, the oldest month first; what is too much pays for months to come.

    Args:
        bills: of one member and one kind, in any order.
        paid_minor: the balance of the account, in sen; ``carried`` is part of it.
        carried: what of it was taken over from the books before.
    """
    ordered = sorted(bills, key=lambda bill: bill.period)
    rest = paying(ordered, paid_minor, carried)
    settled = []
    for bill in ordered:
        part = min(max(rest, 0), bill.amount_minor)
        rest -= part
        settled.append(Settled(bill, part))
    return settled


def paying(bills: Sequence[Bill], paid_minor: int, carried: Carried | None) -> int:
    """What of the balance pays bills, in sen: money taken over counts up to what was billed by its month."""
    if carried is None or carried.amount_minor <= 0:
        return paid_minor
    before = sum(bill.amount_minor for bill in bills if bill.period <= carried.until)
    return paid_minor - carried.amount_minor + min(carried.amount_minor, before)


def arrears(settled: Iterable[Settled], latest: str) -> Arrears:
    """What is late.

    Args:
        settled: bills of one kind.
        latest: the latest month that counts; see ``last_late``.
    """
    late = [one for one in settled if one.open_minor > 0 and one.bill.period <= latest]
    return Arrears(len(late), sum(one.open_minor for one in late), min((one.bill.period for one in late), default=None))


def check_amount(amount_minor: int | None) -> None:
    """One member's own simpanan wajib: whole rupiah, or zero for nothing, or none for everybody's.

    Raises:
        Refusal: ``dues-amount``.
    """
    if amount_minor is not None and (amount_minor < 0 or amount_minor % SEN_PER_RUPIAH):
        raise Refusal("dues-amount", N_("Tulis rupiah penuh, tanpa sen."), field="amount")
