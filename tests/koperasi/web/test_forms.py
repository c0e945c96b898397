"""A form reads what was typed, keeps it, and never falls over."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.errors import FieldError, Refusal
from koperasi.web import Form


def test_values_are_read_and_kept_as_typed() -> None:
    form = Form(
        {
            "name": "  Siti   Aminah ",
            "amount": "1.250.000,50",
            "day": "25/11/2026",
            "iso": "2026-11-25",
            "kind": "b",
            "months": "12",
            "key": "8d0f3f0e-1c5c-4a7e-9c53-0f5a0a1f6a11",
            "agree": "1",
        }
    )
    assert form.text("name", required=True) == "Siti Aminah"
    assert form.amount("amount") == 125_000_050
    assert form.date("day") == form.date("iso") == date(2026, 11, 25)
    assert form.choice("kind", {"a": 1, "b": 2}) == "b"
    assert form.whole("months", least=1, most=60) == 12
    assert form.uuid("key") == UUID("8d0f3f0e-1c5c-4a7e-9c53-0f5a0a1f6a11")
    assert form.flag("agree")
    assert not form.flag("other")
    assert form.ok
    assert form.value("name") == "  Siti   Aminah "
    assert form.value("amount") == "1.250.000,50"


@pytest.mark.parametrize(
    ("reader", "typed"),
    [
        ("text", ""), ("text", "a\x00b"), ("text", "x" * 201), ("text", "\ud800"), ("lines", "a\x00b"), ("secret", ""), ("secret", "a" * 1000),
        ("amount", ""), ("amount", "0"), ("amount", "-5.000"), ("amount", "1,250.00"), ("amount", "9" * 50), ("amount", "\ud800"),
        ("date", ""), ("date", "2026-02-30"), ("date", "x"), ("date", "2026-W01-1"), ("whole", "1.5"), ("whole", "9" * 5000), ("whole", "²"),
    ],
)  # fmt: skip
def test_what_cant_be_read_is_said_beside_the_field(reader: str, typed: str) -> None:
    form = Form({"f": typed})
    options = {} if reader in {"amount", "date", "whole"} else {"required": True}
    assert not getattr(form, reader)("f", **options)
    assert form.error_of("f")
    assert not form.ok
    assert not form.general


def test_optional_fields_may_be_empty() -> None:
    form = Form({})
    assert form.text("a") == form.lines("b") == ""
    assert form.amount("c", required=False) is None
    assert form.date("d", required=False) is None
    assert form.choice("e", ["x"], required=False) is None
    assert form.whole("f", required=False) is None
    assert form.ok


def test_a_choice_must_be_on_the_list() -> None:
    form = Form({"kind": "z"})
    assert form.choice("kind", ["a"]) is None
    assert form.error_of("kind") == "Pilih salah satu dari daftar."


def test_zero_is_an_amount_where_it_may_be() -> None:
    assert Form({"a": "0"}).amount("a", positive=False) == 0


def test_a_lost_key_is_the_whole_forms_matter() -> None:
    form = Form({"key": "nonsense"})
    assert form.uuid("key") is None
    assert form.general
    assert not form.errors


def test_secrets_are_exact_and_never_shown_again() -> None:
    form = Form({"password": "  two  spaces "})
    assert form.secret("password") == "  two  spaces "
    assert form.value("password") == ""


def test_refusals_stand_beside_their_field_or_above_the_form() -> None:
    form = Form({"amount": "5", "name": "x"}, "en")
    form.add_refusal(Refusal("too-much", "Saldo tidak cukup.", field="amount_minor"), {"amount_minor": "amount"})
    form.add_refusal(Refusal("closed", "Ditutup"))
    form.add_refusal(Refusal("elsewhere", "Ditolak", field="not_in_this_form"))
    form.add_refusal(
        Refusal(
            "several",
            "Belum berhasil",
            errors=[
                FieldError("name", "w", "Tulis angka bulat dari %(least)s sampai %(most)s.", {"least": 1, "most": 2})
            ],
        )
    )
    assert form.errors == {"amount": "The balance is not enough.", "name": "Write a whole number from 1 to 2."}
    assert form.general == ["Closed", "Refused"]


def test_the_first_complaint_stays() -> None:
    form = Form({"a": ""})
    form.text("a", required=True)
    form.error("a", "Ditolak")
    assert form.error_of("a") == "Isian ini perlu diisi."


def test_start_values_give_way_to_what_was_typed() -> None:
    form = Form({"a": "typed"})
    form.set("a", "start")
    form.set("b", date(2026, 11, 25))
    form.set("c", None)
    assert [form.value(name) for name in "abc"] == ["typed", "2026-11-25", ""]


def test_lists_and_files() -> None:
    form = Form({"a": ["first", "second"], "file": object(), "none": []})
    assert form.text("a") == "first"
    assert form.text("file") == form.text("none") == ""


@given(st.text(st.characters(codec=None), max_size=80) | st.from_regex(r"-?[0-9.,/ Rp()-]{0,30}"))
def test_no_text_makes_a_form_fall_over(typed: str) -> None:
    form = Form({"f": typed}, "en")
    for reader in (form.text, form.lines, form.amount, form.date, form.whole, form.uuid, form.echo, form.words):
        reader("f")
    form.choice("f", ["a"])
    form.value("f").encode()
    form.secret("f")
    assert all(isinstance(text, str) for text in form.errors.values())
