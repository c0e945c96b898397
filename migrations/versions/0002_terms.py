"""Terms: cooperatives, users, members, savings accounts, groups and imports.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from koperasi.migrate import run_sql_file

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cooperative",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=True),
        sa.Column("village", sa.Text(), nullable=True),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("regency", sa.Text(), nullable=True),
        sa.Column("province", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("registration_number", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{1,39}$'", name=op.f("ck_cooperative_code")),
        sa.CheckConstraint(
            "kind IN ('ksp','usp','kspps','uspps','bumdes_unit','bpr','kelompok')", name=op.f("ck_cooperative_kind")
        ),
        sa.CheckConstraint(
            "timezone IN ('Asia/Jakarta','Asia/Makassar','Asia/Jayapura')", name=op.f("ck_cooperative_timezone")
        ),
        sa.PrimaryKeyConstraint("book_id", name=op.f("pk_cooperative")),
        sa.UniqueConstraint("code", name=op.f("uq_cooperative_code")),
    )
    op.create_table(
        "login_throttle",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failure_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("book_id", "key", name=op.f("pk_login_throttle")),
    )
    op.create_table(
        "cooperative_secret",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_secret", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.book_id"], name=op.f("fk_cooperative_secret_book_id_ledger_book")
        ),
        sa.PrimaryKeyConstraint("book_id", name=op.f("pk_cooperative_secret")),
    )
    op.create_table(
        "import_batch",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rows_total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("result", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('previewed','posting','posted','failed','undone')", name=op.f("ck_import_batch_status")
        ),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_import_batch_book_id_ledger_book")),
        sa.PrimaryKeyConstraint("book_id", "import_id", name=op.f("pk_import_batch")),
    )
    op.create_index("ix_import_batch_file_hash", "import_batch", ["file_hash", "book_id"], unique=False)
    op.create_index(
        "uq_import_batch_posted",
        "import_batch",
        ["file_hash", "kind", "book_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('posting','posted')"),
    )
    op.create_table(
        "member",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("nik", sa.LargeBinary(), nullable=True),
        sa.Column("nik_digest", sa.LargeBinary(), nullable=True),
        sa.Column("birth_date", sa.LargeBinary(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_digest", sa.LargeBinary(), nullable=True),
        sa.Column("phone_end_digest", sa.LargeBinary(), nullable=True),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("village", sa.Text(), nullable=True),
        sa.Column("migrant_status", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("external_reference", sa.Text(), nullable=True),
        sa.Column("request_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_member_country")),
        sa.CheckConstraint(
            "migrant_status IN ('calon_pmi','pmi_aktif','purna_pmi','keluarga_pmi','bukan')",
            name=op.f("ck_member_migrant_status"),
        ),
        sa.CheckConstraint("(nik IS NULL) = (nik_digest IS NULL)", name=op.f("ck_member_nik")),
        sa.CheckConstraint("(phone IS NULL) = (phone_digest IS NULL)", name=op.f("ck_member_phone")),
        sa.CheckConstraint("sex IN ('L','P')", name=op.f("ck_member_sex")),
        sa.CheckConstraint(
            "status IN ('pemohon','anggota','cuti','nonaktif','keluar_diajukan','keluar','meninggal','diberhentikan')",
            name=op.f("ck_member_status"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_member_book_id_ledger_book")),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_member")),
    )
    op.create_index("ix_member_name_folded", "member", ["name_folded", "book_id"], unique=False)
    op.create_index("ix_member_phone_digest", "member", ["phone_digest", "book_id"], unique=False)
    op.create_index("ix_member_phone_end_digest", "member", ["phone_end_digest", "book_id"], unique=False)
    op.create_index("uq_member_nik_digest_book_id", "member", ["nik_digest", "book_id"], unique=True)
    op.create_index("uq_member_request_key_book_id", "member", ["request_key", "book_id"], unique=True)
    op.create_table(
        "number_series",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.book_id"], name=op.f("fk_number_series_book_id_ledger_book")
        ),
        sa.PrimaryKeyConstraint("book_id", "series", name=op.f("pk_number_series")),
    )
    op.create_table(
        "policy",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("legal_reference", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_policy_book_id_ledger_book")),
        sa.PrimaryKeyConstraint("book_id", "name", "valid_from", name=op.f("pk_policy")),
    )
    op.create_table(
        "app_user",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), server_default=sa.text("'id'"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("must_change", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=True),
        sa.Column("totp_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp_last_step", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("role <> 'auditor' OR valid_until IS NOT NULL", name=op.f("ck_app_user_auditor_ends")),
        sa.CheckConstraint("(role = 'anggota') = (member_number IS NOT NULL)", name=op.f("ck_app_user_member_role")),
        sa.CheckConstraint("locale IN ('id','en')", name=op.f("ck_app_user_locale")),
        sa.CheckConstraint(
            "role IN ('bendahara','kasir','ketua','pengurus','pengawas','auditor','dps','pendamping','anggota','admin')",
            name=op.f("ck_app_user_role"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "member_number"],
            ["member.book_id", "member.number"],
            name=op.f("fk_app_user_book_id_member_number_member"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["ledger_book.book_id"], name=op.f("fk_app_user_book_id_ledger_book")),
        sa.PrimaryKeyConstraint("book_id", "user_id", name=op.f("pk_app_user")),
    )
    op.create_index("uq_app_user_username_book_id", "app_user", ["username", "book_id"], unique=True)
    op.create_table(
        "business_group",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("village", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("founded_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'aktif'"), nullable=False),
        sa.Column("ledger_account_id", sa.BigInteger(), nullable=False),
        sa.Column("request_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("status IN ('aktif','tidak_aktif','bubar')", name=op.f("ck_business_group_status")),
        sa.ForeignKeyConstraint(
            ["book_id", "ledger_account_id"],
            ["ledger_account.book_id", "ledger_account.account_id"],
            name=op.f("fk_business_group_book_id_ledger_account_id_ledger_account"),
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_business_group")),
    )
    op.create_index(
        "uq_business_group_name_folded_village_book_id",
        "business_group",
        ["name_folded", "village", "book_id"],
        unique=True,
    )
    op.create_index("uq_business_group_request_key_book_id", "business_group", ["request_key", "book_id"], unique=True)
    op.create_table(
        "member_due",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("billed_on", sa.Date(), nullable=False),
        sa.CheckConstraint("kind IN ('pokok','wajib')", name=op.f("ck_member_due_kind")),
        sa.CheckConstraint("period ~ '^[0-9]{4}-[0-9]{2}$'", name=op.f("ck_member_due_period")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_member_due_amount")),
        sa.ForeignKeyConstraint(
            ["book_id", "member_number"],
            ["member.book_id", "member.number"],
            name=op.f("fk_member_due_book_id_member_number_member"),
        ),
        sa.PrimaryKeyConstraint("book_id", "member_number", "kind", "period", name=op.f("pk_member_due")),
    )
    op.create_table(
        "member_heir",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("share_percent", sa.Integer(), server_default=sa.text("100"), nullable=False),
        sa.CheckConstraint("share_percent BETWEEN 1 AND 100", name=op.f("ck_member_heir_share_percent")),
        sa.ForeignKeyConstraint(
            ["book_id", "member_number"],
            ["member.book_id", "member.number"],
            name=op.f("fk_member_heir_book_id_member_number_member"),
        ),
        sa.PrimaryKeyConstraint("book_id", "member_number", "position", name=op.f("pk_member_heir")),
    )
    op.create_table(
        "savings_account",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ledger_account_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('pokok','wajib','sukarela','wadiah')", name=op.f("ck_savings_account_kind")),
        sa.CheckConstraint("number ~ '^[0-9]{9}$'", name=op.f("ck_savings_account_number")),
        sa.ForeignKeyConstraint(
            ["book_id", "ledger_account_id"],
            ["ledger_account.book_id", "ledger_account.account_id"],
            name=op.f("fk_savings_account_book_id_ledger_account_id_ledger_account"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "member_number"],
            ["member.book_id", "member.number"],
            name=op.f("fk_savings_account_book_id_member_number_member"),
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_savings_account")),
    )
    op.create_index("ix_savings_account_member_number", "savings_account", ["member_number", "book_id"], unique=False)
    op.create_index(
        "uq_savings_account_ledger_account_id_book_id", "savings_account", ["ledger_account_id", "book_id"], unique=True
    )
    op.create_index(
        "uq_savings_account_own_capital",
        "savings_account",
        ["member_number", "kind", "book_id"],
        unique=True,
        postgresql_where=sa.text("kind IN ('pokok','wajib')"),
    )
    op.create_table(
        "api_token",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scope", sa.ARRAY(sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["book_id", "user_id"],
            ["app_user.book_id", "app_user.user_id"],
            name=op.f("fk_api_token_book_id_user_id_app_user"),
        ),
        sa.PrimaryKeyConstraint("book_id", "token_hash", name=op.f("pk_api_token")),
    )
    op.create_table(
        "app_session",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("awaits_code", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "user_id"],
            ["app_user.book_id", "app_user.user_id"],
            name=op.f("fk_app_session_book_id_user_id_app_user"),
        ),
        sa.PrimaryKeyConstraint("book_id", "token_hash", name=op.f("pk_app_session")),
    )
    op.create_table(
        "app_recovery_code",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["book_id", "user_id"],
            ["app_user.book_id", "app_user.user_id"],
            name=op.f("fk_app_recovery_code_book_id_user_id_app_user"),
        ),
        sa.PrimaryKeyConstraint("book_id", "user_id", "code_hash", name=op.f("pk_app_recovery_code")),
    )
    op.create_table(
        "group_membership",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("group_number", sa.Text(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "role IN ('ketua','sekretaris','bendahara','anggota')", name=op.f("ck_group_membership_role")
        ),
        sa.CheckConstraint(
            "left_on IS NULL OR left_on >= joined_on", name=op.f("ck_group_membership_left_after_joined")
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "group_number"],
            ["business_group.book_id", "business_group.number"],
            name=op.f("fk_group_membership_book_id_group_number_business_group"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "member_number"],
            ["member.book_id", "member.number"],
            name=op.f("fk_group_membership_book_id_member_number_member"),
        ),
        sa.PrimaryKeyConstraint(
            "book_id", "group_number", "member_number", "joined_on", name=op.f("pk_group_membership")
        ),
    )
    op.create_index(
        "uq_group_membership_current",
        "group_membership",
        ["member_number", "group_number", "book_id"],
        unique=True,
        postgresql_where=sa.text("left_on IS NULL"),
    )
    run_sql_file("0002_terms.sql")


def downgrade() -> None:
    op.drop_table("group_membership")
    op.drop_table("app_recovery_code")
    op.drop_table("app_session")
    op.drop_table("api_token")
    op.drop_table("savings_account")
    op.drop_table("member_heir")
    op.drop_table("member_due")
    op.drop_table("business_group")
    op.drop_table("app_user")
    op.drop_table("policy")
    op.drop_table("number_series")
    op.drop_table("member")
    op.drop_table("import_batch")
    op.drop_table("cooperative_secret")
    op.drop_table("login_throttle")
    op.drop_table("cooperative")
