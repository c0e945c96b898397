"""Cells to amounts, dates and numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.formats import InputError, format_amount
from koperasi.imports import values
from koperasi.imports.model import Cell, SavingsKind

TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("cell", "minor"),
    [
        ("250000", 25000000), ("250.000", 25000000), ("Rp 250.000,00", 25000000), ("Rp250.000,-", 25000000),
        ("-", 0), ("Rp -", 0), ("–", 0), ("0", 0), (0, 0), (250000, 25000000), (Decimal("1250.5"), 125050),
        (Decimal("1234.3000000000002"), 123430), (Decimal("0.30000000000000004"), 30), (10**15 - 1, 10**17 - 100),
    ],
)  # fmt: skip
def test_amounts(cell: Cell, minor: int) -> None:
    assert values.read_amount(cell) == minor


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1,250.00", "amount-english-style"), ("dua ratus", "amount-format"), ("-5", "amount-negative"),
        ("(250.000)", "amount-negative"), (-5, "amount-negative"), (Decimal("1.005"), "amount-decimals"),
        (10**15, "amount-too-large"), (10**400, "amount-too-large"), (date(2024, 1, 1), "amount-format"),
        (Decimal("1E+300"), "amount-too-large"), (Decimal("1E-300"), "amount-decimals"), ("nan", "amount-format"),
    ],
)  # fmt: skip
def test_amounts_refused(cell: Cell, code: str) -> None:
    with pytest.raises(InputError) as caught:
        values.read_amount(cell)
    assert caught.value.code == code


@given(st.integers(0, 10**15))
def test_a_written_amount_reads_back(minor: int) -> None:
    assert values.read_amount(format_amount(minor)) == minor
    assert values.read_amount(Decimal(minor).scaleb(-2)) == minor


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        (date(2024, 1, 31), date(2024, 1, 31)),
        ("2024-01-31", date(2024, 1, 31)),
        ("2024/01/31", date(2024, 1, 31)),
        ("2024-01-31 00:00:00", date(2024, 1, 31)),
        ("31/01/2024", date(2024, 1, 31)),
        ("31-1-2024", date(2024, 1, 31)),
        ("31/01/2024 8:30", date(2024, 1, 31)),
        ("17 Agustus 1945", date(1945, 8, 17)),
        ("Rabu, 17 Agt 2022", date(2022, 8, 17)),
    ],
)
def test_dates(cell: Cell, day: date) -> None:
    assert values.read_date(cell, "dmy") == day


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("03/04/2024", "dmy", date(2024, 4, 3)),
        ("03/04/2024", "mdy", date(2024, 3, 4)),
        ("03/04/2024", None, None),
        ("25/04/2024", None, None),
        ("04/04/2024", None, date(2024, 4, 4)),
        ("2024-04-03", "mdy", date(2024, 4, 3)),
        ("3 April 2024", None, date(2024, 4, 3)),
    ],
)
def test_the_order_of_day_and_month(text: str, order: values.DateOrder | None, day: date | None) -> None:
    assert values.read_date(text, order) == day


@pytest.mark.parametrize(
    ("cell", "order", "code"),
    [
        ("25/13/2024", "dmy", "date-impossible"), ("25/13/2024", None, "date-impossible"),
        ("30/02/2024", "dmy", "date-impossible"), ("03/25/2024", "dmy", "date-month-first"),
        ("25/03/2024", "mdy", "date-order"), ("31/12/24", "dmy", "date-short-year"), ("besok", "dmy", "date-format"),
        (45292, "dmy", "date-number"), (date(1899, 12, 31), "dmy", "date-year"),
    ],
)  # fmt: skip
def test_dates_refused(cell: Cell, order: values.DateOrder | None, code: str) -> None:
    with pytest.raises(InputError) as caught:
        values.read_date(cell, order)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("cells", "order", "examples", "mixed"),
    [
        ([], "dmy", (), False),
        (["2024-01-05", "25/12/2024"], "dmy", (), False),
        (["25/12/2024", "05/12/2024"], "dmy", (), False),
        (["12/25/2024"], "mdy", (), False),
        (["05/05/2024", "25/13/2024"], "dmy", (), False),
        (["05/12/2024", "06/12/2024", "07/12/2024"], None, ("05/12/2024", "06/12/2024"), False),
        (["25/12/2024", "12/25/2024"], None, ("25/12/2024", "12/25/2024"), False),
        (["05/12/2024", "12/25/2024"], None, ("05/12/2024", "12/25/2024"), False),
        (["25/01/2024", "1/5/2024"], None, ("1/5/2024", "25/01/2024"), False),
        (["25/01/2024", date(2024, 5, 1), None, 7], "dmy", (), True),
        (["2024-01-05", date(2024, 5, 1)], "dmy", (), False),
    ],
)
def test_dates_that_can_be_read_in_two_ways_are_asked_about(
    cells: list[Cell], order: str | None, examples: tuple[str, ...], mixed: bool
) -> None:
    assert values.survey_dates(cells) == values.DateSurvey(order, examples, mixed)  # type: ignore[arg-type]


@given(st.lists(st.dates(date(1950, 1, 1), date(2050, 1, 1)), min_size=1), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]))
def test_a_column_in_one_order_is_read_right_or_asked_about(days: list[date], pattern: str) -> None:
    cells = [day.strftime(pattern) for day in days]
    survey = values.survey_dates(cells)
    if survey.order is not None:
        assert [values.read_date(cell, survey.order) for cell in cells] == days
    else:
        assert survey.examples


@pytest.mark.parametrize(
    "cell",
    ["2024-11", "2024/11", "11/2024", "11-2024", "202411", 202411, "November 2024", "Nov 2024", date(2024, 11, 3)],
)
def test_periods(cell: Cell) -> None:
    assert values.read_period(cell) == "2024-11"


@pytest.mark.parametrize("cell", ["2024", "13/2024", "2024-00", "kemarin", 5])
def test_periods_refused(cell: Cell) -> None:
    with pytest.raises(InputError, match="Periode"):
        values.read_period(cell)


@pytest.mark.parametrize("cell", ["3302046507880003", "33.02.04.650788.0003", 3302046507880003])
def test_niks(cell: Cell) -> None:
    assert values.read_nik(cell, TODAY) == "3302046507880003"


@pytest.mark.parametrize(
    ("cell", "suspect", "code"),
    [
        ("3302046507880000", False, "serial-zero"),
        ("330204650788000", False, "length"),
        ("3,30205E+15", False, "nik-damaged"),
        (9171010101900002, False, "nik-damaged"),
        (Decimal("33020465.5"), False, "nik-damaged"),
        (date(2024, 1, 1), False, "nik-damaged"),
        ("3302046507880010", True, "nik-damaged"),
    ],
)
def test_niks_refused(cell: Cell, suspect: bool, code: str) -> None:
    with pytest.raises(InputError) as caught:
        values.read_nik(cell, TODAY, suspect=suspect)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("cells", "cut"),
    [
        ([], False),
        (["3302046507880010"], False),
        ([3302046507880010], True),
        ([3302046507880010, 3302046507880003], False),
        (["3302046507880010", "3302046507880020", "3302046507880030"], True),
        (["3302046507880010", "3302046507880020", "3302046507880003"], False),
        ([10, "abc0", None], False),
    ],
)
def test_a_column_cut_to_fifteen_digits_is_noticed(cells: list[Cell], cut: bool) -> None:
    assert values.niks_look_cut(cells) is cut


@pytest.mark.parametrize(("cell", "text"), [("A-01", "A-01"), ("007", "007"), (7, "7"), ("K 12", "K 12")])
def test_references(cell: Cell, text: str) -> None:
    assert values.read_reference(cell) == text


@pytest.mark.parametrize("cell", [Decimal("1.1"), date(2024, 1, 1), "1,2E+11", 10**16, -1])
def test_references_that_a_spreadsheet_changed(cell: Cell) -> None:
    with pytest.raises(InputError, match="Excel"):
        values.read_reference(cell)


def test_words() -> None:
    assert values.read_phone(81227661010) == "+6281227661010"
    assert values.read_member_status("AKTIF") == "anggota"
    assert values.read_member_status("Non-Aktif") == "nonaktif"
    assert values.read_migrant_status("PMI Aktif") == "pmi_aktif"
    assert values.read_migrant_status("Eks TKI") == "purna_pmi"
    assert values.read_savings_kind("Simpanan Wajib") is SavingsKind.WAJIB
    assert values.read_email(" Budi@Contoh.ID ") == "budi@contoh.id"
    assert values.read_text("Jl. A\nRT 1") == "Jl. A RT 1"


@pytest.mark.parametrize(
    ("cell", "code"),
    [("Hong Kong", "HK"), ("hk", "HK"), ("Arab Saudi", "SA"), ("Taiwan", "TW"), ("Uni Emirat Arab", "AE"),
     ("Korea Selatan", "KR"), ("Malaysia", "MY"), ("Singapura", "SG"), ("Japan", "JP")],
)  # fmt: skip
def test_countries(cell: str, code: str) -> None:
    assert values.read_country(cell) == code


@pytest.mark.parametrize(
    ("reader", "cell"),
    [
        (values.read_member_status, "lupa"), (values.read_migrant_status, "?"), (values.read_savings_kind, "emas"),
        (values.read_country, "Timur Tengah"), (values.read_email, "budi(at)contoh"), (values.read_name, "123"),
        (values.read_phone, "021"), (values.read_country, date(2024, 1, 1)),
    ],
)  # fmt: skip
def test_words_refused(reader: object, cell: Cell) -> None:
    with pytest.raises(InputError):
        reader(cell)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("cell", "nothing"), [("-", True), (None, True), ("Tidak Ada", True), ("0", False), (0, False)]
)
def test_what_says_nothing(cell: Cell, nothing: bool) -> None:
    assert values.is_nothing(cell) is nothing
