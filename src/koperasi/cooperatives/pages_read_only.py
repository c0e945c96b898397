"""Page of the admin: begin and end the cooperative's read-only mode."""

from datetime import UTC, datetime
from typing import Any

from litestar import Controller, Response, get, post
from litestar.datastructures import State
from litestar.response import Redirect

from koperasi.cooperatives import service
from koperasi.cooperatives.service_read_only import ReadOnlyWatch, switch_cooperative
from koperasi.db import Database
from koperasi.frame import Frame
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest
from koperasi.web.forms import Form


class ReadOnly(Controller):
    """For an audit: everybody looks, nobody records."""

    path = "/hanya-baca"
    include_in_schema = False
    opt = {"permission": Permission.MANAGE_COOPERATIVE}  # noqa: RUF012 - Litestar's own name for it

    @get()
    async def show(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Whether the mode is on, what it does, and the button that changes it."""
        return await self._page(request, database, frame, Form(None, request.user.locale), 200)

    @post(status_code=200)
    async def switch(self, request: ApiRequest, database: Database, frame: Frame, state: State) -> Response[Any]:
        """Begin or end it."""
        form = Form(await request.form(), request.user.locale)
        wanted = form.choice("mode", ("on", "off"))
        if wanted is None:
            return await self._page(request, database, frame, form, 422)
        async with database.work(request.user.book_id) as work:
            await switch_cooperative(work, on=wanted == "on", actor=request.user.username)
            await work.commit()
        watch: ReadOnlyWatch = state.read_only
        watch.forget()
        return Redirect("/hanya-baca", status_code=303)

    async def _page(
        self, request: ApiRequest, database: Database, frame: Frame, form: Form, status: int
    ) -> Response[Any]:
        async with database.directory() as connection:
            own = await service.cooperative_of(connection, request.user.book_id)
        return await frame.page(
            request, "cooperatives/read_only.html", status=status, form=form, own=own, now=datetime.now(UTC)
        )


CONTROLLERS: list[type[Controller]] = [ReadOnly]
