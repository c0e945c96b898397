"""Term deposits: what is offered and agreed, what the pool brought, returns posted; and what was printed in passbooks.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from koperasi.migrate import run_sql_file

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deposit_terms",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("earns", sa.Text(), nullable=False),
        sa.Column("percent", sa.Numeric(7, 4), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("pay_months", sa.Integer(), nullable=False),
        sa.Column("early", sa.Text(), nullable=False),
        sa.Column("early_percent", sa.Numeric(7, 4), nullable=False),
        sa.Column("minimum_minor", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "basis IN ('actual/365','actual/360','actual/actual','months/12')", name=op.f("ck_deposit_terms_basis")
        ),
        sa.CheckConstraint("early IN ('nothing','reduced_rate','penalty')", name=op.f("ck_deposit_terms_early")),
        sa.CheckConstraint("earns IN ('rate','nisbah')", name=op.f("ck_deposit_terms_earns")),
        sa.CheckConstraint("minimum_minor > 0", name=op.f("ck_deposit_terms_minimum")),
        sa.CheckConstraint("months IN (1,3,6,12)", name=op.f("ck_deposit_terms_months")),
        sa.CheckConstraint("pay_months IN (0,1)", name=op.f("ck_deposit_terms_pay_months")),
        sa.CheckConstraint(
            "percent BETWEEN 0 AND 100 AND early_percent BETWEEN 0 AND 100", name=op.f("ck_deposit_terms_percents")
        ),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.book_id"], name=op.f("fk_deposit_terms_book_id_ledger_book")
        ),
        sa.PrimaryKeyConstraint("book_id", "months", "valid_from", name=op.f("pk_deposit_terms")),
    )
    op.create_table(
        "deposit_result",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("hi_1000", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("hi_1000 ~ '^[0-9]+(/[1-9][0-9]*)?$'", name=op.f("ck_deposit_result_hi_1000")),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_deposit_result_month")),
        sa.CheckConstraint("revision > 0", name=op.f("ck_deposit_result_revision")),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.book_id"], name=op.f("fk_deposit_result_book_id_ledger_book")
        ),
        sa.PrimaryKeyConstraint("book_id", "month", "revision", name=op.f("pk_deposit_result")),
    )
    op.create_table(
        "deposit",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("seed_on", sa.Date(), nullable=False),
        sa.Column("term", sa.Integer(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("matures_on", sa.Date(), nullable=False),
        sa.Column("principal_minor", sa.BigInteger(), nullable=False),
        sa.Column("earns", sa.Text(), nullable=False),
        sa.Column("percent", sa.Numeric(7, 4), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("pay_months", sa.Integer(), nullable=False),
        sa.Column("early", sa.Text(), nullable=False),
        sa.Column("early_percent", sa.Numeric(7, 4), nullable=False),
        sa.Column("penalty_minor", sa.BigInteger(), nullable=False),
        sa.Column("roll_over", sa.Text(), nullable=False),
        sa.Column("payout_account", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("ledger_account_id", sa.BigInteger(), nullable=False),
        sa.Column("opening_entry", sa.BigInteger(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("closed_as", sa.Text(), nullable=True),
        sa.Column("closing_entry", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("principal_minor > 0 AND penalty_minor >= 0", name=op.f("ck_deposit_amounts")),
        sa.CheckConstraint(
            "basis IN ('actual/365','actual/360','actual/actual','months/12')", name=op.f("ck_deposit_basis")
        ),
        sa.CheckConstraint(
            "(closed_on IS NULL) = (closed_as IS NULL) AND (closed_on IS NULL) = (closing_entry IS NULL)",
            name=op.f("ck_deposit_closed"),
        ),
        sa.CheckConstraint("closed_as IN ('matured','rolled','early','exit')", name=op.f("ck_deposit_closed_as")),
        sa.CheckConstraint("seed_on <= opened_on AND opened_on < matures_on", name=op.f("ck_deposit_days")),
        sa.CheckConstraint("early IN ('nothing','reduced_rate','penalty')", name=op.f("ck_deposit_early")),
        sa.CheckConstraint("earns IN ('rate','nisbah')", name=op.f("ck_deposit_earns")),
        sa.CheckConstraint("months IN (1,3,6,12)", name=op.f("ck_deposit_months")),
        sa.CheckConstraint("number ~ '^[0-9]{9}$'", name=op.f("ck_deposit_number")),
        sa.CheckConstraint("pay_months IN (0,1)", name=op.f("ck_deposit_pay_months")),
        sa.CheckConstraint(
            "roll_over IN ('none','principal','principal_and_return')", name=op.f("ck_deposit_roll_over")
        ),
        sa.CheckConstraint("term > 0", name=op.f("ck_deposit_term")),
        sa.ForeignKeyConstraint(
            ["book_id", "closing_entry"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_deposit_book_id_closing_entry_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "opening_entry"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_deposit_book_id_opening_entry_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "member_number"],
            ["member.book_id", "member.number"],
            name=op.f("fk_deposit_book_id_member_number_member"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "ledger_account_id"],
            ["ledger_account.book_id", "ledger_account.account_id"],
            name=op.f("fk_deposit_book_id_ledger_account_id_ledger_account"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "payout_account"],
            ["savings_account.book_id", "savings_account.number"],
            name=op.f("fk_deposit_book_id_payout_account_savings_account"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "previous"],
            ["deposit.book_id", "deposit.number"],
            name=op.f("fk_deposit_book_id_previous_deposit"),
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_deposit")),
    )
    op.create_index("ix_deposit_member_number", "deposit", ["member_number", "book_id"])
    op.create_index(
        "ix_deposit_running",
        "deposit",
        ["matures_on", "number", "book_id"],
        postgresql_where=sa.text("closed_on IS NULL"),
    )
    op.create_index("uq_deposit_certificate", "deposit", ["certificate", "book_id"], unique=True)
    op.create_index("uq_deposit_ledger_account_id", "deposit", ["ledger_account_id", "book_id"], unique=True)
    op.create_index("uq_deposit_previous", "deposit", ["previous", "book_id"], unique=True)
    op.create_table(
        "deposit_return",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("deposit_number", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("entry_number", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("gross_minor >= 0 OR part = 0", name=op.f("ck_deposit_return_gross")),
        sa.CheckConstraint("part >= 0", name=op.f("ck_deposit_return_part")),
        sa.CheckConstraint(
            "tax_minor >= 0 AND tax_minor <= greatest(gross_minor, 0)", name=op.f("ck_deposit_return_tax")
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "deposit_number"],
            ["deposit.book_id", "deposit.number"],
            name=op.f("fk_deposit_return_book_id_deposit_number_deposit"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_number"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_deposit_return_book_id_entry_number_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("book_id", "deposit_number", "part", name=op.f("pk_deposit_return")),
    )
    op.create_table(
        "passbook_layout",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("layout", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("revision > 0", name=op.f("ck_passbook_layout_revision")),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.book_id"], name=op.f("fk_passbook_layout_book_id_ledger_book")
        ),
        sa.PrimaryKeyConstraint("book_id", "revision", name=op.f("pk_passbook_layout")),
    )
    op.create_table(
        "passbook_print",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("layout_revision", sa.Integer(), nullable=False),
        sa.Column("reprint", sa.Boolean(), nullable=False),
        sa.Column("first_entry", sa.BigInteger(), nullable=False),
        sa.Column("first_line", sa.Integer(), nullable=False),
        sa.Column("last_entry", sa.BigInteger(), nullable=False),
        sa.Column("last_line", sa.Integer(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("page_row", sa.Integer(), nullable=False),
        sa.Column("last_page", sa.Integer(), nullable=False),
        sa.Column("last_row", sa.Integer(), nullable=False),
        sa.Column("printed_by", sa.Text(), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(last_entry, last_line) >= (first_entry, first_line)", name=op.f("ck_passbook_print_lines")
        ),
        sa.CheckConstraint(
            "number > 0 AND layout_revision >= 0 AND line_count > 0", name=op.f("ck_passbook_print_numbers")
        ),
        sa.CheckConstraint(
            "page > 0 AND page_row > 0 AND last_page >= page AND last_row > 0", name=op.f("ck_passbook_print_places")
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "account_number"],
            ["savings_account.book_id", "savings_account.number"],
            name=op.f("fk_passbook_print_book_id_account_number_savings_account"),
        ),
        sa.PrimaryKeyConstraint("book_id", "account_number", "number", name=op.f("pk_passbook_print")),
    )
    run_sql_file("0008_deposits.sql")


def downgrade() -> None:
    for table in ("passbook_print", "passbook_layout", "deposit_return", "deposit", "deposit_result", "deposit_terms"):
        op.drop_table(table)
    op.execute("DROP FUNCTION deposit_keep()")
    op.execute("DELETE FROM policy WHERE name LIKE 'paper.%'")
