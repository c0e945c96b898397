"""Offices: tills and numbers of vouchers are told apart by them, and a cooperative with one sees nothing of it."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from tests.koperasi.treasury.conftest import JT
from tests.koperasi.treasury.test_vouchers import assign, numbers

from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.reports.service_doctor import examine
from koperasi.treasury import service
from koperasi.treasury.service import Count


async def branch(office, code: str = "kc1", name: str = "Kantor cabang Ngebel") -> str:
    async with office.database.work(office.book_id) as work:
        made = await service.open_office(work, code, name, today=office.today, actor="admin")
        await work.commit()
    return made


async def close_office(office, code: str) -> None:
    async with office.database.work(office.book_id) as work:
        await service.close_office(work, code, today=office.today, actor="admin")
        await work.commit()


async def test_each_office_has_its_own_numbers_and_the_head_office_keeps_its_own(office):
    assert await branch(office) == "KC1"
    here = await office.open("kasir", Count({100_000: 1}))
    there = await office.open("wati", Count({100_000: 1}), office="KC1")
    assert (here.office, there.office) == ("01", "KC1")
    month = date(office.today.year, office.today.month, 1)
    for code, amount in (("1105.01", 100), ("1105.02", 200), ("1105.02", 300), ("1105.01", 400)):
        await office.post((code, amount), ("3201", -amount))
    await office.post(("1105.01", 500), ("1105.02", -500))
    await office.post(("5303", 500), ("3201", -500))
    await assign(office)
    told = list((await numbers(office)).values())
    at = f"{month:%Y/%m}"
    assert told[1:] == [
        f"BM/{at}/0001", f"BM/KC1/{at}/0001", f"BKM/{at}/0001", f"BKM/KC1/{at}/0001", f"BKM/KC1/{at}/0002",
        f"BKM/{at}/0002", f"BM/{at}/0002", f"BM/{at}/0003",
    ]  # fmt: skip
    assert service.Number.read(told[4]).office == "KC1"
    async with office.database.reading(office.book_id) as connection:
        assert (await examine(connection, office.cooperative)).findings == ()
        found, more = await service.vouchers(
            connection, office.book_id, service.VoucherKind.CASH_IN, month, office="KC1"
        )
        assert ([str(one.number) for one in found], more) == ([told[4], told[5]], False)
        listed, _ = await service.sessions(connection, office.book_id, office="KC1")
        assert [one.number for one in listed] == [there.number]
        desks = await service.offices(connection, office.book_id)
    assert [(one.code, one.open_sessions, one.cash_minor) for one in desks] == [
        ("01", 1, 10_001_000), ("KC1", 1, 10_000_000),
    ]  # fmt: skip


async def test_a_person_has_a_till_at_each_office_and_none_moves(office):
    await branch(office)
    first = await office.open("kasir", Count({100_000: 1}))
    await office.close(first, Count({100_000: 1}))
    moved = await office.open("kasir", Count({50_000: 1}), office="KC1")
    assert moved.ledger_account_id != first.ledger_account_id
    async with office.database.reading(office.book_id) as connection:
        at_hand = await service.at_hand(connection, office.cooperative, "kasir")
    assert (at_hand.till_minor, dict(at_hand.left)) == (5_000_000, {"01": 10_000_000})
    # Their next session is where they last worked; a closed till takes nothing meanwhile.
    assert (await office.post(("1105.01", 100), ("3201", -100))).code == "account-paused"
    await office.close(moved, Count({50_000: 1}), 5_000_000)
    assert (await office.open("kasir")).office == "KC1"


async def test_what_is_no_office_is_refused_and_one_is_closed_when_its_tills_are_empty(office):
    with pytest.raises(Refusal, match="office"):
        await office.open("kasir", office="KC9")
    for code, name in (("", "Cabang"), ("A", "Cabang"), ("KC/1", "Cabang"), ("KC1", " "), ("KC1", "x" * 61)):
        with pytest.raises(Refusal, match="office"):
            await branch(office, code, name)
    await branch(office)
    for code, name in (("KC1", "Lain"), ("KC2", "kantor cabang ngebel"), ("01", "Lain")):
        with pytest.raises(Conflict, match="office-known"):
            await branch(office, code, name)
    one = await office.open("kasir", Count({100_000: 1}), office="KC1")
    with pytest.raises(Conflict, match="office-in-session"):
        await close_office(office, "KC1")
    await office.close(one, Count({100_000: 1}))
    with pytest.raises(Conflict, match="office-has-cash"):
        await close_office(office, "KC1")
    again = await office.open("kasir", Count({100_000: 1}))
    await office.close(again, Count({100_000: 1}), 10_000_000)
    with pytest.raises(NotFound, match="office"):
        await close_office(office, "KC9")
    with pytest.raises(Conflict, match="head-office"):
        await close_office(office, "01")
    await close_office(office, "KC1")
    with pytest.raises(Conflict, match="office-closed"):
        await close_office(office, "KC1")
    with pytest.raises(Refusal, match="office"):
        await office.open("kasir", office="KC1")
    assert (await office.open("kasir")).office == "01"


async def test_two_who_open_the_same_office_at_once_open_one(office):
    made = await asyncio.gather(branch(office), branch(office), return_exceptions=True)
    assert sorted(type(one).__name__ for one in made) == ["Conflict", "str"]


async def test_one_office_is_not_spoken_of(office):
    async with office.database.reading(office.book_id) as connection:
        assert await service.office_names(connection, office.book_id) == {}
    await branch(office)
    async with office.database.reading(office.book_id) as connection:
        assert list(await service.office_names(connection, office.book_id)) == ["01", "KC1"]
    # The vault is the cooperative's, whichever office asks it.
    await office.open("kasir", Count({100_000: 20}), office="KC1")
    assert await office.balances("1101") == [8 * JT]
