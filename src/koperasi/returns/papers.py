"""Slips of tax withheld as papers: the figures of their print pages, in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from koperasi.cooperatives.service import Cooperative
from koperasi.formats import format_amount, format_date_short, format_figure
from koperasi.i18n import N_, translate
from koperasi.printing import Fact, Facts, Figures, Paper, Words, long_day
from koperasi.returns.messages import month_name
from koperasi.returns.model import Slip
from koperasi.returns.rules_run import TaxRule
from koperasi.returns.working import number
from koperasi.terbilang import amount_in_words


def slip_list(
    month: date,
    slips: Sequence[Slip],
    sums: Mapping[str, int],
    rule: TaxRule | None,
    names: Mapping[str, str],
    cooperative: Cooperative,
    locale: str,
) -> Paper:
    """All slips of a month with their sums, and the tax withheld in words."""

    def _(message: str, **params: object) -> str:
        return translate(locale, message, **params)

    said = N_(
        "Bebas sampai %(threshold)s sebulan untuk semua rekening seorang anggota; di atasnya %(percent)s %% dari "
        "seluruhnya. Bukti diberikan juga bila pajaknya nol."
    )
    terms = (
        [Words(_(said, threshold=format_amount(rule.threshold_minor), percent=number(rule.percent)))] if rule else []
    )
    rows = [
        (
            one.number,
            names.get(one.member_number, one.member_number),
            format_date_short(one.paid_on),
            format_figure(one.gross_minor),
            format_figure(one.tax_minor),
        )
        for one in slips
    ]
    return Paper(
        title=f"{_(N_('Bukti potong pajak'))} {month_name(month, locale)}",
        cooperative=cooperative.name,
        address=cooperative.full_address,
        blocks=[
            *terms,
            Facts(
                [
                    Fact(_(N_("Pajak dipotong")), format_amount(sums["tax"]), strong=True),
                    Fact(_(N_("Imbal dibayar")), format_amount(sums["gross"])),
                    Fact(_(N_("Bukti potong")), str(sums["count"])),
                ]
            ),
            Words(f"{_(N_('Terbilang, pajak dipotong:'))} {amount_in_words(sums['tax'], locale)}", leaning=True),
            Figures(
                heads=[
                    _(N_("Nomor")),
                    _(N_("Anggota")),
                    _(N_("Dibayar")),
                    _(N_("Imbal (Rp)")),
                    _(N_("Pajak (Rp)")),
                ],
                rows=rows,
                figures=2,
                wide=1,
                total=[_(N_("Jumlah")), "", "", format_figure(sums["gross"]), format_figure(sums["tax"])],
            ),
        ],
        signers=[(_(N_("Pemotong")), "")],
    )


def slip(one: Slip, name: str, cooperative: Cooperative, locale: str) -> Paper:
    """One slip."""

    def _(message: str, **params: object) -> str:
        return translate(locale, message, **params)

    return Paper(
        title=_(N_("Bukti pemotongan pajak imbal simpanan")),
        cooperative=cooperative.name,
        address=cooperative.full_address,
        blocks=[
            Facts(
                [
                    Fact(_(N_("Nomor")), one.number, strong=True),
                    Fact(_(N_("Dibayar")), long_day(one.paid_on, locale)),
                    Fact(_(N_("Kepada")), f"{name} ({one.member_number})".strip()),
                    Fact(_(N_("Imbal sebelum pajak")), format_amount(one.gross_minor)),
                    Fact(_(N_("Pajak dipotong")), format_amount(one.tax_minor), strong=True),
                    Fact(_(N_("Terbilang")), amount_in_words(one.tax_minor, locale)),
                    Fact(_(N_("Diterima")), format_amount(one.gross_minor - one.tax_minor)),
                ]
            ),
            Words(_(N_("PPh final atas imbal simpanan anggota koperasi, PP 15/2009."))),
        ],
        signers=[(_(N_("Pemotong")), "")],
        small=True,
    )
