"""Refusals that were decided before the book was asked, kept beside those of the book itself."""

from __future__ import annotations

import json

from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import sql
from ledger.entry import Outcome, Rejected, Replayed
from ledger.errors import UnknownBookError
from ledger.journal import driver

KEEP = "INSERT INTO ledger_key (book_id, key, fingerprint, refusal) VALUES ($1, $2, $3, $4::json)"


async def keep_refusal(
    connection: AsyncConnection, book_id: int, key: str, fingerprint: bytes, rejected: Rejected
) -> Outcome:
    """Answer a request by no, and for ever: its key hears this refusal from now on, whatever the balances are then.

    Args:
        connection: the caller's transaction, who commits it before anybody is told.
        book_id: the book.
        key: the request's idempotency key.
        fingerprint: digest of the whole request.
        rejected: why not.

    Returns:
        What the key was answered before, if it was used; else the refusal.

    Raises:
        NotInTransactionError: no transaction has begun.
        UnknownBookError: no such book.
    """
    raw = await driver(connection)
    await raw.execute(sql.become_writer(book_id))
    # With the head locked nobody posts under this key between the look and the write.
    if await raw.fetchrow(sql.LOCK_HEAD, book_id) is None:
        raise UnknownBookError(book_id)
    outcome: Outcome = rejected
    for _, known, number, refusal in await raw.fetch(sql.READ_KEYS, book_id, [key]):
        if known != fingerprint:
            outcome = Rejected("idempotency-mismatch", {"key": key})
        elif number is not None:
            outcome = Replayed(number)
        else:
            told = json.loads(refusal)
            outcome = Rejected(told["code"], told["detail"], replayed=True)
    if outcome is rejected:
        told = json.dumps({"code": rejected.code, "detail": dict(rejected.detail)})
        await raw.execute(KEEP, book_id, key, fingerprint, told)
    await raw.execute(sql.BECOME_ONESELF)
    return outcome
