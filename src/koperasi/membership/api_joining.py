"""Those who have applied over REST: what each lacks, and a meeting's decision on many. Not postponed."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.params import Parameter
from pydantic import Field

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.membership import service
from koperasi.membership.rules import Act, Reason
from koperasi.membership.service import Applicant, Wish
from koperasi.membership.wire import Reference
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, BookDate, Model, Money, Page, Result, decode_cursor, encode_cursor, problems

Number = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]


class DecisionsIn(Model):
    """What a meeting of the board decided on several applicants, on which day (today if not said), by which minutes."""

    numbers: Annotated[tuple[Number, ...], Field(min_length=1, max_length=service.MOST_AT_ONCE)]
    act: Literal[Act.ACCEPTED, Act.REJECTED]
    effective_on: BookDate | None = None
    reason: Reason | None = None
    reference: Reference


class ApplicantOut(Result):
    """Somebody who has applied; ``outstanding`` is what is short of simpanan pokok, ``decided_on`` null: not yet."""

    member_number: str
    applied_on: date
    decided_on: date | None
    simpanan_pokok: Money
    paid: Money
    outstanding: Money

    @classmethod
    def of(cls, one: Applicant) -> "ApplicantOut":
        """The wire form."""
        list_ = one.checklist
        return cls(
            member_number=one.member.number,
            applied_on=one.member.joined_on,
            decided_on=list_.decided_on,
            simpanan_pokok=Money.of(list_.pokok_billed_minor),
            paid=Money.of(list_.pokok_paid_minor),
            outstanding=Money.of(list_.short_minor),
        )


class ApplicantList(Page):
    """A page of applicants, by number."""

    items: list[ApplicantOut]


class DecidedOut(Result):
    """What became of each: who had paid is a member at once (``joined``)."""

    member_number: str
    joined: bool


class DecisionsOut(Result):
    """The decision on each, by number."""

    items: list[DecidedOut]


class ApplicantController(Controller):
    """Those who have applied."""

    path = "/api/v1/applicants"
    tags = ("membership",)

    @get(opt={"permission": Permission.READ_MEMBERS}, responses=problems(400, 401, 403))
    async def list_applicants(
        self,
        request: ApiRequest,
        database: Database,
        cursor: Annotated[str | None, Parameter(max_length=1000)] = None,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
    ) -> ApplicantList:
        """List applicants by number, with what joining still needs of each."""
        after = decode_cursor(cursor, "str")
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            found = await service.applicants(connection, book_id, after=after[0] if after else None, limit=limit + 1)
        more = len(found) > limit
        return ApplicantList(
            items=[ApplicantOut.of(one) for one in found[:limit]],
            next_cursor=encode_cursor(found[limit - 1].member.number) if more else None,
        )

    @post(
        "/decisions",
        opt={"permission": Permission.APPROVE},
        status_code=200,
        responses=problems(400, 401, 403, 404, 409, 422),
    )
    async def decide(self, request: ApiRequest, database: Database, data: DecisionsIn) -> DecisionsOut:
        """Record what the board decided on several applicants: all of them, or none."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            today = cooperative.today(datetime.now(UTC))
            wish = Wish(Act(data.act), data.effective_on or today, data.reason, data.reference)
            done = await service.decide_on(work, cooperative, data.numbers, wish, actor=identity.username, today=today)
            await work.commit()
        return DecisionsOut(items=[DecidedOut(member_number=one.number, joined=bool(one.opened)) for one in done])


CONTROLLERS: list[type[Controller]] = [ApplicantController]
