"""Is the book what it was when it was written? Everything that is derived is computed again from the postings.

A second implementation: it shares no code with posting, only the formats that docs/ledger.md defines. PostgreSQL does
the counting, beside the rows, in one snapshot: a long book needs no more memory here than a short one, and the service
goes on while it runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.errors import UnknownBookError
from ledger.verify_periods import check_periods
from ledger.verify_report import Finding, Findings, Report, Wording
from ledger.verify_walk import BY_PAGE, Walked, walk
from ledger.verify_whole import WHOLE_TABLES, compare

__all__ = ["Finding", "Report", "settings", "verify"]

LONG_WORK = {"statement_timeout": "0", "work_mem": "'64MB'", "jit": "off", "datestyle": "'ISO, YMD'"}
"""Dates become text in the form that is sealed; compiling a statement that runs some milliseconds takes longer."""

HEAD = "SELECT last_number, last_hash, last_recorded_at FROM ledger_head WHERE book_id = :book"
LAST_MOMENT = "SELECT max(recorded_at) FROM ledger_entry WHERE book_id = :book AND number = :number"

TAIL_NUMBER = Wording("head", "the head names entry {head} as the last, {last} is")
TAIL_HASH = Wording("head", "the head's hash is not the last entry's")
TAIL_CLOCK = Wording("head", "the head's time lies before the last entry's")


async def verify(connection: AsyncConnection, book_id: int, progress: Callable[[int], None] = lambda _: None) -> Report:
    """Recompute chain, numbering, balances, totals, turnovers, links, keys and closes of a book.

    ``progress`` hears, now and then, how many entries were read. Call it in a snapshot (repeatable read).

    Raises:
        UnknownBookError: no such book.
    """
    found = Findings()
    head = (await connection.execute(text(HEAD), {"book": book_id})).one_or_none()
    if head is None:
        raise UnknownBookError(book_id)
    async with settings(connection, {**LONG_WORK, **WHOLE_TABLES}):
        closed = await check_periods(connection, book_id, found)
        async with settings(connection, BY_PAGE):
            walked = await walk(connection, book_id, closed, found, progress)
        await compare(connection, book_id, found)
    moment = await connection.scalar(text(LAST_MOMENT), {"book": book_id, "number": walked.last_number})
    _check_head(head, walked, moment, found)
    return Report(walked.entries, walked.last_hash, found.all())


def _check_head(head, walked: Walked, moment, found: Findings) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    facts = {"head": head.last_number, "last": walked.last_number}
    if head.last_number != walked.last_number:
        found.add("tail", TAIL_NUMBER, facts)
    if head.last_hash != walked.last_hash:
        found.add("tail", TAIL_HASH, facts)
    elif moment is not None and head.last_recorded_at < moment:
        found.add("tail", TAIL_CLOCK, facts)


@asynccontextmanager
async def settings(connection: AsyncConnection, values: Mapping[str, str]) -> AsyncIterator[None]:
    """Let the database work with other settings for a while; they end with the transaction at the latest."""
    for name, value in values.items():
        await connection.execute(text(f"SET LOCAL {name} = {value}"))
    yield
    for name in values:
        await connection.execute(text(f"SET LOCAL {name} TO DEFAULT"))
