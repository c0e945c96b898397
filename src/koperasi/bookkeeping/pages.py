"""Pages of the general journal: the list, an entry, an entry by hand, a reversal, and the months of the book."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

import ledger
from koperasi.bookkeeping import service
from koperasi.bookkeeping.api import month_of
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.formats import format_date
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.web import Form, Notice

PAGE_SIZE = 50
FIRST_ROWS = 6
MORE_ROWS = 4
MOST_ROWS = 60

DONE = {
    "tercatat": N_("Jurnal tercatat."),
    "balik": N_("Jurnal balik tercatat; jurnal asal tetap ada dan ditandai dibatalkan."),
    "ditahan": N_("Bulan ini ditahan: tidak menerima jurnal untuk sementara."),
    "dibuka": N_("Bulan ini menerima jurnal lagi."),
    "ditutup": N_("Bulan ini ditutup."),
}
PERIOD_DONE = {
    ledger.PeriodStatus.HELD: "ditahan",
    ledger.PeriodStatus.OPEN: "dibuka",
    ledger.PeriodStatus.CLOSED: "ditutup",
}

Number = Annotated[int, Parameter(ge=1, le=2**53)]


class JournalPages(Controller):
    """What people read of the journal."""

    include_in_schema = False

    @get("/jurnal", opt={"permission": Permission.READ_BOOKS})
    async def list_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The journal, the latest entry first."""
        identity = request.user
        form = Form(dict(request.query_params), identity.locale)
        from_date, to_date = form.date("from", required=False), form.date("to", required=False)
        kind = form.choice("kind", service.KIND_LABELS, required=False)
        before = decode_cursor(request.query_params.get("before"), "int")
        async with database.reading(identity.book_id) as connection:
            head = await ledger.head(connection, identity.book_id)
            found, more = await service.entries(
                connection,
                identity.book_id,
                before=before[0] if before else head.number + 1,
                from_date=from_date,
                to_date=to_date,
                kind=kind,
                limit=PAGE_SIZE,
            )
        kept = {name: form.value(name) for name in ("from", "to", "kind") if form.value(name)}
        older = _url({**kept, "before": encode_cursor(found[-1].entry.number)}) if more else ""
        return await frame.page(
            request,
            "bookkeeping/journal.html",
            form=form,
            entries=[view.entry for view in found],
            head=head,
            kinds=service.KIND_LABELS,
            filtered=bool(kept),
            newest_url=_url(kept) if before else "",
            older_url=older,
            may_post=identity.may(Permission.POST_JOURNAL),
        )

    @get("/jurnal/{number:int}", opt={"permission": Permission.READ_BOOKS})
    async def entry_page(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[str]:
        """One entry: its lines, who and when, its seal, and what undid it."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            view = await service.entry(connection, identity.book_id, number)
        return await frame.page(
            request,
            "bookkeeping/entry.html",
            notices=_notices(request),
            entry=view.entry,
            accounts=view.accounts,
            kinds=service.KIND_LABELS,
            may_reverse=identity.may(Permission.REVERSE) and view.entry.reversed_by is None,
        )


class EntryPages(Controller):
    """Entries by hand, and reversals."""

    include_in_schema = False

    @get("/jurnal/baru", opt={"permission": Permission.POST_JOURNAL})
    async def new_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The form for an entry by hand."""
        form = Form(locale=request.user.locale)
        form.set("date", (await _today(request, database)).isoformat())
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
            settled = await service.post_entry(
                database,
                poster,
                request.user.book_id,
                new,
                today=await _today(request, database),
                actor=request.user.username,
                idempotency=Idempotency.of("web", str(key), "jurnal", new),
            )
        except Refusal as refusal:
            form.add_refusal(refusal, places)
            return await _entry_form(request, database, frame, form, str(uuid4()), status=refusal.status, added_up=True)
        return Redirect(f"/jurnal/{settled.number}?selesai=tercatat", status_code=303)

    @get("/jurnal/{number:int}/balik", opt={"permission": Permission.REVERSE})
    async def reversal_page(
        self, request: ApiRequest, database: Database, frame: Frame, number: Number
    ) -> Response[str]:
        """What undoing the entry would do, before it is done."""
        form = Form(locale=request.user.locale)
        form.set("date", (await _today(request, database)).isoformat())
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
            settled = await service.reverse_entry(
                database,
                poster,
                request.user.book_id,
                number,
                reason=reason,
                effective_date=day,
                today=await _today(request, database),
                actor=request.user.username,
                idempotency=Idempotency.of("web", str(key), "balik", number, reason, day, of_reversal),
                of_reversal=of_reversal,
            )
        except Refusal as refusal:
            form.add_refusal(refusal)
            return await _reversal_form(request, database, frame, form, number, status=refusal.status)
        return Redirect(f"/jurnal/{settled.number}?selesai=balik", status_code=303)


class PeriodPages(Controller):
    """Months: which take entries, and holding and closing them."""

    include_in_schema = False

    @get("/periode", opt={"permission": Permission.READ_BOOKS})
    async def list_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The months of the book, the latest first."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            months = await service.months(connection, identity.book_id)
        return await frame.page(
            request,
            "bookkeeping/periods.html",
            notices=_notices(request),
            months=months,
            names={one.month: _month_name(one.month, identity.locale) for one in months},
            ends={one.month: _last_day(one.month).isoformat() for one in months},
            may_close=identity.may(Permission.CLOSE_PERIOD),
        )

    @get("/periode/{month:str}", opt={"permission": Permission.CLOSE_PERIOD})
    async def month_page(self, request: ApiRequest, database: Database, frame: Frame, month: str) -> Response[str]:
        """What can be done with a month, and what each does."""
        return await _month_form(request, database, frame, Form(locale=request.user.locale), month_of(month))

    @post("/periode/{month:str}", opt={"permission": Permission.CLOSE_PERIOD}, status_code=200)
    async def set_month(self, request: ApiRequest, database: Database, frame: Frame, month: str) -> Response[Any]:
        """Hold, close or let go a month; closing is for good, so a box must be ticked."""
        identity, first = request.user, month_of(month)
        form = Form(dict(await request.form()), identity.locale)
        chosen = form.choice("status", list(ledger.PeriodStatus))
        if chosen == ledger.PeriodStatus.CLOSED and not form.flag("sure"):
            form.error("sure", N_("Bulan yang ditutup tidak dapat dibuka lagi. Centang dahulu bahwa Anda yakin."))
        if not form.ok or chosen is None:
            return await _month_form(request, database, frame, form, first, status=422)
        status = ledger.PeriodStatus(chosen)
        today = await _today(request, database)
        try:
            async with database.work(identity.book_id) as work:
                await service.set_month(
                    work.connection, identity.book_id, first, status, today=today, actor=identity.username
                )
                await work.commit()
        except Refusal as refusal:
            form.add_refusal(refusal)
            return await _month_form(request, database, frame, form, first, status=refusal.status)
        return Redirect(f"/periode?selesai={PERIOD_DONE[status]}", status_code=303)


def _url(query: Mapping[str, str]) -> str:
    return "/jurnal" + ("?" + urlencode(query) if query else "")


def _notices(request: ApiRequest) -> list[Notice]:
    done = DONE.get(request.query_params.get("selesai", ""))
    return [Notice("ok", translate(request.user.locale, done))] if done else []


async def _today(request: ApiRequest, database: Database) -> date:
    async with database.directory() as connection:
        return (await cooperative_of(connection, request.user.book_id)).today(datetime.now(UTC))


def _month_name(first: date, locale: str) -> str:
    return format_date(first, locale).removeprefix("1 ")


def _last_day(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _rows(form: Form) -> int:
    """How many rows the form has: as many as were sent, within bounds, and more when they were asked for."""
    sent = form.value("rows")
    rows = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 4 else FIRST_ROWS
    return max(2, min(MOST_ROWS, rows))


def _entry_of(form: Form) -> tuple[service.NewEntry | None, dict[str, str]]:
    """The entry that was typed, without its empty rows, and where in the form each of its lines stands."""
    day, description = form.date("date"), form.text("description", required=True)
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
    return (service.NewEntry(day, description, tuple(lines), source) if day else None), places


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


async def _month_form(
    request: ApiRequest, database: Database, frame: Frame, form: Form, first: date, *, status: int = 200
) -> Response[str]:
    async with database.reading(request.user.book_id) as connection:
        months = await service.months(connection, request.user.book_id)
    untouched = service.Month(first, ledger.PeriodStatus.OPEN, has_entries=False, by=None)
    return await frame.page(
        request,
        "bookkeeping/period.html",
        status=status,
        form=form,
        month=next((one for one in months if one.month == first), untouched),
        name=_month_name(first, request.user.locale),
        last_day=_last_day(first).isoformat(),
    )


CONTROLLERS: list[type[Controller]] = [JournalPages, EntryPages, PeriodPages]
