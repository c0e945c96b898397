"""As of a day, and as the book stood at an entry: together they print any report of the past as it was printed then."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ledger
from ledger import Posted

from .support import open_desk

DAYS = [date(2026, 11, number) for number in (1, 2, 3)]
CODES = ("1102", "3101", "2101.1")
entries = st.lists(
    st.tuples(st.sampled_from(DAYS), st.permutations(CODES), st.integers(1, 300), st.booleans()), min_size=1, max_size=8
)


async def picture(connection, desk) -> dict:
    """Everything that the book answers, with no word of the second clock."""
    seen = {}
    for as_of in (None, *DAYS):
        for detailed in (False, True):
            rows = await ledger.trial_balance(connection, desk.book, as_of, detailed=detailed)
            seen["trial", as_of, detailed] = [(row.account.code, row.debit, row.credit) for row in rows]
        for code in ("2101", *CODES):
            account = await ledger.account_by_code(connection, desk.book, code)
            seen["balance", as_of, code] = await ledger.balance(connection, desk.book, account, as_of)
    for code in CODES:
        account = await ledger.account_by_code(connection, desk.book, code)
        for from_date, to_date in ((None, None), (DAYS[1], DAYS[1])):
            pages, after = [], None
            while not pages or after:
                page = await ledger.statement(
                    connection, desk.book, account, from_date=from_date, to_date=to_date, after=after, limit=2
                )
                pages.append((page.opening, list(page.lines)))
                after = page.next_after
            seen["statement", code, from_date] = pages
    seen["entries"] = await ledger.entries(connection, desk.book, limit=100)
    seen["head"] = await ledger.head(connection, desk.book)
    return seen


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(wanted=entries)
async def test_what_was_printed_then_prints_again(database, poster, monkeypatch, wanted):
    """The picture that was taken when an entry was the last is the one that ``known_at`` that entry gives, for good."""
    desk = await open_desk(database, poster)
    then = []
    for day, (debit, credit, _), amount, undo in wanted:
        numbers = [one for one in await desk.entries(limit=100) if one.reversed_by is None and one.reverses is None]
        if undo and numbers:
            await desk.reverse(numbers[0].number, on=day)
        else:
            await desk.post((debit, amount), (credit, -amount), on=day)
        async with database.reading(desk.book) as connection:
            then.append(await picture(connection, desk))
    async with database.reading(desk.book) as connection:
        for seen in then:
            at = seen["head"].number
            assert await ledger.head_at(connection, desk.book, at) == seen["head"]
            with monkeypatch.context() as patch:
                for name in ("balance", "trial_balance", "statement", "entries"):
                    patch.setattr(ledger, name, _known(getattr(ledger, name), at))
                again = await picture(connection, desk)
            assert again | {"head": None} == seen | {"head": None}


def _known(function, at):
    return lambda *args, **more: function(*args, known_at=at, **more)


async def test_nothing_was_known_of_an_empty_book(desk):
    await desk.post(("1102", 5), ("3101", -5))
    async with desk.database.reading(desk.book) as connection:
        assert await ledger.head_at(connection, desk.book, 0) == ledger.Head(0, bytes(32))
        assert {row.balance for row in await ledger.trial_balance(connection, desk.book, known_at=0)} == {0}
        assert await ledger.entries(connection, desk.book, known_at=0) == []


async def test_a_moment_is_the_last_entry_recorded_until_then(desk):
    for _ in range(7):
        await desk.post(("1102", 5), ("3101", -5))
    entries = await desk.entries()
    tick = timedelta(microseconds=1)
    async with desk.database.reading(desk.book) as connection:

        async def at(moment):
            return (await ledger.head_at(connection, desk.book, moment)).number

        for entry in entries:
            same = [one.number for one in entries if one.recorded_at == entry.recorded_at]
            assert await at(entry.recorded_at) == same[-1]
            assert await at(entry.recorded_at - tick) == same[0] - 1
        assert await at(datetime(2000, 1, 1, tzinfo=UTC)) == 0
        assert await at(datetime(2999, 1, 1, tzinfo=UTC)) == 7


@pytest.mark.parametrize("number", [2, -1, 10**15])
async def test_the_book_has_not_come_that_far(desk, number):
    assert isinstance(await desk.post(("1102", 5), ("3101", -5)), Posted)
    async with desk.database.reading(desk.book) as connection:
        with pytest.raises(ledger.UnknownEntryError):
            await ledger.head_at(connection, desk.book, number)
        with pytest.raises(ledger.UnknownBookError):
            await ledger.head_at(connection, 10**12, 0)
