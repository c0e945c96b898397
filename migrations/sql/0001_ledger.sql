-- The database guards itself: these hold even against our own bugs.

-- An entry stands whole or not at all: its lines are complete, on accounts that exist and may be posted to, balanced
-- in each currency, and dated in a month that is not closed. One check a statement, whatever its size; each look-up
-- goes by primary key.
CREATE FUNCTION ledger_check_postings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT p.book_id, p.entry_number INTO wrong
    FROM (SELECT n.book_id, n.entry_number, n.amount,
                 (SELECT a.currency FROM ledger_account a
                   WHERE a.book_id = n.book_id AND a.account_id = n.account_id AND NOT a.control) AS currency
            FROM new_postings n) p
   GROUP BY p.book_id, p.entry_number, p.currency
  HAVING sum(p.amount) <> 0 OR p.currency IS NULL
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % of book % does not balance, or posts to no postable account',
      wrong.entry_number, wrong.book_id USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_balances';
  END IF;
  SELECT p.book_id, p.entry_number INTO wrong
    FROM (SELECT n.book_id, n.entry_number, count(*) AS lines, max(n.line) AS last,
                 min(n.effective_date) AS first_date, max(n.effective_date) AS last_date
            FROM new_postings n GROUP BY n.book_id, n.entry_number) p
   WHERE p.first_date <> p.last_date OR p.lines <> p.last
      OR NOT EXISTS (SELECT FROM ledger_entry e WHERE e.book_id = p.book_id AND e.number = p.entry_number
                        AND e.line_count = p.lines AND e.effective_date = p.first_date OFFSET 0)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % of book % is not written whole', wrong.entry_number, wrong.book_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_whole';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_check_postings AFTER INSERT ON ledger_posting
  REFERENCING NEW TABLE AS new_postings FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_postings();

CREATE FUNCTION ledger_check_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT n.book_id, n.number INTO wrong FROM new_entries n
   WHERE NOT EXISTS (SELECT FROM ledger_posting p WHERE p.book_id = n.book_id AND p.entry_number = n.number
                                                    AND p.line = n.line_count OFFSET 0)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % of book % has no postings', wrong.number, wrong.book_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_whole';
  END IF;
  SELECT n.book_id, n.number INTO wrong FROM new_entries n
   WHERE (SELECT p.status FROM ledger_period p
           WHERE p.book_id = n.book_id AND p.month = date_trunc('month', n.effective_date)::date) = 'closed'
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % of book % is dated in a closed period', wrong.number, wrong.book_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'period_open';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_check_entries AFTER INSERT ON ledger_entry
  REFERENCING NEW TABLE AS new_entries FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_entries();

CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_posting
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_key
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON ledger_turnover
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON ledger_account
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON ledger_reversal
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- A connection sees and writes the rows of the book it is bound to, and no others.
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['book', 'head', 'account', 'entry', 'posting', 'turnover', 'key', 'reversal', 'period']
  LOOP
    EXECUTE format('ALTER TABLE ledger_%s ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY book ON ledger_%s USING (book_id = nullif(current_setting(''app.book'', true), '''')::bigint)',
                   name);
  END LOOP;
END $$;

-- Requests read the ledger, open accounts and change their terms; only append writes the journal, as koperasi_ledger.
GRANT SELECT ON ledger_book, ledger_head, ledger_account, ledger_entry, ledger_posting, ledger_turnover, ledger_key,
  ledger_reversal, ledger_period TO koperasi_app, koperasi_ledger;
GRANT USAGE ON SEQUENCE ledger_book_id TO koperasi_app;
GRANT INSERT ON ledger_book, ledger_head TO koperasi_app;
GRANT INSERT (book_id, code, name_id, name_en, type, side, currency, floor, control, opened_on) ON ledger_account
  TO koperasi_app;
GRANT UPDATE (name_id, name_en, floor, held, control, closed_on) ON ledger_account TO koperasi_app;
GRANT INSERT, UPDATE (status, changed_by, changed_at) ON ledger_period TO koperasi_app;
GRANT INSERT ON ledger_entry, ledger_posting, ledger_key, ledger_turnover, ledger_reversal TO koperasi_ledger;
GRANT UPDATE (debit, credit) ON ledger_turnover TO koperasi_ledger;
GRANT UPDATE (debit, credit) ON ledger_account TO koperasi_ledger;
GRANT UPDATE (last_number, last_hash, last_recorded_at) ON ledger_head TO koperasi_ledger;
GRANT UPDATE (undone_by) ON ledger_reversal TO koperasi_ledger;
