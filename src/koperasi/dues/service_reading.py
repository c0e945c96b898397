"""Reading dues: how one member stands, who is late, what was billed. Called through ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, and_, any_, case, func, literal, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative, policies_on
from koperasi.dues import rules
from koperasi.dues.model import Behind, BehindPage, Policies, Standing, Terms, Waived
from koperasi.dues.rules import Bill, Carried, Kind, Settled, WaiverReason
from koperasi.dues.tables import due_waiver, dues_terms
from koperasi.formats import parse_wire_amount
from koperasi.members.service import MemberStatus, member_by_number, roster
from koperasi.savings.service import bills, holdings
from ledger import schema

STAYING = [status.value for status in MemberStatus if not status.has_left]

AT_ONCE = 200
"""Members whose bills are read at once for a long list."""

OPENING = "opening.savings"
"""The kind of entries by which savings were taken over from the books before."""
_IMPORTS = ("import:", "import;")
"""Such entries are linked by their import: everything between these two."""


async def policies(connection: AsyncConnection, book_id: int, on: date) -> Policies:
    """What holds for dues on a day.

    Raises:
        Refusal: ``policy-missing``.
    """
    names = ("simpanan_wajib.amount", "dues.due_day", "dues.bill_on_leave", "dues.bill_inactive")
    found = await policies_on(connection, book_id, names, on)
    amount, due_day, on_leave, inactive = (found[name] for name in names)
    return Policies(parse_wire_amount(amount), int(due_day), on_leave == "on", inactive == "on")


async def standing_of(connection: AsyncConnection, cooperative: Cooperative, number: str, on: date) -> Standing:
    """How a member stands on a day: every bill with what was paid of it.

    Args:
        connection: bound to the book.
        cooperative: whose.
        number: the member's.
        on: a business day; money that is in the book now counts, whatever its day.

    Raises:
        NotFound: ``member``.
    """
    await member_by_number(connection, cooperative.book_id, number)
    return (await standings_of(connection, cooperative, [number], on))[number]


async def standings_of(
    connection: AsyncConnection, cooperative: Cooperative, numbers: Sequence[str], on: date
) -> dict[str, Standing]:
    """The same for several members at once."""
    book_id, wanted = cooperative.book_id, any_(literal(list(numbers), ARRAY(Text)))
    asked = await policies(connection, book_id, on)
    billed = await connection.execute(
        select(
            bills.c.member_number,
            bills.c.kind,
            bills.c.period,
            bills.c.amount_minor,
            due_waiver.c.reason,
            due_waiver.c.waived_by,
        )
        .select_from(bills.outerjoin(due_waiver, _waived()))
        .where(bills.c.book_id == book_id, bills.c.member_number == wanted)
        .order_by(bills.c.period, bills.c.kind)
    )
    rows: dict[str, list[Any]] = {number: [] for number in numbers}
    for row in billed:
        rows[row.member_number].append(row)
    money = await _money(connection, book_id, wanted)
    terms = await _terms(connection, book_id, wanted)
    latest = rules.last_late(on, asked.due_day)
    return {
        number: _standing(
            rows[number],
            money,
            terms.get(number, []),
            asked,
            latest,
            on,
            number,
        )
        for number in numbers
    }


def _standing(
    rows: Sequence[Any], money: Any, terms: Sequence[Terms], asked: Policies, latest: str, on: date, number: str
) -> Standing:
    waived = [Waived(_bill(row), WaiverReason(row.reason), row.waived_by) for row in rows if row.reason]
    settled: list[Settled] = []
    late, ahead = {}, 0
    for kind in Kind:
        wanted = [_bill(row) for row in rows if row.kind == kind and not row.reason]
        balance, carried = money.get((number, kind.value), (0, None))
        mine = rules.allocate(wanted, balance, carried)
        late[kind] = rules.arrears(mine, latest)
        settled += mine
        if kind is Kind.WAJIB:
            ahead = max(rules.paying(wanted, balance, carried) - sum(bill.amount_minor for bill in wanted), 0)
    own = next((one for one in terms if one.valid_from <= on), None)
    monthly = asked.wajib_minor if own is None or own.amount_minor is None else own.amount_minor
    settled.sort(key=lambda one: (one.bill.period, one.bill.kind))
    return Standing(settled, waived, terms, late, monthly, ahead, on)


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
    late = _late(book_id, latest, rules.shifted(latest, 1 - months), numbers)
    members, total = (
        await connection.execute(select(func.count(), func.coalesce(func.sum(late.c.wajib + late.c.pokok), 0)))
    ).one()
    query = select(late.c.number, late.c.name, late.c.wajib, late.c.pokok).order_by(
        func.length(late.c.number), late.c.number
    )
    if after is not None:
        query = query.where(tuple_(func.length(late.c.number), late.c.number) > tuple_(len(after), after))
    if limit is not None:
        query = query.limit(limit + 1)
    rows = (await connection.execute(query)).all()
    shown = rows if limit is None else rows[:limit]
    known: dict[str, Standing] = {}
    for at in range(0, len(shown), AT_ONCE):
        # Between chunks other requests of this process have their turn.
        some = [row.number for row in shown[at : at + AT_ONCE]]
        known |= await standings_of(connection, cooperative, some, on)
    found = []
    for row in shown:
        of = known[row.number].late
        since = min(one.since for one in of.values() if one.since)
        found.append(Behind(row.number, row.name, of[Kind.WAJIB].months, int(row.wajib), int(row.pokok), since))
    return BehindPage(found, shown[-1].number if len(rows) > len(shown) else None, members, int(total))


def _late(book_id: int, latest: str, older: str, numbers: Sequence[str] | None) -> Any:
    """Members with what is late of each kind, in sen: what was billed by then, less what pays for it."""
    carried, amount = _carried(book_id), bills.c.amount_minor
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
            bills.outerjoin(due_waiver, _waived()).outerjoin(
                carried, and_(carried.c.member_number == bills.c.member_number, of_wajib)
            )
        )
        .where(bills.c.book_id == book_id, bills.c.period <= latest, due_waiver.c.period.is_(None))
        .group_by(bills.c.member_number, bills.c.kind)
        .subquery("billed")
    )
    books = schema.account
    paid = books.c.credit - books.c.debit - billed.c.carried + func.least(billed.c.carried, billed.c.before)
    owed = (
        select(
            billed.c.member_number,
            billed.c.kind,
            func.least(billed.c.total, billed.c.total - paid).label("owed"),
            (billed.c.older > paid).label("long"),
        )
        .select_from(
            billed.join(
                holdings, and_(holdings.c.member_number == billed.c.member_number, holdings.c.kind == billed.c.kind)
            ).join(
                books, and_(books.c.account_id == holdings.c.ledger_account_id, books.c.book_id == holdings.c.book_id)
            )
        )
        .where(holdings.c.book_id == book_id, billed.c.total > paid)
        .subquery("owed")
    )
    return (
        select(
            roster.c.number,
            roster.c.name,
            _sum_of(owed, Kind.WAJIB).label("wajib"),
            _sum_of(owed, Kind.POKOK).label("pokok"),
        )
        .select_from(owed.join(roster, roster.c.number == owed.c.member_number))
        .where(
            roster.c.book_id == book_id,
            roster.c.status.in_(STAYING),
            *([] if numbers is None else [roster.c.number == any_(literal(list(numbers), ARRAY(Text)))]),
        )
        .group_by(roster.c.number, roster.c.name)
        .having(func.bool_or(owed.c.long))
        .subquery("late")
    )


def _sum_of(owed: Any, kind: Kind) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((owed.c.kind == kind.value, owed.c.owed), else_=0)), 0)


def _waived() -> ColumnElement[bool]:
    return and_(
        due_waiver.c.book_id == bills.c.book_id,
        due_waiver.c.member_number == bills.c.member_number,
        due_waiver.c.kind == bills.c.kind,
        due_waiver.c.period == bills.c.period,
    )


def _carried(book_id: int) -> Any:
    """Simpanan wajib that was taken over, of all members; what was undone is not among it."""
    entry, posting = schema.entry, schema.posting
    return (
        select(
            holdings.c.member_number,
            func.sum(-posting.c.amount).label("amount"),
            func.to_char(func.max(posting.c.effective_date), "YYYY-MM").label("until"),
        )
        .select_from(
            entry.join(
                posting, and_(posting.c.book_id == entry.c.book_id, posting.c.entry_number == entry.c.number)
            ).join(
                holdings,
                and_(holdings.c.book_id == posting.c.book_id, holdings.c.ledger_account_id == posting.c.account_id),
            )
        )
        .where(
            entry.c.book_id == book_id,
            entry.c.link.between(*_IMPORTS),
            entry.c.kind == OPENING,
            holdings.c.kind == Kind.WAJIB.value,
            ~_undone(entry),
        )
        .group_by(holdings.c.member_number)
        .subquery("carried")
    )


def _undone(entry: Any) -> ColumnElement[bool]:
    reversal = schema.reversal
    return (
        select(reversal.c.entry_number)
        .where(
            reversal.c.book_id == entry.c.book_id,
            reversal.c.entry_number == entry.c.number,
            reversal.c.undone_by.is_(None),
        )
        .exists()
    )


async def _carried_on(connection: AsyncConnection, book_id: int, accounts: Sequence[int]) -> dict[int, Carried]:
    """The same of a few accounts, by their ids in the ledger: their lines first, then what each one's entry says."""
    posting, entry = schema.posting, schema.entry
    lines = (
        select(
            posting.c.book_id, posting.c.entry_number, posting.c.account_id, posting.c.effective_date, posting.c.amount
        )
        .where(posting.c.book_id == book_id, posting.c.account_id == any_(literal(list(accounts), ARRAY(BigInteger))))
        # By its whole key: a planner that never saw this book would begin with all of its entries (docs/adr/0002).
        .offset(0)
        .subquery("lines")
    )
    said = (
        select(entry.c.number)
        .where(
            entry.c.book_id == lines.c.book_id,
            entry.c.number == lines.c.entry_number,
            entry.c.kind == OPENING,
            ~_undone(entry),
        )
        .offset(0)
        .lateral("said")
    )
    rows = await connection.execute(
        select(
            lines.c.account_id, func.sum(-lines.c.amount).label("amount"), func.max(lines.c.effective_date).label("day")
        )
        .select_from(lines.join(said, true()))
        .group_by(lines.c.account_id)
    )
    return {row.account_id: Carried(int(row.amount), rules.period_of(row.day)) for row in rows}


async def _money(
    connection: AsyncConnection, book_id: int, wanted: ColumnElement[Any]
) -> dict[tuple[str, str], tuple[int, Carried | None]]:
    """By member and kind: the balance of the account in sen, and what of it was taken over."""
    books = schema.account
    rows = (
        await connection.execute(
            select(
                holdings.c.member_number,
                holdings.c.kind,
                holdings.c.ledger_account_id,
                (books.c.credit - books.c.debit).label("balance"),
            )
            .select_from(
                holdings.join(
                    books,
                    and_(books.c.account_id == holdings.c.ledger_account_id, books.c.book_id == holdings.c.book_id),
                )
            )
            .where(
                holdings.c.book_id == book_id,
                holdings.c.member_number == wanted,
                holdings.c.kind.in_([kind.value for kind in Kind]),
            )
        )
    ).all()
    wajib = [row.ledger_account_id for row in rows if row.kind == Kind.WAJIB.value]
    carried = await _carried_on(connection, book_id, wajib)
    return {(row.member_number, row.kind): (int(row.balance), carried.get(row.ledger_account_id)) for row in rows}


async def _terms(connection: AsyncConnection, book_id: int, wanted: ColumnElement[Any]) -> dict[str, list[Terms]]:
    """What was set for these members alone, the newest first."""
    table = dues_terms.c
    rows = await connection.execute(
        select(table.member_number, table.valid_from, table.amount_minor, table.set_by)
        .where(table.book_id == book_id, table.member_number == wanted)
        .order_by(table.valid_from.desc())
    )
    found: dict[str, list[Terms]] = {}
    for row in rows:
        found.setdefault(row.member_number, []).append(Terms(row.valid_from, row.amount_minor, row.set_by))
    return found


def _bill(row: Any) -> Bill:
    return Bill(Kind(row.kind), row.period, row.amount_minor)
