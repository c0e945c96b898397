-- The audit trail: the application may only add rows, and it is the database that numbers, dates and chains them.
CREATE FUNCTION audit_field(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(octet_length(convert_to(value, 'UTF8'))::text || ':' || value, '-')
$$;

-- Runs as the owner of the tables, since the application may not write the head. Until its transaction ends nobody
-- else adds a row to the same book, so that numbers follow each other without a gap and moments never run back.
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE head audit_head;
BEGIN
  INSERT INTO audit_head AS h (book_id, last_number, last_hash) VALUES (NEW.book_id, 1, sha256(''))
    ON CONFLICT (book_id) DO UPDATE SET last_number = h.last_number + 1
    RETURNING * INTO head;
  NEW.number := head.last_number;
  NEW.recorded_at := clock_timestamp();
  NEW.hash := sha256(head.last_hash || convert_to(concat_ws(E'\n',
    audit_field(NEW.book_id::text), audit_field(NEW.number::text),
    audit_field(to_char(NEW.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
    audit_field(NEW.actor), audit_field(NEW.role), audit_field(NEW.address), audit_field(NEW.action),
    audit_field(NEW.subject), audit_field(NEW.before::text), audit_field(NEW.after::text)), 'UTF8'));
  UPDATE audit_head SET last_hash = NEW.hash WHERE book_id = NEW.book_id;
  RETURN NEW;
END $$;

CREATE TRIGGER audit_chain BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_chain();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON audit_head
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

ALTER TABLE audit_head ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON audit_head USING (book_id = nullif(current_setting('app.book', true), '')::bigint);
CREATE POLICY book ON audit_event USING (book_id = nullif(current_setting('app.book', true), '')::bigint);

REVOKE ALL ON FUNCTION audit_chain() FROM PUBLIC;
GRANT SELECT ON audit_head, audit_event TO koperasi_app;
GRANT INSERT (book_id, actor, role, address, action, subject, before, after) ON audit_event TO koperasi_app;
