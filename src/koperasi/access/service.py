"""Users and their passwords, and the log-in with its throttle. The caller commits."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.access import rules
from koperasi.access.tables import api_token, app_session, app_user, login_throttle
from koperasi.db import Database
from koperasi.errors import Conflict, NotFound, Refusal, TooManyRequests, Unauthorised
from koperasi.i18n import DEFAULT_LOCALE, N_
from koperasi.permissions import Identity, Role

ARGON2_PASSES = 3
ARGON2_MEMORY_KIB = 64 * 1024
ARGON2_LANES = 4
"""argon2id at RFC 9106's second recommended cost: 64 MiB and about 0.1 s for each password."""
HASHES_AT_ONCE = 2
"""More would take memory and processors away from the desk; further log-ins wait their turn."""

NOWHERE = 0
"""The book of log-ins that name no cooperative of ours: they are counted as well."""

_HASHER = Argon2Hasher(time_cost=ARGON2_PASSES, memory_cost=ARGON2_MEMORY_KIB, parallelism=ARGON2_LANES)
_HASHING = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="argon2")

# Nobody's: a password thrown away. An unknown user is checked against it, and so takes as long as a known one.
NOBODYS_HASH = "$argon2id$v=19$m=65536,t=3,p=4$73xI1OIJ7VJZqii3i+Gb1A$nSeAvlU91tZYA46XdrrS9GONouStclXHjlwQfKrIQLY"


async def hash_password(password: str) -> str:
    """An argon2id hash with its own salt and cost in it."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_HASHING, _HASHER.hash, rules.normal_password(password))


async def matches(password: str, password_hash: str) -> bool:
    """Is this the password? Always a full computation, two at a time for the process."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_HASHING, _HASHER.verify, rules.normal_password(password), password_hash)


@dataclass(frozen=True)
class User:
    """Somebody who may log in."""

    user_id: int
    username: str
    name: str
    role: Role
    member_number: str | None
    locale: str
    active: bool
    created_at: datetime


async def create_user(
    connection: AsyncConnection,
    book_id: int,
    *,
    username: str,
    name: str,
    role: Role,
    password: str,
    member_number: str | None = None,
    locale: str = DEFAULT_LOCALE,
) -> int:
    """Let somebody log in. A user with the role anggota belongs to a member, all others to none.

    Returns:
        The user's id.

    Raises:
        Refusal: the user name or the password breaks a rule, or there is no such member.
        Conflict: the user name is taken.
    """
    normal = rules.checked_username(username)
    rules.check_password(password, role=role, username=normal)
    if (role is Role.ANGGOTA) != (member_number is not None):
        raise Refusal(
            "member-number",
            N_("Pengguna anggota perlu nomor anggota; pengguna lain tanpa nomor anggota."),
            field="member_number",
        )
    statement = insert(app_user).values(
        book_id=book_id,
        username=normal,
        name=name,
        role=role,
        password_hash=await hash_password(password),
        member_number=member_number,
        locale=locale,
    )
    try:
        made = await connection.execute(
            statement.on_conflict_do_nothing(index_elements=["username", "book_id"]).returning(app_user.c.user_id)
        )
    except IntegrityError as error:
        if "fk_app_user_book_id_member_number_member" not in str(error.orig):
            raise
        raise Refusal(
            "unknown-member",
            N_("Tidak ada anggota dengan nomor %(number)s."),
            field="member_number",
            number=member_number,
        ) from None
    user_id: int | None = made.scalar()
    if user_id is None:
        raise Conflict(
            "username-taken", N_("Nama pengguna %(username)s sudah dipakai."), field="username", username=normal
        )
    return user_id


async def list_users(connection: AsyncConnection, book_id: int) -> list[User]:
    """Everybody who may log in, or might once: staff first, then members, each by name."""
    found = await connection.execute(
        select(app_user)
        .where(app_user.c.book_id == book_id)
        .order_by(app_user.c.role == Role.ANGGOTA, app_user.c.active.desc(), func.lower(app_user.c.name))
    )
    return [_user(row) for row in found.mappings()]


async def name_of(connection: AsyncConnection, book_id: int, username: str) -> str:
    """The name of a user, as paper wants it; the user name itself for one who is no user (an import, the demo)."""
    query = select(app_user.c.name).where(app_user.c.username == username, app_user.c.book_id == book_id)
    return str(await connection.scalar(query) or username)


async def user_by_id(connection: AsyncConnection, book_id: int, user_id: int) -> User:
    """One user.

    Raises:
        NotFound: not in this book.
    """
    row = None
    if 0 < user_id < 2**63:
        found = await connection.execute(
            select(app_user).where(app_user.c.book_id == book_id, app_user.c.user_id == user_id)
        )
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFound("user", N_("Pengguna tidak ditemukan."))
    return _user(row)


async def set_password(connection: AsyncConnection, book_id: int, user_id: int, password: str) -> None:
    """Give a user another password; all their sessions end and their API tokens are revoked.

    Raises:
        NotFound: not in this book.
        Refusal: the password breaks a rule.
    """
    user = await user_by_id(connection, book_id, user_id)
    rules.check_password(password, role=user.role, username=user.username)
    await connection.execute(
        update(app_user)
        .where(app_user.c.book_id == book_id, app_user.c.user_id == user_id)
        .values(password_hash=await hash_password(password))
    )
    await end_everywhere(connection, book_id, user_id)
    _, counter = rules.counters(user.username, "")
    await connection.execute(
        delete(login_throttle).where(login_throttle.c.book_id == book_id, login_throttle.c.key == counter.key)
    )


def new_password(role: Role) -> str:
    """A random first password (a PIN for members), to be shown once."""
    return rules.generated_password(secrets.token_bytes(16), role)


async def deactivate(connection: AsyncConnection, book_id: int, user_id: int, *, actor_id: int | None) -> None:
    """Keep a user out from now on; what they recorded stays theirs. Nobody can do it to themselves, so an admin stays.

    Raises:
        NotFound: not in this book.
        Refusal: it is the acting user.
    """
    if user_id == actor_id:
        raise Refusal("own-user", N_("Anda tidak dapat menonaktifkan diri sendiri."))
    await _set_active(connection, book_id, user_id, active=False)
    await end_everywhere(connection, book_id, user_id)


async def activate(connection: AsyncConnection, book_id: int, user_id: int) -> None:
    """Let a user in again, with the password they had.

    Raises:
        NotFound: not in this book.
    """
    await _set_active(connection, book_id, user_id, active=True)


async def set_locale(connection: AsyncConnection, book_id: int, user_id: int, locale: str) -> None:
    """The language a user reads."""
    await connection.execute(
        update(app_user).where(app_user.c.book_id == book_id, app_user.c.user_id == user_id).values(locale=locale)
    )


async def end_everywhere(connection: AsyncConnection, book_id: int, user_id: int) -> None:
    """End all sessions of a user and revoke all their API tokens."""
    await connection.execute(
        delete(app_session).where(app_session.c.book_id == book_id, app_session.c.user_id == user_id)
    )
    await connection.execute(
        update(api_token)
        .where(api_token.c.book_id == book_id, api_token.c.user_id == user_id, api_token.c.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )


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
                app_user.c.username == rules.normal_username(attempt.username).replace("\0", " "),
                app_user.c.active,
            )
        )
        row = found.mappings().one_or_none()
    # No connection is held while the hash is computed: log-ins that wait take none from the desk.
    fits = await matches(attempt.password, row["password_hash"] if row else NOBODYS_HASH)
    if row is None or not fits:
        raise Unauthorised("log-in", rules.WRONG, headers={"WWW-Authenticate": "Bearer"})
    return identity_of(row)


async def forgive(connection: AsyncConnection, identity: Identity, address: str, now: datetime) -> None:
    """A log-in succeeded: the user's failures are forgotten, and this try no longer counts against the address."""
    from_here, by_name = rules.counters(identity.username, address)
    mine = login_throttle.c.book_id == identity.book_id
    await connection.execute(
        update(login_throttle)
        .where(mine, login_throttle.c.key == from_here.key)
        .values(failures=func.greatest(login_throttle.c.failures - 1, 0), blocked_until=now)
    )
    await connection.execute(
        delete(login_throttle).where(
            mine,
            (login_throttle.c.key == by_name.key) | (login_throttle.c.last_failure_at < now - rules.FORGET_AFTER),
        )
    )


def identity_of(row: Mapping[Any, Any]) -> Identity:
    """Who a row of ``app_user`` is."""
    return Identity(
        book_id=row["book_id"],
        user_id=row["user_id"],
        username=row["username"],
        name=row["name"],
        role=Role(row["role"]),
        member_number=row["member_number"],
        locale=row["locale"],
    )


def _user(row: Mapping[Any, Any]) -> User:
    return User(
        user_id=row["user_id"],
        username=row["username"],
        name=row["name"],
        role=Role(row["role"]),
        member_number=row["member_number"],
        locale=row["locale"],
        active=row["active"],
        created_at=row["created_at"],
    )


async def _set_active(connection: AsyncConnection, book_id: int, user_id: int, *, active: bool) -> None:
    await user_by_id(connection, book_id, user_id)
    await connection.execute(
        update(app_user).where(app_user.c.book_id == book_id, app_user.c.user_id == user_id).values(active=active)
    )
