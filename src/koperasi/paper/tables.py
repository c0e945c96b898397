"""How a passbook's paper is laid out, and what was printed into which passbook. Both are only added to."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from koperasi.db import metadata

passbook_layout = Table(
    "passbook_layout",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("layout", JSONB, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "revision"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("revision > 0", name="revision"),
)
"""Lengths in tenths of a millimetre; the latest revision is the one in use."""

passbook_print = Table(
    "passbook_print",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("account_number", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("layout_revision", Integer, nullable=False),
    Column("reprint", Boolean, nullable=False),
    Column("first_entry", BigInteger, nullable=False),
    Column("first_line", Integer, nullable=False),
    Column("last_entry", BigInteger, nullable=False),
    Column("last_line", Integer, nullable=False),
    Column("line_count", Integer, nullable=False),
    Column("page", Integer, nullable=False),
    Column("page_row", Integer, nullable=False),
    Column("last_page", Integer, nullable=False),
    Column("last_row", Integer, nullable=False),
    Column("printed_by", Text, nullable=False),
    Column("printed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "account_number", "number"),
    ForeignKeyConstraint(["book_id", "account_number"], ["savings_account.book_id", "savings_account.number"]),
    CheckConstraint("number > 0 AND layout_revision >= 0 AND line_count > 0", name="numbers"),
    CheckConstraint("page > 0 AND page_row > 0 AND last_page >= page AND last_row > 0", name="places"),
    CheckConstraint("(last_entry, last_line) >= (first_entry, first_line)", name="lines"),
)
"""Which movements were printed, from which page and line to which; ``layout_revision`` 0 is the usual layout."""
