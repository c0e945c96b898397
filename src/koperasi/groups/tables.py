"""Business groups (kelompok usaha) and who belongs to them. Their money stands in the ledger."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from koperasi.db import metadata

business_group = Table(
    "business_group",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_folded", Text, nullable=False),
    Column("village", Text, nullable=False),
    Column("sector", Text, nullable=False),
    Column("founded_on", Date, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'aktif'")),
    Column("ledger_account_id", BigInteger, nullable=False),
    Column("request_key", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("created_by", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id", "ledger_account_id"], ["ledger_account.book_id", "ledger_account.account_id"]),
    CheckConstraint("status IN ('aktif','tidak_aktif','bubar')", name="status"),
    Index("uq_business_group_name_folded_village_book_id", "name_folded", "village", "book_id", unique=True),
    Index("uq_business_group_request_key_book_id", "request_key", "book_id", unique=True),
)

group_membership = Table(
    "group_membership",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("group_number", Text, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("joined_on", Date, nullable=False),
    Column("left_on", Date),
    Column("role", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "group_number", "member_number", "joined_on"),
    ForeignKeyConstraint(["book_id", "group_number"], ["business_group.book_id", "business_group.number"]),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    CheckConstraint("role IN ('ketua','sekretaris','bendahara','anggota')", name="role"),
    CheckConstraint("left_on IS NULL OR left_on >= joined_on", name="left_after_joined"),
    Index(
        "uq_group_membership_current",
        "member_number",
        "group_number",
        "book_id",
        unique=True,
        postgresql_where=text("left_on IS NULL"),
    ),
)
