"""Pages for those who check the books: trial balance and account ledger."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from litestar import Controller, Response, get

import ledger
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.frame import Frame
from koperasi.known import known_of
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
            known = await known_of(connection, book_id, form, cooperative.zone)
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
        book_id, cursor = request.user.book_id, request.query_params.get("after")
        page: ledger.Statement | None = None
        beneath: list[service.Beneath] = []
        async with database.reading(book_id) as connection:
            account = await service.account(connection, book_id, code)
            known = await known_of(connection, book_id, form, (await cooperative_of(connection, book_id)).zone)
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
        days = {"from": from_date, "to": to_date}
        kept = {name: day.isoformat() for name, day in days.items() if day}
        then = {} if known.at is None else {"known_at": str(known.at)}
        balance_query = urlencode(({"as_of": kept["to"]} if "to" in kept else {}) | then)
        kept |= then
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
            balance_query=f"?{balance_query}" if balance_query else "",
            to_date=to_date,
            first_url=(url + (f"?{query}" if query else "")) if cursor else "",
            next_url=(url + "?" + urlencode({**kept, "after": next_after})) if next_after else "",
            page=page,
            beneath=beneath,
            on_side=service.on_side,
        )


CONTROLLERS: list[type[Controller]] = [BookPages]
