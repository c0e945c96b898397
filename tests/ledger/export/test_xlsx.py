"""The workbook, as openpyxl reads it back."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from ledger.export.journal import COLUMNS
from ledger.export.xlsx import Xlsx
from ledger.money import exponent

from .books import FIRST_DAY, chart, make_entry, random_book, texts


def written(accounts, entries, rows=1_048_576, facts=()):
    file = BytesIO()
    book = Xlsx(file, accounts, sheet="Jurnal", origin="Asal", rows=rows)
    for entry in entries:
        book.add(entry)
    book.close(facts, lambda currency: (f"debit {currency}", f"credit {currency}"))
    return load_workbook(BytesIO(file.getvalue()))


def rows_of(sheet) -> list[dict]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in sheet.iter_rows(min_row=2, values_only=True)]


def test_cells_have_their_kind_and_the_totals_are_there():
    book = random_book(5)
    facts = [("Buku", 1), ("Dari tanggal", date(2025, 1, 1)), ("Sampai", None), ("Segel", "ab" * 32)]
    read = written(book.accounts, book.entries, facts=facts)
    assert read.sheetnames == ["Jurnal", "Asal"]
    lines = [(entry, line) for entry in book.entries for line in entry.lines]
    sums: dict[str, list[int]] = {}
    for row, (entry, line) in zip(rows_of(read["Jurnal"]), lines, strict=True):
        assert (row["entry"], row["line"]) == (entry.number, line.line)
        assert row["date"] == datetime(entry.effective_date.year, entry.effective_date.month, entry.effective_date.day)
        assert abs(row["recorded_at"] - entry.recorded_at.replace(tzinfo=None)).total_seconds() < 0.01
        assert (row["account"], row["account_name"]) == (line.code, book.accounts[line.account_id].name_id)
        side, other = ("debit", "credit") if line.amount > 0 else ("credit", "debit")
        assert row[other] is None
        exact = abs(line.amount) < 10**15
        assert isinstance(row[side], str) is not exact
        assert round(Decimal(str(row[side])).scaleb(exponent(line.currency))) == abs(line.amount)
        assert unescape(row["description"] or "") == entry.description
        sums.setdefault(line.currency, [0, 0])[line.amount < 0] += abs(line.amount)
    origin = {row[0]: row[1] for row in read["Asal"].iter_rows(values_only=True)}
    assert (origin["Buku"], origin["Dari tanggal"], origin["Segel"]) == (1, datetime(2025, 1, 1), "ab" * 32)
    for currency, (debit, credit) in sums.items():
        for label, amount in (("debit", debit), ("credit", credit)):
            assert Decimal(str(origin[f"{label} {currency}"])).scaleb(exponent(currency)) == amount
    formats = {cell.number_format for row in read["Jurnal"]["L2:M60"] for cell in row if cell.value is not None}
    assert formats <= {"#,##0", "#,##0.00", "#,##0.000", "@"}
    assert len(formats) >= 3


@pytest.mark.parametrize(
    "words", ["=1+1", "+62", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "http://x", "{=1}", "007", "1,5"]
)
def test_no_cell_is_a_formula_link_or_number(words):
    accounts = chart()
    one = make_entry(
        accounts, bytes(32), number=1, day=FIRST_DAY, lines=[(1, 5), (6, -5)], description=words, source=words
    )
    sheet = written(accounts, [one])["Jurnal"]
    for column in ("E", "F"):
        cell = sheet[f"{column}2"]
        assert (cell.data_type, cell.value, cell.hyperlink) == ("s", words, None)
        assert cell.quotePrefix is words.startswith(tuple("=+-@"))


def test_an_amount_too_long_for_a_number_is_kept_as_text():
    accounts = chart()
    lines = [(1, 10**15 - 1), (6, -(10**15 - 1)), (1, 10**17), (6, -(10**17))]
    read = written(accounts, [make_entry(accounts, bytes(32), number=1, day=FIRST_DAY, lines=lines)])
    assert read["Jurnal"]["L2"].value == 9999999999999.99
    assert read["Jurnal"]["L4"].value == "1000000000000000.00"
    assert read["Asal"]["B1"].value == "1009999999999999.99"


def test_a_long_journal_goes_on_in_another_sheet():
    book = random_book(6)
    read = written(book.accounts, book.entries, rows=20)
    assert read.sheetnames[:3] == ["Jurnal", "Asal", "Jurnal 2"]
    found = []
    for name in [name for name in read.sheetnames if name != "Asal"]:
        assert read[name]["A1"].value == "entry"
        assert read[name].max_row <= 20
        found += [(row["entry"], row["line"]) for row in rows_of(read[name])]
    assert found == [(entry.number, line.line) for entry in book.entries for line in entry.lines]
    accounts = chart()
    endless = make_entry(accounts, bytes(32), number=1, day=FIRST_DAY, lines=[(1, 5), (6, -5)] * 25)
    assert written(accounts, [endless], rows=20).sheetnames == ["Jurnal", "Asal", "Jurnal 2", "Jurnal 3"]


@hypothesis_settings(max_examples=30)
@given(words=texts)
def test_any_words_can_be_read_back(words):
    accounts = chart()
    one = make_entry(accounts, bytes(32), number=1, day=FIRST_DAY, lines=[(1, 5), (6, -5)], description=words)
    value = written(accounts, [one])["Jurnal"]["E2"].value
    assert unescape(value or "") == words


def test_an_empty_journal():
    read = written(chart(), [])
    assert [read["Jurnal"].max_row, read["Jurnal"]["A1"].value] == [1, "entry"]
