"""The trail's rows and the head of its chain. A trigger (migrations/sql/0003_audit.sql) numbers and seals each row."""

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

audit_head = Table(
    "audit_head",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("last_number", BigInteger, nullable=False),
    Column("last_hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("book_id"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
)
"""One row a book: the last row's number and hash. Only the trigger writes it."""

audit_event = Table(
    "audit_event",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False, server_default=text("0")),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", Text),
    Column("address", Text),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB(none_as_null=True)),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("action ~ '^[a-z]+(-[a-z]+)*(\\.[a-z]+(-[a-z]+)*)?$'", name="action"),
    Index("ix_audit_event_actor", "actor", "book_id", "number"),
    Index("ix_audit_event_recorded_at", "recorded_at", "book_id"),
)
"""Append-only. ``before`` and ``after`` hold names of fields, codes and settings: never a person's own data."""
