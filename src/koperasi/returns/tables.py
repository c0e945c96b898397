"""Return runs and what they found for each account; what was paid otherwise; tax slips. Balances stand in the ledger.

Triggers (migrations/sql/0006_returns.sql) keep a run as it was computed and let its state only go forward.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from koperasi.db import metadata

return_run = Table(
    "return_run",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("period_first", Date, nullable=False),
    Column("period_last", Date, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("posting", Text, nullable=False),
    Column("correction", Boolean, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'preview'")),
    Column("settings", JSONB, nullable=False),
    Column("paid_before", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("totals", JSONB, nullable=False),
    Column("head_number", BigInteger, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("prepared_by", Text, nullable=False),
    Column("prepared_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("approved_by", Text),
    Column("approved_at", DateTime(timezone=True)),
    Column("ended_by", Text),
    Column("ended_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("status IN ('preview','approved','posting','posted','dropped')", name="status"),
    CheckConstraint("posting IN ('monthly','quarterly')", name="posting"),
    CheckConstraint("period_first <= period_last AND period_last <= effective_on", name="days"),
    CheckConstraint("length(fingerprint) = 32", name="fingerprint"),
    CheckConstraint("status NOT IN ('approved','posting','posted') OR approved_by IS NOT NULL", name="approved"),
    CheckConstraint("(status IN ('posted','dropped')) = (ended_at IS NOT NULL)", name="ended"),
)
"""``settings``: the terms, rates and amounts that the run was computed with; ``totals``: what came of it, by product;
``paid_before``: what each saver had been paid in the same month, and what was withheld of it.
``head_number``: the book's last entry when it was computed, so that every figure can be computed again."""

return_line = Table(
    "return_line",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("run_number", BigInteger, nullable=False),
    Column("chunk", Integer, nullable=False),
    Column("account_number", Text, nullable=False),
    Column("member_number", Text),
    Column("product_code", Text, nullable=False),
    Column("ledger_account_id", BigInteger, nullable=False),
    Column("period_last", Date, nullable=False),
    Column("round", BigInteger, nullable=False),
    Column("day_sum", BigInteger, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("book_id", "run_number", "chunk", "account_number"),
    Index("uq_return_line_account_period", "account_number", "period_last", "round", "book_id", unique=True),
)
"""What a run found for an account, in sen. ``member_number``: its holder, a member or another cooperative (``K0001``;
here and below). ``round`` is 0, or the number of a run of differences. ``day_sum``: closing
balances of all days of the period added up. A dropped run's lines are deleted, so a period stands once an account."""

return_paid = Table(
    "return_paid",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("member_number", Text),
    Column("period_first", Date, nullable=False),
    Column("period_last", Date, nullable=False),
    Column("paid_on", Date, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("entry_number", BigInteger, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    CheckConstraint("source IN ('deposit','savings')", name="source"),
    CheckConstraint("period_first <= period_last", name="days"),
    CheckConstraint("gross_minor >= 0 AND tax_minor BETWEEN 0 AND gross_minor", name="amounts"),
    Index("uq_return_paid_reference", "reference", "source", "period_last", "entry_number", "book_id", unique=True),
    Index("ix_return_paid_paid_on", "paid_on", "book_id"),
    Index("ix_return_paid_member_number", "member_number", "paid_on", "book_id"),
)
"""Returns that no run paid: of term deposits, and of accounts that were closed. They count for the month's tax
as long as their entry stands."""

tax_slip = Table(
    "tax_slip",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("month", Date, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_number", BigInteger, nullable=False),
    Column("paid_on", Date, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("book_id", "month", "serial"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("EXTRACT(day FROM month) = 1", name="month"),
    CheckConstraint("serial > 0", name="serial"),
    CheckConstraint("source IN ('run','paid')", name="source"),
    Index("uq_tax_slip_source", "member_number", "source", "source_number", "book_id", unique=True),
)
"""One slip for each member and payment, at a tax of nothing too; numbered by month without gaps, never changed."""
