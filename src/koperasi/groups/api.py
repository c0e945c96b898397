"""Business groups over REST."""

from datetime import UTC, date, datetime
from typing import Annotated

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import Parameter

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.groups import service
from koperasi.groups.rules import GroupRole, GroupStatus, Sector
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import (
    ApiRequest,
    BookDate,
    KeyHeader,
    Model,
    Money,
    Name,
    Page,
    Result,
    TakesKey,
    Text,
    decode_cursor,
    encode_cursor,
    idempotency,
    problems,
)

Search = Annotated[str, Parameter(max_length=200)]
"""Something to look for."""


class GroupIn(Model):
    """A group to register. The officers are member numbers; an office may stay vacant."""

    name: Name
    village: Name
    sector: Sector
    founded_on: BookDate | None = None
    ketua: Text | None = None
    sekretaris: Text | None = None
    bendahara: Text | None = None


class GroupChangesIn(Model):
    """What to change; what is left out or null stays. ``bubar`` dissolves the group for good."""

    name: Name | None = None
    village: Name | None = None
    sector: Sector | None = None
    status: GroupStatus | None = None


class MembershipIn(Model):
    """What somebody becomes in the group."""

    role: GroupRole = GroupRole.ANGGOTA


class MembershipOut(Result):
    """Somebody in a group; ``left_on`` is null while they are in it."""

    number: str
    name: str
    role: GroupRole
    migrant_status: str
    joined_on: date
    left_on: date | None

    @classmethod
    def of(cls, one: service.Membership) -> "MembershipOut":
        """The wire form."""
        return cls(
            number=one.member.number,
            name=one.member.name,
            role=one.role,
            migrant_status=one.member.migrant_status.value,
            joined_on=one.joined_on,
            left_on=one.left_on,
        )


class GroupSummary(Result):
    """A group with its account in the ledger and how many are in it."""

    number: str
    name: str
    village: str
    sector: Sector
    founded_on: date
    status: GroupStatus
    account_code: str
    balance: Money
    member_count: int
    members_by_migrant_status: dict[str, int]


class GroupOut(GroupSummary):
    """A group with its people: who is in it, officers first, and who has left."""

    members: list[MembershipOut]
    former_members: list[MembershipOut]


class GroupList(Page):
    """A page of groups, by name."""

    items: list[GroupSummary]


def summary(group: service.Group) -> GroupSummary:
    """The wire form without people."""
    return GroupSummary(
        number=group.number,
        name=group.name,
        village=group.village,
        sector=group.sector,
        founded_on=group.founded_on,
        status=group.status,
        account_code=group.account_code,
        balance=Money.of(group.balance_minor),
        member_count=len(group.members),
        members_by_migrant_status={status.value: count for status, count in group.by_migrant_status.items()},
    )


def whole(group: service.Group) -> GroupOut:
    """The wire form with people."""
    return GroupOut(
        **dict(summary(group)),
        members=[MembershipOut.of(one) for one in group.members],
        former_members=[MembershipOut.of(one) for one in group.former],
    )


async def optional_idempotency(request: ApiRequest) -> Idempotency | None:
    """The ``Idempotency-Key`` header if it was sent; registering moves no money, so it need not be.

    Raises:
        BadRequest: the header is not 1 to 150 visible ASCII characters.
    """
    return await idempotency(request) if "idempotency-key" in request.headers else None


class GroupController(Controller):
    """Register, list and change groups; let members come and go."""

    path = "/api/v1"
    tags = ["groups"]  # noqa: RUF012 - Litestar's own attribute

    @get("/groups", opt={"permission": Permission.READ_GROUPS}, responses=problems(400, 401, 403))
    async def list_groups(
        self,
        request: ApiRequest,
        database: Database,
        q: Search = "",
        village: Search = "",
        sector: Sector | None = None,
        status: GroupStatus | None = None,
        member: Search = "",
        cursor: Annotated[str | None, Parameter(max_length=1000)] = None,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
    ) -> GroupList:
        """List groups by name. ``q`` is a part of the name or a number; ``member`` the number of one who is in them."""
        wanted = service.Filter(text=q, village=village, sector=sector, status=status, member=member)
        after = decode_cursor(cursor, "str", "str")
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            page = await service.find_groups(
                connection, book_id, wanted, after=(after[0], after[1]) if after else None, limit=limit
            )
        return GroupList(
            items=[summary(group) for group in page.groups],
            next_cursor=encode_cursor(*page.next_after) if page.next_after else None,
        )

    @post(
        "/groups",
        opt={"permission": Permission.WRITE_GROUPS},
        responses=problems(400, 401, 403, 409, 422),
        operation_class=TakesKey,
    )
    async def register_group(
        self,
        request: ApiRequest,
        database: Database,
        data: GroupIn,
        key: KeyHeader = None,
    ) -> Response[GroupOut]:
        """Register a group. With an ``Idempotency-Key`` the same request registers once, however often it is sent."""
        del key  # documented here, read with the body
        identity = request.user
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            today = cooperative.today(datetime.now(UTC))
            offices = {role: getattr(data, role.value) for role in service.OFFICES}
            new = service.NewGroup(
                name=data.name,
                village=data.village,
                sector=data.sector,
                founded_on=data.founded_on or today,
                officers={role: number for role, number in offices.items() if number},
            )
            group, replayed = await service.register(
                work,
                cooperative,
                new,
                actor=identity.username,
                today=today,
                idempotency=await optional_idempotency(request),
            )
            if not replayed:
                await work.commit()
        headers = {"Idempotency-Replayed": "true"} if replayed else {}
        return Response(
            whole(group), status_code=201, headers={**headers, "Location": f"/api/v1/groups/{group.number}"}
        )

    @get("/groups/{number:str}", opt={"permission": Permission.READ_GROUPS}, responses=problems(400, 401, 403, 404))
    async def get_group(self, request: ApiRequest, database: Database, number: str) -> GroupOut:
        """One group with its people."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            return whole(await service.group_by_number(connection, book_id, number))

    @patch(
        "/groups/{number:str}",
        opt={"permission": Permission.WRITE_GROUPS},
        responses=problems(400, 401, 403, 404, 409, 422),
    )
    async def change_group(
        self, request: ApiRequest, database: Database, number: str, data: GroupChangesIn
    ) -> GroupOut:
        """Change name, village, trade or status."""
        book_id = request.user.book_id
        async with database.work(book_id) as work:
            cooperative = await cooperative_of(work.connection, book_id)
            changes = service.Changes(name=data.name, village=data.village, sector=data.sector, status=data.status)
            group = await service.change(work, number, changes, today=cooperative.today(datetime.now(UTC)))
            await work.commit()
        return whole(group)

    @post(
        "/groups/{number:str}/members/{member:str}",
        opt={"permission": Permission.WRITE_GROUPS},
        responses=problems(400, 401, 403, 404, 409, 422),
    )
    async def add_member(
        self, request: ApiRequest, database: Database, number: str, member: str, data: MembershipIn
    ) -> MembershipOut:
        """Take a member of the cooperative into the group, from today on."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            today = cooperative.today(datetime.now(UTC))
            one = await service.add_member(work, number, member, data.role, actor=identity.username, today=today)
            await work.commit()
        return MembershipOut.of(one)

    @delete(
        "/groups/{number:str}/members/{member:str}",
        opt={"permission": Permission.WRITE_GROUPS},
        responses=problems(400, 401, 403, 404, 422),
    )
    async def remove_member(self, request: ApiRequest, database: Database, number: str, member: str) -> None:
        """Let somebody leave the group today; their time in it stays on record."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            await service.remove_member(work, number, member, today=cooperative.today(datetime.now(UTC)))
            await work.commit()


CONTROLLERS: list[type[Controller]] = [GroupController]
