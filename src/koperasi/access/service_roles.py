"""Another role for a user, which a second person may have to agree to. The caller commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import update

from koperasi.access import service
from koperasi.access.service import User, end_everywhere, user_by_id
from koperasi.access.service_tokens import verified
from koperasi.access.tables import app_user
from koperasi.approvals import service as approvals
from koperasi.approvals.service import Act, Approval, Kind
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Work
from koperasi.errors import Conflict, Refusal
from koperasi.formats import format_date
from koperasi.i18n import N_
from koperasi.permissions import GRANTS, Permission, Role
from koperasi.posting import Idempotency

ABOUT = "user"
"""The first word of such an act's subject."""

STAFF_ROLES = tuple(role for role in Role if role is not Role.ANGGOTA)
"""Who works here. A member's log-in is a member's for good: they get another one beside it."""

OWN_ROLE = N_("Anda tidak dapat mengubah peran Anda sendiri.")
MEMBERS_ROLE = N_("Pengguna anggota tetap anggota; buatkan pengguna lain untuk bekerja di sini.")


@dataclass(frozen=True, slots=True)
class NewRole:
    """What a user is to be. ``valid_until``: the last day of their log-in; if none is given, the one they had."""

    user_id: int
    role: Role
    valid_until: date | None = None


async def set_role(work: Work, new: NewRole, *, actor: str, idempotency: Idempotency, now: datetime) -> Approval | None:
    """Give a user another role, or ask a second person for it if the policies want one.

    All sessions and tokens of the user end: they log in anew with what the new role may do.

    Args:
        work: the transaction.
        new: who and what.
        actor: username of the admin.
        idempotency: the same request finds its draft again.
        now: the moment.

    Returns:
        What waits for a second person; nothing if the role was changed, or was that one before.

    Raises:
        NotFound: ``user``.
        Refusal: ``own-role``, ``member-role``, ``valid-until`` (an auditor's account ends), ``last-admin``.
    """
    if (before := await approvals.asked(work.connection, work.book_id, idempotency)) is not None:
        return before
    user = await user_by_id(work.connection, work.book_id, new.user_id)
    if user.username == actor:
        raise Refusal("own-role", OWN_ROLE, field="role")
    await _check(work, user, new)
    until = new.valid_until or user.valid_until
    if (user.role, user.valid_until) == (new.role, until):
        return None
    today = (await cooperative_of(work.connection, work.book_id)).today(now)
    if not await approvals.needs_second(work.connection, work.book_id, Kind.ROLE_CHANGE, today, actor=actor):
        await _change(work, user, new, by=actor)
        return None
    effects = [(N_("Peran"), user.role.label, new.role.label)]
    if until != user.valid_until:
        effects.append((N_("Berlaku sampai"), _day(user.valid_until), _day(until)))
    act = Act(
        kind=Kind.ROLE_CHANGE,
        subject=f"{ABOUT} {user.username}",
        params={
            "user_id": user.user_id,
            "from": user.role.value,
            "to": new.role.value,
            "valid_until": new.valid_until.isoformat() if new.valid_until else None,
        },
        effects=[(N_("Nama pengguna"), "", user.username), *effects],
        actor=actor,
        idempotency=idempotency,
    )
    return await approvals.ask_act(work.connection, work.book_id, act, now)


async def let_in(
    work: Work, user_id: int, *, actor: str, idempotency: Idempotency, now: datetime, just_made: bool = False
) -> Approval | None:
    """Let a user log in: whoever was switched off, or was just made. A second person agrees to one who may agree.

    Else an admin could make the second person, and be both. Until then the user is switched off.

    Args:
        work: the transaction.
        user_id: whom.
        actor: username of the admin.
        idempotency: the same request finds its draft again.
        now: the moment.
        just_made: the user was made in this transaction, and is active.

    Returns:
        What waits for a second person; nothing if the user may log in.

    Raises:
        NotFound: ``user``.
    """
    if (before := await approvals.asked(work.connection, work.book_id, idempotency)) is not None:
        return before
    user = await user_by_id(work.connection, work.book_id, user_id)
    today = (await cooperative_of(work.connection, work.book_id)).today(now)
    asks = Permission.APPROVE in GRANTS[user.role] and await approvals.needs_second(
        work.connection, work.book_id, Kind.ROLE_CHANGE, today, actor=user.username
    )
    if not asks:
        if not just_made:
            await service.activate(work.connection, work.book_id, user_id, by=actor)
        return None
    if just_made:
        await service.deactivate(work.connection, work.book_id, user_id, actor_id=None, by=actor)
    act = Act(
        kind=Kind.ROLE_CHANGE,
        subject=f"{ABOUT} {user.username}",
        params={"user_id": user_id, "from": user.role.value, "to": user.role.value, "activate": True},
        effects=[
            (N_("Nama pengguna"), "", user.username),
            (N_("Peran"), "", user.role.label),
            (N_("Keadaan"), N_("Nonaktif"), N_("Aktif")),
        ],
        actor=actor,
        idempotency=idempotency,
    )
    return await approvals.ask_act(work.connection, work.book_id, act, now)


async def carry_out(work: Work, found: Approval, approver: str) -> int | None:
    """Change the role that somebody agreed to. Posts no entry.

    Raises:
        Conflict: ``own-role``: it is the role of who agrees; ``user-changed``: it is another one by now.
        Refusal: as ``set_role`` does.
    """
    facts = found.params
    user = await user_by_id(work.connection, work.book_id, facts["user_id"])
    if user.username == approver:
        raise Conflict("own-role", OWN_ROLE)
    if user.role.value != facts["from"]:
        raise Conflict("user-changed", N_("Peran pengguna ini sudah berubah sejak diminta; tolak, lalu minta lagi."))
    if facts.get("activate"):
        await service.activate(work.connection, work.book_id, user.user_id, by=found.asked_by)
        return None
    until = date.fromisoformat(facts["valid_until"]) if facts["valid_until"] else None
    new = NewRole(user.user_id, Role(facts["to"]), until)
    await _check(work, user, new)
    await _change(work, user, new, by=found.asked_by)
    return None


async def _check(work: Work, user: User, new: NewRole) -> None:
    if Role.ANGGOTA in {user.role, new.role}:
        raise Refusal("member-role", MEMBERS_ROLE, field="role")
    if new.role is Role.AUDITOR and (new.valid_until or user.valid_until) is None:
        raise service.auditor_ends()
    keeps = await service.others_may(work.connection, work.book_id, Permission.MANAGE_USERS, user.username)
    if user.role is Role.ADMIN and new.role is not Role.ADMIN and not keeps:
        raise Refusal("last-admin", N_("Ini admin terakhir; tunjuk admin lain dahulu."), field="role")


async def _change(work: Work, user: User, new: NewRole, *, by: str) -> None:
    until = new.valid_until or user.valid_until
    await work.connection.execute(
        update(app_user)
        .where(app_user.c.book_id == work.book_id, app_user.c.user_id == user.user_id)
        .values(role=new.role.value, valid_until=until)
    )
    await end_everywhere(work.connection, work.book_id, user.user_id)
    verified.forget_user(work.book_id, user.user_id)
    await audit.record(
        work.connection,
        work.book_id,
        actor=by,
        action=Action.ROLE_CHANGED,
        subject=user.identity,
        before={"role": user.role.value, "valid_until": user.valid_until and user.valid_until.isoformat()},
        after={"role": new.role.value, "valid_until": until and until.isoformat()},
    )


def _day(day: date | None) -> str:
    return "" if day is None else format_date(day)
