"""Trial balance and account ledger as people read them: two columns, balances on the account's own side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

import ledger
from koperasi.i18n import N_
from koperasi.known import Known

TYPE_LABELS: Mapping[ledger.AccountType, str] = {
    ledger.AccountType.ASSET: N_("Aset"),
    ledger.AccountType.LIABILITY: N_("Liabilitas"),
    ledger.AccountType.TEMPORARY_SYIRKAH: N_("Dana syirkah temporer"),
    ledger.AccountType.EQUITY: N_("Ekuitas"),
    ledger.AccountType.INCOME: N_("Pendapatan"),
    ledger.AccountType.EXPENSE: N_("Beban"),
    ledger.AccountType.SOCIAL_FUND: N_("Dana sosial"),
    ledger.AccountType.MEMORANDUM: N_("Rekening administratif"),
}
"""The elements of the statements (message ids), in the order in which they stand there."""


class TrialLine(NamedTuple):
    """An account with its balance in one of two columns, in minor units, and whether it was ever moved."""

    account: ledger.Account
    debit_minor: int
    credit_minor: int
    moved: bool


class Group(NamedTuple):
    """The accounts of one element of the statements."""

    type: ledger.AccountType
    lines: tuple[TrialLine, ...]


class Total(NamedTuple):
    """The sums of the two columns in one currency; they are equal, or the book is damaged."""

    currency: str
    debit_minor: int
    credit_minor: int


class TrialBalance(NamedTuple):
    """All balances at the end of a day (of all entries when there is none), by element, with their sums.

    ``known_at``: as the book stood when that entry was its last, or ``None`` for now; ``head`` is the last included.
    """

    as_of: date | None
    known_at: int | None
    groups: tuple[Group, ...]
    totals: tuple[Total, ...]
    head: ledger.Head


class Change(NamedTuple):
    """An account whose balance of the same day is another now than it was known then; signed, minor units."""

    account: ledger.Account
    then_minor: int
    now_minor: int

    @property
    def difference_minor(self) -> int:
        """What came since, debit positive."""
        return self.now_minor - self.then_minor


def on_side(account: ledger.Account, signed_minor: int) -> int:
    """A signed balance (debit positive) on the account's own side."""
    return signed_minor if account.side is ledger.Side.DEBIT else -signed_minor


def trial_balance(rows: Iterable[ledger.TrialBalanceRow], as_of: date | None, known: Known) -> TrialBalance:
    """Balances in two columns: what is more debit than credit stands in the first, the rest in the second."""
    lines: dict[ledger.AccountType, list[TrialLine]] = {kind: [] for kind in TYPE_LABELS}
    totals: dict[str, list[int]] = {}
    for row in rows:
        debit_minor, credit_minor = max(row.balance, 0), max(-row.balance, 0)
        moved = bool(row.debit or row.credit)
        lines[row.account.type].append(TrialLine(row.account, debit_minor, credit_minor, moved))
        sums = totals.setdefault(row.account.currency, [0, 0])
        sums[0] += debit_minor
        sums[1] += credit_minor
    return TrialBalance(
        as_of,
        known.at,
        tuple(Group(kind, tuple(found)) for kind, found in lines.items() if found),
        tuple(Total(currency, *sums) for currency, sums in sorted(totals.items())),
        known.head,
    )


def changes(then: TrialBalance, now: TrialBalance) -> list[Change]:
    """The accounts that two views of the same day do not agree on, in the order of the later one."""
    before = {line.account.code: line.debit_minor - line.credit_minor for group in then.groups for line in group.lines}
    listed = (
        Change(line.account, before.get(line.account.code, 0), line.debit_minor - line.credit_minor)
        for group in now.groups
        for line in group.lines
    )
    return [one for one in listed if one.difference_minor]
