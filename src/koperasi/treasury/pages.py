"""Pages of cash: what is at hand, a session opened, handed over, closed, and its report as a paper to sign."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.access import service as access
from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database
from koperasi.errors import Conflict, Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Identity, Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.treasury import service
from koperasi.treasury.api import Number, holds_vault, own_only
from koperasi.treasury.counting import agreed_to, count_rows, counted, refuse
from koperasi.web import Form, Notice

PAGE = 20
DONE: Mapping[str, tuple[str, str]] = {
    "buka": ("ok", N_("Sesi kas terbuka. Setoran dan penarikan sekarang lewat laci Anda.")),
    "tutup": ("ok", N_("Sesi kas ditutup. Cetak laporannya dan tandatangani.")),
    "serah": ("ok", N_("Serah terima tercatat. Pihak lain membenarkannya di halaman Kas.")),
    "benar": ("ok", N_("Serah terima dibenarkan.")),
}


TOO_MUCH = {
    "ambil": N_("Kas besar tidak mempunyai uang sebanyak itu menurut buku."),
    "setor": N_("Laci tidak mempunyai uang sebanyak itu menurut buku."),
}


class CashPages(Controller):
    """Cash at hand and sessions."""

    include_in_schema = False

    @get("/kas", opt={"permission": Permission.READ_CASH})
    async def cash(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """What is at hand now, what waits to be confirmed, and the latest sessions."""
        identity, book_id = request.user, request.user.book_id
        place = decode_cursor(request.query_params.get("sesudah"), "int")
        form = Form({"kantor": request.query_params.get("kantor", "")}, identity.locale)
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            at_hand = await service.at_hand(connection, cooperative, identity.username)
            offices = await service.office_names(connection, book_id)
            office = form.value("kantor") if form.value("kantor") in offices else None
            found, more = await service.sessions(
                connection,
                book_id,
                username=own_only(identity),
                office=office,
                before=place[0] if place else None,
                limit=PAGE,
            )
            petty_minor = await _petty(connection, cooperative, identity)
            waiting = await service.handovers(connection, cooperative, waiting_only=True)
            needed = await service.needs_session(connection, cooperative)
        mine = at_hand.session.number if at_hand.session else None
        here = f"/kas?kantor={office}" if office else "/kas"
        told = DONE.get(request.query_params.get("pesan", ""))
        return await frame.page(
            request,
            "treasury/cash.html",
            notices=[Notice("ok", translate(identity.locale, told[1]))] if told else [],
            form=form,
            at_hand=at_hand,
            offices=offices,
            petty_minor=petty_minor,
            today=cooperative.today(datetime.now(UTC)),
            sessions=found,
            handovers=[one for one in waiting if holds_vault(identity) or one.session_number == mine],
            needed=needed,
            sees_all=own_only(identity) is None,
            may_work=identity.may(Permission.OPEN_SESSION),
            holds_vault=holds_vault(identity),
            first_url=here if place else "",
            next_url=f"{here}{'&' if office else '?'}sesudah={encode_cursor(found[-1].number)}" if more else "",
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
        agreed, office = agreed_to(form), form.text("office", max_length=20) or None
        if form.ok and key and count is not None:
            once = Idempotency.of("web", str(key), "kas-buka", count.to_json(), handed, agreed, office)
            try:
                async with database.work(identity.book_id) as work:
                    await service.open_session(
                        work,
                        await cooperative_of(work.connection, identity.book_id),
                        username=identity.username,
                        count=count,
                        office=office,
                        from_vault_minor=handed,
                        difference_minor=agreed,
                        holds_vault=holds_vault(identity),
                        idempotency=once,
                        now=datetime.now(UTC),
                    )
                    await work.commit()
                return Redirect("/kas?pesan=buka", status_code=303)
            except Refusal as refusal:
                differs = refuse(form, refusal)
        return await _open_form(request, database, frame, form, differs, status=422)

    @get("/kas/{number:int}", opt={"permission": Permission.READ_CASH})
    async def report(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[str]:
        """The session's report, to read and to print."""
        identity, book_id = request.user, request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            one = await service.session(connection, book_id, number, username=own_only(identity))
            report = await service.report(connection, cooperative, one)
        if not one.is_open and not cooperative.is_read_only and any(line.voucher is None for line in report.lines):
            # What is printed and signed names each movement by the number of its voucher.
            async with database.work(book_id) as work:
                await service.give_number(work, report.lines[-1].movement.entry_number)
                report = await service.report(work.connection, cooperative, one)
                await work.commit()
        async with database.reading(book_id) as connection:
            names = {name for name in (one.username, one.closed_by) if name}
            people = {name: await access.name_of(connection, book_id, name) for name in names}
            offices = await service.office_names(connection, book_id)
        told = DONE.get(request.query_params.get("pesan", ""))
        return await frame.page(
            request,
            "treasury/report.html",
            notices=[Notice("ok", translate(identity.locale, told[1]))] if told else [],
            one=one,
            report=report,
            teller=people[one.username],
            office=offices.get(one.office, ""),
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
        agreed = agreed_to(form)
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
                differs = refuse(form, refusal)
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
                if refusal.code == "floor":
                    form.error("amount", TOO_MUCH[direction or ""])
                else:
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


async def _petty(connection: AsyncConnection, cooperative: Cooperative, identity: Identity) -> int | None:
    """What petty cash holds, in sen, for those who see it: it is their concern once it was given to somebody."""
    if not service.has_petty(cooperative):
        return None
    box = await service.box(connection, cooperative, cooperative.today(datetime.now(UTC)))
    known = box.last is not None or bool(box.balance_minor)
    if holds_vault(identity) or (own_only(identity) is None and known) or box.holder == identity.username:
        return box.balance_minor
    return None


async def _open_form(
    request: ApiRequest, database: Database, frame: Frame, form: Form, differs: str = "", *, status: int = 200
) -> Response[Any]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        at_hand = await service.at_hand(connection, cooperative, identity.username)
        desks = await service.offices(connection, identity.book_id)
        usual = await service.choose_office(connection, identity.book_id, identity.username, None)
    if at_hand.session is not None and status == 200:
        return Redirect(f"/kas/{at_hand.session.number}", status_code=303)
    form.fill("office", usual)
    there = {one.code: one.name for one in desks if not one.closed}
    return await frame.page(
        request,
        "treasury/open.html",
        status=status,
        form=form,
        key=str(uuid4()),
        at_hand=at_hand,
        offices=there if len(there) > 1 else {},
        all_offices={one.code: one.name for one in desks},
        differs=differs,
        **count_rows(form),
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
        **count_rows(form),
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


CONTROLLERS: list[type[Controller]] = [CashPages]
