"""REST: a bearer token for a password, and its end. Also how a request's token is recognised."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from litestar import Controller, Request, delete, post
from litestar.connection import ASGIConnection
from pydantic import ConfigDict, Field, SecretStr

from koperasi.access import rules, service, service_log_in, service_refusals
from koperasi.access import service_second as second
from koperasi.access.service_tokens import issue_token, recognise_token, revoke_token, touch_token, verified
from koperasi.audit.service import Action
from koperasi.config import Settings
from koperasi.cooperatives import service as cooperatives
from koperasi.db import Database
from koperasi.errors import Forbidden, Unauthorised
from koperasi.i18n import N_
from koperasi.permissions import Identity, Permission, Role
from koperasi.rest import ApiRequest, Model, Result, Text, Whole, problems

CHANGE_FIRST = N_("Ganti dahulu kata sandi atau PIN yang diberikan kepada Anda.")


class NewToken(Model):
    """Who asks for a token."""

    # Spaces may be part of a password.
    model_config = ConfigDict(str_strip_whitespace=False)

    cooperative: Annotated[str, Field(min_length=1, max_length=40, examples=["mekar-jaya"])]
    username: Annotated[Text, Field(max_length=100)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=rules.LONGEST_PASSWORD)]
    label: Text = "API"
    """What the token is for, to tell it from others."""
    code: Annotated[SecretStr | None, Field(max_length=40)] = None
    """The six digits of the second factor, or a recovery code; needed by users who have set it up."""
    scope: Annotated[list[Permission] | None, Field(max_length=50)] = None
    """What the token may be used for, of what its user may; left out, it may be used for all of that."""
    days: Annotated[int, Whole, Field(ge=1, le=rules.LONGEST_TOKEN_DAYS)] = rules.TOKEN_LIFE.days
    """How long it lasts."""


class IssuedToken(Result):
    """A token. It is shown this once."""

    token: str
    expires_at: datetime
    role: Role
    cooperative: str
    scope: list[Permission] | None


class Tokens(Controller):
    """Bearer tokens."""

    path = "/api/v1/tokens"
    tags = ("tokens",)

    @post(
        opt={"permission": Permission.PUBLIC},
        security=[{}],
        responses=problems(413, 415, 429),
    )
    async def issue(
        self, data: NewToken, request: Request[Identity | None, Any, Any], database: Database, settings: Settings
    ) -> IssuedToken:
        """A bearer token for a user name and password: send it as ``Authorization: Bearer``.

        It lasts 30 days if ``days`` does not say otherwise. Whoever has set up a second factor sends a ``code`` too.
        """
        now = datetime.now(UTC)
        address = address_of(request, settings)
        identity = await recognise(
            database,
            cooperative_code=data.cooperative,
            username=data.username,
            password=data.password.get_secret_value(),
            address=address,
            now=now,
        )
        code = data.code.get_secret_value() if data.code else ""
        await check_second(database, identity, code, address, now)
        if identity.must_change:
            raise Forbidden("password-change-needed", CHANGE_FIRST)
        scope = None if data.scope is None else frozenset(data.scope)
        async with database.work(identity.book_id) as work:
            token, expires_at = await issue_token(
                work.connection,
                identity,
                label=data.label,
                address=address,
                now=now,
                scope=scope,
                life=timedelta(days=data.days),
            )
            await work.commit()
        return IssuedToken(
            token=token,
            expires_at=expires_at,
            role=identity.role,
            cooperative=data.cooperative,
            scope=None if scope is None else sorted(scope),
        )

    @delete("/current", opt={"permission": Permission.SESSION}, responses=problems())
    async def revoke(self, request: ApiRequest, database: Database) -> None:
        """End the token that this request carries. Other processes may believe it for 5 more seconds."""
        async with database.work(request.user.book_id) as work:
            await revoke_token(work.connection, work.book_id, request.auth, datetime.now(UTC), by=request.user)
            await work.commit()
        verified.forget(request.auth)


CONTROLLERS: list[type[Controller]] = [Tokens]


async def recognise(
    database: Database, *, cooperative_code: str, username: str, password: str, address: str, now: datetime
) -> Identity:
    """Whose name and password these are. The try is counted, durably, before the password is looked at.

    Raises:
        TooManyRequests: this user or this address must wait.
        Unauthorised: something did not fit; it is not said what.
    """
    async with database.directory() as connection:
        cooperative = await cooperatives.cooperative_by_code(connection, cooperative_code)
    book_id = cooperative.book_id if cooperative else service.NOWHERE
    return await recognise_in(
        database,
        service_log_in.Attempt(book_id=book_id, username=username, password=password, address=address, now=now),
    )


async def recognise_in(database: Database, attempt: service_log_in.Attempt) -> Identity:
    """The same, when the book is known; raises the same."""
    async with database.work(attempt.book_id) as work:
        attempt = await service_log_in.known_by_phone(work.connection, attempt)
        await service_log_in.count_attempt(work.connection, attempt)
        await work.commit()
    try:
        return await service_log_in.verify(database, attempt)
    except Unauthorised:
        async with database.work(attempt.book_id) as work:
            await service_log_in.record_failure(work.connection, attempt)
            await work.commit()
        raise


async def check_second(database: Database, identity: Identity, code: str, address: str, now: datetime) -> None:
    """Where a user has set up a second factor, the code must fit too; a code that did is used up.

    Raises:
        Unauthorised: it does not; said in the same words as a wrong password.
    """
    async with database.work(identity.book_id) as work:
        if not await second.is_enrolled(work.connection, identity.book_id, identity.user_id):
            return
        action = await second.fits(work.connection, identity, code, now)
        if action is None:
            attempt = service_log_in.Attempt(identity.book_id, identity.username, "", address, now)
            await service_log_in.record_failure(work.connection, attempt)
        elif action is not Action.LOG_IN:
            await second.record_recovery(work.connection, identity)
        await work.commit()
    if action is None:
        raise Unauthorised("log-in", rules.WRONG, headers={"WWW-Authenticate": "Bearer"})


async def bearer_identity(database: Database, token: str, now: datetime) -> tuple[Identity, bytes] | None:
    """Whose bearer token it is, with the digest that names it; nothing if it opens nothing.

    A token seen within the last 5 seconds costs no query.
    """
    book_id = rules.book_of_api_token(token)
    if book_id is None:
        return None
    token_hash = rules.digest(token)
    known = verified.get(token_hash, now)
    if known is not None and not verified.renews(token_hash, now):
        return known, token_hash
    async with database.work(book_id) as work:
        recognised = await recognise_token(work.connection, book_id, token_hash, now)
        if recognised is None:
            verified.forget(token_hash)
            return None
        if recognised.due:
            await touch_token(work.connection, book_id, token_hash, now)
            await work.commit()
    verified.keep(token_hash, recognised, now)
    return recognised.identity, token_hash


async def tell_refused(request: ASGIConnection[Any, Any, Any, Any], identity: Identity, permission: str) -> None:
    """Write into the trail that somebody asked for what they may not; they are refused all the same."""
    now = datetime.now(UTC)
    if not service_refusals.is_due(identity, permission, now):
        return
    database: Database = request.app.state.database
    address = address_of(request, request.app.state.settings)
    async with database.work(identity.book_id) as work:
        if await service_refusals.record(work.connection, identity, permission, address=address, now=now):
            await work.commit()


def address_of(request: ASGIConnection[Any, Any, Any, Any], settings: Settings) -> str:
    """The caller's address, through the trusted proxy if there is one."""
    peer = request.client.host if request.client else None
    return rules.client_address(peer, request.headers.get("x-forwarded-for", ""), settings.trusted_proxy)
