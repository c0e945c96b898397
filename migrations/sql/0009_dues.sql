-- What was set, given up or collected stays as it was written.
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dues_terms
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON due_waiver
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dues_collection
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

ALTER TABLE dues_terms ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON dues_terms USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
GRANT SELECT ON dues_terms TO koperasi_app;
GRANT INSERT (book_id, member_number, valid_from, amount_minor, set_by) ON dues_terms TO koperasi_app;

ALTER TABLE due_waiver ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON due_waiver USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
GRANT SELECT ON due_waiver TO koperasi_app;
GRANT INSERT (book_id, member_number, kind, period, reason, waived_by) ON due_waiver TO koperasi_app;

ALTER TABLE dues_collection ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON dues_collection USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
GRANT SELECT ON dues_collection TO koperasi_app;
GRANT INSERT (book_id, number, group_number, label, collected_on, request_key, fingerprint, recorded_by)
  ON dues_collection TO koperasi_app;

-- A request is settled once; all but its status stays as it was asked.
CREATE FUNCTION member_request_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (to_jsonb(NEW) - 'status') IS DISTINCT FROM (to_jsonb(OLD) - 'status')
     OR OLD.status <> 'open' OR NEW.status = 'open' THEN
    RAISE EXCEPTION 'request % of book % is settled once, and what was asked never changes', OLD.number, OLD.book_id
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER member_request_keep BEFORE UPDATE ON member_request
  FOR EACH ROW EXECUTE FUNCTION member_request_keep();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON member_request
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- Words may be sealed anew or go for good; they never come back, and nothing else of what was said changes.
CREATE FUNCTION member_request_event_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (to_jsonb(NEW) - 'words') IS DISTINCT FROM (to_jsonb(OLD) - 'words')
     OR (OLD.words IS NULL AND NEW.words IS NOT NULL) THEN
    RAISE EXCEPTION 'what was said about request % of book % never changes', OLD.request_number, OLD.book_id
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER member_request_event_keep BEFORE UPDATE ON member_request_event
  FOR EACH ROW EXECUTE FUNCTION member_request_event_keep();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON member_request_event
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

ALTER TABLE member_request ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON member_request USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
GRANT SELECT ON member_request TO koperasi_app;
GRANT INSERT (book_id, number, member_number, kind, account_number, amount_minor, entry_number, field, request_key,
              fingerprint) ON member_request TO koperasi_app;
GRANT UPDATE (status) ON member_request TO koperasi_app;

ALTER TABLE member_request_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON member_request_event USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
GRANT SELECT ON member_request_event TO koperasi_app;
GRANT INSERT (book_id, request_number, position, status, actor, words) ON member_request_event TO koperasi_app;
GRANT UPDATE (words) ON member_request_event TO koperasi_app;

-- Cooperatives that are there already begin with what new ones begin with.
INSERT INTO policy (book_id, name, valid_from, value, legal_reference, set_by)
SELECT c.book_id, d.name, DATE '1900-01-01', to_json(d.value), d.reference, 'koperasi'
  FROM cooperative c,
       (VALUES ('simpanan_pokok.instalments', '1', 'UU 25/1992 pasal 41; anggaran dasar'),
               ('dues.due_day', '20', 'Ketentuan awal; ditetapkan pengurus'),
               ('dues.bill_on_leave', 'off', 'Ketentuan awal; ditetapkan pengurus'),
               ('dues.bill_inactive', 'on', 'Ketentuan awal; ditetapkan pengurus')) AS d (name, value, reference)
 WHERE c.kind NOT IN ('bumdes_unit', 'bpr')
ON CONFLICT DO NOTHING;
