"""What the doctor asks of the register of groups. Called through ``service``."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.groups.rules import is_group_number
from koperasi.groups.tables import business_group


class GroupAccount(NamedTuple):
    """A group's number, the serial in it, and its account in the ledger."""

    number: str
    ledger_account_id: int

    @property
    def serial(self) -> int:
        """Its place in the series; 0 if the number is none of ours."""
        return int(self.number[1:]) if is_group_number(self.number) else 0


async def ledger_accounts(connection: AsyncConnection, book_id: int) -> list[GroupAccount]:
    """Every group with its ledger account."""
    table = business_group
    query = select(table.c.number, table.c.ledger_account_id).where(table.c.book_id == book_id)
    return [GroupAccount(*row) for row in await connection.execute(query.order_by(table.c.number))]
