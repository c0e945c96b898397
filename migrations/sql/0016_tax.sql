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
