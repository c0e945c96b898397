-- Read-only mode. The application may look at the installation's switch; only the owner of the tables sets it.
INSERT INTO installation_switch (code) VALUES ('read-only');
ALTER TABLE installation_switch ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON installation_switch FOR SELECT USING (true);
GRANT SELECT ON installation_switch TO koperasi_app;
GRANT UPDATE (read_only_since) ON cooperative TO koperasi_app;

-- Whoever writes holds the lock shared until their transaction ends; whoever switches takes it alone, and so waits for
-- writes under way and lets none begin. Migrations, and repairs by the owner or the administrator, may write.
CREATE FUNCTION refuse_read_only() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7303014);
  IF EXISTS (SELECT FROM installation_switch WHERE code = 'read-only' AND since IS NOT NULL)
     OR EXISTS (SELECT FROM cooperative WHERE book_id = nullif(current_setting('app.book', true), '')::bigint
                                          AND read_only_since IS NOT NULL) THEN
    IF NOT pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN
      RAISE EXCEPTION 'read-only mode' USING ERRCODE = 'read_only_sql_transaction';
    END IF;
  END IF;
  RETURN NULL;
END $$;

-- Later migrations call this for each new table that holds what people record.
CREATE FUNCTION guard_read_only(guarded regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER read_only BEFORE INSERT OR UPDATE OR DELETE ON %s '
                 'FOR EACH STATEMENT EXECUTE FUNCTION refuse_read_only()', guarded);
END $$;

DO $$
DECLARE
  guarded regclass;
  columns text;
BEGIN
  -- What logging in, looking and proving write themselves goes on: sessions, tokens, the trail, runs of the checks and
  -- the numbers of those.
  FOR guarded IN
    SELECT oid::regclass FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT IN
       ('alembic_version', 'installation_switch', 'cooperative', 'app_user', 'app_session', 'api_token',
        'app_recovery_code', 'login_throttle', 'audit_event', 'audit_head', 'verification_run', 'checkpoint',
        'number_series')
  LOOP
    PERFORM guard_read_only(guarded);
  END LOOP;
  -- A cooperative can be let out of the mode, but not changed otherwise; users can log in, but nobody gets rights.
  SELECT string_agg(quote_ident(attname), ', ') INTO columns FROM pg_attribute
   WHERE attrelid = 'cooperative'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'read_only_since';
  EXECUTE format('CREATE TRIGGER read_only BEFORE INSERT OR DELETE OR UPDATE OF %s ON cooperative '
                 'FOR EACH STATEMENT EXECUTE FUNCTION refuse_read_only()', columns);
  CREATE TRIGGER read_only BEFORE INSERT OR DELETE OR UPDATE OF username, role, member_number, active, valid_until
    ON app_user FOR EACH STATEMENT EXECUTE FUNCTION refuse_read_only();
END $$;
