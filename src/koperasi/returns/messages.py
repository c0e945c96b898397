"""The words for runs: warnings and states, as pages show them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from koperasi.cooperatives.service import Kind, roles
from koperasi.formats import format_amount, format_date
from koperasi.i18n import N_, translate
from koperasi.returns.model import Run, RunStatus, Warned
from koperasi.returns.rules_run import Taxing
from koperasi.returns.working import number, rupiah
from koperasi.savings.service import is_partner_number

CHIPS: Mapping[RunStatus, str] = {
    RunStatus.PREVIEW: "draft",
    RunStatus.APPROVED: "held",
    RunStatus.POSTING: "held",
    RunStatus.POSTED: "posted",
    RunStatus.DROPPED: "inactive",
}

WARNINGS: Mapping[str, str] = {
    "effective-moved": N_("Bulannya sudah ditutup atau ditahan: jurnalnya akan bertanggal %(day)s."),
    "ends-today": N_("Dihitung pada hari terakhir masanya: transaksi yang masih datang sesudahnya mengubah hasilnya."),
    "tax-unknown": N_("Koperasi ini tidak mempunyai kebijakan pajak simpanan: tidak ada yang dipotong."),
    "above-ceiling": N_("Tarif produk %(product)s di atas batas kebijakan."),
    "pool-zero": N_("Tidak ada pendapatan yang dibagikan: bagi hasil masa ini nol."),
    "pool-entered": N_("Pendapatan atau pembiayaan bukan angka buku: %(reason)s."),
    "bonus-none": N_("Tidak ada bonus untuk produk %(product)s pada perhitungan ini."),
    "bonus-left": N_("Bonus produk %(product)s tidak terbagi: tidak ada rekening yang ikut."),
    "short": N_("Rekening %(account)s: saldonya kurang untuk mengambil kembali selisihnya; tidak ikut."),
    "partner-tax": N_("Ada simpanan koperasi lain, dan belum ada kebijakan pajaknya: tidak ada yang dipotong."),
}
"""Message ids, by code."""


_MEMBERS = N_(
    "Bebas sampai %(threshold)s sebulan untuk semua rekening seorang anggota; di atasnya %(percent)s %% dari "
    "seluruhnya. Bukti diberikan juga bila pajaknya nol."
)
_BANK = N_(
    "Bebas selama tabungan dan deposito seorang penyimpan bersama tidak lebih dari %(threshold)s; di atasnya "
    "%(percent)s %% dari seluruh bunganya."
)
_PARTNERS = N_("Simpanan koperasi lain: %(percent)s %% dari seluruhnya, PPh pasal 23.")


def laws(rules: Taxing, locale: str) -> list[str]:
    """What is withheld of whom, a sentence for each rule."""
    said = [
        translate(locale, message, threshold=format_amount(rule.threshold_minor), percent=number(rule.percent))
        for message, rule in ((_MEMBERS, rules.members), (_BANK, rules.bank))
        if rule
    ]
    if rules.partners and rules.partners.percent:
        said.append(translate(locale, _PARTNERS, percent=number(rules.partners.percent)))
    return said


def law_of(kind: Kind, holder: str) -> str:
    """Which tax a slip is of (message id)."""
    if is_partner_number(holder):
        return N_("PPh pasal 23 atas imbal simpanan koperasi lain; tidak final.")
    if kind is Kind.BPR:
        return N_("PPh final atas bunga tabungan dan deposito, PP 131/2000.")
    if "tax.savings" not in roles(kind):
        return N_("Tidak ada pajak yang dipotong dari imbal ini.")
    return N_("PPh final atas imbal simpanan anggota koperasi, PP 15/2009.")


def warning(found: Run, one: Warned, locale: str) -> str:
    """A warning of a run in the reader's language."""
    names = {each.code: each.name(locale) for each in found.products}
    day = format_date(date.fromisoformat(one.about), locale) if one.code == "effective-moved" else ""
    return translate(
        locale,
        WARNINGS[one.code],
        day=day,
        product=names.get(one.about, one.about),
        account=one.about,
        reason=found.settings.get("entered") or "-",
    )


def month_name(day: date, locale: str) -> str:
    """``November 2026``."""
    return format_date(day.replace(day=1), locale).partition(" ")[2]


def words(locale: str) -> Mapping[str, Any]:
    """What the templates say figures and months with."""
    return {"month_name": partial(month_name, locale=locale), "rupiah": rupiah, "number": number}
