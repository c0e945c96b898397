"""Contracts of term deposits without whose they are: for those who look at what is agreed, not at people.

Only contracts that run; amounts in sen, from the ledger. Called through ``service``.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.deposits.rules import Early
from koperasi.deposits.service_standing import RUNS, STANDING
from koperasi.deposits.tables import deposit

_COUNT = func.count().label("contracts")
_SUM = func.coalesce(func.sum(STANDING.c.balance_minor), 0).label("principal_minor")


class Agreed(NamedTuple):
    """Contracts that were agreed alike; ``percent`` is the member's nisbah, or percent a year."""

    months: int
    percent: Fraction
    pay_months: int
    early: Early
    early_percent: Fraction
    contracts: int
    principal_minor: int


class Signed(NamedTuple):
    """Contracts of one day, length and nisbah."""

    opened_on: date
    months: int
    percent: Fraction
    matures_on: date
    contracts: int
    principal_minor: int


async def agreed(connection: AsyncConnection, book_id: int) -> list[Agreed]:
    """What runs, by what was agreed: the shortest first, then by nisbah."""
    table = deposit.c
    alike = (table.months, table.percent, table.pay_months, table.early, table.early_percent)
    rows = await connection.execute(
        select(*alike, _COUNT, _SUM)
        .select_from(deposit.join(STANDING, true()))
        .where(*_running(book_id))
        .group_by(*alike)
        .order_by(*alike)
    )
    return [
        Agreed(
            row.months,
            Fraction(row.percent),
            row.pay_months,
            Early(row.early),
            Fraction(row.early_percent),
            row.contracts,
            int(row.principal_minor),
        )
        for row in rows
    ]


async def signed(
    connection: AsyncConnection, book_id: int, *, before: tuple[date, int, Decimal] | None = None, limit: int = 50
) -> tuple[list[Signed], bool]:
    """What runs, by the day on which it began, the latest first; and whether there is more.

    Args:
        connection: bound to the book.
        book_id: the book.
        before: day, months and percent of the last one of the page before.
        limit: how many.
    """
    table = deposit.c
    alike = (table.opened_on, table.months, table.percent)
    further = [tuple_(*alike) < before] if before else []
    rows = await connection.execute(
        select(*alike, func.max(table.matures_on).label("matures_on"), _COUNT, _SUM)
        .select_from(deposit.join(STANDING, true()))
        .where(*_running(book_id), *further)
        .group_by(*alike)
        .order_by(*(column.desc() for column in alike))
        .limit(limit + 1)
    )
    found = [
        Signed(
            row.opened_on,
            row.months,
            Fraction(row.percent),
            row.matures_on,
            row.contracts,
            int(row.principal_minor),
        )
        for row in rows
    ]
    return found[:limit], len(found) > limit


def _running(book_id: int) -> tuple[ColumnElement[bool], ...]:
    return (deposit.c.book_id == book_id, RUNS)
