"""Members: people and terms. What they own stands in the ledger."""

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
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

from koperasi.db import metadata

member = Table(
    "member",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_folded", Text, nullable=False),
    Column("nik", Text),
    Column("birth_date", Date),
    Column("sex", Text),
    Column("phone", Text),
    Column("email", Text),
    Column("address", Text),
    Column("village", Text),
    Column("migrant_status", Text, nullable=False),
    Column("country", Text),
    Column("status", Text, nullable=False),
    Column("joined_on", Date, nullable=False),
    Column("left_on", Date),
    Column("external_reference", Text),
    Column("request_key", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("created_by", Text, nullable=False),
    PrimaryKeyConstraint("book_id", "number"),
    ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"]),
    CheckConstraint("nik ~ '^[0-9]{16}$'", name="nik"),
    CheckConstraint("sex IN ('L','P')", name="sex"),
    CheckConstraint("phone ~ '^[+][0-9]{6,15}$'", name="phone"),
    CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
    CheckConstraint(
        "migrant_status IN ('calon_pmi','pmi_aktif','purna_pmi','keluarga_pmi','bukan')", name="migrant_status"
    ),
    CheckConstraint(
        "status IN ('pemohon','anggota','cuti','nonaktif','keluar_diajukan','keluar','meninggal','diberhentikan')",
        name="status",
    ),
    Index("uq_member_nik_book_id", "nik", "book_id", unique=True),
    Index("uq_member_request_key_book_id", "request_key", "book_id", unique=True),
    Index("ix_member_name_folded", "name_folded", "book_id"),
    Index("ix_member_phone", "phone", "book_id"),
)

member_heir = Table(
    "member_heir",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("relation", Text, nullable=False),
    Column("phone", Text),
    Column("share_percent", Integer, nullable=False, server_default=text("100")),
    PrimaryKeyConstraint("book_id", "member_number", "position"),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    CheckConstraint("share_percent BETWEEN 1 AND 100", name="share_percent"),
)
