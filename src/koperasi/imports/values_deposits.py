"""From cells to what a list of term deposits says: percent, months, how it is paid, what becomes of it.

Every reader takes a cell that isn't blank and raises ``InputError`` with a message for the row.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from koperasi import formats
from koperasi.formats import InputError
from koperasi.i18n import N_
from koperasi.imports.model import Cell

_PERCENT = re.compile(
    r"([0-9]{1,3}(?:[.,][0-9]{1,4})?)\s*(?:%|persen)?\s*(?::\s*([0-9]{1,3}(?:[.,][0-9]{1,4})?)\s*%?)?"
    r"\s*(?:p\.?\s?a\.?|per tahun|setahun|/\s*tahun|/\s*th)?",
    re.IGNORECASE,
)
_MONTHS = re.compile(r"([0-9]{1,3})\s*(?:bulan|bln|bl|months?|m)?", re.IGNORECASE)
_YEARS = re.compile(r"([0-9]{1,2})\s*(?:tahun|thn|th|years?)", re.IGNORECASE)

_ROLL_OVER = {
    "none": ("tidak", "tdk", "tidak diperpanjang", "non aro", "cair", "dicairkan", "none", "no"),
    "principal": ("pokok", "aro", "aro pokok", "perpanjang pokok", "pokoknya", "pokok saja", "ya", "principal", "yes"),
    "principal_and_return": (
        "pokok dan imbalan",
        "pokok dan bunga",
        "pokok dan bagi hasil",
        "pokok + bunga",
        "pokok + imbalan",
        "pokok + bagi hasil",
        "aro pokok dan bunga",
        "aro pokok dan bagi hasil",
        "aro+",
        "aro plus",
        "principal and return",
        "principal and interest",
    ),
}
_PAID = {
    0: ("jatuh tempo", "saat jatuh tempo", "di akhir", "akhir", "sekaligus", "at maturity"),
    1: ("bulanan", "setiap bulan", "tiap bulan", "per bulan", "monthly"),
    3: ("triwulan", "triwulanan", "setiap triwulan", "tiap triwulan", "per triwulan", "3 bulanan", "quarterly"),
}


def read_percent(cell: Cell) -> Fraction:
    """A percentage, exactly: ``6``, ``6,5 %``, or a nisbah's first figure (``45 : 55``).

    Raises:
        InputError: ``percent-format``, ``percent-fraction`` (a spreadsheet's 0.06 that may mean 6 %), ``nisbah-sum``
            (the two parts are not 100) or ``percent-range``.
    """
    if isinstance(cell, (int, Decimal)):
        value = Fraction(cell)
        if 0 < value < 1:
            raise InputError(
                "percent-fraction",
                N_("Sel ini berisi %(value)s: tulis persennya sebagai angka, misalnya 6, bukan sel berformat persen."),
                value=f"{cell:f}".replace(".", ","),
            )
        if (value * 10_000).denominator != 1:
            raise _no_percent()
        return _in_range(value)
    found = _PERCENT.fullmatch(" ".join(cell.split())) if isinstance(cell, str) else None
    if found is None:
        raise _no_percent()
    value = Fraction(found[1].replace(",", "."))
    if found[2] is not None and value + Fraction(found[2].replace(",", ".")) != 100:
        raise InputError("nisbah-sum", N_("Kedua bagian nisbah harus berjumlah 100."))
    return _in_range(value)


def _in_range(value: Fraction) -> Fraction:
    if not 0 <= value <= 100:
        raise InputError("percent-range", N_("Persen ditulis sebagai angka dari 0 sampai 100."))
    return value


def _no_percent() -> InputError:
    return InputError("percent-format", N_("Persennya tidak terbaca: tulis seperti 6, 4,5 atau 45:55."))


def read_months(cell: Cell) -> int:
    """How many months: ``3``, ``3 bulan``, ``1 tahun``.

    Raises:
        InputError: ``months-format``.
    """
    text = " ".join(str(cell).split())
    if isinstance(cell, (int, str)) and (found := _MONTHS.fullmatch(text)):
        return int(found[1])
    if isinstance(cell, str) and (found := _YEARS.fullmatch(text)):
        return 12 * int(found[1])
    raise InputError("months-format", N_("Jangka waktu tidak terbaca: tulis 1, 3, 6, atau 12 bulan."))


def read_roll_over(cell: Cell) -> str:
    """What becomes of it at maturity, by the name that term deposits have for it.

    Raises:
        InputError: ``roll-over-unknown``.
    """
    for value, words in _ROLL_OVER.items():
        if _word(cell) in words:
            return value
    raise InputError("roll-over-unknown", N_("Perpanjangan tidak dikenal: tulis Tidak, Pokok, atau Pokok dan imbalan."))


def read_pay_months(cell: Cell) -> int:
    """Every how many months returns are paid; 0 at maturity.

    Raises:
        InputError: ``pay-unknown``.
    """
    for value, words in _PAID.items():
        if _word(cell) in words:
            return value
    raise InputError("pay-unknown", N_("Cara bayar tidak dikenal: tulis Bulanan, Triwulan, atau Jatuh tempo."))


def read_account(cell: Cell) -> str:
    """The number of a savings account here.

    Raises:
        InputError: as ``clean_text``.
    """
    return formats.clean_text(str(cell), max_length=20)


def _word(cell: Cell) -> str:
    return " ".join(re.split(r"[\s_/-]+", str(cell).strip().lower()))
