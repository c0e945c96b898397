"""Months are held and closed while others post: nobody posts into a closed month, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

import ledger
from ledger import PeriodError, PeriodStatus, Posted, Rejected

PAY_IN = (("1101", 100), ("3101", -100))
HELD, CLOSED, OPEN = PeriodStatus.HELD, PeriodStatus.CLOSED, PeriodStatus.OPEN
MONTHS = [date(2026, month, 1) for month in range(1, 13)]


async def test_a_post_that_races_a_close_comes_before_it_or_is_refused(desk):
    outcomes = []
    for round_, month in enumerate(MONTHS):
        drafts = [desk.draft(*PAY_IN, on=month.replace(day=28)) for _ in range(6)]
        posts = [
            desk.poster.post(draft) if position % 2 else desk.append(draft) for position, draft in enumerate(drafts)
        ]
        posts.insert(round_ % 7, desk.set_period(month, CLOSED))
        outcomes.append(await asyncio.gather(*posts))
        async with desk.database.reading(desk.book) as connection:
            when = {period.month: period.status for period in await ledger.periods(connection, desk.book)}
        assert when[month] is CLOSED
        before = len(await desk.entries(limit=1000))
        late = await desk.post(*PAY_IN, on=month)
        assert late == Rejected("period-closed", {"month": month.strftime("%Y-%m")})
        assert len(await desk.entries(limit=1000)) == before
    flat = [outcome for row in outcomes for one in row if one for outcome in (one if isinstance(one, list) else [one])]
    assert {type(outcome) for outcome in flat} <= {Posted, Rejected}
    posted = sum(isinstance(outcome, Posted) for outcome in flat)
    assert posted == len(await desk.entries(limit=1000))
    assert (await desk.verify()).findings == ()


async def test_while_a_month_is_being_closed_posts_wait_and_are_then_refused(desk):
    async with desk.database.work(desk.book) as work:
        await ledger.set_period(work.connection, desk.book, MONTHS[0], CLOSED, by="ketua")
        waiting = asyncio.create_task(desk.post(*PAY_IN, on=MONTHS[0]))
        assert await desk.balance("1101") == 0  # readers do not wait
        assert not waiting.done()
        await work.commit()
    assert (await waiting).code == "period-closed"


async def test_a_close_waits_for_a_post_that_came_first(desk):
    async with desk.database.work(desk.book) as work:
        await ledger.append(work.connection, [desk.draft(*PAY_IN, on=MONTHS[0])])
        waiting = asyncio.create_task(desk.set_period(MONTHS[1], CLOSED))
        assert await desk.balance("1101") == 0
        assert not waiting.done()
        await work.commit()
    with pytest.raises(PeriodError, match="2026-01 has entries"):
        await waiting


async def test_a_held_month_takes_only_closing_entries(desk):
    await desk.set_period(MONTHS[0], HELD)
    assert (await desk.post(*PAY_IN, on=MONTHS[0])).code == "period-held"
    assert (await desk.post(*PAY_IN, on=MONTHS[0], allow_held=True)).number == 1
    await desk.set_period(MONTHS[0], OPEN)
    assert (await desk.post(*PAY_IN, on=MONTHS[0])).number == 2


async def test_a_closed_month_stays_closed_even_for_closing_entries(desk):
    await desk.set_period(MONTHS[0], CLOSED)
    assert (await desk.post(*PAY_IN, on=MONTHS[0], allow_held=True)).code == "period-closed"
    for status in (OPEN, HELD):
        with pytest.raises(PeriodError, match="is closed"):
            await desk.set_period(MONTHS[0], status)
    await desk.set_period(MONTHS[0], CLOSED)


async def test_months_close_in_order(desk):
    await desk.post(*PAY_IN, on=MONTHS[2])
    with pytest.raises(PeriodError, match="2026-03 has entries"):
        await desk.set_period(MONTHS[5], CLOSED)
    await desk.set_period(MONTHS[2], HELD)
    with pytest.raises(PeriodError, match="2026-03 has entries"):
        await desk.set_period(MONTHS[5], CLOSED)
    await desk.set_period(MONTHS[2], CLOSED)
    await desk.set_period(MONTHS[5], CLOSED)


async def test_a_period_is_named_by_the_first_of_its_month(desk):
    with pytest.raises(PeriodError, match="first of its month"):
        await desk.set_period(date(2026, 1, 2), HELD)


async def test_periods_of_an_unknown_book(database, book):
    async with database.work(book) as work:
        with pytest.raises(ledger.UnknownBookError):
            await ledger.set_period(work.connection, 10**12, MONTHS[0], HELD, by="ketua")


async def test_an_account_that_is_being_closed_takes_no_posting_meanwhile(desk):
    """Else money would stand on an account that is closed."""
    async with desk.database.work(desk.book) as work:
        await ledger.close_account(work.connection, desk.book, desk.ids["1102"], date(2026, 1, 1))
        waiting = asyncio.create_task(desk.post(("1102", 5), ("3101", -5), on=date(2026, 1, 2)))
        assert await desk.balance("1102") == 0
        assert not waiting.done()
        await work.commit()
    assert await waiting == Rejected("account-closed", {"line": 1, "account": "1102"})


async def test_an_account_with_money_is_not_closed(desk):
    await desk.post(("1102", 5), ("3101", -5))
    async with desk.database.work(desk.book) as work:
        with pytest.raises(ledger.AccountError, match="still has a balance"):
            await ledger.close_account(work.connection, desk.book, desk.ids["1102"], date(2026, 12, 1))
        with pytest.raises(ledger.UnknownAccountError):
            await ledger.close_account(work.connection, desk.book, 10**12, date(2026, 12, 1))
