"""Which terms a product may have, and how they are told. Pure; percentages are exact fractions, never floats."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from koperasi.errors import FieldError, Refusal
from koperasi.formats import InputError, decimal_of, format_amount, format_date_short
from koperasi.i18n import N_, translate
from koperasi.savings.products import (
    BASES,
    METHODS,
    MOST_DORMANCY_MONTHS,
    POSTINGS,
    ROUNDINGS,
    Earns,
    Product,
    ProductTerms,
)
from koperasi.savings.rules import SavingsKind

MOST_MINOR = 99_999_999_999_999_999
CODE = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,28}[a-z0-9])?")
BAD_PERCENT = N_("Persentase ditulis sebagai angka dari 0 sampai 100, misalnya 2,5.")
_PERCENT = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,6})?")


def read_percent(text: str) -> Fraction:
    """A percentage as people write it, ``2,5``: from 0 to 100, at most six decimal places.

    Raises:
        InputError: ``percent``.
    """
    typed = text.strip().removesuffix("%").strip()
    if not _PERCENT.fullmatch(typed) or Fraction(typed.replace(",", ".")) > 100:
        raise InputError("percent", BAD_PERCENT)
    return Fraction(typed.replace(",", "."))


def percent_text(percent: Fraction) -> str:
    """A percentage in its one way of writing: ``2.5``."""
    return f"{decimal_of(percent).normalize():f}"


def earnings_of(kind: SavingsKind, *, is_sharia: bool, pays_returns: bool = True) -> tuple[Earns, ...]:
    """How savings of a kind may earn: own capital by the surplus alone, wadiah by gifts, sharia never by a rate.

    Where the chart has no account for returns (``pays_returns``; a business group's), nothing may be promised.
    """
    if kind.is_own_capital or not pays_returns:
        return (Earns.NONE,)
    if kind is SavingsKind.WADIAH:
        return (Earns.BONUS, Earns.NONE)
    if kind is SavingsKind.MUDHARABAH:
        return (Earns.NISBAH,)
    return (Earns.NISBAH, Earns.NONE) if is_sharia else (Earns.RATE, Earns.NONE)


def kinds_for_new(kinds: Sequence[SavingsKind]) -> list[SavingsKind]:
    """Of which kinds a cooperative may have several products: all but own capital, which is one for everybody."""
    return [kind for kind in kinds if not kind.is_own_capital]


def check_terms(product: Product, terms: ProductTerms, *, is_sharia: bool, pays_returns: bool = True) -> None:
    """Refuse terms that this product can't have.

    Raises:
        Refusal: ``product-terms``, with an error for each wrong field.
    """
    wrong = [
        *_wrong_earning(terms, earnings_of(product.kind, is_sharia=is_sharia, pays_returns=pays_returns)),
        *_wrong_numbers(terms),
    ]
    if product.kind.is_own_capital and (terms.monthly_fee_minor or terms.floor_minor or not terms.offered):
        message = N_("Simpanan pokok dan wajib tidak dikenai biaya, saldo paling sedikit, atau penutupan.")
        wrong.append(FieldError("monthly_fee_minor", "own-capital", message))
    if wrong:
        raise Refusal("product-terms", N_("Periksa ketentuan produk ini."), errors=wrong)


def _wrong_earning(terms: ProductTerms, allowed: Sequence[Earns]) -> Iterator[FieldError]:
    if terms.earns not in allowed:
        yield FieldError("earns", "earns", N_("Simpanan ini tidak dapat memberi imbal dengan cara itu."))
    for name, asked in (("rate_percent", Earns.RATE), ("nisbah_percent", Earns.NISBAH)):
        value: Fraction | None = getattr(terms, name)
        if (value is not None) != (terms.earns == asked):
            yield FieldError(name, "percent-needed", N_("Isi hanya persentase dari cara imbal yang dipilih."))
        elif value is not None and not 0 <= value <= 100:
            yield FieldError(name, "percent", BAD_PERCENT)


def _wrong_numbers(terms: ProductTerms) -> Iterator[FieldError]:
    for name, known in (("method", METHODS), ("basis", BASES), ("posting", POSTINGS), ("rounding", ROUNDINGS)):
        if getattr(terms, name) not in known:
            yield FieldError(name, "choice", N_("Pilih salah satu dari daftar."))
    for name in _AMOUNTS:
        if not 0 <= getattr(terms, name) <= MOST_MINOR:
            yield FieldError(name, "amount", N_("Jumlah tidak boleh kurang dari nol."))
    if terms.dormancy_months is not None and not 1 <= terms.dormancy_months <= MOST_DORMANCY_MONTHS:
        yield FieldError("dormancy_months", "months", N_("Tulis jumlah bulan dari 1 sampai 120, atau kosongkan."))


_AMOUNTS = (
    "earning_minimum_minor",
    "opening_minimum_minor",
    "deposit_minimum_minor",
    "floor_minor",
    "monthly_fee_minor",
)


def above_ceiling(terms: ProductTerms, ceiling_percent: Fraction | None) -> bool:
    """Whether a rate is above what the policy lets be paid a year; a nisbah and a gift have no ceiling."""
    return ceiling_percent is not None and terms.rate_percent is not None and terms.rate_percent > ceiling_percent


def check_ceiling(terms: ProductTerms, ceiling_percent: Fraction | None, *, enforced: bool) -> None:
    """Refuse a rate above the ceiling, where the policy enforces it (Permenkop UKM 8/2023).

    Raises:
        Refusal: ``rate-above-ceiling``.
    """
    if enforced and above_ceiling(terms, ceiling_percent) and ceiling_percent is not None:
        raise Refusal(
            "rate-above-ceiling",
            N_("Jasa simpanan paling tinggi %(ceiling)s %% setahun menurut kebijakan."),
            field="rate_percent",
            ceiling=percent_text(ceiling_percent).replace(".", ","),
        )


def earning_text(terms: ProductTerms, locale: str) -> str:
    """What it earns in one phrase: ``Jasa 3 % setahun``, ``Nisbah 30 : 70``, ``Bonus sukarela``."""
    if terms.rate_percent is not None:
        return translate(locale, N_("Jasa %(percent)s %% setahun"), percent=percent_shown(terms.rate_percent, locale))
    if terms.nisbah_percent is not None:
        ours = percent_shown(100 - terms.nisbah_percent, locale)
        mine = percent_shown(terms.nisbah_percent, locale)
        return translate(locale, N_("Nisbah %(saver)s : %(cooperative)s"), saver=mine, cooperative=ours)
    return translate(locale, Earns(terms.earns).label)


def facts(product: Product, terms: ProductTerms, locale: str) -> list[tuple[str, str]]:
    """The terms as people read them: label (message id) and value; what says nothing for this kind is left out."""
    found = [(N_("Imbal"), earning_text(terms, locale))]
    if terms.earns != Earns.NONE:
        if terms.earns == Earns.RATE:
            found.append((N_("Saldo yang dihitung"), translate(locale, METHODS[terms.method])))
            found.append((N_("Dasar hari"), translate(locale, BASES[terms.basis])))
        found.append((N_("Imbal dibukukan"), translate(locale, POSTINGS[terms.posting])))
        found.append((N_("Saldo paling sedikit yang mendapat imbal"), _amount(terms.earning_minimum_minor, locale)))
        unit = format_amount(terms.unit_minor)
        found.append((N_("Pembulatan imbal"), f"{unit} {translate(locale, ROUNDINGS[terms.rounding])}"))
    found.append((N_("Setoran pertama paling sedikit"), _amount(terms.opening_minimum_minor, locale)))
    found.append((N_("Setoran berikutnya paling sedikit"), _amount(terms.deposit_minimum_minor, locale)))
    if not product.kind.is_own_capital:
        found.append((N_("Saldo yang harus tinggal"), _amount(terms.floor_minor, locale)))
        found.append((N_("Biaya sebulan"), _amount(terms.monthly_fee_minor, locale)))
        found.append((N_("Tidur setelah"), _months(terms.dormancy_months, locale)))
        found.append((N_("Menerima rekening baru"), _yes(terms.offered, locale)))
    if product.kind is SavingsKind.BERENCANA:
        found.append((N_("Boleh diambil sebelum tanggal tujuan"), _yes(terms.early_withdrawal, locale)))
    return found


def changes(product: Product, before: ProductTerms | None, after: ProductTerms) -> list[tuple[str, str, str]]:
    """What new terms change, for whoever agrees to them: label (message id), before and after, in Indonesian."""
    old = dict(facts(product, before, "id")) if before else {}
    new = dict(facts(product, after, "id"))
    labels = [*new, *(label for label in old if label not in new)]
    found = [(N_("Produk"), "", product.name_id)]
    found += [(label, old.get(label, ""), new.get(label, "")) for label in labels if old.get(label) != new.get(label)]
    found.append((N_("Berlaku sejak"), "", format_date_short(after.valid_from)))
    found.append((N_("Dasar keputusan"), "", after.reason))
    return found


def percent_shown(percent: Fraction, locale: str) -> str:
    """A percentage as its reader writes it: ``2,5`` in Indonesian."""
    text = percent_text(percent)
    return text if locale == "en" else text.replace(".", ",")


def _amount(minor: int, locale: str) -> str:
    return format_amount(minor) if minor else translate(locale, N_("tidak ada"))


def _months(months: int | None, locale: str) -> str:
    if months is None:
        return translate(locale, N_("tidak pernah"))
    return translate(locale, N_("%(months)s bulan tanpa transaksi pemiliknya"), months=months)


def _yes(switch: bool, locale: str) -> str:
    return translate(locale, N_("ya") if switch else N_("tidak"))
