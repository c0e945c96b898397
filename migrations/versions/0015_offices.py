"""Offices, whose tills and vouchers are told apart; and petty cash that is counted.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from koperasi.migrate import run_sql_file

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OFFICE = "^[0-9A-Z]{2,6}$"
HEAD = "01"


def upgrade() -> None:
    op.create_table(
        "office",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.CheckConstraint(f"code ~ '{OFFICE}'", name=op.f("ck_office_code")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_office_name")),
        sa.CheckConstraint("closed_on >= opened_on", name=op.f("ck_office_closed_on")),
        sa.CheckConstraint(f"code <> '{HEAD}' OR closed_on IS NULL", name=op.f("ck_office_head")),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_office_book_id_ledger_book")),
        sa.PrimaryKeyConstraint("book_id", "code", name=op.f("pk_office")),
    )
    # Every cooperative has its head office, and all that was there before is of it.
    op.execute(
        "INSERT INTO office (book_id, code, name, opened_on) "
        f"SELECT book_id, '{HEAD}', 'Kantor pusat', DATE '1900-01-01' FROM cooperative"
    )
    for table in ("till", "teller_session"):
        op.add_column(table, sa.Column("office", sa.Text(), server_default=HEAD, nullable=False))
        op.alter_column(table, "office", server_default=None)
    op.drop_constraint("fk_teller_session_book_id_username_till", "teller_session")
    op.drop_constraint("pk_till", "till")
    op.create_primary_key("pk_till", "till", ["book_id", "username", "office"])
    op.create_foreign_key("fk_till_book_id_office_office", "till", "office", ["book_id", "office"], ["book_id", "code"])
    op.create_foreign_key(
        "fk_teller_session_book_id_username_office_till",
        "teller_session",
        "till",
        ["book_id", "username", "office"],
        ["book_id", "username", "office"],
    )
    op.drop_constraint("ck_voucher_office", "voucher")
    op.create_foreign_key(
        "fk_voucher_book_id_office_office", "voucher", "office", ["book_id", "office"], ["book_id", "code"]
    )
    op.create_table(
        "petty_count",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("counted_by", sa.Text(), nullable=False),
        sa.Column("count", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=True),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_petty_count_number")),
        sa.CheckConstraint("length(fingerprint) = 32", name=op.f("ck_petty_count_fingerprint")),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_petty_count_book_id_ledger_book")),
        sa.ForeignKeyConstraint(
            ["book_id", "entry"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_petty_count_book_id_entry_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_petty_count")),
    )
    op.create_index("uq_petty_count_key_book_id", "petty_count", ["key", "book_id"], unique=True)
    op.add_column("dues_collection", sa.Column("count", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    run_sql_file("0015_offices.sql")


def downgrade() -> None:
    # Numbers that name another office can't be taken back: they are on paper.
    op.execute(
        f"DO $$ BEGIN IF EXISTS (SELECT FROM office WHERE code <> '{HEAD}') THEN "
        "RAISE EXCEPTION 'a cooperative has more than one office'; END IF; END $$"
    )
    op.execute("DELETE FROM policy WHERE name = 'cash.petty_float'")
    op.drop_column("dues_collection", "count")
    op.drop_table("petty_count")
    run_sql_file("0015_offices_down.sql")
    op.drop_constraint("fk_voucher_book_id_office_office", "voucher")
    op.create_check_constraint(op.f("ck_voucher_office"), "voucher", "office ~ '^[0-9]{2}$'")
    op.drop_constraint("fk_teller_session_book_id_username_office_till", "teller_session")
    op.drop_constraint("fk_till_book_id_office_office", "till")
    op.drop_constraint("pk_till", "till")
    for table in ("till", "teller_session"):
        op.drop_column(table, "office")
    op.create_primary_key("pk_till", "till", ["book_id", "username"])
    op.create_foreign_key(
        "fk_teller_session_book_id_username_till",
        "teller_session",
        "till",
        ["book_id", "username"],
        ["book_id", "username"],
    )
    op.drop_table("office")
