"""Products' terms and plans as pure rules."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.cooperatives.service import Cooperative, Kind, roles
from koperasi.errors import Refusal
from koperasi.formats import InputError
from koperasi.frame import NAVIGATION, view_of
from koperasi.savings import rules, rules_plans, rules_products, rules_promises
from koperasi.savings.products import Earns, Product, ProductTerms, first_products, terms_on
from koperasi.savings.rules import SavingsKind
from koperasi.savings.rules_plans import Goal, Plan, instalments, plan_on

DAY = date(2026, 11, 2)
MINE, OTHER = "240000012", "210000016"


def wrong_fields(kind: SavingsKind, *, is_sharia: bool, **facts: object) -> set[str]:
    product = Product("coba", kind, "Coba", "Trial")
    try:
        rules_products.check_terms(product, ProductTerms(DAY, **facts), is_sharia=is_sharia)  # type: ignore[arg-type]
    except Refusal as refusal:
        return {error.field for error in refusal.errors}
    return set()


# --- what earns how -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SavingsKind)
def test_a_sharia_cooperative_pays_no_rate_and_wadiah_promises_nothing(kind):
    assert "earns" in wrong_fields(kind, is_sharia=True, earns="rate", rate_percent=Fraction(3))
    assert "earns" in wrong_fields(SavingsKind.WADIAH, is_sharia=True, earns="nisbah", nisbah_percent=Fraction(30))
    assert Earns.RATE not in rules_products.earnings_of(kind, is_sharia=True)


@pytest.mark.parametrize("kind", Kind)
def test_only_what_the_chart_can_pay_is_promised(kind):
    """A business group's chart has no account for returns: a rate that was decided there could never be paid."""
    pays, known = "return.savings" in roles(kind), {"is_sharia": kind.is_sharia}
    assert pays is (kind is not Kind.KELOMPOK)
    saved = SavingsKind.BERENCANA if kind.is_sharia else SavingsKind.SUKARELA
    allowed = rules_products.earnings_of(saved, pays_returns=pays, **known)
    assert (allowed == (Earns.NONE,)) is not pays
    earns = {"earns": "nisbah", "nisbah_percent": 30} if kind.is_sharia else {"earns": "rate", "rate_percent": 3}
    terms = ProductTerms(DAY, **earns)
    product = Product("coba", saved, "Coba", "Trial")
    with nullcontext() if pays else pytest.raises(Refusal, match="product-terms"):
        rules_products.check_terms(product, terms, pays_returns=pays, **known)
    shown = {url for url, *_ in NAVIGATION} - set(view_of(Cooperative(1, "uji", "Uji", kind, "Asia/Jakarta")).hidden)
    assert ("/imbal" in shown, "/berjangka" in shown, "/akad" in shown) == (pays, pays, kind.is_sharia)


@pytest.mark.parametrize("is_sharia", [True, False])
def test_the_first_products_may_be_as_they_are(is_sharia):
    kinds = [kind for kind in SavingsKind if is_sharia or kind not in (SavingsKind.WADIAH, SavingsKind.MUDHARABAH)]
    made = first_products(kinds, DAY, "uji", is_sharia=is_sharia, pays_rate=True)
    assert [product.kind for product, _ in made] == kinds
    assert len({product.code for product, _ in made}) == len(kinds)
    for product, terms in made:
        rules_products.check_terms(product, terms, is_sharia=is_sharia)
        assert not rules_products.above_ceiling(terms, Fraction(9))
        assert terms.reason


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"earns": "rate"}, "rate_percent"),
        ({"earns": "none", "rate_percent": Fraction(3)}, "rate_percent"),
        ({"earns": "rate", "rate_percent": Fraction(101)}, "rate_percent"),
        ({"earns": "rate", "rate_percent": Fraction(3), "nisbah_percent": Fraction(3)}, "nisbah_percent"),
        ({"method": "weekly"}, "method"),
        ({"floor_minor": -1}, "floor_minor"),
        ({"dormancy_months": 0}, "dormancy_months"),
    ],
)
def test_terms_that_can_not_be(facts, field):
    assert wrong_fields(SavingsKind.SUKARELA, is_sharia=False, **facts) == {field}


def test_own_capital_pays_no_fee():
    assert wrong_fields(SavingsKind.WAJIB, is_sharia=False, monthly_fee_minor=100) == {"monthly_fee_minor"}
    assert wrong_fields(SavingsKind.WAJIB, is_sharia=False, deposit_minimum_minor=100) == set()


@pytest.mark.parametrize(
    ("percent", "enforced", "refused"), [("9", True, False), ("9.000001", True, True), ("12", False, False)]
)
def test_the_ceiling_is_refused_where_the_policy_says_so(percent, enforced, refused):
    terms = ProductTerms(DAY, earns="rate", rate_percent=Fraction(percent))
    assert rules_products.above_ceiling(terms, Fraction(9)) is (percent != "9")
    if refused:
        with pytest.raises(Refusal) as told:
            rules_products.check_ceiling(terms, Fraction(9), enforced=enforced)
        assert (told.value.code, told.value.field) == ("rate-above-ceiling", "rate_percent")
    else:
        rules_products.check_ceiling(terms, Fraction(9), enforced=enforced)


def test_a_nisbah_knows_no_ceiling():
    terms = ProductTerms(DAY, earns="nisbah", nisbah_percent=Fraction(60))
    assert not rules_products.above_ceiling(terms, Fraction(9))
    assert rules_products.earning_text(terms, "id") == "Nisbah 60 : 40"


@given(st.integers(0, 100_000_000))
def test_a_percentage_is_read_as_it_is_written(millionths):
    percent = Fraction(millionths, 1_000_000)
    assert rules_products.read_percent(rules_products.percent_text(percent)) == percent
    assert rules_products.read_percent(rules_products.percent_text(percent).replace(".", ",") + " %") == percent


@pytest.mark.parametrize("text", ["", "-1", "100,1", "1.2345678", "3e2", "Ⅳ", "nan", "1/2"])
def test_what_is_no_percentage(text):
    with pytest.raises(InputError):
        rules_products.read_percent(text)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=6, unique=True), st.integers(-10, 500))
def test_the_newest_row_not_after_the_day_holds(offsets, asked):
    rows = [ProductTerms(DAY + timedelta(days=offset)) for offset in sorted(offsets)]
    day = DAY + timedelta(days=asked)
    held = terms_on(rows, day)
    assert held == max((row for row in rows if row.valid_from <= day), key=lambda row: row.valid_from, default=None)


def test_what_changes_is_told_before_and_after():
    product = Product("sukarela", SavingsKind.SUKARELA, "Simpanan sukarela", "Voluntary savings")
    before = ProductTerms(DAY, earns="rate", rate_percent=Fraction(3))
    after = ProductTerms(DAY + timedelta(days=30), earns="rate", rate_percent=Fraction(5, 2), reason="Rapat 12/2026")
    told = rules_products.changes(product, before, after)
    assert told[:2] == [("Produk", "", "Simpanan sukarela"), ("Imbal", "Jasa 3 % setahun", "Jasa 2,5 % setahun")]
    assert [label for label, _, _ in told] == ["Produk", "Imbal", "Berlaku sejak", "Dasar keputusan"]


# --- fees, minimums, sleep ------------------------------------------------------------------------------------------


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_fee_never_leaves_less_than_nothing(fee, balance, held):
    taken = rules.fee_taken(fee, balance, held)
    assert 0 <= taken <= fee
    assert taken == fee or taken == max(balance - held, 0)
    assert balance - held - taken >= min(balance - held, 0)


def test_the_first_deposit_may_have_to_be_larger():
    assert rules.least_deposit(1_000_00, 50_000_00, first=True) == 50_000_00
    assert rules.least_deposit(1_000_00, 50_000_00, first=False) == 1_000_00
    assert rules.least_deposit(60_000_00, 50_000_00, first=True) == 60_000_00


@pytest.mark.parametrize(
    ("moved", "months", "since"),
    [
        (date(2026, 1, 15), 12, date(2027, 1, 15)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 12, 31), 120, date(2036, 12, 31)),
        (date(2026, 1, 15), None, None),
    ],
)
def test_when_an_account_falls_asleep(moved, months, since):
    assert rules.sleeps_from(moved, months) == since


# --- plans ----------------------------------------------------------------------------------------------------------

ORDER = Plan(DAY, Goal.QURBAN, 300_000_000, date(2027, 5, 20), 50_000_000, 31, OTHER)


def test_a_standing_order_falls_due_on_the_last_day_of_shorter_months():
    found = instalments([ORDER], {"2026-12"}, date(2027, 3, 1))
    assert [one.due_on.isoformat() for one in found] == ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28"]
    assert [one.paid for one in found] == [False, True, False, False]


def test_nothing_falls_due_after_the_goals_day():
    assert instalments([ORDER], (), date(2028, 1, 1))[-1].due_on == date(2027, 4, 30)
    assert instalments([], (), date(2028, 1, 1)) == []


def test_a_changed_plan_holds_from_its_day():
    changed = Plan(date(2026, 12, 10), Goal.QURBAN, 300_000_000, date(2027, 5, 20), 70_000_000, 5, OTHER)
    stopped = Plan(date(2027, 2, 1), Goal.QURBAN, 300_000_000, date(2027, 5, 20))
    found = instalments([ORDER, changed, stopped], (), date(2027, 6, 1))
    # December's fifth was before the change, and its thirty-first after it.
    assert [(one.period, one.amount_minor) for one in found] == [("2026-11", 50_000_000), ("2027-01", 70_000_000)]


@given(
    st.integers(1, 31), st.integers(0, 800), st.lists(st.tuples(st.integers(0, 700), st.integers(1, 31)), max_size=4)
)
def test_one_instalment_a_month_at_most_and_each_by_the_row_in_force(day_of_month, until, changes):
    goal_day = DAY + timedelta(days=600)
    rows = {DAY: Plan(DAY, Goal.LAIN, 1, goal_day, 1_00, day_of_month, OTHER)}
    for offset, day in changes:
        start = DAY + timedelta(days=offset)
        rows[start] = Plan(start, Goal.LAIN, 1, goal_day, offset + 1, day, OTHER)
    plans = [rows[day] for day in sorted(rows)]
    found = instalments(plans, (), DAY + timedelta(days=until))
    assert len({one.period for one in found}) == len(found)
    for one in found:
        held = plan_on(plans, one.due_on)
        assert held is not None
        assert one.amount_minor == held.instalment_minor
        assert DAY <= one.due_on <= min(goal_day, DAY + timedelta(days=until))


@given(st.integers(1, 31), st.integers(1, 31), st.integers(0, 40), st.integers(0, 400))
def test_the_next_instalment_is_the_first_that_has_not_fallen_due(day, other, changed, later):
    plans = [
        replace(ORDER, day_of_month=day),
        replace(ORDER, valid_from=DAY + timedelta(changed + 1), day_of_month=other),
    ]
    on = plans[-1].valid_from + timedelta(days=later)
    coming = [one for one in instalments(plans, (), date(2029, 1, 1)) if one.due_on > on]
    assert rules_plans.next_instalment(plans, on) == (coming[0] if coming else None)


def test_planned_savings_wait_for_their_day_unless_the_terms_let_them_go():
    day = date(2027, 5, 19)
    assert rules_plans.locked_until(ORDER, day, early_withdrawal=False) == date(2027, 5, 20)
    assert rules_plans.locked_until(ORDER, day, early_withdrawal=True) is None
    assert rules_plans.locked_until(ORDER, date(2027, 5, 20), early_withdrawal=False) is None
    assert rules_plans.locked_until(None, day, early_withdrawal=False) is None


@pytest.mark.parametrize(
    ("facts", "kind", "source", "code"),
    [
        ({}, SavingsKind.BERENCANA, (OTHER, SavingsKind.SUKARELA), None),
        ({}, SavingsKind.SUKARELA, (OTHER, SavingsKind.SUKARELA), "not-planned-savings"),
        ({"target_minor": 0}, SavingsKind.BERENCANA, (OTHER, SavingsKind.SUKARELA), "plan-target"),
        ({"target_date": DAY}, SavingsKind.BERENCANA, (OTHER, SavingsKind.SUKARELA), "plan-date"),
        ({"target_date": date(2080, 1, 1)}, SavingsKind.BERENCANA, (OTHER, SavingsKind.SUKARELA), "plan-date"),
        ({"day_of_month": 32}, SavingsKind.BERENCANA, (OTHER, SavingsKind.SUKARELA), "plan-day"),
        ({}, SavingsKind.BERENCANA, None, "plan-source"),
        ({}, SavingsKind.BERENCANA, (OTHER, SavingsKind.WAJIB), "plan-source"),
        ({}, SavingsKind.BERENCANA, (MINE, SavingsKind.SUKARELA), "plan-source"),
    ],
)
def test_plans_that_can_not_be_kept(facts, kind, source, code):
    plan = Plan(**{name: getattr(ORDER, name) for name in Plan.__dataclass_fields__} | facts)
    try:
        rules_plans.check_plan(plan, kind, source, MINE)
        told = None
    except Refusal as refusal:
        told = refusal.code
    assert told == code


@given(st.integers(-10, 10**9), st.integers(1, 10**9))
def test_how_far_a_goal_is_reached(balance, target):
    percent = rules_plans.reached_percent(balance, target)
    assert 0 <= percent <= 100
    assert (percent == 100) is (balance >= target)


# --- what a member is told ------------------------------------------------------------------------------------------

OPENED = date(2026, 11, 9)
SHARIA, BANK = ("bagi hasil", "sisa hasil usaha (SHU)"), ("bunga tabungan", "laba")


def said(product: Product, *rows: ProductTerms, words: tuple[str, str] = SHARIA, on: date = OPENED) -> str:
    (found,) = rules_promises.told({product: OPENED}, {product.code: rows}, on, rules_promises.Words(*words), "id")
    return " ".join(found.sentences)


def test_a_member_is_told_what_was_agreed_and_nothing_else():
    kinds = [kind for kind in SavingsKind if kind not in (SavingsKind.SUKARELA, SavingsKind.KOPERASI_LAIN)]
    told = {
        one.kind: said(one, terms) for one, terms in first_products(kinds, DAY, "uji", is_sharia=True, pays_rate=True)
    }
    assert not [text for text in told.values() if "bunga" in text.lower()]
    assert "Tidak ada imbal yang dijanjikan" in told[SavingsKind.WADIAH]
    assert "%" not in told[SavingsKind.WADIAH]
    assert "30 % untuk Anda dan 70 % untuk koperasi" in told[SavingsKind.MUDHARABAH]
    assert "tidak dijanjikan" in told[SavingsKind.MUDHARABAH]
    assert "Dapat diambil mulai tanggal tujuan." in told[SavingsKind.BERENCANA]
    assert "sisa hasil usaha (SHU)" in told[SavingsKind.POKOK]
    assert all(text.startswith("Sejak 9 November 2026: ") for text in told.values())


def test_a_member_is_told_the_rate_from_when_and_what_is_decided_for_later():
    now = ProductTerms(
        DAY, earns="rate", rate_percent=Fraction("2.5"), monthly_fee_minor=100_000, floor_minor=2_000_000
    )
    later = replace(now, valid_from=date(2027, 1, 1), rate_percent=Fraction(2))
    product = Product("tabungan", SavingsKind.SUKARELA, "Tabungan", "Savings")
    text = said(product, now, later, words=BANK)
    assert "Sejak 9 November 2026: bunga tabungan 2,5 % setahun dari saldo harian, dibukukan setiap bulan." in text
    assert "Biaya Rp1.000 setiap bulan." in text
    assert "Saldo Rp20.000 tetap tinggal" in text
    assert "Mulai 1 Januari 2027: bunga tabungan 2 % setahun" in text
    renewed = said(product, now, later, words=BANK, on=date(2027, 1, 1))
    assert renewed.startswith("Sejak 1 Januari 2027: bunga tabungan 2 % setahun")
    assert "2,5" not in renewed
