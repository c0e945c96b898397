"""Pages of what waits for a second person: the inbox, and one request with its effect and the answer."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.approvals import rules, service
from koperasi.approvals.api import check_visible, only_by
from koperasi.approvals.rules import Approval, Status
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.membership import service as membership
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.savings.service import receipt_number
from koperasi.web import Form
from koperasi.web.render import Notice

PAGE_SIZE = 50

Number = Annotated[int, Parameter(ge=1, le=2**53)]

CHIPS = {
    Status.DRAFT: "draft",
    Status.APPROVED: "posted",
    Status.REFUSED: "refused",
    Status.EXPIRED: "inactive",
    Status.WITHDRAWN: "inactive",
}

ASKED = N_("Menunggu persetujuan orang kedua. Belum ada yang dicatat; uangnya jangan diserahkan dulu.")
ASKED_ACT = N_("Menunggu persetujuan orang kedua. Belum ada yang berubah.")
APPROVED_ACT = N_("Disetujui dan dijalankan.")
DONE = {
    Status.APPROVED: N_("Disetujui dan dicatat."),
    Status.REFUSED: N_("Ditolak. Tidak ada yang dicatat."),
    Status.WITHDRAWN: N_("Ditarik kembali. Tidak ada yang dicatat."),
}


class ApprovalPages(Controller):
    """Acts that wait for a second person."""

    include_in_schema = False

    @get("/persetujuan", opt={"permission": Permission.READ_APPROVALS})
    async def inbox(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """What waits, or with ``semua`` what was decided too; the latest first."""
        identity, asked = request.user, request.query_params
        everything = asked.get("semua") == "1"
        before = decode_cursor(asked.get("before"), "int")
        async with database.work(identity.book_id) as work:
            await service.expire(work.connection, identity.book_id, identity.username, datetime.now(UTC))
            found, more = await service.approvals(
                work.connection,
                identity.book_id,
                status=None if everything else Status.DRAFT,
                asked_by=only_by(identity),
                before=before[0] if before else None,
                limit=PAGE_SIZE,
            )
            applicants = 0
            if identity.may(Permission.APPROVE):
                applicants = await membership.undecided(work.connection, identity.book_id)
            await work.commit()
        kept = {"semua": "1"} if everything else {}
        older = {**kept, "before": encode_cursor(found[-1].number)} if more else {}
        return await frame.page(
            request,
            "approvals/inbox.html",
            approvals=found,
            applicants=applicants,
            everything=everything,
            chips=CHIPS,
            statuses=rules.STATUS_LABELS,
            older_url=f"/persetujuan?{urlencode(older)}" if older else "",
        )

    @get("/persetujuan/{number:int}", opt={"permission": Permission.READ_APPROVALS})
    async def show(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[str]:
        """What is asked for, and what it would do to the balances."""
        return await _show(request, database, frame, number, Form(None, request.user.locale))

    @post("/persetujuan/{number:int}/setuju", opt={"permission": Permission.APPROVE}, status_code=200)
    async def approve(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[Any]:
        """Agree to what the page showed, and have it done."""
        form = Form(await request.form(), request.user.locale)
        identity, seen, now = request.user, _seen(form), datetime.now(UTC)

        async def decide(connection: AsyncConnection) -> Approval:
            return await service.approve(
                connection, identity.book_id, number, actor=identity.username, seen=seen, now=now
            )

        return await _decided(request, database, frame, number, form, decide)

    @post("/persetujuan/{number:int}/tolak", opt={"permission": Permission.APPROVE}, status_code=200)
    async def refuse(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[Any]:
        """Say no, with a reason."""
        form = Form(await request.form(), request.user.locale)
        identity, seen, now = request.user, _seen(form), datetime.now(UTC)
        reason = form.text("reason", required=True, max_length=rules.REASON_MAX_LENGTH)

        async def decide(connection: AsyncConnection) -> Approval:
            return await service.refuse(
                connection, identity.book_id, number, actor=identity.username, seen=seen, reason=reason, now=now
            )

        return await _decided(request, database, frame, number, form, decide)

    @post("/persetujuan/{number:int}/tarik", opt={"permission": Permission.READ_APPROVALS}, status_code=200)
    async def withdraw(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[Any]:
        """Take back what one asked for oneself."""
        form = Form(await request.form(), request.user.locale)
        identity, now = request.user, datetime.now(UTC)

        async def decide(connection: AsyncConnection) -> Approval:
            return await service.withdraw(connection, identity.book_id, number, actor=identity.username, now=now)

        return await _decided(request, database, frame, number, form, decide)


def _seen(form: Form) -> bytes:
    """The fingerprint of what the page showed; nothing that matches if it can't be read."""
    try:
        return bytes.fromhex(form.value("fingerprint"))
    except ValueError:
        return b""


async def _decided(
    request: ApiRequest,
    database: Database,
    frame: Frame,
    number: int,
    form: Form,
    decide: Callable[[AsyncConnection], Awaitable[Approval]],
) -> Response[Any]:
    """Write the decision and show it; or say beside the form why not."""
    if not form.ok:
        return await _show(request, database, frame, number, form, status=422)
    try:
        async with database.work(request.user.book_id) as work:
            found = await decide(work.connection)
            await work.commit()
        if found.status is Status.EXPIRED:
            rules.check_open(found)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        form.error("", refusal.message, **refusal.params)
        return await _show(request, database, frame, number, form, status=refusal.status)
    return Redirect(f"/persetujuan/{number}?selesai=1", status_code=303)


async def _show(
    request: ApiRequest, database: Database, frame: Frame, number: int, form: Form, *, status: int = 200
) -> Response[str]:
    identity, asked = request.user, request.query_params
    async with database.work(identity.book_id) as work:
        await service.expire(work.connection, identity.book_id, identity.username, datetime.now(UTC))
        found = await service.approval(work.connection, identity.book_id, number)
        check_visible(identity, found)
        effects = await service.effects(work.connection, identity.book_id, found)
        await work.commit()
    waits = found.status is Status.DRAFT
    notices = []
    if waits and asked.get("baru") == "1":
        notices.append(Notice("warn", translate(identity.locale, ASKED_ACT if found.is_act else ASKED)))
    if asked.get("selesai") == "1" and found.status in DONE:
        act_done = found.is_act and found.status is Status.APPROVED
        notices.append(Notice("ok", translate(identity.locale, APPROVED_ACT if act_done else DONE[found.status])))
    return await frame.page(
        request,
        "approvals/approval.html",
        status=status,
        notices=notices,
        form=form,
        approval=found,
        effects=effects,
        waits=waits,
        chip=CHIPS[found.status],
        status_label=rules.STATUS_LABELS[found.status],
        own=found.asked_by == identity.username,
        may_decide=waits and identity.may(Permission.APPROVE) and found.asked_by != identity.username,
        may_withdraw=waits and found.asked_by == identity.username,
        may_read_books=identity.may(Permission.READ_BOOKS),
        receipt=_receipt(found),
    )


def _receipt(found: Approval) -> str:
    """The number of the receipt, if money was paid out."""
    if found.kind is not rules.Kind.WITHDRAWAL or found.entry_number is None:
        return ""
    return receipt_number(found.effective_date, found.entry_number)


CONTROLLERS: list[type[Controller]] = [ApprovalPages]
