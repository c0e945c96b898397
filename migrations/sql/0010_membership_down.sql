-- 2122 takes postings itself again, where nothing stands beneath it but the empty account for what was brought forward.
ALTER TABLE ledger_account DISABLE TRIGGER ledger_append_only;
DELETE FROM ledger_account a
 WHERE a.code = '2122.0'
   AND NOT EXISTS (SELECT FROM ledger_posting p WHERE p.book_id = a.book_id AND p.account_id = a.account_id)
   AND NOT EXISTS (SELECT FROM ledger_account o WHERE o.book_id = a.book_id AND o.code LIKE '2122.%' AND o.code <> '2122.0');
UPDATE ledger_account a SET control = false
 WHERE a.code = '2122' AND a.control
   AND NOT EXISTS (SELECT FROM ledger_account o WHERE o.book_id = a.book_id AND o.code LIKE '2122.%');
DELETE FROM ledger_account a USING cooperative c
 WHERE c.book_id = a.book_id AND c.kind = 'kelompok' AND a.code = '2122' AND NOT a.control
   AND NOT EXISTS (SELECT FROM ledger_posting p WHERE p.book_id = a.book_id AND p.account_id = a.account_id);
ALTER TABLE ledger_account ENABLE TRIGGER ledger_append_only;
