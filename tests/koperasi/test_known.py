"""What may be asked of the second clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.errors import BadRequest, Refusal
from koperasi.known import read

ZONE = ZoneInfo("Asia/Jakarta")
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("0", 0),
        ("17", 17),
        ("2026-11-24", datetime(2026, 11, 24, 16, 59, 59, 999999, UTC)),
        ("2026-11-25", datetime(2026, 11, 25, 16, 59, 59, 999999, UTC)),
        ("2026-11-25T10:00", datetime(2026, 11, 25, 3, 0, tzinfo=UTC)),
        ("2026-11-25T10:00:00+07:00", datetime(2026, 11, 25, 3, 0, tzinfo=UTC)),
        ("2026-11-25T02:59:59.123456Z", datetime(2026, 11, 25, 2, 59, 59, 123456, UTC)),
    ],
)
def test_a_number_a_day_a_moment(words, meant):
    assert read(words, ZONE, NOW) == meant


@pytest.mark.parametrize("words", ["2026-11-26", "2026-11-25T10:01", "2026-11-25T03:00:01Z", "2199-12-31"])
def test_what_has_not_come_yet(words):
    with pytest.raises(Refusal) as refused:
        read(words, ZONE, NOW)
    assert (refused.value.code, refused.value.status, refused.value.field) == ("known-at-future", 422, "known_at")


@pytest.mark.parametrize(
    "words",
    ["", " ", "x", "-1", "1.0", "2026-02-30", "2026-11-25 10:00", "20261125T1000", "0001-01-01", "2026-11-25T25:00",
     "2026-11-25T10:00+25:00", "\u0661", "2026-W01-1", "9" * 19],
)  # fmt: skip
def test_what_cannot_be_read(words):
    with pytest.raises(BadRequest) as refused:
        read(words, ZONE, NOW)
    assert (refused.value.code, refused.value.field) == ("known-at", "known_at")


@given(st.text(max_size=30) | st.from_regex(r"[0-9T:Z+-]{1,30}", fullmatch=True))
def test_any_words_are_answered(words):
    try:
        meant = read(words, ZONE, NOW)
    except Refusal:
        return
    assert isinstance(meant, int | datetime)
