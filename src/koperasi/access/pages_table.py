"""The table of who may do what, as a page for everybody who works here."""

from litestar import Controller, Response, get

from koperasi.frame import Frame
from koperasi.permissions import GRANTS, PERMISSION_LABELS, ROLE_LABELS, Permission, Role
from koperasi.rest import ApiRequest


class AccessTable(Controller):
    """Who may do what."""

    include_in_schema = False

    @get("/hak-akses", opt={"permission": Permission.READ_ACCESS})
    async def table(self, request: ApiRequest, frame: Frame) -> Response[str]:
        """Each permission with the roles that have it; the reader's own are marked."""
        rows = [
            (label, [ROLE_LABELS[role] for role in Role if permission in GRANTS[role]], request.user.may(permission))
            for permission, label in PERMISSION_LABELS.items()
        ]
        return await frame.page(request, "access/table.html", rows=rows, own_role=request.user.role.label)


CONTROLLERS: list[type[Controller]] = [AccessTable]
