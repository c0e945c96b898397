"""Users and their passwords, and the log-in with its throttle. The caller commits."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.access import rules
from koperasi.access.leaked import check_leaked
from koperasi.access.tables import api_token, app_session, app_user, login_throttle
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives import service as cooperatives
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.i18n import DEFAULT_LOCALE, N_
from koperasi.permissions import GRANTS, Identity, Permission, Role

ARGON2_PASSES = 3
ARGON2_MEMORY_KIB = 64 * 1024
ARGON2_LANES = 4
"""argon2id at RFC 9106's second recommended cost: 64 MiB and about 0.1 s for each password."""
HASHES_AT_ONCE = 2
"""More would take memory and processors away from the desk; further log-ins wait their turn."""

OPERATOR = "operator"
"""The actor of what is done from the command line, by whoever runs the server."""

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
    valid_until: date | None
    must_change: bool
    has_totp: bool

    @property
    def identity(self) -> str:
        """The same person as the audit trail's subject."""
        return f"user {self.username}"


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
    valid_until: date | None = None,
    must_change: bool = False,
    by: str = OPERATOR,
) -> int:
    """Let somebody log in. A user with the role anggota belongs to a member, all others to none.

    Args:
        connection: bound to the book; the caller commits.
        book_id: the cooperative's book.
        username: what they type; a member's number for members.
        name: what people read.
        role: their office.
        password: a first one, or a PIN for members.
        member_number: of members.
        locale: what they read.
        valid_until: the last day on which they may log in; an auditor must have one.
        must_change: the password is known to others, so they are led to changing it before anything else.
        by: username of whoever lets them in.

    Returns:
        The user's id.

    Raises:
        Refusal: the user name or the password breaks a rule, or there is no such member.
        Conflict: the user name is taken.
    """
    normal = rules.checked_username(username)
    rules.check_password(password, role=role, username=normal, context=(name, *await _names_here(connection, book_id)))
    check_leaked(password)
    if (role is Role.ANGGOTA) != (member_number is not None):
        raise Refusal(
            "member-number",
            N_("Pengguna anggota perlu nomor anggota; pengguna lain tanpa nomor anggota."),
            field="member_number",
        )
    if role is Role.AUDITOR and valid_until is None:
        raise auditor_ends()
    statement = insert(app_user).values(
        book_id=book_id,
        username=normal,
        name=name,
        role=role,
        password_hash=await hash_password(password),
        member_number=member_number,
        locale=locale,
        valid_until=valid_until,
        must_change=must_change,
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
    ends = {"valid_until": valid_until.isoformat()} if valid_until else {}
    await audit.record(
        connection,
        book_id,
        actor=by,
        action=Action.USER_CREATED,
        subject=f"user {normal}",
        after={"role": role.value, **ends},
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
        raise _not_found()
    return _user(row)


def _not_found() -> NotFound:
    return NotFound("user", N_("Pengguna tidak ditemukan."))


async def user_by_name(connection: AsyncConnection, book_id: int, username: str) -> User:
    """Somebody who may log in, by the name they type.

    Raises:
        NotFound: not in this book.
    """
    normal = rules.normal_username(username)
    # The driver refuses text with a zero byte, and no name has one.
    wanted = (app_user.c.book_id == book_id, app_user.c.username == normal)
    found = await connection.execute(select(app_user).where(*wanted)) if normal.isprintable() else None
    row = found.mappings().one_or_none() if found else None
    if row is None:
        raise _not_found()
    return _user(row)


async def others_may(connection: AsyncConnection, book_id: int, permission: Permission, username: str | None) -> bool:
    """Whether somebody active, other than this user, has a role with this permission."""
    roles = [role.value for role, granted in GRANTS.items() if permission in granted]
    wanted = [app_user.c.book_id == book_id, app_user.c.active, app_user.c.role.in_(roles)]
    if username is not None:
        wanted.append(app_user.c.username != username)
    return bool(await connection.scalar(select(exists().where(*wanted))))


async def set_password(
    connection: AsyncConnection, book_id: int, user_id: int, password: str, *, reset_by: str | None = None
) -> None:
    """Give a user another password; all their sessions end and their API tokens are revoked.

    Args:
        connection: bound to the book; the caller commits.
        book_id: the cooperative's book.
        user_id: whose.
        password: the new one.
        reset_by: username of whoever gives it, if that is not the user: then the user must change it.

    Raises:
        NotFound: not in this book.
        Refusal: the password breaks a rule.
    """
    user = await user_by_id(connection, book_id, user_id)
    known = (user.name, *await _names_here(connection, book_id))
    rules.check_password(password, role=user.role, username=user.username, context=known)
    check_leaked(password)
    await connection.execute(
        update(app_user)
        .where(app_user.c.book_id == book_id, app_user.c.user_id == user_id)
        .values(password_hash=await hash_password(password), must_change=reset_by is not None)
    )
    await end_everywhere(connection, book_id, user_id)
    _, counter = rules.counters(user.username, "")
    await connection.execute(
        delete(login_throttle).where(login_throttle.c.book_id == book_id, login_throttle.c.key == counter.key)
    )
    await audit.record(
        connection,
        book_id,
        actor=reset_by or user.username,
        action=Action.PASSWORD_RESET if reset_by else Action.PASSWORD_CHANGED,
        subject=user.identity,
    )


async def _names_here(connection: AsyncConnection, book_id: int) -> tuple[str, ...]:
    """Names of the cooperative, which make no secret."""
    try:
        here = await cooperatives.cooperative_of(connection, book_id)
    except NotFound:
        return ()
    return here.name, here.code, here.village or ""


def auditor_ends() -> Refusal:
    """An external auditor's log-in has a last day."""
    message = N_("Auditor luar memerlukan tanggal akhir; sesudahnya ia tidak dapat masuk.")
    return Refusal("valid-until", message, field="valid_until")


def new_password(role: Role) -> str:
    """A random first password (a PIN for members), to be shown once."""
    return rules.generated_password(secrets.token_bytes(16), role)


async def deactivate(
    connection: AsyncConnection, book_id: int, user_id: int, *, actor_id: int | None, by: str = OPERATOR
) -> None:
    """Keep a user out from now on; what they recorded stays theirs. Nobody can do it to themselves, so an admin stays.

    Raises:
        NotFound: not in this book.
        Refusal: it is the acting user.
    """
    if user_id == actor_id:
        raise Refusal("own-user", N_("Anda tidak dapat menonaktifkan diri sendiri."))
    await _set_active(connection, book_id, user_id, active=False)
    await end_everywhere(connection, book_id, user_id)
    await _record_switch(connection, book_id, user_id, Action.USER_DEACTIVATED, by)


async def activate(connection: AsyncConnection, book_id: int, user_id: int, *, by: str = OPERATOR) -> None:
    """Let a user in again, with the password they had.

    Raises:
        NotFound: not in this book.
    """
    await _set_active(connection, book_id, user_id, active=True)
    await _record_switch(connection, book_id, user_id, Action.USER_ACTIVATED, by)


async def _record_switch(connection: AsyncConnection, book_id: int, user_id: int, action: Action, by: str) -> None:
    user = await user_by_id(connection, book_id, user_id)
    await audit.record(connection, book_id, actor=by, action=action, subject=user.identity)


async def forget_member(connection: AsyncConnection, book_id: int, member_number: str, *, name: str) -> None:
    """Close a member's own log-in for good and put ``name`` in the place of theirs: they asked to be forgotten."""
    mine = (app_user.c.book_id == book_id, app_user.c.member_number == member_number)
    changed = update(app_user).where(*mine).values(name=name, active=False).returning(app_user.c.user_id)
    for user_id in (await connection.scalars(changed)).all():
        await end_everywhere(connection, book_id, user_id)


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


ALL_PERMISSIONS = frozenset(Permission)


def identity_of(row: Mapping[Any, Any]) -> Identity:
    """Who a row of ``app_user`` is, and what the token beside it may be used for."""
    scope = row.get("scope")
    return Identity(
        book_id=row["book_id"],
        user_id=row["user_id"],
        username=row["username"],
        name=row["name"],
        role=Role(row["role"]),
        member_number=row["member_number"],
        locale=row["locale"],
        must_change=row["must_change"],
        must_enrol=bool(row.get("must_enrol")),
        scope=None if scope is None else frozenset(map(Permission, ALL_PERMISSIONS.intersection(scope))),
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
        valid_until=row["valid_until"],
        must_change=row["must_change"],
        has_totp=row["totp_since"] is not None,
    )


async def _set_active(connection: AsyncConnection, book_id: int, user_id: int, *, active: bool) -> None:
    await user_by_id(connection, book_id, user_id)
    await connection.execute(
        update(app_user).where(app_user.c.book_id == book_id, app_user.c.user_id == user_id).values(active=active)
    )
