"""Imports over REST: upload, look, post, undo."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from litestar import Controller, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, Parameter

from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database
from koperasi.errors import BadRequest, Conflict
from koperasi.i18n import N_
from koperasi.imports import service
from koperasi.imports.batch import Batch, Options, Status
from koperasi.imports.model import Answers, SavingsKind
from koperasi.imports.wire import ImportList, ImportOut, ImportSummary, UndoIn, settled, summary, waiting
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import (
    KEY_PATTERN,
    ApiRequest,
    KeyHeader,
    MovesMoney,
    TakesKey,
    decode_cursor,
    encode_cursor,
    idempotency,
    problems,
)

MOST_EXCLUDED = 5000
EARLIEST, LATEST = date(1900, 1, 1), date(2100, 12, 31)


@dataclass
class ImportForm:
    """A file and what it brings. ``dry_run`` only reads and checks; ``exclude`` names lines to leave out."""

    file: UploadFile
    kind: Literal["members", "opening_savings", "opening_deposits", "opening_trial_balance"]
    dry_run: bool = False
    date_order: Literal["dmy", "mdy"] | None = None
    savings_kind: Literal["pokok", "wajib", "sukarela", "wadiah"] | None = None
    opening_date: date | None = None
    exclude: list[int] = field(default_factory=list)


async def _cooperative(database: Database, book_id: int) -> Cooperative:
    async with database.directory() as connection:
        return await cooperative_of(connection, book_id)


async def _batch(database: Database, book_id: int, number: int) -> Batch:
    async with database.reading(book_id) as connection:
        return await service.batch_of(connection, book_id, number)


def _answer(batch: Batch, locale: str, *, replayed: bool = False) -> Response[ImportOut]:
    headers = {"Location": f"/api/v1/imports/{batch.import_id}"}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(settled(batch, locale), status_code=201, headers=headers)


class ImportController(Controller):
    """A treasurer's spreadsheets, into the book and back."""

    path = "/api/v1"
    tags = ["imports"]  # noqa: RUF012 - Litestar's own attribute

    @post(
        "/imports",
        opt={"permission": Permission.IMPORT},
        responses=problems(400, 401, 403, 409, 413, 422),
        operation_class=TakesKey,
    )
    async def upload(
        self,
        request: ApiRequest,
        database: Database,
        data: Annotated[ImportForm, Body(media_type=RequestEncodingType.MULTI_PART)],
        key: KeyHeader = None,
    ) -> Response[ImportOut]:
        """Read and check a file; without ``dry_run``, post it too, all rows or none.

        Posting needs an ``Idempotency-Key``. A file with errors or open questions is refused with 422, each error
        naming its line; a dry run answers 201 and lists them.
        """
        del key  # documented here, read from the request
        identity, now = request.user, datetime.now(UTC)
        content = await data.file.read()
        options = _options(data)
        asked = None if data.dry_run else _request_key(request, data, content, options)
        cooperative = await _cooperative(database, identity.book_id)
        if asked and (known := await self._answered(database, identity.book_id, asked)):
            return _answer(known, identity.locale, replayed=True)
        found = await service.upload(
            database,
            cooperative,
            data=content,
            filename=data.file.filename,
            kind=data.kind,
            actor=identity.username,
            now=now,
            answers=options.answers,
            excluded_lines=options.excluded_lines,
            opening_on=options.opening_on,
            request_key=asked,
        )
        if data.dry_run:
            headers = {"Location": f"/api/v1/imports/{found.import_id}"}
            return Response(waiting(found, identity.locale), status_code=201, headers=headers)
        await service.post(database, cooperative, found.import_id, actor=identity.username, now=now)
        return _answer(await _batch(database, identity.book_id, found.import_id), identity.locale)

    @staticmethod
    async def _answered(database: Database, book_id: int, asked: Idempotency) -> Batch | None:
        """The import that the same request has posted before; one that was refused may be tried again."""
        async with database.reading(book_id) as connection:
            known = await service.answered_before(connection, book_id, asked)
        return known if known and known.status in {Status.POSTED, Status.UNDONE} else None

    @get("/imports", opt={"permission": Permission.IMPORT}, responses=problems(400, 401, 403))
    async def list_imports(
        self,
        request: ApiRequest,
        database: Database,
        cursor: Annotated[str | None, Parameter(max_length=1000)] = None,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
    ) -> ImportList:
        """List imports, the newest first."""
        before = decode_cursor(cursor, "int")
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            found = await service.list_imports(
                connection, book_id, before=before[0] if before else None, limit=limit + 1
            )
        return ImportList(
            items=[ImportSummary(**summary(batch)) for batch in found[:limit]],
            next_cursor=encode_cursor(found[limit - 1].import_id) if len(found) > limit else None,
        )

    @get("/imports/{number:int}", opt={"permission": Permission.IMPORT}, responses=problems(400, 401, 403, 404))
    async def get_import(self, request: ApiRequest, database: Database, number: int) -> ImportOut:
        """One import: while it waits, checked against the book as it is now; afterwards, what came of it."""
        identity = request.user
        batch = await _batch(database, identity.book_id, number)
        if batch.status in {Status.POSTED, Status.UNDONE} or batch.running:
            return settled(batch, identity.locale)
        cooperative = await _cooperative(database, identity.book_id)
        return waiting(await service.preview(database, cooperative, number, now=datetime.now(UTC)), identity.locale)

    @post(
        "/imports/{number:int}/post",
        opt={"permission": Permission.IMPORT},
        responses=problems(400, 401, 403, 404, 409, 422),
        operation_class=MovesMoney,
    )
    async def post_import(
        self,
        request: ApiRequest,
        database: Database,
        number: int,
        key: KeyHeader = None,
    ) -> Response[ImportOut]:
        """Post an import that was checked before; a repeated request gets the same answer."""
        del key
        await idempotency(request)  # an import is posted once whatever the key: it has to be there, as everywhere
        identity = request.user
        cooperative = await _cooperative(database, identity.book_id)
        try:
            await service.post(database, cooperative, number, actor=identity.username, now=datetime.now(UTC))
        except Conflict as refused:
            if refused.code == "import-posted":
                return _answer(await _batch(database, identity.book_id, number), identity.locale, replayed=True)
            raise
        return _answer(await _batch(database, identity.book_id, number), identity.locale)

    @post(
        "/imports/{number:int}/undo",
        opt={"permission": Permission.IMPORT},
        responses=problems(400, 401, 403, 404, 409, 422),
        operation_class=MovesMoney,
    )
    async def undo_import(
        self,
        request: ApiRequest,
        database: Database,
        number: int,
        data: UndoIn,
        key: KeyHeader = None,
    ) -> Response[ImportOut]:
        """Reverse every entry of an import; members stay. A repeated request gets the same answer."""
        del key
        await idempotency(request)
        identity = request.user
        batch = await _batch(database, identity.book_id, number)
        if batch.status is Status.UNDONE:
            return _answer(batch, identity.locale, replayed=True)
        cooperative = await _cooperative(database, identity.book_id)
        await service.undo(
            database, cooperative, number, actor=identity.username, reason=data.reason, now=datetime.now(UTC)
        )
        return _answer(await _batch(database, identity.book_id, number), identity.locale)


def _options(form: ImportForm) -> Options:
    if form.opening_date and not EARLIEST <= form.opening_date <= LATEST:
        raise BadRequest("opening-date", N_("Tanggal saldo awal tidak mungkin."), field="opening_date")
    if len(form.exclude) > MOST_EXCLUDED:
        raise BadRequest("exclude", N_("Terlalu banyak baris yang dikeluarkan."), field="exclude")
    kind = SavingsKind(form.savings_kind) if form.savings_kind else None
    return Options(Answers(form.date_order, kind), tuple(sorted(set(form.exclude))), form.opening_date)


def _request_key(request: ApiRequest, form: ImportForm, content: bytes, options: Options) -> Idempotency:
    """The key with a fingerprint of what was meant: a multipart body is never the same twice, and is read by now.

    Raises:
        BadRequest: ``idempotency-key``.
    """
    key = request.headers.get("idempotency-key", "")
    if not KEY_PATTERN.fullmatch(key):
        raise BadRequest(
            "idempotency-key",
            N_("Permintaan yang memindahkan uang memerlukan Idempotency-Key: 1 sampai 150 huruf atau angka."),
            field="Idempotency-Key",
        )
    return Idempotency.of("api", key, "imports", form.kind, content.hex(), options.stored())


CONTROLLERS: list[type[Controller]] = [ImportController]
