"""What treasury hands out: a session, its report, cash handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from koperasi.treasury import rules
from koperasi.treasury.rules import Count, Movement, Sums


@dataclass(frozen=True, slots=True)
class Session:
    """A till from a counted drawer to a counted drawer; ``closed_at`` is empty while it is open."""

    number: int
    username: str
    office: str
    ledger_account_id: int
    business_day: date
    opened_at: datetime
    opening: Count
    opening_entry: int | None
    opening_head: int
    closed_at: datetime | None
    closed_by: str | None
    closing: Count | None
    closing_entry: int | None
    closing_head: int | None
    replayed: bool = False

    @property
    def is_open(self) -> bool:
        """Whether cash may go through it."""
        return self.closed_at is None

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Session:
        """From a row of ``teller_session`` and its till."""
        facts = {name: row[name] for name in cls.__dataclass_fields__ if name in row}
        closing = row["closing_count"]
        return cls(
            **facts,
            opening=Count.of(row["opening_count"]),
            closing=None if closing is None else Count.of(closing),
        )


class Handover(NamedTuple):
    """Cash between the vault and a till: an entry, what the till got of it (below zero: gave), and the two people."""

    entry_number: int
    session_number: int
    amount_minor: int
    recorded_by: str
    confirmed_by: str | None
    confirmed_at: datetime | None
    reversed: bool

    @property
    def waits(self) -> bool:
        """Whether the other side has still to say that it is so."""
        return self.confirmed_by is None and not self.reversed


class Line(NamedTuple):
    """One movement of a session, with what a report says of it."""

    movement: Movement
    effective_date: date
    description: str
    actor: str
    voucher: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """A session and all that it came to, in sen; what opening and closing moved to the till (below zero: from it)."""

    session: Session
    account_code: str
    sums: Sums
    lines: Sequence[Line]
    handovers: Sequence[Handover]
    opening_vault_minor: int
    opening_difference_minor: int
    closing_vault_minor: int
    difference_minor: int
    more_lines: bool = False

    @property
    def counted_minor(self) -> int | None:
        """What was counted at the closing."""
        return None if self.session.closing is None else self.session.closing.total_minor


@dataclass(frozen=True, slots=True)
class PettyCount:
    """Petty cash as it was counted; ``top_up_minor`` and ``difference_minor``, in sen, are its entry's."""

    number: int
    holder: str
    business_day: date
    counted_at: datetime
    counted_by: str
    count: Count
    entry: int | None
    head: int
    top_up_minor: int = 0
    difference_minor: int = 0

    @property
    def after_minor(self) -> int:
        """What the box held afterwards."""
        return self.count.total_minor + self.top_up_minor


@dataclass(frozen=True, slots=True)
class Spending:
    """What moved petty cash since it was counted: the entry, its day, words and signed amount in sen."""

    entry_number: int
    effective_date: date
    words: str
    source: str | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Box:
    """Petty cash now: what the book says it holds, its fixed sum (0: none), the last count, and what came since."""

    account_code: str
    balance_minor: int
    vault_minor: int
    float_minor: int
    last: PettyCount | None
    since: list[Spending]

    @property
    def holder(self) -> str | None:
        """Who answers for it."""
        return self.last.holder if self.last else None

    @property
    def top_up_minor(self) -> int:
        """What would fill it up."""
        return rules.proposed_top_up(self.float_minor, self.balance_minor)
