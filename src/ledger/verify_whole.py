"""What is derived from the journal, compared as whole tables: totals, turnovers, running balances, links, keys, chart.

Each statement reads its tables once, whatever the number of rows that differ. A row that comes back is a finding.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.verify_report import Findings, Wording


class Check(NamedTuple):
    """A statement whose rows are findings; ``wordings`` by the column ``code`` of the row."""

    sql: str
    wordings: dict[str, Wording]


MOVED = """
WITH moved AS MATERIALIZED (
  SELECT account_id, effective_date AS day, sum(greatest(amount, 0)) AS debit, sum(greatest(-amount, 0)) AS credit
    FROM ledger_posting WHERE book_id = :book GROUP BY account_id, effective_date
), sums AS MATERIALIZED (
  SELECT account_id, sum(debit) AS debit, sum(credit) AS credit, min(day) AS first, max(day) AS last
    FROM moved GROUP BY account_id
), a AS MATERIALIZED (
  SELECT a.account_id, a.code, a.currency, a.debit AS kept_debit, a.credit AS kept_credit, a.last_day, a.opened_on,
         a.control, a.floor, coalesce(s.debit, 0) AS debit, coalesce(s.credit, 0) AS credit, s.first, s.last,
         CASE a.side WHEN 'debit' THEN 1 ELSE -1 END * coalesce(s.debit - s.credit, 0) - a.held AS available
    FROM (SELECT * FROM ledger_account WHERE book_id = :book) a LEFT JOIN sums s USING (account_id)
), tops AS MATERIALIZED (
  SELECT split_part(a.code, '.', 1) AS top, a.currency, m.day, sum(m.debit) AS debit, sum(m.credit) AS credit
    FROM moved m JOIN a USING (account_id) GROUP BY 1, 2, 3
), spans AS (
  SELECT 'day' AS span, day AS begins, top, currency, debit, credit FROM tops
  UNION ALL
  SELECT 'month', date_trunc('month', day)::date, top, currency, sum(debit), sum(credit) FROM tops GROUP BY 2, 3, 4
)
SELECT 'account-total' AS code, code AS account, currency, NULL::text AS day, debit, credit FROM a
 WHERE kept_debit <> debit OR kept_credit <> credit
UNION ALL
SELECT 'last-day', code, currency, last::text, 0, 0 FROM a WHERE last_day IS DISTINCT FROM last
UNION ALL
SELECT 'floor', code, currency, NULL, least(floor, 0), available FROM a
 WHERE floor IS NOT NULL AND available < least(floor, 0)
UNION ALL
SELECT 'control-posted', code, currency, NULL, debit, credit FROM a WHERE control AND first IS NOT NULL
UNION ALL
SELECT 'before-opening', code, currency, first::text, 0, 0 FROM a WHERE first < opened_on
UNION ALL
SELECT 'turnover', coalesce(a.code, 'no. ' || account_id), a.currency, day::text, coalesce(m.debit, 0),
       coalesce(m.credit, 0)
  FROM (SELECT account_id, day, debit, credit FROM ledger_turnover WHERE book_id = :book) t
  FULL JOIN moved m USING (account_id, day)
  LEFT JOIN a USING (account_id)
 WHERE t.debit IS DISTINCT FROM m.debit OR t.credit IS DISTINCT FROM m.credit
UNION ALL
SELECT 'sum', top, s.currency, to_char(begins, CASE span WHEN 'day' THEN 'YYYY-MM-DD' ELSE 'YYYY-MM' END),
       coalesce(s.debit, 0), coalesce(s.credit, 0)
  FROM (SELECT span, begins, code AS top, debit, credit FROM ledger_sum WHERE book_id = :book) k
  FULL JOIN spans s USING (span, begins, top)
 WHERE k.debit IS DISTINCT FROM s.debit OR k.credit IS DISTINCT FROM s.credit
 ORDER BY 1, 2, 4
"""

RUNNING = """
SELECT 'running-balance' AS code, r.entry_number AS entry, r.line, coalesce(a.code, 'no. ' || r.account_id) AS account,
       a.currency, r.balance
  FROM (SELECT s.*, lag(off_by, 1, 0::numeric) OVER (PARTITION BY account_id ORDER BY entry_number, line) AS off_before
          FROM (SELECT entry_number, line, account_id, sum(amount) OVER w AS balance,
                       balance_after - sum(amount) OVER w AS off_by
                  FROM ledger_posting WHERE book_id = :book
                WINDOW w AS (PARTITION BY account_id ORDER BY entry_number, line)) s) r
  LEFT JOIN (SELECT account_id, code, currency FROM ledger_account WHERE book_id = :book) a USING (account_id)
 -- What went wrong once is carried on to the account's later postings; only where it did is told.
 WHERE r.off_by <> 0 AND r.off_by <> r.off_before
 ORDER BY r.entry_number, r.line
"""

NOTES = """
SELECT CASE WHEN n.entry_number IS NULL THEN 'note-gone' ELSE 'note-kept' END AS code, e.number AS entry
  FROM (SELECT number FROM ledger_entry WHERE book_id = :book AND note_digest IS NOT NULL) e
  LEFT JOIN (SELECT entry_number FROM ledger_note WHERE book_id = :book) n ON n.entry_number = e.number
  LEFT JOIN (SELECT entry_number FROM ledger_erasure WHERE book_id = :book) x ON x.entry_number = e.number
  -- A note that was erased before the book was restored from an export is on record where it was erased.
  LEFT JOIN (SELECT entry_number FROM ledger_key WHERE book_id = :book AND key LIKE 'restored:%') r
    ON r.entry_number = e.number
 WHERE (n.entry_number IS NULL AND x.entry_number IS NULL AND r.entry_number IS NULL)
    OR (n.entry_number IS NOT NULL AND x.entry_number IS NOT NULL)
 ORDER BY 2
"""

ORPHANS = """
SELECT 'orphan-posting' AS code, p.entry_number AS entry, p.line
  FROM (SELECT entry_number, line FROM ledger_posting WHERE book_id = :book) p
  LEFT JOIN (SELECT number FROM ledger_entry WHERE book_id = :book) e ON e.number = p.entry_number
 WHERE e.number IS NULL
UNION ALL
SELECT 'orphan-note', n.entry_number, 0
  FROM (SELECT entry_number FROM ledger_note WHERE book_id = :book) n
  LEFT JOIN (SELECT number FROM ledger_entry WHERE book_id = :book) e ON e.number = n.entry_number
 WHERE e.number IS NULL
 ORDER BY 1, 2, 3
"""

KEYS = """
SELECT CASE WHEN e.number IS NULL THEN 'key' WHEN k.entry_number IS NULL THEN 'no-key' ELSE 'two-keys' END AS code,
       coalesce(e.number, k.entry_number) AS entry, k.named
  FROM (SELECT number FROM ledger_entry WHERE book_id = :book) e
  FULL JOIN (SELECT entry_number, count(*) AS count, min(key) AS named FROM ledger_key
              WHERE book_id = :book AND entry_number IS NOT NULL GROUP BY entry_number) k
    ON k.entry_number = e.number
 WHERE e.number IS NULL OR k.count IS DISTINCT FROM 1
 ORDER BY 2
"""

REVERSALS = """
WITH e AS MATERIALIZED (
  SELECT number, reverses, line_count FROM ledger_entry WHERE book_id = :book AND reverses IS NOT NULL
), new AS (
  SELECT e.number, e.reverses, p.line, p.account_id, p.amount
    FROM e JOIN (SELECT * FROM ledger_posting WHERE book_id = :book) p ON p.entry_number = e.number
), old AS (
  SELECT e.number, p.line, p.account_id, p.amount
    FROM e JOIN (SELECT * FROM ledger_posting WHERE book_id = :book) p ON p.entry_number = e.reverses
)
SELECT 'reversal' AS code, coalesce(e.number, r.reversal_number) AS entry
  FROM e
  FULL JOIN (SELECT reversal_number, entry_number, undone_by FROM ledger_reversal WHERE book_id = :book) r
    ON r.reversal_number = e.number AND r.entry_number = e.reverses
  LEFT JOIN e undoing ON undoing.reverses = r.reversal_number
 WHERE e.number IS NULL OR r.reversal_number IS NULL OR r.undone_by IS DISTINCT FROM undoing.number
UNION
SELECT 'no-mirror', coalesce(new.number, old.number)
  FROM new FULL JOIN old ON old.number = new.number AND old.line = new.line
 WHERE old.account_id IS DISTINCT FROM new.account_id OR old.amount IS DISTINCT FROM -new.amount
 ORDER BY 1, 2
"""

CHART = """
WITH a AS (
  SELECT code, CASE WHEN code LIKE '%.%' THEN regexp_replace(code, '[.][^.]*$', '') END AS above,
         type, side, currency, control
    FROM ledger_account WHERE book_id = :book
)
SELECT CASE WHEN parent.code IS NULL THEN 'no-parent' ELSE 'parent' END AS code, a.code AS account, a.above
  FROM a LEFT JOIN a parent ON parent.code = a.above
 WHERE a.above IS NOT NULL
   AND (parent.code IS NULL OR NOT parent.control
        OR (parent.type, parent.side, parent.currency) IS DISTINCT FROM (a.type, a.side, a.currency))
 ORDER BY 2
"""

CHECKS = (
    Check(
        MOVED,
        {
            "account-total": Wording("account {account}", "totals should be {debit} and {credit}"),
            "last-day": Wording("account {account}", "its last day should be {day}"),
            "floor": Wording("account {account}", "it stands at {credit}, below {debit}"),
            "control-posted": Wording("account {account}", "it is a control account, yet it has postings of its own"),
            "before-opening": Wording("account {account}", "it has postings on {day}, before it was opened"),
            "turnover": Wording("account {account} on {day}", "turnover should be {debit} and {credit}"),
            "sum": Wording("account {account} in {day}", "its sum with all beneath it should be {debit} and {credit}"),
        },
    ),
    Check(
        RUNNING,
        {"running-balance": Wording("entry {entry} line {line}", "account {account} should stand at {balance}")},
    ),
    Check(
        ORPHANS,
        {
            "orphan-posting": Wording("entry {entry} line {line}", "the posting has no entry"),
            "orphan-note": Wording("entry {entry}", "the note has no entry"),
        },
    ),
    Check(
        NOTES,
        {
            "note-gone": Wording("entry {entry}", "its note is gone, and no erasure is on record"),
            "note-kept": Wording("entry {entry}", "its note was erased on record, and is there"),
        },
    ),
    Check(
        KEYS,
        {
            "key": Wording("key of entry {entry}", "the entry does not exist"),
            "no-key": Wording("entry {entry}", "no idempotency key names it"),
            "two-keys": Wording("entry {entry}", "more than one idempotency key names it"),
        },
    ),
    Check(
        REVERSALS,
        {
            "reversal": Wording("entry {entry}", "its reversal link does not match the entries"),
            "no-mirror": Wording("entry {entry}", "its lines do not mirror those of the entry that it reverses"),
        },
    ),
    Check(
        CHART,
        {
            "no-parent": Wording("account {account}", "there is no account {above} above it"),
            "parent": Wording(
                "account {account}",
                "account {above} above it is no control account, or of another type, side or currency",
            ),
        },
    ),
)

WHOLE_TABLES = {"enable_nestloop": "off"}
"""These statements compare whole tables. On a book that nobody has analysed yet the planner takes them for small and
looks the one up row by row in the other, which never ends.
"""


async def compare(connection: AsyncConnection, book_id: int, found: Findings) -> None:
    """Everything derived, against the postings."""
    for check in CHECKS:
        result = await connection.stream(text(check.sql), {"book": book_id})
        async for row in result.mappings():
            facts = {name: value for name, value in row.items() if name != "code"}
            found.add(row["code"], check.wordings[row["code"]], facts)
