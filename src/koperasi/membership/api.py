"""Memberships over REST: acts, and the settlement of those who leave. What moves money needs an ``Idempotency-Key``."""

from datetime import UTC, datetime

from litestar import Controller, Response, get, post

from koperasi.approvals.service import ACCEPTED, Approval, accepted
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.membership import api_joining, service
from koperasi.membership.service import Wish, Wishes
from koperasi.membership.wire import (
    ActIn,
    MembershipOut,
    PaymentIn,
    ReversalIn,
    SettlementIn,
    SettlementOut,
)
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, BookDate, KeyHeader, MovesMoney, idempotency, problems

READ = problems(400, 401, 403, 404)
WRITE = problems(400, 401, 403, 404, 409, 422)


class MembershipController(Controller):
    """One member's membership."""

    path = "/api/v1/members/{number:str}"
    tags = ("membership",)

    @get("/membership", opt={"permission": Permission.READ_MEMBERS}, responses=READ)
    async def get_membership(self, request: ApiRequest, database: Database, number: str) -> MembershipOut:
        """Where a member stands, and what was done to the membership."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            return MembershipOut.of(await service.standing(connection, cooperative, number))

    @post("/membership", opt={"permission": Permission.WRITE_MEMBERS}, responses=WRITE)
    async def act(self, request: ApiRequest, database: Database, number: str, data: ActIn) -> MembershipOut:
        """Record leave, inactivity, a request to leave or a death; or admit whom the board has accepted."""
        return await _act(request, database, number, data, by_board=False)

    @post("/membership/board", opt={"permission": Permission.APPROVE}, responses=WRITE)
    async def board_act(self, request: ApiRequest, database: Database, number: str, data: ActIn) -> MembershipOut:
        """Record what the board decided: ``accepted``, ``rejected``, ``dismissed``, or ``corrected`` (a mistake)."""
        return await _act(request, database, number, data, by_board=True)

    @get("/settlement", opt={"permission": Permission.READ_MEMBERS}, responses=problems(400, 401, 403, 404, 422))
    async def get_settlement(
        self, request: ApiRequest, database: Database, number: str, decided_on: BookDate | None = None
    ) -> SettlementOut:
        """The settlement as it was decided, or as it would be on a day, with its working."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            now = await service.standing(connection, cooperative, number)
            if now.exit is not None:
                return SettlementOut.of(now.exit, identity.locale)
            day = decided_on or cooperative.today(datetime.now(UTC))
            found = await service.prepare(connection, cooperative, number, decided_on=day, locale=identity.locale)
        return SettlementOut.preview(found, identity.locale)

    @post(
        "/settlement",
        opt={"permission": Permission.WRITE_MEMBERS},
        responses={**WRITE, **ACCEPTED},
        operation_class=MovesMoney,
    )
    async def settle(
        self, request: ApiRequest, database: Database, number: str, data: SettlementIn, key: KeyHeader = None
    ) -> Response[SettlementOut]:
        """Settle what a member has and owes; 202 if a second person must agree first."""
        del key  # documented here, read with the body
        identity, now = request.user, datetime.now(UTC)
        once = await idempotency(request)
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            done = await service.decide(
                work,
                cooperative,
                number,
                decided_on=data.decided_on or cooperative.today(now),
                wishes=Wishes(
                    data.charge.minor("charge") if data.charge else 0,
                    data.waiver,
                    data.shu.minor("shu") if data.shu else 0,
                ),
                actor=identity.username,
                idempotency=once,
                now=now,
            )
            await work.commit()
        if isinstance(done, Approval):
            return accepted(done)
        return Response(SettlementOut.of(done, identity.locale), status_code=201)

    @post(
        "/settlement/payments",
        opt={"permission": Permission.POST_SAVINGS},
        responses=WRITE,
        operation_class=MovesMoney,
    )
    async def pay(
        self, request: ApiRequest, database: Database, number: str, data: PaymentIn, key: KeyHeader = None
    ) -> SettlementOut:
        """Pay the member or an heir in cash, all of their part, today."""
        del key  # documented here, read with the body
        identity = request.user
        once = await idempotency(request)
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            today = cooperative.today(datetime.now(UTC))
            done = await service.pay(
                work,
                cooperative,
                number,
                data.position,
                paid_on=today,
                actor=identity.username,
                idempotency=once,
                today=today,
            )
            await work.commit()
        return SettlementOut.of(done, identity.locale)

    @post("/settlement/reversal", opt={"permission": Permission.APPROVE}, responses=WRITE, operation_class=MovesMoney)
    async def undo(
        self, request: ApiRequest, database: Database, number: str, data: ReversalIn, key: KeyHeader = None
    ) -> SettlementOut:
        """Take the decision back while nobody was paid: its entry is reversed today."""
        del key  # documented here, read with the body
        identity = request.user
        once = await idempotency(request)
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            today = cooperative.today(datetime.now(UTC))
            done = await service.undo(
                work,
                number,
                on=today,
                reference=data.reference,
                actor=identity.username,
                idempotency=once,
                today=today,
            )
            await work.commit()
        return SettlementOut.of(done, identity.locale)


async def _act(request: ApiRequest, database: Database, number: str, data: ActIn, *, by_board: bool) -> MembershipOut:
    identity = request.user
    if data.act.by_board is not by_board:
        raise Refusal("act", N_("Tindakan ini tidak dapat dilakukan di sini."), field="act")
    async with database.work(identity.book_id) as work:
        cooperative = await cooperative_of(work.connection, identity.book_id)
        today = cooperative.today(datetime.now(UTC))
        wish = Wish(data.act, data.effective_on or today, data.reason, data.reference)
        await service.act_on(work, cooperative, number, wish, actor=identity.username, today=today)
        found = await service.standing(work.connection, cooperative, number)
        await work.commit()
    return MembershipOut.of(found)


CONTROLLERS: list[type[Controller]] = [MembershipController, *api_joining.CONTROLLERS]
