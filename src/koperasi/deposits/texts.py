"""What a contract says, in words: for certificates as files. Pure."""

from __future__ import annotations

from koperasi.cooperatives.service import Cooperative
from koperasi.deposits.figures import exact
from koperasi.deposits.rules import EARLY_LABELS, PAY_LABELS, ROLL_OVER_LABELS, Deposit, Early
from koperasi.formats import format_amount, format_date
from koperasi.i18n import N_, translate


def words(cooperative: Cooperative) -> dict[str, str]:
    """How this kind speaks of a term deposit and what it brings (message ids); a sharia one never of interest."""
    sharia = cooperative.is_sharia
    return {
        "title": N_("Simpanan berjangka mudharabah") if sharia else N_("Simpanan berjangka"),
        "percent": N_("Nisbah anggota") if sharia else N_("Imbal setahun"),
        "return": N_("Bagi hasil") if sharia else N_("Imbalan"),
    }


def agreed_texts(one: Deposit, cooperative: Cooperative, locale: str) -> list[tuple[str, str]]:
    """The terms of a contract as label and text, in the reader's language."""

    def _(message: str, **params: object) -> str:
        return translate(locale, message, **params)

    early = _(EARLY_LABELS[one.early])
    if one.early is Early.REDUCED:
        early = f"{early}: {exact(one.early_percent)} %"
    elif one.penalty_minor:
        early = f"{early}: {format_amount(one.penalty_minor)}"
    days = f"{format_date(one.opened_on, locale)} \N{EN DASH} {format_date(one.matures_on, locale)}"
    paid = _(N_("dibayar %(when)s"), when=_(PAY_LABELS[one.pay_months]))
    rate = words(cooperative)["percent"]
    return [
        (_(N_("Jangka waktu")), f"{_(N_('%(months)s bulan'), months=one.months)}, {days}"),
        (_(rate), f"{exact(one.percent)} %, {paid}"),
        (_(N_("Saat jatuh tempo")), _(ROLL_OVER_LABELS[one.roll_over])),
        (_(N_("Tutup sebelum jatuh tempo")), early),
    ]
