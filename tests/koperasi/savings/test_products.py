"""Products, what they ask of movements, plans and their standing orders, fees, sleep, other cooperatives."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import ledger
from koperasi.approvals import service as approvals
from koperasi.audit import service as audit
from koperasi.cooperatives.service import add_policy, roles
from koperasi.errors import NotFound
from koperasi.members.service import MemberStatus
from koperasi.savings import service, service_plans, service_terms
from koperasi.savings.products import Product, ProductTerms
from koperasi.savings.rules_plans import Goal, Plan
from koperasi.savings.service import SavingsKind

from .support import JOINED, Shop, code_of, once

BIG = 400_000_000


# --- products -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ksp", "usp", "kspps", "uspps", "bumdes_unit", "bpr", "kelompok"])
async def test_a_new_cooperative_begins_with_a_product_of_each_kind_it_has(database, founding, kind):
    cooperative = await founding(kind)
    there = roles(cooperative.kind)
    async with database.reading(cooperative.book_id) as connection:
        found = await service.products(connection, cooperative.book_id)
        terms = await service.product_terms(connection, cooperative.book_id)
    assert {"pokok", "wajib"} <= {one.code for one in found}
    assert service.free_kind(cooperative) in {one.kind for one in found}
    assert all(one.kind.role in there for one in found)
    assert set(terms) == {one.code for one in found}
    assert any(one.kind is SavingsKind.KOPERASI_LAIN for one in found) is (kind in {"ksp", "usp"})
    earns = {row.earns for rows in terms.values() for row in rows}
    assert "rate" not in earns if cooperative.is_sharia else not earns & {"nisbah", "bonus"}


async def test_terms_follow_one_another_and_never_change(ksp, owner_engine):
    assert await ksp.terms("sukarela", date(2026, 7, 1), rate_percent=Fraction(5, 2)) is None
    assert await ksp.terms("sukarela", date(2026, 9, 1), rate_percent=Fraction("2.75")) is None
    rows = (await ksp.read(service.product_terms, ["sukarela"]))["sukarela"]
    assert [row.rate_percent for row in rows] == [3, Fraction(5, 2), Fraction(11, 4)]
    assert service.terms_on(rows, date(2026, 8, 31)) == rows[1]
    assert await code_of(ksp.terms("sukarela", date(2026, 9, 1))) == "terms-date-taken"
    assert await code_of(ksp.terms("sukarela", date(1999, 1, 1))) == "terms-too-early"
    assert await code_of(ksp.terms("sukarela", date(2026, 10, 1), monthly_fee_minor=-1)) == "product-terms"
    with pytest.raises(DBAPIError, match="append-only"):
        async with owner_engine.begin() as connection:
            await connection.execute(text("UPDATE savings_product_terms SET rate_percent = 9"))


async def test_a_closed_month_keeps_its_terms(ksp):
    async with ksp.database.work(ksp.book) as work:
        await ledger.set_period(work.connection, ksp.book, date(2026, 5, 1), ledger.PeriodStatus.CLOSED, by="uji")
        await work.commit()
    assert await code_of(ksp.terms("sukarela", date(2026, 5, 31), rate_percent=Fraction(2))) == "terms-month-closed"
    assert await ksp.terms("sukarela", date(2026, 6, 1), rate_percent=Fraction(2)) is None


async def test_a_rate_above_the_ceiling(ksp):
    assert await code_of(ksp.terms("sukarela", date(2026, 7, 1), rate_percent=Fraction("9.5"))) == "rate-above-ceiling"
    await ksp.work(add_policy, "savings_return.ceiling_enforced", date(2026, 6, 1), "off", "Rapat anggota", "admin")
    assert await ksp.terms("sukarela", date(2026, 7, 1), rate_percent=Fraction("9.5")) is None


async def test_new_terms_wait_for_a_second_person_and_are_set_as_they_were_agreed_to(database, poster, own_village):
    shop = Shop(database, poster, own_village.cooperative)
    await shop.work(add_policy, "approval.rate_changes", date(2026, 1, 1), "on", "uji", "uji")
    now = (await shop.read(service.product_terms, ["mudharabah"]))["mudharabah"][-1]
    wanted = replace(now, valid_from=date(2027, 1, 1), nisbah_percent=Fraction(35), reason="Rapat 1/2027")
    key = once()

    async def ask():
        return await shop.work(
            service_terms.set_terms, "mudharabah", wanted, actor="bendahara", idempotency=key, now=datetime.now(UTC)
        )

    asked = await ask()
    assert (await ask()).number == asked.number
    assert ("Imbal", "Nisbah 30 : 70", "Nisbah 35 : 65") in [tuple(one) for one in asked.changes]
    assert len((await shop.read(service.product_terms, ["mudharabah"]))["mudharabah"]) == 1
    approvals.register(approvals.Kind.RATE_CHANGE, service_terms.carry_out, about=service_terms.ABOUT)
    async with database.work(shop.book) as work:
        await approvals.approve(
            work.connection, shop.book, asked.number, actor="ketua", seen=asked.fingerprint, now=datetime.now(UTC)
        )
        await work.commit()
    set_ = (await shop.read(service.product_terms, ["mudharabah"]))["mudharabah"][-1]
    assert (set_.nisbah_percent, set_.valid_from, set_.set_by) == (35, date(2027, 1, 1), "bendahara")


async def test_an_opened_account_is_on_the_trail_with_its_product_and_day(kspps):
    member, _ = await kspps.join()
    assert await code_of(kspps.open(member, "wajib")) == "savings-account-exists"
    number = await kspps.open(member, "mudharabah")
    found, _ = await kspps.read(audit.events, audit.Search(action=audit.Action.SAVINGS_OPENED))
    assert [(one.actor, one.subject, json.loads(one.after)) for one in found] == [
        ("uji", f"savings {number}", {"product": "mudharabah", "opened_on": JOINED.isoformat()})
    ]


async def test_another_product_of_a_kind(ksp):
    member, _ = await ksp.join()
    product = Product("lebaran", SavingsKind.BERENCANA, "Simpanan Lebaran", "Lebaran savings")
    terms = ProductTerms(date(2026, 1, 1), opening_minimum_minor=5_000_000, reason="Rapat 2/2026")
    await ksp.work(service_terms.add_product, ksp.cooperative, product, terms, actor="bendahara")
    number = await ksp.open(member, "lebaran")
    account = await ksp.read(service.account_by_number, number)
    assert (account.product_code, account.kind, account.name("en")) == (
        "lebaran", SavingsKind.BERENCANA, "Lebaran savings",
    )  # fmt: skip

    async def again(**facts):
        made = replace(product, **facts)
        return await code_of(ksp.work(service_terms.add_product, ksp.cooperative, made, terms, actor="bendahara"))

    assert await again() == "product-code-taken"
    assert await again(code="wadiah-2", kind=SavingsKind.WADIAH) == "product"
    assert await again(code="pokok-2", kind=SavingsKind.POKOK) == "product"
    assert await again(code="Lebaran 2") == "product"


# --- accounts -------------------------------------------------------------------------------------------------------


async def test_who_may_open_what(ksp):
    member, _ = await ksp.join()
    applicant, _ = await ksp.join("Pemohon", MemberStatus.PEMOHON)
    assert (await ksp.open(member, "berencana")).startswith("24")
    for product in ("sukarela", "wajib", "berencana"):
        assert await code_of(ksp.open(applicant, product)) == "member-not-joined"
    assert await code_of(ksp.open(member, "sukarela", date(2026, 3, 1))) == "opened-before-joining"
    assert await code_of(ksp.open(member, "pokok")) == "savings-account-exists"
    with pytest.raises(NotFound):
        await ksp.open(member, "tidak-ada")
    with pytest.raises(NotFound):  # only another cooperative saves there, whatever number a member has
        await ksp.open(member, "koperasi-lain")
    await ksp.terms("berencana", date(2026, 4, 1), offered=False)
    assert await code_of(ksp.open(member, "berencana", date(2026, 4, 1))) == "product-not-offered"


async def test_another_cooperative_saves_in_savings_of_its_own(ksp, kspps):
    partner = await ksp.work(service.add_partner, "KSP Makmur Desa", "123/BH/2015", opened_on=JOINED, actor="bendahara")
    assert partner.number == "K0001"
    with pytest.raises(NotFound):  # and nowhere else
        await ksp.open(partner.number, "sukarela")
    number = await ksp.open(partner.number, "koperasi-lain")
    await ksp.join()  # sets the desk up
    paper = await ksp.deposit(number, 25_000_000)
    assert (paper.member_number, paper.member_name) == ("K0001", "KSP Makmur Desa")
    assert (await ksp.withdraw(number, 5_000_000, JOINED)).balance_after_minor == 20_000_000
    async with ksp.database.reading(ksp.book) as connection:
        again = await service.receipt(connection, ksp.cooperative, paper.entry_number)
        books = await ledger.account_by_code(connection, ksp.book, f"2104.{number}")
    assert again.member_name == "KSP Makmur Desa"
    assert books.balance == 20_000_000
    assert [one.number for one in await ksp.read(service.accounts_of, "K0001")] == [number]
    assert (
        await code_of(kspps.work(service.add_partner, "KSP Lain", "1/BH", opened_on=JOINED, actor="uji"))
        == "savings-kind"
    )


async def test_only_an_empty_account_is_closed_and_it_stays_so(ksp):
    member, accounts = await ksp.join()
    number = accounts[SavingsKind.SUKARELA]
    await ksp.deposit(number, 1_000_000)
    later = JOINED + timedelta(days=5)
    assert await code_of(ksp.work(service.close_accounts, [number], later, "uji")) == "account-not-empty"
    await ksp.withdraw(number, 1_000_000, JOINED)
    for _ in range(2):
        await ksp.work(service.close_accounts, [number], later, "uji")
    assert (await ksp.read(service.account_by_number, number)).closed_on == later
    assert await code_of(ksp.deposit(number, 1_000_000, on=later)) == "account-closed"
    other = await ksp.open(member, "sukarela")
    await ksp.deposit(other, 1_000_000)
    both = ksp.work(service.close_accounts, [accounts[SavingsKind.POKOK], other], later, "uji")
    assert await code_of(both) == "account-not-empty"
    assert (await ksp.read(service.account_by_number, accounts[SavingsKind.POKOK])).closed_on is None


# --- what products ask of movements ---------------------------------------------------------------------------------


async def test_minimums_and_floor_are_the_products(ksp):
    _, accounts = await ksp.join()
    number = accounts[SavingsKind.SUKARELA]
    await ksp.terms(
        "sukarela", date(2026, 3, 1), opening_minimum_minor=5_000_000, deposit_minimum_minor=1_000_000,
        floor_minor=2_000_000,
    )  # fmt: skip
    assert await code_of(ksp.deposit(number, 4_999_900)) == "deposit-below-minimum"
    await ksp.deposit(number, 5_000_000)
    assert await code_of(ksp.deposit(number, 999_900)) == "deposit-below-minimum"
    await ksp.deposit(number, 1_000_000)
    assert await code_of(ksp.withdraw(number, 4_000_100, JOINED)) == "insufficient-balance"
    assert (await ksp.withdraw(number, 4_000_000, JOINED)).balance_after_minor == 2_000_000


async def test_planned_savings_wait_for_the_goals_day(ksp):
    member, accounts = await ksp.join()
    number = await ksp.open(member, "berencana")
    plan = Plan(JOINED, Goal.QURBAN, 300_000_000, date(2026, 6, 1), 0)
    await ksp.work(service_plans.set_plan, number, plan, actor="uji")
    await ksp.deposit(number, 1_000_000)
    assert await code_of(ksp.withdraw(number, 1_000_000, date(2026, 5, 31))) == "plan-not-due"
    assert (await ksp.withdraw(number, 400_000, date(2026, 6, 1))).balance_after_minor == 600_000
    await ksp.terms("berencana", date(2026, 3, 2), early_withdrawal=True)
    assert (await ksp.withdraw(number, 600_000, date(2026, 5, 1))).balance_after_minor == 0
    assert accounts[SavingsKind.POKOK] != number


# --- standing orders ------------------------------------------------------------------------------------------------


async def planned(shop: Shop, name: str, source_sen: int, instalment: int) -> tuple[str, str]:
    member, accounts = await shop.join(name)
    source = accounts[service.free_kind(shop.cooperative)]
    if source_sen:
        await shop.deposit(source, source_sen)
    goal = await shop.open(member, "berencana")
    plan = Plan(date(2026, 8, 1), Goal.LEBARAN, BIG, date(2030, 1, 1), instalment, 10, source)
    await shop.work(service_plans.set_plan, goal, plan, actor="uji")
    return source, goal


async def test_standing_orders_move_each_month_once_and_tell_what_they_could_not(ksp):
    rich, goal = await planned(ksp, "Ada", 100_000_000, 10_000_000)
    poor, other = await planned(ksp, "Kurang", 15_000_000, 10_000_000)
    day = date(2026, 10, 15)
    done = await ksp.work(service_plans.run_orders, day, actor="bendahara")
    assert (done.moved, done.moved_minor, done.more) == (4, 40_000_000, False)
    assert [(one.account_number, one.instalment.period) for one in done.missed] == [
        (other, "2026-09"),
        (other, "2026-10"),
    ]
    again = await ksp.work(service_plans.run_orders, day, actor="bendahara")
    assert (again.moved, len(again.missed)) == (0, 2)
    await ksp.deposit(poor, 5_000_000, on=day)
    late = await ksp.work(service_plans.run_orders, day, actor="bendahara")
    assert (late.moved, len(late.missed)) == (1, 1)
    assert [await ksp.balance(one) for one in (rich, goal, poor, other)] == [
        70_000_000, 30_000_000, 0, 20_000_000,
    ]  # fmt: skip
    state = await ksp.read(service_plans.plan_of, other, day)
    assert [one.paid for one in state.due] == [True, True, False]


async def test_two_who_run_the_orders_at_once_move_them_once(ksp):
    rich, goal = await planned(ksp, "Ada", 100_000_000, 10_000_000)
    day = date(2026, 9, 30)
    runs = await asyncio.gather(*(ksp.work(service_plans.run_orders, day, actor=f"bendahara{n}") for n in range(4)))
    assert sum(run.moved for run in runs) == 2
    assert await ksp.balance(goal) == 20_000_000
    assert await ksp.balance(rich) == 80_000_000


async def test_a_standing_order_takes_from_the_same_owner(ksp):
    _, others = await ksp.join("Lain")
    _, goal = await planned(ksp, "Ada", 0, 0)
    plan = Plan(date(2026, 9, 1), Goal.UMRAH, BIG, date(2030, 1, 1), 100, 1, others[SavingsKind.SUKARELA])
    assert await code_of(ksp.work(service_plans.set_plan, goal, plan, actor="uji")) == "transfer-not-own"
    same_day = replace(plan, valid_from=date(2026, 8, 1), instalment_minor=0, source_number=None)
    assert await code_of(ksp.work(service_plans.set_plan, goal, same_day, actor="uji")) == "plan-date-taken"
