"""Pages of the second factor: asked for at the log-in, set up by its user, used up and renewed."""

from datetime import UTC, datetime
from typing import Any

import segno
from litestar import Controller, Request, Response, get, post
from litestar.response import Redirect

from koperasi.access import rules, service_log_in
from koperasi.access import rules_second as codes
from koperasi.access import service_second as second
from koperasi.access.api import address_of, recognise_in
from koperasi.access.pages import Visit, session_cookie, session_cookie_name
from koperasi.access.service_tokens import end_session, open_session, recognise_session
from koperasi.audit.service import Action
from koperasi.config import Settings
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Conflict, Refusal, TooManyRequests, Unauthorised
from koperasi.frame import Frame, locale_of
from koperasi.i18n import N_
from koperasi.permissions import Identity, Permission
from koperasi.rest import ApiRequest
from koperasi.web.forms import Form

WRONG_PASSWORD = N_("Kata sandi sekarang tidak cocok.")


class SecondStep(Controller):
    """The password fitted; now the code."""

    path = "/masuk/kode"
    include_in_schema = False

    @get(opt={"permission": Permission.PUBLIC})
    async def ask(self, request: Visit, database: Database, frame: Frame, settings: Settings) -> Response[Any]:
        """The form; whoever waits for no code goes to the log-in."""
        wanted = rules.local_path(request.query_params.get("next"))
        if await _waiting(request, database, settings) is None:
            return Redirect("/masuk", status_code=303)
        return await frame.page(request, "access/code.html", form=Form(None, locale_of(request)), wanted=wanted)

    @post(opt={"permission": Permission.PUBLIC}, status_code=200)
    async def enter(self, request: Visit, database: Database, frame: Frame, settings: Settings) -> Response[Any]:
        """Log in with the code; another cookie takes the place of the one that waited."""
        form = Form(await request.form(), locale_of(request))
        wanted = rules.local_path(form.value("next"))
        found = await _waiting(request, database, settings)
        if found is None:
            return Redirect("/masuk", status_code=303)
        identity, token_hash = found
        now, address = datetime.now(UTC), address_of(request, settings)
        status, headers = 422, {}
        action = None
        typed = form.secret("code")
        if form.ok:
            try:
                action = await _try(database, identity, typed, address, now)
            except TooManyRequests as refusal:
                form.error("", refusal.message, **refusal.params)
                status, headers = refusal.status, refusal.headers
        if action is None:
            if form.ok:
                form.error("code", second.WRONG_CODE)
            return await frame.page(
                request, "access/code.html", status=status, headers=headers, form=form, wanted=wanted
            )
        async with database.work(identity.book_id) as work:
            await end_session(work.connection, work.book_id, token_hash)
            token = await open_session(work.connection, identity, address=address, now=now)
            if action is Action.RECOVERY_USED:
                await second.record_recovery(work.connection, identity)
            await work.commit()
        return Redirect(wanted, status_code=303, cookies=[session_cookie(settings, token)])


class OwnSecond(Controller):
    """One's own second factor: for everybody who works here."""

    path = "/kode-kedua"
    include_in_schema = False

    @get(opt={"permission": Permission.READ_ACCESS})
    async def show(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Whether it is set up, and what can be done."""
        return await self._page(request, database, frame, Form(None, request.user.locale))

    @post(opt={"permission": Permission.READ_ACCESS}, status_code=200)
    async def begin(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Show the secret, as a symbol and in letters."""
        return await self._enrolment(request, database, frame, Form(None, request.user.locale))

    @post("/pasang", opt={"permission": Permission.READ_ACCESS}, status_code=200)
    async def confirm(self, request: ApiRequest, database: Database, frame: Frame, settings: Settings) -> Response[Any]:
        """The phone shows a code that fits; whoever sits here knows the password. Shows the recovery codes."""
        form = Form(await request.form(), request.user.locale)
        identity, now = request.user, datetime.now(UTC)
        password, typed = form.secret("password"), form.text("code", required=True, max_length=40)
        status = 422
        if form.ok:
            try:
                attempt = service_log_in.Attempt(
                    identity.book_id, identity.username, password, address_of(request, settings), now
                )
                await recognise_in(database, attempt)
                async with database.work(identity.book_id) as work:
                    await service_log_in.forgive(work.connection, identity, attempt.address, now)
                    shown = await second.confirm(work.connection, identity, typed, now)
                    await work.commit()
                return await frame.page(request, "access/recovery_codes.html", codes=shown)
            except Unauthorised:
                form.error("password", WRONG_PASSWORD)
            except Conflict:
                return Redirect("/kode-kedua", status_code=303)
            except Refusal as refusal:
                form.add_refusal(refusal)
                status = refusal.status
        return await self._enrolment(request, database, frame, form, status=status)

    @post("/cadangan", opt={"permission": Permission.READ_ACCESS}, status_code=200)
    async def renew(self, request: ApiRequest, database: Database, frame: Frame, settings: Settings) -> Response[Any]:
        """Other recovery codes, for whoever has a code."""
        form = await self._with_code(request, database, settings)
        if not form.ok:
            return await self._page(request, database, frame, form, status=422)
        async with database.work(request.user.book_id) as work:
            shown = await second.renew_recovery_codes(work.connection, request.user)
            await work.commit()
        return await frame.page(request, "access/recovery_codes.html", codes=shown)

    @post("/cabut", opt={"permission": Permission.READ_ACCESS}, status_code=200)
    async def remove(self, request: ApiRequest, database: Database, frame: Frame, settings: Settings) -> Response[Any]:
        """No code is asked for any more."""
        form = await self._with_code(request, database, settings)
        if not form.ok:
            return await self._page(request, database, frame, form, status=422)
        identity = request.user
        async with database.work(identity.book_id) as work:
            await second.remove(work.connection, work.book_id, identity.user_id, by=identity.username)
            await work.commit()
        return Redirect("/kode-kedua", status_code=303)

    async def _with_code(self, request: ApiRequest, database: Database, settings: Settings) -> Form:
        """The form, which is in order only if its code fits."""
        form = Form(await request.form(), request.user.locale)
        identity, now, address = request.user, datetime.now(UTC), address_of(request, settings)
        typed = form.secret("code")
        if not form.ok:
            return form
        try:
            if await _try(database, identity, typed, address, now) is None:
                form.error("code", second.WRONG_CODE)
                return form
        except TooManyRequests as refusal:
            form.add_refusal(refusal)
            return form
        async with database.work(identity.book_id) as work:
            await service_log_in.forgive(work.connection, identity, address, now)
            await work.commit()
        return form

    async def _page(
        self, request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
    ) -> Response[str]:
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            enrolled = await second.is_enrolled(connection, identity.book_id, identity.user_id)
            left = await second.recovery_codes_left(connection, identity)
        return await frame.page(request, "access/second.html", status=status, form=form, enrolled=enrolled, left=left)

    async def _enrolment(
        self, request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
    ) -> Response[Any]:
        identity = request.user
        try:
            async with database.work(identity.book_id) as work:
                secret = await second.start_enrolment(work.connection, identity)
                cooperative = await cooperative_of(work.connection, work.book_id)
                await work.commit()
        except Conflict:
            return Redirect("/kode-kedua", status_code=303)
        uri = codes.provisioning_uri(secret, issuer=cooperative.name, account=identity.username)
        return await frame.page(
            request,
            "access/enrol.html",
            status=status,
            form=form,
            qr=segno.make(uri, error="m").svg_data_uri(border=2, dark="#000", light="#fff", omitsize=True),
            secret=codes.secret_text(secret),
        )


async def _try(database: Database, identity: Identity, typed: str, address: str, now: datetime) -> Action | None:
    """Is it a code of this user? The try is counted, durably, before the code is looked at.

    Raises:
        TooManyRequests: this user or this address must wait.
    """
    attempt = service_log_in.Attempt(identity.book_id, identity.username, "", address, now)
    async with database.work(identity.book_id) as work:
        await service_log_in.count_attempt(work.connection, attempt)
        await work.commit()
    async with database.work(identity.book_id) as work:
        action = await second.fits(work.connection, identity, typed, now)
        if action is None:
            await service_log_in.record_failure(work.connection, attempt)
        await work.commit()
    return action


async def _waiting(
    request: Request[Any, Any, Any], database: Database, settings: Settings
) -> tuple[Identity, bytes] | None:
    """Whose cookie waits for a code, with the digest that names it."""
    cookie = request.cookies.get(session_cookie_name(settings), "")
    book_id = rules.book_of_session(cookie)
    if book_id is None:
        return None
    token_hash = rules.digest(cookie)
    async with database.reading(book_id) as connection:
        found = await recognise_session(connection, book_id, token_hash, datetime.now(UTC), awaits_code=True)
    return (found.identity, token_hash) if found else None


CONTROLLERS: list[type[Controller]] = [SecondStep, OwnSecond]
