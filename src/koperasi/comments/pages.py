"""Pages of comments: written beside an entry, read all together, erased when a person asks to be forgotten."""

from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

import ledger
from koperasi.comments import service
from koperasi.db import Database
from koperasi.errors import NotFound, Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.web import Form, Notice

PAGE_SIZE = 50

Number = Annotated[int, Parameter(ge=1, le=2**53)]


class CommentPages(Controller):
    """What supervisors and auditors write of entries."""

    include_in_schema = False

    @get("/komentar", opt={"permission": Permission.READ_BOOKS})
    async def all(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Of all entries, the latest entries first."""
        book_id = request.user.book_id
        place = decode_cursor(request.query_params.get("before"), "int", "int")
        before = (place[0], place[1]) if place else None
        async with database.reading(book_id) as connection:
            found, more = await service.latest(connection, book_id, before=before, limit=PAGE_SIZE)
        last = encode_cursor(found[-1].entry_number, found[-1].number) if more else ""
        older = f"/komentar?{urlencode({'before': last})}" if last else ""
        return await frame.page(request, "comments/all.html", comments=found, older_url=older)

    @get("/jurnal/{number:int}/komentar", opt={"permission": Permission.COMMENT})
    async def ask(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[str]:
        """The form, with what was written before."""
        return await _form(request, database, frame, number, Form(None, request.user.locale))

    @post("/jurnal/{number:int}/komentar", opt={"permission": Permission.COMMENT}, status_code=200)
    async def write(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[Any]:
        """Write beside an entry."""
        form = Form(await request.form(), request.user.locale)
        words = form.lines("words", required=True, max_length=service.LONGEST)
        if not form.ok:
            return await _form(request, database, frame, number, form, status=422)
        try:
            async with database.work(request.user.book_id) as work:
                await service.write(work, number, words, actor=request.user.username)
                await work.commit()
        except Refusal as refusal:
            form.add_refusal(refusal)
            return await _form(request, database, frame, number, form, status=refusal.status)
        return Redirect(f"/jurnal/{number}#komentar", status_code=303)

    @get("/hapus-komentar", opt={"permission": Permission.ERASE_NOTE})
    async def find(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Ask for an entry's number; then show its comments."""
        form = Form(dict(request.query_params), request.user.locale)
        number = form.whole("nomor", least=1, most=10**12, required="nomor" in request.query_params)
        return await _erasing(request, database, frame, form, number)

    @post("/hapus-komentar", opt={"permission": Permission.ERASE_NOTE}, status_code=200)
    async def erase(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Erase one that was shown."""
        form = Form(await request.form(), request.user.locale)
        number, which = form.whole("nomor", least=1, most=10**12), form.whole("komentar", least=1)
        if not form.ok or number is None or which is None:
            return await _erasing(request, database, frame, form, number, status=422)
        try:
            async with database.work(request.user.book_id) as work:
                await service.erase(work, number, which, actor=request.user.username)
                await work.commit()
        except NotFound as refusal:
            form.error("", refusal.message)
            return await _erasing(request, database, frame, form, number, status=404)
        return Redirect(f"/hapus-komentar?nomor={number}&selesai=1", status_code=303)


async def _form(
    request: ApiRequest, database: Database, frame: Frame, number: int, form: Form, *, status: int = 200
) -> Response[str]:
    book_id = request.user.book_id
    async with database.reading(book_id) as connection:
        entry = await ledger.entry_by_number(connection, book_id, number)
        found = await service.comments_of(connection, book_id, number)
    return await frame.page(
        request,
        "comments/write.html",
        status=status,
        form=form,
        entry=entry,
        comments=found,
    )


async def _erasing(
    request: ApiRequest, database: Database, frame: Frame, form: Form, number: int | None, *, status: int = 200
) -> Response[str]:
    found = []
    if number is not None:
        async with database.reading(request.user.book_id) as connection:
            found = await service.comments_of(connection, request.user.book_id, number)
    done = request.query_params.get("selesai") == "1"
    said = translate(request.user.locale, N_("Komentar dihapus."))
    return await frame.page(
        request,
        "comments/erase.html",
        status=status,
        notices=[Notice("ok", said)] if done else [],
        form=form,
        number=number,
        comments=found,
    )


CONTROLLERS: list[type[Controller]] = [CommentPages]
