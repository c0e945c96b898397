"""Pages for those who check the books: trial balance, account ledger, export, verification."""

from datetime import UTC, date, datetime
from urllib.parse import urlencode

from litestar import Controller, Response, get
from litestar.response import Stream

import ledger
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import BadRequest
from koperasi.frame import Frame
from koperasi.i18n import N_
from koperasi.permissions import Permission
from koperasi.reports import service
from koperasi.reports.exports import Format, JournalExport, download
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.web import Form

PAGE_SIZE = 50
BENEATH_SIZE = 100


class BookPages(Controller):
    """From the trial balance to an account to its entries."""

    include_in_schema = False

    @get("/neraca-saldo", opt={"permission": Permission.READ_BOOKS})
    async def trial_balance(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Every account's balance at the end of a day."""
        book_id = request.user.book_id
        form = Form(dict(request.query_params), request.user.locale)
        async with database.reading(book_id) as connection:
            today = (await cooperative_of(connection, book_id)).today(datetime.now(UTC))
            as_of = form.date("as_of", required=False) or today
            if not form.value("as_of").strip():
                form = Form({"as_of": as_of.isoformat(), "all": form.value("all")}, request.user.locale)
            report = await service.trial_balance(connection, book_id, as_of)
        return await frame.page(
            request,
            "reports/trial_balance.html",
            form=form,
            report=report,
            labels=service.TYPE_LABELS,
            show_all=form.flag("all"),
            may_export=request.user.may(Permission.EXPORT_BOOKS),
        )

    @get("/buku-besar/{code:str}", opt={"permission": Permission.READ_BOOKS})
    async def account_page(self, request: ApiRequest, database: Database, frame: Frame, code: str) -> Response[str]:
        """An account: opening, postings with the balance after each, closing; or the accounts beneath it."""
        form = Form(dict(request.query_params), request.user.locale)
        from_date, to_date = form.date("from", required=False), form.date("to", required=False)
        kept = {name: form.value(name) for name in ("from", "to") if form.value(name)}
        book_id, cursor = request.user.book_id, request.query_params.get("after")
        page: ledger.Statement | None = None
        beneath: list[service.Beneath] = []
        async with database.reading(book_id) as connection:
            account = await service.account(connection, book_id, code)
            sheet = await service.sheet(connection, book_id, account, from_date, to_date)
            if account.control:
                after = decode_cursor(cursor, "str")
                beneath, more = await service.accounts_beneath(
                    connection,
                    book_id,
                    account.code,
                    from_date=from_date,
                    to_date=to_date,
                    after=after[0] if after else None,
                    limit=BENEATH_SIZE,
                )
                next_after = encode_cursor(beneath[-1].account.code) if more else ""
            else:
                after = decode_cursor(cursor, "date", "int", "int")
                page = await service.statement(
                    connection,
                    book_id,
                    account,
                    from_date=from_date,
                    to_date=to_date,
                    after=(after[0], after[1], after[2]) if after else None,
                    limit=PAGE_SIZE,
                )
                next_after = encode_cursor(*page.next_after) if page.next_after else ""
        url = f"/buku-besar/{account.code}"
        query = urlencode(kept)
        return await frame.page(
            request,
            "reports/account.html",
            form=form,
            account=account,
            sheet=sheet,
            query_kept=f"?{query}" if query else "",
            parent=ledger.parent_code(account.code),
            to_date=to_date,
            first_url=(url + (f"?{query}" if query else "")) if cursor else "",
            next_url=(url + "?" + urlencode({**kept, "after": next_after})) if next_after else "",
            page=page,
            beneath=beneath,
            on_side=service.on_side,
        )

    @get("/keutuhan", opt={"permission": Permission.READ_BOOKS})
    async def verification(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Compute the book again from its postings, when asked to, and say what differs."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            head = await ledger.head(connection, book_id)
            report = await ledger.verify(connection, book_id) if request.query_params.get("uji") else None
        return await frame.page(request, "reports/verification.html", head=head, report=report)


class ExportPages(Controller):
    """Take the journal along."""

    include_in_schema = False

    @get("/ekspor", opt={"permission": Permission.EXPORT_BOOKS})
    async def export_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Choose days, see what the file would hold, and download it."""
        book_id = request.user.book_id
        form = Form(dict(request.query_params), request.user.locale)
        from_date, to_date = form.date("from", required=False), form.date("to", required=False)
        if from_date and to_date and to_date < from_date:
            form.error("to", N_("Tanggal akhir tidak boleh sebelum tanggal awal."))
        async with database.reading(book_id) as connection:
            scope = await service.scope(connection, book_id, from_date, to_date)
        days = {name: day.isoformat() for name, day in (("from", from_date), ("to", to_date)) if day is not None}
        return await frame.page(
            request,
            "reports/export.html",
            form=form,
            scope=scope,
            excel_url="/ekspor/jurnal.csv?" + urlencode({**days, "delimiter": ";", "bom": "1"}),
            csv_url="/ekspor/jurnal.csv" + ("?" + urlencode(days) if days else ""),
            jsonl_url="/ekspor/jurnal.jsonl" + ("?" + urlencode(days) if days else ""),
        )

    @get("/ekspor/jurnal.csv", opt={"permission": Permission.EXPORT_BOOKS})
    async def csv_file(self, request: ApiRequest, database: Database) -> Stream:
        """The journal as CSV."""
        from_date, to_date = _days(request)
        delimiter = ";" if request.query_params.get("delimiter") == ";" else ","
        wanted = JournalExport(Format.CSV, from_date, to_date, delimiter, bom=bool(request.query_params.get("bom")))
        return download(database, request.user.book_id, wanted)

    @get("/ekspor/jurnal.jsonl", opt={"permission": Permission.EXPORT_BOOKS})
    async def jsonl_file(self, request: ApiRequest, database: Database) -> Stream:
        """The journal as JSON lines, with its seals."""
        return download(database, request.user.book_id, JournalExport(Format.JSONL, *_days(request)))


def _days(request: ApiRequest) -> tuple[date | None, date | None]:
    form = Form(dict(request.query_params), request.user.locale)
    days = form.date("from", required=False), form.date("to", required=False)
    if not form.ok:
        raise BadRequest("date", N_("Tanggal tidak terbaca: tulis seperti 25/11/2026 atau 25 November 2026."))
    return days


CONTROLLERS: list[type[Controller]] = [BookPages, ExportPages]
