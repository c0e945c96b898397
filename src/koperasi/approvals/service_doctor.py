"""What the doctor asks of the requests: their numbers, and what they hold. Called through ``service``."""

from __future__ import annotations

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.approvals.rules import Status
from koperasi.approvals.tables import approval as table


async def numbers(connection: AsyncConnection, book_id: int) -> list[int]:
    """The number of every request."""
    return list(await connection.scalars(select(table.c.number).where(table.c.book_id == book_id)))


async def holds(connection: AsyncConnection, book_id: int) -> dict[int, int]:
    """What drafts hold on each account, in minor units; those that nobody let go since they expired still do."""
    account_id = cast(table.c.content["hold"][0].astext, BigInteger)
    held = func.sum(cast(table.c.content["hold"][1].astext, BigInteger))
    query = (
        select(account_id, held)
        .where(
            table.c.book_id == book_id,
            table.c.status == Status.DRAFT.value,
            table.c.content["hold"][0].astext.is_not(None),
        )
        .group_by(account_id)
    )
    return {account: int(amount) for account, amount in await connection.execute(query)}
