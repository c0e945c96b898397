"""Reading savings: accounts with their balances, dues, statements and receipts. Called through ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import Cooperative, account_code
from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.permissions import Identity
from koperasi.savings import rules
from koperasi.savings.numbers import is_valid_account_number
from koperasi.savings.products import Product
from koperasi.savings.receipts import receipt_number
from koperasi.savings.rules import SavingsKind
from koperasi.savings.service_partners import is_partner_number
from koperasi.savings.tables import due, savings_account, savings_product
from ledger.schema import account as ledger_account
from ledger.schema import turnover


@dataclass(frozen=True, slots=True)
class SavingsAccount:
    """A savings account as it stands; amounts in sen. What is locked while the membership lasts is not available.

    ``member_number`` is its holder's: of ``koperasi_lain`` that of another cooperative, ``K0001``.
    """

    number: str
    member_number: str
    kind: SavingsKind
    product_code: str
    ledger_account_id: int
    opened_on: date
    closed_on: date | None
    balance_minor: int
    available_minor: int
    name_id: str = ""
    name_en: str = ""

    def name(self, locale: str) -> str:
        """Its product's name in the reader's language."""
        return self.name_en if locale == "en" else self.name_id

    @property
    def product(self) -> Product:
        """What it is an account of."""
        return Product(self.product_code, self.kind, self.name_id, self.name_en)


standing = (
    select(
        (ledger_account.c.credit - ledger_account.c.debit).label("balance"),
        ledger_account.c.held,
        func.coalesce(ledger_account.c.floor, 0).label("floor"),
        and_(ledger_account.c.debit == 0, ledger_account.c.credit == 0).label("untouched"),
    )
    .where(
        ledger_account.c.account_id == savings_account.c.ledger_account_id,
        ledger_account.c.book_id == savings_account.c.book_id,
    )
    # Looked up by its whole key, once for each account: a planner that never saw this book joins by the key's first
    # part and reads the whole book (docs/adr/0002).
    .offset(0)
    .lateral("standing")
)
"""How a savings account stands in the ledger, in sen."""


holder = func.coalesce(savings_account.c.member_number, savings_account.c.partner_number)
"""Whose account it is: a member's number, or that of another cooperative."""

holdings = select(
    savings_account.c.book_id,
    savings_account.c.number,
    savings_account.c.member_number,
    savings_account.c.partner_number,
    holder.label("holder"),
    savings_account.c.kind,
    savings_account.c.product_code,
    savings_account.c.ledger_account_id,
    savings_account.c.opened_on,
    savings_account.c.closed_on,
).subquery("holdings")
"""Whose account is which, for other slices' queries to join. The holder is a member, or another cooperative; then
``member_number`` is null."""


class DueState(NamedTuple):
    """What a member was billed of a kind, what was paid in, and what is still open; in sen."""

    kind: SavingsKind
    billed_minor: int
    paid_minor: int
    outstanding_minor: int


class StatementLine(NamedTuple):
    """One movement as a passbook shows it; amounts in sen, the balance as the member has it."""

    effective_date: date
    entry_number: int
    receipt_number: str
    kind: str
    description: str
    paid_in_minor: int
    paid_out_minor: int
    balance_minor: int
    reverses: int | None
    reversed_by: int | None


class Statement(NamedTuple):
    """A page of an account's movements, the oldest first; ``next_after`` is where the next page begins."""

    opening_minor: int
    lines: Sequence[StatementLine]
    next_after: tuple[date, int, int] | None

    @property
    def closing_minor(self) -> int:
        """The balance after the last line shown, in sen."""
        return self.lines[-1].balance_minor if self.lines else self.opening_minor


class CashDay(NamedTuple):
    """The desk's cash: what is in the drawer now, and what came in and went out on a day; in sen."""

    balance_minor: int
    in_minor: int
    out_minor: int


async def account_by_number(connection: AsyncConnection, book_id: int, number: str) -> SavingsAccount:
    """One savings account.

    Raises:
        NotFound: ``savings-account``.
    """
    row = await _find(connection, book_id, number)
    if row is None:
        raise account_not_found()
    return to_account(row)


async def _find(connection: AsyncConnection, book_id: int, number: str) -> Any:
    """The row of an account; what can't be an account's number, mistyped or worse, is not even looked for."""
    if not is_valid_account_number(number):
        return None
    return (await connection.execute(_accounts(book_id).where(savings_account.c.number == number))).one_or_none()


async def account_for(connection: AsyncConnection, identity: Identity, number: str) -> SavingsAccount:
    """One savings account, if this person may see it; a member hears of another's as if it did not exist.

    Raises:
        NotFound: ``savings-account``, or ``not-found`` for a member.
    """
    row = await _find(connection, identity.book_id, number)
    identity.check_own(row.member_number if row else None)
    if row is None:
        raise account_not_found()
    return to_account(row)


def account_not_found() -> NotFound:
    """There is no such savings account in this book."""
    return NotFound("savings-account", N_("Rekening simpanan dengan nomor ini tidak ada."))


async def accounts_of(connection: AsyncConnection, book_id: int, member_number: str) -> list[SavingsAccount]:
    """A member's savings accounts in the order of their numbers: pokok, wajib, then the free ones."""
    asked = {"book": book_id, "holder": member_number}
    return [to_account(row) for row in await connection.execute(_held_by(is_partner_number(member_number)), asked)]


@cache
def _held_by(partner: bool) -> Select[Any]:
    """Built once: to write it anew takes longer than to ask it."""
    column = savings_account.c.partner_number if partner else savings_account.c.member_number
    return _accounts(bindparam("book")).where(column == bindparam("holder")).order_by(savings_account.c.number)


def _accounts(book_id: Any) -> Select[Any]:
    table = savings_account
    return (
        select(
            table.c.number,
            holder.label("member_number"),
            table.c.kind,
            table.c.product_code,
            table.c.ledger_account_id,
            table.c.opened_on,
            table.c.closed_on,
            standing.c.balance,
            standing.c.held,
            standing.c.floor,
            _product_name(savings_product.c.name_id),
            _product_name(savings_product.c.name_en),
        )
        .select_from(table.join(standing, true()))
        .where(table.c.book_id == book_id)
    )


def _product_name(column: Any) -> Any:
    return (
        select(column)
        .where(
            savings_product.c.book_id == savings_account.c.book_id,
            savings_product.c.code == savings_account.c.product_code,
        )
        .scalar_subquery()
        .label(column.name)
    )


def to_account(row: Any) -> SavingsAccount:
    """An account from its row."""
    kind = SavingsKind(row.kind)
    return SavingsAccount(
        number=row.number,
        member_number=row.member_number,
        kind=kind,
        product_code=row.product_code,
        ledger_account_id=row.ledger_account_id,
        opened_on=row.opened_on,
        closed_on=row.closed_on,
        balance_minor=row.balance,
        available_minor=rules.available(row.balance, row.held, row.floor) if kind.withdrawable else 0,
        name_id=row.name_id,
        name_en=row.name_en,
    )


async def dues_of(connection: AsyncConnection, book_id: int, member_number: str) -> list[DueState]:
    """What a member was billed of simpanan pokok and wajib, and how much of it the ledger says is paid in."""
    rows = await connection.execute(
        select(due.c.kind, func.sum(due.c.amount_minor))
        .where(due.c.book_id == book_id, due.c.member_number == member_number)
        .group_by(due.c.kind)
    )
    billed = {SavingsKind(kind): int(total) for kind, total in rows}
    if not billed:
        return []
    paid = {one.kind: one.balance_minor for one in await accounts_of(connection, book_id, member_number)}
    return [
        DueState(kind, billed[kind], paid.get(kind, 0), max(billed[kind] - paid.get(kind, 0), 0))
        for kind in SavingsKind
        if kind in billed
    ]


async def statement(
    connection: AsyncConnection,
    book_id: int,
    account: SavingsAccount,
    from_date: date | None = None,
    to_date: date | None = None,
    after: tuple[date, int, int] | None = None,
    limit: int = 50,
    *,
    known_at: int | None = None,
) -> Statement:
    """A page of an account's movements with running balance; ``after`` is the ``next_after`` of the page before.

    ``known_at``: as the book knew it when that entry was its last.
    """
    books = (await ledger.accounts_by_id(connection, book_id, [account.ledger_account_id]))[account.ledger_account_id]
    page = await ledger.statement(
        connection,
        book_id,
        books,
        from_date=from_date,
        to_date=to_date,
        after=after,
        limit=limit,
        known_at=known_at,
    )
    # Savings stand on the credit side: the book's minus is the member's plus.
    lines = [
        StatementLine(
            effective_date=line.effective_date,
            entry_number=line.entry_number,
            receipt_number=receipt_number(line.effective_date, line.entry_number),
            kind=line.kind,
            description=line.description,
            paid_in_minor=max(-line.amount, 0),
            paid_out_minor=max(line.amount, 0),
            balance_minor=-line.balance,
            reverses=line.reverses,
            reversed_by=line.reversed_by,
        )
        for line in page.lines
    ]
    return Statement(-page.opening, lines, page.next_after)


async def cash_day(
    connection: AsyncConnection, cooperative: Cooperative, day: date, cash_id: int | None = None
) -> CashDay:
    """A desk's cash now, and its day: what the drawer took in and paid out. The common desk's, if no till is named."""
    books, code = ledger_account, account_code(cooperative.kind, "cash.teller")
    mine = books.c.code == code if cash_id is None else books.c.account_id == cash_id
    row = (
        await connection.execute(
            select(
                books.c.debit - books.c.credit,
                func.coalesce(turnover.c.debit, 0),
                func.coalesce(turnover.c.credit, 0),
            )
            .select_from(
                books.outerjoin(
                    turnover,
                    and_(
                        turnover.c.account_id == books.c.account_id,
                        turnover.c.book_id == books.c.book_id,
                        turnover.c.day == day,
                    ),
                )
            )
            .where(mine, books.c.book_id == cooperative.book_id)
        )
    ).one()
    return CashDay(*row)
