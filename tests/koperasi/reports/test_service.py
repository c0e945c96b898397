from __future__ import annotations

from datetime import date

import pytest

import ledger
from koperasi.errors import Refusal
from koperasi.reports import service

TODAY = date(2026, 11, 25)


async def fill(books) -> None:
    await books.post(("1101", 500_000_000), ("4201", -500_000_000), day=date(2026, 1, 2))
    await books.post(("1101", 30_000_000), ("2101.10000019", -30_000_000), day=date(2026, 10, 5))
    await books.post(("1101", 20_000_000), ("2101.10000027", -20_000_000), day=date(2026, 11, 6))
    await books.post(("2101.10000019", 5_000_000), ("1101", -5_000_000), day=date(2026, 11, 7))
    await books.post(("1104", 1_000_000), ("8101", -1_000_000), day=date(2026, 11, 8))


async def test_columns_are_equal_and_members_stand_in_their_control_account(books, database):
    await fill(books)
    async with database.reading(books.book_id) as connection:
        report = await service.trial_balance(connection, books.book_id, TODAY)
        detailed = await service.trial_balance(connection, books.book_id, None, detailed=True)
        october = await service.trial_balance(connection, books.book_id, date(2026, 10, 31))
    for one in (report, detailed, october):
        assert all(total.debit_minor == total.credit_minor > 0 for total in one.totals)
    found = {line.account.code: line for group in report.groups for line in group.lines}
    assert (found["1101"].debit_minor, found["2101"].credit_minor) == (545_000_000, 45_000_000)
    assert "2101.10000019" not in found
    assert not found["7303"].moved
    apart = {line.account.code: line.credit_minor for group in detailed.groups for line in group.lines}
    assert (apart["2101"], apart["2101.10000019"], apart["2101.10000027"]) == (0, 25_000_000, 20_000_000)
    groups = [group.type.value for group in report.groups]
    assert groups.index("temporary_syirkah") < groups.index("equity") < groups.index("social_fund")
    assert report.head.number == 5
    assert october.totals == (service.Total("IDR", 530_000_000, 530_000_000),)


async def test_an_account_opens_moves_and_closes_and_so_does_a_control_account(books, database):
    await fill(books)
    november = {"from_date": date(2026, 11, 1), "to_date": date(2026, 11, 30)}
    async with database.reading(books.book_id) as connection:
        cash = await service.account(connection, books.book_id, "1101")
        sheet = await service.sheet(connection, books.book_id, cash, **november)
        page = await service.statement(connection, books.book_id, cash, **november)
        control = await service.account(connection, books.book_id, "2101")
        tree = await service.sheet(connection, books.book_id, control, **november)
        beneath, more = await service.accounts_beneath(connection, books.book_id, "2101", **november)
        first, there_is_more = await service.accounts_beneath(connection, books.book_id, "2101", limit=1)
        second, _ = await service.accounts_beneath(connection, books.book_id, "2101", after="2101.10000019", limit=1)
        with pytest.raises(Refusal) as refused:
            await service.statement(connection, books.book_id, control)
    assert sheet[1:5] == (530_000_000, 20_000_000, 5_000_000, 545_000_000)
    assert (page.opening, page.lines[-1].balance, len(page.lines)) == (530_000_000, 545_000_000, 2)
    assert tree[1:5] == (30_000_000, 5_000_000, 20_000_000, 45_000_000)
    assert [(one.account.code, *one[1:]) for one in beneath] == [
        ("2101.10000019", 30_000_000, 5_000_000, 0, 25_000_000),
        ("2101.10000027", 0, 0, 20_000_000, 20_000_000),
    ]
    assert not more
    assert [one.account.code for one in (*first, *second)] == ["2101.10000019", "2101.10000027"]
    assert there_is_more
    assert refused.value.code == "control-account"


@pytest.mark.parametrize("code", ["", "9999", "\x00", "1101\n", "é", "2101."])
async def test_no_such_account(books, database, code):
    async with database.reading(books.book_id) as connection:
        with pytest.raises(ledger.UnknownAccountError):
            await service.account(connection, books.book_id, code)


async def test_an_export_says_beforehand_what_it_holds(books, database):
    async with database.reading(books.book_id) as connection:
        assert (await service.scope(connection, books.book_id, None, None))[:3] == (0, 0, 0)
    await fill(books)
    async with database.reading(books.book_id) as connection:
        scope = await service.scope(connection, books.book_id, date(2026, 11, 1), None)
    assert scope[:3] == (3, 3, 5)
    assert scope.head.number == 5
