"""The tenant: one cooperative for each book, its dated policies, and its number series."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from koperasi.db import metadata

KINDS = ("ksp", "usp", "kspps", "uspps", "bumdes_unit", "bpr", "kelompok")

cooperative = Table(
    "cooperative",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("business_date", Date),
    Column("village", Text),
    Column("district", Text),
    Column("regency", Text),
    Column("province", Text),
    Column("address", Text),
    Column("registration_number", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("read_only_since", DateTime(timezone=True)),
    PrimaryKeyConstraint("book_id"),
    UniqueConstraint("code"),
    CheckConstraint("kind IN ('ksp','usp','kspps','uspps','bumdes_unit','bpr','kelompok')", name="kind"),
    CheckConstraint("timezone IN ('Asia/Jakarta','Asia/Makassar','Asia/Jayapura')", name="timezone"),
    CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{1,39}$'", name="code"),
)
"""A reference table: the log-in page must find a cooperative before any book is bound."""

installation_switch = Table(
    "installation_switch",
    metadata,
    Column("code", Text, nullable=False),
    Column("since", DateTime(timezone=True)),
    PrimaryKeyConstraint("code"),
    CheckConstraint("code IN ('read-only')", name="code"),
)
"""What holds for all cooperatives at once, since when; set by the owner of the tables, read by the service."""

cooperative_secret = Table(
    "cooperative_secret",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("receipt_secret", LargeBinary, nullable=False),
    PrimaryKeyConstraint("book_id"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
)

policy = Table(
    "policy",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("value", JSON, nullable=False),
    Column("legal_reference", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "name", "valid_from"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
)
"""A rate, limit, ceiling or rounding rule from a day on; never edited, only followed by a later row."""

number_series = Table(
    "number_series",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("series", Text, nullable=False),
    Column("last", BigInteger, nullable=False),
    PrimaryKeyConstraint("book_id", "series"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
)
"""The last number given of each kind (members, accounts, groups); numbers are never given twice."""
