"""The general journal over REST: entries by hand, one or many, reversals, periods."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from litestar import Controller, Response, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter, QueryParameter

import ledger
from koperasi.approvals import service as approvals
from koperasi.approvals.service import NeedsApproval
from koperasi.bookkeeping import api_closing, service
from koperasi.bookkeeping.wire import (
    MOST_BULK_BYTES,
    BulkIn,
    BulkOut,
    BulkProblem,
    EntryIn,
    EntryList,
    EntryOut,
    ItemOut,
    ItemProblem,
    PeriodActList,
    PeriodActOut,
    PeriodIn,
    PeriodList,
    PeriodOut,
    ReopeningIn,
    ReversalIn,
)
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import BadRequest, FieldError, Refusal
from koperasi.i18n import N_, translate
from koperasi.known import KnownAt, StampOut, known
from koperasi.permissions import Permission
from koperasi.posting import Settled
from koperasi.rest import (
    ApiRequest,
    KeyHeader,
    MovesMoney,
    ProblemField,
    decode_cursor,
    encode_cursor,
    idempotency,
    problems,
)

Number = Annotated[int, Parameter(ge=1, le=2**53)]
"""An entry's number."""

REPLAYED = {"Idempotency-Replayed": "true"}
BULK_REFUSED = N_("Tidak ada yang dicatat: paling sedikit satu jurnal ditolak.")


def month_of(text: str) -> date:
    """The first of the month that ``2026-11`` names.

    Raises:
        BadRequest: it names none between 1900 and 2100.
    """
    found = re.fullmatch(r"((?:19|20)[0-9]{2}|2100)-(0[1-9]|1[0-2])", text, re.ASCII)
    if found is None:
        raise BadRequest("month", N_("Tulis bulan sebagai tahun-bulan, misalnya 2026-11."), field="month")
    return date(int(found[1]), int(found[2]), 1)


class JournalController(Controller):
    """Read the journal, post to it, undo what was posted."""

    path = "/api/v1"
    tags = ("journal",)

    @get("/journal-entries", opt={"permission": Permission.READ_BOOKS}, responses=problems(400, 401, 403, 422))
    async def list_entries(
        self,
        request: ApiRequest,
        database: Database,
        from_date: Annotated[date | None, QueryParameter(name="from", required=False)] = None,
        to_date: Annotated[date | None, QueryParameter(name="to", required=False)] = None,
        kind: Annotated[str | None, Parameter(pattern=r"^[a-z][a-z0-9._-]{0,59}$", required=False)] = None,
        known_at: KnownAt = None,
        cursor: Annotated[str | None, Parameter(max_length=1000)] = None,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
    ) -> EntryList:
        """List entries in the order of their numbers, by effective date (``from``, ``to``) and ``kind``.

        With ``known_at`` those that the book had then, each as it was known: ``reversed_by`` too.
        """
        after = decode_cursor(cursor, "int")
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            seen = await known(connection, book_id, known_at, (await cooperative_of(connection, book_id)).zone)
            found, more = await service.entries(
                connection,
                book_id,
                after=after[0] if after else 0,
                from_date=from_date,
                to_date=to_date,
                kind=kind,
                limit=limit,
                known_at=seen.at,
            )
        last = encode_cursor(found[-1].entry.number) if more else None
        return EntryList(
            known_at=seen.at,
            last_entry=StampOut.of(seen.head),
            items=[EntryOut.of(view) for view in found],
            next_cursor=last,
        )

    @post(
        "/journal-entries",
        opt={"permission": Permission.POST_JOURNAL},
        responses={**problems(400, 401, 403, 422, 503), **approvals.ACCEPTED},
        operation_class=MovesMoney,
    )
    async def post_entry(
        self, request: ApiRequest, database: Database, poster: ledger.Poster, data: EntryIn, key: KeyHeader = None
    ) -> Response[EntryOut]:
        """Post an entry by hand, once for each ``Idempotency-Key``. Each error names its line (``lines.2.account``).

        Above the policy's limit a second person must agree: 202, and nothing is posted until then.
        """
        del key  # documented here, read with the body
        try:
            settled = await service.post_entry(
                database,
                poster,
                request.user.book_id,
                data.new(),
                today=await _today(request, database),
                actor=request.user.username,
                idempotency=await idempotency(request),
            )
        except NeedsApproval as need:
            return await _asked(request, database, need, data.new())
        return await _entry(request, database, settled)

    @get("/journal-entries/{number:int}", opt={"permission": Permission.READ_BOOKS}, responses=problems(401, 403, 404))
    async def get_entry(self, request: ApiRequest, database: Database, number: Number) -> EntryOut:
        """One entry with its lines, its seal, and what undid it."""
        async with database.reading(request.user.book_id) as connection:
            return EntryOut.of(await service.entry(connection, request.user.book_id, number))

    @post(
        "/journal-entries/{number:int}/reversals",
        opt={"permission": Permission.REVERSE},
        responses={**problems(400, 401, 403, 404, 409, 422, 503), **approvals.ACCEPTED},
        operation_class=MovesMoney,
    )
    async def reverse_entry(
        self,
        request: ApiRequest,
        database: Database,
        poster: ledger.Poster,
        number: Number,
        data: ReversalIn,
        key: KeyHeader = None,
    ) -> Response[EntryOut]:
        """Undo an entry by one that mirrors it. It may be undone once; the answer is the new entry.

        Where the policies want a second person for reversals: 202, and nothing is posted until they agree.
        """
        del key  # documented here, read with the body
        try:
            settled = await service.reverse_entry(
                database,
                poster,
                request.user.book_id,
                number,
                reason=data.reason,
                effective_date=data.date,
                today=await _today(request, database),
                actor=request.user.username,
                idempotency=await idempotency(request),
                of_reversal=data.of_reversal,
            )
        except NeedsApproval as need:
            return await _asked(request, database, need)
        return await _entry(request, database, settled)

    @post(
        "/journal-entries/bulk",
        opt={"permission": Permission.POST_JOURNAL},
        status_code=200,
        request_max_body_size=MOST_BULK_BYTES,
        operation_class=MovesMoney,
        responses={
            **problems(413, 415),
            422: ResponseSpec(
                BulkProblem,
                generate_examples=False,
                description="atomic: nothing was posted; a result for each entry says why.",
                media_type="application/problem+json",
            ),
        },
    )
    async def post_bulk(
        self, request: ApiRequest, database: Database, data: BulkIn, key: KeyHeader = None
    ) -> Response[BulkOut] | Response[BulkProblem]:
        """Post up to 1,000 entries, each with a key of its own within the request's; a result for each, in order.

        Independent: 200, whatever became of each. Atomic: 200 when all stand in the book, 422 when none does.
        """
        del key  # documented here, read with the body
        items = [
            service.BulkItem(one.key or str(position), one.new(f"entries.{position}."))
            for position, one in enumerate(data.entries)
        ]
        _check_keys(items)
        book_id = request.user.book_id
        request_key = (await idempotency(request)).key.removeprefix("api:")
        today = await _today(request, database)
        async with database.work(book_id) as work:
            answers = await service.post_many(
                work.connection,
                book_id,
                items,
                mode=data.mode,
                today=today,
                actor=request.user.username,
                request_key=request_key,
            )
            await work.commit()
        locale = request.user.locale
        results = [_item(answer, locale) for answer in answers]
        if data.mode == "atomic" and any(one.status == "refused" for one in results):
            return _bulk_refused(results, locale)
        replayed = all(one.status == "replayed" for one in results)
        return Response(BulkOut(results=results), headers=REPLAYED if replayed else {})


class PeriodController(Controller):
    """Months of the book: open, held, closed."""

    path = "/api/v1"
    tags = ("periods",)

    @get("/periods", opt={"permission": Permission.READ_BOOKS}, responses=problems(401, 403))
    async def list_periods(self, request: ApiRequest, database: Database) -> PeriodList:
        """The months with entries, and those whose state was set, latest first. A month that is not here is open."""
        async with database.reading(request.user.book_id) as connection:
            months = await service.months(connection, request.user.book_id)
        return PeriodList(items=[PeriodOut.of(month) for month in months])

    @put(
        "/periods/{month:str}", opt={"permission": Permission.CLOSE_PERIOD}, responses=problems(400, 401, 403, 409, 422)
    )
    async def set_period(self, request: ApiRequest, database: Database, month: str, data: PeriodIn) -> PeriodOut:
        """Hold, close or let go a month (``2026-11``). Months close in order; a closed one stays closed."""
        first, book_id = month_of(month), request.user.book_id
        today = await _today(request, database)
        async with database.work(book_id) as work:
            await service.set_month(
                work.connection, book_id, first, data.status, today=today, actor=request.user.username
            )
            found = await service.month(work.connection, book_id, first)
            await work.commit()
        return PeriodOut.of(found)

    @get("/periods/{month:str}/acts", opt={"permission": Permission.READ_BOOKS}, responses=problems(400, 401, 403))
    async def list_acts(self, request: ApiRequest, database: Database, month: str) -> PeriodActList:
        """What was done with a month, in order: who, when, and how far the book had come."""
        first = month_of(month)
        async with database.reading(request.user.book_id) as connection:
            acts = await ledger.period_acts(connection, request.user.book_id, first)
        return PeriodActList(items=[PeriodActOut.of(act) for act in acts])

    @post(
        "/periods/{month:str}/reopening-requests",
        opt={"permission": Permission.CLOSE_PERIOD},
        responses=problems(400, 401, 403, 409, 422),
    )
    async def request_reopening(
        self, request: ApiRequest, database: Database, month: str, data: ReopeningIn
    ) -> PeriodOut:
        """Ask that a closed month be opened again: the last closed one. It stays closed until somebody else agrees."""
        first, book_id = month_of(month), request.user.book_id
        async with database.work(book_id) as work:
            found = await service.request_reopening(
                work.connection, book_id, first, reason=data.reason, actor=request.user.username
            )
            await work.commit()
        return PeriodOut.of(found)

    @post(
        "/periods/{month:str}/reopenings",
        opt={"permission": Permission.CONFIRM_REOPEN},
        responses=problems(400, 401, 403, 409, 422),
    )
    async def confirm_reopening(self, request: ApiRequest, database: Database, month: str) -> PeriodOut:
        """Agree with who asked, as another person, and open the month again. Its close stays on record."""
        first, book_id = month_of(month), request.user.book_id
        async with database.work(book_id) as work:
            found = await service.confirm_reopening(work.connection, book_id, first, actor=request.user.username)
            await work.commit()
        return PeriodOut.of(found)


async def _today(request: ApiRequest, database: Database) -> date:
    async with database.directory() as connection:
        return (await cooperative_of(connection, request.user.book_id)).today(datetime.now(UTC))


async def _asked(
    request: ApiRequest, database: Database, need: NeedsApproval, new: service.NewEntry | None = None
) -> Response[Any]:
    """That a second person must agree."""
    book_id = request.user.book_id
    async with database.work(book_id) as work:
        asked = await service.ask(work.connection, book_id, need, new)
        await work.commit()
    return approvals.accepted(asked)


async def _entry(request: ApiRequest, database: Database, settled: Settled) -> Response[EntryOut]:
    async with database.reading(request.user.book_id) as connection:
        view = await service.entry(connection, request.user.book_id, settled.number)
    location = {"Location": f"/api/v1/journal-entries/{settled.number}"}
    return Response(EntryOut.of(view), status_code=201, headers=location | (REPLAYED if settled.replayed else {}))


def _check_keys(items: Sequence[service.BulkItem]) -> None:
    seen: set[str] = set()
    for position, item in enumerate(items):
        if item.key in seen:
            raise BadRequest(
                "duplicate-key",
                N_("Kunci ini sudah dipakai dalam permintaan yang sama."),
                field=f"entries.{position}.key",
            )
        seen.add(item.key)


def _item(answer: service.Answer, locale: str) -> ItemOut:
    if answer.settled is not None:
        status: Literal["posted", "replayed"] = "replayed" if answer.settled.replayed else "posted"
        return ItemOut(key=answer.key, status=status, number=answer.settled.number, problem=None)
    problem = _problem(answer.refusal, locale) if answer.refusal else None
    return ItemOut(key=answer.key, status="refused", number=None, problem=problem)


def _problem(refusal: Refusal, locale: str) -> ItemProblem:
    return ItemProblem(
        type=f"/problems/{refusal.code}",
        code=refusal.code,
        detail=refusal.text(locale),
        errors=[_field(error, locale) for error in refusal.errors],
    )


def _field(error: FieldError, locale: str) -> ProblemField:
    return ProblemField(field=error.field, code=error.code, message=error.text(locale))


def _bulk_refused(results: list[ItemOut], locale: str) -> Response[Any]:
    problem = BulkProblem(
        type="/problems/bulk-refused",
        title=translate(locale, N_("Tidak dapat dicatat")),
        status=422,
        detail=translate(locale, BULK_REFUSED),
        code="bulk-refused",
        errors=[],
        results=results,
    )
    return Response(problem, status_code=422, media_type="application/problem+json")


CONTROLLERS: list[type[Controller]] = [JournalController, PeriodController, *api_closing.CONTROLLERS]
