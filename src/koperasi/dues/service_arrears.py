"""Who is late with dues: found among all members at once. Called through ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, any_, case, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative
from koperasi.dues import rules
from koperasi.dues.model import Behind, BehindPage
from koperasi.dues.rules import Kind
from koperasi.dues.service_reading import carried_over, policies, waived_bill
from koperasi.dues.tables import due_waiver
from koperasi.members.service import MemberStatus, roster
from koperasi.savings.service import bills, holdings
from ledger import schema

STAYING = [status.value for status in MemberStatus if not status.has_left]


async def behind(
    connection: AsyncConnection,
    cooperative: Cooperative,
    on: date,
    *,
    numbers: Sequence[str] | None = None,
    months: int = 1,
    after: str | None = None,
    limit: int | None = 50,
) -> BehindPage:
    """Who is late on a day, by number of member.

    Args:
        connection: one unchanging view of the book.
        cooperative: whose.
        on: the business day.
        numbers: only of these members.
        months: only who is late since at least so many months.
        after: the ``next_after`` of the page before.
        limit: most rows; None is all.
    """
    book_id = cooperative.book_id
    asked = await policies(connection, book_id, on)
    latest = rules.last_late(on, asked.due_day)
    late = _late(book_id, latest, rules.shifted(latest, 1 - months), numbers).cte("late")
    # Asked for with each row, so that the whole book is gone through once.
    members = select(func.count()).select_from(late).scalar_subquery()
    total = select(func.coalesce(func.sum(late.c.wajib + late.c.pokok), 0)).select_from(late).scalar_subquery()
    query = select(late, members.label("members"), total.label("total")).order_by(
        func.length(late.c.number), late.c.number
    )
    if after is not None:
        query = query.where(tuple_(func.length(late.c.number), late.c.number) > tuple_(len(after), after))
    if limit is not None:
        query = query.limit(limit + 1)
    rows = (await connection.execute(query)).all()
    if not rows and after is not None:
        members_, total_ = (await connection.execute(select(members, total))).one()
        return BehindPage([], None, members_, int(total_))
    shown = rows if limit is None else rows[:limit]
    known = await _open_months(connection, book_id, latest, None if limit is None else [row.number for row in shown])
    found = []
    for row in shown:
        of = known[row.number]
        wajib = of[Kind.WAJIB].months if Kind.WAJIB in of else 0
        since = min(one.since for one in of.values())
        found.append(Behind(row.number, row.name, wajib, int(row.wajib), int(row.pokok), since))
    following = shown[-1].number if len(rows) > len(shown) else None
    return BehindPage(found, following, rows[0].members if rows else 0, int(rows[0].total) if rows else 0)


async def _open_months(
    connection: AsyncConnection, book_id: int, latest: str, numbers: Sequence[str] | None
) -> dict[str, dict[Kind, Any]]:
    """By member and kind, of how many months something is open (``months``), and the first of them (``since``).

    Money settles the oldest bill first (``rules.allocate``), so a bill is open when it and all before it are more than
    what pays for them.
    """
    owed = _owed(book_id, latest, latest, numbers)
    upto = func.sum(bills.c.amount_minor).over(
        partition_by=(bills.c.member_number, bills.c.kind), order_by=bills.c.period
    )
    counted = (
        select(bills.c.member_number, bills.c.kind, bills.c.period, upto.label("upto"))
        .select_from(bills.outerjoin(due_waiver, waived_bill()))
        .where(bills.c.book_id == book_id, bills.c.period <= latest, due_waiver.c.period.is_(None), *_among(numbers))
        .subquery("counted")
    )
    rows = await connection.execute(
        select(
            counted.c.member_number,
            counted.c.kind,
            func.count().label("months"),
            func.min(counted.c.period).label("since"),
        )
        .join(owed, and_(owed.c.member_number == counted.c.member_number, owed.c.kind == counted.c.kind))
        .where(counted.c.upto > owed.c.paid)
        .group_by(counted.c.member_number, counted.c.kind)
    )
    found: dict[str, dict[Kind, Any]] = {}
    for row in rows:
        found.setdefault(row.member_number, {})[Kind(row.kind)] = row
    return found


def _among(numbers: Sequence[str] | None) -> list[ColumnElement[bool]]:
    """Only bills of these members, if they are named."""
    return [] if numbers is None else [bills.c.member_number == any_(literal(list(numbers), ARRAY(Text)))]


def _owed(book_id: int, latest: str, older: str, numbers: Sequence[str] | None) -> Any:
    """By member and kind what is late, in sen: what was billed by then, less what pays for it (``paid``)."""
    carried, amount = carried_over(book_id, numbers), bills.c.amount_minor
    of_wajib = bills.c.kind == Kind.WAJIB.value
    billed = (
        select(
            bills.c.member_number,
            bills.c.kind,
            func.sum(amount).label("total"),
            func.sum(case((bills.c.period <= older, amount), else_=0)).label("older"),
            func.sum(case((bills.c.period <= carried.c.until, amount), else_=0)).label("before"),
            func.max(func.coalesce(carried.c.amount, 0)).label("carried"),
        )
        .select_from(
            bills.outerjoin(due_waiver, waived_bill()).outerjoin(
                carried, and_(carried.c.member_number == bills.c.member_number, of_wajib)
            )
        )
        .where(bills.c.book_id == book_id, bills.c.period <= latest, due_waiver.c.period.is_(None), *_among(numbers))
        .group_by(bills.c.member_number, bills.c.kind)
        .subquery("billed")
    )
    books = schema.account
    paid = books.c.credit - books.c.debit - billed.c.carried + func.least(billed.c.carried, billed.c.before)
    return (
        select(
            billed.c.member_number,
            billed.c.kind,
            func.least(billed.c.total, billed.c.total - paid).label("owed"),
            (billed.c.older > paid).label("long"),
            paid.label("paid"),
        )
        .select_from(
            billed.join(
                holdings, and_(holdings.c.member_number == billed.c.member_number, holdings.c.kind == billed.c.kind)
            ).join(
                books, and_(books.c.account_id == holdings.c.ledger_account_id, books.c.book_id == holdings.c.book_id)
            )
        )
        .where(holdings.c.book_id == book_id, billed.c.total > paid)
        # Found once for each member: a planner that joins bills first would look each bill's account up.
        .offset(0)
        .subquery("owed")
    )


def _late(book_id: int, latest: str, older: str, numbers: Sequence[str] | None) -> Any:
    """Members with what is late of each kind, in sen."""
    owed = _owed(book_id, latest, older, numbers)
    return (
        select(
            roster.c.number,
            roster.c.name,
            _sum_of(owed, Kind.WAJIB).label("wajib"),
            _sum_of(owed, Kind.POKOK).label("pokok"),
        )
        .select_from(owed.join(roster, roster.c.number == owed.c.member_number))
        .where(roster.c.book_id == book_id, roster.c.status.in_(STAYING))
        .group_by(roster.c.number, roster.c.name)
        .having(func.bool_or(owed.c.long))
    )


def _sum_of(owed: Any, kind: Kind) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((owed.c.kind == kind.value, owed.c.owed), else_=0)), 0)
