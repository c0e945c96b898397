"""How contracts and their returns stand in the ledger, for queries. Called through ``service``."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, select

from koperasi.deposits.tables import deposit, deposit_return
from koperasi.savings.service import is_partner_number
from ledger.schema import account as ledger_account
from ledger.schema import reversal as ledger_reversal

STANDING = (
    select((ledger_account.c.credit - ledger_account.c.debit).label("balance_minor"))
    .where(ledger_account.c.account_id == deposit.c.ledger_account_id, ledger_account.c.book_id == deposit.c.book_id)
    # By its whole key, once for each: see savings' ``standing``.
    .offset(0)
    .lateral("standing")
)
"""The ledger's balance of a contract, for a join."""
RUNS = and_(deposit.c.closed_on.is_(None), STANDING.c.balance_minor != 0)
"""A contract that runs: not closed, and its opening was not reversed. Needs the join with ``STANDING``."""


def holder_is(number: str) -> ColumnElement[bool]:
    """Contracts of a member, or of another cooperative, by the number."""
    return (deposit.c.partner_number if is_partner_number(number) else deposit.c.member_number) == number


def stands() -> ColumnElement[bool]:
    """A posted return stands until its entry is reversed; then its part falls due again."""
    # Looked up by its whole key (OFFSET 0): see docs/adr/0002.
    undone = (
        select(ledger_reversal.c.entry_number)
        .where(
            ledger_reversal.c.book_id == deposit_return.c.book_id,
            ledger_reversal.c.entry_number == deposit_return.c.entry_number,
            ledger_reversal.c.undone_by.is_(None),
        )
        .offset(0)
    )
    return ~exists(undone)
