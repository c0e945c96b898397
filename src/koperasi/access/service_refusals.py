"""What the trail hears of people who ask for what they may not: once an hour for each of them and each permission."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import service as audit
from koperasi.audit.service import Action, Search
from koperasi.permissions import Identity

EVERY = timedelta(hours=1)
MOST_KEPT = 10_000

_told: dict[tuple[int, str, str], datetime] = {}


def is_due(identity: Identity, permission: str, now: datetime) -> bool:
    """Whether this process has told nothing of this user and this permission within the hour; it has from now on."""
    key = (identity.book_id, identity.username, permission)
    if key in _told and now < _told[key] + EVERY:
        return False
    while len(_told) >= MOST_KEPT:
        del _told[next(iter(_told))]
    _told.pop(key, None)
    _told[key] = now
    return True


async def record(
    connection: AsyncConnection, identity: Identity, permission: str, *, address: str | None, now: datetime
) -> bool:
    """Write that somebody was refused, unless another process has within the hour; the caller commits.

    Args:
        connection: bound to the book.
        identity: who was refused.
        permission: what they lack.
        address: where from.
        now: an aware moment.

    Returns:
        Whether it was written.
    """
    # Two processes that are asked at once wait for each other here.
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
    await connection.execute(lock, {"key": f"refused {identity.book_id} {identity.username} {permission}"})
    search = Search(actor=identity.username, action=Action.ACCESS_REFUSED.value, since=now - EVERY)
    before, _ = await audit.events(connection, identity.book_id, search, limit=100)
    subject = f"permission {permission}"
    if any(event.subject == subject for event in before):
        return False
    await audit.record(
        connection,
        identity.book_id,
        actor=identity.username,
        role=identity.role,
        action=Action.ACCESS_REFUSED,
        subject=subject,
        address=address,
    )
    return True
