"""The second factor of staff: set up, asked for, taken away. The caller commits, also when a code did not fit."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.access import rules_second as rules
from koperasi.access.service import user_by_id
from koperasi.access.tables import app_recovery_code, app_user
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.errors import Conflict, Refusal
from koperasi.i18n import N_
from koperasi.permissions import Identity
from koperasi.privacy import service as privacy
from koperasi.privacy.service import Place

WRONG_CODE = N_("Kode tidak cocok atau sudah dipakai. Tunggu kode berikutnya, lalu coba lagi.")


def _place(book_id: int, user_id: int) -> Place:
    return Place("app_user", "totp_secret", book_id, str(user_id))


async def is_enrolled(connection: AsyncConnection, book_id: int, user_id: int) -> bool:
    """Is this user asked for a code?"""
    query = select(app_user.c.totp_since).where(app_user.c.book_id == book_id, app_user.c.user_id == user_id)
    return await connection.scalar(query) is not None


async def start_enrolment(connection: AsyncConnection, identity: Identity) -> bytes:
    """A secret for the user's phone; the same one until a first code has fitted.

    Raises:
        Conflict: ``totp-enrolled``: the user has one already.
    """
    mine = (app_user.c.book_id == identity.book_id, app_user.c.user_id == identity.user_id)
    row = (
        await connection.execute(select(app_user.c.totp_secret, app_user.c.totp_since).where(*mine).with_for_update())
    ).one()
    if row.totp_since is not None:
        raise Conflict("totp-enrolled", N_("Kode kedua sudah dipasang."))
    place = _place(identity.book_id, identity.user_id)
    if row.totp_secret is not None:
        return privacy.unseal(place, row.totp_secret)
    secret = secrets.token_bytes(rules.SECRET_BYTES)
    await connection.execute(update(app_user).where(*mine).values(totp_secret=privacy.seal(place, secret)))
    return secret


async def confirm(connection: AsyncConnection, identity: Identity, typed: str, now: datetime) -> list[str]:
    """The phone shows the right code: from now on it is asked for. Returns the recovery codes, shown this once.

    Raises:
        Refusal: ``totp-code``.
        Conflict: ``totp-enrolled``.
    """
    secret = await start_enrolment(connection, identity)
    step = rules.fitting_step(secret, typed, now, 0)
    if step is None:
        raise Refusal("totp-code", WRONG_CODE, field="code")
    await connection.execute(
        update(app_user)
        .where(app_user.c.book_id == identity.book_id, app_user.c.user_id == identity.user_id)
        .values(totp_since=now, totp_last_step=step)
    )
    codes = await renew_recovery_codes(connection, identity)
    await audit.record(
        connection,
        identity.book_id,
        actor=identity.username,
        action=Action.TOTP_ENROLLED,
        subject=f"user {identity.username}",
    )
    return codes


async def renew_recovery_codes(connection: AsyncConnection, identity: Identity) -> list[str]:
    """Other recovery codes in place of those before; only their digests are kept."""
    await _forget_codes(connection, identity.book_id, identity.user_id)
    codes = rules.recovery_codes(secrets.token_bytes(rules.RECOVERY_CODES * rules.RECOVERY_SIGNS))
    rows = [
        {"book_id": identity.book_id, "user_id": identity.user_id, "code_hash": rules.recovery_digest(code)}
        for code in codes
    ]
    await connection.execute(insert(app_recovery_code), rows)
    return codes


async def fits(connection: AsyncConnection, identity: Identity, typed: str, now: datetime) -> Action | None:
    """Is it a code of the user's phone, or one of their recovery codes? Either is used up by this.

    Returns:
        What to write in the trail once the log-in is done (``LOG_IN`` or ``RECOVERY_USED``); nothing if it fits none.
    """
    mine = (app_user.c.book_id == identity.book_id, app_user.c.user_id == identity.user_id)
    if not rules.is_code(typed):
        used = await connection.execute(
            update(app_recovery_code)
            .where(
                app_recovery_code.c.book_id == identity.book_id,
                app_recovery_code.c.user_id == identity.user_id,
                app_recovery_code.c.code_hash == rules.recovery_digest(typed),
                app_recovery_code.c.used_at.is_(None),
            )
            .values(used_at=now)
        )
        return Action.RECOVERY_USED if used.rowcount else None
    # Locked, so that of two log-ins with one code the second finds it used.
    query = select(app_user.c.totp_secret, app_user.c.totp_last_step).where(*mine).with_for_update()
    row = (await connection.execute(query)).one()
    secret = privacy.unseal(_place(identity.book_id, identity.user_id), row.totp_secret)
    step = rules.fitting_step(secret, typed, now, row.totp_last_step)
    if step is None:
        return None
    await connection.execute(update(app_user).where(*mine).values(totp_last_step=step))
    return Action.LOG_IN


async def record_recovery(connection: AsyncConnection, identity: Identity) -> None:
    """Write that somebody came in with a recovery code; after the log-in itself, which the trail must not hold up."""
    await audit.record(
        connection,
        identity.book_id,
        actor=identity.username,
        role=identity.role,
        action=Action.RECOVERY_USED,
        subject=f"user {identity.username}",
        after={"left": await recovery_codes_left(connection, identity)},
    )


async def recovery_codes_left(connection: AsyncConnection, identity: Identity) -> int:
    """How many recovery codes still work."""
    query = select(func.count()).where(
        app_recovery_code.c.book_id == identity.book_id,
        app_recovery_code.c.user_id == identity.user_id,
        app_recovery_code.c.used_at.is_(None),
    )
    return int(await connection.scalar(query) or 0)


async def remove(connection: AsyncConnection, book_id: int, user_id: int, *, by: str) -> None:
    """No code is asked for any more: the phone is lost, or its owner wishes it. The secret is forgotten.

    Raises:
        NotFound: not in this book.
    """
    user = await user_by_id(connection, book_id, user_id)
    await _forget_codes(connection, book_id, user_id)
    await connection.execute(
        update(app_user)
        .where(app_user.c.book_id == book_id, app_user.c.user_id == user_id)
        .values(totp_secret=None, totp_since=None, totp_last_step=0)
    )
    await audit.record(connection, book_id, actor=by, action=Action.TOTP_REMOVED, subject=user.identity)


async def _forget_codes(connection: AsyncConnection, book_id: int, user_id: int) -> None:
    await connection.execute(
        delete(app_recovery_code).where(app_recovery_code.c.book_id == book_id, app_recovery_code.c.user_id == user_id)
    )
