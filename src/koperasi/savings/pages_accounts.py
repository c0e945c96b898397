"""Pages around savings accounts: opening one, a plan with its goal, standing orders, fees, sleeping ones, partners."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from litestar import Controller, Response, get, post
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database
from koperasi.errors import NotFound, Refusal
from koperasi.formats import format_amount, format_date, wire_amount
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest
from koperasi.savings import rules, rules_products, service, service_desk, service_fees, service_partners, service_plans
from koperasi.savings.products import terms_on
from koperasi.savings.rules import SavingsKind
from koperasi.savings.rules_plans import Goal, Plan, plan_on, reached_percent
from koperasi.savings.service_products import product_terms, products
from koperasi.web import Form
from koperasi.web.render import Notice

MONTHS_BACK = 12


class AccountPages(Controller):
    """Opening accounts and what is planned with them."""

    include_in_schema = False

    @get("/anggota/{number:str}/rekening-baru", opt={"permission": Permission.OPEN_SAVINGS})
    async def open_page(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """Choose a product for a member, or for another cooperative that saves here."""
        return await _show_open(request, database, frame, Form({}, request.user.locale), number)

    @post("/anggota/{number:str}/rekening-baru", opt={"permission": Permission.OPEN_SAVINGS})
    async def open(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Open it; planned savings go on to their goal."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        code, day = form.text("product", required=True, max_length=30), form.date("opened_on")
        if form.ok and day:
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    rules.check_effective_date(day, _today(cooperative))
                    account = await service.open_account(
                        work, cooperative, number, actor=identity.username, opened_on=day, product_code=code
                    )
                    await work.commit()
                planned = account.kind is SavingsKind.BERENCANA
                to = f"/simpanan/{account.number}"
                return Redirect(f"{to}/rencana" if planned else to, status_code=303)
            except Refusal as refusal:
                form.add_refusal(refusal, {"kind": "product", "date": "opened_on"})
        return await _show_open(request, database, frame, form, number, 422)

    @get("/simpanan/{number:str}/rencana", opt={"permission": Permission.OPEN_SAVINGS})
    async def plan_page(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """The goal as it stands, how far it is reached, and the form to set it."""
        return await _show_plan(request, database, frame, Form({}, request.user.locale), number)

    @post("/simpanan/{number:str}/rencana", opt={"permission": Permission.OPEN_SAVINGS})
    async def set_plan(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Set the goal and its standing order from today on."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        goal = form.choice("goal", [one.value for one in Goal])
        target, target_date = form.amount("target"), form.date("target_date")
        instalment = form.amount("instalment", required=False, positive=False) or 0
        day = form.whole("day", least=1, most=31, required=bool(instalment)) or 1
        source = form.text("source", max_length=20) or None
        if form.ok and goal and target and target_date:
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    plan = Plan(_today(cooperative), Goal(goal), target, target_date, instalment, day, source)
                    await service_plans.set_plan(work, number, plan, actor=identity.username)
                    await work.commit()
                return Redirect(f"/simpanan/{number}/rencana", status_code=303)
            except NotFound:
                raise
            except Refusal as refusal:
                form.add_refusal(refusal)
        return await _show_plan(request, database, frame, form, number, 422)


class RunPages(Controller):
    """What falls due by the calendar, and is done by a person when it suits."""

    include_in_schema = False

    @get("/setoran-rutin", opt={"permission": Permission.MANAGE_PRODUCTS})
    async def orders(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """What standing orders have fallen due."""
        return await _show_orders(request, database, frame)

    @post("/setoran-rutin", opt={"permission": Permission.MANAGE_PRODUCTS})
    async def run(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Move what can be moved, and say what could not; a second time moves nothing twice."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            day = _today(await cooperative_of(work.connection, identity.book_id))
            done = await service_plans.run_orders(work, day, actor=identity.username)
            await work.commit()
        return await _show_orders(request, database, frame, done)

    @get("/biaya-simpanan", opt={"permission": Permission.MANAGE_PRODUCTS})
    async def fees(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """What a month's fees would take."""
        form = Form({"bulan": request.query_params.get("bulan", "")}, request.user.locale)
        return await _show_fees(request, database, frame, form)

    @post("/biaya-simpanan", opt={"permission": Permission.MANAGE_PRODUCTS})
    async def take(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Take them, once from each account."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            day = _today(cooperative)
            last_day = _month(form, day)
            try:
                done = await service_fees.take_fees(work, cooperative, last_day, actor=identity.username, today=day)
                await work.commit()
            except Refusal as refusal:
                form.add_refusal(refusal)
                return await _show_fees(request, database, frame, form, status=422)
        return await _show_fees(request, database, frame, form, done)

    @get("/rekening-tidur", opt={"permission": Permission.READ_SAVINGS})
    async def sleeping(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Accounts that sleep, the longest first."""
        identity = request.user
        if not identity.is_staff:
            raise NotFound("not-found", N_("Tidak ditemukan."))
        async with database.reading(identity.book_id) as connection:
            day = _today(await cooperative_of(connection, identity.book_id))
            found = await service_fees.sleeping(connection, identity.book_id, day)
            names = await service_partners.holder_names(
                connection, identity.book_id, {one.member_number for one in found}
            )
            kinds = {one.code: one for one in await products(connection, identity.book_id)}
        return await frame.page(
            request,
            "savings/sleeping.html",
            found=found,
            names=names,
            products=kinds,
            day=day,
            most=service_fees.MOST_SLEEPING,
        )


class PartnerPages(Controller):
    """Other cooperatives that save here."""

    include_in_schema = False

    @get("/koperasi-penyimpan", opt={"permission": Permission.READ_SAVINGS})
    async def partners(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """All of them with their accounts, and the form for another."""
        if not request.user.is_staff:
            raise NotFound("not-found", N_("Tidak ditemukan."))
        return await _show_partners(request, database, frame, Form({}, request.user.locale))

    @post("/koperasi-penyimpan", opt={"permission": Permission.OPEN_SAVINGS})
    async def add(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Enter another one, then open its first account."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        name = form.text("name", required=True, max_length=service_partners.NAME_MAX_LENGTH)
        registration = form.text(
            "registration_number", required=True, max_length=service_partners.REGISTRATION_MAX_LENGTH
        )
        if form.ok:
            try:
                async with database.work(identity.book_id) as work:
                    day = _today(await cooperative_of(work.connection, identity.book_id))
                    made = await service.add_partner(work, name, registration, opened_on=day, actor=identity.username)
                    await work.commit()
                return Redirect(f"/anggota/{made.number}/rekening-baru", status_code=303)
            except Refusal as refusal:
                form.add_refusal(refusal)
        return await _show_partners(request, database, frame, form, 422)


async def _show_open(
    request: ApiRequest, database: Database, frame: Frame, form: Form, number: str, status: int = 200
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        day = _today(await cooperative_of(connection, identity.book_id))
        holder = await service_desk.holder_of(connection, identity.book_id, number)
        accounts = await service.accounts_of(connection, identity.book_id, number)
        offered = []
        terms = await product_terms(connection, identity.book_id)
        for product in await products(connection, identity.book_id):
            now = terms_on(terms.get(product.code, ()), day)
            theirs = (product.kind is SavingsKind.KOPERASI_LAIN) == service_partners.is_partner_number(number)
            taken = product.kind.is_own_capital and any(one.kind is product.kind for one in accounts)
            if now is not None and now.offered and theirs and not taken:
                offered.append((product, now))
    form.set("opened_on", day.isoformat())
    if len(offered) == 1:
        form.set("product", offered[0][0].code)
    return await frame.page(
        request, "savings/open.html", status=status, form=form, holder=holder, offered=offered, number=number
    )


async def _show_plan(
    request: ApiRequest, database: Database, frame: Frame, form: Form, number: str, status: int = 200
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        day = _today(await cooperative_of(connection, identity.book_id))
        account = await service.account_by_number(connection, identity.book_id, number)
        if account.kind is not SavingsKind.BERENCANA:
            raise NotFound("not-found", N_("Tidak ditemukan."))
        holder = await service_desk.holder_of(connection, identity.book_id, account.member_number)
        state = await service_plans.plan_of(connection, identity.book_id, number, day)
        sources = [
            one
            for one in await service.accounts_of(connection, identity.book_id, account.member_number)
            if one.kind.withdrawable and one.closed_on is None
        ]
    plan = plan_on(state.plans, day) if state else None
    if plan is not None and status == 200:
        form.set("goal", plan.goal.value)
        form.set("target", wire_amount(plan.target_minor).removesuffix(".00").replace(".", ","))
        form.set("target_date", plan.target_date.isoformat())
        form.set("instalment", wire_amount(plan.instalment_minor).removesuffix(".00").replace(".", ","))
        form.set("day", plan.day_of_month)
        form.set("source", plan.source_number or "")
    form.set("day", 1)
    return await frame.page(
        request,
        "savings/plan.html",
        status=status,
        form=form,
        account=account,
        holder=holder,
        plan=plan,
        reached=reached_percent(account.balance_minor, plan.target_minor) if plan else 0,
        due=list(reversed(state.due)) if state else [],
        goals=list(Goal),
        sources=sources,
    )


async def _show_orders(
    request: ApiRequest, database: Database, frame: Frame, done: service_plans.Run | None = None
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        day = _today(await cooperative_of(connection, identity.book_id))
        waiting = await service_plans.due_instalments(connection, identity.book_id, day)
    notices = []
    if done is not None:
        told = translate(
            identity.locale,
            N_("%(count)s setoran dipindahkan, jumlahnya %(amount)s."),
            count=done.moved,
            amount=format_amount(done.moved_minor),
        )
        notices = [Notice("ok" if done.moved or not done.missed else "warn", told)]
    why = {(one.account_number, one.instalment.period): translate(identity.locale, one.message, **one.params)
           for one in (done.missed if done else ())}  # fmt: skip
    return await frame.page(
        request, "savings/orders.html", notices=notices, orders=waiting, why=why, ran=done is not None, day=day,
        total_minor=sum(one.amount_minor for _, one in waiting),
    )  # fmt: skip


async def _show_fees(
    request: ApiRequest,
    database: Database,
    frame: Frame,
    form: Form,
    done: service_fees.FeeRun | None = None,
    status: int = 200,
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        day = _today(await cooperative_of(connection, identity.book_id))
        last_day = _month(form, day)
        found = await service_fees.charges(connection, identity.book_id, last_day, service_fees.MOST_AT_ONCE + 1)
    notices = []
    if done is not None:
        told = N_("Biaya dipotong dari %(count)s rekening, jumlahnya %(amount)s.")
        params = {"count": done.accounts, "amount": format_amount(done.taken_minor)}
        notices = [Notice("ok", translate(identity.locale, told, **params))]
    months: list[date] = []
    for _ in range(MONTHS_BACK):
        end = _month_end(day) if not months else months[-1].replace(day=1) - timedelta(days=1)
        months.append(end)
    return await frame.page(
        request,
        "savings/fees.html",
        status=status,
        notices=notices,
        form=form,
        last_day=last_day,
        months=[(f"{one.year:04}-{one.month:02}", one, _month_name(one, form.locale)) for one in months],
        found=found[: service_fees.MOST_AT_ONCE],
        more=len(found) > service_fees.MOST_AT_ONCE,
        total_minor=sum(one.amount_minor for one in found),
        over=last_day <= day,
    )


async def _show_partners(
    request: ApiRequest, database: Database, frame: Frame, form: Form, status: int = 200
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        found = [
            (one, await service.accounts_of(connection, identity.book_id, one.number))
            for one in await service.partners(connection, identity.book_id)
        ]
    return await frame.page(
        request,
        "savings/partners.html",
        status=status,
        form=form,
        found=found,
        may_open=identity.may(Permission.OPEN_SAVINGS),
    )


async def about(
    connection: AsyncConnection, book_id: int, account: service.SavingsAccount, locale: str
) -> dict[str, Any]:
    """What its product gives, whether it sleeps, and what it is saved for."""
    day = _today(await cooperative_of(connection, book_id))
    terms = (await service.product_terms(connection, book_id, [account.product_code])).get(account.product_code, ())
    now = service.terms_on(terms, day)
    asleep = await service_fees.sleeps_since(connection, book_id, [(account.number, account.product_code)], day)
    state = None
    if account.kind is SavingsKind.BERENCANA:
        state = await service_plans.plan_of(connection, book_id, account.number, day)
    plan = plan_on(state.plans, day) if state else None
    return {
        "earning": rules_products.earning_text(now, locale) if now and now.earns != "none" else "",
        "asleep": asleep.get(account.number) if account.closed_on is None else None,
        "plan": plan,
        "reached": reached_percent(account.balance_minor, plan.target_minor) if plan else 0,
    }


def _month(form: Form, day: date) -> date:
    """The last day of the month that is asked for; of the last month that is over, if none can be read."""
    try:
        return _month_end(date.fromisoformat(f"{form.value('bulan')[:7]}-01"))
    except ValueError:
        end = _month_end(day)
        return end if end == day else day.replace(day=1) - timedelta(days=1)


def _month_name(day: date, locale: str) -> str:
    """``November 2026``."""
    return format_date(day, locale).partition(" ")[2]


def _month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _today(cooperative: Cooperative) -> date:
    return cooperative.today(datetime.now(UTC))


CONTROLLERS: list[type[Controller]] = [AccountPages, RunPages, PartnerPages]
