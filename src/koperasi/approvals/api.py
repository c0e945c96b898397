"""REST: what waits for a second person, and their answer."""

from datetime import UTC, datetime
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import Parameter
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.approvals import rules, service
from koperasi.approvals.rules import Approval, Status
from koperasi.approvals.wire import ApprovalDetail, ApprovalList, ApprovalOut, ApproveIn, ChangeOut, EffectOut, RefuseIn
from koperasi.db import Database
from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.permissions import Identity, Permission
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor, problems

Number = Annotated[int, Parameter(ge=1, le=2**53)]

DECIDING = problems(400, 401, 403, 404, 409, 422)


def only_by(identity: Identity) -> str | None:
    """Whose requests a person sees: everybody's (None) if they may read the books, else their own."""
    return None if identity.may(Permission.READ_BOOKS) else identity.username


def check_visible(identity: Identity, found: Approval) -> None:
    """Whoever sees only their own hears of others as if they did not exist.

    Raises:
        NotFound: it is another's.
    """
    if only_by(identity) not in {None, found.asked_by}:
        raise NotFound("approval", N_("Permintaan persetujuan ini tidak ada."))


class ApprovalController(Controller):
    """Acts that wait for a second person."""

    path = "/api/v1"
    tags = ("approvals",)

    @get("/approvals", opt={"permission": Permission.READ_APPROVALS}, responses=problems(400, 401, 403))
    async def list_approvals(
        self,
        request: ApiRequest,
        database: Database,
        status: Status | None = None,
        cursor: Annotated[str | None, Parameter(max_length=1000)] = None,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
    ) -> ApprovalList:
        """List them, the latest first, by ``status``. Tellers and admins see what they asked for themselves."""
        before = decode_cursor(cursor, "int")
        identity = request.user
        async with database.work(identity.book_id) as work:
            await service.expire(work.connection, identity.book_id, identity.username, datetime.now(UTC))
            found, more = await service.approvals(
                work.connection,
                identity.book_id,
                status=status,
                asked_by=only_by(identity),
                before=before[0] if before else None,
                limit=limit,
            )
            await work.commit()
        last = encode_cursor(found[-1].number) if more else None
        return ApprovalList(items=[ApprovalOut.of(one) for one in found], next_cursor=last)

    @get(
        "/approvals/{number:int}",
        opt={"permission": Permission.READ_APPROVALS},
        responses=problems(400, 401, 403, 404),
    )
    async def get_approval(self, request: ApiRequest, database: Database, number: Number) -> ApprovalDetail:
        """One of them; while it waits with what it would do to each balance."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            await service.expire(work.connection, identity.book_id, identity.username, datetime.now(UTC))
            found = await service.approval(work.connection, identity.book_id, number)
            check_visible(identity, found)
            detail = await _detail(work.connection, identity, found)
            await work.commit()
        return detail

    @post(
        "/approvals/{number:int}/approve",
        opt={"permission": Permission.APPROVE},
        responses=DECIDING,
        status_code=200,
    )
    async def approve(self, request: ApiRequest, database: Database, number: Number, data: ApproveIn) -> ApprovalOut:
        """Agree to exactly what has this ``fingerprint``, and have it done: once, and not by who asked."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            found = await service.approve(
                work.connection,
                identity.book_id,
                number,
                actor=identity.username,
                seen=bytes.fromhex(data.fingerprint),
                now=datetime.now(UTC),
            )
            await work.commit()
        return _told(found)

    @post(
        "/approvals/{number:int}/refuse",
        opt={"permission": Permission.APPROVE},
        responses=DECIDING,
        status_code=200,
    )
    async def refuse(self, request: ApiRequest, database: Database, number: Number, data: RefuseIn) -> ApprovalOut:
        """Say no, with a reason. Nothing is posted, and what was held is free again."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            found = await service.refuse(
                work.connection,
                identity.book_id,
                number,
                actor=identity.username,
                seen=bytes.fromhex(data.fingerprint),
                reason=data.reason,
                now=datetime.now(UTC),
            )
            await work.commit()
        return _told(found)

    @post(
        "/approvals/{number:int}/withdraw",
        opt={"permission": Permission.READ_APPROVALS},
        responses=problems(400, 401, 403, 404, 409),
        status_code=200,
    )
    async def withdraw(self, request: ApiRequest, database: Database, number: Number) -> ApprovalOut:
        """Take back what one asked for oneself; what was held is free again."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            found = await service.withdraw(
                work.connection, identity.book_id, number, actor=identity.username, now=datetime.now(UTC)
            )
            await work.commit()
        return _told(found)


async def _detail(connection: AsyncConnection, identity: Identity, found: Approval) -> ApprovalDetail:
    waits = found.status is Status.DRAFT
    effects = await service.effects(connection, identity.book_id, found) if waits else []
    return ApprovalDetail(
        **ApprovalOut.facts(found),
        effects=[EffectOut.of(one) for one in effects],
        changes=[ChangeOut.of(one, identity.locale) for one in found.changes],
    )


def _told(found: Approval) -> ApprovalOut:
    """What became of it; that it had expired is committed by now, and said as a refusal."""
    if found.status is Status.EXPIRED:
        rules.check_open(found)
    return ApprovalOut.of(found)


CONTROLLERS: list[type[Controller]] = [ApprovalController]
