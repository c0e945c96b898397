"""What a sharia board reads: products with their akad, and the contracts that run, without whose they are."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import NamedTuple

from litestar import Controller, Response, get

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.deposits import rules, service
from koperasi.deposits.figures import exact
from koperasi.errors import NotFound
from koperasi.frame import Frame
from koperasi.i18n import N_
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.savings import service as savings

PAGE_SIZE = 50

WADIAH = N_("Wadiah yad dhamanah")
"""Kept safe and given back on demand; a bonus is a gift (fatwa DSN-MUI 02/2000)."""
MUDHARABAH = N_("Mudharabah mutlaqah")
"""Invested as the cooperative sees fit, what it brings is shared (fatwa DSN-MUI 02/2000 and 03/2000)."""
CAPITAL = N_("Modal anggota")


class Offered(NamedTuple):
    """A savings product as the page shows it; ``akad`` and ``returns`` are message ids, ``nisbah`` figures or ''."""

    code: str
    name: str
    akad: str
    returns: str
    nisbah: str
    valid_from: date | None


class ContractPages(Controller):
    """Contracts of a sharia cooperative."""

    include_in_schema = False

    @get("/akad", opt={"permission": Permission.READ_CONTRACTS})
    async def page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Products with their akad, terms of deposits in force, and contracts by what was agreed and by day."""
        identity, book_id = request.user, request.user.book_id
        place = _place(request.query_params.get("sesudah"))
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            if not cooperative.is_sharia:
                raise NotFound("contracts", N_("Koperasi ini bukan koperasi syariah: tidak ada akad di sini."))
            today = cooperative.today(datetime.now(UTC))
            products = await savings.products(connection, book_id)
            terms = await savings.product_terms(connection, book_id)
            deposit_terms = await service.all_terms(connection, book_id)
            agreed = await service.agreed(connection, book_id)
            signed, more = await service.signed(connection, book_id, before=place, limit=PAGE_SIZE)
        offered = [_offered(one, savings.terms_on(terms.get(one.code, ()), today), identity.locale) for one in products]
        last = signed[-1] if more else None
        in_force = [rules.in_force(deposit_terms, months, today) for months in rules.TERMS_OFFERED]
        return await frame.page(
            request,
            "deposits/contracts.html",
            products=offered,
            terms=[one for one in in_force if one is not None],
            agreed=agreed,
            signed=signed,
            contracts=sum(one.contracts for one in agreed),
            principal_minor=sum(one.principal_minor for one in agreed),
            akad=MUDHARABAH,
            shares=shares,
            percent=exact,
            pays=rules.PAY_LABELS,
            earlies=rules.EARLY_LABELS,
            first_url="/akad" if place else "",
            next_url=f"/akad?sesudah={encode_cursor(last.opened_on, last.months, exact(last.percent))}" if last else "",
        )


def shares(percent: Fraction) -> str:
    """A nisbah as an akad says it, member and cooperative: ``45 : 55``; no line breaks within it."""
    return f"{exact(percent)}\N{NO-BREAK SPACE}:\N{NO-BREAK SPACE}{exact(100 - percent)}"


def _place(cursor: str | None) -> tuple[date, int, Decimal] | None:
    """Where the page before ended.

    Raises:
        BadRequest: ``cursor``.
    """
    found = decode_cursor(cursor, "date", "int", "str")
    if found is None:
        return None
    try:
        percent = Decimal(found[2].replace(",", "."))
    except InvalidOperation:
        percent = Decimal(0)
    return found[0], max(0, min(found[1], 1000)), percent if percent.is_finite() and 0 <= percent <= 100 else Decimal(0)


def _offered(product: savings.Product, terms: savings.ProductTerms | None, locale: str) -> Offered:
    code, name = product.code, product.name(locale)
    if product.kind.is_own_capital:
        return Offered(code, name, CAPITAL, N_("Tanpa bagi hasil; SHU dibagi rapat anggota"), "", None)
    if terms is None:
        return Offered(code, name, "", N_("Belum berlaku"), "", None)
    since = terms.valid_from
    if terms.nisbah_percent is not None:
        return Offered(code, name, MUDHARABAH, N_("Bagi hasil"), shares(terms.nisbah_percent), since)
    if terms.earns == "bonus":
        return Offered(code, name, WADIAH, N_("Bonus sukarela, tidak dijanjikan"), "", since)
    return Offered(code, name, "", N_("Tanpa imbal"), "", since)


CONTROLLERS: list[type[Controller]] = [ContractPages]
