"""What the checks of a book leave behind."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
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

from koperasi.db import metadata

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("head_number", BigInteger, nullable=False),
    Column("head_hash", LargeBinary, nullable=False),
    Column("signed_at", DateTime(timezone=True), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("asked_by", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("head_number > 0", name="head_number"),
    CheckConstraint("length(head_hash) = 32 AND length(public_key) = 32 AND length(signature) = 64", name="lengths"),
)
"""A book's last entry, signed for somebody to take along; append-only, whatever became of the entry since."""

verification_run = Table(
    "verification_run",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("finished_at", DateTime(timezone=True)),
    Column("expected", BigInteger, nullable=False),
    Column("entries", BigInteger, nullable=False, server_default=text("0")),
    Column("last_hash", LargeBinary),
    Column("findings", JSON, nullable=False, server_default=text("'[]'")),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("status IN ('running','intact','damaged','failed','interrupted')", name="status"),
    CheckConstraint("(status IN ('intact','damaged')) = (last_hash IS NOT NULL)", name="result"),
    CheckConstraint("length(last_hash) = 32", name="hash_length"),
)
"""Each check of the whole book: ``entries`` of ``expected`` are read. One that says running is, if its lock is held."""
