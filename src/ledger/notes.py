"""Erasing a note: the words go, the entry and its seal stay, and who had them erased, when and why is kept for good."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import schema
from ledger.balances import entry_by_number
from ledger.errors import NoteError


class Erasure(NamedTuple):
    """The record of an erased note: its entry, when, who had it erased, and why (a short slug, no words)."""

    number: int
    erased_at: datetime
    actor: str
    reason: str


async def erase_note(connection: AsyncConnection, book_id: int, number: int, *, actor: str, reason: str) -> Erasure:
    """Delete what a person wrote of an entry, salt and all, and put the act on record; the caller commits.

    The digest stays in the entry, so chain and seals hold, and without the salt nobody can try likely words against it.
    A backup or an export made before still has the words.

    Args:
        connection: in a transaction bound to the book.
        book_id: the book.
        number: the entry's.
        actor: who erases, as a user name.
        reason: a slug such as ``subject-request``; free words could name again whom the note named.

    Raises:
        UnknownEntryError: no such entry.
        NoteError: it has no note, or none any more.
    """
    if (await entry_by_number(connection, book_id, number)).note is None:
        raise NoteError(f"entry {number} has no note")
    table, note = schema.erasure, schema.note
    # Only the writer's role may delete a note, and only of an entry whose erasure is on record (a trigger).
    await connection.execute(text("SET LOCAL ROLE koperasi_ledger"))
    row = (
        await connection.execute(
            insert(table)
            .values(book_id=book_id, entry_number=number, actor=actor, reason=reason)
            .on_conflict_do_nothing()
            .returning(table.c.erased_at)
        )
    ).one_or_none()
    await connection.execute(note.delete().where(note.c.book_id == book_id, note.c.entry_number == number))
    await connection.execute(text("SET LOCAL ROLE NONE"))
    if row is None:
        raise NoteError(f"the note of entry {number} was erased by somebody else just now")
    return Erasure(number, row.erased_at, actor, reason)


async def erasure_of(connection: AsyncConnection, book_id: int, number: int) -> Erasure | None:
    """The record of an entry's erased note, if it was erased here."""
    table = schema.erasure
    row = (
        await connection.execute(
            select(table.c.entry_number, table.c.erased_at, table.c.actor, table.c.reason).where(
                table.c.book_id == book_id, table.c.entry_number == number
            )
        )
    ).one_or_none()
    return Erasure(*row) if row else None
