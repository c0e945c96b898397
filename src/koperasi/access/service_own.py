"""What one has open: sessions on devices, tokens of programs; looked at, and ended. The caller commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.access import rules
from koperasi.access.service import end_everywhere, user_by_id
from koperasi.access.tables import api_token, app_session
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.permissions import Identity


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A device that is logged in. ``name`` tells it from others: the first digits of a digest, no secret."""

    name: str
    token_hash: bytes
    created_at: datetime
    last_seen_at: datetime
    address: str | None


@dataclass(frozen=True, slots=True)
class Token:
    """A program's token, without what it is."""

    name: str
    token_hash: bytes
    label: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    scope: tuple[str, ...] | None


SHOWN = 12


async def sessions_of(connection: AsyncConnection, identity: Identity, now: datetime) -> list[OpenSession]:
    """The user's sessions that are open, the last used first."""
    row = app_session.c
    found = await connection.execute(
        select(row.token_hash, row.created_at, row.last_seen_at, row.address)
        .where(
            row.book_id == identity.book_id,
            row.user_id == identity.user_id,
            row.awaits_code.is_(False),
            row.expires_at > now,
            row.last_seen_at > now - rules.SESSION_IDLE,
        )
        .order_by(row.last_seen_at.desc(), row.token_hash)
    )
    return [OpenSession(one.token_hash.hex()[:SHOWN], *one) for one in found]


async def end_one(connection: AsyncConnection, identity: Identity, name: str) -> bool:
    """End one of the user's own sessions, by its name; nothing happens if it is none."""
    ended = await connection.execute(
        delete(app_session).where(
            app_session.c.book_id == identity.book_id,
            app_session.c.user_id == identity.user_id,
            func.left(func.encode(app_session.c.token_hash, "hex"), SHOWN) == name,
        )
    )
    if ended.rowcount:
        await audit.record(
            connection,
            identity.book_id,
            actor=identity.username,
            action=Action.SESSION_ENDED,
            subject=f"session {name}",
        )
    return bool(ended.rowcount)


async def log_out_everywhere(connection: AsyncConnection, identity: Identity) -> None:
    """End all the user's sessions, this one too, and revoke all their tokens."""
    await end_everywhere(connection, identity.book_id, identity.user_id)
    await audit.record(
        connection,
        identity.book_id,
        actor=identity.username,
        action=Action.LOG_OUT_EVERYWHERE,
        subject=f"user {identity.username}",
    )


async def log_out_other(connection: AsyncConnection, book_id: int, user_id: int, *, by: str) -> None:
    """End all sessions of a user and revoke their tokens; they may log in again.

    Raises:
        NotFound: not in this book.
    """
    user = await user_by_id(connection, book_id, user_id)
    await end_everywhere(connection, book_id, user_id)
    await audit.record(connection, book_id, actor=by, action=Action.LOG_OUT_EVERYWHERE, subject=user.identity)


async def tokens_of(connection: AsyncConnection, identity: Identity, now: datetime) -> list[Token]:
    """The user's tokens that still open something, the latest first."""
    row = api_token.c
    found = await connection.execute(
        select(row.token_hash, row.label, row.created_at, row.expires_at, row.last_used_at, row.scope)
        .where(
            row.book_id == identity.book_id,
            row.user_id == identity.user_id,
            row.revoked_at.is_(None),
            row.expires_at > now,
        )
        .order_by(row.created_at.desc(), row.token_hash)
    )
    return [
        Token(one.token_hash.hex()[:SHOWN], *one[:-1], None if one.scope is None else tuple(one.scope)) for one in found
    ]
