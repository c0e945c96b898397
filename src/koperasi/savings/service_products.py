"""Products and their terms: read, seeded at founding, added. Called through ``service``."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative, Kind, roles
from koperasi.db import Work
from koperasi.errors import NotFound
from koperasi.formats import decimal_of
from koperasi.i18n import N_
from koperasi.savings.products import Product, ProductTerms, first_products
from koperasi.savings.rules import SavingsKind
from koperasi.savings.tables import savings_account, savings_product, savings_product_terms

_TERMS = tuple(savings_product_terms.c[name] for name in ProductTerms.__dataclass_fields__)
asked = (
    select(
        savings_product_terms.c.deposit_minimum_minor.label("deposit_minimum"),
        savings_product_terms.c.opening_minimum_minor.label("opening_minimum"),
        savings_product_terms.c.floor_minor.label("product_floor"),
        savings_product_terms.c.early_withdrawal,
    )
    .where(
        savings_product_terms.c.book_id == savings_account.c.book_id,
        savings_product_terms.c.product_code == savings_account.c.product_code,
        savings_product_terms.c.valid_from <= bindparam("day"),
    )
    .order_by(savings_product_terms.c.valid_from.desc())
    .limit(1)
    .lateral("asked")
)
"""What an account's product asks of movements on a day (the parameter ``day``), to stand beside ``savings_account``."""

_WITHOUT_RATES = frozenset({Kind.KELOMPOK})
_SERVES_COOPERATIVES = frozenset({Kind.KSP, Kind.USP})


async def products(connection: AsyncConnection, book_id: int) -> list[Product]:
    """What members of this cooperative may save in, by kind and code."""
    table = savings_product
    rows = await connection.execute(
        select(table.c.code, table.c.kind, table.c.name_id, table.c.name_en).where(table.c.book_id == book_id)
    )
    order = list(SavingsKind)
    found = [Product(row.code, SavingsKind(row.kind), row.name_id, row.name_en) for row in rows]
    return sorted(found, key=lambda one: (order.index(one.kind), one.code))


async def product_by_code(connection: AsyncConnection, book_id: int, code: str) -> Product:
    """One product.

    Raises:
        NotFound: ``savings-product``.
    """
    found = {one.code: one for one in await products(connection, book_id)}
    if code not in found:
        raise NotFound("savings-product", N_("Produk simpanan ini tidak ada."))
    return found[code]


async def product_terms(
    connection: AsyncConnection, book_id: int, codes: Collection[str] | None = None
) -> dict[str, tuple[ProductTerms, ...]]:
    """The terms of products, the oldest first; of all of them if no codes are given."""
    rows = await (
        connection.execute(_ALL_TERMS, {"book": book_id})
        if codes is None
        else connection.execute(_TERMS_OF, {"book": book_id, "codes": list(codes)})
    )
    found: dict[str, list[ProductTerms]] = {}
    for row in rows:
        found.setdefault(row.product_code, []).append(to_terms(row))
    return {code: tuple(rows) for code, rows in found.items()}


# Built once: to write them anew takes longer than to ask them.
_ALL_TERMS = (
    select(savings_product_terms.c.product_code, *_TERMS)
    .where(savings_product_terms.c.book_id == bindparam("book"))
    .order_by(savings_product_terms.c.product_code, savings_product_terms.c.valid_from)
)
_TERMS_OF = _ALL_TERMS.where(savings_product_terms.c.product_code == any_(bindparam("codes", type_=ARRAY(Text))))


async def found_products(work: Work, cooperative: Cooperative, valid_from: date, actor: str) -> None:
    """Give a new cooperative its first products; part of its founding."""
    there = roles(cooperative.kind)
    kinds = [kind for kind in SavingsKind if kind.role in there and _has(cooperative, kind)]
    made = first_products(
        kinds,
        valid_from,
        actor,
        is_sharia=cooperative.is_sharia,
        pays_rate=cooperative.kind not in _WITHOUT_RATES,
    )
    await work.connection.execute(
        insert(savings_product), [product_row(cooperative.book_id, product, actor) for product, _ in made]
    )
    await work.connection.execute(
        insert(savings_product_terms), [terms_row(cooperative.book_id, product.code, terms) for product, terms in made]
    )


def _has(cooperative: Cooperative, kind: SavingsKind) -> bool:
    """Whether it is a product here; some accounts play a second role, or mean something else in a bank's chart."""
    if kind is SavingsKind.SUKARELA:
        return not cooperative.is_sharia
    return kind is not SavingsKind.KOPERASI_LAIN or cooperative.kind in _SERVES_COOPERATIVES


def product_row(book_id: int, product: Product, actor: str) -> dict[str, Any]:
    """A product as its table keeps it."""
    return {
        "book_id": book_id,
        "code": product.code,
        "kind": product.kind.value,
        "name_id": product.name_id,
        "name_en": product.name_en,
        "created_by": actor,
    }


def terms_row(book_id: int, code: str, terms: ProductTerms) -> dict[str, Any]:
    """Terms as their table keeps them."""
    row: dict[str, Any] = {name: getattr(terms, name) for name in ProductTerms.__dataclass_fields__}
    for name in ("rate_percent", "nisbah_percent"):
        row[name] = None if row[name] is None else decimal_of(row[name])
    return {"book_id": book_id, "product_code": code, **row}


def to_terms(row: Any) -> ProductTerms:
    """Terms from their row."""
    facts = {name: getattr(row, name) for name in ProductTerms.__dataclass_fields__}
    for name in ("rate_percent", "nisbah_percent"):
        facts[name] = None if facts[name] is None else Fraction(facts[name])
    return ProductTerms(**facts)
