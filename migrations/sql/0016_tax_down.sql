ALTER TABLE ledger_account DISABLE TRIGGER ledger_append_only;
DELETE FROM ledger_account a USING cooperative c
 WHERE c.book_id = a.book_id AND c.kind IN ('ksp', 'usp') AND a.code = '2144'
   AND NOT EXISTS (SELECT FROM ledger_posting p WHERE p.book_id = a.book_id AND p.account_id = a.account_id);
ALTER TABLE ledger_account ENABLE TRIGGER ledger_append_only;

CREATE OR REPLACE FUNCTION return_run_keep() RETURNS trigger LANGUAGE plpgsql AS $$
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
ALTER TABLE return_run DISABLE TRIGGER return_run_keep;
UPDATE return_run SET settings = settings || jsonb_build_object('before', paid_before);
ALTER TABLE return_run ENABLE TRIGGER return_run_keep;
