"""Savings products: what they give and ask, from which day on, and which a new cooperative starts with. Pure.

A product's terms are dated rows: what held on a day is the newest row not after it. Nothing is edited in place; the
board decides, and a later row follows. Wadiah yad dhamanah promises nothing (fatwa DSN-MUI 02/2000: a gift may be
given, never agreed); mudharabah shares by nisbah (fatwa DSN-MUI 15/2000); a rate is for those who are not sharia, under
the ceiling of Permenkop UKM 8/2023, which is a policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from koperasi.i18n import N_
from koperasi.savings.rules import SavingsKind


class Earns(StrEnum):
    """How a product gives its owner a return."""

    NONE = "none"
    RATE = "rate"
    """A percentage a year; never in a sharia cooperative."""
    NISBAH = "nisbah"
    """The saver's share of the pool's income."""
    BONUS = "bonus"
    """A gift when the board gives one; nothing is promised."""

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _EARNS[self]


_EARNS: Mapping[Earns, str] = {
    Earns.NONE: N_("Tanpa imbal"),
    Earns.RATE: N_("Jasa setahun"),
    Earns.NISBAH: N_("Nisbah bagi hasil"),
    Earns.BONUS: N_("Bonus sukarela"),
}

METHODS: Mapping[str, str] = {
    "daily": N_("Saldo harian"),
    "average": N_("Saldo rata-rata harian"),
    "lowest": N_("Saldo terendah sebulan"),
}
BASES: Mapping[str, str] = {
    "actual/365": N_("hari sebenarnya / 365"),
    "actual/360": N_("hari sebenarnya / 360"),
    "actual/actual": N_("hari sebenarnya / hari dalam tahun itu"),
}
POSTINGS: Mapping[str, str] = {"monthly": N_("Setiap bulan"), "quarterly": N_("Setiap tiga bulan")}
ROUNDINGS: Mapping[str, str] = {
    "half_up": N_("ke terdekat"),
    "down": N_("ke bawah"),
    "half_even": N_("ke terdekat, setengah ke genap"),
    "up": N_("ke atas"),
}
MOST_DORMANCY_MONTHS = 120


@dataclass(frozen=True, slots=True)
class Product:
    """Something to save in."""

    code: str
    kind: SavingsKind
    name_id: str
    name_en: str

    def name(self, locale: str) -> str:
        """Its name in the reader's language."""
        return self.name_en if locale == "en" else self.name_id


@dataclass(frozen=True, slots=True)
class ProductTerms:
    """What a product gives and asks from a day on; amounts in sen.

    Attributes:
        valid_from: the first day.
        offered: whether new accounts are opened.
        earns: a value of ``Earns``.
        rate_percent: a year, only if it earns by rate.
        nisbah_percent: the saver's share, only if it earns by nisbah.
        method: ``daily``, ``average`` or ``lowest``: which balance counts.
        basis: ``actual/365``, ``actual/360`` or ``actual/actual``.
        posting: ``monthly`` or ``quarterly``.
        earning_minimum_minor: a balance below it earns nothing.
        opening_minimum_minor: the least that the first deposit is.
        deposit_minimum_minor: the least of any deposit.
        floor_minor: what stays in the account while the membership lasts.
        monthly_fee_minor: taken once a month, never more than there is.
        dormancy_months: months without a movement of the owner's after which it sleeps; None is never.
        early_withdrawal: planned savings only: whether they may be taken out before the goal's day.
        unit_minor: what a return is rounded to; 100 is the whole rupiah.
        rounding: ``half_up``, ``half_even``, ``down`` or ``up``.
        reason: the decision it rests on.
        set_by: who set it.
    """

    valid_from: date
    offered: bool = True
    earns: str = Earns.NONE
    rate_percent: Fraction | None = None
    nisbah_percent: Fraction | None = None
    method: str = "daily"
    basis: str = "actual/365"
    posting: str = "monthly"
    earning_minimum_minor: int = 0
    opening_minimum_minor: int = 0
    deposit_minimum_minor: int = 0
    floor_minor: int = 0
    monthly_fee_minor: int = 0
    dormancy_months: int | None = None
    early_withdrawal: bool = False
    unit_minor: int = 100
    rounding: str = "half_up"
    reason: str = ""
    set_by: str = ""


def terms_on(terms: Sequence[ProductTerms], day: date) -> ProductTerms | None:
    """What holds on a day: the newest row not after it; None before the first. ``terms`` are the oldest first."""
    return next((row for row in reversed(terms) if row.valid_from <= day), None)


MOST_USED: Mapping[SavingsKind, str] = {
    SavingsKind.POKOK: "pokok",
    SavingsKind.WAJIB: "wajib",
    SavingsKind.SUKARELA: "sukarela",
    SavingsKind.WADIAH: "wadiah",
    SavingsKind.MUDHARABAH: "mudharabah",
    SavingsKind.BERENCANA: "berencana",
    SavingsKind.WAJIB_PINJAM: "wajib-pinjam",
    SavingsKind.KOPERASI_LAIN: "koperasi-lain",
}
"""The code of each kind's first product, with which every cooperative that has the kind begins."""

_FIRST_NAMES: Mapping[SavingsKind, tuple[str, str]] = {
    SavingsKind.POKOK: ("Simpanan pokok", "Principal savings"),
    SavingsKind.WAJIB: ("Simpanan wajib", "Compulsory savings"),
    SavingsKind.SUKARELA: ("Simpanan sukarela", "Voluntary savings"),
    SavingsKind.WADIAH: ("Simpanan wadiah", "Wadiah savings"),
    SavingsKind.MUDHARABAH: ("Simpanan mudharabah", "Mudharabah savings"),
    SavingsKind.BERENCANA: ("Simpanan berencana", "Planned savings"),
    SavingsKind.WAJIB_PINJAM: ("Simpanan wajib pinjam", "Loan-linked savings"),
    SavingsKind.KOPERASI_LAIN: ("Simpanan koperasi lain", "Savings of other cooperatives"),
}

_FIRST_REASON = "Ketentuan awal; ditetapkan pengurus"
_RATES: Mapping[SavingsKind, Fraction] = {
    SavingsKind.SUKARELA: Fraction(3),
    SavingsKind.BERENCANA: Fraction(4),
    SavingsKind.KOPERASI_LAIN: Fraction(3),
}
_NISBAH: Mapping[SavingsKind, Fraction] = {
    SavingsKind.MUDHARABAH: Fraction(30),
    SavingsKind.BERENCANA: Fraction(35),
}
_SLEEPS_AFTER = 12


def first_products(
    kinds: Sequence[SavingsKind], valid_from: date, set_by: str, *, is_sharia: bool, pays_rate: bool
) -> list[tuple[Product, ProductTerms]]:
    """What a new cooperative begins with: one product of each kind it has, with modest terms that its board may change.

    Own capital earns its part of the surplus and nothing else. A rate well below the ceiling of 9 % a year stands
    where rates are usual, so that a first month's return can be previewed; nothing is paid before a run is approved.

    Args:
        kinds: the kinds that its chart has accounts for.
        valid_from: from when the first terms hold.
        set_by: who founds it.
        is_sharia: whether it works by akad.
        pays_rate: whether savings earn a rate from the start (a small group keeps money and pays none).
    """
    found = []
    for kind in kinds:
        name_id, name_en = _FIRST_NAMES[kind]
        earns, rate, nisbah = Earns.NONE, None, None
        if is_sharia and kind is SavingsKind.WADIAH:
            earns = Earns.BONUS
        elif is_sharia and kind in _NISBAH:
            earns, nisbah = Earns.NISBAH, _NISBAH[kind]
        elif not is_sharia and pays_rate and kind in _RATES:
            earns, rate = Earns.RATE, _RATES[kind]
        terms = ProductTerms(
            valid_from=valid_from,
            earns=earns,
            rate_percent=rate,
            nisbah_percent=nisbah,
            method="average" if earns in (Earns.NISBAH, Earns.BONUS) else "daily",
            dormancy_months=_SLEEPS_AFTER if kind.withdrawable else None,
            reason=_FIRST_REASON,
            set_by=set_by,
        )
        found.append((Product(MOST_USED[kind], kind, name_id, name_en), terms))
    return found
