"""The journal as a workbook: typed cells, a row a posting, written in constant memory (docs/exports.md).

Excel keeps numbers as binary fractions of fifteen digits. An amount with more digits is written as text, so that no
digit of it is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from xlsxwriter import Workbook  # type: ignore[import-untyped]

from ledger.account import Account
from ledger.entry import Entry
from ledger.export.journal import COLUMNS, decimal_text, harmless
from ledger.money import exponent

ROWS = 1_048_576
"""Rows of a sheet, which Excel limits; what is longer goes on in another sheet."""

EXACT = 10**15
"""Amounts below it, in minor units, have at most fifteen digits."""

LONGEST = 32_000
WIDTHS = (8, 11, 20, 18, 40, 14, 14, 5, 18, 32, 6, 18, 18, 8, 24)

Cell = str | int | date | datetime | tuple[int, str] | None
"""What a cell may hold; a pair is an amount in minor units and its currency."""


class Xlsx:
    """A workbook being written: the journal on the first sheet, its origin on the second, more of it after that."""

    def __init__(
        self,
        target: BinaryIO | Path,
        accounts: Mapping[int, Account],
        *,
        titles: Sequence[str] = COLUMNS,
        sheet: str = "Journal",
        origin: str = "Origin",
        rows: int = ROWS,
    ) -> None:
        self.book = Workbook(target, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
        self.accounts = accounts
        self.titles, self.sheet_name, self.rows = titles, sheet, rows
        self.formats = _Formats(self.book)
        self.totals: dict[str, list[int]] = {}
        self.entries = self.postings = 0
        self.sheets = 0
        self.sheet = self._new_sheet()
        self.origin = self.book.add_worksheet(origin)

    def _new_sheet(self) -> Any:
        self.sheets += 1
        sheet = self.book.add_worksheet(self.sheet_name + (f" {self.sheets}" if self.sheets > 1 else ""))
        for column, (title, width) in enumerate(zip(self.titles, WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, title, self.formats.bold)
        sheet.freeze_panes(1, 0)
        self.row = 1
        return sheet

    def add(self, entry: Entry) -> None:
        """The entry's postings; an entry is not torn apart unless it is longer than a sheet."""
        if self.row > 1 and self.row + len(entry.lines) > self.rows:
            self.sheet = self._new_sheet()
        self.entries += 1
        before = (
            entry.number,
            entry.effective_date,
            entry.recorded_at,
            entry.kind,
            entry.description,
            entry.source,
            entry.actor,
        )
        after = entry.reverses, entry.hash.hex()
        for line in entry.lines:
            if self.row >= self.rows:
                self.sheet = self._new_sheet()
            money = abs(line.amount), line.currency
            sums = self.totals.setdefault(line.currency, [0, 0])
            sums[line.amount < 0] += abs(line.amount)
            sides = (money, None) if line.amount > 0 else (None, money)
            account = line.line, line.code, self.accounts[line.account_id].name_id, line.currency
            self._write(self.sheet, self.row, (*before, *account, *sides, *after))
            self.row += 1
            self.postings += 1

    def add_all(self, entries: Iterable[Entry]) -> None:
        """The postings of many entries."""
        for entry in entries:
            self.add(entry)

    def close(self, facts: Sequence[tuple[str, Cell]], totals: Callable[[str], tuple[str, str]]) -> None:
        """Write the second sheet and finish: the facts, then debit and credit of each currency.

        ``totals`` gives the two labels of a currency.
        """
        sheet = self.origin
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 1, 70)
        rows: list[tuple[str, Cell]] = list(facts)
        for currency, (debit, credit) in sorted(self.totals.items()):
            labels = totals(currency)
            rows += [(labels[0], (debit, currency)), (labels[1], (credit, currency))]
        for row, (label, value) in enumerate(rows):
            sheet.write_string(row, 0, label, self.formats.bold)
            self._cell(sheet, row, 1, value)
        self.book.close()

    def _write(self, sheet: Any, row: int, cells: Sequence[Cell]) -> None:
        for column, cell in enumerate(cells):
            if cell is not None and cell != "":
                self._cell(sheet, row, column, cell)

    def _cell(self, sheet: Any, row: int, column: int, cell: Cell) -> None:
        formats = self.formats
        match cell:
            case None:
                pass
            case str():
                # A string cell is never run; the quote prefix keeps it so when somebody edits it.
                inert = formats.quoted if harmless(cell) != cell else formats.text
                sheet.write_string(row, column, cell[:LONGEST], inert)
            case int():
                sheet.write_number(row, column, cell)
            case datetime():
                sheet.write_datetime(row, column, cell.astimezone(UTC).replace(tzinfo=None), formats.moment)
            case date():
                sheet.write_datetime(row, column, cell, formats.day)
            case (minor, currency):
                if abs(minor) < EXACT:
                    places = exponent(currency)
                    sheet.write_number(row, column, Decimal(minor).scaleb(-places), formats.money(places))
                else:
                    sheet.write_string(row, column, decimal_text(minor, currency), formats.right)


class _Formats:
    """How the kinds of cells look."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._money: dict[int, Any] = {}
        self.bold = book.add_format({"bold": True})
        self.text = book.add_format({"num_format": "@"})
        self.quoted = book.add_format({"num_format": "@", "quote_prefix": True})
        self.right = book.add_format({"num_format": "@", "align": "right"})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})

    def money(self, places: int) -> Any:
        """Thousands and exactly the currency's places."""
        if places not in self._money:
            shape = "#,##0" + ("." + "0" * places if places else "")
            self._money[places] = self._book.add_format({"num_format": shape})
        return self._money[places]
