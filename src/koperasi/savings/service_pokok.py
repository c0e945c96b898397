"""How far simpanan pokok is paid, of several members at once. Called through ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.savings.rules import SavingsKind
from koperasi.savings.service_reading import standing
from koperasi.savings.tables import due, savings_account
from ledger import schema


class Pokok(NamedTuple):
    """What was billed of simpanan pokok and what the ledger says is paid, in sen; ``paid_on``: the last movement."""

    billed_minor: int = 0
    paid_minor: int = 0
    paid_on: date | None = None


async def pokok_of(connection: AsyncConnection, book_id: int, numbers: Sequence[str]) -> dict[str, Pokok]:
    """Simpanan pokok of members by number; who was never billed has zeros."""
    bills = await connection.execute(
        select(due.c.member_number, func.sum(due.c.amount_minor))
        .where(due.c.book_id == book_id, due.c.kind == SavingsKind.POKOK.value, due.c.member_number.in_(list(numbers)))
        .group_by(due.c.member_number)
    )
    billed = {number: int(total) for number, total in bills}
    account, posting = savings_account, schema.posting
    newest = (
        select(posting.c.effective_date)
        .where(posting.c.book_id == account.c.book_id, posting.c.account_id == account.c.ledger_account_id)
        .order_by(posting.c.effective_date.desc(), posting.c.entry_number.desc(), posting.c.line.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = await connection.execute(
        select(account.c.member_number, standing.c.balance, newest)
        .select_from(account.join(standing, true()))
        .where(
            account.c.book_id == book_id,
            account.c.kind == SavingsKind.POKOK.value,
            account.c.member_number.in_(list(numbers)),
        )
    )
    paid = {number: (int(balance), moved) for number, balance, moved in rows}
    return {number: Pokok(billed.get(number, 0), *paid.get(number, (0, None))) for number in numbers}
