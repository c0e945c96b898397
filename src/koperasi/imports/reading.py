"""From bytes to a table. The content decides what a file is, not its name."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from itertools import islice

from charset_normalizer import from_bytes

from koperasi.i18n import N_
from koperasi.imports.columns import known_titles
from koperasi.imports.model import Cell, ImportFileError, Remark, Sheet, SourceRow
from koperasi.imports.workbook import MAX_COLUMNS, MAX_ROWS, read_workbook, too_large

MAX_BYTES = 20 * 1024 * 1024
MAX_LINES = 10 * MAX_ROWS
"""Blank ones too."""
DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 60

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_BINARY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_OTHER_DOCUMENT = ("%PDF-", "{\\rtf", "%!PS")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_TEXT_FORMULA = re.compile(r'="([^"]*)"')


def file_fingerprint(data: bytes) -> bytes:
    """SHA-256 of the file, by which the same file is recognised when it comes again."""
    return hashlib.sha256(data).digest()


def read_table(data: bytes, filename: str, *, sheet_name: str | None = None) -> Sheet:
    """The file's table: every row that isn't blank, its cells as they were written.

    Args:
        data: the file.
        filename: only for messages.
        sheet_name: which sheet of a spreadsheet; the first visible one that holds something when not given.

    Raises:
        ImportFileError: it isn't a table that can be read safely; the message says what to do.
    """
    if len(data) > MAX_BYTES:
        raise ImportFileError(
            "file-too-heavy",
            N_("File %(name)s terlalu besar: paling banyak %(limit)s MB."),
            name=filename,
            limit=MAX_BYTES // 1024**2,
        )
    if not data.strip():
        raise ImportFileError("file-empty", N_("File ini kosong."))
    if data.startswith(b"PK\x03\x04"):
        return read_workbook(data, sheet_name)
    if data.startswith(_OLD_OFFICE):
        raise _old_office(data)
    text, encoding, warnings = _decode(data)
    return _read_text(text, encoding, warnings)


def _old_office(data: bytes) -> ImportFileError:
    if _ENCRYPTED in data:
        return ImportFileError(
            "file-encrypted",
            N_("File ini dikunci dengan kata sandi. Buka di Excel, hapus kata sandinya, simpan ulang."),
        )
    return ImportFileError(
        "file-old-excel", N_("Ini file Excel lama (.xls). Buka di Excel dan simpan sebagai .xlsx atau .csv.")
    )


def _not_a_table() -> ImportFileError:
    return ImportFileError(
        "file-type", N_("Jenis file ini tidak dapat dibaca. Buka di Excel dan simpan sebagai .xlsx atau .csv.")
    )


def _decode(data: bytes) -> tuple[str, str, tuple[Remark, ...]]:
    """The text, its encoding, and a warning when the encoding was only the likeliest one."""
    text, encoding = _decode_certain(data)
    warnings: tuple[Remark, ...] = ()
    if text is None:
        text, encoding = _decode_likely(data)
        warnings = (
            Remark(
                "encoding-guessed",
                N_("File ini tidak ditulis dalam UTF-8; dibaca sebagai %(encoding)s. Periksa huruf khusus pada nama."),
                {"encoding": encoding},
            ),
        )
    text = text.rstrip("\x1a")  # the end mark of old DOS programs
    if _BINARY.search(text) or text.startswith(_OTHER_DOCUMENT):
        raise _not_a_table()
    if text.lstrip().startswith("<"):
        raise ImportFileError(
            "file-web-page",
            N_(
                "Ini halaman web yang diberi nama seperti file Excel. Buka di Excel dan simpan sebagai .xlsx atau .csv."
            ),
        )
    return text, encoding, warnings


def _decode_certain(data: bytes) -> tuple[str | None, str]:
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "")
    if not encoding and b"\x00" in data[:200]:  # UTF-16 without its mark: every other byte of Latin text is zero
        even, odd = data[:200:2].count(0), data[1:200:2].count(0)
        encoding = "utf-16-le" if odd > even else "utf-16-be"
    try:
        return data.decode(encoding or "utf-8"), encoding or "utf-8"
    except UnicodeDecodeError as error:
        if encoding:
            raise _not_a_table() from error
        return None, ""


def _decode_likely(data: bytes) -> tuple[str, str]:
    """Windows-1252 is what Excel in Indonesia writes; anything it can't be is left to the detector."""
    try:
        return data.decode("cp1252"), "windows-1252"
    except UnicodeDecodeError as error:
        best = from_bytes(data).best()
        if best is None:
            raise _not_a_table() from error
        return str(best), best.encoding


def _read_text(text: str, encoding: str, warnings: tuple[Remark, ...]) -> Sheet:
    named = re.match(r"sep=(.)\r?\n", text)  # Excel's own note about the delimiter
    body = text[named.end() :] if named else text
    delimiter = named[1] if named and named[1] in DELIMITERS else _sniff(body)
    rows = tuple(_records(body, delimiter, first_line=2 if named else 1))
    if not rows:
        raise ImportFileError("file-empty", N_("File ini kosong."))
    lines = rows[-1].line_number - (1 if named else 0)
    return Sheet(
        rows=rows,
        blank_lines=max(0, lines - len(rows) - _inner_newlines(rows[:-1])),
        encoding=encoding,
        delimiter=delimiter,
        warnings=warnings,
    )


def _inner_newlines(rows: tuple[SourceRow, ...]) -> int:
    return sum(cell.count("\n") for row in rows for cell in row.cells if isinstance(cell, str))


def _sniff(text: str) -> str:
    """The delimiter under which a header can be recognised; else the one that makes the most even table."""

    def score(delimiter: str) -> tuple[int, int, int]:
        try:
            sample = [
                row for row in islice(csv.reader(StringIO(text, newline=""), delimiter=delimiter), SAMPLE_LINES) if row
            ]
        except csv.Error:
            return (0, 0, 0)
        widths = Counter(len(row) for row in sample if len(row) > 1)
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        return (max((known_titles(row) for row in sample), default=0), count, width)

    return max(DELIMITERS, key=score)


def _records(text: str, delimiter: str, first_line: int) -> Iterator[SourceRow]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = first_line
    count = 0
    try:
        for record in reader:
            cells = tuple(_text_cell(value) for value in record)
            if any(cell is not None for cell in cells):
                count += 1
                if count > MAX_ROWS or len(cells) > MAX_COLUMNS:
                    raise too_large()
                yield SourceRow(begins, cells)
            elif reader.line_num > MAX_LINES:
                raise too_large()
            begins = first_line + reader.line_num
    except csv.Error as error:
        if "field larger" in str(error):
            raise ImportFileError(
                "cell-too-long",
                N_("Ada sel yang terlalu panjang mulai baris %(line)s; mungkin tanda kutipnya tidak ditutup."),
                line=begins,
            ) from error
        raise ImportFileError(
            "quotes",
            N_("Tanda kutip pada baris %(line)s tidak berpasangan, jadi kolomnya tidak dapat dibaca."),
            line=begins,
        ) from error


def _text_cell(value: str) -> Cell:
    """A cell of a text file without the tricks that keep Excel from turning it into a number."""
    text = value.strip()
    kept = _TEXT_FORMULA.fullmatch(text)
    if kept:
        text = kept[1].strip()
    if len(text) > 1 and text[0] == "'" and (text[1].isdecimal() or text[1] == "+"):  # not a name such as 'Aisyah
        text = text[1:]
    return text or None
