"""Pages of dues: months to bill, who is behind, and how one member stands."""

from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

from litestar import Controller, Response, get, post
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import service as audit
from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database
from koperasi.dues import messages, pages_collection, pages_member, rules, service
from koperasi.dues.rules import WaiverReason
from koperasi.errors import NotFound, Refusal
from koperasi.frame import Frame
from koperasi.groups import service as groups
from koperasi.i18n import N_, translate
from koperasi.members import service as members
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.web import Form, Notice
from koperasi.web.render import private_page

PAGE_SIZE = 50
MOST_MONTHS = 600
FILTER_FIELDS = ("kelompok", "bulan")

BILLED = N_("%(month)s ditagihkan kepada %(members)s anggota. Tidak ada yang dicatat di buku sampai dibayar.")
NOTHING_TO_BILL = N_("Semua anggota sudah ditagih untuk %(month)s.")
DONE = {
    "ketetapan": N_("Ketetapan tersimpan. Tagihan yang sudah ada tidak berubah."),
    "hapus": N_("Tagihan tidak diminta lagi. Bulan itu tidak akan ditagih ulang."),
}


class Filter(NamedTuple):
    """Who is listed: of one group, late since at least so many months."""

    group: str
    months: int
    numbers: list[str] | None


class DuesPages(Controller):
    """Who owes what, and billing a month."""

    include_in_schema = False

    @get("/iuran", opt={"permission": Permission.READ_MEMBERS})
    async def overview(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The months with their bills, and who is late."""
        said = _said(request)
        return await _overview(request, database, frame, Form(None, request.user.locale), notices=said)

    @post("/iuran/tagih", opt={"permission": Permission.BILL_DUES})
    async def bill(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Bill a month to everybody who was not billed for it; sent twice it does nothing more."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        period = form.text("month", required=True, max_length=20)
        if form.ok:
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    today = cooperative.today(datetime.now(UTC))
                    done = await service.bill(work, cooperative, period, actor=identity.username, today=today)
                    await work.commit()
            except Refusal as refusal:
                form.add_refusal(refusal)
            else:
                query = urlencode({"ditagih": done.period, "anggota": done.members})
                return Redirect(f"/iuran?{query}", status_code=303)
        return await _overview(request, database, frame, form, status=422)

    @get("/iuran/tunggakan.csv", opt={"permission": Permission.READ_MEMBERS})
    async def arrears_file(self, request: ApiRequest, database: Database) -> Response[str]:
        """The list of who is late, as it was filtered, for a spreadsheet; taking it along is put on record."""
        identity = request.user
        form = Form({name: request.query_params.get(name, "") for name in FILTER_FIELDS}, identity.locale)
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            wanted = await _filter_of(work.connection, cooperative, form)
            page = await service.behind(
                work.connection,
                cooperative,
                cooperative.today(datetime.now(UTC)),
                numbers=wanted.numbers,
                months=wanted.months,
                limit=None,
            )
            await audit.record(
                work.connection,
                identity.book_id,
                actor=identity.username,
                action=audit.Action.EXPORTED,
                subject="arrears",
                after={"members": page.members},
            )
            await work.commit()
        answer = private_page(messages.arrears_csv(page.rows, identity.locale))
        answer.media_type = "text/csv; charset=utf-8"
        answer.headers["Content-Disposition"] = 'attachment; filename="tunggakan.csv"'
        return answer


class MemberDuesPages(Controller):
    """How one member stands."""

    include_in_schema = False

    @get("/iuran/anggota/{number:str}", opt={"permission": Permission.READ_MEMBERS})
    async def card(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """Every bill with what was paid of it; and what this member alone pays."""
        done = DONE.get(request.query_params.get("selesai", ""))
        notices = [Notice("ok", translate(request.user.locale, done))] if done else []
        return await _card(request, database, frame, number, Form(None, request.user.locale), notices=notices)

    @post("/iuran/anggota/{number:str}/ketetapan", opt={"permission": Permission.BILL_DUES})
    async def set_terms(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Let this member pay another amount from a month on."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        for name in ("amount", "valid_from"):
            form.set(name, "")
        amount = form.amount("amount", required=False, positive=False)
        valid_from = form.text("valid_from", required=True, max_length=20)
        if form.ok:
            try:
                async with database.work(identity.book_id) as work:
                    await service.set_terms(work, number, valid_from, amount, actor=identity.username)
                    await work.commit()
            except NotFound:
                raise
            except Refusal as refusal:
                form.add_refusal(refusal, {"month": "valid_from"})
            else:
                return Redirect(f"/iuran/anggota/{number}?selesai=ketetapan", status_code=303)
        return await _card(request, database, frame, number, form, status=422)

    @post("/iuran/anggota/{number:str}/hapus", opt={"permission": Permission.BILL_DUES})
    async def waive(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Give a month's bill up."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        for name in ("period", "reason"):
            form.set(name, "")
        period = form.text("period", required=True, max_length=20)
        reason = form.choice("reason", list(WaiverReason))
        if form.ok and reason:
            try:
                async with database.work(identity.book_id) as work:
                    await service.waive(work, number, period, WaiverReason(reason), actor=identity.username)
                    await work.commit()
            except NotFound:
                raise
            except Refusal as refusal:
                form.add_refusal(refusal, {"month": "period"})
            else:
                return Redirect(f"/iuran/anggota/{number}?selesai=hapus", status_code=303)
        return await _card(request, database, frame, number, form, status=422)


async def _overview(
    request: ApiRequest,
    database: Database,
    frame: Frame,
    form: Form,
    *,
    status: int = 200,
    notices: list[Notice] | None = None,
) -> Response[str]:
    identity, asked = request.user, request.query_params
    wanted_form = Form({name: asked.get(name, "") for name in FILTER_FIELDS}, identity.locale)
    place = decode_cursor(asked.get("sesudah"), "str")
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        today = cooperative.today(datetime.now(UTC))
        wanted = await _filter_of(connection, cooperative, wanted_form)
        late = await service.behind(
            connection,
            cooperative,
            today,
            numbers=wanted.numbers,
            months=wanted.months,
            after=place[0] if place else None,
            limit=PAGE_SIZE,
        )
        # Further pages are of the list alone.
        months = [] if place else await service.months(connection, cooperative, today)
        known = (await groups.find_groups(connection, identity.book_id, groups.Filter(), limit=200)).groups
    form.set("month", rules.period_of(today))
    kept = {name: wanted_form.value(name) for name in FILTER_FIELDS if wanted_form.value(name)}
    further = {**kept, "sesudah": encode_cursor(late.next_after)} if late.next_after else {}
    return await frame.page(
        request,
        "dues/overview.html",
        status=status,
        notices=notices or [],
        form=form,
        wanted=wanted_form,
        late=late,
        months=months,
        month=partial(messages.month, locale=identity.locale),
        today=today,
        group_options=[(one.number, one.name) for one in known],
        filtered=bool(kept),
        file_url="/iuran/tunggakan.csv" + (f"?{urlencode(kept)}" if kept else ""),
        first_url=("/iuran?" + urlencode(kept)) if place else "",
        next_url=("/iuran?" + urlencode(further)) if further else "",
        may_bill=identity.may(Permission.BILL_DUES),
        may_collect=identity.may(Permission.POST_SAVINGS),
    )


async def _card(
    request: ApiRequest,
    database: Database,
    frame: Frame,
    number: str,
    form: Form,
    *,
    status: int = 200,
    notices: list[Notice] | None = None,
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        today = cooperative.today(datetime.now(UTC))
        member = await members.member_by_number(connection, identity.book_id, number)
        standing = await service.standing_of(connection, cooperative, number, today)
    for name in ("amount", "period", "reason"):
        form.set(name, "")
    form.set("valid_from", rules.shifted(rules.period_of(today), 1))
    locale = identity.locale
    open_months = [
        one.bill.period for one in standing.settled if one.bill.kind is service.Kind.WAJIB and one.open_minor
    ]
    return await frame.page(
        request,
        "dues/member.html",
        status=status,
        notices=notices or [],
        form=form,
        member=member,
        standing=standing,
        month=partial(messages.month, locale=locale),
        this_month=rules.period_of(today),
        day=today,
        period_options=[(period, messages.month(period, locale)) for period in open_months],
        reason_options=[(one.value, translate(locale, one.label)) for one in WaiverReason],
        ended=member.status.has_left,
        may_bill=identity.may(Permission.BILL_DUES) and not member.status.has_left,
        may_post=identity.may(Permission.POST_SAVINGS) and not member.status.has_left,
    )


def _said(request: ApiRequest) -> list[Notice]:
    """What billing did, after the redirect."""
    asked, locale = request.query_params, request.user.locale
    period, count = asked.get("ditagih", ""), asked.get("anggota", "")
    try:
        word = messages.month(rules.clean_period(period), locale)
    except Refusal:
        return []
    if not (count.isascii() and count.isdigit() and len(count) < 9):
        return []
    if int(count):
        return [Notice("ok", translate(locale, BILLED, month=word, members=count))]
    return [Notice("ok", translate(locale, NOTHING_TO_BILL, month=word))]


async def _filter_of(connection: AsyncConnection, cooperative: Cooperative, form: Form) -> Filter:
    """What was asked for in the address; what can't be read leaves nothing out."""
    least = form.whole("bulan", least=1, most=MOST_MONTHS, required=False) or 1
    group = form.text("kelompok", max_length=20)
    if not group:
        return Filter("", least, None)
    try:
        found = await groups.group_by_number(connection, cooperative.book_id, group)
    except NotFound:
        return Filter("", least, None)
    return Filter(group, least, [one.member.number for one in found.members])


CONTROLLERS: list[type[Controller]] = [
    DuesPages,
    MemberDuesPages,
    *pages_collection.CONTROLLERS,
    *pages_member.CONTROLLERS,
]
