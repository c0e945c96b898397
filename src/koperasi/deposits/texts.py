"""What a contract says, in words: for certificates and workings as files. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from koperasi.cooperatives.service import Cooperative
from koperasi.deposits.figures import exact
from koperasi.deposits.rules import (
    EARLY_LABELS,
    PAY_LABELS,
    ROLL_OVER_LABELS,
    Deposit,
    Early,
    Earns,
    Part,
    Result,
    months_of,
    parts,
    working,
)
from koperasi.deposits.service_reading import Named, Paid, brought
from koperasi.formats import decimal_shown, format_amount, format_date, format_date_short, format_figure
from koperasi.i18n import N_, translate
from koperasi.printing import Fact, Facts, Figures, Paper, Words
from koperasi.returns.service import Step


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
        early = f"{early}: {decimal_shown(exact(one.early_percent), locale)} %"
    elif one.penalty_minor:
        early = f"{early}: {format_amount(one.penalty_minor)}"
    days = f"{format_date(one.opened_on, locale)} \N{EN DASH} {format_date(one.matures_on, locale)}"
    paid = _(N_("dibayar %(when)s"), when=_(PAY_LABELS[one.pay_months]))
    rate = words(cooperative)["percent"]
    before = [(_(N_("Mengganti bilyet")), one.prior_number)] if one.prior_number else []
    return [
        *before,
        (_(N_("Jangka waktu")), f"{_(N_('%(months)s bulan'), months=one.months)}, {days}"),
        (_(rate), f"{decimal_shown(exact(one.percent), locale)} %, {paid}"),
        (_(N_("Saat jatuh tempo")), _(ROLL_OVER_LABELS[one.roll_over])),
        (_(N_("Tutup sebelum jatuh tempo")), early),
    ]


def why(one: Deposit, results: Sequence[Result], paid: Sequence[Paid], today: date, locale: str) -> list[str]:
    """How a contract's returns come about, step by step: what the pool brought in its months, then each return."""
    found = working(one, results, on=today, paid_minor=brought(one, paid))
    if found is None:
        return []
    shared = []
    if one.earns is Earns.NISBAH:
        lived = set(months_of(one, one.opened_on, one.matures_on - timedelta(days=1)))
        shared = [
            translate(
                locale,
                N_("Hasil pengelolaan %(month)s: HI-1000 %(value)s."),
                month=f"{result.since:%m/%Y}",
                value=exact(result.hi_1000),
            )
            for result in results
            if result.since in lived
        ]
    return [*shared, *(step.text(locale) for step in found.working())]


def working_paper(
    named: Named,
    paid: Sequence[Paid],
    results: Sequence[Result],
    cooperative: Cooperative,
    law: Step | None,
    today: date,
    locale: str,
) -> Paper:
    """How the figures of a contract come about: agreed terms, returns with their tax, and each step.

    Args:
        named: the contract and whose it is.
        paid: the returns posted on it that stand.
        results: what the pool brought, for a nisbah.
        cooperative: whose book.
        law: what is withheld of the holder, if anything is.
        today: by which a term is over or not.
        locale: of the reader.
    """

    def _(message: str, **params: object) -> str:
        return translate(locale, message, **params)

    one, posted = named.deposit, {done.part: done for done in paid}
    spoken = words(cooperative)
    title, returned = spoken["title"], spoken["return"]
    rows = [_row(one, part, posted.get(part.number), locale) for part in parts(one, results)]
    if 0 in posted:
        last = posted[0]
        what = _(N_("Ditutup: ditambahkan") if last.gross_minor > 0 else N_("Ditutup: dipotong dari pokok"))
        rows.append(
            (format_date_short(last.paid_on), what, format_figure(last.gross_minor), format_figure(last.tax_minor))
        )
    steps = [*why(one, results, paid, today, locale), *([law.text(locale)] if law else [])]
    sums = [sum(done.gross_minor for done in paid), sum(done.tax_minor for done in paid)]
    return Paper(
        title=_(N_("Hitungan %(kind)s"), kind=_(title).lower()),
        cooperative=cooperative.name,
        address=cooperative.full_address,
        blocks=[
            Facts(
                [
                    Fact(_(N_("No. bilyet")), f"{one.certificate} \N{MIDDLE DOT} {one.number}", strong=True),
                    Fact(_(N_("Atas nama")), f"{named.member_name} ({one.member_number})"),
                    Fact(_(N_("Pokok")), format_amount(one.principal_minor), strong=True),
                    *(Fact(label, text) for label, text in agreed_texts(one, cooperative, locale)),
                ]
            ),
            Figures(
                heads=[
                    _(N_("Jatuh tempo")),
                    _(N_("Untuk")),
                    f"{_(returned)} (Rp)",
                    _(N_("Pajak (Rp)")),
                ],
                rows=rows,
                figures=2,
                wide=1,
                total=[_(N_("Sudah dicatat")), "", *(format_figure(amount) for amount in sums)],
            ),
            *(Words(f"{at}. {text}") for at, text in enumerate(steps, 1)),
        ],
    )


def _row(one: Deposit, part: Part, done: Paid | None, locale: str) -> tuple[str, str, str, str]:
    """A return as a row of figures; one that was paid before this book is none of its sums."""
    days = f"{format_date_short(part.first)} \N{EN DASH} {format_date_short(part.last)}"
    if one.was_paid_before(part):
        days = f"{days}, {translate(locale, N_('dibayar sebelum buku ini'))}"
    amount = done.gross_minor if done else part.gross_minor
    shown = translate(locale, N_("menunggu hasil")) if amount is None else format_figure(amount)
    return format_date_short(part.due_on), days, shown, format_figure(done.tax_minor) if done else ""
