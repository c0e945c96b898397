"""What paper needs of the book: a passbook's lines, its layout and what was printed; figures for slips and cards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import amount_policy
from koperasi.db import Work
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.i18n import N_
from koperasi.paper import rules
from koperasi.paper.rules import FIRST, Layout, Line, Place
from koperasi.paper.tables import passbook_layout, passbook_print
from koperasi.savings import service as savings
from koperasi.savings.service import SavingsAccount
from ledger import schema

MOST_LINES = 2_000
"""So many lines are printed at once."""


class Printed(NamedTuple):
    """One printing: which movements, from which place to which, by which layout."""

    number: int
    layout_revision: int
    reprint: bool
    first_entry: int
    first_line: int
    last_entry: int
    last_line: int
    line_count: int
    page: int
    page_row: int
    last_page: int
    last_row: int
    printed_by: str
    printed_at: datetime

    @property
    def start(self) -> Place:
        """Where it began."""
        return Place(self.page, self.page_row)

    @property
    def end(self) -> Place:
        """Its last line's place."""
        return Place(self.last_page, self.last_row)


class Passbook(NamedTuple):
    """How far a passbook is printed: the lines that are not, where they would go, and all printings, latest first."""

    layout: Layout
    revision: int
    waiting: tuple[Line, ...]
    next_place: Place
    prints: tuple[Printed, ...]


class Duties(NamedTuple):
    """Above which amounts a kuitansi needs a stamp, and a deposit slip names the source of the money; in sen."""

    stamp_minor: int
    source_minor: int


class CardLine(NamedTuple):
    """A movement on a savings card: in which column, what it did, and all columns' balances after it; in sen."""

    day: date
    receipt_number: str
    column: int
    change_minor: int
    balances_minor: tuple[int, ...]


class SavingsCard(NamedTuple):
    """A year of a member's savings side by side: pokok, wajib, and all that is free."""

    opening_minor: tuple[int, ...]
    lines: tuple[CardLine, ...]

    @property
    def closing_minor(self) -> tuple[int, ...]:
        """The balances after the last line, in sen."""
        return self.lines[-1].balances_minor if self.lines else self.opening_minor


async def duties(connection: AsyncConnection, book_id: int, on: date) -> Duties:
    """The limits of a day.

    Raises:
        Refusal: ``policy-missing``.
    """
    return Duties(
        await amount_policy(connection, book_id, "paper.stamp_above", on),
        await amount_policy(connection, book_id, "paper.source_of_funds_above", on),
    )


# --- The passbook ---------------------------------------------------------------------------------------------------


async def layout_of(connection: AsyncConnection, book_id: int, revision: int | None = None) -> tuple[Layout, int]:
    """The layout in use, or one that was; revision 0 is the usual one.

    Raises:
        NotFound: ``layout``.
    """
    table = passbook_layout
    query = select(table.c.layout, table.c.revision).where(table.c.book_id == book_id)
    if revision == 0:
        return Layout(), 0
    if revision is not None:
        if not 0 < revision < 2**31:
            raise _no_layout()
        query = query.where(table.c.revision == revision)
    row = (await connection.execute(query.order_by(table.c.revision.desc()).limit(1))).one_or_none()
    if row is None:
        if revision is not None:
            raise _no_layout()
        return Layout(), 0
    return rules.from_json(row.layout), row.revision


def _no_layout() -> NotFound:
    return NotFound("layout", N_("Tata letak ini tidak ada."))


async def set_layout(work: Work, layout: Layout, *, actor: str) -> int:
    """Use another layout from now on; what was printed keeps its own. Returns its revision; the caller commits.

    Raises:
        Refusal: what ``rules.check_layout`` says.
    """
    rules.check_layout(layout)
    _, revision = await layout_of(work.connection, work.book_id)
    await work.connection.execute(
        insert(passbook_layout).values(
            book_id=work.book_id, revision=revision + 1, layout=rules.to_json(layout), set_by=actor
        )
    )
    return revision + 1


async def passbook(connection: AsyncConnection, book_id: int, account: SavingsAccount) -> Passbook:
    """How far an account's passbook is printed."""
    layout, revision = await layout_of(connection, book_id)
    prints = await _prints(connection, book_id, account.number)
    reached = next((one for one in prints if not one.reprint), None)
    after = (reached.last_entry, reached.last_line) if reached else (0, 0)
    waiting = await _lines(connection, book_id, account, _place() > tuple_(*after))
    # A reprint into a new book goes on where it ended, if it came last and reached as far.
    last = prints[0] if prints else None
    goes_on = last if last and (last.last_entry, last.last_line) >= after else reached
    place = rules.following(layout, _within(layout, goes_on.end)) if goes_on else FIRST
    return Passbook(layout, revision, tuple(waiting), place, tuple(prints))


def _within(layout: Layout, place: Place) -> Place:
    """A place on pages that have fewer lines since."""
    return Place(place.page, min(place.row, layout.lines))


async def print_waiting(work: Work, account: SavingsAccount, place: Place, *, seen: int, actor: str) -> int:
    """Put on record that all lines not yet printed are printed from a place on; the caller commits.

    Args:
        work: bound to the book.
        account: whose passbook.
        place: where the first of them goes.
        seen: the number of the last printing that whoever prints saw: two who print at once don't print twice.
        actor: username.

    Raises:
        Refusal: ``passbook-nothing``, ``passbook-row`` or ``passbook-page``.
        Conflict: ``passbook-printed``: somebody printed meanwhile.
    """
    await _lock(work, account)
    book = await passbook(work.connection, work.book_id, account)
    if (book.prints[0].number if book.prints else 0) != seen:
        raise Conflict("passbook-printed", N_("Buku ini baru saja dicetak orang lain; lihat dulu yang tercetak."))
    return await _record(work, account, book, book.waiting, place, reprint=False, actor=actor)


async def reprint(work: Work, account: SavingsAccount, place: Place, *, from_line: int, actor: str) -> int:
    """Put on record that lines are printed again from one of them on, as far as was printed; the caller commits.

    Args:
        work: bound to the book.
        account: whose passbook.
        place: where the first of them goes (a new book: page 1, line 1).
        from_line: the how-manieth movement of the account comes first, from 1.
        actor: username.

    Raises:
        Refusal: ``passbook-nothing``, ``passbook-row`` or ``passbook-page``.
    """
    await _lock(work, account)
    book = await passbook(work.connection, work.book_id, account)
    reached = next((one for one in book.prints if not one.reprint), None)
    if reached is None:
        raise _nothing()
    until = tuple_(reached.last_entry, reached.last_line)
    lines = await _lines(work.connection, work.book_id, account, _place() <= until)
    return await _record(work, account, book, lines[max(from_line, 1) - 1 :], place, reprint=True, actor=actor)


async def _record(
    work: Work,
    account: SavingsAccount,
    book: Passbook,
    lines: Sequence[Line],
    place: Place,
    *,
    reprint: bool,
    actor: str,
) -> int:
    rules.check_place(book.layout, place)
    if not lines:
        raise _nothing()
    number = (book.prints[0].number if book.prints else 0) + 1
    _, last = rules.put(book.layout, lines, place)
    await work.connection.execute(
        insert(passbook_print).values(
            book_id=work.book_id,
            account_number=account.number,
            number=number,
            layout_revision=book.revision,
            reprint=reprint,
            first_entry=lines[0].entry_number,
            first_line=lines[0].line,
            last_entry=lines[-1].entry_number,
            last_line=lines[-1].line,
            line_count=len(lines),
            page=place.page,
            page_row=place.row,
            last_page=last.page,
            last_row=last.row,
            printed_by=actor,
        )
    )
    return number


async def printed(
    connection: AsyncConnection, book_id: int, account: SavingsAccount, number: int
) -> tuple[Printed, Layout, list[Line]]:
    """One printing with its layout and its lines, to be sent to the printer (again).

    Raises:
        NotFound: ``passbook-print``.
    """
    found = next((one for one in await _prints(connection, book_id, account.number) if one.number == number), None)
    if found is None:
        raise NotFound("passbook-print", N_("Cetakan ini tidak ada."))
    layout, _ = await layout_of(connection, book_id, found.layout_revision)
    first, last = (found.first_entry, found.first_line), (found.last_entry, found.last_line)
    lines = await _lines(connection, book_id, account, _place() >= tuple_(*first), _place() <= tuple_(*last))
    return found, layout, lines


async def _lock(work: Work, account: SavingsAccount) -> None:
    """One printing of an account at a time, until the transaction ends."""
    key = func.hashtextextended(f"passbook {work.book_id} {account.number}", 0)
    await work.connection.execute(select(func.pg_advisory_xact_lock(key)))


async def _prints(connection: AsyncConnection, book_id: int, account_number: str) -> list[Printed]:
    table = passbook_print
    rows = await connection.execute(
        select(*(table.c[name] for name in Printed._fields))
        .where(table.c.book_id == book_id, table.c.account_number == account_number)
        .order_by(table.c.number.desc())
    )
    return [Printed(*row) for row in rows]


def _place() -> Any:
    """A posting's place in the order of recording."""
    return tuple_(schema.posting.c.entry_number, schema.posting.c.line)


async def _lines(
    connection: AsyncConnection, book_id: int, account: SavingsAccount, *wanted: ColumnElement[bool]
) -> list[Line]:
    """Movements in the order in which the book recorded them, with the balance right after each."""
    posting, entry = schema.posting, schema.entry
    rows = await connection.execute(
        select(
            posting.c.entry_number,
            posting.c.line,
            posting.c.effective_date,
            entry.c.kind,
            posting.c.amount,
            posting.c.balance_after,
            entry.c.actor,
        )
        .select_from(
            posting.join(entry, (entry.c.book_id == posting.c.book_id) & (entry.c.number == posting.c.entry_number))
        )
        .where(posting.c.account_id == account.ledger_account_id, posting.c.book_id == book_id, *wanted)
        .order_by(posting.c.entry_number, posting.c.line)
        .limit(MOST_LINES)
    )
    # Savings stand on the credit side: the book's minus is the member's plus.
    return [
        Line(number, line, day, kind, -amount, -balance, actor)
        for number, line, day, kind, amount, balance, actor in rows
    ]


def _nothing() -> Refusal:
    return Refusal("passbook-nothing", N_("Tidak ada baris yang perlu dicetak."))


# --- The savings card -----------------------------------------------------------------------------------------------


async def savings_card(
    connection: AsyncConnection, book_id: int, accounts: Sequence[SavingsAccount], year: int
) -> SavingsCard:
    """A year of a member's savings, the oldest first: pokok and wajib in a column each, all others in the third."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    opening = [0, 0, 0]
    moves: list[tuple[date, int, str, int, int]] = []
    for account in accounts:
        column = _column(account)
        after, opened = None, False
        while True:
            page = await savings.statement(connection, book_id, account, first, last, after, 200)
            if not opened:
                opening[column] += page.opening_minor
                opened = True
            moves += [
                (
                    one.effective_date,
                    one.entry_number,
                    one.receipt_number,
                    column,
                    one.paid_in_minor - one.paid_out_minor,
                )
                for one in page.lines
            ]
            after = page.next_after
            if after is None:
                break
    balances, lines = list(opening), []
    for day, _, receipt, column, change in sorted(moves):
        balances[column] += change
        lines.append(CardLine(day, receipt, column, change, tuple(balances)))
    return SavingsCard(tuple(opening), tuple(lines))


def _column(account: SavingsAccount) -> int:
    """Pokok 0, wajib 1, all else 2."""
    return {savings.SavingsKind.POKOK: 0, savings.SavingsKind.WAJIB: 1}.get(account.kind, 2)
