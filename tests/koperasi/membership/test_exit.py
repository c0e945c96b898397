"""Leaving, dying and being dismissed: the statement, the two entries, the undoing."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import insert

import ledger
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.members.service import MemberStatus
from koperasi.membership import service
from koperasi.membership.pages import papers_of
from koperasi.membership.service import Act, Reason, Wishes
from koperasi.posting import Idempotency
from koperasi.returns import service as returns
from koperasi.savings.products import ProductTerms
from koperasi.savings.service import SavingsKind
from koperasi.savings.service_products import terms_row
from koperasi.savings.tables import savings_product_terms

from .conftest import TODAY, once

RP = 100


async def test_a_member_leaves_with_what_is_theirs(desk):
    member = await desk.join()
    await desk.pay_in(member.number, pokok=100_000, wajib=1_440_000, sukarela=325_000)
    with pytest.raises(Refusal, match="member-not-leaving"):
        await desk.decide(member.number)
    await desk.act(member.number, Act.EXIT_REQUESTED, Reason.MOVED)
    key = once()
    done = await desk.decide(member.number, key)
    assert (done.net_minor, done.pay_by, done.unpaid[0].amount_minor) == (
        1_865_000 * RP,
        date(2026, 12, 20),
        1_865_000 * RP,
    )
    assert (await desk.decide(member.number, key)).number == done.number
    assert await desk.status(member.number) is MemberStatus.KELUAR
    assert await desk.balance(f"2122.{member.number}") == 1_865_000 * RP
    assert {one.balance_minor for one in (await desk.accounts(member.number)).values()} == {0}
    with pytest.raises(Conflict, match="exit-exists"):
        await desk.decide(member.number)
    paying = once()
    paid = await desk.pay(member.number, key=paying)
    assert (await desk.pay(member.number, key=paying)).parts == paid.parts
    assert paid.is_paid
    with pytest.raises(Conflict, match="exit-part-paid"):
        await desk.pay(member.number)
    assert await desk.balance(f"2122.{member.number}") == 0
    assert await desk.balance("1102") == 0
    assert all(one.closed_on for one in (await desk.accounts(member.number)).values())
    with pytest.raises(Conflict, match="exit-paid"):
        await desk.undo(member.number)
    async with desk.database.reading(desk.cooperative.book_id) as connection:
        assert (await ledger.verify(connection, desk.cooperative.book_id)).findings == ()
        events = (await service.standing(connection, desk.cooperative, member.number)).events
    assert [one.act for one in events] == ["exit-requested", "settled"]


async def test_what_savings_earned_until_then_is_paid_and_taxed_and_never_twice(desk):
    member = await desk.join()
    await desk.pay_in(member.number, date(2026, 2, 2), pokok=100_000, sukarela=100_000_000)
    await desk.act(member.number, Act.EXIT_REQUESTED, Reason.OWN_WISH, date(2026, 11, 2))
    account = (await desk.accounts(member.number))[SavingsKind.SUKARELA].number
    book_id = desk.cooperative.book_id
    async with desk.database.reading(book_id) as connection:
        earned = (await returns.accrued(connection, desk.cooperative, account, date(2026, 11, 19))).amount_minor
    done = await desk.decide(member.number)
    tax = earned // 1000 * 100
    assert earned > 240_000 * RP
    assert done.net_minor == 100_100_000 * RP + earned - tax
    assert (await desk.balance("5101"), await desk.balance("2141")) == (earned, tax)
    async with desk.database.reading(book_id) as connection:
        again = await returns.accrued(connection, desk.cooperative, account, date(2026, 11, 30))
    assert again.amount_minor == 0
    await desk.undo(member.number)
    assert (await desk.balance("5101"), await desk.balance("2141")) == (0, 0)
    async with desk.database.reading(book_id) as connection:
        back = await returns.accrued(connection, desk.cooperative, account, date(2026, 11, 19))
    assert back.amount_minor == earned
    with pytest.raises(Refusal, match="exit-same-day"):
        await desk.decide(member.number)


async def test_a_death_is_paid_to_the_heirs_to_the_last_rupiah(desk, heirs):
    member = await desk.join(heirs=heirs)
    await desk.pay_in(member.number, pokok=100_000, sukarela=1)
    await desk.policy("exit.death_extra_percent", "25")
    await desk.act(member.number, Act.DECEASED, Reason.DEATH_CERTIFICATE, date(2026, 11, 1))
    done = await desk.decide(member.number)
    # The reserve is empty, so nothing comes from it.
    assert done.net_minor == 100_001 * RP
    assert [one.amount_minor for one in done.parts] == [50_001 * RP, 30_000 * RP, 20_000 * RP]
    assert [one.name for one in done.parts] == ["Budi", "Wati", "Slamet"]
    await desk.pay(member.number, 2)
    with pytest.raises(NotFound):
        await desk.pay(member.number, 0)
    await desk.pay(member.number, 1)
    assert (await desk.pay(member.number, 3)).is_paid
    assert all(one.closed_on for one in (await desk.accounts(member.number)).values())


async def test_a_decision_is_taken_back_while_nobody_was_paid(desk):
    member = await desk.join()
    await desk.pay_in(member.number, pokok=100_000, sukarela=50_000)
    await desk.act(member.number, Act.EXIT_REQUESTED, Reason.OWN_WISH, TODAY - timedelta(days=5))
    await desk.decide(member.number)
    with pytest.raises(Conflict, match="same-person"):
        await desk.undo(member.number, actor="bendahara")
    key = once()
    undone = await desk.undo(member.number, key)
    assert (await desk.undo(member.number, key)).reversal_entry == undone.reversal_entry
    assert await desk.status(member.number) is MemberStatus.KELUAR_DIAJUKAN
    assert sorted(one.balance_minor for one in (await desk.accounts(member.number)).values()) == [
        0,
        50_000 * RP,
        100_000 * RP,
    ]
    with pytest.raises(NotFound):
        await desk.pay(member.number)
    again = await desk.decide(member.number)
    assert (again.net_minor, again.number) == (150_000 * RP, undone.number + 1)
    await desk.pay(member.number)


async def test_the_right_to_the_surplus_is_paid_out_of_what_members_have_not_fetched(desk):
    member = await desk.join()
    await desk.pay_in(member.number, pokok=100_000)
    await desk.act(member.number, Act.EXIT_REQUESTED, Reason.OWN_WISH, TODAY - timedelta(days=5))
    with pytest.raises(Refusal, match="shu"):
        await desk.decide(member.number, shu_minor=25_000 * RP)
    await desk.grant(30_000)
    with pytest.raises(Refusal, match="shu"):
        await desk.decide(member.number, shu_minor=30_001 * RP)
    with pytest.raises(Refusal, match="shu"):
        await desk.decide(member.number, shu_minor=-1)
    done = await desk.decide(member.number, shu_minor=25_000 * RP)
    assert done.net_minor == 125_000 * RP
    assert await desk.balance("2123") == 5_000 * RP
    await desk.pay_in((await desk.join()).number, pokok=100_000)
    await desk.pay(member.number)
    assert await desk.balance("1102") == 75_000 * RP


async def test_many_who_leave_at_once_are_not_all_granted_the_last_of_the_surplus(desk):
    leaving = [await desk.join() for _ in range(6)]
    for member in leaving:
        await desk.pay_in(member.number, pokok=100_000)
        await desk.act(member.number, Act.EXIT_REQUESTED, Reason.OWN_WISH, TODAY - timedelta(days=5))
    await desk.grant(30_000)
    await asyncio.gather(*(desk.balance("2123") for _ in leaving))  # each has a connection of its own
    asked = (desk.decide(member.number, shu_minor=20_000 * RP) for member in leaving)
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, Refusal)]
    assert [one.code for one in refused] == ["shu"] * 5
    assert await desk.balance("2123") == 10_000 * RP


async def test_who_owes_more_than_they_have_stays_until_it_is_forgiven(desk):
    member = await desk.join()
    await desk.pay_in(member.number, pokok=100_000)
    await desk.act(member.number, Act.DISMISSED, Reason.BREACH)
    with pytest.raises(Refusal, match="exit-blocked"):
        await desk.decide(member.number, charge_minor=120_000 * RP)
    done = await desk.decide(member.number, charge_minor=120_000 * RP, waiver="BA 7/2026")
    assert (done.net_minor, done.is_paid, done.waiver) == (0, True, "BA 7/2026")
    assert await desk.balance("4105") == 100_000 * RP
    assert all(one.closed_on for one in (await desk.accounts(member.number)).values())
    await desk.undo(member.number)
    assert await desk.balance("4105") == 0
    assert await desk.status(member.number) is MemberStatus.DIBERHENTIKAN


async def test_who_dies_without_heirs_waits_for_them(desk):
    member = await desk.join()
    await desk.pay_in(member.number, pokok=100_000)
    await desk.act(member.number, Act.DECEASED, Reason.VILLAGE_LETTER)
    with pytest.raises(Refusal, match="heirs-missing"):
        await desk.decide(member.number)


async def test_the_articles_keep_a_part(desk):
    await desk.policy("exit.keep_pokok", "on")
    await desk.policy("exit.loss_share_percent", "2.5")
    await desk.policy("exit.fee", "15000.00")
    member = await desk.join()
    await desk.pay_in(member.number, pokok=100_000, wajib=200_000)
    await desk.act(member.number, Act.EXIT_REQUESTED, Reason.OTHER)
    done = await desk.decide(member.number)
    assert done.net_minor == (300_000 - 100_000 - 7_500 - 15_000) * RP
    assert (await desk.balance("3201"), await desk.balance("4105")) == (107_500 * RP, 15_000 * RP)


@pytest.mark.parametrize("kind", ["kspps", "usp", "bumdes_unit", "bpr", "kelompok"])
async def test_every_kind_of_cooperative_can_settle(opened, kind):
    desk = await opened(kind)
    member = await desk.join()
    free = next(one for one in await desk.accounts(member.number) if one.withdrawable)
    await desk.pay_in(member.number, **{free.value: 40_000})
    async with desk.database.reading(desk.cooperative.book_id) as connection:
        now = await service.standing(connection, desk.cooperative, member.number)
    # A bank's savers are customers: no paper says that they apply for membership.
    assert bool(papers_of(now)) is (kind not in ("bpr", "bumdes_unit"))
    await desk.act(member.number, Act.EXIT_REQUESTED, Reason.ABROAD)
    assert (await desk.decide(member.number)).net_minor == 40_000 * RP
    assert (await desk.pay(member.number)).is_paid


async def test_a_rate_that_no_chart_can_pay_keeps_nobody_from_leaving(opened):
    """A business group may have decided a rate before that was refused; its chart has no account for returns."""
    desk = await opened("kelompok")
    decided = ProductTerms(date(2021, 1, 1), earns="rate", rate_percent=Fraction(6), set_by="uji", reason="Rapat")
    async with desk.database.work(desk.cooperative.book_id) as work:
        row = terms_row(work.book_id, "sukarela", decided)
        await work.connection.execute(insert(savings_product_terms).values(row))
        await work.commit()
    member = await desk.join()
    await desk.pay_in(member.number, date(2026, 9, 1), sukarela=40_000)
    await desk.act(member.number, Act.EXIT_REQUESTED, Reason.ABROAD)
    assert (await desk.decide(member.number)).net_minor == 40_000 * RP


async def test_what_is_short_is_paid_in_at_the_desk_or_given_back(desk):
    await desk.policy("approval.member_exits", "off")
    member = await desk.join()
    await desk.pay_in(member.number, pokok=100_000)
    await desk.act(member.number, Act.EXIT_REQUESTED, Reason.OTHER)
    wishes = Wishes(12_500_000)

    async def bring(amount: int, key=None):
        async with desk.database.work(desk.cooperative.book_id) as work:
            made = await service.pay_in(
                work, desk.cooperative, member.number, amount, wishes=wishes, actor="kasir",
                idempotency=key or once(), today=TODAY,
            )  # fmt: skip
            await work.commit()
        return made

    async def give_back():
        async with desk.database.work(desk.cooperative.book_id) as work:
            await service.pay_back(
                work, desk.cooperative, member.number, actor="kasir", idempotency=once(), today=TODAY
            )
            await work.commit()

    before = await desk.balance("1102")
    with pytest.raises(Refusal, match="exit-blocked"):
        await desk.decide(member.number, charge_minor=12_500_000)
    for wrong in (2_400_000, 2_600_000):
        with pytest.raises(Conflict, match="shortage-changed"):
            await bring(wrong)
    with pytest.raises(Refusal, match="nothing-paid-in"):
        await give_back()
    key = Idempotency.of("uji", "kurang", "isi")
    assert await bring(2_500_000, key) == await bring(2_500_000, key)
    assert await desk.balance("1102") == before + 2_500_000
    with pytest.raises(Refusal, match="paid-in"):
        await desk.act(member.number, Act.EXIT_WITHDRAWN)
    await give_back()
    assert await desk.balance("1102") == before
    await bring(2_500_000)
    done = await desk.decide(member.number, charge_minor=12_500_000)
    assert (done.net_minor, done.unpaid) == (0, ())
    assert [await desk.balance(code) for code in ("1102", "2122", "3101")] == [before + 2_500_000, 0, 0]
    with pytest.raises(Conflict, match="exit-exists"):
        await bring(2_500_000)
