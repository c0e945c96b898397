"""Savings accounts: whose, of which kind, and where in the book. The balance is the ledger account's."""

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
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from koperasi.db import metadata

KINDS = "('pokok','wajib','sukarela','wadiah','mudharabah','berencana','wajib_pinjam','koperasi_lain')"

savings_product = Table(
    "savings_product",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name_id", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("created_by", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "code"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    # So that an account's kind is its product's.
    UniqueConstraint("book_id", "code", "kind"),
    CheckConstraint(f"kind IN {KINDS}", name="kind"),
    CheckConstraint("code ~ '^[a-z0-9]([a-z0-9_-]{0,28}[a-z0-9])?$'", name="code"),
)
"""What members may save in. Rows never change; what a product gives and asks stands in its terms."""

savings_product_terms = Table(
    "savings_product_terms",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("product_code", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("offered", Boolean, nullable=False),
    Column("earns", Text, nullable=False),
    Column("rate_percent", Numeric(9, 6)),
    Column("nisbah_percent", Numeric(9, 6)),
    Column("method", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("posting", Text, nullable=False),
    Column("earning_minimum_minor", BigInteger, nullable=False),
    Column("opening_minimum_minor", BigInteger, nullable=False),
    Column("deposit_minimum_minor", BigInteger, nullable=False),
    Column("floor_minor", BigInteger, nullable=False),
    Column("monthly_fee_minor", BigInteger, nullable=False),
    Column("dormancy_months", Integer),
    Column("early_withdrawal", Boolean, nullable=False),
    Column("unit_minor", BigInteger, nullable=False),
    Column("rounding", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("set_by", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "product_code", "valid_from"),
    ForeignKeyConstraint(["book_id", "product_code"], ["savings_product.book_id", "savings_product.code"]),
    CheckConstraint("earns IN ('none','rate','nisbah','bonus')", name="earns"),
    CheckConstraint("(earns = 'rate') = (rate_percent IS NOT NULL)", name="rate"),
    CheckConstraint("(earns = 'nisbah') = (nisbah_percent IS NOT NULL)", name="nisbah"),
    CheckConstraint("rate_percent BETWEEN 0 AND 100 AND nisbah_percent BETWEEN 0 AND 100", name="percent"),
    CheckConstraint("method IN ('daily','average','lowest')", name="method"),
    CheckConstraint("basis IN ('actual/365','actual/360','actual/actual')", name="basis"),
    CheckConstraint("posting IN ('monthly','quarterly')", name="posting"),
    CheckConstraint(
        "least(earning_minimum_minor, opening_minimum_minor, deposit_minimum_minor, floor_minor, monthly_fee_minor)"
        " >= 0",
        name="amounts",
    ),
    CheckConstraint("dormancy_months BETWEEN 1 AND 120", name="dormancy_months"),
    CheckConstraint("unit_minor > 0", name="unit"),
    CheckConstraint("rounding IN ('half_up','half_even','down','up')", name="rounding"),
)
"""What a product gives and asks from a day on, until the next row's day. Rows never change; see ``products``."""

savings_account = Table(
    "savings_account",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("member_number", Text),
    Column("partner_number", Text),
    Column("kind", Text, nullable=False),
    Column("product_code", Text, nullable=False),
    Column("ledger_account_id", BigInteger, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("closed_on", Date),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("created_by", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    ForeignKeyConstraint(["book_id", "partner_number"], ["partner_cooperative.book_id", "partner_cooperative.number"]),
    ForeignKeyConstraint(["book_id", "ledger_account_id"], ["ledger_account.book_id", "ledger_account.account_id"]),
    ForeignKeyConstraint(
        ["book_id", "product_code", "kind"],
        ["savings_product.book_id", "savings_product.code", "savings_product.kind"],
    ),
    CheckConstraint(f"kind IN {KINDS}", name="kind"),
    CheckConstraint("(member_number IS NULL) <> (partner_number IS NULL)", name="holder"),
    CheckConstraint("(kind = 'koperasi_lain') = (partner_number IS NOT NULL)", name="closed_loop"),
    CheckConstraint("number ~ '^[0-9]{9}$'", name="number"),
    Index("ix_savings_account_member_number", "member_number", "book_id"),
    Index(
        "ix_savings_account_partner_number",
        "partner_number",
        "book_id",
        postgresql_where=text("partner_number IS NOT NULL"),
    ),
    Index("uq_savings_account_ledger_account_id_book_id", "ledger_account_id", "book_id", unique=True),
    Index(
        "uq_savings_account_own_capital",
        "member_number",
        "kind",
        "book_id",
        unique=True,
        postgresql_where=text("kind IN ('pokok','wajib')"),
    ),
)

savings_plan = Table(
    "savings_plan",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("account_number", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("goal", Text, nullable=False),
    Column("target_minor", BigInteger, nullable=False),
    Column("target_date", Date, nullable=False),
    Column("instalment_minor", BigInteger, nullable=False),
    Column("day_of_month", Integer, nullable=False),
    Column("source_number", Text),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("set_by", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "account_number", "valid_from"),
    ForeignKeyConstraint(["book_id", "account_number"], ["savings_account.book_id", "savings_account.number"]),
    ForeignKeyConstraint(["book_id", "source_number"], ["savings_account.book_id", "savings_account.number"]),
    CheckConstraint("goal IN ('sekolah','lebaran','qurban','umrah','lain')", name="goal"),
    CheckConstraint("target_minor > 0 AND instalment_minor >= 0", name="amounts"),
    CheckConstraint("day_of_month BETWEEN 1 AND 31", name="day_of_month"),
    CheckConstraint("source_number <> account_number", name="source"),
)
"""What planned savings are for, and the standing order towards it, from a day on. Rows never change."""

savings_plan_transfer = Table(
    "savings_plan_transfer",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("account_number", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("entry_number", BigInteger, nullable=False),
    PrimaryKeyConstraint("book_id", "account_number", "period"),
    ForeignKeyConstraint(["book_id", "account_number"], ["savings_account.book_id", "savings_account.number"]),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    CheckConstraint("period ~ '^[0-9]{4}-[0-9]{2}$'", name="period"),
    CheckConstraint("amount_minor > 0", name="amount"),
)
"""The instalments that standing orders have moved: one a month and account, whoever runs them and however often."""

savings_fee = Table(
    "savings_fee",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("account_number", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("entry_number", BigInteger),
    PrimaryKeyConstraint("book_id", "account_number", "period"),
    ForeignKeyConstraint(["book_id", "account_number"], ["savings_account.book_id", "savings_account.number"]),
    ForeignKeyConstraint(["book_id", "entry_number"], ["ledger_entry.book_id", "ledger_entry.number"]),
    CheckConstraint("period ~ '^[0-9]{4}-[0-9]{2}$'", name="period"),
    CheckConstraint("amount_minor >= 0", name="amount"),
    CheckConstraint("(amount_minor = 0) = (entry_number IS NULL)", name="entry"),
)
"""The monthly fees taken: once a month and account. Zero is an account in which there was nothing to take."""

partner_cooperative = Table(
    "partner_cooperative",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("registration_number", Text),
    Column("opened_on", Date, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("created_by", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("number ~ '^K[0-9]{4}$'", name="number"),
)
"""Other cooperatives, who may save here beside the members (Permenkop UKM 8/2023): institutions, not people."""

due = Table(
    "member_due",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("billed_on", Date, nullable=False),
    PrimaryKeyConstraint("book_id", "member_number", "kind", "period"),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    CheckConstraint("kind IN ('pokok','wajib')", name="kind"),
    CheckConstraint("period ~ '^[0-9]{4}-[0-9]{2}$'", name="period"),
    CheckConstraint("amount_minor > 0", name="amount"),
)
"""What was billed, never a receivable; what was paid of it is the balance of the savings account in the ledger."""
