"""Reading the books for those who check them. Each report is read in one snapshot, which the caller opens."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, FromClause, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.known import Known
from koperasi.reports import rules
from koperasi.reports.rules import TYPE_LABELS, Change, Group, Total, TrialBalance, TrialLine, on_side
from ledger import schema

__all__ = [
    "TYPE_LABELS",
    "Beneath",
    "Change",
    "Group",
    "Scope",
    "Sheet",
    "Total",
    "TrialBalance",
    "TrialLine",
    "on_side",
]


class Sheet(NamedTuple):
    """An account over a time: balances on its own side, turnovers, and how far the book had come. Minor units."""

    account: ledger.Account
    opening_minor: int
    debit_minor: int
    credit_minor: int
    closing_minor: int
    head: ledger.Head


class Beneath(NamedTuple):
    """An account beneath a control account, over the same time."""

    account: ledger.Account
    opening_minor: int
    debit_minor: int
    credit_minor: int
    closing_minor: int


class Scope(NamedTuple):
    """What an export of the journal would hold: how many entries, from which number to which (0 if none)."""

    entries: int
    first: int
    last: int
    head: ledger.Head


async def account(connection: AsyncConnection, book_id: int, code: str) -> ledger.Account:
    """One account.

    Raises:
        ledger.UnknownAccountError: no such code.
    """
    # The driver refuses text with a zero byte, and no code has one.
    if not (code.isascii() and code.isprintable()):
        raise ledger.UnknownAccountError(code)
    return await ledger.account_by_code(connection, book_id, code)


async def trial_balance(
    connection: AsyncConnection,
    book_id: int,
    as_of: date | None,
    *,
    detailed: bool = False,
    known: Known | None = None,
) -> TrialBalance:
    """Every account's balance at the end of a day; what lies beneath a control account in it, unless ``detailed``.

    ``known``: as the book stood then.
    """
    known = known or Known(None, await ledger.head(connection, book_id))
    rows = await ledger.trial_balance(connection, book_id, as_of, detailed=detailed, known_at=known.at)
    return rules.trial_balance(rows, as_of, known)


class Later(NamedTuple):
    """What came after a trial balance of the past: the accounts that differ now, and the late entries.

    Late is what was recorded afterwards with an effective date that it covers; ``more``: not all are here.
    """

    changes: list[Change]
    entries: list[ledger.Entry]
    more: bool


async def since(connection: AsyncConnection, book_id: int, then: TrialBalance, *, limit: int = 200) -> Later:
    """What is different now about a trial balance of the past, and why."""
    now = await trial_balance(connection, book_id, then.as_of)
    late = await ledger.entries(connection, book_id, after=then.head.number, to_date=then.as_of, limit=limit + 1)
    return Later(rules.changes(then, now), late[:limit], len(late) > limit)


async def sheet(
    connection: AsyncConnection,
    book_id: int,
    found: ledger.Account,
    from_date: date | None = None,
    to_date: date | None = None,
    *,
    known: Known | None = None,
) -> Sheet:
    """An account's opening balance, turnovers and closing balance; a control account's are those of its tree.

    ``known``: as the book stood then.
    """
    known = known or Known(None, await ledger.head(connection, book_id))
    if "." not in found.code:
        moves = await ledger.first_level_moves(connection, book_id, from_date, to_date, known_at=known.at)
        return Sheet(found, *_on_side(found, *moves.get(found.code, (0, 0, 0))), known.head)
    table, turnover = schema.account, ledger.turnovers(book_id, known.at)
    sums = select(*_movements(turnover, from_date, to_date)).select_from(
        table.join(turnover, turnover.c.account_id == table.c.account_id)
    )
    row = (await connection.execute(sums.where(table.c.book_id == book_id, _tree(found.code)))).one()
    return Sheet(found, *_on_side(found, row.opening, row.debit, row.credit), known.head)


def _tree(code: str) -> ColumnElement[bool]:
    """The account and all beneath it: under the C collation the codes between "code." and "code/"."""
    return or_(schema.account.c.code == code, _beneath(code))


def _beneath(code: str) -> ColumnElement[bool]:
    return and_(schema.account.c.code > code + ".", schema.account.c.code < code + "/")


def _movements(turnover: FromClause, from_date: date | None, to_date: date | None) -> tuple[ColumnElement[int], ...]:
    """Opening balance (signed), debit and credit of the time, from daily turnovers."""
    day = turnover.c.day
    within = and_(
        day >= from_date if from_date is not None else day.is_not(None),
        day <= to_date if to_date is not None else day.is_not(None),
    )
    before = day < from_date if from_date is not None else day.is_(None)
    return (
        func.coalesce(func.sum(turnover.c.debit - turnover.c.credit).filter(before), 0).label("opening"),
        func.coalesce(func.sum(turnover.c.debit).filter(within), 0).label("debit"),
        func.coalesce(func.sum(turnover.c.credit).filter(within), 0).label("credit"),
    )


def _on_side(found: ledger.Account, opening: int, debit: int, credit: int) -> tuple[int, int, int, int]:
    opening, debit, credit = int(opening), int(debit), int(credit)
    return on_side(found, opening), debit, credit, on_side(found, opening + debit - credit)


async def accounts_beneath(
    connection: AsyncConnection,
    book_id: int,
    code: str,
    *,
    from_date: date | None = None,
    to_date: date | None = None,
    after: str | None = None,
    limit: int = 100,
    known_at: int | None = None,
) -> tuple[list[Beneath], bool]:
    """A page of the accounts beneath a control account that take postings, by code, and whether there are more."""
    table, turnover = schema.account, ledger.turnovers(book_id, known_at)
    query = (
        select(table.c.code)
        .where(table.c.book_id == book_id, _beneath(code), ~table.c.control)
        .order_by(table.c.code)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(table.c.code > after)
    codes = list((await connection.execute(query)).scalars())
    found = await ledger.find_accounts(connection, book_id, codes[:limit])
    sums = (
        select(turnover.c.account_id, *_movements(turnover, from_date, to_date))
        .where(turnover.c.account_id.in_([one.account_id for one in found]))
        .group_by(turnover.c.account_id)
    )
    moved = {row.account_id: (row.opening, row.debit, row.credit) for row in await connection.execute(sums)}
    listed = [Beneath(one, *_on_side(one, *moved.get(one.account_id, (0, 0, 0)))) for one in found]
    return listed, len(codes) > limit


async def statement(
    connection: AsyncConnection,
    book_id: int,
    found: ledger.Account,
    *,
    from_date: date | None = None,
    to_date: date | None = None,
    after: tuple[date, int, int] | None = None,
    limit: int = 50,
    known_at: int | None = None,
) -> ledger.Statement:
    """A page of an account's postings with its running balance (signed), also as the book stood at an entry.

    Raises:
        Refusal: it is a control account; its postings are those of the accounts beneath it.
    """
    if found.control:
        message = N_("Akun %(account)s adalah akun induk; lihat akun di bawahnya.")
        raise Refusal("control-account", message, account=found.code)
    return await ledger.statement(
        connection, book_id, found, from_date=from_date, to_date=to_date, after=after, limit=limit, known_at=known_at
    )


async def scope(
    connection: AsyncConnection,
    book_id: int,
    from_date: date | None,
    to_date: date | None,
    *,
    known: Known | None = None,
) -> Scope:
    """What an export of these days would hold, also as the book stood at an entry."""
    known = known or Known(None, await ledger.head(connection, book_id))
    table = schema.entry
    query = select(func.count(), func.min(table.c.number), func.max(table.c.number)).where(table.c.book_id == book_id)
    if from_date is not None:
        query = query.where(table.c.effective_date >= from_date)
    if to_date is not None:
        query = query.where(table.c.effective_date <= to_date)
    if known.at is not None:
        query = query.where(table.c.number <= known.at)
    count, first, last = (await connection.execute(query)).one()
    return Scope(count, first or 0, last or 0, known.head)
