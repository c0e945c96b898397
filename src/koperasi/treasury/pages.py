"""Pages of cash: what is at hand, a session opened, handed over, closed, and its report as a paper to sign."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.access import service as access
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Conflict, Refusal
from koperasi.formats import format_amount
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.treasury import service
from koperasi.treasury.api import Number, holds_vault, own_only
from koperasi.treasury.service import DENOMINATIONS, Count
from koperasi.web import Form, Notice

PAGE = 20
DONE: Mapping[str, tuple[str, str]] = {
    "buka": ("ok", N_("Sesi kas terbuka. Setoran dan penarikan sekarang lewat laci Anda.")),
    "tutup": ("ok", N_("Sesi kas ditutup. Cetak laporannya dan tandatangani.")),
    "serah": ("ok", N_("Serah terima tercatat. Pihak lain membenarkannya di halaman Kas.")),
    "benar": ("ok", N_("Serah terima dibenarkan.")),
}
FIELDS = tuple(f"d{value}" for value in DENOMINATIONS)


class CashPages(Controller):
    """Cash at hand and sessions."""

    include_in_schema = False

    @get("/kas", opt={"permission": Permission.READ_CASH})
    async def cash(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """What is at hand now, what waits to be confirmed, and the latest sessions."""
        identity, book_id = request.user, request.user.book_id
        place = decode_cursor(request.query_params.get("sesudah"), "int")
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            at_hand = await service.at_hand(connection, cooperative, identity.username)
            found, more = await service.sessions(
                connection, book_id, username=own_only(identity), before=place[0] if place else None, limit=PAGE
            )
            waiting = await service.handovers(connection, cooperative, waiting_only=True)
            needed = await service.needs_session(connection, cooperative)
        mine = at_hand.session.number if at_hand.session else None
        told = DONE.get(request.query_params.get("pesan", ""))
        return await frame.page(
            request,
            "treasury/cash.html",
            notices=[Notice("ok", translate(identity.locale, told[1]))] if told else [],
            at_hand=at_hand,
            sessions=found,
            handovers=[one for one in waiting if holds_vault(identity) or one.session_number == mine],
            needed=needed,
            sees_all=own_only(identity) is None,
            may_work=identity.may(Permission.OPEN_SESSION),
            holds_vault=holds_vault(identity),
            first_url="/kas" if place else "",
            next_url=f"/kas?sesudah={encode_cursor(found[-1].number)}" if more else "",
        )

    @get("/kas/buka", opt={"permission": Permission.OPEN_SESSION})
    async def open_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The drawer is counted before anything is taken or paid."""
        return await _open_form(request, database, frame, Form({}, request.user.locale))

    @post("/kas/buka", opt={"permission": Permission.OPEN_SESSION})
    async def open(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Open it once, however often the form is sent."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key, count, differs = form.uuid("key"), counted(form), ""
        handed = form.amount("from_vault", required=False, positive=False)
        agreed = _agreed(form)
        if form.ok and key and count is not None:
            once = Idempotency.of("web", str(key), "kas-buka", count.to_json(), handed, agreed)
            try:
                async with database.work(identity.book_id) as work:
                    await service.open_session(
                        work,
                        await cooperative_of(work.connection, identity.book_id),
                        username=identity.username,
                        count=count,
                        from_vault_minor=handed,
                        difference_minor=agreed,
                        holds_vault=holds_vault(identity),
                        idempotency=once,
                        now=datetime.now(UTC),
                    )
                    await work.commit()
                return Redirect("/kas?pesan=buka", status_code=303)
            except Refusal as refusal:
                differs = _refuse(form, refusal)
        return await _open_form(request, database, frame, form, differs, status=422)

    @get("/kas/{number:int}", opt={"permission": Permission.READ_CASH})
    async def report(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[str]:
        """The session's report, to read and to print."""
        identity, book_id = request.user, request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            one = await service.session(connection, book_id, number, username=own_only(identity))
            report = await service.report(connection, cooperative, one)
            names = {name for name in (one.username, one.closed_by) if name}
            people = {name: await access.name_of(connection, book_id, name) for name in names}
        told = DONE.get(request.query_params.get("pesan", ""))
        return await frame.page(
            request,
            "treasury/report.html",
            notices=[Notice("ok", translate(identity.locale, told[1]))] if told else [],
            one=one,
            report=report,
            teller=people[one.username],
            counted_by=people.get(one.closed_by or ""),
            may_close=one.is_open and (one.username == identity.username or holds_vault(identity)),
        )

    @get("/kas/{number:int}/tutup", opt={"permission": Permission.OPEN_SESSION})
    async def close_page(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[str]:
        """Count first; the book says afterwards whether it agrees."""
        return await _close_form(request, database, frame, Form({}, request.user.locale), number)

    @post("/kas/{number:int}/tutup", opt={"permission": Permission.OPEN_SESSION})
    async def close(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[Any]:
        """Close it once; a difference is booked only when it was seen and agreed to."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key, count, differs = form.uuid("key"), counted(form), ""
        back = form.amount("to_vault", required=False, positive=False) or 0
        agreed = _agreed(form)
        if form.flag("all_to_vault") and count is not None:
            back = count.total_minor
        if form.ok and key and count is not None:
            once = Idempotency.of("web", str(key), "kas-tutup", number, count.to_json(), back, agreed)
            try:
                async with database.work(identity.book_id) as work:
                    await service.close_session(
                        work,
                        await cooperative_of(work.connection, identity.book_id),
                        number,
                        actor=identity.username,
                        count=count,
                        to_vault_minor=back,
                        difference_minor=agreed,
                        holds_vault=holds_vault(identity),
                        idempotency=once,
                        now=datetime.now(UTC),
                    )
                    await work.commit()
                return Redirect(f"/kas/{number}?pesan=tutup", status_code=303)
            except Conflict:
                # It is closed already: its report says by whom.
                return Redirect(f"/kas/{number}", status_code=303)
            except Refusal as refusal:
                differs = _refuse(form, refusal)
        return await _close_form(request, database, frame, form, number, differs, status=422)

    @get("/kas/{number:int}/serah-terima", opt={"permission": Permission.OPEN_SESSION})
    async def hand_over_page(
        self, request: ApiRequest, database: Database, frame: Frame, number: Number
    ) -> Response[str]:
        """Cash between the vault and this till."""
        return await _hand_over_form(request, database, frame, Form({}, request.user.locale), number)

    @post("/kas/{number:int}/serah-terima", opt={"permission": Permission.OPEN_SESSION})
    async def hand_over(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[Any]:
        """Book it once; the other side confirms it."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key, amount = form.uuid("key"), form.amount("amount")
        direction = form.choice("direction", ("ambil", "setor"))
        if form.ok and key and amount:
            signed = amount if direction == "ambil" else -amount
            try:
                async with database.work(identity.book_id) as work:
                    await service.hand_over(
                        work,
                        await cooperative_of(work.connection, identity.book_id),
                        number,
                        actor=identity.username,
                        amount_minor=signed,
                        holds_vault=holds_vault(identity),
                        idempotency=Idempotency.of("web", str(key), "kas-serah", number, signed),
                        now=datetime.now(UTC),
                    )
                    await work.commit()
                return Redirect("/kas?pesan=serah", status_code=303)
            except Refusal as refusal:
                form.add_refusal(refusal)
        return await _hand_over_form(request, database, frame, form, number, status=422)

    @post("/kas/serah-terima/{number:int}/benar", opt={"permission": Permission.OPEN_SESSION})
    async def confirm(self, request: ApiRequest, database: Database, number: Number) -> Redirect:
        """The other side says that it is so."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            await service.confirm(
                work, number, actor=identity.username, holds_vault=holds_vault(identity), now=datetime.now(UTC)
            )
            await work.commit()
        return Redirect("/kas?pesan=benar", status_code=303)


def counted(form: Form) -> Count | None:
    """What was counted, from the form's fields; None if a field can't be read. What is left empty is none."""
    pieces = {
        value: number
        for value in DENOMINATIONS
        if (number := form.whole(f"d{value}", most=100_000, required=False)) is not None
    }
    other = form.amount("other", required=False, positive=False) or 0
    if not form.ok:
        return None
    try:
        return Count(pieces, other)
    except Refusal as refusal:
        form.add_refusal(refusal)
        return None


def _agreed(form: Form) -> int:
    """The difference that was shown, if the box beside it was ticked; the field is ours, so a wrong one is none."""
    text = form.value("difference_minor")[:20]
    return int(text) if form.flag("agree") and text.lstrip("-").isdecimal() and text.isascii() else 0


def _refuse(form: Form, refusal: Refusal) -> str:
    """Say beside the field what was refused; returns the difference (sen) that may be agreed to now."""
    if refusal.code == "cash-differs":
        form.error("agree", refusal.message, **refusal.params)
        return str(refusal.params["difference_minor"])
    if refusal.code == "floor" and refusal.field is None:
        form.error("from_vault", N_("Kas besar tidak mempunyai uang sebanyak itu menurut buku."))
    else:
        form.add_refusal(refusal)
    return ""


async def _open_form(
    request: ApiRequest, database: Database, frame: Frame, form: Form, differs: str = "", *, status: int = 200
) -> Response[Any]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        at_hand = await service.at_hand(connection, cooperative, identity.username)
    if at_hand.session is not None and status == 200:
        return Redirect(f"/kas/{at_hand.session.number}", status_code=303)
    return await frame.page(
        request,
        "treasury/open.html",
        status=status,
        form=form,
        key=str(uuid4()),
        at_hand=at_hand,
        differs=differs,
        **_rows(form),
    )


async def _close_form(
    request: ApiRequest,
    database: Database,
    frame: Frame,
    form: Form,
    number: int,
    differs: str = "",
    *,
    status: int = 200,
) -> Response[Any]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        owner = None if holds_vault(identity) else identity.username
        one = await service.session(connection, identity.book_id, number, username=owner)
        teller = await access.name_of(connection, identity.book_id, one.username)
    if not one.is_open:
        return Redirect(f"/kas/{number}", status_code=303)
    return await frame.page(
        request,
        "treasury/close.html",
        status=status,
        form=form,
        key=str(uuid4()),
        one=one,
        teller=teller,
        differs=differs,
        **_rows(form),
    )


async def _hand_over_form(
    request: ApiRequest, database: Database, frame: Frame, form: Form, number: int, *, status: int = 200
) -> Response[Any]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        owner = None if holds_vault(identity) else identity.username
        one = await service.session(connection, identity.book_id, number, username=owner)
        at_hand = await service.at_hand(connection, cooperative, one.username)
    if not one.is_open:
        return Redirect(f"/kas/{number}", status_code=303)
    form.fill("direction", "ambil")
    return await frame.page(
        request,
        "treasury/hand_over.html",
        status=status,
        form=form,
        key=str(uuid4()),
        one=one,
        at_hand=at_hand,
        directions=[
            ("ambil", translate(form.locale, N_("Dari kas besar ke laci"))),
            ("setor", translate(form.locale, N_("Dari laci ke kas besar"))),
        ],
    )


def _rows(form: Form) -> dict[str, Any]:
    """The denominations with what was typed beside each, and what all of it is worth as far as it can be read."""
    typed = Form({name: form.value(name) for name in (*FIELDS, "other")})
    count = counted(typed)
    return {
        "denominations": [(f"d{value}", format_amount(value * 100)) for value in DENOMINATIONS],
        "total_minor": None if count is None else count.total_minor,
    }


CONTROLLERS: list[type[Controller]] = [CashPages]
