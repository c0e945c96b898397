"""What goes wrong in a year of term deposits: entries reversed, accounts closed, months shut; and who else may have one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from secrets import token_hex

import pytest

import ledger
from koperasi.deposits import service
from koperasi.deposits.api_run import run
from koperasi.deposits.rules import Basis, ClosedAs, Early, Earns, RollOver, Terms, matures, parts, proposed
from koperasi.errors import Refusal
from koperasi.members import service as members
from koperasi.reports.service_doctor import examine
from koperasi.returns import service as returns
from koperasi.savings import service as savings

from .conftest import Saver, saver_of
from .test_service import PAYS_AT_THE_END, TODAY, offered, pool


async def reverse(saver: Saver, entry_number: int, on: date):
    async with saver.database.work(saver.book_id) as work:
        entry = await ledger.entry_by_number(work.connection, saver.book_id, entry_number)
        draft = ledger.reversal_of(entry, effective_date=on, actor="uji", key=token_hex(4), reason="keliru")
        (outcome,) = await ledger.append(work.connection, [draft])
        await work.commit()
    return outcome


async def sum_of(saver: Saver, code: str) -> int:
    async with saver.database.reading(saver.book_id) as connection:
        account = await ledger.account_by_code(connection, saver.book_id, code)
        return await ledger.balance(connection, saver.book_id, account)


async def paid(saver: Saver, number: str) -> list[tuple[int, int, int]]:
    async with saver.database.reading(saver.book_id) as connection:
        found = (await service.paid_on(connection, saver.book_id, [number]))[number]
    return [(one.part, one.round, one.gross_minor) for one in found]


async def slips(saver: Saver, month: date) -> list[tuple[str, int, int]]:
    async with saver.database.work(saver.book_id) as work:
        await returns.assign_slips(work, month)
        found, _ = await returns.slips(work.connection, saver.book_id, month)
        await work.commit()
    return [(one.member_number, one.gross_minor, one.tax_minor) for one in found]


async def partner_of(saver: Saver) -> Saver:
    """Another cooperative that saves at the saver's, with its money there."""
    async with saver.database.work(saver.book_id) as work:
        partner = await savings.add_partner(work, "KSP Mitra", "123/BH", opened_on=date(2024, 1, 2), actor="uji")
        account = await savings.open_account(
            work, saver.cooperative, partner.number, savings.SavingsKind.KOPERASI_LAIN,
            actor="uji", opened_on=date(2024, 1, 2),
        )  # fmt: skip
        vault = await ledger.account_by_code(work.connection, work.book_id, "1101")
        lines = (
            ledger.Line(vault.account_id, 10_000_000_000),
            ledger.Line(account.ledger_account_id, -10_000_000_000),
        )
        draft = ledger.Draft(work.book_id, date(2024, 1, 2), "test", "Uji", "uji", lines, "isi-mitra")
        assert isinstance((await ledger.append(work.connection, [draft]))[0], ledger.Posted)
        await work.commit()
    return Saver(saver.database, saver.cooperative, partner.number, account.number)


# --- Reversed ---------------------------------------------------------------------------------------------------------


async def test_a_reversed_return_falls_due_again_and_counts_once(saver):
    number = (await saver.open()).number
    first, _ = await saver.settle(number, date(2025, 3, 31))
    assert isinstance(await reverse(saver, first.entry_number, date(2025, 4, 1)), ledger.Posted)
    assert await paid(saver, number) == [(2, 1, 3_397_300)]
    async with saver.database.reading(saver.book_id) as connection:
        [item] = (await service.due(connection, saver.cooperative, date(2025, 4, 2))).items
        offer = await service.preview(connection, saver.cooperative, number, date(2025, 4, 2))
    assert (item.part.number, item.gross_minor) == (1, 3_068_500)
    # 61 days at the lower 2 %: 33,425; only what stands was paid.
    assert offer.closing.return_minor == 3_342_500 - 3_397_300
    [again] = await saver.settle(number, date(2025, 4, 2))
    assert again.gross_minor == 3_068_500
    assert await saver.settle(number, date(2025, 4, 2)) == []
    assert await paid(saver, number) == [(1, 2, 3_068_500), (2, 1, 3_397_300)]
    assert await slips(saver, date(2025, 2, 1)) == [(saver.number, 3_068_500, 0)]
    assert await saver.balance() == 9_000_000_000 + 3_068_500 + 3_397_300


async def test_a_result_said_wrong_is_said_again_once_its_return_is_reversed(sharia_saver):
    number = (await sharia_saver.open()).number
    await pool(sharia_saver, date(2025, 1, 1), "10")
    [wrong] = await sharia_saver.settle(number, date(2025, 2, 28))
    await reverse(sharia_saver, wrong.entry_number, date(2025, 3, 1))
    await pool(sharia_saver, date(2025, 1, 1), "12")
    [right] = await sharia_saver.settle(number, date(2025, 3, 1))
    assert (wrong.gross_minor, right.gross_minor) == (4_500_000, 5_400_000)


@pytest.mark.parametrize("roll_over", [RollOver.NONE, RollOver.PRINCIPAL])
async def test_a_maturity_is_not_undone_by_halves(saver, roll_over):
    number = (await saver.open(roll_over=roll_over)).number
    *_, last = await saver.settle(number, date(2025, 4, 30))
    outcome = await reverse(saver, last.entry_number, date(2025, 5, 1))
    assert isinstance(outcome, ledger.Rejected)
    assert outcome.code == "account-closed"
    assert (await saver.get(number)).closed_as is (ClosedAs.ROLLED if last.rolled_to else ClosedAs.MATURED)


# --- Closed accounts, shut months, what waits ------------------------------------------------------------------------


async def test_an_account_that_was_closed_is_replaced_even_after_the_maturity(saver):
    number = (await saver.open()).number
    async with saver.database.work(saver.book_id) as work:
        other = await savings.open_account(
            work, saver.cooperative, saver.number, savings.SavingsKind.SUKARELA, actor="uji", opened_on=date(2024, 1, 2)
        )
        await service.instruct(
            work, number, roll_over=RollOver.NONE, payout_account=other.number, on=date(2025, 2, 1), actor="uji"
        )
        await savings.close_accounts(work, [other.number], date(2025, 2, 2), actor="uji")
        await work.commit()
    outcome = await run(saver.database, saver.cooperative, date(2025, 5, 2), "uji")
    assert outcome == ([], [(number, "account-closed")])
    async with saver.database.work(saver.book_id) as work:
        with pytest.raises(Refusal, match="deposit-due"):
            await service.instruct(
                work, number, roll_over=RollOver.PRINCIPAL, payout_account=saver.account, on=TODAY, actor="uji"
            )
        await service.instruct(
            work, number, roll_over=RollOver.NONE, payout_account=saver.account, on=TODAY, actor="uji"
        )
        await work.commit()
    outcome = await run(saver.database, saver.cooperative, date(2025, 5, 2), "uji")
    assert (len(outcome.posted), outcome.waiting) == (3, [])


async def test_an_account_younger_than_what_falls_due_gets_it_on_its_first_day(saver):
    number = (await saver.open()).number
    async with saver.database.work(saver.book_id) as work:
        new = await savings.open_account(
            work, saver.cooperative, saver.number, savings.SavingsKind.SUKARELA, actor="uji", opened_on=date(2025, 6, 2)
        )
        await service.instruct(
            work, number, roll_over=RollOver.NONE, payout_account=new.number, on=date(2025, 6, 3), actor="uji"
        )
        await work.commit()
    assert len(await saver.settle(number, date(2025, 6, 3))) == 3
    async with saver.database.reading(saver.book_id) as connection:
        posted = (await service.paid_on(connection, saver.book_id, [number]))[number]
    assert {one.paid_on for one in posted} == {date(2025, 6, 2)}


async def test_what_waits_does_not_hide_what_can_be_posted(saver):
    first = (await saver.open()).number
    second = (await saver.open(months=6)).number
    async with saver.database.work(saver.book_id) as work:
        other, _ = await members.register(work, members.NewMember(name="Inaq", joined_on=date(2024, 1, 2)), actor="uji")
        await savings.welcome(work, saver.cooperative, other, actor="uji")
        await work.commit()
    assert await saver.settle(first, date(2025, 4, 30))
    async with saver.database.reading(saver.book_id) as connection:
        page = await service.due(connection, saver.cooperative, date(2025, 5, 1), limit=2)
    assert ([one.named.deposit.number for one in page.items], page.more) == ([second, second], True)


async def test_a_shut_month_gets_nothing_more_and_nobody_loses_a_day(saver):
    number = (await saver.open(roll_over=RollOver.PRINCIPAL)).number
    async with saver.database.work(saver.book_id) as work:
        for month in (date(2024, 1, 1), *(date(2025, month, 1) for month in (1, 2, 3, 4))):
            await ledger.set_period(work.connection, saver.book_id, month, ledger.PeriodStatus.CLOSED, by="uji")
        await work.commit()
    done = await saver.settle(number, date(2025, 5, 2))
    assert [one.gross_minor for one in done] == [3_068_500, 3_397_300, 3_287_700]
    following = await saver.get(done[-1].rolled_to)
    assert (following.opened_on, following.matures_on) == (date(2025, 4, 30), date(2025, 7, 31))
    async with saver.database.reading(saver.book_id) as connection:
        paid_days = {one.paid_on for one in (await service.paid_on(connection, saver.book_id, [number]))[number]}
    assert paid_days == {date(2025, 5, 2)}


# --- Terms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("percent", [Fraction(0), Fraction(6)])
async def test_a_quarters_return_is_paid_by_the_quarter_and_a_rate_of_nothing_runs_too(saver, percent):
    terms = replace(PAYS_AT_THE_END, months=6, pay_months=3, percent=percent, basis=Basis.ACTUAL_365)
    await offered(saver, terms)
    number = (await saver.open(months=6, roll_over=RollOver.PRINCIPAL)).number
    done = await saver.settle(number, date(2026, 2, 10))
    # 31 January to 29 April is 89 days, to 30 July 92; the next half year begins on the 31st again.
    days = [89, 92, 92, 92]
    assert [one.gross_minor for one in done] == [round(10_000_000 * percent * n / 36_500) * 100 for n in days]
    assert [(one.opened_on, one.matures_on) for one in [await saver.get(number), await saver.get(done[1].rolled_to)]] == [
        (date(2025, 1, 31), date(2025, 7, 31)), (date(2025, 7, 31), date(2026, 1, 31)),
    ]  # fmt: skip


def test_a_quarter_does_not_divide_a_month():
    from koperasi.deposits.rules import check_terms

    with pytest.raises(Refusal, match="pay-months"):
        check_terms(replace(PAYS_AT_THE_END, months=1, pay_months=3), is_sharia=False)


@pytest.mark.parametrize("basis", list(Basis))
@pytest.mark.parametrize("months", [1, 3, 6, 12])
@pytest.mark.parametrize("opened", [date(2023, 8, 31), date(2024, 1, 31), date(2024, 2, 29), date(2023, 3, 1)])
def test_returns_are_those_of_a_slow_count_day_by_day(basis, months, opened):
    """Each day brings its part of a year; the day of deposit counts, that of maturity does not."""
    terms = Terms(
        months, opened, Earns.RATE, Fraction(475, 100), basis, 0 if months == 1 else 1, Early.NOTHING, Fraction(0), 1
    )
    one = proposed(terms, 1_234_567_800, opened, RollOver.NONE)
    for part in parts(one):
        exact = Fraction(0)
        for ordinal in range(part.first.toordinal(), part.last.toordinal() + 1):
            day = date.fromordinal(ordinal)
            leap = day.year % 4 == 0
            year = {Basis.ACTUAL_365: 365, Basis.ACTUAL_360: 360, Basis.ACTUAL_ACTUAL: 366 if leap else 365}.get(basis)
            exact += Fraction(1, year) if year else Fraction(0)
        if basis is Basis.MONTHS_12:
            exact = Fraction(1, 12)
        rupiah = exact * 12_345_678 * Fraction(475, 10_000)
        assert part.gross_minor == int(rupiah + Fraction(1, 2)) * 100
    assert parts(one)[-1].due_on == matures(opened, months, 1)


# --- Who else may have one ---------------------------------------------------------------------------------------------


async def test_another_cooperatives_deposit_lives_in_its_own_account_and_pays_its_own_tax(saver):
    partner = await partner_of(saver)
    number = (await partner.open(months=3, roll_over=RollOver.PRINCIPAL)).number
    assert (await sum_of(partner, "2105"), await sum_of(partner, "2103")) == (-1_000_000_000, 0)
    done = await partner.settle(number, date(2025, 4, 30))
    # UU PPh art. 23: 15 % of the gross, whatever the amount, rounded down to the rupiah.
    assert [(one.gross_minor, one.tax_minor) for one in done] == [
        (3_068_500, 460_200), (3_397_300, 509_500), (3_287_700, 493_100),
    ]  # fmt: skip
    following = await partner.get(done[-1].rolled_to)
    assert (following.member_number, following.is_partners) == (partner.number, True)
    assert (await partner.by_code("2144"), await partner.by_code("2141")) == (1_462_800, 0)
    assert await slips(partner, date(2025, 2, 1)) == [(partner.number, 3_068_500, 460_200)]
    await partner.close(following.number, date(2025, 5, 10))
    assert await sum_of(partner, "2105") == 0
    async with saver.database.reading(saver.book_id) as connection:
        mine = await service.search(connection, saver.book_id, member_number=partner.number)
        assert {one.member_name for one in mine} == {"KSP Mitra"}
        assert await service.search(connection, saver.book_id, member_number=saver.number) == []
        report = await examine(connection, saver.cooperative)
    assert report.findings == ()


async def test_only_where_the_chart_has_an_account_for_them(database, saver):
    partner = await partner_of(saver)
    with pytest.raises(Refusal, match="not-own-account"):
        await partner.open(source=saver.account)
    for kind in ("bpr", "kspps"):
        elsewhere = await saver_of(database, kind)
        assert not service.takes_partners(elsewhere.cooperative)
        with pytest.raises(Refusal, match="partner-cooperative"):
            await elsewhere.open(member_number=partner.number)


@pytest.mark.parametrize(("amount", "tax"), [(100_000_000, 0), (1_000_000_000, 613_700)])
async def test_a_bank_withholds_by_what_the_saver_has_with_it(database, amount, tax):
    bank = await saver_of(database, "bpr")
    async with database.work(bank.book_id) as work:
        free = await savings.account_by_number(work.connection, bank.book_id, bank.account)
        vault = await ledger.account_by_code(work.connection, work.book_id, "1101")
        rest = 10_000_000_000 - amount
        lines = (ledger.Line(free.ledger_account_id, rest), ledger.Line(vault.account_id, -rest))
        await ledger.append(
            work.connection, [ledger.Draft(work.book_id, date(2024, 1, 3), "test", "Uji", "uji", lines, "ambil")]
        )
        await work.commit()
    number = (await bank.open(amount_minor=amount)).number
    [first] = await bank.settle(number, date(2025, 2, 28))
    assert (first.gross_minor, first.tax_minor) == (amount * 4 * 28 // 36_500 // 100 * 100 + (100 if tax else 0), tax)
