-- A request to be forgotten is answered once; who asked and when stays as it was.
ALTER TABLE erasure_request ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON erasure_request USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
GRANT SELECT, INSERT, UPDATE (settled_at, settled_by, outcome, answer) ON erasure_request TO koperasi_app;
