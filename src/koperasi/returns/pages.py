"""Pages of return runs: the list, a preview with its totals, its lines, posting with progress, and why."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import uuid4

import structlog
from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from koperasi.approvals.service import Approval
from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.returns import service
from koperasi.returns.messages import CHIPS, warning, words
from koperasi.returns.model import STATUS_LABELS, Asked, Run, RunLine, RunStatus
from koperasi.returns.pages_form import asked_of, form_context, start_values
from koperasi.savings.service import holder_names
from koperasi.web import Form
from koperasi.web.render import Notice

PAGE_SIZE = 50

Number = Annotated[int, Parameter(ge=1, le=2**53)]

RUNNING: set[asyncio.Task[None]] = set()
"""Postings that this process carries out now; the loop itself holds tasks only weakly."""

log = structlog.get_logger()

DONE = {
    "disetujui": N_("Disetujui; sekarang dapat dicatat."),
    "dibuang": N_("Perhitungan dibuang; masanya bebas lagi."),
}


class ReturnPages(Controller):
    """What savings earned, computed and posted."""

    include_in_schema = False

    @get("/imbal", opt={"permission": Permission.READ_BOOKS})
    async def list_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The runs so far, and the form for the next one."""
        form = Form(dict(request.query_params), request.user.locale)
        return await _list(request, database, frame, form)

    @post("/imbal", opt={"permission": Permission.MANAGE_RETURNS})
    async def prepare(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Compute a period and show what came of it."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            context = await form_context(connection, cooperative)
        asked = asked_of(form, context)
        if asked is None:
            return await _list(request, database, frame, form, status=422)
        try:
            made = await _prepare(database, cooperative, asked, identity.username)
        except Refusal as refusal:
            form.add_refusal(refusal)
            return await _list(request, database, frame, form, status=refusal.status)
        return _to(made.number)

    @get("/imbal/{number:int}", opt={"permission": Permission.READ_BOOKS})
    async def run_page(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[str]:
        """One run: what came of it, what to look at, and the next step."""
        return await _show(request, database, frame, number)

    @get("/imbal/{number:int}/rincian", opt={"permission": Permission.READ_BOOKS})
    async def lines_page(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[str]:
        """Every account of it; with ``nol`` only those that get nothing."""
        identity, asked = request.user, request.query_params
        after = decode_cursor(asked.get("after"), "int", "str")
        place = (min(after[0], 2**31 - 1), after[1]) if after else None
        zeros = asked.get("nol") == "1"
        async with database.reading(identity.book_id) as connection:
            found = await service.run(connection, identity.book_id, number)
            lines, more = await service.lines(
                connection, identity.book_id, number, after=place, zeros=zeros, limit=PAGE_SIZE
            )
            names = await _names(request, connection, lines)
        kept = {"nol": "1"} if zeros else {}
        here = f"/imbal/{number}/rincian"
        last = {**kept, "after": encode_cursor(lines[-1].chunk, lines[-1].account_number)} if more else {}
        return await frame.page(
            request,
            "returns/lines.html",
            **words(request.user.locale),
            run=found,
            lines=lines,
            names=names,
            may_explain=identity.may(Permission.READ_SAVINGS),
            zeros=zeros,
            products={one.code: one.name(identity.locale) for one in found.products},
            first_url=(here + (f"?{urlencode(kept)}" if kept else "")) if after else "",
            next_url=f"{here}?{urlencode(last)}" if more else "",
        )

    @get("/imbal/kenapa/{number:int}/{account:str}", opt={"permission": Permission.READ_SAVINGS})
    async def why_page(
        self, request: ApiRequest, database: Database, frame: Frame, number: Number, account: str
    ) -> Response[str]:
        """How an account's figure came about; members see their own."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            found = await service.why(connection, cooperative, identity, number, account)
        return await frame.page(
            request,
            "returns/why.html",
            **words(request.user.locale),
            run=found.run,
            line=found.line,
            product=found.product.name(identity.locale),
            steps=[one.text(identity.locale) for one in found.steps],
            tax_steps=[one.text(identity.locale) for one in found.tax_steps],
            may_read_books=identity.may(Permission.READ_BOOKS),
        )

    @get("/imbal/anggota/{number:str}", opt={"permission": Permission.READ_SAVINGS})
    async def member_page(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """What a member's savings brought, period by period, each with its working; members see their own."""
        identity = request.user
        identity.check_own(number)
        async with database.reading(identity.book_id) as connection:
            found = await service.returns_of_member(connection, identity.book_id, number)
        return await frame.page(
            request, "returns/member.html", **words(request.user.locale), found=found, member_number=number
        )

    @post("/imbal/{number:int}/ajukan", opt={"permission": Permission.MANAGE_RETURNS})
    async def submit(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[Any]:
        """Ask a second person to agree."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key = form.uuid("key")
        if key is None:
            return await _show(request, database, frame, number, form=form, status=422)
        once = Idempotency.of("form", str(key), "return-run", number)
        try:
            async with database.work(identity.book_id) as work:
                cooperative = await cooperative_of(work.connection, identity.book_id)
                made = await service.submit(
                    work, cooperative, number, actor=identity.username, idempotency=once, now=datetime.now(UTC)
                )
                await work.commit()
        except Refusal as refusal:
            return await _refused(request, database, frame, number, refusal)
        if isinstance(made, Approval):
            return Redirect(f"/persetujuan/{made.number}?baru=1", status_code=303)
        return _to(number, "disetujui")

    @post("/imbal/{number:int}/catat", opt={"permission": Permission.MANAGE_RETURNS})
    async def post_run(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[Any]:
        """Post it: the first entry at once, so that a refusal is seen; the others while the page shows how far."""
        identity = request.user
        try:
            async with database.work(identity.book_id) as work:
                cooperative = await cooperative_of(work.connection, identity.book_id)
                progress = await service.post_next(work, cooperative, number, actor=identity.username)
                await work.commit()
        except Refusal as refusal:
            return await _refused(request, database, frame, number, refusal)
        if progress.done < progress.total:
            _begin(database, cooperative, number, identity.username)
        return _to(number)

    @post("/imbal/{number:int}/buang", opt={"permission": Permission.MANAGE_RETURNS})
    async def drop(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[Any]:
        """Throw away a run of which nothing was posted."""
        identity = request.user
        try:
            async with database.work(identity.book_id) as work:
                await service.drop(work, number, actor=identity.username)
                await work.commit()
        except Refusal as refusal:
            return await _refused(request, database, frame, number, refusal)
        return _to(number, "dibuang")


async def _prepare(database: Database, cooperative: Cooperative, asked: Asked, actor: str) -> Run:
    async with database.work(cooperative.book_id) as work:
        made = await service.prepare(work, database, cooperative, asked, actor=actor, now=datetime.now(UTC))
        await work.commit()
    return made


# --- Posting in the background ----------------------------------------------------------------------------------------


def _begin(database: Database, cooperative: Cooperative, number: int, actor: str) -> None:
    task = asyncio.create_task(_carry_out(database, cooperative, number, actor))
    RUNNING.add(task)
    task.add_done_callback(RUNNING.discard)


async def _carry_out(database: Database, cooperative: Cooperative, number: int, actor: str) -> None:
    """Nobody waits for it: what it could not post, the page offers to go on with."""
    try:
        await service.post_all(database, cooperative, number, actor=actor)
    except Exception as error:  # noqa: BLE001 - nobody waits for this task
        log.warning("return_run_broke_off", book_id=cooperative.book_id, run=number, error=type(error).__name__)


# --- Rendering --------------------------------------------------------------------------------------------------------


async def _list(
    request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
) -> Response[str]:
    identity = request.user
    before = decode_cursor(request.query_params.get("before"), "int")
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        found, more = await service.runs(
            connection, identity.book_id, before=before[0] if before else None, limit=PAGE_SIZE
        )
        context = await form_context(connection, cooperative)
    today = cooperative.today(datetime.now(UTC))
    start_values(form, today)
    return await frame.page(
        request,
        "returns/list.html",
        **words(request.user.locale),
        status=status,
        form=form,
        runs=found,
        chips=CHIPS,
        labels=STATUS_LABELS,
        products=[(one.code, one.name(identity.locale)) for one in context.products],
        bonuses=[(one.code, one.name(identity.locale)) for one in context.bonuses],
        pool=context.pool,
        word=translate(identity.locale, context.word),
        may_manage=identity.may(Permission.MANAGE_RETURNS),
        tax_month=f"{today:%Y-%m}",
        newest_url="/imbal" if before else "",
        older_url=f"/imbal?before={encode_cursor(found[-1].number)}" if more else "",
    )


async def _show(
    request: ApiRequest,
    database: Database,
    frame: Frame,
    number: int,
    *,
    notices: tuple[Notice, ...] = (),
    form: Form | None = None,
    status: int = 200,
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        found = await service.run(connection, identity.book_id, number)
        largest = await service.largest(connection, identity.book_id, number)
        entries = await service.entries_of(connection, identity.book_id, found)
        undone = await service.reversed_chunks(connection, identity.book_id, found)
        names = await _names(request, connection, largest)
    told = DONE.get(request.query_params.get("selesai", ""))
    said = (Notice("ok", translate(identity.locale, told)),) if told and not notices else ()
    return await frame.page(
        request,
        "returns/run.html",
        **words(request.user.locale),
        status=status,
        notices=[*notices, *said],
        # No script: the browser itself asks again.
        headers={"Refresh": "2"} if found.status is RunStatus.POSTING and not notices else None,
        form=form or Form(locale=identity.locale),
        run=found,
        chip=CHIPS[found.status],
        status_label=STATUS_LABELS[found.status],
        rows=[(found.product(code).name(identity.locale), one) for code, one in found.by_product.items()],
        warnings=[warning(found, one, identity.locale) for one in found.warnings],
        largest=largest,
        names=names,
        may_explain=identity.may(Permission.READ_SAVINGS),
        entries=sorted(entries.values()),
        undone=len(undone),
        key=uuid4(),
        may_manage=identity.may(Permission.MANAGE_RETURNS),
    )


async def _refused(
    request: ApiRequest, database: Database, frame: Frame, number: int, refusal: Refusal
) -> Response[str]:
    if refusal.status == 404:
        raise refusal
    notice = Notice("error", refusal.text(request.user.locale))
    return await _show(request, database, frame, number, notices=(notice,), status=refusal.status)


async def _names(request: ApiRequest, connection: Any, lines: list[RunLine]) -> Mapping[str, str]:
    """Names of the savers on a page, for those who may see them."""
    identity = request.user
    if not identity.may(Permission.READ_MEMBERS):
        return {}
    numbers = {one.member_number for one in lines if one.member_number}
    return await holder_names(connection, identity.book_id, sorted(numbers))


def _to(number: int, done: str = "") -> Redirect:
    return Redirect(f"/imbal/{number}" + (f"?selesai={done}" if done else ""), status_code=303)


CONTROLLERS: list[type[Controller]] = [ReturnPages]
