"""Numbers of vouchers follow from the journal: the same whenever and however often they are given, without gaps."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from random import Random

import pytest
from sqlalchemy import text
from tests.koperasi.treasury.conftest import JT

import ledger
from koperasi.errors import Refusal
from koperasi.reports.service_doctor import examine
from koperasi.treasury import service

IN, OUT, NEITHER = (("1101", 100), ("3201", -100)), (("3201", 100), ("1101", -100)), (("1101", -100), ("1102", 100))


async def assign(office, upto: int | None = None) -> int:
    async with office.database.work(office.book_id) as work:
        count = await service.assign(work, upto)
        await work.commit()
    return count


async def numbers(office) -> dict[int, str]:
    async with office.database.reading(office.book_id) as connection:
        head = await ledger.head(connection, office.book_id)
        found = await service.numbers_of(connection, office.book_id, range(1, head.number + 1))
    return {entry: str(found[entry]) for entry in sorted(found)}


async def test_kinds_months_and_what_is_recorded_late(office):
    november, december = date(2026, 11, 5), date(2026, 12, 1)
    for lines, day in ((IN, november), (OUT, november), (NEITHER, november), (IN, december), (IN, november)):
        await office.post(*lines, day=day)
    assert await assign(office) == 6
    assert list((await numbers(office)).values()) == [
        "BKM/2024/01/0001", "BKM/2026/11/0001", "BKK/2026/11/0001", "BM/2026/11/0001", "BKM/2026/12/0001",
        "BKM/2026/11/0002",
    ]  # fmt: skip


async def test_a_reversed_entry_keeps_its_number_and_its_reversal_has_its_own(office):
    posted = await office.post(*IN, day=date(2026, 9, 1))
    await assign(office)
    async with office.database.reading(office.book_id) as connection:
        entry = await ledger.entry_by_number(connection, office.book_id, posted.number)
    await office.poster.post(
        ledger.reversal_of(entry, effective_date=date(2026, 9, 2), actor="bendahara", key="balik", reason="salah")
    )
    async with office.database.work(office.book_id) as work:
        number = await service.give_number(work, posted.number + 1)
        await work.commit()
    assert ((await numbers(office))[posted.number], str(number)) == ("BKM/2026/09/0001", "BKK/2026/09/0001")


async def test_given_at_once_in_parts_or_by_many_they_are_the_same(office, database, poster):
    """The numbers are the ranks among entries of a kind and month, whatever was numbered when and by whom."""
    chance = Random(7)
    kinds = {IN: "BKM", OUT: "BKK", NEITHER: "BM"}
    ranks: dict[tuple[str, int], int] = {}
    expected = {}
    for _ in range(60):
        lines, month = chance.choice(list(kinds)), chance.randint(1, 3)
        posted = await office.post(*lines, day=date(2025, month, chance.randint(1, 28)))
        rank = ranks[kinds[lines], month] = ranks.get((kinds[lines], month), 0) + 1
        expected[posted.number] = f"{kinds[lines]}/2025/{month:02}/{rank:04}"
        if chance.random() < 0.1:
            await asyncio.gather(*(assign(office, posted.number - chance.randint(0, 3)) for _ in range(3)))
    await asyncio.gather(*(assign(office) for _ in range(5)))
    told = await numbers(office)
    assert {entry: told[entry] for entry in expected} == expected
    async with office.database.reading(office.book_id) as connection:
        assert await service.unnumbered(connection, office.book_id) == 0
        assert [one for one in await service.series(connection, office.book_id) if one.numbers != one.last] == []
        wanted = service.Number.read(expected[posted.number])
        assert await service.entry_of(connection, office.book_id, wanted) == posted.number


async def test_a_number_is_never_taken_back(office, superuser_engine):
    await assign(office)
    async with office.database.work(office.book_id) as work:
        for change in ("UPDATE voucher SET serial = 9", "DELETE FROM voucher"):
            with pytest.raises(Exception, match=r"permission denied|append-only"):
                async with work.connection.begin_nested():
                    await work.connection.execute(text(change))


async def test_a_day_is_closed_by_its_list(office):
    """What stands against closing is named; then the day takes no more cash, and the next one begins."""
    one = await office.open()
    await office.post(("1104", JT), ("1101", -JT))
    today, now = office.today, datetime.now(UTC)
    following = service.next_workday(today)
    async with office.database.reading(office.book_id) as connection:
        state = await service.day_state(connection, office.cooperative, now)
    assert {check.code for check in state.checks if not check.ok} == {"sessions", "transit", "vouchers"}

    async def close(day=today, next_day=following):
        async with office.database.work(office.book_id) as work:
            made = await service.close_day(work, office.cooperative, day, next_day, actor="bendahara", now=now)
            await work.commit()
        await office.again()
        return made

    with pytest.raises(Refusal, match="day-unready") as refused:
        await close()
    assert [error.field for error in refused.value.errors] == ["sessions", "transit"]
    await office.close(one, service.Count())
    await office.post(("1101", JT), ("1104", -JT))
    with pytest.raises(Refusal, match="next-day"):
        await close(next_day=today)
    made = await close()
    assert await close() == made
    assert made.facts == {"entries": 2, "cash_in": 0, "cash_out": 0, "cash": 10 * JT}
    assert office.today == following
    refused = await office.post(("1101", 100), ("3201", -100), day=today)
    assert (refused.code, refused.detail["day"]) == ("account-locked", today.isoformat())
    assert isinstance(await office.post(("5303", 100), ("3201", -100), day=today), ledger.Posted)
    again = await office.open()
    assert again.business_day == following
    assert (await office.post(("1105.01", 100), ("3201", -100), day=today)).code == "account-locked"
    assert isinstance(await office.post(("1105.01", 100), ("3201", -100)), ledger.Posted)
    with pytest.raises(Refusal, match="day-closed"):
        await close(next_day=date(2099, 1, 1))


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM voucher WHERE book_id = :b AND entry_number = 2",
        "UPDATE voucher SET serial = serial + 5 WHERE book_id = :b AND entry_number = 2",
        "UPDATE voucher SET kind = 'BM' WHERE book_id = :b AND entry_number = 2",
        "UPDATE voucher SET office = 'KC1' WHERE book_id = :b AND entry_number = 2",
        "UPDATE voucher SET entry_number = 99 WHERE book_id = :b AND entry_number = 2",
    ],
)
async def test_the_doctor_computes_every_number_again(office, superuser_engine, damage):
    for day in (3, 4, 5):
        await office.post(*IN, day=date(2024, 1, day))
    await assign(office)
    async with office.database.reading(office.book_id) as connection:
        assert (await examine(connection, office.cooperative)).findings == ()
    async with superuser_engine.connect() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(damage), {"b": office.book_id})
        told = (await examine(connection, office.cooperative)).findings
    assert ("voucher", "entry 2") in {(one.code, one.where) for one in told}


async def test_a_page_does_not_wait_for_a_whole_books_numbers(office, monkeypatch):
    monkeypatch.setattr("koperasi.treasury.service_vouchers.MOST_AT_A_PAGE", 2)
    for day in (3, 4):
        await office.post(*IN, day=date(2024, 1, day))
    async with office.database.work(office.book_id) as work:
        assert await service.give_number(work, 2) is None
    await assign(office, 1)
    async with office.database.work(office.book_id) as work:
        assert str(await service.give_number(work, 3)) == "BKM/2024/01/0003"
