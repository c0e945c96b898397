-- What was offered, what the pool brought and what was posted is only added to.
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deposit_terms
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deposit_result
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deposit_return
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- A contract stays as it was agreed. Until it is closed, once, the member may say anew what becomes of it.
CREATE FUNCTION deposit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.closed_on IS NOT NULL
     OR (to_jsonb(NEW) - ARRAY['roll_over', 'payout_account', 'closed_on', 'closed_as', 'closing_entry'])
        IS DISTINCT FROM
        (to_jsonb(OLD) - ARRAY['roll_over', 'payout_account', 'closed_on', 'closed_as', 'closing_entry']) THEN
    RAISE EXCEPTION 'deposit % of book % stays as it was agreed, and is closed once', OLD.number, OLD.book_id
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER deposit_keep BEFORE UPDATE ON deposit FOR EACH ROW EXECUTE FUNCTION deposit_keep();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON deposit
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

ALTER TABLE deposit_terms ENABLE ROW LEVEL SECURITY;
ALTER TABLE deposit_result ENABLE ROW LEVEL SECURITY;
ALTER TABLE deposit ENABLE ROW LEVEL SECURITY;
ALTER TABLE deposit_return ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON deposit_terms USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
CREATE POLICY book ON deposit_result USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
CREATE POLICY book ON deposit USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
CREATE POLICY book ON deposit_return USING (book_id = nullif(current_setting('app.book', true), '')::bigint);

GRANT SELECT ON deposit_terms, deposit_result, deposit, deposit_return TO koperasi_app;
GRANT INSERT (book_id, months, valid_from, earns, percent, basis, pay_months, early, early_percent, minimum_minor,
              reference, set_by) ON deposit_terms TO koperasi_app;
GRANT INSERT (book_id, month, revision, hi_1000, reference, set_by) ON deposit_result TO koperasi_app;
GRANT INSERT (book_id, number, certificate, member_number, months, seed_on, term, opened_on, matures_on, principal_minor,
              earns, percent, basis, pay_months, early, early_percent, penalty_minor, roll_over, payout_account, previous,
              ledger_account_id, opening_entry, created_by) ON deposit TO koperasi_app;
GRANT UPDATE (roll_over, payout_account, closed_on, closed_as, closing_entry) ON deposit TO koperasi_app;
GRANT INSERT (book_id, deposit_number, part, first, last, paid_on, gross_minor, tax_minor, entry_number)
  ON deposit_return TO koperasi_app;

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON passbook_layout
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON passbook_print
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
ALTER TABLE passbook_layout ENABLE ROW LEVEL SECURITY;
ALTER TABLE passbook_print ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON passbook_layout USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
CREATE POLICY book ON passbook_print USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
GRANT SELECT ON passbook_layout, passbook_print TO koperasi_app;
GRANT INSERT (book_id, revision, layout, set_by) ON passbook_layout TO koperasi_app;
GRANT INSERT (book_id, account_number, number, layout_revision, reprint, first_entry, first_line, last_entry, last_line,
              line_count, page, page_row, last_page, last_row, printed_by) ON passbook_print TO koperasi_app;

-- Cooperatives that are there already begin with what new ones begin with.
INSERT INTO policy (book_id, name, valid_from, value, legal_reference, set_by)
SELECT c.book_id, d.name, DATE '1900-01-01', to_json(d.value), d.reference, 'koperasi'
  FROM cooperative c, (VALUES ('paper.stamp_above', '5000000.00', 'UU 10/2020 tentang Bea Meterai'),
                              ('paper.source_of_funds_above', '500000000.00', 'Ketentuan awal; ditetapkan pengurus'))
                      AS d (name, value, reference)
ON CONFLICT DO NOTHING;

INSERT INTO deposit_terms (book_id, months, valid_from, earns, percent, basis, pay_months, early, early_percent,
                           minimum_minor, reference, set_by)
SELECT c.book_id, d.months, DATE '1900-01-01', CASE WHEN c.kind IN ('kspps', 'uspps') THEN 'nisbah' ELSE 'rate' END,
       CASE WHEN c.kind IN ('kspps', 'uspps') THEN d.nisbah ELSE d.rate END, 'actual/365',
       CASE WHEN d.months = 1 THEN 0 ELSE 1 END, 'reduced_rate',
       CASE WHEN c.kind IN ('kspps', 'uspps') THEN d.nisbah ELSE d.rate END / 2, 100000000,
       'Ketentuan awal; ditetapkan pengurus', 'koperasi'
  FROM cooperative c, (VALUES (1, 3.0, 40.0), (3, 4.0, 45.0), (6, 5.0, 50.0), (12, 6.0, 55.0)) AS d (months, rate, nisbah)
 WHERE c.kind <> 'kelompok';
