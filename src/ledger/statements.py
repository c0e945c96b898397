"""The statements as pure folds: from what moved each account in a time to the figures that stand on paper.

Amounts are minor units of one currency. What is not called by a side is signed, debit positive. Nothing is lost: each
fold takes every account, and its totals tie to the accounts (tests/ledger/test_statements.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from ledger.account import Account, AccountType
from ledger.money import split

ADJUSTMENT = "adjustment"
"""Kind of the entries that correct the trial balance at the end of a period (jurnal penyesuaian)."""

CLOSING = "closing"
"""Kind of the entries that carry income and expense to equity at the end of a year (jurnal penutup)."""

NOMINAL = frozenset({AccountType.INCOME, AccountType.EXPENSE})
"""The elements that begin each year at nothing."""

CLAIMS = (AccountType.LIABILITY, AccountType.TEMPORARY_SYIRKAH, AccountType.EQUITY, AccountType.SOCIAL_FUND)
"""What stands against the assets, in the order of PSAK 401: social funds last and apart."""

Key = TypeVar("Key", bound=Hashable)


class Turn(NamedTuple):
    """Debits and credits of a time. An entry that undoes another counts against what it undoes, on the same side."""

    debit: int = 0
    credit: int = 0

    @property
    def net(self) -> int:
        """Debit less credit."""
        return self.debit - self.credit


class Movement(NamedTuple):
    """An account over a time: its balance before, what moved it, and what of that was adjusting and closing."""

    account: Account
    opening: int
    turn: Turn
    adjusting: Turn = Turn()
    closing: Turn = Turn()

    @property
    def balance(self) -> int:
        """Signed balance at the end."""
        return self.opening + self.turn.net

    @property
    def is_nominal(self) -> bool:
        """Income or expense."""
        return self.account.type in NOMINAL

    @property
    def result(self) -> int:
        """What an income or expense account gave (positive) or took, before it was closed."""
        return self.closing.net - self.turn.net if self.is_nominal else 0


# --- Worksheet ------------------------------------------------------------------------------------------------------


class WorksheetRow(NamedTuple):
    """A line of the ten-column worksheet. Without an account: the result of earlier times that nobody closed."""

    account: Account | None
    trial: int
    adjusting: Turn
    adjusted: int
    income: int
    position: int

    @property
    def columns(self) -> tuple[int, ...]:
        """The ten columns, each pair debit and credit."""
        pairs = (self.trial, self.adjusting, self.adjusted, self.income, self.position)
        return tuple(
            amount for pair in pairs for amount in (pair if isinstance(pair, Turn) else (max(pair, 0), max(-pair, 0)))
        )


class Worksheet(NamedTuple):
    """Neraca lajur: rows, the sums of the ten columns, and the surplus (negative: loss) that balances the last four."""

    rows: tuple[WorksheetRow, ...]
    totals: tuple[int, ...]
    surplus: int


def worksheet(movements: Iterable[Movement]) -> Worksheet:
    """Trial balance before adjustments, adjustments, trial balance after them, income, position: as before closing.

    Income and expense count from the beginning of the time; what earlier times left unclosed is a line of its own.
    """
    rows: list[WorksheetRow] = []
    earlier = 0
    for one in movements:
        real = 0 if one.is_nominal else one.opening
        earlier += one.opening - real
        adjusted = real + one.turn.net - one.closing.net
        trial = adjusted - one.adjusting.net
        income, position = (adjusted, 0) if one.is_nominal else (0, adjusted)
        rows.append(WorksheetRow(one.account, trial, one.adjusting, adjusted, income, position))
    if earlier:
        rows.append(WorksheetRow(None, earlier, Turn(), earlier, 0, earlier))
    rows = [row for row in rows if any(row.columns)]
    totals = tuple(sum(column) for column in zip(*(row.columns for row in rows), strict=True)) or (0,) * 10
    return Worksheet(tuple(rows), totals, totals[7] - totals[6])


# --- Position and income --------------------------------------------------------------------------------------------


class Position(NamedTuple):
    """The totals of a balance sheet at the end of a time.

    ``unclosed`` is income less expense that no entry has carried to equity; ``memorandum`` what memorandum accounts
    have against others (nothing, in a book kept well). ``assets`` equals the sum of all the rest.
    """

    assets: int
    claims: Mapping[AccountType, int]
    unclosed: int
    memorandum: int

    @property
    def claims_total(self) -> int:
        """All that stands against the assets."""
        return sum(self.claims.values()) + self.unclosed + self.memorandum


def shown_balance(movement: Movement) -> int:
    """A balance as the balance sheet shows it: assets by debit, the rest by credit; a contra account is negative."""
    return movement.balance if movement.account.type is AccountType.ASSET else -movement.balance


def position(movements: Iterable[Movement]) -> Position:
    """The totals of the balance sheet."""
    sums: dict[AccountType, int] = defaultdict(int)
    for one in movements:
        sums[one.account.type] += shown_balance(one)
    return Position(
        sums[AccountType.ASSET],
        {kind: sums[kind] for kind in CLAIMS},
        sums[AccountType.INCOME] + sums[AccountType.EXPENSE],
        sums[AccountType.MEMORANDUM],
    )


def surplus(movements: Iterable[Movement]) -> int:
    """Income less expense of the time, before closing."""
    return sum(one.result for one in movements)


# --- Equity ---------------------------------------------------------------------------------------------------------


class EquityRow(NamedTuple):
    """An equity account over a time, by credit: what it was, what came, what went, what it is."""

    account: Account
    opening: int
    additions: int
    reductions: int

    @property
    def closing(self) -> int:
        """The balance at the end; reductions are negative."""
        return self.opening + self.additions + self.reductions


def changes_in_equity(movements: Sequence[Movement], result_code: str) -> list[EquityRow]:
    """Equity accounts; the one of the current result has all income and expense in it, closed or not.

    ``result_code`` is the account to which the year is closed. That closing is no change of equity, so it shows in
    neither column; the result of the time is what that account gained or lost.
    """
    nominal = [one for one in movements if one.is_nominal]
    rows = []
    for one in movements:
        if one.account.type is not AccountType.EQUITY:
            continue
        opening, additions, reductions = -one.opening, one.turn.credit, -one.turn.debit
        if one.account.code == result_code:
            opening -= sum(each.opening for each in nominal)
            additions, reductions = additions - one.closing.credit, reductions + one.closing.debit
            # What closing entries carried to other accounts than this one; most years it is nothing.
            elsewhere = -one.closing.net - sum(each.closing.net for each in nominal)
            for change in (surplus(nominal), elsewhere):
                additions, reductions = additions + max(change, 0), reductions + min(change, 0)
        rows.append(EquityRow(one.account, opening, additions, reductions))
    return rows


# --- Cash -----------------------------------------------------------------------------------------------------------


class CashEntry(NamedTuple):
    """What one entry did to cash, and against which accounts (code to signed amount); ``undoing`` another entry."""

    cash: int
    counter: Mapping[str, int]
    undoing: bool = False


class Flow(NamedTuple):
    """Receipts (positive) and payments (negative) of one line of the cash flow statement."""

    received: int = 0
    paid: int = 0

    @property
    def net(self) -> int:
        """What remained."""
        return self.received + self.paid


def cash_effects(cash: int, counter: Mapping[Key, int]) -> dict[Key, int]:
    """Share the change of cash of one entry among what stands against it; the parts add up to ``cash`` exactly.

    Only what has the other sign was paid for with cash; it shares in proportion to its amounts (largest remainder).
    A fee withheld from a loan was never received, so it shares in nothing.

    Raises:
        ValueError: nothing stands against the cash: the entry does not balance.
    """
    opposite = {key: abs(amount) for key, amount in counter.items() if amount * cash < 0}
    return dict(zip(opposite, split(cash, list(opposite.values())), strict=True))


def cash_flow(entries: Iterable[CashEntry], line_of: Callable[[str], Key]) -> dict[Key, Flow]:
    """Receipts and payments by line, direct method. ``line_of`` names the line of a counter account's code.

    Accounts of one line are netted within an entry first, so that a receivable and its deferred margin count as one.
    An entry that undoes a receipt makes receipts smaller, not payments larger.
    """
    flows: dict[Key, Flow] = {}
    for entry in entries:
        if not entry.cash:
            continue
        lines: dict[Key, int] = defaultdict(int)
        for code, amount in entry.counter.items():
            lines[line_of(code)] += amount
        for line, effect in cash_effects(entry.cash, lines).items():
            received, paid = flows.get(line, Flow())
            if (effect > 0) is not entry.undoing:
                flows[line] = Flow(received + effect, paid)
            else:
                flows[line] = Flow(received, paid + effect)
    return flows
