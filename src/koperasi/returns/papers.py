"""Slips of tax withheld as papers: the figures of their print pages, in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from koperasi.cooperatives.service import Cooperative
from koperasi.formats import format_amount, format_date_short, format_figure
from koperasi.i18n import N_, translate
from koperasi.printing import Fact, Facts, Figures, Paper, Words, long_day
from koperasi.returns.messages import law_of, laws, month_name
from koperasi.returns.model import Slip
from koperasi.returns.rules_run import Taxing
from koperasi.terbilang import amount_in_words


def slip_list(
    month: date,
    slips: Sequence[Slip],
    sums: Mapping[str, int],
    rules: Taxing,
    names: Mapping[str, str],
    cooperative: Cooperative,
    locale: str,
) -> Paper:
    """All slips of a month with their sums, and the tax withheld in words."""

    def _(message: str, **params: object) -> str:
        return translate(locale, message, **params)

    apart = [Fact(_(N_("Di antaranya PPh pasal 23")), format_amount(sums["partners"]))] if sums["partners"] else []
    rows = [
        (
            one.number,
            names.get(one.member_number, one.member_number) + (f" ({_(N_('batal'))})" if one.is_void else ""),
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
            *(Words(sentence) for sentence in laws(rules, locale)),
            Facts(
                [
                    Fact(_(N_("Pajak dipotong")), format_amount(sums["tax"]), strong=True),
                    *apart,
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

    said = _(N_("BATAL: pembayarannya dibatalkan sesudah bukti ini diberi nomor."))
    void = [Words(said)] if one.is_void else []
    return Paper(
        title=_(N_("Bukti pemotongan pajak imbal simpanan")),
        cooperative=cooperative.name,
        address=cooperative.full_address,
        blocks=[
            *void,
            Facts(
                [
                    Fact(_(N_("Nomor")), one.number, strong=True),
                    Fact(_(N_("Dibayar")), long_day(one.paid_on, locale)),
                    Fact(_(N_("Kepada")), f"{name} ({one.member_number})".strip()),
                    Fact(_(N_("Imbal sebelum pajak")), format_amount(one.gross_minor)),
                    Fact(_(N_("Pajak dipotong")), format_amount(one.tax_minor), strong=True),
                    Fact(_(N_("Terbilang")), amount_in_words(one.tax_minor, locale)),
                    Fact(_(N_("Yang diterima")), format_amount(one.gross_minor - one.tax_minor)),
                ]
            ),
            Words(_(law_of(cooperative.kind, one.member_number))),
        ],
        signers=[(_(N_("Pemotong")), "")],
        small=True,
    )
