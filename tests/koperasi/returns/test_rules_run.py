"""A run's whole-number figures are those of the rules that look at one account at a time."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.errors import Refusal
from koperasi.returns import rules_run
from koperasi.returns.rounding import Rounding
from koperasi.returns.rules_days import Basis, Movement, day_sum, stretches
from koperasi.returns.rules_interest import Account, Method, Posting, Rate, Terms, return_of
from koperasi.returns.rules_pool import Saver, share_at, share_bonus
from koperasi.returns.rules_run import Period, TaxRule
from koperasi.returns.rules_tax import Paid, TaxPolicy, withhold

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
percents = st.fractions(min_value=0, max_value=30, max_denominator=60)
amounts = st.integers(min_value=0, max_value=10**13)


@st.composite
def runs(draw):
    """A period, terms that hold in it, and what an account did: never below nothing at the end of a day."""
    posting = draw(st.sampled_from([Posting.MONTHLY, Posting.QUARTERLY]))
    month = draw(st.sampled_from([date(2026, 11, 5), date(2027, 12, 31), date(2028, 2, 29), date(2026, 3, 31)]))
    if posting is Posting.QUARTERLY:
        month = month.replace(month=month.month // 3 * 3 or 3, day=1)
    period = rules_run.period_of(month, posting)
    days = [period.first + timedelta(days=n) for n in range(period.days)]
    opened = draw(st.one_of(st.none(), st.sampled_from(days)))
    closed = draw(st.one_of(st.none(), st.sampled_from(days)))
    if opened is not None and closed is not None and closed < opened:
        opened, closed = closed, opened
    opening = 0 if opened else draw(amounts)
    balance, moves = opening, []
    for day in sorted(draw(st.sets(st.sampled_from(days), max_size=6))):
        if (opened and day < opened) or (closed and day >= closed):
            continue
        change = draw(st.integers(min_value=-balance, max_value=10**12))
        balance += change
        moves.append(Movement(day, change))
    if closed:
        moves.append(Movement(closed, -balance))
    changes = draw(st.sets(st.sampled_from(days), max_size=2))
    rates = [Rate(day, draw(percents)) for day in sorted({date(2020, 1, 1), *changes})]
    terms = Terms(
        draw(st.sampled_from(Method)),
        rates,
        draw(st.sampled_from([Basis.ACTUAL_365, Basis.ACTUAL_360, Basis.ACTUAL_ACTUAL])),
        minimum_minor=draw(st.sampled_from([0, 0, 5_000_000, 10**11])),
        unit_minor=draw(st.sampled_from([1, 100, 10_000])),
        rounding=draw(st.sampled_from(Rounding)),
    )
    return period, terms, Account(opening, moves, opened, closed)


@given(runs())
def test_sums_of_balances_give_what_a_look_at_each_day_gives(case):
    period, terms, account = case
    cut = rules_run.segments(period, [rate.since for rate in terms.rates])
    ready = rules_run.quick(terms, cut)
    if ready is None:
        return
    sums = [day_sum(stretches(account.opening_minor, account.movements, *one)) for one in cut]
    last = account.closed_on - timedelta(days=1) if account.closed_on else date.max
    first = account.opened_on or date.min
    days = [max((min(one.last, last) - max(one.first, first)).days + 1, 0) for one in cut]
    assert ready.amount(sums, days) == return_of(account, terms, *period).amount_minor


def test_what_sums_cannot_tell_is_left_to_a_look_at_each_day():
    rate = [Rate(date(2020, 1, 1), Fraction(6))]
    cut = rules_run.segments(NOVEMBER)
    assert rules_run.quick(Terms(Method.DAILY, rate), cut) is not None
    assert rules_run.quick(Terms(Method.AVERAGE, rate, minimum_minor=100), cut) is not None
    assert rules_run.quick(Terms(Method.LOWEST, rate), cut) is None
    assert rules_run.quick(Terms(Method.DAILY, rate, minimum_minor=100), cut) is None
    changed = [*rate, Rate(date(2026, 11, 11), Fraction(3))]
    assert rules_run.quick(Terms(Method.AVERAGE, changed), rules_run.segments(NOVEMBER, [date(2026, 11, 11)])) is None


def test_a_rate_that_changes_within_the_month_counts_from_its_day():
    """6 % for ten days, 3 % for twenty, on Rp3,650,000: 600,000 x 10 + 300,000 x 20 hundredths of a day's 1/365."""
    terms = Terms(Method.DAILY, [Rate(date(2020, 1, 1), Fraction(6)), Rate(date(2026, 11, 11), Fraction(3))])
    cut = rules_run.segments(NOVEMBER, [rate.since for rate in terms.rates])
    assert [one.days for one in cut] == [10, 20]
    ready = rules_run.quick(terms, cut)
    assert ready.amount([365_000_000 * 10, 365_000_000 * 20], ()) == 1_200_000


@given(
    st.lists(st.integers(min_value=0, max_value=10**15), max_size=30), percents, st.fractions(0, 100, max_denominator=9)
)
def test_a_pool_is_shared_as_the_rule_of_one_pool_shares_it(sums, percent, hi_1000):
    savers = [Saver(str(n), Fraction(one, 30), percent) for n, one in enumerate(sums)]
    parts = rules_run.pool_shares(sums, 30, percent, hi_1000, 100)
    assert parts == list(share_at(savers, hi_1000).amounts_minor.values())
    assert sum(parts) % 100 == 0


@given(st.lists(st.integers(min_value=0, max_value=10**15), max_size=30), st.integers(min_value=0, max_value=10**10))
def test_a_bonus_is_shared_to_the_last_sen(sums, bonus):
    averages = {str(n): Fraction(one, 30) for n, one in enumerate(sums)}
    assert rules_run.bonus_shares(sums, bonus, 100) == list(share_bonus(averages, bonus).amounts_minor.values())


gross = st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=5)


@given(gross)
def test_tax_of_all_accounts_paid_at_once_is_the_laws(paid):
    policy = TaxPolicy(date(2025, 1, 1), 24_000_000, Fraction(10), 15)
    law = withhold([Paid(str(n), one) for n, one in enumerate(paid)], date(2026, 11, 1), [policy])
    mine = rules_run.tax_on(paid, 0, 0, TaxRule(24_000_000, Fraction(10)))
    assert sum(mine) == law.tax_minor
    assert mine == list(law.taxes_minor)


@given(st.lists(gross, min_size=1, max_size=4))
def test_however_a_months_payments_are_spread_the_tax_comes_to_the_same(payments):
    """Unless a last payment is too small to bear what the earlier ones now owe."""
    rule = TaxRule(24_000_000, Fraction(10))
    before = withheld = 0
    for paid in payments:
        taxes = rules_run.tax_on(paid, before, withheld, rule)
        assert all(0 <= tax <= one for tax, one in zip(taxes, paid, strict=True)) or sum(taxes) <= sum(paid)
        before, withheld = before + sum(paid), withheld + sum(taxes)
    whole = sum(rules_run.tax_on([before], 0, 0, rule))
    assert withheld == whole or withheld < whole <= withheld + before


def test_the_threshold_is_of_the_whole_month_and_the_whole_amount():
    """PPH-01: Rp240,000 nothing, Rp240,001 Rp24,000; a second payment bears what the first escaped."""
    rule = TaxRule(24_000_000, Fraction(10))
    assert rules_run.tax_on([24_000_000], 0, 0, rule) == [0]
    assert rules_run.tax_on([24_000_100], 0, 0, rule) == [2_400_000]
    assert rules_run.tax_on([100_000], 24_000_000, 0, rule) == [100_000]
    assert rules_run.tax_on([10_000_000], 20_000_000, 0, rule) == [3_000_000]
    assert rules_run.tax_on([10_000_000], 30_000_000, 3_000_000, rule) == [1_000_000]


def test_a_correction_downwards_gives_back_tax():
    rule = TaxRule(24_000_000, Fraction(10))
    assert rules_run.tax_on([-10_000_000], 30_000_000, 3_000_000, rule) == [-3_000_000]
    assert rules_run.tax_on([-1_000_000], 40_000_000, 4_000_000, rule) == [-100_000]
    assert rules_run.tax_on([-1_000_000], 10_000_000, 0, rule) == [0]


def test_periods_and_dates():
    assert rules_run.period_of(date(2026, 11, 14), Posting.MONTHLY) == NOVEMBER
    assert rules_run.period_of(date(2026, 12, 1), Posting.QUARTERLY) == (date(2026, 10, 1), date(2026, 12, 31))
    assert NOVEMBER.name == "2026-11"
    with pytest.raises(Refusal, match="quarter-month"):
        rules_run.period_of(date(2026, 11, 1), Posting.QUARTERLY)
    november, december = date(2026, 11, 1), date(2026, 12, 1)
    assert rules_run.effective_date(NOVEMBER, [], None) == date(2026, 11, 30)
    assert rules_run.effective_date(NOVEMBER, [november], november) == december
    assert rules_run.effective_date(NOVEMBER, [november, december], november) == date(2027, 1, 1)
    assert rules_run.effective_date(NOVEMBER, [], december) == date(2027, 1, 1)
