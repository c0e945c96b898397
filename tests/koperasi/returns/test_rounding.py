from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.returns.rounding import Rounding, apportion, to_unit
from koperasi.returns.working import Step, number, rupiah

fractions = st.fractions(min_value=0, max_value=10**12, max_denominator=400)


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        (Rounding.HALF_UP, [100, 200, -200, 300, 0]),
        (Rounding.HALF_EVEN, [100, 200, -200, 200, 0]),
        (Rounding.DOWN, [100, 100, -100, 200, 0]),
        (Rounding.UP, [200, 200, -200, 300, 0]),
    ],
)
def test_directions(rounding, expected):
    assert [to_unit(Fraction(value), 100, rounding) for value in (149, 150, -150, 250, 0)] == expected


@given(st.lists(fractions, min_size=1, max_size=30), st.sampled_from([1, 100, 50_000]))
def test_parts_add_up_and_are_within_a_unit(exact, unit):
    parts = apportion(exact, unit)
    assert sum(parts) == to_unit(sum(exact), unit)
    assert all(abs(part - one) < unit and part % unit == 0 for part, one in zip(parts, exact, strict=True))


@given(st.lists(fractions, min_size=2, max_size=10))
def test_who_has_more_never_gets_less_by_a_whole_unit(exact):
    parts = apportion(exact, 100)
    for one, part in zip(exact, parts, strict=True):
        for other, its in zip(exact, parts, strict=True):
            assert one <= other or part >= its or its - part <= 100


def test_ties_go_to_the_earlier():
    assert apportion([Fraction(150), Fraction(150)], 100) == [200, 100]


@pytest.mark.parametrize("total", [99, 500, -100])
def test_a_total_that_is_not_theirs_is_refused(total):
    with pytest.raises(ValueError, match="total"):
        apportion([Fraction(150), Fraction(150)], 100, total)


def test_a_negative_part_is_refused():
    with pytest.raises(ValueError, match="negative"):
        apportion([Fraction(-1)], 100)


def test_figures_in_words():
    assert number(Fraction(5500000, 3), 4) == "1.833.333,3333"
    assert number(Fraction(-1, 2)) == "-0,5"
    assert number(Fraction(-1, 10**9)) == "0"
    assert number(12, 0) == "12"
    assert rupiah(Fraction(493_150_685, 1000)) == "Rp4.931,5069"
    assert rupiah(Fraction(-1, 3)) == "-Rp0,0033"
    assert rupiah(123_450) == "Rp1.234,50"
    assert Step("Dibayar paling lambat %(day)s.", {"day": __import__("datetime").date(2026, 8, 17)}).text("en") == (
        "To be paid by 17 August 2026 at the latest."
    )
