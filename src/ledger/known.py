"""Two clocks: the effective date that people choose, and what the book knew when it had come to some entry.

``known_at`` is the number of an entry: the book as it stood when that was its last one. Since numbers have no gaps and
follow the commits, that is exact, and it stays so for good.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, and_, func, literal_column, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import schema
from ledger.errors import UnknownBookError, UnknownEntryError
from ledger.seal import GENESIS


class Head(NamedTuple):
    """How far the book has come: the number and hash of its last entry (0 and zero bytes when it is empty)."""

    number: int
    hash: bytes


async def head(connection: AsyncConnection, book_id: int) -> Head:
    """The last entry's number and hash, to stamp a report with.

    Raises:
        UnknownBookError: no such book.
    """
    table = schema.head
    row = (
        await connection.execute(select(table.c.last_number, table.c.last_hash).where(table.c.book_id == book_id))
    ).one_or_none()
    if row is None:
        raise UnknownBookError(book_id)
    return Head(row.last_number, row.last_hash)


async def head_at(connection: AsyncConnection, book_id: int, known_at: int | datetime) -> Head:
    """The head that the book had when it had come to an entry, or at a moment of its recorded time.

    Args:
        connection: one snapshot.
        book_id: the book.
        known_at: an entry's number (0: the empty book), or a moment, which is the last entry recorded until then.

    Raises:
        UnknownBookError: no such book.
        UnknownEntryError: the book has not come that far yet.
    """
    last = await head(connection, book_id)
    number = known_at if isinstance(known_at, int) else await _last_until(connection, book_id, known_at, last.number)
    if not 0 <= number <= last.number:
        raise UnknownEntryError(number)
    if number == last.number:
        return last
    return Head(number, await _fact(connection, book_id, number, schema.entry.c.hash) if number else GENESIS)


async def _last_until(connection: AsyncConnection, book_id: int, moment: datetime, last: int) -> int:
    """The number of the last entry recorded until a moment. Recorded time never runs backwards, so halving finds it."""
    low, high = 0, last
    while low < high:
        middle = (low + high + 1) // 2
        if await _fact(connection, book_id, middle, schema.entry.c.recorded_at) <= moment:
            low = middle
        else:
            high = middle - 1
    return low


async def _fact(connection: AsyncConnection, book_id: int, number: int, column: ColumnElement[Any]) -> Any:
    table = schema.entry
    return await connection.scalar(select(column).where(table.c.book_id == book_id, table.c.number == number))


def turnovers(book_id: int, known_at: int | None = None) -> FromClause:
    """Debits and credits by account and day, to be summed: what ``append`` keeps, less what came after ``known_at``.

    Columns ``account_id``, ``day``, ``debit``, ``credit``. With ``known_at`` a day may stand in several rows, and the
    work grows with the entries since then, not with the book.
    """
    table, posting = schema.turnover, schema.posting
    kept = select(table.c.account_id, table.c.day, table.c.debit, table.c.credit).where(table.c.book_id == book_id)
    if known_at is None:
        return kept.subquery("turnovers")
    nothing: ColumnElement[int] = literal_column("0::bigint")
    since = select(
        posting.c.account_id,
        posting.c.effective_date,
        -func.greatest(posting.c.amount, nothing),
        -func.greatest(-posting.c.amount, nothing),
    ).where(posting.c.book_id == book_id, posting.c.entry_number > known_at)
    return union_all(kept, since).subquery("turnovers")


def in_force(known_at: int | None = None) -> ColumnElement[bool]:
    """Which row of ``ledger_reversal`` says who undoes an entry, now or as the book knew it."""
    table = schema.reversal
    if known_at is None:
        return table.c.undone_by.is_(None)
    return and_(table.c.reversal_number <= known_at, or_(table.c.undone_by.is_(None), table.c.undone_by > known_at))
