"""The admin's page for another role of a user."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.access import service
from koperasi.access.service_roles import STAFF_ROLES, NewRole, set_role
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.permissions import Permission, Role
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest
from koperasi.web.forms import Form


class RolePages(Controller):
    """Another role for somebody who works here."""

    path = "/pengguna/{user_id:int}/peran"
    include_in_schema = False
    opt = {"permission": Permission.MANAGE_USERS}  # noqa: RUF012 - Litestar's own name for it

    @get()
    async def ask(self, request: ApiRequest, database: Database, frame: Frame, user_id: int) -> Response[Any]:
        """The form."""
        return await _form(request, database, frame, user_id, Form(None, request.user.locale))

    @post(status_code=200)
    async def change(self, request: ApiRequest, database: Database, frame: Frame, user_id: int) -> Response[Any]:
        """Give the role, or ask a second person."""
        form = Form(await request.form(), request.user.locale)
        role = form.choice("role", [one.value for one in STAFF_ROLES])
        valid_until = form.date("valid_until", required=False)
        key = form.value("key") or str(uuid4())
        if form.ok and role:
            new = NewRole(user_id, Role(role), valid_until)
            try:
                async with database.work(request.user.book_id) as work:
                    asked = await set_role(
                        work,
                        new,
                        actor=request.user.username,
                        idempotency=Idempotency.of("web", key, "peran", user_id, role, valid_until),
                        now=datetime.now(UTC),
                    )
                    await work.commit()
            except Refusal as refusal:
                if refusal.status == 404:
                    raise
                form.add_refusal(refusal)
            else:
                to = f"/pengguna/{user_id}" if asked is None else f"/persetujuan/{asked.number}?baru=1"
                return Redirect(to, status_code=303)
        return await _form(request, database, frame, user_id, form, status=422)


async def _form(
    request: ApiRequest, database: Database, frame: Frame, user_id: int, form: Form, *, status: int = 200
) -> Response[str]:
    async with database.reading(request.user.book_id) as connection:
        user = await service.user_by_id(connection, request.user.book_id, user_id)
    return await frame.page(
        request,
        "access/role.html",
        status=status,
        form=form,
        user=user,
        roles=[role for role in STAFF_ROLES if role is not user.role],
        key=str(uuid4()),
    )


CONTROLLERS: list[type[Controller]] = [RolePages]
