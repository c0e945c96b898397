"""Savings products with dated terms, plans and their standing orders, monthly fees, other cooperatives as savers.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from koperasi.migrate import run_sql_file

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KINDS = "('pokok','wajib','sukarela','wadiah','mudharabah','berencana','wajib_pinjam','koperasi_lain')"


def upgrade() -> None:
    _products()
    _partners()
    run_sql_file("0005_products.sql")
    op.add_column("savings_account", sa.Column("product_code", sa.Text(), nullable=True))
    # Until now each kind was its own only product.
    op.execute("UPDATE savings_account SET product_code = kind")
    op.alter_column("savings_account", "product_code", nullable=False)
    op.drop_constraint(op.f("ck_savings_account_kind"), "savings_account", type_="check")
    op.create_check_constraint(op.f("ck_savings_account_kind"), "savings_account", f"kind IN {KINDS}")
    op.create_foreign_key(
        op.f("fk_savings_account_book_id_product_code_kind_savings_product"),
        "savings_account",
        "savings_product",
        ["book_id", "product_code", "kind"],
        ["book_id", "code", "kind"],
    )
    op.add_column("savings_account", sa.Column("partner_number", sa.Text(), nullable=True))
    op.alter_column("savings_account", "member_number", nullable=True)
    op.create_foreign_key(
        op.f("fk_savings_account_book_id_partner_number_partner_cooperative"),
        "savings_account",
        "partner_cooperative",
        ["book_id", "partner_number"],
        ["book_id", "number"],
    )
    op.create_check_constraint(
        op.f("ck_savings_account_holder"), "savings_account", "(member_number IS NULL) <> (partner_number IS NULL)"
    )
    op.create_check_constraint(
        op.f("ck_savings_account_closed_loop"),
        "savings_account",
        "(kind = 'koperasi_lain') = (partner_number IS NOT NULL)",
    )
    op.create_index(
        "ix_savings_account_partner_number",
        "savings_account",
        ["partner_number", "book_id"],
        postgresql_where=sa.text("partner_number IS NOT NULL"),
    )


def _products() -> None:
    op.create_table(
        "savings_product",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name_id", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint(f"kind IN {KINDS}", name=op.f("ck_savings_product_kind")),
        sa.CheckConstraint("code ~ '^[a-z0-9]([a-z0-9_-]{0,28}[a-z0-9])?$'", name=op.f("ck_savings_product_code")),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.book_id"], name=op.f("fk_savings_product_book_id_ledger_book")
        ),
        sa.PrimaryKeyConstraint("book_id", "code", name=op.f("pk_savings_product")),
        sa.UniqueConstraint("book_id", "code", "kind", name=op.f("uq_savings_product_book_id_code_kind")),
    )
    op.create_table(
        "savings_product_terms",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("earns", sa.Text(), nullable=False),
        sa.Column("rate_percent", sa.Numeric(9, 6), nullable=True),
        sa.Column("nisbah_percent", sa.Numeric(9, 6), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("posting", sa.Text(), nullable=False),
        sa.Column("earning_minimum_minor", sa.BigInteger(), nullable=False),
        sa.Column("opening_minimum_minor", sa.BigInteger(), nullable=False),
        sa.Column("deposit_minimum_minor", sa.BigInteger(), nullable=False),
        sa.Column("floor_minor", sa.BigInteger(), nullable=False),
        sa.Column("monthly_fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("dormancy_months", sa.Integer(), nullable=True),
        sa.Column("early_withdrawal", sa.Boolean(), nullable=False),
        sa.Column("unit_minor", sa.BigInteger(), nullable=False),
        sa.Column("rounding", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.CheckConstraint("earns IN ('none','rate','nisbah','bonus')", name=op.f("ck_savings_product_terms_earns")),
        sa.CheckConstraint("(earns = 'rate') = (rate_percent IS NOT NULL)", name=op.f("ck_savings_product_terms_rate")),
        sa.CheckConstraint(
            "(earns = 'nisbah') = (nisbah_percent IS NOT NULL)", name=op.f("ck_savings_product_terms_nisbah")
        ),
        sa.CheckConstraint(
            "rate_percent BETWEEN 0 AND 100 AND nisbah_percent BETWEEN 0 AND 100",
            name=op.f("ck_savings_product_terms_percent"),
        ),
        sa.CheckConstraint("method IN ('daily','average','lowest')", name=op.f("ck_savings_product_terms_method")),
        sa.CheckConstraint(
            "basis IN ('actual/365','actual/360','actual/actual')", name=op.f("ck_savings_product_terms_basis")
        ),
        sa.CheckConstraint("posting IN ('monthly','quarterly')", name=op.f("ck_savings_product_terms_posting")),
        sa.CheckConstraint(
            "least(earning_minimum_minor, opening_minimum_minor, deposit_minimum_minor, floor_minor,"
            " monthly_fee_minor) >= 0",
            name=op.f("ck_savings_product_terms_amounts"),
        ),
        sa.CheckConstraint("dormancy_months BETWEEN 1 AND 120", name=op.f("ck_savings_product_terms_dormancy_months")),
        sa.CheckConstraint("unit_minor > 0", name=op.f("ck_savings_product_terms_unit")),
        sa.CheckConstraint(
            "rounding IN ('half_up','half_even','down','up')", name=op.f("ck_savings_product_terms_rounding")
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "product_code"],
            ["savings_product.book_id", "savings_product.code"],
            name=op.f("fk_savings_product_terms_book_id_product_code_savings_product"),
        ),
        sa.PrimaryKeyConstraint("book_id", "product_code", "valid_from", name=op.f("pk_savings_product_terms")),
    )
    op.create_table(
        "savings_plan",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("target_minor", sa.BigInteger(), nullable=False),
        sa.Column("target_date", sa.Date(), nullable=False),
        sa.Column("instalment_minor", sa.BigInteger(), nullable=False),
        sa.Column("day_of_month", sa.Integer(), nullable=False),
        sa.Column("source_number", sa.Text(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.CheckConstraint("goal IN ('sekolah','lebaran','qurban','umrah','lain')", name=op.f("ck_savings_plan_goal")),
        sa.CheckConstraint("target_minor > 0 AND instalment_minor >= 0", name=op.f("ck_savings_plan_amounts")),
        sa.CheckConstraint("day_of_month BETWEEN 1 AND 31", name=op.f("ck_savings_plan_day_of_month")),
        sa.CheckConstraint("source_number <> account_number", name=op.f("ck_savings_plan_source")),
        sa.ForeignKeyConstraint(
            ["book_id", "account_number"],
            ["savings_account.book_id", "savings_account.number"],
            name=op.f("fk_savings_plan_book_id_account_number_savings_account"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "source_number"],
            ["savings_account.book_id", "savings_account.number"],
            name=op.f("fk_savings_plan_book_id_source_number_savings_account"),
        ),
        sa.PrimaryKeyConstraint("book_id", "account_number", "valid_from", name=op.f("pk_savings_plan")),
    )
    for name, amount in (("savings_plan_transfer", "amount_minor > 0"), ("savings_fee", "amount_minor >= 0")):
        op.create_table(
            name,
            sa.Column("book_id", sa.BigInteger(), nullable=False),
            sa.Column("account_number", sa.Text(), nullable=False),
            sa.Column("period", sa.Text(), nullable=False),
            sa.Column("amount_minor", sa.BigInteger(), nullable=False),
            sa.Column("entry_number", sa.BigInteger(), nullable=name == "savings_fee"),
            sa.CheckConstraint("period ~ '^[0-9]{4}-[0-9]{2}$'", name=op.f(f"ck_{name}_period")),
            sa.CheckConstraint(amount, name=op.f(f"ck_{name}_amount")),
            *(
                [sa.CheckConstraint("(amount_minor = 0) = (entry_number IS NULL)", name=op.f(f"ck_{name}_entry"))]
                if name == "savings_fee"
                else []
            ),
            sa.ForeignKeyConstraint(
                ["book_id", "account_number"],
                ["savings_account.book_id", "savings_account.number"],
                name=op.f(f"fk_{name}_book_id_account_number_savings_account"),
            ),
            sa.ForeignKeyConstraint(
                ["book_id", "entry_number"],
                ["ledger_entry.book_id", "ledger_entry.number"],
                name=op.f(f"fk_{name}_book_id_entry_number_ledger_entry"),
            ),
            sa.PrimaryKeyConstraint("book_id", "account_number", "period", name=op.f(f"pk_{name}")),
        )


def _partners() -> None:
    op.create_table(
        "partner_cooperative",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("registration_number", sa.Text(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("number ~ '^K[0-9]{4}$'", name=op.f("ck_partner_cooperative_number")),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.book_id"], name=op.f("fk_partner_cooperative_book_id_ledger_book")
        ),
        sa.PrimaryKeyConstraint("book_id", "number", name=op.f("pk_partner_cooperative")),
    )


def downgrade() -> None:
    op.drop_index("ix_savings_account_partner_number", "savings_account")
    op.drop_constraint(op.f("ck_savings_account_closed_loop"), "savings_account", type_="check")
    op.drop_constraint(op.f("ck_savings_account_holder"), "savings_account", type_="check")
    op.drop_constraint(
        op.f("fk_savings_account_book_id_partner_number_partner_cooperative"), "savings_account", type_="foreignkey"
    )
    op.alter_column("savings_account", "member_number", nullable=False)
    op.drop_column("savings_account", "partner_number")
    op.drop_constraint(
        op.f("fk_savings_account_book_id_product_code_kind_savings_product"), "savings_account", type_="foreignkey"
    )
    op.drop_constraint(op.f("ck_savings_account_kind"), "savings_account", type_="check")
    op.create_check_constraint(
        op.f("ck_savings_account_kind"), "savings_account", "kind IN ('pokok','wajib','sukarela','wadiah')"
    )
    op.drop_column("savings_account", "product_code")
    for table in (
        "savings_fee",
        "savings_plan_transfer",
        "savings_plan",
        "savings_product_terms",
        "savings_product",
        "partner_cooperative",
    ):
        op.drop_table(table)
    op.execute("DELETE FROM policy WHERE name = 'savings_return.ceiling_enforced'")
