"""The remembered imports. Called through ``service``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Select, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.imports.batch import RESUME_AFTER_SECONDS, Batch, Options, Status
from koperasi.imports.model import ImportKind
from koperasi.imports.tables import import_batch
from koperasi.privacy.service import Place, seal, unseal

_LARGEST_ID = 2**63 - 1


class StoredFile(NamedTuple):
    """An uploaded file."""

    filename: str
    data: bytes
    file_hash: bytes


async def find(connection: AsyncConnection, book_id: int, import_id: int, *, lock: bool = False) -> Batch:
    """One import; ``lock`` keeps it to this transaction.

    Raises:
        NotFound: ``import``.
    """
    row = None
    if 0 < import_id <= _LARGEST_ID:
        query = _batches(book_id).where(import_batch.c.import_id == import_id)
        row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFound("import", N_("Impor dengan nomor ini tidak ada."))
    return _batch(row)


async def file_of(connection: AsyncConnection, book_id: int, import_id: int) -> StoredFile:
    """The file of an import that exists."""
    table = import_batch.c
    row = await connection.execute(
        select(table.filename, table.content, table.file_hash).where(
            table.book_id == book_id, table.import_id == import_id
        )
    )
    filename, content, file_hash = row.one()
    return StoredFile(filename, unseal(_place(book_id, import_id), content), file_hash)


async def latest(connection: AsyncConnection, book_id: int, *, before: int | None, limit: int) -> list[Batch]:
    """Imports, the newest first; ``before`` is the last number of the page before."""
    query = _batches(book_id).order_by(import_batch.c.import_id.desc()).limit(limit)
    if before is not None:
        query = query.where(import_batch.c.import_id < before)
    return [_batch(row) for row in await connection.execute(query)]


async def of_same_file(
    connection: AsyncConnection, book_id: int, kind: ImportKind, file_hash: bytes, statuses: Collection[Status]
) -> Batch | None:
    """The newest import of the same file as the same kind that stands at one of these."""
    table = import_batch.c
    query = (
        _batches(book_id)
        .where(
            table.file_hash == file_hash, table.kind == kind.value, table.status.in_([one.value for one in statuses])
        )
        .order_by(table.import_id.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _batch(row)


async def of_request(connection: AsyncConnection, book_id: int, key: str) -> Batch | None:
    """The import that a request with this key brought."""
    stored = import_batch.c.options["request_key"].as_string()
    row = (
        await connection.execute(
            _batches(book_id).where(stored == key).order_by(import_batch.c.import_id.desc()).limit(1)
        )
    ).one_or_none()
    return None if row is None else _batch(row)


async def last_posted(connection: AsyncConnection, book_id: int, kind: ImportKind) -> Batch | None:
    """The newest import of a kind that is in the book."""
    table = import_batch.c
    row = await connection.execute(
        _batches(book_id)
        .where(table.kind == kind.value, table.status == Status.POSTED.value)
        .order_by(table.import_id.desc())
        .limit(1)
    )
    found = row.one_or_none()
    return None if found is None else _batch(found)


async def add(
    connection: AsyncConnection,
    book_id: int,
    *,
    kind: ImportKind,
    file: StoredFile,
    options: Mapping[str, Any],
    rows_total: int,
    actor: str,
) -> int:
    """Remember an upload; returns its number."""
    made = await connection.scalar(
        insert(import_batch)
        .values(
            book_id=book_id,
            kind=kind.value,
            filename=file.filename,
            file_hash=file.file_hash,
            content=b"",
            options=dict(options),
            status=Status.PREVIEWED.value,
            rows_total=rows_total,
            created_by=actor,
        )
        .returning(import_batch.c.import_id)
    )
    import_id = int(made or 0)
    # Sealed for its row, whose number is known only now.
    content = seal(_place(book_id, import_id), file.data)
    mine = (import_batch.c.book_id == book_id, import_batch.c.import_id == import_id)
    await connection.execute(update(import_batch).where(*mine).values(content=content))
    return import_id


def _place(book_id: int, import_id: int) -> Place:
    return Place("import_batch", "content", book_id, str(import_id))


async def change(
    connection: AsyncConnection, book_id: int, import_id: int, *, expected: Collection[Status], **values: Any
) -> bool:
    """Change an import if it stands at one of these; says whether it did."""
    table = import_batch
    changed = await connection.execute(
        update(table)
        .where(
            table.c.book_id == book_id,
            table.c.import_id == import_id,
            table.c.status.in_([one.value for one in expected]),
        )
        .values(**values, updated_at=func.clock_timestamp())
    )
    return bool(changed.rowcount)


def _batches(book_id: int) -> Select[Any]:
    """All but the file itself."""
    columns = [column for column in import_batch.c if column.name not in {"content", "file_hash", "book_id"}]
    idle = func.clock_timestamp() - import_batch.c.updated_at
    stale = idle > text(f"interval '{RESUME_AFTER_SECONDS:d} seconds'")
    return select(*columns, stale.label("stale")).where(import_batch.c.book_id == book_id)


def _batch(row: Any) -> Batch:
    status = Status(row.status)
    return Batch(
        import_id=row.import_id,
        kind=ImportKind(row.kind),
        filename=row.filename,
        status=status,
        options=Options.read(row.options),
        rows_total=row.rows_total,
        rows_done=row.rows_done,
        result=row.result,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        stale=status is Status.POSTING and bool(row.stale),
    )
