"""The statements over REST: rows with a stable key, in the order in which they stand on paper."""

from datetime import UTC, date, datetime
from typing import Annotated

from litestar import Controller, get
from litestar.params import Parameter, QueryParameter

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.known import known as known_of
from koperasi.permissions import Permission
from koperasi.reports import service_statements as service
from koperasi.reports.statement_model import Name, Style
from koperasi.reports.statement_sheet import sheet
from koperasi.rest import ApiRequest, Money, Result, problems


class StatementPeriod(Result):
    """The days that a statement covers; of a balance sheet the year so far."""

    first: date
    last: date


class StatementColumn(Result):
    """A column. ``group`` is the heading above it, if there is one; ``period`` counts in ``periods``, from 0."""

    group: str
    label: str
    period: int


class StatementRow(Result):
    """A row. ``key`` stays the same whatever the language; ``accounts`` are the codes that the row is made of."""

    key: str
    style: Style
    level: int
    label: str
    accounts: list[str]
    amounts: list[Money | None]


class LastEntry(Result):
    """How far the book had come: its last entry's number and seal."""

    number: int
    hash: str


class FinancialStatement(Result):
    """A statement. ``balanced`` is what must be true of a sound book (docs/statements.md).

    ``other_currencies`` have accounts that are not in it. ``known_at`` is the number of the entry that was the book's
    last, if asked for.
    """

    name: Name
    title: str
    periods: list[StatementPeriod]
    columns: list[StatementColumn]
    rows: list[StatementRow]
    balanced: bool
    currency: str
    other_currencies: list[str]
    known_at: int | None
    last_entry: LastEntry


class StatementController(Controller):
    """Worksheet, balance sheet, income, changes in equity, cash flow, and a sharia cooperative's funds."""

    path = "/api/v1"
    tags = ("reports",)

    @get(
        "/reports/{name:str}",
        opt={"permission": Permission.READ_AGGREGATES},
        responses=problems(400, 401, 403, 404, 422),
    )
    async def financial_statement(
        self,
        request: ApiRequest,
        database: Database,
        name: Name,
        from_date: Annotated[date | None, QueryParameter(name="from", required=False)] = None,
        to_date: Annotated[date | None, QueryParameter(name="to", required=False)] = None,
        compare: Annotated[
            str,
            Parameter(
                max_length=10,
                description="none; year: the same days of the year before; or the last day of another time.",
            ),
        ] = "none",
        known_at: Annotated[
            str | None,
            Parameter(
                max_length=40,
                required=False,
                description="As the book stood then: an entry's number, a day (its end), or a moment (ISO 8601).",
            ),
        ] = None,
    ) -> FinancialStatement:
        """A statement of some days: from New Year's Day until today, unless ``from`` and ``to`` say otherwise."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            report = await service.report(
                connection,
                cooperative,
                name,
                first=from_date,
                last=to_date or cooperative.today(datetime.now(UTC)),
                compare=compare,
                known=await known_of(connection, book_id, known_at, cooperative.zone),
            )
        statement, shown = report.statement, sheet(report, cooperative, request.user.locale)
        groups = [label for label, span in shown.groups for _ in range(span)] or [""] * len(shown.columns)
        return FinancialStatement(
            name=name,
            title=shown.title,
            periods=[StatementPeriod(first=one.first, last=one.last) for one in statement.periods],
            columns=[
                StatementColumn(group=group, label=label, period=statement.periods.index(column.period))
                for group, label, column in zip(groups, shown.columns, statement.columns, strict=True)
            ],
            rows=[
                StatementRow(
                    key=row.key,
                    style=row.style,
                    level=row.level,
                    label=row.label,
                    accounts=list(row.codes),
                    amounts=[
                        None if minor is None else Money.of(minor, report.currency) for minor in row.amounts_minor
                    ],
                )
                for row in shown.rows
            ],
            balanced=statement.balanced,
            currency=report.currency,
            other_currencies=list(report.other_currencies),
            known_at=report.known_at,
            last_entry=LastEntry(number=report.head.number, hash=report.head.hash.hex()),
        )


CONTROLLERS: list[type[Controller]] = [StatementController]
