"""Ask for a second person, look at what waits, agree or refuse. The caller commits; decision and entry are one."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi import posting
from koperasi.approvals import rules
from koperasi.approvals.rules import Approval, Kind, Limits, NeedsApproval, Proposal, Status
from koperasi.approvals.service_doctor import holds, numbers
from koperasi.approvals.tables import approval as table
from koperasi.approvals.wire import ACCEPTED, ApprovalOut, accepted
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import next_number, policies_on
from koperasi.errors import NotFound, Refusal
from koperasi.formats import format_amount, parse_wire_amount
from koperasi.i18n import N_
from koperasi.members.service import member_by_number
from koperasi.posting import Idempotency
from ledger.schema import key as ledger_key

__all__ = [
    "ACCEPTED",
    "Approval",
    "ApprovalOut",
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
    "asked",
    "effects",
    "expire",
    "holds",
    "is_answered",
    "limits",
    "numbers",
    "refuse",
    "waiting",
    "withdraw",
]

_COLUMNS = tuple(table.c[name] for name in Approval.__dataclass_fields__)

_LIMITS = ("approval.withdrawal_above", "approval.entry_above", "approval.reversals", "approval.days")


async def limits(connection: AsyncConnection, book_id: int, on: date) -> Limits:
    """What the policies of a day say. It is the day on which somebody asks: an earlier date on paper changes nothing.

    Raises:
        Refusal: ``policy-missing``.
    """
    found = await policies_on(connection, book_id, _LIMITS, on)
    withdrawal, entry, reversals, days = (found[name] for name in _LIMITS)
    return Limits(parse_wire_amount(withdrawal), parse_wire_amount(entry), reversals == "on", int(days))


async def is_answered(connection: AsyncConnection, book_id: int, key: str) -> bool:
    """Whether the book has answered this key: then it says the same again, and nobody is asked."""
    found = select(ledger_key.c.key).where(ledger_key.c.book_id == book_id, ledger_key.c.key == key)
    return await connection.scalar(found) is not None


async def asked(connection: AsyncConnection, book_id: int, idempotency: Idempotency) -> Approval | None:
    """What was asked for under this key.

    Raises:
        Refusal: ``idempotency-mismatch``: it was another request.
    """
    found = await _one(connection, table.c.book_id == book_id, table.c.key == idempotency.key)
    if found is not None and found.content["request"] != idempotency.fingerprint.hex():
        raise posting.refusal_of(ledger.Rejected("idempotency-mismatch", {"key": idempotency.key}))
    return found


async def ask(connection: AsyncConnection, book_id: int, need: NeedsApproval, now: datetime) -> Approval:
    """Keep a draft for a second person, and hold what it would take; the same request finds its draft again.

    Args:
        connection: bound to the book; the caller commits.
        book_id: the book.
        need: what the service that would have posted raised.
        now: the moment.

    Raises:
        Refusal: ``insufficient-balance``: other drafts hold the money already; ``idempotency-mismatch``; or what the
            book would say to it now.
    """
    proposal = need.proposal
    if proposal is None:
        if need.asked is None:
            raise TypeError("neither a proposal nor what was asked before")
        return need.asked
    draft = proposal.draft
    idempotency = Idempotency(draft.key, draft.fingerprint)
    if (before := await asked(connection, book_id, idempotency)) is not None:
        return before
    async with connection.begin_nested() as nested:
        number = await next_number(connection, book_id, "approval")
        # Who had the same key waited for the number too; then none is given.
        if (before := await asked(connection, book_id, idempotency)) is not None:
            await nested.rollback()
            return before
    await expire(connection, book_id, draft.actor, now)
    if proposal.hold is not None:
        await _hold(connection, book_id, proposal.hold)
    await _try(connection, proposal)
    salt = secrets.token_bytes(16) if draft.note else None
    digest = rules.note_digest(salt, draft.note) if salt and draft.note else None
    content = rules.content_of(proposal, digest)
    days = (await limits(connection, book_id, now.date())).days
    added = await connection.execute(
        insert(table)
        .values(
            book_id=book_id,
            number=number,
            kind=proposal.kind.value,
            asked_by=draft.actor,
            asked_at=now,
            key=draft.key,
            content=content,
            fingerprint=rules.fingerprint_of(content),
            note=draft.note if salt else None,
            note_salt=salt,
            expires_at=now + timedelta(days=days),
        )
        .returning(*_COLUMNS)
    )
    made = _approval(added.one())
    await _tell(connection, book_id, made, draft.actor, Action.APPROVAL_ASKED)
    return made


async def _try(connection: AsyncConnection, proposal: Proposal) -> None:
    """Nobody is asked about what the book would refuse in any case: post it, look, and undo it."""
    draft, hold = proposal.draft, proposal.hold
    async with connection.begin_nested() as nested:
        if hold is not None:
            await ledger.release(connection, draft.book_id, hold.account_id, hold.amount)
        outcomes = await ledger.append(connection, [draft])
        await nested.rollback()
    posting.settled(outcomes[0])


async def _hold(connection: AsyncConnection, book_id: int, hold: ledger.Line) -> None:
    try:
        await ledger.hold(connection, book_id, hold.account_id, hold.amount)
    except ledger.AccountError as error:
        account = (await ledger.accounts_by_id(connection, book_id, [hold.account_id]))[hold.account_id]
        message = N_("Saldo yang dapat ditarik %(available)s.")
        free = format_amount(max(account.available, 0))
        raise Refusal("insufficient-balance", message, field="amount", available=free) from error


async def expire(connection: AsyncConnection, book_id: int, actor: str, now: datetime) -> int:
    """Let go of what waited too long, and give back what it held; returns how many. Nobody has to do it at night."""
    due = (table.c.book_id == book_id, table.c.status == Status.DRAFT.value, table.c.expires_at <= now)
    rows = await connection.execute(
        select(*_COLUMNS).where(*due).order_by(table.c.number).with_for_update(skip_locked=True)
    )
    found = [_approval(row) for row in rows]
    for one in found:
        await _settle(connection, book_id, one, Status.EXPIRED, by=None, at=now)
        await _release(connection, book_id, one)
    for one in found:
        await _tell(connection, book_id, one, actor, Action.APPROVAL_EXPIRED)
    return len(found)


async def approval(connection: AsyncConnection, book_id: int, number: int) -> Approval:
    """One draft or decision.

    Raises:
        NotFound: ``approval``.
    """
    found = await _one(connection, table.c.book_id == book_id, table.c.number == number)
    if found is None:
        raise _not_found()
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
    query = select(*_COLUMNS).where(*wanted).order_by(table.c.number.desc()).limit(limit + 1)
    found = [_approval(row) for row in await connection.execute(query)]
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


async def effects(connection: AsyncConnection, book_id: int, found: Approval) -> list[rules.Effect]:
    """What it does to each account, with the balances now and afterwards."""
    ids = {line.account_id for line in found.lines}
    return rules.effects(found, await ledger.accounts_by_id(connection, book_id, ids))


async def approve(
    connection: AsyncConnection, book_id: int, number: int, *, actor: str, seen: bytes, now: datetime
) -> Approval:
    """Agree, and post the entry in the same transaction: both or neither.

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
    await _release(connection, book_id, found)
    outcomes = await ledger.append(connection, [rules.draft_of(found, book_id, actor)])
    entry_number = posting.settled(outcomes[0]).number
    made = await _settle(connection, book_id, found, Status.APPROVED, by=actor, at=now, entry_number=entry_number)
    await _tell(connection, book_id, made, actor, Action.APPROVAL_GIVEN, entry=entry_number)
    return made


async def refuse(
    connection: AsyncConnection, book_id: int, number: int, *, actor: str, seen: bytes, reason: str, now: datetime
) -> Approval:
    """Say no, with a reason that names nobody; what was held is free again. All else is as in ``approve``."""
    found = await _locked(connection, book_id, number, actor, now)
    if found.status is Status.EXPIRED:
        return found
    rules.check_decision(found, actor=actor, seen=seen)
    made = await _settle(connection, book_id, found, Status.REFUSED, by=actor, at=now, reason=reason)
    await _release(connection, book_id, found)
    await _tell(connection, book_id, made, actor, Action.APPROVAL_REFUSED)
    return made


async def withdraw(connection: AsyncConnection, book_id: int, number: int, *, actor: str, now: datetime) -> Approval:
    """Take back what one asked for oneself; what was held is free again.

    Raises:
        NotFound: ``approval``: none that this person asked for.
        Conflict: ``approval-decided``.
    """
    found = await _locked(connection, book_id, number, actor, now)
    if found.asked_by != actor:
        raise _not_found()
    if found.status is Status.EXPIRED:
        return found
    rules.check_open(found)
    made = await _settle(connection, book_id, found, Status.WITHDRAWN, by=actor, at=now)
    await _release(connection, book_id, found)
    await _tell(connection, book_id, made, actor, Action.APPROVAL_WITHDRAWN)
    return made


async def _locked(connection: AsyncConnection, book_id: int, number: int, actor: str, now: datetime) -> Approval:
    """The row, which nobody else decides meanwhile; as expired if its time has come."""
    mine = (table.c.book_id == book_id, table.c.number == number)
    row = (await connection.execute(select(*_COLUMNS).where(*mine).with_for_update())).one_or_none()
    if row is None:
        raise _not_found()
    found = _approval(row)
    if not found.expired(now):
        return found
    gone = await _settle(connection, book_id, found, Status.EXPIRED, by=None, at=now)
    await _release(connection, book_id, found)
    await _tell(connection, book_id, gone, actor, Action.APPROVAL_EXPIRED)
    return gone


async def _release(connection: AsyncConnection, book_id: int, found: Approval) -> None:
    if found.hold is not None:
        await ledger.release(connection, book_id, found.hold.account_id, found.hold.amount)


async def _settle(
    connection: AsyncConnection,
    book_id: int,
    found: Approval,
    status: Status,
    *,
    by: str | None,
    at: datetime,
    reason: str | None = None,
    entry_number: int | None = None,
) -> Approval:
    """Write what became of it. The words that somebody typed stay only where they can be erased: with the entry."""
    done = await connection.execute(
        update(table)
        .where(table.c.book_id == book_id, table.c.number == found.number)
        .values(
            status=status.value,
            decided_by=by,
            decided_at=at,
            reason=reason,
            entry_number=entry_number,
            note=None,
            note_salt=None,
        )
        .returning(*_COLUMNS)
    )
    return _approval(done.one())


async def _tell(
    connection: AsyncConnection, book_id: int, found: Approval, actor: str, action: Action, *, entry: int | None = None
) -> None:
    after: dict[str, Any] = {"kind": found.kind.value, "fingerprint": found.fingerprint.hex()}
    if entry is not None:
        after["entry"] = entry
    subject = f"approval {found.number}"
    await audit.record(connection, book_id, actor=actor, action=action, subject=subject, after=after)


async def _one(connection: AsyncConnection, *wanted: ColumnElement[bool]) -> Approval | None:
    row = (await connection.execute(select(*_COLUMNS).where(*wanted))).one_or_none()
    return _approval(row) if row else None


def _approval(row: Any) -> Approval:
    facts = dict(zip(Approval.__dataclass_fields__, row, strict=True))
    return Approval(**(facts | {"kind": Kind(facts["kind"]), "status": Status(facts["status"])}))


def _not_found() -> NotFound:
    return NotFound("approval", N_("Permintaan persetujuan ini tidak ada."))
