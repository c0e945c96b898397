"""Savings accounts: whose, of which kind, and where in the book. The balance is the ledger account's."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from koperasi.db import metadata

savings_account = Table(
    "savings_account",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ledger_account_id", BigInteger, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("closed_on", Date),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("created_by", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    ForeignKeyConstraint(["book_id", "ledger_account_id"], ["ledger_account.book_id", "ledger_account.account_id"]),
    CheckConstraint("kind IN ('pokok','wajib','sukarela','wadiah')", name="kind"),
    CheckConstraint("number ~ '^[0-9]{9}$'", name="number"),
    Index("ix_savings_account_member_number", "member_number", "book_id"),
    Index("uq_savings_account_ledger_account_id_book_id", "ledger_account_id", "book_id", unique=True),
    Index(
        "uq_savings_account_own_capital",
        "member_number",
        "kind",
        "book_id",
        unique=True,
        postgresql_where=text("kind IN ('pokok','wajib')"),
    ),
)

due = Table(
    "member_due",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("billed_on", Date, nullable=False),
    PrimaryKeyConstraint("book_id", "member_number", "kind", "period"),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    CheckConstraint("kind IN ('pokok','wajib')", name="kind"),
    CheckConstraint("period ~ '^[0-9]{4}-[0-9]{2}$'", name="period"),
    CheckConstraint("amount_minor > 0", name="amount"),
)
"""What was billed, never a receivable; what was paid of it is the balance of the savings account in the ledger."""
