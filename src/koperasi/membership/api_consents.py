"""Consents over REST: what a member lets others see, given by themselves or recorded by staff from a signed paper."""

from datetime import UTC, date, datetime
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import Parameter
from pydantic import AwareDatetime, Field

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.members import service as members
from koperasi.membership import service
from koperasi.membership.pages_consents import REFERENCE_MAX_LENGTH
from koperasi.membership.pages_family import own_number
from koperasi.membership.service import Consent, Scope
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, BookDate, Model, Result, problems

Number = Annotated[int, Parameter(ge=1, le=2**53)]
READ = problems(400, 401, 403, 404)
WRITE = problems(400, 401, 403, 404, 409, 422)


class ConsentIn(Model):
    """What may be seen, by which member (by nobody's number if the scope is ``programme``), and until when."""

    scope: Scope
    relative: Annotated[str, Field(pattern="^[0-9]{1,10}$")] | None = None
    until_on: BookDate | None = None


class PaperConsentIn(ConsentIn):
    """The same, signed on paper; ``reference`` is the paper's number, without names."""

    reference: Annotated[str, Field(min_length=1, max_length=REFERENCE_MAX_LENGTH, pattern=r"^[^\x00-\x1f\x7f]+$")]


class ConsentOut(Result):
    """A consent; ``relative_number`` is null when it is the programme's officer who may see. It only ever lets look."""

    number: int
    member_number: str
    relative_number: str | None
    scope: Scope
    until_on: date | None
    given_at: AwareDatetime
    given_by: str
    reference: str | None
    revoked_at: AwareDatetime | None

    @classmethod
    def of(cls, found: Consent) -> "ConsentOut":
        """The wire form."""
        facts = {name: getattr(found, name) for name in cls.model_fields}
        for name in ("given_at", "revoked_at"):
            facts[name] = facts[name] and facts[name].astimezone(UTC)
        return cls(**facts)


class ConsentList(Result):
    """What a member allowed, with what they took back; the latest first."""

    items: list[ConsentOut]


class OwnConsentController(Controller):
    """What I let others see."""

    path = "/api/v1/own-consents"
    tags = ("membership",)

    @get(opt={"permission": Permission.OWN_PAGES}, responses=READ)
    async def list_own_consents(self, request: ApiRequest, database: Database) -> ConsentList:
        """All of them, the latest first."""
        return await _all(request, database, own_number(request.user))

    @post(opt={"permission": Permission.OWN_PAGES}, responses=WRITE)
    async def give_consent(self, request: ApiRequest, database: Database, data: ConsentIn) -> ConsentOut:
        """Let a relative, or the programme's officer, see something of one's own; never take anything."""
        return await _give(request, database, own_number(request.user), data, None)

    @post("/{number:int}/withdraw", opt={"permission": Permission.OWN_PAGES}, status_code=200, responses=WRITE)
    async def withdraw_consent(self, request: ApiRequest, database: Database, number: Number) -> ConsentOut:
        """Take it back: from then on nothing is seen by it."""
        return await _withdraw(request, database, own_number(request.user), number)


class PaperConsentController(Controller):
    """Consents as the desk keeps them."""

    path = "/api/v1/members/{member:str}/consents"
    tags = ("membership",)

    @get(opt={"permission": Permission.WRITE_MEMBERS}, responses=READ)
    async def list_consents(self, request: ApiRequest, database: Database, member: str) -> ConsentList:
        """What a member allows, and what they took back."""
        return await _all(request, database, member)

    @post(opt={"permission": Permission.WRITE_MEMBERS}, responses=WRITE)
    async def record_consent(
        self, request: ApiRequest, database: Database, member: str, data: PaperConsentIn
    ) -> ConsentOut:
        """Record what the member signed; they see it on their own page, and may take it back."""
        return await _give(request, database, member, data, data.reference)

    @post("/{number:int}/withdraw", opt={"permission": Permission.WRITE_MEMBERS}, status_code=200, responses=WRITE)
    async def withdraw_consent_for(
        self, request: ApiRequest, database: Database, member: str, number: Number
    ) -> ConsentOut:
        """Take it back because the member asked; that needs no paper."""
        return await _withdraw(request, database, member, number)


async def _all(request: ApiRequest, database: Database, member: str) -> ConsentList:
    book_id = request.user.book_id
    async with database.reading(book_id) as connection:
        await members.member_by_number(connection, book_id, member)
        found = await service.given_by(connection, book_id, member)
    return ConsentList(items=[ConsentOut.of(one) for one in found])


async def _give(
    request: ApiRequest, database: Database, member: str, data: ConsentIn, reference: str | None
) -> ConsentOut:
    identity = request.user
    async with database.work(identity.book_id) as work:
        cooperative = await cooperative_of(work.connection, identity.book_id)
        made = await service.grant(
            work,
            member,
            data.scope,
            relative_number=data.relative,
            until_on=data.until_on,
            actor=identity.username,
            today=cooperative.today(datetime.now(UTC)),
            reference=reference,
        )
        await work.commit()
    return ConsentOut.of(made)


async def _withdraw(request: ApiRequest, database: Database, member: str, number: int) -> ConsentOut:
    async with database.work(request.user.book_id) as work:
        made = await service.revoke(work, member, number, actor=request.user.username)
        await work.commit()
    return ConsentOut.of(made)


CONTROLLERS: list[type[Controller]] = [OwnConsentController, PaperConsentController]
