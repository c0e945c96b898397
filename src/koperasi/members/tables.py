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
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

from koperasi.db import SEALED, metadata


def sealed(name: str, *, nullable: bool = True) -> Column[bytes]:
    """A column that holds personal data, which only the installation's keys open."""
    return Column(name, LargeBinary, nullable=nullable, info={SEALED: 1000})


member = Table(
    "member",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_folded", Text, nullable=False),
    sealed("nik"),
    Column("nik_digest", LargeBinary),
    sealed("birth_date"),
    Column("sex", Text),
    sealed("phone"),
    Column("phone_digest", LargeBinary),
    Column("phone_end_digest", LargeBinary),
    sealed("email"),
    sealed("address"),
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
    CheckConstraint("(nik IS NULL) = (nik_digest IS NULL)", name="nik"),
    CheckConstraint("sex IN ('L','P')", name="sex"),
    CheckConstraint("(phone IS NULL) = (phone_digest IS NULL)", name="phone"),
    CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
    CheckConstraint(
        "migrant_status IN ('calon_pmi','pmi_aktif','purna_pmi','keluarga_pmi','bukan')", name="migrant_status"
    ),
    CheckConstraint(
        "status IN ('pemohon','anggota','cuti','nonaktif','keluar_diajukan','keluar','meninggal','diberhentikan')",
        name="status",
    ),
    Index("uq_member_nik_digest_book_id", "nik_digest", "book_id", unique=True),
    Index("uq_member_request_key_book_id", "request_key", "book_id", unique=True),
    Index("ix_member_name_folded", "name_folded", "book_id"),
    Index("ix_member_phone_digest", "phone_digest", "book_id"),
    Index("ix_member_phone_end_digest", "phone_end_digest", "book_id"),
)
"""Names stay readable, for people are looked for by parts of them (docs/privacy.md); numbers are found by digest."""

member_heir = Table(
    "member_heir",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("position", SmallInteger, nullable=False),
    sealed("name", nullable=False),
    Column("relation", Text, nullable=False),
    sealed("phone"),
    Column("share_percent", Integer, nullable=False, server_default=text("100")),
    PrimaryKeyConstraint("book_id", "member_number", "position"),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    CheckConstraint("share_percent BETWEEN 1 AND 100", name="share_percent"),
)

_STATUSES = "('pemohon','anggota','cuti','nonaktif','keluar_diajukan','keluar','meninggal','diberhentikan')"

member_event = Table(
    "member_event",
    metadata,
    Column("book_id", BigInteger, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("act", Text, nullable=False),
    Column("from_status", Text, nullable=False),
    Column("to_status", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("reason", Text),
    Column("reference", Text),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("recorded_by", Text, nullable=False),
    Column("approved_by", Text),
    PrimaryKeyConstraint("book_id", "member_number", "position"),
    ForeignKeyConstraint(["book_id", "member_number"], ["member.book_id", "member.number"]),
    CheckConstraint("position > 0", name="position"),
    CheckConstraint(f"from_status IN {_STATUSES}", name="from_status"),
    CheckConstraint(f"to_status IN {_STATUSES}", name="to_status"),
    CheckConstraint("length(reference) <= 60", name="reference"),
)
"""Each act on a membership, in their order; never changed. ``reason``: a code; ``reference``: the number of a paper."""
