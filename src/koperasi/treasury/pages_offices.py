"""The page of offices: those that there are, another one opened, one closed."""

from datetime import UTC, datetime
from typing import Any

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import NotFound, Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest
from koperasi.treasury import service
from koperasi.web import Form, Notice

DONE = {
    "buka": N_("Kantor dibuka. Teller memilihnya saat membuka sesi kas."),
    "tutup": N_("Kantor ditutup. Bukti kasnya tetap bernomor seperti semula."),
}


class OfficePages(Controller):
    """Offices of the cooperative."""

    include_in_schema = False

    @get("/kantor", opt={"permission": Permission.MANAGE_COOPERATIVE})
    async def page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """All offices, and a form for another."""
        return await _page(request, database, frame, Form({}, request.user.locale))

    @post("/kantor", opt={"permission": Permission.MANAGE_COOPERATIVE})
    async def open(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Open another office; its code can't be used twice, so sent again it is refused and nothing more happens."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        code, name = form.text("code", required=True, max_length=20), form.text("name", required=True)
        if form.ok:
            try:
                async with database.work(identity.book_id) as work:
                    today = (await cooperative_of(work.connection, identity.book_id)).today(datetime.now(UTC))
                    await service.open_office(work, code, name, today=today, actor=identity.username)
                    await work.commit()
                return Redirect("/kantor?selesai=buka", status_code=303)
            except Refusal as refusal:
                form.add_refusal(refusal)
        return await _page(request, database, frame, form, status=422)

    @post("/kantor/{code:str}/tutup", opt={"permission": Permission.MANAGE_COOPERATIVE})
    async def close(self, request: ApiRequest, database: Database, frame: Frame, code: str) -> Response[Any]:
        """Close one for good."""
        identity = request.user
        form = Form({}, identity.locale)
        try:
            async with database.work(identity.book_id) as work:
                today = (await cooperative_of(work.connection, identity.book_id)).today(datetime.now(UTC))
                await service.close_office(work, code, today=today, actor=identity.username)
                await work.commit()
            return Redirect("/kantor?selesai=tutup", status_code=303)
        except NotFound:
            raise
        except Refusal as refusal:
            form.error("", refusal.message, **refusal.params)
        return await _page(request, database, frame, form, status=422)


async def _page(
    request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        desks = await service.offices(connection, identity.book_id)
    done = DONE.get(request.query_params.get("selesai", "")) if status < 400 else None
    for name in ("code", "name"):
        form.set(name, "")
    return await frame.page(
        request,
        "treasury/offices.html",
        status=status,
        notices=[Notice("ok", translate(identity.locale, done))] if done else [],
        form=form,
        desks=desks,
    )


CONTROLLERS: list[type[Controller]] = [OfficePages]
