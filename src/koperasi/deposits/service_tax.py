"""The final tax on a return that is paid now, over all that the member is paid in the month: asked of the returns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative, roles
from koperasi.db import Work
from koperasi.deposits.rules import Deposit, Part
from koperasi.returns import service as returns


async def withheld(
    connection: AsyncConnection, cooperative: Cooperative, member_number: str, on: date, gross_minor: int
) -> int:
    """What is withheld of a return paid on a day, in sen; nothing where the chart has no account for the tax.

    Until the transaction ends, nobody else pays this book's members a return.
    """
    return (await withheld_of_all(connection, cooperative, member_number, on, [gross_minor]))[0]


async def withheld_of_all(
    connection: AsyncConnection, cooperative: Cooperative, member_number: str, on: date, gross: Sequence[int]
) -> list[int]:
    """The same for several returns that are paid together; below zero is no return, and is not taxed."""
    if "tax.savings" not in roles(cooperative.kind):
        return [0 for _ in gross]
    work = Work(connection, cooperative.book_id)
    return await returns.withhold(work, cooperative, member_number, [max(one, 0) for one in gross], on)


async def count(
    work: Work, one: Deposit, part: Part, on: date, gross_minor: int, tax_minor: int, entry_number: int, actor: str
) -> None:
    """Let a return that was posted count for the month's tax, and have its slip."""
    if gross_minor <= 0:
        return
    payment = returns.Payment(
        "deposit", f"{one.number}.{part.number}", one.member_number, part.first, part.last, gross_minor
    )
    await returns.record_paid(work, [(payment, tax_minor)], on=on, entry_number=entry_number, actor=actor)
