"""Sessions (for pages) and bearer tokens (for programs): opened, recognised, ended. Only digests are stored.

The caller commits. Recognising reads; ``touch_…`` writes the time of last use, and says whether it is due.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Text, and_, bindparam, cast, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.access import rules
from koperasi.access.service import identity_of
from koperasi.access.service_log_in import forgive, forgive_address, may_log_in_on
from koperasi.access.tables import api_token, app_session, app_user
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, beside, cooperative_beside, newest_policy
from koperasi.permissions import GRANTS, SECOND_CODE_FOR, Identity, Permission

USER = (
    app_user.c.book_id,
    app_user.c.user_id,
    app_user.c.username,
    app_user.c.name,
    app_user.c.role,
    app_user.c.member_number,
    app_user.c.locale,
    app_user.c.must_change,
)

_SECOND_CODE_ROLES = [role.value for role, granted in GRANTS.items() if granted & SECOND_CODE_FOR]


def _must_enrol() -> ColumnElement[bool]:
    """Whether the policies want a second code of a user who has none; asked for in the look-up that finds the user."""
    wanted = cast(newest_policy(app_user.c.book_id, "access.second_code", bindparam("policy_day")), Text) == '"on"'
    return and_(app_user.c.totp_since.is_(None), app_user.c.role.in_(_SECOND_CODE_ROLES), wanted).label("must_enrol")


def _moment(now: datetime) -> dict[str, object]:
    """What both look-ups ask of the time."""
    return {"now": now, "day": now.astimezone(UTC).date(), "policy_day": rules.policy_day(now)}


# Both are built once: each request asks one of them, and to write it anew takes longer than to ask it.
_SESSION = (
    select(*USER, _must_enrol(), app_session.c.expires_at, app_session.c.last_seen_at, *beside.c)
    .select_from(
        app_user.join(
            app_session, and_(app_session.c.book_id == app_user.c.book_id, app_session.c.user_id == app_user.c.user_id)
        ).outerjoin(beside, beside.c.cooperative_book_id == app_user.c.book_id)
    )
    .where(
        app_session.c.book_id == bindparam("book"),
        app_session.c.token_hash == bindparam("token"),
        app_session.c.expires_at > bindparam("now"),
        app_session.c.last_seen_at > bindparam("busy_since"),
        app_session.c.awaits_code == bindparam("awaits"),
        *may_log_in_on(bindparam("day")),
    )
)
_TOKEN = (
    select(*USER, _must_enrol(), api_token.c.expires_at, api_token.c.last_used_at, api_token.c.scope)
    .join(api_token, and_(api_token.c.book_id == app_user.c.book_id, api_token.c.user_id == app_user.c.user_id))
    .where(
        api_token.c.book_id == bindparam("book"),
        api_token.c.token_hash == bindparam("token"),
        api_token.c.expires_at > bindparam("now"),
        api_token.c.revoked_at.is_(None),
        *may_log_in_on(bindparam("day")),
    )
)


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whose token it is, and whether its time of last use is due to be written; of a session, in which cooperative."""

    identity: Identity
    expires_at: datetime
    due: bool
    cooperative: Cooperative | None = None


async def open_session(
    connection: AsyncConnection, identity: Identity, *, address: str, now: datetime, awaits_code: bool = False
) -> str:
    """Log a recognised user in; returns the cookie's value, which is stored nowhere. Clears what has expired.

    Args:
        connection: bound to the book; the caller commits.
        identity: who was recognised.
        address: where from.
        now: an aware moment.
        awaits_code: the password fitted, but a code is still asked for: the session opens nothing, soon ends, and the
            try still counts as a failed one.
    """
    await (forgive_address if awaits_code else forgive)(connection, identity, address, now)
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
            expires_at=now + (rules.CODE_AWAITED if awaits_code else rules.SESSION_LONGEST),
            address=address,
            awaits_code=awaits_code,
        )
    )
    if not awaits_code:
        await audit.record(
            connection,
            identity.book_id,
            actor=identity.username,
            role=identity.role,
            action=Action.LOG_IN,
            subject=f"user {identity.username}",
            address=address,
        )
    return token


async def recognise_session(
    connection: AsyncConnection, book_id: int, token_hash: bytes, now: datetime, *, awaits_code: bool = False
) -> Recognised | None:
    """Whose session it is: one look-up by primary key.

    Nothing if it is unknown, idle too long, over, or the user is no longer active; nor if it awaits a code, unless such
    a one is asked for.
    """
    asked = {"book": book_id, "token": token_hash, "busy_since": now - rules.SESSION_IDLE, "awaits": awaits_code}
    row = (await connection.execute(_SESSION, asked | _moment(now))).mappings().one_or_none()
    if row is None:
        return None
    due = row["last_seen_at"] <= now - rules.TOUCH_EVERY
    return Recognised(identity_of(row), row["expires_at"], due=due, cooperative=cooperative_beside(row))


async def touch_session(connection: AsyncConnection, book_id: int, token_hash: bytes, now: datetime) -> None:
    """Write that the session is in use."""
    await connection.execute(
        update(app_session)
        .where(app_session.c.book_id == book_id, app_session.c.token_hash == token_hash)
        .values(last_seen_at=now)
    )


async def end_session(
    connection: AsyncConnection, book_id: int, token_hash: bytes, *, by: Identity | None = None
) -> None:
    """Log out: the cookie opens nothing any more. The trail hears of it if it is somebody's wish."""
    await connection.execute(
        delete(app_session).where(app_session.c.book_id == book_id, app_session.c.token_hash == token_hash)
    )
    if by is not None:
        await audit.record(connection, book_id, actor=by.username, action=Action.LOG_OUT, subject=f"user {by.username}")


async def issue_token(
    connection: AsyncConnection,
    identity: Identity,
    *,
    label: str,
    address: str,
    now: datetime,
    scope: frozenset[Permission] | None = None,
    life: timedelta = rules.TOKEN_LIFE,
) -> tuple[str, datetime]:
    """A bearer token for a recognised user, and when it expires. The token is shown now and stored nowhere.

    Args:
        connection: bound to the book; the caller commits.
        identity: who was recognised.
        label: what the token is for.
        address: where from.
        now: an aware moment.
        scope: what it may be used for, of what its user may; none means all of that, also what comes later.
        life: how long it lasts.
    """
    await forgive(connection, identity, address, now)
    token = rules.api_token(identity.book_id, secrets.token_urlsafe(32))
    expires_at = now + life
    limits = None if scope is None else sorted(scope)
    await connection.execute(
        insert(api_token).values(
            book_id=identity.book_id,
            token_hash=rules.digest(token),
            user_id=identity.user_id,
            label=label,
            created_at=now,
            expires_at=expires_at,
            scope=limits,
        )
    )
    await audit.record(
        connection,
        identity.book_id,
        actor=identity.username,
        role=identity.role,
        action=Action.TOKEN_CREATED,
        subject=f"token {rules.digest(token).hex()[:12]}",
        after={"expires_at": expires_at.isoformat(timespec="seconds"), "scope": limits or "all"},
        address=address,
    )
    return token, expires_at


async def recognise_token(
    connection: AsyncConnection, book_id: int, token_hash: bytes, now: datetime
) -> Recognised | None:
    """Whose bearer token it is: one look-up by primary key.

    Nothing if it is unknown, expired or revoked, or the user is no longer active.
    """
    asked = {"book": book_id, "token": token_hash}
    row = (await connection.execute(_TOKEN, asked | _moment(now))).mappings().one_or_none()
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


async def revoke_token(
    connection: AsyncConnection, book_id: int, token_hash: bytes, now: datetime, *, by: Identity | None = None
) -> None:
    """The token opens nothing any more. Other processes hear of it within ``rules.VERIFIED_FOR``.

    Args:
        connection: bound to the book; the caller commits.
        book_id: the cooperative's book.
        token_hash: which.
        now: an aware moment.
        by: who wishes it; only their own tokens are revoked then, and the trail hears of it.
    """
    mine = [api_token.c.book_id == book_id, api_token.c.token_hash == token_hash, api_token.c.revoked_at.is_(None)]
    if by is not None:
        mine.append(api_token.c.user_id == by.user_id)
    revoked = await connection.execute(update(api_token).where(*mine).values(revoked_at=now))
    if by is not None and revoked.rowcount:
        await audit.record(
            connection,
            book_id,
            actor=by.username,
            action=Action.TOKEN_REVOKED,
            subject=f"token {token_hash.hex()[:12]}",
        )


class VerifiedTokens:
    """Tokens that this process has verified moments ago, so that a busy program costs no look-up a request.

    Args:
        at_most: how many are kept; the oldest goes first.
    """

    def __init__(self, at_most: int = rules.VERIFIED_AT_MOST) -> None:
        self._at_most = at_most
        self._kept: dict[bytes, tuple[Identity, datetime]] = {}
        self._renewing: set[bytes] = set()

    def get(self, token_hash: bytes, now: datetime) -> Identity | None:
        """Whose token it is, if that was verified within the last seconds."""
        kept = self._kept.get(token_hash)
        if kept is None:
            return None
        identity, until = kept
        if now >= until:
            self.forget(token_hash)
            return None
        return identity

    def renews(self, token_hash: bytes, now: datetime) -> bool:
        """Whether this caller should look a token up again though it is still believed: it will not be for long.

        One caller is asked to; else all who come when the time is over would look it up at once.
        """
        kept = self._kept.get(token_hash)
        if kept is None or token_hash in self._renewing or now < kept[1] - rules.RENEWED_BEFORE:
            return False
        self._renewing.add(token_hash)
        return True

    def keep(self, token_hash: bytes, recognised: Recognised, now: datetime) -> None:
        """Remember a token for some seconds, never beyond its expiry."""
        self.forget(token_hash)
        while len(self._kept) >= self._at_most:
            self.forget(next(iter(self._kept)))
        self._kept[token_hash] = (recognised.identity, min(now + rules.VERIFIED_FOR, recognised.expires_at))

    def forget(self, token_hash: bytes) -> None:
        """It was revoked here: believe it no longer."""
        self._kept.pop(token_hash, None)
        self._renewing.discard(token_hash)

    def forget_user(self, book_id: int, user_id: int) -> None:
        """All tokens of a user were revoked here."""
        gone = [
            token_hash
            for token_hash, (identity, _) in self._kept.items()
            if (identity.book_id, identity.user_id) == (book_id, user_id)
        ]
        for token_hash in gone:
            self.forget(token_hash)


verified = VerifiedTokens()
"""One for the process."""
