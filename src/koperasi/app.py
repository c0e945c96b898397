"""The application, put together: settings in, an ASGI app out. Nothing else composes, but the command line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Response, Router, get
from litestar.config.cors import CORSConfig
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, Contact, License, SecurityScheme, Tag
from litestar.response import Redirect
from litestar.static_files import create_static_files_router

import ledger
from koperasi import logs, problems
from koperasi.access import api as access_api
from koperasi.access import api_roles as access_api_roles
from koperasi.access import pages as access_pages
from koperasi.access import pages_own as access_own
from koperasi.access import pages_roles as access_roles
from koperasi.access import pages_second as access_second
from koperasi.access import pages_table as access_table
from koperasi.access import service_roles as roles
from koperasi.access.middleware import (
    Authentication,
    FormsForgotten,
    check_every_route_names_a_permission,
    permission_guard,
)
from koperasi.approvals import api as approvals_api
from koperasi.approvals import pages as approvals_pages
from koperasi.approvals import service as approvals
from koperasi.audit import api as audit_api
from koperasi.audit import pages as audit_pages
from koperasi.bookkeeping import api as bookkeeping_api
from koperasi.bookkeeping import api_notes
from koperasi.bookkeeping import pages as bookkeeping_pages
from koperasi.comments import api as comments_api
from koperasi.comments import pages as comments_pages
from koperasi.config import Settings
from koperasi.cooperatives import api as cooperatives_api
from koperasi.cooperatives import pages as cooperatives_pages
from koperasi.cooperatives import pages_read_only
from koperasi.cooperatives import service_asking as policies
from koperasi.cooperatives.service_read_only import ReadOnlyWatch
from koperasi.db import Database, make_engine
from koperasi.deposits import api as deposits_api
from koperasi.deposits import pages as deposits_pages
from koperasi.deposits import service as deposits
from koperasi.dues import api as dues_api
from koperasi.dues import pages as dues_pages
from koperasi.embedded import end_with_supervisor
from koperasi.frame import HOMES, Frame
from koperasi.groups import api as groups_api
from koperasi.groups import pages as groups_pages
from koperasi.imports import api as imports_api
from koperasi.imports import pages as imports_pages
from koperasi.members import api as members_api
from koperasi.members import pages as members_pages
from koperasi.members import pages_heirs as members_heirs
from koperasi.membership import api as membership_api
from koperasi.membership import api_consents as membership_api_consents
from koperasi.membership import pages as membership_pages
from koperasi.membership import pages_consents as membership_consents
from koperasi.membership import pages_exit as membership_exit
from koperasi.membership import pages_family as membership_family
from koperasi.membership import service as membership
from koperasi.paper import pages as paper_pages
from koperasi.permissions import Identity, Permission
from koperasi.privacy import api as privacy_api
from koperasi.privacy import pages as privacy_pages
from koperasi.privacy import service as privacy
from koperasi.process import collect_rarely
from koperasi.read_only import writing_guard
from koperasi.reports import api as reports_api
from koperasi.reports import (
    api_checkpoints,
    api_doctor,
    api_exports,
    pages_checkpoints,
    pages_doctor,
    pages_exports,
    pages_statements,
)
from koperasi.reports import pages as reports_pages
from koperasi.reports.service_doctor import Doctor
from koperasi.requests import api as requests_api
from koperasi.requests import pages as requests_pages
from koperasi.rest import check_body, problem
from koperasi.returns import api as returns_api
from koperasi.returns import pages as returns_pages
from koperasi.returns import pages_tax as returns_tax
from koperasi.returns import service as returns
from koperasi.savings import api as savings_api
from koperasi.savings import pages as savings_pages
from koperasi.savings import service_terms as savings_terms
from koperasi.simulations import api as simulations_api
from koperasi.simulations import pages as simulations_pages
from koperasi.treasury import api as treasury_api
from koperasi.treasury import pages as treasury_pages
from koperasi.treasury import pages_days, pages_offices, pages_petty, pages_vouchers
from koperasi.web.render import STATIC, Links, Pages
from koperasi.web.security import FilesClosed, csrf_secret, secure

VERSION = "0.1.0"

API = (
    access_api,
    access_api_roles,
    cooperatives_api,
    members_api,
    membership_api,
    membership_api_consents,
    requests_api,
    privacy_api,
    savings_api,
    deposits_api,
    dues_api,
    groups_api,
    bookkeeping_api,
    api_notes,
    comments_api,
    approvals_api,
    reports_api,
    api_exports,
    api_checkpoints,
    api_doctor,
    imports_api,
    audit_api,
    returns_api,
    simulations_api,
    treasury_api,
)
PAGES = (
    access_pages,
    cooperatives_pages,
    pages_read_only,
    members_pages,
    members_heirs,
    membership_pages,
    membership_exit,
    membership_family,
    membership_consents,
    privacy_pages,
    savings_pages,
    deposits_pages,
    paper_pages,
    dues_pages,
    requests_pages,
    groups_pages,
    bookkeeping_pages,
    comments_pages,
    approvals_pages,
    reports_pages,
    pages_exports,
    pages_statements,
    pages_checkpoints,
    pages_doctor,
    imports_pages,
    audit_pages,
    access_table,
    access_own,
    access_second,
    access_roles,
    returns_pages,
    returns_tax,
    simulations_pages,
    treasury_pages,
    pages_days,
    pages_vouchers,
    pages_offices,
    pages_petty,
)

UPLOADS = (imports_api, imports_pages)
"""The parts whose requests may bring a file; all others bring a form or a JSON document."""

AROUND_A_FILE = 64 * 1024
"""Bytes that an upload's other fields and its wrapping take beside the file."""


@get(
    "/health",
    opt={"permission": Permission.PUBLIC},
    tags=["service"],
    security=[{}],
    responses={503: problem(503)},
)
async def health(database: Database) -> dict[str, str]:
    """Is the service up, and does its database answer? 503 when it does not."""
    await database.ping()
    return {"status": "ok", "database": "ok", "version": VERSION}


@get("/", opt={"permission": Permission.SESSION}, include_in_schema=False)
async def home(request: Request[Identity, Any, Any]) -> Redirect:
    """Everybody's own first page."""
    return Redirect(HOMES[request.user.role], status_code=303)


@get("/favicon.ico", opt={"permission": Permission.PUBLIC}, include_in_schema=False)
async def favicon() -> Response[None]:
    """No icon; the answer may be kept."""
    return Response(None, status_code=204, headers={"Cache-Control": "public, max-age=86400"})


def create_app(settings: Settings | None = None, *, engine_url: str | None = None) -> Litestar:
    """The service for one process.

    Args:
        settings: from the environment if not given.
        engine_url: the application role's address, if not the settings' own.
    """
    settings = settings or Settings()
    url = engine_url or settings.database_url
    if url is None:
        raise RuntimeError("DATABASE_URL is not set; `koperasi serve` sets it for the embedded server")
    logs.configure()
    privacy.use(settings.keys_file)
    limits = ((False, settings.max_body_bytes), (True, settings.max_upload_bytes + AROUND_A_FILE))
    register_acts()
    pages = Pages(
        links=Links(
            home="/",
            search="/anggota",
            login="/masuk",
            logout="/keluar",
            language="/bahasa",
            password="/sandi",  # noqa: S106 - a page's address
        ),
    )

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        end_with_supervisor()
        database = Database(make_engine(url, pool_size=settings.pool_size))
        poster = ledger.Poster(database.engine, batch_limit=settings.batch_limit, queue_limit=settings.queue_limit)
        doctor = Doctor(database)
        frame = Frame(database, pages)
        app.state.update({"database": database, "poster": poster, "doctor": doctor, "frame": frame})
        app.state.update({"read_only": ReadOnlyWatch(database)})
        try:
            yield
        finally:
            await doctor.close()
            await poster.close()
            await database.close()

    app = Litestar(
        route_handlers=[
            health,
            home,
            favicon,
            *(
                Router(
                    "/",
                    route_handlers=[c for part in API if (part in UPLOADS) is large for c in part.CONTROLLERS],
                    before_request=check_body,
                    request_max_body_size=limit,
                )
                for large, limit in limits
            ),
            *(
                Router(
                    "/",
                    route_handlers=[c for part in PAGES if (part in UPLOADS) is large for c in part.CONTROLLERS],
                    include_in_schema=False,
                    request_max_body_size=limit,
                )
                for large, limit in limits
            ),
            create_static_files_router(
                path="/static",
                directories=[STATIC],
                cache_control=CacheControlHeader(public=True, max_age=31_536_000, immutable=True),
                opt={"permission": Permission.PUBLIC},
                include_in_schema=False,
            ),
        ],
        lifespan=[lifespan],
        request_class=FormsForgotten,
        state=State({"settings": settings}),
        dependencies={
            "database": Provide(_database, sync_to_thread=False),
            "poster": Provide(_poster, sync_to_thread=False),
            "doctor": Provide(_doctor, sync_to_thread=False),
            "frame": Provide(_frame, sync_to_thread=False),
            "settings": Provide(_settings, sync_to_thread=False),
        },
        guards=[permission_guard, writing_guard],
        middleware=[DefineMiddleware(Authentication)],
        csrf_config=CSRFConfig(
            secret=csrf_secret(settings),
            cookie_name="__Host-csrf" if settings.secure_cookies else "csrf",
            cookie_secure=settings.secure_cookies,
            cookie_httponly=True,
            cookie_samesite="lax",
            exclude=["^/api/", "^/schema", "^/static", "^/health"],
        ),
        cors_config=CORSConfig(allow_origins=[]),
        exception_handlers=problems.HANDLERS,
        logging_config=None,  # ours is structlog; Litestar's would log requests' contents
        before_send=[secure],
        request_max_body_size=settings.max_body_bytes,
        openapi_config=OpenAPIConfig(
            title="Koperasi",
            version=VERSION,
            description="Books of village cooperatives: members, savings, groups, the general journal and its proofs.",
            path="/schema",
            use_handler_docstrings=True,
            contact=Contact(name="Koperasi"),
            license=License(name="Apache-2.0", identifier="Apache-2.0"),
            render_plugins=[JsonRenderPlugin(path="/openapi.json"), YamlRenderPlugin(path="/openapi.yaml")],
            components=Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}),
            security=[{"bearer": []}],
            tags=[Tag(name="service", description="Is it up?")],
        ),
    )
    check_every_route_names_a_permission(app)
    # Around all else, the router too: a request that finds no route has its line as well.
    app.asgi_handler = logs.RequestLog(FilesClosed(app.asgi_handler))
    return app


def worker() -> Litestar:
    """The service as a process of its own runs it."""
    app = create_app()
    collect_rarely()
    return app


def _database(state: State) -> Database:
    database: Database = state.database
    return database


# Litestar resolves dependencies that stand side by side in a task each, and those in a row one after another. They only
# hand over what is there, so they stand in a row.
def _poster(state: State, database: Database) -> ledger.Poster:  # noqa: ARG001
    poster: ledger.Poster = state.poster
    return poster


def _doctor(state: State, settings: Settings) -> Doctor:  # noqa: ARG001
    doctor: Doctor = state.doctor
    return doctor


def _frame(state: State, poster: ledger.Poster) -> Frame:  # noqa: ARG001
    frame: Frame = state.frame
    return frame


def _settings(state: State, frame: Frame) -> Settings:  # noqa: ARG001
    settings: Settings = state.settings
    return settings


def register_acts() -> None:
    """Who carries out what a second person agrees to, besides posting an entry; by what the act is about."""
    approvals.register(approvals.Kind.RATE_CHANGE, savings_terms.carry_out, about=savings_terms.ABOUT)
    approvals.register(approvals.Kind.RATE_CHANGE, policies.carry_out, about=policies.ABOUT)
    approvals.register(approvals.Kind.RETURN_RUN, returns.carry_out)
    approvals.register(approvals.Kind.RATE_CHANGE, deposits.carry_out, about="deposit-terms")
    approvals.register(approvals.Kind.ROLE_CHANGE, roles.carry_out, about=roles.ABOUT)
    approvals.register(approvals.Kind.MEMBER_EXIT, membership.carry_out, about=membership.ABOUT)
