"""Which entries of a run stand in the book, and which were undone: read from the book, never remembered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ARRAY, String, and_, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.returns.model import Progress, Run
from ledger.schema import entry as ledger_entry
from ledger.schema import key as ledger_key
from ledger.schema import reversal as ledger_reversal

LOOKED_UP = 20
"""Entries that are looked up at once, where only the next is wanted."""


def key_of(number: int, chunk: int) -> str:
    """The idempotency key of one of a run's entries; by it the entry is found again."""
    return f"{source_of(number)}:{chunk}"


def source_of(number: int) -> str:
    """By what name all entries of a run are found."""
    return f"return-run:{number}"


async def entries_of(connection: AsyncConnection, book_id: int, found: Run) -> dict[int, int]:
    """The entries of a run that stand in the book, by chunk."""
    return await _standing(connection, book_id, found, range(found.chunks))


async def next_missing(connection: AsyncConnection, book_id: int, found: Run, start: int) -> int:
    """The first chunk from ``start`` on whose entry does not stand; the number of chunks if all do."""
    for first in range(start, found.chunks, LOOKED_UP):
        chunks = range(first, min(first + LOOKED_UP, found.chunks))
        standing = await _standing(connection, book_id, found, chunks)
        missing = [chunk for chunk in chunks if chunk not in standing]
        if missing:
            return missing[0]
    return found.chunks


async def _standing(connection: AsyncConnection, book_id: int, found: Run, chunks: Sequence[int]) -> dict[int, int]:
    """Entries by chunk."""
    keys = {key_of(found.number, chunk): chunk for chunk in chunks}
    rows = await connection.execute(
        select(ledger_key.c.key, ledger_key.c.entry_number).where(
            ledger_key.c.book_id == book_id,
            ledger_key.c.key == any_(bindparam("keys", list(keys), ARRAY(String))),
            ledger_key.c.entry_number.is_not(None),
        )
    )
    return {keys[row.key]: row.entry_number for row in rows}


async def progress(connection: AsyncConnection, book_id: int, found: Run) -> Progress:
    """How many of its entries stand in the book."""
    return Progress(len(await entries_of(connection, book_id, found)), found.chunks)


async def reversed_chunks(connection: AsyncConnection, book_id: int, found: Run) -> dict[int, date]:
    """Which of its entries were undone since, and the book's date of the undoing."""
    entries = await entries_of(connection, book_id, found)
    if not entries:
        return {}
    undoing = ledger_entry.c
    rows = await connection.execute(
        select(ledger_reversal.c.entry_number, undoing.effective_date)
        .join(
            ledger_entry,
            and_(undoing.book_id == ledger_reversal.c.book_id, undoing.number == ledger_reversal.c.reversal_number),
        )
        .where(
            ledger_reversal.c.book_id == book_id,
            ledger_reversal.c.entry_number.in_(entries.values()),
            ledger_reversal.c.undone_by.is_(None),
        )
    )
    undone = {row.entry_number: row.effective_date for row in rows}
    return {chunk: undone[number] for chunk, number in entries.items() if number in undone}
