"""Rows of the requests: read, settled, told to the trail. Called through ``service``; the caller commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.approvals.rules import Approval, Kind, Status
from koperasi.approvals.tables import approval as table
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.db import sqlstate
from koperasi.errors import NotFound
from koperasi.i18n import N_

READ_ONLY = "25006"
"""SQLSTATE of the triggers that refuse to write in read-only mode."""

COLUMNS = tuple(table.c[name] for name in Approval.__dataclass_fields__)


async def one(connection: AsyncConnection, *wanted: ColumnElement[bool]) -> Approval | None:
    """The request that fits."""
    row = (await connection.execute(select(*COLUMNS).where(*wanted))).one_or_none()
    return to_approval(row) if row else None


async def release(connection: AsyncConnection, book_id: int, found: Approval) -> None:
    """Give back what it held."""
    if found.hold is not None:
        await ledger.release(connection, book_id, found.hold.account_id, found.hold.amount)


async def settle(
    connection: AsyncConnection,
    book_id: int,
    found: Approval,
    status: Status,
    *,
    by: str | None,
    at: datetime,
    reason: str | None = None,
    entry_number: int | None = None,
) -> Approval:
    """Write what became of it. The words that somebody typed stay only where they can be erased: with the entry."""
    done = await connection.execute(
        update(table)
        .where(table.c.book_id == book_id, table.c.number == found.number)
        .values(
            status=status.value,
            decided_by=by,
            decided_at=at,
            reason=reason,
            entry_number=entry_number,
            note=None,
            note_salt=None,
        )
        .returning(*COLUMNS)
    )
    return to_approval(done.one())


async def tell(
    connection: AsyncConnection, book_id: int, found: Approval, actor: str, action: Action, *, entry: int | None = None
) -> None:
    """Write it to the trail; last in the transaction."""
    after: dict[str, Any] = {"kind": found.kind.value, "fingerprint": found.fingerprint.hex()}
    if found.subject is not None:
        after["subject"] = found.subject
    if entry is not None:
        after["entry"] = entry
    subject = f"approval {found.number}"
    await audit.record(connection, book_id, actor=actor, action=action, subject=subject, after=after)


async def expire(connection: AsyncConnection, book_id: int, actor: str, now: datetime) -> int:
    """Let go of what waited too long, and give back what it held; returns how many. Nobody has to do it at night.

    In read-only mode it waits on: whoever looks at what there is must not be refused for it.
    """
    try:
        async with connection.begin_nested():
            return await _expire(connection, book_id, actor, now)
    except DBAPIError as error:
        if sqlstate(error) != READ_ONLY:
            raise
        return 0


async def _expire(connection: AsyncConnection, book_id: int, actor: str, now: datetime) -> int:
    due = (table.c.book_id == book_id, table.c.status == Status.DRAFT.value, table.c.expires_at <= now)
    rows = await connection.execute(
        select(*COLUMNS).where(*due).order_by(table.c.number).with_for_update(skip_locked=True)
    )
    found = [to_approval(row) for row in rows]
    for one_due in found:
        await settle(connection, book_id, one_due, Status.EXPIRED, by=None, at=now)
        await release(connection, book_id, one_due)
    for one_due in found:
        await tell(connection, book_id, one_due, actor, Action.APPROVAL_EXPIRED)
    return len(found)


def to_approval(row: Any) -> Approval:
    """A row as a request."""
    facts = dict(zip(Approval.__dataclass_fields__, row, strict=True))
    return Approval(**(facts | {"kind": Kind(facts["kind"]), "status": Status(facts["status"])}))


def not_found() -> NotFound:
    """There is no such request in this book, or it is not this person's to see."""
    return NotFound("approval", N_("Permintaan persetujuan ini tidak ada."))
