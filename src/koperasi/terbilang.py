"""Amounts in words, as receipts need them: ``Satu juta dua ratus lima puluh ribu rupiah``.

Own rules, since num2words says *satu juta satu ribu* for 1,001,000: the thousands group of exactly one is *seribu*
wherever it stands. Spelling follows KBBI (*miliar*, *triliun*, *kuadriliun*).
"""

from __future__ import annotations

from functools import lru_cache

from num2words import num2words

SEN_PER_RUPIAH = 100
LIMIT = 10**18
"""The first number that has no words here: terbilang reaches 999 kuadriliun."""

_ONES = ("", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas")
_GROUPS = ("", "ribu", "juta", "miliar", "triliun", "kuadriliun")


def terbilang(number: int) -> str:
    """A whole number in Indonesian words, lower case; a negative one begins with *minus*.

    Raises:
        ValueError: the number has more than 18 digits.
    """
    if abs(number) >= LIMIT:
        raise ValueError("no words for a number of more than 18 digits")
    if number == 0:
        return "nol"
    words = ["minus"] if number < 0 else []
    rest = abs(number)
    for power in reversed(range(len(_GROUPS))):
        group, rest = divmod(rest, 1000**power)
        if group == 1 and power == 1:
            words.append("seribu")
        elif group:
            words += [_below_thousand(group), _GROUPS[power]]
    return " ".join(word for word in words if word)


def kuitansi_words(minor: int) -> str:
    """A rupiah amount as a kuitansi says it: capital first, ending in rupiah, with sen only when there are any.

    Args:
        minor: sen.
    """
    rupiah, sen = divmod(abs(minor), SEN_PER_RUPIAH)
    words = f"{'minus ' if minor < 0 else ''}{terbilang(rupiah)} rupiah"
    return _capitalised(f"{words} {terbilang(sen)} sen" if sen else words)


def english_words(minor: int) -> str:
    """The same amount in English, for readers of the English pages: ``One million rupiah``.

    Args:
        minor: sen.
    """
    rupiah, sen = divmod(abs(minor), SEN_PER_RUPIAH)
    words = f"{'minus ' if minor < 0 else ''}{num2words(rupiah, lang='en')} rupiah"
    return _capitalised(f"{words} and {num2words(sen, lang='en')} sen" if sen else words)


@lru_cache(maxsize=2048)  # a village pays in by the same few amounts
def amount_in_words(minor: int, locale: str) -> str:
    """A rupiah amount (in sen) in the words of the reader's language."""
    return english_words(minor) if locale == "en" else kuitansi_words(minor)


def _below_thousand(number: int) -> str:
    """1 to 999 in words."""
    if number < 12:
        return _ONES[number]
    if number < 20:
        return f"{_ONES[number - 10]} belas"
    if number < 100:
        head, rest = f"{_ONES[number // 10]} puluh", number % 10
    else:
        hundreds, rest = divmod(number, 100)
        head = "seratus" if hundreds == 1 else f"{_ONES[hundreds]} ratus"
    return f"{head} {_below_thousand(rest)}" if rest else head


def _capitalised(words: str) -> str:
    return words[0].upper() + words[1:]
