"""Term deposits: what is offered, what was agreed, and what was computed. The balance is the ledger account's."""

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
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from koperasi.db import metadata

EARNS = "earns IN ('rate','nisbah')"
MONTHS = "months IN (1,3,6,12)"
EARLY = "early IN ('nothing','reduced_rate','penalty')"
PAY_MONTHS = "pay_months IN (0,1,3) AND months % greatest(pay_months, 1) = 0"
CARRIED = (
    "carried_on IS NOT NULL OR (prior_number IS NULL AND paid_until IS NULL AND paid_before_minor = 0 "
    "AND closed_as IS DISTINCT FROM 'undone')"
)
BASIS = "basis IN ('actual/365','actual/360','actual/actual','months/12')"

deposit_terms = Table(
    "deposit_terms",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("months", Integer, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("earns", Text, nullable=False),
    Column("percent", Numeric(7, 4), nullable=False),
    Column("basis", Text, nullable=False),
    Column("pay_months", Integer, nullable=False),
    Column("early", Text, nullable=False),
    Column("early_percent", Numeric(7, 4), nullable=False),
    Column("minimum_minor", BigInteger, nullable=False),
    Column("reference", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "months", "valid_from"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint(MONTHS, name="months"),
    CheckConstraint(EARNS, name="earns"),
    CheckConstraint(BASIS, name="basis"),
    CheckConstraint(EARLY, name="early"),
    CheckConstraint(PAY_MONTHS, name="pay_months"),
    CheckConstraint("percent BETWEEN 0 AND 100 AND early_percent BETWEEN 0 AND 100", name="percents"),
    CheckConstraint("minimum_minor > 0", name="minimum"),
)
"""What a deposit of so many months brings if it is opened on or after a day; never changed, a later row follows.

``percent`` a year, or the member's nisbah; ``early_percent`` is the lower rate or nisbah, or the penalty in percent of
the principal; ``pay_months``: paid every so many months, 0 is at maturity."""

deposit_result = Table(
    "deposit_result",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("month", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("hi_1000", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("book_id", "month", "revision"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("extract(day FROM month) = 1", name="month"),
    CheckConstraint("hi_1000 ~ '^[0-9]+(/[1-9][0-9]*)?$'", name="hi_1000"),
    CheckConstraint("revision > 0", name="revision"),
)
"""What the pool brought in a month: HI-1000, rupiah for each 1,000 of average funds, as an exact
fraction (``209/10``). The latest revision holds."""

deposit = Table(
    "deposit",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("certificate", Text, nullable=False),
    Column("member_number", Text),
    Column("partner_number", Text),
    Column("months", Integer, nullable=False),
    Column("seed_on", Date, nullable=False),
    Column("term", Integer, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("matures_on", Date, nullable=False),
    Column("principal_minor", BigInteger, nullable=False),
    Column("earns", Text, nullable=False),
    Column("percent", Numeric(7, 4), nullable=False),
    Column("basis", Text, nullable=False),
    Column("pay_months", Integer, nullable=False),
    Column("early", Text, nullable=False),
    Column("early_percent", Numeric(7, 4), nullable=False),
    Column("penalty_minor", BigInteger, nullable=False),
    Column("roll_over", Text, nullable=False),
    Column("payout_account", Text, nullable=False),
    Column("previous", Text),
    Column("carried_on", Date),
    Column("prior_number", Text),
    Column("paid_until", Date),
    Column("paid_before_minor", BigInteger, nullable=False, server_default=text("0")),
    Column("ledger_account_id", BigInteger, nullable=False),
    Column("opening_entry", BigInteger, nullable=False),
    Column("closed_on", Date),
    Column("closed_as", Text),
    Column("closing_entry", BigInteger),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("created_by", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    ForeignKeyConstraint(["book_id", "partner_number"], ["partner_cooperative.book_id", "partner_cooperative.number"]),
    ForeignKeyConstraint(["book_id", "payout_account"], ["savings_account.book_id", "savings_account.number"]),
    ForeignKeyConstraint(["book_id", "previous"], ["deposit.book_id", "deposit.number"]),
    ForeignKeyConstraint(["book_id", "ledger_account_id"], ["ledger_account.book_id", "ledger_account.account_id"]),
    ForeignKeyConstraint(["book_id", "opening_entry"], ["ledger_entry.book_id", "ledger_entry.number"]),
    ForeignKeyConstraint(["book_id", "closing_entry"], ["ledger_entry.book_id", "ledger_entry.number"]),
    CheckConstraint("number ~ '^[0-9]{9}$'", name="number"),
    CheckConstraint(MONTHS, name="months"),
    CheckConstraint("term > 0", name="term"),
    CheckConstraint("seed_on <= opened_on AND opened_on < matures_on", name="days"),
    CheckConstraint("principal_minor > 0 AND penalty_minor >= 0", name="amounts"),
    CheckConstraint(EARNS, name="earns"),
    CheckConstraint(BASIS, name="basis"),
    CheckConstraint(EARLY, name="early"),
    CheckConstraint(PAY_MONTHS, name="pay_months"),
    CheckConstraint("roll_over IN ('none','principal','principal_and_return')", name="roll_over"),
    CheckConstraint("(member_number IS NULL) <> (partner_number IS NULL)", name="holder"),
    CheckConstraint(CARRIED, name="carried"),
    CheckConstraint("paid_before_minor >= 0 AND paid_until >= opened_on", name="paid_before"),
    CheckConstraint("closed_as IN ('matured','rolled','early','exit','undone')", name="closed_as"),
    CheckConstraint(
        "(closed_on IS NULL) = (closed_as IS NULL) AND (closed_on IS NULL) = (closing_entry IS NULL)", name="closed"
    ),
    Index("ix_deposit_member_number", "member_number", "book_id"),
    Index("ix_deposit_running", "matures_on", "number", "book_id", postgresql_where=text("closed_on IS NULL")),
    Index(
        "ix_deposit_partner_number", "partner_number", "book_id", postgresql_where=text("partner_number IS NOT NULL")
    ),
    Index(
        "uq_deposit_prior_number",
        "prior_number",
        "book_id",
        unique=True,
        postgresql_where=text("closed_as IS DISTINCT FROM 'undone'"),
    ),
    Index("uq_deposit_certificate", "certificate", "book_id", unique=True),
    Index("uq_deposit_ledger_account_id", "ledger_account_id", "book_id", unique=True),
    Index("uq_deposit_previous", "previous", "book_id", unique=True),
)
"""One contract, from its first day to its maturity, with the terms as they were agreed. A roll-over is a new contract
that names the one before; ``seed_on`` is the first day of the first, by which maturities are counted, ``term`` which
of them this is. It is a member's, or another cooperative's (``partner_number``).

A contract from before the book was ``carried_on`` a day into it under the number on its old paper (``prior_number``);
its returns had been paid for the days up to ``paid_until``, ``paid_before_minor`` in sen in all."""

deposit_return = Table(
    "deposit_return",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("deposit_number", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("paid_on", Date, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("entry_number", BigInteger, nullable=False),
    Column("round", Integer, nullable=False, server_default=text("1")),
    PrimaryKeyConstraint("book_id", "deposit_number", "part", "round"),
    ForeignKeyConstraint(["book_id", "deposit_number"], ["deposit.book_id", "deposit.number"]),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    CheckConstraint("part >= 0", name="part"),
    CheckConstraint("round > 0", name="round"),
    CheckConstraint("gross_minor >= 0 OR part = 0", name="gross"),
    CheckConstraint("tax_minor >= 0 AND tax_minor <= greatest(gross_minor, 0)", name="tax"),
)
"""A return that was posted: once for each part of a term, and once more (the next ``round``) when its entry was
reversed. Part 0 is what closing before the day brought beyond what
had been paid; below zero, it was kept back from the principal."""
