"""Entries for an export, in the order of their numbers, a page at a time: the book's size doesn't matter.

The rows are read past SQLAlchemy, since an export reads every one of them; the caller opens the snapshot.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import date
from itertools import cycle
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.account import Account
from ledger.chart import account_by_code, chart
from ledger.entry import Entry, EntryLine, Note
from ledger.export.insql import BLOCKS, GAP, SETTINGS, Writer, parameters, statement
from ledger.journal import driver
from ledger.known import Head, head, head_at

PAGE = 500
"""Entries read, written out and forgotten at a time."""

Second = AbstractAsyncContextManager[AsyncConnection | None]
"""Takes and gives back a second connection with the same view of the same book, if there is one to spare."""

_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries: by effective date, by an account (or one beneath it) that they touch, by kind.

    ``known_at``: only what the book held when this was its last entry.
    """

    from_date: date | None = None
    to_date: date | None = None
    account: str | None = None
    kind: str | None = None
    known_at: int | None = None

    @property
    def unbroken(self) -> bool:
        """The entries are the book's first ones, without gaps, so that their seals form a chain."""
        return (self.from_date, self.to_date, self.account, self.kind) == (None, None, None, None)

    def facts(self) -> dict[str, str | int]:
        """What was asked for, to be written into the file."""
        return {name: _wire(value) for name, value in asdict(self).items() if value is not None}


def _wire(value: date | str | int) -> str | int:
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one export reads: a book as it stood at ``head``, which of its entries, and its accounts by number."""

    connection: AsyncConnection
    book_id: int
    wanted: Filter
    head: Head
    accounts: Mapping[int, Account]
    _chosen: list[int] | None

    def origin(self) -> dict[str, str | int]:
        """Where a file comes from: the book, the filter, and how far the book had come."""
        return {
            "book": self.book_id,
            **self.wanted.facts(),
            "last-entry": self.head.number,
            "last-hash": self.head.hash.hex(),
        }

    async def pages(self, size: int = 0, *, noted: bool = False) -> AsyncIterator[list[Entry]]:
        """The entries with their lines; only those with a note if ``noted``.

        ``reversed_by`` knows only what ``known_at`` knows.
        """
        raw = await driver(self.connection)
        wanted, after, last, size = self.wanted, 0, self.head.number, size or PAGE
        asked = wanted.from_date, wanted.to_date, wanted.kind, self._chosen, noted
        while True:
            rows = await raw.fetch(ENTRIES, self.book_id, after, last, size, *asked)
            if not rows:
                return
            first, after = rows[0]["number"], rows[-1]["number"]
            if after - first + 1 == len(rows):
                lines = await raw.fetch(LINES_BETWEEN, self.book_id, first, after)
            else:
                lines = await raw.fetch(LINES_OF, self.book_id, [row["number"] for row in rows])
            reversals = dict(await raw.fetch(REVERSALS, self.book_id, first, after, last))
            yield _entries(rows, lines, reversals, self.accounts)
            if len(rows) < size:
                return

    async def texts(
        self, write: Writer, size: int = 0, second: Second | None = None
    ) -> AsyncGenerator[tuple[int, str], None]:
        """The entries' texts, as PostgreSQL writes them, many at a time, each time with the number they go up to.

        Few pages are read ahead: a reader who stops holds up the server, and memory stays as it is. Until the last is
        read or the reader closes, the connection is busy. With a ``second`` one two processes of the server write by
        turns; one that can't be had, or fails before it has written anything, isn't missed.
        """
        async with AsyncExitStack() as held:
            other = None if second is None else await self._helped(held, second, write, size)
            sharing = [] if other is None else [other]
            mine = await self._writing(self.connection, write, size, 0 if sharing else None)
            held.push_async_callback(mine.end)
            for one in cycle([mine, *sharing]):
                if not (written := await one.take()):
                    return
                for last, text in written:
                    if text is not None:
                        yield last, text

    async def _helped(self, held: AsyncExitStack, second: Second, write: Writer, size: int) -> _Ahead | None:
        """The second connection, already writing its share; ``held`` gives it back."""
        try:
            async with AsyncExitStack() as taken:
                connection = await taken.enter_async_context(second)
                if connection is None:
                    return None
                other = await self._writing(connection, write, size, 1)
                taken.push_async_callback(other.end)
                await other.ready()
                held.push_async_exit(taken.pop_all())
                return other
        except Exception:  # noqa: BLE001 - whatever it was, the export doesn't need it
            return None

    async def _writing(self, connection: AsyncConnection, write: Writer, size: int, turn: int | None) -> _Ahead:
        """Have PostgreSQL write on this connection, all of the text or what is for this ``turn``."""
        raw = await driver(connection)
        await raw.execute(SETTINGS)
        told, wanted = write.in_sql(), self.wanted
        asked = wanted.from_date, wanted.to_date, wanted.kind, self._chosen
        looked_up = parameters(self.accounts, told.words)
        prepared = await raw.prepare(statement(told, whole=wanted.unbroken, turn=turn))
        cursor = await prepared.cursor(self.book_id, self.head.number, *asked, *looked_up, size or PAGE)

        async def fetch() -> list[tuple[int, str | None]]:
            rows = await cursor.fetch(BLOCKS)
            return [(last, await self._filled(raw, text, gaps, write) if gaps else text) for last, text, gaps in rows]

        return _Ahead(fetch)

    async def _filled(self, raw: Any, text: str, gaps: list[int], write: Writer) -> str:
        """The text with the entries that Python writes in its gaps."""
        written = map(write, await self._entries_of(raw, gaps))
        before, *after = text.split(GAP)
        return before + "".join([filling + piece for filling, piece in zip(written, after, strict=True)])

    async def _entries_of(self, raw: Any, numbers: list[int]) -> list[Entry]:
        rows = await raw.fetch(ENTRIES_OF, self.book_id, numbers)
        lines = await raw.fetch(LINES_OF, self.book_id, numbers)
        reversals = dict(await raw.fetch(REVERSALS, self.book_id, numbers[0], numbers[-1], self.head.number))
        return _entries(rows, lines, reversals, self.accounts)


class _Ahead:
    """Fetches once ahead of what is taken: PostgreSQL writes on while that is sent."""

    def __init__(self, fetch: Callable[[], Awaitable[list[tuple[int, str | None]]]]) -> None:
        self._fetch = fetch
        self._next = asyncio.ensure_future(fetch())

    async def ready(self) -> None:
        """Until something can be taken.

        Raises:
            Exception: what the fetching raised.
        """
        await self._next

    async def take(self) -> list[tuple[int, str | None]]:
        """What was fetched, and fetch on; nothing after the last."""
        taken = await self._next
        self._next = asyncio.ensure_future(self._fetch())
        return taken

    async def end(self) -> None:
        """Until the connection isn't busy."""
        await asyncio.gather(self._next, return_exceptions=True)


async def snapshot(connection: AsyncConnection, book_id: int, wanted: Filter) -> Snapshot:
    """Look at a book for an export; the connection's transaction must be one unchanging view.

    Raises:
        UnknownAccountError: the filter names an account that isn't there.
        UnknownEntryError: the book has not come as far as ``known_at``.
    """
    chosen = None
    known_at = wanted.known_at
    last = await (head(connection, book_id) if known_at is None else head_at(connection, book_id, known_at))
    accounts = await chart(connection, book_id)
    if wanted.account is not None:
        code = (await account_by_code(connection, book_id, wanted.account)).code
        chosen = [one.account_id for one in accounts if one.code == code or one.code.startswith(code + ".")]
    by_id = {one.account_id: one for one in accounts}
    return Snapshot(connection, book_id, wanted, last, by_id, chosen)


def _entries(
    rows: Sequence[Any], lines: Sequence[Any], reversals: Mapping[int, int], accounts: Mapping[int, Account]
) -> list[Entry]:
    """Join entries with their lines; both come in the order of their numbers."""
    found, at = [], 0
    for row in rows:
        (
            book_id, number, day, recorded_at, kind, description, note_digest, source, actor, reverses, link, metadata,
            count, previous_hash, hash_, salt, words,
        ) = row  # fmt: skip
        mine = [
            EntryLine(line, account_id, (account := accounts[account_id]).code, account.currency, amount, balance)
            for _, line, account_id, amount, balance in lines[at : at + count]
        ]
        at += count
        found.append(
            Entry(
                book_id,
                number,
                day,
                recorded_at,
                kind,
                description,
                source,
                actor,
                reverses,
                link,
                _NONE if metadata == "{}" else json.loads(metadata),
                previous_hash,
                hash_,
                tuple(mine),
                reversals.get(number),
                None if salt is None else Note(salt, words),
                note_digest,
            )
        )
    return found


_ENTRY = """
SELECT e.book_id, e.number, e.effective_date, e.recorded_at, e.kind, e.description, e.note_digest, e.source, e.actor,
       e.reverses, e.link, e.metadata::text, e.line_count, e.previous_hash, e.hash, n.salt, n.text
  FROM ledger_entry e
  LEFT JOIN ledger_note n ON n.book_id = e.book_id AND n.entry_number = e.number
"""

ENTRIES = f"""{_ENTRY} WHERE e.book_id = $1::bigint AND e.number > $2::bigint AND e.number <= $3::bigint
   AND ($5::date IS NULL OR e.effective_date >= $5)
   AND ($6::date IS NULL OR e.effective_date <= $6)
   AND ($7::text IS NULL OR e.kind = $7)
   AND ($8::bigint[] IS NULL OR EXISTS (
         SELECT FROM ledger_posting p
          WHERE p.book_id = e.book_id AND p.entry_number = e.number AND p.account_id = ANY($8)))
   AND (NOT $9::boolean OR n.salt IS NOT NULL)
 ORDER BY e.number LIMIT $4::int
"""

ENTRIES_OF = f"{_ENTRY} WHERE e.book_id = $1::bigint AND e.number = ANY($2::bigint[]) ORDER BY e.number"

LINES_BETWEEN = """
SELECT entry_number, line, account_id, amount, balance_after FROM ledger_posting
 WHERE book_id = $1::bigint AND entry_number BETWEEN $2::bigint AND $3::bigint ORDER BY entry_number, line
"""

LINES_OF = """
SELECT entry_number, line, account_id, amount, balance_after FROM ledger_posting
 WHERE book_id = $1::bigint AND entry_number = ANY($2::bigint[]) ORDER BY entry_number, line
"""

# An entry's reversal that was in force when $4 was the book's last entry.
REVERSALS = """
SELECT entry_number, reversal_number FROM ledger_reversal
 WHERE book_id = $1::bigint AND entry_number BETWEEN $2::bigint AND $3::bigint AND reversal_number <= $4::bigint
   AND (undone_by IS NULL OR undone_by > $4)
"""
