"""New products and new terms, which a second person may have to agree to. Callers commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.approvals import service as approvals
from koperasi.approvals.service import Act, Approval, Kind
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, cooperative_of, policy
from koperasi.db import Work
from koperasi.errors import Conflict, Refusal
from koperasi.formats import InputError, clean_text
from koperasi.i18n import N_
from koperasi.posting import Idempotency
from koperasi.savings.products import Earns, Product, ProductTerms, terms_on
from koperasi.savings.rules import SavingsKind
from koperasi.savings.rules_products import (
    CODE,
    changes,
    check_ceiling,
    check_terms,
    kinds_for_new,
    percent_text,
    read_percent,
)
from koperasi.savings.service_products import product_by_code, product_row, product_terms, products, terms_row
from koperasi.savings.tables import savings_product, savings_product_terms

ABOUT = "product"
"""The first word of such an act's subject."""
PROMISES = frozenset({Earns.RATE, Earns.NISBAH})
"""What whoever opens an account under these terms may claim."""
NAME_MAX_LENGTH = 60
REASON_MAX_LENGTH = 200
_CEILING = "savings_return.ceiling_percent"
_ENFORCED = "savings_return.ceiling_enforced"


class Ceiling(NamedTuple):
    """What a rate may be at most in a year, and whether more is refused; none where the policies know no ceiling."""

    percent: Fraction | None
    enforced: bool


async def ceiling_on(connection: AsyncConnection, book_id: int, day: date) -> Ceiling:
    """The ceiling in force on a day."""
    try:
        percent = Fraction(str(await policy(connection, book_id, _CEILING, day)))
    except Refusal:
        return Ceiling(None, enforced=False)
    try:
        return Ceiling(percent, enforced=await policy(connection, book_id, _ENFORCED, day) == "on")
    except Refusal:
        return Ceiling(percent, enforced=False)


async def set_terms(
    work: Work, product_code: str, terms: ProductTerms, *, actor: str, idempotency: Idempotency, now: datetime
) -> Approval | None:
    """Let other terms hold from a day on, or ask a second person for it if the policies of today want one.

    Args:
        work: bound to the cooperative's book; the caller commits.
        product_code: whose terms.
        terms: what holds from its ``valid_from`` on.
        actor: username of whoever sets them.
        idempotency: the same request finds its draft again.
        now: the moment.

    Returns:
        What waits for a second person; nothing if the terms were set.

    Raises:
        NotFound: ``savings-product``.
        Refusal: ``product-terms``, ``rate-above-ceiling``, ``terms-month-closed`` or ``terms-too-early``.
        Conflict: ``terms-date-taken``.
    """
    book_id = work.book_id
    before = await approvals.asked(work.connection, book_id, idempotency)
    if before is not None:
        return before
    cooperative = await cooperative_of(work.connection, book_id)
    today = cooperative.today(now)
    if not await approvals.needs_second(work.connection, book_id, Kind.RATE_CHANGE, today, actor=actor):
        await _add(work, cooperative, product_code, terms, actor)
        return None
    async with work.connection.begin_nested() as nested:
        await _add(work, cooperative, product_code, terms, actor)
        await nested.rollback()
    product = await product_by_code(work.connection, book_id, product_code)
    rows = (await product_terms(work.connection, book_id, [product_code])).get(product_code, ())
    act = Act(
        kind=Kind.RATE_CHANGE,
        subject=f"{ABOUT} {product_code}",
        params={"product": product_code, "terms": as_json(terms)},
        effects=changes(product, terms_on(rows, terms.valid_from), terms),
        actor=actor,
        idempotency=idempotency,
    )
    return await approvals.ask_act(work.connection, book_id, act, now)


async def carry_out(work: Work, found: Approval, approver: str) -> int | None:  # noqa: ARG001 - an executor's shape
    """Set the terms that somebody agreed to, or begin the product; whoever asked has done it. Posts no entry.

    Raises:
        Conflict: ``terms-date-taken``: others of that day came first; ``product-code-taken``.
        Refusal: ``terms-month-closed``, ``rate-above-ceiling``: it is no longer possible.
    """
    cooperative = await cooperative_of(work.connection, work.book_id)
    code, terms = found.params["product"], from_json(found.params["terms"])
    if begun := found.params.get("begins"):
        product = Product(code, SavingsKind(begun["kind"]), begun["name_id"], begun["name_en"])
        await add_product(work, cooperative, product, terms, actor=found.asked_by)
    else:
        await _add(work, cooperative, code, terms, found.asked_by)
    return None


async def begin_product(
    work: Work,
    cooperative: Cooperative,
    product: Product,
    terms: ProductTerms,
    *,
    actor: str,
    idempotency: Idempotency,
    now: datetime,
) -> Approval | None:
    """Begin a product; where it promises something, ask a second person first if the policies of today want one.

    Args:
        work: bound to the cooperative's book; the caller commits.
        cooperative: whose.
        product: its code, kind and names.
        terms: its first.
        actor: username of whoever begins it.
        idempotency: the same request finds its draft again.
        now: the moment.

    Returns:
        What waits for a second person; nothing if the product was begun.

    Raises:
        Refusal: ``product``, ``product-terms``, ``rate-above-ceiling``.
        Conflict: ``product-code-taken``.
    """
    before = await approvals.asked(work.connection, work.book_id, idempotency)
    if before is not None:
        return before
    today = cooperative.today(now)
    asks = await approvals.needs_second(work.connection, work.book_id, Kind.RATE_CHANGE, today, actor=actor)
    if terms.earns not in PROMISES or not asks:
        await add_product(work, cooperative, product, terms, actor=actor)
        return None
    async with work.connection.begin_nested() as nested:
        made = await add_product(work, cooperative, product, terms, actor=actor)
        await nested.rollback()
    act = Act(
        kind=Kind.RATE_CHANGE,
        subject=f"{ABOUT} {made.code}",
        params={
            "product": made.code,
            "begins": {"kind": made.kind.value, "name_id": made.name_id, "name_en": made.name_en},
            "terms": as_json(terms),
        },
        effects=changes(made, None, terms),
        actor=actor,
        idempotency=idempotency,
    )
    return await approvals.ask_act(work.connection, work.book_id, act, now)


async def add_product(
    work: Work, cooperative: Cooperative, product: Product, terms: ProductTerms, *, actor: str
) -> Product:
    """Begin a product with its first terms, asking nobody; users come by way of ``begin_product``.

    Raises:
        Refusal: ``product``, ``product-terms``, ``rate-above-ceiling``.
        Conflict: ``product-code-taken``.
    """
    here = [one.kind for one in await products(work.connection, work.book_id)]
    if product.kind not in kinds_for_new(here):
        raise Refusal("product", N_("Koperasi ini tidak mempunyai jenis simpanan tersebut."), field="kind")
    if not CODE.fullmatch(product.code):
        raise Refusal("product", N_("Kode: huruf kecil, angka, dan tanda hubung, paling banyak 30."), field="code")
    made = Product(product.code, product.kind, _text(product.name_id, "name_id"), _text(product.name_en, "name_en"))
    terms = await _checked(work, cooperative, made, terms)
    added = await work.connection.execute(
        insert(savings_product).values(product_row(work.book_id, made, actor)).on_conflict_do_nothing()
    )
    if not added.rowcount:
        raise Conflict("product-code-taken", N_("Kode ini sudah dipakai produk lain."), field="code")
    await work.connection.execute(insert(savings_product_terms).values(_row(work.book_id, made.code, terms, actor)))
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.PRODUCT_ADDED,
        subject=f"{ABOUT} {made.code}",
        after={"kind": made.kind.value, **as_json(terms)},
    )
    return made


async def _add(work: Work, cooperative: Cooperative, code: str, terms: ProductTerms, actor: str) -> None:
    product = await product_by_code(work.connection, work.book_id, code)
    rows = (await product_terms(work.connection, work.book_id, [code])).get(code, ())
    terms = await _checked(work, cooperative, product, terms)
    if rows and terms.valid_from <= rows[0].valid_from:
        raise Refusal("terms-too-early", N_("Produk ini belum ada pada tanggal itu."), field="valid_from")
    added = await work.connection.execute(
        insert(savings_product_terms).values(_row(work.book_id, code, terms, actor)).on_conflict_do_nothing()
    )
    if not added.rowcount:
        raise Conflict(
            "terms-date-taken",
            N_("Sudah ada ketentuan yang berlaku sejak tanggal itu; pilih tanggal lain."),
            field="valid_from",
        )
    old = terms_on(rows, terms.valid_from)
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.PRODUCT_TERMS,
        subject=f"{ABOUT} {code}",
        before=as_json(old) if old else None,
        after=as_json(terms),
    )


async def _checked(work: Work, cooperative: Cooperative, product: Product, terms: ProductTerms) -> ProductTerms:
    """The terms with their reason tidied, if they may be."""
    check_terms(product, terms, is_sharia=cooperative.is_sharia, pays_returns=cooperative.pays_returns)
    ceiling = await ceiling_on(work.connection, work.book_id, terms.valid_from)
    check_ceiling(terms, ceiling.percent, enforced=ceiling.enforced)
    await _check_open(work, terms.valid_from)
    return from_json({**as_json(terms), "reason": _text(terms.reason, "reason", REASON_MAX_LENGTH)})


async def _check_open(work: Work, day: date) -> None:
    """What a closed month was reckoned by stays as it was."""
    month = day.replace(day=1)
    for period in await ledger.periods(work.connection, work.book_id):
        if period.month >= month and period.status is not ledger.PeriodStatus.OPEN:
            raise Refusal(
                "terms-month-closed",
                N_("Bulan itu atau sesudahnya sudah ditutup; ketentuan baru berlaku di bulan yang terbuka."),
                field="valid_from",
            )


def _text(text: str, field: str, most: int = NAME_MAX_LENGTH) -> str:
    try:
        return clean_text(text, max_length=most)
    except InputError as problem:
        raise Refusal("product", N_("Periksa isian produk ini."), errors=[problem.at(field)]) from problem


def _row(book_id: int, code: str, terms: ProductTerms, actor: str) -> dict[str, Any]:
    return {**terms_row(book_id, code, terms), "set_by": actor}


def as_json(terms: ProductTerms) -> dict[str, Any]:
    """Terms as the trail and a request for a second person keep them: amounts in sen, percentages as strings."""
    found: dict[str, Any] = {name: getattr(terms, name) for name in ProductTerms.__dataclass_fields__}
    del found["set_by"]
    found["valid_from"] = terms.valid_from.isoformat()
    found["earns"] = str(terms.earns)
    for name in ("rate_percent", "nisbah_percent"):
        found[name] = None if found[name] is None else percent_text(found[name])
    return found


def from_json(kept: Mapping[str, Any]) -> ProductTerms:
    """Terms as ``as_json`` keeps them."""
    facts = dict(kept)
    facts["valid_from"] = date.fromisoformat(facts["valid_from"])
    for name in ("rate_percent", "nisbah_percent"):
        facts[name] = None if facts[name] is None else read_percent(facts[name])
    return ProductTerms(**facts)
