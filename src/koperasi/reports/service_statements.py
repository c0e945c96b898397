"""Reading what statements are made of: movements of accounts from daily turnovers, and what entries did to cash.

Accounts are those of the first level; what lies beneath a control account is in it. A statement is in the book's own
currency: other currencies are named by ``other_currencies`` and stand in the trial balance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import CTE, Boolean, ColumnElement, Select, and_, case, func, literal, literal_column, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import Cooperative, account_code
from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.known import Known
from koperasi.reports.rules_statements import is_cash, statement
from koperasi.reports.statement_lines import OPENING_CODE
from koperasi.reports.statement_model import SHARIA_ONLY, Facts, Name, Period, Statement, periods_of
from ledger import schema
from ledger.statements import ADJUSTMENT, CLOSING, CashEntry, Movement, Turn

OPENING_KINDS = "opening.%"
"""Kinds of the entries with which a book begins; their cash was there before."""


class Report(NamedTuple):
    """A statement, how far the book had come, and currencies whose accounts it leaves out.

    ``known_at``: the entry that was the book's last, if somebody asked for the book as it stood then.
    """

    statement: Statement
    currency: str
    other_currencies: tuple[str, ...]
    head: ledger.Head
    known_at: int | None = None


async def report(
    connection: AsyncConnection,
    cooperative: Cooperative,
    name: Name,
    *,
    first: date | None,
    last: date,
    compare: str = "year",
    known: Known | None = None,
) -> Report:
    """A statement of a cooperative's book; ``compare`` as in ``periods_of``, ``known`` how far it looks.

    Raises:
        Refusal: days in the wrong order, or an unknown comparison.
        NotFound: ``statement``: a cooperative of this kind has no such statement.
    """
    if name in SHARIA_ONLY and not cooperative.is_sharia:
        raise NotFound("statement", N_("Laporan ini hanya ada pada koperasi syariah."))
    periods = periods_of(name, first, last, compare)
    book_id, known_at = cooperative.book_id, known.at if known else None
    currency = await connection.scalar(select(schema.book.c.currency).where(schema.book.c.book_id == book_id))
    chart = await ledger.chart(connection, book_id, top_only=True)
    accounts = [account for account in chart if account.currency == currency]
    facts = []
    for period in periods:
        cash: tuple[CashEntry, ...] = ()
        if name is Name.CASH:
            codes = [account.code for account in accounts if is_cash(account)]
            cash = tuple(await _cash_entries(connection, book_id, period, codes, known_at))
        facts.append(Facts(period, await _movements(connection, book_id, period, accounts, known_at), cash))
    result_code = account_code(cooperative.kind, "surplus.current")
    return Report(
        statement(name, cooperative.kind, result_code, facts),
        str(currency),
        tuple(sorted({account.currency for account in chart} - {currency})),
        known.head if known else await ledger.head(connection, book_id),
        known_at,
    )


class Later(NamedTuple):
    """What came after a statement of the past: the same statement now, and the late entries; ``more``: not all."""

    now: Report
    entries: list[ledger.Entry]
    more: bool


async def since(
    connection: AsyncConnection,
    cooperative: Cooperative,
    then: Report,
    *,
    first: date | None,
    last: date,
    compare: str,
    limit: int = 200,
) -> Later:
    """What is different now about a statement as the book stood once, and why. Days as in ``report``.

    Late is what was recorded afterwards with an effective date that the statement covers.
    """
    name, book_id = then.statement.name, cooperative.book_id
    now = await report(connection, cooperative, name, first=first, last=last, compare=compare)
    own = then.statement.periods[0]
    late = await ledger.entries(
        connection,
        book_id,
        after=then.head.number,
        from_date=own.first if name is Name.INCOME else None,
        to_date=own.last,
        limit=limit + 1,
    )
    return Later(now, late[:limit], len(late) > limit)


def _recorded(number: ColumnElement[int], known_at: int | None) -> ColumnElement[bool]:
    return true() if known_at is None else number <= known_at


_TOP = func.split_part(schema.account.c.code, ".", 1)


async def _movements(
    connection: AsyncConnection,
    book_id: int,
    period: Period,
    accounts: list[ledger.Account],
    known_at: int | None,
) -> tuple[Movement, ...]:
    rows = await ledger.first_level_moves(connection, book_id, period.first, period.last, known_at=known_at)
    moved = {code: (opening, Turn(debit, credit)) for code, (opening, debit, credit) in rows.items()}
    special: dict[tuple[str, str], Turn] = {}
    for top, kind, undoing, debit, credit in await connection.execute(_marked_sums(book_id, period, known_at)):
        turn = Turn(int(debit), int(credit))
        if undoing:
            # Each side of what undoes is the other side of what it undoes.
            opening, whole = moved[top]
            moved[top] = opening, Turn(whole.debit - turn.debit - turn.credit, whole.credit - turn.debit - turn.credit)
            turn = Turn(-turn.credit, -turn.debit)
        known = special.get((top, kind), Turn())
        special[top, kind] = Turn(known.debit + turn.debit, known.credit + turn.credit)
    return tuple(
        Movement(
            one,
            *moved.get(one.code, (0, Turn())),
            special.get((one.code, ADJUSTMENT), Turn()),
            special.get((one.code, CLOSING), Turn()),
        )
        for one in accounts
    )


_IS_MARKED: ColumnElement[bool] = literal_column(f"({schema.MARKED})", Boolean)


def _marked(book_id: int, period: Period, known_at: int | None) -> CTE:
    """Entries of the time that adjust, close or undo, each with the kind of the entry at the root of its undoing."""
    entry = schema.entry
    base = (
        select(
            entry.c.number.label("number"),
            entry.c.kind.label("kind"),
            entry.c.reverses.label("reverses"),
            literal(0).label("depth"),
        )
        .where(
            entry.c.book_id == book_id,
            _recorded(entry.c.number, known_at),
            entry.c.effective_date.between(period.first, period.last),
            _IS_MARKED,
        )
        .cte("chain", recursive=True)
    )
    up = schema.entry.alias("up")
    return base.union_all(
        select(base.c.number, up.c.kind, up.c.reverses, base.c.depth + 1).where(
            up.c.book_id == book_id, up.c.number == base.c.reverses
        )
    )


def _marked_sums(book_id: int, period: Period, known_at: int | None) -> Select[Any]:
    chain, posting, account = _marked(book_id, period, known_at), schema.posting, schema.account
    undoing: ColumnElement[bool] = chain.c.depth % 2 == 1
    amount = posting.c.amount
    return (
        select(
            _TOP,
            chain.c.kind,
            undoing,
            func.coalesce(func.sum(amount).filter(amount > 0), 0),
            func.coalesce(-func.sum(amount).filter(amount < 0), 0),
        )
        .select_from(
            chain.join(posting, and_(posting.c.book_id == book_id, posting.c.entry_number == chain.c.number)).join(
                account, and_(account.c.book_id == book_id, account.c.account_id == posting.c.account_id)
            )
        )
        .where(chain.c.reverses.is_(None))
        .group_by(_TOP, chain.c.kind, undoing)
    )


async def _cash_entries(
    connection: AsyncConnection, book_id: int, period: Period, cash_codes: list[str], known_at: int | None
) -> list[CashEntry]:
    """What the entries of the time did to cash: those against one account summed up by it, the rest one by one."""
    legs = _legs(book_id, period, cash_codes, known_at)
    cash = (
        select(
            legs.c.entry_number,
            func.coalesce(func.sum(legs.c.amount).filter(legs.c.is_cash), 0).label("cash"),
            func.count().filter(~legs.c.is_cash).label("counters"),
        )
        .group_by(legs.c.entry_number)
        .cte("entries")
    )
    joined = legs.join(cash, and_(cash.c.entry_number == legs.c.entry_number, cash.c.cash != 0, ~legs.c.is_cash))
    simple = await connection.execute(
        select(legs.c.top, legs.c.undoing, -func.sum(legs.c.amount))
        .select_from(joined)
        .where(cash.c.counters == 1)
        .group_by(legs.c.top, legs.c.undoing, legs.c.amount > 0)
        .order_by(legs.c.top)
    )
    found = [CashEntry(int(change), {top: -int(change)}, undoing) for top, undoing, change in simple]
    others = await connection.execute(
        select(legs.c.entry_number, cash.c.cash, legs.c.undoing, legs.c.top, legs.c.amount)
        .select_from(joined)
        .where(cash.c.counters > 1)
        .order_by(legs.c.entry_number, legs.c.top)
    )
    return [*found, *_by_entry(others.all())]


def _legs(book_id: int, period: Period, cash_codes: list[str], known_at: int | None) -> CTE:
    """Postings of the entries that touch cash, summed by entry and account of the first level."""
    posting, account, entry = schema.posting, schema.account, schema.entry
    undone = schema.entry.alias("undone")
    currency = select(schema.book.c.currency).where(schema.book.c.book_id == book_id).scalar_subquery()
    touching = (
        select(posting.c.entry_number)
        .select_from(
            posting.join(
                account, and_(account.c.account_id == posting.c.account_id, account.c.book_id == posting.c.book_id)
            )
        )
        .where(
            posting.c.book_id == book_id,
            _recorded(posting.c.entry_number, known_at),
            _TOP.in_(cash_codes),
            posting.c.effective_date.between(period.first, period.last),
        )
        .distinct()
        .cte("touching")
    )
    is_opening = entry.c.kind.like(OPENING_KINDS)
    is_cash = _TOP.in_(cash_codes)
    top = case((is_opening & ~is_cash, literal(OPENING_CODE)), else_=_TOP)
    # What undoes an undoing does again what was undone.
    undoing = entry.c.reverses.is_not(None) & undone.c.reverses.is_(None)
    return (
        select(
            posting.c.entry_number,
            top.label("top"),
            is_cash.label("is_cash"),
            undoing.label("undoing"),
            func.sum(posting.c.amount).label("amount"),
        )
        .select_from(
            touching.join(
                posting, and_(posting.c.book_id == book_id, posting.c.entry_number == touching.c.entry_number)
            )
            .join(entry, and_(entry.c.book_id == book_id, entry.c.number == posting.c.entry_number))
            .outerjoin(undone, and_(undone.c.book_id == book_id, undone.c.number == entry.c.reverses))
            .join(account, and_(account.c.book_id == book_id, account.c.account_id == posting.c.account_id))
        )
        .where(account.c.currency == currency)
        .group_by(posting.c.entry_number, top, is_cash, undoing)
        .cte("legs")
    )


def _by_entry(rows: Iterable[Any]) -> Iterator[CashEntry]:
    for _, lines in groupby(rows, key=itemgetter(0)):
        legs = list(lines)
        yield CashEntry(int(legs[0].cash), {leg.top: int(leg.amount) for leg in legs}, bool(legs[0].undoing))
