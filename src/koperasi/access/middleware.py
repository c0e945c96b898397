"""Who makes a request, and whether the route is for them; the service doesn't start if a route names no permission."""

from datetime import UTC, datetime
from itertools import chain
from traceback import walk_tb
from typing import Any
from urllib.parse import quote

from litestar import Litestar, Request
from litestar._multipart import parse_multipart_form
from litestar._parsers import parse_url_encoded_form_data
from litestar.connection import ASGIConnection
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.exceptions import ClientException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.routes import HTTPRoute

from koperasi.access.api import CHANGE_FIRST, address_of, bearer_identity, tell_refused
from koperasi.access.pages import session_cookie_name, session_of
from koperasi.caller import CALLER, Caller
from koperasi.config import Settings
from koperasi.db import Database
from koperasi.errors import BadRequest, Forbidden, Unauthorised
from koperasi.frame import keep_cooperative
from koperasi.i18n import N_
from koperasi.permissions import Identity, Permission

API = "/api/"
ANONYMOUS = ("/static/", "/schema", "/health")
"""What is the same for everybody; nobody's cookie is looked at."""

LITESTARS_OWN = frozenset({"litestar._openapi.plugin", "litestar.routes.http"})
"""Handlers that name no permission because Litestar makes them, open to all: the API's description, and the answers
to OPTIONS.
"""


class LoginNeeded(Unauthorised):
    """A page needs somebody to log in; ``location`` is the log-in page that leads back to it."""

    def __init__(self, location: str) -> None:
        super().__init__("log-in-needed", N_("Silakan masuk dahulu."))
        self.location = location


CHANGE_PAGE = "/sandi"
"""The only page, besides ``PUBLIC`` ones, that is open to somebody whose password others know."""


ENROL_PAGE = "/kode-kedua"
"""The only pages, besides ``PUBLIC`` ones and the own password, for somebody whose role needs a second code."""

ENROL_FIRST = N_("Pasang dahulu kode kedua: kebijakan koperasi mewajibkannya bagi peran Anda.")


def _may_enrol(path: str) -> bool:
    return path in {CHANGE_PAGE, ENROL_PAGE} or path.startswith(ENROL_PAGE + "/")


class FormsForgotten(Request[Any, Any, Any]):
    """A request whose form is not kept: Litestar's parser remembers the last 1,024 forms, passwords among them."""

    async def form(self) -> FormMultiDict:
        """The form's fields.

        Raises:
            BadRequest: ``form``: parts of it are in no character set, or in one that nobody knows.
            RequestEntityTooLarge: more than the route takes.
        """
        try:
            # All of it first: what is too large, or breaks off, then leaves no half-written file behind.
            await self.body()
            return await super().form()
        except (UnicodeError, LookupError, ClientException) as error:
            await close_files(error)
            if isinstance(error, ClientException):
                raise
            raise BadRequest("form", N_("Isi formulir tidak terbaca.")) from error
        finally:
            parse_url_encoded_form_data.cache_clear()


async def close_files(error: BaseException) -> None:
    """Close the files that a form had brought when it turned out not to be one; Litestar closes those of some only."""
    for frame, _ in walk_tb(error.__traceback__):
        if frame.f_code is parse_multipart_form.__code__:
            parts = [frame.f_locals["data"], *chain.from_iterable(frame.f_locals["fields"].values())]
            for part in parts:
                if isinstance(part, UploadFile):
                    await part.close()


class Authentication(AbstractAuthenticationMiddleware):
    """Sets ``request.user`` to an ``Identity`` or None, and ``request.auth`` to the digest of what proved it.

    The API takes bearer tokens only, so no foreign page can use somebody's cookie on it; pages take the cookie only.
    """

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        """Look the token or the cookie up."""
        path: str = connection.scope["path"]
        database: Database = connection.app.state.database
        settings: Settings = connection.app.state.settings
        address = address_of(connection, settings)
        CALLER.set(Caller(address, None))
        found: tuple[Identity, bytes] | None = None
        if path.startswith(API):
            scheme, _, token = connection.headers.get("authorization", "").partition(" ")
            if scheme.lower() == "bearer":
                found = await bearer_identity(database, token.strip(), datetime.now(UTC))
        elif not path.startswith(ANONYMOUS):
            cookie = connection.cookies.get(session_cookie_name(settings))
            session = await session_of(database, cookie, datetime.now(UTC)) if cookie else None
            if session:
                recognised, digest = session
                found = recognised.identity, digest
                keep_cooperative(connection, recognised.cooperative)
        identity, token_hash = found or (None, None)
        if identity is not None:
            CALLER.set(Caller(address, identity.role))
        return AuthenticationResult(user=identity, auth=token_hash)


# A coroutine, since Litestar gives a plain guard a thread for each request.
async def permission_guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let in who may come in; a handler without a permission lets in nobody.

    Raises:
        Unauthorised: the API needs a token.
        LoginNeeded: the page needs somebody to log in.
        Forbidden: this person may not, or must change their password first (pages lead there).
    """
    permission = Permission.PUBLIC if is_litestars_own(handler) else handler.opt.get("permission")
    if permission == Permission.PUBLIC:
        return
    identity = connection.scope.get("user")
    if not isinstance(identity, Identity):
        path: str = connection.scope["path"]
        if path.startswith(API):
            raise Unauthorised("token-needed", N_("Perlu token yang berlaku."), headers={"WWW-Authenticate": "Bearer"})
        raise LoginNeeded(login_location(connection))
    if identity.must_change and connection.scope["path"] != CHANGE_PAGE:
        if connection.scope["path"].startswith(API):
            raise Forbidden("password-change-needed", CHANGE_FIRST)
        raise LoginNeeded(CHANGE_PAGE)
    if identity.must_enrol and not _may_enrol(connection.scope["path"]):
        if connection.scope["path"].startswith(API):
            raise Forbidden("second-code-needed", ENROL_FIRST)
        raise LoginNeeded(ENROL_PAGE)
    if not isinstance(permission, Permission) or not identity.may(permission):
        await tell_refused(connection, identity, str(permission))
        raise Forbidden("forbidden", N_("Anda tidak berwenang membuka ini."))


def login_location(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The log-in page; it leads back to the page wanted, if that is one that can be opened by its address."""
    path: str = connection.scope["path"]
    if connection.scope.get("method") != "GET" or path == "/":
        return "/masuk"
    query = connection.scope["query_string"].decode("latin-1")
    wanted = quote(path) + (f"?{query}" if query else "")
    return f"/masuk?next={quote(wanted, safe='')}"


def is_litestars_own(handler: BaseRouteHandler) -> bool:
    """Made by Litestar, not by us."""
    return getattr(handler.fn, "__module__", "") in LITESTARS_OWN


def check_every_route_names_a_permission(app: Litestar) -> None:
    """The service does not start with a route that names no permission.

    Raises:
        RuntimeError: names the routes.
    """
    unnamed = [
        f"{'/'.join(sorted(handler.http_methods))} {route.path}"
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if not is_litestars_own(handler) and not isinstance(handler.opt.get("permission"), Permission)
    ]
    if unnamed:
        raise RuntimeError("routes that name no permission: " + ", ".join(sorted(unnamed)))
