"""Members' requests over REST: a member asks and takes back, the desk and the supervisors answer."""

from collections.abc import Collection
from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import Parameter

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database, Work
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.requests import rules, service
from koperasi.requests.pages_member import own_number
from koperasi.requests.rules import Field, Kind, Status
from koperasi.requests.wire import AnswerIn, RequestIn, RequestOut, RequestPage
from koperasi.rest import (
    ApiRequest,
    KeyHeader,
    Limit,
    MovesMoney,
    decode_cursor,
    encode_cursor,
    idempotency,
    problems,
)

Number = Annotated[int, Parameter(ge=1, le=2**53)]

READ = problems(400, 401, 403, 404)
WRITE = problems(400, 401, 403, 404, 409, 422)


class OwnRequestController(Controller):
    """What a member asks for."""

    path = "/api/v1/own-requests"
    tags = ("requests",)

    @get(opt={"permission": Permission.OWN_PAGES}, responses=READ)
    async def list_own_requests(
        self, request: ApiRequest, database: Database, limit: Limit = 50, cursor: str | None = None
    ) -> RequestPage:
        """All of one's requests with their answers, the newest first."""
        identity, place = request.user, decode_cursor(cursor, "int")
        async with database.reading(identity.book_id) as connection:
            found = await service.of_member(
                connection, identity.book_id, own_number(identity), before=place[0] if place else None, limit=limit + 1
            )
        return _page(found, limit, own=True)

    @post(opt={"permission": Permission.OWN_PAGES}, responses=WRITE, operation_class=MovesMoney)
    async def ask(
        self, request: ApiRequest, database: Database, data: RequestIn, key: KeyHeader = None
    ) -> Response[RequestOut]:
        """Ask for a withdrawal or a change of data, or say that a line is wrong; once for each ``Idempotency-Key``.

        It is a wish: no money moves and no data change until somebody does it at the desk.
        """
        del key  # documented here, read with the body
        identity = request.user
        number = own_number(identity)
        once = await idempotency(request)
        data.check()
        once = once._replace(key=f"{once.key}:{number}")  # each member's programs choose their own keys
        async with database.work(identity.book_id) as work:
            asked = await _ask(work, data, number, identity.username, once)
            (made,) = await service.of_member(work.connection, work.book_id, number, before=asked.number + 1, limit=1)
            if not asked.replayed:
                await work.commit()
        headers = {"Idempotency-Replayed": "true"} if asked.replayed else {}
        return Response(RequestOut.of(made, own=True), status_code=201, headers=headers)

    @post("/{number:int}/withdraw", opt={"permission": Permission.OWN_PAGES}, status_code=200, responses=WRITE)
    async def withdraw(self, request: ApiRequest, database: Database, number: Number) -> RequestOut:
        """Take back what was not answered yet."""
        identity = request.user
        own = own_number(identity)
        async with database.work(identity.book_id) as work:
            await service.take_back(work, own, number, actor=identity.username)
            (made,) = await service.of_member(work.connection, work.book_id, own, before=number + 1, limit=1)
            await work.commit()
        return RequestOut.of(made, own=True)


class DeskRequestController(Controller):
    """What members ask the desk for: withdrawals and changes of data."""

    path = "/api/v1/requests"
    tags = ("requests",)

    @get(opt={"permission": Permission.HANDLE_REQUESTS}, responses=READ)
    async def list_requests(
        self,
        request: ApiRequest,
        database: Database,
        answered: bool = False,
        limit: Limit = 50,
        cursor: str | None = None,
    ) -> RequestPage:
        """What waits for the desk, the newest first; with ``answered``, what was answered too."""
        return await _inbox(request, database, rules.AT_THE_DESK, answered, limit, cursor)

    @get("/{number:int}", opt={"permission": Permission.HANDLE_REQUESTS}, responses=READ)
    async def get_request(self, request: ApiRequest, database: Database, number: Number) -> RequestOut:
        """One request with all that was said about it."""
        return await _one(request, database, rules.AT_THE_DESK, number)

    @post("/{number:int}/answer", opt={"permission": Permission.HANDLE_REQUESTS}, status_code=200, responses=WRITE)
    async def answer_request(
        self, request: ApiRequest, database: Database, number: Number, data: AnswerIn
    ) -> RequestOut:
        """Say that it is done, or why it can't be; the member reads it."""
        return await _answer(request, database, rules.AT_THE_DESK, number, data)


class ComplaintController(Controller):
    """What members say is wrong with lines of their books. The desk, which wrote the lines, does not see it."""

    path = "/api/v1/complaints"
    tags = ("requests",)

    @get(opt={"permission": Permission.ANSWER_REPORTS}, responses=READ)
    async def list_complaints(
        self,
        request: ApiRequest,
        database: Database,
        answered: bool = False,
        limit: Limit = 50,
        cursor: str | None = None,
    ) -> RequestPage:
        """What waits for the supervisors, the newest first; with ``answered``, what was answered too."""
        return await _inbox(request, database, rules.TO_SUPERVISORS, answered, limit, cursor)

    @get("/{number:int}", opt={"permission": Permission.ANSWER_REPORTS}, responses=READ)
    async def get_complaint(self, request: ApiRequest, database: Database, number: Number) -> RequestOut:
        """One complaint; its line is the journal entry ``entry_number``."""
        return await _one(request, database, rules.TO_SUPERVISORS, number)

    @post("/{number:int}/answer", opt={"permission": Permission.ANSWER_REPORTS}, status_code=200, responses=WRITE)
    async def answer_complaint(
        self, request: ApiRequest, database: Database, number: Number, data: AnswerIn
    ) -> RequestOut:
        """Say what was found; the member reads it."""
        return await _answer(request, database, rules.TO_SUPERVISORS, number, data)


async def _ask(work: Work, data: RequestIn, number: str, actor: str, once: Idempotency) -> service.Asked:
    words = data.words or ""
    if data.kind is Kind.WITHDRAWAL:
        amount = data.amount.minor() if data.amount else 0
        return await service.ask_withdrawal(work, number, data.account or "", amount, words, actor=actor, once=once)
    if data.kind is Kind.CHANGE:
        return await service.ask_change(work, number, data.field or Field.OTHER, words, actor=actor, once=once)
    cooperative = await cooperative_of(work.connection, work.book_id)
    return await service.report_line(work, cooperative, number, data.receipt or "", words, actor=actor, once=once)


async def _inbox(
    request: ApiRequest, database: Database, kinds: Collection[Kind], answered: bool, limit: int, cursor: str | None
) -> RequestPage:
    book_id, place = request.user.book_id, decode_cursor(cursor, "int")
    async with database.reading(book_id) as connection:
        found, more = await service.inbox(
            connection, book_id, kinds=kinds, everything=answered, before=place[0] if place else None, limit=limit
        )
    return RequestPage(
        items=[RequestOut.of(one) for one in found], next_cursor=encode_cursor(found[-1].number) if more else None
    )


async def _one(request: ApiRequest, database: Database, kinds: Collection[Kind], number: int) -> RequestOut:
    async with database.reading(request.user.book_id) as connection:
        return RequestOut.of(await service.request_by_number(connection, request.user.book_id, number, kinds=kinds))


async def _answer(
    request: ApiRequest, database: Database, kinds: Collection[Kind], number: int, data: AnswerIn
) -> RequestOut:
    identity = request.user
    async with database.work(identity.book_id) as work:
        await service.settle(work, number, Status(data.outcome), data.words, kinds=kinds, actor=identity.username)
        made = await service.request_by_number(work.connection, work.book_id, number, kinds=kinds)
        await work.commit()
    return RequestOut.of(made)


def _page(found: list[service.Request], limit: int, *, own: bool) -> RequestPage:
    shown = found[:limit]
    return RequestPage(
        items=[RequestOut.of(one, own=own) for one in shown],
        next_cursor=encode_cursor(shown[-1].number) if len(found) > limit else None,
    )


CONTROLLERS: list[type[Controller]] = [OwnRequestController, DeskRequestController, ComplaintController]
