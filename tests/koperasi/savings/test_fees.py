"""Monthly fees of savings, and accounts that sleep."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

import ledger
from koperasi.savings import service_fees
from koperasi.savings.service import SavingsKind

from .support import Shop, code_of


async def test_a_fee_is_taken_once_a_month_and_never_below_nothing(ksp):
    _, one = await ksp.join("Cukup")
    _, two = await ksp.join("Sedikit")
    _, none = await ksp.join("Kosong")
    await ksp.deposit(one[SavingsKind.SUKARELA], 10_000_000)
    await ksp.deposit(two[SavingsKind.SUKARELA], 150_000)
    await ksp.terms("sukarela", date(2026, 3, 1), monthly_fee_minor=200_000)

    async def take(last_day):
        return await ksp.work(
            service_fees.take_fees, ksp.cooperative, last_day, actor="bendahara", today=date(2026, 5, 20)
        )

    runs = await asyncio.gather(*(take(date(2026, 3, 31)) for _ in range(3)))
    assert sorted((run.accounts, run.taken_minor) for run in runs) == [(0, 0), (0, 0), (2, 350_000)]
    assert await ksp.balance(one[SavingsKind.SUKARELA]) == 9_800_000
    assert await ksp.balance(two[SavingsKind.SUKARELA]) == 0
    # What comes in later pays for later months, not for one that is done.
    await ksp.deposit(none[SavingsKind.SUKARELA], 500_000, on=date(2026, 4, 2))
    assert (await take(date(2026, 3, 31))).taken_minor == 0
    assert (await take(date(2026, 4, 30))).taken_minor == 400_000
    assert await code_of(take(date(2026, 5, 31))) == "fee-month-not-over"
    async with ksp.database.reading(ksp.book) as connection:
        income = await ledger.account_by_code(connection, ksp.book, "4105")
    assert income.balance == 750_000


@pytest.mark.parametrize(("kind", "income"), [("kspps", "5901"), ("bumdes_unit", "4105"), ("kelompok", "4901")])
async def test_what_was_decided_can_be_taken_in_every_kind(database, poster, founding, kind, income):
    shop = Shop(database, poster, await founding(kind))
    _, accounts = await shop.join()
    product = SavingsKind.WADIAH if kind == "kspps" else SavingsKind.SUKARELA
    await shop.deposit(accounts[product], 1_000_000)
    await shop.terms(product.value, date(2026, 3, 1), monthly_fee_minor=100_000)
    await shop.work(
        service_fees.take_fees, shop.cooperative, date(2026, 3, 31), actor="bendahara", today=date(2026, 5, 20)
    )
    async with shop.database.reading(shop.book) as connection:
        assert (await ledger.account_by_code(connection, shop.book, income)).balance == 100_000


# --- sleep ----------------------------------------------------------------------------------------------------------


async def test_an_account_sleeps_until_its_owner_moves_it(ksp):
    _, accounts = await ksp.join()
    number = accounts[SavingsKind.SUKARELA]
    await ksp.deposit(number, 10_000_000)
    await ksp.terms("sukarela", date(2026, 3, 1), dormancy_months=3, monthly_fee_minor=100_000)
    await ksp.work(
        service_fees.take_fees, ksp.cooperative, date(2026, 5, 31), actor="bendahara", today=date(2026, 6, 1)
    )

    async def asleep(day):
        since = await ksp.read(service_fees.sleeps_since, [(number, "sukarela")], day)
        listed = [(one.number, one.since) for one in await ksp.read(service_fees.sleeping, day)]
        assert listed == list(since.items())
        return since.get(number)

    assert await asleep(date(2026, 6, 1)) is None
    assert await asleep(date(2026, 6, 2)) == date(2026, 6, 2)  # the fee was nobody's act
    await ksp.deposit(number, 100_000, on=date(2026, 6, 10))
    assert await asleep(date(2026, 7, 1)) is None
    assert await asleep(date(2026, 9, 10)) == date(2026, 9, 10)
