-- The office of a session never changes either: its till's vouchers are numbered by it.
CREATE OR REPLACE FUNCTION teller_session_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.closed_at IS NOT NULL OR
     (NEW.book_id, NEW.number, NEW.username, NEW.office, NEW.business_day, NEW.opened_at, NEW.opening_count,
      NEW.opening_entry, NEW.opening_head, NEW.opening_key, NEW.opening_fingerprint)
     IS DISTINCT FROM
     (OLD.book_id, OLD.number, OLD.username, OLD.office, OLD.business_day, OLD.opened_at, OLD.opening_count,
      OLD.opening_entry, OLD.opening_head, OLD.opening_key, OLD.opening_fingerprint) THEN
    RAISE EXCEPTION 'teller session % of book % is closed once, and its opening never changes', OLD.number, OLD.book_id
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION office_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.closed_on IS NOT NULL THEN
    RAISE EXCEPTION 'office % of book % is closed once', OLD.code, OLD.book_id USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER office_keep BEFORE UPDATE ON office FOR EACH ROW EXECUTE FUNCTION office_keep();

CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON office
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON petty_count
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

ALTER TABLE office ENABLE ROW LEVEL SECURITY;
ALTER TABLE petty_count ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON office USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
CREATE POLICY book ON petty_count USING (book_id = nullif(current_setting('app.book', true), '')::bigint);

GRANT SELECT ON office, petty_count TO koperasi_app;
GRANT INSERT (book_id, code, name, opened_on), UPDATE (closed_on) ON office TO koperasi_app;
GRANT INSERT (book_id, number, holder, business_day, counted_at, counted_by, count, entry, head, key, fingerprint)
  ON petty_count TO koperasi_app;
GRANT INSERT (count) ON dues_collection TO koperasi_app;
GRANT INSERT (office) ON till, teller_session TO koperasi_app;

SELECT guard_read_only('office');
SELECT guard_read_only('petty_count');

-- Where there is petty cash: a kelompok has one box.
INSERT INTO policy (book_id, name, valid_from, value, legal_reference, set_by)
SELECT c.book_id, 'cash.petty_float', DATE '1900-01-01', to_json('0.00'::text), 'Ketentuan awal; ditetapkan pengurus', 'koperasi'
  FROM cooperative c WHERE c.kind <> 'kelompok'
ON CONFLICT DO NOTHING;
