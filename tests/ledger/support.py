"""A small cooperative's chart in a fresh book, and short ways to say what a test wants posted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.db import Database
from ledger import AccountType, Draft, Line, NewAccount, Outcome, Report, Side

DAY = date(2026, 11, 25)
TABLES = ("book", "account", "entry", "note", "posting", "turnover", "sum", "reversal", "period", "period_act", "key")

CHART = (
    NewAccount("1101", "Kas", "Cash", AccountType.ASSET, Side.DEBIT, floor=0),
    NewAccount("1102", "Bank", "Bank", AccountType.ASSET, Side.DEBIT),
    NewAccount("1201", "Kas yen", "Cash in yen", AccountType.ASSET, Side.DEBIT, currency="JPY"),
    NewAccount("2101", "Simpanan", "Savings", AccountType.LIABILITY, Side.CREDIT, control=True),
    NewAccount("2101.1", "Simpanan 1", "Savings 1", AccountType.LIABILITY, Side.CREDIT, floor=0),
    NewAccount("2101.2", "Simpanan 2", "Savings 2", AccountType.LIABILITY, Side.CREDIT, floor=0),
    NewAccount("2201", "Titipan yen", "Deposits in yen", AccountType.LIABILITY, Side.CREDIT, currency="JPY"),
    NewAccount("3101", "Modal", "Capital", AccountType.EQUITY, Side.CREDIT),
)


@dataclass
class Desk:
    """A book with ``CHART`` and somebody who posts to it."""

    database: Database
    poster: ledger.Poster
    book: int
    ids: dict[str, int]
    keys: count = field(default_factory=count)

    def draft(self, *lines: tuple[str, int], on: date = DAY, key: str | None = None, **more: object) -> Draft:
        """An entry over accounts named by code; a key of its own unless one is given."""
        key = f"k{next(self.keys)}" if key is None else key
        facts = {"kind": "test", "description": "Uji", "actor": "penguji"} | more
        named = tuple(Line(self.ids.get(code, -1), amount) for code, amount in lines)
        return Draft(book_id=self.book, effective_date=on, lines=named, key=key, **facts)

    async def post(self, *lines: tuple[str, int], **more: object) -> Outcome:
        return await self.poster.post(self.draft(*lines, **more))

    async def reverse(self, number: int, *, on: date = DAY, **more: object) -> Outcome:
        return await self.poster.post(await self.reversal(number, on=on, **more))

    async def reversal(self, number: int, *, on: date = DAY, **more: object) -> Draft:
        async with self.database.reading(self.book) as connection:
            entry = await ledger.entry_by_number(connection, self.book, number)
        key = f"k{next(self.keys)}"
        return ledger.reversal_of(entry, effective_date=on, actor="penguji", key=key, reason="Salah", **more)

    async def append(self, *drafts: Draft) -> list[Outcome]:
        async with self.database.work(self.book) as work:
            outcomes = await ledger.append(work.connection, drafts)
            await work.commit()
        return outcomes

    async def set_period(self, month: date, status: ledger.PeriodStatus) -> None:
        async with self.database.work(self.book) as work:
            await ledger.set_period(work.connection, self.book, month, status, by="ketua")
            await work.commit()

    async def reopen(self, month: date, *, ask: str = "bendahara", agree: str = "ketua") -> None:
        """Two people open a closed month again."""
        async with self.database.work(self.book) as work:
            await ledger.reopen_request(work.connection, self.book, month, by=ask, reason="Salah tutup")
            await work.commit()
        async with self.database.work(self.book) as work:
            await ledger.reopen_confirm(work.connection, self.book, month, by=agree)
            await work.commit()

    async def balance(self, code: str, as_of: date | None = None) -> int:
        async with self.database.reading(self.book) as connection:
            account = await ledger.account_by_code(connection, self.book, code)
            return await ledger.balance(connection, self.book, account, as_of)

    async def entries(self, **more: object) -> list[ledger.Entry]:
        async with self.database.reading(self.book) as connection:
            return await ledger.entries(connection, self.book, **more)

    async def verify(self) -> Report:
        async with self.database.reading(self.book) as connection:
            return await ledger.verify(connection, self.book)

    async def digest(self, *, without: Sequence[str] = ()) -> dict[str, str]:
        async with self.database.reading(self.book) as connection:
            return await digest(connection, self.book, without=without)


async def open_desk(database: Database, poster: ledger.Poster, chart: Sequence[NewAccount] = CHART) -> Desk:
    """Found a book and open its accounts."""
    async with database.engine.connect() as connection:
        book = await ledger.found_book(connection)
        ids = await ledger.open_accounts(connection, book, chart)
        await connection.commit()
    return Desk(database, poster, book, ids)


async def digest(connection: AsyncConnection, book: int, *, without: Sequence[str] = ()) -> dict[str, str]:
    """One digest for each table of a book: what did not change has the same. The head's clock is left out."""
    parts = [
        f"SELECT '{table}', md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\"), ''))"
        f" FROM ledger_{table} t WHERE book_id = :book"
        for table in TABLES
        if table not in without
    ]
    parts.append("SELECT 'head', last_number || encode(last_hash, 'hex') FROM ledger_head WHERE book_id = :book")
    rows = await connection.execute(text(" UNION ALL ".join(parts)), {"book": book})
    return dict(map(tuple, rows))
