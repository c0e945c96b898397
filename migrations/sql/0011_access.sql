-- What a supervisor writes of an entry stays as it was written: its words may be sealed anew with another key, or erased
-- for good when a person asks to be forgotten; nothing else changes, and no row goes.
CREATE FUNCTION entry_comment_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.book_id, NEW.entry_number, NEW.number, NEW.written_by, NEW.written_at)
     IS DISTINCT FROM (OLD.book_id, OLD.entry_number, OLD.number, OLD.written_by, OLD.written_at)
     OR OLD.erased_at IS NOT NULL THEN
    RAISE EXCEPTION 'comment % on entry % of book % stays as it was written', OLD.number, OLD.entry_number, OLD.book_id
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER entry_comment_keep BEFORE UPDATE ON entry_comment FOR EACH ROW EXECUTE FUNCTION entry_comment_keep();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON entry_comment
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

ALTER TABLE entry_comment ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON entry_comment USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
GRANT SELECT ON entry_comment TO koperasi_app;
GRANT INSERT (book_id, entry_number, number, written_by, words) ON entry_comment TO koperasi_app;
GRANT UPDATE (words, erased_at) ON entry_comment TO koperasi_app;

-- Cooperatives that are there already begin with what new ones begin with.
INSERT INTO policy (book_id, name, valid_from, value, legal_reference, set_by)
SELECT c.book_id, d.name, DATE '1900-01-01', to_json(d.value), 'Ketentuan awal; ditetapkan pengurus', 'koperasi'
  FROM cooperative c, (VALUES ('approval.write_offs', 'on'), ('approval.disbursements', 'on'),
                              ('approval.rate_changes', 'on'), ('approval.role_changes', 'on'),
                              ('approval.member_exits', 'on'), ('approval.return_runs', 'on'),
                              ('access.second_code', 'off')) AS d (name, value)
ON CONFLICT DO NOTHING;
