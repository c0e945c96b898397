"""Text that PostgreSQL writes: of an export's millions of rows each takes longer to bring to Python than to write.

A writer says in SQL what it does in Python (``InSql``); the server sends the finished text of many entries at a time.
Where an entry has words that need a writer's finer rules the SQL gives NULL, and Python writes that entry. Both ways
give the same bytes, to which the tests hold them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ledger.account import Account, Side
from ledger.entry import Entry
from ledger.money import exponent

PLACE = "width_bucket(p.account_id, $7::bigint[])"
"""Where a posting's account stands among the sorted accounts, from 1."""

MOMENT = """to_char(e.recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
"""The recorded moment as it is sealed; the session is in UTC."""

DESCRIPTION = "coalesce(n.text, e.description)"
"""What people read."""

METADATA = """CASE e.metadata::text WHEN '{}' THEN '{}' ELSE (
  SELECT concat('{', string_agg(concat(to_json(key), ':', to_json(value)), ',' ORDER BY ordinality), '}')
    FROM json_each_text(e.metadata) WITH ORDINALITY) END"""
"""The metadata as compact JSON, in their own order."""


@dataclass(frozen=True, slots=True)
class InSql:
    """How PostgreSQL writes an entry.

    Attributes:
        entry: an expression over ``e`` (entry), ``n`` (note), ``r`` (reversal) and ``lines``; NULL: Python writes it.
        line: an expression over ``p`` (posting) for one of its lines.
        words: texts of the accounts, which ``word`` finds; as many for each account, in the order of their numbers.
        separator: what stands between lines.
    """

    entry: str
    line: str
    words: Sequence[str]
    separator: str = ""


class Writer(Protocol):
    """Whoever writes entries."""

    accounts: Mapping[int, Account]

    def __call__(self, entry: Entry) -> str:
        """The entry's text."""
        ...

    def in_sql(self) -> InSql:
        """The same, written by PostgreSQL."""
        ...


def in_order(accounts: Mapping[int, Account]) -> list[Account]:
    """The accounts by their numbers, as ``PLACE`` counts them."""
    return [accounts[number] for number in sorted(accounts)]


def word(each: int = 1, chosen: str = "0") -> str:
    """The account's text, or the ``chosen`` of ``each`` texts, counted from 0."""
    return f"($8::jsonb ->> ({each} * {PLACE} - {each} + ({chosen})))"


def literal(words: str) -> str:
    """A text as SQL writes it."""
    return "'" + words.replace("'", "''") + "'"


def by_currency(accounts: Mapping[int, Account], told: Mapping[str, str]) -> str:
    """The expression for the currency of a posting, of which most books have one."""
    present = sorted({account.currency for account in accounts.values()})
    if len(present) <= 1:
        return told[present[0]] if present else "NULL"
    cases = " ".join(f"WHEN {number} THEN {told[one]}" for number, one in enumerate(present))
    return f"CASE ($9::bigint[])[{PLACE}] {cases} END"


def unit(accounts: Mapping[int, Account]) -> str:
    """What makes a decimal with exactly the currency's places of minor units; a product has its factors' places."""
    currencies = {account.currency for account in accounts.values()}
    return by_currency(accounts, {one: f"{10 ** -exponent(one):.{exponent(one)}f}" for one in currencies})


def side() -> str:
    """1 for an account that grows on debit, -1 for one that grows on credit."""
    return f"($10::bigint[])[{PLACE}]"


def parameters(accounts: Mapping[int, Account], words: Sequence[str]) -> tuple[list[int], str, list[int], list[int]]:
    """What ``PLACE``, ``word``, ``by_currency`` and ``side`` look things up in."""
    ordered = in_order(accounts)
    present = sorted({account.currency for account in ordered})
    return (
        [account.account_id for account in ordered],
        json.dumps(list(words)),
        [present.index(account.currency) for account in ordered],
        [1 if account.side is Side.DEBIT else -1 for account in ordered],
    )


# An export goes along the keys of the book; every other way would gather all of it first, so nothing may be sorted or
# hashed. Dates and moments are written as ISO 8601 has them.
SETTINGS = (
    "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL plan_cache_mode = force_custom_plan; "
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_nestloop = off; "
    "SET LOCAL enable_hashjoin = off; SET LOCAL enable_hashagg = off; SET LOCAL enable_sort = off; SET LOCAL jit = off"
)

GAP = "\x02"
"""Stands in a block's text where Python has to write. A form that leaves gaps has it nowhere else."""

# All lines of a block, along their key beside the entries; or those of each entry that a filter lets through.
_ALL_LINES = """
    JOIN (SELECT p.entry_number, {lines} AS text FROM ledger_posting p
           WHERE p.book_id = $1::bigint AND p.entry_number BETWEEN block.first AND block.last
           GROUP BY p.entry_number) lines ON lines.entry_number = e.number"""
_LINES_OF_EACH = """
   CROSS JOIN LATERAL (SELECT {lines} AS text FROM ledger_posting p
                        WHERE p.book_id = e.book_id AND p.entry_number = e.number) lines"""

_TEXTS = r"""
SELECT block.last, texts.text, texts.gaps
  FROM (SELECT first, least(first + $11::bigint - 1, $2::bigint) AS last
          FROM generate_series(1, $2::bigint, $11::bigint) AS first{turn}) block
 CROSS JOIN LATERAL (
  SELECT string_agg(coalesce(one.text, E'\x02'), '') AS text,
         array_agg(one.number) FILTER (WHERE one.text IS NULL) AS gaps
    FROM (
  SELECT e.number, {entry} AS text
    FROM ledger_entry e{joined}
    LEFT JOIN ledger_note n ON n.book_id = $1::bigint AND n.entry_number = e.number
                           AND n.entry_number BETWEEN block.first AND block.last
    LEFT JOIN ledger_reversal r ON r.book_id = $1::bigint AND r.entry_number = e.number
                               AND r.entry_number BETWEEN block.first AND block.last
                               AND r.reversal_number <= $2::bigint
                               AND (r.undone_by IS NULL OR r.undone_by > $2::bigint)
   WHERE e.book_id = $1::bigint AND e.number BETWEEN block.first AND block.last
     AND ($3::date IS NULL OR e.effective_date >= $3)
     AND ($4::date IS NULL OR e.effective_date <= $4)
     AND ($5::text IS NULL OR e.kind = $5)
     AND ($6::bigint[] IS NULL OR EXISTS (
           SELECT FROM ledger_posting p
            WHERE p.book_id = e.book_id AND p.entry_number = e.number AND p.account_id = ANY($6)))
   ORDER BY e.number) one
 ) texts
 WHERE ($7::bigint[], $8::jsonb, $9::bigint[], $10::bigint[]) IS NOT NULL
"""


BLOCKS = 2
"""Blocks that PostgreSQL is asked for at a time, on each connection."""


def statement(told: InSql, *, whole: bool, turn: int | None = None) -> str:
    """The statement that gives the texts of a book's entries in blocks; ``whole`` if no filter chooses among them.

    Where two connections share the book, ``turn`` says whose this is: each is given every other ``BLOCKS`` blocks.

    Its parameters: book, last entry, first day, last day, kind, accounts to touch, then ``parameters``, then how many
    entries a block has. Its columns: the block's last number, its text (NULL: none of its entries was asked for), and
    the numbers of the entries that Python writes into its gaps.
    """
    lines = f"string_agg({told.line}, {literal(told.separator)} ORDER BY p.line)"
    joined = (_ALL_LINES if whole else _LINES_OF_EACH).replace("{lines}", lines)
    mine = "" if turn is None else f" WHERE (first - 1) / $11::bigint / {BLOCKS} % 2 = {turn}"
    return _TEXTS.replace("{turn}", mine).replace("{joined}", joined).replace("{entry}", told.entry)
