"""Two connections write what one writes, see what it sees, and are both given back."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import date

import pytest
import pytest_asyncio
from sqlalchemy import event, text
from sqlalchemy.exc import InterfaceError

from koperasi.db import Database, is_away, make_engine, view_of
from koperasi.reports import exports
from koperasi.reports.exports import FILES, Format, JournalExport, journal
from ledger.export import Filter, Hledger, JsonLines, snapshot, source

FORMATS = [form for form in Format if form not in FILES]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Books of more than ten entries are long, and pages have three."""
    monkeypatch.setattr(exports, "ALONE", 10)
    monkeypatch.setattr(source, "PAGE", 3)


@pytest_asyncio.fixture
async def narrow(addresses):
    """A pool of two, and whom it lent its connections to, as PostgreSQL numbers them."""
    opened = Database(make_engine(addresses.application, pool_size=2))
    opened.lent = []
    event.listen(
        opened.engine.sync_engine,
        "checkout",
        lambda connection, *_: opened.lent.append(connection.driver_connection.get_server_pid()),
    )
    yield opened
    assert opened.engine.pool.checkedout() == 0
    assert not exports._SECOND.locked()
    await opened.close()


async def told(database, book, form=Format.JSONL, **choices) -> str:
    return "".join([piece async for piece in journal(database, book, JournalExport(form, **choices))])


async def alone(database, book, form=Format.JSONL, **choices) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exports, "ALONE", 10**9)
        return await told(database, book, form, **choices)


@pytest.mark.parametrize("form", FORMATS)
async def test_the_same_bytes(random_desk, narrow, form):
    desk = await random_desk(FORMATS.index(form) + 20, 90)
    for choices in (
        {},
        {"known_at": 41},
        {"account": "2101", "known_at": 77},
        {"from_date": date(2025, 1, 10), "to_date": date(2025, 2, 3)},
        {"kind": "savings.deposit", "account": "1101"},
        {"kind": "nothing"},
        {"seal": False},
    ):
        before = await alone(narrow, desk.book, form, **choices)
        narrow.lent.clear()
        assert await told(narrow, desk.book, form, **choices) == before, choices
        assert len(set(narrow.lent)) == 2
        assert narrow.engine.pool.checkedout() == 0


@pytest.mark.parametrize("known_at", range(11, 28))
async def test_however_the_last_turn_ends(random_desk, narrow, known_at):
    desk = await random_desk(7, 30)
    text = await told(narrow, desk.book, known_at=known_at)
    assert text == await alone(narrow, desk.book, known_at=known_at)
    assert len(text.splitlines()) == known_at


class Left:
    """A writer that knows which entries PostgreSQL left to it."""

    def __init__(self, write):
        self.write, self.accounts, self.in_sql, self.numbers = write, write.accounts, write.in_sql, []

    def __call__(self, entry):
        self.numbers.append(entry.number)
        return self.write(entry)


async def test_gaps_are_filled_on_both(random_desk, narrow):
    desk = await random_desk(3, 90)
    async with narrow.reading(desk.book) as connection:
        seen = await snapshot(connection, desk.book, Filter())
        write = Left(Hledger(seen.accounts))
        second = narrow.reading(desk.book, await view_of(connection))
        text = "".join([piece async for _, piece in seen.texts(write, second=second)])
        assert text == "".join([write.write(entry) async for page in seen.pages() for entry in page])
    turns = {(number - 1) // 3 // source.BLOCKS % 2 for number in write.numbers}
    assert turns == {0, 1}


async def test_a_short_book_needs_one(random_desk, narrow):
    desk = await random_desk(1, 10)
    await told(narrow, desk.book, known_at=10)
    assert len(narrow.lent) == 1


async def test_the_second_sees_what_the_first_sees(random_desk, narrow, superuser_engine):
    desk = await random_desk(4, 60)
    before = await alone(narrow, desk.book)
    async with narrow.reading(desk.book) as connection:
        seen = await snapshot(connection, desk.book, Filter())
        async with superuser_engine.begin() as meanwhile:
            await meanwhile.execute(text("SET LOCAL session_replication_role = replica"))
            await meanwhile.execute(text("DELETE FROM ledger_note WHERE book_id = :book"), {"book": desk.book})
        second = narrow.reading(desk.book, await view_of(connection))
        pieces = [piece async for _, piece in seen.texts(JsonLines(seen.accounts), second=second)]
    assert "".join(pieces) == before
    assert await told(narrow, desk.book) != before


async def test_a_reader_who_leaves_gives_both_back(random_desk, narrow):
    desk = await random_desk(5, 60)
    stream = journal(narrow, desk.book, JournalExport(Format.JSONL))
    await anext(stream)
    assert narrow.engine.pool.checkedout() == 2
    await stream.aclose()
    assert narrow.engine.pool.checkedout() == 0
    assert await told(narrow, desk.book) == await alone(narrow, desk.book)


@pytest.mark.parametrize("taken", [0, 1, 2, 5])
async def test_a_reader_who_is_cancelled_gives_both_back(random_desk, narrow, taken):
    desk = await random_desk(6, 60)
    reading = asyncio.Event()

    async def read():
        async with aclosing(journal(narrow, desk.book, JournalExport(Format.JSONL))) as stream:
            for _ in range(taken):
                await anext(stream)
            reading.set()
            async for _ in stream:
                pass

    task = asyncio.create_task(read())
    await reading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert narrow.engine.pool.checkedout() == 0
    assert await told(narrow, desk.book) == await alone(narrow, desk.book)


async def test_one_export_at_a_time_has_two(random_desk, narrow, database):
    desk = await random_desk(8, 60)
    before = await alone(narrow, desk.book)
    async with aclosing(journal(database, desk.book, JournalExport(Format.JSONL))) as first:
        await anext(first)
        narrow.lent.clear()
        assert await told(narrow, desk.book) == before
        assert len(narrow.lent) == 1
    await told(narrow, desk.book)
    assert len(narrow.lent) == 3


async def test_a_pool_with_nothing_to_spare(random_desk, narrow, monkeypatch):
    desk = await random_desk(9, 60)
    before = await alone(narrow, desk.book)
    monkeypatch.setattr(exports, "PATIENCE_S", 0.05)
    async with narrow.directory():
        assert await told(narrow, desk.book) == before
        assert narrow.engine.pool.checkedout() == 1


@pytest.mark.parametrize("view", ["00000000-00000000-1", "'; SELECT 1"])
async def test_a_second_that_never_writes_is_not_missed(random_desk, narrow, view):
    desk = await random_desk(10, 60)
    before = await alone(narrow, desk.book)
    async with narrow.reading(desk.book) as connection:
        seen = await snapshot(connection, desk.book, Filter())
        second = narrow.reading(desk.book, view)
        async with aclosing(seen.texts(JsonLines(seen.accounts), second=second)) as texts:
            pieces = [await anext(texts)]
            assert narrow.engine.pool.checkedout() == 1, "it is given back at once"
            pieces += [piece async for piece in texts]
    assert "".join([piece for _, piece in pieces]) == before


@pytest.mark.parametrize(("limit", "lost"), [(10**9, 0), (10, 0), (10, 1)])
async def test_losing_a_connection_ends_it(random_desk, narrow, superuser_engine, monkeypatch, limit, lost):
    """With the same error, whichever it was."""
    monkeypatch.setattr(exports, "ALONE", limit)
    desk = await random_desk(11, 60)
    stream = journal(narrow, desk.book, JournalExport(Format.JSONL))
    await anext(stream)
    async with superuser_engine.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": narrow.lent[lost]})
    with pytest.raises(InterfaceError, match="connection is closed") as raised:
        async for _ in stream:
            pass
    assert is_away(raised.value)
    assert narrow.engine.pool.checkedout() == 0
    assert await told(narrow, desk.book) == await alone(narrow, desk.book)
