"""The ledger's tables. Every primary key begins with ``book_id``; foreign and unique keys contain it.

A hot table has one index that begins with ``book_id``, its primary key; other indexes lead with the selective column,
so that the planner can't read a whole book through a prefix (docs/adr/0002). Triggers, policies and rights stand in
the migration.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
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
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    text,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)

book_ids = Sequence("ledger_book_id", metadata=metadata)

book = Table(
    "ledger_book",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
)

head = Table(
    "ledger_head",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("last_number", BigInteger, nullable=False, server_default=text("0")),
    Column("last_hash", LargeBinary, nullable=False),
    Column("last_recorded_at", DateTime(timezone=True), nullable=False, server_default=text("'epoch'")),
    PrimaryKeyConstraint("book_id"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("length(last_hash) = 32", name="hash_length"),
)

account = Table(
    "ledger_account",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, Identity(always=True), nullable=False),
    Column("code", Text, nullable=False),
    Column("name_id", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("floor", BigInteger),
    Column("held", BigInteger, nullable=False, server_default=text("0")),
    Column("control", Boolean, nullable=False, server_default=text("false")),
    Column("opened_on", Date),
    Column("closed_on", Date),
    Column("debit", BigInteger, nullable=False, server_default=text("0")),
    Column("credit", BigInteger, nullable=False, server_default=text("0")),
    Column("last_day", Date),
    Column("locked_to", Date),
    PrimaryKeyConstraint("book_id", "account_id"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint(
        "type IN ('asset','liability','temporary_syirkah','equity','income','expense','social_fund','memorandum')",
        name="type",
    ),
    CheckConstraint("side IN ('debit','credit')", name="side"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("debit >= 0 AND credit >= 0", name="totals"),
    CheckConstraint("held >= 0", name="held"),
    CheckConstraint("closed_on IS NULL OR opened_on IS NULL OR closed_on >= opened_on", name="closed_after_opened"),
    CheckConstraint(
        "floor IS NULL OR CASE side WHEN 'debit' THEN debit - credit ELSE credit - debit END - held >= LEAST(floor, 0)",
        name="floor",
    ),
    Index("uq_ledger_account_code_book_id", "code", "book_id", unique=True),
    Index("ix_ledger_account_top", "code", "book_id", postgresql_where=text("strpos(code, '.') = 0")),
)

MARKED = "kind IN ('adjustment','closing') OR reverses IS NOT NULL"
"""Entries that statements tell apart: few, and found by an index of their own in a query that says just this."""

entry = Table(
    "ledger_entry",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("effective_date", Date, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("note_digest", LargeBinary),
    Column("source", Text),
    Column("actor", Text, nullable=False),
    Column("reverses", BigInteger),
    Column("link", Text),
    Column("metadata", JSON, nullable=False),
    Column("line_count", Integer, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("book_id", "number"),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("line_count >= 2", name="line_count"),
    CheckConstraint("length(hash) = 32 AND length(previous_hash) = 32", name="hash_length"),
    CheckConstraint("length(note_digest) = 32", name="note_digest_length"),
    CheckConstraint("reverses < number", name="reverses_earlier"),
    Index("ix_ledger_entry_effective_date", "effective_date", "book_id", "number"),
    Index("ix_ledger_entry_marked", "effective_date", "book_id", "number", postgresql_where=text(MARKED)),
    Index("ix_ledger_entry_link", "link", "book_id", "number", postgresql_where=text("link IS NOT NULL")),
)

note = Table(
    "ledger_note",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("entry_number", BigInteger, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("text", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "entry_number"),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    CheckConstraint("length(salt) = 16", name="salt_length"),
)

erasure = Table(
    "ledger_erasure",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("entry_number", BigInteger, nullable=False),
    Column("erased_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "entry_number"),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    CheckConstraint("reason ~ '^[a-z][a-z-]{0,39}$'", name="reason"),
)
"""Whose note was erased, by whom and why; the reason is a slug, since words could name again whom the note named."""

posting = Table(
    "ledger_posting",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("entry_number", BigInteger, nullable=False),
    Column("line", Integer, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("effective_date", Date, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("balance_after", BigInteger, nullable=False),
    PrimaryKeyConstraint("book_id", "entry_number", "line"),
    CheckConstraint("amount <> 0", name="amount"),
    CheckConstraint("line > 0", name="line"),
    Index("ix_ledger_posting_account", "account_id", "book_id", "effective_date", "entry_number", "line"),
)

turnover = Table(
    "ledger_turnover",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("debit", BigInteger, nullable=False),
    Column("credit", BigInteger, nullable=False),
    PrimaryKeyConstraint("book_id", "account_id", "day"),
    CheckConstraint("debit >= 0 AND credit >= 0", name="totals"),
)

sums = Table(
    "ledger_sum",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("span", Text, nullable=False),
    Column("begins", Date, nullable=False),
    Column("code", Text, nullable=False),
    Column("debit", Numeric, nullable=False),
    Column("credit", Numeric, nullable=False),
    PrimaryKeyConstraint("book_id", "span", "begins", "code"),
    CheckConstraint("span IN ('day','month')", name="span"),
    CheckConstraint("span = 'day' OR EXTRACT(day FROM begins) = 1", name="begins"),
    CheckConstraint("debit >= 0 AND credit >= 0", name="totals"),
)
"""Turnovers of accounts of the first level with all beneath them, by day and by month: what a trial balance reads."""

key = Table(
    "ledger_key",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("entry_number", BigInteger),
    Column("refusal", JSON),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "key"),
    CheckConstraint("(entry_number IS NULL) <> (refusal IS NULL)", name="one_outcome"),
    CheckConstraint("length(key) BETWEEN 1 AND 200", name="key_length"),
)

reversal = Table(
    "ledger_reversal",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("entry_number", BigInteger, nullable=False),
    Column("reversal_number", BigInteger, nullable=False),
    Column("undone_by", BigInteger),
    PrimaryKeyConstraint("book_id", "entry_number", "reversal_number"),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    ForeignKeyConstraint(["book_id", "reversal_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    Index(
        "uq_ledger_reversal_active",
        "entry_number",
        "book_id",
        unique=True,
        postgresql_where=text("undone_by IS NULL"),
    ),
)

period = Table(
    "ledger_period",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("month", Date, nullable=False),
    Column("status", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "month"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("EXTRACT(day FROM month) = 1", name="month"),
    CheckConstraint("status IN ('open','held','closed')", name="status"),
)

period_act = Table(
    "ledger_period_act",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("month", Date, nullable=False),
    Column("act", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("reason", Text),
    Column("head_number", BigInteger, nullable=False),
    Column("head_hash", LargeBinary, nullable=False),
    Column("digest", LargeBinary),
    Column("confirms", BigInteger),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    ForeignKeyConstraint(["book_id", "confirms"], ["ledger_period_act.book_id", "ledger_period_act.number"]),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("EXTRACT(day FROM month) = 1", name="month"),
    CheckConstraint("act IN ('hold','open','close','reopen-request','reopen')", name="act"),
    CheckConstraint("length(head_hash) = 32", name="head_hash_length"),
    CheckConstraint("(act = 'close') = (digest IS NOT NULL) AND length(digest) = 32", name="digest"),
    CheckConstraint("(act = 'reopen') = (confirms IS NOT NULL)", name="confirms"),
    CheckConstraint("act <> 'reopen-request' OR reason <> ''", name="reason"),
)
"""What was done with months. A close is never deleted; a reopening stands beside it."""
