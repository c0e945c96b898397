"""Each line of a passbook on its place, and layouts that a printer can follow."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.errors import Refusal
from koperasi.paper import rules
from koperasi.paper.rules import Layout, Line, Place

USUAL = Layout()


def lines(count: int) -> list[Line]:
    return [Line(n, 1, date(2026, 1, 1), "savings.deposit", 100, 100 * n, "kasir") for n in range(1, count + 1)]


@given(st.integers(0, 200), st.integers(1, 30), st.integers(1, 40))
def test_lines_follow_one_another_and_no_place_is_used_twice(count, page, per_page):
    layout = replace(USUAL, lines=per_page, fold_after=0, top=0, line_height=40, height=4_200)
    start = Place(page, 1 + count % per_page)
    pages, last = rules.put(layout, lines(count), start)
    placed = [Place(one.number, line.row) for one in pages for line in one.lines]
    assert len(set(placed)) == len(placed) == count
    assert placed == sorted(placed)
    if count:
        assert (placed[0], placed[-1]) == (start, last)
        # Printing in two goes gives the same places as in one.
        half = count // 2
        first, reached = rules.put(layout, lines(count)[:half], start)
        rest, _ = rules.put(layout, lines(count)[half:], rules.following(layout, reached) if half else start)
        assert [line.row for one in [*first, *rest] for line in one.lines] == [place.row for place in placed]


def test_the_fold_moves_what_comes_after_it():
    assert rules.top_of(USUAL, 13) == 250 + 12 * 50
    assert rules.top_of(USUAL, 14) == 250 + 13 * 50 + 150
    assert rules.bottom(USUAL) <= USUAL.height
    rules.check_layout(USUAL)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lines": 0}, "lines"), ({"lines": 60}, "lines"), ({"balance_at": 1_401}, "balance_at"),
        ({"width": 10}, "width"), ({"fold_after": 26}, "fold_after"), ({"font_size": 10}, "font_size"),
        ({"date_at": -1}, "date_at"), ({"code_at": 200}, "code_at"), ({"debit_at": 530}, "debit_at"),
        ({"credit_at": 700}, "credit_at"), ({"teller_at": 1_300}, "teller_at"), ({"font_size": 120}, "code_at"),
        ({"line_height": 25, "lines": 10, "fold_after": 0}, "line_height"), ({"cover_line": 30}, "cover_line"),
    ],
)  # fmt: skip
def test_a_layout_that_no_printer_can_follow_is_refused_at_its_field(changes, field):
    with pytest.raises(Refusal) as refused:
        rules.check_layout(replace(USUAL, **changes))
    assert field in {error.field for error in refused.value.errors}


@given(st.builds(
    replace, st.just(USUAL),
    **{name: st.integers(getattr(USUAL, name) - 60, getattr(USUAL, name) + 60) for name in rules.COLUMNS},
    font_size=st.integers(50, 90),
))  # fmt: skip
def test_a_layout_that_is_accepted_prints_no_column_over_another(layout):
    try:
        rules.check_layout(layout)
    except Refusal:
        return
    page = rules.sample(layout)
    assert len(page.lines) == layout.lines
    spans = []
    for name, is_amount in ((name, column[1]) for name, column in rules.COLUMNS.items()):
        longest = max(len(getattr(line, name.removesuffix("_at"))) for line in page.lines)
        at, wide = getattr(layout, name), rules.letters_width(longest, layout.font_size)
        spans.append((at - wide, at) if is_amount else (at, at + wide))
    spans.sort()
    assert spans[0][0] >= 0
    assert spans[-1][1] <= layout.width
    assert all(left[1] <= right[0] for left, right in pairwise(spans))


def test_the_usual_layout_takes_what_a_village_will_never_have():
    most = Line(1, 1, date(2026, 1, 1), "", 999_999_999_999_00, 9_999_999_999_999_00, "x")
    placed = rules.put(USUAL, [most], rules.FIRST)[0][0].lines[0]
    assert USUAL.credit_at - rules.letters_width(len(placed.credit), USUAL.font_size) >= USUAL.debit_at
    assert USUAL.balance_at - rules.letters_width(len(placed.balance), USUAL.font_size) >= USUAL.credit_at


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ("opening.savings", 1, "00"), ("savings.deposit", 1, "01"), ("savings.withdrawal", -1, "02"),
        ("savings.return", 1, "03"), ("deposit.return", 1, "03"), ("savings.transfer", -1, "05"), ("deposit.open", -1, "05"),
        ("savings.fee", -1, "06"), ("reversal", 1, "09"), ("dues.collection", 1, "01"), ("manual", -1, "02"),
    ],
)  # fmt: skip
def test_codes(kind, change, code):
    assert rules.code_of(kind, change) == code
    assert code in rules.CODES


def test_the_stylesheet_has_a_place_for_each_line_and_column_and_nothing_else_in_it():
    css = rules.stylesheet(replace(USUAL, lines=3, fold_after=1, fold_gap=5))
    assert ".pb-row-2 { top: 30.5mm }" in css
    assert ".pb-balance { right: 26.0mm }" in css
    assert "size: 140.0mm 175.0mm" in css
    assert not re.search(r"[<>\"';]\s*[a-z]*expression|url|import", css)


@given(st.integers(0, 9_999))
def test_lengths_are_read_as_they_are_shown(tenths):
    assert rules.read_tenths(f"{tenths // 10},{tenths % 10}") == tenths


@pytest.mark.parametrize("text", ["", "-1", "1,23", "1e2", "12345", "٣"])
def test_what_is_no_length_is_none(text):
    assert rules.read_tenths(text) is None


def test_a_layout_is_kept_and_found_again():
    layout = replace(USUAL, top=333)
    assert rules.from_json(rules.to_json(layout) | {"unknown": 1}) == layout
