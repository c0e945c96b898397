"""Mistakes that other ledgers made, each as a test of ours: holds, durability, locks, retries. See test_bug_table."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

import ledger
from koperasi.db import Database, make_engine
from ledger import Posted, Rejected, Replayed

from .support import DAY, Desk, open_desk

PAY_IN = (("1101", 100), ("3101", -100))
BOTH_WAYS = ("poster", "append")
Triggers = Callable[..., AbstractAsyncContextManager[None]]


async def ask(desk: Desk, draft: ledger.Draft, way: str) -> ledger.Outcome:
    return await desk.poster.post(draft) if way == "poster" else (await desk.append(draft))[0]


@pytest.fixture
def trigger(owner_engine) -> Triggers:
    """Something of ours that happens while one book's rows of a table are written, for as long as the test wants."""

    @asynccontextmanager
    async def on(table: str, book: int, body: str, *, late: bool = False, event: str = "INSERT OR UPDATE"):
        when = f"FOR EACH ROW WHEN (NEW.book_id = {book}) EXECUTE FUNCTION bug_table()"
        kind = f"CONSTRAINT TRIGGER zz_bug_table AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED"
        async with owner_engine.begin() as connection:
            await connection.execute(
                text(
                    "CREATE FUNCTION bug_table() RETURNS trigger LANGUAGE plpgsql AS"
                    f" $$ BEGIN {body}; RETURN NEW; END $$"
                )
            )
            await connection.execute(
                text(f"CREATE {kind if late else f'TRIGGER zz_bug_table BEFORE {event} ON {table}'} {when}")
            )
        try:
            yield
        finally:
            async with owner_engine.begin() as connection:
                await connection.execute(text("DROP FUNCTION bug_table() CASCADE"))

    return on


# --- holds ----------------------------------------------------------------------------------------------------------


async def hold(desk: Desk, code: str, total: int) -> None:
    async with desk.database.work(desk.book) as work:
        await work.connection.execute(
            text("UPDATE ledger_account SET held = :held WHERE account_id = :a AND book_id = :b"),
            {"held": total, "a": desk.ids[code], "b": desk.book},
        )
        await work.commit()


@pytest.mark.parametrize("floor", [0, -500])
@pytest.mark.parametrize("balance", [0, 100, 700])
@pytest.mark.parametrize("before", [0, 30])
async def test_b28_a_hold_that_is_let_go_leaves_what_was_there_before(desk, floor, balance, before):
    """A hold is one number beside the balance and is never split, whatever it is covered by."""
    async with desk.database.work(desk.book) as work:
        await ledger.set_floor(work.connection, desk.book, desk.ids["2101.1"], floor)
        await work.commit()
    if balance:
        await desk.post(("1102", balance), ("2101.1", -balance))
    most = balance - floor
    if before <= most:
        await hold(desk, "2101.1", before)
    was = await desk.digest(without=["key"])
    for total in sorted({1, balance // 2 + 1, balance, most} - {0}):
        if total > most:
            continue
        await hold(desk, "2101.1", total)
        refused = await desk.post(("2101.1", most - total + 1), ("1102", -(most - total + 1)))
        assert refused.code == "floor"
        await hold(desk, "2101.1", before if before <= most else 0)
        assert await desk.digest(without=["key"]) == was
    with pytest.raises(IntegrityError, match="ck_ledger_account_floor"):
        await hold(desk, "2101.1", most + 1)
    assert await desk.digest(without=["key"]) == was
    if free := most - (before if before <= most else 0):
        assert isinstance(await desk.post(("2101.1", free), ("1102", -free)), Posted)


# --- all or nothing -------------------------------------------------------------------------------------------------

WRITTEN = ("entry", "posting", "key", "turnover", "sum", "account", "head", "note", "reversal")


@pytest.mark.parametrize("way", BOTH_WAYS)
@pytest.mark.parametrize("table", WRITTEN)
async def test_b30_b45_b51_what_breaks_off_anywhere_leaves_nothing(desk, trigger, table, way):
    """Entry, postings, sums, key, note and the mark of a reversal are written together, or none of them is.

    The draft undoes an undoing, which touches every table there is.
    """
    await desk.post(*PAY_IN)
    await desk.reverse(1)
    draft = await desk.reversal(2, of_reversal=True)
    before = await desk.digest()
    async with trigger(f"ledger_{table}", desk.book, "RAISE EXCEPTION 'struck'"):
        with pytest.raises(asyncpg.RaiseError, match="struck"):
            await ask(desk, draft, way)
    assert await desk.digest() == before
    assert (await ask(desk, draft, way)).number == 3
    assert await ask(desk, draft, way) == Replayed(3)
    assert (await desk.verify()).findings == ()


REFUSED = {
    "too-few-lines": [("1101", 5)],
    "zero-amount": [("1101", 5), ("3101", -5), ("1102", 0)],
    "amount-range": [("1102", 10**17 + 1), ("3101", -(10**17) - 1)],
    "unknown-account": [("1102", 5), ("nowhere", -5)],
    "control-account": [("1102", 5), ("2101", -5)],
    "same-account": [("1102", 5), ("1102", -5)],
    "unbalanced": [("1102", 5), ("3101", -4)],
    "floor": [("1101", -5), ("3101", 5)],
}


@pytest.mark.parametrize("way", BOTH_WAYS)
@pytest.mark.parametrize("code", REFUSED)
async def test_b30_a_request_has_one_outcome(desk, code, way):
    """Everything is checked before anything is written, and the answer stands under the key, whose row is unique."""
    await desk.post(("1101", 1), ("3101", -1))
    before = await desk.digest(without=["key"])
    draft = desk.draft(*REFUSED[code])
    answers = await asyncio.gather(*(ask(desk, draft, way) for _ in range(3)))
    assert {answer.code for answer in answers} == {code}
    assert sorted(answer.replayed for answer in answers) == [False, True, True]
    assert await desk.digest(without=["key"]) == before
    async with desk.database.reading(desk.book) as connection:
        kept = await connection.execute(
            text("SELECT entry_number, refusal->>'code' FROM ledger_key WHERE book_id = :b AND key = :k"),
            {"b": desk.book, "k": draft.key},
        )
        assert [tuple(row) for row in kept] == [(None, code)]


async def test_b45_a_key_lives_and_dies_with_its_posting(desk):
    draft = desk.draft(*PAY_IN)
    before = await desk.digest()
    async with desk.database.work(desk.book) as work:
        assert isinstance((await ledger.append(work.connection, [draft]))[0], Posted)
    assert await desk.digest() == before
    delivered = [ask(desk, draft, BOTH_WAYS[turn % 2]) for turn in range(12)]
    outcomes = await asyncio.gather(*delivered)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Posted"] + ["Replayed"] * 11
    assert {outcome.number for outcome in outcomes} == {1}
    assert await desk.balance("1101") == 100


# --- durable before answered ----------------------------------------------------------------------------------------


async def test_b32_what_was_answered_stands_for_everybody(desk, addresses):
    """Read at once by a connection that has nothing to do with the one that wrote."""
    stranger = await asyncpg.connect(addresses.application.replace("+asyncpg", ""))
    try:
        await stranger.execute(f"SET app.book = '{desk.book}'")
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert await stranger.fetchval(f"SHOW {name}") == "on"

        async def post_and_look(draft: ledger.Draft, looking: asyncio.Lock) -> None:
            number = (await desk.poster.post(draft)).number
            async with looking:
                sums = "SELECT sum(abs(amount)) FROM ledger_posting WHERE book_id = $1 AND entry_number = $2"
                assert await stranger.fetchval(sums, desk.book, number) == 200

        looking = asyncio.Lock()
        await asyncio.gather(*(post_and_look(desk.draft(*PAY_IN), looking) for _ in range(40)))
    finally:
        await stranger.close()


async def test_b32_nobody_is_answered_while_the_commit_is_under_way(desk, trigger, superuser_engine):
    gate = 77_000_032
    waits = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {gate} AND NOT granted"
    async with (
        trigger("ledger_entry", desk.book, f"PERFORM pg_advisory_xact_lock({gate})", late=True),
        superuser_engine.connect() as keeper,
        superuser_engine.connect() as watcher,
    ):
        await keeper.execute(text(f"SELECT pg_advisory_lock({gate})"))
        asked = asyncio.create_task(desk.post(*PAY_IN))
        async with asyncio.timeout(10):
            while not await watcher.scalar(text(waits)):
                assert not asked.done()
        assert not asked.done()
        assert await desk.entries() == []
        await keeper.execute(text(f"SELECT pg_advisory_unlock({gate})"))
        assert (await asked).number == 1
        assert len(await desk.entries()) == 1


# --- locks ----------------------------------------------------------------------------------------------------------


async def die_cancelled(desk: Desk, superuser_engine) -> None:
    written = asyncio.Event()

    async def use_case() -> None:
        async with desk.database.work(desk.book) as work:
            await ledger.append(work.connection, [desk.draft(*PAY_IN)])
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(use_case())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def die_of_an_error(desk: Desk, superuser_engine) -> None:
    async def use_case() -> None:
        async with desk.database.work(desk.book) as work:
            await ledger.append(work.connection, [desk.draft(*PAY_IN)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await use_case()


async def die_with_the_connection(desk: Desk, superuser_engine) -> None:
    async def use_case() -> None:
        async with desk.database.work(desk.book) as work:
            await ledger.append(work.connection, [desk.draft(*PAY_IN)])
            pid = await work.connection.scalar(text("SELECT pg_backend_pid()"))
            async with superuser_engine.connect() as killer:
                assert await killer.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            await work.commit()

    with pytest.raises(DBAPIError):
        await use_case()


async def die_while_waiting(desk: Desk, superuser_engine) -> None:
    """Given up while another holds the book, and then that one goes away too."""
    async with desk.database.work(desk.book) as work:
        await ledger.append(work.connection, [desk.draft(*PAY_IN)])
        waiting = asyncio.create_task(desk.append(desk.draft(*PAY_IN)))
        waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        async with superuser_engine.connect() as watcher, asyncio.timeout(10):
            while not await watcher.scalar(waits):
                await watcher.rollback()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


DEATHS = [die_cancelled, die_of_an_error, die_with_the_connection, die_while_waiting]


@pytest.mark.parametrize("die", DEATHS)
async def test_b35_a_lock_dies_with_who_held_it(desk, superuser_engine, die):
    await die(desk, superuser_engine)
    async with desk.database.work(desk.book) as work, asyncio.timeout(10):
        await work.connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        (outcome,) = await ledger.append(work.connection, [desk.draft(*PAY_IN)])
        await work.commit()
    assert outcome.number == 1
    assert await desk.balance("1101") == 100


@pytest.mark.parametrize("turns", [0, 1, 2, 4, 8, 16, 32, 64])
@pytest.mark.parametrize("way", BOTH_WAYS)
async def test_b35_a_caller_gives_up_at_any_moment(desk, way, turns):
    """The book goes on at once; the same key then says whether it was posted, and money has moved at most once."""
    draft = desk.draft(*PAY_IN)
    caller = asyncio.create_task(ask(desk, draft, way))
    for _ in range(turns):
        await asyncio.sleep(0)  # one turn of the loop
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    async with asyncio.timeout(10):
        assert isinstance(await desk.post(("1102", 7), ("3101", -7)), Posted)
        assert isinstance(await ask(desk, draft, way), Posted | Replayed)
    assert await desk.balance("1101") == 100
    assert (await desk.verify()).findings == ()


async def test_b37_several_calls_in_one_transaction_in_opposite_order(desk):
    """The first call takes the one lock that there is in a book, so the second can't wait for somebody who waits."""
    there, back = [("1101", 2), ("2101.1", -2)], [("1102", 3), ("2101.2", -3)]

    async def use_case(first: list[tuple[str, int]], second: list[tuple[str, int]]) -> None:
        async with desk.database.work(desk.book) as work:
            for lines in (first, second, [(code, -amount) for code, amount in first]):
                (outcome,) = await ledger.append(work.connection, [desk.draft(*lines)])
                assert isinstance(outcome, Posted), outcome
            await work.commit()

    orders = [(there, back), (back, there)] * 8
    await asyncio.gather(*(use_case(*order) for order in orders))
    assert [entry.number for entry in await desk.entries(limit=100)] == list(range(1, 49))
    assert (await desk.verify()).findings == ()


# --- many writers ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def offices(addresses) -> AsyncIterator[list[tuple[Database, ledger.Poster]]]:
    """Four processes' worth of connections and posters that know nothing of each other."""
    databases = [Database(make_engine(addresses.application, pool_size=3)) for _ in range(4)]
    posters = [ledger.Poster(database.engine, batch_limit=7) for database in databases]
    yield list(zip(databases, posters, strict=True))
    for database, poster in zip(databases, posters, strict=True):
        await poster.close()
        await database.close()


@pytest.mark.parametrize("seed", range(2))
async def test_b38_stored_balances_survive_many_writers(desk, offices, seed):
    """Every stored sum is that of the postings, which verification recounts while the service works."""
    chance = random.Random(seed)
    codes = ["1101", "1102", "2101.1", "2101.2", "3101"]
    await desk.post(("1101", 500), ("3101", -500))
    counters = [replace(desk, database=database, poster=poster) for database, poster in offices]

    def some_draft() -> ledger.Draft:
        one, other = chance.sample(codes, 2)
        size = chance.randint(1, 200)
        return desk.draft((one, size), (other, -size), on=DAY.replace(day=chance.randint(1, 25)))

    work = [ask(chance.choice(counters), some_draft(), chance.choice(BOTH_WAYS)) for _ in range(120)]
    outcomes = await asyncio.gather(*work)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Rejected) and "floor" not in outcome.code]
    posted = sorted(outcome.number for outcome in outcomes if isinstance(outcome, Posted))
    assert len(posted) > 40
    assert posted == list(range(2, len(posted) + 2))
    assert (await desk.verify()).findings == ()
    counted: dict[str, int] = {}
    for entry in await desk.entries(limit=1000):
        for line in entry.lines:
            counted[line.code] = counted.get(line.code, 0) + line.amount
            assert line.balance_after == counted[line.code]
    assert {code: await desk.balance(code) for code in counted} == counted


async def test_b77_two_books_in_opposite_order_in_one_call(desk, database, poster):
    """Books are locked in the order of their numbers, whatever the order of the drafts."""
    other = await open_desk(database, poster)

    async def both(first: Desk, second: Desk) -> list[ledger.Outcome]:
        return await first.append(first.draft(*PAY_IN), second.draft(*PAY_IN))

    pairs = [(desk, other), (other, desk)] * 6
    answers = await asyncio.gather(*(both(*pair) for pair in pairs))
    assert all(isinstance(outcome, Posted) for pair in answers for outcome in pair)
