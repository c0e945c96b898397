from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.errors import Refusal
from koperasi.formats import InputError
from koperasi.i18n import translate
from koperasi.members import rules
from koperasi.members.rules import MemberStatus, MigrantStatus
from koperasi.nik import PROVINCE_CODES, NikError, mask_nik, nik_warnings, parse_nik

TODAY = date(2025, 12, 31)


@pytest.mark.parametrize(
    ("value", "regency", "born", "sex"),
    [
        ("3602041211870001", "3602", date(1987, 11, 12), "L"),
        ("3273056010900009", "3273", date(1990, 10, 20), "P"),
        ("3201010101010001", "3201", date(2001, 1, 1), "L"),
        ("5203127112010003", "5203", date(2001, 12, 31), "P"),
    ],
)
def test_takes_a_nik_apart(value, regency, born, sex):
    nik = parse_nik(value, TODAY)
    assert (nik.value, nik.province, nik.regency, nik.district) == (value, value[:2], regency, value[:6])
    assert (nik.birth_date, nik.sex, nik.serial) == (born, sex, value[-4:])


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("3273056010900000", "serial-zero"),
        ("3273054010900009", "birth-date"),
        ("3273057210900009", "birth-date"),
        ("3273053102900009", "birth-date"),
        ("0173056010900009", "province"),
        ("327305601090000", "length"),
        ("32730560109OOOO9", "length"),
        ("", "length"),
        ("٣٢٧٣٠٥٦٠١٠٩٠٠٠٠٩", "length"),
        ("3273056010900009.0", "length"),
        ("3.27305601090E+15", "length"),
        ("2073056010900009", "province"),
        ("9773056010900009", "province"),
        ("3273050010900009", "birth-date"),
        ("3273056013900009", "birth-date"),
        ("3273052902010009", "birth-date"),
    ],
)
def test_refuses_what_cannot_be_a_nik(value, code):
    with pytest.raises(NikError) as refused:
        parse_nik(value, TODAY)
    assert refused.value.code == code


def test_a_damaged_nik_says_what_damaged_it():
    with pytest.raises(NikError, match="lembar kerja hanya menyimpan 15 angka"):
        parse_nik("3273056010900000", TODAY)


def test_the_century_is_the_later_one_that_has_been():
    assert parse_nik("3201013112250001", TODAY).birth_date == date(2025, 12, 31)
    assert parse_nik("3201013112250001", TODAY - timedelta(days=1)).birth_date == date(1925, 12, 31)
    assert parse_nik("3201012902000001", TODAY).birth_date == date(2000, 2, 29)


def test_spaces_dots_and_dashes_in_a_nik_are_ignored():
    assert parse_nik(" 3273.0560-1090 0009 ", TODAY).value == "3273056010900009"


def test_a_nik_is_masked_on_screen_and_in_a_repr():
    nik = parse_nik("3273056010900009", TODAY)
    assert mask_nik(nik.value) == "327305******0009"
    assert nik.value not in repr(nik)
    assert mask_nik("12345") == "*****"


def test_there_are_38_provinces():
    assert len(PROVINCE_CODES) == 38


def test_a_difference_from_the_nik_warns():
    nik = parse_nik("3273056010900009", TODAY)
    assert nik_warnings(nik, nik.birth_date, "P") == ()
    assert nik_warnings(nik, None, None) == ()
    assert [w.code for w in nik_warnings(nik, date(1990, 10, 21), "L")] == ["nik-birth-date", "nik-sex"]


@given(
    st.sampled_from(sorted(PROVINCE_CODES)),
    st.integers(1, 9999),
    st.dates(date(1926, 1, 1), TODAY),
    st.sampled_from("LP"),
    st.integers(1, 9999),
)
def test_a_made_up_nik_is_read_back(province, region, born, sex, serial):
    day = born.day + (40 if sex == "P" else 0)
    nik = parse_nik(f"{province}{region:04}{day:02}{born:%m%y}{serial:04}", TODAY)
    assert (nik.province, nik.birth_date, nik.sex, nik.serial) == (province, born, sex, f"{serial:04}")


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{16}", fullmatch=True))
def test_any_text_is_a_nik_or_a_refusal(text):
    try:
        nik = parse_nik(text, TODAY)
    except NikError:
        return
    assert nik.birth_date <= TODAY


LIFECYCLE = {
    "pemohon": {"anggota", "keluar", "meninggal"},
    "anggota": {"cuti", "nonaktif", "keluar_diajukan", "meninggal", "diberhentikan"},
    "cuti": {"anggota", "nonaktif", "keluar_diajukan", "meninggal", "diberhentikan"},
    "nonaktif": {"anggota", "keluar_diajukan", "meninggal", "diberhentikan"},
    "keluar_diajukan": {"anggota", "keluar", "meninggal", "diberhentikan"},
    "keluar": set(),
    "meninggal": set(),
    "diberhentikan": set(),
}


@pytest.mark.parametrize("current", MemberStatus)
@pytest.mark.parametrize("wanted", MemberStatus)
def test_the_lifecycle(current, wanted):
    if wanted in LIFECYCLE[current]:
        rules.check_transition(current, wanted)
    else:
        with pytest.raises(Refusal) as refused:
            rules.check_transition(current, wanted)
        assert refused.value.code == "member-status"


def test_who_has_left_has_left():
    assert {s.value for s in MemberStatus if s.has_left} == {"keluar", "meninggal", "diberhentikan"}


def test_statuses_have_labels_in_both_languages():
    assert {s.value for s in MigrantStatus} == {"calon_pmi", "pmi_aktif", "purna_pmi", "keluarga_pmi", "bukan"}
    for status in (*MigrantStatus, *MemberStatus):
        assert translate("en", status.label) != status.label


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Suharto", "Suharto"),
        ("  Siti   Aminah ", "Siti Aminah"),
        ("Ny. Ma'rifah, S.Pd.", "Ny. Ma'rifah, S.Pd."),
        ("x" * 120, "x" * 120),
    ],
)
def test_one_name_is_enough(text, name):
    assert rules.clean_name(text) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("x" * 121, "too-long"),
        ("Si\x07ti", "control-character"),
        ("12345", "name-letters"),
        ("-", "name-letters"),
    ],
)
def test_refuses_names(text, code):
    with pytest.raises(InputError) as refused:
        rules.clean_name(text)
    assert refused.value.code == code


def test_countries():
    assert len(rules.country_codes()) == 249
    assert rules.clean_country(" hk ") == "HK"
    assert rules.country_name("TW") == "Taiwan"
    assert rules.country_name("SA", "id") == "Arab Saudi"
    assert rules.country_name("SA", "en") == "Saudi Arabia"
    assert set(rules.DESTINATION_COUNTRIES) <= rules.country_codes()


@pytest.mark.parametrize("text", ["", "XX", "ZZ", "EU", "UK", "HKG", "852", "H", "hＫ"])
def test_refuses_countries(text):
    with pytest.raises(InputError, match="negara"):
        rules.clean_country(text)


def test_member_numbers():
    assert rules.make_member_number(1) == "00001"
    assert rules.make_member_number(123_456) == "123456"
    with pytest.raises(ValueError, match="begin with 1"):
        rules.make_member_number(0)


def test_names_are_looked_for_without_capitals_and_accents():
    assert rules.fold("  Désirée   WULANDARI ") == "desiree wulandari"


@pytest.mark.parametrize(
    ("percents", "whole"), [((), True), ((100,), True), ((60, 40), True), ((50,), False), ((0, 100), False)]
)
def test_shares_make_a_whole(percents, whole):
    if whole:
        rules.check_shares(percents)
    else:
        with pytest.raises(InputError):
            rules.check_shares(percents)
