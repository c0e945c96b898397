"""What is withheld of other cooperatives (UU PPh art. 23) and of a bank's savers (PP 131/2000)."""

from __future__ import annotations

import secrets
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from koperasi.cooperatives import service as cooperatives
from koperasi.cooperatives.policies import DEFAULTS
from koperasi.cooperatives.service import Kind
from koperasi.deposits import service as deposits
from koperasi.i18n import translate
from koperasi.posting import Idempotency
from koperasi.returns import service
from koperasi.returns.messages import law_of
from koperasi.savings import service as savings

from ...conftest import found
from .support import JOINED, NOW, Bench

PRODUCT = "koperasi-lain"
NOVEMBER, LAST = date(2026, 11, 1), date(2026, 11, 30)
rules_tax, rules_run = service.rules_tax, service.rules_run

amounts = st.lists(st.integers(0, 10**12), min_size=1, max_size=6)
percents = st.fractions(0, 100, max_denominator=10_000)


@pytest.mark.parametrize("kind", Kind)
def test_a_slip_names_the_law_of_its_own_kind_or_says_that_nothing_is_withheld(kind):
    """A BUM Desa unit's savers are no members of a cooperative: PP 15/2009 is not theirs."""
    law, policies = law_of(kind, "00001"), {one.name for one in DEFAULTS[kind]}
    assert ("PP 15/2009" in law) is ("savings_tax.threshold" in policies)
    assert ("PP 131/2000" in law) is ("deposit_tax.threshold" in policies)
    assert translate("en", law) != law


@given(amounts, percents, st.sampled_from((1, -1)))
def test_a_percentage_is_of_the_sum_rounded_down_once(gross, percent, sign):
    """It adds up to whole rupiah no more than a rupiah below what is exact; given back it is the same with a minus."""
    taxes = rules_tax.of_gross([sign * one for one in gross], percent)
    exact = sum(gross) * percent / 100
    assert sum(taxes) % 100 == 0
    assert 0 <= exact - sign * sum(taxes) < 100
    assert all(abs(tax - sign * one * percent / 100) < 100 for tax, one in zip(taxes, gross, strict=True))


@given(amounts, percents, st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_bank_looks_at_the_balance_and_not_at_the_interest(gross, percent, balance, threshold):
    rule = rules_tax.BankTax(threshold, percent)
    free = balance <= threshold
    assert rule.on(gross, balance) == ([0] * len(gross) if free else rules_tax.of_gross(gross, percent))


def test_each_saver_has_their_own_rule():
    taxing = rules_run.Taxing(rules_run.TaxRule(24_000_000, Fraction(10)), rules_tax.PartnerTax(Fraction(15)))
    assert taxing.on([24_000_000], "00001", is_partner=False) == [0]
    assert taxing.on([24_000_100], "00001", is_partner=False) == [2_400_000]
    assert taxing.on([1_000], "K0001", is_partner=True) == [100]
    assert rules_run.Taxing(None, None).on([10**9, 5], "K0001", is_partner=True) == [0, 0]


@pytest.fixture
async def ksp(database):
    """A KSP where another cooperative keeps Rp36,500,000 at 6 %."""
    bench = Bench(database, await found(database, kind="ksp"))
    for product in ("sukarela", PRODUCT):
        await bench.terms(product, date(2026, 1, 1), rate_percent=Decimal(6))
    async with database.work(bench.book_id) as work:
        partner = await savings.add_partner(work, "KSP Tetangga", "AHU-1", opened_on=JOINED, actor="uji")
        await work.commit()
    account = await bench.account(partner.number, PRODUCT)
    await bench.move(account.ledger_account_id, date(2026, 10, 1), 36_500_000)
    return bench, partner.number, account


async def test_another_cooperative_is_paid_less_its_tax_and_has_a_slip(ksp):
    """180,000 for 30 days; 15 % are 27,000, which stand on 2144 and not with the final tax of members (2141)."""
    bench, partner, account = ksp
    member = await bench.member()
    own = await bench.account(member, "sukarela")
    await bench.move(own.ledger_account_id, date(2026, 10, 1), 60_833_333)
    run = await bench.prepare()
    assert not [one for one in run.warnings if one.code == "partner-tax"]
    lines = await bench.lines(run)
    assert (lines[account.number], lines[own.number]) == ((180_000, 27_000), (300_000, 30_000))
    await bench.post(run)
    assert await bench.balance(account.ledger_account_id) == 36_500_000 + 153_000
    assert (await bench.code_balance("2144"), await bench.code_balance("2141")) == (-27_000, -30_000)
    async with bench.database.work(bench.book_id) as work:
        assert await service.assign_slips(work, NOVEMBER) == 2
        await work.commit()
    async with bench.database.reading(bench.book_id) as connection:
        slips, _ = await service.slips(connection, bench.book_id, NOVEMBER)
        sums = await service.slip_sums(connection, bench.book_id, NOVEMBER)
        shown = await service.why(connection, bench.cooperative, bench.staff, run.number, account.number)
        assert not (await ledger.verify(connection, bench.book_id)).findings
    assert (partner, 18_000_000, 2_700_000) in [(one.member_number, one.gross_minor, one.tax_minor) for one in slips]
    assert (sums["tax"], sums["partners"]) == (5_700_000, 2_700_000)
    assert "PPh pasal 23): 15 % dari Rp180.000" in shown.tax_steps[0].text("id")
    async with bench.database.work(bench.book_id) as work:
        # Whatever the month brought before: no threshold, nothing to add up.
        assert await service.withhold(work, bench.cooperative, partner, [999], LAST) == [100]
        assert service.tax_role(Kind.KSP, partner) == "tax.partners"
        assert (service.tax_role(Kind.KSP, member), service.tax_role(Kind.KELOMPOK, member)) == ("tax.savings", None)


async def test_the_board_may_set_the_rate_of_other_cooperatives_to_nothing(ksp):
    """One with a certificate of exemption; and what is taken back later is taken back with its tax."""
    bench, _, account = ksp
    await set_percent(bench, "0", date(2026, 10, 1))
    run = await bench.prepare()
    assert (await bench.lines(run))[account.number] == (180_000, 0)
    async with bench.database.work(bench.book_id) as work:
        await service.drop(work, run.number, actor="bendahara")
        await work.commit()
    await set_percent(bench, "15", date(2026, 11, 1))
    wrong = await bench.move(account.ledger_account_id, date(2026, 11, 1), 36_500_000)
    await bench.post(await bench.prepare())
    assert await bench.code_balance("2144") == -54_000
    async with bench.database.work(bench.book_id) as work:
        entry = await ledger.entry_by_number(work.connection, bench.book_id, wrong)
        undo = ledger.reversal_of(entry, effective_date=NOVEMBER, actor="uji", key=secrets.token_hex(8), reason="salah")
        await ledger.append(work.connection, [undo])
        await work.commit()
    fix = await bench.prepare(correction=True)
    assert await bench.lines(fix) == {account.number: (-180_000, -27_000)}
    await bench.post(fix)
    assert await bench.code_balance("2144") == -27_000


@pytest.mark.parametrize("numbered_first", [True, False])
async def test_a_slip_whose_payment_is_undone_is_void_or_never_made(ksp, numbered_first):
    """The run's entry is reversed and posted anew: the month's slips add up to what stands in the book, and no gap."""
    bench, partner, _ = ksp
    run = await bench.prepare()
    await bench.post(run)
    async with bench.database.work(bench.book_id) as work:
        if numbered_first:
            assert await service.assign_slips(work, NOVEMBER) == 1
        (number,) = (await service.entries_of(work.connection, bench.book_id, run)).values()
        entry = await ledger.entry_by_number(work.connection, bench.book_id, number)
        undo = ledger.reversal_of(entry, effective_date=LAST, actor="uji", key=secrets.token_hex(8), reason="salah")
        await ledger.append(work.connection, [undo])
        await work.commit()
    await bench.post(await bench.prepare(correction=True))
    assert await bench.code_balance("2144") == -27_000
    async with bench.database.work(bench.book_id) as work:
        assert await service.assign_slips(work, NOVEMBER) == 1
        await work.commit()
    async with bench.database.reading(bench.book_id) as connection:
        slips, _ = await service.slips(connection, bench.book_id, NOVEMBER)
        sums = await service.slip_sums(connection, bench.book_id, NOVEMBER)
        first = await service.slip(connection, bench.book_id, NOVEMBER, 1)
    assert [(one.serial, one.member_number, one.is_void) for one in slips] == [
        *([(1, partner, True)] if numbered_first else []), (1 + numbered_first, partner, False),
    ]  # fmt: skip
    assert sums == {"count": 1, "gross": 18_000_000, "tax": 2_700_000, "partners": 2_700_000, "void": numbered_first}
    assert first.is_void == numbered_first


async def set_percent(bench: Bench, percent: str, valid_from: date) -> None:
    async with bench.database.work(bench.book_id) as work:
        await cooperatives.add_policy(work, "tax.partner_percent", valid_from, percent, "Keputusan", "uji")
        await work.commit()


async def open_deposit(bench: Bench, member: str, account: str, amount_minor: int) -> None:
    """From savings into a term deposit."""
    wish = deposits.Wish(member, amount_minor, 12, account, account, deposits.RollOver.NONE, date(2026, 10, 1))
    async with bench.database.work(bench.book_id) as work:
        await deposits.open_deposit(
            work,
            bench.cooperative,
            wish,
            today=NOW.date(),
            actor="uji",
            idempotency=Idempotency.of("uji", secrets.token_hex(8), *wish),
        )
        await work.commit()


async def test_a_bank_taxes_savers_with_more_than_the_law_leaves_free(database):
    """7,500,000 in savings is free; with a deposit of 1,000,000 beside it 20 % of all interest is withheld."""
    bench = Bench(database, await found(database, kind="bpr"))
    await bench.terms("sukarela", date(2026, 1, 1), rate_percent=Decimal(6))
    small, large = await bench.member(), await bench.member()
    accounts = {member: await bench.account(member, "sukarela") for member in (small, large)}
    for account in accounts.values():
        await bench.move(account.ledger_account_id, date(2026, 10, 1), 7_500_000)
    first = await bench.prepare()
    assert {(await bench.lines(first))[one.number] for one in accounts.values()} == {(36_986, 0)}
    async with database.work(bench.book_id) as work:
        await service.drop(work, first.number, actor="bendahara")
        await work.commit()
    await bench.move(accounts[large].ledger_account_id, date(2026, 10, 1), 1_000_000)
    await open_deposit(bench, large, accounts[large].number, 100_000_000)
    run = await bench.prepare()
    lines = await bench.lines(run)
    assert (lines[accounts[small].number], lines[accounts[large].number]) == ((36_986, 0), (36_986, 7_397))
    async with database.reading(bench.book_id) as connection:
        shown = await service.why(connection, bench.cooperative, bench.staff, run.number, accounts[large].number)
    assert "Rp8.500.000; bebas pajak sampai Rp7.500.000" in shown.tax_steps[0].text("id")
    async with database.work(bench.book_id) as work:
        assert await service.withhold(work, bench.cooperative, large, [1_000_000], LAST) == [200_000]
        assert await service.withhold(work, bench.cooperative, small, [1_000_000], LAST) == [0]
    await bench.post(run)
    assert await bench.code_balance("2141") == -7_397
