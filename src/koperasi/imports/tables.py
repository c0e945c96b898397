"""Imports: each uploaded file, what was decided about it, and how far its posting has come."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from koperasi.db import SEALED, metadata

import_batch = Table(
    "import_batch",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("import_id", BigInteger, Identity(always=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("file_hash", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False, info={SEALED: 2}),
    Column("options", JSON, nullable=False),
    Column("status", Text, nullable=False),
    Column("rows_total", Integer, nullable=False, server_default=text("0")),
    Column("rows_done", Integer, nullable=False, server_default=text("0")),
    Column("result", JSON, nullable=False, server_default=text("'{}'")),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "import_id"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("status IN ('previewed','posting','posted','failed','undone')", name="status"),
    Index("ix_import_batch_file_hash", "file_hash", "book_id"),
    Index(
        "uq_import_batch_posted",
        "file_hash",
        "kind",
        "book_id",
        unique=True,
        postgresql_where=text("status IN ('posting','posted')"),
    ),
)
"""``content`` is sealed, for a list of members is personal data; once posted, its file is not needed and let go."""
