"""Use cases of business groups: register, find, change, and who comes and goes.

A group's money stands in the ledger, in an account of its own beneath the groups' control account, from the first day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

import ledger
from koperasi.cooperatives.service import Cooperative, account_code, next_number
from koperasi.db import Work
from koperasi.errors import Conflict, FieldError, Refusal
from koperasi.formats import InputError
from koperasi.groups import rules
from koperasi.groups.model import (
    NOT_ACTIVE,
    OFFICES,
    UNKNOWN_MEMBER,
    Belonging,
    Changes,
    Filter,
    Group,
    GroupPage,
    Membership,
    NewGroup,
    invalid,
    is_active,
    not_in,
    unknown,
    unknown_member,
)
from koperasi.groups.rules import GroupRole, GroupStatus, Sector
from koperasi.groups.service_doctor import ledger_accounts
from koperasi.groups.service_reading import belongings_of, candidates, find_groups, group_by_number, villages
from koperasi.groups.tables import business_group, group_membership
from koperasi.i18n import N_
from koperasi.members import service as members
from koperasi.posting import MESSAGES, Idempotency

__all__ = [
    "OFFICES",
    "UNKNOWN_MEMBER",
    "Belonging",
    "Changes",
    "Filter",
    "Group",
    "GroupPage",
    "GroupRole",
    "GroupStatus",
    "Membership",
    "NewGroup",
    "Sector",
    "add_member",
    "belongings_of",
    "candidates",
    "change",
    "find_groups",
    "group_by_number",
    "ledger_accounts",
    "register",
    "remove_member",
    "villages",
]


async def register(
    work: Work,
    cooperative: Cooperative,
    new: NewGroup,
    *,
    actor: str,
    today: date,
    idempotency: Idempotency | None = None,
) -> tuple[Group, bool]:
    """Register a group, open its account in the ledger, and seat its officers; the flag tells a repeated request.

    A repeated request wrote nothing: leave it without committing, or the number it took is lost.

    Raises:
        Refusal: ``group-invalid`` with an error for each field; ``idempotency-mismatch``.
        Conflict: ``group-exists``: this name stands in this village already.
    """
    # The series' row stays locked until the end, so whoever comes second sees what the first one wrote.
    number = rules.group_number(await next_number(work.connection, work.book_id, "group"))
    if idempotency is not None and (known := await _replayed(work, idempotency)):
        return await group_by_number(work.connection, work.book_id, known), True
    name, village, sector = await _checked(work, new, today)
    account_id = await _open_account(work, cooperative, number, new.founded_on)
    values = {
        "book_id": work.book_id,
        "number": number,
        "name": name,
        "name_folded": name.casefold(),
        "village": village,
        "sector": sector.value,
        "founded_on": new.founded_on,
        "ledger_account_id": account_id,
        "request_key": f"{idempotency.key} {idempotency.fingerprint.hex()}" if idempotency else None,
        "created_by": actor,
    }
    try:
        await work.connection.execute(insert(business_group).values(values))
    except IntegrityError as error:
        raise _taken_name(error) from error
    for role, member_number in new.officers.items():
        await _seat(work, number, member_number, role, joined_on=new.founded_on, actor=actor)
    return await group_by_number(work.connection, work.book_id, number), False


async def change(work: Work, number: str, changes: Changes, *, today: date) -> Group:
    """Change a group's name, village, trade or status. Dissolving it closes its account, and is for good.

    Raises:
        NotFound: no such group.
        Refusal: ``group-invalid``, ``group-dissolved``, or ``group-has-funds``: a group with money can't be dissolved.
        Conflict: ``group-exists``.
    """
    account_id = await _lock(work, number)
    given = {"name": changes.name, "village": changes.village, "sector": changes.sector}
    clean, errors = _clean({name: text for name, text in given.items() if text is not None})
    if errors:
        raise invalid(errors)
    values: dict[str, object] = {**clean}
    if "name" in clean:
        values["name_folded"] = clean["name"].casefold()
    if changes.status is not None:
        values["status"] = changes.status.value
    if changes.status is GroupStatus.BUBAR:
        await _close_account(work, account_id, today)
    if values:
        table = business_group
        try:
            await work.connection.execute(
                update(table).where(table.c.book_id == work.book_id, table.c.number == number).values(values)
            )
        except IntegrityError as error:
            raise _taken_name(error) from error
    return await group_by_number(work.connection, work.book_id, number)


async def add_member(
    work: Work, number: str, member_number: str, role: GroupRole, *, actor: str, today: date
) -> Membership:
    """Take a member of the cooperative into a group from today on. Who left may come back.

    Raises:
        NotFound: no such group or member.
        Refusal: ``group-dissolved``; ``member-not-active``: only active members can join.
        Conflict: ``group-member-exists``; ``officer-taken``: somebody holds this office.
    """
    await _lock(work, number)
    if not member_number.isprintable():
        raise unknown_member()
    person = await members.member_by_number(work.connection, work.book_id, member_number)
    if not is_active(person):
        raise Refusal("member-not-active", NOT_ACTIVE, field="member")
    group = await group_by_number(work.connection, work.book_id, number)
    if any(one.member.number == person.number for one in group.members):
        raise Conflict("group-member-exists", N_("Anggota ini sudah ada di kelompok."), field="member")
    if role in group.officers:
        raise Conflict(
            "officer-taken",
            N_("Jabatan ini masih dipegang anggota %(member)s. Keluarkan dahulu atau pilih jabatan lain."),
            field="role",
            member=group.officers[role].member.number,
        )
    await _seat(work, number, person.number, role, joined_on=today, actor=actor)
    return Membership(person, role, today, None)


async def remove_member(work: Work, number: str, member_number: str, *, today: date) -> None:
    """Let somebody leave a group today; their time in it stays on record.

    Raises:
        NotFound: no such group, or not in it.
        Refusal: ``group-dissolved``.
    """
    await _lock(work, number)
    if not member_number.isprintable():
        raise not_in()
    table = group_membership
    left = await work.connection.execute(
        update(table)
        .where(
            table.c.book_id == work.book_id,
            table.c.group_number == number,
            table.c.member_number == member_number,
            table.c.left_on.is_(None),
        )
        # A business date may stand before the day of joining; nobody leaves before they came.
        .values(left_on=func.greatest(table.c.joined_on, today))
        .returning(table.c.left_on)
    )
    if left.first() is None:
        raise not_in()


async def _replayed(work: Work, idempotency: Idempotency) -> str | None:
    """The number of the group that this key registered."""
    table = business_group
    query = select(table.c.number, table.c.request_key).where(
        table.c.book_id == work.book_id, func.split_part(table.c.request_key, " ", 1) == idempotency.key
    )
    found = (await work.connection.execute(query)).first()
    if found is None:
        return None
    if found.request_key != f"{idempotency.key} {idempotency.fingerprint.hex()}":
        raise Refusal("idempotency-mismatch", MESSAGES["idempotency-mismatch"], field="Idempotency-Key")
    return str(found.number)


async def _checked(work: Work, new: NewGroup, today: date) -> tuple[str, str, Sector]:
    """Name, village and trade as they shall stand, after looking at everything, so that all errors come at once."""
    clean, errors = _clean({"name": new.name, "village": new.village, "sector": new.sector})
    if new.founded_on > today:
        errors.append(FieldError("founded_on", "date-future", N_("Tanggal berdiri belum tiba.")))
    asked = [number for number in new.officers.values() if number.isprintable()]
    found = await members.find_by_numbers(work.connection, work.book_id, asked)
    seated: set[str] = set()
    for role, number in new.officers.items():
        person = found.get(number)
        if person is None:
            errors.append(FieldError(role.value, "member-unknown", UNKNOWN_MEMBER))
        elif not is_active(person):
            errors.append(FieldError(role.value, "member-not-active", NOT_ACTIVE))
        elif number in seated:
            errors.append(
                FieldError(role.value, "officer-twice", N_("Satu anggota hanya dapat memegang satu jabatan."))
            )
        seated.add(number)
    if errors:
        raise invalid(errors)
    return clean["name"], clean["village"], Sector(clean["sector"])


def _clean(given: Mapping[str, str]) -> tuple[dict[str, str], list[FieldError]]:
    """What can stand in the register, and what is wrong with the rest."""
    cleaners = {"name": rules.clean_group_name, "village": rules.clean_village, "sector": rules.clean_sector}
    clean: dict[str, str] = {}
    errors: list[FieldError] = []
    for name, text in given.items():
        try:
            clean[name] = str(cleaners[name](text))
        except InputError as error:
            errors.append(error.at(name))
    return clean, errors


async def _open_account(work: Work, cooperative: Cooperative, number: str, opened_on: date) -> int:
    """The group's own account beneath the groups' control account; it can't be overdrawn."""
    above = await ledger.account_by_code(work.connection, work.book_id, account_code(cooperative.kind, "groups.funds"))
    code = f"{above.code}.{number}"
    account = ledger.NewAccount(
        code,
        name_id=f"{above.name_id} {number}",
        name_en=f"{above.name_en} {number}",
        type=above.type,
        side=above.side,
        currency=above.currency,
        floor=0,
        opened_on=opened_on,
    )
    return (await ledger.open_accounts(work.connection, work.book_id, [account]))[code]


async def _close_account(work: Work, account_id: int, today: date) -> None:
    try:
        await ledger.close_account(work.connection, work.book_id, account_id, today)
    except ledger.AccountError as error:
        raise Refusal(
            "group-has-funds",
            N_("Kelompok masih memiliki dana; kosongkan akunnya sebelum dibubarkan."),
            field="status",
        ) from error


async def _lock(work: Work, number: str) -> int:
    """Keep a group to ourselves until the end; returns its ledger account.

    Raises:
        NotFound: no such group.
        Refusal: ``group-dissolved``: nothing changes about it any more.
    """
    table = business_group
    row = None
    if rules.is_group_number(number):
        query = (
            select(table.c.status, table.c.ledger_account_id)
            .where(table.c.book_id == work.book_id, table.c.number == number)
            .with_for_update()
        )
        row = (await work.connection.execute(query)).first()
    if row is None:
        raise unknown()
    if row.status == GroupStatus.BUBAR:
        raise Refusal("group-dissolved", N_("Kelompok ini sudah bubar dan tidak dapat diubah lagi."))
    return int(row.ledger_account_id)


async def _seat(work: Work, number: str, member_number: str, role: GroupRole, *, joined_on: date, actor: str) -> None:
    """Write a membership; one that began and ended on the same day goes on."""
    statement = insert(group_membership).values(
        book_id=work.book_id,
        group_number=number,
        member_number=member_number,
        joined_on=joined_on,
        role=role.value,
        created_by=actor,
    )
    await work.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["book_id", "group_number", "member_number", "joined_on"],
            set_={"left_on": None, "role": role.value, "created_by": actor},
        )
    )


def _taken_name(error: IntegrityError) -> Exception:
    """A conflict if the name is taken in this village; anything else is a mistake of ours and stays one."""
    if "uq_business_group_name_folded_village_book_id" in str(error.orig):
        return Conflict("group-exists", N_("Sudah ada kelompok dengan nama ini di desa itu."), field="name")
    return error
