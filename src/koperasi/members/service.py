"""Use cases of membership: register, find, change. All SQL of the slice stands here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, any_, delete, func, insert, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from koperasi.cooperatives.service import next_number, next_numbers
from koperasi.db import Work
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.i18n import N_
from koperasi.members.model import REFERENCE_MAX_LENGTH, Heir, Member, NewMember, cleaned, entered
from koperasi.members.rules import (
    DESTINATION_COUNTRIES,
    MemberStatus,
    MigrantStatus,
    allowed_transitions,
    check_transition,
    country_codes,
    country_name,
    fold,
    make_member_number,
)
from koperasi.members.tables import member, member_heir
from koperasi.posting import Idempotency

__all__ = [
    "DESTINATION_COUNTRIES",
    "Heir",
    "Member",
    "MemberStatus",
    "MigrantStatus",
    "NewMember",
    "allowed_transitions",
    "change",
    "country_codes",
    "country_name",
    "find_by_external_reference",
    "find_by_nik",
    "find_by_numbers",
    "member_by_number",
    "register",
    "register_many",
    "roster",
    "search",
]

SERIES = "member"
roster = select(member.c.book_id, member.c.number, member.c.name, member.c.status).subquery("roster")
"""Who is who, for other slices' queries to join."""

NIK_TAKEN = N_("NIK ini sudah terdaftar pada anggota lain.")
NIK_TAKEN_BY = N_("NIK ini sudah terdaftar pada anggota %(number)s.")


async def register(
    work: Work, new: NewMember, *, actor: str, request_key: Idempotency | None = None
) -> tuple[Member, bool]:
    """Enter a person in the register of members; also whether the same request had done so before.

    Args:
        work: bound to the cooperative's book; the caller commits.
        new: as stated; it is tidied and checked here.
        actor: who registers.
        request_key: the same key with the same request gives the same member.

    Raises:
        Refusal: ``member-invalid`` with an error for each wrong field; ``idempotency-mismatch``.
        Conflict: ``nik-taken``.
    """
    if request_key and (found := await _registered_before(work, request_key)):
        return found, True
    new = cleaned(new)
    number = make_member_number(await next_number(work.connection, work.book_id, SERIES))
    # Taking the number has put concurrent registrations in this book in a row: what they wrote is seen now.
    if request_key and (found := await _registered_before(work, request_key)):
        return found, True
    await _check_niks(work, [new])
    await _insert(work, {number: new}, actor, request_key)
    return entered(new, number), False


async def register_many(work: Work, news: Sequence[NewMember], *, actor: str) -> list[Member]:
    """Enter many people at once, for imports; in the order given, numbered in that order.

    Raises:
        Refusal: ``member-invalid``; its fields are named ``<position>.<field>``.
        Conflict: ``nik-taken``, also when a NIK comes twice.
    """
    tidy = [cleaned(new, at=f"{position}.") for position, new in enumerate(news)]
    if not tidy:
        return []
    serials = await next_numbers(work.connection, work.book_id, SERIES, len(tidy))
    await _check_niks(work, tidy)
    numbered = dict(zip(map(make_member_number, serials), tidy, strict=True))
    await _insert(work, numbered, actor, None)
    return [entered(new, number) for number, new in numbered.items()]


async def change(work: Work, number: str, changes: Mapping[str, Any], *, actor: str, today: date) -> Member:
    """Change what is known of a member; what ``changes`` does not name stays.

    Args:
        work: bound to the cooperative's book; the caller commits.
        number: whose.
        changes: names of ``NewMember`` to new values; ``heirs`` are replaced as a whole.
        actor: who changes.
        today: the business day; the day of leaving when the new status ends the membership.

    Raises:
        NotFound: ``member``.
        Refusal: ``member-invalid``, ``member-status``.
        Conflict: ``nik-taken``.
    """
    del actor  # who changed what is kept with the audit trail, once there is one
    query = select(*member.c).where(member.c.number == number, member.c.book_id == work.book_id).with_for_update()
    row = (await work.connection.execute(query)).one_or_none() if _is_number(number) else None
    if row is None:
        raise not_found()
    known = _member(row, await _heirs(work.connection, work.book_id, number))
    wanted = cleaned(replace(known, **changes))
    left_on = known.left_on
    if wanted.status is not known.status:
        check_transition(known.status, wanted.status)
        left_on = today if wanted.status.has_left else None
    if wanted.nik != known.nik:
        await _check_niks(work, [wanted])
    try:
        await work.connection.execute(
            update(member)
            .where(member.c.number == number, member.c.book_id == work.book_id)
            .values(**_columns(wanted), left_on=left_on)
        )
    except IntegrityError as error:
        raise _taken(error) from error
    if wanted.heirs != known.heirs:
        mine = (member_heir.c.member_number == number, member_heir.c.book_id == work.book_id)
        await work.connection.execute(delete(member_heir).where(*mine))
        await _insert_heirs(work, {number: wanted})
    return replace(wanted, left_on=left_on)


async def member_by_number(connection: AsyncConnection, book_id: int, number: str) -> Member:
    """One member, with heirs.

    Raises:
        NotFound: ``member``.
    """
    query = _members(book_id).where(member.c.number == number)
    row = (await connection.execute(query)).one_or_none() if _is_number(number) else None
    if row is None:
        raise not_found()
    return _member(row, await _heirs(connection, book_id, number))


def _is_number(text: str) -> bool:
    """It can be a member's number: what comes in an address may be anything, also what no database can carry."""
    return text.isascii() and text.isdigit() and len(text) < REFERENCE_MAX_LENGTH


def not_found() -> NotFound:
    """There is no such member in this book."""
    return NotFound("member", N_("Anggota dengan nomor ini tidak ada."))


async def search(
    connection: AsyncConnection,
    book_id: int,
    *,
    text: str = "",
    status: MemberStatus | None = None,
    migrant_status: MigrantStatus | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[Member]:
    """Members in the order of their numbers, without heirs; ``after`` is the last number of the page before.

    ``text`` is a number (zeros in front may be left out), the beginning of any word of a name, or part of a phone
    number, at home with 0 or +62 in front.
    """
    # The length first: the 100,000th member has six digits.
    place = tuple_(func.length(member.c.number), member.c.number)
    query = _members(book_id).order_by(func.length(member.c.number), member.c.number).limit(limit)
    if wanted := fold("".join(char if char.isprintable() else " " for char in text)):
        query = query.where(_matches(wanted))
    if status is not None:
        query = query.where(member.c.status == status.value)
    if migrant_status is not None:
        query = query.where(member.c.migrant_status == migrant_status.value)
    if after is not None:
        query = query.where(place > tuple_(len(after), after))
    return [_member(row) for row in await connection.execute(query)]


def _matches(wanted: str) -> ColumnElement[bool]:
    """A member's number, name or phone fits what was typed."""
    name, phone = member.c.name_folded, member.c.phone
    ways = [
        member.c.number.startswith(wanted, autoescape=True),
        name.startswith(wanted, autoescape=True),
        name.contains(f" {wanted}", autoescape=True),
    ]
    digits = "".join(char for char in wanted if char.isascii() and char.isdigit())
    if digits and not any(char.isalpha() for char in wanted):
        ways.append(member.c.number == f"{digits:0>5}")
        if digits.startswith("0") and len(digits) > 2:
            ways.append(phone.startswith(f"+62{digits[1:]}"))
        elif len(digits) > 3:
            ways.append(phone.contains(digits))
    return or_(*ways)


async def find_by_nik(connection: AsyncConnection, book_id: int, niks: Sequence[str]) -> dict[str, Member]:
    """Members by NIK, without heirs; NIKs that nobody has are not in the answer."""
    return {found.nik: found for found in await _find(connection, book_id, "nik", niks) if found.nik}


async def find_by_numbers(connection: AsyncConnection, book_id: int, numbers: Sequence[str]) -> dict[str, Member]:
    """Members by number, without heirs; numbers that nobody has are not in the answer."""
    return {found.number: found for found in await _find(connection, book_id, "number", numbers)}


async def find_by_external_reference(
    connection: AsyncConnection, book_id: int, references: Sequence[str]
) -> dict[str, Member]:
    """Members by the number they had elsewhere, without heirs; of several with the same one, the first registered."""
    found = await _find(connection, book_id, "external_reference", references)
    return {one.external_reference: one for one in reversed(found) if one.external_reference}


async def _find(connection: AsyncConnection, book_id: int, column: str, values: Sequence[str]) -> list[Member]:
    if not values:
        return []
    # One array, whatever its length: a statement has at most 32,767 parameters.
    wanted = any_(literal(list(values), ARRAY(Text)))
    rows = await connection.execute(_members(book_id).where(member.c[column] == wanted).order_by(member.c.number))
    return [_member(row) for row in rows]


async def _registered_before(work: Work, request: Idempotency) -> Member | None:
    # A space can't stand in a key, so "key digest" sorts between "key " and "key!".
    query = _members(work.book_id).where(
        member.c.request_key >= f"{request.key} ", member.c.request_key < f"{request.key}!"
    )
    row = (await work.connection.execute(query)).one_or_none()
    if row is None:
        return None
    if row.request_key != _request_key(request):
        raise Refusal("idempotency-mismatch", N_("Kunci ini sudah dipakai untuk permintaan lain; gunakan kunci baru."))
    return _member(row, await _heirs(work.connection, work.book_id, row.number))


def _request_key(request: Idempotency) -> str:
    return f"{request.key} {request.fingerprint.hex()}"


async def _check_niks(work: Work, news: Sequence[NewMember]) -> None:
    niks = [new.nik for new in news if new.nik]
    taken = await find_by_nik(work.connection, work.book_id, niks)
    if taken:
        raise Conflict("nik-taken", NIK_TAKEN_BY, field="nik", number=next(iter(taken.values())).number)
    if len(set(niks)) != len(niks):
        raise Conflict("nik-taken", N_("Satu NIK tidak dapat dipakai dua anggota."), field="nik")


async def _insert(work: Work, numbered: Mapping[str, NewMember], actor: str, request: Idempotency | None) -> None:
    stamp = {
        "book_id": work.book_id,
        "created_by": actor,
        "request_key": _request_key(request) if request else None,
    }
    rows = [
        {"number": number, "joined_on": new.joined_on, **stamp, **_columns(new)} for number, new in numbered.items()
    ]
    try:
        await work.connection.execute(insert(member), rows)
    except IntegrityError as error:
        raise _taken(error) from error
    await _insert_heirs(work, numbered)


async def _insert_heirs(work: Work, numbered: Mapping[str, NewMember]) -> None:
    rows = [
        {
            "book_id": work.book_id,
            "member_number": number,
            "position": position,
            "name": heir.name,
            "relation": heir.relation,
            "phone": heir.phone,
            "share_percent": heir.share_percent,
        }
        for number, new in numbered.items()
        for position, heir in enumerate(new.heirs, 1)
    ]
    if rows:
        await work.connection.execute(insert(member_heir), rows)


def _taken(error: IntegrityError) -> Exception:
    """Somebody else was first with the NIK; anything else is our own fault and stays what it is."""
    if "uq_member_nik" in str(error.orig):
        return Conflict("nik-taken", NIK_TAKEN, field="nik")
    return error


def _columns(new: NewMember) -> dict[str, object]:
    """The columns that may change later."""
    return {
        "name": new.name,
        "name_folded": fold(new.name),
        "nik": new.nik,
        "birth_date": new.birth_date,
        "sex": new.sex,
        "phone": new.phone,
        "email": new.email,
        "address": new.address,
        "village": new.village,
        "migrant_status": new.migrant_status.value,
        "country": new.country,
        "status": new.status.value,
        "external_reference": new.external_reference,
    }


def _members(book_id: int) -> Select[Any]:
    return select(*member.c).where(member.c.book_id == book_id)


async def _heirs(connection: AsyncConnection, book_id: int, number: str) -> tuple[Heir, ...]:
    table = member_heir.c
    rows = await connection.execute(
        select(table.name, table.relation, table.phone, table.share_percent)
        .where(table.member_number == number, table.book_id == book_id)
        .order_by(table.position)
    )
    return tuple(Heir(*row) for row in rows)


def _member(row: Row[Any], heirs: tuple[Heir, ...] = ()) -> Member:
    return Member(
        number=row.number,
        name=row.name,
        joined_on=row.joined_on,
        left_on=row.left_on,
        nik=row.nik,
        phone=row.phone,
        birth_date=row.birth_date,
        sex=row.sex,
        email=row.email,
        address=row.address,
        village=row.village,
        migrant_status=MigrantStatus(row.migrant_status),
        country=row.country,
        external_reference=row.external_reference,
        heirs=heirs,
        status=MemberStatus(row.status),
    )
