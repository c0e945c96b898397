"""Users, sessions, API tokens and the log-in throttle. Secrets are stored as digests only."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
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
from sqlalchemy.dialects.postgresql import ARRAY

from koperasi.db import SEALED, metadata

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
    Column("valid_until", Date),
    Column("must_change", Boolean, nullable=False, server_default=text("false")),
    Column("totp_secret", LargeBinary, info={SEALED: 1_000}),
    Column("totp_since", DateTime(timezone=True)),
    Column("totp_last_step", BigInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("book_id", "user_id"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    CheckConstraint(
        "role IN ('bendahara','kasir','ketua','pengurus','pengawas','auditor','dps','pendamping','anggota','admin')",
        name="role",
    ),
    CheckConstraint("role <> 'auditor' OR valid_until IS NOT NULL", name="auditor_ends"),
    CheckConstraint("(role = 'anggota') = (member_number IS NOT NULL)", name="member_role"),
    CheckConstraint("locale IN ('id','en')", name="locale"),
    Index("uq_app_user_username_book_id", "username", "book_id", unique=True),
)
"""``totp_secret`` is sealed with the installation's key; it counts from ``totp_since`` on, when a first code fitted."""

app_recovery_code = Table(
    "app_recovery_code",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("code_hash", LargeBinary, nullable=False),
    Column("used_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("book_id", "user_id", "code_hash"),
    ForeignKeyConstraint(["book_id", "user_id"], ["app_user.book_id", "app_user.user_id"]),
)
"""What stands in for the phone when it is lost; each works once."""

app_session = Table(
    "app_session",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("last_seen_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("address", Text),
    Column("awaits_code", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("book_id", "token_hash"),
    ForeignKeyConstraint(["book_id", "user_id"], ["app_user.book_id", "app_user.user_id"]),
)
"""``awaits_code``: the password fitted, the second factor is still to come; such a session opens nothing."""

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
    Column("scope", ARRAY(Text)),
    PrimaryKeyConstraint("book_id", "token_hash"),
    ForeignKeyConstraint(["book_id", "user_id"], ["app_user.book_id", "app_user.user_id"]),
)
"""``scope``: the permissions that the token carries, of those that its user has; none named means all of them."""

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
