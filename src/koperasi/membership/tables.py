"""What was decided of those who leave, who was paid, and who may see what of whom. Balances stand in the ledger."""

from __future__ import annotations

from sqlalchemy import (
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
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from koperasi.db import SEALED, metadata

_STATUSES = "('pemohon','anggota','cuti','nonaktif','keluar_diajukan','keluar','meninggal','diberhentikan')"

member_exit = Table(
    "member_exit",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("from_status", Text, nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("pay_by", Date),
    Column("net_minor", BigInteger, nullable=False),
    Column("statement", JSONB, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("approved_by", Text),
    Column("decided_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("entry_number", BigInteger),
    Column("leaving_account_id", BigInteger),
    Column("reversed_at", DateTime(timezone=True)),
    Column("reversed_by", Text),
    Column("reversal_entry", BigInteger),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    ForeignKeyConstraint(["book_id", "reversal_entry"], ["ledger_entry.book_id", "ledger_entry.number"]),
    ForeignKeyConstraint(["book_id", "leaving_account_id"], ["ledger_account.book_id", "ledger_account.account_id"]),
    CheckConstraint("reason IN ('left','deceased','dismissed')", name="reason"),
    CheckConstraint(f"from_status IN {_STATUSES}", name="from_status"),
    CheckConstraint("net_minor >= 0", name="net"),
    CheckConstraint("approved_by <> asked_by", name="two_people"),
    CheckConstraint("(reversed_at IS NULL) = (reversed_by IS NULL)", name="reversed"),
    CheckConstraint("reversal_entry IS NULL OR reversed_at IS NOT NULL", name="reversal_entry"),
    CheckConstraint("length(fingerprint) = 32", name="fingerprint"),
    Index("uq_member_exit_key_book_id", "key", "book_id", unique=True),
    Index(
        "uq_member_exit_standing", "member_number", "book_id", unique=True, postgresql_where=text("reversed_at IS NULL")
    ),
)
"""A settlement as it was decided: what was computed for it, not what is owed now (that is the ledger account's)."""

member_exit_part = Table(
    "member_exit_part",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("exit_number", BigInteger, nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("name", LargeBinary, info={SEALED: 1000}),
    Column("relation", Text),
    Column("share_percent", Integer, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("book_id", "exit_number", "position"),
    ForeignKeyConstraint(["book_id", "exit_number"], ["member_exit.book_id", "member_exit.number"]),
    CheckConstraint("share_percent BETWEEN 1 AND 100", name="share_percent"),
    CheckConstraint("amount_minor >= 0", name="amount"),
)
"""To whom it is paid: the member (position 0) or each heir as they stood when it was decided."""

member_exit_payment = Table(
    "member_exit_payment",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("exit_number", BigInteger, nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("paid_on", Date, nullable=False),
    Column("entry_number", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("paid_by", Text, nullable=False),
    Column("paid_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "exit_number", "position"),
    ForeignKeyConstraint(
        ["book_id", "exit_number", "position"],
        ["member_exit_part.book_id", "member_exit_part.exit_number", "member_exit_part.position"],
        name="fk_member_exit_payment_part",
    ),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
)
"""Each part is paid once, all of it; never changed."""

member_consent = Table(
    "member_consent",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("relative_number", Text),
    Column("scope", Text, nullable=False),
    Column("until_on", Date),
    Column("given_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("given_by", Text, nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("revoked_by", Text),
    Column("reference", Text),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    ForeignKeyConstraint(["book_id", "relative_number"], ["member.book_id", "member.number"]),
    CheckConstraint("scope IN ('balances','passbook','dues','all','programme')", name="scope"),
    CheckConstraint("(scope = 'programme') = (relative_number IS NULL)", name="relative"),
    CheckConstraint("relative_number <> member_number", name="another"),
    CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
    CheckConstraint("length(reference) <= 60", name="reference"),
    Index("ix_member_consent_member_number", "member_number", "book_id"),
    Index("ix_member_consent_relative_number", "relative_number", "book_id"),
)
"""What a member lets another member, or the programme's officer, see; it is taken back once and stays as history.

``reference`` is the number of the paper, where staff recorded what was given on one (``given_by`` is then theirs)."""
