"""Members' requests and what became of them. Words that people typed are sealed: they are personal data."""

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
    SmallInteger,
    Table,
    Text,
    text,
)

from koperasi.db import SEALED, metadata

member_request = Table(
    "member_request",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'open'")),
    Column("account_number", Text),
    Column("amount_minor", BigInteger),
    Column("entry_number", BigInteger),
    Column("field", Text),
    Column("request_key", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    ForeignKeyConstraint(["book_id", "account_number"], ["savings_account.book_id", "savings_account.number"]),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("kind IN ('withdrawal','change','line')", name="kind"),
    CheckConstraint("status IN ('open','done','declined','withdrawn')", name="status"),
    CheckConstraint(
        "(kind = 'withdrawal') = (amount_minor IS NOT NULL) AND (kind = 'withdrawal') = (account_number IS NOT NULL)",
        name="withdrawal",
    ),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint("(kind = 'line') = (entry_number IS NOT NULL)", name="line"),
    CheckConstraint("(kind = 'change') = (field IS NOT NULL)", name="change"),
    CheckConstraint("field IN ('phone','address','village','name','heirs','other')", name="field"),
    CheckConstraint("length(fingerprint) = 32", name="fingerprint"),
    Index("ix_member_request_member_number", "member_number", "book_id"),
    Index("ix_member_request_open", "kind", "book_id", postgresql_where=text("status = 'open'")),
    Index("uq_member_request_request_key", "request_key", "book_id", unique=True),
)
"""A wish, not an act: money is paid through a withdrawal, data changed in the register. Only ``status`` changes."""

member_request_event = Table(
    "member_request_event",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("request_number", BigInteger, nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("words", LargeBinary, info={SEALED: 1000}),
    PrimaryKeyConstraint("book_id", "request_number", "position"),
    ForeignKeyConstraint(["book_id", "request_number"], ["member_request.book_id", "member_request.number"]),
    CheckConstraint("position BETWEEN 1 AND 200", name="position"),
    CheckConstraint("status IN ('open','done','declined','withdrawn')", name="status"),
)
"""What was said and done about a request, in order: rows are added and never changed, but that ``words`` are sealed
with a new key, and go when the member asks to be forgotten."""
