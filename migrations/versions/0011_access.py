"""More acts that wait for a second person, comments on entries, and the policies that go with them.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from koperasi.migrate import run_sql_file

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KINDS = "'withdrawal','entry','reversal','write-off','rate-change','role-change','member-exit'"
MORE_KINDS = (
    "'withdrawal','entry','reversal','write-off','disbursement','rate-change','role-change','member-exit','return-run'"
)
POLICIES = (
    "'approval.write_offs','approval.disbursements','approval.rate_changes','approval.role_changes',"
    "'approval.member_exits','approval.return_runs','access.second_code'"
)


def upgrade() -> None:
    _kinds(MORE_KINDS)
    op.create_table(
        "entry_comment",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_number", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(words IS NULL) = (erased_at IS NOT NULL)", name=op.f("ck_entry_comment_words")),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_number"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_entry_comment_book_id_entry_number_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("book_id", "entry_number", "number", name=op.f("pk_entry_comment")),
    )
    run_sql_file("0011_access.sql")


def downgrade() -> None:
    op.drop_table("entry_comment")
    op.execute("DROP FUNCTION entry_comment_keep()")
    op.execute(f"DELETE FROM policy WHERE name IN ({POLICIES})")
    # What was asked for under the kinds that are not known any more is forgotten with them.
    op.execute("ALTER TABLE approval DISABLE TRIGGER ledger_append_only")
    op.execute("DELETE FROM approval WHERE kind IN ('disbursement','return-run')")
    op.execute("ALTER TABLE approval ENABLE TRIGGER ledger_append_only")
    _kinds(KINDS)


def _kinds(known: str) -> None:
    op.drop_constraint(op.f("ck_approval_kind"), "approval")
    op.create_check_constraint(op.f("ck_approval_kind"), "approval", f"kind IN ({known})")
