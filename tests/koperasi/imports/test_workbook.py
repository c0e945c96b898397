"""Spreadsheets: exact numbers, no hidden formulas, no bombs."""

from __future__ import annotations

import re
import struct
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.styles import PatternFill

from koperasi.imports import workbook
from koperasi.imports.model import ImportFileError, Sheet
from koperasi.imports.reading import read_table

SHEET = "xl/worksheets/sheet1.xml"


def book(*rows: list[object], others: dict[str, list[list[object]]] | None = None) -> bytes:
    made = Workbook()
    assert made.active is not None
    made.active.title = "Data"
    for row in rows:
        made.active.append(row)
    for name, content in (others or {}).items():
        sheet = made.create_sheet(name)
        for row in content:
            sheet.append(row)
    return saved(made)


def saved(made: Workbook) -> bytes:
    file = BytesIO()
    made.save(file)
    return file.getvalue()


def rewritten(data: bytes, part: str, change: dict[str, str] | bytes) -> bytes:
    """The same package with one part changed."""
    file = BytesIO()
    with ZipFile(BytesIO(data)) as source, ZipFile(file, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                if isinstance(change, bytes):
                    content = change
                else:
                    text = content.decode()
                    for old, new in change.items():
                        assert old in text
                        text = text.replace(old, new)
                    content = text.encode()
            target.writestr(name, content)
    return file.getvalue()


def refusal(data: bytes, sheet_name: str | None = None) -> ImportFileError:
    with pytest.raises(ImportFileError) as caught:
        read_table(data, "a.csv", sheet_name=sheet_name)
    assert caught.value.text("id")
    return caught.value


def first_row(sheet: Sheet) -> tuple[object, ...]:
    return sheet.rows[0].cells


def test_values_keep_their_type_and_their_digits() -> None:
    data = book(
        [" Budi ", 3302046507880003, 1250000, 1.1, date(2024, 1, 2), datetime(2024, 1, 2, 13, 5), True, time(8, 30)]
    )
    assert first_row(read_table(data, "a.xlsx")) == (
        "Budi", 3302046507880003, 1250000, Decimal("1.1"), date(2024, 1, 2), date(2024, 1, 2), "TRUE", "08:30:00",
    )  # fmt: skip
    assert [type(cell) for cell in first_row(read_table(data, "a.xlsx"))][1:4] == [int, int, Decimal]


@given(st.integers(-(2**53) + 1, 2**53 - 1))
def test_whole_numbers_are_exact(number: int) -> None:
    assert workbook._cell(number * 1.0) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_other_numbers_keep_their_shortest_digits(number: float) -> None:
    cell = workbook._cell(number)
    assert isinstance(cell, int | Decimal)
    assert float(cell) == number


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1e999"])
def test_what_is_no_number_is_text(text: str) -> None:
    sheet = read_table(rewritten(book([1234]), SHEET, {"<v>1234</v>": f"<v>{text}</v>"}), "a.xlsx")
    assert isinstance(first_row(sheet)[0], str)


def test_blank_rows_and_columns_keep_their_place() -> None:
    sheet = read_table(book([], [None, None, "x"], [], [None, "y"]), "a.xlsx")
    assert [(row.line_number, row.cells) for row in sheet.rows] == [(2, (None, None, "x")), (4, (None, "y", None))]
    assert (sheet.blank_lines, sheet.sheet_name, sheet.encoding, sheet.delimiter) == (2, "Data", None, None)


def test_a_formula_is_refused_by_its_cell() -> None:
    error = refusal(book(["Nama", "Jumlah"], ["Budi", "=SUM(A1:A2)"]))
    assert (error.code, error.params) == ("formula", {"cell": "B2", "sheet": "Data"})
    assert "B2" in error.text("en")


def test_a_formula_far_to_the_right_has_its_name() -> None:
    row: list[object] = [None] * 27
    assert refusal(book([*row, "=1"])).params["cell"] == "AB1"


def test_an_error_cell_is_refused_by_its_cell() -> None:
    error = refusal(book(["Nama"], ["#REF!"]))
    assert (error.code, error.params["cell"]) == ("error-cell", "A2")


def test_a_formula_on_another_sheet_is_no_matter() -> None:
    sheet = read_table(book(["Nama"], others={"Rekap": [["=1+1"]], "Kosong": []}), "a.xlsx")
    assert first_row(sheet) == ("Nama",)
    assert [(warning.code, warning.params["others"]) for warning in sheet.warnings] == [("other-sheets", "Rekap")]
    assert sheet.sheet_names == ("Data", "Rekap", "Kosong")


def test_a_sheet_can_be_chosen_and_hidden_ones_are_not_read() -> None:
    made = Workbook()
    assert made.active is not None
    made.active.append(["rahasia"])
    made.active.sheet_state = "hidden"
    made.create_sheet("Anggota").append(["Nama"])
    made.create_sheet("Lain").append(["Kode"])
    assert first_row(read_table(saved(made), "a.xlsx")) == ("Nama",)
    assert first_row(read_table(saved(made), "a.xlsx", sheet_name="Lain")) == ("Kode",)
    assert refusal(saved(made), "Sheet").code == "sheet-missing"


def test_styled_empty_cells_far_away_cost_nothing() -> None:
    made = Workbook()
    assert made.active is not None
    made.active["A1"] = "Nama"
    made.active["XFD1048576"].fill = PatternFill("solid", fgColor="FFFF00")
    assert len(read_table(saved(made), "a.xlsx").rows) == 1


@pytest.mark.parametrize("far", ["A100001", "CW1", "CV90000", "XFD1048576"])
def test_a_value_far_away_is_refused_before_room_is_made_for_it(far: str) -> None:
    made = Workbook()
    assert made.active is not None
    made.active["A1"] = "Nama"
    made.active[far] = "x"
    assert refusal(saved(made)).code == "file-too-large"


def test_bombs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = rewritten(book(["Nama"]), SHEET, b" " * (101 * 1024 * 1024))
    assert len(bomb) < 200_000
    assert refusal(bomb).code == "file-too-large"
    file = BytesIO(book(["Nama"]))
    with ZipFile(file, "a") as package:
        for number in range(1_000):
            package.writestr(f"xl/media/{number}.png", b"")
    assert refusal(file.getvalue()).code == "file-too-large"
    monkeypatch.setattr(workbook, "MAX_ELEMENTS", 5)
    assert refusal(book(["Nama", "Jumlah"])).code == "file-too-large"


def test_a_size_that_lies_is_refused() -> None:
    data = bytearray(rewritten(book(["Nama"]), SHEET, b"<a>" + b" " * 1_000_000 + b"</a>"))
    entry = data.rindex(SHEET.encode()) - 46  # in the central directory; the size stands 24 bytes in
    data[entry + 24 : entry + 28] = struct.pack("<I", 100)
    assert refusal(bytes(data)).code == "file-damaged"


def test_entity_tricks_are_refused() -> None:
    trick = b'<!DOCTYPE a [<!ENTITY x "xxxxxxxx"><!ENTITY y "&x;&x;&x;">]><worksheet>&y;</worksheet>'
    for part in (SHEET, "xl/workbook.xml", "xl/styles.xml"):
        assert refusal(rewritten(book(["Nama"]), part, trick)).code == "file-damaged"
        assert refusal(rewritten(book(["Nama"]), part, trick.decode().encode("utf-16"))).code == "file-damaged"


@pytest.mark.parametrize(
    ("part", "change", "code"),
    [
        (SHEET, {"<sheetData>": ""}, "file-damaged"),
        (SHEET, {'r="A1"': 'r="A0"'}, "file-empty"),
        (SHEET, {'r="A1"': 'r="A9999999"'}, "file-too-large"),
        ("xl/workbook.xml", {"<sheets>": "<sheets><sheet/>"}, "file-damaged"),
        ("xl/workbook.xml", {'r:id="rId1"': 'r:id="rId77"'}, "file-empty"),
        ("xl/_rels/workbook.xml.rels", {"sheet1.xml": "../../../etc/passwd"}, "file-empty"),
    ],
)
def test_parts_that_do_not_fit_are_refused(part: str, change: dict[str, str], code: str) -> None:
    assert refusal(rewritten(book(["Nama"]), part, change)).code == code


@pytest.mark.parametrize("name", ["xl/workbook.bin", "word/document.xml", "content.xml", "anggota.csv"])
def test_other_packages_are_refused(name: str) -> None:
    file = BytesIO()
    with ZipFile(file, "w") as package:
        package.writestr(name, "x")
    assert refusal(file.getvalue()).code == "file-type"


def test_an_empty_workbook_is_empty() -> None:
    assert refusal(book()).code == "file-empty"
    assert refusal(book([" "])).code == "file-empty"


WHOLE = book(["NIK", "Nama", "Jumlah"], ["3302046507880003", "Budi", 100000], others={"Lain": [[date(2024, 1, 1)]]})


@settings(deadline=None)
@given(st.data())
def test_a_damaged_workbook_is_read_or_refused(data: st.DataObject) -> None:
    damaged = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(4, len(WHOLE) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(4, len(WHOLE)))
    try:
        read_table(bytes(damaged[:cut]), "a.xlsx")
    except ImportFileError as error:
        assert error.text("id")  # noqa: PT017 - either outcome is right


@given(
    st.lists(
        st.sampled_from(
            ["<c>", '<c r="A0">', "</c>", '<c r="B2" t="s">', "<v>1</v>", '<row r="7">', "</row>", "<is/>", "é"]
        )
    )
)
def test_any_sheet_is_read_or_refused(pieces: list[str]) -> None:
    content = ZipFile(BytesIO(WHOLE)).read(SHEET).decode()
    changed = re.sub("<sheetData>.*</sheetData>", f"<sheetData>{''.join(pieces)}</sheetData>", content)
    try:
        read_table(rewritten(WHOLE, SHEET, changed.encode()), "a.xlsx")
    except ImportFileError as error:
        assert error.text("id")  # noqa: PT017 - either outcome is right
