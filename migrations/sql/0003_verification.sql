-- What was asked and when stays; how far it came and what it found is written while it runs.
ALTER TABLE verification_run ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON verification_run USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
GRANT SELECT, INSERT, UPDATE (status, finished_at, entries, last_hash, findings) ON verification_run TO koperasi_app;
