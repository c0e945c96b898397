"""Which lines of a table are rows to import, and which are titles, repeated headers, totals or nothing."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from koperasi.formats import InputError, format_amount
from koperasi.i18n import N_
from koperasi.imports.columns import Field, Header
from koperasi.imports.model import Cell, ImportKind, Remark, Sheet, SkippedLine, SourceRow
from koperasi.imports.values import is_nothing, read_amount

WIDE = (Field.POKOK, Field.WAJIB, Field.SUKARELA, Field.WADIAH)
"""Columns of a table that has one row for each member and one column for each kind of savings."""

_NUMBERS = (Field.NIK, Field.MEMBER_NUMBER, Field.EXTERNAL_REFERENCE, Field.ACCOUNT_CODE, Field.CONTRACT_NUMBER)
_NAMES = (Field.NAME, Field.ACCOUNT_NAME)
_AMOUNTS = (Field.AMOUNT, *WIDE, Field.DEBIT, Field.CREDIT, Field.PAID_AMOUNT)
_TOTAL = re.compile(r"((grand|sub)\s*-?\s*)?(total|jumlah|jml)\b.*", re.IGNORECASE | re.DOTALL)
_GRAND = re.compile(r"(grand\s*-?\s*total|total\s+(keseluruhan|seluruhnya|akhir))\b.*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """One line under a header."""

    row: SourceRow
    header: Header
    text_file: bool

    @property
    def number(self) -> int:
        """Its line number in the file."""
        return self.row.line_number

    def cell(self, wanted: Field) -> Cell:
        """The cell of a meaning; ``None`` when there is no such column or nothing in it (a dash is a zero in money)."""
        column = self.header.fields.get(wanted)
        if column is None or column.index >= len(self.row.cells):
            return None
        cell = self.row.cells[column.index]
        return None if wanted not in _AMOUNTS and is_nothing(cell) else cell


@dataclass(slots=True)
class Sorted:
    """The lines of a table by what they are, with the errors of its totals and headers."""

    data: list[Line] = field(default_factory=list)
    skipped: list[SkippedLine] = field(default_factory=list)
    errors: list[Remark] = field(default_factory=list)


@dataclass(slots=True)
class _Sums:
    """A money column's sums so far, in sen: of all lines and since the last total."""

    overall: int = 0
    section: int = 0
    readable: bool = True


def amount_fields(kind: ImportKind, header: Header) -> tuple[Field, ...]:
    """The money columns that count for a kind of import."""
    if kind is ImportKind.OPENING_TRIAL_BALANCE:
        wanted: tuple[Field, ...] = (Field.DEBIT, Field.CREDIT)
    elif kind is ImportKind.OPENING_DEPOSITS:
        wanted = (Field.AMOUNT, Field.POKOK, Field.PAID_AMOUNT)
    else:
        wanted = (Field.AMOUNT, *WIDE)
    return tuple(one for one in wanted if one in header.fields)


def sort_lines(kind: ImportKind, sheet: Sheet, header: Header, excluded_lines: Collection[int]) -> Sorted:
    """Tell rows from titles, repeated headers and totals, and check each total against the rows above it."""
    result = Sorted()
    sums = {wanted: _Sums() for wanted in amount_fields(kind, header)}
    counted = 0
    for row in sheet.rows:
        line = Line(row, header, sheet.delimiter is not None)
        if row.line_number <= header.line:
            result.skipped.append(SkippedLine(row.line_number, "header" if row.line_number == header.line else "title"))
        elif header.repeats(row):
            result.skipped.append(SkippedLine(row.line_number, "header"))
            if not header.same_places(row):
                result.errors.append(_other_header(row))
        elif _empty(line):
            result.skipped.append(SkippedLine(row.line_number, "blank"))
        elif _is_total(line, sums, counted):
            result.skipped.append(SkippedLine(row.line_number, "total"))
            if row.line_number not in excluded_lines:
                result.errors += _check_total(line, sums)
        else:
            counted += 1
            _add(line, sums)
            if row.line_number in excluded_lines:
                result.skipped.append(SkippedLine(row.line_number, "excluded"))
            else:
                result.data.append(line)
    return result


def _other_header(row: SourceRow) -> Remark:
    return Remark(
        "second-table",
        N_("Di baris %(line)s mulai tabel lain dengan kolom yang berbeda. Pisahkan menjadi dua file."),
        {"line": row.line_number},
    )


def _empty(line: Line) -> bool:
    """Nothing but a running number or a note, as in forms with numbered empty rows."""
    aside = {column.index for column in line.header.columns if column.field in {Field.ROW_NUMBER, Field.NOTE}}
    filled = {index for index, cell in enumerate(line.row.cells) if cell is not None}
    labels = [cell for cell in line.row.cells if isinstance(cell, str) and _TOTAL.fullmatch(cell)]
    return filled <= aside and not labels


def _is_total(line: Line, sums: dict[Field, _Sums], counted: int) -> bool:
    """A line labelled as a total that is about nobody, or an unlabelled one that is exactly the sum of those above."""
    if any(_has_digit(line.cell(wanted)) for wanted in _NUMBERS):
        return False
    if any(isinstance(cell, str) and _TOTAL.fullmatch(cell) for cell in line.row.cells):
        return True
    if counted < 2 or any(line.cell(wanted) is not None for wanted in (*_NUMBERS, *_NAMES)):
        return False
    stated = {wanted: amount for wanted in sums if (amount := _amount(line, wanted))}
    return bool(stated) and all(
        amount in (sums[wanted].overall, sums[wanted].section) for wanted, amount in stated.items()
    )


def _grand(cell: Cell) -> bool:
    return isinstance(cell, str) and _GRAND.fullmatch(cell) is not None


def _has_digit(cell: Cell) -> bool:
    return cell is not None and any(char.isdecimal() for char in str(cell))


def _amount(line: Line, wanted: Field) -> int | None:
    """The amount in a column; ``None`` if blank or unreadable."""
    cell = line.cell(wanted)
    if cell is None:
        return None
    try:
        return read_amount(cell)
    except InputError:
        return None


def _add(line: Line, sums: dict[Field, _Sums]) -> None:
    for wanted, so_far in sums.items():
        amount = _amount(line, wanted)
        if amount is None:
            so_far.readable = so_far.readable and line.cell(wanted) is None
            continue
        so_far.overall += amount
        so_far.section += amount


def _check_total(line: Line, sums: dict[Field, _Sums]) -> list[Remark]:
    """Errors where the stated total is neither the sum of its section nor of all lines above.

    Where an amount above can't be read the sum is unknown and nothing is said; that row has its own error.
    """
    errors = []
    grand = any(_grand(cell) for cell in line.row.cells)
    for wanted, ours in sums.items():
        cell = line.cell(wanted)
        stated = _amount(line, wanted)
        title = line.header.fields[wanted].title
        right = ours.overall if grand or ours.section == 0 else ours.section
        if cell is not None and stated is None and not (isinstance(cell, str) and _TOTAL.fullmatch(cell)):
            errors.append(_unreadable_total(line.number, title))
        elif stated is not None and ours.readable and stated not in (ours.overall, right):
            errors.append(
                Remark(
                    "total-mismatch",
                    N_("Baris total %(line)s menyatakan %(stated)s, tetapi baris di atasnya berjumlah %(sum)s."),
                    {"line": line.number, "stated": format_amount(stated), "sum": format_amount(right)},
                    title,
                )
            )
        ours.section = 0
    return errors


def _unreadable_total(number: int, title: str) -> Remark:
    return Remark("total-unreadable", N_("Nilai pada baris total %(line)s tidak terbaca."), {"line": number}, title)
