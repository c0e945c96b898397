"""What counting, settling and numbering must hold for any figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.errors import Refusal
from koperasi.treasury import rules, rules_days, rules_offices
from koperasi.treasury.rules import Count, Movement
from koperasi.treasury.rules_vouchers import Number, Series, VoucherKind, gaps, kind_of

counts = st.builds(
    Count,
    st.dictionaries(st.sampled_from(rules.DENOMINATIONS), st.integers(0, 500)),
    st.integers(0, 10_000).map(lambda rupiah: rupiah * 100),
)
rupiah = st.integers(0, 10**9).map(lambda whole: whole * 100)


@given(counts)
def test_a_count_is_kept_and_read_again_with_the_same_worth(count):
    again = Count.of(count.to_json())
    assert again.total_minor == count.total_minor
    assert sum(worth for _, _, worth in count.rows) + count.other_minor == count.total_minor


@pytest.mark.parametrize("pieces", [{3: 1}, {1_000: -1}, {100: 100_001}])
def test_what_nobody_can_have_counted_is_refused(pieces):
    with pytest.raises(Refusal, match="cash-count"):
        Count(pieces)


@given(rupiah, rupiah, st.none() | rupiah)
def test_a_session_opens_with_what_was_counted(counted, left, handed):
    """Whatever was left and taken, the till's account has afterwards what lies in the drawer."""
    settled = rules.opening(counted, left, handed)
    assert left + settled.till_minor == counted
    if handed is None:
        assert settled.from_vault_minor >= 0
        assert (settled.difference_minor < 0) == (counted < left)


@given(rupiah, rupiah, st.data())
def test_a_session_closes_with_what_is_left_of_what_was_counted(counted, expected, data):
    back = data.draw(st.integers(0, counted // 100)) * 100
    settled = rules.closing(counted, expected, back)
    assert expected + settled.till_minor == counted - back
    booked = rules.lines(settled, 1, 2, 3)
    assert sum(amount for _, amount in booked) == 0
    assert len(booked) != 1
    assert all(amount for _, amount in booked)


@given(
    rupiah,
    st.lists(st.tuples(st.sampled_from(["savings.deposit", rules.TRANSFER, "journal"]), st.integers(-(10**9), 10**9))),
)
def test_what_must_be_there_is_the_opening_and_all_that_moved(opening, moved):
    movements = [Movement(n, kind, amount) for n, (kind, amount) in enumerate(moved)]
    told = rules.sums(opening, movements)
    assert told.expected_minor == opening + sum(amount for _, amount in moved)
    assert min(told[1:5]) >= 0


@given(
    st.sampled_from(VoucherKind),
    st.dates(date(1900, 1, 1), date(2100, 12, 1)).map(lambda day: day.replace(day=1)),
    st.integers(1, 999_999_999),
    st.sampled_from(["01", "02", "99"]),
)
def test_a_number_is_read_as_it_is_written(kind, month, serial, office):
    number = Number(kind, month, serial, office)
    assert Number.read(str(number)) == number
    assert Number.read(f" {str(number).lower()} ") == number


def test_numbers_look_as_on_paper():
    assert str(Number(VoucherKind.CASH_IN, date(2026, 11, 1), 1)) == "BKM/2026/11/0001"
    assert Number.read("BKK/02/2026/01/12345") == Number(VoucherKind.CASH_OUT, date(2026, 1, 1), 12345, "02")
    assert [Number.read(text) for text in ("BKM/2026/13/1", "BKM/2026/11/0", "XX/2026/11/1", "")] == [None] * 4
    assert [kind_of(amount) for amount in (1, -1, 0)] == [
        VoucherKind.CASH_IN,
        VoucherKind.CASH_OUT,
        VoucherKind.MEMORIAL,
    ]


def test_gaps_are_found():
    month = date(2026, 11, 1)
    whole, holed, late = (Series("BKM", "01", month, *facts) for facts in ((3, 1, 3), (3, 1, 4), (2, 2, 3)))
    assert gaps([whole, holed, late]) == [holed, late]


def test_the_next_workday_skips_sunday():
    days = {date(2026, 11, 27): date(2026, 11, 28), date(2026, 11, 28): date(2026, 11, 30)}
    assert {day: rules_days.next_workday(day) for day in days} == days


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_a_difference_is_booked_only_as_it_was_seen(difference, agreed):
    if difference == agreed:
        rules.check_difference(difference, agreed)
    else:
        with pytest.raises(Refusal, match="cash-differs"):
            rules.check_difference(difference, agreed)


CLEAR = rules_days.DayFacts(0, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("fact", "code"),
    [
        ("open_sessions", "sessions"), ("waiting_handovers", "handovers"), ("drafts", "drafts"),
        ("petty_uncounted", "petty"), ("in_transit_minor", "transit"), ("imbalance_minor", "balance"),
        ("unnumbered", "vouchers"), ("gaps", "vouchers"),
    ],
)  # fmt: skip
def test_each_line_of_the_list_stands_against_the_close_alone(fact, code):
    day = date(2026, 11, 30)

    def close(facts):
        checks = rules_days.checklist(facts)
        rules_days.check_close(day, date(2026, 12, 1), today=day, last_closed=None, checks=checks)

    close(CLEAR)
    with pytest.raises(Refusal, match="day-unready") as refused:
        close(replace(CLEAR, **{fact: -1 if fact.endswith("minor") else 1}))
    assert [error.field for error in refused.value.errors] == [code]


def test_what_a_chart_does_not_have_is_not_asked_for():
    told = {check.code for check in rules_days.checklist(replace(CLEAR, in_transit_minor=None, petty_uncounted=None))}
    assert told == {"sessions", "handovers", "drafts", "balance", "vouchers"}


@given(code=st.from_regex(r"[0-9A-Za-z]{2,6}", fullmatch=True).filter(str.isascii))
def test_an_offices_code_stands_in_its_numbers(code):
    written, name = rules_offices.clean_office(f" {code} ", "  Cabang   Ngebel ")
    assert (written, name) == (code.upper(), "Cabang Ngebel")
    number = Number(VoucherKind.CASH_IN, date(2026, 11, 1), 7, written)
    assert Number.read(str(number)) == number
    assert str(number).count("/") == (3 if written == "01" else 4)
