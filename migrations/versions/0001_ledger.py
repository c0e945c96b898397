"""The ledger: books, accounts, entries, postings, and the guards that the database itself keeps.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

from koperasi.migrate import run_sql_file

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("ledger_book_id")))
    op.create_table(
        "ledger_book",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_ledger_book_currency")),
        sa.PrimaryKeyConstraint("book_id", name=op.f("pk_ledger_book")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("effective_date", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("note_digest", sa.LargeBinary(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reverses", sa.BigInteger(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "length(hash) = 32 AND length(previous_hash) = 32", name=op.f("ck_ledger_entry_hash_length")
        ),
        sa.CheckConstraint("line_count >= 2", name=op.f("ck_ledger_entry_line_count")),
        sa.CheckConstraint("length(note_digest) = 32", name=op.f("ck_ledger_entry_note_digest_length")),
        sa.CheckConstraint("number > 0", name=op.f("ck_ledger_entry_number")),
        sa.CheckConstraint("reverses < number", name=op.f("ck_ledger_entry_reverses_earlier")),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_ledger_entry")),
    )
    op.create_index(
        "ix_ledger_entry_effective_date", "ledger_entry", ["effective_date", "book_id", "number"], unique=False
    )
    op.create_index(
        "ix_ledger_entry_marked",
        "ledger_entry",
        ["effective_date", "book_id", "number"],
        unique=False,
        postgresql_where=sa.text("kind IN ('adjustment','closing') OR reverses IS NOT NULL"),
    )
    op.create_index(
        "ix_ledger_entry_link",
        "ledger_entry",
        ["link", "book_id", "number"],
        unique=False,
        postgresql_where=sa.text("link IS NOT NULL"),
    )
    op.create_table(
        "ledger_key",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("entry_number", sa.BigInteger(), nullable=True),
        sa.Column("refusal", sa.JSON(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(entry_number IS NULL) <> (refusal IS NULL)", name=op.f("ck_ledger_key_one_outcome")),
        sa.CheckConstraint("length(key) BETWEEN 1 AND 200", name=op.f("ck_ledger_key_key_length")),
        sa.PrimaryKeyConstraint("book_id", "key", name=op.f("pk_ledger_key")),
    )
    op.create_table(
        "ledger_posting",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_number", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("effective_date", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_posting_amount")),
        sa.CheckConstraint("line > 0", name=op.f("ck_ledger_posting_line")),
        sa.PrimaryKeyConstraint("book_id", "entry_number", "line", name=op.f("pk_ledger_posting")),
    )
    op.create_index(
        "ix_ledger_posting_account",
        "ledger_posting",
        ["account_id", "book_id", "effective_date", "entry_number", "line"],
        unique=False,
    )
    op.create_table(
        "ledger_turnover",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("debit", sa.BigInteger(), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("debit >= 0 AND credit >= 0", name=op.f("ck_ledger_turnover_totals")),
        sa.PrimaryKeyConstraint("book_id", "account_id", "day", name=op.f("pk_ledger_turnover")),
    )
    op.create_table(
        "ledger_sum",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("span", sa.Text(), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("debit", sa.Numeric(), nullable=False),
        sa.Column("credit", sa.Numeric(), nullable=False),
        sa.CheckConstraint("span IN ('day','month')", name=op.f("ck_ledger_sum_span")),
        sa.CheckConstraint("span = 'day' OR EXTRACT(day FROM begins) = 1", name=op.f("ck_ledger_sum_begins")),
        sa.CheckConstraint("debit >= 0 AND credit >= 0", name=op.f("ck_ledger_sum_totals")),
        sa.PrimaryKeyConstraint("book_id", "span", "begins", "code", name=op.f("pk_ledger_sum")),
    )
    op.create_table(
        "ledger_account",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_id", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=True),
        sa.Column("held", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("control", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("debit", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("credit", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_ledger_account_currency")),
        sa.CheckConstraint(
            "floor IS NULL OR CASE side WHEN 'debit' THEN debit - credit ELSE credit - debit END - held >= LEAST(floor, 0)",
            name=op.f("ck_ledger_account_floor"),
        ),
        sa.CheckConstraint("side IN ('debit','credit')", name=op.f("ck_ledger_account_side")),
        sa.CheckConstraint(
            "type IN ('asset','liability','temporary_syirkah','equity','income','expense','social_fund','memorandum')",
            name=op.f("ck_ledger_account_type"),
        ),
        sa.CheckConstraint(
            "closed_on IS NULL OR opened_on IS NULL OR closed_on >= opened_on",
            name=op.f("ck_ledger_account_closed_after_opened"),
        ),
        sa.CheckConstraint("debit >= 0 AND credit >= 0", name=op.f("ck_ledger_account_totals")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_ledger_account_held")),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.book_id"], name=op.f("fk_ledger_account_book_id_ledger_book")
        ),
        sa.PrimaryKeyConstraint("book_id", "account_id", name=op.f("pk_ledger_account")),
    )
    op.create_index(
        "ix_ledger_account_top",
        "ledger_account",
        ["code", "book_id"],
        unique=False,
        postgresql_where=sa.text("strpos(code, '.') = 0"),
    )
    op.create_index("uq_ledger_account_code_book_id", "ledger_account", ["code", "book_id"], unique=True)
    op.create_table(
        "ledger_head",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_hash", sa.LargeBinary(), nullable=False),
        sa.Column("last_recorded_at", sa.DateTime(timezone=True), server_default=sa.text("'epoch'"), nullable=False),
        sa.CheckConstraint("length(last_hash) = 32", name=op.f("ck_ledger_head_hash_length")),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_ledger_head_book_id_ledger_book")),
        sa.PrimaryKeyConstraint("book_id", name=op.f("pk_ledger_head")),
    )
    op.create_table(
        "ledger_note",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_number", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("length(salt) = 16", name=op.f("ck_ledger_note_salt_length")),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_number"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_ledger_note_book_id_entry_number_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("book_id", "entry_number", name=op.f("pk_ledger_note")),
    )
    op.create_table(
        "ledger_erasure",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_number", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("reason ~ '^[a-z][a-z-]{0,39}$'", name=op.f("ck_ledger_erasure_reason")),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_number"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_ledger_erasure_book_id_entry_number_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("book_id", "entry_number", name=op.f("pk_ledger_erasure")),
    )
    op.create_table(
        "ledger_period",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('open','held','closed')", name=op.f("ck_ledger_period_status")),
        sa.CheckConstraint("EXTRACT(day FROM month) = 1", name=op.f("ck_ledger_period_month")),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.book_id"], name=op.f("fk_ledger_period_book_id_ledger_book")
        ),
        sa.PrimaryKeyConstraint("book_id", "month", name=op.f("pk_ledger_period")),
    )
    op.create_table(
        "ledger_period_act",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("head_number", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("confirms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("number > 0", name=op.f("ck_ledger_period_act_number")),
        sa.CheckConstraint("EXTRACT(day FROM month) = 1", name=op.f("ck_ledger_period_act_month")),
        sa.CheckConstraint(
            "act IN ('hold','open','close','reopen-request','reopen')", name=op.f("ck_ledger_period_act_act")
        ),
        sa.CheckConstraint("length(head_hash) = 32", name=op.f("ck_ledger_period_act_head_hash_length")),
        sa.CheckConstraint(
            "(act = 'close') = (digest IS NOT NULL) AND length(digest) = 32", name=op.f("ck_ledger_period_act_digest")
        ),
        sa.CheckConstraint("(act = 'reopen') = (confirms IS NOT NULL)", name=op.f("ck_ledger_period_act_confirms")),
        sa.CheckConstraint("act <> 'reopen-request' OR reason <> ''", name=op.f("ck_ledger_period_act_reason")),
        sa.ForeignKeyConstraint(
            ["book_id", "confirms"],
            ["ledger_period_act.book_id", "ledger_period_act.number"],
            name=op.f("fk_ledger_period_act_book_id_confirms_ledger_period_act"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.book_id"], name=op.f("fk_ledger_period_act_book_id_ledger_book")
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_ledger_period_act")),
    )
    op.create_table(
        "ledger_reversal",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_number", sa.BigInteger(), nullable=False),
        sa.Column("reversal_number", sa.BigInteger(), nullable=False),
        sa.Column("undone_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_number"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_ledger_reversal_book_id_entry_number_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "reversal_number"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_ledger_reversal_book_id_reversal_number_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("book_id", "entry_number", "reversal_number", name=op.f("pk_ledger_reversal")),
    )
    op.create_index(
        "uq_ledger_reversal_active",
        "ledger_reversal",
        ["entry_number", "book_id"],
        unique=True,
        postgresql_where=sa.text("undone_by IS NULL"),
    )
    run_sql_file("0001_ledger.sql")


def downgrade() -> None:
    op.drop_index(
        "uq_ledger_reversal_active", table_name="ledger_reversal", postgresql_where=sa.text("undone_by IS NULL")
    )
    op.drop_table("ledger_reversal")
    op.drop_table("ledger_period_act")
    op.drop_table("ledger_period")
    op.drop_table("ledger_erasure")
    op.drop_table("ledger_note")
    op.drop_table("ledger_head")
    op.drop_table("ledger_account")
    op.drop_table("ledger_sum")
    op.drop_table("ledger_turnover")
    op.drop_index("ix_ledger_posting_account", table_name="ledger_posting")
    op.drop_table("ledger_posting")
    op.drop_table("ledger_key")
    op.drop_index("ix_ledger_entry_link", table_name="ledger_entry", postgresql_where=sa.text("link IS NOT NULL"))
    op.drop_index("ix_ledger_entry_effective_date", table_name="ledger_entry")
    op.drop_table("ledger_entry")
    op.drop_table("ledger_book")
    for function in (
        "ledger_check_postings",
        "ledger_check_entries",
        "ledger_check_notes",
        "ledger_check_erasure",
        "ledger_check_act",
        "ledger_check_period",
        "ledger_append_only",
    ):
        op.execute(f"DROP FUNCTION {function}()")
    op.execute(sa.schema.DropSequence(sa.Sequence("ledger_book_id")))
