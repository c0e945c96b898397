"""Headers: found wherever they stand, understood by meaning."""

from __future__ import annotations

import pytest

from koperasi.imports.columns import Field, Header, find_header
from koperasi.imports.model import ImportFileError
from koperasi.imports.reading import read_table


def header(text: str) -> Header:
    return find_header(read_table(text.encode(), "a.csv"))


def titles(found: Header) -> dict[str, str]:
    return {field.value: column.title for field, column in found.fields.items()}


@pytest.mark.parametrize(
    ("title", "field"),
    [
        ("NIK", Field.NIK), ("No. KTP", Field.NIK), ("N.I.K.", Field.NIK), ("nomor induk kependudukan", Field.NIK),
        ("No. Kartu", Field.MEMBER_NUMBER), ("NO ANGGOTA", Field.MEMBER_NUMBER), ("ID Anggota", Field.MEMBER_NUMBER),
        ("Nomor Induk Karyawan", Field.EXTERNAL_REFERENCE), ("Nama Lengkap", Field.NAME), ("Anggota", Field.NAME),
        ("No. HP / WA", Field.PHONE), ("Telp.", Field.PHONE), ("E-mail", Field.EMAIL), ("Alamat", Field.ADDRESS),
        ("Tgl. Masuk", Field.JOINED_ON), ("Tanggal Daftar", Field.JOINED_ON), ("Tanggal", Field.DATE),
        ("Status", Field.STATUS), ("Status PMI", Field.MIGRANT_STATUS), ("Negara Tujuan", Field.COUNTRY),
        ("Ahli Waris", Field.HEIR), ("Departemen", Field.DEPARTMENT), ("Tipe Anggota", Field.MEMBER_TYPE),
        ("Jumlah (Rp)", Field.AMOUNT), ("SALDO", Field.AMOUNT), ("Setoran", Field.AMOUNT), ("Periode", Field.PERIOD),
        ("Simpanan_Pokok", Field.POKOK), ("Simp. Wajib", Field.WAJIB), ("  simpanan  sukarela ", Field.SUKARELA),
        ("Tabungan Wadi'ah", Field.WADIAH), ("Kode Perkiraan", Field.ACCOUNT_CODE), ("No. Akun", Field.ACCOUNT_CODE),
        ("Nama Akun", Field.ACCOUNT_NAME), ("Debet", Field.DEBIT), ("Debit (IDR)", Field.DEBIT),
        ("KREDIT", Field.CREDIT), ("No.", Field.ROW_NUMBER), ("#", Field.ROW_NUMBER), ("Ket.", Field.NOTE),
    ],
)  # fmt: skip
def test_titles_are_matched_by_meaning(title: str, field: Field) -> None:
    assert list(header(f"{title};Golongan\nx;y\n").fields) == [field]


def test_the_header_stands_under_titles() -> None:
    found = header("Daftar anggota,,\nStatus: aktif,,\n\nNo,Nama,Golongan Darah\n1,Budi,O\n")
    assert (found.line, titles(found), found.unknown, found.width) == (
        4, {"row_number": "No", "name": "Nama"}, ("Golongan Darah",), 3,
    )  # fmt: skip


def test_a_header_of_two_rows() -> None:
    found = header("No,No Anggota,Nama,Simpanan,,\n,,,Pokok,Wajib,Sukarela\n1,A1,Budi,10,20,30\n")
    assert found.line == 2
    assert list(titles(found)) == ["row_number", "member_number", "name", "pokok", "wajib", "sukarela"]


def test_a_row_of_words_under_the_header_is_data() -> None:
    found = header("Nama,Status\nSiti,Anggota\n")
    assert (found.line, titles(found)) == (1, {"name": "Nama", "status": "Status"})


@pytest.mark.parametrize("text", ["Budi,100\nSiti,200\n", "1,2,3\n", "halo\n"])
def test_no_header_is_refused(text: str) -> None:
    with pytest.raises(ImportFileError, match="header-missing"):
        header(text)


def test_two_columns_of_one_meaning_are_refused_by_name() -> None:
    with pytest.raises(ImportFileError) as caught:
        header("NIK,Nama,HP,No WA\n1,Budi,0812,0813\n")
    assert (caught.value.code, caught.value.params) == ("columns-alike", {"first": "HP", "second": "No WA"})


def test_running_numbers_and_notes_may_repeat() -> None:
    assert titles(header("No,Nama,Ket,Catatan\n1,Budi,,\n")) == {"row_number": "No", "name": "Nama", "note": "Catatan"}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (["10234", "10235"], Field.EXTERNAL_REFERENCE),
        (["K-77", "K-78", "3302046507880003"], Field.EXTERNAL_REFERENCE),
        (["3302046507880003", "3302041203750001"], Field.NIK),
        (["330204650788003"], Field.NIK),
        (["3.30205E+15", "3,30204E+15"], Field.NIK),
        (["33.02.04.650788.0003"], Field.NIK),
        (["-", ""], Field.NIK),
    ],
)
def test_employee_numbers_under_nik(values: list[str], field: Field) -> None:
    found = header("NIK;Nama\n" + "\n".join(f"{value};Budi" for value in values))
    assert found.columns[0].field is field
    assert [warning.code for warning in found.warnings] == (["nik-employee"] if field is not Field.NIK else [])


def test_employee_numbers_beside_identity_numbers() -> None:
    found = header("NIK,No KTP,Nama\n10234,3302046507880003,Budi\n")
    assert titles(found) == {"external_reference": "NIK", "nik": "No KTP", "name": "Nama"}


def test_short_numbers_under_ktp_stay_identity_numbers() -> None:
    assert header("No KTP,Nama\n10234,Budi\n").columns[0].field is Field.NIK
