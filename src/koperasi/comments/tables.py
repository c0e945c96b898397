"""Comments on entries. A trigger (migrations/sql/0011_access.sql) keeps them as they were written."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from koperasi.db import SEALED, metadata

entry_comment = Table(
    "entry_comment",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("entry_number", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("written_by", Text, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("words", LargeBinary, info={SEALED: 1000}),
    Column("erased_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("book_id", "entry_number", "number"),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    CheckConstraint("(words IS NULL) = (erased_at IS NOT NULL)", name="words"),
)
"""``words`` may name people, so they are sealed with the installation's key and can be erased."""
