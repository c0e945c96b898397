from __future__ import annotations

import asyncio
from datetime import date

import pytest
from tests.conftest import lift_limits

import ledger
from koperasi.bookkeeping import service
from koperasi.errors import Refusal

TODAY = date(2026, 11, 25)
BUY = (("7303", 12_500_000), ("1101", -12_500_000))
FOUND = (("1101", 500_000_000), ("4201", -500_000_000))


async def refused(awaitable) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await awaitable
    return caught.value


async def test_an_entry_by_hand_stands_with_its_source_and_its_writer(books):
    await books.post(*FOUND, day=date(2026, 1, 2))
    settled = await books.post(*BUY, source="Nota 17")
    entry = await books.entry(settled.number)
    assert (entry.kind, entry.source, entry.actor, entry.effective_date) == ("journal", "Nota 17", "bendahara", TODAY)
    assert [(line.code, line.amount) for line in entry.lines] == list(BUY)
    assert not settled.replayed


async def test_a_members_own_account_takes_entries_and_the_control_account_does_not(books):
    await books.post(("1101", 500), ("2101.10000019", -500))
    refusal = await refused(books.post(("1101", 500), ("2101", -500)))
    assert [error.field for error in refusal.errors] == ["lines.1.account"]
    assert await books.last_number() == 1


async def test_what_the_ledger_refuses_is_told_beside_the_line(books):
    refusal = await refused(books.post(*BUY))
    assert refusal.code == "floor"
    assert [error.field for error in refusal.errors] == ["lines.1.credit"]
    unbalanced = await refused(books.post(("1101", 500), ("4201", -400)))
    assert (unbalanced.code, unbalanced.params["difference_text"]) == ("unbalanced", "Rp1")
    assert await books.last_number() == 0


async def test_the_same_request_posts_once_and_another_body_is_refused(books):
    first = await books.post(*FOUND, key="k")
    again = await books.post(*FOUND, key="k")
    assert (again.number, again.replayed) == (first.number, True)
    assert (await refused(books.post(("1101", 1), ("4201", -1), key="k"))).code == "idempotency-mismatch"
    assert await books.last_number() == 1


async def test_codes_that_no_database_can_carry_are_unknown(books):
    refusal = await refused(books.post(("\x00", 1), ("é", -1)))
    assert [error.code for error in refusal.errors] == ["unknown-account"] * 2


async def test_a_reversal_mirrors_and_links_both_ways(books):
    number = (await books.post(*FOUND, day=date(2026, 10, 3))).number
    undo = (await books.reverse(number)).number
    reversal, original = await books.entry(undo), await books.entry(number)
    assert (reversal.reverses, original.reversed_by, reversal.effective_date) == (number, undo, TODAY)
    assert [line.amount for line in reversal.lines] == [-line.amount for line in original.lines]
    again = await refused(books.reverse(number))
    assert (again.code, again.status) == ("already-reversed", 409)
    assert (await refused(books.reverse(undo))).code == "reversal-of-reversal"
    await books.reverse(undo, of_reversal=True)
    assert (await books.entry(number)).reversed_by is None


async def test_a_reversal_stands_between_its_entry_and_today(books):
    number = (await books.post(*FOUND, day=date(2026, 10, 3))).number
    for day, code in ((date(2026, 10, 2), "date-before-entry"), (date(2026, 11, 26), "date-future")):
        refusal = await refused(books.reverse(number, day=day))
        assert [(error.field, error.code) for error in refusal.errors] == [("date", code)]
    assert await books.last_number() == 1


async def test_an_entry_of_a_closed_month_is_undone_in_an_open_one(books, database):
    number = (await books.post(*FOUND, day=date(2026, 9, 30))).number
    await set_month(books, database, date(2026, 9, 1), "closed")
    assert (await refused(books.post(*FOUND, day=date(2026, 9, 30)))).code == "period-closed"
    assert (await refused(books.reverse(number, day=date(2026, 9, 30)))).code == "period-closed"
    await books.reverse(number)
    assert (await books.entry(number)).effective_date == date(2026, 9, 30)


async def set_month(books, database, month: date, status: str) -> None:
    async with database.work(books.book_id) as work:
        await service.set_month(
            work.connection, books.book_id, month, ledger.PeriodStatus(status), today=TODAY, actor="bendahara"
        )
        await work.commit()


async def test_months_close_in_order_and_for_good(books, database):
    await books.post(*FOUND, day=date(2026, 8, 31))
    await books.post(*FOUND, day=date(2026, 10, 1))
    early = await refused(set_month(books, database, date(2026, 10, 1), "closed"))
    assert (early.code, early.params) == ("period-order", {"earlier": "2026-08"})
    await set_month(books, database, date(2026, 8, 1), "held")
    assert (await refused(books.post(*FOUND, day=date(2026, 8, 1)))).code == "period-held"
    await set_month(books, database, date(2026, 8, 1), "closed")
    await set_month(books, database, date(2026, 10, 1), "closed")
    for status in ("open", "held"):
        assert (await refused(set_month(books, database, date(2026, 8, 1), status))).code == "period-closed"
    assert (await refused(set_month(books, database, date(2026, 12, 1), "held"))).code == "period-future"
    async with database.reading(books.book_id) as connection:
        months = await service.months(connection, books.book_id)
    assert [(one.month.month, one.status, one.has_entries, one.by) for one in months] == [
        (10, "closed", True, "bendahara"),
        (8, "closed", True, "bendahara"),
    ]


async def many(books, database, items, mode, key="req"):
    async with database.work(books.book_id) as work:
        answers = await service.post_many(
            work.connection, books.book_id, items, mode=mode, today=TODAY, actor="bendahara", request_key=key
        )
        await work.commit()
    return [
        (answer.settled.number, answer.settled.replayed) if answer.settled else answer.refusal.code
        for answer in answers
    ]


async def test_many_independent_entries_answer_each_for_itself(books, database):
    await lift_limits(database, books.cooperative)
    items = [
        service.BulkItem("a", books.new(*FOUND)),
        service.BulkItem("b", books.new(("nowhere", 1), ("1101", -1))),
        service.BulkItem("c", books.new(*BUY)),
        service.BulkItem("d", books.new(("7303", 10**12), ("1101", -(10**12)))),
    ]
    assert await many(books, database, items, "independent") == [(1, False), "invalid-entry", (2, False), "floor"]
    assert await many(books, database, items, "independent") == [(1, True), "invalid-entry", (2, True), "floor"]
    changed = [service.BulkItem("a", books.new(*BUY))]
    assert await many(books, database, changed, "independent") == ["idempotency-mismatch"]
    assert await books.last_number() == 2


async def test_many_atomic_entries_stand_or_fall_together(books, database):
    await lift_limits(database, books.cooperative)
    good = [service.BulkItem(str(n), books.new(*FOUND)) for n in range(3)]
    bad = [*good[:2], service.BulkItem("2", books.new(("7303", 10**12), ("1101", -(10**12))))]
    assert await many(books, database, bad, "atomic", "one") == ["linked", "linked", "floor"]
    unready = [*good[:2], service.BulkItem("2", books.new(("7303", 1), ("7303", 1)))]
    assert await many(books, database, unready, "atomic", "two") == ["linked", "linked", "same-account"]
    unknown = [service.BulkItem("0", books.new(("x", 1), ("y", -1))), *good[1:]]
    assert await many(books, database, unknown, "atomic", "three") == ["invalid-entry", "linked", "linked"]
    assert await books.last_number() == 0
    assert await many(books, database, good, "atomic", "four") == [(1, False), (2, False), (3, False)]
    assert await many(books, database, good, "atomic", "four") == [(1, True), (2, True), (3, True)]
    assert {(await books.entry(n)).link for n in (1, 2, 3)} == {"bulk:four"}


async def test_the_same_atomic_request_at_once_posts_once(books, database):
    items = [service.BulkItem(str(n), books.new(*FOUND)) for n in range(5)]
    answers = await asyncio.gather(*(many(books, database, items, "atomic") for _ in range(4)))
    assert {tuple(number for number, _ in answer) for answer in answers} == {(1, 2, 3, 4, 5)}
    assert await books.last_number() == 5


async def test_the_journal_goes_both_ways_by_pages(books, database):
    for day in (1, 2, 3, 4, 5):
        await books.post(*FOUND, day=date(2026, 11, day))
    async with database.reading(books.book_id) as connection:
        up, more_up = await service.entries(connection, books.book_id, after=1, limit=2)
        down, more_down = await service.entries(connection, books.book_id, before=3, limit=2)
        some, _ = await service.entries(
            connection, books.book_id, from_date=date(2026, 11, 2), to_date=date(2026, 11, 3), kind="journal"
        )
    assert ([view.entry.number for view in up], more_up) == ([2, 3], True)
    assert ([view.entry.number for view in down], more_down) == ([2, 1], False)
    assert [view.entry.number for view in some] == [2, 3]
