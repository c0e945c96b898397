from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.dues import rules
from koperasi.dues.rules import Bill, Carried, Kind
from koperasi.errors import Refusal
from koperasi.savings.rules import joining_dues

periods = st.builds(lambda year, month: f"{year:04}-{month:02}", st.integers(1950, 2080), st.integers(1, 12))
sen = st.integers(0, 10**12)
bills = st.lists(
    st.builds(Bill, st.just(Kind.WAJIB), periods, st.integers(1, 10**9)), max_size=20, unique_by=lambda one: one.period
)
days = st.dates(date(1950, 1, 1), date(2080, 12, 31))


@given(bills, sen)
def test_money_settles_the_oldest_first_and_none_is_lost(some, paid):
    settled = rules.allocate(some, paid)
    assert [one.bill for one in settled] == sorted(some, key=lambda bill: bill.period)
    assert sum(one.paid_minor for one in settled) == min(paid, sum(bill.amount_minor for bill in some))
    assert all(0 <= one.paid_minor <= one.bill.amount_minor for one in settled)
    # Nothing is paid of a bill while an older one is open.
    still_open = [one.open_minor > 0 for one in settled]
    assert all(later.paid_minor == 0 for before, later in zip(still_open, settled[1:], strict=False) if before)


@given(bills, sen, sen, periods)
def test_money_taken_over_pays_only_months_up_to_its_own(some, later, carried, until):
    settled = rules.allocate(some, carried + later, Carried(carried, until))
    before = sum(bill.amount_minor for bill in some if bill.period <= until)
    assert sum(one.paid_minor for one in settled) == min(
        sum(b.amount_minor for b in some), later + min(carried, before)
    )
    assert rules.allocate(some, later, Carried(0, until)) == rules.allocate(some, later)


@given(bills, sen, periods)
def test_arrears_are_the_open_bills_up_to_a_month(some, paid, latest):
    settled = rules.allocate(some, paid)
    found = rules.arrears(settled, latest)
    billed = sum(bill.amount_minor for bill in some if bill.period <= latest)
    assert found.amount_minor == max(billed - paid, 0)
    assert (found.months == 0) is (found.since is None) is (found.amount_minor == 0)
    assert found.since is None or found.since <= latest


@given(days, st.integers(1, 60))
def test_a_bill_is_late_the_day_after_its_last_day(day, due_day):
    period = rules.period_of(day)
    last = rules.due_on(period, due_day)
    assert rules.first_day(period) <= last <= rules.last_day(period)
    assert last.day == min(due_day, rules.last_day(period).day)
    assert rules.last_late(last, due_day) == rules.shifted(period, -1)
    # The day after may be the first of the next month, of which nothing is late yet.
    assert rules.last_late(last + timedelta(days=1), due_day) == period


@given(periods, st.integers(-500, 500))
def test_months_are_counted_as_the_calendar_does(period, months):
    there = rules.shifted(period, months)
    assert rules.shifted(there, -months) == period
    assert rules.last_day(period) + timedelta(days=1) == rules.first_day(rules.shifted(period, 1))
    assert (there > period) is (months > 0)


@pytest.mark.parametrize(
    "text", ["", "2026-00", "2026-13", "2026-1", "1899-12", "2100-01", "２０２６-11", "2026-11\n", "x"]
)
def test_what_is_no_month_is_refused(text):
    with pytest.raises(Refusal, match="period"):
        rules.clean_period(text)


def test_who_is_billed():
    assert rules.billed_statuses(on_leave=False, inactive=False) == {"anggota"}
    assert rules.billed_statuses(on_leave=True, inactive=True) == {"anggota", "cuti", "nonaktif"}


@given(st.integers(0, 10**8).map(lambda rupiah: rupiah * 100), sen, days, st.integers(1, 60))
def test_the_parts_of_simpanan_pokok_make_the_whole(pokok, wajib, joined_on, parts):
    dues = joining_dues(pokok, wajib, joined_on, parts)
    mine = [due for due in dues if due.kind == "pokok"]
    assert sum(due.amount_minor for due in mine) == pokok
    assert all(due.amount_minor % 100 == 0 for due in mine)
    assert all(first.amount_minor >= later.amount_minor for first, later in pairwise(mine))
    assert [due.period for due in mine] == [rules.shifted(rules.period_of(joined_on), at) for at in range(len(mine))]
    assert sum(due.amount_minor for due in dues if due.kind == "wajib") == wajib
