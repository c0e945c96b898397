"""Tills and their sessions, cash handed over, closed days, numbers of vouchers, and accounts that take no postings.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from koperasi.migrate import run_sql_file

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("voucher_head", "voucher", "business_day", "cash_handover", "teller_session", "till")


def upgrade() -> None:
    op.add_column("ledger_account", sa.Column("locked_to", sa.Date(), nullable=True))
    op.create_table(
        "till",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("ledger_account_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "ledger_account_id"],
            ["ledger_account.book_id", "ledger_account.account_id"],
            name=op.f("fk_till_book_id_ledger_account_id_ledger_account"),
        ),
        sa.PrimaryKeyConstraint("book_id", "username", name=op.f("pk_till")),
    )
    op.create_index("uq_till_ledger_account_id_book_id", "till", ["ledger_account_id", "book_id"], unique=True)
    op.create_table(
        "teller_session",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("opening_count", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opening_entry", sa.BigInteger(), nullable=True),
        sa.Column("opening_head", sa.BigInteger(), nullable=False),
        sa.Column("opening_key", sa.Text(), nullable=False),
        sa.Column("opening_fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closing_count", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("closing_entry", sa.BigInteger(), nullable=True),
        sa.Column("closing_head", sa.BigInteger(), nullable=True),
        sa.Column("closing_key", sa.Text(), nullable=True),
        sa.Column("closing_fingerprint", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "closing_entry IS NULL OR closed_at IS NOT NULL", name=op.f("ck_teller_session_closing_entry")
        ),
        sa.CheckConstraint("closing_head >= opening_head", name=op.f("ck_teller_session_heads")),
        sa.CheckConstraint("length(closing_fingerprint) = 32", name=op.f("ck_teller_session_closing_fingerprint")),
        sa.CheckConstraint("length(opening_fingerprint) = 32", name=op.f("ck_teller_session_opening_fingerprint")),
        sa.CheckConstraint(
            "num_nulls(closed_at, closed_by, closing_count, closing_head, closing_key, closing_fingerprint) IN (0, 6)",
            name=op.f("ck_teller_session_closed_whole"),
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_teller_session_number")),
        sa.ForeignKeyConstraint(
            ["book_id", "closing_entry"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_teller_session_book_id_closing_entry_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "opening_entry"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_teller_session_book_id_opening_entry_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "username"],
            ["till.book_id", "till.username"],
            name=op.f("fk_teller_session_book_id_username_till"),
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_teller_session")),
    )
    op.create_index("ix_teller_session_business_day", "teller_session", ["business_day", "book_id"], unique=False)
    op.create_index(
        "uq_teller_session_open",
        "teller_session",
        ["username", "book_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("uq_teller_session_opening_key_book_id", "teller_session", ["opening_key", "book_id"], unique=True)
    op.create_table(
        "cash_handover",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_number", sa.BigInteger(), nullable=False),
        sa.Column("session_number", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_cash_handover_confirmed")),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_number"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_cash_handover_book_id_entry_number_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "session_number"],
            ["teller_session.book_id", "teller_session.number"],
            name=op.f("fk_cash_handover_book_id_session_number_teller_session"),
        ),
        sa.PrimaryKeyConstraint("book_id", "entry_number", name=op.f("pk_cash_handover")),
    )
    op.create_index("ix_cash_handover_session", "cash_handover", ["session_number", "book_id"], unique=False)
    op.create_table(
        "business_day",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("next_day", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("head_number", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(head_hash) = 32", name=op.f("ck_business_day_head_hash_length")),
        sa.CheckConstraint("next_day > day", name=op.f("ck_business_day_next_day")),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_business_day_book_id_ledger_book")),
        sa.PrimaryKeyConstraint("book_id", "day", name=op.f("pk_business_day")),
    )
    op.create_table(
        "voucher",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("entry_number", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('BKM','BKK','BM')", name=op.f("ck_voucher_kind")),
        sa.CheckConstraint("office ~ '^[0-9]{2}$'", name=op.f("ck_voucher_office")),
        sa.CheckConstraint("EXTRACT(day FROM month) = 1", name=op.f("ck_voucher_month")),
        sa.CheckConstraint("serial > 0", name=op.f("ck_voucher_serial")),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_number"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_voucher_book_id_entry_number_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("book_id", "kind", "office", "month", "serial", name=op.f("pk_voucher")),
    )
    op.create_index("uq_voucher_entry_number_book_id", "voucher", ["entry_number", "book_id"], unique=True)
    op.create_table(
        "voucher_head",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_number", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("entry_number >= 0", name=op.f("ck_voucher_head_entry_number")),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_voucher_head_book_id_ledger_book")),
        sa.PrimaryKeyConstraint("book_id", name=op.f("pk_voucher_head")),
    )
    run_sql_file("0007_treasury.sql")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION teller_session_keep()")
    op.execute("DROP FUNCTION cash_handover_keep()")
    op.execute("DELETE FROM policy WHERE name = 'teller.sessions'")
    op.drop_column("ledger_account", "locked_to")
