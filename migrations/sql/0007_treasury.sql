-- A session is closed once, and a handover confirmed once; what was counted never changes.
CREATE FUNCTION teller_session_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.closed_at IS NOT NULL OR
     (NEW.book_id, NEW.number, NEW.username, NEW.business_day, NEW.opened_at, NEW.opening_count, NEW.opening_entry,
      NEW.opening_head, NEW.opening_key, NEW.opening_fingerprint)
     IS DISTINCT FROM
     (OLD.book_id, OLD.number, OLD.username, OLD.business_day, OLD.opened_at, OLD.opening_count, OLD.opening_entry,
      OLD.opening_head, OLD.opening_key, OLD.opening_fingerprint) THEN
    RAISE EXCEPTION 'teller session % of book % is closed once, and its opening never changes', OLD.number, OLD.book_id
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER teller_session_keep BEFORE UPDATE ON teller_session FOR EACH ROW EXECUTE FUNCTION teller_session_keep();

CREATE FUNCTION cash_handover_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.confirmed_by IS NOT NULL THEN
    RAISE EXCEPTION 'handover % of book % is confirmed once', OLD.entry_number, OLD.book_id
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER cash_handover_keep BEFORE UPDATE ON cash_handover FOR EACH ROW EXECUTE FUNCTION cash_handover_keep();

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON till
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON teller_session
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON cash_handover
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON business_day
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON voucher
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON voucher_head
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

ALTER TABLE till ENABLE ROW LEVEL SECURITY;
ALTER TABLE teller_session ENABLE ROW LEVEL SECURITY;
ALTER TABLE cash_handover ENABLE ROW LEVEL SECURITY;
ALTER TABLE business_day ENABLE ROW LEVEL SECURITY;
ALTER TABLE voucher ENABLE ROW LEVEL SECURITY;
ALTER TABLE voucher_head ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON till USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
CREATE POLICY book ON teller_session USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
CREATE POLICY book ON cash_handover USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
CREATE POLICY book ON business_day USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
CREATE POLICY book ON voucher USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
CREATE POLICY book ON voucher_head USING (book_id = nullif(current_setting('app.book', true), '')::bigint);

GRANT SELECT ON till, teller_session, cash_handover, business_day, voucher, voucher_head TO koperasi_app;
GRANT INSERT (book_id, username, ledger_account_id) ON till TO koperasi_app;
GRANT INSERT (book_id, number, username, business_day, opened_at, opening_count, opening_entry, opening_head, opening_key,
              opening_fingerprint) ON teller_session TO koperasi_app;
GRANT UPDATE (closed_at, closed_by, closing_count, closing_entry, closing_head, closing_key, closing_fingerprint)
  ON teller_session TO koperasi_app;
GRANT INSERT (book_id, entry_number, session_number, recorded_by, confirmed_by, confirmed_at) ON cash_handover
  TO koperasi_app;
GRANT UPDATE (confirmed_by, confirmed_at) ON cash_handover TO koperasi_app;
GRANT INSERT (book_id, day, next_day, closed_by, facts, head_number, head_hash) ON business_day TO koperasi_app;
GRANT INSERT (book_id, kind, office, month, serial, entry_number) ON voucher TO koperasi_app;
GRANT INSERT (book_id, entry_number), UPDATE (entry_number) ON voucher_head TO koperasi_app;
GRANT UPDATE (locked_to) ON ledger_account TO koperasi_app;

-- Desks of cooperatives that are there already go on as they were: their cash lies in the common till, and their tellers
-- have counted no drawer yet. The board turns sessions on when they have.
INSERT INTO policy (book_id, name, valid_from, value, legal_reference, set_by)
SELECT c.book_id, 'teller.sessions', DATE '1900-01-01', to_json('off'::text), 'Ketentuan awal; ditetapkan pengurus', 'koperasi'
  FROM cooperative c
ON CONFLICT DO NOTHING;
