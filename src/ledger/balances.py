"""Reading the book: balances now and as of a date, account statements, entries.

"As of" reads the daily turnovers that ``append`` keeps, not the postings; ``known_at`` takes from them what came later
(see ``known``). A reader that asks more than one question must ask them in one snapshot (a read-only REPEATABLE READ
transaction).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import schema
from ledger.account import Account
from ledger.chart import ACCOUNT_COLUMNS, chart, to_account
from ledger.entry import Entry, EntryLine, Note
from ledger.errors import UnknownEntryError
from ledger.known import in_force, turnovers
from ledger.sums import first_level_sums


class StatementLine(NamedTuple):
    """One posting as a statement shows it; ``balance`` is signed (debit positive), in the order of effective dates.

    ``description`` is what people read: the entry's note, or else its sealed words.
    """

    effective_date: date
    entry_number: int
    line: int
    kind: str
    description: str
    amount: int
    balance: int
    reverses: int | None
    reversed_by: int | None


class Statement(NamedTuple):
    """A page of an account's postings: the signed balance before it, its lines, and where the next page begins."""

    opening: int
    lines: Sequence[StatementLine]
    next_after: tuple[date, int, int] | None


class TrialBalanceRow(NamedTuple):
    """An account and its signed balance; a control account stands for all beneath it."""

    account: Account
    debit: int
    credit: int

    @property
    def balance(self) -> int:
        """Debit less credit, in minor units."""
        return self.debit - self.credit


async def balance(
    connection: AsyncConnection,
    book_id: int,
    account: Account,
    as_of: date | None = None,
    *,
    known_at: int | None = None,
) -> int:
    """An account's signed balance (debit positive), now or at the end of a day; a control account's is its tree's.

    ``known_at``: as the book knew it when that entry was its last.
    """
    if "." not in account.code and (account.control or as_of is not None or known_at is not None):
        sums = await first_level_sums(connection, book_id, as_of, known_at=known_at)
        debit, credit = sums.get(account.code, (0, 0))
        return debit - credit
    table = schema.account
    beneath = and_(table.c.book_id == book_id, _in_tree(account.code))
    if as_of is None and known_at is None:
        query = select(func.coalesce(func.sum(table.c.debit - table.c.credit), 0)).where(beneath)
    else:
        turnover = turnovers(book_id, known_at)
        query = (
            select(func.coalesce(func.sum(turnover.c.debit - turnover.c.credit), 0))
            .select_from(table.join(turnover, turnover.c.account_id == table.c.account_id))
            .where(beneath)
        )
        if as_of is not None:
            query = query.where(turnover.c.day <= as_of)
    return int(await connection.scalar(query) or 0)


def _in_tree(code: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    table = schema.account
    # Text order under the C collation: all codes that begin with "code." lie between "code." and "code/".
    return or_(table.c.code == code, and_(table.c.code > code + ".", table.c.code < code + "/"))


async def trial_balance(
    connection: AsyncConnection,
    book_id: int,
    as_of: date | None = None,
    *,
    detailed: bool = False,
    known_at: int | None = None,
) -> list[TrialBalanceRow]:
    """All accounts with the sums of their debits and credits up to the end of a day (or of all entries).

    Accounts without entries are there with nothing. Not ``detailed``: what lies beneath a control account is summed
    into it and left out. ``known_at``: as the book knew it when that entry was its last.
    """
    if not detailed:
        sums = await first_level_sums(connection, book_id, as_of, known_at=known_at)
        tops = await chart(connection, book_id, top_only=True)
        return [TrialBalanceRow(one, *sums.get(one.code, (0, 0))) for one in tops]
    table = schema.account
    if as_of is None and known_at is None:
        query = select(*ACCOUNT_COLUMNS, table.c.debit.label("d"), table.c.credit.label("c"))
    else:
        moved = _turnover_sums(book_id, as_of, known_at).subquery()
        query = select(
            *ACCOUNT_COLUMNS, func.coalesce(moved.c.debit, 0).label("d"), func.coalesce(moved.c.credit, 0).label("c")
        ).select_from(table.outerjoin(moved, moved.c.account_id == table.c.account_id))
    rows = await connection.execute(query.where(table.c.book_id == book_id).order_by(table.c.code))
    return [_row(dict(row)) for row in rows.mappings()]


def _turnover_sums(book_id: int, as_of: date | None, known_at: int | None) -> Select[tuple[int, int, int]]:
    turnover = turnovers(book_id, known_at)
    query = select(
        turnover.c.account_id,
        func.sum(turnover.c.debit).label("debit"),
        func.sum(turnover.c.credit).label("credit"),
    ).group_by(turnover.c.account_id)
    return query if as_of is None else query.where(turnover.c.day <= as_of)


def _row(facts: dict[str, Any]) -> TrialBalanceRow:
    debit, credit = int(facts.pop("d")), int(facts.pop("c"))
    return TrialBalanceRow(to_account(facts), debit, credit)


async def statement(
    connection: AsyncConnection,
    book_id: int,
    account: Account,
    *,
    from_date: date | None = None,
    to_date: date | None = None,
    after: tuple[date, int, int] | None = None,
    limit: int = 50,
    known_at: int | None = None,
) -> Statement:
    """A page of an account's postings in the order of effective date, entry number and line, with running balance.

    ``after`` is the ``next_after`` of the page before; it names the last line shown. ``known_at``: as the book knew it
    when that entry was its last, also who was reversed by then.
    """
    posting = schema.posting
    key = tuple_(posting.c.effective_date, posting.c.entry_number, posting.c.line)
    opening = await _balance_before(connection, book_id, account, after, from_date, known_at)
    query = (
        select(posting.c.book_id, posting.c.effective_date, posting.c.entry_number, posting.c.line, posting.c.amount)
        .where(posting.c.account_id == account.account_id, posting.c.book_id == book_id)
        .order_by(*key.clauses)
        .limit(limit + 1)
    )
    if from_date is not None:
        query = query.where(posting.c.effective_date >= from_date)
    if to_date is not None:
        query = query.where(posting.c.effective_date <= to_date)
    if known_at is not None:
        query = query.where(posting.c.entry_number <= known_at)
    if after is not None:
        query = query.where(key > tuple_(*after))
    rows = sorted(await connection.execute(_told(query, known_at)))
    lines, running = [], opening
    for day, number, line, amount, kind, description, reverses, reversed_by in rows[:limit]:
        running += amount
        lines.append(StatementLine(day, number, line, kind, description, amount, running, reverses, reversed_by))
    last = lines[-1] if len(rows) > limit else None
    return Statement(opening, lines, (last.effective_date, last.entry_number, last.line) if last else None)


def _told(chosen: Select[Any], known_at: int | None) -> Select[Any]:
    """Postings with what their entries say, in no order.

    Each entry is looked up by its whole key: a planner that never saw this book, or saw it when it was small, would
    read all its notes and reversals for a page (docs/adr/0002).
    """
    page, entry = chosen.subquery("page"), schema.entry
    said = (
        select(entry.c.kind, entry.c.description, entry.c.reverses)
        .where(entry.c.book_id == page.c.book_id, entry.c.number == page.c.entry_number)
        .offset(0)
        .lateral("said")
    )
    note, undone = _beside(page.c.book_id, page.c.entry_number, known_at)
    return select(
        page.c.effective_date,
        page.c.entry_number,
        page.c.line,
        page.c.amount,
        said.c.kind,
        func.coalesce(note.c.text, said.c.description),
        said.c.reverses,
        undone.c.reversal_number,
    ).select_from(page.join(said, true()).outerjoin(note, true()).outerjoin(undone, true()))


def _beside(
    book: ColumnElement[int], number: ColumnElement[int], known_at: int | None
) -> tuple[FromClause, FromClause]:
    """An entry's note and who undoes it, each by its whole key."""
    note, reversal = schema.note, schema.reversal
    return (
        select(note.c.salt, note.c.text)
        .where(note.c.book_id == book, note.c.entry_number == number)
        .offset(0)
        .lateral("note"),
        select(reversal.c.reversal_number)
        .where(reversal.c.book_id == book, reversal.c.entry_number == number, in_force(known_at))
        .offset(0)
        .lateral("undone"),
    )


async def _balance_before(
    connection: AsyncConnection,
    book_id: int,
    account: Account,
    after: tuple[date, int, int] | None,
    from_date: date | None,
    known_at: int | None,
) -> int:
    """The signed balance before the first line of a page: whole days from turnovers, the rest of a day from lines."""
    turnover, posting = turnovers(book_id, known_at), schema.posting
    first_day = after[0] if after is not None else from_date
    if first_day is None:
        return 0
    whole_days = await connection.scalar(
        select(func.coalesce(func.sum(turnover.c.debit - turnover.c.credit), 0)).where(
            turnover.c.account_id == account.account_id, turnover.c.day < first_day
        )
    )
    if after is None:
        return int(whole_days or 0)
    same_day = await connection.scalar(
        select(func.coalesce(func.sum(posting.c.amount), 0)).where(
            posting.c.account_id == account.account_id,
            posting.c.book_id == book_id,
            posting.c.effective_date == first_day,
            tuple_(posting.c.entry_number, posting.c.line) <= tuple_(after[1], after[2]),
            posting.c.entry_number <= (after[1] if known_at is None else known_at),
        )
    )
    return int(whole_days or 0) + int(same_day or 0)


async def entry_by_number(connection: AsyncConnection, book_id: int, number: int) -> Entry:
    """One entry with its lines.

    Raises:
        UnknownEntryError: no such number in this book.
    """
    found = await entries(connection, book_id, after=number - 1, limit=1)
    if not found or found[0].number != number:
        raise UnknownEntryError(number)
    return found[0]


async def entries(
    connection: AsyncConnection,
    book_id: int,
    *,
    after: int = 0,
    before: int | None = None,
    limit: int = 50,
    from_date: date | None = None,
    to_date: date | None = None,
    kind: str | None = None,
    link: str | None = None,
    known_at: int | None = None,
) -> list[Entry]:
    """Entries with their lines in the order of their numbers; with ``before``, the latest first, down from it.

    ``known_at``: as the book knew them when that entry was its last, also who was reversed by then.
    """
    table = schema.entry
    query = select(table).where(table.c.book_id == book_id, table.c.number > after).limit(limit)
    if before is not None:
        query = query.where(table.c.number < before).order_by(table.c.number.desc())
    else:
        query = query.order_by(table.c.number)
    if from_date is not None:
        query = query.where(table.c.effective_date >= from_date)
    if to_date is not None:
        query = query.where(table.c.effective_date <= to_date)
    if known_at is not None:
        query = query.where(table.c.number <= known_at)
    if kind is not None:
        query = query.where(table.c.kind == kind)
    if link is not None:
        query = query.where(table.c.link == link)
    page = query.subquery("page")
    noted, undone = _beside(page.c.book_id, page.c.number, known_at)
    told = select(*page.columns, undone.c.reversal_number, noted.c.salt, noted.c.text).select_from(
        page.outerjoin(noted, true()).outerjoin(undone, true())
    )
    order = page.c.number.desc() if before is not None else page.c.number
    rows = (await connection.execute(told.order_by(order))).mappings().all()
    lines = await _lines_of(connection, book_id, [row["number"] for row in rows])
    return [
        Entry(
            book_id=book_id,
            number=row["number"],
            effective_date=row["effective_date"],
            recorded_at=row["recorded_at"],
            kind=row["kind"],
            sealed_description=row["description"],
            source=row["source"],
            actor=row["actor"],
            reverses=row["reverses"],
            link=row["link"],
            metadata=row["metadata"],
            previous_hash=row["previous_hash"],
            hash=row["hash"],
            lines=tuple(lines[row["number"]]),
            reversed_by=row["reversal_number"],
            note=None if row["salt"] is None else Note(row["salt"], row["text"]),
            note_digest=row["note_digest"],
        )
        for row in rows
    ]


async def _lines_of(connection: AsyncConnection, book_id: int, numbers: Sequence[int]) -> dict[int, list[EntryLine]]:
    posting, account = schema.posting, schema.account
    found: dict[int, list[EntryLine]] = {number: [] for number in numbers}
    if not numbers:
        return found
    # By its whole key, once for each line: a planner that never saw this book would begin with all its accounts.
    named = (
        select(account.c.code, account.c.currency)
        .where(account.c.book_id == posting.c.book_id, account.c.account_id == posting.c.account_id)
        .offset(0)
        .lateral("named")
    )
    rows = await connection.execute(
        select(
            posting.c.entry_number,
            posting.c.line,
            posting.c.account_id,
            named.c.code,
            named.c.currency,
            posting.c.amount,
            posting.c.balance_after,
        )
        .select_from(posting.join(named, true()))
        .where(posting.c.book_id == book_id, posting.c.entry_number.in_(numbers))
        .order_by(posting.c.entry_number, posting.c.line)
    )
    for number, *facts in rows:
        found[number].append(EntryLine(*facts))
    return found
