"""Group commit: callers share a commit, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text

import ledger
from koperasi.db import Database, make_engine
from ledger import Draft, Line, Posted, Rejected, Replayed

from .support import DAY, Desk, open_desk

PAY_IN = (("1101", 100), ("3101", -100))


@pytest_asyncio.fixture
async def own_database(addresses) -> AsyncIterator[Database]:
    """Connections that no other test uses."""
    opened = Database(make_engine(addresses.application, pool_size=3))
    yield opened
    await opened.close()


async def commits(desk: Desk) -> int:
    """How many transactions wrote the book's entries: each has its own recorded time."""
    return len({entry.recorded_at for entry in await desk.entries(limit=1000)})


async def test_what_arrives_together_is_committed_together(desk):
    outcomes = await asyncio.gather(*(desk.post(*PAY_IN) for _ in range(50)))
    assert [outcome.number for outcome in outcomes] == list(range(1, 51))
    assert await commits(desk) <= 2
    assert (await desk.verify()).findings == ()


async def test_more_than_one_batch_holds_is_posted_in_several(desk):
    small = ledger.Poster(desk.database.engine, batch_limit=10)
    outcomes = await asyncio.gather(*(small.post(desk.draft(*PAY_IN)) for _ in range(35)))
    assert [outcome.number for outcome in outcomes] == list(range(1, 36))
    assert 4 <= await commits(desk) <= 5


async def test_a_callers_list_is_never_split_however_long(desk):
    small = ledger.Poster(desk.database.engine, batch_limit=10)
    outcomes = await small.post_all([desk.draft(*PAY_IN) for _ in range(25)])
    assert [outcome.number for outcome in outcomes] == list(range(1, 26))
    assert await commits(desk) == 1


async def test_a_full_queue_says_busy_and_forgets_nothing(desk):
    small = ledger.Poster(desk.database.engine, queue_limit=3)
    drafts = [desk.draft(*PAY_IN) for _ in range(5)]
    outcomes = await asyncio.gather(*map(small.post, drafts), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Posted] * 3 + [ledger.BusyError] * 2
    assert [await small.post(draft) for draft in drafts[:3]] == [Replayed(1), Replayed(2), Replayed(3)]
    assert [(await small.post(draft)).number for draft in drafts[3:]] == [4, 5]


async def test_nothing_to_post_is_no_error(poster):
    assert await poster.post_all([]) == []


async def test_an_unknown_book_is_told_to_its_caller_only(desk):
    nowhere = Draft(10**12, DAY, "test", "Uji", "penguji", (Line(1, 1), Line(2, -1)), "k")
    known, unknown = await asyncio.gather(desk.post(*PAY_IN), desk.poster.post(nowhere), return_exceptions=True)
    assert known.number == 1
    assert isinstance(unknown, ledger.UnknownBookError)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        ({"key": "k" * 201}, asyncpg.CheckViolationError),
        ({"description": "nol \x00"}, asyncpg.CharacterNotInRepertoireError),
        ({"description": "separuh \ud83d"}, UnicodeEncodeError),
    ],
)
async def test_what_the_database_refuses_harms_its_own_caller_only(desk, spoil, error):
    good = [desk.draft(*PAY_IN) for _ in range(4)]
    drafts = [*good[:2], desk.draft(*PAY_IN, **spoil), *good[2:]]
    outcomes = await asyncio.gather(*map(desk.poster.post, drafts), return_exceptions=True)
    assert isinstance(outcomes.pop(2), error)
    assert [outcome.number for outcome in outcomes] == [1, 2, 3, 4]
    assert (await desk.verify()).findings == ()


async def test_a_caller_that_goes_away_finds_its_posting_again(desk):
    draft = desk.draft(*PAY_IN)
    caller = asyncio.create_task(desk.poster.post(draft))
    await asyncio.sleep(0)  # let it begin
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await desk.poster.post(draft) == Replayed(1)
    assert await desk.balance("1101") == 100


async def test_books_do_not_wait_for_each_other(desk, database, poster):
    other = await open_desk(database, poster)
    async with database.work(desk.book) as work:
        await ledger.append(work.connection, [desk.draft(*PAY_IN)])  # holds the book until it ends
        assert (await other.post(*PAY_IN)).number == 1
        await work.commit()
    assert (await desk.post(*PAY_IN)).number == 2


async def test_drafts_of_two_books_in_one_append_keep_their_own_numbers(desk, database, poster):
    other = await open_desk(database, poster)
    drafts = [desk.draft(*PAY_IN), other.draft(*PAY_IN), desk.draft(*PAY_IN), other.draft(("1101", -1), ("3101", 2))]
    async with database.work(desk.book) as work:
        outcomes = await ledger.append(work.connection, drafts)
        await work.commit()
    assert [outcome.number for outcome in outcomes[:3]] == [1, 1, 2]
    assert outcomes[3].code == "unbalanced"
    assert (await desk.verify()).findings == (await other.verify()).findings == ()
    assert [await desk.balance("1101"), await other.balance("1101")] == [200, 100]


async def test_connections_that_the_server_ended_are_replaced(own_database, poster, superuser_engine):
    desk = await open_desk(own_database, ledger.Poster(own_database.engine))
    first = await desk.post(*PAY_IN)
    async with own_database.work(desk.book) as work:
        pid = await work.connection.scalar(text("SELECT pg_backend_pid()"))
    async with superuser_engine.connect() as connection:
        # The second argument waits until it is gone.
        assert await connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    second = await desk.post(*PAY_IN)
    assert [first.number, second.number] == [1, 2]


async def test_a_connection_lost_between_commit_and_answer_moves_money_once(desk):
    """What the caller never heard of: it asks again with the same key."""
    draft = desk.draft(*PAY_IN)
    await desk.append(draft)
    assert [await desk.poster.post(draft) for _ in range(3)] == [Replayed(1)] * 3
    assert await desk.balance("1101") == 100


async def test_a_linked_group_sent_twice_at_once_is_posted_once(desk):
    group = [desk.draft(*PAY_IN, link="g"), desk.draft(("1101", -40), ("3101", 40), link="g")]
    answers = await asyncio.gather(*(desk.poster.post_all(group) for _ in range(3)))
    assert [outcome.number for outcome in answers[0]] == [1, 2]
    assert answers[1] == answers[2] == [Replayed(1), Replayed(2)]
    assert await desk.balance("1101") == 60


async def test_two_callers_with_the_same_link_do_not_fall_together(desk):
    fine, broken = desk.draft(*PAY_IN, link="g"), desk.draft(("1101", 1), ("3101", -2), link="g")
    posted, refused = await asyncio.gather(desk.poster.post(fine), desk.poster.post(broken))
    assert posted.number == 1
    assert refused == Rejected("unbalanced", {"currency": "IDR", "difference": -1})


async def test_append_outside_a_transaction_is_refused(desk):
    async with desk.database.engine.connect() as connection:
        with pytest.raises(ledger.NotInTransactionError):
            await ledger.append(connection, [desk.draft(*PAY_IN)])
    assert await desk.entries() == []


async def test_append_is_undone_with_its_transaction(desk):
    before = await desk.digest()
    async with desk.database.work(desk.book) as work:
        outcomes = await ledger.append(work.connection, [desk.draft(*PAY_IN), desk.draft(("1101", 1))])
        assert isinstance(outcomes[0], Posted)
    assert await desk.digest() == before


async def test_the_same_draft_twice_in_one_append_is_posted_once(desk):
    draft, broken = desk.draft(*PAY_IN), desk.draft(("1101", 1), ("3101", -2))
    outcomes = await desk.append(draft, broken, draft, broken)
    assert (outcomes[0].number, outcomes[2]) == (1, Replayed(1))
    assert outcomes[3] == Rejected("unbalanced", {"currency": "IDR", "difference": -1}, replayed=True)


async def test_a_group_that_undoes_an_entry_twice_falls(desk):
    await desk.post(*PAY_IN)
    before = await desk.digest(without=["key"])
    group = [(await desk.reversal(1))._replace(link="g") for _ in range(2)]
    outcomes = await desk.poster.post_all(group)
    assert [outcome.code for outcome in outcomes] == ["linked", "already-reversed"]
    assert await desk.digest(without=["key"]) == before
