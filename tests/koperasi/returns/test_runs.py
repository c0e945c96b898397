"""Runs in the book: previewed, agreed to, posted once, broken off and taken up again, corrected."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import ledger
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.permissions import Identity, Role
from koperasi.returns import service, service_lines, service_posting
from koperasi.returns.service import RunStatus

from ...conftest import found
from .support import Bench

NOVEMBER = date(2026, 11, 1)
KSP = "sukarela"


@pytest.fixture
async def ksp(database):
    """A KSP whose free savings bring 6 % a year, counted on each day's balance."""
    bench = Bench(database, await found(database, kind="ksp"))
    await bench.terms(KSP, date(2026, 1, 1), rate_percent=Decimal(6))
    return bench


async def test_a_month_is_previewed_agreed_to_and_posted_once(ksp):
    """SIM-01: 1,000,000, then 3,000,000 from the 11th, then 1,500,000 from the 21st, at 6 %: Rp9,041."""
    member = await ksp.member()
    account = await ksp.account(member, KSP)
    empty = await ksp.account(member, KSP)
    await ksp.move(account.ledger_account_id, date(2026, 10, 1), 1_000_000)
    await ksp.move(account.ledger_account_id, date(2026, 11, 11), 2_000_000)
    await ksp.move(account.ledger_account_id, date(2026, 11, 21), -1_500_000)
    await ksp.move(account.ledger_account_id, date(2026, 12, 1), 5_000_000)

    run = await ksp.prepare()
    assert (run.status, run.effective_on, run.whole.accounts) == (RunStatus.PREVIEW, date(2026, 11, 30), 3)
    assert (await ksp.lines(run))[account.number] == (9041, 0)
    assert (await ksp.lines(run))[empty.number] == (0, 0)
    with pytest.raises(Conflict, match="return-run-state"):
        await service.post_all(ksp.database, ksp.cooperative, run.number, actor="bendahara")
    with pytest.raises(Conflict, match="return-run-open"):
        await ksp.prepare()

    before = await ksp.balance(account.ledger_account_id)
    await ksp.post(run)
    assert await ksp.balance(account.ledger_account_id) == before + 9041
    assert await ksp.balance(account.ledger_account_id, date(2026, 11, 29)) == 1_500_000
    assert await ksp.code_balance("5101") == 9041
    await service.post_all(ksp.database, ksp.cooperative, run.number, actor="bendahara")
    assert await ksp.balance(account.ledger_account_id) == before + 9041
    with pytest.raises(Conflict, match="return-period-taken"):
        await ksp.prepare()

    async with ksp.database.reading(ksp.book_id) as connection:
        report = await ledger.verify(connection, ksp.book_id)
        shown = await service.why(connection, ksp.cooperative, ksp.staff, run.number, account.number)
    assert not report.findings, report
    assert shown.line.gross_minor == 904_100
    words = [one.text("id") for one in shown.steps]
    assert any("Rp1.500.000 selama 10 hari" in one for one in words)
    assert any("Rp9.041" in one for one in words)


async def test_a_member_hears_only_of_their_own_line(ksp):
    mine, other = await ksp.member(), await ksp.member()
    account = await ksp.account(mine, KSP)
    await ksp.move(account.ledger_account_id, date(2026, 10, 1), 1_000_000)
    run = await ksp.prepare()
    async with ksp.database.reading(ksp.book_id) as connection:
        for member, number in ((other, account.number), (mine, "999999999")):
            identity = Identity(ksp.book_id, 0, member, "Anggota", Role.ANGGOTA, member)
            with pytest.raises(NotFound):
                await service.why(connection, ksp.cooperative, identity, run.number, number)
        own = Identity(ksp.book_id, 0, mine, "Anggota", Role.ANGGOTA, mine)
        assert (await service.why(connection, ksp.cooperative, own, run.number, account.number)).line.gross_minor
        assert await service.returns_of_member(connection, ksp.book_id, mine) == []
    await ksp.post(run)
    async with ksp.database.reading(ksp.book_id) as connection:
        told = await service.returns_of_member(connection, ksp.book_id, mine)
    assert {line.account_number: line.gross_minor for _, line in told}[account.number] == 493_200


async def test_broken_off_in_the_middle_it_goes_on_where_it_stood(ksp, monkeypatch):
    monkeypatch.setattr(service_lines, "CHUNK", 2)
    accounts = []
    for _ in range(5):
        account = await ksp.account(await ksp.member(), KSP)
        await ksp.move(account.ledger_account_id, date(2026, 10, 1), 3_650_000)
        accounts.append(account)
    run = await ksp.prepare()
    assert run.chunks == 3
    await ksp.submit(run)
    async with ksp.database.work(ksp.book_id) as work:
        assert await service.post_next(work, ksp.cooperative, run.number, actor="bendahara") == (1, 3)
        await work.commit()
    async with ksp.database.work(ksp.book_id) as work:  # the machine stops before the second is committed
        await service.post_next(work, ksp.cooperative, run.number, actor="bendahara")
    async with ksp.database.reading(ksp.book_id) as connection:
        seen = await service.run(connection, ksp.book_id, run.number)
        assert (seen.status, await service.progress(connection, ksp.book_id, seen)) == (RunStatus.POSTING, (1, 3))
    with pytest.raises(Conflict, match="return-run-state"):
        async with ksp.database.work(ksp.book_id) as work:
            await service.drop(work, run.number, actor="bendahara")
    await service.post_all(ksp.database, ksp.cooperative, run.number, actor="kasir")
    assert [await ksp.balance(one.ledger_account_id) for one in accounts] == [3_650_000 + 18_000] * 5
    async with ksp.database.reading(ksp.book_id) as connection:
        seen = await service.run(connection, ksp.book_id, run.number)
        assert seen.status is RunStatus.POSTED
        assert len(await service.entries_of(connection, ksp.book_id, seen)) == 3
        assert not (await ledger.verify(connection, ksp.book_id)).findings


async def test_a_dropped_preview_leaves_the_period_free(ksp):
    account = await ksp.account(await ksp.member(), KSP)
    await ksp.move(account.ledger_account_id, date(2026, 10, 1), 3_650_000)
    run = await ksp.prepare()
    async with ksp.database.work(ksp.book_id) as work:
        dropped = await service.drop(work, run.number, actor="bendahara")
        await work.commit()
    assert dropped.status is RunStatus.DROPPED
    assert await ksp.lines(run) == {}
    again = await ksp.prepare()
    assert again.number == run.number + 1
    assert (await ksp.lines(again))[account.number] == (18_000, 0)


async def test_what_moves_in_the_period_after_the_preview_makes_it_stale(ksp):
    account = await ksp.account(await ksp.member(), KSP)
    await ksp.move(account.ledger_account_id, date(2026, 10, 1), 3_650_000)
    run = await ksp.prepare()
    await ksp.move(account.ledger_account_id, date(2026, 12, 1), 100_000)
    await ksp.move(account.ledger_account_id, date(2026, 11, 15), 100_000)
    with pytest.raises(Conflict, match="return-run-stale"):
        await ksp.submit(run)


async def test_a_reversal_after_the_run_becomes_an_entry_of_the_difference(ksp):
    """Rp3,650,000 came on the 11th by mistake and is taken back after the run: 20 days at 6 % are Rp12,000."""
    account = await ksp.account(await ksp.member(), KSP)
    await ksp.move(account.ledger_account_id, date(2026, 10, 1), 3_650_000)
    wrong = await ksp.move(account.ledger_account_id, date(2026, 11, 11), 3_650_000)
    run = await ksp.prepare()
    assert (await ksp.lines(run))[account.number] == (30_000, 0)
    await ksp.post(run)
    with pytest.raises(Conflict, match="return-period-taken"):
        await ksp.prepare()
    nothing = await ksp.prepare(correction=True)
    assert (nothing.whole.accounts, nothing.chunks) == (0, 0)
    await ksp.post(nothing)

    async with ksp.database.work(ksp.book_id) as work:
        entry = await ledger.entry_by_number(work.connection, ksp.book_id, wrong)
        undo = ledger.reversal_of(
            entry, effective_date=date(2026, 11, 11), actor="uji", key="undo", reason="salah ketik"
        )
        assert isinstance((await ledger.append(work.connection, [undo]))[0], ledger.Posted)
        await work.commit()
    fix = await ksp.prepare(correction=True)
    assert await ksp.lines(fix) == {account.number: (-12_000, 0)}
    async with ksp.database.reading(ksp.book_id) as connection:
        shown = await service.why(connection, ksp.cooperative, ksp.staff, fix.number, account.number)
    assert "Rp18.000" in shown.steps[-2].text("id")
    await ksp.post(fix)
    assert await ksp.balance(account.ledger_account_id) == 3_650_000 + 18_000
    assert await ksp.code_balance("5101") == 18_000
    assert (await ksp.prepare(correction=True)).whole.accounts == 0


async def test_opened_and_closed_within_the_month(ksp):
    """Each earns for its own days; what a closed account earned is owed to its owner (2121)."""
    member = await ksp.member()
    opened = await ksp.account(member, KSP, date(2026, 11, 21))
    await ksp.move(opened.ledger_account_id, date(2026, 11, 21), 3_650_000)
    closed = await ksp.account(member, KSP)
    await ksp.move(closed.ledger_account_id, date(2026, 10, 1), 3_650_000)
    await ksp.move(closed.ledger_account_id, date(2026, 11, 11), -3_650_000)
    later = await ksp.account(member, KSP, date(2026, 12, 1))
    async with ksp.database.work(ksp.book_id) as work:
        await ledger.close_account(work.connection, ksp.book_id, closed.ledger_account_id, date(2026, 11, 11))
        await work.connection.execute(
            text("UPDATE savings_account SET closed_on = '2026-11-11' WHERE number = :n"), {"n": closed.number}
        )
        await work.commit()
    run = await ksp.prepare()
    lines = await ksp.lines(run)
    assert (lines[opened.number], lines[closed.number]) == ((6_000, 0), (6_000, 0))
    assert later.number not in lines
    await ksp.post(run)
    assert await ksp.code_balance("2121") == -6_000
    assert await ksp.balance(closed.ledger_account_id) == 0


async def test_tax_looks_at_all_that_the_month_brought(ksp):
    """Two accounts of one member: Rp150,000 and Rp120,000 are above Rp240,000 together, so 10 % of all of it."""
    member = await ksp.member()
    first, second = await ksp.account(member, KSP), await ksp.account(member, KSP)
    other = await ksp.account(await ksp.member(), KSP)
    await ksp.move(first.ledger_account_id, date(2026, 10, 1), 30_416_667)
    await ksp.move(second.ledger_account_id, date(2026, 10, 1), 24_333_333)
    await ksp.move(other.ledger_account_id, date(2026, 10, 1), 48_666_667)
    run = await ksp.prepare()
    lines = await ksp.lines(run)
    assert (lines[first.number], lines[second.number]) == ((150_000, 15_000), (120_000, 12_000))
    assert lines[other.number] == (240_000, 0)
    async with ksp.database.work(ksp.book_id) as work:
        assert await service.withhold(work, ksp.cooperative, member, [1_000_000], date(2026, 11, 30)) == [0]
    await ksp.post(run)
    assert await ksp.code_balance("2141") == -27_000
    async with ksp.database.work(ksp.book_id) as work:
        # A term deposit pays the same member in the same month: 10 % of it, since the month is above already.
        tax = await service.withhold(work, ksp.cooperative, member, [1_000_000], date(2026, 11, 30))
        assert tax == [100_000]
        paid = service.Payment("deposit", "D1", member, date(2026, 11, 1), date(2026, 11, 30), 1_000_000)
        await service.record_paid(work, [(paid, 100_000)], on=date(2026, 11, 30), entry_number=1, actor="uji")
        assert await service.assign_slips(work, NOVEMBER) == 3
        assert await service.assign_slips(work, NOVEMBER) == 0
        await work.commit()
    async with ksp.database.reading(ksp.book_id) as connection:
        slips, _ = await service.slips(connection, ksp.book_id, NOVEMBER)
        sums = await service.slip_sums(connection, ksp.book_id, NOVEMBER)
    assert [one.number for one in slips] == ["BP/2026/11/0001", "BP/2026/11/0002", "BP/2026/11/0003"]
    assert sorted((one.gross_minor, one.tax_minor) for one in slips) == [
        (1_000_000, 100_000),
        (24_000_000, 0),
        (27_000_000, 2_700_000),
    ]
    assert sums == {"count": 3, "gross": 52_000_000, "tax": 2_800_000, "partners": 0, "void": 0}


async def test_a_closed_month_moves_the_entries_to_the_first_open_day(ksp):
    account = await ksp.account(await ksp.member(), KSP)
    await ksp.move(account.ledger_account_id, date(2026, 11, 1), 3_650_000)
    async with ksp.database.work(ksp.book_id) as work:
        for month in (10, 11):
            await ledger.set_period(
                work.connection, ksp.book_id, date(2026, month, 1), ledger.PeriodStatus.CLOSED, by="uji"
            )
        await work.commit()
    run = await ksp.prepare()
    assert run.effective_on == date(2026, 12, 1)
    assert ("effective-moved", "2026-12-01") in run.warnings
    await ksp.post(run)
    assert await ksp.balance(account.ledger_account_id, date(2026, 11, 30)) == 3_650_000
    assert await ksp.balance(account.ledger_account_id) == 3_650_000 + 18_000


async def test_accrued_is_asked_for_any_day_and_stores_nothing(ksp):
    account = await ksp.account(await ksp.member(), KSP, date(2026, 10, 1))
    await ksp.move(account.ledger_account_id, date(2026, 10, 1), 3_650_000)

    async def accrued(on: date):
        async with ksp.database.reading(ksp.book_id) as connection:
            return await service.accrued(connection, ksp.cooperative, account.number, on)

    assert (await accrued(date(2026, 10, 10))).amount_minor == 600_000
    assert (await accrued(date(2026, 11, 10))).amount_minor == 1_860_000 + 600_000
    october = await ksp.prepare(date(2026, 10, 1))
    await ksp.post(october)
    after = await accrued(date(2026, 11, 10))
    assert (after.first, after.amount_minor) == (date(2026, 11, 1), 603_100)  # the return earns too
    assert (await accrued(date(2026, 10, 31))).amount_minor == 0


async def test_a_quarter_at_changing_rates_and_a_least_balance(ksp):
    """Quarterly, lowest balance of each month, 6 % and from December 3 %; months below Rp1,000,000 bring nothing."""
    await ksp.terms(
        KSP,
        date(2026, 10, 1),
        rate_percent=Decimal(6),
        method="lowest",
        posting="quarterly",
        earning_minimum_minor=100_000_000,
    )
    await ksp.terms(
        KSP,
        date(2026, 12, 1),
        rate_percent=Decimal(3),
        method="lowest",
        posting="quarterly",
        earning_minimum_minor=100_000_000,
    )
    account = await ksp.account(await ksp.member(), KSP)
    await ksp.move(account.ledger_account_id, date(2026, 9, 1), 3_650_000)
    await ksp.move(account.ledger_account_id, date(2026, 11, 5), -3_000_000)
    await ksp.move(account.ledger_account_id, date(2026, 11, 25), 3_000_000)
    with pytest.raises(Refusal, match="product-earns-nothing"):
        await ksp.prepare(products=(KSP,))
    with pytest.raises(Refusal, match="period-not-ended"):
        await ksp.prepare(date(2026, 12, 1), posting="quarterly")
    run = await ksp.prepare(
        date(2026, 12, 1), now=datetime(2027, 1, 3, tzinfo=UTC), posting="quarterly", products=(KSP,)
    )
    assert (await ksp.lines(run))[account.number] == (18_600 + 9_300, 0)


async def test_rates_above_the_ceiling_are_pointed_out(ksp):
    await ksp.terms(KSP, date(2026, 11, 10), rate_percent=Decimal("9.5"))
    run = await ksp.prepare()
    assert ("above-ceiling", KSP) in run.warnings


async def test_the_database_keeps_a_run_as_it_was_computed(ksp):
    account = await ksp.account(await ksp.member(), KSP)
    await ksp.move(account.ledger_account_id, date(2026, 10, 1), 3_650_000)
    run = await ksp.prepare()
    for statement in (
        "UPDATE return_line SET gross_minor = 1",
        "UPDATE return_run SET totals = '{}'",
        "UPDATE return_run SET status = 'posted', approved_by = 'x', ended_at = now()",
        "DELETE FROM return_run",
        "INSERT INTO return_line SELECT book_id, run_number, 9, 'x', 'm', 'p', 1, period_last, 7, 0, 1, 0 FROM return_line",
    ):
        async with ksp.database.work(ksp.book_id) as work:
            with pytest.raises(DBAPIError):
                await work.connection.execute(text(statement))
    await ksp.post(run)
    async with ksp.database.work(ksp.book_id) as work:
        with pytest.raises(DBAPIError, match="stay"):
            await work.connection.execute(text("DELETE FROM return_line"))


async def test_a_month_that_closes_between_agreeing_and_posting_leaves_the_run_whole(ksp):
    account = await ksp.account(await ksp.member(), KSP)
    await ksp.move(account.ledger_account_id, date(2026, 11, 1), 3_650_000)
    run = await ksp.prepare()
    await ksp.submit(run)
    async with ksp.database.work(ksp.book_id) as work:
        await ledger.set_period(work.connection, ksp.book_id, date(2026, 11, 1), ledger.PeriodStatus.HELD, by="uji")
        await work.commit()
    with pytest.raises(Refusal, match="period-held"):
        await service.post_all(ksp.database, ksp.cooperative, run.number, actor="bendahara")
    async with ksp.database.work(ksp.book_id) as work:
        await ledger.set_period(work.connection, ksp.book_id, date(2026, 11, 1), ledger.PeriodStatus.OPEN, by="uji")
        await work.commit()
    await service.post_all(ksp.database, ksp.cooperative, run.number, actor="bendahara")
    assert await ksp.balance(account.ledger_account_id) == 3_668_000


def test_an_entry_balances_whatever_its_lines():
    accounts = service_posting.Accounts({"a": 1, "b": 2}, 3, 4)
    credits_ = [service_posting.Credit("a", 10, 500, 50), service_posting.Credit("b", 11, -300, 0)]
    lines = service_posting.entry_lines(credits_, accounts)
    assert lines == ((1, 500), (2, -300), (10, -450), (11, 300), (3, -50))
    assert sum(line.amount for line in lines) == 0


async def test_an_entry_of_a_run_that_was_undone_counts_as_not_posted(ksp):
    """Its accounts are paid again by a run of differences, with the tax of the first time and not twice."""
    member = await ksp.member()
    account = await ksp.account(member, KSP)
    await ksp.move(account.ledger_account_id, date(2026, 10, 1), 60_833_333)
    run = await ksp.prepare()
    assert (await ksp.lines(run))[account.number] == (300_000, 30_000)
    await ksp.post(run)
    async with ksp.database.work(ksp.book_id) as work:
        (number,) = (await service.entries_of(work.connection, ksp.book_id, run)).values()
        entry = await ledger.entry_by_number(work.connection, ksp.book_id, number)
        undo = ledger.reversal_of(entry, effective_date=date(2026, 12, 1), actor="uji", key="undo", reason="salah")
        assert isinstance((await ledger.append(work.connection, [undo]))[0], ledger.Posted)
        paid = service.Payment("savings", account.number, member, date(2026, 10, 1), date(2026, 10, 31), 5_000)
        await service.record_paid(work, [(paid, 0)], on=date(2026, 11, 30), entry_number=number, actor="uji")
        await work.commit()
    assert await ksp.code_balance("2141") == 0
    again = await ksp.prepare(correction=True)
    assert (await ksp.lines(again))[account.number] == (300_000, 30_000)
    await ksp.post(again)
    assert await ksp.balance(account.ledger_account_id) == 60_833_333 + 270_000
    async with ksp.database.reading(ksp.book_id) as connection:
        # What was recorded as paid by the entry that was undone is not paid either.
        assert (
            await service.accrued(connection, ksp.cooperative, account.number, date(2026, 11, 30))
        ).amount_minor == 0
