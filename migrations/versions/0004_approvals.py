"""Acts that wait for a second person, and the policies that say which.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from koperasi.migrate import run_sql_file

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'draft'"), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("note_salt", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entry_number", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('withdrawal','entry','reversal','write-off','rate-change','role-change','member-exit')",
            name=op.f("ck_approval_kind"),
        ),
        sa.CheckConstraint(
            "status IN ('draft','approved','refused','expired','withdrawn')", name=op.f("ck_approval_status")
        ),
        sa.CheckConstraint("(status = 'draft') = (decided_at IS NULL)", name=op.f("ck_approval_decided")),
        sa.CheckConstraint(
            "(status IN ('draft','expired')) = (decided_by IS NULL)", name=op.f("ck_approval_decided_by")
        ),
        sa.CheckConstraint(
            "status NOT IN ('approved','refused') OR decided_by <> asked_by", name=op.f("ck_approval_two_people")
        ),
        sa.CheckConstraint("status <> 'withdrawn' OR decided_by = asked_by", name=op.f("ck_approval_withdrawn_by")),
        sa.CheckConstraint("entry_number IS NULL OR status = 'approved'", name=op.f("ck_approval_entry_number")),
        sa.CheckConstraint("status = 'draft' OR note IS NULL", name=op.f("ck_approval_note")),
        sa.CheckConstraint("(note IS NULL) = (note_salt IS NULL)", name=op.f("ck_approval_note_salt")),
        sa.CheckConstraint("length(fingerprint) = 32", name=op.f("ck_approval_fingerprint")),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_approval_book_id_ledger_book")),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_number"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_approval_book_id_entry_number_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_approval")),
    )
    op.create_index("uq_approval_key", "approval", ["key", "book_id"], unique=True)
    op.create_index(
        "ix_approval_draft", "approval", ["expires_at", "book_id"], postgresql_where=sa.text("status = 'draft'")
    )
    run_sql_file("0004_approvals.sql")


def downgrade() -> None:
    op.drop_table("approval")
    op.execute("DROP FUNCTION approval_keep()")
    op.execute("DELETE FROM policy WHERE name LIKE 'approval.%'")
