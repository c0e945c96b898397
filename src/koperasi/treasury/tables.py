"""Tills, the sessions in which they are worked, cash handed over, closed days, and the numbers of vouchers.

What is in a till, and what was expected there at any moment, stands in the ledger and nowhere else: here stand who
answers for it, from when to when, and what was counted.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
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

office = Table(
    "office",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("closed_on", Date),
    PrimaryKeyConstraint("book_id", "code"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("code ~ '^[0-9A-Z]{2,6}$'", name="code"),
    CheckConstraint("name <> ''", name="name"),
    CheckConstraint("closed_on >= opened_on", name="closed_on"),
    CheckConstraint("code <> '01' OR closed_on IS NULL", name="head"),
)
"""Where people stand at a desk. ``01`` is the head office, which every cooperative has from its founding on."""

till = Table(
    "till",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("username", Text, nullable=False),
    Column("office", Text, nullable=False),
    Column("ledger_account_id", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "username", "office"),
    ForeignKeyConstraint(["book_id", "office"], ["office.book_id", "office.code"]),
    ForeignKeyConstraint(["book_id", "ledger_account_id"], ["ledger_account.book_id", "ledger_account.account_id"]),
    Index("uq_till_ledger_account_id_book_id", "ledger_account_id", "book_id", unique=True),
)
"""Whose drawer an account beneath the tills' control account is, and at which office; a till never moves."""

teller_session = Table(
    "teller_session",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("username", Text, nullable=False),
    Column("office", Text, nullable=False),
    Column("business_day", Date, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("opening_count", JSONB, nullable=False),
    Column("opening_entry", BigInteger),
    Column("opening_head", BigInteger, nullable=False),
    Column("opening_key", Text, nullable=False),
    Column("opening_fingerprint", LargeBinary, nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("closed_by", Text),
    Column("closing_count", JSONB),
    Column("closing_entry", BigInteger),
    Column("closing_head", BigInteger),
    Column("closing_key", Text),
    Column("closing_fingerprint", LargeBinary),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id", "username", "office"], ["till.book_id", "till.username", "till.office"]),
    ForeignKeyConstraint(["book_id", "opening_entry"], ["ledger_entry.book_id", "ledger_entry.number"]),
    ForeignKeyConstraint(["book_id", "closing_entry"], ["ledger_entry.book_id", "ledger_entry.number"]),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("length(opening_fingerprint) = 32", name="opening_fingerprint"),
    CheckConstraint("length(closing_fingerprint) = 32", name="closing_fingerprint"),
    CheckConstraint(
        "num_nulls(closed_at, closed_by, closing_count, closing_head, closing_key, closing_fingerprint) IN (0, 6)",
        name="closed_whole",
    ),
    CheckConstraint("closing_entry IS NULL OR closed_at IS NOT NULL", name="closing_entry"),
    CheckConstraint("closing_head >= opening_head", name="heads"),
    Index("uq_teller_session_open", "username", "book_id", unique=True, postgresql_where=text("closed_at IS NULL")),
    Index("uq_teller_session_opening_key_book_id", "opening_key", "book_id", unique=True),
    Index("ix_teller_session_business_day", "business_day", "book_id"),
)
"""From a counted drawer to a counted drawer. Its movements are the till's postings after the head at its opening, up to
the head at its closing; both counts are pieces by denomination."""

cash_handover = Table(
    "cash_handover",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("entry_number", BigInteger, nullable=False),
    Column("session_number", BigInteger, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("confirmed_by", Text),
    Column("confirmed_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("book_id", "entry_number"),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    ForeignKeyConstraint(["book_id", "session_number"], ["teller_session.book_id", "teller_session.number"]),
    CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
    Index("ix_cash_handover_session", "session_number", "book_id"),
)
"""Cash between vault and till: who wrote it down, and who on the other side said that it is so."""

business_day = Table(
    "business_day",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("next_day", Date, nullable=False),
    Column("closed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("closed_by", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("head_number", BigInteger, nullable=False),
    Column("head_hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("book_id", "day"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("next_day > day", name="next_day"),
    CheckConstraint("length(head_hash) = 32", name="head_hash_length"),
)
"""A day that is closed: what it came to, and the book's last entry then."""

petty_count = Table(
    "petty_count",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("business_day", Date, nullable=False),
    Column("counted_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("counted_by", Text, nullable=False),
    Column("count", JSONB, nullable=False),
    Column("entry", BigInteger),
    Column("head", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    ForeignKeyConstraint(["book_id", "entry"], ["ledger_entry.book_id", "ledger_entry.number"]),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("length(fingerprint) = 32", name="fingerprint"),
    Index("uq_petty_count_key_book_id", "key", "book_id", unique=True),
)
"""Petty cash as it was counted: by whom, who holds it from then on, and the book's last entry then. What was over or
short, and what the vault put in afterwards, is the entry's."""

voucher = Table(
    "voucher",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("office", Text, nullable=False),
    Column("month", Date, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("entry_number", BigInteger, nullable=False),
    PrimaryKeyConstraint("book_id", "kind", "office", "month", "serial"),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    ForeignKeyConstraint(["book_id", "office"], ["office.book_id", "office.code"]),
    CheckConstraint("kind IN ('BKM','BKK','BM')", name="kind"),
    CheckConstraint("EXTRACT(day FROM month) = 1", name="month"),
    CheckConstraint("serial > 0", name="serial"),
    Index("uq_voucher_entry_number_book_id", "entry_number", "book_id", unique=True),
)
"""The number that an entry has on paper: without gaps by kind, office and month."""

voucher_head = Table(
    "voucher_head",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("entry_number", BigInteger, nullable=False),
    PrimaryKeyConstraint("book_id"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("entry_number >= 0", name="entry_number"),
)
"""Up to which entry vouchers are numbered; whoever numbers on locks it."""
