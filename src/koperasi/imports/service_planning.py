"""From a remembered file to a checked plan, and the refusals on the way. Called through ``service``."""

from __future__ import annotations

import asyncio
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database
from koperasi.errors import Conflict, FieldError, Refusal
from koperasi.formats import InputError, clean_text
from koperasi.i18n import N_
from koperasi.imports import rules, service_batch, service_book
from koperasi.imports.batch import Batch, Options, Preview, Status
from koperasi.imports.checking import check
from koperasi.imports.facts import Checked
from koperasi.imports.model import ImportKind, Plan
from koperasi.imports.reading import read_table
from koperasi.imports.service_batch import StoredFile

OFFERED = (
    ImportKind.MEMBERS,
    ImportKind.OPENING_SAVINGS,
    ImportKind.OPENING_DEPOSITS,
    ImportKind.OPENING_TRIAL_BALANCE,
)
"""What can be imported; money that moved later is entered at the desk, with its receipt."""

SHOWN_ERRORS = 100


def kind_of(text: str) -> ImportKind:
    """What a file brings, by its name.

    Raises:
        Refusal: ``import-kind``.
    """
    if text not in {kind.value for kind in OFFERED}:
        raise Refusal(
            "import-kind",
            N_(
                "Jenis impor tidak dikenal: pilih daftar anggota, simpanan awal, simpanan berjangka awal, atau neraca "
                "saldo awal."
            ),
            field="kind",
        )
    return ImportKind(text)


def clean_filename(text: str) -> str:
    """A file's name without folders; ``file`` where it can't be shown."""
    try:
        return clean_text(text.replace("\\", "/").rpartition("/")[2], max_length=120)
    except InputError:
        return "file"


async def check_file(
    database: Database, cooperative: Cooperative, kind: ImportKind, file: StoredFile, options: Options, today: date
) -> Checked:
    """The file's plan, checked; reading and comparing take the processor for long and stand in a thread."""

    def read() -> Plan:
        sheet = read_table(file.data, file.filename)
        return rules.plan(
            kind,
            sheet,
            reference_date=today,
            answers=options.answers,
            excluded_lines=frozenset(options.excluded_lines),
        )

    plan = await asyncio.to_thread(read)
    async with database.reading(cooperative.book_id) as connection:
        facts = await service_book.facts_for(connection, cooperative, plan, options, today)
    return await asyncio.to_thread(check, plan, facts)


async def preview_of(
    connection: AsyncConnection,
    cooperative: Cooperative,
    import_id: int,
    file: StoredFile,
    checked: Checked,
    today: date,
) -> Preview:
    """A checked plan with what is remembered of its import."""
    book_id = cooperative.book_id
    batch = await service_batch.find(connection, book_id, import_id)
    posted = await service_batch.of_same_file(
        connection, book_id, batch.kind, file.file_hash, {Status.POSTED, Status.POSTING}
    )
    return Preview(
        batch=batch,
        plan=checked.plan,
        duplicate_of=posted.import_id if posted and posted.import_id != import_id else None,
        opening_on=checked.opening_on or today,
        difference=checked.difference,
    )


def check_waiting(batch: Batch) -> None:
    """Refuse to begin with an import that is posted, undone or being posted.

    Raises:
        Conflict: ``import-posted``, ``import-undone`` or ``import-running``.
    """
    if batch.status is Status.POSTED:
        raise Conflict("import-posted", N_("Impor ini sudah dicatat."))
    if batch.status is Status.UNDONE:
        raise Conflict("import-undone", N_("Impor ini sudah dibatalkan. Unggah filenya lagi untuk mencatat ulang."))
    if batch.running:
        raise running()


def running() -> Conflict:
    """Somebody is posting it now."""
    return Conflict("import-running", N_("Impor ini sedang dicatat; tunggu sampai selesai."))


def broken() -> Refusal:
    """Something that is nobody's decision ended the posting."""
    return Refusal("import-broken", N_("Pencatatan terhenti karena gangguan; tidak ada yang tercatat. Coba lagi."))


def not_ready(plan: Plan) -> Refusal:
    """Rows or questions stand against it; the first errors name their lines."""
    wrong = [(str(row.line), remark) for row in plan.rows for remark in row.errors]
    wrong += [("file", remark) for remark in plan.errors]
    errors = [FieldError(field, one.code, one.message, dict(one.params)) for field, one in wrong[:SHOWN_ERRORS]]
    errors += [
        FieldError(
            question.kind,
            "question",
            N_("Pertanyaan tentang kolom “%(column)s” belum dijawab."),
            {"column": question.column},
        )
        for question in plan.questions
    ]
    return Refusal(
        "import-not-ready",
        N_("Belum dapat dicatat: jawab pertanyaannya, lalu perbaiki atau keluarkan baris yang salah."),
        errors=errors,
    )
