"""The statements of the posting path. Each is sent whole and prepared once for each connection."""

from __future__ import annotations

# The planner guesses from a book's size how to find a batch's rows, and on a fresh or growing book it guesses to read
# the whole book; a cached plan keeps the guess. Every look-up of the posting path has a primary key to go by, so the
# other ways are closed while the writer works, for its triggers too (docs/adr/0002).
BY_KEY = (
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; "
    "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
)


WRITER = "SET LOCAL ROLE koperasi_ledger"

BOUND = "SELECT nullif(current_setting('app.book', true), '')::bigint"


def bind(book_id: int | None) -> str:
    """Bind the transaction to a book, or to none; ``SET`` takes no parameters, and Citus passes on no set_config."""
    return "SET LOCAL app.book = ''" if book_id is None else f"SET LOCAL app.book = '{book_id:d}'"


def become_writer(book_id: int) -> str:
    """Bind the transaction to a book and take the writer's rights; both end with the transaction."""
    return "; ".join((bind(book_id), WRITER, BY_KEY))


BECOME_ONESELF = (
    "SET LOCAL ROLE NONE; SET LOCAL enable_seqscan = on; SET LOCAL enable_bitmapscan = on; "
    "SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on"
)

LOCK_HEAD = "SELECT last_number, last_hash, last_recorded_at FROM ledger_head WHERE book_id = $1 FOR UPDATE"

READ_KEYS = """
SELECT key, fingerprint, entry_number, refusal::text FROM ledger_key
 WHERE book_id = $1::bigint AND key = ANY($2::text[])
"""

READ_ACCOUNTS = """
SELECT account_id, debit, credit, code, side, currency, floor, held, control, opened_on, closed_on,
       last_day
  FROM ledger_account WHERE book_id = $1::bigint AND account_id = ANY($2::bigint[])
"""

READ_LATER_DAYS = """
SELECT account_id, day, debit - credit FROM ledger_turnover
 WHERE book_id = $1::bigint AND account_id = ANY($2::bigint[]) AND day > $3::date
"""

# The months of a batch, and the last closed one: what closes a month closes all before it.
READ_PERIODS = """
SELECT month, status FROM ledger_period WHERE book_id = $1::bigint
   AND (month = ANY($2::date[]) OR month = (SELECT max(month) FROM ledger_period
                                             WHERE book_id = $1::bigint AND status = 'closed'))
"""

# Scalar look-ups, each by primary key: as joins the planner reads all reversals of the book for each entry.
READ_REVERSED = """
SELECT e.number, e.reverses,
       (SELECT undone.reverses FROM ledger_entry undone
         WHERE undone.book_id = e.book_id AND undone.number = e.reverses),
       (SELECT r.reversal_number FROM ledger_reversal r
         WHERE r.book_id = e.book_id AND r.entry_number = e.number AND r.undone_by IS NULL)
  FROM ledger_entry e
 WHERE e.book_id = $1::bigint AND e.number = ANY($2::bigint[])
"""

READ_LINES = """
SELECT entry_number, account_id, amount FROM ledger_posting
 WHERE book_id = $1::bigint AND entry_number = ANY($2::bigint[]) ORDER BY entry_number, line
"""

WRITE = """
WITH entries AS (
  INSERT INTO ledger_entry (book_id, number, effective_date, kind, description, note_digest, source, actor, reverses,
                            link, metadata, line_count, previous_hash, hash, recorded_at)
  SELECT $1, number, effective_date, kind, description, note_digest, source, actor, reverses, link, metadata::json,
         line_count, previous_hash, hash, recorded_at
    FROM unnest($2::bigint[], $3::date[], $4::text[], $5::text[], $6::bytea[], $7::text[], $8::text[], $9::bigint[],
                $10::text[], $11::text[], $12::int[], $13::bytea[], $14::bytea[],
                $36::timestamptz[])
      AS e(number, effective_date, kind, description, note_digest, source, actor, reverses, link, metadata, line_count,
           previous_hash, hash, recorded_at)
), postings AS (
  INSERT INTO ledger_posting (book_id, entry_number, line, account_id, effective_date, amount, balance_after)
  SELECT $1, * FROM unnest($16::bigint[], $17::int[], $18::bigint[], $19::date[], $20::bigint[], $21::bigint[])
), keys AS (
  INSERT INTO ledger_key (book_id, key, fingerprint, entry_number, refusal)
  SELECT $1, key, fingerprint, entry_number, refusal::json
    FROM unnest($22::text[], $23::bytea[], $24::bigint[], $25::text[]) AS k(key, fingerprint, entry_number, refusal)
), turnovers AS (
  INSERT INTO ledger_turnover AS t (book_id, account_id, day, debit, credit)
  SELECT $1, * FROM unnest($26::bigint[], $27::date[], $28::bigint[], $29::bigint[])
  ON CONFLICT (book_id, account_id, day)
  DO UPDATE SET debit = t.debit + excluded.debit, credit = t.credit + excluded.credit
), totals AS (
  UPDATE ledger_account a SET debit = u.debit, credit = u.credit, last_day = greatest(a.last_day, u.last_day)
    FROM unnest($30::bigint[], $31::bigint[], $32::bigint[], $33::date[]) AS u(account_id, debit, credit, last_day)
   WHERE a.book_id = $1 AND a.account_id = u.account_id
)
UPDATE ledger_head SET last_number = $34, last_hash = $35, last_recorded_at = $15::timestamptz WHERE book_id = $1
"""

WRITE_NOTES = """
INSERT INTO ledger_note (book_id, entry_number, salt, text)
SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], $4::text[])
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
