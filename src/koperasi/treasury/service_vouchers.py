"""Numbers of vouchers: given lazily, to all entries up to some one at once, in the order of the journal.

Nothing is numbered on the way of a posting, so that vouchers cost it nothing. Numbering goes on from the last entry
that has a number; whoever numbers holds ``voucher_head``, so it is done once however many ask. The caller commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, Date, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.db import Work
from koperasi.treasury.rules_vouchers import OFFICE, Number, Series, VoucherKind
from koperasi.treasury.tables import voucher, voucher_head

MOST_AT_A_PAGE = 10_000
"""Entries that are numbered while somebody waits for a page; more are numbered by the button, or as the day closes."""

STEP = 200_000
"""Entries that one statement numbers: some seconds' work."""

TAKE_HEAD = text("""
INSERT INTO voucher_head AS h (book_id, entry_number) VALUES (:book, 0)
    ON CONFLICT (book_id) DO UPDATE SET entry_number = h.entry_number
 RETURNING entry_number
""")

RANKS = """
WITH cash AS MATERIALIZED (
  SELECT a.account_id, t.office FROM ledger_account a
    LEFT JOIN till t ON t.book_id = a.book_id AND t.ledger_account_id = a.account_id
   WHERE a.book_id = :book AND a.type = 'asset' AND split_part(a.code, '.', 1) = ANY(:cash)
), moved AS MATERIALIZED (
  SELECT p.entry_number, min(p.effective_date) AS day,
         coalesce(sum(p.amount) FILTER (WHERE c.account_id IS NOT NULL), 0) AS cash,
         CASE WHEN min(c.office) = max(c.office) THEN min(c.office) ELSE :office END AS office
    FROM ledger_posting p LEFT JOIN cash c USING (account_id)
   WHERE p.book_id = :book AND p.entry_number > :after AND p.entry_number <= :upto
   GROUP BY p.entry_number
), sorted AS (
  SELECT entry_number, office, date_trunc('month', day)::date AS month,
         CASE WHEN cash > 0 THEN 'BKM' WHEN cash < 0 THEN 'BKK' ELSE 'BM' END AS kind
    FROM moved
), ranked AS (
  SELECT entry_number, month, kind, office,
         row_number() OVER (PARTITION BY kind, office, month ORDER BY entry_number) AS rank
    FROM sorted
)
"""
"""Each entry of a range with its kind, office, month and rank among those of the range (see ``rules_vouchers``);
``:office`` is the head office."""

# Ranks go on from the last number of each kind, office and month.
ASSIGN = text(f"""
{RANKS}, last AS MATERIALIZED (
  SELECT s.kind, s.office, s.month, coalesce((SELECT v.serial FROM voucher v
            WHERE v.book_id = :book AND v.kind = s.kind AND v.office = s.office AND v.month = s.month
            ORDER BY v.serial DESC LIMIT 1), 0) AS serial
    FROM (SELECT DISTINCT kind, office, month FROM ranked) s
)
INSERT INTO voucher (book_id, kind, office, month, serial, entry_number)
SELECT :book, r.kind, r.office, r.month, l.serial + r.rank, r.entry_number
  FROM ranked r JOIN last l ON l.kind = r.kind AND l.office = r.office AND l.month = r.month
""")

CASH = ("1101", "1102", "1103", "1104", "1105")
"""Accounts of the first level whose money lies in boxes: vault, desk, petty cash, cash under way, tills.

In a sharia cooperative 1104 is cash of social funds. Money at banks is none of it.
"""


class Listed(NamedTuple):
    """A voucher in a list: its number, entry, day, what for, and the sum of its debits, in sen."""

    number: Number
    entry_number: int
    effective_date: date
    kind: str
    description: str
    total_minor: int
    currency: str
    reverses: int | None
    reversed_by: int | None


async def assign(work: Work, upto: int | None = None) -> int:
    """Number all entries up to one (none: all there are); returns how many were numbered."""
    connection, book_id = work.connection, work.book_id
    last = (await ledger.head(connection, book_id)).number
    end = last if upto is None else min(upto, last)
    begin = after = int(await connection.scalar(TAKE_HEAD, {"book": book_id}) or 0)
    while after < end:
        step = min(after + STEP, end)
        facts = {"book": book_id, "after": after, "upto": step, "office": OFFICE, "cash": list(CASH)}
        await connection.execute(ASSIGN, facts)
        after = step
    if after > begin:
        table = voucher_head
        await connection.execute(table.update().where(table.c.book_id == book_id).values(entry_number=after))
    return max(after - begin, 0)


async def numbers_of(connection: AsyncConnection, book_id: int, entries: Sequence[int]) -> dict[int, Number]:
    """The numbers that entries have; those without one are left out."""
    if not entries:
        return {}
    rows = await connection.execute(
        select(voucher).where(voucher.c.entry_number.in_(entries), voucher.c.book_id == book_id)
    )
    return {row.entry_number: Number(VoucherKind(row.kind), row.month, row.serial, row.office) for row in rows}


async def give_number(work: Work, entry_number: int) -> Number | None:
    """The number of one entry's voucher, given now to all that have none; the caller commits.

    None where so many have none (a book that comes from elsewhere) that nobody would wait for it at a page.
    """
    if await unnumbered(work.connection, work.book_id) > MOST_AT_A_PAGE:
        return None
    await assign(work)
    return (await numbers_of(work.connection, work.book_id, [entry_number])).get(entry_number)


async def entry_of(connection: AsyncConnection, book_id: int, number: Number) -> int | None:
    """The entry that has this number."""
    found: int | None = await connection.scalar(
        select(voucher.c.entry_number).where(
            voucher.c.book_id == book_id,
            voucher.c.kind == number.kind.value,
            voucher.c.office == number.office,
            voucher.c.month == number.month,
            voucher.c.serial == number.serial,
        )
    )
    return found


async def series(connection: AsyncConnection, book_id: int, month: date | None = None) -> list[Series]:
    """How many numbers there are of each kind, office and month, with the first and the last."""
    table = voucher.c
    query = (
        select(table.kind, table.office, table.month, func.count(), func.min(table.serial), func.max(table.serial))
        .where(table.book_id == book_id, *([] if month is None else [table.month == month]))
        .group_by(table.kind, table.office, table.month)
        .order_by(table.month, table.office, table.kind)
    )
    return [Series(*row) for row in await connection.execute(query)]


async def unnumbered(connection: AsyncConnection, book_id: int) -> int:
    """How many entries have no number yet."""
    table = voucher_head
    reached = await connection.scalar(select(table.c.entry_number).where(table.c.book_id == book_id))
    return (await ledger.head(connection, book_id)).number - int(reached or 0)


_LISTED = text("""
SELECT v.kind, v.month, v.serial, v.office, v.entry_number, e.effective_date, e.kind AS entry_kind, e.description,
       (SELECT sum(p.amount) FROM ledger_posting p
         WHERE p.book_id = v.book_id AND p.entry_number = v.entry_number AND p.amount > 0)::bigint AS total,
       (SELECT a.currency FROM ledger_posting p JOIN ledger_account a USING (book_id, account_id)
         WHERE p.book_id = v.book_id AND p.entry_number = v.entry_number AND p.line = 1) AS currency,
       e.reverses,
       (SELECT r.reversal_number FROM ledger_reversal r
         WHERE r.book_id = v.book_id AND r.entry_number = v.entry_number AND r.undone_by IS NULL) AS reversed_by
  FROM voucher v JOIN ledger_entry e ON e.book_id = v.book_id AND e.number = v.entry_number
 WHERE v.book_id = :book AND v.kind = :kind AND v.office = :office AND v.month = :month AND v.serial > :after
 ORDER BY v.serial LIMIT :limit
""").columns(total=BigInteger, month=Date)


async def vouchers(
    connection: AsyncConnection,
    book_id: int,
    kind: VoucherKind,
    month: date,
    *,
    office: str = OFFICE,
    after: int = 0,
    limit: int = 50,
) -> tuple[list[Listed], bool]:
    """Vouchers of a kind, office and month in the order of their numbers, after a serial; and are there more?"""
    facts = {"book": book_id, "kind": kind.value, "office": office, "month": month, "after": after, "limit": limit + 1}
    found = [
        Listed(
            Number(VoucherKind(row.kind), row.month, row.serial, row.office),
            row.entry_number,
            row.effective_date,
            row.entry_kind,
            row.description,
            row.total,
            row.currency,
            row.reverses,
            row.reversed_by,
        )
        for row in await connection.execute(_LISTED, facts)
    ]
    return found[:limit], len(found) > limit


async def months(connection: AsyncConnection, book_id: int) -> list[date]:
    """The months that have vouchers, the latest first."""
    table = voucher.c
    rows = await connection.execute(
        select(table.month).where(table.book_id == book_id).distinct().order_by(table.month.desc())
    )
    return [row.month for row in rows]
