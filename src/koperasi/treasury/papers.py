"""A voucher as a paper: the figures of its print page, in the same order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from koperasi.cooperatives.service import Cooperative
from koperasi.formats import format_amount, format_figure
from koperasi.i18n import N_, translate
from koperasi.printing import Fact, Facts, Figures, Paper, Words, long_day
from koperasi.terbilang import amount_in_words
from koperasi.treasury.rules_vouchers import Number, VoucherKind
from ledger import Account, Entry


class Voucher(NamedTuple):
    """What a voucher shows; amounts in sen. ``party`` is the member whose savings it moves, or ''."""

    entry: Entry
    accounts: Mapping[int, Account]
    given: Number | None
    kind: VoucherKind
    maker: str
    party: str
    sum_minor: int
    total_minor: int


def voucher(shown: Voucher, cooperative: Cooperative, locale: str) -> Paper:
    """The voucher with its lines, to be signed."""

    def _(message: str, **params: object) -> str:
        return translate(locale, message, **params)

    entry, kind = shown.entry, shown.kind
    reversed_by = []
    if entry.reversed_by:
        # The word of the page's chip, and what stands beside it.
        by = _(N_("oleh jurnal balik nomor %(number)s"), number=entry.reversed_by)
        reversed_by = [Words(f"{_(N_('Dibatalkan'))} {by}")]
    facts = [
        Fact(_(N_("No. bukti")), str(shown.given or "\N{EN DASH}"), strong=True),
        Fact(_(N_("Tanggal")), long_day(entry.effective_date, locale)),
    ]
    if kind is not VoucherKind.MEMORIAL:
        who = N_("Diterima dari") if kind is VoucherKind.CASH_IN else N_("Dibayarkan kepada")
        facts.append(Fact(_(who), shown.party or "\N{HORIZONTAL ELLIPSIS}" * 10))
    facts += [
        Fact(_(N_("Untuk")), entry.description + (f" ({entry.source})" if entry.source else "")),
        Fact(_(N_("Jumlah uang")), format_amount(shown.sum_minor), strong=True),
        Fact(_(N_("Terbilang")), amount_in_words(shown.sum_minor, locale)),
    ]
    signers = [(_(N_("Dibuat")), shown.maker), (_(N_("Disetujui")), ""), (_(N_("Dibukukan")), "")]
    if kind is not VoucherKind.MEMORIAL:
        signers.append((_(N_("Diterima") if kind is VoucherKind.CASH_OUT else N_("Penyetor")), shown.party))
    total = format_figure(shown.total_minor)
    return Paper(
        title=_(kind.label),
        cooperative=cooperative.name,
        address=cooperative.full_address,
        blocks=[
            *reversed_by,
            Facts(facts),
            Figures(
                heads=[_(N_("Akun")), _(N_("Debit")), _(N_("Kredit"))],
                rows=[_row(line, shown.accounts[line.account_id], locale) for line in entry.lines],
                figures=2,
                total=[_(N_("Jumlah")), total, total],
            ),
        ],
        signers=signers,
        foot=_(
            N_("Jurnal nomor %(number)s, segel %(code)s…"),
            number=entry.number,
            code=entry.hash.hex()[:16],
        ),
        small=True,
    )


def _row(line: Any, account: Account, locale: str) -> tuple[str, str, str]:
    name = account.name_en if locale == "en" else account.name_id
    debit = format_figure(line.amount, line.currency) if line.amount > 0 else ""
    credit = format_figure(-line.amount, line.currency) if line.amount < 0 else ""
    return f"{line.code} {name}", debit, credit
