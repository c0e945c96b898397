"""Rounding, once and in the open: to whole units, and parts that add up."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction

from koperasi.i18n import N_


class Rounding(StrEnum):
    """Which whole unit an exact amount becomes. Halves go away from zero (``half_up``) unless said otherwise."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"
    UP = "up"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _LABELS[self]


_LABELS = {
    Rounding.HALF_UP: N_("ke terdekat, setengah ke atas"),
    Rounding.HALF_EVEN: N_("ke terdekat, setengah ke bilangan genap"),
    Rounding.DOWN: N_("ke bawah"),
    Rounding.UP: N_("ke atas"),
}


def to_unit(exact: Fraction | int, unit_minor: int, rounding: Rounding = Rounding.HALF_UP) -> int:
    """An exact amount in sen as a multiple of ``unit_minor`` (100 is the whole rupiah); direction is by magnitude."""
    return ratio_to_unit(exact.numerator, exact.denominator, unit_minor, rounding)


def ratio_to_unit(numerator: int, denominator: int, unit_minor: int, rounding: Rounding = Rounding.HALF_UP) -> int:
    """The same of ``numerator / denominator`` sen, not in lowest terms: a hundred thousand accounts pass through here.

    The denominator is positive.
    """
    sign = -1 if numerator < 0 else 1
    denominator *= unit_minor
    whole, rest = divmod(abs(numerator), denominator)
    if rounding is Rounding.UP:
        whole += rest > 0
    elif rounding is not Rounding.DOWN:
        half = 2 * rest - denominator
        whole += half > 0 or (half == 0 and (rounding is Rounding.HALF_UP or whole % 2 == 1))
    return sign * whole * unit_minor


def apportion(exact: Sequence[Fraction], unit_minor: int, total_minor: int | None = None) -> list[int]:
    """Exact parts as whole units that add up to their total; none is further than one unit from what is exact.

    Largest remainder (Hamilton): every part is rounded down, and the units left over go one each to the parts with the
    largest remainder; ties go to the earlier part.

    Args:
        exact: the parts in sen, none negative.
        unit_minor: the unit in sen.
        total_minor: what they add up to; if not given, their exact sum rounded half up.

    Raises:
        ValueError: a part is negative, or the total is not theirs: more than a unit for each part away from it.
    """
    if any(part < 0 for part in exact):
        raise ValueError("parts must not be negative")
    if total_minor is None:
        total_minor = to_unit(sum(exact, Fraction(0)), unit_minor)
    wholes, rests = [], []
    for part in exact:
        whole, rest = divmod(part, unit_minor)
        wholes.append(int(whole) * unit_minor)
        rests.append(rest)
    left, loose = divmod(total_minor - sum(wholes), unit_minor)
    if loose or not 0 <= left <= len(wholes):
        raise ValueError("the total is not that of its parts")
    for index in sorted(range(len(wholes)), key=lambda i: -rests[i])[:left]:
        wholes[index] += unit_minor
    return wholes


def apportion_sums(
    sums: Sequence[int], numerator: int, denominator: int, unit_minor: int, total_minor: int
) -> list[int]:
    """``apportion`` of ``sum x numerator / denominator`` for each of the sums, in whole numbers only.

    Args:
        sums: none negative.
        numerator: not negative.
        denominator: positive.
        unit_minor: the unit in sen.
        total_minor: what the parts add up to.

    Raises:
        ValueError: the total is not theirs.
    """
    divisor = denominator * unit_minor
    pairs = [divmod(one * numerator, divisor) for one in sums]
    wholes = [whole for whole, _ in pairs]
    left, loose = divmod(total_minor - sum(wholes) * unit_minor, unit_minor)
    if loose or not 0 <= left <= len(wholes):
        raise ValueError("the total is not that of its parts")
    for index in sorted(range(len(pairs)), key=lambda i: -pairs[i][1])[:left]:
        wholes[index] += 1
    return [whole * unit_minor for whole in wholes]
