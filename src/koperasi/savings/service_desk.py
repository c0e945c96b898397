"""What the desk and the member's own pages read: the latest movements, the passbook, whether a receipt is genuine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, any_, bindparam, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger

import ledger
from koperasi.cooperatives.service import Cooperative, account_code, receipt_secret, roles
from koperasi.members import service as members
from koperasi.savings.numbers import check_verify_code, is_valid_account_number
from koperasi.savings.receipts import entry_number_of, receipt_number
from koperasi.savings.rules import SavingsKind
from koperasi.savings.service_partners import holder_names, is_partner_number, partner_by_number, partners
from koperasi.savings.service_reading import (
    DueState,
    SavingsAccount,
    account_by_number,
    accounts_of,
    dues_of,
    holder,
)
from koperasi.savings.tables import savings_account
from ledger import schema
from ledger.seal import inclusion_code

MOVEMENT_KINDS = ("savings.deposit", "savings.withdrawal", "savings.transfer", "reversal")
"""Kinds of entries that the desk makes; imports, which come by the thousand, are not among them."""
MOST_PASSBOOK_LINES = 5_000
LINES_ON_A_PAGE = 250
"""So many stay light enough for a phone on a slow line."""


class Movement(NamedTuple):
    """One movement as a list shows it: what it did to the member's account, in sen (above zero: paid in)."""

    entry_number: int
    effective_date: date
    kind: str
    account_number: str
    account_kind: SavingsKind
    member_number: str
    change_minor: int
    reverses: int | None
    reversed_by: int | None

    @property
    def receipt_number(self) -> str:
        """The number of its receipt."""
        return receipt_number(self.effective_date, self.entry_number)


class NamedMovement(NamedTuple):
    """A movement and whose it is."""

    movement: Movement
    member_name: str


class PassbookLine(NamedTuple):
    """One line of the passbook: the movement, and all that the member's savings come to after it, in sen."""

    movement: Movement
    balance_minor: int


class Passbook(NamedTuple):
    """A year of all of a member's savings, as the paper book has it; sums in sen."""

    opening_minor: int
    lines: Sequence[PassbookLine]
    first_year: int | None

    @property
    def closing_minor(self) -> int:
        """The sum of all savings at the end of the year."""
        return self.lines[-1].balance_minor if self.lines else self.opening_minor

    @property
    def pages(self) -> int:
        """How many leaves of ``LINES_ON_A_PAGE`` a year has; one at least."""
        return max(-(-len(self.lines) // LINES_ON_A_PAGE), 1)

    def page(self, number: int) -> Passbook:
        """One leaf, from 1: it begins with what the one before it ended with."""
        start = (min(max(number, 1), self.pages) - 1) * LINES_ON_A_PAGE
        opening = self.lines[start - 1].balance_minor if start else self.opening_minor
        return self._replace(opening_minor=opening, lines=self.lines[start : start + LINES_ON_A_PAGE])


class Institution(NamedTuple):
    """Another cooperative at the desk, where it stands as a member in good standing does."""

    number: str
    name: str
    status: members.MemberStatus = members.MemberStatus.ANGGOTA
    village: str | None = None


class Customer(NamedTuple):
    """A member at the desk: their savings, and what they still owe of simpanan pokok and wajib."""

    member: members.Member | Institution
    accounts: Sequence[SavingsAccount]
    dues: Sequence[DueState] = ()

    def outstanding_minor(self, kind: SavingsKind) -> int:
        """What is still to be paid of a kind, in sen."""
        return sum(due.outstanding_minor for due in self.dues if due.kind is kind)


class Genuine(NamedTuple):
    """What a stranger may know of a receipt that is genuine."""

    number: str
    entry_number: int
    effective_date: date
    kind: str
    reversed: bool
    inclusion_code: str


async def vault_minor(connection: AsyncConnection, cooperative: Cooperative) -> int | None:
    """The cash in the vault now, in sen; None if there is no vault in this chart, or nothing was ever put in it."""
    if "cash.vault" not in roles(cooperative.kind):
        return None
    found = await ledger.find_accounts(connection, cooperative.book_id, [account_code(cooperative.kind, "cash.vault")])
    return found[0].balance if found and (found[0].debit or found[0].credit) else None


async def latest_movements(connection: AsyncConnection, book_id: int, limit: int = 10) -> list[NamedMovement]:
    """The desk's latest movements with the names of the members, the latest first."""
    entry = schema.entry
    recent = (
        select(entry.c.number)
        .where(entry.c.book_id == book_id, entry.c.kind.in_(MOVEMENT_KINDS))
        .order_by(entry.c.number.desc())
        .limit(limit)
    )
    query = _movements(_postings(book_id).where(schema.posting.c.entry_number.in_(recent), schema.posting.c.line <= 2))
    found: dict[int, Movement] = {}
    for row in sorted(await connection.execute(query), key=lambda row: (-row.entry_number, row.line)):
        # A transfer has two lines; its receipt speaks of the first.
        found.setdefault(row.entry_number, _movement(row))
    names = await holder_names(connection, book_id, [one.member_number for one in found.values()])
    return [NamedMovement(one, names[one.member_number]) for one in found.values()]


async def latest_of(
    connection: AsyncConnection, book_id: int, accounts: Sequence[SavingsAccount], limit: int = 5
) -> list[Movement]:
    """The latest movements on these accounts by their dates, the latest first."""
    asked = {"book": book_id, "accounts": [one.ledger_account_id for one in accounts], "most": limit}
    rows = await connection.execute(_latest(), asked)
    return [_movement(row) for row in sorted(rows, key=_place, reverse=True)]


@cache
def _latest() -> Select[Any]:
    """Built once: to write it anew takes longer than to ask it."""
    posting = schema.posting
    order = (posting.c.effective_date.desc(), posting.c.entry_number.desc(), posting.c.line.desc())
    mine = _postings(bindparam("book")).where(posting.c.account_id == _ACCOUNTS)
    return _movements(mine.order_by(*order).limit(bindparam("most")))


async def passbook(
    connection: AsyncConnection, book_id: int, accounts: Sequence[SavingsAccount], year: int
) -> Passbook:
    """All movements of a year on a member's accounts with one running balance, the oldest first.

    Args:
        connection: one unchanging view of the book.
        book_id: the book.
        accounts: all savings accounts of one member.
        year: of the effective dates.
    """
    asked = {
        "book": book_id,
        "accounts": [one.ledger_account_id for one in accounts],
        "first": date(year, 1, 1),
        "last": date(year, 12, 31),
    }
    before = (await connection.execute(_BEFORE_YEAR, asked)).one()
    opening = running = int(before.opening or 0)
    lines = []
    for row in sorted(await connection.execute(_year(), asked), key=_place):
        movement = _movement(row)
        running += movement.change_minor
        lines.append(PassbookLine(movement, running))
    return Passbook(opening, lines, before.first_day.year if before.first_day else None)


_ACCOUNTS = any_(bindparam("accounts", type_=ARRAY(BigInteger)))
_BEFORE_YEAR = select(
    func.sum(schema.turnover.c.credit - schema.turnover.c.debit)
    .filter(schema.turnover.c.day < bindparam("first"))
    .label("opening"),
    func.min(schema.turnover.c.day).label("first_day"),
).where(schema.turnover.c.account_id == _ACCOUNTS, schema.turnover.c.book_id == bindparam("book"))


@cache
def _year() -> Select[Any]:
    posting = schema.posting
    in_year = posting.c.effective_date.between(bindparam("first"), bindparam("last"))
    return _movements(
        _postings(bindparam("book"))
        .where(posting.c.account_id == _ACCOUNTS, in_year)
        .order_by(posting.c.effective_date, posting.c.entry_number, posting.c.line)
        .limit(MOST_PASSBOOK_LINES)
    )


def leaf_of(asked: str, leaves: int) -> int:
    """Which leaf of a long year is asked for; the first if that can't be read."""
    return max(min(int(asked), leaves), 1) if re.fullmatch("[0-9]{1,4}", asked) else 1


def turned(here: str, year: int, leaf: int, leaves: int, first: int, last: int) -> dict[str, Any]:
    """Where turning back and forth leads: leaf by leaf, and from year to year."""
    back = f"{here}tahun={year}&lembar={leaf - 1}" if leaf > 1 else f"{here}tahun={year - 1}" if year > first else ""
    on = f"{here}tahun={year}&lembar={leaf + 1}" if leaf < leaves else f"{here}tahun={year + 1}" if year < last else ""
    return {"previous_url": back, "next_url": on}


async def find_customers(
    connection: AsyncConnection, book_id: int, typed: str, limit: int = 8
) -> tuple[list[Customer], SavingsAccount | None]:
    """Whom the desk means by a member's number, name or phone, or an account's number; an exact number means one.

    Returns the members with their savings but without dues, and the account if its number was typed.
    """
    wanted = " ".join(typed.split())
    if not wanted:
        return [], None
    if is_valid_account_number(wanted):
        account = await _account(connection, book_id, wanted)
        if account is not None:
            member = await holder_of(connection, book_id, account.member_number)
            return [Customer(member, await accounts_of(connection, book_id, member.number))], account
    if is_partner_number(wanted.upper()):
        here = {one.number: Institution(one.number, one.name) for one in await partners(connection, book_id)}
        partner = here.get(wanted.upper())
        return [Customer(partner, await accounts_of(connection, book_id, partner.number))] if partner else [], None
    found = await members.search(connection, book_id, text=wanted, limit=limit)
    exact = [one for one in found if one.number == f"{wanted:0>5}"]
    return [Customer(one, await accounts_of(connection, book_id, one.number)) for one in exact or found], None


async def holder_of(connection: AsyncConnection, book_id: int, number: str) -> members.Member | Institution:
    """Whose savings they are: a member, or another cooperative.

    Raises:
        NotFound: ``member`` or ``partner-cooperative``.
    """
    if not is_partner_number(number):
        return await members.member_by_number(connection, book_id, number)
    partner = await partner_by_number(connection, book_id, number)
    return Institution(partner.number, partner.name)


async def customer(connection: AsyncConnection, book_id: int, member_number: str) -> Customer:
    """One member at the desk, with savings and dues.

    Raises:
        NotFound: ``member``.
    """
    return Customer(
        await holder_of(connection, book_id, member_number),
        await accounts_of(connection, book_id, member_number),
        await dues_of(connection, book_id, member_number),
    )


async def check_receipt(
    connection: AsyncConnection, cooperative: Cooperative, number: str, code: str
) -> Genuine | None:
    """Whether a receipt's number and code belong together; None if not, whatever is wrong."""
    secret = await receipt_secret(connection, cooperative.book_id)
    entry_number = entry_number_of(number) or 0
    found = await ledger.entries(connection, cooperative.book_id, after=entry_number - 1, limit=1)
    entry = found[0] if found and found[0].number == entry_number else None
    # Compared also when there is no such entry: the time it takes tells nobody which numbers exist.
    matches = check_verify_code(secret, entry_number, entry.hash if entry else bytes(32), code)
    if entry is None or not matches:
        return None
    written = receipt_number(entry.effective_date, entry.number)
    if "-" in number and number.strip() != written:
        return None
    return Genuine(
        number=written,
        entry_number=entry.number,
        effective_date=entry.effective_date,
        kind=entry.kind,
        reversed=entry.reversed_by is not None,
        inclusion_code=inclusion_code(entry.hash),
    )


async def _account(connection: AsyncConnection, book_id: int, number: str) -> SavingsAccount | None:
    exists = await connection.scalar(
        select(savings_account.c.number).where(savings_account.c.book_id == book_id, savings_account.c.number == number)
    )
    return await account_by_number(connection, book_id, number) if exists else None


def _movements(chosen: Select[Any]) -> Select[Any]:
    """Postings on savings accounts, with what their entries say and whether they were undone.

    All else is looked up by its whole key, once for each posting: a planner that never saw this book would begin with
    all savings accounts and read each one's postings (docs/adr/0002).
    """
    moved = chosen.offset(0).subquery("moved")
    entry, reversal, owned = schema.entry, schema.reversal, savings_account
    said = (
        select(entry.c.kind, entry.c.reverses)
        .where(entry.c.book_id == moved.c.book_id, entry.c.number == moved.c.entry_number)
        .offset(0)
        .lateral("said")
    )
    undone = (
        select(reversal.c.reversal_number)
        .where(
            reversal.c.book_id == moved.c.book_id,
            reversal.c.entry_number == moved.c.entry_number,
            reversal.c.undone_by.is_(None),
        )
        .offset(0)
        .lateral("undone")
    )
    whose = (
        select(owned.c.number, owned.c.kind, holder.label("member_number"))
        .where(owned.c.ledger_account_id == moved.c.account_id, owned.c.book_id == moved.c.book_id)
        .offset(0)
        .lateral("whose")
    )
    return select(
        moved.c.entry_number,
        moved.c.line,
        moved.c.effective_date,
        moved.c.amount,
        said.c.kind,
        said.c.reverses,
        undone.c.reversal_number,
        whose.c.number.label("account_number"),
        whose.c.kind.label("account_kind"),
        whose.c.member_number,
    ).select_from(moved.join(said, true()).join(whose, true()).outerjoin(undone, true()))


def _postings(book_id: Any) -> Select[Any]:
    posting = schema.posting
    return select(
        posting.c.book_id,
        posting.c.entry_number,
        posting.c.line,
        posting.c.account_id,
        posting.c.effective_date,
        posting.c.amount,
    ).where(posting.c.book_id == book_id)


def _place(row: Any) -> tuple[date, int, int]:
    """In the order of the book: the database promises none after looking up what belongs to each line."""
    return row.effective_date, row.entry_number, row.line


def _movement(row: Any) -> Movement:
    # Savings stand on the credit side: the book's minus is the member's plus.
    return Movement(
        entry_number=row.entry_number,
        effective_date=row.effective_date,
        kind=row.kind,
        account_number=row.account_number,
        account_kind=SavingsKind(row.account_kind),
        member_number=row.member_number,
        change_minor=-row.amount,
        reverses=row.reverses,
        reversed_by=row.reversal_number,
    )
