"""Which products a run is for, and with which terms: from the products' dated rows. Called by ``service_preview``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.returns.model import Earning
from koperasi.returns.rounding import Rounding
from koperasi.returns.rules_days import Basis
from koperasi.returns.rules_interest import Method, Posting, Rate, Terms
from koperasi.returns.rules_run import Period
from koperasi.savings import service as savings
from koperasi.savings.service import Product, ProductTerms

NOTHING_EARNS = N_("Tidak ada produk yang imbalnya dibukukan pada masa ini.")
NOT_EARNING = N_("Produk %(product)s tidak mempunyai imbal yang dibukukan pada masa ini.")


async def earning(
    connection: AsyncConnection, book_id: int, period: Period, posting: Posting, codes: Collection[str] = ()
) -> list[Earning]:
    """The products that earn in a period and are posted so, as they stood; only these codes if any are given.

    Raises:
        Refusal: ``nothing-earns``, or ``product-earns-nothing`` of a code that was asked for.
    """
    every = await savings.products(connection, book_id)
    terms = await savings.product_terms(connection, book_id)
    found = {
        product.code: one
        for product in every
        if (one := earning_of(product, terms.get(product.code, ()), period, posting)) is not None
    }
    if missing := [code for code in codes if code not in found]:
        raise Refusal("product-earns-nothing", NOT_EARNING, field="products", product=missing[0])
    if not found:
        raise Refusal("nothing-earns", NOTHING_EARNS, field="month")
    return [found[code] for code in codes] if codes else list(found.values())


def earning_of(
    product: Product,
    terms: Sequence[ProductTerms],
    period: Period,
    posting: Posting | None = None,
) -> Earning | None:
    """A product as it stands for a period; None if it earns nothing in it, or is posted otherwise.

    Method, basis, least balance and rounding are those of the last day; rates hold from their own days on.
    """
    held = savings.terms_on(terms, period.last)
    within = [one for one in terms if held is not None and one.valid_from <= period.last]
    live = [
        one
        for place, one in enumerate(within)
        if one.earns != "none" and (place + 1 == len(within) or within[place + 1].valid_from > period.first)
    ]
    if not live or (posting is not None and live[-1].posting != posting.value):
        return None
    last = live[-1]
    rates = tuple(
        Rate(one.valid_from, one.rate_percent if one.earns == "rate" and one.rate_percent else Fraction(0))
        for one in within
    )
    expense = "return.bonus" if last.earns == "bonus" else "return.savings"
    return Earning(
        product.code,
        product.name_id,
        product.name_en,
        str(last.earns),
        Terms(
            Method(last.method),
            rates if last.earns == "rate" else (),
            Basis(last.basis),
            minimum_minor=last.earning_minimum_minor,
            unit_minor=last.unit_minor,
            rounding=Rounding(last.rounding),
        ),
        last.nisbah_percent if last.earns == "nisbah" else None,
        expense,
    )
