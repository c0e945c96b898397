"""Sessions (for pages) and bearer tokens (for programs): opened, recognised, ended. Only digests are stored.

The caller commits. Recognising reads; ``touch_…`` writes the time of last use, and says whether it is due.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.access import rules
from koperasi.access.service import forgive, identity_of
from koperasi.access.tables import api_token, app_session, app_user
from koperasi.permissions import Identity

USER = (
    app_user.c.book_id,
    app_user.c.user_id,
    app_user.c.username,
    app_user.c.name,
    app_user.c.role,
    app_user.c.member_number,
    app_user.c.locale,
)


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whose token it is, and whether its time of last use is due to be written."""

    identity: Identity
    expires_at: datetime
    due: bool


async def open_session(connection: AsyncConnection, identity: Identity, *, address: str, now: datetime) -> str:
    """Log a recognised user in; returns the cookie's value, which is stored nowhere. Clears what has expired."""
    await forgive(connection, identity, address, now)
    await connection.execute(
        delete(app_session).where(app_session.c.book_id == identity.book_id, app_session.c.expires_at <= now)
    )
    token = rules.session_token(identity.book_id, secrets.token_urlsafe(32))
    await connection.execute(
        insert(app_session).values(
            book_id=identity.book_id,
            token_hash=rules.digest(token),
            user_id=identity.user_id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + rules.SESSION_LONGEST,
        )
    )
    return token


async def recognise_session(
    connection: AsyncConnection, book_id: int, token_hash: bytes, now: datetime
) -> Recognised | None:
    """Whose session it is: one look-up by primary key.

    Nothing if it is unknown, idle too long, over, or the user is no longer active.
    """
    found = await connection.execute(
        select(*USER, app_session.c.expires_at, app_session.c.last_seen_at)
        .join(
            app_session,
            (app_session.c.book_id == app_user.c.book_id) & (app_session.c.user_id == app_user.c.user_id),
        )
        .where(
            app_session.c.book_id == book_id,
            app_session.c.token_hash == token_hash,
            app_session.c.expires_at > now,
            app_session.c.last_seen_at > now - rules.SESSION_IDLE,
            app_user.c.active,
        )
    )
    row = found.mappings().one_or_none()
    if row is None:
        return None
    return Recognised(identity_of(row), row["expires_at"], due=row["last_seen_at"] <= now - rules.TOUCH_EVERY)


async def touch_session(connection: AsyncConnection, book_id: int, token_hash: bytes, now: datetime) -> None:
    """Write that the session is in use."""
    await connection.execute(
        update(app_session)
        .where(app_session.c.book_id == book_id, app_session.c.token_hash == token_hash)
        .values(last_seen_at=now)
    )


async def end_session(connection: AsyncConnection, book_id: int, token_hash: bytes) -> None:
    """Log out: the cookie opens nothing any more."""
    await connection.execute(
        delete(app_session).where(app_session.c.book_id == book_id, app_session.c.token_hash == token_hash)
    )


async def issue_token(
    connection: AsyncConnection, identity: Identity, *, label: str, address: str, now: datetime
) -> tuple[str, datetime]:
    """A bearer token for a recognised user, and when it expires. The token is shown now and stored nowhere."""
    await forgive(connection, identity, address, now)
    token = rules.api_token(identity.book_id, secrets.token_urlsafe(32))
    expires_at = now + rules.TOKEN_LIFE
    await connection.execute(
        insert(api_token).values(
            book_id=identity.book_id,
            token_hash=rules.digest(token),
            user_id=identity.user_id,
            label=label,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return token, expires_at


async def recognise_token(
    connection: AsyncConnection, book_id: int, token_hash: bytes, now: datetime
) -> Recognised | None:
    """Whose bearer token it is: one look-up by primary key.

    Nothing if it is unknown, expired or revoked, or the user is no longer active.
    """
    found = await connection.execute(
        select(*USER, api_token.c.expires_at, api_token.c.last_used_at)
        .join(api_token, (api_token.c.book_id == app_user.c.book_id) & (api_token.c.user_id == app_user.c.user_id))
        .where(
            api_token.c.book_id == book_id,
            api_token.c.token_hash == token_hash,
            api_token.c.expires_at > now,
            api_token.c.revoked_at.is_(None),
            app_user.c.active,
        )
    )
    row = found.mappings().one_or_none()
    if row is None:
        return None
    used: datetime | None = row["last_used_at"]
    return Recognised(identity_of(row), row["expires_at"], due=used is None or used <= now - rules.TOUCH_EVERY)


async def touch_token(connection: AsyncConnection, book_id: int, token_hash: bytes, now: datetime) -> None:
    """Write that the token is in use."""
    await connection.execute(
        update(api_token)
        .where(api_token.c.book_id == book_id, api_token.c.token_hash == token_hash)
        .values(last_used_at=now)
    )


async def revoke_token(connection: AsyncConnection, book_id: int, token_hash: bytes, now: datetime) -> None:
    """The token opens nothing any more. Other processes hear of it within ``rules.VERIFIED_FOR``."""
    await connection.execute(
        update(api_token)
        .where(api_token.c.book_id == book_id, api_token.c.token_hash == token_hash, api_token.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )


class VerifiedTokens:
    """Tokens that this process has verified moments ago, so that a busy program costs no look-up a request.

    Args:
        at_most: how many are kept; the oldest goes first.
    """

    def __init__(self, at_most: int = rules.VERIFIED_AT_MOST) -> None:
        self._at_most = at_most
        self._kept: dict[bytes, tuple[Identity, datetime]] = {}

    def get(self, token_hash: bytes, now: datetime) -> Identity | None:
        """Whose token it is, if that was verified within the last seconds."""
        kept = self._kept.get(token_hash)
        if kept is None:
            return None
        identity, until = kept
        if now >= until:
            del self._kept[token_hash]
            return None
        return identity

    def keep(self, token_hash: bytes, recognised: Recognised, now: datetime) -> None:
        """Remember a token for some seconds, never beyond its expiry."""
        self._kept.pop(token_hash, None)
        while len(self._kept) >= self._at_most:
            del self._kept[next(iter(self._kept))]
        self._kept[token_hash] = (recognised.identity, min(now + rules.VERIFIED_FOR, recognised.expires_at))

    def forget(self, token_hash: bytes) -> None:
        """It was revoked here: believe it no longer."""
        self._kept.pop(token_hash, None)

    def forget_user(self, book_id: int, user_id: int) -> None:
        """All tokens of a user were revoked here."""
        gone = [
            token_hash
            for token_hash, (identity, _) in self._kept.items()
            if (identity.book_id, identity.user_id) == (book_id, user_id)
        ]
        for token_hash in gone:
            del self._kept[token_hash]


verified = VerifiedTokens()
"""One for the process."""
