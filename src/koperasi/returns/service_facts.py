"""What accounts did in a period, read in one pass over their daily turnovers: a sum of balances, or each movement.

The closing balance of a day comes from the balance now, less what moved since; so a book of many years reads the days
from the period on, and no others.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    and_,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.returns.rules_days import ONE_DAY, Movement
from koperasi.returns.rules_interest import Account
from koperasi.returns.rules_run import Period
from koperasi.savings import service as savings
from ledger.schema import account as ledger_account
from ledger.schema import turnover

PAGE = 100
"""Accounts read at a time: between pages the other requests of this process have their turn."""


class Facts(NamedTuple):
    """What an account did in a period, in sen.

    Attributes:
        holder: whose: a member's number, or another cooperative's.
        free_minor: what could be taken from it now.
        sums: closing balances of the days of each segment, added up. Floors keep a savings account above nothing.
        movements: by day, only where they were asked for.
    """

    number: str
    holder: str
    product_code: str
    ledger_account_id: int
    opened_on: date
    closed_on: date | None
    opening_minor: int
    free_minor: int
    sums: list[int]
    movements: tuple[Movement, ...]

    def account(self) -> Account:
        """As the rules take it."""
        return Account(self.opening_minor, self.movements, self.opened_on, self.closed_on)

    def open_days(self, cut: Sequence[Period]) -> list[int]:
        """On how many days of each segment it was open."""
        last = self.closed_on - ONE_DAY if self.closed_on else date.max
        return [max((min(one.last, last) - max(one.first, self.opened_on)).days + 1, 0) for one in cut]


@dataclass(frozen=True)
class Wanted:
    """Which accounts, and what of them.

    Attributes:
        period: the days.
        cut: the period in segments, each of which gives a sum.
        products: codes.
        by_day: codes of the products whose movements are needed day by day.
        numbers: only these accounts.
        without: returns that were posted within the period for it, by account: (day, sen); they are no part of it.
    """

    period: Period
    cut: tuple[Period, ...]
    products: Collection[str]
    by_day: Collection[str] = ()
    numbers: Collection[str] = ()
    without: Mapping[str, Sequence[Movement]] | None = None


def _query(book_id: int, wanted: Wanted) -> Select[Any]:
    held, moved = savings.holdings, turnover
    first, last = wanted.period
    net = moved.c.credit - moved.c.debit
    day = moved.c.day
    columns: list[ColumnElement[Any]] = [func.coalesce(func.sum(net), 0).label("since")]
    for place, one in enumerate(wanted.cut):
        days = literal(one.last, Date) - func.greatest(day, literal(one.first, Date)) + literal_column("1")
        lay = func.sum(net * cast(days, Integer)).filter(day <= one.last)
        columns.append(func.coalesce(lay, 0).label(f"lay_{place}"))
    if wanted.by_day:
        inside = and_(day <= last, held.c.product_code.in_(wanted.by_day))
        columns.append(func.array_agg(aggregate_order_by(day, day)).filter(inside).label("days"))
        columns.append(func.array_agg(aggregate_order_by(net, day)).filter(inside).label("nets"))
    # Looked up by its whole key, account by account (docs/adr/0002).
    since = (
        select(*columns)
        .where(moved.c.book_id == held.c.book_id, moved.c.account_id == held.c.ledger_account_id, day >= first)
        .lateral("since")
    )
    now = (
        select(
            (ledger_account.c.credit - ledger_account.c.debit).label("balance"),
            (func.coalesce(ledger_account.c.floor, 0) + ledger_account.c.held).label("kept"),
        )
        .where(ledger_account.c.book_id == held.c.book_id, ledger_account.c.account_id == held.c.ledger_account_id)
        .offset(0)
        .lateral("now")
    )
    query = (
        select(
            held.c.number,
            held.c.holder,
            held.c.product_code,
            held.c.ledger_account_id,
            held.c.opened_on,
            held.c.closed_on,
            now.c.balance,
            now.c.kept,
            *since.c,
        )
        .select_from(held)
        .join(now, true())
        .join(since, true())
        .where(
            held.c.book_id == book_id,
            held.c.product_code.in_(list(wanted.products)),
            held.c.opened_on <= last,
            or_(held.c.closed_on.is_(None), held.c.closed_on > first),
        )
        .order_by(held.c.member_number, held.c.holder, held.c.number)
    )
    return query.where(held.c.number.in_(list(wanted.numbers))) if wanted.numbers else query


async def stream(connection: AsyncConnection, book_id: int, wanted: Wanted) -> AsyncGenerator[list[Facts], None]:
    """The accounts, those of a holder together, a page at a time.

    Args:
        connection: one snapshot of the book.
        book_id: the book.
        wanted: which, and what.
    """
    lengths = [one.days for one in wanted.cut]
    columns = len(lengths)
    by_day = set(wanted.by_day)
    without = wanted.without or {}
    found = await connection.stream(_query(book_id, wanted), execution_options={"yield_per": PAGE})
    async for rows in found.partitions(PAGE):
        page = []
        for row in rows:
            number, holder, product, account_id, opened, closed, balance, kept, since = row[:9]
            opening = int(balance - since)
            lays: Sequence[Any] = row[9 : 9 + columns]
            days, nets = (row[9 + columns], row[10 + columns]) if by_day else (None, None)
            sums = [opening * length + int(lay) for length, lay in zip(lengths, lays, strict=True)]
            movements = tuple(Movement(day, int(net)) for day, net in zip(days or (), nets or (), strict=True))
            if number in without:
                own = without[number]
                sums = _taken_off(sums, own, wanted.cut)
                movements = (*movements, *(Movement(day, -amount) for day, amount in own))
            free = int(balance - kept)
            page.append(Facts(number, holder, product, account_id, opened, closed, opening, free, sums, movements))
        yield page


def _taken_off(sums: Sequence[int], own: Sequence[Movement], cut: Sequence[Period]) -> list[int]:
    """Sums of balances as they were without a return that was posted in the period."""
    left = list(sums)
    for day, amount in own:
        for place, one in enumerate(cut):
            if day <= one.last:
                left[place] -= amount * ((one.last - max(day, one.first)).days + 1)
    return left
