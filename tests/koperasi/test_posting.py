"""What the book refuses is said in words, whatever it told of the reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ledger
from koperasi.posting import MESSAGES, WITHOUT_DETAIL, refusal_of

CHECKS = Path(ledger.__file__).with_name("checks.py").read_text("utf-8")
CODES = sorted(set(re.findall(r"^``([a-z-]+)`` ", CHECKS, re.MULTILINE)) | {"idempotency-mismatch", "linked"})


def test_every_code_has_words():
    assert len(CODES) > 15
    assert set(CODES) == set(MESSAGES)


@pytest.mark.parametrize("locale", ["id", "en"])
@pytest.mark.parametrize("code", [*CODES, "unheard-of"])
def test_a_refusal_without_detail_is_still_told(code, locale):
    refusal = refusal_of(ledger.Rejected(code))
    assert refusal.code == code
    said = refusal.text(locale)
    assert said
    assert "%(" not in said


@pytest.mark.parametrize("code", sorted(WITHOUT_DETAIL))
def test_words_without_detail_need_none(code):
    assert "%" not in WITHOUT_DETAIL[code]
    assert WITHOUT_DETAIL[code] == refusal_of(ledger.Rejected(code)).message


def test_with_its_detail_a_refusal_names_what_it_is_about():
    told = ledger.Rejected("already-reversed", {"entry": 3, "reversed_by": 9})
    assert refusal_of(told).text("id") == "Jurnal 3 sudah dibatalkan oleh jurnal 9."
    assert refusal_of(told).status == 409
    twice = refusal_of(ledger.Rejected("already-reversed", {"entry": 3}))
    assert (twice.text("id"), twice.status) == ("Jurnal itu sudah dibatalkan oleh jurnal lain.", 409)
