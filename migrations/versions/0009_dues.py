"""Dues: one member's own amount, bills given up, collections; and what members ask for from their own pages.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from koperasi.migrate import run_sql_file

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def upgrade() -> None:
    _dues()
    _collections()
    _requests()
    run_sql_file("0009_dues.sql")


def downgrade() -> None:
    for table in ("member_request_event", "member_request", "dues_collection", "due_waiver", "dues_terms"):
        op.drop_table(table)
    op.execute("DROP FUNCTION member_request_keep()")
    op.execute("DROP FUNCTION member_request_event_keep()")
    op.execute("DELETE FROM number_series WHERE series IN ('collection', 'request')")
    op.execute("DELETE FROM policy WHERE name LIKE 'dues.%' OR name = 'simpanan_pokok.instalments'")


def _dues() -> None:
    op.create_table(
        "dues_terms",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_dues_terms_amount")),
        sa.CheckConstraint("EXTRACT(day FROM valid_from) = 1", name=op.f("ck_dues_terms_valid_from")),
        sa.ForeignKeyConstraint(
            ["book_id", "member_number"],
            ["member.book_id", "member.number"],
            name=op.f("fk_dues_terms_book_id_member_number_member"),
        ),
        sa.PrimaryKeyConstraint("book_id", "member_number", "valid_from", name=op.f("pk_dues_terms")),
    )
    op.create_table(
        "due_waiver",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("waived_by", sa.Text(), nullable=False),
        sa.Column("waived_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("kind = 'wajib'", name=op.f("ck_due_waiver_kind")),
        sa.CheckConstraint("reason IN ('salah-tagih','dibebaskan')", name=op.f("ck_due_waiver_reason")),
        sa.ForeignKeyConstraint(
            ["book_id", "member_number", "kind", "period"],
            ["member_due.book_id", "member_due.member_number", "member_due.kind", "member_due.period"],
            name=op.f("fk_due_waiver_book_id_member_number_kind_period_member_due"),
        ),
        sa.PrimaryKeyConstraint("book_id", "member_number", "kind", "period", name=op.f("pk_due_waiver")),
    )


def _collections() -> None:
    op.create_table(
        "dues_collection",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("group_number", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("collected_on", sa.Date(), nullable=False),
        sa.Column("request_key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_dues_collection_number")),
        sa.CheckConstraint("label <> ''", name=op.f("ck_dues_collection_label")),
        sa.CheckConstraint("length(fingerprint) = 32", name=op.f("ck_dues_collection_fingerprint")),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.book_id"], name=op.f("fk_dues_collection_book_id_ledger_book")
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "group_number"],
            ["business_group.book_id", "business_group.number"],
            name=op.f("fk_dues_collection_book_id_group_number_business_group"),
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_dues_collection")),
    )
    op.create_index("uq_dues_collection_request_key", "dues_collection", ["request_key", "book_id"], unique=True)


def _requests() -> None:
    op.create_table(
        "member_request",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("entry_number", sa.BigInteger(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("request_key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_member_request_number")),
        sa.CheckConstraint("kind IN ('withdrawal','change','line')", name=op.f("ck_member_request_kind")),
        sa.CheckConstraint("status IN ('open','done','declined','withdrawn')", name=op.f("ck_member_request_status")),
        sa.CheckConstraint(
            "(kind = 'withdrawal') = (amount_minor IS NOT NULL)"
            " AND (kind = 'withdrawal') = (account_number IS NOT NULL)",
            name=op.f("ck_member_request_withdrawal"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_member_request_amount")),
        sa.CheckConstraint("(kind = 'line') = (entry_number IS NOT NULL)", name=op.f("ck_member_request_line")),
        sa.CheckConstraint("(kind = 'change') = (field IS NOT NULL)", name=op.f("ck_member_request_change")),
        sa.CheckConstraint(
            "field IN ('phone','address','village','name','heirs','other')", name=op.f("ck_member_request_field")
        ),
        sa.CheckConstraint("length(fingerprint) = 32", name=op.f("ck_member_request_fingerprint")),
        sa.ForeignKeyConstraint(
            ["book_id", "member_number"],
            ["member.book_id", "member.number"],
            name=op.f("fk_member_request_book_id_member_number_member"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "account_number"],
            ["savings_account.book_id", "savings_account.number"],
            name=op.f("fk_member_request_book_id_account_number_savings_account"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "entry_number"],
            ["ledger_entry.book_id", "ledger_entry.number"],
            name=op.f("fk_member_request_book_id_entry_number_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_member_request")),
    )
    op.create_index("ix_member_request_member_number", "member_request", ["member_number", "book_id"])
    op.create_index(
        "ix_member_request_open", "member_request", ["kind", "book_id"], postgresql_where=sa.text("status = 'open'")
    )
    op.create_index("uq_member_request_request_key", "member_request", ["request_key", "book_id"], unique=True)
    op.create_table(
        "member_request_event",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("request_number", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("position BETWEEN 1 AND 200", name=op.f("ck_member_request_event_position")),
        sa.CheckConstraint(
            "status IN ('open','done','declined','withdrawn')", name=op.f("ck_member_request_event_status")
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "request_number"],
            ["member_request.book_id", "member_request.number"],
            name=op.f("fk_member_request_event_book_id_request_number_member_request"),
        ),
        sa.PrimaryKeyConstraint("book_id", "request_number", "position", name=op.f("pk_member_request_event")),
    )
