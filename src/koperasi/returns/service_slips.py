"""Slips of tax withheld (bukti potong): one for each saver and payment. Called through ``service``.

They get their numbers when somebody looks at a month: an act that can be done again and gives the same, since payments
that stand have their slips already and new ones come behind them. A slip whose payment is undone stays, as void.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, and_, cast, exists, func, insert, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger, Text

from koperasi.db import Work
from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.returns import service_rows
from koperasi.returns.model import RunStatus, Slip
from koperasi.returns.rules_days import add_months
from koperasi.returns.tables import return_line, return_paid, return_run, tax_slip

Chunk = tuple[int, int]
"""A run's number and the place of an entry in it."""

_SLIP = tuple(tax_slip.c[name] for name in Slip._fields if name != "is_void")


async def assign_slips(work: Work, month: date) -> int:
    """Number the slips that a month's payments still lack, in the order of the payments; returns how many.

    Done again it gives nothing new. Without gaps: a number is given as its row is written. The caller commits.
    """
    month = month.replace(day=1)
    await service_rows.lock_month(work.connection, work.book_id)
    undone = await service_rows.undone_in_month(work.connection, work.book_id, month)
    payments = _payments(work.book_id, month, undone).subquery("payments")
    last = (
        select(func.coalesce(func.max(tax_slip.c.serial), 0))
        .where(tax_slip.c.book_id == work.book_id, tax_slip.c.month == month)
        .scalar_subquery()
    )
    place = func.row_number().over(
        order_by=(payments.c.paid_on, payments.c.source, payments.c.source_number, payments.c.member_number)
    )
    missing = (
        select(
            cast(literal(work.book_id), BigInteger),
            literal(month),
            last + place,
            payments.c.member_number,
            payments.c.source,
            payments.c.source_number,
            payments.c.paid_on,
            payments.c.gross_minor,
            payments.c.tax_minor,
        )
        .where(
            ~exists(
                select(tax_slip.c.serial).where(
                    tax_slip.c.member_number == payments.c.member_number,
                    tax_slip.c.source == payments.c.source,
                    tax_slip.c.source_number == payments.c.source_number,
                    tax_slip.c.book_id == work.book_id,
                )
            )
        )
        .order_by(place)
    )
    columns = ["book_id", "month", "serial", "member_number", "source", "source_number", "paid_on"]
    made = await work.connection.execute(insert(tax_slip).from_select([*columns, "gross_minor", "tax_minor"], missing))
    return made.rowcount


def _payments(book_id: int, month: date, undone: Sequence[Chunk]) -> CompoundSelect[Any]:
    """Each saver and payment of a month that stands: what a run posted is one, however many accounts it went to."""
    line, paid = return_line.c, return_paid.c
    days = (month, add_months(month, 1))
    by_run = (
        select(
            line.member_number,
            cast(literal("run"), Text).label("source"),
            line.run_number.label("source_number"),
            return_run.c.effective_on.label("paid_on"),
            cast(func.sum(line.gross_minor), BigInteger).label("gross_minor"),
            cast(func.sum(line.tax_minor), BigInteger).label("tax_minor"),
        )
        .join(return_run, and_(return_run.c.book_id == line.book_id, return_run.c.number == line.run_number))
        .where(
            line.book_id == book_id,
            line.member_number.is_not(None),
            line.gross_minor != 0,
            return_run.c.status == RunStatus.POSTED.value,
            return_run.c.effective_on >= days[0],
            return_run.c.effective_on < days[1],
        )
        .group_by(line.member_number, line.run_number, return_run.c.effective_on)
    )
    if undone:
        by_run = by_run.where(tuple_(line.run_number, line.chunk).not_in(undone))
    otherwise = select(
        paid.member_number,
        cast(literal("paid"), Text),
        paid.number,
        paid.paid_on,
        paid.gross_minor,
        paid.tax_minor,
    ).where(
        paid.book_id == book_id,
        paid.member_number.is_not(None),
        paid.gross_minor != 0,
        paid.paid_on >= days[0],
        paid.paid_on < days[1],
        service_rows.paid_stands(),
    )
    return by_run.union_all(otherwise)


def _void(undone: Sequence[Chunk]) -> ColumnElement[bool]:
    """Whether the payment of a slip was undone since; the slip keeps its number."""
    slip, line, paid = tax_slip.c, return_line.c, return_paid.c
    otherwise = exists(
        select(paid.number).where(
            paid.book_id == slip.book_id, paid.number == slip.source_number, ~service_rows.paid_stands()
        )
    )
    if not undone:
        return and_(slip.source == "paid", otherwise)
    by_run = exists(
        select(line.account_number).where(
            line.book_id == slip.book_id,
            line.run_number == slip.source_number,
            line.member_number == slip.member_number,
            tuple_(line.run_number, line.chunk).in_(undone),
        )
    )
    return or_(and_(slip.source == "paid", otherwise), and_(slip.source == "run", by_run))


async def slips(
    connection: AsyncConnection, book_id: int, month: date, *, after: int = 0, limit: int | None = None
) -> tuple[list[Slip], bool]:
    """The slips of a month in order, and whether there are more."""
    month = month.replace(day=1)
    void = _void(await service_rows.undone_in_month(connection, book_id, month))
    query = select(*_SLIP, void).where(
        tax_slip.c.book_id == book_id, tax_slip.c.month == month, tax_slip.c.serial > after
    )
    query = query.order_by(tax_slip.c.serial)
    rows = await connection.execute(query if limit is None else query.limit(limit + 1))
    found = [Slip(*tuple(row)) for row in rows]
    return (found, False) if limit is None else (found[:limit], len(found) > limit)


async def slip(connection: AsyncConnection, book_id: int, month: date, serial: int) -> Slip:
    """One slip.

    Raises:
        NotFound: ``tax-slip``.
    """
    found, _ = await slips(connection, book_id, month, after=serial - 1, limit=1)
    if not found or found[0].serial != serial:
        raise NotFound("tax-slip", N_("Bukti potong ini tidak ada."))
    return found[0]


async def slip_sums(connection: AsyncConnection, book_id: int, month: date) -> Mapping[str, int]:
    """How many slips of a month stand, what was paid and withheld, and of that from other cooperatives; in sen.

    ``void`` is how many do not stand any more.
    """
    month = month.replace(day=1)
    void = _void(await service_rows.undone_in_month(connection, book_id, month))
    table = tax_slip.c
    inner = (
        select(table.member_number, table.gross_minor, table.tax_minor, void.label("void"))
        .where(table.book_id == book_id, table.month == month)
        .subquery("slips")
    )
    stands = ~inner.c.void
    row = (
        await connection.execute(
            select(
                func.count().filter(stands),
                func.sum(inner.c.gross_minor).filter(stands),
                func.sum(inner.c.tax_minor).filter(stands),
                func.sum(inner.c.tax_minor).filter(stands, inner.c.member_number.like("K%")),
                func.count().filter(inner.c.void),
            )
        )
    ).one()
    names = ("count", "gross", "tax", "partners", "void")
    return {name: int(amount or 0) for name, amount in zip(names, row, strict=True)}
