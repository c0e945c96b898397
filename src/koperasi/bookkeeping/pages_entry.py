"""Pages that post to the general journal: an entry by hand, and a reversal."""

from collections.abc import Awaitable
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

import ledger
from koperasi.approvals.service import NeedsApproval
from koperasi.bookkeeping import service
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Permission
from koperasi.posting import Idempotency, Settled
from koperasi.rest import ApiRequest
from koperasi.web import Form

FIRST_ROWS = 6
MORE_ROWS = 4
MOST_ROWS = 60

Number = Annotated[int, Parameter(ge=1, le=2**53)]


class EntryPages(Controller):
    """Entries by hand, and reversals."""

    include_in_schema = False

    @get("/jurnal/baru", opt={"permission": Permission.POST_JOURNAL})
    async def new_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The form for an entry by hand."""
        form = Form(locale=request.user.locale)
        form.set("date", (await today_of(request, database)).isoformat())
        asked = request.query_params.get("kind")
        form.set("kind", asked if asked in service.BY_HAND else service.JOURNAL)
        return await _entry_form(request, database, frame, form, str(uuid4()))

    @post("/jurnal/baru", opt={"permission": Permission.POST_JOURNAL}, status_code=200)
    async def post_entry(
        self, request: ApiRequest, database: Database, poster: ledger.Poster, frame: Frame
    ) -> Response[Any]:
        """Post the entry; or give it more rows, or only add it up, when that button was pressed."""
        form = Form(dict(await request.form()), request.user.locale)
        key = form.uuid("key")
        new, places = _entry_of(form)
        if form.flag("more") or form.flag("sum"):
            return await _entry_form(request, database, frame, form, form.value("key"), added_up=True)
        if not form.ok or new is None or key is None:
            return await _entry_form(request, database, frame, form, str(uuid4()), status=422, added_up=True)
        try:
            doing = service.post_entry(
                database,
                poster,
                request.user.book_id,
                new,
                today=await today_of(request, database),
                actor=request.user.username,
                idempotency=Idempotency.of("web", str(key), "jurnal", new),
            )
            return await _posted(request, database, doing, "tercatat", new)
        except Refusal as refusal:
            form.add_refusal(refusal, places)
            return await _entry_form(request, database, frame, form, str(uuid4()), status=refusal.status, added_up=True)

    @get("/jurnal/{number:int}/balik", opt={"permission": Permission.REVERSE})
    async def reversal_page(
        self, request: ApiRequest, database: Database, frame: Frame, number: Number
    ) -> Response[str]:
        """What undoing the entry would do, before it is done."""
        form = Form(locale=request.user.locale)
        return await _reversal_form(request, database, frame, form, number)

    @post("/jurnal/{number:int}/balik", opt={"permission": Permission.REVERSE}, status_code=200)
    async def reverse(
        self, request: ApiRequest, database: Database, poster: ledger.Poster, frame: Frame, number: Number
    ) -> Response[Any]:
        """Undo the entry by one that mirrors it."""
        form = Form(dict(await request.form()), request.user.locale)
        key = form.uuid("key")
        reason, day = form.text("reason", required=True), form.date("date")
        of_reversal = form.flag("of_reversal")
        if not form.ok or key is None:
            return await _reversal_form(request, database, frame, form, number, status=422)
        try:
            doing = service.reverse_entry(
                database,
                poster,
                request.user.book_id,
                number,
                reason=reason,
                effective_date=day,
                today=await today_of(request, database),
                actor=request.user.username,
                idempotency=Idempotency.of("web", str(key), "balik", number, reason, day, of_reversal),
                of_reversal=of_reversal,
            )
            return await _posted(request, database, doing, "balik")
        except Refusal as refusal:
            form.add_refusal(refusal)
            return await _reversal_form(request, database, frame, form, number, status=refusal.status)


async def today_of(request: ApiRequest, database: Database) -> date:
    """The cooperative's day."""
    async with database.directory() as connection:
        return (await cooperative_of(connection, request.user.book_id)).today(datetime.now(UTC))


async def _posted(
    request: ApiRequest,
    database: Database,
    post_it: Awaitable[Settled],
    done: str,
    new: service.NewEntry | None = None,
) -> Redirect:
    """Show the entry that was posted, or the draft that waits for a second person."""
    book_id = request.user.book_id
    try:
        number = (await post_it).number
    except NeedsApproval as need:
        async with database.work(book_id) as work:
            asked = await service.ask(work.connection, book_id, need, new)
            await work.commit()
        return Redirect(f"/persetujuan/{asked.number}?baru=1", status_code=303)
    return Redirect(f"/jurnal/{number}?selesai={done}", status_code=303)


def _rows(form: Form) -> int:
    """How many rows the form has: as many as were sent, within bounds, and more when they were asked for."""
    sent = form.value("rows")
    rows = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 4 else FIRST_ROWS
    return max(2, min(MOST_ROWS, rows))


def _entry_of(form: Form) -> tuple[service.NewEntry | None, dict[str, str]]:
    """The entry that was typed, without its empty rows, and where in the form each of its lines stands."""
    day, description = form.date("date"), form.text("description", required=True)
    form.set("kind", service.JOURNAL)
    kind = form.choice("kind", service.BY_HAND, required=False) or service.JOURNAL
    source = form.text("source") or None
    lines: list[service.NewLine] = []
    places: dict[str, str] = {}
    for row in range(_rows(form)):
        account = form.text(f"account-{row}", max_length=125)
        debit_minor = form.amount(f"debit-{row}", required=False)
        credit_minor = form.amount(f"credit-{row}", required=False)
        if not any(form.value(f"{name}-{row}").strip() for name in ("account", "debit", "credit")):
            continue
        for name in ("account", "debit", "credit"):
            places[f"lines.{len(lines)}.{name}"] = f"{name}-{row}"
        # A datalist offers "1101 Kas"; the code is what counts.
        code = account.split(" ")[0]
        if not account:
            form.error(f"account-{row}", N_("Tulis kode akun."))
        lines.append(service.NewLine(code, debit_minor, credit_minor))
    return (service.NewEntry(day, description, tuple(lines), source, kind) if day else None), places


async def _entry_form(
    request: ApiRequest,
    database: Database,
    frame: Frame,
    form: Form,
    key: str,
    *,
    status: int = 200,
    added_up: bool = False,
) -> Response[str]:
    rows = _rows(form)
    if form.flag("more"):
        rows = min(MOST_ROWS, rows + MORE_ROWS)
    codes = [form.value(f"account-{row}").split(" ")[0] for row in range(rows)]
    book_id = request.user.book_id
    async with database.reading(book_id) as connection:
        accounts = await service.postable_accounts(connection, book_id)
        known = await service.names_of(connection, book_id, codes)
    # Rows are read again from what was typed: an entry with an error in one row still adds up the others.
    typed = Form({name: form.value(name) for name in _amount_names(rows)})
    amounts = [
        service.NewLine("", typed.amount(f"debit-{row}", required=False), typed.amount(f"credit-{row}", required=False))
        for row in range(rows)
    ]
    debit_minor, credit_minor = service.sums(amounts)
    return await frame.page(
        request,
        "bookkeeping/new.html",
        status=status,
        form=form,
        key=key,
        rows=rows,
        most_rows=MOST_ROWS,
        kinds=[(kind, translate(form.locale, service.KIND_LABELS[kind])) for kind in service.BY_HAND],
        accounts=accounts,
        named=[known.get(code) for code in codes],
        debit_minor=debit_minor,
        credit_minor=credit_minor,
        added_up=added_up,
    )


def _amount_names(rows: int) -> list[str]:
    return [f"{side}-{row}" for row in range(rows) for side in ("debit", "credit")]


async def _reversal_form(
    request: ApiRequest, database: Database, frame: Frame, form: Form, number: int, *, status: int = 200
) -> Response[str]:
    async with database.reading(request.user.book_id) as connection:
        view = await service.entry(connection, request.user.book_id, number)
    form.set("date", service.reversal_day(view.entry, await today_of(request, database)).isoformat())
    return await frame.page(
        request,
        "bookkeeping/reversal.html",
        status=status,
        form=form,
        key=str(uuid4()),
        entry=view.entry,
        effects=service.effects(view.entry, view.accounts),
        kinds=service.KIND_LABELS,
    )


CONTROLLERS: list[type[Controller]] = [EntryPages]
