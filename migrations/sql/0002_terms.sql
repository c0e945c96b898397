-- A connection sees and writes the rows of the book it is bound to, and no others.
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['cooperative_secret', 'policy', 'number_series', 'app_user', 'app_session', 'api_token', 'app_recovery_code',
    'login_throttle', 'member', 'member_heir', 'member_due', 'savings_account', 'business_group', 'group_membership',
    'import_batch']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY book ON %I USING (book_id = nullif(current_setting(''app.book'', true), '''')::bigint)',
                   name);
  END LOOP;
END $$;

-- The list of cooperatives is readable by all (the log-in page needs it); a row is written only by its own book.
ALTER TABLE cooperative ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON cooperative FOR SELECT USING (true);
CREATE POLICY found ON cooperative FOR INSERT
  WITH CHECK (book_id = nullif(current_setting('app.book', true), '')::bigint);
CREATE POLICY change ON cooperative FOR UPDATE
  USING (book_id = nullif(current_setting('app.book', true), '')::bigint);

GRANT SELECT, INSERT ON cooperative, cooperative_secret, policy TO koperasi_app;
GRANT UPDATE (name, business_date, village, district, regency, province, address, registration_number) ON cooperative
  TO koperasi_app;
GRANT SELECT, INSERT, UPDATE ON number_series, app_user, api_token, app_recovery_code, member, member_due, savings_account,
  business_group, group_membership, import_batch TO koperasi_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON app_session, login_throttle, member_heir TO koperasi_app;
GRANT DELETE ON app_recovery_code TO koperasi_app;
