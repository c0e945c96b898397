"""Ask for a second person, look at what waits, agree or refuse. The caller commits; decision and entry are one."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi import posting
from koperasi.approvals import rules
from koperasi.approvals.rules import Act, Approval, Change, Kind, Limits, NeedsApproval, Proposal, Status
from koperasi.approvals.service_acts import Executor, executor_of, needs_second, register
from koperasi.approvals.service_asking import ask, ask_act, asked, is_answered, limits
from koperasi.approvals.service_doctor import holds, numbers
from koperasi.approvals.service_rows import COLUMNS, expire, not_found, one, release, settle, tell, to_approval
from koperasi.approvals.tables import approval as table
from koperasi.approvals.wire import ACCEPTED, ApprovalOut, accepted
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.db import Work
from koperasi.members.service import member_by_number

__all__ = [
    "ACCEPTED",
    "Act",
    "Approval",
    "ApprovalOut",
    "Change",
    "Executor",
    "Kind",
    "Limits",
    "NeedsApproval",
    "Proposal",
    "Status",
    "accepted",
    "approval",
    "approvals",
    "approve",
    "ask",
    "ask_act",
    "asked",
    "effects",
    "expire",
    "holds",
    "is_answered",
    "limits",
    "needs_second",
    "numbers",
    "refuse",
    "register",
    "waiting",
    "waiting_until",
    "withdraw",
]


async def approval(connection: AsyncConnection, book_id: int, number: int) -> Approval:
    """One draft or decision.

    Raises:
        NotFound: ``approval``.
    """
    found = await one(connection, table.c.book_id == book_id, table.c.number == number)
    if found is None:
        raise not_found()
    return found


async def approvals(
    connection: AsyncConnection,
    book_id: int,
    *,
    status: Status | None = None,
    asked_by: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[Approval], bool]:
    """The latest first, below ``before``, and whether there are more."""
    wanted: list[ColumnElement[bool]] = [table.c.book_id == book_id]
    if status is not None:
        wanted.append(table.c.status == status.value)
    if asked_by is not None:
        wanted.append(table.c.asked_by == asked_by)
    if before is not None:
        wanted.append(table.c.number < before)
    query = select(*COLUMNS).where(*wanted).order_by(table.c.number.desc()).limit(limit + 1)
    found = [to_approval(row) for row in await connection.execute(query)]
    return found[:limit], len(found) > limit


async def waiting(connection: AsyncConnection, book_id: int, actor: str, now: datetime) -> int:
    """How many drafts wait for this person: those of others that have not expired."""
    query = select(func.count()).where(
        table.c.book_id == book_id,
        table.c.status == Status.DRAFT.value,
        table.c.expires_at > now,
        table.c.asked_by != actor,
    )
    return int(await connection.scalar(query) or 0)


async def waiting_until(connection: AsyncConnection, book_id: int, day: date, now: datetime) -> int:
    """How many drafts of entries dated up to a day wait for anybody; acts that post nothing themselves don't count."""
    query = select(func.count()).where(
        table.c.book_id == book_id,
        table.c.status == Status.DRAFT.value,
        table.c.expires_at > now,
        ~table.c.content.has_key("params"),
        table.c.content["date"].astext <= day.isoformat(),
    )
    return int(await connection.scalar(query) or 0)


async def effects(connection: AsyncConnection, book_id: int, found: Approval) -> list[rules.Effect]:
    """What it does to each account, with the balances now and afterwards."""
    ids = {line.account_id for line in found.lines}
    return rules.effects(found, await ledger.accounts_by_id(connection, book_id, ids))


async def approve(
    connection: AsyncConnection, book_id: int, number: int, *, actor: str, seen: bytes, now: datetime
) -> Approval:
    """Agree, and post the entry or carry the act out in the same transaction: both or neither.

    One that has expired comes back as such: the caller commits, and then tells (``rules.check_open``).

    Args:
        connection: bound to the book; the caller commits.
        book_id: the book.
        number: which one.
        actor: who agrees.
        seen: the fingerprint of what they saw.
        now: the moment.

    Raises:
        NotFound: ``approval``.
        Conflict: ``same-person``, ``approval-decided``, ``approval-changed`` or ``member-changed``.
        Refusal: what the book says (the month was closed meanwhile); it goes on waiting.
    """
    found = await _locked(connection, book_id, number, actor, now)
    if found.status is Status.EXPIRED:
        return found
    rules.check_decision(found, actor=actor, seen=seen)
    if found.content["member"]:
        member = await member_by_number(connection, book_id, found.content["member"][0])
        rules.check_same_member(found, member.status.value)
    await release(connection, book_id, found)
    entry_number = await _carry_out(connection, book_id, found, actor)
    made = await settle(connection, book_id, found, Status.APPROVED, by=actor, at=now, entry_number=entry_number)
    await tell(connection, book_id, made, actor, Action.APPROVAL_GIVEN, entry=entry_number)
    return made


async def _carry_out(connection: AsyncConnection, book_id: int, found: Approval, actor: str) -> int | None:
    """Post the entry, or let the act's executor do what was agreed to; returns the entry's number, if there is one."""
    if found.is_act:
        return await executor_of(found)(Work(connection, book_id), found, actor)
    draft = rules.draft_of(found, book_id, actor)
    draft = draft._replace(metadata={**draft.metadata, **await audit.anchor_in(connection, book_id)})
    outcomes = await ledger.append(connection, [draft])
    return posting.settled(outcomes[0]).number


async def refuse(
    connection: AsyncConnection, book_id: int, number: int, *, actor: str, seen: bytes, reason: str, now: datetime
) -> Approval:
    """Say no, with a reason that names nobody; what was held is free again. All else is as in ``approve``."""
    found = await _locked(connection, book_id, number, actor, now)
    if found.status is Status.EXPIRED:
        return found
    rules.check_decision(found, actor=actor, seen=seen)
    made = await settle(connection, book_id, found, Status.REFUSED, by=actor, at=now, reason=reason)
    await release(connection, book_id, found)
    await tell(connection, book_id, made, actor, Action.APPROVAL_REFUSED)
    return made


async def withdraw(connection: AsyncConnection, book_id: int, number: int, *, actor: str, now: datetime) -> Approval:
    """Take back what one asked for oneself; what was held is free again.

    Raises:
        NotFound: ``approval``: none that this person asked for.
        Conflict: ``approval-decided``.
    """
    found = await _locked(connection, book_id, number, actor, now)
    if found.asked_by != actor:
        raise not_found()
    if found.status is Status.EXPIRED:
        return found
    rules.check_open(found)
    made = await settle(connection, book_id, found, Status.WITHDRAWN, by=actor, at=now)
    await release(connection, book_id, found)
    await tell(connection, book_id, made, actor, Action.APPROVAL_WITHDRAWN)
    return made


async def _locked(connection: AsyncConnection, book_id: int, number: int, actor: str, now: datetime) -> Approval:
    """The row, which nobody else decides meanwhile; as expired if its time has come."""
    mine = (table.c.book_id == book_id, table.c.number == number)
    row = (await connection.execute(select(*COLUMNS).where(*mine).with_for_update())).one_or_none()
    if row is None:
        raise not_found()
    found = to_approval(row)
    if not found.expired(now):
        return found
    gone = await settle(connection, book_id, found, Status.EXPIRED, by=None, at=now)
    await release(connection, book_id, found)
    await tell(connection, book_id, gone, actor, Action.APPROVAL_EXPIRED)
    return gone
