"""What the doctor asks of the term deposits. Called through ``service``."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative, roles
from koperasi.deposits.numbers import serial_of
from koperasi.deposits.rules import TERMS_OFFERED
from koperasi.deposits.service_terms import PARTNERS_ROLE, control_role, role_for
from koperasi.deposits.tables import deposit


class DepositAccount(NamedTuple):
    """A contract's number, its account in the ledger, and the code of the account above that."""

    number: str
    ledger_account_id: int
    control: str

    @property
    def serial(self) -> int:
        """Its place in the series."""
        return serial_of(self.number)


async def ledger_accounts(connection: AsyncConnection, cooperative: Cooperative) -> list[DepositAccount]:
    """Every contract with its ledger account."""
    table, codes = deposit, roles(cooperative.kind)
    holder = func.coalesce(table.c.member_number, table.c.partner_number)
    query = select(table.c.number, table.c.ledger_account_id, holder, table.c.months).where(
        table.c.book_id == cooperative.book_id
    )
    return [
        DepositAccount(number, account_id, codes.get(role_for(cooperative, held_by, months), ""))
        for number, account_id, held_by, months in await connection.execute(query.order_by(table.c.number))
    ]


def controls(cooperative: Cooperative) -> set[str]:
    """Codes of the accounts above term deposits."""
    codes = roles(cooperative.kind)
    wanted = [PARTNERS_ROLE, *(control_role(cooperative, months) for months in TERMS_OFFERED)]
    return {codes[role] for role in wanted if role in codes}
