"""What the doctor asks of tills, sessions and vouchers. Called through ``service``."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import and_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.treasury.rules_vouchers import OFFICE
from koperasi.treasury.service_vouchers import CASH, RANKS
from koperasi.treasury.tables import petty_count, teller_session, till
from ledger import schema

SESSIONS, TILLS, PETTY = "cash.sessions", "cash.tills", "cash.petty"
"""The number series of each."""

MOST = 1_000
"""Vouchers that are named; more of them say nothing more."""

# Every number is computed again from the journal: it must be the entry's rank, and every entry up to the head has one.
_WRONG = text(f"""
{RANKS}
SELECT coalesce(r.entry_number, v.entry_number)
  FROM ranked r
  FULL JOIN (SELECT * FROM voucher WHERE book_id = :book) v
    ON v.entry_number = r.entry_number AND v.kind = r.kind AND v.office = r.office AND v.month = r.month
   AND v.serial = r.rank
 WHERE v.entry_number IS NULL OR r.entry_number IS NULL
 ORDER BY 1 LIMIT :most
""")
_HEAD = text("SELECT entry_number FROM voucher_head WHERE book_id = :book")


class TillAccount(NamedTuple):
    """A till: the number in its account's code, and the account in the ledger."""

    number: str
    ledger_account_id: int

    @property
    def serial(self) -> int:
        """Its place in the series; 0 if the code ends in no number."""
        return int(self.number) if self.number.isdecimal() else 0


async def till_accounts(connection: AsyncConnection, book_id: int) -> list[TillAccount]:
    """Every till with its ledger account."""
    account = schema.account
    query = (
        select(account.c.code, till.c.username, till.c.ledger_account_id)
        .select_from(
            till.outerjoin(
                account,
                and_(account.c.book_id == till.c.book_id, account.c.account_id == till.c.ledger_account_id),
            )
        )
        .where(till.c.book_id == book_id)
    )
    rows = await connection.execute(query)
    return [TillAccount((row.code or row.username).rpartition(".")[2], row.ledger_account_id) for row in rows]


async def session_numbers(connection: AsyncConnection, book_id: int) -> list[int]:
    """The numbers of all sessions."""
    query = select(teller_session.c.number).where(teller_session.c.book_id == book_id)
    return list((await connection.execute(query)).scalars())


async def petty_numbers(connection: AsyncConnection, book_id: int) -> list[int]:
    """The numbers of all counts of petty cash."""
    query = select(petty_count.c.number).where(petty_count.c.book_id == book_id)
    return list((await connection.execute(query)).scalars())


async def wrong_vouchers(connection: AsyncConnection, book_id: int) -> list[int]:
    """Entries whose voucher is missing, or has another number than follows from the journal."""
    upto = await connection.scalar(_HEAD, {"book": book_id})
    facts = {"book": book_id, "after": 0, "upto": int(upto or 0), "cash": list(CASH), "office": OFFICE, "most": MOST}
    return list((await connection.execute(_WRONG, facts)).scalars())
