"""From bytes to cells: what a file is, how it is written, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koperasi.imports import reading
from koperasi.imports.model import ImportFileError, Sheet
from koperasi.imports.reading import file_fingerprint, read_table

DATA = Path(__file__).parents[2] / "data"


def cells(sheet: Sheet) -> list[tuple[object, ...]]:
    return [row.cells for row in sheet.rows]


def lines(sheet: Sheet) -> list[int]:
    return [row.line_number for row in sheet.rows]


TABLE = "NIK{0}Nama{0}Jumlah\r\n1{0}José{0}250.000\r\n"
EXPECTED = [("NIK", "Nama", "Jumlah"), ("1", "José", "250.000")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("cp1252", "windows-1252"),
    ],
)
def test_encodings_and_delimiters_are_detected(encoding: str, named: str, delimiter: str) -> None:
    sheet = read_table(TABLE.format(delimiter).encode(encoding), "daftar.xlsx")
    assert (cells(sheet), sheet.encoding, sheet.delimiter) == (EXPECTED, named, delimiter)
    assert [warning.code for warning in sheet.warnings] == (["encoding-guessed"] if encoding == "cp1252" else [])


def test_bytes_that_windows_1252_has_not_are_left_to_the_detector() -> None:
    text = "NIK,Nama\n" + "\n".join(f"{i},Наталья Ивановна Петрова" for i in range(20))
    sheet = read_table(text.encode("cp1251").replace(b"\xcf", b"\x8f"), "a.csv")
    assert sheet.warnings[0].params["encoding"] == sheet.encoding != "windows-1252"


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("Nama;Jumlah\nBudi;250.000,00\nSiti;100.000,00\n", ";"),
        ("Koperasi Karya, Desa Sumber, Kec. Wates, DIY\nNama;Jumlah\nBudi;10\n", ";"),
        ("No Anggota\tNama\tAlamat\n1\tBudi\tJl. A, RT 1, RW 2\n2\tSiti\tJl. B, RT 1, RW 2\n", "\t"),
        ("sep=;\nNama;Jumlah\nBudi;1,5\n", ";"),
        ("a;b\n1;2\n", ";"),
    ],
)
def test_the_delimiter_is_the_one_that_shows_the_header(text: str, delimiter: str) -> None:
    assert read_table(text.encode(), "a.csv").delimiter == delimiter


def test_quotes_commas_and_lines_inside_cells() -> None:
    data = b'Nama,Alamat\n"Budi, S.Pd.","Jl. ""Mawar""\nRT 1"\n\n ,\nSiti,Wates\n'
    sheet = read_table(data, "a.csv")
    assert cells(sheet) == [("Nama", "Alamat"), ("Budi, S.Pd.", 'Jl. "Mawar"\nRT 1'), ("Siti", "Wates")]
    assert (lines(sheet), sheet.blank_lines) == ([1, 2, 6], 2)


def test_what_keeps_a_spreadsheet_from_making_numbers_is_taken_off() -> None:
    sheet = read_table(b"NIK,Nama,HP\n=\"3302046507880003\",'Aisyah,'0812\n", "a.csv")
    assert cells(sheet)[1] == ("3302046507880003", "'Aisyah", "0812")


def test_line_numbers_count_a_sep_line() -> None:
    sheet = read_table(b"sep=;\r\nNama;Jumlah\r\nBudi;1\r\n", "a.csv")
    assert (lines(sheet), sheet.blank_lines) == ([2, 3], 0)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-empty"),
        (b" \r\n\n", "file-empty"),
        (b";;;\r\n;;\r\n", "file-empty"),
        (b"\xef\xbb\xbf", "file-empty"),
        (b"NIK,Nama\n1,Bu\x00di\n", "file-type"),
        (b"%PDF-1.7\nNama,Jumlah\n", "file-type"),
        (b"{\\rtf1 Nama, Jumlah}", "file-type"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "file-type"),
        (b"\xff\xfeN", "file-type"),
        (b"<html><table><tr><td>NIK</td></tr></table></html>", "file-web-page"),
        (b'\n<?xml version="1.0"?><Workbook/>', "file-web-page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "file-old-excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "file-encrypted"),
        (b'Nama,Jumlah\n"Budi,1\nSiti,2\n', "quotes"),
        (b'Nama,Jumlah\n"Budi" S,1\n', "quotes"),
        (b"a," * 101 + b"\n", "file-too-large"),
        (b"\n" * 1_000_002 + b"a", "file-too-large"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(ImportFileError) as caught:
        read_table(data, "anggota.xls")
    assert caught.value.code == code
    assert caught.value.text("id")


def test_a_quote_without_its_pair_names_the_line() -> None:
    with pytest.raises(ImportFileError) as caught:
        read_table(b'Nama,Jumlah\nSiti,2\n"Budi" S,1\n', "a.csv")
    assert caught.value.params == {"line": 3}


def test_a_cell_of_ten_megabytes_and_a_million_columns_are_refused() -> None:
    for data, code in (
        (b'Nama,Alamat\nBudi,"' + b"x" * 10_000_000 + b'"\n', "cell-too-long"),
        (b'Nama,Alamat\nBudi,"' + b"x\n" * 5_000_000, "cell-too-long"),
        (b"Nama" + b"," * 1_000_000 + b"Alamat\n", "file-too-large"),
        (b"\n" * 5_000_000 + b"x", "file-too-large"),
    ):
        with pytest.raises(ImportFileError) as caught:
            read_table(data, "a.csv")
        assert caught.value.code == code


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 3)
    assert len(read_table(b"Nama\na\nb\n\n", "a.csv").rows) == 3
    with pytest.raises(ImportFileError, match="file-too-large"):
        read_table(b"Nama\na\nb\nc\n", "a.csv")
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    with pytest.raises(ImportFileError, match="file-too-heavy"):
        read_table(b"Nama,Jumlah", "a.csv")


def test_the_same_bytes_have_the_same_fingerprint() -> None:
    assert file_fingerprint(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_small_files_of_this_suite_read() -> None:
    read = {path.name: read_table(path.read_bytes(), path.name) for path in sorted(DATA.glob("*.csv"))}
    found = {name: (sheet.encoding, sheet.delimiter) for name, sheet in read.items()}
    assert found["anggota-desa.csv"] == ("utf-8-sig", ";")
    assert found["neraca-saldo.csv"] == ("utf-16", "\t")
    assert found["simpanan-awal.csv"] == ("windows-1252", ",")


@settings(deadline=None)  # the encoding detector takes its time
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        sheet = read_table(data, "a.csv")
    except ImportFileError as error:
        assert error.text("id")  # noqa: PT017 - either outcome is right
    else:
        assert sheet.rows
        assert all(any(cell is not None for cell in row.cells) for row in sheet.rows)
        assert lines(sheet) == sorted(set(lines(sheet)))
