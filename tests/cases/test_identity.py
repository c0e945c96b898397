"""Reference case NIK-01: identity numbers, well formed and not, with what stands in them. Case TB-01: amounts in words."""

from __future__ import annotations

from datetime import date

import pytest

from koperasi.nik import NikError, nik_warnings, parse_nik
from koperasi.terbilang import kuitansi_words, terbilang

TODAY = date(2025, 12, 31)


@pytest.mark.parametrize(
    ("nik", "province", "regency", "district", "born", "sex", "serial"),
    [
        ("3602041211870001", "36", "3602", "360204", date(1987, 11, 12), "L", "0001"),
        ("3273056010900009", "32", "3273", "327305", date(1990, 10, 20), "P", "0009"),
        ("3201010101010001", "32", "3201", "320101", date(2001, 1, 1), "L", "0001"),
        ("5203127112010003", "52", "5203", "520312", date(2001, 12, 31), "P", "0003"),
    ],
)
def test_nik_01_what_stands_in_it(nik, province, regency, district, born, sex, serial):
    found = parse_nik(nik, TODAY)
    assert (found.province, found.regency, found.district) == (province, regency, district)
    assert (found.birth_date, found.sex, found.serial) == (born, sex, serial)


@pytest.mark.parametrize(
    ("nik", "code"),
    [
        ("3273056010900000", "serial-zero"),
        ("3273054010900009", "birth-date"),
        ("3273057210900009", "birth-date"),
        ("3273053102900009", "birth-date"),
        ("0173056010900009", "province"),
        ("327305601090000", "length"),
        ("32730560109OOOO9", "length"),
    ],
)
def test_nik_01_what_it_cannot_be(nik, code):
    with pytest.raises(NikError) as refused:
        parse_nik(nik, TODAY)
    assert refused.value.code == code


def test_nik_01_another_birth_date_is_flagged_and_not_refused():
    found = parse_nik("3602041211870001", TODAY)
    assert [one.code for one in nik_warnings(found, date(1987, 11, 13), "L")] == ["nik-birth-date"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "nol"), (11, "sebelas"), (111, "seratus sebelas"), (1999, "seribu sembilan ratus sembilan puluh sembilan"),
        (11_000, "sebelas ribu"), (101_000, "seratus satu ribu"), (1_001_000, "satu juta seribu"),
        (11_011_011, "sebelas juta sebelas ribu sebelas"), (1_001_001_001, "satu miliar satu juta seribu satu"),
        (10**12, "satu triliun"), (-5000, "minus lima ribu"),
    ],
)  # fmt: skip
def test_tb_01_in_words(number, words):
    """The whole list stands in tests/koperasi/test_terbilang.py."""
    assert terbilang(number) == words


def test_tb_01_sen():
    assert kuitansi_words(125_000_050) == "Satu juta dua ratus lima puluh ribu rupiah lima puluh sen"
