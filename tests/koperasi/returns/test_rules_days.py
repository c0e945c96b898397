import itertools
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.errors import Refusal
from koperasi.returns.rules_days import (
    Basis,
    Movement,
    Stretch,
    add_months,
    average,
    day_sum,
    lowest,
    months,
    stretches,
    within,
)  # fmt: skip

FIRST = date(2026, 10, 1)
LAST = date(2026, 10, 31)

movements = st.lists(
    st.builds(
        Movement,
        st.dates(FIRST - timedelta(days=20), LAST + timedelta(days=20)),
        st.integers(-(10**9), 10**9),
    ),
    max_size=25,
)


@given(st.integers(-(10**9), 10**9), movements)
def test_stretches_are_the_closing_balances_of_all_days(opening, moves):
    found = stretches(opening, moves, FIRST, LAST)
    by_day = {}
    for one in found:
        for offset in range(one.days):
            by_day[one.first + timedelta(days=offset)] = one.balance_minor
    assert list(by_day) == [FIRST + timedelta(days=offset) for offset in range(31)]
    for day, balance in by_day.items():
        assert balance == opening + sum(amount for moved, amount in moves if moved <= day)
    assert all(one.balance_minor != other.balance_minor for one, other in itertools.pairwise(found))


@given(st.integers(0, 10**9), movements, st.randoms())
def test_the_order_within_a_day_and_of_the_list_changes_nothing(opening, moves, random):
    other = list(moves)
    random.shuffle(other)
    assert stretches(opening, moves, FIRST, LAST) == stretches(opening, other, FIRST, LAST)


@given(st.integers(-(10**9), 10**9), movements)
def test_sums_and_the_lowest_are_those_of_the_days(opening, moves):
    found = stretches(opening, moves, FIRST, LAST)
    days = [max(one.balance_minor, 0) for one in found for _ in range(one.days)]
    assert day_sum(found) == sum(days)
    assert average(found, 31) == Fraction(sum(days), 31)
    assert lowest(found) == min(days)


def test_no_days_are_zero_and_never_undefined():
    assert average((), 0) == 0
    assert lowest(()) == 0


def test_days_that_end_before_they_begin_are_refused():
    with pytest.raises(Refusal, match="period-order"):
        stretches(0, (), LAST, FIRST)


def test_parts_within():
    found = [Stretch(date(2026, 9, 20), date(2026, 10, 5), 7), Stretch(date(2026, 10, 6), date(2026, 11, 5), 9)]
    assert list(within(found, FIRST, LAST)) == [
        Stretch(FIRST, date(2026, 10, 5), 7),
        Stretch(date(2026, 10, 6), LAST, 9),
    ]


def test_months_cut_at_their_ends():
    assert list(months(date(2023, 12, 20), date(2024, 2, 3))) == [
        (date(2023, 12, 20), date(2023, 12, 31)),
        (date(2024, 1, 1), date(2024, 1, 31)),
        (date(2024, 2, 1), date(2024, 2, 3)),
    ]


@pytest.mark.parametrize(
    ("basis", "year"),
    [
        (Basis.ACTUAL_365, (365, 365)),
        (Basis.ACTUAL_360, (360, 360)),
        (Basis.ACTUAL_ACTUAL, (365, 366)),
        (Basis.MONTHS_12, (372, 348)),
    ],
)
def test_days_of_a_year(basis, year):
    assert (basis.year_of(date(2023, 12, 31)), basis.year_of(date(2024, 2, 29))) == year


def test_a_day_beyond_all_books_is_refused():
    with pytest.raises(Refusal, match="date-beyond"):
        add_months(date(2100, 12, 1), 1)
