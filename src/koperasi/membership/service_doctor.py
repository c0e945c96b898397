"""What the doctor asks of memberships: what leavers are owed, and numbers given. Called through ``service``."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.membership.tables import member_consent, member_exit, member_exit_part, member_exit_payment


class Owed(NamedTuple):
    """What the settlements that stand say of an account: how much is still to be paid from it, in sen."""

    ledger_account_id: int
    unpaid_minor: int


async def owed_to_leavers(connection: AsyncConnection, book_id: int) -> list[Owed]:
    """What is unpaid, by the account on which it is owed; nothing where all is paid."""
    exits, part, payment = member_exit, member_exit_part, member_exit_payment
    paid = (
        select(payment.c.position)
        .where(
            payment.c.book_id == part.c.book_id,
            payment.c.exit_number == part.c.exit_number,
            payment.c.position == part.c.position,
        )
        .exists()
    )
    unpaid = func.coalesce(func.sum(part.c.amount_minor).filter(exits.c.reversed_at.is_(None), ~paid), 0)
    stands = func.bool_or(exits.c.reversed_at.is_(None))
    rows = await connection.execute(
        select(exits.c.leaving_account_id, unpaid)
        .join(part, (part.c.book_id == exits.c.book_id) & (part.c.exit_number == exits.c.number))
        .where(exits.c.book_id == book_id, exits.c.leaving_account_id.is_not(None))
        .group_by(exits.c.leaving_account_id)
        # Where no settlement stands, what is owed is what was paid in for the next one.
        .having(stands)
    )
    return [Owed(account_id, int(amount)) for account_id, amount in rows]


async def exit_numbers(connection: AsyncConnection, book_id: int) -> list[int]:
    """The number of every settlement."""
    return list(await connection.scalars(select(member_exit.c.number).where(member_exit.c.book_id == book_id)))


async def consent_numbers(connection: AsyncConnection, book_id: int) -> list[int]:
    """The number of every consent."""
    return list(await connection.scalars(select(member_consent.c.number).where(member_consent.c.book_id == book_id)))
