"""Pages: log in and out, the language, one's own password, and (for the admin) who may log in."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from koperasi.access import rules, service, service_log_in, service_own
from koperasi.access.api import address_of, recognise, recognise_in
from koperasi.access.service_roles import let_in
from koperasi.access.service_second import is_enrolled
from koperasi.access.service_second import remove as remove_second_factor
from koperasi.access.service_tokens import (
    Recognised,
    end_session,
    open_session,
    recognise_session,
    touch_session,
    verified,
)
from koperasi.approvals.service import Approval
from koperasi.config import Settings
from koperasi.cooperatives import service as cooperatives
from koperasi.db import Database
from koperasi.errors import Conflict, Refusal, TooManyRequests, Unauthorised
from koperasi.frame import Frame, locale_cookie_name, locale_of
from koperasi.i18n import LOCALES, N_
from koperasi.permissions import Identity, Permission, Role
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest
from koperasi.web.forms import Form

YEAR = 365 * 24 * 3600

Visit = Request[Identity | None, Any, Any]
"""A request to a page that nobody need be logged in for."""


def session_cookie_name(settings: Settings) -> str:
    """Behind TLS the name itself keeps other hosts and other paths from setting it."""
    return "__Host-koperasi_session" if settings.secure_cookies else "koperasi_session"


def session_cookie(settings: Settings, token: str | None) -> Cookie:
    """The cookie that holds a session, gone when the browser is closed; without a token, the one that clears it."""
    return Cookie(
        key=session_cookie_name(settings),
        value=token or "",
        path="/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
        max_age=None if token else 0,
    )


async def session_of(database: Database, token: str, now: datetime) -> tuple[Recognised, bytes] | None:
    """Whose session a cookie names, with the cooperative and the digest that names it; nothing if it opens nothing.

    The database is asked at each request, so that an ended session opens nothing from that moment on.
    """
    book_id = rules.book_of_session(token)
    if book_id is None:
        return None
    token_hash = rules.digest(token)
    async with database.work(book_id) as work:
        recognised = await recognise_session(work.connection, book_id, token_hash, now)
        if recognised is None:
            return None
        if recognised.due:
            await touch_session(work.connection, book_id, token_hash, now)
            await work.commit()
    return recognised, token_hash


class LogIn(Controller):
    """The way in and out."""

    include_in_schema = False

    @get("/masuk", opt={"permission": Permission.PUBLIC})
    async def ask(self, request: Visit, database: Database, frame: Frame) -> Response[Any]:
        """The log-in form; whoever is logged in goes on."""
        wanted = rules.local_path(request.query_params.get("next"))
        if request.user:
            return Redirect(wanted, status_code=303)
        return await self._form(request, database, frame, Form(None, locale_of(request)), wanted)

    @post("/masuk", opt={"permission": Permission.PUBLIC}, status_code=200)
    async def enter(self, request: Visit, database: Database, frame: Frame, settings: Settings) -> Response[Any]:
        """Log in; a session that the browser already had ends."""
        form = Form(await request.form(), locale_of(request))
        now, address = datetime.now(UTC), address_of(request, settings)
        wanted = rules.local_path(form.value("next"))
        async with database.directory() as connection:
            codes = [cooperative.code for cooperative in await cooperatives.all_cooperatives(connection)]
        code = codes[0] if len(codes) == 1 else form.choice("cooperative", codes)
        username = form.text("username", required=True, max_length=100)
        password = form.secret("password")
        status, headers = 422, {}
        if form.ok:
            try:
                identity = await recognise(
                    database,
                    cooperative_code=code or "",
                    username=username,
                    password=password,
                    address=address,
                    now=now,
                )
            except (Unauthorised, TooManyRequests) as refusal:
                form.error("", refusal.message, **refusal.params)
                if isinstance(refusal, TooManyRequests):
                    status, headers = refusal.status, refusal.headers
            else:
                await self._leave(request, database)
                async with database.work(identity.book_id) as work:
                    awaits = await is_enrolled(work.connection, work.book_id, identity.user_id)
                    token = await open_session(work.connection, identity, address=address, now=now, awaits_code=awaits)
                    await work.commit()
                onward = f"/masuk/kode?next={quote(wanted, safe='')}" if awaits else wanted
                return Redirect(onward, status_code=303, cookies=[session_cookie(settings, token)])
        return await self._form(request, database, frame, form, wanted, status=status, headers=headers)

    @post("/keluar", opt={"permission": Permission.PUBLIC}, status_code=200)
    async def leave(self, request: Visit, database: Database, settings: Settings) -> Response[Any]:
        """Log out: the session ends here and for every copy of the cookie."""
        await self._leave(request, database)
        return Redirect("/masuk", status_code=303, cookies=[session_cookie(settings, None)])

    @post("/bahasa", opt={"permission": Permission.PUBLIC}, status_code=200)
    async def language(self, request: Visit, database: Database, settings: Settings) -> Response[Any]:
        """Read in Indonesian or in English: kept for the user, and on this device for the log-in page."""
        form = Form(await request.form())
        back = "/masuk" if form.value("back") == "/masuk" else rules.local_path(form.value("back"))
        locale = form.choice("locale", LOCALES)
        if locale is None:
            return Redirect(back, status_code=303)
        if request.user:
            async with database.work(request.user.book_id) as work:
                await service.set_locale(work.connection, work.book_id, request.user.user_id, locale)
                await work.commit()
        cookie = Cookie(
            key=locale_cookie_name(settings),
            value=locale,
            path="/",
            secure=settings.secure_cookies,
            httponly=True,
            samesite="lax",
            max_age=YEAR,
        )
        return Redirect(back, status_code=303, cookies=[cookie])

    async def _leave(self, request: Visit, database: Database) -> None:
        if request.user:
            async with database.work(request.user.book_id) as work:
                await end_session(work.connection, work.book_id, request.auth, by=request.user)
                await work.commit()

    async def _form(
        self,
        request: Visit,
        database: Database,
        frame: Frame,
        form: Form,
        wanted: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Response[str]:
        async with database.directory() as connection:
            known = await cooperatives.all_cooperatives(connection)
        choices = [(cooperative.code, cooperative.name) for cooperative in known]
        return await frame.page(
            request, "access/login.html", status=status, headers=headers, form=form, choices=choices, wanted=wanted
        )


class OwnPassword(Controller):
    """Everybody changes their own password."""

    path = "/sandi"
    include_in_schema = False

    @get(opt={"permission": Permission.SESSION})
    async def ask(self, request: ApiRequest, frame: Frame) -> Response[Any]:
        """The form."""
        return await frame.page(request, "access/own_password.html", form=Form(None, request.user.locale))

    @post(opt={"permission": Permission.SESSION}, status_code=200)
    async def change(self, request: ApiRequest, database: Database, frame: Frame, settings: Settings) -> Response[Any]:
        """Another password for the one who knows the present one; all sessions end but a new one here."""
        form = Form(await request.form(), request.user.locale)
        identity, now, address = request.user, datetime.now(UTC), address_of(request, settings)
        present, wanted, again = form.secret("present"), form.secret("password"), form.secret("again")
        if form.ok and wanted != again:
            form.error("again", N_("Kedua kata sandi baru tidak sama."))
        if form.ok and wanted == present:
            form.error("password", N_("Kata sandi baru harus lain dari yang sekarang."))
        status, headers = 422, {}
        if form.ok:
            attempt = service_log_in.Attempt(
                book_id=identity.book_id, username=identity.username, password=present, address=address, now=now
            )
            try:
                await recognise_in(database, attempt)
                async with database.work(identity.book_id) as work:
                    # Before the trail is written to: log-ins take the two in this order.
                    await service_log_in.forgive(work.connection, identity, address, now)
                    await service.set_password(work.connection, work.book_id, identity.user_id, wanted)
                    token = await open_session(work.connection, identity, address=address, now=now)
                    await work.commit()
            except Unauthorised:
                form.error("present", N_("Kata sandi sekarang tidak cocok."))
            except TooManyRequests as refusal:
                form.add_refusal(refusal)
                status, headers = refusal.status, refusal.headers
            except Refusal as refusal:
                form.add_refusal(refusal)
            else:
                verified.forget_user(identity.book_id, identity.user_id)
                return Redirect("/", status_code=303, cookies=[session_cookie(settings, token)])
        return await frame.page(request, "access/own_password.html", status=status, headers=headers, form=form)


class Users(Controller):
    """Who may log in: the admin's pages. A password is generated, shown once, and known to nobody afterwards."""

    path = "/pengguna"
    include_in_schema = False

    @get(opt={"permission": Permission.MANAGE_USERS})
    async def all(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Everybody."""
        async with database.reading(request.user.book_id) as connection:
            users = await service.list_users(connection, request.user.book_id)
        return await frame.page(request, "access/users.html", users=users)

    @get("/baru", opt={"permission": Permission.MANAGE_USERS})
    async def ask(self, request: ApiRequest, frame: Frame) -> Response[Any]:
        """The form for a new user."""
        return await frame.page(request, "access/new_user.html", form=Form(None, request.user.locale), roles=list(Role))

    @post("/baru", opt={"permission": Permission.MANAGE_USERS}, status_code=200)
    async def create(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """A new user; the answer shows the password."""
        form = Form(await request.form(), request.user.locale)
        name = form.text("name", required=True, max_length=120)
        role = form.choice("role", [role.value for role in Role])
        member_number = form.text("member_number", required=role == Role.ANGGOTA, max_length=40) or None
        username = form.text("username", required=role != Role.ANGGOTA, max_length=40) or member_number or ""
        valid_until = form.date("valid_until", required=role == Role.AUDITOR)
        if form.ok and role:
            password = service.new_password(Role(role))
            try:
                async with database.work(request.user.book_id) as work:
                    user_id = await service.create_user(
                        work.connection,
                        work.book_id,
                        username=username,
                        name=name,
                        role=Role(role),
                        password=password,
                        member_number=member_number,
                        valid_until=valid_until,
                        must_change=True,
                        by=request.user.username,
                    )
                    asked = await let_in(
                        work,
                        user_id,
                        actor=request.user.username,
                        idempotency=Idempotency.of("web", str(uuid4()), "pengguna", user_id),
                        now=datetime.now(UTC),
                        just_made=True,
                    )
                    user = await service.user_by_id(work.connection, work.book_id, user_id)
                    await work.commit()
            except (Refusal, Conflict) as refusal:
                form.add_refusal(refusal)
            else:
                return await self._shown_once(request, frame, user, password, asked)
        return await frame.page(request, "access/new_user.html", status=422, form=form, roles=list(Role))

    @get("/{user_id:int}", opt={"permission": Permission.MANAGE_USERS})
    async def one(self, request: ApiRequest, database: Database, frame: Frame, user_id: int) -> Response[Any]:
        """One user, and what can be done about them."""
        async with database.reading(request.user.book_id) as connection:
            user = await service.user_by_id(connection, request.user.book_id, user_id)
        return await frame.page(request, "access/user.html", user=user)

    @post("/{user_id:int}/sandi", opt={"permission": Permission.MANAGE_USERS}, status_code=200)
    async def reset(self, request: ApiRequest, database: Database, frame: Frame, user_id: int) -> Response[Any]:
        """Another password for somebody who lost theirs; the answer shows it. All their sessions end."""
        async with database.work(request.user.book_id) as work:
            user = await service.user_by_id(work.connection, work.book_id, user_id)
            password = service.new_password(user.role)
            await service.set_password(work.connection, work.book_id, user_id, password, reset_by=request.user.username)
            await work.commit()
        verified.forget_user(request.user.book_id, user_id)
        return await self._shown_once(request, frame, user, password)

    @post("/{user_id:int}/kode", opt={"permission": Permission.MANAGE_USERS}, status_code=200)
    async def remove_second(self, request: ApiRequest, database: Database, user_id: int) -> Response[Any]:
        """Ask for no code any more: the user's phone is lost, and the paper with it."""
        async with database.work(request.user.book_id) as work:
            await remove_second_factor(work.connection, work.book_id, user_id, by=request.user.username)
            await work.commit()
        return Redirect(f"/pengguna/{user_id}", status_code=303)

    @post("/{user_id:int}/keluarkan", opt={"permission": Permission.MANAGE_USERS}, status_code=200)
    async def log_out(self, request: ApiRequest, database: Database, user_id: int) -> Response[Any]:
        """Log somebody out of all devices: one was lost, or another sits at it. The password stays."""
        async with database.work(request.user.book_id) as work:
            await service_own.log_out_other(work.connection, work.book_id, user_id, by=request.user.username)
            await work.commit()
        verified.forget_user(request.user.book_id, user_id)
        return Redirect(f"/pengguna/{user_id}", status_code=303)

    @post("/{user_id:int}/aktif", opt={"permission": Permission.MANAGE_USERS}, status_code=200)
    async def switch(self, request: ApiRequest, database: Database, user_id: int) -> Response[Any]:
        """Keep a user out, or let them in again."""
        form = Form(await request.form())
        wanted = form.choice("active", ("1", "0"))
        async with database.work(request.user.book_id) as work:
            asked = None
            if wanted == "1":
                asked = await let_in(
                    work,
                    user_id,
                    actor=request.user.username,
                    idempotency=Idempotency.of("web", str(uuid4()), "pengguna", user_id),
                    now=datetime.now(UTC),
                )
            elif wanted == "0":
                await service.deactivate(
                    work.connection, work.book_id, user_id, actor_id=request.user.user_id, by=request.user.username
                )
            await work.commit()
        if wanted == "0":
            verified.forget_user(request.user.book_id, user_id)
        to = f"/pengguna/{user_id}" if asked is None else f"/persetujuan/{asked.number}?baru=1"
        return Redirect(to, status_code=303)

    async def _shown_once(
        self,
        request: ApiRequest,
        frame: Frame,
        user: service.User,
        password: str,
        asked: Approval | None = None,
    ) -> Response[str]:
        return await frame.page(request, "access/password_once.html", user=user, password=password, asked=asked)


CONTROLLERS: list[type[Controller]] = [LogIn, OwnPassword, Users]
