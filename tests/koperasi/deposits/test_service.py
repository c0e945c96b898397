"""Contracts from opening to their end: each act once, late or twice with the same result."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

import ledger
from koperasi.deposits import service
from koperasi.deposits.rules import Basis, ClosedAs, Early, Earns, RollOver, Terms
from koperasi.errors import Conflict, Refusal
from koperasi.posting import Idempotency
from koperasi.reports.service_doctor import examine

from ...conftest import found
from ..returns.support import Bench

TODAY = date(2026, 11, 29)
PAYS_AT_THE_END = Terms(
    3, date(2025, 1, 1), Earns.RATE, Fraction(6), Basis.MONTHS_12, 0, Early.NOTHING, Fraction(0), 100_000_000, "uji", "uji"
)  # fmt: skip


async def offered(saver, terms: Terms, today: date | None = None) -> None:
    async with saver.database.work(saver.book_id) as work:
        asked = await service.offer(
            work, saver.cooperative, terms, today=today or terms.valid_from, now=None, idempotency=Idempotency("o", b"")
        )
        await work.commit()
    assert asked is None


async def pool(saver, month: date, hi_1000: str) -> None:
    async with saver.database.work(saver.book_id) as work:
        await service.set_result(work, month, Fraction(hi_1000), reference="Rapat pengurus", today=TODAY, actor="uji")
        await work.commit()


async def test_a_deposit_moves_the_money_from_savings_and_stands_beneath_its_account(saver):
    opened = await saver.open()
    found = await saver.get(opened.number)
    assert found.stands
    assert found.certificate == "SB-2025-000001"
    assert found.matures_on == date(2025, 4, 30)
    assert await saver.balance() == 9_000_000_000
    async with saver.database.reading(saver.book_id) as connection:
        account = (await ledger.accounts_by_id(connection, saver.book_id, [found.ledger_account_id]))[
            found.ledger_account_id
        ]
    assert (account.code, account.balance) == (f"2103.{opened.number}", 1_000_000_000)


async def test_the_same_request_makes_one_contract_and_another_under_its_key_is_refused(saver):
    opened = await saver.open(key="satu")
    again = await saver.open(key="satu")
    assert again == opened._replace(replayed=True)
    with pytest.raises(Refusal, match="idempotency-mismatch"):
        await saver.open(key="satu", months=6)
    assert await saver.balance() == 9_000_000_000


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount_minor": 99_999_900}, "deposit-below-minimum"),
        ({"amount_minor": 100_000_050}, "cash-has-no-sen"),
        ({"amount_minor": 20_000_000_000}, "insufficient-balance"),
        ({"opened_on": date(2026, 11, 30)}, "date-in-future"),
        ({"opened_on": date(1999, 11, 30)}, "term-not-offered"),
        ({"roll_over": RollOver.ALL}, "roll-over-needs-maturity"),
        ({"member_number": "99999"}, "member"),
        ({"source": "220000010"}, "savings-account"),
    ],
)
async def test_what_cannot_be_opened_is_refused_and_writes_nothing(saver, changes, code):
    with pytest.raises(Refusal) as refused:
        await saver.open(**changes)
    assert refused.value.code == code
    assert await saver.balance() == 10_000_000_000
    async with saver.database.reading(saver.book_id) as connection:
        assert await service.search(connection, saver.book_id) == []


async def test_monthly_returns_are_paid_once_however_often_and_late_they_are_asked_for(saver):
    number = (await saver.open()).number
    first = await saver.settle(number, date(2025, 2, 28))
    assert [(one.gross_minor, one.tax_minor) for one in first] == [(3_068_500, 0)]  # 10 m x 4 % x 28/365
    assert await saver.settle(number, date(2025, 2, 28)) == []
    rest = await saver.settle(number, date(2025, 5, 20))
    assert [one.gross_minor for one in rest] == [3_397_300, 3_287_700]  # 31 and 30 days
    assert await saver.settle(number, TODAY) == []
    found = await saver.get(number)
    assert (found.closed_as, found.closed_on, found.balance_minor) == (ClosedAs.MATURED, date(2025, 4, 30), 0)
    assert await saver.balance() == 10_000_000_000 + 3_068_500 + 3_397_300 + 3_287_700
    assert await saver.by_code("5102") == 3_068_500 + 3_397_300 + 3_287_700
    async with saver.database.reading(saver.book_id) as connection:
        paid = (await service.paid_on(connection, saver.book_id, [number]))[number]
        entries = [await ledger.entry_by_number(connection, saver.book_id, one.entry_number) for one in paid]
    assert [entry.effective_date for entry in entries] == [date(2025, 2, 28), date(2025, 3, 31), date(2025, 4, 30)]
    assert [one.paid_on for one in paid] == [entry.effective_date for entry in entries]


async def test_two_who_settle_at_once_pay_once(saver):
    number = (await saver.open()).number
    done = await asyncio.gather(*(saver.settle(number, date(2025, 4, 30)) for _ in range(3)))
    assert sorted(len(one) for one in done) == [0, 0, 3]


async def test_principal_and_return_go_on_net_of_tax_and_by_the_terms_of_that_day(saver):
    await offered(saver, PAYS_AT_THE_END)
    await offered(saver, replace(PAYS_AT_THE_END, valid_from=date(2025, 4, 1), percent=Fraction(3)))
    number = (await saver.open(amount_minor=5_000_000_000, roll_over=RollOver.ALL)).number
    done = await saver.settle(number, date(2025, 7, 31))
    # 50 m x 6 % x 3/12 = 750,000, above 240,000: 10 % of all of it.
    assert (done[0].gross_minor, done[0].tax_minor) == (75_000_000, 7_500_000)
    second = await saver.get(done[0].rolled_to)
    assert (second.previous, second.term, second.percent) == (number, 2, 3)
    assert (second.opened_on, second.matures_on) == (date(2025, 4, 30), date(2025, 7, 31))
    assert second.principal_minor == 5_067_500_000
    third = await saver.get(done[1].rolled_to)
    assert third.stands
    assert third.matures_on == date(2025, 10, 31)
    assert done[1].gross_minor == 38_006_300  # 50,675,000 x 3 % x 3/12 = 380,062.50
    assert await saver.by_code("2141") == 7_500_000 + 3_800_600
    assert await saver.balance() == 5_000_000_000


async def test_the_principal_alone_goes_on_and_the_return_is_paid(saver):
    await offered(saver, PAYS_AT_THE_END)
    number = (await saver.open(roll_over=RollOver.PRINCIPAL)).number
    (done,) = await saver.settle(number, date(2025, 4, 30))
    assert (await saver.get(done.rolled_to)).principal_minor == 1_000_000_000
    assert await saver.balance() == 9_000_000_000 + 15_000_000


async def test_tax_looks_at_all_deposits_of_the_month(saver):
    await offered(saver, PAYS_AT_THE_END)
    numbers = [(await saver.open()).number for _ in range(2)]
    done = [(await saver.settle(number, date(2025, 4, 30)))[0] for number in numbers]
    # 150,000 each: the first is below the threshold, with the second all 300,000 are taxed.
    assert [(one.gross_minor, one.tax_minor) for one in done] == [(15_000_000, 0), (15_000_000, 3_000_000)]


async def test_a_return_of_a_closed_month_is_dated_on_the_day_it_is_posted(saver):
    number = (await saver.open()).number
    async with saver.database.work(saver.book_id) as work:
        for month in (date(2024, 1, 1), date(2025, 1, 1), date(2025, 2, 1)):
            await ledger.set_period(work.connection, saver.book_id, month, ledger.PeriodStatus.CLOSED, by="uji")
        await work.commit()
    done = await saver.settle(number, date(2025, 3, 31), today=date(2025, 5, 2))
    async with saver.database.reading(saver.book_id) as connection:
        days = [
            (await ledger.entry_by_number(connection, saver.book_id, one.entry_number)).effective_date for one in done
        ]
    assert days == [date(2025, 5, 2), date(2025, 3, 31)]


async def test_closing_early_keeps_back_what_was_paid_beyond_the_lower_rate(saver):
    number = (await saver.open()).number
    async with saver.database.reading(saver.book_id) as connection:
        offer = await service.preview(connection, saver.cooperative, number, date(2025, 2, 27))
    assert offer.closing.return_minor == 1_479_500  # 10 m x 2 % x 27/365
    closed = await saver.close(number, date(2025, 3, 15))
    # 43 days at 2 % are 23,562; 30,685 were paid for February.
    found = await saver.get(number)
    assert (found.closed_as, found.closing_entry, found.balance_minor) == (ClosedAs.EARLY, closed.entry_number, 0)
    assert await saver.balance() == 10_000_000_000 + 2_356_200
    assert await saver.by_code("5102") == 2_356_200
    assert await saver.close(number, date(2025, 3, 15)) == closed._replace(replayed=True)
    with pytest.raises(Refusal, match="deposit-closed"):
        await saver.close(number, date(2025, 3, 15), key="lain")
    assert await saver.settle(number, TODAY) == []


async def test_a_deposit_whose_day_has_come_is_settled_not_closed(saver):
    number = (await saver.open()).number
    with pytest.raises(Refusal, match="deposit-due"):
        await saver.close(number, date(2025, 4, 30))


async def test_a_member_may_change_what_becomes_of_it(saver):
    number = (await saver.open()).number
    async with saver.database.work(saver.book_id) as work:
        named = await service.instruct(
            work, number, roll_over=RollOver.PRINCIPAL, payout_account=saver.account, on=date(2025, 4, 29), actor="uji"
        )
        await work.commit()
    assert named.deposit.roll_over is RollOver.PRINCIPAL
    with pytest.raises(Refusal, match="deposit-due"):
        async with saver.database.work(saver.book_id) as work:
            await service.instruct(
                work, number, roll_over=RollOver.NONE, payout_account=saver.account, on=date(2025, 4, 30), actor="uji"
            )


async def test_a_reversed_opening_is_seen_and_not_paid(saver):
    opened = await saver.open()
    async with saver.database.work(saver.book_id) as work:
        entry = await ledger.entry_by_number(work.connection, saver.book_id, opened.entry_number)
        draft = ledger.reversal_of(entry, effective_date=date(2025, 2, 1), actor="uji", key="balik", reason="keliru")
        await ledger.append(work.connection, [draft])
        await work.commit()
    assert await saver.settle(opened.number, TODAY) == []
    async with saver.database.reading(saver.book_id) as connection:
        assert (await service.due(connection, saver.cooperative, TODAY)).items == []
        assert await service.search(connection, saver.book_id, is_running=True) == []
        assert (await service.totals(connection, saver.book_id, TODAY)).running == 0
        [gone] = await service.search(connection, saver.book_id, is_running=False)
        assert gone.deposit.is_void
        # It stands in the way of no exit.
        ended = await service.exit_lines(connection, saver.cooperative, saver.number, TODAY)
    assert (ended.lines, ended.payout_minor) == ((), 0)


async def test_what_a_member_has_when_they_leave(saver):
    numbers = [(await saver.open()).number, (await saver.open(months=6)).number]
    on = date(2025, 2, 20)
    async with saver.database.reading(saver.book_id) as connection:
        held = await service.deposits_of(connection, saver.cooperative, saver.number, on)
        ended = await service.exit_lines(connection, saver.cooperative, saver.number, on)
        kinder = await service.exit_lines(connection, saver.cooperative, saver.number, on, is_waived=True)
    assert {one.deposit.number: one.accrued_minor for one in held} == {numbers[0]: 1_095_900, numbers[1]: 1_369_900}
    assert ended.payout_minor == 2_000_000_000 + 1_095_900 + 1_369_900
    assert kinder.payout_minor == 2_000_000_000 + 2_191_800 + 2_739_700
    assert sum(line.amount for line in ended.lines) == ended.payout_minor
    async with saver.database.work(saver.book_id) as work:
        leaving = await ledger.account_by_code(work.connection, saver.book_id, "2121")
        draft = ledger.Draft(
            saver.book_id, on, "test", "Uji", "uji",
            (*ended.lines, ledger.Line(leaving.account_id, -ended.payout_minor)), "keluar",
        )  # fmt: skip
        (outcome,) = await ledger.append(work.connection, [draft])
        await service.close_for_exit(work, ended, on, entry_number=outcome.number, actor="uji")
        await work.commit()
    assert {(await saver.get(number)).closed_as for number in numbers} == {ClosedAs.EXIT}


# --- By nisbah ------------------------------------------------------------------------------------------------------


async def test_a_nisbah_deposit_waits_for_the_pools_result(sharia_saver):
    saver = sharia_saver
    number = (await saver.open(opened_on=date(2025, 1, 15))).number
    assert await saver.settle(number, date(2025, 2, 15)) == []
    async with saver.database.reading(saver.book_id) as connection:
        (waiting,) = (await service.due(connection, saver.cooperative, date(2025, 2, 15))).items
    assert (waiting.waits, waiting.gross_minor) == ("result-missing", None)
    await pool(saver, date(2025, 1, 1), "20.90")
    done = await saver.settle(number, date(2025, 2, 15))
    assert [one.gross_minor for one in done] == [9_405_000]  # 10 m / 1,000 x 20.90 x 45 %
    found = await saver.get(number)
    async with saver.database.reading(saver.book_id) as connection:
        account = (await ledger.accounts_by_id(connection, saver.book_id, [found.ledger_account_id]))[
            found.ledger_account_id
        ]
    assert account.code.startswith("3112.")
    assert account.type is ledger.AccountType.TEMPORARY_SYIRKAH
    assert await saver.by_code("6102") == 9_405_000
    with pytest.raises(Conflict, match="result-used"):
        await pool(saver, date(2025, 1, 1), "21")
    await pool(saver, date(2025, 3, 1), "1")
    await pool(saver, date(2025, 3, 1), "2.5")
    async with saver.database.reading(saver.book_id) as connection:
        assert [one.hi_1000 for one in await service.pool_results(connection, saver.book_id)] == [
            Fraction("20.9"), Fraction("2.5"),
        ]  # fmt: skip


async def test_a_pool_that_brought_nothing_pays_nothing_and_the_principal_comes_back(sharia_saver):
    saver = sharia_saver
    number = (await saver.open(opened_on=date(2025, 1, 15))).number
    for month in (1, 2, 3):
        await pool(saver, date(2025, month, 1), "0")
    done = await saver.settle(number, date(2025, 4, 15))
    assert [one.gross_minor for one in done] == [0, 0, 0]
    assert await saver.balance() == 10_000_000_000
    assert (await saver.get(number)).closed_as is ClosedAs.MATURED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"early": Early.PENALTY}, "early-sharia"),
        ({"earns": Earns.RATE}, "earns"),
        ({"valid_from": date(2024, 12, 31)}, "terms-in-past"),
        ({"reference": " "}, "reference"),
        ({"early": Early.REDUCED, "early_percent": Fraction(61)}, "early-above"),
    ],
)
async def test_terms_that_a_sharia_cooperative_cannot_offer(sharia_saver, changes, code):
    terms = replace(PAYS_AT_THE_END, earns=Earns.NISBAH, percent=Fraction(60), basis=Basis.ACTUAL_365)
    with pytest.raises(Refusal) as refused:
        await offered(sharia_saver, replace(terms, **changes), today=date(2025, 1, 1))
    assert refused.value.code == code


async def test_the_result_of_a_posted_profit_share_may_be_used(database):
    """BH-02: the pool of November brought 20.90 for each thousand."""
    bmt = Bench(database, await found(database, kind="kspps"))
    for product in ("mudharabah", "berencana"):
        await bmt.terms(product, date(2026, 1, 2), earns="nisbah", nisbah_percent=Decimal(30), method="average")
    await bmt.between("1101", "4104", date(2026, 1, 5), 2_000_000_000)
    await bmt.between("1211", "1101", date(2026, 1, 6), 1_500_000_000)
    saver = await bmt.account(await bmt.member(), "mudharabah")
    await bmt.move(saver.ledger_account_id, date(2026, 10, 1), 1_370_000_000)
    await bmt.between("1101", "5104", date(2026, 11, 15), 31_350_000)
    run = await bmt.prepare()
    async with database.reading(bmt.book_id) as connection:
        assert await service.shared_results(connection, bmt.book_id) == []
    await bmt.post(run)
    async with database.work(bmt.book_id) as work:
        (shared,) = await service.shared_results(work.connection, bmt.book_id)
        assert shared == (date(2026, 11, 1), Fraction("20.9"), run.number)
        third = Fraction(1, 3)
        for value in (shared.hi_1000, third):
            await service.set_result(
                work, shared.month, value, reference="Bagi hasil", today=date(2026, 12, 5), actor="uji"
            )
        (kept,) = await service.pool_results(work.connection, bmt.book_id)
        assert (kept.hi_1000, kept.revision) == (third, 2)
        assert await service.shared_results(work.connection, bmt.book_id) == []


async def test_the_doctor_knows_deposits_whatever_became_of_them(saver):
    await offered(saver, PAYS_AT_THE_END)
    rolled, early, ended = [
        (await saver.open(roll_over=one)).number for one in (RollOver.ALL, RollOver.NONE, RollOver.NONE)
    ]
    await saver.close(early, date(2025, 3, 15))
    for number in (rolled, ended):
        await saver.settle(number, date(2025, 8, 1))
    async with saver.database.reading(saver.book_id) as connection:
        report = await examine(connection, saver.cooperative)
        running = await service.search(connection, saver.book_id, is_running=True)
        rows = await ledger.first_level_sums(connection, saver.book_id)
    assert report.findings == ()
    debit, credit = rows["2103"]
    assert sum(one.deposit.principal_minor for one in running) == credit - debit > 0
