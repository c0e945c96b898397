from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.errors import Refusal
from koperasi.returns.rules_pool import (
    Nisbah,
    Saver,
    exact_share,
    nisbah_at,
    share_at,
    share_bonus,
    share_pool,
)  # fmt: skip

averages = st.fractions(min_value=0, max_value=10**12, max_denominator=31)
savers = st.lists(
    st.tuples(averages, st.sampled_from([Fraction(30), Fraction(45), Fraction("52.5")])), max_size=25
).map(lambda rows: [Saver(str(index), *row) for index, row in enumerate(rows)])


@given(savers, st.integers(0, 10**12), st.integers(0, 10**13).map(Fraction))
def test_what_is_distributed_is_what_savers_and_cooperative_get(listed, income, financing):
    pool = share_pool(listed, income_minor=income, financing=financing)
    assert pool.to_savers_minor + pool.to_cooperative_minor == pool.distributed_minor
    assert pool.distributable <= income
    for one in listed:
        exact = exact_share(one, pool.hi_1000)
        assert -50 <= exact - pool.amounts_minor[one.number] < 50  # by itself, half up
    assert pool.remainder == pool.to_savers_minor - pool.exact
    assert [one.text("id") for one in pool.working()]


def test_a_pool_of_nothing_shares_nothing():
    pool = share_pool([], income_minor=5_000_000, financing=Fraction(10**9))
    assert (pool.hi_1000, pool.to_savers_minor, pool.distributed_minor) == (0, 0, 0)
    empty = share_pool([Saver("1", Fraction(0), Fraction(30))], income_minor=5_000_000, financing=Fraction(10**9))
    assert (empty.hi_1000, empty.amounts_minor) == (0, {"1": 0})


def test_without_financing_there_is_nothing_to_share():
    pool = share_pool([Saver("1", Fraction(10**8), Fraction(30))], income_minor=5_000_000, financing=Fraction(0))
    assert (pool.hi_1000, pool.amounts_minor, pool.to_cooperative_minor) == (0, {"1": 0}, 0)


def test_without_income_everybody_gets_nothing():
    pool = share_pool([Saver("1", Fraction(10**8), Fraction(30))], income_minor=0, financing=Fraction(10**9))
    assert (pool.hi_1000, pool.amounts_minor) == (0, {"1": 0})


def test_an_empty_account_gets_nothing_beside_others():
    listed = [Saver("empty", Fraction(0), Fraction(30)), Saver("full", Fraction(10**8), Fraction(30))]
    pool = share_pool(listed, income_minor=100_001, financing=Fraction(10**8))
    assert pool.amounts_minor == {"empty": 0, "full": 30_000}
    assert pool.to_cooperative_minor == 70_000


def test_where_funds_exceed_financing_all_income_is_shared_and_else_the_funds_part():
    one = [Saver("1", Fraction(2 * 10**9), Fraction(50))]
    assert share_pool(one, income_minor=10**7, financing=Fraction(10**9)).distributable == 10**7
    assert share_pool(one, income_minor=10**7, financing=Fraction(8 * 10**9)).distributable == 10**7 // 4


def test_hi_1000_is_not_rounded():
    pool = share_pool(
        [Saver("1", Fraction(3 * 10**7), Fraction(100))], income_minor=10**5, financing=Fraction(3 * 10**7)
    )
    assert pool.hi_1000 == Fraction(10, 3)
    assert pool.amounts_minor["1"] == 10**5


def test_the_rest_of_a_pool_stays_with_the_cooperative_until_its_accounts_are_listed():
    pool = share_pool(
        [Saver("1", Fraction(10**8), Fraction(50))],
        income_minor=10**6,
        financing=Fraction(10**9),
        funds=Fraction(10**9),
    )
    assert (pool.amounts_minor["1"], pool.to_cooperative_minor) == (50_000, 950_000)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("income-negative", {"income_minor": -1}),
        ("income-negative", {"financing": Fraction(-1)}),
        ("funds-below-accounts", {"funds": Fraction(1)}),
        ("nisbah-percent", {"savers": [Saver("1", Fraction(1), Fraction(101))]}),
        ("balance-negative", {"savers": [Saver("1", Fraction(-1), Fraction(1))]}),
        ("account-twice", {"savers": [Saver("1", Fraction(1), Fraction(1))] * 2}),
    ],
)
def test_what_is_refused(code, change):
    facts = {"savers": [Saver("1", Fraction(100), Fraction(30))], "income_minor": 1, "financing": Fraction(1)} | change
    with pytest.raises(Refusal, match=code):
        share_pool(facts.pop("savers"), **facts)
    if code == "income-negative":
        with pytest.raises(Refusal, match=code):
            share_at([], Fraction(-1))


def test_the_nisbah_that_holds_on_a_day():
    agreed = [Nisbah(date(2026, 10, 15), Fraction(45)), Nisbah(date(2026, 1, 1), Fraction(30))]
    assert nisbah_at(agreed, date(2026, 10, 14)) == 30
    assert nisbah_at(agreed, date(2026, 10, 15)) == 45
    with pytest.raises(Refusal, match="nisbah-missing"):
        nisbah_at(agreed, date(2025, 12, 31))


@given(st.lists(averages, max_size=20), st.integers(0, 10**9), st.integers(0, 10**11))
def test_a_bonus_is_given_away_to_the_last_sen(balances, bonus, minimum):
    done = share_bonus({str(index): one for index, one in enumerate(balances)}, bonus, minimum_minor=minimum)
    taking_part = [one for one in balances if one and one >= minimum]
    assert done.total_minor == (bonus if taking_part else 0)
    for name, balance in zip(done.amounts_minor, balances, strict=True):
        assert not done.amounts_minor[name] or balance >= minimum
    assert done.working()[0].text("en")


@pytest.mark.parametrize(("bonus", "balance", "code"), [(-1, 1, "bonus-negative"), (1, -1, "balance-negative")])
def test_a_bonus_below_zero_is_refused(bonus, balance, code):
    with pytest.raises(Refusal, match=code):
        share_bonus({"1": Fraction(balance)}, bonus)
