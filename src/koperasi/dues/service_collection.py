"""Collection sheets: what many members pay at once, to whoever gathers it; one act, and a receipt for each payment.

Every payment is a deposit of its own, all linked and recorded together: a mistake in one row is undone without the
others. Called through ``service``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Text, any_, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import Cooperative, next_number
from koperasi.db import Work
from koperasi.dues import rules
from koperasi.dues.rules import Kind
from koperasi.dues.service_reading import standings_of
from koperasi.dues.tables import collection
from koperasi.errors import FieldError, NotFound, Refusal
from koperasi.formats import InputError, clean_text, format_amount
from koperasi.groups.service import group_by_number
from koperasi.i18n import N_
from koperasi.members.service import find_by_numbers
from koperasi.posting import MESSAGES, Idempotency, refusal_of
from koperasi.savings import service as savings
from koperasi.savings.service import CollectedLine, Payment, SavingsKind, free_kind, holdings
from koperasi.treasury.service import Count

SERIES = "collection"
MOST_ROWS = 500
LABEL_MAX_LENGTH = 80

OF_THE_DAY = frozenset({"period-held", "period-closed", "account-locked", "account-paused"})
"""Refusals of the book that concern the day, or the cash on it, and no row by itself."""


class Column(StrEnum):
    """A column of the sheet: what the money is for."""

    POKOK = "pokok"
    WAJIB = "wajib"
    FREE = "sukarela"


@dataclass(frozen=True, slots=True)
class Row:
    """One member of the sheet: the accounts that can be paid into, and what is expected of each column, in sen."""

    number: str
    name: str
    accounts: Mapping[Column, str]
    expected: Mapping[Column, int]


class Cell(NamedTuple):
    """What one member pays in one column, in sen."""

    member_number: str
    column: Column
    amount_minor: int

    @property
    def field(self) -> str:
        """The name of its field in the form, and of its error."""
        return f"{self.column.value}-{self.member_number}"


class Collected(NamedTuple):
    """The collection that was recorded, now or by the same request before."""

    number: int
    replayed: bool


@dataclass(frozen=True, slots=True)
class Collection:
    """A recorded collection: whose, which day, and its deposits."""

    number: int
    group_number: str | None
    label: str | None
    collected_on: date
    recorded_by: str
    recorded_at: datetime
    lines: Sequence[CollectedLine]
    count: Count | None = None
    """What was counted by denomination, where it was."""

    @property
    def total_minor(self) -> int:
        """The cash that came in, in sen; what was undone since counts."""
        return sum(line.amount_minor for line in self.lines)


async def sheet(connection: AsyncConnection, cooperative: Cooperative, numbers: Sequence[str], on: date) -> list[Row]:
    """The rows of a sheet for members, in the order given; numbers that nobody has are left out.

    Expected of wajib and pokok is what was billed up to this month and is still open; nothing is of free savings.
    """
    book_id = cooperative.book_id
    wanted = [number for number in dict.fromkeys(numbers) if number.isascii() and number.isdigit()]
    people = await find_by_numbers(connection, book_id, wanted)
    there = [number for number in wanted if number in people]
    accounts = await _accounts(connection, cooperative, there)
    known = await standings_of(connection, cooperative, there, on)
    month = rules.period_of(on)
    return [
        Row(
            number,
            people[number].name,
            accounts.get(number, {}),
            {Column(kind.value): known[number].open_minor(kind, month) for kind in Kind},
        )
        for number in there
    ]


async def collect(
    work: Work,
    cooperative: Cooperative,
    cells: Sequence[Cell],
    *,
    counted_minor: int,
    count: Count | None = None,
    group_number: str | None,
    label: str,
    day: date,
    today: date,
    actor: str,
    once: Idempotency,
) -> Collected:
    """Record what a sheet says, all of it or nothing; the caller commits, unless it was a repeated request.

    Args:
        work: bound to the cooperative's book.
        cooperative: whose book.
        cells: one for each amount above zero.
        counted_minor: the cash that was counted, in sen; it must be the sum of the cells.
        count: the same by denomination, where it was counted so; it is kept for the paper.
        group_number: the group that gathered it, if one did.
        label: who gathered it otherwise, an employer say; may be empty.
        day: the book's date.
        today: the business day.
        actor: user name of who takes the cash.
        once: the same request is recorded once.

    Raises:
        Refusal: ``collection-empty``, ``collection-too-long``, ``collection-count``, ``date-in-future``,
            ``no-open-session``, ``idempotency-mismatch``; ``collection`` with an error for each wrong cell.
        NotFound: the group.
    """
    # The series' row stays locked until the end, so whoever comes second sees what the first one wrote.
    number = await next_number(work.connection, work.book_id, SERIES)
    if (known := await _recorded_before(work, once)) is not None:
        return Collected(known, replayed=True)
    label = _checked(cells, counted_minor, label, day, today)
    if group_number is not None:
        await group_by_number(work.connection, work.book_id, group_number)
    payments = await _payments(work, cooperative, cells)
    drafts, wrong = await savings.deposit_drafts(
        work.connection,
        cooperative,
        payments,
        day=day,
        actor=actor,
        once=once,
        link=_link(number),
    )
    if wrong:
        raise _refused([_at(cells[position], refusal) for position, refusal in wrong.items()])
    outcomes = await ledger.append(work.connection, drafts)
    rejected = [
        (cell, outcome)
        for cell, outcome in zip(cells, outcomes, strict=True)
        if isinstance(outcome, ledger.Rejected) and outcome.code != "linked"
    ]
    if rejected:
        raise _rejected(rejected)
    await work.connection.execute(
        insert(collection).values(
            book_id=work.book_id,
            number=number,
            group_number=group_number,
            label=label or None,
            collected_on=day,
            request_key=once.key,
            fingerprint=once.fingerprint,
            recorded_by=actor,
            count=None if count is None else count.to_json(),
        )
    )
    return Collected(number, replayed=False)


async def collection_by_number(connection: AsyncConnection, book_id: int, number: int) -> Collection:
    """One recorded collection.

    Raises:
        NotFound: ``collection``.
    """
    rows = await connection.execute(_collections(book_id).where(collection.c.number == number))
    row = rows.one_or_none()
    if row is None:
        raise NotFound("collection", N_("Lembar setoran dengan nomor ini tidak ada."))
    return await _whole(connection, book_id, row)


async def latest_collections(connection: AsyncConnection, book_id: int, limit: int = 8) -> list[Collection]:
    """The latest collections, the newest first."""
    rows = await connection.execute(_collections(book_id).order_by(collection.c.number.desc()).limit(limit))
    return [await _whole(connection, book_id, row) for row in rows.all()]


def _checked(cells: Sequence[Cell], counted_minor: int, label: str, day: date, today: date) -> str:
    """The label, once the sheet as a whole may be recorded."""
    if not cells:
        raise Refusal("collection-empty", N_("Belum ada jumlah yang diisi."))
    if len(cells) > MOST_ROWS * len(Column):
        raise Refusal("collection-too-long", N_("Paling banyak %(limit)s anggota sekali catat."), limit=MOST_ROWS)
    if len({cell.field for cell in cells}) != len(cells):
        raise Refusal("collection-twice", N_("Satu anggota tertulis dua kali."))
    if day > today:
        raise Refusal("date-in-future", N_("Tanggal transaksi belum tiba."), field="date")
    total = sum(cell.amount_minor for cell in cells)
    if counted_minor != total:
        raise Refusal(
            "collection-count",
            N_("Uang yang dihitung tidak sama dengan jumlah lembar %(total)s: selisih %(difference)s."),
            field="counted",
            total=format_amount(total),
            difference=format_amount(abs(counted_minor - total)),
        )
    try:
        return clean_text(label, max_length=LABEL_MAX_LENGTH) if label.strip() else ""
    except InputError as problem:
        raise _refused([problem.at("label")]) from problem


async def _payments(work: Work, cooperative: Cooperative, cells: Sequence[Cell]) -> list[Payment]:
    accounts = await _accounts(work.connection, cooperative, [cell.member_number for cell in cells])
    missing = FieldError("", "no-account", N_("Anggota ini tidak mempunyai rekening untuk kolom itu."))
    payments, errors = [], []
    for cell in cells:
        account = accounts.get(cell.member_number, {}).get(cell.column)
        if account is None:
            errors.append(FieldError(cell.field, missing.code, missing.message))
        else:
            payments.append(Payment(account, cell.amount_minor))
    if errors:
        raise _refused(errors)
    return payments


async def _accounts(
    connection: AsyncConnection, cooperative: Cooperative, numbers: Sequence[str]
) -> dict[str, dict[Column, str]]:
    """By member and column the account that is paid into: of free savings the first that was opened."""
    kinds = {
        SavingsKind.POKOK.value: Column.POKOK,
        SavingsKind.WAJIB.value: Column.WAJIB,
        free_kind(cooperative).value: Column.FREE,
    }
    rows = await connection.execute(
        select(holdings.c.member_number, holdings.c.kind, holdings.c.number)
        .where(
            holdings.c.book_id == cooperative.book_id,
            holdings.c.member_number == any_(literal(list(numbers), ARRAY(Text))),
            holdings.c.kind.in_(list(kinds)),
            holdings.c.closed_on.is_(None),
        )
        .order_by(holdings.c.number)
    )
    found: dict[str, dict[Column, str]] = {}
    for member, kind, number in rows:
        found.setdefault(member, {}).setdefault(kinds[kind], number)
    return found


def _at(cell: Cell, refusal: Refusal) -> FieldError:
    return FieldError(cell.field, refusal.code, refusal.message, refusal.params)


def _refused(errors: Sequence[FieldError]) -> Refusal:
    return Refusal("collection", N_("Lembar belum dicatat: ada baris yang perlu diperbaiki."), errors=errors)


def _rejected(rejected: Sequence[tuple[Cell, ledger.Rejected]]) -> Refusal:
    """What the book said: of the day or the key once, of an account beside its cell."""
    said = [(cell, refusal_of(outcome)) for cell, outcome in rejected]
    first = said[0][1]
    if first.code in OF_THE_DAY:
        params: dict[str, Any] = dict(first.params)
        return Refusal(first.code, first.message, field="date", **params)
    return _refused([_at(cell, refusal) for cell, refusal in said])


async def _recorded_before(work: Work, once: Idempotency) -> int | None:
    """The number of the collection that this key recorded.

    Raises:
        Refusal: ``idempotency-mismatch``.
    """
    found = (
        await work.connection.execute(
            select(collection.c.number, collection.c.fingerprint).where(
                collection.c.book_id == work.book_id, collection.c.request_key == once.key
            )
        )
    ).one_or_none()
    if found is None:
        return None
    if bytes(found.fingerprint) != once.fingerprint:
        raise Refusal("idempotency-mismatch", MESSAGES["idempotency-mismatch"])
    return int(found.number)


def _link(number: int) -> str:
    return f"collection:{number}"


def _collections(book_id: int) -> Any:
    table = collection.c
    return select(
        table.number,
        table.group_number,
        table.label,
        table.collected_on,
        table.recorded_by,
        table.recorded_at,
        table.count.label("pieces"),
    ).where(table.book_id == book_id)


async def _whole(connection: AsyncConnection, book_id: int, row: Any) -> Collection:
    lines = await savings.linked_deposits(connection, book_id, _link(row.number))
    return Collection(
        number=row.number,
        group_number=row.group_number,
        label=row.label,
        collected_on=row.collected_on,
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
        lines=lines,
        count=None if row.pieces is None else Count.of(row.pieces),
    )
