-- What a run was computed with and what came of it stay as they are; its state only goes forward.
CREATE FUNCTION return_run_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.book_id, NEW.number, NEW.period_first, NEW.period_last, NEW.effective_on, NEW.posting, NEW.correction,
      NEW.settings, NEW.totals, NEW.head_number, NEW.fingerprint, NEW.prepared_by, NEW.prepared_at)
     IS DISTINCT FROM
     (OLD.book_id, OLD.number, OLD.period_first, OLD.period_last, OLD.effective_on, OLD.posting, OLD.correction,
      OLD.settings, OLD.totals, OLD.head_number, OLD.fingerprint, OLD.prepared_by, OLD.prepared_at)
     OR (OLD.approved_by IS NOT NULL
         AND (NEW.approved_by, NEW.approved_at) IS DISTINCT FROM (OLD.approved_by, OLD.approved_at))
     OR (OLD.status, NEW.status) NOT IN (('preview', 'approved'), ('preview', 'dropped'), ('approved', 'posting'),
                                         ('approved', 'dropped'), ('posting', 'posted')) THEN
    RAISE EXCEPTION 'return run % of book % is computed once and only goes forward', OLD.number, OLD.book_id
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER return_run_keep BEFORE UPDATE ON return_run FOR EACH ROW EXECUTE FUNCTION return_run_keep();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON return_run
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- Lines come before their run: once it stands, it is whole. They go only while nothing of it was posted.
CREATE FUNCTION return_line_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM (SELECT DISTINCT book_id, run_number FROM new_lines) n
              WHERE EXISTS (SELECT FROM return_run r WHERE r.book_id = n.book_id AND r.number = n.run_number OFFSET 0)) THEN
    RAISE EXCEPTION 'a return run that stands takes no more lines' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION return_line_dropped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM (SELECT DISTINCT book_id, run_number FROM old_lines) o
              WHERE NOT EXISTS (SELECT FROM return_run r WHERE r.book_id = o.book_id AND r.number = o.run_number
                                   AND r.status IN ('preview', 'approved') OFFSET 0)) THEN
    RAISE EXCEPTION 'lines of a return run that is being posted stay' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER return_line_whole AFTER INSERT ON return_line REFERENCING NEW TABLE AS new_lines
  FOR EACH STATEMENT EXECUTE FUNCTION return_line_whole();
CREATE TRIGGER return_line_dropped AFTER DELETE ON return_line REFERENCING OLD TABLE AS old_lines
  FOR EACH STATEMENT EXECUTE FUNCTION return_line_dropped();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR TRUNCATE ON return_line
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON return_paid
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tax_slip
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['return_run', 'return_line', 'return_paid', 'tax_slip']
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY book ON %s USING (book_id = nullif(current_setting(''app.book'', true), '''')::bigint)', name);
    EXECUTE format('GRANT SELECT ON %s TO koperasi_app', name);
  END LOOP;
END $$;

GRANT INSERT (book_id, number, period_first, period_last, effective_on, posting, correction, settings, totals, head_number,
  fingerprint, prepared_by) ON return_run TO koperasi_app;
GRANT UPDATE (status, approved_by, approved_at, ended_by, ended_at) ON return_run TO koperasi_app;
GRANT INSERT, DELETE ON return_line TO koperasi_app;
GRANT INSERT (book_id, number, source, reference, member_number, period_first, period_last, paid_on, gross_minor, tax_minor,
  entry_number, recorded_by) ON return_paid TO koperasi_app;
GRANT INSERT ON tax_slip TO koperasi_app;
