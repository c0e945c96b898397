"""Requests to be forgotten: who asked, and what came of it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from koperasi.db import SEALED, metadata

erasure_request = Table(
    "erasure_request",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("request_id", BigInteger, Identity(always=True), nullable=False),
    Column("member_number", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("requested_by", Text, nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("settled_by", Text),
    Column("outcome", Text),
    Column("answer", LargeBinary, info={SEALED: 1000}),
    PrimaryKeyConstraint("book_id", "request_id"),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    CheckConstraint("outcome IN ('erased','declined')", name="outcome"),
    CheckConstraint(
        "(outcome IS NULL) = (settled_at IS NULL) AND (outcome IS NULL) = (settled_by IS NULL)", name="settled"
    ),
    Index("ix_erasure_request_member_number", "member_number", "book_id"),
    Index(
        "uq_erasure_request_open",
        "member_number",
        "book_id",
        unique=True,
        postgresql_where=text("outcome IS NULL"),
    ),
)
"""A member has at most one open request. ``answer``: what a declined one was told, in words, so it is sealed."""
