"""Where a member stands: each change is an act with its date, reason and paper, and none is forgotten.

Called through ``service``; which act may be done by whom is decided in ``koperasi.membership``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import policy
from koperasi.db import Work
from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.members.rules import MemberStatus, check_transition
from koperasi.members.tables import member, member_event


@dataclass(frozen=True, slots=True)
class Event:
    """An act on a membership. ``reason`` is a code, ``reference`` the number of a paper (minutes, a certificate)."""

    act: str
    from_status: MemberStatus
    to_status: MemberStatus
    effective_on: date
    reason: str | None
    reference: str | None
    recorded_at: datetime
    recorded_by: str
    approved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What is to be recorded; ``undo`` lets it go back along the lifecycle, for what was recorded by mistake."""

    act: str
    to: MemberStatus
    effective_on: date
    reason: str | None = None
    reference: str | None = None
    actor: str
    approved_by: str | None = None
    undo: bool = False


async def first_status(connection: AsyncConnection, book_id: int, on: date) -> MemberStatus:
    """How whoever is registered begins: as an applicant where the board decides on each, else as a member.

    Args:
        connection: bound to the book.
        book_id: whose policy.
        on: the day on which they are registered, not the one written on the form: a day before the board began to
            decide would pass it by.

    Raises:
        Refusal: ``policy-missing``.
    """
    waits = await policy(connection, book_id, "membership.decision", on) == "on"
    return MemberStatus.PEMOHON if waits else MemberStatus.ANGGOTA


async def registered_by(connection: AsyncConnection, book_id: int, number: str) -> str:
    """User name of whoever entered a member in the register; '' if there is no such member."""
    query = select(member.c.created_by).where(member.c.number == number, member.c.book_id == book_id)
    return await connection.scalar(query) or ""


async def days_of(connection: AsyncConnection, book_id: int, act: str, numbers: Sequence[str]) -> dict[str, date]:
    """From when an act held, the last time it was done, by number of those to whom it was."""
    table = member_event.c
    rows = await connection.execute(
        select(table.member_number, func.max(table.effective_on).label("day"))
        .where(table.book_id == book_id, table.member_number.in_(list(numbers)), table.act == act)
        .group_by(table.member_number)
    )
    return {row.member_number: row.day for row in rows}


async def count_of(
    connection: AsyncConnection, book_id: int, status: MemberStatus, *, without: str | None = None
) -> int:
    """How many stand there; with ``without``: to whom that act was never done."""
    query = select(func.count()).where(member.c.book_id == book_id, member.c.status == status.value)
    if without is not None:
        table = member_event.c
        query = query.where(
            ~exists().where(
                table.book_id == member.c.book_id, table.member_number == member.c.number, table.act == without
            )
        )
    return int(await connection.scalar(query) or 0)


async def locked_status(work: Work, number: str) -> MemberStatus:
    """The status of a member, which nobody else changes until the transaction ends.

    Raises:
        NotFound: ``member``.
    """
    query = select(member.c.status).where(member.c.number == number, member.c.book_id == work.book_id)
    # What comes in an address may be anything, also what no database can carry.
    possible = number.isascii() and number.isdigit()
    found = await work.connection.scalar(query.with_for_update()) if possible else None
    if found is None:
        raise NotFound("member", N_("Anggota dengan nomor ini tidak ada."))
    return MemberStatus(found)


async def move(work: Work, number: str, done: Move) -> Event:
    """Record an act and give the member the status it leads to; the caller commits.

    Whoever is admitted has joined on that day; whoever leaves or dies has left on it.

    Raises:
        NotFound: ``member``.
        Refusal: ``member-status``: the lifecycle does not lead there.
    """
    current = await locked_status(work, number)
    if done.to is not current and not done.undo:
        check_transition(current, done.to)
    mine = (member.c.number == number, member.c.book_id == work.book_id)
    if done.to is not current:
        values: dict[str, object] = {"status": done.to.value, "left_on": None}
        if done.to.has_left:
            values["left_on"] = done.effective_on
        if current is MemberStatus.PEMOHON and done.to is MemberStatus.ANGGOTA:
            values["joined_on"] = done.effective_on
        await work.connection.execute(update(member).where(*mine).values(values))
    table = member_event.c
    last = select(func.coalesce(func.max(table.position), 0)).where(
        table.member_number == number, table.book_id == work.book_id
    )
    added = await work.connection.execute(
        insert(member_event)
        .values(
            book_id=work.book_id,
            member_number=number,
            position=last.scalar_subquery() + 1,
            act=done.act,
            from_status=current.value,
            to_status=done.to.value,
            effective_on=done.effective_on,
            reason=done.reason,
            reference=done.reference,
            recorded_by=done.actor,
            approved_by=done.approved_by,
        )
        .returning(*(member_event.c[name] for name in Event.__dataclass_fields__))
    )
    return _event(added.one())


async def events_of(connection: AsyncConnection, book_id: int, number: str) -> list[Event]:
    """What was done to a membership, the oldest first."""
    table = member_event.c
    rows = await connection.execute(
        select(*(table[name] for name in Event.__dataclass_fields__))
        .where(table.member_number == number, table.book_id == book_id)
        .order_by(table.position)
    )
    return [_event(row) for row in rows]


def _event(row: object) -> Event:
    facts = dict(zip(Event.__dataclass_fields__, tuple(row), strict=True))  # type: ignore[arg-type,var-annotated]
    states = {name: MemberStatus(facts[name]) for name in ("from_status", "to_status")}
    return Event(**(facts | states))
