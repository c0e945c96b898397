"""Acts that wait for a second person. A trigger (migrations/sql/0004_approvals.sql) keeps what was asked as it was."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from koperasi.db import metadata

approval = Table(
    "approval",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'draft'")),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("key", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("note", Text),
    Column("note_salt", LargeBinary),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("entry_number", BigInteger),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    CheckConstraint(
        "kind IN ('withdrawal','entry','reversal','write-off','disbursement','rate-change','role-change',"
        "'member-exit','return-run')",
        name="kind",
    ),
    CheckConstraint("status IN ('draft','approved','refused','expired','withdrawn')", name="status"),
    CheckConstraint("(status = 'draft') = (decided_at IS NULL)", name="decided"),
    CheckConstraint("(status IN ('draft','expired')) = (decided_by IS NULL)", name="decided_by"),
    CheckConstraint("status NOT IN ('approved','refused') OR decided_by <> asked_by", name="two_people"),
    CheckConstraint("status <> 'withdrawn' OR decided_by = asked_by", name="withdrawn_by"),
    CheckConstraint("entry_number IS NULL OR status = 'approved'", name="entry_number"),
    CheckConstraint("status = 'draft' OR note IS NULL", name="note"),
    CheckConstraint("(note IS NULL) = (note_salt IS NULL)", name="note_salt"),
    CheckConstraint("length(fingerprint) = 32", name="fingerprint"),
    Index("uq_approval_key", "key", "book_id", unique=True),
    Index("ix_approval_draft", "expires_at", "book_id", postgresql_where=text("status = 'draft'")),
)
"""``content`` is the act itself, without words that a person typed: those are the ``note``, of which the content has a
salted digest, and which goes when it is decided. ``held`` of a ledger account is the sum of what drafts hold."""
