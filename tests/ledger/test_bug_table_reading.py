"""Mistakes that other ledgers made, each as a test of ours: dates, paging, order, the seal. See test_bug_table."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import date, timedelta

import asyncpg
import pytest
from sqlalchemy import BigInteger, text

import ledger
from ledger import AccountType, NewAccount, Posted, Replayed, Side, schema

from .support import DAY, open_desk

PAY_IN = (("1101", 100), ("3101", -100))
YESTERDAY, TOMORROW = DAY - timedelta(days=1), DAY + timedelta(days=1)


async def test_b61_a_backdated_entry_changes_every_later_day(desk):
    await desk.post(("1102", 10), ("3101", -10), on=YESTERDAY)
    await desk.post(("1102", -5), ("3101", 5), on=YESTERDAY - timedelta(days=1))
    assert [await desk.balance("1102", YESTERDAY + timedelta(days=n)) for n in range(-2, 2)] == [0, -5, 5, 5]
    async with desk.database.reading(desk.book) as connection:
        account = await ledger.account_by_code(connection, desk.book, "1102")
        page = await ledger.statement(connection, desk.book, account)
    assert [line.balance for line in page.lines] == [-5, 5]


async def test_b63_order_is_the_order_of_the_book_not_of_the_clocks(desk, database):
    async with database.work(desk.book) as first:
        await first.connection.execute(text("SELECT now()"))  # its clock stands still from here on
        await desk.post(("1102", 10), ("3101", -10))
        (posted,) = await ledger.append(first.connection, [desk.draft(("1102", 1), ("3101", -1))])
        await first.commit()
    one, two = await desk.entries()
    assert posted.balances[0] == 11
    assert (two.number, two.recorded_at >= one.recorded_at) == (2, True)


async def test_b63_the_clock_of_a_book_never_runs_backwards(desk, superuser_engine):
    await desk.post(*PAY_IN)
    ahead = text("UPDATE ledger_head SET last_recorded_at = '2999-01-01' WHERE book_id = :b")
    async with superuser_engine.connect() as connection:
        await connection.execute(ahead, {"b": desk.book})
        await connection.commit()
    await desk.post(*PAY_IN)
    await desk.post(*PAY_IN)
    assert [entry.recorded_at.year for entry in await desk.entries()][1:] == [2999, 2999]
    assert (await desk.verify()).findings == ()


async def test_b66_a_new_account_stands_at_nothing(desk):
    async with desk.database.reading(desk.book) as connection:
        rows = await ledger.trial_balance(connection, desk.book, DAY, detailed=True)
        assert {row.account.code: row.balance for row in rows} == dict.fromkeys(desk.ids, 0)
        account = await ledger.account_by_code(connection, desk.book, "2101.2")
        assert await ledger.statement(connection, desk.book, account) == ledger.Statement(0, [], None)
        assert await ledger.balance(connection, desk.book, account, DAY) == 0


async def test_b67_numbers_are_given_in_the_order_of_commits(desk, database):
    async with database.work(desk.book) as slow:
        (mine,) = await ledger.append(slow.connection, [desk.draft(*PAY_IN)])
        assert mine.number == 1
        async with database.work(desk.book) as fast:
            await fast.connection.execute(text("SET LOCAL lock_timeout = '100ms'"))
            with pytest.raises(asyncpg.LockNotAvailableError):
                await ledger.append(fast.connection, [desk.draft(*PAY_IN)])
        assert await desk.entries() == []
        waiting = asyncio.create_task(desk.post(*PAY_IN))
        await slow.commit()
    assert (await waiting).number == 2


async def test_b67_a_number_that_was_rolled_back_is_given_again(desk, database):
    async with database.work(desk.book) as work:
        await ledger.append(work.connection, [desk.draft(*PAY_IN)])
    assert (await desk.post(*PAY_IN)).number == 1


@pytest.mark.parametrize("size", [1, 7, 15, 40, 50])
async def test_b69_pages_over_equal_dates_neither_skip_nor_repeat(desk, size):
    for day in (TOMORROW, DAY, YESTERDAY):
        await desk.poster.post_all([desk.draft(("1102", n), ("3101", -n), on=day) for n in range(1, 14)])
    await desk.post(("1102", 3), ("3101", -6), ("1102", 3))  # twice the same account in one entry
    seen, after, opening = [], None, 0
    async with desk.database.reading(desk.book) as connection:
        account = await ledger.account_by_code(connection, desk.book, "1102")
        while True:
            page = await ledger.statement(connection, desk.book, account, after=after, limit=size)
            assert page.opening == opening
            seen += page.lines
            opening = seen[-1].balance
            if (after := page.next_after) is None:
                break
    assert len(seen) == len(set(seen)) == 41
    assert seen == sorted(seen, key=lambda line: (line.effective_date, line.entry_number, line.line))
    assert [line.balance for line in seen] == [sum(line.amount for line in seen[: n + 1]) for n in range(41)]


async def test_b69_a_page_within_dates_opens_with_what_came_before(desk):
    for day in (YESTERDAY, DAY, TOMORROW):
        await desk.post(("1102", 10), ("3101", -10), on=day)
    async with desk.database.reading(desk.book) as connection:
        account = await ledger.account_by_code(connection, desk.book, "1102")
        page = await ledger.statement(connection, desk.book, account, from_date=DAY, to_date=DAY)
    assert (page.opening, [line.balance for line in page.lines]) == (10, [20])


async def test_b69_entries_page_both_ways(desk):
    await desk.poster.post_all([desk.draft(*PAY_IN) for _ in range(10)])
    up, down, after, before = [], [], 0, 10**9
    while page := await desk.entries(after=after, limit=3):
        up += [entry.number for entry in page]
        after = up[-1]
    while page := await desk.entries(before=before, limit=3):
        down += [entry.number for entry in page]
        before = down[-1]
    assert up == down[::-1] == list(range(1, 11))


async def test_b74_the_order_of_metadata_does_not_matter(desk):
    await desk.post(*PAY_IN, metadata={"b": "2", "a": "1", "c": ""})
    (entry,) = await desk.entries()
    assert entry.metadata == {"a": "1", "b": "2", "c": ""}
    assert (await desk.verify()).findings == ()


TEXTS = [
    "Ibu Siti “Bé” – ½ 和 🌾",
    'kutip " miring \\ garis \t baris \n akhir',
    "'; DROP TABLE ledger_entry; --",
    "e\u0301 \u00e9",  # the same letter in two ways
    "\u2028 \u200f \ufeff \x7f",
    "%(nama)s {0} :b $1",
]


@pytest.mark.parametrize("words", TEXTS)
async def test_b75_any_text_is_kept_and_sealed_as_it_is(desk, words):
    await desk.post(
        *PAY_IN, description=words, actor=words, source=words, key=words, metadata={words: words}, link=words
    )
    (entry,) = await desk.entries()
    assert {entry.description, entry.actor, entry.source, entry.link, *entry.metadata, *entry.metadata.values()} == {
        words
    }
    assert await desk.post(*PAY_IN, key=words) == Replayed(1)
    assert (await desk.verify()).findings == ()


async def test_b77_two_books_share_nothing(desk, database, poster):
    other = await open_desk(database, poster)
    for each in (desk, other):
        assert (await each.post(*PAY_IN, key="k")).number == 1
        assert (await each.reverse(1)).number == 2
        assert (await each.verify()).findings == ()
    mine, theirs = (await desk.entries())[0], (await other.entries())[0]
    assert mine.hash != theirs.hash


async def test_b79_an_entry_of_thousands_of_lines(desk):
    lines = [("1102", 1) for _ in range(4999)] + [("3101", -4999)]
    began = time.monotonic()
    assert isinstance(await desk.post(*lines), Posted)
    assert time.monotonic() - began < 3
    assert (await desk.verify()).findings == ()


def test_b79_numbers_are_wide():
    wide = {
        "book_id",
        "account_id",
        "number",
        "entry_number",
        "reversal_number",
        "undone_by",
        "amount",
        "balance_after",
    }
    wide |= {"debit", "credit", "floor", "held", "reverses", "last_number"}
    for table in (
        schema.book,
        schema.head,
        schema.account,
        schema.entry,
        schema.posting,
        schema.turnover,
        schema.reversal,
    ):
        for column in table.columns:
            assert isinstance(column.type, BigInteger) or column.name not in wide, column


async def test_b80_each_account_grows_on_its_own_side(desk):
    await desk.post(("1101", 100), ("2101.1", -100))
    async with desk.database.reading(desk.book) as connection:
        for code in ("1101", "2101.1"):
            account = await ledger.account_by_code(connection, desk.book, code)
            assert (account.balance, account.available) == (100, 100)
        rows = await ledger.trial_balance(connection, desk.book)
    assert {row.account.code: (row.debit, row.credit) for row in rows if row.balance} == {
        "1101": (100, 0),
        "2101": (0, 100),
    }


async def test_a_control_account_is_the_sum_of_its_tree(desk):
    chart = [NewAccount("21", "A", "A", AccountType.LIABILITY, Side.CREDIT, control=True)]
    for code, control in (("21.1", True), ("21.1.a", False), ("21.1.b", False), ("21.2", False)):
        chart.append(NewAccount(code, code, code, AccountType.LIABILITY, Side.CREDIT, control=control))
    chart.append(NewAccount("211", "B", "B", AccountType.LIABILITY, Side.CREDIT))
    tree = await open_desk(desk.database, desk.poster, chart)
    await tree.post(("21.1.a", -1), ("21.1.b", -10), ("21.2", -100), ("211", 111), on=DAY)
    for day in (None, DAY):
        assert [await tree.balance(code, day) for code in ("21", "21.1", "21.1.b", "211")] == [-111, -11, -10, 111]
    assert await tree.balance("21", YESTERDAY) == 0


async def test_months_and_kinds_filter_entries(desk):
    for day in (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1)):
        await desk.post(*PAY_IN, on=day, kind=f"kind.{day:%m}", link=f"{day:%d}")
    found = await desk.entries(from_date=date(2026, 11, 1), to_date=date(2026, 11, 30))
    assert [entry.number for entry in found] == [2, 3]
    assert [entry.number for entry in await desk.entries(kind="kind.11")] == [2, 3]
    assert [entry.number for entry in await desk.entries(link="31")] == [1]
    with pytest.raises(ledger.UnknownEntryError):
        async with desk.database.reading(desk.book) as connection:
            await ledger.entry_by_number(connection, desk.book, 5)


async def test_metadata_reads_back_what_was_written(desk):
    facts = {"angka": "1", "kosong": "", "json": json.dumps({"a": [1]})}
    await desk.post(*PAY_IN, metadata=facts)
    assert (await desk.entries())[0].metadata == facts
