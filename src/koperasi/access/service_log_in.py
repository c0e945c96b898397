"""The log-in and its throttle: who may try when, whose password it is, and what the trail hears of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.access import rules
from koperasi.access.service import NOBODYS_HASH, NOWHERE, identity_of, matches
from koperasi.access.tables import app_user, login_throttle
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.db import Database
from koperasi.errors import TooManyRequests, Unauthorised
from koperasi.i18n import N_
from koperasi.members import service as members
from koperasi.permissions import Identity, Role
from koperasi.phones import PhoneError, to_e164


@dataclass(frozen=True)
class Attempt:
    """Somebody tries to log in."""

    book_id: int
    """The cooperative's book, or ``NOWHERE``."""
    username: str
    password: str = field(repr=False)
    address: str
    now: datetime


COUNT_ATTEMPT = text("""
    INSERT INTO login_throttle AS t (book_id, key, failures, last_failure_at, blocked_until)
    VALUES (:book_id, :key, 1, :now, :now)
    ON CONFLICT (book_id, key) DO UPDATE SET
      failures = CASE WHEN t.last_failure_at < :forgotten THEN 1 ELSE t.failures + 1 END,
      last_failure_at = excluded.last_failure_at,
      blocked_until = excluded.last_failure_at + make_interval(secs => (CAST(:delays AS integer[]))[
        CASE WHEN t.last_failure_at < :forgotten THEN 1
             ELSE least(t.failures + 1, cardinality(CAST(:delays AS integer[]))) END])
    WHERE t.blocked_until <= excluded.last_failure_at
    RETURNING true
""")


async def count_attempt(connection: AsyncConnection, attempt: Attempt) -> None:
    """Count a try as failed before the password is looked at; ``forgive`` takes it back.

    So a hundred guesses at the same moment count as a hundred. Commit before going on.

    Raises:
        TooManyRequests: the user or the address must wait; nothing was counted. ``Retry-After`` says how long.
    """
    for counter in rules.counters(attempt.username, attempt.address):
        counted = await connection.execute(
            COUNT_ATTEMPT,
            {
                "book_id": attempt.book_id,
                "key": counter.key,
                "now": attempt.now,
                "forgotten": attempt.now - rules.FORGET_AFTER,
                "delays": counter.delays,
            },
        )
        if counted.scalar() is None:
            raise await _wait(connection, attempt, counter.key)


async def _wait(connection: AsyncConnection, attempt: Attempt, key: str) -> TooManyRequests:
    until: datetime = (
        await connection.execute(
            select(login_throttle.c.blocked_until).where(
                login_throttle.c.book_id == attempt.book_id, login_throttle.c.key == key
            )
        )
    ).scalar_one()
    seconds = max(1, math.ceil((until - attempt.now).total_seconds()))
    return TooManyRequests(
        "too-many-attempts",
        N_("Terlalu banyak percobaan. Tunggu %(seconds)s detik, lalu coba lagi."),
        headers={"Retry-After": str(seconds)},
        seconds=seconds,
    )


async def verify(database: Database, attempt: Attempt) -> Identity:
    """The user whose name and password these are. Takes the same work whether or not there is such a user.

    Raises:
        Unauthorised: something did not fit, and it is not said what.
    """
    async with database.reading(attempt.book_id) as connection:
        found = await connection.execute(
            select(app_user).where(
                app_user.c.book_id == attempt.book_id,
                app_user.c.username == _typed(attempt.username),
                *may_log_in(attempt.now),
            )
        )
        row = found.mappings().one_or_none()
    # No connection is held while the hash is computed: log-ins that wait take none from the desk.
    fits = await matches(attempt.password, row["password_hash"] if row else NOBODYS_HASH)
    if row is None or not fits:
        raise Unauthorised("log-in", rules.WRONG, headers={"WWW-Authenticate": "Bearer"})
    return identity_of(row)


async def record_failure(connection: AsyncConnection, attempt: Attempt) -> None:
    """Write in the trail that somebody could not log in, and by which name if that is a user's.

    What was typed is not written: people type their password into the wrong field.
    """
    if attempt.book_id == NOWHERE:
        return
    mine = (app_user.c.book_id == attempt.book_id, app_user.c.username == _typed(attempt.username))
    username = await connection.scalar(select(app_user.c.username).where(*mine))
    await audit.record(
        connection,
        attempt.book_id,
        actor=username or "?",
        action=Action.LOG_IN_FAILED,
        subject=f"user {username}" if username else "unknown user",
        address=attempt.address,
    )


async def forgive_address(connection: AsyncConnection, identity: Identity, address: str, now: datetime) -> None:
    """The password was right: this try no longer counts against the address."""
    from_here, _ = rules.counters(identity.username, address)
    await connection.execute(
        update(login_throttle)
        .where(login_throttle.c.book_id == identity.book_id, login_throttle.c.key == from_here.key)
        .values(failures=func.greatest(login_throttle.c.failures - 1, 0), blocked_until=now)
    )


async def forgive(connection: AsyncConnection, identity: Identity, address: str, now: datetime) -> None:
    """A log-in succeeded: the user's failures are forgotten, and this try no longer counts against the address."""
    await forgive_address(connection, identity, address, now)
    _, by_name = rules.counters(identity.username, address)
    await connection.execute(
        delete(login_throttle).where(
            login_throttle.c.book_id == identity.book_id,
            (login_throttle.c.key == by_name.key) | (login_throttle.c.last_failure_at < now - rules.FORGET_AFTER),
        )
    )


def _typed(username: str) -> str:
    """A name as it may stand in a query."""
    return rules.normal_username(username).replace("\0", " ").encode("utf-8", "replace").decode()


def may_log_in(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Conditions on a user: active, and the account has not ended (its last day counts, by UTC)."""
    return may_log_in_on(now.astimezone(UTC).date())


def may_log_in_on(day: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The same on a day by UTC, or on one that a statement is given when it is asked."""
    return app_user.c.active, or_(app_user.c.valid_until.is_(None), app_user.c.valid_until >= day)


async def known_by_phone(connection: AsyncConnection, attempt: Attempt) -> Attempt:
    """The same attempt under the member's own user name, if what was typed is the phone of exactly one who may log in.

    A phone that a family shares names nobody: they log in by their numbers.
    """
    try:
        phone = to_e164(attempt.username)
    except PhoneError:
        return attempt
    found = await members.search(connection, attempt.book_id, text=phone, limit=AS_MANY_AS_SHARE)
    users = await connection.scalars(
        select(app_user.c.username).where(
            app_user.c.book_id == attempt.book_id,
            app_user.c.role == Role.ANGGOTA,
            app_user.c.member_number.in_([member.number for member in found if member.phone == phone]),
            *may_log_in(attempt.now),
        )
    )
    names = users.all()
    return replace(attempt, username=names[0]) if len(names) == 1 else attempt


AS_MANY_AS_SHARE = 20
"""Members looked at who share one phone."""
