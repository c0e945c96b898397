"""The page on which a business day is closed, and the days that are."""

from datetime import UTC, datetime
from typing import Any

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.treasury import service
from koperasi.web import Form, Notice

PAGE = 31


class DayPages(Controller):
    """The close of the day."""

    include_in_schema = False

    @get("/tutup-hari", opt={"permission": Permission.READ_CASH})
    async def page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The list for the book's day, and the days that are closed."""
        return await _day_page(request, database, frame, Form({}, request.user.locale))

    @post("/tutup-hari", opt={"permission": Permission.MANAGE_CASH})
    async def close(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Close the day that the page showed, and open the next."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        day, next_day = form.date("day"), form.date("next_day")
        if form.ok and day and next_day:
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    await service.close_day(
                        work, cooperative, day, next_day, actor=identity.username, now=datetime.now(UTC)
                    )
                    await work.commit()
                return Redirect(f"/tutup-hari?ditutup={day.isoformat()}", status_code=303)
            except Refusal as refusal:
                if refusal.code == "day-unready":
                    form.error("", refusal.message)
                else:
                    form.add_refusal(refusal)
        return await _day_page(request, database, frame, form, status=422)

    @post("/bukti/nomor", opt={"permission": Permission.MANAGE_CASH})
    async def number(self, request: ApiRequest, database: Database) -> Redirect:
        """Give all entries that have none yet the number of their voucher."""
        async with database.work(request.user.book_id) as work:
            await service.assign(work)
            await work.commit()
        form = await request.form()
        return Redirect("/tutup-hari" if form.get("kembali") == "hari" else "/bukti", status_code=303)


async def _day_page(
    request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
) -> Response[str]:
    identity, book_id = request.user, request.user.book_id
    place = decode_cursor(request.query_params.get("sesudah"), "date")
    async with database.reading(book_id) as connection:
        state = await service.day_state(connection, await cooperative_of(connection, book_id), datetime.now(UTC))
        desks = await service.offices(connection, book_id)
        days, more = await service.closed_days(connection, book_id, before=place[0] if place else None, limit=PAGE)
    form.fill("next_day", state.proposed.isoformat())
    done = bool(request.query_params.get("ditutup")) and status < 400
    return await frame.page(
        request,
        "treasury/day.html",
        status=status,
        notices=[Notice("ok", translate(identity.locale, N_("Hari ditutup. Hari buku berikutnya sudah dimulai.")))]
        if done
        else [],
        form=form,
        state=state,
        desks=desks if len(desks) > 1 else [],
        days=days,
        may_close=identity.may(Permission.MANAGE_CASH),
        first_url="/tutup-hari" if place else "",
        next_url=f"/tutup-hari?sesudah={encode_cursor(days[-1].day)}" if more else "",
    )


CONTROLLERS: list[type[Controller]] = [DayPages]
