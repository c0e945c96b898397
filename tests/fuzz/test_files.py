"""Files: spreadsheets and lists that come in, journals that are read back. Damaged, cut, or of somebody's making."""

from __future__ import annotations

import csv
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from koperasi.formats import InputError
from koperasi.imports import rules, values, values_deposits
from koperasi.imports.model import ImportFileError, ImportKind
from koperasi.imports.reading import read_table
from ledger.export import Beancount, Hledger, JsonLines
from ledger.export.journal import harmless
from ledger.export.reading import JournalFileError, ReadEntry, read

from ..ledger.export.books import random_book
from .inputs import FEW, PIECES, anything, pieces, tries

TODAY = date(2026, 11, 25)
TITLES = [
    "NIK", "Nama", "Nama Anggota", "No Kartu", "No HP", "Status", "Status PMI", "Negara", "Tanggal Daftar", "Tanggal",
    "Ahli Waris", "Simpanan Pokok", "Simpanan Wajib", "Jumlah", "Jenis Simpanan", "Periode", "Kode Akun", "Debet",
    "Kredit", "No", "Keterangan", "TOTAL", "", "No Bilyet", "Tanggal Mulai", "Jangka Waktu", "Jatuh Tempo", "Nisbah",
    "Cara Bayar", "Dibayar Sampai", "Sudah Dibayar", "Perpanjangan",
]  # fmt: skip
cell = anything | st.sampled_from(["Sutinah", "5202014107800001", "250.000", "01/02/2024", "Aktif", "wajib", "1101"])
table = st.lists(st.lists(cell, max_size=6), max_size=6)


def planned(data):
    """What an import makes of it, all the way to rows with their errors; or a refusal that can be told."""
    try:
        sheet = read_table(data, "berkas.csv")
        for kind in ImportKind:
            rules.plan(kind, sheet, reference_date=TODAY)
    except ImportFileError as refusal:
        assert refusal.text("id")  # noqa: PT017 - either outcome is right
        assert refusal.text("en")  # noqa: PT017


@tries()
@given(st.binary(max_size=400))
def test_any_bytes(data):
    planned(data)


@tries()
@given(
    st.lists(st.sampled_from(TITLES), max_size=7), table, st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "cp1252"])
)
def test_any_list(titles, rows, delimiter, encoding):
    text = StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([titles, *rows])
    planned(text.getvalue().encode(encoding, "replace"))


@tries()
@given(st.lists(st.sampled_from([*TITLES, *PIECES, ",", ";", '"', "\n", "\r\n"]), max_size=40))
def test_any_text_with_marks_of_a_list(parts):
    planned("".join(parts).encode("utf-8", "replace"))


def workbook():
    made = Workbook()
    assert made.active is not None
    for row in (["NIK", "Nama", "Jumlah"], ["5202014107800001", "Sutinah", 100000], [None, "=1+1", date(2024, 1, 1)]):
        made.active.append(row)
    made.create_sheet("Lain").append(["x"])
    file = BytesIO()
    made.save(file)
    return file.getvalue()


WHOLE = workbook()
PARTS = {name: ZipFile(BytesIO(WHOLE)).read(name) for name in ZipFile(BytesIO(WHOLE)).namelist()}


def packed(parts):
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return file.getvalue()


@tries(FEW)
@given(st.lists(st.tuples(st.integers(4, len(WHOLE) - 1), st.integers(0, 255)), max_size=6), st.integers(4, len(WHOLE)))
def test_a_damaged_workbook(changes, end):
    damaged = bytearray(WHOLE)
    for place, byte in changes:
        damaged[place] = byte
    planned(bytes(damaged[:end]))


@tries(FEW)
@given(
    st.sampled_from(sorted(PARTS)),
    st.integers(0, 4000),
    st.integers(0, 200),
    st.lists(
        st.sampled_from(
            [
                "<c>", '<c r="A0">', '<c r="B2" t="s"><v>99</v></c>', "</c>", "<v>1e400</v>", "<v>-1</v>", '<row r="7">',
                "</row>", "<is><t>x</t></is>", "<f>1+1</f>", '<!ENTITY x "y">', "<!DOCTYPE a>", "&x;", "&#0;", "\ufffe",
                '<sheet name="a" sheetId="1"/>', "<![CDATA[", "]]>", "<!--", "--", "<?xml?>", '<c r="XFD1048576"><v>1</v></c>',
            ]
        )
        | st.text(max_size=4),
        max_size=6,
    ),
)  # fmt: skip
def test_a_workbook_of_somebodys_making(part, start, length, inserted):
    content = PARTS[part]
    changed = content[:start] + "".join(inserted).encode("utf-8", "replace") + content[start + length :]
    planned(packed({**PARTS, part: changed}))


@tries()
@given(
    anything
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda number: Decimal(repr(number)))
)
def test_any_cell(found):
    if found == "" or (isinstance(found, str) and not found.strip()):
        return  # blank cells are nothing
    values.is_nothing(found)
    for reader in (
        values.read_amount, values.read_reference, values.read_phone, values.read_period, values.read_member_status,
        values.read_migrant_status, values.read_savings_kind, values.read_country, values.read_name, values.read_text,
        values.read_email, lambda one: values.read_nik(one, TODAY), lambda one: values.read_date(one, "dmy"),
        lambda one: values.read_date(one, "mdy"), lambda one: values.read_date(one, None),
        values_deposits.read_percent, values_deposits.read_months, values_deposits.read_roll_over,
        values_deposits.read_pay_months, values_deposits.read_account,
    ):  # fmt: skip
        try:
            reader(found)
        except InputError as refusal:
            assert refusal.message  # noqa: PT017 - either outcome is right
    values.survey_dates([found, "01/02/2024"])
    values.niks_look_cut([found])


# --- Journals that come back ----------------------------------------------------------------------------------------

BOOK = random_book(3, count=6)
WRITTEN = {
    "jsonl": "".join(map(JsonLines(BOOK.accounts), BOOK.entries)),
    **{
        name: "".join([*made.head({"book": 1}), *map(made, BOOK.entries)])
        for name, made in (("hledger", Hledger(BOOK.accounts)), ("beancount", Beancount(BOOK.accounts)))
    },
}
"""The same book as every journal that can be read back."""


def journal(text):
    """All that a journal tells, or its refusal with the line."""
    try:
        return list(read(StringIO(text, newline="\n")))
    except JournalFileError as refusal:
        assert str(refusal).startswith("line ")  # noqa: PT017 - either outcome is right
        return None


@pytest.mark.parametrize("form", WRITTEN)
def test_a_journal_comes_back(form):
    told = journal(WRITTEN[form])
    assert told is not None
    assert [one.number for one in told if isinstance(one, ReadEntry)] == [entry.number for entry in BOOK.entries]


@pytest.mark.parametrize("form", WRITTEN)
@tries()
@given(st.data())
def test_a_journal_that_was_changed(form, data):
    text = WRITTEN[form]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        text = text[:place] + data.draw(pieces) + text[place + data.draw(st.integers(0, 30)) :]
    journal(text)


@tries()
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=9)
        | st.sampled_from(["1.00", "2026-01-01", "IDR"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["lines", "debit", "credit", "amount", "currency", "note", "date"]), inner
            )
        ),
    )
)
def test_lines_of_json_that_are_no_entries(value):
    import json

    for line in (json.dumps(value), json.dumps({"number": 1, "lines": [value], "note": value})):
        journal(line if line.startswith("{") else f"{{{line}")


@pytest.mark.parametrize("deep", ["[", '{"a":'])
def test_deep_nesting_is_refused(deep):
    assert journal('{"number": ' + deep * 100_000) is None


@tries()
@given(anything)
def test_no_cell_of_an_export_is_a_formula(text):
    cell = harmless(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))  # no text here begins with a zero byte
    assert cell in {text, f"'{text}"}


def test_the_days_of_a_workbook_are_days():
    assert values.read_date(datetime(2024, 1, 1).date(), None) == date(2024, 1, 1)
