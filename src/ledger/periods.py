"""Periods: a calendar month is open, held (being closed: only closing entries) or closed. No row means open.

Posting and closing both lock the book's head, so a post that races a close either comes before it or is refused.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import schema
from ledger.errors import PeriodError, UnknownBookError


class PeriodStatus(StrEnum):
    """What a month still takes."""

    OPEN = "open"
    HELD = "held"
    CLOSED = "closed"


ALLOWED = {
    PeriodStatus.OPEN: {PeriodStatus.HELD, PeriodStatus.CLOSED},
    PeriodStatus.HELD: {PeriodStatus.OPEN, PeriodStatus.CLOSED},
    PeriodStatus.CLOSED: frozenset[PeriodStatus](),
}


class Period(NamedTuple):
    """A month that is not simply open: its first day, its state, and who set it."""

    month: date
    status: PeriodStatus
    changed_by: str


async def set_period(connection: AsyncConnection, book_id: int, month: date, status: PeriodStatus, *, by: str) -> None:
    """Hold, close or let go a month. A closed month stays closed.

    Raises:
        PeriodError: the day is not a first of a month; the change is not allowed; an earlier month with entries is
            not closed yet.
        UnknownBookError: no such book.
    """
    if month.day != 1:
        raise PeriodError("a period is named by the first of its month")
    await lock_head(connection, book_id)
    table = schema.period
    now = await connection.scalar(select(table.c.status).where(table.c.book_id == book_id, table.c.month == month))
    current = PeriodStatus(now or "open")
    if status is current:
        return
    if status not in ALLOWED[current]:
        raise PeriodError(f"{month:%Y-%m} is {current}; it can't become {status}")
    if status is PeriodStatus.CLOSED and (earlier := await _earliest_unclosed(connection, book_id, month)):
        raise PeriodError(f"{earlier:%Y-%m} has entries and is not closed yet")
    values = {"status": status.value, "changed_by": by, "changed_at": func.now()}
    await connection.execute(
        insert(table)
        .values(book_id=book_id, month=month, **values)
        .on_conflict_do_update(index_elements=[table.c.book_id, table.c.month], set_=values)
    )


async def periods(connection: AsyncConnection, book_id: int) -> list[Period]:
    """The months whose state was ever set, latest first."""
    table = schema.period
    rows = await connection.execute(
        select(table.c.month, table.c.status, table.c.changed_by)
        .where(table.c.book_id == book_id)
        .order_by(table.c.month.desc())
    )
    return [Period(month, PeriodStatus(status), by) for month, status, by in rows]


async def lock_head(connection: AsyncConnection, book_id: int) -> None:
    """Wait for, and keep out, everything that posts to the book until the transaction ends.

    Raises:
        UnknownBookError: no such book.
    """
    await connection.execute(text("SET LOCAL ROLE koperasi_ledger"))
    head = schema.head
    locked = await connection.scalar(select(head.c.last_number).where(head.c.book_id == book_id).with_for_update())
    await connection.execute(text("SET LOCAL ROLE NONE"))
    if locked is None:
        raise UnknownBookError(book_id)


async def _earliest_unclosed(connection: AsyncConnection, book_id: int, month: date) -> date | None:
    day, table = schema.turnover.c.day, schema.period
    of_day = func.date_trunc("month", day)
    closed = select(table.c.month).where(table.c.book_id == book_id, table.c.status == PeriodStatus.CLOSED.value)
    first: date | None = await connection.scalar(
        select(func.min(day)).where(schema.turnover.c.book_id == book_id, day < month, of_day.not_in(closed))
    )
    return first
