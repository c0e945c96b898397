"""Term deposits over REST. What moves money needs an ``Idempotency-Key``; what is due is posted once by itself."""

from datetime import UTC, datetime
from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import Parameter, QueryParameter

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.deposits import service
from koperasi.deposits.api_run import run
from koperasi.deposits.wire import (
    ClosingIn,
    DepositDetail,
    DepositIn,
    DepositOut,
    DepositPage,
    DoneOut,
    RunIn,
    RunOut,
    TermsList,
    TermsOut,
    WaitingOut,
)
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.members.service import member_by_number
from koperasi.permissions import Permission
from koperasi.rest import (
    ApiRequest,
    KeyHeader,
    MovesMoney,
    decode_cursor,
    encode_cursor,
    idempotency,
    problems,
)
from koperasi.savings import service as savings


class DepositController(Controller):
    """Contracts, what they bring, and what becomes of them."""

    path = "/api/v1"
    tags = ("deposits",)

    @get("/deposit-terms", opt={"permission": Permission.READ_PRODUCTS}, responses=problems(400, 401, 403))
    async def list_terms(self, request: ApiRequest, database: Database) -> TermsList:
        """What term deposits are offered: all terms, past and coming."""
        async with database.reading(request.user.book_id) as connection:
            found = await service.all_terms(connection, request.user.book_id)
        return TermsList(items=[TermsOut.of(one) for one in found])

    @get("/deposits", opt={"permission": Permission.READ_SAVINGS}, responses=problems(400, 401, 403, 404))
    async def list_deposits(
        self,
        request: ApiRequest,
        database: Database,
        member: Annotated[str | None, QueryParameter(name="member", required=False)] = None,
        cursor: Annotated[str | None, Parameter(max_length=1000)] = None,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
    ) -> DepositPage:
        """Term deposits in the order of their maturities. A member sees their own only."""
        identity = request.user
        place = decode_cursor(cursor, "date", "str")
        if not identity.is_staff:
            member = member or identity.member_number
            identity.check_own(member)
        async with database.reading(identity.book_id) as connection:
            if member is not None and savings.is_partner_number(member):
                member = (await savings.partner_by_number(connection, identity.book_id, member)).number
            elif member is not None:
                member = (await member_by_number(connection, identity.book_id, member)).number
            found = await service.search(
                connection,
                identity.book_id,
                member_number=member,
                after=(place[0], place[1]) if place else None,
                limit=limit + 1,
            )
        items = [one.deposit for one in found[:limit]]
        more = len(found) > limit
        return DepositPage(
            items=[DepositOut.of(one) for one in items],
            next_cursor=encode_cursor(items[-1].matures_on, items[-1].number) if more else None,
        )

    @post(
        "/deposits",
        opt={"permission": Permission.POST_SAVINGS},
        responses=problems(400, 401, 403, 404, 422, 503),
        operation_class=MovesMoney,
    )
    async def open_deposit(
        self, request: ApiRequest, database: Database, data: DepositIn, key: KeyHeader = None
    ) -> Response[DepositOut]:
        """Make a contract and move the money into it; once for each ``Idempotency-Key``."""
        del key  # documented here, read with the body
        identity, once = request.user, await idempotency(request)
        if data.amount.currency != "IDR":
            raise Refusal("currency", N_("Simpanan dicatat dalam rupiah: pakai IDR."), field="amount")
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            today = cooperative.today(datetime.now(UTC))
            wish = service.Wish(
                member_number=data.member,
                amount_minor=data.amount.minor(),
                months=data.months,
                source=data.source,
                payout_account=data.payout_account,
                roll_over=data.roll_over,
                opened_on=data.opened_on or today,
            )
            opened = await service.open_deposit(
                work, cooperative, wish, today=today, actor=identity.username, idempotency=once
            )
            found = await service.deposit_by_number(work.connection, identity.book_id, opened.number)
            await work.commit()
        return _answer(found.deposit, opened)

    @get("/deposits/{number:str}", opt={"permission": Permission.READ_SAVINGS}, responses=problems(400, 401, 403, 404))
    async def get_deposit(self, request: ApiRequest, database: Database, number: str) -> DepositDetail:
        """One contract with its returns, paid and to come, and how they come about. A member reads their own."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            found = (await service.deposit_for(connection, identity, number)).deposit
            cooperative = await cooperative_of(connection, identity.book_id)
            paid = (await service.paid_on(connection, identity.book_id, [number]))[number]
            results = await service.results_for(connection, cooperative)
        today = cooperative.today(datetime.now(UTC))
        accrued = service.accrued_on(found, today, paid, results) if found.stands else 0
        return DepositDetail.whole(found, paid, results, accrued, identity.locale, today)

    @post(
        "/deposits/{number:str}/closings",
        opt={"permission": Permission.POST_SAVINGS},
        responses=problems(400, 401, 403, 404, 422, 503),
        operation_class=MovesMoney,
    )
    async def close_early(
        self, request: ApiRequest, database: Database, number: str, data: ClosingIn, key: KeyHeader = None
    ) -> Response[DepositOut]:
        """Close a contract before its day, by its rule; once for each ``Idempotency-Key``."""
        del key, data  # documented here, read with the body
        identity, once = request.user, await idempotency(request)
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            on = cooperative.today(datetime.now(UTC))
            closed = await service.close_early(work, cooperative, number, on, actor=identity.username, idempotency=once)
            found = await service.deposit_by_number(work.connection, identity.book_id, number)
            await work.commit()
        return _answer(found.deposit, closed)

    @post(
        "/deposit-runs",
        opt={"permission": Permission.MANAGE_RETURNS},
        responses=problems(400, 401, 403, 422, 503),
        status_code=200,
    )
    async def post_due(self, request: ApiRequest, database: Database, data: RunIn) -> RunOut:
        """Post all that is due until a day, at latest today: returns and maturities, each once however often asked."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
        today = cooperative.today(datetime.now(UTC))
        until = data.until or today
        if until > today:
            raise Refusal("date-in-future", N_("Tanggal transaksi belum tiba."), field="until")
        outcome = await run(database, cooperative, until, identity.username)
        return RunOut(
            until=until,
            posted=[DoneOut.of(one) for one in outcome.posted],
            waiting=[WaitingOut(deposit=number, code=code) for number, code in outcome.waiting],
        )


def _answer(found: service.Deposit, opened: service.Opened) -> Response[DepositOut]:
    headers = {"Location": f"/api/v1/deposits/{found.number}"}
    if opened.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(DepositOut.of(found), status_code=201, headers=headers)


CONTROLLERS: list[type[Controller]] = [DepositController]
