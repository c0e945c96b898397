"""What people, programs and attackers send: texts made from the pieces that parsers stumble over, and any bytes.

``make test`` tries a few hundred of each; ``KOPERASI_NIGHTLY=1`` makes it a hundred thousand in all (see ``EXAMPLES``).
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

NIGHTLY = os.environ.get("KOPERASI_NIGHTLY") == "1"
EXAMPLES = int(os.environ.get("KOPERASI_FUZZ", "5000" if NIGHTLY else "200"))
FEW = max(20, EXAMPLES // 10)
"""For what takes milliseconds."""


def tries(examples: int = EXAMPLES) -> settings:
    """The same inputs in each run of ``make test``; others each night."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=not NIGHTLY,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


PIECES = [
    "", " ", "\t", "\n", "\r\n", "\x00", "\x1a", "\x7f", "\u00a0", "\u200b", "\u202e", "\ufeff", "\ud800", "\U0001f600",
    "0", "00", "1", "7", "42", "999999999999999999", "9" * 40, "-", "--", "+", ".", ",", "'", '"', ";", ":", "|", "/", "//",
    "\\", "%", "%00", "%2f", "(", ")", "[", "]", "{", "}", "<", ">", "&", "=", "@", "#", "$", "*", "_", "e", "E", "e5", "NaN",
    "Infinity", "Rp", "rp.", "IDR", "juta", "ribu", "٣", "１", "½", "²", "Jan", "Februari", "2026", "2024-02-30", "31/12/2024",
    "29-02-2023", "T12:00", "Z", "+07:00", "08", "62", "+62812", "5202014107800001", "3273056010900009", "kop_", "KOPERASI1:",
    "null", "true", "SELECT", "' OR 1=1 --", "=cmd|'/C calc'!A0", "${x}", "{{7*7}}", "javascript:", "data:", "//evil.example",
    "a" * 300,
]  # fmt: skip

pieces = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=8).map("".join)
"""Texts of things that mean something to somebody, in any order."""

digits = st.text("0123456789 .,-+/:", max_size=40)
anything = pieces | digits | st.text(max_size=60)
fields = st.dictionaries(
    st.sampled_from(["a", "b", "c", "", "\x00"]),
    anything | st.lists(anything, max_size=3) | st.integers() | st.none() | st.binary(max_size=9),
    max_size=4,
)
"""A submitted form."""
