"""Passwords that are tried first are refused in any dress; ones that people make for themselves are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.access import rules
from koperasi.access.common import WORDS, is_common
from koperasi.errors import Refusal
from koperasi.permissions import Role

HERE = ("KSPPS BMT Mekar Jaya", "mekar-jaya", "Sukamaju", "siti", "Siti Aminah")


@pytest.mark.parametrize(
    "password",
    [
        "password1234", "P@ssw0rd2026!", "katasandi123", "kata sandi 123", "bismillah1234", "B1sm1ll4h!!!!",
        "qwertyuiop12", "Indonesia1945", "simpanpinjam", "sayangku12345", "admin-admin-1", "koperasi2026!",
        "123456789012", "081234567890", "5202034512920101", "17-08-1945-17", "abcdefghijkl", "abababababab",
        "aaaaaaaaaaaa", "mekarjaya2026", "Mekar_Jaya_01", "sukamaju12345", "siti aminah 1", "bmtmekarjaya",
        "kspps-mekar-9",
    ],
)  # fmt: skip
def test_refused(password):
    assert len(password) >= rules.LEAST_PASSWORD
    assert is_common(password, HERE)
    with pytest.raises(Refusal, match="password"):
        rules.check_password(password, role=Role.KASIR, username="siti", context=HERE)


@pytest.mark.parametrize(
    "password",
    ["sawah-di-lereng-7", "kuda besi lewat pematang", "w9-ketapang-rindang", "tiga ember air laut", "xk4v-9qpa-m2tz"],
)
def test_taken(password):
    assert not is_common(password, HERE)


@given(st.sampled_from(sorted(word for word in WORDS if len(word) > 2)), st.text("0123456789!-_. ", max_size=12))
def test_a_word_of_the_list_with_digits_and_signs_is_refused(word, tail):
    assert is_common(word + tail)
    assert is_common(tail + word.upper())


@given(st.text(max_size=140))
def test_any_text_gets_an_answer(text):
    assert is_common(text) in {True, False}
