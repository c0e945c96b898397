"""A member's life: dated acts, the settlement of those who leave or die, and what members let others see.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from koperasi.migrate import run_sql_file

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATUSES = "('pemohon','anggota','cuti','nonaktif','keluar_diajukan','keluar','meninggal','diberhentikan')"


def upgrade() -> None:
    op.create_table(
        "member_event",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=False),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.CheckConstraint("position > 0", name=op.f("ck_member_event_position")),
        sa.CheckConstraint(f"from_status IN {STATUSES}", name=op.f("ck_member_event_from_status")),
        sa.CheckConstraint(f"to_status IN {STATUSES}", name=op.f("ck_member_event_to_status")),
        sa.CheckConstraint("length(reference) <= 60", name=op.f("ck_member_event_reference")),
        sa.ForeignKeyConstraint(
            ["book_id", "member_number"],
            ["member.book_id", "member.number"],
            name=op.f("fk_member_event_book_id_member_number_member"),
        ),
        sa.PrimaryKeyConstraint("book_id", "member_number", "position", name=op.f("pk_member_event")),
    )
    _exits()
    _consents()
    run_sql_file("0010_membership.sql")


def _exits() -> None:
    op.create_table(
        "member_exit",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("pay_by", sa.Date(), nullable=True),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("statement", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("entry_number", sa.BigInteger(), nullable=True),
        sa.Column("leaving_account_id", sa.BigInteger(), nullable=True),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversed_by", sa.Text(), nullable=True),
        sa.Column("reversal_entry", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("reason IN ('left','deceased','dismissed')", name=op.f("ck_member_exit_reason")),
        sa.CheckConstraint(f"from_status IN {STATUSES}", name=op.f("ck_member_exit_from_status")),
        sa.CheckConstraint("net_minor >= 0", name=op.f("ck_member_exit_net")),
        sa.CheckConstraint("approved_by <> asked_by", name=op.f("ck_member_exit_two_people")),
        sa.CheckConstraint("(reversed_at IS NULL) = (reversed_by IS NULL)", name=op.f("ck_member_exit_reversed")),
        sa.CheckConstraint(
            "reversal_entry IS NULL OR reversed_at IS NOT NULL", name=op.f("ck_member_exit_reversal_entry")
        ),
        sa.CheckConstraint("length(fingerprint) = 32", name=op.f("ck_member_exit_fingerprint")),
        sa.ForeignKeyConstraint(
            ["book_id", "member_number"],
            ["member.book_id", "member.number"],
            name=op.f("fk_member_exit_book_id_member_number_member"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_number"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_member_exit_book_id_entry_number_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "reversal_entry"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_member_exit_book_id_reversal_entry_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "leaving_account_id"],
            ["ledger_account.book_id", "ledger_account.account_id"],
            name=op.f("fk_member_exit_book_id_leaving_account_id_ledger_account"),
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_member_exit")),
    )
    op.create_index("uq_member_exit_key_book_id", "member_exit", ["key", "book_id"], unique=True)
    op.create_index(
        "uq_member_exit_standing",
        "member_exit",
        ["member_number", "book_id"],
        unique=True,
        postgresql_where=sa.text("reversed_at IS NULL"),
    )
    op.create_table(
        "member_exit_part",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("exit_number", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("relation", sa.Text(), nullable=True),
        sa.Column("share_percent", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("share_percent BETWEEN 1 AND 100", name=op.f("ck_member_exit_part_share_percent")),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_member_exit_part_amount")),
        sa.ForeignKeyConstraint(
            ["book_id", "exit_number"],
            ["member_exit.book_id", "member_exit.number"],
            name=op.f("fk_member_exit_part_book_id_exit_number_member_exit"),
        ),
        sa.PrimaryKeyConstraint("book_id", "exit_number", "position", name=op.f("pk_member_exit_part")),
    )
    op.create_table(
        "member_exit_payment",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("exit_number", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("entry_number", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("paid_by", sa.Text(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "exit_number", "position"],
            ["member_exit_part.book_id", "member_exit_part.exit_number", "member_exit_part.position"],
            name=op.f("fk_member_exit_payment_part"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_number"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_member_exit_payment_book_id_entry_number_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("book_id", "exit_number", "position", name=op.f("pk_member_exit_payment")),
    )


def _consents() -> None:
    op.create_table(
        "member_consent",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("relative_number", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "scope IN ('balances','passbook','dues','all','programme')", name=op.f("ck_member_consent_scope")
        ),
        sa.CheckConstraint(
            "(scope = 'programme') = (relative_number IS NULL)", name=op.f("ck_member_consent_relative")
        ),
        sa.CheckConstraint("relative_number <> member_number", name=op.f("ck_member_consent_another")),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_member_consent_revoked")),
        sa.ForeignKeyConstraint(
            ["book_id", "member_number"],
            ["member.book_id", "member.number"],
            name=op.f("fk_member_consent_book_id_member_number_member"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "relative_number"],
            ["member.book_id", "member.number"],
            name=op.f("fk_member_consent_book_id_relative_number_member"),
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_member_consent")),
    )
    op.create_index("ix_member_consent_member_number", "member_consent", ["member_number", "book_id"])
    op.create_index("ix_member_consent_relative_number", "member_consent", ["relative_number", "book_id"])


def downgrade() -> None:
    op.execute("DELETE FROM policy WHERE name LIKE 'exit.%' OR name = 'membership.decision'")
    op.drop_table("member_consent")
    op.drop_table("member_exit_payment")
    op.drop_table("member_exit_part")
    op.drop_table("member_exit")
    op.drop_table("member_event")
    op.execute("DROP FUNCTION member_exit_keep()")
    op.execute("DROP FUNCTION member_consent_keep()")
    run_sql_file("0010_membership_down.sql")
