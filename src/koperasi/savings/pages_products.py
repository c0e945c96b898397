"""Pages of savings products: what may be saved in, on which terms, past and coming; new ones."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database, Work
from koperasi.errors import Refusal
from koperasi.formats import InputError, wire_amount
from koperasi.frame import Frame
from koperasi.i18n import N_
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest
from koperasi.savings import rules_products, service_terms
from koperasi.savings.products import BASES, METHODS, POSTINGS, ROUNDINGS, Earns, Product, ProductTerms, terms_on
from koperasi.savings.rules import SavingsKind
from koperasi.savings.service_products import product_by_code, product_terms, products
from koperasi.web import Form

AMOUNTS: Mapping[str, str] = {
    "opening_minimum": N_("Setoran pertama paling sedikit"),
    "deposit_minimum": N_("Setoran berikutnya paling sedikit"),
    "floor": N_("Saldo yang harus tinggal"),
    "monthly_fee": N_("Biaya sebulan"),
    "earning_minimum": N_("Saldo paling sedikit yang mendapat imbal"),
}
_OWN_CAPITAL_AMOUNTS = ("opening_minimum", "deposit_minimum")
UNITS = ("100", "10000", "1")
FIELDS = (
    "valid_from", "earns", "rate_percent", "nisbah_percent", "method", "basis", "posting", "unit", "rounding",
    "dormancy_months", "reason", "early_withdrawal", "offered", *AMOUNTS,
)  # fmt: skip
# Names in a refusal and the fields of the form.
_FIELD_OF = {f"{name}_minor": name for name in AMOUNTS}


class ProductPages(Controller):
    """What members may save in, and on which terms."""

    include_in_schema = False

    @get("/produk", opt={"permission": Permission.READ_PRODUCTS})
    async def list_(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """All products with what holds today and what will."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            found = await products(connection, book_id)
            terms = await product_terms(connection, book_id)
        day = _today(cooperative)
        lines = []
        for product in found:
            rows = terms.get(product.code, ())
            coming = next((row for row in rows if row.valid_from > day), None)
            lines.append((product, terms_on(rows, day), coming))
        manages = request.user.may(Permission.MANAGE_PRODUCTS)
        return await frame.page(
            request,
            "savings/products.html",
            lines=lines,
            earning_text=rules_products.earning_text,
            manages=manages,
            partners=any(one.kind is SavingsKind.KOPERASI_LAIN for one in found),
            reads_savings=request.user.may(Permission.READ_SAVINGS),
        )

    @get("/produk-baru", opt={"permission": Permission.MANAGE_PRODUCTS})
    async def new_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The form for another product."""
        return await _show_new(request, database, frame, Form({"kind": request.query_params.get("kind", "")}))

    @post("/produk-baru", opt={"permission": Permission.MANAGE_PRODUCTS})
    async def new(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Begin a product with its first terms, once a second person agrees if the policies want one."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key = form.uuid("key")
        kind = form.choice("kind", [one.value for one in SavingsKind])
        code = form.text("code", required=True, max_length=30).lower()
        names = [form.text(name, required=True, max_length=60) for name in ("name_id", "name_en")]
        if kind is None:
            return await _show_new(request, database, frame, form, 422)
        product = Product(code, SavingsKind(kind), *names)
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            terms = _read(form, product, ProductTerms(_today(cooperative)), cooperative)
            if form.ok and key and await _may_exceed(work, form, terms):
                once = _once(key, code, terms, kind, *names)
                try:
                    asked = await service_terms.begin_product(
                        work,
                        cooperative,
                        product,
                        terms,
                        actor=identity.username,
                        idempotency=once,
                        now=datetime.now(UTC),
                    )
                    await work.commit()
                    to = f"/produk/{code}" if asked is None else f"/persetujuan/{asked.number}?baru=1"
                    return Redirect(to, status_code=303)
                except Refusal as refusal:
                    form.add_refusal(refusal, _FIELD_OF)
        return await _show_new(request, database, frame, form, 422)

    @get("/produk/{code:str}", opt={"permission": Permission.READ_PRODUCTS})
    async def product(self, request: ApiRequest, database: Database, frame: Frame, code: str) -> Response[str]:
        """One product: what holds now, and all its rows."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            product = await product_by_code(connection, identity.book_id, code)
            rows = (await product_terms(connection, identity.book_id, [code])).get(code, ())
        day = _today(cooperative)
        current = terms_on(rows, day)
        return await frame.page(
            request,
            "savings/product.html",
            product=product,
            current=current,
            facts=rules_products.facts(product, current or rows[-1], identity.locale) if rows else [],
            rows=list(reversed(rows)),
            history=_history(product, rows, identity.locale),
            day=day,
            manages=identity.may(Permission.MANAGE_PRODUCTS),
        )

    @get("/produk/{code:str}/ketentuan", opt={"permission": Permission.MANAGE_PRODUCTS})
    async def terms_page(self, request: ApiRequest, database: Database, frame: Frame, code: str) -> Response[str]:
        """The form for other terms, filled with those that hold."""
        return await _show_terms(request, database, frame, Form({}, request.user.locale), code)

    @post("/produk/{code:str}/ketentuan", opt={"permission": Permission.MANAGE_PRODUCTS})
    async def set_terms(self, request: ApiRequest, database: Database, frame: Frame, code: str) -> Response[Any]:
        """Let other terms hold from a day on, once a second person agrees if the policies want one."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key = form.uuid("key")
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            product = await product_by_code(work.connection, identity.book_id, code)
            rows = (await product_terms(work.connection, identity.book_id, [code])).get(code, ())
            terms = _read(form, product, _start(rows, _today(cooperative)), cooperative)
            if form.ok and key and await _may_exceed(work, form, terms):
                try:
                    asked = await service_terms.set_terms(
                        work,
                        code,
                        terms,
                        actor=identity.username,
                        idempotency=_once(key, code, terms),
                        now=datetime.now(UTC),
                    )
                    await work.commit()
                    to = f"/produk/{code}" if asked is None else f"/persetujuan/{asked.number}?baru=1"
                    return Redirect(to, status_code=303)
                except Refusal as refusal:
                    form.add_refusal(refusal, _FIELD_OF)
        return await _show_terms(request, database, frame, form, code, 422)


def _once(key: UUID, code: str, terms: ProductTerms, *more: str) -> Idempotency:
    return Idempotency.of("web", str(key), "produk", code, service_terms.as_json(terms), *more)


def _history(product: Product, rows: tuple[ProductTerms, ...], locale: str) -> dict[date, list[tuple[str, str]]]:
    """By each row's first day, what it changed."""
    found: dict[date, list[tuple[str, str]]] = {}
    before: dict[str, str] = {}
    for row in rows:
        now = dict(rules_products.facts(product, row, locale))
        # The first row's other terms stand above.
        changed = [(label, text) for label, text in now.items() if before.get(label) != text]
        found[row.valid_from] = changed if before else changed[:1]
        before = now
    return found


def _start(rows: tuple[ProductTerms, ...], day: date) -> ProductTerms:
    return terms_on(rows, day) or (rows[0] if rows else ProductTerms(day))


def _read(form: Form, product: Product, start: ProductTerms, cooperative: Cooperative) -> ProductTerms:
    """The terms as the form says; what the kind has no field for stays as it is."""
    facts: dict[str, Any] = {"valid_from": form.date("valid_from") or start.valid_from}
    facts["reason"] = form.text("reason", required=True, max_length=200)
    own_capital = product.kind.is_own_capital
    for name in _OWN_CAPITAL_AMOUNTS if own_capital else AMOUNTS:
        facts[f"{name}_minor"] = form.amount(name, required=False, positive=False) or 0
    if own_capital:
        return replace(start, **facts)
    allowed = _earnings(product.kind, cooperative)
    earns = form.choice("earns", [one.value for one in allowed]) or allowed[0].value
    facts |= {"earns": earns, "rate_percent": None, "nisbah_percent": None}
    if earns in (Earns.RATE, Earns.NISBAH):
        facts[f"{earns}_percent"] = _percent(form, f"{earns}_percent")
    for name, known in (("method", METHODS), ("basis", BASES), ("posting", POSTINGS), ("rounding", ROUNDINGS)):
        facts[name] = form.choice(name, list(known), required=False) or getattr(start, name)
    facts["unit_minor"] = int(form.choice("unit", UNITS, required=False) or start.unit_minor)
    facts["dormancy_months"] = form.whole("dormancy_months", least=1, most=120, required=False)
    facts["early_withdrawal"] = product.kind is SavingsKind.BERENCANA and form.flag("early_withdrawal")
    facts["offered"] = form.flag("offered")
    return replace(start, **facts)


def _percent(form: Form, name: str) -> Fraction:
    text = form.text(name, required=True, max_length=12)
    try:
        return rules_products.read_percent(text) if text else Fraction(0)
    except InputError as problem:
        form.error(name, problem.message, **problem.params)
        return Fraction(0)


async def _may_exceed(work: Work, form: Form, terms: ProductTerms) -> bool:
    """Whether the rate is within the ceiling, or somebody said that it is meant; else the form asks."""
    ceiling = await service_terms.ceiling_on(work.connection, work.book_id, terms.valid_from)
    if ceiling.enforced or not rules_products.above_ceiling(terms, ceiling.percent) or form.flag("above"):
        return True
    form.error("above", N_("Jasa ini di atas batas kebijakan. Centang bila memang diputuskan demikian."))
    return False


async def _show_terms(
    request: ApiRequest, database: Database, frame: Frame, form: Form, code: str, status: int = 200
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        product = await product_by_code(connection, identity.book_id, code)
        rows = (await product_terms(connection, identity.book_id, [code])).get(code, ())
        day = _today(cooperative)
        ceiling = await service_terms.ceiling_on(connection, identity.book_id, day)
    if status == 200:
        _fill(form, _start(rows, day))
        form.set("valid_from", day.isoformat())
    return await frame.page(
        request,
        "savings/terms.html",
        status=status,
        form=form,
        product=product,
        key=str(uuid4()),
        action=f"/produk/{code}/ketentuan",
        **_choices(product.kind, cooperative, ceiling, form.locale),
    )


async def _show_new(
    request: ApiRequest, database: Database, frame: Frame, form: Form, status: int = 200
) -> Response[str]:
    """Which kind first; then the rest, which depends on it."""
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        here = dict.fromkeys(one.kind for one in await products(connection, identity.book_id))
        day = _today(cooperative)
        ceiling = await service_terms.ceiling_on(connection, identity.book_id, day)
    kinds = rules_products.kinds_for_new(list(here))
    chosen = next((one for one in kinds if one.value == form.value("kind")), None)
    if status == 200 and chosen is not None:
        earns = _earnings(chosen, cooperative)[0]
        _fill(form, ProductTerms(day, earns=earns, dormancy_months=12 if chosen.withdrawable else None))
        form.set("valid_from", day.isoformat())
    return await frame.page(
        request,
        "savings/terms.html",
        status=status,
        form=form,
        product=None,
        kinds=kinds,
        chosen=chosen,
        key=str(uuid4()),
        action="/produk-baru",
        **(_choices(chosen, cooperative, ceiling, form.locale) if chosen else {}),
    )


def _earnings(kind: SavingsKind, cooperative: Cooperative) -> tuple[Earns, ...]:
    return rules_products.earnings_of(kind, is_sharia=cooperative.is_sharia, pays_returns=cooperative.pays_returns)


def _fill(form: Form, terms: ProductTerms) -> None:
    """Start with what holds."""
    for name in AMOUNTS:
        minor = getattr(terms, f"{name}_minor")
        form.set(name, wire_amount(minor).removesuffix(".00").replace(".", ","))
    for name in ("earns", "method", "basis", "posting", "rounding", "dormancy_months"):
        form.set(name, getattr(terms, name))
    for name in ("rate_percent", "nisbah_percent"):
        percent = getattr(terms, name)
        form.set(name, "" if percent is None else rules_products.percent_text(percent).replace(".", ","))
    form.set("unit", terms.unit_minor)
    form.set("early_withdrawal", "1" if terms.early_withdrawal else "")
    form.set("offered", "1" if terms.offered else "")


def _choices(
    kind: SavingsKind, cooperative: Cooperative, ceiling: service_terms.Ceiling, locale: str
) -> dict[str, Any]:
    """What the form offers for this kind."""
    shown = _OWN_CAPITAL_AMOUNTS if kind.is_own_capital else tuple(AMOUNTS)
    amounts = {name: AMOUNTS[name] for name in shown}
    return {
        "kind": kind,
        "amounts": amounts,
        "earnings": _earnings(kind, cooperative),
        "methods": METHODS,
        "bases": BASES,
        "postings": POSTINGS,
        "roundings": ROUNDINGS,
        "units": UNITS,
        "ceiling": None if ceiling.percent is None else _written(ceiling.percent, locale),
        "enforced": ceiling.enforced,
        "planned": kind is SavingsKind.BERENCANA,
    }


def _written(percent: Fraction, locale: str) -> str:
    text = rules_products.percent_text(percent)
    return text if locale == "en" else text.replace(".", ",")


def _today(cooperative: Cooperative) -> date:
    return cooperative.today(datetime.now(UTC))


CONTROLLERS: list[type[Controller]] = [ProductPages]
