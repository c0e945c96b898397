"""Pages of what one has open: one's sessions on all devices, and the tokens of one's programs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.access import rules, service_log_in, service_own
from koperasi.access.api import address_of, check_second, recognise_in
from koperasi.access.pages import session_cookie
from koperasi.access.service_tokens import issue_token, revoke_token, verified
from koperasi.config import Settings
from koperasi.db import Database
from koperasi.errors import Refusal, Unauthorised
from koperasi.frame import Frame
from koperasi.i18n import N_
from koperasi.permissions import GRANTS, PERMISSION_LABELS, Permission
from koperasi.rest import ApiRequest
from koperasi.web.forms import Form

TOKEN_DAYS = (("30", N_("30 hari")), ("90", N_("90 hari")), ("365", N_("1 tahun")))


class OwnSessions(Controller):
    """One's sessions."""

    path = "/sesi"
    include_in_schema = False

    @get(opt={"permission": Permission.SESSION})
    async def all(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The devices that are logged in."""
        async with database.reading(request.user.book_id) as connection:
            found = await service_own.sessions_of(connection, request.user, datetime.now(UTC))
        return await frame.page(request, "access/sessions.html", sessions=found, own=request.auth)

    @post("/akhiri", opt={"permission": Permission.SESSION}, status_code=200)
    async def end(self, request: ApiRequest, database: Database) -> Redirect:
        """Log one device out."""
        form = Form(await request.form())
        async with database.work(request.user.book_id) as work:
            await service_own.end_one(work.connection, request.user, form.text("session"))
            await work.commit()
        return Redirect("/sesi", status_code=303)

    @post("/semua", opt={"permission": Permission.SESSION}, status_code=200)
    async def end_all(self, request: ApiRequest, database: Database, settings: Settings) -> Redirect:
        """Log all devices out, this one too; all tokens end as well."""
        async with database.work(request.user.book_id) as work:
            await service_own.log_out_everywhere(work.connection, request.user)
            await work.commit()
        verified.forget_user(request.user.book_id, request.user.user_id)
        return Redirect("/masuk", status_code=303, cookies=[session_cookie(settings, None)])


class OwnTokens(Controller):
    """Tokens of one's programs, for everybody who works here."""

    path = "/token"
    include_in_schema = False

    @get(opt={"permission": Permission.READ_ACCESS})
    async def all(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Those that open something, and the form for another."""
        return await self._page(request, database, frame, Form({"days": "30"}, request.user.locale))

    @post(opt={"permission": Permission.READ_ACCESS}, status_code=200)
    async def make(self, request: ApiRequest, database: Database, frame: Frame, settings: Settings) -> Response[Any]:
        """Another token, for whoever knows the password; the answer shows it, this once."""
        form = Form(await request.form(), request.user.locale)
        identity, now, address = request.user, datetime.now(UTC), address_of(request, settings)
        label, days = form.text("label", required=True, max_length=60), form.choice("days", dict(TOKEN_DAYS))
        scope = frozenset(one for one in GRANTS[identity.role] if form.flag(f"may-{one}"))
        if not scope:
            form.error("", N_("Pilih paling sedikit satu hal yang boleh dilakukan token ini."))
        password, code = form.secret("password"), form.secret("code", required=False)
        status = 422
        if form.ok and days:
            try:
                attempt = service_log_in.Attempt(identity.book_id, identity.username, password, address, now)
                await recognise_in(database, attempt)
                await check_second(database, identity, code, address, now)
                async with database.work(identity.book_id) as work:
                    token, expires_at = await issue_token(
                        work.connection,
                        identity,
                        label=label,
                        address=address,
                        now=now,
                        scope=scope,
                        life=timedelta(days=int(days)),
                    )
                    await work.commit()
                return await frame.page(
                    request, "access/token_once.html", token=token, label=label, expires_at=expires_at
                )
            except Unauthorised:
                form.error("password", N_("Kata sandi atau kode tidak cocok."))
            except Refusal as refusal:
                form.add_refusal(refusal)
                status = refusal.status
        return await self._page(request, database, frame, form, status=status)

    @post("/cabut", opt={"permission": Permission.READ_ACCESS}, status_code=200)
    async def revoke(self, request: ApiRequest, database: Database) -> Redirect:
        """End one of one's own tokens."""
        form = Form(await request.form())
        now = datetime.now(UTC)
        async with database.work(request.user.book_id) as work:
            known = await service_own.tokens_of(work.connection, request.user, now)
            chosen = next((one for one in known if one.name == form.text("token")), None)
            if chosen is not None:
                await revoke_token(work.connection, work.book_id, chosen.token_hash, now, by=request.user)
                await work.commit()
        if chosen is not None:
            verified.forget(chosen.token_hash)
        return Redirect("/token", status_code=303)

    async def _page(
        self, request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
    ) -> Response[str]:
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            found = await service_own.tokens_of(connection, identity, datetime.now(UTC))
        grants = GRANTS[identity.role]
        return await frame.page(
            request,
            "access/tokens.html",
            status=status,
            form=form,
            tokens=found,
            choices=[(one, label) for one, label in PERMISSION_LABELS.items() if one in grants],
            labels={one.value: label for one, label in PERMISSION_LABELS.items()},
            days=TOKEN_DAYS,
            longest=rules.LONGEST_PASSWORD,
        )


CONTROLLERS: list[type[Controller]] = [OwnSessions, OwnTokens]
