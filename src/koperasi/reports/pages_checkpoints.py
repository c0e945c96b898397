"""Pages of signed checkpoints: the list, one on a sheet of paper, and a code from paper held against the book."""

from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from koperasi.access import service as access
from koperasi.config import Settings
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.i18n import translate
from koperasi.permissions import Permission
from koperasi.reports import service_checkpoints as service
from koperasi.reports.checkpoints import installation_key
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.web import Form, Notice

PAGE_SIZE = 50
FIELDS = {"code": "kode", "number": "nomor"}

Number = Annotated[int, Parameter(ge=1, le=2**53)]


class CheckpointPages(Controller):
    """What an auditor takes home, and comes back with."""

    include_in_schema = False

    @get("/titik-periksa", opt={"permission": Permission.READ_BOOKS})
    async def list_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """What was issued, and the form to check a code."""
        return await _list(request, database, frame)

    @post("/titik-periksa", opt={"permission": Permission.ISSUE_CHECKPOINT}, status_code=200)
    async def issue(self, request: ApiRequest, database: Database, frame: Frame, settings: Settings) -> Response[Any]:
        """Sign the book's last entry and show the sheet."""
        identity = request.user
        key = installation_key(settings.data_dir)
        try:
            async with database.work(identity.book_id) as work:
                made = await service.issue(work, key, actor=identity.username, now=datetime.now(UTC))
                await work.commit()
        except Refusal as refusal:
            notices = [Notice("error", translate(identity.locale, refusal.message, **refusal.params))]
            return await _list(request, database, frame, notices=notices, status=refusal.status)
        return Redirect(f"/titik-periksa/{made.number}", status_code=303)

    @get("/titik-periksa/{number:int}", opt={"permission": Permission.READ_BOOKS})
    async def sheet(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[str]:
        """One checkpoint on a sheet of paper."""
        async with database.reading(request.user.book_id) as connection:
            issued = await service.issued_one(connection, request.user.book_id, number)
            asked_by = await access.name_of(connection, request.user.book_id, issued.asked_by)
        return await frame.page(
            request,
            "reports/checkpoint.html",
            issued=issued,
            asked_by=asked_by,
            qr=issued.signed.symbol().svg_data_uri(border=2, dark="#000", light="#fff", omitsize=True),
        )

    @get("/titik-periksa/cek", opt={"permission": Permission.READ_BOOKS})
    async def check(self, request: ApiRequest, database: Database, frame: Frame, settings: Settings) -> Response[str]:
        """Whether the book still holds what a code from paper says."""
        book_id = request.user.book_id
        form = Form(dict(request.query_params), request.user.locale)
        if not request.query_params:  # come by its address, not by the form: nothing is wrong yet
            return await frame.page(request, "reports/checkpoint_check.html", form=form, found=None)
        code = form.text("kode", required=True, max_length=1000)
        number = form.whole("nomor", least=1, most=10**12, required=False)
        found = None
        if form.ok:
            key = installation_key(settings.data_dir).public_key()
            try:
                async with database.reading(book_id) as connection:
                    found = await service.check(connection, book_id, code, number, key)
            except Refusal as refusal:
                form.add_refusal(refusal, FIELDS)
        return await frame.page(
            request, "reports/checkpoint_check.html", status=200 if form.ok else 422, form=form, found=found
        )


async def _list(
    request: ApiRequest, database: Database, frame: Frame, *, notices: list[Notice] | None = None, status: int = 200
) -> Response[str]:
    before = decode_cursor(request.query_params.get("before"), "int")
    async with database.reading(request.user.book_id) as connection:
        found, more = await service.issued(
            connection, request.user.book_id, before=before[0] if before else None, limit=PAGE_SIZE
        )
    return await frame.page(
        request,
        "reports/checkpoints.html",
        status=status,
        notices=notices or [],
        form=Form(locale=request.user.locale),
        issued=found,
        newest_url="/titik-periksa" if before else "",
        older_url=f"/titik-periksa?before={encode_cursor(found[-1].number)}" if more else "",
        may_issue=request.user.may(Permission.ISSUE_CHECKPOINT),
    )


CONTROLLERS: list[type[Controller]] = [CheckpointPages]
