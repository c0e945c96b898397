"""Use cases of membership: register, find, change. All SQL of the slice stands here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, any_, delete, func, insert, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import next_number, next_numbers
from koperasi.db import Work
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.i18n import N_
from koperasi.members.model import REFERENCE_MAX_LENGTH, Heir, Member, NewMember, cleaned, entered
from koperasi.members.rules import (
    DESTINATION_COUNTRIES,
    PHONE_END,
    MemberStatus,
    MigrantStatus,
    allowed_transitions,
    country_codes,
    country_name,
    fold,
    make_member_number,
    phones_meant,
)
from koperasi.members.service_doctor import serials
from koperasi.members.service_rows import (
    NIK,
    PHONE,
    PHONE_END_PURPOSE,
    columns_of,
    heir_rows,
    heirs_of,
    member_of,
    members_of,
    whole_members_of,
)
from koperasi.members.service_status import (
    Event,
    Move,
    count_of,
    days_of,
    events_of,
    first_status,
    locked_status,
    move,
    registered_by,
)
from koperasi.members.tables import member, member_heir
from koperasi.posting import Idempotency
from koperasi.privacy.service import digest

__all__ = [
    "DESTINATION_COUNTRIES",
    "Event",
    "Heir",
    "Member",
    "MemberStatus",
    "MigrantStatus",
    "Move",
    "NewMember",
    "allowed_transitions",
    "change",
    "count_of",
    "country_codes",
    "country_name",
    "days_of",
    "events_of",
    "find_by_external_reference",
    "find_by_nik",
    "find_by_numbers",
    "first_status",
    "forget",
    "locked_status",
    "member_by_number",
    "move",
    "record_registered",
    "register",
    "register_many",
    "registered_by",
    "roster",
    "search",
    "serials",
    "view_nik",
]

SERIES = "member"
roster = select(member.c.book_id, member.c.number, member.c.name, member.c.status, member.c.joined_on).subquery(
    "roster"
)
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


async def record_registered(work: Work, number: str, *, actor: str) -> None:
    """Write in the audit trail that somebody joined; last in the transaction that registers them."""
    await audit.record(
        work.connection, work.book_id, actor=actor, action=Action.MEMBER_REGISTERED, subject=f"member {number}"
    )


async def view_nik(work: Work, number: str, *, actor: str) -> Member:
    """A member whose whole NIK somebody asked to see, which is put on record; the caller commits, then shows it.

    Raises:
        NotFound: ``member``.
    """
    found = await member_by_number(work.connection, work.book_id, number)
    await audit.record(work.connection, work.book_id, actor=actor, action=Action.NIK_VIEWED, subject=f"member {number}")
    return found


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


async def change(work: Work, number: str, changes: Mapping[str, Any], *, actor: str) -> Member:
    """Change what is known of a member; what ``changes`` does not name stays. A status changes by acts only: ``move``.

    Args:
        work: bound to the cooperative's book; the caller commits.
        number: whose.
        changes: names of ``NewMember`` to new values; ``heirs`` are replaced as a whole.
        actor: who changes.

    Raises:
        NotFound: ``member``.
        Refusal: ``member-invalid``; ``member-status``: it is not changed this way.
        Conflict: ``nik-taken``.
    """
    query = whole_members_of(work.book_id).where(member.c.number == number).with_for_update()
    row = (await work.connection.execute(query)).one_or_none() if _is_number(number) else None
    if row is None:
        raise not_found()
    known = member_of(row, await heirs_of(work.connection, work.book_id, number))
    wanted = cleaned(replace(known, **changes))
    if wanted.status is not known.status:
        raise Refusal(
            "member-status", N_("Status keanggotaan berubah lewat tindakan pada kartu anggota."), field="status"
        )
    if wanted.nik != known.nik:
        await _check_niks(work, [wanted])
    try:
        await work.connection.execute(
            update(member)
            .where(member.c.number == number, member.c.book_id == work.book_id)
            .values(**columns_of(work.book_id, number, wanted))
        )
    except IntegrityError as error:
        raise _taken(error) from error
    if wanted.heirs != known.heirs:
        mine = (member_heir.c.member_number == number, member_heir.c.book_id == work.book_id)
        await work.connection.execute(delete(member_heir).where(*mine))
        await _insert_heirs(work, {number: wanted})
    # Names of fields only: the trail is kept for ever, a person's own data is not.
    changed = sorted(name for name in changes if getattr(wanted, name) != getattr(known, name))
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.MEMBER_CHANGED,
        subject=f"member {number}",
        before={"status": known.status.value},
        after={"status": wanted.status.value, "changed": changed},
    )
    return wanted


async def forget(work: Work, number: str, *, identity_too: bool, erased_name: str) -> None:
    """Erase what no law makes us keep of a member: phone, e-mail, address, village and heirs.

    With ``identity_too`` name, NIK and all that says who it was go as well; number, status and dates stay. Whether it
    may be is decided in ``koperasi.privacy``, which puts it on record; the caller commits.
    """
    mine = (member.c.number == number, member.c.book_id == work.book_id)
    gone: dict[str, object] = dict.fromkeys(_NOT_KEPT)
    if identity_too:
        gone |= dict.fromkeys(_KEPT_FOR_A_TIME)
        gone |= {"name": erased_name, "name_folded": fold(erased_name), "migrant_status": MigrantStatus.BUKAN.value}
    await work.connection.execute(update(member).where(*mine).values(gone))
    await work.connection.execute(
        delete(member_heir).where(member_heir.c.member_number == number, member_heir.c.book_id == work.book_id)
    )


_NOT_KEPT = ("phone", "phone_digest", "phone_end_digest", "email", "address", "village")
_KEPT_FOR_A_TIME = ("nik", "nik_digest", "birth_date", "sex", "country", "external_reference", "request_key")


async def member_by_number(connection: AsyncConnection, book_id: int, number: str) -> Member:
    """One member, with heirs.

    Raises:
        NotFound: ``member``.
    """
    query = whole_members_of(book_id).where(member.c.number == number)
    row = (await connection.execute(query)).one_or_none() if _is_number(number) else None
    if row is None:
        raise not_found()
    return member_of(row, await heirs_of(connection, book_id, number))


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

    ``text`` is a number (zeros in front may be left out), the beginning of any word of a name, a whole phone number
    (as it is dialled, here or abroad), or its last four digits: phone numbers are sealed, no other part can be found.
    As in all lists, ``email``, ``address`` and ``birth_date`` stay empty.
    """
    # The length first: the 100,000th member has six digits.
    place = tuple_(func.length(member.c.number), member.c.number)
    query = members_of(book_id).order_by(func.length(member.c.number), member.c.number).limit(limit)
    if wanted := fold("".join(char if char.isprintable() else " " for char in text)):
        query = query.where(_matches(book_id, wanted))
    if status is not None:
        query = query.where(member.c.status == status.value)
    if migrant_status is not None:
        query = query.where(member.c.migrant_status == migrant_status.value)
    if after is not None:
        query = query.where(place > tuple_(len(after), after))
    return [member_of(row) for row in await connection.execute(query)]


def _matches(book_id: int, wanted: str) -> ColumnElement[bool]:
    """A member's number, name or phone fits what was typed."""
    name = member.c.name_folded
    ways = [
        member.c.number.startswith(wanted, autoescape=True),
        name.startswith(wanted, autoescape=True),
        name.contains(f" {wanted}", autoescape=True),
    ]
    digits = "".join(char for char in wanted if char.isascii() and char.isdigit())
    if digits and not any(char.isalpha() for char in wanted):
        ways.append(member.c.number == f"{digits:0>5}")
        if len(digits) == PHONE_END:
            ways.append(member.c.phone_end_digest == digest(book_id, PHONE_END_PURPOSE, digits))
        elif phones := phones_meant(wanted):
            ways.append(member.c.phone_digest.in_([digest(book_id, PHONE, one) for one in phones]))
    return or_(*ways)


async def find_by_nik(connection: AsyncConnection, book_id: int, niks: Sequence[str]) -> dict[str, Member]:
    """Members by NIK, without heirs; NIKs that nobody has are not in the answer."""
    digests = [digest(book_id, NIK, nik) for nik in niks]
    return {found.nik: found for found in await _find(connection, book_id, "nik_digest", digests) if found.nik}


async def find_by_numbers(connection: AsyncConnection, book_id: int, numbers: Sequence[str]) -> dict[str, Member]:
    """Members by number, without heirs; numbers that nobody has are not in the answer."""
    return {found.number: found for found in await _find(connection, book_id, "number", numbers)}


async def find_by_external_reference(
    connection: AsyncConnection, book_id: int, references: Sequence[str]
) -> dict[str, Member]:
    """Members by the number they had elsewhere, without heirs; of several with the same one, the first registered."""
    found = await _find(connection, book_id, "external_reference", references)
    return {one.external_reference: one for one in reversed(found) if one.external_reference}


async def _find(
    connection: AsyncConnection, book_id: int, column: str, values: Sequence[str] | Sequence[bytes]
) -> list[Member]:
    if not values:
        return []
    # One array, whatever its length: a statement has at most 32,767 parameters.
    wanted = any_(literal(list(values), ARRAY(member.c[column].type)))
    rows = await connection.execute(members_of(book_id).where(member.c[column] == wanted).order_by(member.c.number))
    return [member_of(row) for row in rows]


async def _registered_before(work: Work, request: Idempotency) -> Member | None:
    # A space can't stand in a key, so "key digest" sorts between "key " and "key!".
    query = whole_members_of(work.book_id).where(
        member.c.request_key >= f"{request.key} ", member.c.request_key < f"{request.key}!"
    )
    row = (await work.connection.execute(query)).one_or_none()
    if row is None:
        return None
    if row.request_key != _request_key(work.book_id, request):
        raise Refusal("idempotency-mismatch", N_("Kunci ini sudah dipakai untuk permintaan lain; gunakan kunci baru."))
    return member_of(row, await heirs_of(work.connection, work.book_id, row.number))


def _request_key(book_id: int, request: Idempotency) -> str:
    # The fingerprint is of all that was typed; without a key somebody could try identity numbers against it.
    return f"{request.key} {digest(book_id, 'request', request.fingerprint.hex()).hex()}"


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
        "request_key": _request_key(work.book_id, request) if request else None,
    }
    rows = [
        {"number": number, "joined_on": new.joined_on, **stamp, **columns_of(work.book_id, number, new)}
        for number, new in numbered.items()
    ]
    try:
        await work.connection.execute(insert(member), rows)
    except IntegrityError as error:
        raise _taken(error) from error
    await _insert_heirs(work, numbered)


async def _insert_heirs(work: Work, numbered: Mapping[str, NewMember]) -> None:
    if rows := heir_rows(work.book_id, numbered):
        await work.connection.execute(insert(member_heir), rows)


def _taken(error: IntegrityError) -> Exception:
    """Somebody else was first with the NIK; anything else is our own fault and stays what it is."""
    if "uq_member_nik" in str(error.orig):
        return Conflict("nik-taken", NIK_TAKEN, field="nik")
    return error
