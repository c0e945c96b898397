"""Cash over REST: sessions of tills, cash handed over, closed days, vouchers."""

from datetime import UTC, date, datetime
from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import Parameter, QueryParameter

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.permissions import Identity, Permission
from koperasi.rest import (
    ApiRequest,
    KeyHeader,
    Limit,
    Money,
    MovesMoney,
    decode_cursor,
    encode_cursor,
    idempotency,
    problems,
)
from koperasi.treasury import service
from koperasi.treasury.rules_vouchers import VoucherKind
from koperasi.treasury.wire import (
    CheckOut,
    ClosedDayOut,
    ClosingIn,
    DayIn,
    DayList,
    HandoverIn,
    HandoverOut,
    OfficeList,
    OfficeOut,
    OpeningIn,
    ReportOut,
    SessionList,
    SessionOut,
    VoucherList,
    VoucherOut,
    minor_of,
)

Number = Annotated[int, Parameter(ge=1, le=2**53)]
Month = Annotated[
    str, QueryParameter(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", description="Year and month, 2026-11")
]
Office = Annotated[
    str, QueryParameter(pattern=r"^[0-9A-Z]{2,6}$", description="Code of an office; 01 is the head office")
]
PAGE = 50


def own_only(identity: Identity) -> str | None:
    """Whose sessions somebody may see: their own; all, if they may read the books."""
    return None if identity.may(Permission.READ_BOOKS) else identity.username


def holds_vault(identity: Identity) -> bool:
    """Whether the vault is theirs to open."""
    return identity.may(Permission.MANAGE_CASH)


def _session(one: service.Session) -> Response[SessionOut]:
    headers = {"Location": f"/api/v1/cash-sessions/{one.number}"}
    if one.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(SessionOut.of(one), status_code=201, headers=headers)


class OfficeController(Controller):
    """Offices of the cooperative; they are opened and closed on their page."""

    path = "/api/v1/offices"
    tags = ("cash",)

    @get(opt={"permission": Permission.READ_CASH}, responses=problems(401, 403))
    async def list_offices(self, request: ApiRequest, database: Database) -> OfficeList:
        """All offices, the head office first; what their tills hold, for whoever may read the books."""
        all_told = request.user.may(Permission.READ_BOOKS)
        async with database.reading(request.user.book_id) as connection:
            found = await service.offices(connection, request.user.book_id)
        return OfficeList(items=[OfficeOut.of(one, with_cash=all_told) for one in found])


class SessionController(Controller):
    """Tills and their sessions."""

    path = "/api/v1"
    tags = ("cash",)

    @get("/cash-sessions", opt={"permission": Permission.READ_CASH}, responses=problems(400, 401, 403))
    async def list_sessions(
        self,
        request: ApiRequest,
        database: Database,
        cursor: str | None = None,
        limit: Limit = PAGE,
    ) -> SessionList:
        """Sessions, the latest first; a teller's own, or all for whoever may read the books."""
        place = decode_cursor(cursor, "int")
        async with database.reading(request.user.book_id) as connection:
            found, more = await service.sessions(
                connection,
                request.user.book_id,
                username=own_only(request.user),
                before=place[0] if place else None,
                limit=limit,
            )
        following = encode_cursor(found[-1].number) if more else None
        return SessionList(items=[SessionOut.of(one) for one in found], next_cursor=following)

    @get(
        "/cash-sessions/{number:int}", opt={"permission": Permission.READ_CASH}, responses=problems(400, 401, 403, 404)
    )
    async def session(self, request: ApiRequest, database: Database, number: Number) -> ReportOut:
        """One session and what it came to."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            one = await service.session(connection, book_id, number, username=own_only(request.user))
            return ReportOut.of(await service.report(connection, cooperative, one))

    @post(
        "/cash-sessions",
        opt={"permission": Permission.OPEN_SESSION},
        responses=problems(400, 401, 403, 409, 422),
        operation_class=MovesMoney,
    )
    async def open_session(
        self, request: ApiRequest, database: Database, data: OpeningIn, key: KeyHeader = None
    ) -> Response[SessionOut]:
        """Count your till and begin to work it."""
        del key  # documented here, read with the body
        once, identity = await idempotency(request), request.user
        async with database.work(identity.book_id) as work:
            made = await service.open_session(
                work,
                await cooperative_of(work.connection, identity.book_id),
                username=identity.username,
                count=data.count.count(),
                office=data.office,
                from_vault_minor=minor_of(data.from_vault, "from_vault"),
                difference_minor=minor_of(data.difference, "difference") or 0,
                holds_vault=holds_vault(identity),
                idempotency=once,
                now=datetime.now(UTC),
            )
            await work.commit()
        return _session(made)

    @post(
        "/cash-sessions/{number:int}/closing",
        opt={"permission": Permission.OPEN_SESSION},
        responses=problems(400, 401, 403, 404, 409, 422),
        operation_class=MovesMoney,
    )
    async def close_session(
        self, request: ApiRequest, database: Database, number: Number, data: ClosingIn, key: KeyHeader = None
    ) -> Response[SessionOut]:
        """Count the till and let it rest; whoever holds the vault may close anybody's."""
        del key
        once, identity = await idempotency(request), request.user
        async with database.work(identity.book_id) as work:
            made = await service.close_session(
                work,
                await cooperative_of(work.connection, identity.book_id),
                number,
                actor=identity.username,
                count=data.count.count(),
                to_vault_minor=minor_of(data.to_vault, "to_vault") or 0,
                difference_minor=minor_of(data.difference, "difference") or 0,
                holds_vault=holds_vault(identity),
                idempotency=once,
                now=datetime.now(UTC),
            )
            await work.commit()
        return _session(made)

    @post(
        "/cash-sessions/{number:int}/handovers",
        opt={"permission": Permission.OPEN_SESSION},
        responses=problems(400, 401, 403, 404, 409, 422),
        operation_class=MovesMoney,
    )
    async def hand_over(
        self, request: ApiRequest, database: Database, number: Number, data: HandoverIn, key: KeyHeader = None
    ) -> Response[HandoverOut]:
        """Cash from the vault into the till, or back; the other side confirms it afterwards."""
        del key
        once, identity = await idempotency(request), request.user
        amount = minor_of(data.amount, "amount") or 0
        if amount < 0:
            raise Refusal("amount-negative", N_("Jumlah tidak boleh kurang dari nol."), field="amount")
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            done = await service.hand_over(
                work,
                cooperative,
                number,
                actor=identity.username,
                amount_minor=amount if data.direction == "to-till" else -amount,
                holds_vault=holds_vault(identity),
                idempotency=once,
                now=datetime.now(UTC),
            )
            known = await service.handovers(work.connection, cooperative, session_number=number)
            await work.commit()
        told = HandoverOut.of(next(one for one in known if one.entry_number == done.number))
        return Response(told, status_code=201, headers={"Idempotency-Replayed": "true"} if done.replayed else {})

    @post(
        "/cash-handovers/{number:int}/confirmation",
        opt={"permission": Permission.OPEN_SESSION},
        status_code=204,
        responses=problems(400, 401, 403, 404, 409),
    )
    async def confirm(self, request: ApiRequest, database: Database, number: Number) -> None:
        """Say, as the other side, that the cash was handed over as it was written down."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            await service.confirm(
                work, number, actor=identity.username, holds_vault=holds_vault(identity), now=datetime.now(UTC)
            )
            await work.commit()


class DayController(Controller):
    """Business days, and the vouchers that they are closed with."""

    path = "/api/v1"
    tags = ("cash",)

    @get("/business-days", opt={"permission": Permission.READ_CASH}, responses=problems(400, 401, 403))
    async def list_days(
        self, request: ApiRequest, database: Database, cursor: str | None = None, limit: Limit = PAGE
    ) -> DayList:
        """The business day with what must be so before it is closed, and the days that are."""
        place = decode_cursor(cursor, "date")
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            state = await service.day_state(connection, await cooperative_of(connection, book_id), datetime.now(UTC))
            found, more = await service.closed_days(
                connection, book_id, before=place[0] if place else None, limit=limit
            )
        return DayList(
            business_day=state.day,
            ready=state.ready,
            checks=[CheckOut(code=one.code, ok=one.ok, against=one.against) for one in state.checks],
            items=[ClosedDayOut.of(one) for one in found],
            next_cursor=encode_cursor(found[-1].day) if more else None,
        )

    @post(
        "/business-days",
        opt={"permission": Permission.MANAGE_CASH},
        responses=problems(400, 401, 403, 409, 422),
    )
    async def close_day(self, request: ApiRequest, database: Database, data: DayIn) -> ClosedDayOut:
        """Close the business day and open the next; the same request again changes nothing."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            made = await service.close_day(
                work, cooperative, data.day, data.next_day, actor=identity.username, now=datetime.now(UTC)
            )
            await work.commit()
        return ClosedDayOut.of(made)

    @get("/vouchers", opt={"permission": Permission.READ_BOOKS}, responses=problems(400, 401, 403))
    async def list_vouchers(
        self,
        request: ApiRequest,
        database: Database,
        month: Month,
        kind: VoucherKind = VoucherKind.CASH_IN,
        office: Office = service.OFFICE,
        cursor: str | None = None,
        limit: Limit = PAGE,
    ) -> VoucherList:
        """Vouchers of one kind, office and month in the order of their numbers."""
        place = decode_cursor(cursor, "int")
        book_id, first = request.user.book_id, date.fromisoformat(f"{month}-01")
        async with database.reading(book_id) as connection:
            found, more = await service.vouchers(
                connection, book_id, kind, first, office=office, after=place[0] if place else 0, limit=limit
            )
            waiting = await service.unnumbered(connection, book_id)
        return VoucherList(
            unnumbered=waiting,
            items=[
                VoucherOut(
                    number=str(one.number),
                    entry=one.entry_number,
                    date=one.effective_date,
                    description=one.description,
                    total=Money.of(one.total_minor, one.currency),
                    reversed_by=one.reversed_by,
                )
                for one in found
            ],
            next_cursor=encode_cursor(found[-1].number.serial) if more else None,
        )


CONTROLLERS: list[type[Controller]] = [OfficeController, SessionController, DayController]
