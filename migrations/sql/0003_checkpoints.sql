-- A checkpoint that was issued is on paper in somebody's hands: the row beside it never changes and never goes.
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoint
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
ALTER TABLE checkpoint ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON checkpoint USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
GRANT SELECT, INSERT ON checkpoint TO koperasi_app;
