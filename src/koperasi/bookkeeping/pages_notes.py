"""The page on which a note is erased: for the keeper of users and settings, who sees no figures."""

from typing import Any

from litestar import Controller, Response, get, post
from litestar.response import Redirect

import ledger
from koperasi.bookkeeping import service, service_notes
from koperasi.bookkeeping.service_notes import REASON_LABELS, ErasureReason, NoteView
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest
from koperasi.web import Form, Notice


class NotePages(Controller):
    """Find a note, look at it, erase it."""

    include_in_schema = False

    @get("/hapus-keterangan", opt={"permission": Permission.ERASE_NOTE})
    async def page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Ask for an entry's number; then show its note."""
        form = Form(dict(request.query_params), request.user.locale)
        number = form.whole("nomor", least=1, most=10**12, required="nomor" in request.query_params)
        return await _form(request, database, frame, form, number)

    @post("/hapus-keterangan", opt={"permission": Permission.ERASE_NOTE}, status_code=200)
    async def erase(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Erase the note that was shown; a reason is chosen and a box ticked."""
        identity = request.user
        form = Form(dict(await request.form()), identity.locale)
        number = form.whole("nomor", least=1, most=10**12)
        reason = form.choice("alasan", list(ErasureReason))
        if not form.flag("yakin"):
            form.error("yakin", N_("Centang dahulu bahwa Anda yakin: keterangan tidak dapat dikembalikan."))
        if not form.ok or number is None or reason is None:
            return await _form(request, database, frame, form, number, status=422)
        try:
            async with database.work(identity.book_id) as work:
                await service_notes.erase(work, number, ErasureReason(reason), actor=identity.username)
                await work.commit()
        except Refusal as refusal:
            form.add_refusal(refusal)
            return await _form(request, database, frame, form, number, status=refusal.status)
        except ledger.UnknownEntryError:
            return await _form(request, database, frame, form, number, status=404)
        return Redirect(f"/hapus-keterangan?nomor={number}&selesai=1", status_code=303)


async def _form(
    request: ApiRequest, database: Database, frame: Frame, form: Form, number: int | None, *, status: int = 200
) -> Response[str]:
    note: NoteView | None = None
    if number is not None:
        try:
            async with database.reading(request.user.book_id) as connection:
                note = await service_notes.note_of(connection, request.user.book_id, number)
        except ledger.UnknownEntryError:
            form.error("nomor", N_("Jurnal dengan nomor ini tidak ada."))
    done = note is not None and note.erasure is not None and "selesai" in request.query_params
    said = translate(request.user.locale, N_("Keterangan dihapus. Angka dan segel jurnal tidak berubah."))
    return await frame.page(
        request,
        "bookkeeping/erase_note.html",
        status=status if form.ok or status != 200 else 422,
        notices=[Notice("ok", said)] if done else [],
        form=form,
        note=note,
        reasons=REASON_LABELS,
        kinds=service.KIND_LABELS,
    )


CONTROLLERS: list[type[Controller]] = [NotePages]
