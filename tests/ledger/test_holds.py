"""Holds: part of a balance that nobody may take until it is released."""

from __future__ import annotations

from datetime import date

import pytest

import ledger

DAY = date(2026, 11, 2)


@pytest.fixture
async def account(database, book):
    """A savings account with 5,000 on it."""
    async with database.work(book) as work:
        opened = await ledger.open_accounts(
            work.connection,
            book,
            [
                ledger.NewAccount("1101", "Kas", "Cash", ledger.AccountType.ASSET, ledger.Side.DEBIT),
                ledger.NewAccount(
                    "2101", "Simpanan", "Savings", ledger.AccountType.LIABILITY, ledger.Side.CREDIT, floor=0
                ),
            ],
        )
        lines = (ledger.Line(opened["1101"], 5_000), ledger.Line(opened["2101"], -5_000))
        await ledger.append(work.connection, [ledger.Draft(book, DAY, "journal", "Setoran", "uji", lines, "begin")])
        await work.commit()
    return opened


async def test_only_what_is_available_is_held_and_what_is_held_is_given_back(database, book, account):
    savings = account["2101"]
    async with database.work(book) as work:
        for _ in range(5):
            await ledger.hold(work.connection, book, savings, 1_000)
        with pytest.raises(ledger.AccountError, match="not that much to hold"):
            await ledger.hold(work.connection, book, savings, 1)
        lines = (ledger.Line(savings, 1), ledger.Line(account["1101"], -1))
        draft = ledger.Draft(book, DAY, "journal", "Tarik", "uji", lines, "take")
        (outcome,) = await ledger.append(work.connection, [draft])
        assert isinstance(outcome, ledger.Rejected)
        assert outcome.code == "floor"
        await ledger.release(work.connection, book, savings, 3_000)
        found = (await ledger.accounts_by_id(work.connection, book, [savings]))[savings]
        assert (found.held, found.available) == (2_000, 3_000)
        with pytest.raises(ledger.AccountError, match="not that much held"):
            await ledger.release(work.connection, book, savings, 2_001)


@pytest.mark.parametrize("amount", [0, -1])
async def test_a_hold_is_above_zero(database, book, account, amount):
    async with database.work(book) as work:
        for act in (ledger.hold, ledger.release):
            with pytest.raises(ledger.AccountError):
                await act(work.connection, book, account["2101"], amount)


async def test_of_what_does_not_exist_nothing_is_held(database, book, account):
    async with database.work(book) as work:
        for act in (ledger.hold, ledger.release):
            with pytest.raises(ledger.UnknownAccountError):
                await act(work.connection, book, 10**9, 1)


async def test_an_account_without_a_floor_may_be_held_beyond_its_balance(database, book, account):
    async with database.work(book) as work:
        await ledger.hold(work.connection, book, account["1101"], 9_000)
        found = (await ledger.accounts_by_id(work.connection, book, [account["1101"]]))[account["1101"]]
    assert found.held == 9_000
