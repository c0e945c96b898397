"""Closing a year over REST: what the entry would be, and posting it."""

from datetime import UTC, date, datetime
from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from pydantic import Field

from koperasi.bookkeeping import service_closing as service
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, Model, Money, Page, Result, Whole, problems

Year = Annotated[int, Parameter(ge=1901, le=2100)]


class YearIn(Model):
    """Which year to close."""

    year: Annotated[int, Whole, Field(ge=1901, le=2100, examples=[2026])]


class HurdleOut(Result):
    """Something to look at before the year is closed; ``blocks``: it can't be closed so."""

    code: str
    detail: str
    blocks: bool


class ClosingLineOut(Result):
    """A line of the closing entry."""

    account: str
    name: str
    debit: Money | None
    credit: Money | None


class YearClosingOut(Result):
    """A year and its closing: the entry as it stands (``entry``), or as it would be posted.

    ``result`` is income less expense (SHU), negative for a loss; ``account`` takes it.
    """

    year: int
    status: str
    entry: int | None
    date: date
    account: str
    income: Money
    expense: Money
    result: Money
    lines: list[ClosingLineOut]
    hurdles: list[HurdleOut]

    @classmethod
    def of(cls, found: service.YearClosing, locale: str) -> "YearClosingOut":
        """The wire form."""
        currency, english = found.surplus.currency, locale == "en"
        return cls(
            year=found.year,
            status="closed" if found.entry else "ready" if found.may_close else "blocked",
            entry=found.entry,
            date=found.last,
            account=found.surplus.code,
            income=Money.of(found.income_minor, currency),
            expense=Money.of(found.expense_minor, currency),
            result=Money.of(found.result_minor, currency),
            lines=[
                ClosingLineOut(
                    account=line.account.code,
                    name=line.account.name_en if english else line.account.name_id,
                    debit=Money.of(line.amount_minor, currency) if line.amount_minor > 0 else None,
                    credit=Money.of(-line.amount_minor, currency) if line.amount_minor < 0 else None,
                )
                for line in found.lines
            ],
            hurdles=[HurdleOut(code=one.code, detail=one.text(locale), blocks=one.blocks) for one in found.hurdles],
        )


class YearOut(Result):
    """A year of the book, and the number of the entry that closes it."""

    year: int
    entry: int | None


class YearList(Page):
    """The years that have entries, the latest first."""

    items: list[YearOut]


class YearClosingController(Controller):
    """Income and expense go to the year's surplus."""

    path = "/api/v1"
    tags = ("periods",)

    @get("/year-closings", opt={"permission": Permission.READ_BOOKS}, responses=problems(401, 403))
    async def list_years(self, request: ApiRequest, database: Database) -> YearList:
        """The years that have entries, and which are closed."""
        async with database.reading(request.user.book_id) as connection:
            years = await service.years(connection, request.user.book_id)
        return YearList(items=[YearOut(year=one.year, entry=one.entry) for one in years])

    @get("/year-closings/{year:int}", opt={"permission": Permission.READ_BOOKS}, responses=problems(400, 401, 403, 404))
    async def get_year(self, request: ApiRequest, database: Database, year: Year) -> YearClosingOut:
        """The closing of a year as it stands; or as it would be, with what stands in the way."""
        return await _year(request, database, year)

    @post(
        "/year-closings",
        opt={"permission": Permission.CLOSE_PERIOD},
        responses=problems(400, 401, 403, 409, 422),
    )
    async def close_year(self, request: ApiRequest, database: Database, data: YearIn) -> Response[YearClosingOut]:
        """Close a year. A year is closed once: asked again, the answer is the entry that closes it.

        It is undone by reversing that entry; then the year can be closed anew.
        """
        book_id = request.user.book_id
        async with database.work(book_id) as work:
            cooperative = await cooperative_of(work.connection, book_id)
            settled = await service.close_year(
                work.connection,
                cooperative,
                data.year,
                today=cooperative.today(datetime.now(UTC)),
                actor=request.user.username,
            )
            await work.commit()
        headers = {"Location": f"/api/v1/journal-entries/{settled.number}"}
        if settled.replayed:
            headers["Idempotency-Replayed"] = "true"
        return Response(await _year(request, database, data.year), status_code=201, headers=headers)


async def _year(request: ApiRequest, database: Database, year: int) -> YearClosingOut:
    async with database.reading(request.user.book_id) as connection:
        cooperative = await cooperative_of(connection, request.user.book_id)
        found = await service.year_closing(connection, cooperative, year, cooperative.today(datetime.now(UTC)))
    return YearClosingOut.of(found, request.user.locale)


CONTROLLERS: list[type[Controller]] = [YearClosingController]
