"""Contracts from before the book: the day by which they are counted is found again, and what was paid stays paid."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.deposits.rules import Basis, Early, Earns, RollOver, Terms, matures, parts, proposed
from koperasi.deposits.rules_carried import Carried, go_on
from koperasi.errors import Refusal
from koperasi.returns.service import rules_days

OFFERED = [
    Terms(m, date(2026, 1, 1), Earns.RATE, Fraction(6), Basis.ACTUAL_365, 1, Early.REDUCED, Fraction(3), 100_000_000)
    for m in (1, 3, 6, 12)
]
DAYS = st.dates(date(2019, 1, 1), date(2026, 12, 31))


def carried(**changes) -> Carried:
    one = Carried(
        "00001", "B-1", 500_000_000, date(2026, 1, 31), 3, None, Fraction(6), 1, RollOver.NONE, "210000013", None, None
    )
    return replace(one, **changes)


@given(seed=DAYS, months=st.sampled_from([1, 3, 6, 12]), before=st.integers(0, 20), knows=st.booleans())
def test_maturities_go_on_as_the_old_books_counted_them(seed, months, before, knows):
    opened, due = (matures(seed, months, before) if before else seed), matures(seed, months, before + 1)
    old = carried(opened_on=opened, matures_on=due, months=months if knows else None)
    running = go_on(old, OFFERED, opened, is_sharia=False)
    assert (running.matures_on, running.terms.months) == (due, months)
    # From here on both count alike, unless the old books' first day can't be told from these two any more.
    assert matures(running.seed_on, months, running.term - 1) == opened
    assert matures(running.seed_on, months, running.term) == due
    later = matures(running.seed_on, months, running.term + 1)
    assert later == matures(seed, months, before + 2) or later.day == max(opened.day, due.day)


@given(opened=DAYS, after=st.integers(0, 364), paid=st.integers(0, 12), by_due_day=st.booleans())
def test_each_part_of_a_term_is_paid_before_or_here_never_both(opened, after, paid, by_due_day):
    on = min(rules_days.add_months(opened, 12) - rules_days.ONE_DAY, date.fromordinal(opened.toordinal() + after))
    whole = parts(proposed(replace(OFFERED[3], percent=Fraction(6)), 500_000_000, opened, RollOver.NONE))
    due = [one for one in whole if one.due_on <= on]
    settled = due[: min(paid, len(due))]
    until = (settled[-1].due_on if by_due_day else settled[-1].last) if settled else None
    running = go_on(carried(opened_on=opened, months=12, paid_until=until), OFFERED, on, is_sharia=False)
    assert running.unpaid == len(due) - len(settled)
    assert running.paid_before_minor == sum(one.gross_minor or 0 for one in settled)
    assert [one for one in whole if running.paid_until and one.last <= running.paid_until] == settled


def test_what_the_list_leaves_open_is_as_offered_now_and_never_better_than_agreed():
    running = go_on(carried(percent=Fraction(2), pay_months=None), OFFERED, date(2026, 2, 1), is_sharia=False)
    assert (running.terms.early, running.terms.early_percent, running.terms.pay_months) == (Early.REDUCED, 2, 1)
    # A return that is to go on with the principal can't have been paid each month.
    whole = go_on(carried(pay_months=None, roll_over=RollOver.ALL), OFFERED, date(2026, 2, 1), is_sharia=False)
    assert whole.terms.pay_months == 0


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"months": None}, "term-months", "months"),
        ({"months": None, "matures_on": date(2026, 3, 15)}, "term-months", "matures_on"),
        ({"months": 1, "pay_months": 3}, "pay-months", "pay_months"),
        ({"paid_until": date(2026, 2, 1)}, "paid-until", "paid_until"),
    ],
)
def test_what_cannot_be_told_is_refused(changes, code, field):
    with pytest.raises(Refusal) as refused:
        go_on(carried(**changes), OFFERED, date(2026, 2, 1), is_sharia=False)
    assert (refused.value.code, refused.value.field) == (code, field)


ANY_DAY = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@given(
    opened=ANY_DAY, on=ANY_DAY, due=st.none() | ANY_DAY, months=st.none() | st.integers(0, 999),
    percent=st.fractions(-1, 101, max_denominator=10_000), pay=st.sampled_from([None, 0, 1, 3]),
    roll_over=st.sampled_from(RollOver), paid_until=st.none() | ANY_DAY, paid=st.none() | st.integers(0, 10**15),
    principal=st.integers(1, 10**15), is_sharia=st.booleans(),
)  # fmt: skip
def test_any_row_goes_on_or_is_refused_in_words(
    opened, on, due, months, percent, pay, roll_over, paid_until, paid, principal, is_sharia
):
    old = Carried(
        "00001", "B-1", principal, opened, months, due, percent, pay, roll_over, "210000013", paid_until, paid
    )
    try:
        running = go_on(old, OFFERED, on, is_sharia=is_sharia)
    except Refusal as refusal:
        assert refusal.text("id")  # noqa: PT017 - either outcome is right
        return
    assert opened <= on < running.matures_on
    assert running.paid_until is None or running.paid_until < on
    assert running.paid_before_minor >= 0
