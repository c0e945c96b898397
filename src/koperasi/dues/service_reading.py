"""Reading dues: how one member stands, who is late, what was billed. Called through ``service``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative, policies_on
from koperasi.dues import rules
from koperasi.dues.model import Policies, Standing, Terms, Waived
from koperasi.dues.rules import Bill, Carried, Kind, Settled, WaiverReason
from koperasi.dues.tables import due_waiver, dues_terms
from koperasi.formats import parse_wire_amount
from koperasi.members.service import MemberStatus, member_by_number, roster
from koperasi.savings.service import bills, holdings
from ledger import schema

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
    wanted = {"book": cooperative.book_id, "members": list(numbers)}
    asked = await policies(connection, cooperative.book_id, on)
    rows: dict[str, list[Any]] = {number: [] for number in numbers}
    for row in await connection.execute(_BILLED, wanted):
        rows[row.member_number].append(row)
    money = await _money(connection, wanted)
    terms = await _terms(connection, wanted)
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
    ended = any(MemberStatus(row.status).has_left for row in rows)
    for kind in Kind:
        wanted = [_bill(row) for row in rows if row.kind == kind and not row.reason]
        balance, carried = money.get((number, kind.value), (0, None))
        mine = rules.allocate(wanted, balance, carried)
        late[kind] = rules.arrears([] if ended else mine, latest)
        settled += mine
        if kind is Kind.WAJIB:
            ahead = max(rules.paying(wanted, balance, carried) - sum(bill.amount_minor for bill in wanted), 0)
    own = next((one for one in terms if one.valid_from <= on), None)
    monthly = asked.wajib_minor if own is None or own.amount_minor is None else own.amount_minor
    settled.sort(key=lambda one: (one.bill.period, one.bill.kind))
    return Standing(settled, waived, terms, late, monthly, ahead, on, ended=ended)


def waived_bill() -> ColumnElement[bool]:
    """Joins bills with what was given up of them."""
    return and_(
        due_waiver.c.book_id == bills.c.book_id,
        due_waiver.c.member_number == bills.c.member_number,
        due_waiver.c.kind == bills.c.kind,
        due_waiver.c.period == bills.c.period,
    )


def carried_over(book_id: int, numbers: Sequence[str] | None) -> Any:
    """Simpanan wajib that was taken over, of all members or of a few; what was undone is not among it."""
    entry, posting = schema.entry, schema.posting
    if numbers is not None:
        # Of a page's members: by their accounts, instead of going through every opening entry of the book.
        money = _money_of(any_(literal(list(numbers), ARRAY(Text)))).params(book=book_id).subquery("money")
        return (
            select(
                money.c.member_number,
                money.c.carried.label("amount"),
                func.to_char(money.c.day, "YYYY-MM").label("until"),
            )
            .where(money.c.carried.is_not(None))
            .subquery("carried")
        )
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


async def _money(
    connection: AsyncConnection, wanted: Mapping[str, Any]
) -> dict[tuple[str, str], tuple[int, Carried | None]]:
    """By member and kind: the balance of the account in sen, and what of it was taken over."""
    return {
        (row.member_number, row.kind): (
            int(row.balance),
            None if row.day is None else Carried(int(row.carried), rules.period_of(row.day)),
        )
        for row in await connection.execute(_MONEY, wanted)
    }


async def _terms(connection: AsyncConnection, wanted: Mapping[str, Any]) -> dict[str, list[Terms]]:
    """What was set for these members alone, the newest first."""
    found: dict[str, list[Terms]] = {}
    for row in await connection.execute(_TERMS, wanted):
        found.setdefault(row.member_number, []).append(Terms(row.valid_from, row.amount_minor, row.set_by))
    return found


def _money_of(members: ColumnElement[Any]) -> Select[Any]:
    """Balances of these members, and what of their simpanan wajib was taken over: lines, then what each entry says."""
    books, posting, entry = schema.account, schema.posting, schema.entry
    owned = (
        select(
            holdings.c.book_id,
            holdings.c.member_number,
            holdings.c.kind,
            holdings.c.ledger_account_id,
            (books.c.credit - books.c.debit).label("balance"),
        )
        .select_from(
            holdings.join(
                books, and_(books.c.account_id == holdings.c.ledger_account_id, books.c.book_id == holdings.c.book_id)
            )
        )
        .where(
            holdings.c.book_id == bindparam("book"),
            holdings.c.member_number == members,
            holdings.c.kind.in_([kind.value for kind in Kind]),
        )
        # By its whole key: a planner that never saw this book would begin with all of its entries (docs/adr/0002).
        .offset(0)
        .subquery("owned")
    )
    lines = (
        select(posting.c.book_id, posting.c.entry_number, posting.c.effective_date, posting.c.amount)
        .where(posting.c.book_id == owned.c.book_id, posting.c.account_id == owned.c.ledger_account_id)
        .offset(0)
        .lateral("lines")
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
    carried = said.c.number.is_not(None)
    return (
        select(
            owned.c.member_number,
            owned.c.kind,
            owned.c.balance,
            func.sum(-lines.c.amount).filter(carried).label("carried"),
            func.max(lines.c.effective_date).filter(carried).label("day"),
        )
        .select_from(owned.outerjoin(lines, owned.c.kind == Kind.WAJIB.value).outerjoin(said, true()))
        .group_by(owned.c.member_number, owned.c.kind, owned.c.balance)
    )


# Built once: every member's page asks them, and to write them anew takes longer than to ask them.
_MEMBERS = any_(bindparam("members", type_=ARRAY(Text)))
_MONEY = _money_of(_MEMBERS)
_BILLED = (
    select(
        bills.c.member_number,
        bills.c.kind,
        bills.c.period,
        bills.c.amount_minor,
        due_waiver.c.reason,
        due_waiver.c.waived_by,
        roster.c.status,
    )
    .select_from(
        bills.join(
            roster, and_(roster.c.book_id == bills.c.book_id, roster.c.number == bills.c.member_number)
        ).outerjoin(due_waiver, waived_bill())
    )
    .where(bills.c.book_id == bindparam("book"), bills.c.member_number == _MEMBERS)
    .order_by(bills.c.period, bills.c.kind)
)
_TERMS = (
    select(dues_terms.c.member_number, dues_terms.c.valid_from, dues_terms.c.amount_minor, dues_terms.c.set_by)
    .where(dues_terms.c.book_id == bindparam("book"), dues_terms.c.member_number == _MEMBERS)
    .order_by(dues_terms.c.valid_from.desc())
)


def _bill(row: Any) -> Bill:
    return Bill(Kind(row.kind), row.period, row.amount_minor)
