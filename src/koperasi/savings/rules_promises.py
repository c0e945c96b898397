"""What a member is told of a product's terms, in plain words. Pure.

Nothing is said that was not agreed: wadiah promises nothing (fatwa DSN-MUI 02/2000), mudharabah tells each side's share
and no amount (fatwa DSN-MUI 15/2000), own capital has its part of the surplus alone (UU 25/1992 art. 45). The word for
a return comes from the kind of cooperative, so that a sharia one never speaks of interest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from koperasi.formats import format_amount, format_date
from koperasi.i18n import N_, translate
from koperasi.savings.products import METHODS, POSTINGS, Earns, Product, ProductTerms, terms_on
from koperasi.savings.rules import SavingsKind
from koperasi.savings.rules_products import percent_shown


class Words(NamedTuple):
    """What this kind of cooperative calls what savings bring, and its surplus (message ids)."""

    savings_return: str
    surplus: str


class Told(NamedTuple):
    """A product's name and the sentences about it, in the reader's language."""

    name: str
    sentences: tuple[str, ...]


def told(
    products: Mapping[Product, date],
    terms: Mapping[str, Sequence[ProductTerms]],
    day: date,
    words: Words,
    locale: str,
) -> list[Told]:
    """What holds on a day for each product, and what is decided for later.

    Args:
        products: of the member's accounts, with the day since when they have one.
        terms: by product code, the oldest first.
        day: the cooperative's day.
        words: of its kind.
        locale: the reader's.
    """
    found = []
    for product, opened_on in products.items():
        rows = terms.get(product.code, ())
        now = terms_on(rows, day)
        following = [row for row in rows if row.valid_from > day]
        sentences = [*(_current(product, now, opened_on, words, locale) if now else ())]
        sentences += [_later(product, row, words, locale) for row in following]
        found.append(Told(product.name(locale), tuple(sentences)))
    return found


def _current(product: Product, terms: ProductTerms, opened_on: date, words: Words, locale: str) -> Iterator[str]:
    since = format_date(max(terms.valid_from, opened_on), locale)
    yield translate(
        locale, N_("Sejak %(day)s: %(promise)s"), day=since, promise=_promise(product, terms, words, locale)
    )
    if product.kind is SavingsKind.BERENCANA:
        early = N_("Dapat diambil juga sebelum tanggal tujuan.")
        yield translate(locale, early if terms.early_withdrawal else N_("Dapat diambil mulai tanggal tujuan."))
    if terms.earning_minimum_minor and terms.earns != Earns.NONE:
        least = format_amount(terms.earning_minimum_minor)
        yield translate(locale, N_("Saldo di bawah %(amount)s belum diikutkan."), amount=least)
    if terms.floor_minor:
        floor = format_amount(terms.floor_minor)
        yield translate(locale, N_("Saldo %(amount)s tetap tinggal selama rekening dibuka."), amount=floor)
    if terms.monthly_fee_minor:
        fee = format_amount(terms.monthly_fee_minor)
        yield translate(locale, N_("Biaya %(amount)s setiap bulan."), amount=fee)


def _later(product: Product, terms: ProductTerms, words: Words, locale: str) -> str:
    day = format_date(terms.valid_from, locale)
    promise = _promise(product, terms, words, locale)
    return translate(locale, N_("Mulai %(day)s: %(promise)s"), day=day, promise=promise)


def _promise(product: Product, terms: ProductTerms, words: Words, locale: str) -> str:
    savings_return = translate(locale, words.savings_return)
    if terms.rate_percent is not None:
        return translate(
            locale,
            N_("%(savings_return)s %(percent)s %% setahun dari %(balance)s, dibukukan %(posting)s."),
            savings_return=savings_return,
            percent=percent_shown(terms.rate_percent, locale),
            balance=translate(locale, METHODS[terms.method]).lower(),
            posting=translate(locale, POSTINGS[terms.posting]).lower(),
        )
    if terms.nisbah_percent is not None:
        return translate(
            locale,
            N_(
                "dari pendapatan yang dibagi, %(saver)s %% untuk Anda dan %(cooperative)s %% untuk koperasi. "
                "Jumlahnya mengikuti pendapatan dan tidak dijanjikan."
            ),
            saver=percent_shown(terms.nisbah_percent, locale),
            cooperative=percent_shown(100 - terms.nisbah_percent, locale),
        )
    if terms.earns == Earns.BONUS:
        return translate(
            locale,
            N_("titipan. Tidak ada imbal yang dijanjikan; koperasi dapat memberi bonus bila pengurus memutuskannya."),
        )
    if product.kind.is_own_capital:
        return translate(
            locale,
            N_("modal Anda sendiri. Bagiannya berasal dari %(surplus)s, bukan dari %(savings_return)s."),
            surplus=translate(locale, words.surplus),
            savings_return=savings_return,
        )
    return translate(locale, N_("tanpa %(savings_return)s."), savings_return=savings_return)
