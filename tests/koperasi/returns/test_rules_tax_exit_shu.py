from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.errors import Refusal
from koperasi.returns.rules_exit import ExitPolicy, Heir, Item, Kind, Reason, settle
from koperasi.returns.rules_shu import Basis, allocate, right_of, share_members
from koperasi.returns.rules_tax import POLICIES, Paid, ThresholdOf, policy_at, withhold

OCTOBER = date(2026, 10, 1)
DECIDED = date(2026, 10, 31)


@given(st.lists(st.integers(0, 50_000_000), max_size=8), st.sampled_from(ThresholdOf))
def test_tax_is_of_the_whole_or_nothing(grosses, testing):
    policies = [one._replace(testing=testing) for one in POLICIES]
    done = withhold([Paid(str(index), one) for index, one in enumerate(grosses)], OCTOBER, policies)
    total = sum(grosses)
    assert done.tax_minor == (total // 1000 * 100 if total > 24_000_000 else 0)
    assert sum(done.taxes_minor) == done.tax_minor
    assert all(0 <= tax <= one.gross_minor for one, tax in zip(done.paid, done.taxes_minor, strict=True))
    assert done.slip_due is (total > 0)
    assert (done.deposit_by == date(2026, 11, 15)) is (done.tax_minor > 0)
    assert done.working()[-1].text("id")


def test_the_day_of_payment_to_the_state_moved():
    paid = [Paid("1", 30_000_000)]
    assert withhold(paid, date(2024, 12, 31)).deposit_by == date(2025, 1, 10)
    assert withhold(paid, date(2025, 1, 5)).deposit_by == date(2025, 2, 15)
    with pytest.raises(Refusal, match="tax-policy-missing"):
        policy_at(POLICIES, date(2008, 12, 31))


def test_months_tested_one_by_one_are_those_that_exceed():
    by_month = [one._replace(testing=ThresholdOf.MONTH) for one in POLICIES]
    paid = [Paid("quarterly", 60_000_000, 3), Paid("monthly", 5_000_000)]
    done = withhold(paid, OCTOBER, by_month)
    # 200,000 + 50,000 in the month of payment exceed 240,000; the 200,000 of each earlier month do not.
    assert (done.tax_minor, done.taxes_minor) == (2_500_000, (2_000_000, 500_000))


@pytest.mark.parametrize(
    ("paid", "code"), [([Paid("1", -1)], "gross-negative"), ([Paid("1", 1), Paid("1", 2)], "account-twice")]
)
def test_tax_refuses(paid, code):
    with pytest.raises(Refusal, match=code):
        withhold(paid, OCTOBER)


amounts = st.integers(0, 10**10)


@given(st.lists(st.builds(Item, st.sampled_from(Kind), st.just(""), amounts), max_size=12), st.booleans())
def test_a_settlement_is_the_sum_of_its_lines(items, decided):
    done = settle(items, reason=Reason.LEFT, decided_on=DECIDED, policy=ExitPolicy(shu_decided=decided))
    owed = {Kind.LOAN, Kind.LOAN_SERVICE, Kind.CHARGE}
    expected = sum(
        -one.amount_minor if one.kind in owed else one.amount_minor
        for one in items
        if decided or one.kind is not Kind.SHU
    )
    assert done.net_minor == expected == done.to_member_minor - done.from_member_minor
    assert done.is_blocked is (expected < 0)
    assert (done.pay_by is not None) is (expected > 0)
    assert [one.text("en") for one in done.working()]


def test_who_owes_more_than_they_have_is_not_paid():
    items = [Item(Kind.POKOK, "", 10_000_000), Item(Kind.LOAN, "", 12_000_000)]
    done = settle(items, reason=Reason.LEFT, decided_on=DECIDED)
    assert (done.net_minor, done.is_blocked, done.pay_by) == (-2_000_000, True, None)
    assert "Rp20.000" in done.working()[-1].text("id")


def test_policy_adds_or_keeps_back_and_the_pay_day_keeps_to_the_month():
    items = [
        Item(Kind.POKOK, "", 10_000_000),
        Item(Kind.POLICY, "dana tetap", -4_000_000),
        Item(Kind.POLICY, "tambahan", 500_000),
    ]
    done = settle(items, reason=Reason.LEFT, decided_on=DECIDED)
    assert (done.net_minor, done.pay_by) == (6_500_000, date(2026, 11, 30))


@given(st.integers(1, 10**11), st.sampled_from([(50, 25, 25), ("33.34", "33.33", "33.33"), (100,)]))
def test_heirs_share_all_of_it(amount, percents):
    heirs = [Heir(str(index), Fraction(one)) for index, one in enumerate(percents)]
    done = settle([Item(Kind.WAJIB, "", amount)], reason=Reason.DECEASED, decided_on=DECIDED, heirs=heirs)
    assert sum(done.heirs_minor) == amount


def test_heirs_of_a_debt_get_nothing():
    items, heirs = [Item(Kind.LOAN, "", 100)], [Heir("Siti", Fraction(100))]
    assert settle(items, reason=Reason.DECEASED, decided_on=DECIDED, heirs=heirs).heirs_minor == (0,)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("shares-not-100", {"heirs": [Heir("a", Fraction(60)), Heir("b", Fraction(50))]}),
        ("shares-not-100", {"heirs": [Heir("a", Fraction(120)), Heir("b", Fraction(-20))]}),
        ("heirs-without-death", {"heirs": [Heir("a", Fraction(100))], "reason": Reason.LEFT}),
        ("item-negative", {"items": [Item(Kind.LOAN, "", -1)]}),
    ],
)
def test_settlements_that_are_refused(code, change):
    facts = {"items": [Item(Kind.POKOK, "", 1)], "reason": Reason.DECEASED, "decided_on": DECIDED} | change
    with pytest.raises(Refusal, match=code):
        settle(facts.pop("items"), **facts)


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.lists(st.tuples(amounts, amounts), min_size=1, max_size=20))
def test_the_surplus_pools_go_to_members_to_the_last_sen(capital, business, rows):
    members = [Basis(str(index), *row) for index, row in enumerate(rows)]
    rights = share_members(capital, business, members)
    assert sum(one.capital_minor for one in rights.values()) == (capital if any(row[0] for row in rows) else 0)
    assert sum(one.business_minor for one in rights.values()) == (business if any(row[1] for row in rows) else 0)


def test_a_surplus_is_no_loss_and_a_part_no_more_than_the_whole():
    with pytest.raises(Refusal, match="surplus-negative"):
        allocate(-1, {"cadangan": Fraction(100)})
    with pytest.raises(Refusal, match="share-above-all"):
        right_of(100, Fraction(20), Fraction(25), own=Basis("", 2, 0), all_members=Basis("", 1, 0))
    assert right_of(100, Fraction(20), Fraction(25), own=Basis("", 0, 0), all_members=Basis("", 0, 0)).total_minor == 0
