"""What the doctor asks of the savings accounts. Called through ``service``."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.savings.numbers import serial_of
from koperasi.savings.rules import SavingsKind
from koperasi.savings.tables import savings_account


class LedgerAccount(NamedTuple):
    """A savings account's number and kind, and its account in the ledger."""

    number: str
    kind: SavingsKind
    ledger_account_id: int

    @property
    def serial(self) -> int:
        """Its place in the series of its kind; 0 if the number is none of ours."""
        return serial_of(self.number) if self.number.startswith(self.kind.prefix) else 0


async def ledger_accounts(connection: AsyncConnection, book_id: int) -> list[LedgerAccount]:
    """Every savings account with its ledger account."""
    table = savings_account
    query = select(table.c.number, table.c.kind, table.c.ledger_account_id).where(table.c.book_id == book_id)
    return [
        LedgerAccount(number, SavingsKind(kind), account_id)
        for number, kind, account_id in await connection.execute(query.order_by(table.c.number))
    ]
