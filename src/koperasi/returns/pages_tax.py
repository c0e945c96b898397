"""Slips of tax withheld (bukti potong): a month's list, as a file, and one on paper."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Controller, Response, get
from litestar.params import Parameter
from litestar.response import Stream

from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database, Work
from koperasi.errors import BadRequest, Refusal
from koperasi.formats import wire_amount
from koperasi.frame import Frame
from koperasi.i18n import N_
from koperasi.permissions import Permission
from koperasi.printing import answer
from koperasi.rest import ApiRequest
from koperasi.returns import papers, service
from koperasi.returns.messages import law_of, laws, words
from koperasi.returns.model import Slip
from koperasi.returns.pages_form import BAD_MONTH, month_of
from koperasi.returns.rules_days import add_months
from koperasi.savings.service import holder_names
from koperasi.web import Form
from ledger.export.journal import harmless

PAGE_SIZE = 100
FILE_STEP = 1_000
MOST_ON_PAPER = 3_000
"""So many slips are set on paper at once: some sixty sheets, a second, and 400 MB while it lasts."""
HEADS = ("number", "paid_on", "member_number", "name", "gross", "tax", "net", "void")

Serial = Annotated[int, Parameter(ge=1, le=2**31 - 1)]


class SlipPages(Controller):
    """Tax withheld of what savings brought."""

    include_in_schema = False

    @get("/imbal/pajak/{month:str}", opt={"permission": Permission.READ_BOOKS})
    async def list_page(self, request: ApiRequest, database: Database, frame: Frame, month: str) -> Response[str]:
        """The slips of a month; whoever keeps the returns gives numbers to those that have none yet."""
        identity, first = request.user, _month(month)
        form = Form(dict(request.query_params), identity.locale)
        after = form.whole("after", most=2**31 - 1, required=False) or 0
        if identity.may(Permission.MANAGE_RETURNS):
            async with database.work(identity.book_id) as work:
                await service.assign_slips(work, first)
                await work.commit()
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            found, more = await service.slips(connection, identity.book_id, first, after=after, limit=PAGE_SIZE)
            sums = await service.slip_sums(connection, identity.book_id, first)
            rules = await service.rules_on(connection, cooperative, first)
            names = await _names(request, connection, found)
        here = f"/imbal/pajak/{first:%Y-%m}"
        may_export = identity.may(Permission.EXPORT_BOOKS)
        return await frame.page(
            request,
            "returns/slips.html",
            **words(request.user.locale),
            month=first,
            slips=found,
            sums=sums,
            laws=laws(rules, identity.locale),
            names=names,
            previous_month=f"{add_months(first, -1):%Y-%m}" if first.year > 1900 else "",
            next_month=f"{add_months(first, 1):%Y-%m}" if first.year < 2100 else "",
            csv_url=f"{here}/csv" if may_export and found else "",
            pdf_url=f"{here}/pdf" if may_export and found else "",
            first_url=here if after else "",
            next_url=f"{here}?{urlencode({'after': found[-1].serial})}" if more else "",
        )

    @get("/imbal/pajak/{month:str}/csv", opt={"permission": Permission.EXPORT_BOOKS})
    async def file(self, request: ApiRequest, database: Database, month: str) -> Stream:
        """The same as a file; that it was taken is a row of the trail."""
        first = _month(month)
        async with database.work(request.user.book_id) as work:
            cooperative = await _taken(request, work, first, "csv")
            await work.commit()
        return Stream(
            _csv(request, database, first),
            media_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="bukti-potong-{cooperative.code}-{first:%Y-%m}.csv"'
            },
        )

    @get("/imbal/pajak/{month:str}/pdf", opt={"permission": Permission.EXPORT_BOOKS})
    async def paper(self, request: ApiRequest, database: Database, month: str) -> Response[Any]:
        """The same as a paper with all slips of the month; that it was taken is a row of the trail."""
        book_id, first = request.user.book_id, _month(month)
        async with database.reading(book_id) as connection:
            found, more = await service.slips(connection, book_id, first, limit=MOST_ON_PAPER)
            sums = await service.slip_sums(connection, book_id, first)
            rules = await service.rules_on(connection, await cooperative_of(connection, book_id), first)
            names = await _names(request, connection, found)
        if more:
            raise Refusal(
                "slips-too-many",
                N_("Daftar ini lebih dari %(limit)s bukti potong. Ambil sebagai CSV."),
                limit=MOST_ON_PAPER,
            )
        async with database.work(book_id) as work:
            cooperative = await _taken(request, work, first, "pdf")
            await work.commit()
        made = papers.slip_list(first, found, sums, rules, names, cooperative, request.user.locale)
        return await answer(made, f"bukti-potong-{cooperative.code}-{first:%Y-%m}", request.user, cooperative.zone)

    @get("/imbal/pajak/{month:str}/{serial:int}", opt={"permission": Permission.READ_BOOKS})
    async def slip_page(
        self, request: ApiRequest, database: Database, frame: Frame, month: str, serial: Serial
    ) -> Response[Any]:
        """One slip, to be printed and handed over; with ``pdf`` as a file."""
        identity, first = request.user, _month(month)
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            found = await service.slip(connection, identity.book_id, first, serial)
            names = await _names(request, connection, [found])
        if "pdf" in request.query_params:
            made = papers.slip(found, names.get(found.member_number, ""), cooperative, identity.locale)
            return await answer(made, found.number.replace("/", "-"), identity, cooperative.zone)
        return await frame.page(
            request,
            "returns/slip.html",
            **words(request.user.locale),
            slip=found,
            name=names.get(found.member_number, ""),
            law=law_of(cooperative.kind, found.member_number),
        )


async def _taken(request: ApiRequest, work: Work, month: date, form: str) -> Cooperative:
    """Put on record that the month's slips leave the house as a file; the caller commits."""
    identity = request.user
    cooperative = await cooperative_of(work.connection, identity.book_id)
    await audit.record(
        work.connection,
        identity.book_id,
        actor=identity.username,
        action=Action.EXPORTED,
        subject=f"tax slips {month:%Y-%m} {form}",
    )
    return cooperative


def _month(text: str) -> date:
    """The first of the month in an address.

    Raises:
        BadRequest: ``month``.
    """
    month = month_of(text)
    if month is None:
        raise BadRequest("month", BAD_MONTH, field="month")
    return month


async def _names(request: ApiRequest, connection: Any, slips: Sequence[Slip]) -> dict[str, str]:
    """Names of the savers, for those who may see them."""
    identity = request.user
    if not identity.may(Permission.READ_MEMBERS):
        return {}
    numbers = sorted({one.member_number for one in slips})
    return await holder_names(connection, identity.book_id, numbers)


async def _csv(request: ApiRequest, database: Database, month: date) -> AsyncIterator[bytes]:
    """All slips of the month in one snapshot."""
    yield _lines([HEADS])
    after, more = 0, True
    async with database.reading(request.user.book_id) as connection:
        while more:
            found, more = await service.slips(connection, request.user.book_id, month, after=after, limit=FILE_STEP)
            names = await _names(request, connection, found)
            yield _lines([_cells(one, names.get(one.member_number, "")) for one in found])
            after = found[-1].serial if found else after


def _cells(one: Slip, name: str) -> list[str]:
    amounts = (one.gross_minor, one.tax_minor, one.gross_minor - one.tax_minor)
    words = (one.number, one.paid_on.isoformat(), one.member_number, name)
    cells = [harmless(word) for word in words]
    return [*cells, *map(wire_amount, amounts), "void" if one.is_void else ""]


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


CONTROLLERS: list[type[Controller]] = [SlipPages]
