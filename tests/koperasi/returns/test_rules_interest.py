from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.errors import Refusal
from koperasi.returns.rules_days import Basis, Movement
from koperasi.returns.rules_interest import (
    Account,
    Method,
    Posting,
    Rate,
    Terms,
    above_ceiling,
    correction,
    open_days,
    periods,
    postings,
    return_of,
)  # fmt: skip

OCTOBER = date(2026, 10, 1), date(2026, 10, 31)


def terms(method=Method.DAILY, percent=6, **more):
    return Terms(method, [Rate(date.min, Fraction(percent))], **more)


moves = st.lists(st.builds(Movement, st.dates(*OCTOBER), st.integers(-(10**8), 10**9)), max_size=12)


@given(st.integers(0, 10**10), moves, st.sampled_from(list(Basis)))
def test_daily_and_average_are_the_same_money_without_a_minimum(opening, movements, basis):
    account = Account(opening, movements)
    daily = return_of(account, terms(basis=basis), *OCTOBER)
    assert daily.exact == return_of(account, terms(Method.AVERAGE, basis=basis), *OCTOBER).exact
    lowest = return_of(account, terms(Method.LOWEST, basis=basis), *OCTOBER)
    assert 0 <= lowest.exact <= daily.exact
    assert daily.exact == sum(one.amount for one in daily.earnings)
    assert abs(daily.amount_minor - daily.exact) <= 50


@given(st.integers(0, 10**10), moves, st.dates(*OCTOBER))
def test_two_periods_together_earn_what_one_does(opening, movements, cut):
    account = Account(opening, movements)
    first, last = OCTOBER
    whole = return_of(account, terms(), first, last).exact
    parts = return_of(account, terms(), first, cut).exact
    if cut < last:
        parts += return_of(account, terms(), date.fromordinal(cut.toordinal() + 1), last).exact
    assert whole == parts


def test_a_rate_that_changes_within_the_month():
    rates = [Rate(date(2026, 1, 1), Fraction(6)), Rate(date(2026, 10, 11), Fraction(12))]
    for method in Method:
        done = return_of(Account(36_500_000), Terms(method, rates), *OCTOBER)
        assert done.exact == 1000 * (6 * 10 + 12 * 21)
        assert [one.days for one in done.earnings] == [10, 21]


def test_before_the_first_rate_nothing_is_earned():
    rates = [Rate(date(2026, 10, 22), Fraction(10))]
    assert return_of(Account(36_500_000), Terms(Method.DAILY, rates), *OCTOBER).exact == 10_000 * 10


def test_an_account_opened_in_the_month_earns_for_its_days():
    account = Account(0, [Movement(date(2026, 10, 15), 36_500_000)], opened_on=date(2026, 10, 15))
    for method in Method:
        assert return_of(account, terms(method), *OCTOBER).exact == 6000 * 17


def test_an_account_closed_in_the_month_earns_until_the_day_before():
    closed = date(2026, 10, 20)
    account = Account(36_500_000, [Movement(closed, -36_500_000)], closed_on=closed)
    for method in Method:
        assert return_of(account, terms(method), *OCTOBER).exact == 6000 * 19
    assert open_days(account, date(2026, 11, 1), date(2026, 11, 30)) == ()


@pytest.mark.parametrize(
    "account",
    [Account(), Account(opened_on=date(2026, 11, 3)), Account(500, closed_on=OCTOBER[0]), Account(-100_000)],
)
@pytest.mark.parametrize("method", Method)
def test_an_empty_absent_or_overdrawn_account_earns_nothing(account, method):
    done = return_of(account, terms(method), *OCTOBER)
    assert (done.exact, done.amount_minor, done.earnings) == (0, 0, ())
    assert done.working()


def test_the_minimum_is_of_the_day_the_average_or_the_lowest():
    account = Account(10_000, [Movement(date(2026, 10, 11), 90_000)])
    days = {
        method: sum(one.days for one in return_of(account, terms(method, minimum_minor=50_000), *OCTOBER).earnings)
        for method in Method
    }
    assert days == {Method.DAILY: 21, Method.AVERAGE: 31, Method.LOWEST: 0}


def test_actual_actual_counts_each_year_by_itself():
    done = return_of(Account(36_500_000), terms(basis=Basis.ACTUAL_ACTUAL), date(2023, 12, 31), date(2024, 1, 1))
    assert done.exact == Fraction(36_500_000 * 6, 100) * (Fraction(1, 365) + Fraction(1, 366))


def test_a_month_is_a_twelfth_however_long():
    for first, last in [(date(2024, 2, 1), date(2024, 2, 29)), OCTOBER]:
        assert return_of(Account(120_000), terms(percent=1, basis=Basis.MONTHS_12), first, last).exact == 100


def test_a_reversal_after_the_run_gives_a_correction_and_leaves_the_run():
    deposited = Movement(date(2026, 10, 11), 36_500_000)
    posted = return_of(Account(36_500_000, [deposited]), terms(), *OCTOBER)
    assert posted.amount_minor == 6000 * (31 + 21)
    back_dated = Account(36_500_000, [deposited, Movement(date(2026, 10, 11), -36_500_000)])
    assert correction(posted.amount_minor, return_of(back_dated, terms(), *OCTOBER)) == -6000 * 21
    in_november = Account(36_500_000, [deposited, Movement(date(2026, 11, 2), -36_500_000)])
    assert correction(posted.amount_minor, return_of(in_november, terms(), *OCTOBER)) == 0


def test_posted_returns_earn_from_the_next_day():
    account = Account(120_000_000)
    monthly = postings(
        account, terms(percent=12, basis=Basis.MONTHS_12), date(2026, 1, 1), date(2026, 3, 31), Posting.MONTHLY
    )
    assert [one.amount_minor for one in monthly] == [1_200_000, 1_212_000, 1_224_100]
    once = postings(
        account, terms(percent=12, basis=Basis.MONTHS_12), date(2026, 1, 1), date(2026, 3, 31), Posting.AT_END
    )
    assert [one.amount_minor for one in once] == [3_600_000]


def test_periods_end_with_month_quarter_or_the_last_day():
    first, last = date(2026, 2, 10), date(2026, 5, 5)
    assert [ends for _, ends in periods(first, last, Posting.MONTHLY)] == [
        date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), last,
    ]  # fmt: skip
    assert [ends for _, ends in periods(first, last, Posting.QUARTERLY)] == [date(2026, 3, 31), last]
    assert list(periods(first, last, Posting.AT_END)) == [(first, last)]


def test_daily_compounding_needs_daily_balances():
    with pytest.raises(Refusal, match="compounding-method"):
        return_of(Account(1), terms(Method.LOWEST, compound_daily=True), *OCTOBER)


def test_the_ceiling():
    assert above_ceiling([Rate(date.min, Fraction("9.01"))], Fraction(9))
    assert not above_ceiling([Rate(date.min, Fraction(9))], Fraction(9))


@pytest.mark.parametrize("locale", ["id", "en"])
@pytest.mark.parametrize("method", Method)
def test_the_working_names_days_balances_rate_and_rounding(method, locale):
    account = Account(100_000_000, [Movement(date(2026, 10, 11), 50_000_000)])
    done = return_of(account, terms(method, minimum_minor=5_000_000), *OCTOBER)
    text = "\n".join(one.text(locale) for one in done.working())
    for figure in (
        "Rp1.000.000",
        "Rp1.500.000",
        "31 Okto" if locale == "id" else "31 Octo",
        "6 %",
        "365",
        "Rp50.000",
        "rupiah",
    ):
        assert figure in text, figure
    assert "bunga" not in text.lower()
