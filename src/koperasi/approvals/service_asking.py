"""Ask for a second person. Called through ``service``; the caller commits."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi import posting
from koperasi.approvals import rules
from koperasi.approvals.rules import Act, Approval, Limits, NeedsApproval, Proposal
from koperasi.approvals.service_rows import COLUMNS, expire, one, tell, to_approval
from koperasi.approvals.tables import approval as table
from koperasi.audit.service import Action
from koperasi.cooperatives.service import cooperative_of, next_number, policies_on
from koperasi.errors import Refusal
from koperasi.formats import format_amount, parse_wire_amount
from koperasi.i18n import N_
from koperasi.posting import Idempotency
from ledger.schema import key as ledger_key

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
    found = await one(connection, table.c.book_id == book_id, table.c.key == idempotency.key)
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
    number = await _number(connection, book_id, Idempotency(draft.key, draft.fingerprint))
    if isinstance(number, Approval):
        return number
    await expire(connection, book_id, draft.actor, now)
    if proposal.hold is not None:
        await _hold(connection, book_id, proposal.hold)
    await _try(connection, proposal)
    salt = secrets.token_bytes(16) if draft.note else None
    digest = rules.note_digest(salt, draft.note) if salt and draft.note else None
    content = rules.content_of(proposal, digest)
    words = {"note": draft.note if salt else None, "note_salt": salt}
    return await _keep(connection, book_id, number, proposal.kind, draft.actor, content, now, words)


async def ask_act(connection: AsyncConnection, book_id: int, act: Act, now: datetime) -> Approval:
    """Keep an act for a second person; the same request finds its draft again. The executor is called when one agrees.

    Args:
        connection: bound to the book; the caller commits.
        book_id: the book.
        act: what is asked for; see ``Act`` for what must not stand in it.
        now: the moment.

    Raises:
        Refusal: ``idempotency-mismatch``: the key was used for another request.
    """
    number = await _number(connection, book_id, act.idempotency)
    if isinstance(number, Approval):
        return number
    await expire(connection, book_id, act.actor, now)
    cooperative = await cooperative_of(connection, book_id)
    content = rules.content_of_act(act, cooperative.today(now))
    return await _keep(connection, book_id, number, act.kind, act.actor, content, now, {})


async def _number(connection: AsyncConnection, book_id: int, idempotency: Idempotency) -> int | Approval:
    """The next request's number; or the request that was made under this key before."""
    if (before := await asked(connection, book_id, idempotency)) is not None:
        return before
    async with connection.begin_nested() as nested:
        number = await next_number(connection, book_id, "approval")
        # Who had the same key waited for the number too; then none is given.
        if (before := await asked(connection, book_id, idempotency)) is not None:
            await nested.rollback()
            return before
    return number


async def _keep(
    connection: AsyncConnection,
    book_id: int,
    number: int,
    kind: rules.Kind,
    actor: str,
    content: dict[str, Any],
    now: datetime,
    words: dict[str, Any],
) -> Approval:
    days = (await limits(connection, book_id, now.date())).days
    added = await connection.execute(
        insert(table)
        .values(
            book_id=book_id,
            number=number,
            kind=kind.value,
            asked_by=actor,
            asked_at=now,
            key=content["key"],
            content=content,
            fingerprint=rules.fingerprint_of(content),
            expires_at=now + timedelta(days=days),
            **words,
        )
        .returning(*COLUMNS)
    )
    made = to_approval(added.one())
    await tell(connection, book_id, made, actor, Action.APPROVAL_ASKED)
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
