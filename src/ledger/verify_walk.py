"""The walk through the journal: each entry's number, link, seal, note and lines, page by page in SQL.

The sealed bytes are put together here a second time, from docs/ledger.md, and hashed by PostgreSQL's own ``sha256``:
nothing is shared with the code that sealed them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.verify_report import Findings, Wording

PAGE = 20_000
GENESIS = bytes(32)

METADATA = """
CASE WHEN e.metadata::text = '{}' THEN '[]'
     -- Only texts beneath names; whatever jsonb can't hold, or is no object, was never sealed.
     WHEN NOT pg_input_is_valid(e.metadata::text, 'jsonb') THEN '?'
     WHEN jsonb_typeof(e.metadata::text::jsonb) <> 'object' THEN '?'
     ELSE (SELECT '[' || coalesce(string_agg('[' || to_json(m.key)::text || ',' || CASE json_typeof(m.value)
                    WHEN 'string' THEN to_json(m.value #>> '{}')::text ELSE m.value::text END || ']',
                    ',' ORDER BY m.key COLLATE "C"), '') || ']'
             FROM json_each(e.metadata) m) END
"""

CANONICAL = """
'["koperasi-entry-1",' || e.book_id || ',' || e.number || ',"' || e.effective_date || '","'
|| to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",' || to_json(e.kind)::text
|| ',' || to_json(e.description)::text || ',' || coalesce('"' || encode(e.note_digest, 'hex') || '"', 'null')
|| ',' || coalesce(to_json(e.source)::text, 'null') || ',' || to_json(e.actor)::text
|| ',' || coalesce(e.reverses::text, 'null') || ',' || coalesce(to_json(e.link)::text, 'null')
|| ',' || {METADATA} || ',[' || coalesce(l.lines, '') || ']]'
""".replace("{METADATA}", METADATA)
"""Text of the bytes that the seal of entry ``e`` covers, where ``l.lines`` are its lines."""

ENTRIES = """
WITH e AS MATERIALIZED (
  SELECT * FROM ledger_entry WHERE book_id = :book AND number > :after ORDER BY number LIMIT :page
), a AS (
  SELECT account_id, '[' || to_json(code)::text || ',' || to_json(currency)::text || ',' AS named, currency
    FROM ledger_account WHERE book_id = :book
), l AS (
  SELECT p.entry_number, string_agg(coalesce(a.named, '[null,null,') || p.amount || ']', ',' ORDER BY p.line) AS lines,
         count(*) AS count, max(p.line) AS last, sum(p.amount) AS sum,
         min(p.effective_date) AS first_date, max(p.effective_date) AS last_date,
         min(coalesce(a.currency, '?')) <> max(coalesce(a.currency, '?')) AS mixed
    FROM ledger_posting p LEFT JOIN a USING (account_id)
   WHERE p.book_id = :book AND p.entry_number > :after AND p.entry_number <= (SELECT max(number) FROM e)
   GROUP BY p.entry_number
), n AS (
  SELECT entry_number, sha256(salt || convert_to(text, 'UTF8')) AS digest FROM ledger_note
   WHERE book_id = :book AND entry_number > :after AND entry_number <= (SELECT max(number) FROM e)
)
"""

CHECKED = (
    ENTRIES
    + """
SELECT *, number AS entry FROM (
  SELECT e.number, e.hash, e.line_count, e.recorded_at::text AS moment, e.effective_date::text AS day,
         count(*) OVER () AS read, e.number = max(e.number) OVER () AS is_last,
         lag(e.number, 1, CAST(:after AS bigint)) OVER w + 1 AS expected,
         e.number <> lag(e.number, 1, CAST(:after AS bigint)) OVER w + 1 AS gap,
         e.previous_hash <> lag(e.hash, 1, CAST(:previous AS bytea)) OVER w AS chain,
         e.recorded_at < lag(e.recorded_at, 1, CAST(CAST(:moment AS text) AS timestamptz)) OVER w AS clock,
         sha256(e.previous_hash || convert_to({CANONICAL}, 'UTF8')) IS DISTINCT FROM e.hash AS seal,
         n.entry_number IS NOT NULL AND n.digest IS DISTINCT FROM e.note_digest AS note,
         coalesce(l.count, 0) <> e.line_count OR coalesce(l.last, 0) <> e.line_count AS lines,
         l.first_date <> e.effective_date OR l.last_date <> e.effective_date AS line_date,
         coalesce(l.mixed OR l.sum <> 0, false) AS doubtful,
         e.effective_date < (CAST(:until AS date[]))[width_bucket(e.number, CAST(:since AS bigint[]))] AS late
    FROM e LEFT JOIN l ON l.entry_number = e.number LEFT JOIN n ON n.entry_number = e.number
  WINDOW w AS (ORDER BY e.number)
) checked
 WHERE is_last OR gap OR chain OR clock OR seal OR note OR lines OR line_date OR doubtful OR late
 ORDER BY number
""".replace("{CANONICAL}", CANONICAL)
)

UNBALANCED = """
SELECT p.entry_number AS entry, coalesce(a.currency, '?') AS currency, sum(p.amount) AS total
  FROM ledger_posting p
  LEFT JOIN (SELECT account_id, currency FROM ledger_account WHERE book_id = :book) a USING (account_id)
 WHERE p.book_id = :book AND p.entry_number = ANY(CAST(:numbers AS bigint[]))
 GROUP BY 1, 2 HAVING sum(p.amount) <> 0 ORDER BY 1, 2
"""

LINE_DATES = """
SELECT p.entry_number AS entry, p.line, p.effective_date::text AS day
  FROM ledger_posting p JOIN ledger_entry e ON e.book_id = p.book_id AND e.number = p.entry_number
 WHERE p.book_id = :book AND p.entry_number = ANY(CAST(:numbers AS bigint[])) AND p.effective_date <> e.effective_date
 ORDER BY 1, 2
"""

BY_PAGE = {"enable_seqscan": "off", "enable_bitmapscan": "off"}
"""A page is found by its numbers. On a book that nobody has analysed yet the planner would read all of it each time."""

WORDINGS = {
    "gap": Wording("entry {entry}", "number {expected} was expected"),
    "chain": Wording("entry {entry}", "it does not follow the entry before it"),
    "clock": Wording("entry {entry}", "it was recorded before the entry before it"),
    "seal": Wording("entry {entry}", "its content is not what was sealed"),
    # A note that is gone was erased; one that is there is the one whose digest was sealed.
    "note": Wording("entry {entry}", "its note is not what was sealed"),
    "lines": Wording("entry {entry}", "it should have lines 1 to {line_count}"),
    "late-entry": Wording("entry {entry}", "it came into a closed month, on {day}"),
}
UNBALANCED_WORDING = Wording("entry {entry}", "{currency} differs by {total}")
LINE_DATE_WORDING = Wording("entry {entry} line {line}", "its date {day} is not the entry's")


class Closed(NamedTuple):
    """From which entry on (``since``) days before which day (``until``) were closed; ``None`` is no day."""

    since: Sequence[int]
    until: Sequence[date | None]


class Walked(NamedTuple):
    """How many entries there are, and the last one's number and hash."""

    entries: int
    last_number: int
    last_hash: bytes


async def walk(
    connection: AsyncConnection, book_id: int, closed: Closed, found: Findings, progress: Callable[[int], None]
) -> Walked:
    """All entries in order; ``progress`` hears after each page how many were read."""
    done, number, previous, moment = 0, 0, GENESIS, "-infinity"
    while True:
        facts = {
            "book": book_id,
            "after": number,
            "page": PAGE,
            "previous": previous,
            "moment": moment,
            "since": list(closed.since),
            "until": list(closed.until),
        }
        rows = (await connection.execute(text(CHECKED), facts)).mappings().all()
        if not rows:
            return Walked(done, number, previous)
        await _tell(connection, book_id, rows, found)
        last = rows[-1]
        done, number, previous, moment = done + last["read"], last["number"], last["hash"], last["moment"]
        progress(done)


async def _tell(connection: AsyncConnection, book_id: int, rows: Sequence[Any], found: Findings) -> None:
    for row in rows:
        for code, wording in WORDINGS.items():
            if row["late" if code == "late-entry" else code]:
                names = {
                    "entry",
                    *(name for name in ("expected", "line_count", "day") if f"{{{name}}}" in str(wording)),
                }
                found.add(code, wording, {name: row[name] for name in names})
    for flag, statement, code, wording in (
        ("doubtful", UNBALANCED, "unbalanced", UNBALANCED_WORDING),
        ("line_date", LINE_DATES, "line-date", LINE_DATE_WORDING),
    ):
        numbers = [row["number"] for row in rows if row[flag]]
        if numbers:
            wrong = await connection.execute(text(statement), {"book": book_id, "numbers": numbers})
            for row in wrong.mappings():
                found.add(code, wording, dict(row))
