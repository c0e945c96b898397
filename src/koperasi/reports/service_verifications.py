"""The runs of the doctor that are on record: what was found, and whether one is at work."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.reports.tables import verification_run
from ledger import Finding

LOCK_CLASS = 0x4B4F50
"""The kind of advisory lock that a run holds as long as it lives; the book is the other half of its name."""


class Status(StrEnum):
    """How a run ended, or that it has not."""

    RUNNING = "running"
    INTACT = "intact"
    DAMAGED = "damaged"
    FAILED = "failed"
    """Something kept it from the end, such as the database going away."""
    INTERRUPTED = "interrupted"
    """Its process ended before it did."""


class Run(NamedTuple):
    """A check of the whole book. ``entries`` of ``expected`` were read; the last hash is known at the end.

    ``found`` counts the findings; they themselves come with a single run only.
    """

    number: int
    status: Status
    asked_by: str
    started_at: datetime
    finished_at: datetime | None
    expected: int
    entries: int
    last_hash: bytes | None
    found: int
    findings: tuple[Finding, ...] = ()


def lock_id(book_id: int) -> int:
    """A book's half of the lock's name."""
    return book_id % (2**31 - 1)


AT_WORK = """
EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = :class AND objid = :id
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


def _status(book_id: int) -> ColumnElement[str]:
    """What the row says; but who says that they run, and hold no lock, do not any more."""
    status = verification_run.c.status
    at_work = text(AT_WORK).bindparams(**{"class": LOCK_CLASS, "id": lock_id(book_id)})
    gone = (status == Status.RUNNING.value) & ~select(at_work).scalar_subquery()
    return case((gone, literal(Status.INTERRUPTED.value)), else_=status)


def _select(book_id: int, *more: ColumnElement[Any]) -> Select[Any]:
    table = verification_run
    return select(
        table.c.number,
        _status(book_id).label("status"),
        table.c.asked_by,
        table.c.started_at,
        table.c.finished_at,
        table.c.expected,
        table.c.entries,
        table.c.last_hash,
        func.json_array_length(table.c.findings).label("found"),
        *more,
    ).where(table.c.book_id == book_id)


async def runs(
    connection: AsyncConnection, book_id: int, *, before: int | None = None, limit: int = 50
) -> tuple[list[Run], bool]:
    """A page of the runs, the latest first, without their findings; and whether there are more."""
    table = verification_run
    query = _select(book_id).order_by(table.c.number.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(table.c.number < before)
    rows = (await connection.execute(query)).mappings().all()
    return [_run(row) for row in rows[:limit]], len(rows) > limit


async def run_by_number(connection: AsyncConnection, book_id: int, number: int) -> Run:
    """One run with its findings.

    Raises:
        NotFound: no such run.
    """
    table = verification_run
    query = _select(book_id, table.c.findings).where(table.c.number == number)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound("not-found", N_("Pemeriksaan ini tidak ada."))
    return _run(row)


def _run(row: Any) -> Run:
    findings = tuple(Finding(**told) for told in row.get("findings", ()))
    return Run(**{**row, "status": Status(row["status"]), "findings": findings})
