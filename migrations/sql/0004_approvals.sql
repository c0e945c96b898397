-- What a second person is asked to agree to stays as it was asked, and is decided once.
CREATE FUNCTION approval_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.book_id, NEW.number, NEW.kind, NEW.asked_by, NEW.asked_at, NEW.key, NEW.content, NEW.fingerprint, NEW.expires_at)
     IS DISTINCT FROM
     (OLD.book_id, OLD.number, OLD.kind, OLD.asked_by, OLD.asked_at, OLD.key, OLD.content, OLD.fingerprint, OLD.expires_at)
     OR OLD.status <> 'draft' OR NEW.status = 'draft'
     OR (NEW.note IS NOT NULL AND NEW.note IS DISTINCT FROM OLD.note) THEN
    RAISE EXCEPTION 'approval % of book % is decided once, and what was asked never changes', OLD.number, OLD.book_id
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER approval_keep BEFORE UPDATE ON approval FOR EACH ROW EXECUTE FUNCTION approval_keep();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON approval
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

ALTER TABLE approval ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON approval USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
GRANT SELECT ON approval TO koperasi_app;
GRANT INSERT (book_id, number, kind, asked_by, asked_at, key, content, fingerprint, note, note_salt, expires_at)
  ON approval TO koperasi_app;
GRANT UPDATE (status, reason, decided_by, decided_at, entry_number, note, note_salt) ON approval TO koperasi_app;

-- Cooperatives that are there already begin with the limits that new ones begin with.
INSERT INTO policy (book_id, name, valid_from, value, legal_reference, set_by)
SELECT c.book_id, d.name, DATE '1900-01-01', to_json(d.value), 'Ketentuan awal; ditetapkan pengurus', 'koperasi'
  FROM cooperative c, (VALUES ('approval.withdrawal_above', '5000000.00'), ('approval.entry_above', '50000000.00'),
                              ('approval.reversals', 'off'), ('approval.days', '3')) AS d (name, value)
ON CONFLICT DO NOTHING;
