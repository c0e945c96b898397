"""Founding a cooperative and reading its identity, business day and secret; its terms stand in ``service_terms``."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Row, Select, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives import rules, tables
from koperasi.cooperatives.charts import account_code, roles, template
from koperasi.cooperatives.policies import BEGINNING, DEFAULTS, PolicyRow, Standing, standings
from koperasi.cooperatives.rules import Kind, Terms, terms
from koperasi.cooperatives.service_read_only import installation_read_only
from koperasi.cooperatives.service_terms import (
    add_policy,
    amount_policy,
    last_numbers,
    newest_policy,
    next_number,
    next_numbers,
    policies,
    policies_on,
    policy,
)
from koperasi.db import Database, Work
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.i18n import N_
from koperasi.privacy.service import ensure_keys

__all__ = [
    "Cooperative",
    "Kind",
    "PolicyRow",
    "Standing",
    "Terms",
    "account_code",
    "add_policy",
    "all_cooperatives",
    "amount_policy",
    "at_founding",
    "beside",
    "change_identity",
    "cooperative_beside",
    "cooperative_by_code",
    "cooperative_of",
    "found_cooperative",
    "last_numbers",
    "newest_policy",
    "next_number",
    "next_numbers",
    "policies",
    "policies_on",
    "policy",
    "receipt_secret",
    "roles",
    "set_business_date",
    "standings",
    "terms",
]

log = structlog.get_logger()

_COLUMNS = (
    *(column for column in tables.cooperative.columns if column.name != "created_at"),
    installation_read_only().label("installation_read_only_since"),
)


@dataclass(frozen=True)
class Cooperative:
    """A tenant as it stands in the directory."""

    book_id: int
    code: str
    name: str
    kind: Kind
    timezone: str
    business_date: date | None = None
    village: str | None = None
    district: str | None = None
    regency: str | None = None
    province: str | None = None
    address: str | None = None
    registration_number: str | None = None
    read_only_since: datetime | None = None
    installation_read_only_since: datetime | None = None

    @property
    def is_read_only(self) -> bool:
        """Whether nothing is written in its book for now (see ``service_read_only``)."""
        return (self.read_only_since or self.installation_read_only_since) is not None

    @property
    def is_sharia(self) -> bool:
        """Whether it works by akad and profit share."""
        return self.kind.is_sharia

    @property
    def pays_returns(self) -> bool:
        """Whether its chart has an account for what savings earn; a business group's has none."""
        return "return.savings" in roles(self.kind)

    @property
    def full_address(self) -> str:
        """Where it is, in one line, as it stands on paper; '' if nothing is known."""
        places = (self.address, self.village, self.district, self.regency)
        return ", ".join(place for place in places if place)

    @property
    def zone(self) -> ZoneInfo:
        """Its time zone: WIB, WITA or WIT."""
        return ZoneInfo(self.timezone)

    @property
    def terms(self) -> Terms:
        """The words in which it speaks of money (message ids)."""
        return terms(self.kind)

    def today(self, now: datetime) -> date:
        """The day of its book: the business date if one is set, else the local date of ``now`` (an aware moment)."""
        return self.business_date or now.astimezone(self.zone).date()


async def found_cooperative(
    work: Work,
    *,
    code: str,
    name: str,
    kind: str,
    timezone: str,
    actor: str,
    founded_on: date,
    village: str | None = None,
    district: str | None = None,
    regency: str | None = None,
    province: str | None = None,
    address: str | None = None,
    registration_number: str | None = None,
) -> Cooperative:
    """Found a cooperative with its book, chart, first policies and receipt secret; the caller commits.

    Call it in ``database.work(0)``: the transaction is bound to the new book afterwards.

    Args:
        work: a transaction bound to no book yet.
        code: short name for logging in; unique in the installation.
        name: the institution's name.
        kind: a value of ``Kind``.
        timezone: ``Asia/Jakarta``, ``Asia/Makassar`` or ``Asia/Jayapura``.
        actor: username of whoever founds it.
        founded_on: when the institution was founded; its first policies hold from then, at latest from 2000.
        village: desa or kelurahan.
        district: kecamatan.
        regency: kabupaten or kota.
        province: province.
        address: street address.
        registration_number: nomor badan hukum or nomor induk koperasi.

    Raises:
        Refusal: ``cooperative``: with an error for each wrong field.
        Conflict: ``cooperative-code-taken``.
    """
    facts = rules.read_all(
        {
            "code": lambda: rules.clean_code(code),
            "name": lambda: rules.clean_cooperative_name(name),
            "kind": lambda: rules.clean_kind(kind),
            "timezone": lambda: rules.clean_timezone(timezone),
            "founded_on": lambda: rules.clean_day(founded_on),
            "village": lambda: rules.clean_optional(village),
            "district": lambda: rules.clean_optional(district),
            "regency": lambda: rules.clean_optional(regency),
            "province": lambda: rules.clean_optional(province),
            **_clean_paper(address, registration_number),
        }
    )
    first_day = min(facts.pop("founded_on"), BEGINNING)
    book_id = await ledger.found_book(work.connection)
    founded = await work.connection.execute(
        insert(tables.cooperative)
        .values(book_id=book_id, **facts)
        .on_conflict_do_nothing(index_elements=["code"])
        .returning(*_COLUMNS)
    )
    row = founded.one_or_none()
    if row is None:
        raise Conflict("cooperative-code-taken", N_("Kode ini sudah dipakai koperasi lain."), field="code")
    cooperative = _to_cooperative(row)
    ensure_keys(first=len(await all_cooperatives(work.connection)) == 1)
    chart = [line.account for line in template(cooperative.kind)]
    await ledger.open_accounts(work.connection, book_id, chart)
    await work.connection.execute(
        tables.policy.insert(),
        [
            {
                "book_id": book_id,
                "name": default.name,
                "valid_from": first_day,
                "value": default.value,
                "legal_reference": default.legal_reference,
                "set_by": actor,
            }
            for default in DEFAULTS[cooperative.kind]
        ],
    )
    await work.connection.execute(
        tables.cooperative_secret.insert().values(book_id=book_id, receipt_secret=secrets.token_bytes(32))
    )
    for seed in _seeds.values():
        await seed(work, cooperative, first_day, actor)
    return cooperative


Seed = Callable[[Work, Cooperative, date, str], Awaitable[None]]
_seeds: dict[str, Seed] = {}


def at_founding(name: str, seed: Seed) -> None:
    """Have a slice give each new cooperative what it begins with, in the transaction that founds it.

    Args:
        name: of what is given; the same name again replaces it.
        seed: called with the work, the cooperative, the day from which its first terms hold, and who founds it.
    """
    _seeds[name] = seed


async def cooperative_of(connection: AsyncConnection, book_id: int) -> Cooperative:
    """The cooperative that keeps this book.

    Raises:
        NotFound: ``cooperative``.
    """
    row = (await connection.execute(_BY_BOOK, {"book": book_id})).one_or_none()
    if row is None:
        raise NotFound("cooperative", N_("Koperasi tidak ditemukan."))
    return _to_cooperative(row)


_BY_BOOK = select(*_COLUMNS).where(tables.cooperative.c.book_id == bindparam("book"))

beside = select(*(column.label("cooperative_" + column.name) for column in _COLUMNS)).subquery("beside")
"""The cooperatives, for another slice's query to join, which then need not be asked for them separately."""


def cooperative_beside(row: Mapping[Any, Any]) -> Cooperative | None:
    """The cooperative from the row of such a query; none if nothing joined."""
    if row["cooperative_book_id"] is None:
        return None
    facts = {column.name: row["cooperative_" + column.name] for column in _COLUMNS}
    return Cooperative(**(facts | {"kind": Kind(facts["kind"])}))


async def cooperative_now(database: Database, book_id: int) -> Cooperative:
    """``cooperative_of``, for what many ask at once: they share a reading.

    Raises:
        NotFound: ``cooperative``.
    """

    async def read(books: Sequence[int]) -> dict[int, Cooperative]:
        async with database.directory() as connection:
            rows = await connection.execute(select(*_COLUMNS).where(tables.cooperative.c.book_id.in_(books)))
            return {row.book_id: _to_cooperative(row) for row in rows}

    found: Cooperative | None = await database.shared("cooperatives", lambda: read).ask(book_id)
    if found is None:
        raise NotFound("cooperative", N_("Koperasi tidak ditemukan."))
    return found


async def cooperative_by_code(connection: AsyncConnection, code: str) -> Cooperative | None:
    """The cooperative with this code, in whatever case it was typed; needs no book."""
    wanted = code.strip().lower()
    if not rules.CODE_PATTERN.fullmatch(wanted):
        return None
    return await _find(connection, select(*_COLUMNS).where(tables.cooperative.c.code == wanted))


async def all_cooperatives(connection: AsyncConnection) -> list[Cooperative]:
    """Everybody in this installation, by name; needs no book."""
    rows = await connection.execute(select(*_COLUMNS).order_by(tables.cooperative.c.name, tables.cooperative.c.code))
    return [_to_cooperative(row) for row in rows]


async def change_identity(
    work: Work,
    *,
    name: str,
    village: str | None = None,
    district: str | None = None,
    regency: str | None = None,
    province: str | None = None,
    address: str | None = None,
    registration_number: str | None = None,
    actor: str = "operator",
) -> Cooperative:
    """Give the cooperative another name, place or number; code, kind and time zone never change. All are replaced.

    Raises:
        Refusal: ``cooperative``: with an error for each wrong field.
        NotFound: ``cooperative``.
    """
    facts = rules.read_all(
        {
            "name": lambda: rules.clean_cooperative_name(name),
            "village": lambda: rules.clean_optional(village),
            "district": lambda: rules.clean_optional(district),
            "regency": lambda: rules.clean_optional(regency),
            "province": lambda: rules.clean_optional(province),
            **_clean_paper(address, registration_number),
        }
    )
    table = tables.cooperative
    known = await cooperative_of(work.connection, work.book_id)
    await work.connection.execute(update(table).where(table.c.book_id == work.book_id).values(**facts))
    found = await cooperative_of(work.connection, work.book_id)
    changed = [fact for fact in facts if getattr(found, fact) != getattr(known, fact)]
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.COOPERATIVE_CHANGED,
        subject=f"cooperative {found.code}",
        before={fact: getattr(known, fact) for fact in changed},
        after={fact: getattr(found, fact) for fact in changed},
    )
    return found


async def set_business_date(work: Work, day: date, actor: str) -> Cooperative:
    """Open the book's next day; from then on it no longer follows the calendar by itself.

    Raises:
        Refusal: ``business-date``: a day that has gone by, or one no book can have.
        NotFound: ``cooperative``.
    """
    rules.read_all({"business_date": lambda: rules.clean_day(day)}, code="business-date")
    table = tables.cooperative
    moved = await work.connection.execute(
        update(table)
        .where(table.c.book_id == work.book_id, func.coalesce(table.c.business_date, day) <= day)
        .values(business_date=day)
    )
    if not moved.rowcount:
        raise Refusal("business-date", N_("Tanggal buku hanya bergerak maju."), field="business_date")
    log.info("business_date_set", book_id=work.book_id, business_date=day.isoformat(), actor=actor)
    after = {"business_date": day.isoformat()}
    await audit.record(
        work.connection, work.book_id, actor=actor, action=Action.BUSINESS_DATE, subject="business date", after=after
    )
    return await cooperative_of(work.connection, work.book_id)


async def receipt_secret(connection: AsyncConnection, book_id: int) -> bytes:
    """The key with which this cooperative's receipts are proven genuine.

    Raises:
        NotFound: ``cooperative``.
    """
    table = tables.cooperative_secret
    secret = await connection.scalar(select(table.c.receipt_secret).where(table.c.book_id == book_id))
    if secret is None:
        raise NotFound("cooperative", N_("Koperasi tidak ditemukan."))
    return bytes(secret)


def _clean_paper(address: str | None, registration_number: str | None) -> dict[str, Callable[[], Any]]:
    return {
        "address": lambda: rules.clean_optional(address, max_length=rules.ADDRESS_MAX_LENGTH),
        "registration_number": lambda: rules.clean_optional(
            registration_number, max_length=rules.REGISTRATION_MAX_LENGTH
        ),
    }


async def _find(connection: AsyncConnection, query: Select[Any]) -> Cooperative | None:
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _to_cooperative(row)


def _to_cooperative(row: Row[Any]) -> Cooperative:
    facts = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    return Cooperative(**(facts | {"kind": Kind(facts["kind"])}))
