-- What is withheld of other cooperatives is no final tax of members: it stands on an account of its own.
INSERT INTO ledger_account (book_id, code, name_id, name_en, type, side, currency, control)
SELECT b.book_id, '2144', 'Utang PPh Pasal 23', 'Income tax of article 23 withheld', 'liability', 'credit', b.currency, false
  FROM cooperative c JOIN ledger_book b ON b.book_id = c.book_id
 WHERE c.kind IN ('ksp', 'usp')
   AND NOT EXISTS (SELECT FROM ledger_account a WHERE a.book_id = c.book_id AND a.code = '2144');

-- Cooperatives that are there already begin with the rate of the law, as new ones do.
INSERT INTO policy (book_id, name, valid_from, value, legal_reference, set_by)
SELECT c.book_id, 'tax.partner_percent', DATE '1900-01-01', to_json('15'::text), 'UU PPh pasal 23 ayat (1) huruf a', 'koperasi'
  FROM cooperative c WHERE c.kind IN ('ksp', 'usp')
ON CONFLICT DO NOTHING;

-- What each saver was paid before in the month: as many as there are savers, so it is no part of what every reading
-- of a run brings along.
ALTER TABLE return_run DISABLE TRIGGER return_run_keep;
UPDATE return_run SET paid_before = coalesce(settings -> 'before', '{}'), settings = settings - 'before';
ALTER TABLE return_run ENABLE TRIGGER return_run_keep;
CREATE OR REPLACE FUNCTION return_run_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.book_id, NEW.number, NEW.period_first, NEW.period_last, NEW.effective_on, NEW.posting, NEW.correction,
      NEW.settings, NEW.paid_before, NEW.totals, NEW.head_number, NEW.fingerprint, NEW.prepared_by,
      NEW.prepared_at)
     IS DISTINCT FROM
     (OLD.book_id, OLD.number, OLD.period_first, OLD.period_last, OLD.effective_on, OLD.posting, OLD.correction,
      OLD.settings, OLD.paid_before, OLD.totals, OLD.head_number, OLD.fingerprint, OLD.prepared_by,
      OLD.prepared_at)
     OR (OLD.approved_by IS NOT NULL
         AND (NEW.approved_by, NEW.approved_at) IS DISTINCT FROM (OLD.approved_by, OLD.approved_at))
     OR (OLD.status, NEW.status) NOT IN (('preview', 'approved'), ('preview', 'dropped'), ('approved', 'posting'),
                                         ('approved', 'dropped'), ('posting', 'posted')) THEN
    RAISE EXCEPTION 'return run % of book % is computed once and only goes forward', OLD.number, OLD.book_id
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
GRANT INSERT (paid_before) ON return_run TO koperasi_app;
