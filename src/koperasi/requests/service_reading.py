"""Reading members' requests: one, an inbox of them, a member's own. Called through ``service``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.privacy.service import SealedRow
from koperasi.requests.rules import Field, Kind, Status
from koperasi.requests.tables import member_request, member_request_event


@dataclass(frozen=True, slots=True)
class Event:
    """One thing said or done about a request; the words are gone once the member was forgotten."""

    status: Status
    actor: str
    at: datetime
    words: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """What a member asked for, and what became of it; the amount in sen."""

    number: int
    member_number: str
    kind: Kind
    status: Status
    account_number: str | None
    amount_minor: int | None
    entry_number: int | None
    field: Field | None
    asked_at: datetime
    events: Sequence[Event] = ()

    @property
    def words(self) -> str | None:
        """What the member wrote."""
        return self.events[0].words if self.events else None

    @property
    def answer(self) -> Event | None:
        """What settled it."""
        return next((event for event in reversed(self.events) if event.status is not Status.OPEN), None)


async def request_by_number(
    connection: AsyncConnection, book_id: int, number: int, *, kinds: Collection[Kind]
) -> Request:
    """One request, with what was said about it, for somebody who answers such.

    Raises:
        NotFound: ``request``.
    """
    found = await read(connection, book_id, requests_in(book_id).where(member_request.c.number == number))
    if not found or found[0].kind not in kinds:
        raise unknown()
    return found[0]


async def inbox(
    connection: AsyncConnection,
    book_id: int,
    *,
    kinds: Collection[Kind],
    everything: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[Request], bool]:
    """Requests of these kinds that wait, or all of them, the newest first; and whether there are more."""
    table = member_request.c
    query = requests_in(book_id).where(table.kind.in_([kind.value for kind in kinds]))
    if not everything:
        query = query.where(table.status == Status.OPEN.value)
    if before is not None:
        query = query.where(table.number < before)
    found = await read(connection, book_id, query.order_by(table.number.desc()).limit(limit + 1))
    return found[:limit], len(found) > limit


async def of_member(
    connection: AsyncConnection, book_id: int, member_number: str, *, before: int | None = None, limit: int = 50
) -> list[Request]:
    """A member's own requests, the newest first; only those with a number below ``before``."""
    table = member_request.c
    query = requests_in(book_id).where(table.member_number == member_number)
    if before is not None:
        query = query.where(table.number < before)
    return await read(connection, book_id, query.order_by(table.number.desc()).limit(limit))


async def waiting(connection: AsyncConnection, book_id: int) -> dict[Kind, int]:
    """How many requests of each kind wait for an answer."""
    rows = await connection.execute(_WAITING, {"book": book_id})
    return {Kind(row.kind): int(row.waiting) for row in rows}


_WAITING = (
    select(member_request.c.kind, func.count().label("waiting"))
    .where(member_request.c.book_id == bindparam("book"), member_request.c.status == "open")
    .group_by(member_request.c.kind)
)
"""Built once: each page of staff asks it."""


async def open_of(connection: AsyncConnection, book_id: int, member_number: str) -> int:
    """How many of a member's requests wait for an answer."""
    table = member_request.c
    found = await connection.scalar(
        select(func.count())
        .select_from(member_request)
        .where(table.book_id == book_id, table.member_number == member_number, table.status == Status.OPEN.value)
    )
    return int(found or 0)


def requests_in(book_id: int) -> Select[Any]:
    """All requests of a book."""
    table = member_request.c
    return select(
        table.number,
        table.member_number,
        table.kind,
        table.status,
        table.account_number,
        table.amount_minor,
        table.entry_number,
        table.field,
        table.asked_at,
    ).where(table.book_id == book_id)


async def read(connection: AsyncConnection, book_id: int, query: Select[Any]) -> list[Request]:
    """Requests with what was said about them: two statements, however many."""
    rows = (await connection.execute(query)).all()
    said = await _events(connection, book_id, [row.number for row in rows])
    return [
        Request(
            number=row.number,
            member_number=row.member_number,
            kind=Kind(row.kind),
            status=Status(row.status),
            account_number=row.account_number,
            amount_minor=row.amount_minor,
            entry_number=row.entry_number,
            field=Field(row.field) if row.field else None,
            asked_at=row.asked_at,
            events=said.get(row.number, ()),
        )
        for row in rows
    ]


async def _events(connection: AsyncConnection, book_id: int, numbers: Sequence[int]) -> dict[int, list[Event]]:
    if not numbers:
        return {}
    table = member_request_event.c
    rows = await connection.execute(
        select(table.request_number, table.position, table.status, table.actor, table.at, table.words)
        .where(table.book_id == book_id, table.request_number.in_(numbers))
        .order_by(table.request_number, table.position)
    )
    found: dict[int, list[Event]] = {}
    for row in rows:
        sealed = SealedRow("member_request_event", book_id, row.request_number, row.position)
        words = sealed.open("words", row.words)
        found.setdefault(row.request_number, []).append(Event(Status(row.status), row.actor, row.at, words))
    return found


def unknown() -> NotFound:
    """There is no such request, or not for this person."""
    return NotFound("request", N_("Permintaan ini tidak ada."))
