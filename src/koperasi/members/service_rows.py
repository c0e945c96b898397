"""Between members and their rows: what is personal is sealed on the way in and opened on the way out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.members.model import Heir, Member, NewMember
from koperasi.members.rules import PHONE_END, MemberStatus, MigrantStatus, fold
from koperasi.members.tables import member, member_heir
from koperasi.privacy.service import SealedRow

NIK, PHONE, PHONE_END_PURPOSE = "nik", "phone", "phone-end"
"""What digests are for: the same digits as another thing have another digest."""

_ONLY_ON_THE_CARD = {"birth_date", "email", "address"}

listed = [column for column in member.c if column.name not in _ONLY_ON_THE_CARD]
"""What lists show."""


def columns_of(book_id: int, number: str, new: NewMember) -> dict[str, object]:
    """The columns that may change later, sealed for this row."""
    row = SealedRow("member", book_id, number)
    return {
        "name": new.name,
        "name_folded": fold(new.name),
        "nik": row.seal("nik", new.nik),
        "nik_digest": row.digest(NIK, new.nik),
        "birth_date": row.seal("birth_date", new.birth_date.isoformat() if new.birth_date else None),
        "sex": new.sex,
        "phone": row.seal("phone", new.phone),
        "phone_digest": row.digest(PHONE, new.phone),
        "phone_end_digest": row.digest(PHONE_END_PURPOSE, new.phone[-PHONE_END:] if new.phone else None),
        "email": row.seal("email", new.email),
        "address": row.seal("address", new.address),
        "village": new.village,
        "migrant_status": new.migrant_status.value,
        "country": new.country,
        "status": new.status.value,
        "external_reference": new.external_reference,
    }


def heir_rows(book_id: int, numbered: Mapping[str, NewMember]) -> list[dict[str, object]]:
    """The rows of all heirs."""
    rows: list[dict[str, object]] = []
    for number, new in numbered.items():
        for position, heir in enumerate(new.heirs, 1):
            row = SealedRow("member_heir", book_id, number, position)
            rows.append(
                {
                    "book_id": book_id,
                    "member_number": number,
                    "position": position,
                    "name": row.seal("name", heir.name),
                    "relation": heir.relation,
                    "phone": row.seal("phone", heir.phone),
                    "share_percent": heir.share_percent,
                }
            )
    return rows


def members_of(book_id: int) -> Select[Any]:
    """All members of a book as lists show them."""
    return select(*listed).where(member.c.book_id == book_id)


def whole_members_of(book_id: int) -> Select[Any]:
    """All members of a book with everything that is known of them."""
    return select(*member.c).where(member.c.book_id == book_id)


async def heirs_of(connection: AsyncConnection, book_id: int, number: str) -> tuple[Heir, ...]:
    """Who inherits from a member, in their order."""
    table = member_heir.c
    rows = await connection.execute(
        select(table.position, table.name, table.relation, table.phone, table.share_percent)
        .where(table.member_number == number, table.book_id == book_id)
        .order_by(table.position)
    )
    found = []
    for position, name, relation, phone, share_percent in rows:
        row = SealedRow("member_heir", book_id, number, position)
        found.append(Heir(row.open("name", name) or "", relation, row.open("phone", phone), share_percent))
    return tuple(found)


def member_of(row: Row[Any], heirs: tuple[Heir, ...] = ()) -> Member:
    """A row of ``members_of`` or ``whole_members_of``, opened."""
    sealed = SealedRow("member", row.book_id, row.number)
    born = sealed.open("birth_date", getattr(row, "birth_date", None))
    return Member(
        number=row.number,
        name=row.name,
        joined_on=row.joined_on,
        left_on=row.left_on,
        nik=sealed.open("nik", row.nik),
        phone=sealed.open("phone", row.phone),
        birth_date=date.fromisoformat(born) if born else None,
        sex=row.sex,
        email=sealed.open("email", getattr(row, "email", None)),
        address=sealed.open("address", getattr(row, "address", None)),
        village=row.village,
        migrant_status=MigrantStatus(row.migrant_status),
        country=row.country,
        external_reference=row.external_reference,
        heirs=heirs,
        status=MemberStatus(row.status),
    )
