"""Use cases of imports: upload, look, answer, post, undo. What an import writes, it writes in one transaction.

An import has several transactions (its state is seen by others while it posts), so this service commits itself. The
remembered imports stand in ``service_batch``, questions to the book in ``service_book``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database
from koperasi.errors import Conflict, Refusal
from koperasi.formats import InputError, clean_text
from koperasi.i18n import N_
from koperasi.imports import service_batch, service_posting
from koperasi.imports.batch import (
    Batch,
    ControlDifference,
    Difference,
    ImportResult,
    Options,
    Preview,
    Status,
    stored_failure,
)
from koperasi.imports.facts import Checked
from koperasi.imports.model import Answers, ImportFileError, ImportKind, Plan, SavingsKind
from koperasi.imports.reading import file_fingerprint
from koperasi.imports.service_batch import StoredFile
from koperasi.imports.service_planning import (
    OFFERED,
    broken,
    check_file,
    check_waiting,
    clean_filename,
    kind_of,
    not_ready,
    preview_of,
    running,
)
from koperasi.posting import MESSAGES, Idempotency

__all__ = [
    "OFFERED",
    "Answers",
    "Batch",
    "ControlDifference",
    "Difference",
    "ImportFileError",
    "ImportKind",
    "ImportResult",
    "Options",
    "Plan",
    "Preview",
    "SavingsKind",
    "Status",
    "answer",
    "answered_before",
    "batch_of",
    "carry_out",
    "claim",
    "list_imports",
    "post",
    "preview",
    "undo",
    "upload",
]

WAITING = frozenset({Status.PREVIEWED, Status.FAILED})

log = structlog.get_logger()

Progress = Callable[[int, int], None]


# --- Before anything is written --------------------------------------------------------------------------------------


async def upload(
    database: Database,
    cooperative: Cooperative,
    *,
    data: bytes,
    filename: str,
    kind: str,
    actor: str,
    now: datetime,
    answers: Answers | None = None,
    excluded_lines: Sequence[int] = (),
    opening_on: date | None = None,
    request_key: Idempotency | None = None,
) -> Preview:
    """Read a file, check it against the book and remember it; nothing is posted.

    A file that waits to be posted is not remembered twice: the same upload finds it again, with the new answers.

    Args:
        database: where the book is.
        cooperative: whose book.
        data: the file.
        filename: what it is called; only for people.
        kind: a value of ``ImportKind`` that is ``OFFERED``.
        actor: username.
        now: an aware moment; with the cooperative it gives the business day.
        answers: to questions that the caller knows will come.
        excluded_lines: lines to leave out.
        opening_on: the day of rows without a date.
        request_key: names the request, so that a repeated one is recognised.

    Raises:
        Refusal: ``import-kind``; any ``ImportFileError``.
    """
    chosen = kind_of(kind)
    options = Options(answers or Answers(), tuple(sorted(set(excluded_lines))), opening_on)
    file = StoredFile(clean_filename(filename), data, file_fingerprint(data))
    today = cooperative.today(now)
    checked = await check_file(database, cooperative, chosen, file, options, today)
    if request_key:
        options = replace(options, request_key=request_key.key, request_fingerprint=request_key.fingerprint.hex())
    book_id = cooperative.book_id
    async with database.work(book_id) as work:
        waiting = await service_batch.of_same_file(work.connection, book_id, chosen, file.file_hash, WAITING)
        if waiting and not request_key:
            options = options.of_request(waiting.options)
        facts: dict[str, Any] = {"options": options.stored(), "rows_total": len(checked.plan.rows)}
        known = waiting is not None and await service_batch.change(
            work.connection, book_id, waiting.import_id, expected=WAITING, status=Status.PREVIEWED.value, **facts
        )
        if waiting is not None and known:
            import_id = waiting.import_id
        else:
            import_id = await service_batch.add(work.connection, book_id, kind=chosen, file=file, actor=actor, **facts)
        found = await preview_of(work.connection, cooperative, import_id, file, checked, today)
        await work.commit()
    return found


async def preview(database: Database, cooperative: Cooperative, import_id: int, *, now: datetime) -> Preview:
    """What a remembered import would do to the book as it is now.

    Raises:
        NotFound: ``import``.
    """
    book_id, today = cooperative.book_id, cooperative.today(now)
    async with database.reading(book_id) as connection:
        batch = await service_batch.find(connection, book_id, import_id)
        file = await service_batch.file_of(connection, book_id, import_id)
    checked = await check_file(database, cooperative, batch.kind, file, batch.options, today)
    async with database.reading(book_id) as connection:
        return await preview_of(connection, cooperative, import_id, file, checked, today)


async def answer(
    database: Database,
    cooperative: Cooperative,
    import_id: int,
    *,
    answers: Answers,
    excluded_lines: Sequence[int],
    now: datetime,
    opening_on: date | None = None,
) -> Preview:
    """Plan again with answers and exclusions; they replace those given before.

    Raises:
        NotFound: ``import``.
        Conflict: ``import-posted``, ``import-undone`` or ``import-running``.
    """
    book_id = cooperative.book_id
    options = Options(answers, tuple(sorted(set(excluded_lines))), opening_on)
    async with database.work(book_id) as work:
        batch = await service_batch.find(work.connection, book_id, import_id, lock=True)
        check_waiting(batch)
        await service_batch.change(
            work.connection,
            book_id,
            import_id,
            expected=WAITING | {Status.POSTING},
            status=Status.PREVIEWED.value,
            options=options.of_request(batch.options).stored(),
        )
        await work.commit()
    return await preview(database, cooperative, import_id, now=now)


async def list_imports(
    connection: AsyncConnection, book_id: int, *, before: int | None = None, limit: int = 50
) -> list[Batch]:
    """Imports, the newest first, without their rows; ``before`` is the last number of the page before."""
    return await service_batch.latest(connection, book_id, before=before, limit=limit)


async def batch_of(connection: AsyncConnection, book_id: int, import_id: int) -> Batch:
    """One import, without its rows.

    Raises:
        NotFound: ``import``.
    """
    return await service_batch.find(connection, book_id, import_id)


async def answered_before(connection: AsyncConnection, book_id: int, request: Idempotency) -> Batch | None:
    """The import that the same request has made before.

    Raises:
        Refusal: ``idempotency-mismatch``: the key was used for another request.
    """
    batch = await service_batch.of_request(connection, book_id, request.key)
    if batch is not None and batch.options.request_fingerprint != request.fingerprint.hex():
        raise Refusal("idempotency-mismatch", MESSAGES["idempotency-mismatch"], field="Idempotency-Key")
    return batch


# --- Posting ---------------------------------------------------------------------------------------------------------


async def post(
    database: Database,
    cooperative: Cooperative,
    import_id: int,
    *,
    actor: str,
    now: datetime,
    on_progress: Progress | None = None,
) -> ImportResult:
    """Write members, accounts and entries of an import, all or nothing.

    A process that dies while it posts has written nothing: after a minute without progress the import may be posted
    again.

    Args:
        database: where the book is.
        cooperative: whose book.
        import_id: the import.
        actor: username, as the entries will name them.
        now: an aware moment.
        on_progress: told now and then how many rows are done, of how many.

    Raises:
        NotFound: ``import``.
        Refusal: ``import-not-ready`` (with the first errors, each naming its line) or ``import-refused`` by the book.
        Conflict: ``import-posted``, ``import-undone``, ``import-running`` or ``import-duplicate``.
    """
    await claim(database, cooperative, import_id)
    return await carry_out(database, cooperative, import_id, actor=actor, now=now, on_progress=on_progress)


async def claim(database: Database, cooperative: Cooperative, import_id: int) -> Batch:
    """Mark an import as being posted, so that nobody else posts it or the same file.

    Raises:
        NotFound: ``import``.
        Conflict: ``import-posted``, ``import-undone``, ``import-running`` or ``import-duplicate``.
    """
    book_id = cooperative.book_id
    async with database.work(book_id) as work:
        batch = await service_batch.find(work.connection, book_id, import_id, lock=True)
        check_waiting(batch)
        try:
            await service_batch.change(
                work.connection,
                book_id,
                import_id,
                expected={batch.status},
                status=Status.POSTING.value,
                rows_done=0,
                result={},
            )
        except IntegrityError as error:
            if "uq_import_batch_posted" in str(error.orig):
                raise Conflict("import-duplicate", N_("File yang sama sudah dicatat oleh impor lain.")) from error
            raise
        await work.commit()
    return batch


async def carry_out(
    database: Database,
    cooperative: Cooperative,
    import_id: int,
    *,
    actor: str,
    now: datetime,
    on_progress: Progress | None = None,
) -> ImportResult:
    """Post an import that was claimed; see ``post``. Afterwards it is posted, or waits as before with the reason."""
    book_id = cooperative.book_id
    try:
        async with database.reading(book_id) as connection:
            batch = await service_batch.find(connection, book_id, import_id)
            file = await service_batch.file_of(connection, book_id, import_id)
        checked = await check_file(database, cooperative, batch.kind, file, batch.options, cooperative.today(now))
        if not checked.plan.ready:
            raise not_ready(checked.plan)  # noqa: TRY301 - it is to be remembered as any other failure
        return await _write(database, cooperative, import_id, checked, actor, on_progress)
    except Exception as error:
        refusal = error if isinstance(error, Refusal) else broken()
        status = Status.PREVIEWED if refusal.code == "import-not-ready" else Status.FAILED
        await _mark(database, book_id, import_id, status=status.value, rows_done=0, result=stored_failure(refusal))
        raise


async def _write(
    database: Database,
    cooperative: Cooperative,
    import_id: int,
    checked: Checked,
    actor: str,
    on_progress: Progress | None,
) -> ImportResult:
    book_id, rows = cooperative.book_id, len(checked.plan.rows)

    async def done(steps: int, of: int) -> None:
        # Seen by others at once, so in a transaction of its own.
        so_far = rows * steps // of if of else rows
        await _mark(database, book_id, import_id, rows_total=rows, rows_done=so_far)
        if on_progress:
            on_progress(so_far, rows)

    async with database.work(book_id) as work:
        result = await service_posting.write(work, cooperative, import_id, checked, actor=actor, done=done)
        taken = await service_batch.change(
            work.connection,
            book_id,
            import_id,
            expected={Status.POSTING},
            status=Status.POSTED.value,
            content=b"",
            rows_total=rows,
            rows_done=rows,
            result={"posted": result.stored(), "controls": dict(checked.trial_balance or {})},
        )
        if not taken:
            raise running()
        told, subject = {"kind": checked.plan.kind.value, "rows": rows}, f"import {import_id}"
        await audit.record(
            work.connection, book_id, actor=actor, action=Action.IMPORT_POSTED, subject=subject, after=told
        )
        await work.commit()
    log.info("import_posted", book_id=book_id, import_id=import_id, rows=rows, entries=result.entries)
    return result


async def _mark(database: Database, book_id: int, import_id: int, **values: object) -> None:
    async with database.work(book_id) as work:
        await service_batch.change(work.connection, book_id, import_id, expected={Status.POSTING}, **values)
        await work.commit()


async def undo(
    database: Database, cooperative: Cooperative, import_id: int, *, actor: str, reason: str, now: datetime
) -> ImportResult:
    """Reverse every entry of an import that still stands, in one transaction; members and their accounts stay.

    Raises:
        NotFound: ``import``.
        Conflict: ``import-not-posted``.
        Refusal: ``reason``; ``import-refused`` with the account whose money has moved since.
    """
    try:
        said = clean_text(reason, max_length=200)
    except InputError as problem:
        raise Refusal("reason", problem.message, errors=[problem.at("reason")]) from problem
    book_id = cooperative.book_id
    async with database.work(book_id) as work:
        batch = await service_batch.find(work.connection, book_id, import_id, lock=True)
        posted = batch.outcome
        if batch.status is not Status.POSTED or posted is None:
            raise Conflict("import-not-posted", N_("Hanya impor yang sudah dicatat dapat dibatalkan."))
        # First, so that a trial balance that is taken back no longer counts in the difference.
        undoing: dict[str, Any] = {"expected": {Status.POSTED, Status.UNDONE}, "status": Status.UNDONE.value}
        await service_batch.change(work.connection, book_id, import_id, **undoing)
        undone = await service_posting.reverse(
            work, cooperative, posted, actor=actor, reason=said, on=cooperative.today(now)
        )
        result = {"posted": posted.stored(), "undone": undone.stored()}
        await service_batch.change(work.connection, book_id, import_id, **undoing, result=result)
        await audit.record(
            work.connection, book_id, actor=actor, action=Action.IMPORT_UNDONE, subject=f"import {import_id}"
        )
        await work.commit()
    log.info("import_undone", book_id=book_id, import_id=import_id, entries=undone.entries, actor=actor)
    return undone
