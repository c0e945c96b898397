"""What a sharia cooperative shares: funds, financing and cash income of a period, as the book has them.

Cash income (fatwa DSN-MUI 14/2000): what was booked as margin, profit share, rent and ujrah in the period, less what
of it is still a receivable. Funds: all temporary syirkah. Financing: what earns that income, net of margin not yet
earned and of depreciation. Lists of accounts by the chart of KSPPS and USPPS (docs/returns.md).
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.returns.rules_run import Period
from ledger.schema import MARKED
from ledger.schema import account as ledger_account
from ledger.schema import entry as ledger_entry
from ledger.schema import posting as ledger_posting

FUNDS = ("3101", "3102", "3111", "3112", "3113", "3114")
FINANCING = ("1201", "1202", "1203", "1204", "1205", "1211", "1212", "1213", "1222", "1232", "1233")
"""Contra accounts (1202, 1205, 1233) have credit balances and so take themselves off."""
INCOME = ("5101", "5102", "5103", "5104", "5105", "5106", "5107")
RECEIVABLE = ("1231", "1241")
"""Rent and profit shares that were booked and not yet paid: their growth is taken off the period's income."""


class Book(NamedTuple):
    """In sen; averages over the days of the period, exactly."""

    income_minor: int
    funds: Fraction
    financing: Fraction


async def of_book(connection: AsyncConnection, book_id: int, period: Period) -> Book:
    """What the book says of a period. Balances of a day are closing balances.

    Args:
        connection: one snapshot.
        book_id: the book.
        period: the days.
    """
    funds = financing = 0
    for place in range(period.days):
        sums = await ledger.first_level_sums(connection, book_id, period.first + timedelta(days=place))
        funds += max(-_signed(sums, FUNDS), 0)
        financing += max(_signed(sums, FINANCING), 0)
    moves = await ledger.first_level_moves(connection, book_id, period.first, period.last)
    net = {code: debit - credit for code, (_, debit, credit) in moves.items()}
    income = -sum(net.get(code, 0) for code in INCOME) - sum(net.get(code, 0) for code in RECEIVABLE)
    income += await _closed(connection, book_id, period)
    return Book(max(income, 0), Fraction(funds, period.days), Fraction(financing, period.days))


def _signed(sums: dict[str, tuple[int, int]], codes: tuple[str, ...]) -> int:
    """Debit less credit of these accounts together."""
    return sum(sums[code][0] - sums[code][1] for code in codes if code in sums)


async def _closed(connection: AsyncConnection, book_id: int, period: Period) -> int:
    """What a year's closing entry took out of the income accounts: it was earned all the same."""
    query = (
        select(func.sum(ledger_posting.c.amount))
        .select_from(ledger_entry)
        .join(
            ledger_posting,
            (ledger_posting.c.book_id == ledger_entry.c.book_id)
            & (ledger_posting.c.entry_number == ledger_entry.c.number),
        )
        .join(
            ledger_account,
            (ledger_account.c.book_id == ledger_posting.c.book_id)
            & (ledger_account.c.account_id == ledger_posting.c.account_id),
        )
        .where(
            ledger_entry.c.book_id == book_id,
            ledger_entry.c.effective_date.between(*period),
            text(f"({MARKED})"),
            ledger_entry.c.kind == "closing",
            ledger_account.c.code.in_(INCOME),
        )
    )
    return int(await connection.scalar(query) or 0)
