"""Pages of a settlement: its statement before and after the decision, paying it, taking it back, and its papers."""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.access import service as access
from koperasi.approvals import service as approvals
from koperasi.approvals.service import Approval
from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database
from koperasi.errors import NotFound, Refusal
from koperasi.formats import format_figure
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.members import service as members
from koperasi.membership import papers, service
from koperasi.membership.service import Exit, Part, Statement, Wishes
from koperasi.paper import service as paper
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.printing import answer
from koperasi.rest import ApiRequest
from koperasi.web import Form, Notice

TYPED = ("decided_on", "charge", "waiver", "shu")

Position = Annotated[int, Parameter(ge=0, le=100)]

DONE = {
    "diputuskan": N_("Penyelesaian diputuskan dan dicatat."),
    "dibayar": N_("Pembayaran dicatat."),
    "dibatalkan": N_("Penyelesaian dibatalkan dengan jurnal balik."),
    "diterima": N_("Pembayaran kekurangan diterima dan dicatat."),
    "dikembalikan": N_("Pembayaran kekurangan dikembalikan."),
}


ELSEWHERE = {"result-missing": "/berjangka/hasil"}
"""Where something is done first without which there is no statement, by the code of the refusal."""


class ExitPages(Controller):
    """The settlement of one member."""

    include_in_schema = False

    @get("/anggota/{number:str}/penyelesaian", opt={"permission": Permission.READ_MEMBERS})
    async def show(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """The settlement as it was decided, or as it would be decided now."""
        identity, asked = request.user, request.query_params
        typed = {name: asked[name] for name in TYPED if asked.get(name)}
        return await shown(request, database, frame, number, Form(typed, identity.locale))

    @post("/anggota/{number:str}/penyelesaian", opt={"permission": Permission.WRITE_MEMBERS}, status_code=200)
    async def decide(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Decide it, or ask a second person to; the same form sent twice decides once."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        if form.value("again"):
            typed = {name: form.value(name) for name in TYPED if form.value(name)}
            return Redirect(f"/anggota/{number}/penyelesaian?{urlencode(typed)}", status_code=303)
        key, now = form.uuid("key"), datetime.now(UTC)
        decided_on, wishes = form.date("decided_on"), wishes_of(form)
        if not form.ok or key is None or decided_on is None:
            return await shown(request, database, frame, number, form, status=422)
        once = Idempotency.of("web", str(key), "exit", number, decided_on, *wishes)
        try:
            async with database.work(identity.book_id) as work:
                cooperative = await cooperative_of(work.connection, identity.book_id)
                done = await service.decide(
                    work,
                    cooperative,
                    number,
                    decided_on=decided_on,
                    wishes=wishes,
                    actor=identity.username,
                    idempotency=once,
                    now=now,
                )
                await work.commit()
        except Refusal as refusal:
            return await refused(request, database, frame, number, form, refusal)
        if isinstance(done, Approval):
            return Redirect(f"/persetujuan/{done.number}?baru=1", status_code=303)
        return Redirect(f"/anggota/{number}/penyelesaian?selesai=diputuskan", status_code=303)

    @post(
        "/anggota/{number:str}/penyelesaian/bayar/{position:int}",
        opt={"permission": Permission.POST_SAVINGS},
        status_code=200,
    )
    async def pay(
        self, request: ApiRequest, database: Database, frame: Frame, number: str, position: Position
    ) -> Response[Any]:
        """Pay one part out of the till; the same form sent twice pays once."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key = form.uuid("key")
        if key is None:
            return await shown(request, database, frame, number, form, status=422)
        try:
            async with database.work(identity.book_id) as work:
                cooperative = await cooperative_of(work.connection, identity.book_id)
                today = cooperative.today(datetime.now(UTC))
                await service.pay(
                    work,
                    cooperative,
                    number,
                    position,
                    paid_on=today,
                    actor=identity.username,
                    idempotency=Idempotency.of("web", str(key), "exit-pay", number, position),
                    today=today,
                )
                await work.commit()
        except Refusal as refusal:
            return await refused(request, database, frame, number, form, refusal)
        return Redirect(f"/anggota/{number}/penyelesaian?selesai=dibayar", status_code=303)

    @post("/anggota/{number:str}/penyelesaian/batal", opt={"permission": Permission.APPROVE}, status_code=200)
    async def undo(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Take the decision back, while nobody was paid."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key, reference = form.uuid("key"), form.text("reference", required=True, max_length=200)
        if not form.ok or key is None:
            return await shown(request, database, frame, number, form, status=422)
        try:
            async with database.work(identity.book_id) as work:
                cooperative = await cooperative_of(work.connection, identity.book_id)
                today = cooperative.today(datetime.now(UTC))
                await service.undo(
                    work,
                    number,
                    on=today,
                    reference=reference,
                    actor=identity.username,
                    idempotency=Idempotency.of("web", str(key), "exit-undo", number, reference),
                    today=today,
                )
                await work.commit()
        except Refusal as refusal:
            return await refused(request, database, frame, number, form, refusal)
        return Redirect(f"/anggota/{number}/penyelesaian?selesai=dibatalkan", status_code=303)

    @get("/anggota/{number:str}/penyelesaian/cetak", opt={"permission": Permission.READ_MEMBERS})
    async def paper(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """The statement to sign; with ``pdf`` as a file."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            member = await members.member_by_number(connection, identity.book_id, number)
            found = await service.exit_of(connection, identity.book_id, number)
            if found is None:
                raise NotFound("member-exit", N_("Anggota ini belum mempunyai penyelesaian."))
            prepared = await access.name_of(connection, identity.book_id, found.asked_by)
            second = found.approved_by
            agreed = await access.name_of(connection, identity.book_id, second) if second else ""
        if "pdf" in request.query_params:
            made = papers.settlement(
                member, found, cooperative, prepared=prepared, agreed=agreed, locale=identity.locale
            )
            return await answer(made, f"penyelesaian-{member.number}", identity, cooperative.zone)
        return await frame.page(
            request, "membership/settlement.html", member=member, exit=found, prepared=prepared, agreed=agreed
        )

    @get("/anggota/{number:str}/penyelesaian/kuitansi/{position:int}", opt={"permission": Permission.READ_MEMBERS})
    async def receipt(
        self, request: ApiRequest, database: Database, frame: Frame, number: str, position: Position
    ) -> Response[Any]:
        """The receipt that whoever is paid signs, the member or an heir; with ``pdf`` as a file."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            member = await members.member_by_number(connection, identity.book_id, number)
            found = await service.exit_of(connection, identity.book_id, number)
            part = _part(found, position)
            payer = await access.name_of(connection, identity.book_id, part.paid_by) if part.paid_by else ""
            duties = await paper.duties(
                connection, identity.book_id, part.paid_on or cooperative.today(datetime.now(UTC))
            )
        needs_stamp = part.amount_minor > duties.stamp_minor
        if "pdf" in request.query_params:
            made = papers.receipt(
                member, part, cooperative, payer=payer, needs_stamp=needs_stamp, locale=identity.locale
            )
            return await answer(made, f"kuitansi-{member.number}-{position}", identity, cooperative.zone)
        return await frame.page(
            request,
            "membership/payout.html",
            member=member,
            exit=found,
            part=part,
            payer=payer,
            needs_stamp=needs_stamp,
        )

    @get("/anggota/keluar", opt={"permission": Permission.READ_MEMBERS})
    async def unpaid(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Who left and waits: for a settlement, or for what it says they are paid."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            unpaid = await service.unpaid_exits(connection, book_id)
            unsettled = await service.unsettled(connection, book_id)
            named = await members.find_by_numbers(connection, book_id, [one.member_number for one in unpaid])
        return await frame.page(
            request,
            "membership/leavers.html",
            unpaid=unpaid,
            named=named,
            unsettled=unsettled,
            today=cooperative.today(datetime.now(UTC)),
        )


def _part(found: Exit | None, position: int) -> Part:
    part = next((one for one in (found.parts if found else ()) if one.position == position), None)
    if part is None or part.paid_on is None:
        raise NotFound("member-exit", N_("Belum ada yang dibayar kepada orang ini."))
    return part


def wishes_of(form: Form) -> Wishes:
    """What was stated by hand; errors stand beside the fields."""
    return Wishes(
        form.amount("charge", required=False, positive=False) or 0,
        form.text("waiver", max_length=200) or None,
        form.amount("shu", required=False, positive=False) or 0,
    )


async def refused(
    request: ApiRequest, database: Database, frame: Frame, number: str, form: Form, refusal: Refusal
) -> Response[str]:
    """The page with what was refused, or the page that there is no such member."""
    if refusal.status == NotFound.default_status:
        raise refusal
    form.add_refusal(refusal, {"charge_minor": "charge"})
    return await shown(request, database, frame, number, form, status=refusal.status)


async def shown(
    request: ApiRequest, database: Database, frame: Frame, number: str, form: Form, *, status: int = 200
) -> Response[str]:
    """The settlement as it stands, or its statement with what was typed."""
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        now = await service.standing(connection, cooperative, number)
        today = cooperative.today(datetime.now(UTC))
        found = now.exit
        undone = [] if found else await service.exits_of(connection, identity.book_id, number)
        waiting = await _waiting(connection, identity.book_id, number) if found is None else None
        if waiting is not None:
            form = _asked_for(waiting, form.locale)
        preview = None
        if found is None and now.may_settle:
            preview = await _preview(connection, cooperative, number, form, today, fresh=status == 200)
    done = DONE.get(request.query_params.get("selesai", ""))
    return await frame.page(
        request,
        "membership/exit.html",
        status=status if form.ok else max(status, 422),
        notices=[Notice("ok", translate(identity.locale, done))] if done and status == 200 else [],
        form=form,
        key=str(uuid4()),
        keys={part.position: str(uuid4()) for part in found.parts} if found else {},
        member=now.member,
        exit=found,
        preview=preview,
        undone=undone,
        request_waiting=waiting,
        today=today,
        may_decide=identity.may(Permission.WRITE_MEMBERS),
        may_pay=identity.may(Permission.POST_SAVINGS),
        may_undo=_may_undo(found, identity.username) and identity.may(Permission.APPROVE),
        may_read_books=identity.may(Permission.READ_BOOKS),
    )


async def _waiting(connection: AsyncConnection, book_id: int, number: str) -> Approval | None:
    """The request for a second person that waits for this settlement, if one does."""
    found, _ = await approvals.approvals(connection, book_id, status=approvals.Status.DRAFT, limit=200)
    wanted = (approvals.Kind.MEMBER_EXIT, f"{service.ABOUT} {number}")
    return next((one for one in found if (one.kind, one.subject) == wanted), None)


def _asked_for(waiting: Approval, locale: str) -> Form:
    """What was typed for the request that waits: the page shows what it would do."""
    asked = waiting.params
    typed = {"decided_on": asked["decided_on"], "waiver": asked["statement"]["waiver"] or ""}
    amounts = {name: format_figure(asked[name]) if asked.get(name) else "" for name in ("charge", "shu")}
    return Form({**typed, **amounts}, locale)


def _may_undo(found: Exit | None, username: str) -> bool:
    return found is not None and not found.paid_minor and found.asked_by != username


async def _preview(
    connection: AsyncConnection, cooperative: Cooperative, number: str, form: Form, today: date, *, fresh: bool
) -> Statement | None:
    """The statement with what was typed; without it, if that can't be read."""
    form.set("decided_on", today.isoformat())
    decided_on, wishes = form.date("decided_on"), wishes_of(form)
    if not form.ok and fresh:
        return None
    day = min(decided_on or today, today)
    try:
        return await service.prepare(connection, cooperative, number, decided_on=day, wishes=wishes, locale=form.locale)
    except Refusal as refusal:
        form.add_refusal(refusal)
        if refusal.code == "shu":
            # The statement without it stays on the page, and so does the form, with the error beside its field.
            rest = wishes._replace(shu_minor=0)
            return await service.prepare(
                connection, cooperative, number, decided_on=day, wishes=rest, locale=form.locale
            )
        form.set("elsewhere", ELSEWHERE.get(refusal.code, ""))
        return None


CONTROLLERS: list[type[Controller]] = [ExitPages]
