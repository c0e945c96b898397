"""Other cooperatives as savers: beside members the only ones who may save here. Called through ``service``.

They are institutions, so nothing about them is a person's own data.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import next_number
from koperasi.db import Work
from koperasi.errors import NotFound, Refusal
from koperasi.formats import InputError, clean_text
from koperasi.i18n import N_
from koperasi.members.service import find_by_numbers
from koperasi.savings.rules import SavingsKind
from koperasi.savings.service_products import products
from koperasi.savings.tables import partner_cooperative

NAME_MAX_LENGTH = 120
REGISTRATION_MAX_LENGTH = 60
_NUMBER = re.compile(r"K[0-9]{4}")
_COLUMNS = tuple(partner_cooperative.c[name] for name in ("number", "name", "registration_number", "opened_on"))

partner_roster = select(
    partner_cooperative.c.book_id, partner_cooperative.c.number, partner_cooperative.c.name
).subquery("partner_roster")
"""The names of other cooperatives, for other slices' queries to join."""


@dataclass(frozen=True, slots=True)
class Partner:
    """Another cooperative that saves here."""

    number: str
    name: str
    registration_number: str | None
    opened_on: date

    @property
    def serial(self) -> int:
        """Its place in the series of their numbers."""
        return int(self.number[1:])


def is_partner_number(number: str) -> bool:
    """Whether this is the number of another cooperative: ``K0001``; members' are digits."""
    return _NUMBER.fullmatch(number) is not None


async def partners(connection: AsyncConnection, book_id: int) -> list[Partner]:
    """All of them, by number."""
    table = partner_cooperative
    rows = await connection.execute(select(*_COLUMNS).where(table.c.book_id == book_id).order_by(table.c.number))
    return [Partner(*row) for row in rows]


async def partner_by_number(connection: AsyncConnection, book_id: int, number: str) -> Partner:
    """One of them.

    Raises:
        NotFound: ``partner-cooperative``.
    """
    row = None
    if is_partner_number(number):
        table = partner_cooperative
        query = select(*_COLUMNS).where(table.c.book_id == book_id, table.c.number == number)
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("partner-cooperative", N_("Koperasi penyimpan ini tidak ada."))
    return Partner(*row)


async def add_partner(work: Work, name: str, registration_number: str, *, opened_on: date, actor: str) -> Partner:
    """Enter another cooperative that will save here; the caller commits.

    Raises:
        Refusal: ``savings-kind``: this cooperative keeps no savings of others; or ``partner-cooperative`` with an
            error for each wrong field.
    """
    if SavingsKind.KOPERASI_LAIN not in {one.kind for one in await products(work.connection, work.book_id)}:
        raise Refusal("savings-kind", N_("Koperasi ini tidak mempunyai jenis simpanan tersebut."))
    facts, wrong = {}, []
    for field, text, most in (
        ("name", name, NAME_MAX_LENGTH),
        ("registration_number", registration_number, REGISTRATION_MAX_LENGTH),
    ):
        try:
            facts[field] = clean_text(text, max_length=most)
        except InputError as problem:
            wrong.append(problem.at(field))
    if wrong:
        raise Refusal("partner-cooperative", N_("Periksa data koperasi ini."), errors=wrong)
    number = f"K{await next_number(work.connection, work.book_id, 'partner'):04}"
    made = Partner(number, facts["name"], facts["registration_number"], opened_on)
    await work.connection.execute(
        insert(partner_cooperative).values(
            book_id=work.book_id,
            number=number,
            name=made.name,
            registration_number=made.registration_number,
            opened_on=opened_on,
            created_by=actor,
        )
    )
    await audit.record(
        work.connection, work.book_id, actor=actor, action=Action.PARTNER_ADDED, subject=f"partner {number}"
    )
    return made


async def holder_names(connection: AsyncConnection, book_id: int, numbers: Collection[str]) -> dict[str, str]:
    """The names of members and other cooperatives, by their numbers."""
    people = await find_by_numbers(connection, book_id, [one for one in numbers if not is_partner_number(one)])
    found = {number: person.name for number, person in people.items()}
    institutions = {one for one in numbers if is_partner_number(one)}
    if institutions:
        table = partner_cooperative
        rows = await connection.execute(
            select(table.c.number, table.c.name).where(
                table.c.book_id == book_id, table.c.number.in_(sorted(institutions))
            )
        )
        found.update({row.number: row.name for row in rows})
    return found
