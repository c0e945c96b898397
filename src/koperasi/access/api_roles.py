"""REST: another role for a user."""

from datetime import UTC, date, datetime
from typing import Annotated

from litestar import Controller, Response, put
from litestar.params import Parameter

from koperasi.access import service
from koperasi.access.service_roles import NewRole, set_role
from koperasi.approvals import service as approvals
from koperasi.db import Database
from koperasi.permissions import Permission, Role
from koperasi.rest import ApiRequest, BookDate, KeyHeader, Model, MovesMoney, Result, idempotency, problems

Name = Annotated[str, Parameter(max_length=40)]


class RoleIn(Model):
    """What a user is to be. ``valid_until``: the last day of the log-in, which an auditor must have."""

    role: Role
    valid_until: BookDate | None = None


class UserOut(Result):
    """Somebody who may log in."""

    username: str
    name: str
    role: Role
    active: bool
    valid_until: date | None


class RoleController(Controller):
    """Roles of users."""

    path = "/api/v1/users"
    tags = ("users",)

    @put(
        "/{name:str}/role",
        opt={"permission": Permission.MANAGE_USERS},
        responses={**problems(400, 401, 403, 404, 409, 422), **approvals.ACCEPTED},
        operation_class=MovesMoney,
    )
    async def set_role(
        self, request: ApiRequest, database: Database, name: Name, data: RoleIn, key: KeyHeader = None
    ) -> Response[UserOut]:
        """Give a user another role, nobody their own; 202 if a second person must agree. Sessions and tokens end."""
        del key  # documented here, read with the body
        identity = request.user
        async with database.work(identity.book_id) as work:
            user = await service.user_by_name(work.connection, identity.book_id, name)
            new = NewRole(user.user_id, data.role, data.valid_until)
            asked = await set_role(
                work,
                new,
                actor=identity.username,
                idempotency=await idempotency(request),
                now=datetime.now(UTC),
            )
            user = await service.user_by_id(work.connection, identity.book_id, user.user_id)
            await work.commit()
        if asked is not None:
            return approvals.accepted(asked)
        return Response(UserOut(**{name: getattr(user, name) for name in UserOut.model_fields}))


CONTROLLERS: list[type[Controller]] = [RoleController]
