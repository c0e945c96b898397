"""Periods: a calendar month is open, held (being closed: only closing entries) or closed. No row means open.

Posting and closing both lock the book's head, so a post that races a close either comes before it or is refused. What
closes a month closes all before it. Each change is an act that is kept for good: who, when, why, and how far the book
had come; a close also keeps the digest of the trial balance, so that anybody can tell later whether it still is the
one that was closed. A closed month is opened again by two people only, one who asks and another who agrees.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import schema
from ledger.errors import PeriodError, UnknownBookError
from ledger.known import Head, head, turnovers
from ledger.seal import trial_balance_digest


class PeriodStatus(StrEnum):
    """What a month still takes."""

    OPEN = "open"
    HELD = "held"
    CLOSED = "closed"


class Act(StrEnum):
    """What was done with a month."""

    HOLD = "hold"
    OPEN = "open"
    CLOSE = "close"
    REOPEN_REQUEST = "reopen-request"
    REOPEN = "reopen"


_BECOMES = {PeriodStatus.HELD: Act.HOLD, PeriodStatus.OPEN: Act.OPEN, PeriodStatus.CLOSED: Act.CLOSE}

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


class PeriodAct(NamedTuple):
    """Something that was done with a month, in the order of ``number``; it is never changed or deleted.

    ``head`` is the book's last entry at that time. ``digest`` is a close's: of the trial balance at the month's end.
    ``confirms`` is a reopening's: the number of the request that it agrees with.
    """

    number: int
    month: date
    act: Act
    actor: str
    recorded_at: datetime
    reason: str | None
    head: Head
    digest: bytes | None
    confirms: int | None


def last_day(month: date) -> date:
    """The end of a month that is named by its first day."""
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


async def set_period(
    connection: AsyncConnection, book_id: int, month: date, status: PeriodStatus, *, by: str, reason: str | None = None
) -> None:
    """Hold, close or let go a month. A closed month, and any before it, stays as it is (see ``reopen_request``).

    Raises:
        PeriodError: the day is not a first of a month; the change is not allowed; an earlier month with entries is
            not closed yet, or a later one is.
        UnknownBookError: no such book.
    """
    current = await _locked(connection, book_id, month)
    if status is current:
        return
    if status not in ALLOWED[current]:
        raise PeriodError(f"{month:%Y-%m} is {current}; it can't become {status}")
    if (later := await _latest_closed(connection, book_id)) is not None and later > month:
        raise PeriodError(f"{later:%Y-%m} is closed, and all before it")
    if status is PeriodStatus.CLOSED and (earlier := await _earliest_unclosed(connection, book_id, month)):
        raise PeriodError(f"{earlier:%Y-%m} has entries and is not closed yet")
    await _record(connection, book_id, month, _BECOMES[status], by=by, reason=reason)
    await _put(connection, book_id, month, status, by)


async def reopen_request(connection: AsyncConnection, book_id: int, month: date, *, by: str, reason: str) -> int:
    """Ask that a closed month be opened again; it stays closed until another person agrees. Returns the act's number.

    Raises:
        PeriodError: the month is not closed, a later one is, or the reason is empty.
        UnknownBookError: no such book.
    """
    await _check_reopening(connection, book_id, month)
    if not reason.strip():
        raise PeriodError("a reopening needs a reason")
    return await _record(connection, book_id, month, Act.REOPEN_REQUEST, by=by, reason=reason.strip())


async def reopen_confirm(connection: AsyncConnection, book_id: int, month: date, *, by: str) -> None:
    """Agree with the last request and open the month again. Its close, with the digest, stays on record.

    Raises:
        PeriodError: the month is not closed, a later one is, nobody asked since it was closed, or this person did.
        UnknownBookError: no such book.
    """
    await _check_reopening(connection, book_id, month)
    last = (await period_acts(connection, book_id, month))[-1]
    if last.act is not Act.REOPEN_REQUEST:
        raise PeriodError(f"nobody asked to open {month:%Y-%m} again")
    if last.actor == by:
        raise PeriodError("another person than who asked must agree")
    await _record(connection, book_id, month, Act.REOPEN, by=by, confirms=last.number)
    await _put(connection, book_id, month, PeriodStatus.OPEN, by)


async def periods(connection: AsyncConnection, book_id: int) -> list[Period]:
    """The months whose state was ever set, latest first."""
    table = schema.period
    rows = await connection.execute(
        select(table.c.month, table.c.status, table.c.changed_by)
        .where(table.c.book_id == book_id)
        .order_by(table.c.month.desc())
    )
    return [Period(month, PeriodStatus(status), by) for month, status, by in rows]


async def period_acts(connection: AsyncConnection, book_id: int, month: date | None = None) -> list[PeriodAct]:
    """What was done with a month, or with all, in order."""
    table = schema.period_act
    query = (
        select(
            table.c.number,
            table.c.month,
            table.c.act,
            table.c.actor,
            table.c.recorded_at,
            table.c.reason,
            table.c.head_number,
            table.c.head_hash,
            table.c.digest,
            table.c.confirms,
        )
        .where(table.c.book_id == book_id)
        .order_by(table.c.number)
    )
    if month is not None:
        query = query.where(table.c.month == month)
    return [
        PeriodAct(number, month_, Act(act), actor, recorded_at, reason, Head(last, hash_), digest, confirms)
        for number, month_, act, actor, recorded_at, reason, last, hash_, digest, confirms in await connection.execute(
            query
        )
    ]


async def lock_head(connection: AsyncConnection, book_id: int) -> None:
    """Wait for, and keep out, everything that posts to the book until the transaction ends.

    Raises:
        UnknownBookError: no such book.
    """
    await connection.execute(text("SET LOCAL ROLE koperasi_ledger"))
    table = schema.head
    locked = await connection.scalar(select(table.c.last_number).where(table.c.book_id == book_id).with_for_update())
    await connection.execute(text("SET LOCAL ROLE NONE"))
    if locked is None:
        raise UnknownBookError(book_id)


async def _locked(connection: AsyncConnection, book_id: int, month: date) -> PeriodStatus:
    """The month's state, which nobody else changes until the transaction ends."""
    if month.day != 1:
        raise PeriodError("a period is named by the first of its month")
    await lock_head(connection, book_id)
    table = schema.period
    now = await connection.scalar(select(table.c.status).where(table.c.book_id == book_id, table.c.month == month))
    return PeriodStatus(now or "open")


async def _check_reopening(connection: AsyncConnection, book_id: int, month: date) -> None:
    if await _locked(connection, book_id, month) is not PeriodStatus.CLOSED:
        raise PeriodError(f"{month:%Y-%m} is not closed")
    if (later := await _latest_closed(connection, book_id)) is not None and later > month:
        raise PeriodError(f"{later:%Y-%m} is closed too and must be opened first")


async def _record(
    connection: AsyncConnection,
    book_id: int,
    month: date,
    act: Act,
    *,
    by: str,
    reason: str | None = None,
    confirms: int | None = None,
) -> int:
    table = schema.period_act
    stands = await head(connection, book_id)
    digest = await _digest(connection, book_id, month, stands) if act is Act.CLOSE else None
    last = await connection.scalar(select(func.max(table.c.number)).where(table.c.book_id == book_id))
    number = int(last or 0) + 1
    await connection.execute(
        table.insert().values(
            book_id=book_id,
            number=number,
            month=month,
            act=act.value,
            actor=by,
            reason=reason,
            head_number=stands.number,
            head_hash=stands.hash,
            digest=digest,
            confirms=confirms,
        )
    )
    return number


async def _digest(connection: AsyncConnection, book_id: int, month: date, stands: Head) -> bytes:
    """The digest of the trial balance at the month's end, with how far the book has come."""
    table, turnover = schema.account, turnovers(book_id)
    end = last_day(month)
    rows = await connection.execute(
        select(table.c.code, table.c.currency, func.sum(turnover.c.debit), func.sum(turnover.c.credit))
        .select_from(table.join(turnover, turnover.c.account_id == table.c.account_id))
        .where(table.c.book_id == book_id, turnover.c.day <= end)
        .group_by(table.c.code, table.c.currency)
    )
    sums = [(code, currency, int(debit), int(credit)) for code, currency, debit, credit in rows]
    return trial_balance_digest(book_id, end, stands.number, stands.hash, sums)


async def _put(connection: AsyncConnection, book_id: int, month: date, status: PeriodStatus, by: str) -> None:
    table = schema.period
    values = {"status": status.value, "changed_by": by, "changed_at": func.now()}
    await connection.execute(
        insert(table)
        .values(book_id=book_id, month=month, **values)
        .on_conflict_do_update(index_elements=[table.c.book_id, table.c.month], set_=values)
    )


async def _latest_closed(connection: AsyncConnection, book_id: int) -> date | None:
    table = schema.period
    last: date | None = await connection.scalar(
        select(func.max(table.c.month)).where(table.c.book_id == book_id, table.c.status == PeriodStatus.CLOSED.value)
    )
    return last


async def _earliest_unclosed(connection: AsyncConnection, book_id: int, month: date) -> date | None:
    day = schema.turnover.c.day
    closed = await _latest_closed(connection, book_id)
    query = select(func.min(day)).where(schema.turnover.c.book_id == book_id, day < month)
    if closed is not None:
        query = query.where(day > last_day(closed))
    first: date | None = await connection.scalar(query)
    return first
