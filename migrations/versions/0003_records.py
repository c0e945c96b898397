"""Records that are only added to: the audit trail, checkpoints, runs of the doctor, requests to be forgotten.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from koperasi.migrate import run_sql_file

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasure_request",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("outcome IN ('erased','declined')", name=op.f("ck_erasure_request_outcome")),
        sa.CheckConstraint(
            "(outcome IS NULL) = (settled_at IS NULL) AND (outcome IS NULL) = (settled_by IS NULL)",
            name=op.f("ck_erasure_request_settled"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "member_number"],
            ["member.book_id", "member.number"],
            name=op.f("fk_erasure_request_book_id_member_number_member"),
        ),
        sa.PrimaryKeyConstraint("book_id", "request_id", name=op.f("pk_erasure_request")),
    )
    op.create_index("ix_erasure_request_member_number", "erasure_request", ["member_number", "book_id"], unique=False)
    op.create_index(
        "uq_erasure_request_open",
        "erasure_request",
        ["member_number", "book_id"],
        unique=True,
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_table(
        "audit_head",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("last_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_audit_head_book_id_ledger_book")),
        sa.PrimaryKeyConstraint("book_id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "audit_event",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("action ~ '^[a-z]+(-[a-z]+)*(\\.[a-z]+(-[a-z]+)*)?$'", name=op.f("ck_audit_event_action")),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_audit_event_book_id_ledger_book")),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_audit_event")),
    )
    op.create_index("ix_audit_event_actor", "audit_event", ["actor", "book_id", "number"])
    op.create_index("ix_audit_event_recorded_at", "audit_event", ["recorded_at", "book_id"])
    op.create_table(
        "checkpoint",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("head_number", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.CheckConstraint("head_number > 0", name=op.f("ck_checkpoint_head_number")),
        sa.CheckConstraint(
            "length(head_hash) = 32 AND length(public_key) = 32 AND length(signature) = 64",
            name=op.f("ck_checkpoint_lengths"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_checkpoint_book_id_ledger_book")),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "verification_run",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_hash", sa.LargeBinary(), nullable=True),
        sa.Column("findings", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_verification_run_number")),
        sa.CheckConstraint(
            "status IN ('running','intact','damaged','failed','interrupted')", name=op.f("ck_verification_run_status")
        ),
        sa.CheckConstraint(
            "(status IN ('intact','damaged')) = (last_hash IS NOT NULL)", name=op.f("ck_verification_run_result")
        ),
        sa.CheckConstraint("length(last_hash) = 32", name=op.f("ck_verification_run_hash_length")),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.book_id"], name=op.f("fk_verification_run_book_id_ledger_book")
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_verification_run")),
    )
    run_sql_file("0003_checkpoints.sql")
    run_sql_file("0003_verification.sql")
    run_sql_file("0003_audit.sql")
    run_sql_file("0003_erasure.sql")


def downgrade() -> None:
    op.drop_table("erasure_request")
    op.drop_table("verification_run")
    op.drop_table("checkpoint")
    op.drop_table("audit_event")
    op.drop_table("audit_head")
    op.execute("DROP FUNCTION audit_chain()")
    op.execute("DROP FUNCTION audit_field(text)")
