"""From a table to a plan."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from koperasi.imports.model import (
    AccountBalance,
    Answers,
    ImportFileError,
    ImportKind,
    MemberDetails,
    MemberIdentity,
    Plan,
    SavingsAmount,
    SavingsKind,
)
from koperasi.imports.reading import read_table
from koperasi.imports.rules import plan

DATA = Path(__file__).parents[2] / "data"
TODAY = date(2026, 11, 25)
WAJIB = Answers(savings_kind=SavingsKind.WAJIB)
NIK = "3302046507880003"
OTHER = "3302041203750001"


def planned(
    text: str | bytes,
    kind: ImportKind = ImportKind.OPENING_SAVINGS,
    answers: Answers = WAJIB,
    excluded: Collection[int] = (),
) -> Plan:
    sheet = read_table(text if isinstance(text, bytes) else text.encode(), "a.csv")
    return plan(kind, sheet, reference_date=TODAY, answers=answers, excluded_lines=excluded)


def members(text: str, **rest: object) -> Plan:
    return planned(text, ImportKind.MEMBERS, **rest)  # type: ignore[arg-type]


def row_errors(made: Plan) -> dict[int, list[tuple[str, str]]]:
    return {row.line: [(error.code, error.column) for error in row.errors] for row in made.rows if row.errors}


def file_errors(made: Plan) -> list[str]:
    return [error.code for error in made.errors]


def skipped(made: Plan) -> dict[int, str]:
    return {line.line: line.reason for line in made.skipped}


# --- Whole files -----------------------------------------------------------------------------------------------------


def test_a_member_list_as_a_village_keeps_it() -> None:
    made = planned((DATA / "anggota-desa.csv").read_bytes(), ImportKind.MEMBERS)
    assert made.ready
    assert [row.member for row in made.rows] == [
        MemberIdentity(NIK, "A-001", None, "Sumiyati, S.Pd."),
        MemberIdentity(OTHER, "A-002", None, "Warsito"),
        MemberIdentity("3302045001910002", "A-003", None, 'Tri "Ucok" Utomo'),
    ]
    assert made.rows[0].details == MemberDetails(
        phone="+6281227661010",
        joined_on=date(2019, 2, 4),
        migrant_status="pmi_aktif",
        country="HK",
        heir="Warsito",
    )
    assert made.rows[1].details == MemberDetails(
        phone="+85291234567", joined_on=date(2019, 3, 17), migrant_status="keluarga_pmi"
    )
    assert skipped(made) == {1: "title", 2: "title", 4: "header", 8: "header", 10: "total"}
    assert made.blank_lines == 2
    assert made.columns == (
        "NIK", "Nama Lengkap", "No. Anggota", "No HP/WA", "Status PMI", "Negara", "Tgl. Masuk", "Ahli Waris",
    )  # fmt: skip


def test_opening_savings_with_a_column_for_each_kind() -> None:
    made = planned((DATA / "simpanan-awal.csv").read_bytes(), answers=Answers())
    assert made.ready
    assert made.rows[0].savings == (
        SavingsAmount(SavingsKind.POKOK, 10_000_000),
        SavingsAmount(SavingsKind.WAJIB, 25_000_000),
        SavingsAmount(SavingsKind.SUKARELA, 125_000_050),
    )
    assert made.rows[0].member == MemberIdentity(number="M01", name="Réné Sutopo")
    assert made.totals == {"pokok": 30_000_000, "wajib": 70_000_000, "sukarela": 125_000_050}
    assert [warning.code for warning in made.warnings] == ["encoding-guessed"]


def test_an_opening_trial_balance() -> None:
    made = planned((DATA / "neraca-saldo.csv").read_bytes(), ImportKind.OPENING_TRIAL_BALANCE)
    assert made.ready
    assert [row.account for row in made.rows] == [
        AccountBalance("1101", "Kas", 150_000_000),
        AccountBalance("1201", "Piutang pinjaman", 850_000_000),
        AccountBalance("3101", "Simpanan pokok", -400_000_000),
        AccountBalance("3102", "Simpanan wajib", -600_000_000),
    ]
    assert made.totals == {"debit": 1_000_000_000, "credit": 1_000_000_000}
    assert skipped(made) == {1: "title", 2: "header", 3: "no_amount", 8: "total"}


def test_a_spreadsheet_with_dates_and_numbers() -> None:
    book = Workbook()
    assert book.active is not None
    for row in (
        ["NIK", "Nama", "Saldo", "Tanggal", "Periode"],
        [NIK, "Budi", 1250000.5, date(2024, 1, 2), date(2024, 1, 1)],
        [3302041203750001, "Siti", 0, "2024-01-03", "Jan 2024"],
        [None, "Total", 1250000.5, None, None],
    ):
        book.active.append(row)
    file = BytesIO()
    book.save(file)
    made = planned(file.getvalue())
    assert made.ready
    assert [(row.member.nik if row.member else "", row.savings, row.dated, row.period) for row in made.rows] == [
        (NIK, (SavingsAmount(SavingsKind.WAJIB, 125_000_050),), date(2024, 1, 2), "2024-01"),
        (OTHER, (), date(2024, 1, 3), "2024-01"),
    ]
    assert [warning.code for warning in made.warnings] == []


def test_a_member_list_with_savings_brings_both() -> None:
    made = members("Nama,Simpanan Pokok,Status\nBudi,100000,Calon PMI\n")
    assert made.rows[0].savings == (SavingsAmount(SavingsKind.POKOK, 10_000_000),)
    assert made.rows[0].details == MemberDetails(migrant_status="calon_pmi")


# --- What is missing or asked ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "missing"),
    [
        (ImportKind.MEMBERS, "NIK\n1\n", "Nama"),
        (ImportKind.OPENING_SAVINGS, "Nama,Jumlah\nBudi,1\n", "NIK / No Anggota"),
        (ImportKind.SAVINGS_DEPOSITS, "NIK,Nama\n1,Budi\n",
         "Jumlah / Simpanan Pokok / Simpanan Wajib / Simpanan Sukarela"),
        (ImportKind.OPENING_TRIAL_BALANCE, "Kode,Nama,Debet\n1,Kas,2\n", "Kredit"),
    ],
)  # fmt: skip
def test_columns_that_a_kind_needs(kind: ImportKind, text: str, missing: str) -> None:
    with pytest.raises(ImportFileError) as caught:
        planned(text, kind)
    assert (caught.value.code, caught.value.params) == ("columns-missing", {"missing": missing, "line": 1})


def test_a_header_alone_brings_nothing() -> None:
    made = planned("NIK,Nama,Jumlah\n")
    assert (file_errors(made), made.ready) == (["no-rows"], False)


def test_which_savings_are_meant_is_asked() -> None:
    text = f"NIK,Saldo\n{NIK},100\n"
    made = planned(text, answers=Answers())
    assert [(question.kind, question.column, question.choices) for question in made.questions] == [
        ("savings-kind", "Saldo", ("pokok", "wajib", "sukarela", "wadiah"))
    ]
    assert not made.ready
    assert planned(text).ready


def test_rows_can_say_which_savings_they_mean() -> None:
    made = planned(f"NIK,Jenis Simpanan,Jumlah\n{NIK},Pokok,10\n{NIK},wajib,20\n{OTHER},,30\n", answers=Answers())
    assert made.totals == {"pokok": 1000, "wajib": 2000}
    assert row_errors(made) == {4: [("savings-kind-empty", "Jenis Simpanan")]}


def test_the_order_of_dates_is_asked_and_the_answer_used() -> None:
    text = f"NIK,Jumlah,Tanggal\n{NIK},1,03/04/2024\n{OTHER},1,2024-05-06\n"
    asked = planned(text)
    assert [(question.kind, question.column, question.examples) for question in asked.questions] == [
        ("date-order", "Tanggal", ("03/04/2024",))
    ]
    assert ([row.dated for row in asked.rows], asked.ready) == ([None, date(2024, 5, 6)], False)
    for order, day in (("dmy", date(2024, 4, 3)), ("mdy", date(2024, 3, 4))):
        answered = planned(text, answers=Answers(order, SavingsKind.WAJIB))  # type: ignore[arg-type]
        assert ([row.dated for row in answered.rows], answered.ready) == ([day, date(2024, 5, 6)], True)


def test_an_impossible_date_is_its_rows_error() -> None:
    made = planned(f"NIK,Jumlah,Tanggal\n{NIK},1,25/13/2024\n{OTHER},1,25/12/2024\n")
    assert row_errors(made) == {2: [("date-impossible", "Tanggal")]}
    assert made.questions == ()


def test_an_excluded_row_asks_nothing() -> None:
    text = f"NIK,Jumlah,Tanggal\n{NIK},1,03/04/2024\n{OTHER},1,25/12/2024\n3302041203750002,1,12/25/2024\n"
    assert planned(text).questions
    assert not planned(text, excluded=[4]).questions


# --- Rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "errors"),
    [
        (f"{NIK},Budi,1.000,2024-01-01", []),
        (f"{NIK},Budi,0,", []),
        (f'{NIK},Budi,"1,000.00",', [("amount-english-style", "Jumlah")]),
        (f"{NIK},Budi,-1.000,", [("amount-negative", "Jumlah")]),
        (f"{NIK},Budi,,", [("amount-empty", "Jumlah")]),
        ("3302046507880000,Budi,1,", [("serial-zero", "NIK")]),
        ("3302046507880,Budi,1,besok", [("length", "NIK"), ("date-format", "Tanggal")]),
        (",Budi,1,", [("identity-missing", "")]),
        (f"{NIK},Budi, S.Pd.,1000,2024-01-01", [("too-many-cells", ""), ("amount-format", "Jumlah"), ("date-format", "Tanggal")]),
    ],
)  # fmt: skip
def test_errors_stand_beside_their_row(row: str, errors: list[tuple[str, str]]) -> None:
    made = planned(f"NIK,Nama,Jumlah,Tanggal\n{OTHER},Siti,1,\n{row}\n")
    assert row_errors(made) == ({3: errors} if errors else {})
    assert made.ready is not bool(errors)
    assert all(error.text("id") and error.text("en") for line in made.rows for error in line.errors)


def test_member_errors() -> None:
    made = members(f"NIK;Nama;HP;Email;Status;Status PMI;Negara\n{NIK};;021;a;lupa;?;Atlantis\n{OTHER};123;-;-;-;-;-\n")
    assert row_errors(made) == {
        2: [
            ("name-missing", "Nama"), ("phone-not-mobile", "HP"), ("email-format", "Email"),
            ("status-unknown", "Status"), ("migrant-status-unknown", "Status PMI"),
            ("country-name-unknown", "Negara"),
        ],
        3: [("name-letters", "Nama")],
    }  # fmt: skip


def test_niks_cut_by_a_spreadsheet() -> None:
    cut = "".join(f"330204650788{serial:04},Budi,1\n" for serial in (10, 20, 30))
    made = planned(f"NIK,Nama,Jumlah\n{cut}")
    assert row_errors(made) == {line: [("nik-damaged", "NIK")] for line in (2, 3, 4)}


def test_employee_numbers_are_kept_as_such() -> None:
    made = planned("NIK,Nama,Jumlah\n10234,Budi,1\n10235,Siti,2\n")
    assert [row.member for row in made.rows] == [
        MemberIdentity(external_reference="10234", name="Budi"),
        MemberIdentity(external_reference="10235", name="Siti"),
    ]
    assert ([warning.code for warning in made.warnings], made.ready) == (["nik-employee"], True)


def test_the_same_person_twice() -> None:
    made = members(f"NIK,No Anggota,Nama\n{NIK},1,Budi\n{OTHER},2,Siti\n{NIK},2,Tono\n,3,Tini\n,,Tina\n,,Tina\n")
    assert {row.line: [(error.column, error.params) for error in row.errors] for row in made.rows if row.errors} == {
        2: [("NIK", {"lines": "4"})],
        3: [("No Anggota", {"lines": "4"})],
        4: [("NIK", {"lines": "2"}), ("No Anggota", {"lines": "3"})],
    }
    assert members(f"NIK,Nama\n{NIK},Budi\n{NIK},Budi\n", excluded=[3]).ready


def test_savings_stand_once_for_a_person_and_month() -> None:
    twice = f"NIK,Jumlah,Periode\n{NIK},1,2024-10\n{NIK},1,2024-11\n{NIK},1,Nov 2024\n"
    assert row_errors(planned(twice, ImportKind.SAVINGS_DEPOSITS)) == {
        3: [("duplicate", "NIK")],
        4: [("duplicate", "NIK")],
    }


def test_a_row_whose_own_total_is_wrong() -> None:
    made = planned(f"NIK,Pokok,Wajib,Jumlah\n{NIK},10,20,30\n{OTHER},10,20,31\n")
    assert row_errors(made) == {3: [("row-total", "Jumlah")]}
    assert made.rows[1].errors[0].params == {"stated": "Rp31", "sum": "Rp30"}


# --- Anything --------------------------------------------------------------------------------------------------------

CELLS = st.sampled_from(
    ("", "-", "Total", "Jumlah", "NIK", "Nama", "Pokok", "Tanggal", NIK, OTHER, "10234", "Budi", "1.000", "1,5", "x",
     "03/04/2024", "2024-01-01", "25/13/2024", "3,3E+15", "é", "9" * 400, str(Decimal(10) ** 30), "\u200b", "PMI")
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=8), st.sampled_from(ImportKind))
def test_any_table_is_planned_or_refused(table: list[list[str]], kind: ImportKind) -> None:
    header = "Kode;Debet;Kredit" if kind is ImportKind.OPENING_TRIAL_BALANCE else "NIK;Nama;Jumlah;Tanggal;HP;Status"
    text = "\n".join([header, *(";".join(row) for row in table)])
    try:
        made = planned(text, kind)
    except ImportFileError as error:
        assert error.text("id")  # noqa: PT017 - either outcome is right
        return
    told = [*made.errors, *made.warnings, *(error for row in made.rows for error in (*row.errors, *row.warnings))]
    assert all(remark.text("id") and remark.text("en") for remark in told)
    numbered = [row.line for row in made.rows] + [line.line for line in made.skipped]
    assert len(numbered) == len(set(numbered))


def test_progress_is_told() -> None:
    text = "Nama\n" + "".join(f"Warga {chr(97 + i % 26)}\n" for i in range(1200))
    told: list[tuple[int, int]] = []
    sheet = read_table(text.encode(), "a.csv")
    plan(ImportKind.MEMBERS, sheet, reference_date=TODAY, on_progress=lambda done, of: told.append((done, of)))
    assert told == [(500, 1200), (1000, 1200), (1200, 1200)]


def test_personal_data_is_in_no_repr() -> None:
    made = members(f"NIK,Nama,HP,Alamat,Email\n{NIK},Sumiyati,081227661010,Dusun Krajan,s@contoh.id\n")
    sheet = read_table(f"NIK,Nama\n{NIK},Sumiyati\n".encode(), "a.csv")
    assert not [
        secret for secret in (NIK, "Sumiyati", "8122766", "Krajan", "contoh.id") if secret in repr(made) + repr(sheet)
    ]
