"""What can be said of dues: of one month, of one member, of who is behind. Pure; all amounts in sen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from koperasi.dues.rules import Arrears, Bill, Kind, Settled, WaiverReason


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of dues on a day."""

    wajib_minor: int
    due_day: int
    on_leave: bool
    inactive: bool


@dataclass(frozen=True, slots=True)
class Billing:
    """What billing a month did: for how many members, and how much together. Nothing was booked."""

    period: str
    members: int
    amount_minor: int


class Month(NamedTuple):
    """A month's bills of simpanan wajib: how many members were billed, how much, and how many still could be."""

    period: str
    billed: int
    amount_minor: int
    missing: int


class Behind(NamedTuple):
    """A member who is late: months of simpanan wajib, what is late of it and of simpanan pokok, and since when."""

    member_number: str
    member_name: str
    months: int
    wajib_minor: int
    pokok_minor: int
    since: str

    @property
    def total_minor(self) -> int:
        """All that is late."""
        return self.wajib_minor + self.pokok_minor


@dataclass(frozen=True, slots=True)
class BehindPage:
    """A page of who is late, by number of member; the sums are of all that fit, not only of this page."""

    rows: Sequence[Behind]
    next_after: str | None
    members: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What one member's simpanan wajib is from a month on; None is everybody's."""

    valid_from: date
    amount_minor: int | None
    set_by: str


@dataclass(frozen=True, slots=True)
class Waived:
    """A bill that is no longer asked for, and why."""

    bill: Bill
    reason: WaiverReason
    waived_by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one member stands: each bill with what was paid of it, the oldest first, and what is late."""

    settled: Sequence[Settled]
    waived: Sequence[Waived]
    terms: Sequence[Terms]
    late: Mapping[Kind, Arrears]
    monthly_minor: int
    """What a month costs this member now."""
    ahead_minor: int
    """What was paid of simpanan wajib for months to come."""
    today: date
    ended: bool = False
    """The membership has ended: what was billed and not paid is no longer asked for."""

    def open_minor(self, kind: Kind, until: str) -> int:
        """What is still to be paid of a kind for months up to one; nothing once the membership has ended."""
        if self.ended:
            return 0
        return sum(one.open_minor for one in self.settled if one.bill.kind is kind and one.bill.period <= until)

    @property
    def late_minor(self) -> int:
        """All that is late."""
        return sum(one.amount_minor for one in self.late.values())
