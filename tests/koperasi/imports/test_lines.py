"""Which lines are rows: totals, subtotals, repeated headers, and a trial balance that must balance."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koperasi.formats import format_amount
from koperasi.imports.model import Answers, ImportKind, Plan, SavingsKind
from koperasi.imports.reading import read_table
from koperasi.imports.rules import plan

NIK = "3302046507880003"
OTHER = "3302041203750001"


def planned(text: str, kind: ImportKind = ImportKind.OPENING_SAVINGS, excluded: Collection[int] = ()) -> Plan:
    return plan(
        kind,
        read_table(text.encode(), "a.csv"),
        reference_date=date(2026, 11, 25),
        answers=Answers(savings_kind=SavingsKind.WAJIB),
        excluded_lines=excluded,
    )


def members(text: str) -> Plan:
    return planned(text, ImportKind.MEMBERS)


def trial_balance(text: str) -> Plan:
    return planned(text, ImportKind.OPENING_TRIAL_BALANCE)


def row_errors(made: Plan) -> dict[int, list[tuple[str, str]]]:
    return {row.line: [(error.code, error.column) for error in row.errors] for row in made.rows if row.errors}


def file_errors(made: Plan) -> list[str]:
    return [error.code for error in made.errors]


def skipped(made: Plan) -> dict[int, str]:
    return {line.line: line.reason for line in made.skipped}


# --- Totals ----------------------------------------------------------------------------------------------------------

THREE = f"NIK,Nama,Jumlah\n{NIK},Budi,1.000\n{OTHER},Siti,2.000\n"


@pytest.mark.parametrize(
    "total", [",Total,3.000", "TOTAL,,3.000", "Grand Total,,3000", ",JUMLAH,Rp 3.000", ",,3.000", "Jumlah :,,3.000"]
)
def test_total_rows_are_understood(total: str) -> None:
    made = planned(f"{THREE}{total}\n")
    assert (len(made.rows), skipped(made)[4], made.ready) == (2, "total", True)


def test_a_total_that_differs_names_both_figures() -> None:
    made = planned(f"{THREE},Total,4.000\n")
    assert [(error.code, error.column, error.params) for error in made.errors] == [
        ("total-mismatch", "Jumlah", {"line": 4, "stated": "Rp4.000", "sum": "Rp3.000"})
    ]
    assert not made.ready
    assert planned(f"{THREE},Total,4.000\n", excluded=[4]).ready


def test_a_total_counts_excluded_rows() -> None:
    made = planned(f"{THREE},Total,3.000\n", excluded=[2])
    assert (made.ready, made.totals, skipped(made)[2]) == (True, {"wajib": 200_000}, "excluded")


def test_subtotals_and_the_grand_total() -> None:
    rows = f"{THREE},Subtotal,3.000\n3302041203750002,Tono,5.000\n,Subtotal,5.000\n,Total,8.000\n"
    assert planned(rows).ready
    assert file_errors(planned(rows.replace("Total,8.000", "Grand Total,5.000"))) == ["total-mismatch"]
    assert file_errors(planned(rows.replace("Subtotal,5.000", "Subtotal,6.000"))) == ["total-mismatch"]


def test_a_total_over_an_unreadable_amount_is_not_judged() -> None:
    made = planned(f"{THREE}3302041203750002,Tono,1O.000\n,Total,13.000\n")
    assert (file_errors(made), row_errors(made)) == ([], {4: [("amount-format", "Jumlah")]})


def test_a_total_that_cannot_be_read() -> None:
    assert file_errors(planned(f"{THREE},Total,banyak\n")) == ["total-unreadable"]


def test_a_row_about_nobody_that_is_no_sum_is_an_error() -> None:
    assert row_errors(planned(f"{THREE},,2.500\n")) == {4: [("identity-missing", "")]}


def test_a_person_called_total_is_a_person() -> None:
    assert len(planned(f"{THREE}3302041203750002,Total Haryono,5\n").rows) == 3


def test_numbered_empty_rows_are_blank() -> None:
    made = members("No,Nama,HP\n1,Budi,\n2,,\n3,,\n")
    assert (skipped(made), made.ready) == ({1: "header", 3: "blank", 4: "blank"}, True)


def test_another_table_below_is_refused() -> None:
    made = planned(f"{THREE}NIK,Jumlah,Nama\n3302041203750002,5,Tono\n")
    assert (file_errors(made), made.errors[0].params) == (["second-table"], {"line": 4})


# --- Trial balance ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "errors"),
    [
        ("1101,Kas,10,5\n", {2: [("both-sides", "Kredit")]}),
        ("1101,Kas,-10,\n", {2: [("amount-negative", "Debet")]}),
        (",Kas,10,\n", {2: [("account-code-empty", "Kode")]}),
        ("1101,Kas,10,\n1101,Bank,,10\n", {2: [("duplicate", "Kode")], 3: [("duplicate", "Kode")]}),
        ("1101,Kas,0,-\n3101,Modal,,\n1,Aset,,\n2,Utang,5,\n3,Modal,,5\n", {}),
    ],
)
def test_trial_balance_rows(rows: str, errors: dict[int, list[tuple[str, str]]]) -> None:
    made = trial_balance(f"Kode,Nama Akun,Debet,Kredit\n{rows}")
    assert row_errors(made) == errors
    assert made.ready is not bool(errors)


def test_a_trial_balance_that_does_not_balance_says_by_how_much() -> None:
    made = trial_balance("Kode,Nama Akun,Debet,Kredit\n1101,Kas,1.000,\n3101,Modal,,900,\n")
    assert [(error.code, error.params) for error in made.errors] == [
        ("not-balanced", {"debit": "Rp1.000", "credit": "Rp900", "difference": "Rp100"})
    ]


@settings(deadline=None)
@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=8))
def test_any_balanced_trial_balance_is_ready(amounts: list[int]) -> None:
    rows = "".join(f"11{i:02};{format_amount(amount)};\n" for i, amount in enumerate(amounts))
    total = format_amount(sum(amounts))
    made = trial_balance(f"Kode;Debet;Kredit\n{rows}31;;{total}\nJumlah;{total};{total}\n")
    assert made.ready
    assert made.totals == {"debit": sum(amounts), "credit": sum(amounts)}
