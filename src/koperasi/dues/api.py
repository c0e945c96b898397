"""Dues over REST: bill a month, who is late, and a collection sheet, which needs an ``Idempotency-Key``."""

from datetime import UTC, datetime
from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import Parameter, QueryParameter

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.dues import service
from koperasi.dues.service_collection import Cell, Column
from koperasi.dues.wire import ArrearsOut, BillingOut, CollectionIn, CollectionOut
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.permissions import Permission
from koperasi.rest import (
    ApiRequest,
    KeyHeader,
    Money,
    MovesMoney,
    decode_cursor,
    encode_cursor,
    idempotency,
    problems,
)

CURRENCY = "IDR"

Month = Annotated[str, Parameter(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", description="like 2026-11")]


class DuesController(Controller):
    """Simpanan wajib and pokok that were billed."""

    path = "/api/v1"
    tags = ("dues",)

    @post(
        "/dues/{month:str}",
        opt={"permission": Permission.BILL_DUES},
        status_code=200,
        responses=problems(400, 401, 403, 422),
    )
    async def bill_dues(self, request: ApiRequest, database: Database, month: Month) -> BillingOut:
        """Bill simpanan wajib of a month to every member who was not billed for it; again, it does nothing more."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            today = cooperative.today(datetime.now(UTC))
            done = await service.bill(work, cooperative, month, actor=identity.username, today=today)
            await work.commit()
        return BillingOut.of(done)

    @get("/dues", opt={"permission": Permission.READ_MEMBERS}, responses=problems(400, 401, 403))
    async def list_arrears(
        self,
        request: ApiRequest,
        database: Database,
        months: Annotated[int, QueryParameter(ge=1, le=600, description="late since at least so many months")] = 1,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
        cursor: str | None = None,
    ) -> ArrearsOut:
        """Who is late with simpanan wajib or pokok, by number of member."""
        place = decode_cursor(cursor, "str")
        async with database.reading(request.user.book_id) as connection:
            cooperative = await cooperative_of(connection, request.user.book_id)
            today = cooperative.today(datetime.now(UTC))
            page = await service.behind(
                connection, cooperative, today, months=months, after=place[0] if place else None, limit=limit
            )
        return ArrearsOut.of(page, encode_cursor(page.next_after) if page.next_after else None)

    @post(
        "/collections",
        opt={"permission": Permission.POST_SAVINGS},
        responses=problems(400, 401, 403, 404, 422),
        operation_class=MovesMoney,
    )
    async def collect(
        self, request: ApiRequest, database: Database, data: CollectionIn, key: KeyHeader = None
    ) -> Response[CollectionOut]:
        """Record what many members paid at once, all or nothing; once for each ``Idempotency-Key``."""
        del key  # documented here, read with the body
        identity, once = request.user, await idempotency(request)
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            today = cooperative.today(datetime.now(UTC))
            done = await service.collect(
                work,
                cooperative,
                _cells(data),
                counted_minor=_minor(data.counted, "counted"),
                group_number=data.group,
                label=data.label or "",
                day=data.date or today,
                today=today,
                actor=identity.username,
                once=once,
            )
            if not done.replayed:
                await work.commit()
        async with database.reading(identity.book_id) as connection:
            found = await service.collection_by_number(connection, identity.book_id, done.number)
        headers = {"Idempotency-Replayed": "true"} if done.replayed else {}
        return Response(CollectionOut.of(found), status_code=201, headers=headers)


def _cells(data: CollectionIn) -> list[Cell]:
    """The amounts of the rows.

    Raises:
        BadRequest: one can't be read.
        Refusal: ``currency``, ``amount-not-positive``.
    """
    cells = []
    for row in data.rows:
        for column, money in ((Column.POKOK, row.pokok), (Column.WAJIB, row.wajib), (Column.FREE, row.voluntary)):
            if money is not None:
                cells.append(Cell(row.member, column, _minor(money, "rows")))
    return cells


def _minor(money: Money, field: str) -> int:
    if money.currency != CURRENCY:
        raise Refusal("currency", N_("Simpanan dicatat dalam rupiah: pakai IDR."), field=field)
    return money.minor(field)


CONTROLLERS: list[type[Controller]] = [DuesController]
