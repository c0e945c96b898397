-- What somebody did to a membership is never changed; another act follows it.
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON member_event
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON member_exit_payment
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON member_exit
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON member_exit_part
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON member_consent
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- A settlement is undone once, and never once somebody was paid; all else of it stays as it was decided.
CREATE FUNCTION member_exit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.reversed_at IS NOT NULL OR NEW.reversed_at IS NULL
     OR EXISTS (SELECT FROM member_exit_payment p WHERE p.book_id = OLD.book_id AND p.exit_number = OLD.number) THEN
    RAISE EXCEPTION 'settlement % of book % is undone once, and not after a payment', OLD.number, OLD.book_id
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER member_exit_keep BEFORE UPDATE ON member_exit FOR EACH ROW EXECUTE FUNCTION member_exit_keep();

CREATE FUNCTION member_consent_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL THEN
    RAISE EXCEPTION 'consent % of book % is taken back once', OLD.number, OLD.book_id
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER member_consent_keep BEFORE UPDATE ON member_consent FOR EACH ROW EXECUTE FUNCTION member_consent_keep();

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['event', 'exit', 'exit_part', 'exit_payment', 'consent']
  LOOP
    EXECUTE format('ALTER TABLE member_%s ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY book ON member_%s USING (book_id = nullif(current_setting(''app.book'', true), '''')::bigint)',
                   name);
  END LOOP;
END $$;
GRANT SELECT, INSERT ON member_event, member_exit_part, member_exit_payment TO koperasi_app;
GRANT SELECT ON member_exit, member_consent TO koperasi_app;
GRANT INSERT (book_id, number, member_number, reason, from_status, decided_on, pay_by, net_minor, statement,
  key, fingerprint, asked_by, approved_by, entry_number, leaving_account_id) ON member_exit TO koperasi_app;
GRANT UPDATE (reversed_at, reversed_by, reversal_entry) ON member_exit TO koperasi_app;
GRANT UPDATE (name) ON member_exit_part TO koperasi_app;
GRANT INSERT (book_id, number, member_number, relative_number, scope, until_on, given_by) ON member_consent TO koperasi_app;
GRANT UPDATE (revoked_at, revoked_by) ON member_consent TO koperasi_app;

-- What leavers are owed stands beneath 2122, an account for each; what was owed before the book began, on 2122.0.
-- A book that has posted to 2122 already keeps it as it is, and settles on it.
CREATE TEMPORARY TABLE leaving ON COMMIT DROP AS
SELECT a.book_id, a.account_id, a.name_id, a.name_en, a.currency FROM ledger_account a
 WHERE a.code = '2122' AND NOT a.control
   AND NOT EXISTS (SELECT FROM ledger_posting p WHERE p.book_id = a.book_id AND p.account_id = a.account_id);
UPDATE ledger_account a SET control = true FROM leaving l WHERE l.book_id = a.book_id AND l.account_id = a.account_id;
INSERT INTO ledger_account (book_id, code, name_id, name_en, type, side, currency, control)
SELECT l.book_id, '2122.0', l.name_id || ': saldo awal', l.name_en || ': brought forward', 'liability', 'credit', l.currency, false
  FROM leaving l;
-- A business group had no such account.
INSERT INTO ledger_account (book_id, code, name_id, name_en, type, side, currency, control)
SELECT b.book_id, v.code, v.name_id, v.name_en, 'liability', 'credit', b.currency, v.control
  FROM cooperative c JOIN ledger_book b ON b.book_id = c.book_id,
       (VALUES ('2122', 'Simpanan Anggota Keluar Belum Diambil', 'Ex-members'' balances payable', true),
               ('2122.0', 'Simpanan Anggota Keluar Belum Diambil: saldo awal',
                'Ex-members'' balances payable: brought forward', false)) AS v (code, name_id, name_en, control)
 WHERE c.kind = 'kelompok'
   AND NOT EXISTS (SELECT FROM ledger_account a WHERE a.book_id = c.book_id AND a.code = '2122');

-- Cooperatives that are there already begin with the rules that new ones begin with.
INSERT INTO policy (book_id, name, valid_from, value, legal_reference, set_by)
SELECT c.book_id, d.name, DATE '1900-01-01', to_json(d.value), 'Ketentuan awal; ditetapkan pengurus', 'koperasi'
  FROM cooperative c, (VALUES ('membership.decision', 'off'), ('exit.keep_pokok', 'off'), ('exit.loss_share_percent', '0'),
                              ('exit.death_extra_percent', '0'), ('exit.fee', '0.00'), ('exit.payout_months', '1')) AS d (name, value)
ON CONFLICT DO NOTHING;
