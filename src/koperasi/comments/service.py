"""Write beside an entry, read what was written, and erase the words when a person asks to be forgotten.

Only rows are added; the caller commits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.comments.tables import entry_comment
from koperasi.db import Work
from koperasi.errors import NotFound, Refusal
from koperasi.formats import InputError, clean_text
from koperasi.i18n import N_
from koperasi.privacy.service import SealedRow

LONGEST = 1_000
MOST_FOR_ONE = 200
"""So many comments an entry may have."""


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote of an entry; ``words`` is none once they were erased."""

    entry_number: int
    number: int
    written_by: str
    written_at: datetime
    words: str | None
    erased_at: datetime | None

    @property
    def subject(self) -> str:
        """The same as the audit trail's subject."""
        return f"comment {self.number} on entry {self.entry_number}"


_COLUMNS = tuple(entry_comment.c[name] for name in Comment.__dataclass_fields__)


async def write(work: Work, entry_number: int, words: str, *, actor: str) -> Comment:
    """Write beside an entry; the same words by the same person are there once.

    Args:
        work: the transaction.
        entry_number: of the entry.
        words: at most 1,000 signs; line breaks become spaces.
        actor: username.

    Raises:
        ledger.UnknownEntryError: no such number.
        Refusal: ``comment`` (nothing readable was written), ``too-many-comments``.
    """
    try:
        clean = clean_text(" ".join(words.split()), max_length=LONGEST)
    except InputError as problem:
        raise Refusal("comment", N_("Tulis komentarnya."), errors=[problem.at("words")]) from problem
    await ledger.entry_by_number(work.connection, work.book_id, entry_number)
    # Who writes at the same moment waits, so that numbers follow each other.
    await work.connection.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"comment {work.book_id} {entry_number}", 0)))
    )
    before = await comments_of(work.connection, work.book_id, entry_number)
    same = next((one for one in before if (one.written_by, one.words) == (actor, clean)), None)
    if same is not None:
        return same
    if len(before) >= MOST_FOR_ONE:
        raise Refusal("too-many-comments", N_("Jurnal ini sudah mempunyai terlalu banyak komentar."), field="words")
    number = len(before) + 1
    sealed = SealedRow("entry_comment", work.book_id, entry_number, number).seal("words", clean)
    added = await work.connection.execute(
        insert(entry_comment)
        .values(book_id=work.book_id, entry_number=entry_number, number=number, written_by=actor, words=sealed)
        .returning(*_COLUMNS)
    )
    made = _comment(work.book_id, added.one())
    await audit.record(work.connection, work.book_id, actor=actor, action=Action.COMMENT_WRITTEN, subject=made.subject)
    return made


async def comments_of(connection: AsyncConnection, book_id: int, entry_number: int) -> list[Comment]:
    """What was written of an entry, the earliest first."""
    rows = await connection.execute(
        select(*_COLUMNS)
        .where(entry_comment.c.book_id == book_id, entry_comment.c.entry_number == entry_number)
        .order_by(entry_comment.c.number)
    )
    return [_comment(book_id, row) for row in rows]


async def latest(
    connection: AsyncConnection, book_id: int, *, before: tuple[int, int] | None = None, limit: int = 50
) -> tuple[list[Comment], bool]:
    """Comments of all entries, those of the latest entries first, and whether there are more.

    Args:
        connection: bound to the book.
        book_id: the book.
        before: entry and number of the last one of the page before.
        limit: how many.
    """
    place = (entry_comment.c.entry_number, entry_comment.c.number)
    query = select(*_COLUMNS).where(entry_comment.c.book_id == book_id)
    if before is not None:
        query = query.where(tuple_(*place) < tuple_(*before))
    query = query.order_by(*(column.desc() for column in place)).limit(limit + 1)
    found = [_comment(book_id, row) for row in await connection.execute(query)]
    return found[:limit], len(found) > limit


async def erase(work: Work, entry_number: int, number: int, *, actor: str) -> None:
    """Erase the words of a comment for good; that there was one, by whom and when, stays.

    Raises:
        NotFound: ``comment``: there is none, or it was erased before.
    """
    mine = (
        entry_comment.c.book_id == work.book_id,
        entry_comment.c.entry_number == entry_number,
        entry_comment.c.number == number,
        entry_comment.c.erased_at.is_(None),
    )
    done = await work.connection.execute(
        update(entry_comment).where(*mine).values(words=None, erased_at=func.now()).returning(*_COLUMNS)
    )
    row = done.one_or_none()
    if row is None:
        raise NotFound("comment", N_("Komentar ini tidak ada, atau sudah dihapus."))
    subject = _comment(work.book_id, row).subject
    await audit.record(work.connection, work.book_id, actor=actor, action=Action.COMMENT_ERASED, subject=subject)


def _comment(book_id: int, row: Any) -> Comment:
    sealed = SealedRow("entry_comment", book_id, row.entry_number, row.number)
    return Comment(**{**row._mapping, "words": sealed.open("words", row.words)})  # noqa: SLF001 - the row's public way
