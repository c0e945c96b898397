"""The register of members over REST. A NIK goes in whole and comes out masked."""

from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Annotated, Any

from litestar import Controller, Response, get, patch, post
from litestar.params import Parameter
from pydantic import Field

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.i18n import translate
from koperasi.members import model, service
from koperasi.members.rules import MemberStatus, MigrantStatus, check_joined_on
from koperasi.nik import Sex
from koperasi.permissions import Identity, Permission
from koperasi.posting import Idempotency
from koperasi.rest import (
    ApiRequest,
    BookDate,
    KeyHeader,
    Model,
    Name,
    Page,
    Result,
    TakesKey,
    Text,
    Whole,
    decode_cursor,
    encode_cursor,
    idempotency,
    problems,
)
from koperasi.savings import service as savings


class HeirIn(Model):
    """Who inherits, and which part in percent; the parts of all heirs make 100."""

    name: Name
    relation: Annotated[Text, Field(max_length=model.RELATION_MAX_LENGTH)]
    phone: Text | None = None
    share_percent: Annotated[int, Whole, Field(ge=1, le=100)] = 100


class MemberFields(Model):
    """What may be stated of a member besides the name. ``country`` is ISO 3166, where a migrant works."""

    nik: Text | None = None
    phone: Text | None = None
    birth_date: BookDate | None = None
    sex: Sex | None = None
    email: Text | None = None
    address: Text | None = None
    village: Text | None = None
    country: Text | None = None
    external_reference: Text | None = None


class MemberIn(MemberFields):
    """A person who joins, today if no day is given."""

    name: Name
    migrant_status: MigrantStatus = MigrantStatus.BUKAN
    joined_on: BookDate | None = None
    heirs: Annotated[tuple[HeirIn, ...], Field(max_length=model.MOST_HEIRS)] = ()


class MemberChangesIn(MemberFields):
    """What to change. What is left out stays; null clears, but name, migrant status and heirs, which then stay."""

    name: Name | None = None
    migrant_status: MigrantStatus | None = None
    heirs: Annotated[tuple[HeirIn, ...], Field(max_length=model.MOST_HEIRS)] | None = None


class HeirOut(Result):
    """Who inherits."""

    name: str
    relation: str
    phone: str | None
    share_percent: int


class MemberSummary(Result):
    """A member as lists show them; the phone in E.164."""

    number: str
    name: str
    nik_masked: str | None
    phone: str | None
    village: str | None
    migrant_status: MigrantStatus
    country: str | None
    status: MemberStatus
    joined_on: date
    left_on: date | None


class WarningOut(Result):
    """Something to look at; nothing was refused for it."""

    code: str
    message: str


class MemberOut(MemberSummary):
    """A member with what is known; ``birth_date`` is null for those who may not see the whole NIK either."""

    birth_date: date | None
    sex: Sex | None
    email: str | None
    address: str | None
    external_reference: str | None
    heirs: list[HeirOut]
    warnings: list[WarningOut]


class MemberList(Page):
    """A page of members, by number."""

    items: list[MemberSummary]


_STAYS_WHEN_NULL = ("name", "migrant_status", "heirs")


def _heirs(stated: tuple[HeirIn, ...]) -> tuple[service.Heir, ...]:
    return tuple(service.Heir(one.name, one.relation, one.phone, one.share_percent) for one in stated)


def _facts(member: service.Member) -> dict[str, Any]:
    facts = {one.name: getattr(member, one.name) for one in fields(member)}
    return {**facts, "nik_masked": member.nik_masked}


def summary(member: service.Member) -> MemberSummary:
    """The wire form for lists."""
    facts = _facts(member)
    return MemberSummary(**{name: facts[name] for name in MemberSummary.model_fields})


def whole(member: service.Member, identity: Identity) -> MemberOut:
    """The wire form of one member; the birth date, six digits of the NIK, for those only who may see the NIK."""
    facts = _facts(member)
    if not identity.may(Permission.VIEW_NIK) and identity.member_number != member.number:
        facts["birth_date"] = None
    facts["heirs"] = [
        HeirOut(name=one.name, relation=one.relation, phone=one.phone, share_percent=one.share_percent)
        for one in member.heirs
    ]
    facts["warnings"] = [
        WarningOut(code=one.code, message=translate(identity.locale, one.message)) for one in model.warnings_of(member)
    ]
    return MemberOut(**{name: facts[name] for name in MemberOut.model_fields})


async def _optional_key(request: ApiRequest) -> Idempotency | None:
    """Registering moves no money, so the key may be left out."""
    return await idempotency(request) if "idempotency-key" in request.headers else None


class MemberController(Controller):
    """Register, find and change members."""

    path = "/api/v1"
    tags = ("members",)

    @get("/members", opt={"permission": Permission.READ_MEMBERS}, responses=problems(400, 401, 403))
    async def list_members(
        self,
        request: ApiRequest,
        database: Database,
        q: Annotated[str, Parameter(max_length=200)] = "",
        status: MemberStatus | None = None,
        migrant_status: MigrantStatus | None = None,
        cursor: Annotated[str | None, Parameter(max_length=1000)] = None,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
    ) -> MemberList:
        """List members by number. ``q`` is a number, the beginning of a word of the name, or part of a phone number."""
        after = decode_cursor(cursor, "str")
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            found = await service.search(
                connection,
                book_id,
                text=q,
                status=status,
                migrant_status=migrant_status,
                after=after[0] if after else None,
                limit=limit + 1,
            )
        more = len(found) > limit
        return MemberList(
            items=[summary(one) for one in found[:limit]],
            next_cursor=encode_cursor(found[limit - 1].number) if more else None,
        )

    @post(
        "/members",
        opt={"permission": Permission.WRITE_MEMBERS},
        responses=problems(400, 401, 403, 409, 422),
        operation_class=TakesKey,
    )
    async def register_member(
        self, request: ApiRequest, database: Database, data: MemberIn, key: KeyHeader = None
    ) -> Response[MemberOut]:
        """Register a member, open their savings accounts, and bill simpanan pokok and the first wajib.

        Where the board decides on each (policy ``membership.decision``) the person is an applicant at first.
        With an ``Idempotency-Key`` the same request registers once, however often it is sent.
        """
        del key  # documented here, read with the body
        identity = request.user
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            today = cooperative.today(datetime.now(UTC))
            joined_on = data.joined_on or today
            check_joined_on(joined_on, today)
            status = await service.first_status(work.connection, identity.book_id, today)
            stated = {**dict(data), "heirs": _heirs(data.heirs), "joined_on": joined_on, "status": status}
            new = service.NewMember(**stated)
            member, replayed = await service.register(
                work, new, actor=identity.username, request_key=await _optional_key(request)
            )
            if not replayed:
                opened = await savings.welcome(work, cooperative, member, actor=identity.username)
                await savings.record_opened(work, opened, actor=identity.username)
                await service.record_registered(work, member.number, actor=identity.username)
                await work.commit()
        headers = {"Location": f"/api/v1/members/{member.number}"}
        if replayed:
            headers["Idempotency-Replayed"] = "true"
        return Response(whole(member, identity), status_code=201, headers=headers)

    @get("/members/{number:str}", opt={"permission": Permission.READ_SAVINGS}, responses=problems(400, 401, 403, 404))
    async def get_member(self, request: ApiRequest, database: Database, number: str) -> MemberOut:
        """One member. A member reads themselves; others are not there for them."""
        identity = request.user
        identity.check_own(number)
        async with database.reading(identity.book_id) as connection:
            return whole(await service.member_by_number(connection, identity.book_id, number), identity)

    @patch(
        "/members/{number:str}",
        opt={"permission": Permission.WRITE_MEMBERS},
        responses=problems(400, 401, 403, 404, 409, 422),
    )
    async def change_member(
        self, request: ApiRequest, database: Database, number: str, data: MemberChangesIn
    ) -> MemberOut:
        """Change what is known of a member; the status has acts of its own."""
        identity = request.user
        changes = {name: getattr(data, name) for name in data.model_fields_set}
        changes = {name: value for name, value in changes.items() if value is not None or name not in _STAYS_WHEN_NULL}
        if "heirs" in changes:
            changes["heirs"] = _heirs(changes["heirs"])
        async with database.work(identity.book_id) as work:
            member = await service.change(work, number, changes, actor=identity.username)
            await work.commit()
        return whole(member, identity)


CONTROLLERS: list[type[Controller]] = [MemberController]
