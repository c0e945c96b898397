"""Pages for those who check the books: trial balance, account ledger, verification."""

from datetime import UTC, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Controller, Response, get
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.known import Known
from koperasi.known import known as known_of
from koperasi.permissions import Permission
from koperasi.reports import service
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.web import Form

PAGE_SIZE = 50
BENEATH_SIZE = 100


class BookPages(Controller):
    """From the trial balance to an account to its entries."""

    include_in_schema = False

    @get("/neraca-saldo", opt={"permission": Permission.READ_BOOKS})
    async def trial_balance(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Every account's balance at the end of a day, also as it was recorded until some day, and what came since."""
        book_id = request.user.book_id
        form = Form(dict(request.query_params), request.user.locale)
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            today = cooperative.today(datetime.now(UTC))
            as_of = form.date("as_of", required=False) or today
            if not form.value("as_of").strip():
                form = Form({**request.query_params, "as_of": as_of.isoformat()}, request.user.locale)
            known = await _known(connection, book_id, form, cooperative.zone)
            report = await service.trial_balance(connection, book_id, as_of, known=known)
            later = await service.since(connection, book_id, report) if known.at is not None else None
        return await frame.page(
            request,
            "reports/trial_balance.html",
            form=form,
            report=report,
            later=later,
            on_side=service.on_side,
            labels=service.TYPE_LABELS,
            show_all=form.flag("all"),
            may_export=request.user.may(Permission.EXPORT_BOOKS),
        )

    @get("/buku-besar/{code:str}", opt={"permission": Permission.READ_BOOKS})
    async def account_page(self, request: ApiRequest, database: Database, frame: Frame, code: str) -> Response[str]:
        """An account: opening, postings with the balance after each, closing; or the accounts beneath it."""
        form = Form(dict(request.query_params), request.user.locale)
        from_date, to_date = form.date("from", required=False), form.date("to", required=False)
        kept = {name: form.value(name) for name in ("from", "to", "known_at") if form.value(name)}
        book_id, cursor = request.user.book_id, request.query_params.get("after")
        page: ledger.Statement | None = None
        beneath: list[service.Beneath] = []
        async with database.reading(book_id) as connection:
            account = await service.account(connection, book_id, code)
            known = await _known(connection, book_id, form, (await cooperative_of(connection, book_id)).zone)
            sheet = await service.sheet(connection, book_id, account, from_date, to_date, known=known)
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
                    known_at=known.at,
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
                    known_at=known.at,
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
            known_at=known.at,
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


async def _known(connection: AsyncConnection, book_id: int, form: Form, zone: ZoneInfo) -> Known:
    """How far the page looks; words that can't be read are marked, and it looks at everything."""
    words = form.value("known_at").strip()
    if words and not words.isdigit():
        day = form.date("known_at")
        words = day.isoformat() if day else ""
    try:
        return await known_of(connection, book_id, words, zone)
    except Refusal as refusal:
        form.add_refusal(refusal)
        return await known_of(connection, book_id, None, zone)


CONTROLLERS: list[type[Controller]] = [BookPages]
