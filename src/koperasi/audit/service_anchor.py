"""The trail's head sealed into the ledger: now and then an entry carries it, so who rewrites the trail is found out.

An entry's metadata is a part of what its seal covers. The anchor in it is ``trail``: number and hash of the trail's
last row at that moment, ``417:9f86…``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import Text, select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit.rules import Anchor
from koperasi.audit.tables import audit_head
from koperasi.db import Database
from ledger.schema import entry

KEY = "trail"
ANCHOR_EVERY = timedelta(hours=1)
"""So often each process gives an anchor to the next entry of a book."""

_given: WeakKeyDictionary[Database, dict[int, datetime]] = WeakKeyDictionary()


async def anchor(database: Database, book_id: int, now: datetime | None = None) -> dict[str, str]:
    """Metadata for an entry that is about to be posted: the trail's head, if none was given within the last hour.

    Args:
        database: where to read.
        book_id: whose trail.
        now: an aware moment; the present one if not given.
    """
    now = now or datetime.now(UTC)
    given = _given.setdefault(database, {})
    if book_id in given and now < given[book_id] + ANCHOR_EVERY:
        return {}
    given[book_id] = now
    async with database.reading(book_id) as connection:
        return await anchor_in(connection, book_id)


async def anchor_in(connection: AsyncConnection, book_id: int) -> dict[str, str]:
    """The same on a connection that is bound to the book, whenever one was given last; nothing for an empty trail."""
    query = select(audit_head.c.last_number, audit_head.c.last_hash).where(audit_head.c.book_id == book_id)
    row = (await connection.execute(query)).one_or_none()
    return {} if row is None else {KEY: f"{row.last_number}:{row.last_hash.hex()}"}


async def anchors(connection: AsyncConnection, book_id: int) -> list[Anchor]:
    """Every anchor in the book, the earliest entry first."""
    said = entry.c.metadata.op("->>", return_type=Text)(KEY)
    query = select(entry.c.number, said).where(entry.c.book_id == book_id, said.is_not(None)).order_by(entry.c.number)
    return [Anchor.read(number, trail) for number, trail in await connection.execute(query)]
