"""Sums of accounts of the first level, each with all that lies beneath it, up to a day.

``append`` keeps them by day and by month, so a trial balance at any date reads whole months and then the days of the
last one: some hundred rows in a book of a million entries.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

MONTHS = "SELECT code, debit, credit FROM ledger_sum WHERE book_id = :book AND span = 'month'"

DAYS = f"""
{MONTHS} AND begins < :month
UNION ALL
SELECT code, debit, credit FROM ledger_sum WHERE book_id = :book AND span = 'day' AND begins BETWEEN :month AND :until
"""

SINCE = """
UNION ALL
SELECT split_part((SELECT a.code FROM ledger_account a WHERE a.book_id = p.book_id AND a.account_id = p.account_id),
                  '.', 1), -greatest(p.amount, 0), -greatest(-p.amount, 0)
  FROM ledger_posting p WHERE p.book_id = :book AND p.entry_number > :known_at
"""

SUM, EACH = "SELECT code, sum(debit), sum(credit) FROM (", ") AS moved GROUP BY code"

OF_ALL = text(f"{SUM}{MONTHS}{EACH}")
OF_ALL_AS_KNOWN = text(f"{SUM}{MONTHS}{SINCE}{EACH}")
UNTIL = text(f"{SUM}{DAYS}{EACH}")
UNTIL_AS_KNOWN = text(f"{SUM}{DAYS}{SINCE} AND p.effective_date <= :until{EACH}")


async def first_level_sums(
    connection: AsyncConnection, book_id: int, until: date | None = None, *, known_at: int | None = None
) -> dict[str, tuple[int, int]]:
    """Debits and credits by the code of an account of the first level, in minor units of its currency.

    Args:
        connection: one snapshot.
        book_id: the book.
        until: to the end of this day; None is all days.
        known_at: as the book knew them when that entry was its last; the work grows with the entries since.
    """
    facts: dict[str, object] = {"book": book_id}
    if until is not None:
        facts |= {"until": until, "month": until.replace(day=1)}
    if known_at is not None:
        facts["known_at"] = known_at
    now, then = (OF_ALL, OF_ALL_AS_KNOWN) if until is None else (UNTIL, UNTIL_AS_KNOWN)
    rows = await connection.execute(now if known_at is None else then, facts)
    return {code: (int(debit), int(credit)) for code, debit, credit in rows}


async def first_level_moves(
    connection: AsyncConnection,
    book_id: int,
    first: date | None = None,
    last: date | None = None,
    *,
    known_at: int | None = None,
) -> dict[str, tuple[int, int, int]]:
    """Of each such account: its signed balance before ``first``, and debits and credits from then to ``last``.

    Without ``first`` nothing lies before; without ``last`` all later days belong to it.
    """
    whole = await first_level_sums(connection, book_id, last, known_at=known_at)
    before: dict[str, tuple[int, int]] = {}
    if first is not None and first > date.min:
        before = await first_level_sums(connection, book_id, first - timedelta(days=1), known_at=known_at)
    if first is not None and last is not None and last < first:
        whole = before
    nothing = (0, 0)
    return {
        code: (
            before.get(code, nothing)[0] - before.get(code, nothing)[1],
            whole.get(code, nothing)[0] - before.get(code, nothing)[0],
            whole.get(code, nothing)[1] - before.get(code, nothing)[1],
        )
        for code in whole.keys() | before.keys()
    }
