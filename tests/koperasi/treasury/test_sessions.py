"""Sessions of a till on a real book: what opening, handing over and closing book, and who may post when."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from tests.koperasi.treasury.conftest import JT

import ledger
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.posting import Idempotency
from koperasi.treasury import service
from koperasi.treasury.service import Count

HALF = Count({50_000: 10})
"""Rp500,000 in notes."""


async def test_a_day_at_the_till(office):
    """Vault to till, money in and out, back to the vault: the book has what was counted, and the report says how."""
    one = await office.open(count=HALF)
    assert await office.balances("1101", "1105.01", "1105") == [10 * JT - 500_000_00, 500_000_00, 0]
    await office.post(("1105.01", 200_000_00), ("3201", -200_000_00), kind="savings.deposit")
    await office.post(("3201", 50_000_00), ("1105.01", -50_000_00), kind="savings.withdrawal")
    await office.hand_over(one, -100_000_00)
    closed = await office.close(one, Count({50_000: 11}), 500_000_00)
    assert await office.balances("1101", "1105.01") == [10 * JT + 100_000_00, 50_000_00]
    told = await office.report(closed)
    assert told.sums == (500_000_00, 200_000_00, 50_000_00, 0, 100_000_00, 550_000_00)
    assert (told.counted_minor, told.difference_minor, told.closing_vault_minor) == (550_000_00, 0, -500_000_00)
    assert [line.movement.amount_minor for line in told.lines] == [200_000_00, -50_000_00, -100_000_00]


@pytest.mark.parametrize(("pieces", "difference"), [(11, 50_000_00), (9, -50_000_00)])
async def test_over_and_short_are_booked_with_the_count_as_their_source(office, pieces, difference):
    one = await office.open(count=HALF)
    with pytest.raises(Refusal) as refused:
        await office.close(one, Count({50_000: pieces}))
    assert (refused.value.code, refused.value.params["difference_minor"]) == ("cash-differs", str(difference))
    closed = await office.close(one, Count({50_000: pieces}), difference_minor=difference)
    assert await office.balances("1105.01", "5311") == [pieces * 50_000_00, -difference]
    async with office.database.reading(office.book_id) as connection:
        entry = await ledger.entry_by_number(connection, office.book_id, closed.closing_entry)
    assert (entry.source, entry.kind) == ("Hitungan kas sesi 1", "treasury.close")
    assert (await office.report(closed)).difference_minor == difference


async def test_no_cash_moves_through_a_till_that_is_not_in_session(office):
    """The book itself refuses it, whichever way it comes: also the cancelling of what was posted before."""
    one = await office.open(count=HALF)
    posted = await office.post(("1105.01", 100), ("3201", -100))
    await office.close(one, HALF, difference_minor=-100)
    refused = await office.post(("1105.01", 100), ("3201", -100))
    assert isinstance(refused, ledger.Rejected)
    assert refused.code == "account-paused"
    async with office.database.reading(office.book_id) as connection:
        entry = await ledger.entry_by_number(connection, office.book_id, posted.number)
        with pytest.raises(Conflict) as none:
            await service.cash_account(connection, office.cooperative, "kasir")
    assert none.value.code == "no-open-session"
    undo = ledger.reversal_of(entry, effective_date=office.today, actor="bendahara", key=str(uuid4()), reason="salah")
    assert (await office.poster.post(undo)).code == "account-paused"
    await office.open(count=HALF)
    undo = undo._replace(key=str(uuid4()))
    assert isinstance(await office.poster.post(undo), ledger.Posted)


async def test_a_till_keeps_what_is_left_in_it_and_takes_only_the_rest_from_the_vault(office):
    first = await office.open(count=HALF)
    await office.close(first, HALF)
    second = await office.open(count=Count({100_000: 8}))
    assert (second.number, (await office.report(second)).opening_vault_minor) == (2, 300_000_00)
    assert await office.balances("1101", "1105.01") == [10 * JT - 800_000_00, 800_000_00]


async def test_the_drawer_is_found_short_before_the_session_begins(office):
    await office.close(await office.open(count=HALF), HALF)
    with pytest.raises(Refusal) as refused:
        await office.open(count=Count({50_000: 8}))
    assert refused.value.params["difference_minor"] == "-10000000"
    one = await office.open(count=Count({50_000: 8}), difference_minor=-100_000_00)
    assert await office.balances("1105.01", "5311") == [400_000_00, 100_000_00]
    assert (await office.report(one)).opening_difference_minor == -100_000_00


async def test_the_same_request_opens_and_closes_once(office):
    once, again = Idempotency.of("uji", "buka", "1"), Idempotency.of("uji", "tutup", "1")
    one = await office.open(count=HALF, idempotency=once)
    twice = await office.open(count=HALF, idempotency=once)
    assert (twice.number, twice.replayed) == (one.number, True)
    with pytest.raises(Refusal) as other:
        await office.open(count=HALF, idempotency=Idempotency.of("uji", "buka", "2"))
    assert other.value.code == "idempotency-mismatch"
    with pytest.raises(Conflict) as open_already:
        await office.open(count=HALF)
    assert open_already.value.code == "session-open"
    await office.close(one, HALF, 500_000_00, idempotency=again)
    assert (await office.close(one, HALF, 500_000_00, idempotency=again)).replayed
    with pytest.raises(Conflict) as closed:
        await office.close(one, HALF)
    assert closed.value.code == "session-closed"
    assert await office.balances("1101", "1105.01") == [10 * JT, 0]


async def test_two_who_open_at_once_have_one_session(office):
    results = await asyncio.gather(*(office.open(count=HALF) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, service.Session) for one in results) == 1
    assert {one.code for one in results if isinstance(one, Conflict)} == {"session-open"}
    assert await office.balances("1105.01") == [500_000_00]


async def test_what_is_posted_while_a_session_closes_is_in_it_or_refused(office):
    """Of deposits that race with the closing, those that stand are in what was counted short of."""
    one = await office.open()
    lines = ("1105.01", 1_000_00), ("3201", -1_000_00)

    async def close():
        for expected in range(13):
            try:
                return await office.close(one, Count(), difference_minor=-expected * 1_000_00)
            except Refusal:
                continue
        raise AssertionError

    *posted, closed = await asyncio.gather(*(office.post(*lines) for _ in range(12)), close())
    stood = sum(isinstance(one, ledger.Posted) for one in posted)
    assert {one.code for one in posted if isinstance(one, ledger.Rejected)} <= {"account-paused"}
    assert await office.balances("1105.01", "5311") == [0, stood * 1_000_00]
    assert (await office.report(closed)).sums.in_minor == stood * 1_000_00


async def test_cash_handed_over_has_two_people(office):
    one = await office.open()
    entry = await office.hand_over(one, 300_000_00)
    async with office.database.work(office.book_id) as work:
        [waiting] = await service.handovers(work.connection, office.cooperative, waiting_only=True)
        assert (waiting.entry_number, waiting.amount_minor, waiting.recorded_by) == (entry, 300_000_00, "kasir")
        now = datetime.now(UTC)
        with pytest.raises(Conflict) as alone:
            await service.confirm(work, entry, actor="kasir", holds_vault=False, now=now)
        with pytest.raises(NotFound):
            await service.confirm(work, entry, actor="kasir2", holds_vault=False, now=now)
        await service.confirm(work, entry, actor="bendahara", holds_vault=True, now=now)
        assert await service.handovers(work.connection, office.cooperative, waiting_only=True) == []
        await work.commit()
    assert alone.value.code == "same-person"
    own = await office.open("bendahara", holds_vault=True)
    await office.hand_over(own, 100_000_00, "bendahara", holds_vault=True)
    assert [each.waits for each in (await office.report(own)).handovers] == [False]


async def test_nobody_touches_anothers_till(office):
    one = await office.open()
    with pytest.raises(NotFound):
        await office.close(one, Count(), actor="kasir2")
    with pytest.raises(NotFound):
        await office.hand_over(one, 100_00, "kasir2")
    # Whoever holds the vault counts for a teller who has fallen ill.
    assert (await office.close(one, Count(), actor="bendahara", holds_vault=True)).closed_by == "bendahara"


async def test_the_vault_gives_no_more_than_it_has(office):
    with pytest.raises(Refusal) as refused:
        await office.open(count=Count({100_000: 101}))
    assert refused.value.code == "floor"
    with pytest.raises(Refusal) as more:
        await office.close(await office.open(count=HALF), HALF, 600_000_00)
    assert more.value.code == "more-than-counted"


async def test_without_the_policy_cash_goes_through_the_common_desk(database, poster, cooperative):
    async with database.reading(cooperative.book_id) as connection:
        desk = await ledger.account_by_code(connection, cooperative.book_id, "1102")
        assert await service.cash_account(connection, cooperative, "kasir") == desk.account_id


async def test_books_older_than_tills_get_the_account_above_them(office, superuser_engine):
    from sqlalchemy import text

    async with superuser_engine.begin() as connection:
        await connection.execute(text("SET session_replication_role = replica"))
        await connection.execute(
            text("DELETE FROM ledger_account WHERE code = '1105' AND book_id = :b"), {"b": office.book_id}
        )
    one = await office.open(count=HALF)
    assert (one.number, await office.balances("1105.01")) == (1, [500_000_00])
