"""Policies: what a new cooperative starts with, how values are written, what is in force when."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.cooperatives.policies import DEFAULTS, DEFINITIONS, PolicyRow, clean_value, standings
from koperasi.cooperatives.rules import Kind
from koperasi.formats import InputError, parse_wire_amount, wire_amount

AMOUNT = DEFINITIONS["simpanan_wajib.amount"]
PERCENT = DEFINITIONS["loan_rate.ceiling_percent"]


@pytest.mark.parametrize("kind", Kind)
def test_defaults_are_known_well_written_and_rest_on_something(kind: Kind) -> None:
    names = [default.name for default in DEFAULTS[kind]]
    assert len(set(names)) == len(names)
    for default in DEFAULTS[kind]:
        assert clean_value(DEFINITIONS[default.name], default.value) == default.value
        assert default.legal_reference
    assert {"simpanan_pokok.amount", "simpanan_wajib.amount", "savings.minimum_balance", "cash.rounding"} <= set(names)


def test_every_policy_belongs_to_some_kind() -> None:
    assert set(DEFINITIONS) == {default.name for defaults in DEFAULTS.values() for default in defaults}


@pytest.mark.parametrize("kind", [Kind.KSPPS, Kind.USPPS])
def test_a_sharia_cooperative_has_no_ceiling_on_interest(kind: Kind) -> None:
    assert not {default.name for default in DEFAULTS[kind]} & {
        "savings_return.ceiling_percent",
        "loan_rate.ceiling_percent",
    }


@given(st.integers(min_value=0, max_value=10**14))
def test_amounts_come_back_as_they_were(minor: int) -> None:
    assert parse_wire_amount(clean_value(AMOUNT, wire_amount(minor))) == minor


@pytest.mark.parametrize(
    ("text", "written"), [("9", "9"), ("2,5", "2.5"), ("2.50", "2.5"), ("100", "100"), ("0", "0"), ("10.0", "10")]
)
def test_percentages_are_written_one_way(text: str, written: str) -> None:
    assert clean_value(PERCENT, text) == written


@pytest.mark.parametrize("text", ["", "101", "-1", "1e1", "9 %", "1.00001", "NaN", "٩"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        clean_value(PERCENT, text)


@pytest.mark.parametrize("text", ["", "-1.00", "1.250.000", "1,5", "0.001", "NaN"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        clean_value(AMOUNT, text)


def test_rounding_to_nothing_is_refused() -> None:
    with pytest.raises(InputError):
        clean_value(DEFINITIONS["cash.rounding"], "0.00")


def test_the_row_in_force_is_the_last_that_has_begun() -> None:
    def row(name: str, day: date, value: str) -> PolicyRow:
        return PolicyRow(name, day, value, "RAT", "admin", datetime(2026, 1, 1, tzinfo=UTC))

    rows = [
        row("simpanan_wajib.amount", date(2000, 1, 1), "20000.00"),
        row("simpanan_wajib.amount", date(2027, 1, 1), "30000.00"),
        row("simpanan_wajib.amount", date(2024, 1, 1), "25000.00"),
        row("cash.rounding", date(2027, 1, 1), "500.00"),
    ]
    wajib, rounding = standings(rows, date(2026, 12, 31))
    assert wajib.current is rows[2]
    assert [kept.value for kept in wajib.rows] == ["30000.00", "25000.00", "20000.00"]
    assert rounding.current is None
    assert standings(rows, date(2027, 1, 1))[0].current is rows[1]


@pytest.mark.parametrize(("typed", "kept"), [("ya", "on"), (" Tidak ", "off"), ("on", "on"), ("no", "off")])
def test_a_switch_is_kept_in_one_way(typed, kept):
    assert clean_value(DEFINITIONS["approval.reversals"], typed) == kept


@pytest.mark.parametrize("typed", ["", "1", "onn", "mungkin"])
def test_a_switch_that_says_neither_is_refused(typed):
    with pytest.raises(InputError):
        clean_value(DEFINITIONS["approval.reversals"], typed)


def test_days_are_whole_and_few():
    assert [clean_value(DEFINITIONS["approval.days"], str(days)) for days in (1, 9, 10, 29, 30)] == [
        "1", "9", "10", "29", "30",
    ]  # fmt: skip
    for typed in ("0", "31", "-1", "2.5", "", "03", "٣"):
        with pytest.raises(InputError):
            clean_value(DEFINITIONS["approval.days"], typed)
