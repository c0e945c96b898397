"""Return runs, what they found for each account, other returns paid, and tax slips.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from koperasi.migrate import run_sql_file

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _runs()
    _lines()
    _paid()
    _slips()
    run_sql_file("0006_returns.sql")


def _runs() -> None:
    op.create_table(
        "return_run",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("period_first", sa.Date(), nullable=False),
        sa.Column("period_last", sa.Date(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("posting", sa.Text(), nullable=False),
        sa.Column("correction", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'preview'"), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("totals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("head_number", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("prepared_by", sa.Text(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('preview','approved','posting','posted','dropped')", name=op.f("ck_return_run_status")
        ),
        sa.CheckConstraint("posting IN ('monthly','quarterly')", name=op.f("ck_return_run_posting")),
        sa.CheckConstraint(
            "period_first <= period_last AND period_last <= effective_on", name=op.f("ck_return_run_days")
        ),
        sa.CheckConstraint("length(fingerprint) = 32", name=op.f("ck_return_run_fingerprint")),
        sa.CheckConstraint(
            "status NOT IN ('approved','posting','posted') OR approved_by IS NOT NULL",
            name=op.f("ck_return_run_approved"),
        ),
        sa.CheckConstraint(
            "(status IN ('posted','dropped')) = (ended_at IS NOT NULL)", name=op.f("ck_return_run_ended")
        ),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_return_run_book_id_ledger_book")),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_return_run")),
    )


def _lines() -> None:
    op.create_table(
        "return_line",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("run_number", sa.BigInteger(), nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=True),
        sa.Column("product_code", sa.Text(), nullable=False),
        sa.Column("ledger_account_id", sa.BigInteger(), nullable=False),
        sa.Column("period_last", sa.Date(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("day_sum", sa.BigInteger(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("book_id", "run_number", "chunk", "account_number", name=op.f("pk_return_line")),
    )
    op.create_index(
        "uq_return_line_account_period",
        "return_line",
        ["account_number", "period_last", "round", "book_id"],
        unique=True,
    )


def _paid() -> None:
    op.create_table(
        "return_paid",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=True),
        sa.Column("period_first", sa.Date(), nullable=False),
        sa.Column("period_last", sa.Date(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("entry_number", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source IN ('deposit','savings')", name=op.f("ck_return_paid_source")),
        sa.CheckConstraint("period_first <= period_last", name=op.f("ck_return_paid_days")),
        sa.CheckConstraint(
            "gross_minor >= 0 AND tax_minor BETWEEN 0 AND gross_minor", name=op.f("ck_return_paid_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_number"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_return_paid_book_id_entry_number_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_return_paid")),
    )
    op.create_index(
        "uq_return_paid_reference",
        "return_paid",
        ["reference", "source", "period_last", "entry_number", "book_id"],
        unique=True,
    )
    op.create_index("ix_return_paid_paid_on", "return_paid", ["paid_on", "book_id"])


def _slips() -> None:
    op.create_table(
        "tax_slip",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_number", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("EXTRACT(day FROM month) = 1", name=op.f("ck_tax_slip_month")),
        sa.CheckConstraint("serial > 0", name=op.f("ck_tax_slip_serial")),
        sa.CheckConstraint("source IN ('run','paid')", name=op.f("ck_tax_slip_source")),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_tax_slip_book_id_ledger_book")),
        sa.PrimaryKeyConstraint("book_id", "month", "serial", name=op.f("pk_tax_slip")),
    )
    op.create_index(
        "uq_tax_slip_source", "tax_slip", ["member_number", "source", "source_number", "book_id"], unique=True
    )


def downgrade() -> None:
    for table in ("tax_slip", "return_paid", "return_line", "return_run"):
        op.drop_table(table)
    op.execute("DROP FUNCTION return_run_keep()")
    op.execute("DROP FUNCTION return_line_whole()")
    op.execute("DROP FUNCTION return_line_dropped()")
    op.execute("DELETE FROM number_series WHERE series IN ('return-run', 'return-paid')")
