"""Return runs over REST: compute, look, ask for agreement, post. Posting again posts nothing twice."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.params import Parameter

from koperasi.approvals.service import ACCEPTED, Approval, accepted
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
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
from koperasi.returns import service
from koperasi.returns.model import Asked
from koperasi.returns.rules_interest import Posting
from koperasi.returns.wire import LineList, LineOut, ProgressOut, RunIn, RunList, RunOut

Number = Annotated[int, Parameter(ge=1, le=2**53)]
Cursor = Annotated[str | None, Parameter(max_length=1000)]
Limit = Annotated[int, Parameter(ge=1, le=200)]
ACTING = problems(400, 401, 403, 404, 409, 422)


class ReturnController(Controller):
    """What savings earn."""

    path = "/api/v1"
    tags = ("returns",)

    @post("/return-runs", opt={"permission": Permission.MANAGE_RETURNS}, responses=problems(400, 401, 403, 409, 422))
    async def prepare(self, request: ApiRequest, database: Database, data: RunIn) -> Response[RunOut]:
        """Compute a period as a preview. Nothing is posted; a period is computed once, until its preview is dropped."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            made = await service.prepare(
                work, database, cooperative, _asked(data), actor=identity.username, now=datetime.now(UTC)
            )
            await work.commit()
        return Response(
            RunOut.of(made, identity.locale),
            status_code=201,
            headers={"Location": f"/api/v1/return-runs/{made.number}"},
        )

    @get("/return-runs", opt={"permission": Permission.READ_BOOKS}, responses=problems(400, 401, 403))
    async def list_runs(
        self, request: ApiRequest, database: Database, cursor: Cursor = None, limit: Limit = 50
    ) -> RunList:
        """The runs, the latest first."""
        before = decode_cursor(cursor, "int")
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            found, more = await service.runs(connection, book_id, before=before[0] if before else None, limit=limit)
        last = encode_cursor(found[-1].number) if more else None
        return RunList(items=[RunOut.of(one, request.user.locale) for one in found], next_cursor=last)

    @get("/return-runs/{number:int}", opt={"permission": Permission.READ_BOOKS}, responses=problems(400, 401, 403, 404))
    async def show(self, request: ApiRequest, database: Database, number: Number) -> RunOut:
        """One run with its totals and warnings."""
        async with database.reading(request.user.book_id) as connection:
            return RunOut.of(await service.run(connection, request.user.book_id, number), request.user.locale)

    @get(
        "/return-runs/{number:int}/lines",
        opt={"permission": Permission.READ_BOOKS},
        responses=problems(400, 401, 403, 404),
    )
    async def list_lines(
        self, request: ApiRequest, database: Database, number: Number, cursor: Cursor = None, limit: Limit = 100
    ) -> LineList:
        """What it found for each account."""
        after = decode_cursor(cursor, "int", "str")
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            await service.run(connection, book_id, number)
            place = (min(after[0], 2**31 - 1), after[1]) if after else None
            found, more = await service.lines(connection, book_id, number, after=place, limit=limit)
        last = encode_cursor(found[-1].chunk, found[-1].account_number) if more else None
        return LineList(items=[LineOut.of(one) for one in found], next_cursor=last)

    @post(
        "/return-runs/{number:int}/submit",
        opt={"permission": Permission.MANAGE_RETURNS},
        responses={**ACTING, **ACCEPTED},
        operation_class=MovesMoney,
        status_code=200,
    )
    async def submit(
        self,
        request: ApiRequest,
        database: Database,
        number: Number,
        key: KeyHeader = None,  # noqa: ARG002 - for the description; ``idempotency`` reads it
    ) -> Response[RunOut]:
        """Ask a second person to agree to a preview (202); where none is needed it is agreed to at once."""
        identity, once = request.user, await idempotency(request)
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            made = await service.submit(
                work, cooperative, number, actor=identity.username, idempotency=once, now=datetime.now(UTC)
            )
            await work.commit()
        if isinstance(made, Approval):
            answer: Response[Any] = accepted(made)
            return answer
        return Response(RunOut.of(made, identity.locale), status_code=200)

    @post(
        "/return-runs/{number:int}/post",
        opt={"permission": Permission.MANAGE_RETURNS},
        responses=ACTING,
        status_code=200,
    )
    async def post_run(self, request: ApiRequest, database: Database, number: Number) -> ProgressOut:
        """Post all entries that are missing; broken off, it goes on where it stood. Each entry has its own key."""
        identity = request.user
        async with database.directory() as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
        done = await service.post_all(database, cooperative, number, actor=identity.username)
        return ProgressOut(done=done.done, total=done.total)

    @post(
        "/return-runs/{number:int}/drop",
        opt={"permission": Permission.MANAGE_RETURNS},
        responses=ACTING,
        status_code=200,
    )
    async def drop(self, request: ApiRequest, database: Database, number: Number) -> RunOut:
        """Throw away a run of which nothing was posted; its period is free again."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            made = await service.drop(work, number, actor=identity.username)
            await work.commit()
        return RunOut.of(made, identity.locale)


def _asked(data: RunIn) -> Asked:
    year, month = map(int, data.month.split("-"))
    return Asked(
        date(year, month, 1),
        Posting(data.posting),
        tuple(dict.fromkeys(data.products)),
        {one.product: one.amount.minor("bonus") for one in data.bonus},
        data.income.minor("income") if data.income else None,
        data.financing.minor("financing") if data.financing else None,
        data.reason,
        data.correction,
    )


CONTROLLERS: list[type[Controller]] = [ReturnController]
