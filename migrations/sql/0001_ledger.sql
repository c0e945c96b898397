-- The database guards itself: these hold even against our own bugs.

-- An entry stands whole or not at all: its lines are complete, on accounts that exist and may be posted to, balanced
-- in each currency, and dated in a month that is not closed. One check a statement, whatever its size; each look-up
-- goes by primary key.
CREATE FUNCTION ledger_check_postings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wrong record;
  book bigint;
  books bigint;
  ids bigint[];
BEGIN
  -- A quick look at all of it at once: one book, one currency, accounts that may be posted to, entries whole and balanced.
  -- What does not pass is looked at again below, entry by entry.
  SELECT min(book_id), count(DISTINCT book_id), array_agg(DISTINCT account_id) INTO book, books, ids FROM new_postings;
  IF books = 1
     AND (SELECT count(*) = cardinality(ids) AND min(a.currency) = max(a.currency) FROM ledger_account a
           WHERE a.book_id = book AND a.account_id = ANY (ids) AND NOT a.control)
     AND NOT EXISTS (
       SELECT FROM (SELECT entry_number, sum(amount) AS total, count(*) AS lines, max(line) AS last,
                           min(effective_date) AS first_date, max(effective_date) AS last_date
                      FROM new_postings GROUP BY entry_number) p
        WHERE p.total <> 0 OR p.lines <> p.last OR p.first_date <> p.last_date
           OR NOT EXISTS (SELECT FROM ledger_entry e WHERE e.book_id = book AND e.number = p.entry_number
                             AND e.line_count = p.lines AND e.effective_date = p.first_date OFFSET 0)) THEN
    RETURN NULL;
  END IF;
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
  -- What closes a month closes all before it, so the earliest entry of each book speaks for the others.
  SELECT n.book_id, n.number INTO wrong
    FROM (SELECT DISTINCT ON (book_id) book_id, number, effective_date FROM new_entries
           ORDER BY book_id, effective_date) n
   WHERE EXISTS (SELECT FROM ledger_period p
                  WHERE p.book_id = n.book_id AND p.month >= date_trunc('month', n.effective_date)::date
                    AND p.status = 'closed' OFFSET 0)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % of book % is dated in a closed period', wrong.number, wrong.book_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'period_open';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_check_entries AFTER INSERT ON ledger_entry
  REFERENCING NEW TABLE AS new_entries FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_entries();

-- A note is the text whose digest its entry seals, and no other.
CREATE FUNCTION ledger_check_notes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT n.book_id, n.entry_number INTO wrong FROM new_notes n
   WHERE NOT EXISTS (SELECT FROM ledger_entry e WHERE e.book_id = n.book_id AND e.number = n.entry_number
                        AND e.note_digest = sha256(n.salt || convert_to(n.text, 'UTF8')) OFFSET 0)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the note of entry % of book % is not the one whose digest the entry seals',
      wrong.entry_number, wrong.book_id USING ERRCODE = 'check_violation', CONSTRAINT = 'note_sealed';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_check_notes AFTER INSERT ON ledger_note
  REFERENCING NEW TABLE AS new_notes FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_notes();

-- What a person wrote goes only where its erasure is on record, whoever deletes it.
CREATE FUNCTION ledger_check_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT o.book_id, o.entry_number INTO wrong FROM old_notes o
   WHERE NOT EXISTS (SELECT FROM ledger_erasure e
                      WHERE e.book_id = o.book_id AND e.entry_number = o.entry_number OFFSET 0)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'no erasure of the note of entry % of book % is on record', wrong.entry_number, wrong.book_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'erasure_recorded';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_check_erasure AFTER DELETE ON ledger_note
  REFERENCING OLD TABLE AS old_notes FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_erasure();

-- A month goes from state to state only by acts that may follow each other; a closed one is opened again only when
-- another person agrees with somebody who asked since.
CREATE FUNCTION ledger_check_act() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last ledger_period_act;
  asked ledger_period_act;
  allowed boolean;
BEGIN
  SELECT * INTO last FROM ledger_period_act a
   WHERE a.book_id = NEW.book_id AND a.month = NEW.month AND a.act <> 'reopen-request' AND a.number < NEW.number
   ORDER BY a.number DESC LIMIT 1;
  allowed := CASE NEW.act
    WHEN 'hold' THEN coalesce(last.act, 'open') IN ('open', 'reopen')
    WHEN 'open' THEN last.act = 'hold'
    WHEN 'close' THEN coalesce(last.act, 'open') <> 'close'
    ELSE last.act = 'close'
  END;
  IF NEW.act = 'reopen' THEN
    SELECT * INTO asked FROM ledger_period_act a WHERE a.book_id = NEW.book_id AND a.number = NEW.confirms;
    allowed := allowed AND asked.act = 'reopen-request' AND asked.month = NEW.month AND asked.actor <> NEW.actor
      AND asked.number > last.number;
  END IF;
  IF allowed IS NOT TRUE
     OR EXISTS (SELECT FROM ledger_period_act a WHERE a.book_id = NEW.book_id AND a.number > NEW.number) THEN
    RAISE EXCEPTION 'the act % on % of book % may not follow what was done before', NEW.act, NEW.month, NEW.book_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'act_follows';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER ledger_check_act BEFORE INSERT ON ledger_period_act
  FOR EACH ROW EXECUTE FUNCTION ledger_check_act();

CREATE FUNCTION ledger_check_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status IS DISTINCT FROM
     (SELECT CASE a.act WHEN 'hold' THEN 'held' WHEN 'close' THEN 'closed' ELSE 'open' END FROM ledger_period_act a
       WHERE a.book_id = NEW.book_id AND a.month = NEW.month AND a.act <> 'reopen-request'
       ORDER BY a.number DESC LIMIT 1)
     OR (TG_OP = 'UPDATE' AND (NEW.book_id, NEW.month) <> (OLD.book_id, OLD.month)) THEN
    RAISE EXCEPTION 'no act on % of book % makes it %', NEW.month, NEW.book_id, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'period_by_act';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER ledger_check_period BEFORE INSERT OR UPDATE ON ledger_period
  FOR EACH ROW EXECUTE FUNCTION ledger_check_period();

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
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_period_act
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON ledger_period
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_erasure
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
-- A note never changes; that it may be erased is what it is for.
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR TRUNCATE ON ledger_note
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON ledger_turnover
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON ledger_sum
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON ledger_account
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON ledger_reversal
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- A connection sees and writes the rows of the book it is bound to, and no others.
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['book', 'head', 'account', 'entry', 'note', 'posting', 'turnover', 'sum', 'key', 'reversal', 'period',
    'period_act', 'erasure']
  LOOP
    EXECUTE format('ALTER TABLE ledger_%s ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY book ON ledger_%s USING (book_id = nullif(current_setting(''app.book'', true), '''')::bigint)',
                   name);
  END LOOP;
END $$;

-- Requests read the ledger, open accounts and change their terms; only append writes the journal, as koperasi_ledger.
GRANT SELECT ON ledger_book, ledger_head, ledger_account, ledger_entry, ledger_note, ledger_posting, ledger_turnover, ledger_sum,
  ledger_key, ledger_reversal, ledger_period, ledger_period_act, ledger_erasure TO koperasi_app, koperasi_ledger;
GRANT USAGE ON SEQUENCE ledger_book_id TO koperasi_app;
GRANT INSERT ON ledger_book, ledger_head TO koperasi_app;
GRANT INSERT (book_id, code, name_id, name_en, type, side, currency, floor, control, opened_on) ON ledger_account
  TO koperasi_app;
GRANT UPDATE (name_id, name_en, floor, held, control, closed_on) ON ledger_account TO koperasi_app;
GRANT INSERT, UPDATE (status, changed_by, changed_at) ON ledger_period TO koperasi_app;
GRANT INSERT (book_id, number, month, act, actor, reason, head_number, head_hash, digest, confirms)
  ON ledger_period_act TO koperasi_app;
GRANT INSERT ON ledger_entry, ledger_note, ledger_posting, ledger_key, ledger_turnover, ledger_sum, ledger_reversal
  TO koperasi_ledger;
GRANT UPDATE (debit, credit) ON ledger_turnover, ledger_sum TO koperasi_ledger;
GRANT UPDATE (debit, credit, last_day) ON ledger_account TO koperasi_ledger;
GRANT UPDATE (last_number, last_hash, last_recorded_at) ON ledger_head TO koperasi_ledger;
GRANT UPDATE (undone_by) ON ledger_reversal TO koperasi_ledger;
-- The one thing of the journal that may go is a note. It is the writer that deletes it, as it wrote it: the role that
-- requests run under deletes nothing in the ledger, so a hole in them does not reach the notes either. ledger.erase_note
-- takes the writer's role for two statements; ledger_check_erasure sees that the act is on record.
GRANT INSERT (book_id, entry_number, actor, reason) ON ledger_erasure TO koperasi_ledger;
GRANT DELETE ON ledger_note TO koperasi_ledger;
