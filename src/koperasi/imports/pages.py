"""Pages of imports: upload, look at every row, answer, post, watch, undo. All of it without scripts."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from litestar import Controller, Response, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect

from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database
from koperasi.deposits.service import exact
from koperasi.errors import NotFound, Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.imports import service
from koperasi.imports.batch import Preview, Status
from koperasi.imports.examples import FILE_NAMES, KIND_LABELS, example_of
from koperasi.imports.model import Answers, ImportKind, ImportRow, SavingsKind
from koperasi.nik import mask_nik
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest
from koperasi.web import Form, Notice

SHOWN = 200
"""Rows on one page."""

LISTED = 30
SMALL = 500
"""A file with fewer rows is posted while the treasurer waits."""

MOST_EXCLUDED = 5000

CHIPS = {
    Status.PREVIEWED: ("draft", N_("Belum dicatat")),
    Status.POSTING: ("held", N_("Sedang dicatat")),
    Status.POSTED: ("posted", N_("Tercatat")),
    Status.FAILED: ("refused", N_("Gagal, belum dicatat")),
    Status.UNDONE: ("reversed", N_("Dibatalkan")),
}

RUNNING: set[asyncio.Task[None]] = set()
"""Postings of long files that this process carries out now; the loop itself holds tasks only weakly."""

log = structlog.get_logger()


class ImportPages(Controller):
    """From a spreadsheet to the book."""

    include_in_schema = False

    @get("/impor", opt={"permission": Permission.IMPORT})
    async def list_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The upload form and the imports so far."""
        return await _list(request, database, frame, Form(locale=request.user.locale))

    @get("/impor/contoh/{name:str}", opt={"permission": Permission.IMPORT})
    async def example(self, request: ApiRequest, database: Database, name: str) -> Response[bytes]:
        """A file to begin with, as spreadsheets here open it: semicolons and a byte order mark."""
        kind = next((kind for kind in service.OFFERED if name == f"{kind.value}.csv"), None)
        if kind is None:
            raise NotFound("not-found", N_("Tidak ditemukan."))
        cooperative = await _cooperative(database, request.user.book_id)
        return Response(
            example_of(kind, cooperative.kind).encode("utf-8-sig"),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{FILE_NAMES[kind]}"'},
        )

    @post("/impor", opt={"permission": Permission.IMPORT})
    async def upload(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Read and check a file."""
        identity = request.user
        sent = await request.form()
        form = Form(sent, identity.locale)
        kind = form.choice("kind", [kind.value for kind in service.OFFERED])
        opening_on = form.date("opening_on", required=False)
        file = sent.get("file")
        content = await file.read() if isinstance(file, UploadFile) else b""
        if not isinstance(file, UploadFile) or not file.filename:
            form.error("file", N_("Pilih file yang akan diimpor."))
        if not form.ok or kind is None or not isinstance(file, UploadFile):
            return await _list(request, database, frame, form, status=422)
        cooperative = await _cooperative(database, identity.book_id)
        try:
            found = await service.upload(
                database,
                cooperative,
                data=content,
                filename=file.filename,
                kind=kind,
                actor=identity.username,
                now=datetime.now(UTC),
                opening_on=opening_on,
            )
        except Refusal as refusal:
            form.error("file", refusal.message, **refusal.params)
            return await _list(request, database, frame, form, status=refusal.status)
        return _to(found.import_id)

    @get("/impor/{number:int}", opt={"permission": Permission.IMPORT})
    async def import_page(self, request: ApiRequest, database: Database, frame: Frame, number: int) -> Response[str]:
        """One import: its rows while it waits, its progress while it is posted, what came of it afterwards."""
        return await _show(request, database, frame, number)

    @post("/impor/{number:int}/jawab", opt={"permission": Permission.IMPORT})
    async def answer(self, request: ApiRequest, database: Database, frame: Frame, number: int) -> Response[Any]:
        """Take answers and exclusions, and check again."""
        identity = request.user
        sent = await request.form()
        form = Form(sent, identity.locale)
        order = form.choice("date_order", ("dmy", "mdy"), required=False)
        kind = form.choice("savings_kind", [kind.value for kind in SavingsKind], required=False)
        opening_on = form.date("opening_on", required=False)
        excluded = _lines(sent.getall("keluar", []))
        if not form.ok:
            notice = Notice("error", " ".join(form.errors.values()))
            return await _show(request, database, frame, number, notices=[notice], status=422)
        cooperative = await _cooperative(database, identity.book_id)
        if form.flag("semua"):
            found = await service.preview(database, cooperative, number, now=datetime.now(UTC))
            excluded += [row.line for row in found.plan.rows if row.errors]
        answers = Answers("dmy" if order == "dmy" else "mdy" if order else None, SavingsKind(kind) if kind else None)
        try:
            await service.answer(
                database,
                cooperative,
                number,
                answers=answers,
                excluded_lines=excluded[:MOST_EXCLUDED],
                now=datetime.now(UTC),
                opening_on=opening_on,
            )
        except Refusal as refusal:
            return await _refused(request, database, frame, number, refusal)
        return _to(number)

    @post("/impor/{number:int}/catat", opt={"permission": Permission.IMPORT})
    async def post_import(self, request: ApiRequest, database: Database, frame: Frame, number: int) -> Response[Any]:
        """Post it: a short file at once, a long one in the background, with a page that shows how far it has come."""
        identity, now = request.user, datetime.now(UTC)
        cooperative = await _cooperative(database, identity.book_id)
        try:
            batch = await service.claim(database, cooperative, number)
            if batch.rows_total < SMALL:
                await service.carry_out(database, cooperative, number, actor=identity.username, now=now)
            else:
                _begin(database, cooperative, number, identity.username, now)
        except Refusal as refusal:
            return await _refused(request, database, frame, number, refusal)
        return _to(number)

    @post("/impor/{number:int}/batal", opt={"permission": Permission.IMPORT})
    async def undo(self, request: ApiRequest, database: Database, frame: Frame, number: int) -> Response[Any]:
        """Reverse every entry of it."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        reason = form.text("reason", required=True)
        if not form.ok:
            return await _show(request, database, frame, number, form=form, status=422)
        cooperative = await _cooperative(database, identity.book_id)
        try:
            await service.undo(
                database, cooperative, number, actor=identity.username, reason=reason, now=datetime.now(UTC)
            )
        except Refusal as refusal:
            return await _refused(request, database, frame, number, refusal, form=form)
        return _to(number)


# --- Posting in the background ---------------------------------------------------------------------------------------


def _begin(database: Database, cooperative: Cooperative, number: int, actor: str, now: datetime) -> None:
    task = asyncio.create_task(_carry_out(database, cooperative, number, actor, now))
    RUNNING.add(task)
    task.add_done_callback(RUNNING.discard)


async def _carry_out(database: Database, cooperative: Cooperative, number: int, actor: str, now: datetime) -> None:
    """Why it failed is remembered with the import, and shown on its page."""
    try:
        await service.carry_out(database, cooperative, number, actor=actor, now=now)
    except Exception as error:  # noqa: BLE001 - nobody waits for this task
        log.warning("import_failed", book_id=cooperative.book_id, import_id=number, error=type(error).__name__)


# --- Rendering -------------------------------------------------------------------------------------------------------


async def _list(
    request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
) -> Response[str]:
    before = request.query_params.get("sebelum", "")
    place = int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None
    book_id = request.user.book_id
    async with database.reading(book_id) as connection:
        found = await service.list_imports(connection, book_id, before=place, limit=LISTED + 1)
    return await frame.page(
        request,
        "imports/list.html",
        status=status,
        form=form,
        kinds=[(kind.value, translate(request.user.locale, KIND_LABELS[kind])) for kind in service.OFFERED],
        batches=found[:LISTED],
        labels=KIND_LABELS,
        chips=CHIPS,
        first_url="/impor" if place else None,
        next_url=f"/impor?sebelum={found[LISTED - 1].import_id}" if len(found) > LISTED else None,
    )


async def _show(
    request: ApiRequest,
    database: Database,
    frame: Frame,
    number: int,
    *,
    notices: Sequence[Notice] = (),
    status: int = 200,
    form: Form | None = None,
) -> Response[str]:
    book_id = request.user.book_id
    async with database.reading(book_id) as connection:
        batch = await service.batch_of(connection, book_id, number)
    context: dict[str, Any] = {
        "batch": batch,
        "kind": KIND_LABELS.get(batch.kind, batch.kind.value),
        "chip": CHIPS[batch.status],
        "form": form or Form(locale=request.user.locale),
    }
    if batch.running:
        # No script: the browser itself asks again.
        headers = {"Refresh": "1"}
        return await frame.page(request, "imports/progress.html", status=status, headers=headers, **context)
    if batch.status in {Status.POSTED, Status.UNDONE}:
        return await frame.page(
            request,
            "imports/done.html",
            status=status,
            notices=notices,
            result=batch.outcome,
            undone=batch.undone,
            **context,
        )
    cooperative = await _cooperative(database, book_id)
    found = await service.preview(database, cooperative, number, now=datetime.now(UTC))
    rows, page, pages = _page(found, request.query_params.get("halaman", ""))
    context["form"] = _answers_form(found, request.user.locale)
    return await frame.page(
        request,
        "imports/preview.html",
        status=status,
        notices=notices,
        preview=found,
        plan=found.plan,
        rows=rows,
        page=page,
        pages=pages,
        wrong=sum(bool(row.errors) for row in found.plan.rows),
        excluded=found.batch.options.excluded_lines,
        trial_balance=found.batch.kind is ImportKind.OPENING_TRIAL_BALANCE,
        deposits=found.batch.kind is ImportKind.OPENING_DEPOSITS,
        percent=exact,
        savings_kinds=_kinds_in(found),
        failure=found.batch.failure if not notices else None,
        skipped=_skipped(found),
        mask_nik=mask_nik,
        locale_code=request.user.locale,
        **context,
    )


async def _refused(
    request: ApiRequest,
    database: Database,
    frame: Frame,
    number: int,
    refusal: Refusal,
    *,
    form: Form | None = None,
) -> Response[str]:
    """The import's page with why not above it."""
    locale = request.user.locale
    said = [refusal.text(locale), *(error.text(locale) for error in refusal.errors[:5])]
    if refusal.code == "import-not-ready":
        said = said[:1]  # the rows say the rest themselves
    notices = [Notice("error", " ".join(said))]
    return await _show(request, database, frame, number, notices=notices, status=refusal.status, form=form)


def _page(found: Preview, asked: str) -> tuple[list[ImportRow], int, int]:
    """The rows of one page, those with errors before all others; which page, and of how many."""
    rows = sorted(found.plan.rows, key=lambda row: (not row.errors, row.line))
    pages = max(1, -(-len(rows) // SHOWN))
    page = min(int(asked), pages) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else 1
    page = max(page, 1)
    return rows[(page - 1) * SHOWN : page * SHOWN], page, pages


def _kinds_in(found: Preview) -> list[SavingsKind]:
    """The kinds of savings that some row brings: one column for each."""
    present = {part.kind for row in found.plan.rows for part in row.savings}
    return [kind for kind in SavingsKind if kind in present]


def _skipped(found: Preview) -> dict[str, int]:
    """How many lines are left out, by why."""
    counts: dict[str, int] = {}
    for line in found.plan.skipped:
        counts[line.reason] = counts.get(line.reason, 0) + 1
    return counts


def _answers_form(found: Preview, locale: str) -> Form:
    options = found.batch.options
    form = Form(locale=locale)
    form.set("date_order", options.answers.date_order or "")
    form.set("savings_kind", options.answers.savings_kind or "")
    form.set("opening_on", options.opening_on.isoformat() if options.opening_on else "")
    return form


def _lines(sent: Sequence[object]) -> list[int]:
    """Ticked line numbers; anything else was not sent by our form."""
    return [
        int(text) for text in sent if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 8
    ]


async def _cooperative(database: Database, book_id: int) -> Cooperative:
    async with database.directory() as connection:
        return await cooperative_of(connection, book_id)


def _to(number: int) -> Redirect:
    return Redirect(f"/impor/{number}", status_code=303)


CONTROLLERS: list[type[Controller]] = [ImportPages]
