"""Runs, their lines, and what was paid otherwise: finding them. Called through ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.returns.model import BINDING, Run, RunLine, RunStatus
from koperasi.returns.rules_days import Movement, month_end
from koperasi.returns.rules_interest import Posting
from koperasi.returns.rules_run import Period
from koperasi.returns.service_entries import reversed_chunks
from koperasi.returns.tables import return_line, return_paid, return_run
from koperasi.savings import service as savings
from ledger.schema import reversal as ledger_reversal

_RUN = (
    return_run.c.number,
    return_run.c.period_first,
    return_run.c.period_last,
    return_run.c.effective_on,
    return_run.c.posting,
    return_run.c.correction,
    return_run.c.status,
    return_run.c.settings,
    return_run.c.totals,
    return_run.c.head_number,
    return_run.c.fingerprint,
    return_run.c.prepared_by,
    return_run.c.prepared_at,
    return_run.c.approved_by,
    return_run.c.approved_at,
    return_run.c.ended_by,
    return_run.c.ended_at,
)
_LINE = tuple(return_line.c[name] for name in RunLine._fields)
_BINDING = [status.value for status in BINDING]


async def run(connection: AsyncConnection, book_id: int, number: int, *, lock: bool = False) -> Run:
    """One run; ``lock``: nobody else goes on with it meanwhile.

    Raises:
        NotFound: ``return-run``.
    """
    query = select(*_RUN).where(return_run.c.book_id == book_id, return_run.c.number == number)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFound("return-run", N_("Perhitungan imbal ini tidak ada."))
    return _to_run(row)


async def paid_before(connection: AsyncConnection, book_id: int, number: int, holder: str) -> tuple[int, int]:
    """What a saver had been paid in the month when the run was computed, and what was withheld of it, in sen."""
    kept = await connection.scalar(
        select(return_run.c.paid_before[holder]).where(return_run.c.book_id == book_id, return_run.c.number == number)
    )
    return (int(kept[0]), int(kept[1])) if kept else (0, 0)


async def runs(
    connection: AsyncConnection, book_id: int, *, before: int | None = None, limit: int = 50
) -> tuple[list[Run], bool]:
    """The latest first, below ``before``, and whether there are more."""
    query = select(*_RUN).where(return_run.c.book_id == book_id)
    if before is not None:
        query = query.where(return_run.c.number < before)
    rows = await connection.execute(query.order_by(return_run.c.number.desc()).limit(limit + 1))
    found = [_to_run(row) for row in rows]
    return found[:limit], len(found) > limit


async def standing_runs(connection: AsyncConnection, book_id: int) -> list[Run]:
    """All runs that were not dropped, the latest first."""
    query = select(*_RUN).where(return_run.c.book_id == book_id, return_run.c.status != RunStatus.DROPPED.value)
    return [_to_run(row) for row in await connection.execute(query.order_by(return_run.c.number.desc()))]


def _to_run(row: Any) -> Run:
    return Run(
        row.number,
        Period(row.period_first, row.period_last),
        row.effective_on,
        Posting(row.posting),
        row.correction,
        RunStatus(row.status),
        row.settings,
        row.totals,
        row.head_number,
        bytes(row.fingerprint),
        *tuple(row)[11 : len(_RUN)],
    )


async def lines(
    connection: AsyncConnection,
    book_id: int,
    number: int,
    *,
    after: tuple[int, str] | None = None,
    zeros: bool = False,
    limit: int = 100,
) -> tuple[list[RunLine], bool]:
    """Lines of a run in its order, after (chunk, account), and whether there are more; ``zeros``: only those."""
    table = return_line.c
    query = select(*_LINE).where(table.book_id == book_id, table.run_number == number)
    if after is not None:
        query = query.where(tuple_(table.chunk, table.account_number) > after)
    if zeros:
        query = query.where(table.gross_minor == 0)
    rows = await connection.execute(query.order_by(table.chunk, table.account_number).limit(limit + 1))
    found = [RunLine(*row) for row in rows]
    return found[:limit], len(found) > limit


async def largest(connection: AsyncConnection, book_id: int, number: int, limit: int = 10) -> list[RunLine]:
    """The lines with the largest amounts."""
    table = return_line.c
    rows = await connection.execute(
        select(*_LINE)
        .where(table.book_id == book_id, table.run_number == number, table.gross_minor != 0)
        .order_by(func.abs(table.gross_minor).desc(), table.account_number)
        .limit(limit)
    )
    return [RunLine(*row) for row in rows]


async def line_of(connection: AsyncConnection, book_id: int, number: int, account_number: str) -> RunLine:
    """What a run found for an account.

    Raises:
        NotFound: ``return-line``.
    """
    table = return_line.c
    row = (
        await connection.execute(
            select(*_LINE).where(
                table.account_number == account_number, table.book_id == book_id, table.run_number == number
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound("return-line", N_("Rekening ini tidak ada dalam perhitungan itu."))
    return RunLine(*row)


async def of_run_and_holder(connection: AsyncConnection, book_id: int, number: int, holder: str) -> list[RunLine]:
    """The lines of a run that are a member's, or another cooperative's."""
    held = savings.holdings.c
    owner = held.partner_number if savings.is_partner_number(holder) else held.member_number
    mine = select(held.number).where(owner == holder, held.book_id == book_id)
    table = return_line.c
    query = select(*_LINE).where(table.account_number.in_(mine), table.book_id == book_id, table.run_number == number)
    return [RunLine(*row) for row in await connection.execute(query.order_by(table.account_number))]


async def lines_of_member(
    connection: AsyncConnection, book_id: int, accounts: Sequence[str], limit: int = 60
) -> list[tuple[Run, RunLine]]:
    """What was posted or is to be posted for these accounts, the latest first."""
    table = return_line.c
    query = (
        select(*_RUN, *_LINE)
        .join(return_run, and_(return_run.c.book_id == table.book_id, return_run.c.number == table.run_number))
        .where(
            table.account_number.in_(accounts), table.book_id == book_id, return_run.c.status.in_(("posting", "posted"))
        )
        .order_by(table.period_last.desc(), table.run_number.desc(), table.account_number)
        .limit(limit)
    )
    size = len(_RUN)
    return [(_to_run(row), RunLine(*row[size:])) for row in await connection.execute(query)]


async def posted_before(
    connection: AsyncConnection,
    book_id: int,
    period: Period,
    of_runs: Sequence[Run],
    account_number: str | None = None,
) -> tuple[dict[str, int], dict[str, list[Movement]]]:
    """What runs posted for a period and still stands: gross by account, and the credits that fall into the period.

    Of one account, if one is named.
    """
    gross: dict[str, int] = {}
    own: dict[str, list[Movement]] = {}
    for one in of_runs:
        undone = await reversed_chunks(connection, book_id, one)
        inside = one.effective_on <= period.last
        table = return_line.c
        query = select(table.account_number, table.chunk, table.gross_minor, table.tax_minor).where(
            table.book_id == book_id, table.run_number == one.number
        )
        if account_number is not None:
            query = query.where(table.account_number == account_number)
        for number, chunk, amount, tax in await connection.execute(query):
            stands = chunk not in undone
            gross[number] = gross.get(number, 0) + (amount if stands else 0)
            lay = stands or undone[chunk] > period.last
            if lay and inside and amount != tax:
                own.setdefault(number, []).append(Movement(one.effective_on, amount - tax))
    return gross, own


def paid_stands() -> ColumnElement[bool]:
    """A payment that no run made counts while its entry stands: a settlement of a leaver may be taken back."""
    return ~exists(
        select(ledger_reversal.c.entry_number).where(
            ledger_reversal.c.book_id == return_paid.c.book_id,
            ledger_reversal.c.entry_number == return_paid.c.entry_number,
            ledger_reversal.c.undone_by.is_(None),
        )
    )


async def paid_savings(connection: AsyncConnection, book_id: int, period: Period) -> set[str]:
    """Accounts whose return for days of the period was paid as they were closed."""
    table = return_paid.c
    rows = await connection.scalars(
        select(table.reference).where(
            table.book_id == book_id,
            table.source == "savings",
            table.period_first <= period.last,
            table.period_last >= period.first,
            paid_stands(),
        )
    )
    return set(rows)


async def paid_in_month(
    connection: AsyncConnection, book_id: int, day: date, member_number: str | None = None
) -> dict[str, tuple[int, int]]:
    """What members were paid in the month of a day, and what was withheld of it, in sen; of one, or of all."""
    month = func.date_trunc("month", day)
    undone = await undone_in_month(connection, book_id, day)
    paid, line = return_paid.c, return_line.c
    others = select(paid.member_number, paid.gross_minor, paid.tax_minor).where(
        paid.book_id == book_id,
        paid.paid_on >= day.replace(day=1),
        paid.paid_on <= month_end(day),
        paid.member_number.is_not(None),
        paid_stands(),
    )
    in_runs = (
        select(line.member_number, line.gross_minor, line.tax_minor)
        .join(return_run, and_(return_run.c.book_id == line.book_id, return_run.c.number == line.run_number))
        .where(
            line.book_id == book_id,
            return_run.c.status.in_(_BINDING),
            func.date_trunc("month", return_run.c.effective_on) == month,
            line.member_number.is_not(None),
            line.gross_minor != 0,
        )
    )
    if undone:
        in_runs = in_runs.where(tuple_(line.run_number, line.chunk).not_in(undone))
    if member_number is not None:
        others = others.where(paid.member_number == member_number)
        in_runs = in_runs.where(line.member_number == member_number)
    every = others.union_all(in_runs).subquery("paid")
    rows = await connection.execute(
        select(every.c.member_number, func.sum(every.c.gross_minor), func.sum(every.c.tax_minor)).group_by(
            every.c.member_number
        )
    )
    return {member: (int(gross), int(tax)) for member, gross, tax in rows}


async def undone_in_month(connection: AsyncConnection, book_id: int, day: date) -> list[tuple[int, int]]:
    """Entries (run, place) of the month's runs that were undone since."""
    query = select(*_RUN).where(
        return_run.c.book_id == book_id,
        return_run.c.status.in_(_BINDING),
        func.date_trunc("month", return_run.c.effective_on) == func.date_trunc("month", day),
    )
    found = [_to_run(row) for row in await connection.execute(query)]
    return [(one.number, chunk) for one in found for chunk in await reversed_chunks(connection, book_id, one)]


async def last_paid(connection: AsyncConnection, book_id: int) -> int:
    """The number of the last payment that no run made; 0 if there is none."""
    return int(
        await connection.scalar(select(func.max(return_paid.c.number)).where(return_paid.c.book_id == book_id)) or 0
    )


async def lock_month(connection: AsyncConnection, book_id: int) -> None:
    """What is paid in a month decides its tax: one payer at a time, until the caller commits."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('return-tax'), :book)"), {"book": book_id % 2**31}
    )


async def is_paid(connection: AsyncConnection, book_id: int, account_number: str) -> date | None:
    """The last day for which an account's return was posted, by a run or as it was closed."""
    line = return_line.c
    by_run = await connection.scalar(
        select(func.max(line.period_last)).where(
            line.account_number == account_number,
            line.book_id == book_id,
            exists(
                select(return_run.c.number).where(
                    return_run.c.book_id == line.book_id,
                    return_run.c.number == line.run_number,
                    return_run.c.status.in_(_BINDING),
                )
            ),
        )
    )
    closed = await connection.scalar(
        select(func.max(return_paid.c.period_last)).where(
            return_paid.c.reference == account_number,
            return_paid.c.source == "savings",
            return_paid.c.book_id == book_id,
            paid_stands(),
        )
    )
    days = [day for day in (by_run, closed) if day is not None]
    return max(days) if days else None
