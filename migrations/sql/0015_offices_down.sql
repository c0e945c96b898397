CREATE OR REPLACE FUNCTION teller_session_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.closed_at IS NOT NULL OR
     (NEW.book_id, NEW.number, NEW.username, NEW.business_day, NEW.opened_at, NEW.opening_count, NEW.opening_entry,
      NEW.opening_head, NEW.opening_key, NEW.opening_fingerprint)
     IS DISTINCT FROM
     (OLD.book_id, OLD.number, OLD.username, OLD.business_day, OLD.opened_at, OLD.opening_count, OLD.opening_entry,
      OLD.opening_head, OLD.opening_key, OLD.opening_fingerprint) THEN
    RAISE EXCEPTION 'teller session % of book % is closed once, and its opening never changes', OLD.number, OLD.book_id
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER office_keep ON office;
DROP FUNCTION office_keep();
