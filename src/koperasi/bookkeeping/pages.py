"""Pages of the general journal: the list, an entry, and the months of the book. Those that post are ``pages_entry``."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Controller, Response, get, post
from litestar.response import Redirect

import ledger
from koperasi.bookkeeping import pages_closing, pages_entry, pages_notes, service, service_notes
from koperasi.bookkeeping.api import month_of
from koperasi.bookkeeping.pages_entry import Number, today_of
from koperasi.comments.service import comments_of
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.formats import format_date
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.known import known_of
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.treasury import service as treasury
from koperasi.web import Form, Notice

PAGE_SIZE = 50

DONE = {
    "tercatat": N_("Jurnal tercatat."),
    "balik": N_("Jurnal balik tercatat; jurnal asal tetap ada dan ditandai dibatalkan."),
    "ditahan": N_("Bulan ini ditahan: tidak menerima jurnal untuk sementara."),
    "dibuka": N_("Bulan ini menerima jurnal lagi."),
    "ditutup": N_("Bulan ini ditutup."),
    "diminta": N_("Permintaan tercatat. Bulan ini terbuka lagi bila orang lain menyetujuinya."),
    "disetujui": N_("Bulan ini terbuka lagi; penutupannya tetap tercatat."),
}
PERIOD_DONE = {
    ledger.PeriodStatus.HELD: "ditahan",
    ledger.PeriodStatus.OPEN: "dibuka",
    ledger.PeriodStatus.CLOSED: "ditutup",
}


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
            zone = (await cooperative_of(connection, identity.book_id)).zone
            known = await known_of(connection, identity.book_id, form, zone)
            found, more = await service.entries(
                connection,
                identity.book_id,
                before=before[0] if before else known.head.number + 1,
                from_date=from_date,
                to_date=to_date,
                kind=kind,
                limit=PAGE_SIZE,
                known_at=known.at,
            )
        kept = {name: form.value(name) for name in ("from", "to", "kind") if form.value(name)}
        if known.at is not None:
            kept["known_at"] = str(known.at)
        older = _url({**kept, "before": encode_cursor(found[-1].entry.number)}) if more else ""
        return await frame.page(
            request,
            "bookkeeping/journal.html",
            form=form,
            entries=[view.entry for view in found],
            head=known.head,
            known_at=known.at,
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
            erasure = await service_notes.erasure_of(connection, view.entry)
            remarks = await comments_of(connection, identity.book_id, view.entry.number)
            vouchers = await treasury.numbers_of(connection, identity.book_id, [view.entry.number])
        return await frame.page(
            request,
            "bookkeeping/entry.html",
            voucher=vouchers.get(view.entry.number),
            may_see_voucher=identity.may(Permission.READ_CASH),
            notices=_notices(request),
            entry=view.entry,
            erasure=erasure,
            reasons=service_notes.REASON_LABELS,
            accounts=view.accounts,
            kinds=service.KIND_LABELS,
            facts=service.METADATA_LABELS,
            comments=remarks,
            may_comment=identity.may(Permission.COMMENT),
            may_reverse=identity.may(Permission.REVERSE) and view.entry.reversed_by is None,
        )


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
        """Hold, close or let go a month; closing is not undone by one alone, so a box must be ticked."""
        identity, first = request.user, month_of(month)
        form = Form(dict(await request.form()), identity.locale)
        chosen = form.choice("status", list(ledger.PeriodStatus))
        if chosen == ledger.PeriodStatus.CLOSED and not form.flag("sure"):
            form.error(
                "sure",
                N_("Bulan yang ditutup tidak dapat dibuka lagi oleh satu orang. Centang dahulu bahwa Anda yakin."),
            )
        if not form.ok or chosen is None:
            return await _month_form(request, database, frame, form, first, status=422)
        status = ledger.PeriodStatus(chosen)
        today = await today_of(request, database)
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

    @get("/periode/{month:str}/riwayat", opt={"permission": Permission.READ_BOOKS})
    async def history_page(self, request: ApiRequest, database: Database, frame: Frame, month: str) -> Response[str]:
        """What was done with a month; where it is closed, asking to open it again, and agreeing."""
        return await _history(request, database, frame, Form(locale=request.user.locale), month_of(month))

    @post("/periode/{month:str}/buka", opt={"permission": Permission.CLOSE_PERIOD}, status_code=200)
    async def request_reopening(
        self, request: ApiRequest, database: Database, frame: Frame, month: str
    ) -> Response[Any]:
        """Ask that a closed month be opened again."""
        identity, first = request.user, month_of(month)
        form = Form(dict(await request.form()), identity.locale)
        reason = form.text("reason", required=True)
        if not form.ok:
            return await _history(request, database, frame, form, first, status=422)
        try:
            async with database.work(identity.book_id) as work:
                await service.request_reopening(
                    work.connection, identity.book_id, first, reason=reason, actor=identity.username
                )
                await work.commit()
        except Refusal as refusal:
            form.add_refusal(refusal)
            return await _history(request, database, frame, form, first, status=refusal.status)
        return Redirect("/periode?selesai=diminta", status_code=303)

    @post("/periode/{month:str}/setuju", opt={"permission": Permission.CONFIRM_REOPEN}, status_code=200)
    async def confirm_reopening(
        self, request: ApiRequest, database: Database, frame: Frame, month: str
    ) -> Response[Any]:
        """Agree with who asked: the month is open again."""
        identity, first = request.user, month_of(month)
        form = Form(dict(await request.form()), identity.locale)
        try:
            async with database.work(identity.book_id) as work:
                await service.confirm_reopening(work.connection, identity.book_id, first, actor=identity.username)
                await work.commit()
        except Refusal as refusal:
            form.add_refusal(refusal)
            return await _history(request, database, frame, form, first, status=refusal.status)
        return Redirect("/periode?selesai=disetujui", status_code=303)


def _url(query: Mapping[str, str]) -> str:
    return "/jurnal" + ("?" + urlencode(query) if query else "")


def _notices(request: ApiRequest) -> list[Notice]:
    done = DONE.get(request.query_params.get("selesai", ""))
    return [Notice("ok", translate(request.user.locale, done))] if done else []


def _month_name(first: date, locale: str) -> str:
    return format_date(first, locale).removeprefix("1 ")


def _last_day(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


async def _month_form(
    request: ApiRequest, database: Database, frame: Frame, form: Form, first: date, *, status: int = 200
) -> Response[str]:
    async with database.reading(request.user.book_id) as connection:
        month = await service.month(connection, request.user.book_id, first)
    return await frame.page(
        request,
        "bookkeeping/period.html",
        status=status,
        form=form,
        month=month,
        name=_month_name(first, request.user.locale),
        last_day=_last_day(first).isoformat(),
    )


async def _history(
    request: ApiRequest, database: Database, frame: Frame, form: Form, first: date, *, status: int = 200
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        month = await service.month(connection, identity.book_id, first)
        acts = await ledger.period_acts(connection, identity.book_id, first)
    closed = month.status is ledger.PeriodStatus.CLOSED
    return await frame.page(
        request,
        "bookkeeping/period_history.html",
        status=status,
        form=form,
        month=month,
        name=_month_name(first, identity.locale),
        last_day=_last_day(first).isoformat(),
        acts=acts,
        labels=service.ACT_LABELS,
        may_request=closed and month.request is None and identity.may(Permission.CLOSE_PERIOD),
        may_confirm=closed and month.request is not None and identity.may(Permission.CONFIRM_REOPEN),
    )


CONTROLLERS: list[type[Controller]] = [
    JournalPages,
    PeriodPages,
    *pages_entry.CONTROLLERS,
    *pages_notes.CONTROLLERS,
    *pages_closing.CONTROLLERS,
]
