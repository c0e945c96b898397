"""Dues: what one member's simpanan wajib is if not everybody's, bills given up, and collections. No balances.

The bills themselves stand in ``savings`` (member_due), which writes those of joining.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
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

dues_terms = Table(
    "dues_terms",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("amount_minor", BigInteger),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "member_number", "valid_from"),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    CheckConstraint("amount_minor >= 0", name="amount"),
    CheckConstraint("EXTRACT(day FROM valid_from) = 1", name="valid_from"),
)
"""One member's simpanan wajib from a month on, in sen; zero bills nothing, NULL is everybody's again. Never edited."""

due_waiver = Table(
    "due_waiver",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("waived_by", Text, nullable=False),
    Column("waived_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "member_number", "kind", "period"),
    ForeignKeyConstraint(
        ["book_id", "member_number", "kind", "period"],
        ["member_due.book_id", "member_due.member_number", "member_due.kind", "member_due.period"],
    ),
    CheckConstraint("kind = 'wajib'", name="kind"),
    CheckConstraint("reason IN ('salah-tagih','dibebaskan')", name="reason"),
)
"""A bill that is no longer asked for. The bill stays, so the month is not billed again."""

collection = Table(
    "dues_collection",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("group_number", Text),
    Column("label", Text),
    Column("collected_on", Date, nullable=False),
    Column("request_key", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("count", JSONB),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    ForeignKeyConstraint(["book_id", "group_number"], ["business_group.book_id", "business_group.number"]),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("label <> ''", name="label"),
    CheckConstraint("length(fingerprint) = 32", name="fingerprint"),
    Index("uq_dues_collection_request_key", "request_key", "book_id", unique=True),
)
"""A collection sheet that was recorded. Its entries carry the link ``collection:<number>``; sums are read from them.
``count``: the pieces of each denomination, where the cash was counted so."""
