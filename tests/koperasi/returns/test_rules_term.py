import itertools
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.errors import Refusal
from koperasi.returns.rules_days import Basis
from koperasi.returns.rules_term import Early, Result, RollOver, TermContract, follow, maturity


def contract(**more):
    facts = {"principal_minor": 365_000_000, "opened_on": date(2026, 1, 31), "term_months": 1, "percent": Fraction(6)}
    return TermContract(**(facts | more))


def test_a_month_to_maturity():
    done = follow(contract(), date(2026, 12, 31))
    assert (done.terms[0].ends, done.closed_on, done.is_running) == (date(2026, 2, 28), date(2026, 2, 28), False)
    assert done.total_return_minor == 365_000_000 * 6 // 100 * 28 // 365
    assert done.payout_minor == 365_000_000 + done.total_return_minor


def test_terms_roll_from_the_first_day():
    done = follow(contract(roll_over=RollOver.PRINCIPAL), date(2026, 5, 1))
    assert [one.ends for one in done.terms] == [
        date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31),
    ]  # fmt: skip
    assert [one.begins for one in done.terms[1:]] == [one.ends for one in done.terms[:-1]]
    assert {one.principal_minor for one in done.terms} == {365_000_000}
    assert done.is_running


def test_principal_and_return_go_on_together():
    done = follow(contract(roll_over=RollOver.ALL, basis=Basis.MONTHS_12, percent=Fraction(12)), date(2026, 3, 31))
    assert [one.principal_minor for one in done.terms] == [365_000_000, 368_650_000, 372_336_500]
    assert done.is_running


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.sampled_from([1, 3, 6, 12]), st.integers(0, 40))
def test_days_of_all_terms_join_without_gap_or_overlap(opened_on, months, rolls):
    agreed = contract(opened_on=opened_on, term_months=months, roll_over=RollOver.PRINCIPAL)
    done = follow(agreed, maturity(agreed, rolls))
    assert len(done.terms) == rolls + 1
    days = [one for term in done.terms for one in term.accruals]
    assert days[0].first == opened_on
    for one, other in itertools.pairwise(days):
        assert (other.first - one.last).days == 1


def test_returns_paid_by_the_month_are_of_each_month():
    done = follow(contract(term_months=3, pay_months=1, basis=Basis.MONTHS_12, percent=Fraction(12)), date(2026, 4, 30))
    assert [one.amount_minor for one in done.terms[0].accruals] == [3_650_000] * 3
    assert done.payout_minor == 365_000_000 + 3_650_000
    assert done.total_return_minor == 3 * 3_650_000


@pytest.mark.parametrize(
    ("early", "expected"),
    [
        ({"early": Early.NOTHING}, 0),
        ({"early": Early.REDUCED, "early_percent": Fraction(2)}, 20_000 * 40),
        ({"early": Early.PENALTY, "penalty_minor": 1_000_000}, 60_000 * 40 - 1_000_000),
        ({"early": Early.PENALTY, "penalty_minor": 10**9}, 0),
    ],
)
def test_closed_before_its_day(early, expected):
    done = follow(contract(term_months=3, **early), date(2026, 12, 31), closed_on=date(2026, 3, 12))
    assert done.terms[0].is_early
    assert (done.closed_on, done.total_return_minor) == (date(2026, 3, 12), expected)
    assert done.payout_minor == 365_000_000 + expected
    assert done.working()


def test_what_was_paid_before_an_early_closing_is_kept_back():
    agreed = contract(term_months=3, pay_months=1, early=Early.REDUCED, early_percent=Fraction(2))
    done = follow(agreed, date(2026, 12, 31), closed_on=date(2026, 3, 12))
    assert done.total_return_minor == 20_000 * 40
    assert done.terms[0].taken_back_minor == 60_000 * 28 - 20_000 * 40
    assert done.payout_minor == 365_000_000 - done.terms[0].taken_back_minor
    nothing = follow(contract(term_months=3, pay_months=1), date(2026, 12, 31), closed_on=date(2026, 3, 12))
    assert nothing.payout_minor == 365_000_000 - 60_000 * 28


def test_closed_on_a_maturity_is_not_early_and_on_the_first_day_brings_nothing():
    rolled = contract(roll_over=RollOver.PRINCIPAL)
    done = follow(rolled, date(2026, 12, 31), closed_on=date(2026, 3, 31))
    assert (len(done.terms), done.terms[-1].is_early, done.closed_on) == (2, False, date(2026, 3, 31))
    same_day = follow(
        contract(early=Early.REDUCED, early_percent=Fraction(2)), date(2026, 1, 31), closed_on=date(2026, 1, 31)
    )
    assert (same_day.total_return_minor, same_day.payout_minor) == (0, 365_000_000)


def test_a_mudharabah_deposit_takes_each_months_result():
    results = [Result(date(2026, 1, 1), Fraction(10)), Result(date(2026, 2, 28), Fraction(20))]
    agreed = contract(principal_minor=100_000_000, term_months=3, percent=Fraction(50), results=results)
    done = follow(agreed, date(2026, 4, 30))
    assert done.total_return_minor == 500_000 + 1_000_000 + 1_000_000
    broken = contract(
        principal_minor=100_000_000, term_months=3, percent=Fraction(50), results=results, early=Early.PENALTY
    )
    done = follow(broken, date(2026, 12, 31), closed_on=date(2026, 3, 31))
    assert done.total_return_minor == 1_500_000
    assert "nisbah" in " ".join(one.text("id") for one in done.working())


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("principal-not-positive", {"principal_minor": 0}),
        ("term-months", {"term_months": 0}),
        ("term-months", {"term_months": 121}),
        ("pay-months", {"term_months": 12, "pay_months": 5}),
        ("percent-range", {"percent": Fraction(-1)}),
        ("percent-range", {"percent": Fraction(101), "results": [Result(date(2026, 1, 1), Fraction(1))]}),
        ("penalty-negative", {"penalty_minor": -1}),
        ("rate-and-results", {"capitalise_months": 1, "results": [Result(date(2026, 1, 1), Fraction(1))]}),
    ],
)
def test_contracts_that_cannot_be_kept(code, change):
    with pytest.raises(Refusal, match=code):
        follow(contract(**change), date(2026, 12, 31))


def test_days_before_the_deposit_are_refused():
    with pytest.raises(Refusal, match="until-before-opened"):
        follow(contract(), date(2026, 1, 30))
    with pytest.raises(Refusal, match="closed-before-opened"):
        follow(contract(), date(2026, 12, 31), closed_on=date(2026, 1, 30))
