"""What the audit trail hears of reports: who took which part of the books along."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.permissions import Identity


async def record_export(
    connection: AsyncConnection,
    identity: Identity,
    subject: str,
    from_date: date | None = None,
    to_date: date | None = None,
) -> None:
    """Write that somebody takes a part of the books along, before they have it; the caller commits.

    Args:
        connection: bound to the book, in a transaction that may write.
        identity: who.
        subject: what, and in which form: ``journal csv``.
        from_date: its first day, if not all of it.
        to_date: its last day, if not all of it.
    """
    days = {"from": from_date, "to": to_date}
    await audit.record(
        connection,
        identity.book_id,
        actor=identity.username,
        action=Action.EXPORTED,
        subject=subject,
        after={name: day.isoformat() for name, day in days.items() if day} or None,
    )
