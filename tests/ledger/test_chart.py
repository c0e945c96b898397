"""Accounts' terms: what may be asked of them, and what is refused before the database has to."""

from __future__ import annotations

import pytest
from sqlalchemy import text

import ledger

from .support import open_desk


async def set_floor(desk, code, floor):
    async with desk.database.work(desk.book) as work:
        await ledger.set_floor(work.connection, desk.book, desk.ids[code], floor)
        await work.commit()


async def test_a_floor_is_not_set_over_a_debt(desk):
    await desk.post(("1102", -50), ("3101", 50))
    for floor in (0, -49, 10):
        with pytest.raises(ledger.AccountError, match="below this floor"):
            await set_floor(desk, "1102", floor)
    await set_floor(desk, "1102", -50)
    assert (await desk.post(("1102", -1), ("3101", 1))).code == "floor"
    await set_floor(desk, "1102", None)
    assert isinstance(await desk.post(("1102", -1), ("3101", 1)), ledger.Posted)


async def test_a_floor_above_the_balance_lets_money_in_not_out(desk):
    await desk.post(("1102", 50), ("3101", -50))
    await set_floor(desk, "1102", 100)
    assert (await desk.post(("1102", -1), ("3101", 1))).code == "floor"
    assert isinstance(await desk.post(("1102", 10), ("3101", -10)), ledger.Posted)


async def test_a_floor_of_no_account(desk):
    async with desk.database.work(desk.book) as work:
        with pytest.raises(ledger.UnknownAccountError):
            await ledger.set_floor(work.connection, desk.book, 10**12, 0)


async def test_the_head_of_no_book(desk):
    async with desk.database.reading(desk.book) as connection:
        with pytest.raises(ledger.UnknownBookError):
            await ledger.head(connection, 10**12)


async def test_an_append_over_several_books_leaves_the_transaction_where_it_was(desk, database, poster):
    other = await open_desk(database, poster)
    drafts = [desk.draft(("1101", 5), ("3101", -5)), other.draft(("1101", 5), ("3101", -5))]
    async with database.work(desk.book) as work:
        assert [outcome.number for outcome in await ledger.append(work.connection, drafts)] == [1, 1]
        assert await work.connection.scalar(text("SELECT current_setting('app.book')")) == str(desk.book)
        assert len(await ledger.entries(work.connection, desk.book)) == 1
        await work.commit()
    async with database.engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        await ledger.append(connection, [other.draft(("1101", 1), ("3101", -1)), desk.draft(("1101", 1), ("3101", -1))])
        assert await connection.scalar(text("SELECT nullif(current_setting('app.book', true), '')")) is None
