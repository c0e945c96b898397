"""Kinds, words and what may stand in a cooperative's identity."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.cooperatives import rules
from koperasi.cooperatives.rules import CODE_PATTERN, Kind
from koperasi.cooperatives.tables import KINDS
from koperasi.errors import Refusal
from koperasi.formats import InputError
from koperasi.i18n import translate


def test_kinds_are_those_of_the_table() -> None:
    assert tuple(Kind) == KINDS


@pytest.mark.parametrize("kind", Kind)
def test_words_of_a_kind(kind: Kind) -> None:
    words = astuple(rules.terms(kind))
    assert all(words)
    if kind.is_sharia:
        english = [translate("en", word) for word in words]
        assert not any(word.startswith("bunga") for word in words)
        assert not any("interest" in word for word in english)


@given(st.from_regex(CODE_PATTERN, fullmatch=True))
def test_a_code_stays_as_it_is(code: str) -> None:
    assert rules.clean_code(f" {code.upper()}") == code


@pytest.mark.parametrize(("text", "code"), [("Tani-Makmur", "tani-makmur"), (" bmt1 ", "bmt1")])
def test_a_code_is_lowered(text: str, code: str) -> None:
    assert rules.clean_code(text) == code


@pytest.mark.parametrize("text", ["a", "-ab", "a b", "é1", "a" * 41, "ab\n\x00", ""])
def test_a_bad_code(text: str) -> None:
    with pytest.raises(InputError):
        rules.clean_code(text)


def test_what_is_empty_is_nothing() -> None:
    assert rules.clean_optional("  ") is None
    assert rules.clean_optional(None) is None
    assert rules.clean_optional(" Desa  Sukamaju ") == "Desa Sukamaju"


def test_every_wrong_field_is_named() -> None:
    with pytest.raises(Refusal) as refused:
        rules.read_all(
            {
                "code": lambda: rules.clean_code("!"),
                "name": lambda: rules.clean_cooperative_name("123"),
                "kind": lambda: rules.clean_kind("pt"),
                "timezone": lambda: rules.clean_timezone("Europe/Berlin"),
                "village": lambda: rules.clean_optional("Sukamaju"),
            }
        )
    assert [error.field for error in refused.value.errors] == ["code", "name", "kind", "timezone"]
