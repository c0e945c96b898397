"""What a member has been paid out lately: several withdrawals count together, whichever way they were recorded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database
from koperasi.savings.tables import savings_account
from ledger import schema
from ledger.statements import ADJUSTMENT

PAYING_OUT = ("savings.withdrawal", "journal", ADJUSTMENT)
"""Kinds of entries that take money from a member: at the desk, or by hand. A transfer leaves it with them."""
BACKDATED = timedelta(days=31)
"""Entries dated earlier than this are not looked for, though they were recorded today."""


async def paid_out(database: Database, cooperative: Cooperative, holder: str, day: date) -> int:
    """What was taken from all savings of a holder on a day and today, in sen, not counting what was undone.

    Asked for together, it is read together. Two who are paid at the same moment do not see each other.

    Args:
        database: where to read.
        cooperative: whose book.
        holder: number of the member, or of the other cooperative, whose savings they are.
        day: the book's date of what is about to be paid; what was recorded today under another date counts too, so
            that a date on paper is no way around.
    """
    book_id = cooperative.book_id

    async def read(asked: Sequence[tuple[str, date]]) -> dict[tuple[str, date], int]:
        async with database.reading(book_id) as connection:
            return {one: await paid_out_in(connection, cooperative, *one) for one in asked}

    return await database.shared(("paid-out", book_id), lambda: read).ask((holder, day)) or 0


async def paid_out_in(connection: AsyncConnection, cooperative: Cooperative, holder: str, day: date) -> int:
    """The same on a connection that is bound to the book."""
    book_id = cooperative.book_id
    today = datetime.now(UTC).astimezone(cooperative.zone).date()
    midnight = datetime.combine(today, time(), cooperative.zone)
    posting, entry, reversal = schema.posting.c, schema.entry.c, schema.reversal.c
    undone = select(reversal.entry_number).where(reversal.book_id == book_id, reversal.entry_number == entry.number)
    query = (
        select(func.coalesce(func.sum(posting.amount), 0))
        .select_from(
            savings_account.join(
                schema.posting,
                (posting.book_id == savings_account.c.book_id)
                & (posting.account_id == savings_account.c.ledger_account_id),
            ).join(schema.entry, (entry.book_id == posting.book_id) & (entry.number == posting.entry_number))
        )
        .where(
            savings_account.c.book_id == book_id,
            or_(savings_account.c.member_number == holder, savings_account.c.partner_number == holder),
            posting.effective_date >= min(day, today) - BACKDATED,
            posting.amount > 0,
            entry.kind.in_(PAYING_OUT),
            or_(entry.effective_date == day, entry.recorded_at >= midnight),
            ~undone.exists(),
        )
    )
    return int(await connection.scalar(query) or 0)


async def members_of(
    connection: AsyncConnection, book_id: int, ledger_account_ids: Collection[int]
) -> Mapping[int, str]:
    """Whose savings these accounts of the ledger are: the member's number by account; others are missing."""
    table = savings_account.c
    rows = await connection.execute(
        select(table.ledger_account_id, table.member_number).where(
            table.book_id == book_id, table.ledger_account_id.in_(ledger_account_ids), table.member_number.is_not(None)
        )
    )
    return {row.ledger_account_id: row.member_number for row in rows}
