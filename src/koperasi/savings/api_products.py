"""Products, plans, standing orders, fees and other cooperatives over REST."""

from calendar import monthrange
from datetime import UTC, date, datetime
from uuid import uuid4

from litestar import Controller, Response, get, post

from koperasi.approvals import service as approvals
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest, KeyHeader, Money, TakesKey, idempotency, problems
from koperasi.savings import service, service_fees, service_plans, service_terms
from koperasi.savings.products import Product
from koperasi.savings.wire_products import (
    FeesIn,
    FeesOut,
    OrdersOut,
    PartnerIn,
    PartnerList,
    PartnerOut,
    PlanIn,
    PlanOut,
    ProductIn,
    ProductList,
    ProductOut,
    TermsIn,
)

NOT_FOUND = N_("Tidak ditemukan.")


class ProductsController(Controller):
    """What members may save in, and on which terms."""

    path = "/api/v1/savings-products"
    tags = ("savings products",)

    @get(opt={"permission": Permission.READ_PRODUCTS}, responses=problems(400, 401, 403))
    async def list_products(self, request: ApiRequest, database: Database) -> ProductList:
        """All savings products with their terms, past and coming."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            found = await service.products(connection, book_id)
            terms = await service.product_terms(connection, book_id)
        return ProductList(items=[ProductOut.of(one, terms.get(one.code, ())) for one in found])

    @post(
        opt={"permission": Permission.MANAGE_PRODUCTS},
        responses={**problems(400, 401, 403, 409, 422), **approvals.ACCEPTED},
        operation_class=TakesKey,
    )
    async def add_product(
        self, request: ApiRequest, database: Database, data: ProductIn, key: KeyHeader = None
    ) -> Response[ProductOut]:
        """Begin another product with its first terms.

        202 where it promises a return and the policies want a second person to agree; with an ``Idempotency-Key`` the
        same request finds its draft again.
        """
        identity = request.user
        once = await idempotency(request) if key is not None else Idempotency.of("api", str(uuid4()))
        wanted = Product(data.code, data.kind, data.name_id, data.name_en)
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            asked = await service_terms.begin_product(
                work,
                cooperative,
                wanted,
                data.terms.terms(),
                actor=identity.username,
                idempotency=once,
                now=datetime.now(UTC),
            )
            if asked is not None:
                await work.commit()
                return approvals.accepted(asked)
            made = await service.product_by_code(work.connection, identity.book_id, data.code)
            terms = await service.product_terms(work.connection, identity.book_id, [data.code])
            await work.commit()
        return Response(ProductOut.of(made, terms[data.code]), status_code=201)

    @post(
        "/{code:str}/terms",
        opt={"permission": Permission.MANAGE_PRODUCTS},
        responses={**problems(400, 401, 403, 404, 409, 422), **approvals.ACCEPTED},
        operation_class=TakesKey,
    )
    async def set_terms(
        self, request: ApiRequest, database: Database, code: str, data: TermsIn, key: KeyHeader = None
    ) -> Response[ProductOut]:
        """Let other terms hold from a day on; nothing before that day changes.

        202 where the policies want a second person to agree; with an ``Idempotency-Key`` the same request finds its
        draft again.
        """
        identity = request.user
        once = await idempotency(request) if key is not None else Idempotency.of("api", str(uuid4()))
        async with database.work(identity.book_id) as work:
            asked = await service_terms.set_terms(
                work, code, data.terms(), actor=identity.username, idempotency=once, now=datetime.now(UTC)
            )
            product = await service.product_by_code(work.connection, identity.book_id, code)
            terms = await service.product_terms(work.connection, identity.book_id, [code])
            await work.commit()
        if asked is not None:
            return approvals.accepted(asked)
        return Response(ProductOut.of(product, terms.get(code, ())), status_code=201)


class PlansController(Controller):
    """Planned savings, and what falls due by the calendar."""

    path = "/api/v1"
    tags = ("savings products",)

    @get(
        "/savings-accounts/{number:str}/plan",
        opt={"permission": Permission.READ_SAVINGS},
        responses=problems(400, 401, 403, 404),
    )
    async def get_plan(self, request: ApiRequest, database: Database, number: str) -> PlanOut:
        """What an account is saved for, how far it is, and what has fallen due. A member reads their own."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            account = await service.account_for(connection, identity, number)
            day = (await cooperative_of(connection, identity.book_id)).today(datetime.now(UTC))
            state = await service_plans.plan_of(connection, identity.book_id, number, day)
        if state is None:
            raise NotFound("not-found", NOT_FOUND)
        return PlanOut.of(state, account.balance_minor)

    @post(
        "/savings-accounts/{number:str}/plan",
        opt={"permission": Permission.OPEN_SAVINGS},
        responses=problems(400, 401, 403, 404, 409, 422),
    )
    async def set_plan(self, request: ApiRequest, database: Database, number: str, data: PlanIn) -> PlanOut:
        """Say what planned savings are for, from today on; the plan of before stays on record."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            day = (await cooperative_of(work.connection, identity.book_id)).today(datetime.now(UTC))
            await service_plans.set_plan(work, number, data.plan(day), actor=identity.username)
            account = await service.account_by_number(work.connection, identity.book_id, number)
            state = await service_plans.plan_of(work.connection, identity.book_id, number, day)
            await work.commit()
        if state is None:
            raise NotFound("not-found", NOT_FOUND)
        return PlanOut.of(state, account.balance_minor)

    @post(
        "/standing-order-runs",
        opt={"permission": Permission.MANAGE_PRODUCTS},
        responses=problems(400, 401, 403, 422, 503),
    )
    async def run_orders(self, request: ApiRequest, database: Database) -> OrdersOut:
        """Move what standing orders have fallen due up to today: once for a month and account, so it needs no key."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            day = (await cooperative_of(work.connection, identity.book_id)).today(datetime.now(UTC))
            done = await service_plans.run_orders(work, day, actor=identity.username)
            await work.commit()
        return OrdersOut.of(done, identity.locale)

    @post(
        "/savings-fee-runs",
        opt={"permission": Permission.MANAGE_PRODUCTS},
        responses=problems(400, 401, 403, 422, 503),
    )
    async def take_fees(self, request: ApiRequest, database: Database, data: FeesIn) -> FeesOut:
        """Take a month's fees: once from each account, never more than there is, so it needs no key."""
        identity = request.user
        year, month = int(data.month[:4]), int(data.month[5:])
        last_day = date(year, month, monthrange(year, month)[1])
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            today = cooperative.today(datetime.now(UTC))
            done = await service_fees.take_fees(work, cooperative, last_day, actor=identity.username, today=today)
            await work.commit()
        return FeesOut(accounts=done.accounts, amount=Money.of(done.taken_minor), more=done.more)


class PartnersController(Controller):
    """Other cooperatives that save here."""

    path = "/api/v1/partner-cooperatives"
    tags = ("savings products",)

    @get(opt={"permission": Permission.READ_SAVINGS}, responses=problems(400, 401, 403, 404))
    async def list_partners(self, request: ApiRequest, database: Database) -> PartnerList:
        """All of them; ``GET /members/{number}/savings-accounts`` lists what they save here."""
        if not request.user.is_staff:
            raise NotFound("not-found", NOT_FOUND)
        async with database.reading(request.user.book_id) as connection:
            found = await service.partners(connection, request.user.book_id)
        return PartnerList(items=[PartnerOut.of(one) for one in found])

    @post(opt={"permission": Permission.OPEN_SAVINGS}, responses=problems(400, 401, 403, 422))
    async def add_partner(self, request: ApiRequest, database: Database, data: PartnerIn) -> PartnerOut:
        """Enter another cooperative, beside members the only ones who may save here."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            day = (await cooperative_of(work.connection, identity.book_id)).today(datetime.now(UTC))
            made = await service.add_partner(
                work, data.name, data.registration_number, opened_on=day, actor=identity.username
            )
            await work.commit()
        return PartnerOut.of(made)


CONTROLLERS: list[type[Controller]] = [ProductsController, PlansController, PartnersController]
