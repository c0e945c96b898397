"""Pages of the year's closing: the years, and one of them line by line before it is closed."""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from koperasi.bookkeeping import service_closing as service
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest
from koperasi.web import Form, Notice

Year = Annotated[int, Parameter(ge=1901, le=2100)]

DONE = N_("Tahun ini ditutup; hasilnya berada dalam ekuitas.")


class YearPages(Controller):
    """Closing a year."""

    include_in_schema = False

    @get("/tutup-buku", opt={"permission": Permission.READ_BOOKS})
    async def list_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The years of the book, and which are closed."""
        async with database.reading(request.user.book_id) as connection:
            years = await service.years(connection, request.user.book_id)
        return await frame.page(request, "bookkeeping/years.html", years=years)

    @get("/tutup-buku/{year:int}", opt={"permission": Permission.READ_BOOKS})
    async def year_page(self, request: ApiRequest, database: Database, frame: Frame, year: Year) -> Response[str]:
        """What closing the year does, line by line; or what it did."""
        return await _year(request, database, frame, Form(locale=request.user.locale), year)

    @post("/tutup-buku/{year:int}", opt={"permission": Permission.CLOSE_PERIOD}, status_code=200)
    async def close_year(self, request: ApiRequest, database: Database, frame: Frame, year: Year) -> Response[Any]:
        """Close the year as it was shown. Sent again, it closes nothing twice."""
        identity = request.user
        form = Form(dict(await request.form()), identity.locale)
        seen = form.text("seen", required=True)
        if form.flag("warned") and not form.flag("sure"):
            form.error("sure", N_("Baca peringatan di atas, lalu centang bahwa Anda sudah memeriksanya."))
        if not form.ok:
            return await _year(request, database, frame, form, year, status=422)
        try:
            async with database.work(identity.book_id) as work:
                cooperative = await cooperative_of(work.connection, identity.book_id)
                await service.close_year(
                    work.connection,
                    cooperative,
                    year,
                    today=cooperative.today(datetime.now(UTC)),
                    actor=identity.username,
                    seen=seen,
                )
                await work.commit()
        except Refusal as refusal:
            form.add_refusal(refusal)
            return await _year(request, database, frame, form, year, status=refusal.status)
        return Redirect(f"/tutup-buku/{year}?selesai=1", status_code=303)


async def _year(
    request: ApiRequest, database: Database, frame: Frame, form: Form, year: int, *, status: int = 200
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        found = await service.year_closing(connection, cooperative, year, cooperative.today(datetime.now(UTC)))
    done = request.query_params.get("selesai") and found.entry
    days = {"from": found.first.isoformat(), "to": found.last.isoformat()}
    return await frame.page(
        request,
        "bookkeeping/year.html",
        status=status,
        notices=[Notice("ok", translate(identity.locale, DONE))] if done else [],
        form=form,
        closing=found,
        hurdles=[(one, one.text(identity.locale)) for one in found.hurdles],
        days=urlencode(days),
        may_close=identity.may(Permission.CLOSE_PERIOD),
        may_reverse=identity.may(Permission.REVERSE),
    )


CONTROLLERS: list[type[Controller]] = [YearPages]
