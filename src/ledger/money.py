"""The one door to py-moneyed: minor units, exponents and exact splitting.

Inside the ledger an amount is an ``int`` of minor units (sen, cents, fils) with its currency beside it. ``moneyed``
knows which currencies exist; their exponents are ISO 4217's, which ``moneyed``'s ``sub_unit`` follows. ``Money``
itself is mutable and accepts NaN, so none is kept: it is built at the edge and thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from moneyed import Currency, CurrencyDoesNotExist, Money, get_currency

from ledger.errors import UnknownCurrencyError

MAX_AMOUNT = 10**17
"""Largest absolute amount of one line in minor units: a quadrillion rupiah, far below what BIGINT totals hold."""


def _find(code: str) -> Currency:
    try:
        return get_currency(code=code)
    except CurrencyDoesNotExist as error:
        raise UnknownCurrencyError(code) from error


@cache
def exponent(currency: str) -> int:
    """Decimal places of a currency's minor unit (ISO 4217): IDR 2, JPY 0, KWD 3.

    Raises:
        UnknownCurrencyError: no such currency.
    """
    sub_unit = int(_find(currency).sub_unit)
    return len(str(sub_unit)) - 1


def to_money(minor: int, currency: str) -> Money:
    """An amount as a ``Money``, for libraries that want one."""
    return Money(Decimal(minor).scaleb(-exponent(currency)), currency)


def from_money(money: Money) -> int:
    """The minor units of a ``Money``.

    Raises:
        ValueError: not finite, or finer than the currency's minor unit; nothing is rounded.
    """
    amount = Decimal(money.amount)
    if not amount.is_finite():
        raise ValueError("an amount must be finite")
    scaled = amount.scaleb(exponent(money.currency.code))
    if scaled != scaled.to_integral_value():
        raise ValueError("an amount may not be finer than its currency's minor unit")
    return int(scaled)


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Share ``total`` in proportion to ``weights`` so that the parts add up exactly.

    Largest remainder (Hamilton): each part is rounded towards zero, and the units left over go one each to the parts
    with the largest remainder; ties go to the earlier part.

    Raises:
        ValueError: no weight is positive, or one is negative.
    """
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative, and one must be positive")
    sign = -1 if total < 0 else 1
    parts, remainders = [], []
    for weight in weights:
        part, remainder = divmod(abs(total) * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    left = abs(total) - sum(parts)
    for index in sorted(range(len(parts)), key=lambda i: -remainders[i])[:left]:
        parts[index] += 1
    return [sign * part for part in parts]
