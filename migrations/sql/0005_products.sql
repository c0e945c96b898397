-- What was decided, done or taken stays as it was: later rows follow.
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['savings_product', 'savings_product_terms', 'savings_plan', 'savings_plan_transfer',
    'savings_fee', 'partner_cooperative']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY book ON %I USING (book_id = nullif(current_setting(''app.book'', true), '''')::bigint)',
                   name);
    EXECUTE format('CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()', name);
    EXECUTE format('GRANT SELECT ON %I TO koperasi_app', name);
  END LOOP;
END $$;
GRANT INSERT (book_id, code, kind, name_id, name_en, created_by) ON savings_product TO koperasi_app;
GRANT INSERT (book_id, product_code, valid_from, offered, earns, rate_percent, nisbah_percent, method, basis, posting,
  earning_minimum_minor, opening_minimum_minor, deposit_minimum_minor, floor_minor, monthly_fee_minor, dormancy_months,
  early_withdrawal, unit_minor, rounding, reason, set_by) ON savings_product_terms TO koperasi_app;
GRANT INSERT (book_id, account_number, valid_from, goal, target_minor, target_date, instalment_minor, day_of_month,
  source_number, set_by) ON savings_plan TO koperasi_app;
GRANT INSERT ON savings_plan_transfer, savings_fee TO koperasi_app;
GRANT INSERT (book_id, number, name, registration_number, opened_on, created_by) ON partner_cooperative TO koperasi_app;

-- Cooperatives that are there already get the product of each kind that their chart has accounts for. Their savings
-- were never promised a return, so none earns one until the board says so.
INSERT INTO savings_product (book_id, code, kind, name_id, name_en, created_by)
SELECT c.book_id, f.code, f.kind, f.name_id, f.name_en, 'koperasi'
  FROM cooperative c CROSS JOIN (VALUES
  ('pokok', 'pokok', 'Simpanan pokok', 'Principal savings', '4101', '3101'),
  ('wajib', 'wajib', 'Simpanan wajib', 'Compulsory savings', '4102', '3102'),
  ('sukarela', 'sukarela', 'Simpanan sukarela', 'Voluntary savings', NULL, '2101'),
  ('wadiah', 'wadiah', 'Simpanan wadiah', 'Wadiah savings', '2101', NULL),
  ('mudharabah', 'mudharabah', 'Simpanan mudharabah', 'Mudharabah savings', '3101', NULL),
  ('berencana', 'berencana', 'Simpanan berencana', 'Planned savings', '3102', '2102'),
  ('wajib_pinjam', 'wajib-pinjam', 'Simpanan wajib pinjam', 'Loan-linked savings', NULL, '2106'),
  ('koperasi_lain', 'koperasi-lain', 'Simpanan koperasi lain', 'Savings of other cooperatives', NULL, '2104'))
  AS f (kind, code, name_id, name_en, sharia, other)
 WHERE EXISTS (SELECT FROM ledger_account a WHERE a.book_id = c.book_id AND a.control
                  AND a.code = CASE WHEN c.kind IN ('kspps', 'uspps') THEN f.sharia ELSE f.other END)
   -- A bank's 2104 is other banks'.
   AND (f.kind <> 'koperasi_lain' OR c.kind IN ('ksp', 'usp'));
INSERT INTO savings_product_terms (book_id, product_code, valid_from, offered, earns, method, basis, posting,
  earning_minimum_minor, opening_minimum_minor, deposit_minimum_minor, floor_minor, monthly_fee_minor, early_withdrawal,
  unit_minor, rounding, reason, set_by)
SELECT book_id, code, DATE '1900-01-01', true, CASE kind WHEN 'wadiah' THEN 'bonus' ELSE 'none' END,
       CASE kind WHEN 'wadiah' THEN 'average' ELSE 'daily' END, 'actual/365', 'monthly', 0, 0, 0, 0, 0, false, 100,
       'half_up', 'Ketentuan awal; imbal belum ditetapkan pengurus', 'koperasi'
  FROM savings_product;

INSERT INTO policy (book_id, name, valid_from, value, legal_reference, set_by)
SELECT book_id, 'savings_return.ceiling_enforced', DATE '1900-01-01', to_json('on'::text), 'Permenkop UKM 8/2023 pasal 26',
       'koperasi'
  FROM cooperative WHERE kind IN ('ksp', 'usp')
ON CONFLICT DO NOTHING;
