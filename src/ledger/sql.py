"""The statements of the posting path. Each is sent whole and prepared once for each connection."""

from __future__ import annotations

# The planner guesses from a book's size how to find a batch's rows, and on a fresh or growing book it guesses to read
# the whole book; a cached plan keeps the guess. Every look-up of the posting path has a primary key to go by, so the
# other ways are closed while the writer works, for its triggers too (docs/adr/0002).
_PLANNER = ("seqscan", "bitmapscan", "hashjoin", "mergejoin")


def become_writer(book_id: int) -> str:
    """Bind the transaction to a book and take the writer's rights; both end with the transaction.

    ``SET`` takes no parameters, and Citus passes on ``SET LOCAL`` but not ``set_config``.
    """
    return f"SET LOCAL app.book = '{int(book_id)}'; SET LOCAL ROLE koperasi_ledger; {_BY_KEY}"


_BY_KEY = "; ".join(f"SET LOCAL enable_{way} = off" for way in _PLANNER)

BECOME_ONESELF = "; ".join(["SET LOCAL ROLE NONE", *(f"SET LOCAL enable_{way} = on" for way in _PLANNER)])

LOCK_HEAD = "SELECT last_number, last_hash, last_recorded_at FROM ledger_head WHERE book_id = $1 FOR UPDATE"

READ_KEYS = """
SELECT key, fingerprint, entry_number, refusal::text FROM ledger_key
 WHERE book_id = $1::bigint AND key = ANY($2::text[])
"""

READ_ACCOUNTS = """
SELECT account_id, debit, credit, code, side, currency, floor, held, control, opened_on, closed_on
  FROM ledger_account WHERE book_id = $1::bigint AND account_id = ANY($2::bigint[])
"""

READ_PERIODS = "SELECT month, status FROM ledger_period WHERE book_id = $1::bigint AND month = ANY($2::date[])"

READ_REVERSED = """
SELECT e.number, e.reverses, undone.reverses, r.reversal_number
  FROM ledger_entry e
  LEFT JOIN ledger_entry undone ON undone.book_id = e.book_id AND undone.number = e.reverses
  LEFT JOIN ledger_reversal r ON r.book_id = e.book_id AND r.entry_number = e.number AND r.undone_by IS NULL
 WHERE e.book_id = $1::bigint AND e.number = ANY($2::bigint[])
"""

READ_LINES = """
SELECT entry_number, account_id, amount FROM ledger_posting
 WHERE book_id = $1::bigint AND entry_number = ANY($2::bigint[]) ORDER BY entry_number, line
"""

WRITE = """
WITH entries AS (
  INSERT INTO ledger_entry (book_id, number, effective_date, kind, description, source, actor, reverses, link,
                            metadata, line_count, previous_hash, hash, recorded_at)
  SELECT $1, number, effective_date, kind, description, source, actor, reverses, link, metadata::json, line_count,
         previous_hash, hash, $14::timestamptz
    FROM unnest($2::bigint[], $3::date[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[],
                $10::text[], $11::int[], $12::bytea[], $13::bytea[])
      AS e(number, effective_date, kind, description, source, actor, reverses, link, metadata, line_count,
           previous_hash, hash)
), postings AS (
  INSERT INTO ledger_posting (book_id, entry_number, line, account_id, effective_date, amount, balance_after)
  SELECT $1, * FROM unnest($15::bigint[], $16::int[], $17::bigint[], $18::date[], $19::bigint[], $20::bigint[])
), keys AS (
  INSERT INTO ledger_key (book_id, key, fingerprint, entry_number, refusal)
  SELECT $1, key, fingerprint, entry_number, refusal::json
    FROM unnest($21::text[], $22::bytea[], $23::bigint[], $24::text[]) AS k(key, fingerprint, entry_number, refusal)
), turnovers AS (
  INSERT INTO ledger_turnover AS t (book_id, account_id, day, debit, credit)
  SELECT $1, * FROM unnest($25::bigint[], $26::date[], $27::bigint[], $28::bigint[])
  ON CONFLICT (book_id, account_id, day)
  DO UPDATE SET debit = t.debit + excluded.debit, credit = t.credit + excluded.credit
), totals AS (
  UPDATE ledger_account a SET debit = u.debit, credit = u.credit
    FROM unnest($29::bigint[], $30::bigint[], $31::bigint[]) AS u(account_id, debit, credit)
   WHERE a.book_id = $1 AND a.account_id = u.account_id
)
UPDATE ledger_head SET last_number = $32, last_hash = $33, last_recorded_at = $14::timestamptz WHERE book_id = $1
"""

LINK_REVERSALS = """
INSERT INTO ledger_reversal (book_id, entry_number, reversal_number)
SELECT $1, * FROM unnest($2::bigint[], $3::bigint[])
"""

UNDO_REVERSALS = """
UPDATE ledger_reversal r SET undone_by = u.undone_by
  FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS u(entry_number, reversal_number, undone_by)
 WHERE r.book_id = $1 AND r.entry_number = u.entry_number AND r.reversal_number = u.reversal_number
"""
