"""How a figure came about, step by step, in words that a member can check with pencil and paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from koperasi.formats import format_amount, format_date
from koperasi.i18n import translate

SEN = 100
"""Minor units of a rupiah."""


@dataclass(frozen=True)
class Step:
    """One step: a message of the catalogue, and what stands in its places (dates are written in the reader's way)."""

    message: str
    params: Mapping[str, object] = field(default_factory=dict)

    def text(self, locale: str) -> str:
        """The step in the reader's language."""
        return translate(locale, self.message, **{name: _said(value, locale) for name, value in self.params.items()})


def step(message: str, **params: object) -> Step:
    """A step of a working."""
    return Step(message, params)


def _said(value: object, locale: str) -> str:
    if isinstance(value, date):
        return format_date(value, locale)
    return value.text(locale) if isinstance(value, Step) else str(value)


def number(value: Fraction | int, places: int = 6) -> str:
    """A number as people here write it: ``1.370.000,5``; rounded half up to ``places``, without idle zeros."""
    scaled = abs(value) * 10**places
    whole, rest = divmod((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator), 10**places)
    decimals = f"{rest:0{places}}".rstrip("0") if places else ""
    sign = "-" if value < 0 and (whole or rest) else ""
    return sign + f"{whole:,}".replace(",", ".") + (f",{decimals}" if decimals else "")


def rupiah(minor: Fraction | int) -> str:
    """An amount in sen as rupiah, with as many as four decimals when it is finer than a sen: ``Rp4.931,5068``."""
    if isinstance(minor, int) or minor.denominator == 1:
        return format_amount(int(minor))
    shown = number(Fraction(minor, SEN), 4)
    return f"-Rp{shown[1:]}" if shown.startswith("-") else f"Rp{shown}"
