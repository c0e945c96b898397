"""Write to the trail, search it, and prove that nothing in it was changed. Only rows are added; the caller commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import rules
from koperasi.audit.rules import ANCHOR, Action, Event, Finding
from koperasi.audit.service_anchor import anchor, anchor_in, anchors
from koperasi.audit.tables import audit_event, audit_head
from koperasi.caller import CALLER

__all__ = [
    "ANCHOR",
    "Action",
    "Event",
    "Finding",
    "Search",
    "Trail",
    "anchor",
    "anchor_in",
    "anchors",
    "events",
    "head",
    "record",
    "record_many",
    "verify_trail",
]

AT_A_TIME = 5_000
"""Rows read at once when the whole trail is recomputed."""


async def record(
    connection: AsyncConnection,
    book_id: int,
    *,
    actor: str,
    action: Action,
    subject: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    address: str | None = None,
    role: str | None = None,
) -> None:
    """Add a row in the caller's transaction: it stands if and only if what it tells of does.

    Call it last: until the transaction ends, nobody else adds a row to this book's trail.

    Args:
        connection: bound to the book.
        book_id: whose trail.
        actor: username of whoever acts; ``?`` if nobody can tell.
        action: what was done.
        subject: to what: a kind and a number or code, such as ``member 12000``. Never a name, NIK or phone.
        before: how it was: codes, settings, names of fields; never a person's own data.
        after: how it is now.
        address: where from; that of the request if not given.
        role: the actor's office; that of the request if not given.
    """
    caller = CALLER.get()
    await connection.execute(
        insert(audit_event).values(
            book_id=book_id,
            actor=actor,
            role=role or (caller.role if caller else None),
            address=address or (caller.address if caller else None),
            action=action.value,
            subject=subject,
            before=None if before is None else dict(before),
            after=None if after is None else dict(after),
        )
    )


async def record_many(
    connection: AsyncConnection,
    book_id: int,
    *,
    actor: str,
    action: Action,
    subjects: Sequence[tuple[str, Mapping[str, Any]]],
) -> None:
    """One row for each of several things to which the same was done: subject and how it is now; see ``record``."""
    if not subjects:
        return
    caller = CALLER.get()
    same = {
        "book_id": book_id,
        "actor": actor,
        "role": caller.role if caller else None,
        "address": caller.address if caller else None,
        "action": action.value,
    }
    rows = [{**same, "subject": subject, "after": dict(after)} for subject, after in subjects]
    await connection.execute(insert(audit_event), rows)


@dataclass(frozen=True, slots=True)
class Search:
    """Which rows: of one actor, of one action, recorded from one moment until before another."""

    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self, book_id: int) -> list[ColumnElement[bool]]:
        """The same in SQL."""
        row = audit_event.c
        wanted = [row.book_id == book_id]
        if self.actor is not None:
            wanted.append(row.actor == self.actor)
        if self.action is not None:
            wanted.append(row.action == self.action)
        if self.since is not None:
            wanted.append(row.recorded_at >= self.since)
        if self.until is not None:
            wanted.append(row.recorded_at < self.until)
        return wanted


_COLUMNS = tuple(
    cast(audit_event.c[name], Text) if name in {"before", "after"} else audit_event.c[name] for name in Event._fields
)


async def events(
    connection: AsyncConnection, book_id: int, search: Search, *, before: int | None = None, limit: int = 50
) -> tuple[list[Event], bool]:
    """Rows that fit, the latest first, and whether there are more; ``before`` is the last number of the page before."""
    query = select(*_COLUMNS).where(*search.conditions(book_id)).order_by(audit_event.c.number.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(audit_event.c.number < before)
    found = [Event(*row) for row in await connection.execute(query)]
    return found[:limit], len(found) > limit


async def head(connection: AsyncConnection, book_id: int) -> tuple[int, bytes]:
    """Number and hash of the last row."""
    query = select(audit_head.c.last_number, audit_head.c.last_hash).where(audit_head.c.book_id == book_id)
    row = (await connection.execute(query)).one_or_none()
    return (row.last_number, row.last_hash) if row else (0, rules.FIRST_HASH)


@dataclass(frozen=True, slots=True)
class Trail:
    """A trail recomputed: how long it is, its last hash, and what is wrong with it (the first hundred things)."""

    events: int
    last_hash: bytes
    findings: tuple[Finding, ...]


MOST_FINDINGS = 100


async def verify_trail(connection: AsyncConnection, book_id: int) -> Trail:
    """Recompute the hash of every row from the first on. Rows that were changed, taken out or cut off are found.

    Whoever may write the tables as their owner can make a whole trail anew. Then the heads that entries of the ledger
    were sealed with (``service_anchor``) don't fit any more; to make the ledger anew too, every checkpoint and receipt
    that somebody else keeps would have to be.
    """
    check = rules.Walk(await anchors(connection, book_id))
    while True:
        query = (
            select(*_COLUMNS)
            .where(audit_event.c.book_id == book_id, audit_event.c.number > check.number)
            .order_by(audit_event.c.number)
            .limit(AT_A_TIME)
        )
        rows = [Event(*row) for row in await connection.execute(query)]
        for row in rows:
            check.step(row)
        if len(rows) < AT_A_TIME:
            break
    number, last_hash = await head(connection, book_id)
    check.end(number, last_hash)
    return Trail(check.number, last_hash, tuple(check.findings[:MOST_FINDINGS]))
