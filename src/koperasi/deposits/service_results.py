"""What the pool brought each month: set, or taken from the profit share that was posted. Called through ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.deposits import rules
from koperasi.deposits.rules import Earns, Result
from koperasi.deposits.service_standing import stands
from koperasi.deposits.tables import deposit, deposit_result, deposit_return
from koperasi.errors import Conflict, Refusal
from koperasi.formats import InputError, clean_text
from koperasi.i18n import N_
from koperasi.returns import service as returns


class PoolResult(NamedTuple):
    """HI-1000 of a month, as it was set the last time, and whether a return rests on it."""

    month: date
    hi_1000: Fraction
    revision: int
    reference: str
    set_by: str
    set_at: datetime


async def pool_results(connection: AsyncConnection, book_id: int) -> list[PoolResult]:
    """HI-1000 of each month, as it was set the last time, the oldest first."""
    table = deposit_result
    rows = await connection.execute(
        select(*(table.c[name] for name in PoolResult._fields))
        .where(table.c.book_id == book_id)
        .ext(distinct_on(table.c.month))
        .order_by(table.c.month, table.c.revision.desc())
    )
    return [PoolResult(**(dict(row._mapping) | {"hi_1000": Fraction(row.hi_1000)})) for row in rows]  # noqa: SLF001


def as_results(found: Sequence[PoolResult]) -> list[Result]:
    """The same for the rules."""
    return [Result(one.month, one.hi_1000) for one in found]


async def results_for(connection: AsyncConnection, cooperative: Cooperative) -> list[Result]:
    """What the rules need of the pool; nothing in a cooperative that works by rates."""
    return as_results(await pool_results(connection, cooperative.book_id)) if cooperative.is_sharia else []


async def set_result(work: Work, month: date, hi_1000: Fraction, *, reference: str, today: date, actor: str) -> None:
    """Say what the pool brought in a month; until a return rests on it, it may be said again.

    Args:
        work: bound to the book; the caller commits.
        month: its first day; the month must be over.
        hi_1000: rupiah for each 1,000 of average funds, exactly.
        reference: what it rests on.
        today: the book's day.
        actor: who says it.

    Raises:
        Refusal: ``result-month``, ``result-range`` or ``reference``.
        Conflict: ``result-used``.
    """
    if month.day != 1 or (today.year, today.month) <= (month.year, month.month):
        raise Refusal("result-month", N_("Hasil ditetapkan untuk bulan yang sudah berakhir."), field="month")
    if not 0 <= hi_1000 < 1_000_000:
        raise Refusal("result-range", N_("HI-1000 ditulis sebagai angka, misalnya 11,57."), field="hi_1000")
    try:
        reference = clean_text(reference, max_length=rules.REFERENCE_MAX_LENGTH)
    except InputError as problem:
        raise Refusal("reference", N_("Tulis dasar keputusannya."), errors=[problem.at("reference")]) from problem
    table = deposit_result
    mine = (table.c.book_id == work.book_id, table.c.month == month)
    revision = int(await work.connection.scalar(select(func.coalesce(func.max(table.c.revision), 0)).where(*mine)) or 0)
    if revision and await used_until(work.connection, work.book_id) >= month:
        raise Conflict("result-used", N_("Sudah ada imbalan yang dibayar atas hasil bulan ini."), field="month")
    await work.connection.execute(
        insert(table).values(
            book_id=work.book_id,
            month=month,
            revision=revision + 1,
            hi_1000=str(hi_1000),
            reference=reference,
            set_by=actor,
        )
    )
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.DEPOSIT_RESULT,
        subject=f"deposit-result {month:%Y-%m}",
        after={"hi_1000": str(hi_1000), "revision": revision + 1},
    )


async def used_until(connection: AsyncConnection, book_id: int) -> date:
    """The last month on whose result a posted return rests, at the latest; results up to it stay."""
    paid, table = deposit_return, deposit
    last = await connection.scalar(
        select(func.max(func.date_trunc("month", paid.c.last)))
        .select_from(paid.join(table, (paid.c.book_id == table.c.book_id) & (paid.c.deposit_number == table.c.number)))
        .where(paid.c.book_id == book_id, table.c.earns == Earns.NISBAH.value, stands())
    )
    return last.date() if last is not None else date.min


class Shared(NamedTuple):
    """HI-1000 of a month's profit share on savings that was posted: the same pool, so deposits may go by it."""

    month: date
    hi_1000: Fraction
    run_number: int


async def shared_results(connection: AsyncConnection, book_id: int) -> list[Shared]:
    """What posted profit shares of a whole month found, for months that have no result of their own; latest first."""
    known = {one.month for one in await pool_results(connection, book_id)}
    found: dict[date, Shared] = {}
    runs, _ = await returns.runs(connection, book_id, limit=100)
    for one in runs:
        first = one.period.first
        is_month = (one.period.last.year, one.period.last.month) == (first.year, first.month)
        posted = one.status is returns.RunStatus.POSTED and not one.correction
        if posted and is_month and one.pool is not None and first not in known:
            found.setdefault(first, Shared(first, one.pool.hi_1000, one.number))
    return list(found.values())
