"""Money that is taken on an earlier day must have been there then, and must not be missed on any day since."""

from __future__ import annotations

from datetime import date

import pytest
import pytest_asyncio

import ledger
from ledger import Posted, Rejected


def day(number: int) -> date:
    return date(2026, 11, number)


@pytest_asyncio.fixture
async def stocked(desk):
    """Cash stands at 100 on the 10th, 20 on the 20th, 120 on the 25th."""
    await desk.post(("1101", 100), ("3101", -100), on=day(10))
    await desk.post(("1101", -80), ("3101", 80), on=day(20))
    await desk.post(("1101", 100), ("3101", -100), on=day(25))
    return desk


def take(desk, amount, on, **more):
    return desk.draft(("1101", -amount), ("3101", amount), on=on, **more)


def too_late(on, shortfall):
    facts = {"account": "1101", "day": on.isoformat(), "shortfall": shortfall, "currency": "IDR"}
    return Rejected("floor-later", facts)


@pytest.mark.parametrize(
    ("on", "amount", "answer"),
    [
        (day(25), 120, None),
        (day(30), 120, None),
        (day(20), 20, None),
        (day(20), 21, too_late(day(20), 1)),
        (day(15), 20, None),
        (day(15), 21, too_late(day(20), 1)),
        (day(15), 110, too_late(day(15), 10)),
        (day(10), 100, too_late(day(20), 80)),
        (day(9), 1, too_late(day(9), 1)),
    ],
)
async def test_the_first_day_that_breaks_is_named_with_what_is_missing(stocked, on, amount, answer):
    """B52."""
    (outcome,) = await stocked.append(take(stocked, amount, on))
    assert isinstance(outcome, Posted) if answer is None else outcome == answer


async def test_paying_in_on_an_earlier_day_is_always_possible(stocked):
    assert isinstance(await stocked.post(("1101", 5), ("3101", -5), on=day(1)), Posted)
    assert isinstance((await stocked.append(take(stocked, 5, day(2))))[0], Posted)


async def test_drafts_of_one_batch_see_each_other(desk):
    """The first pays in on the 20th; what the others take on the 10th was not there yet."""
    pay_in = desk.draft(("1101", 100), ("3101", -100), on=day(20))
    outcomes = await desk.append(pay_in, take(desk, 50, day(10)), take(desk, 60, day(20)), take(desk, 40, day(15)))
    assert isinstance(outcomes[0], Posted)
    assert outcomes[1] == too_late(day(10), 50)
    assert isinstance(outcomes[2], Posted)
    assert outcomes[3] == too_late(day(15), 40)
    assert (await desk.verify()).findings == ()


async def test_a_refused_group_leaves_no_trace_in_the_days(desk):
    """Its first draft would have made room for what comes after it."""
    room = desk.draft(("1101", 100), ("3101", -100), on=day(10), link="l")
    bad = desk.draft(("1101", 1), ("3101", -2), on=day(10), link="l")
    later = desk.draft(("1101", 100), ("3101", -100), on=day(20))
    outcomes = await desk.append(room, bad, later, take(desk, 10, day(12)))
    assert [getattr(outcome, "code", "posted") for outcome in outcomes] == [
        "linked", "unbalanced", "posted", "floor-later",
    ]  # fmt: skip


async def test_a_group_may_make_its_own_room(desk):
    await desk.post(("1101", 100), ("3101", -100), on=day(20))
    room = desk.draft(("1101", 30), ("3101", -30), on=day(5), link="l")
    assert [type(one) for one in await desk.append(room, take(desk, 30, day(6), link="l"))] == [Posted, Posted]
    assert (await desk.append(take(desk, 1, day(7))))[0] == too_late(day(7), 1)


async def test_undoing_a_deposit_is_dated_like_any_entry(stocked):
    """The deposit of the 10th was spent on the 20th: undone on the 12th the 20th would break, undone today it would not."""
    (undo,) = await stocked.append(await stocked.reversal(1, on=day(12)))
    assert undo == too_late(day(20), 80)
    assert isinstance(await stocked.reverse(1, on=day(25)), Posted)


async def test_an_account_knows_its_last_day(stocked):

    async def last(code):
        async with stocked.database.reading(stocked.book) as connection:
            return (await ledger.account_by_code(connection, stocked.book, code)).last_day

    assert (await last("1101"), await last("1102")) == (day(25), None)
    await stocked.post(("1101", 1), ("1102", -1), on=day(1))
    assert (await last("1101"), await last("1102")) == (day(25), day(1))
