"""Users, sessions, API tokens and the log-in throttle. Secrets are stored as digests only."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
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

from koperasi.db import metadata

app_user = Table(
    "app_user",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, Identity(always=True), nullable=False),
    Column("username", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("member_number", Text),
    Column("locale", Text, nullable=False, server_default=text("'id'")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "user_id"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    CheckConstraint("role IN ('bendahara','kasir','ketua','pengawas','anggota','admin')", name="role"),
    CheckConstraint("(role = 'anggota') = (member_number IS NOT NULL)", name="member_role"),
    CheckConstraint("locale IN ('id','en')", name="locale"),
    Index("uq_app_user_username_book_id", "username", "book_id", unique=True),
)

app_session = Table(
    "app_session",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("last_seen_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("book_id", "token_hash"),
    ForeignKeyConstraint(["book_id", "user_id"], ["app_user.book_id", "app_user.user_id"]),
)

api_token = Table(
    "api_token",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("last_used_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("book_id", "token_hash"),
    ForeignKeyConstraint(["book_id", "user_id"], ["app_user.book_id", "app_user.user_id"]),
)

login_throttle = Table(
    "login_throttle",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("last_failure_at", DateTime(timezone=True), nullable=False),
    Column("blocked_until", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("book_id", "key"),
)
"""Failures by account (``user:name``) and by address (``address:…``)."""
