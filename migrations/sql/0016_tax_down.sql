ALTER TABLE ledger_account DISABLE TRIGGER ledger_append_only;
DELETE FROM ledger_account a USING cooperative c
 WHERE c.book_id = a.book_id AND c.kind IN ('ksp', 'usp') AND a.code = '2144'
   AND NOT EXISTS (SELECT FROM ledger_posting p WHERE p.book_id = a.book_id AND p.account_id = a.account_id);
ALTER TABLE ledger_account ENABLE TRIGGER ledger_append_only;
