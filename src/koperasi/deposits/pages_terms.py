"""What term deposits are offered, from which day; and in a sharia cooperative, what the pool brought each month."""

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.deposits import rules, service
from koperasi.deposits.figures import exact, read_number
from koperasi.deposits.rules import Basis, Early, Earns, Terms
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Identity, Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest
from koperasi.web import Form, Notice

BAD_PERCENT = N_("Tulis angka dari 0 sampai 100, misalnya 4,5.")
BAD_RESULT = N_("HI-1000 ditulis sebagai angka, misalnya 11,57.")
BASES = {
    Basis.ACTUAL_365: N_("hari sebenarnya / 365"),
    Basis.ACTUAL_360: N_("hari sebenarnya / 360"),
    Basis.ACTUAL_ACTUAL: N_("hari sebenarnya / hari setahun"),
    Basis.MONTHS_12: N_("bulan / 12"),
}
DONE = {
    "ditetapkan": N_("Ketentuan baru ditetapkan."),
    "hasil": N_("Hasil pengelolaan ditetapkan."),
}


class TermsPages(Controller):
    """Terms as dated rows."""

    include_in_schema = False

    @get("/berjangka/produk", opt={"permission": Permission.READ_PRODUCTS})
    async def page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """All terms, past and coming, and the form for new ones."""
        return await self._show(request, database, frame, Form(locale=request.user.locale))

    @post("/berjangka/produk", opt={"permission": Permission.MANAGE_PRODUCTS})
    async def offer(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Offer terms from a day on; a second person may have to agree."""
        identity, now = request.user, datetime.now(UTC)
        form = Form(await request.form(), identity.locale)
        key, terms = form.uuid("key"), _terms(form, identity.username)
        if form.ok and key and terms:
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    earns = Earns.NISBAH if cooperative.is_sharia else Earns.RATE
                    asked = await service.offer(
                        work,
                        cooperative,
                        rules.earning(terms, earns),
                        today=cooperative.today(now),
                        now=now,
                        idempotency=Idempotency.of("web", str(key), "berjangka", terms),
                    )
                    await work.commit()
                where = f"/persetujuan/{asked.number}?baru=1" if asked else "/berjangka/produk?ditetapkan=1"
                return Redirect(where, status_code=303)
            except Refusal as refusal:
                form.add_refusal(refusal)
        return await self._show(request, database, frame, form, status=422)

    async def _show(
        self, request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
    ) -> Response[str]:
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            today = cooperative.today(datetime.now(UTC))
            terms = await service.all_terms(connection, identity.book_id)
            most, is_enforced = await service.ceiling(connection, cooperative, today)
        form.set("valid_from", today.isoformat())
        form.set("early", Early.REDUCED.value)
        form.set("early_percent", "0")
        form.set("pay_months", "1")
        form.set("basis", Basis.ACTUAL_365.value)
        said = DONE.get(next(iter(request.query_params), ""), "")
        return await frame.page(
            request,
            "deposits/terms.html",
            status=status,
            notices=[Notice("ok", translate(identity.locale, said))] if said else [],
            form=form,
            key=str(uuid4()),
            terms=sorted(terms, key=lambda one: (one.months, -one.valid_from.toordinal())),
            held={months: rules.in_force(terms, months, today) for months in rules.TERMS_OFFERED},
            today=today,
            ceiling=most,
            is_enforced=is_enforced,
            is_sharia=cooperative.is_sharia,
            offered=service.has_deposits(cooperative),
            home=_home(identity),
            may_offer=identity.may(Permission.MANAGE_PRODUCTS) and service.has_deposits(cooperative),
            percent=exact,
            pays=rules.PAY_LABELS,
            earlies=rules.EARLY_LABELS,
            month_options=[(str(one), f"{one} " + translate(form.locale, N_("bulan"))) for one in rules.TERMS_OFFERED],
            pay_options=[(str(one), translate(form.locale, label)) for one, label in rules.PAY_LABELS.items()],
            basis_options=[(one.value, translate(form.locale, label)) for one, label in BASES.items()],
            early_options=[
                (one.value, translate(form.locale, label))
                for one, label in rules.EARLY_LABELS.items()
                if not (cooperative.is_sharia and one is Early.PENALTY)
            ],
        )


class ResultPages(Controller):
    """What the pool brought."""

    include_in_schema = False

    @get("/berjangka/hasil", opt={"permission": Permission.READ_PRODUCTS})
    async def page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """HI-1000 of each month, and the form for the next."""
        return await self._show(request, database, frame, Form(locale=request.user.locale))

    @post("/berjangka/hasil", opt={"permission": Permission.MANAGE_RETURNS})
    async def set_result(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Say what the pool brought in a month."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        month = _month(form)
        if form.flag("shared"):
            found = await self._shared(database, identity.book_id, month)
            hi_1000, reference = (found.hi_1000, f"Bagi hasil {found.run_number}") if found else (None, "")
            if month and found is None:
                form.error("month", N_("Bagi hasil bulan itu belum dicatat."))
        else:
            hi_1000 = _number(form, "hi_1000", 12, BAD_RESULT)
            reference = form.text("reference", required=True, max_length=rules.REFERENCE_MAX_LENGTH)
        if form.ok and month and hi_1000 is not None:
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    await service.set_result(
                        work,
                        month,
                        hi_1000,
                        reference=reference,
                        today=cooperative.today(datetime.now(UTC)),
                        actor=identity.username,
                    )
                    await work.commit()
                return Redirect("/berjangka/hasil?hasil=1", status_code=303)
            except Refusal as refusal:
                form.add_refusal(refusal)
        return await self._show(request, database, frame, form, status=422)

    async def _shared(self, database: Database, book_id: int, month: date | None) -> service.Shared | None:
        async with database.reading(book_id) as connection:
            found = await service.shared_results(connection, book_id)
        return next((one for one in found if one.month == month), None)

    async def _show(
        self, request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
    ) -> Response[str]:
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            shared = await service.shared_results(connection, identity.book_id) if cooperative.is_sharia else []
            found = await service.pool_results(connection, identity.book_id)
        today = cooperative.today(datetime.now(UTC))
        before = date(today.year - (today.month == 1), (today.month - 2) % 12 + 1, 1)
        form.set("month", f"{before:%Y-%m}")
        said = DONE.get(next(iter(request.query_params), ""), "")
        return await frame.page(
            request,
            "deposits/results.html",
            status=status,
            notices=[Notice("ok", translate(identity.locale, said))] if said else [],
            form=form,
            results=list(reversed(found)),
            shared=shared,
            is_sharia=cooperative.is_sharia,
            home=_home(identity),
            may_set=identity.may(Permission.MANAGE_RETURNS) and cooperative.is_sharia,
            number=exact,
        )


def _home(identity: Identity) -> str:
    """The list above these pages that this person may read."""
    return "/berjangka" if identity.may(Permission.READ_SAVINGS) else "/produk"


def _terms(form: Form, actor: str) -> Terms | None:
    """What was typed, if all of it can be read; whether it is a rate or a nisbah, the cooperative says."""
    months = form.choice("months", [str(one) for one in rules.TERMS_OFFERED])
    day, minimum = form.date("valid_from"), form.amount("minimum")
    percent, early_percent = _number(form, "percent", 4, BAD_PERCENT), _number(form, "early_percent", 4, BAD_PERCENT)
    pay, basis = form.choice("pay_months", [str(one) for one in rules.PAY_LABELS]), form.choice("basis", list(Basis))
    early = form.choice("early", list(Early))
    reference = form.text("reference", required=True, max_length=rules.REFERENCE_MAX_LENGTH)
    if not form.ok or None in (months, day, minimum, percent, early_percent, pay, basis, early):
        return None
    return Terms(
        months=int(months or 0),
        valid_from=day or date.min,
        earns=Earns.RATE,
        percent=percent or Fraction(0),
        basis=Basis(basis or ""),
        pay_months=int(pay or 0),
        early=Early(early or ""),
        early_percent=early_percent or Fraction(0),
        minimum_minor=minimum or 0,
        reference=reference,
        set_by=actor,
    )


def _number(form: Form, name: str, places: int, message: str) -> Fraction | None:
    """A number as people write it, exactly; nothing after noting what is wrong."""
    text = form.text(name, required=True, max_length=30)
    if not text:
        return None
    found = read_number(text, places)
    if found is None:
        form.error(name, message)
    return found


def _month(form: Form) -> date | None:
    """The first day of a month written ``2026-10``."""
    text = form.text("month", required=True, max_length=7)
    try:
        return date.fromisoformat(f"{text}-01") if text else None
    except ValueError:
        form.error("month", N_("Bulan ditulis tahun dan bulan, misalnya 2026-10."))
        return None


CONTROLLERS: list[type[Controller]] = [TermsPages, ResultPages]
