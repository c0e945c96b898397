"""What falls due when, and what closing early leaves: for any contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.deposits import rules
from koperasi.deposits.figures import exact, read_number
from koperasi.deposits.rules import Basis, Early, Earns, Result, RollOver, Terms
from koperasi.errors import Refusal

days = st.dates(date(2000, 1, 1), date(2068, 12, 31))
percents = st.integers(0, 1000).map(lambda tenths: Fraction(tenths, 10))


@st.composite
def terms(draw, earns=st.sampled_from(Earns)):  # noqa: B008
    percent = draw(percents)
    kind = draw(earns)
    early = draw(st.sampled_from(Early if kind is Earns.RATE else [Early.NOTHING, Early.REDUCED]))
    return Terms(
        draw(st.sampled_from(rules.TERMS_OFFERED)), date(2000, 1, 1), kind, percent, draw(st.sampled_from(Basis)),
        draw(st.sampled_from([0, 1])), early, percent * draw(st.integers(0, 10)) / 10 if early is Early.REDUCED else percent,
        100,
    )  # fmt: skip


@st.composite
def deposits(draw, of=terms()):  # noqa: B008
    made = rules.proposed(draw(of), draw(st.integers(1, 10**9)) * 100, draw(days), draw(st.sampled_from(RollOver)))
    term = draw(st.integers(1, 30))
    begins = rules.matures(made.seed_on, made.months, term - 1)
    return replace(made, term=term, opened_on=begins, matures_on=rules.matures(made.seed_on, made.months, term))


@given(deposits(), st.integers(0, 5000))
def test_parts_follow_one_another_from_the_first_day_to_the_day_before_maturity(one, hi):
    results = [Result(month, Fraction(hi, 100)) for month in rules.months_of(one, one.opened_on, one.matures_on)]
    parts = rules.parts(one, results)
    assert len(parts) == (one.months if one.pay_months else 1)
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert parts[0].first == one.opened_on
    assert parts[-1].due_on == one.matures_on
    assert all(after.first == part.due_on for part, after in pairwise(parts))
    assert all(part.gross_minor is not None and part.gross_minor >= 0 for part in parts)
    assert all(part.gross_minor % rules.RUPIAH == 0 for part in parts if part.gross_minor is not None)


@given(deposits(terms(st.just(Earns.NISBAH))), st.data())
def test_a_mudharabah_return_is_known_once_all_its_months_are(one, data):
    months = rules.months_of(one, one.opened_on, one.matures_on - timedelta(days=1))
    assert len(months) == one.months
    known = data.draw(st.sets(st.sampled_from(months)))
    for part in rules.parts(one, [Result(month, Fraction(10)) for month in sorted(known)]):
        needed = set(rules.months_of(one, part.first, part.last))
        assert (part.gross_minor is not None) == (needed <= known)


@given(deposits(terms(st.just(Earns.RATE))), st.data())
def test_closing_early_gives_and_takes_no_more_than_the_whole(one, data):
    on = data.draw(st.dates(one.opened_on, one.matures_on - timedelta(days=1)))
    paid = sum(part.gross_minor or 0 for part in rules.parts(one) if part.due_on <= on)
    found = rules.closing(one, on, paid)
    kept = found.return_minor + paid
    assert kept >= 0
    if one.early is Early.NOTHING:
        assert kept == 0
    waived = rules.closing(one, on, paid, is_waived=True)
    assert waived.return_minor >= found.return_minor
    assert waived.payout_minor >= one.principal_minor - paid


@given(days, st.sampled_from(rules.TERMS_OFFERED), st.integers(1, 19))
def test_maturities_are_counted_from_the_first_day(seed, months, term):
    found = rules.matures(seed, months, term)
    assert (found.year * 12 + found.month) - (seed.year * 12 + seed.month) == months * term
    assert found.day == seed.day or (found.day < seed.day and (found + timedelta(days=1)).day == 1)


def test_a_deposit_of_the_last_day_of_january_rolls_back_to_the_last_of_march():
    assert [rules.matures(date(2026, 1, 31), 1, term) for term in (1, 2)] == [date(2026, 2, 28), date(2026, 3, 31)]


@pytest.mark.parametrize(
    ("early", "percent", "expected"),
    [(Early.NOTHING, 0, 0), (Early.REDUCED, 3, 4_438_400), (Early.PENALTY, Fraction(1, 10), 3_876_700 + 4_000_000)],
)
def test_the_rules_for_closing_early(early, percent, expected):
    """10 million at 6 %, 54 days: 3 % are 44,384; at 6 % 88,767 less 0.1 % of the principal (10,000)."""
    offered = Terms(3, date(2026, 1, 1), Earns.RATE, Fraction(6), Basis.ACTUAL_365, 0, early, Fraction(percent), 100)
    one = rules.proposed(offered, 1_000_000_000, date(2026, 1, 1), RollOver.NONE)
    assert rules.closing(one, date(2026, 2, 24), 0).return_minor == expected


def test_an_enforced_ceiling_binds_rates_and_no_nisbah():
    offered = Terms(3, date(2026, 1, 1), Earns.RATE, Fraction(10), Basis.ACTUAL_365, 0, Early.NOTHING, Fraction(0), 100)
    with pytest.raises(Refusal, match="return-ceiling"):
        rules.check_terms(offered, is_sharia=False, ceiling=Fraction(9))
    rules.check_terms(replace(offered, percent=Fraction(9)), is_sharia=False, ceiling=Fraction(9))
    rules.check_terms(replace(offered, earns=Earns.NISBAH, percent=Fraction(60)), is_sharia=True)


@pytest.mark.parametrize("status", ["pemohon", "keluar_diajukan", "keluar", "meninggal", "diberhentikan"])
def test_only_members_open(status):
    with pytest.raises(Refusal, match="member-cannot-deposit"):
        rules.check_opening(
            None, 100, RollOver.NONE, opened_on=date(2026, 1, 1), today=date(2026, 1, 1), member_status=status
        )


@given(st.fractions(0, 999_999, max_denominator=10**4).map(lambda value: Fraction(int(value * 10**4), 10**4)))
def test_percentages_are_written_as_they_are_read(value):
    assert read_number(exact(value), 4) == value


@pytest.mark.parametrize("text", ["", "-1", "1e3", "1.000,5", "1/2", "0,00001", "٣", "NaN"])
def test_what_is_no_percentage_is_none(text):
    assert read_number(text, 4) is None
