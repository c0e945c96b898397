"""Reading savings: accounts with their balances, dues, statements and receipts. Called through ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, any_, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger

import ledger
from koperasi.cooperatives.service import Cooperative, account_code, receipt_secret
from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.members.service import find_by_numbers
from koperasi.permissions import Identity
from koperasi.savings import rules
from koperasi.savings.numbers import is_valid_account_number, verify_code
from koperasi.savings.receipts import Receipt, entry_number_of, is_number_of, receipt_number
from koperasi.savings.rules import SavingsKind
from koperasi.savings.tables import due, savings_account
from ledger.schema import account as ledger_account
from ledger.schema import turnover
from ledger.seal import inclusion_code


@dataclass(frozen=True, slots=True)
class SavingsAccount:
    """A savings account as it stands; amounts in sen. What is locked while the membership lasts is not available."""

    number: str
    member_number: str
    kind: SavingsKind
    ledger_account_id: int
    opened_on: date
    closed_on: date | None
    balance_minor: int
    available_minor: int


standing = (
    select(
        (ledger_account.c.credit - ledger_account.c.debit).label("balance"),
        ledger_account.c.held,
        func.coalesce(ledger_account.c.floor, 0).label("floor"),
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
    query = _accounts(book_id).where(savings_account.c.member_number == member_number)
    return [to_account(row) for row in await connection.execute(query.order_by(savings_account.c.number))]


def _accounts(book_id: int) -> Select[Any]:
    table = savings_account
    return (
        select(
            table.c.number,
            table.c.member_number,
            table.c.kind,
            table.c.ledger_account_id,
            table.c.opened_on,
            table.c.closed_on,
            standing.c.balance,
            standing.c.held,
            standing.c.floor,
        )
        .select_from(table.join(standing, true()))
        .where(table.c.book_id == book_id)
    )


def to_account(row: Any) -> SavingsAccount:
    """An account from its row."""
    kind = SavingsKind(row.kind)
    return SavingsAccount(
        number=row.number,
        member_number=row.member_number,
        kind=kind,
        ledger_account_id=row.ledger_account_id,
        opened_on=row.opened_on,
        closed_on=row.closed_on,
        balance_minor=row.balance,
        available_minor=rules.available(row.balance, row.held, row.floor) if kind.withdrawable else 0,
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
) -> Statement:
    """A page of an account's movements with running balance; ``after`` is the ``next_after`` of the page before."""
    books = (await ledger.accounts_by_id(connection, book_id, [account.ledger_account_id]))[account.ledger_account_id]
    page = await ledger.statement(
        connection, book_id, books, from_date=from_date, to_date=to_date, after=after, limit=limit
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


async def receipt(
    connection: AsyncConnection,
    cooperative: Cooperative,
    entry_number: int,
    *,
    member_number: str | None = None,
    replayed: bool = False,
) -> Receipt:
    """The receipt of an entry, from the entry alone; of an entry that moved several members' savings, the first one's.

    Args:
        connection: bound to the cooperative's book.
        cooperative: whose book.
        entry_number: the journal entry.
        member_number: only what it did to this member's savings.
        replayed: whether this answers a repeated request.

    Raises:
        NotFound: ``receipt``: no such entry, or it moved no savings (of this member).
    """
    book_id = cooperative.book_id
    try:
        entry = await ledger.entry_by_number(connection, book_id, entry_number)
    except ledger.UnknownEntryError as error:
        raise receipt_not_found() from error
    lines = {line.account_id: line for line in reversed(entry.lines)}
    table = savings_account
    rows = await connection.execute(
        select(table.c.number, table.c.member_number, table.c.kind, table.c.ledger_account_id).where(
            table.c.ledger_account_id == any_(literal(list(lines), ARRAY(BigInteger))), table.c.book_id == book_id
        )
    )
    moved = sorted(rows, key=lambda row: lines[row.ledger_account_id].line)
    mine = [row for row in moved if member_number in (None, row.member_number)]
    if not mine:
        raise receipt_not_found()
    first = mine[0]
    line = lines[first.ledger_account_id]
    members = await find_by_numbers(connection, book_id, [first.member_number])
    same_member = [row.number for row in mine[1:] if row.member_number == first.member_number]
    return Receipt(
        number=receipt_number(entry.effective_date, entry.number),
        entry_number=entry.number,
        effective_date=entry.effective_date,
        recorded_at=entry.recorded_at,
        kind=entry.kind,
        description=entry.description,
        member_number=first.member_number,
        member_name=members[first.member_number].name,
        account_number=first.number,
        account_kind=SavingsKind(first.kind),
        other_account_number=same_member[0] if same_member and len(entry.lines) == 2 else None,
        amount_minor=abs(line.amount),
        change_minor=-line.amount,
        balance_after_minor=-line.balance_after,
        teller=entry.actor,
        verify_code=verify_code(await receipt_secret(connection, book_id), entry.number, entry.hash),
        inclusion_code=inclusion_code(entry.hash),
        replayed=replayed,
        reverses=entry.reverses,
        reversed_by=entry.reversed_by,
    )


async def receipt_for(
    connection: AsyncConnection, cooperative: Cooperative, identity: Identity, number: str
) -> Receipt:
    """The receipt that somebody asks for by its number (``2026-001203``, or the entry's bare), if it is theirs to see.

    Raises:
        NotFound: ``receipt``.
    """
    entry_number = entry_number_of(number)
    if entry_number is None or (not identity.is_staff and identity.member_number is None):
        raise receipt_not_found()
    own = None if identity.is_staff else identity.member_number
    found = await receipt(connection, cooperative, entry_number, member_number=own)
    if not is_number_of(number, found):
        raise receipt_not_found()
    return found


def receipt_not_found() -> NotFound:
    """There is no such receipt in this book, or it is somebody else's."""
    return NotFound("receipt", N_("Bukti dengan nomor ini tidak ada."))


async def cash_day(connection: AsyncConnection, cooperative: Cooperative, day: date) -> CashDay:
    """The desk's cash now, and its day: what the drawer took in and paid out."""
    books, code = ledger_account, account_code(cooperative.kind, "cash.teller")
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
            .where(books.c.code == code, books.c.book_id == cooperative.book_id)
        )
    ).one()
    return CashDay(*row)
