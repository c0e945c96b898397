"""Percentages and other exact numbers as people write and read them: ``4,75``. Pure."""

from __future__ import annotations

import re
from fractions import Fraction

_NUMBER = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,12})?")


def read_number(text: str, places: int) -> Fraction | None:
    """A number as people write it (``11,57``), exactly; nothing if it is none, or has more than ``places`` decimals."""
    found = Fraction(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None
    return None if found is None or (found * 10**places).denominator != 1 else found


def exact(value: Fraction) -> str:
    """A number of at most twelve decimals as it is typed: ``20,9``."""
    whole, rest = divmod(int(value * 10**12), 10**12)
    decimals = f"{rest:012}".rstrip("0")
    return f"{whole},{decimals}" if decimals else str(whole)
