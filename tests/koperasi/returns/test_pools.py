"""Sharia cooperatives: the pool shares what was earned, the bonus what the board gives; a second person agrees."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

import ledger
from koperasi.approvals import service as approvals
from koperasi.errors import Conflict, Refusal
from koperasi.returns import service
from koperasi.returns.service import RunStatus

from ...conftest import found
from .support import NOW, Bench

MUDHARABAH, WADIAH = "mudharabah", "wadiah"
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
async def bmt(database):
    """A KSPPS whose mudharabah savers get 30 % of what a pool of Rp1,370,000,000 brings; financing is 1,500,000,000."""
    bench = Bench(database, await found(database, kind="kspps"))
    for product in (MUDHARABAH, "berencana"):
        await bench.terms(product, date(2026, 1, 2), earns="nisbah", nisbah_percent=Decimal(30), method="average")
    await bench.between("1101", "4104", date(2026, 1, 5), 2_000_000_000)
    await bench.between("1211", "1101", date(2026, 1, 6), 1_500_000_000)
    return bench


async def savers(bmt) -> tuple:
    small = await bmt.account(await bmt.member(), MUDHARABAH)
    large = await bmt.account(await bmt.member(), MUDHARABAH)
    await bmt.move(small.ledger_account_id, date(2026, 10, 1), 2_430_000)
    await bmt.move(large.ledger_account_id, date(2026, 10, 1), 1_367_570_000)
    return small, large


async def test_the_pool_is_what_the_book_earned_in_cash(bmt):
    """BH-02: 31,350,000 x 1,370/1,500 = 28,633,000; HI-1000 20.90; 2,430,000 at 30 % gets 15,236."""
    small, large = await savers(bmt)
    await bmt.between("1101", "5104", date(2026, 11, 15), 31_350_000)
    # A share that was reported and not paid yet is no cash income.
    await bmt.between("1241", "5103", date(2026, 11, 20), 9_000_000)
    run = await bmt.prepare()
    pool = run.pool
    assert (pool.income_minor, pool.financing, pool.funds) == (3_135_000_000, 150_000_000_000, 137_000_000_000)
    assert (pool.hi_1000, pool.distributable) == (Fraction("20.9"), 2_863_300_000)
    lines = await bmt.lines(run)
    assert lines[small.number] == (15_236, 0)
    assert lines[large.number][0] == 8_574_664
    assert pool.to_savers_minor + pool.to_cooperative_minor == pool.distributed_minor == 2_863_300_000
    assert pool.remainder == pool.to_savers_minor - pool.exact_savers
    async with bmt.database.reading(bmt.book_id) as connection:
        shown = await service.why(connection, bmt.cooperative, bmt.staff, run.number, small.number)
    words = " ".join(one.text("id") for one in shown.steps)
    assert "HI-1000 20,9 x nisbah 30 % = Rp15.236,1" in words
    assert "bunga" not in words.lower()
    await bmt.post(run)
    assert await bmt.code_balance("6101") == 15_236 + 8_574_664
    assert await bmt.code_balance("2141") == -857_466
    assert await bmt.balance(small.ledger_account_id) == 2_445_236


async def test_a_pool_of_nothing_shares_nothing(bmt):
    small, _ = await savers(bmt)
    run = await bmt.prepare()
    assert ("pool-zero", "") in run.warnings
    assert run.pool.hi_1000 == 0
    assert (await bmt.lines(run))[small.number] == (0, 0)
    await bmt.post(run)
    assert await bmt.balance(small.ledger_account_id) == 2_430_000


async def test_figures_instead_of_the_books_need_a_reason(bmt):
    small, _ = await savers(bmt)
    entered = {"income_minor": 3_135_000_000, "financing_minor": 150_000_000_000}
    await bmt.between("1101", "5104", date(2026, 11, 15), 1_000_000)
    with pytest.raises(Refusal, match="pool-reason"):
        await bmt.prepare(**entered)
    run = await bmt.prepare(**entered, reason="koreksi pengurus")
    assert ("pool-entered", "") in run.warnings
    assert (await bmt.lines(run))[small.number] == (15_236, 0)


async def test_opened_in_the_month_an_account_is_averaged_over_all_its_days(bmt):
    small, _ = await savers(bmt)
    young = await bmt.account(await bmt.member(), MUDHARABAH, date(2026, 11, 16))
    await bmt.move(young.ledger_account_id, date(2026, 11, 16), 4_860_000)
    await bmt.between("1101", "5104", date(2026, 11, 15), 31_350_000)
    run = await bmt.prepare()
    lines = await bmt.lines(run)
    assert abs(lines[young.number][0] - lines[small.number][0]) <= 1


async def test_a_bonus_is_given_away_to_the_last_rupiah(bmt):
    """Average 1,000,000 and 500,000 (half the month) of a bonus of Rp100,000; a third has nothing."""
    whole = await bmt.account(await bmt.member(), WADIAH)
    half = await bmt.account(await bmt.member(), WADIAH)
    await bmt.move(whole.ledger_account_id, date(2026, 10, 1), 1_000_000)
    await bmt.move(half.ledger_account_id, date(2026, 11, 16), 1_000_000)
    nothing = await bmt.prepare()
    assert ("bonus-none", WADIAH) in nothing.warnings
    async with bmt.database.work(bmt.book_id) as work:
        await service.drop(work, nothing.number, actor="uji")
        await work.commit()
    run = await bmt.prepare(bonus_minor={WADIAH: 10_000_000})
    lines = await bmt.lines(run)
    assert (lines[whole.number][0], lines[half.number][0]) == (66_667, 33_333)
    async with bmt.database.reading(bmt.book_id) as connection:
        shown = await service.why(connection, bmt.cooperative, bmt.staff, run.number, whole.number)
    assert "dibulatkan Rp66.667" in shown.steps[-1].text("id")
    await bmt.post(run)
    assert await bmt.code_balance("6103") == 100_000


async def test_a_year_that_was_closed_keeps_its_income(bmt):
    """The closing entry empties the income accounts on 31 December; what they earned was earned."""
    small, _ = await savers(bmt)
    await bmt.between("1101", "5104", date(2026, 12, 15), 31_350_000)
    async with bmt.database.work(bmt.book_id) as work:
        income = await ledger.account_by_code(work.connection, bmt.book_id, "5104")
        surplus = await ledger.account_by_code(work.connection, bmt.book_id, "4301")
        lines = (ledger.Line(income.account_id, 3_135_000_000), ledger.Line(surplus.account_id, -3_135_000_000))
        close = ledger.Draft(bmt.book_id, date(2026, 12, 31), "closing", "Tutup", "uji", lines, "tutup-2026")
        assert isinstance((await ledger.append(work.connection, [close]))[0], ledger.Posted)
        await work.commit()
    run = await bmt.prepare(date(2026, 12, 1), now=datetime(2027, 1, 4, tzinfo=UTC))
    assert run.pool.income_minor == 3_135_000_000
    assert (await bmt.lines(run))[small.number] == (15_236, 0)


async def test_a_second_person_agrees_to_exactly_what_was_computed(database, own_village):
    village = own_village
    bmt = Bench(database, village.cooperative)
    await bmt.terms(MUDHARABAH, date(2026, 1, 2), earns="nisbah", nisbah_percent=Decimal(30), method="average")
    account = await bmt.account(village.member.number, MUDHARABAH)
    await bmt.move(account.ledger_account_id, date(2026, 10, 1), 1_000_000)
    run = await bmt.prepare(income_minor=1_000_000, financing_minor=100_000_000, reason="uji", products=(MUDHARABAH,))
    asked = await bmt.submit(run)
    assert asked.kind is approvals.Kind.RETURN_RUN
    async with database.reading(bmt.book_id) as connection:
        assert (await service.run(connection, bmt.book_id, run.number)).status is RunStatus.PREVIEW
    with pytest.raises(Conflict, match="return-run-state"):
        await service.post_all(database, bmt.cooperative, run.number, actor="bendahara")

    approvals.register(approvals.Kind.RETURN_RUN, service.carry_out)
    async with database.work(bmt.book_id) as work:
        with pytest.raises(Conflict, match="same-person"):
            await approvals.approve(
                work.connection, bmt.book_id, asked.number, actor="bendahara", seen=asked.fingerprint, now=NOW
            )
    async with database.work(bmt.book_id) as work:
        await approvals.approve(
            work.connection, bmt.book_id, asked.number, actor="ketua", seen=asked.fingerprint, now=NOW
        )
        await work.commit()
    async with database.reading(bmt.book_id) as connection:
        agreed = await service.run(connection, bmt.book_id, run.number)
    assert (agreed.status, agreed.approved_by) == (RunStatus.APPROVED, "ketua")
    await service.post_all(database, bmt.cooperative, run.number, actor="bendahara")
    assert await bmt.balance(account.ledger_account_id) > 1_000_000
    with pytest.raises(Conflict, match="return-run-state"):
        await bmt.submit(run)
