"""XLSX: what a spreadsheet's cells hold, and what it may not hide.

The library that reads values is fast but trusting: it reads a formula as its last result (or as nothing when it was
never calculated), an error cell as blank, and it reserves room for every cell up to the farthest one. So each part is
first walked here with expat, and the library gets a repacked copy of just the parts that were walked.
"""

from __future__ import annotations

import posixpath
import re
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

import python_calamine

from koperasi.i18n import N_
from koperasi.imports.model import Cell, ImportFileError, Remark, Sheet, SourceRow

MAX_ENTRIES = 1_000
MAX_UNCOMPRESSED = 100 * 1024 * 1024
MAX_ELEMENTS = 4_000_000
MAX_ROWS = 100_000
MAX_COLUMNS = 100
MAX_CELLS = 2_000_000
"""Rows times columns up to the farthest cell used."""

EXACT_LIMIT = 2**53
"""Above it a spreadsheet's number isn't exact to the unit (IEEE 754 binary64)."""

_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ZIP_ERRORS = (BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, KeyError)


def damaged() -> ImportFileError:
    """The file claims to be a spreadsheet and can't be read as one."""
    return ImportFileError(
        "file-damaged", N_("File Excel ini rusak atau tidak lengkap. Buka di Excel, simpan ulang, lalu coba lagi.")
    )


def too_large() -> ImportFileError:
    """More than any real list holds."""
    return ImportFileError(
        "file-too-large",
        N_("File terlalu besar: paling banyak %(rows)s baris dan %(columns)s kolom."),
        rows=MAX_ROWS,
        columns=MAX_COLUMNS,
    )


class _Walk:
    """One pass over a part: how far its used cells reach, its first formula and its first error cell."""

    def __init__(self) -> None:
        self.rows = self.columns = 0
        self.formula: str | None = None
        self.broken: str | None = None
        self._row = self._column = self._elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise too_large()
        local = name[name.rfind(" ") + 1 :]
        if local == "c":
            self._cell(attributes)
        elif local in {"v", "is", "t", "f"}:
            self._used()
            if local == "f" and self.formula is None:
                self.formula = self._here()
        elif local == "row":
            self._row = int(attributes["r"]) if attributes.get("r", "").isdecimal() else self._row + 1
            self._column = 0

    def _cell(self, attributes: dict[str, str]) -> None:
        found = _REFERENCE.fullmatch(attributes.get("r", ""))
        if found:
            self._column = 0
            for letter in found[1]:
                self._column = self._column * 26 + ord(letter) - 64
            self._row = int(found[2])
        else:
            self._column += 1
        if attributes.get("t") == "e" and self.broken is None:
            self.broken = self._here()

    def _used(self) -> None:
        self.rows = max(self.rows, self._row)
        self.columns = max(self.columns, self._column)
        if self.rows > MAX_ROWS or self.columns > MAX_COLUMNS or self.rows * self.columns > MAX_CELLS:
            raise too_large()

    def _here(self) -> str:
        letters, left = "", self._column
        while left > 0:
            left, letter = divmod(left - 1, 26)
            letters = chr(65 + letter) + letters
        return f"{letters}{self._row}"


def _refuse_doctype(*_: object) -> None:
    """No spreadsheet program writes one; entity tricks need one."""
    raise damaged()


def _walk(part: bytes) -> _Walk:
    walk = _Walk()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = walk.start
    try:
        parser.Parse(part, True)
    except expat.ExpatError as error:
        raise damaged() from error
    return walk


def _attributes(part: bytes, element: str) -> list[dict[str, str]]:
    """The attributes of every element of one name, without their namespaces."""
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name[name.rfind(" ") + 1 :] == element:
            found.append({key[key.rfind(" ") + 1 :]: value for key, value in attributes.items()})

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.Parse(part, True)
    return found


def _parts(data: bytes) -> dict[str, bytes]:
    """The XML parts of the package, decompressed within limits."""
    try:
        with ZipFile(BytesIO(data)) as package:
            entries = package.infolist()
            names = {entry.filename.lower() for entry in entries}
            if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNCOMPRESSED:
                raise too_large()
            if "xl/workbook.xml" not in names:
                raise ImportFileError(
                    "file-type",
                    N_("Jenis file ini tidak dapat dibaca. Buka di Excel dan simpan sebagai .xlsx atau .csv."),
                )
            if len(names) != len(entries):
                raise damaged()
            return {
                entry.filename: package.read(entry)
                for entry in entries
                if entry.filename.lower().endswith((".xml", ".rels"))
            }
    except _ZIP_ERRORS as error:
        raise damaged() from error


def _sheet_parts(parts: dict[str, bytes]) -> dict[str, str]:
    """Sheet name to the part that holds it, visible sheets only, in the workbook's order."""
    relations = parts.get("xl/_rels/workbook.xml.rels")
    book = parts.get("xl/workbook.xml")
    if relations is None or book is None:
        raise damaged()
    targets = {
        entry.get("Id", ""): posixpath.normpath(posixpath.join("/xl", entry.get("Target", ""))).lstrip("/")
        for entry in _attributes(relations, "Relationship")
    }
    return {
        entry["name"]: targets.get(entry.get("id", ""), "")
        for entry in _attributes(book, "sheet")
        if entry.get("name") and entry.get("state", "visible") == "visible"
    }


def _choose(filled: dict[str, _Walk], wanted: str | None) -> str:
    if wanted is not None and wanted not in filled:
        raise ImportFileError("sheet-missing", N_("Lembar %(sheet)s tidak ada atau kosong."), sheet=wanted)
    if not filled:
        raise ImportFileError("file-empty", N_("File ini kosong."))
    name = wanted if wanted is not None else next(iter(filled))
    walk = filled[name]
    if walk.formula is not None:
        raise ImportFileError(
            "formula",
            N_(
                "Sel %(cell)s di lembar %(sheet)s berisi rumus, dan hasil rumus bisa berbeda dari yang Anda lihat. "
                "Salin seluruh lembar, tempel sebagai nilai (Paste Values), simpan, lalu coba lagi."
            ),
            cell=walk.formula,
            sheet=name,
        )
    if walk.broken is not None:
        raise ImportFileError(
            "error-cell",
            N_("Sel %(cell)s di lembar %(sheet)s berisi kesalahan Excel. Perbaiki selnya lalu coba lagi."),
            cell=walk.broken,
            sheet=name,
        )
    return name


def _values(parts: dict[str, bytes], sheet: str) -> list[list[object]]:
    """The sheet's values through the fast reader, from a copy that holds only what was walked."""
    copy = BytesIO()
    with ZipFile(copy, "w") as package:
        for name, part in parts.items():
            package.writestr(name, part)
    copy.seek(0)
    try:
        with python_calamine.load_workbook(copy) as book:
            return [list(row) for row in book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)]
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in the reader isn't an Exception
        raise damaged() from error


def _cell(value: object) -> Cell:  # noqa: PLR0911 - one return for each type
    """A value as the rest of the import knows it; numbers stay exact."""
    if isinstance(value, str):
        return _CONTROL.sub(" ", value).strip() or None
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if value.is_integer() and abs(value) < EXACT_LIMIT:
            return int(value)
        exact = Decimal(repr(value))
        if not exact.is_finite():
            return str(value)
        return int(exact) if exact == exact.to_integral_value() else exact
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return str(value)


def _rows(values: list[list[object]]) -> Iterator[SourceRow]:
    for number, row in enumerate(values, start=1):
        cells = tuple(_cell(value) for value in row)
        if any(cell is not None for cell in cells):
            yield SourceRow(number, cells)


def read_workbook(data: bytes, sheet_name: str | None = None) -> Sheet:
    """The first visible sheet that holds something, or the named one.

    Raises:
        ImportFileError: damaged, too large, encrypted, another format, empty, or with formulas or error cells in the
            sheet; the message names the cell.
    """
    parts = _parts(data)
    walks = {name: _walk(part) for name, part in parts.items()}
    sheets = _sheet_parts(parts)
    filled = {name: walks[part] for name, part in sheets.items() if part in walks and walks[part].rows}
    name = _choose(filled, sheet_name)
    rows = tuple(_rows(_values(parts, name)))
    if not rows:
        raise ImportFileError("file-empty", N_("File ini kosong."))
    others = [other for other in filled if other != name]
    warnings = (
        Remark(
            "other-sheets",
            N_("Yang dibaca hanya lembar %(sheet)s. Lembar lain tidak dibaca: %(others)s."),
            {"sheet": name, "others": ", ".join(others)},
        ),
    )
    return Sheet(
        rows=rows,
        blank_lines=rows[-1].line_number - len(rows),
        sheet_name=name,
        sheet_names=tuple(sheets),
        warnings=warnings if others else (),
    )
