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
       last_day, locked_to
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

# An array of one element stands for a column that is the same in every row, and an empty one for a column of NULL: each
# element is looked at before it is sent, and most columns of a batch say the same in all its rows. Numbers and hashes
# follow from the first; so do the places of postings, when all entries have as many lines, and the entries that keys
# name, when none was refused.
#
# Nothing is joined: on a fresh book the planner would go through all accounts for each account touched. A row finds its
# new values by its place in the sorted ids, which width_bucket() tells.
WRITE = """
WITH entries AS (
  INSERT INTO ledger_entry (book_id, number, effective_date, kind, description, note_digest, source, actor, reverses,
                            link, metadata, line_count, previous_hash, hash, recorded_at)
  SELECT $1, $2::bigint + i, coalesce(effective_date, ($4)[1]), coalesce(kind, ($5)[1]),
         coalesce(description, ($6)[1]), note_digest, source, coalesce(actor, ($9)[1]), reverses, link,
         coalesce(metadata, '{}')::json, coalesce(line_count, ($13)[1]),
         substr($14::bytea, i::int * 32 - 31, 32), substr($14::bytea, i::int * 32 + 1, 32),
         coalesce(recorded_at, ($3)[1])
    FROM ROWS FROM (generate_series(1, $15::bigint), unnest($3::timestamptz[]), unnest($4::date[]),
                    unnest($5::text[]), unnest($6::text[]), unnest($7::bytea[]), unnest($8::text[]), unnest($9::text[]),
                    unnest($10::bigint[]), unnest($11::text[]), unnest($12::text[]), unnest($13::int[]))
      AS e(i, recorded_at, effective_date, kind, description, note_digest, source, actor, reverses, link, metadata,
           line_count)
), postings AS (
  INSERT INTO ledger_posting (book_id, entry_number, line, account_id, effective_date, amount, balance_after)
  SELECT $1, coalesce(entry_number, $2 + 1 + (i - 1) / ($13)[1]), coalesce(line, (i - 1) % ($13)[1] + 1), account_id,
         coalesce(effective_date, ($18)[1]), amount, balance_after
    FROM unnest($16::bigint[], $17::int[], $18::date[], $19::bigint[], $20::bigint[], $21::bigint[]) WITH ORDINALITY
      AS p(entry_number, line, effective_date, account_id, amount, balance_after, i)
), keys AS (
  INSERT INTO ledger_key (book_id, key, fingerprint, entry_number, refusal)
  SELECT $1, key, fingerprint, CASE WHEN refusal IS NULL THEN coalesce(entry_number, $2 + i) END, refusal::json
    FROM unnest($22::text[], $23::bytea[], $24::bigint[], $25::text[]) WITH ORDINALITY
      AS k(key, fingerprint, entry_number, refusal, i)
), turnovers AS (
  INSERT INTO ledger_turnover AS t (book_id, account_id, day, debit, credit)
  SELECT $1, account_id, coalesce(day, ($27)[1]), debit, credit
    FROM unnest($26::bigint[], $27::date[], $28::bigint[], $29::bigint[]) AS u(account_id, day, debit, credit)
  ON CONFLICT (book_id, account_id, day)
  DO UPDATE SET debit = t.debit + excluded.debit, credit = t.credit + excluded.credit
), sums AS (
  INSERT INTO ledger_sum AS s (book_id, span, begins, code, debit, credit)
  SELECT $1, * FROM unnest($35::text[], $36::date[], $37::text[], $38::numeric[], $39::numeric[])
  ON CONFLICT (book_id, span, begins, code)
  DO UPDATE SET debit = s.debit + excluded.debit, credit = s.credit + excluded.credit
), totals AS (
  UPDATE ledger_account
     SET debit = ($31::bigint[])[width_bucket(account_id, $30)],
         credit = ($32::bigint[])[width_bucket(account_id, $30)],
         last_day = greatest(last_day, coalesce(($33::date[])[width_bucket(account_id, $30)], ($33)[1]))
   WHERE book_id = $1 AND account_id = ANY($30::bigint[])
)
UPDATE ledger_head SET last_number = $2 + $15, last_hash = substr($14, $15::int * 32 + 1, 32), last_recorded_at = $34
 WHERE book_id = $1
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
UPDATE ledger_reversal SET undone_by = ($4::bigint[])[width_bucket(reversal_number, $3)]
 WHERE book_id = $1 AND entry_number = ANY($2::bigint[]) AND reversal_number = ANY($3::bigint[])
"""
