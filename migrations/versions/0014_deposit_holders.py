"""Term deposits of other cooperatives, contracts from before the book, quarterly returns, a return posted anew.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

from koperasi.migrate import run_sql_file

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

CLOSED_AS = "closed_as IN ('matured','rolled','early','exit'{more})"
CARRIED = (
    "carried_on IS NOT NULL OR (prior_number IS NULL AND paid_until IS NULL AND paid_before_minor = 0 "
    "AND closed_as IS DISTINCT FROM 'undone')"
)


def upgrade() -> None:
    op.alter_column("deposit", "member_number", existing_type=sa.Text(), nullable=True)
    op.add_column("deposit", sa.Column("partner_number", sa.Text(), nullable=True))
    op.add_column("deposit", sa.Column("carried_on", sa.Date(), nullable=True))
    op.add_column("deposit", sa.Column("prior_number", sa.Text(), nullable=True))
    op.add_column("deposit", sa.Column("paid_until", sa.Date(), nullable=True))
    op.add_column(
        "deposit", sa.Column("paid_before_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_foreign_key(
        op.f("fk_deposit_book_id_partner_number_partner_cooperative"),
        "deposit",
        "partner_cooperative",
        ["book_id", "partner_number"],
        ["book_id", "number"],
    )
    op.create_check_constraint(
        op.f("ck_deposit_holder"), "deposit", "(member_number IS NULL) <> (partner_number IS NULL)"
    )
    op.create_check_constraint(op.f("ck_deposit_carried"), "deposit", CARRIED)
    op.create_check_constraint(
        op.f("ck_deposit_paid_before"), "deposit", "paid_before_minor >= 0 AND paid_until >= opened_on"
    )
    op.create_index(
        "ix_deposit_partner_number",
        "deposit",
        ["partner_number", "book_id"],
        postgresql_where=sa.text("partner_number IS NOT NULL"),
    )
    op.create_index(
        "uq_deposit_prior_number",
        "deposit",
        ["prior_number", "book_id"],
        unique=True,
        postgresql_where=sa.text("closed_as IS DISTINCT FROM 'undone'"),
    )
    _check("deposit", "closed_as", CLOSED_AS.format(more=",'undone'"))
    for table in ("deposit_terms", "deposit"):
        _check(table, "pay_months", "pay_months IN (0,1,3) AND months % greatest(pay_months, 1) = 0")
    op.add_column("deposit_return", sa.Column("round", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.create_check_constraint(op.f("ck_deposit_return_round"), "deposit_return", "round > 0")
    _key("book_id", "deposit_number", "part", "round")
    run_sql_file("0014_deposit_holders.sql")


def downgrade() -> None:
    _key("book_id", "deposit_number", "part")
    op.drop_column("deposit_return", "round")
    for table in ("deposit_terms", "deposit"):
        _check(table, "pay_months", "pay_months IN (0,1)")
    op.drop_index("uq_deposit_prior_number", "deposit")
    op.drop_index("ix_deposit_partner_number", "deposit")
    for name in ("paid_before", "carried", "holder"):
        op.drop_constraint(op.f(f"ck_deposit_{name}"), "deposit", type_="check")
    _check("deposit", "closed_as", CLOSED_AS.format(more=""))
    op.drop_constraint(op.f("fk_deposit_book_id_partner_number_partner_cooperative"), "deposit", type_="foreignkey")
    for name in ("paid_before_minor", "paid_until", "prior_number", "carried_on", "partner_number"):
        op.drop_column("deposit", name)
    op.alter_column("deposit", "member_number", existing_type=sa.Text(), nullable=False)


def _check(table: str, name: str, condition: str) -> None:
    full = op.f(f"ck_{table}_{name}")
    op.drop_constraint(full, table, type_="check")
    op.create_check_constraint(full, table, condition)


def _key(*columns: str) -> None:
    op.drop_constraint(op.f("pk_deposit_return"), "deposit_return", type_="primary")
    op.create_primary_key(op.f("pk_deposit_return"), "deposit_return", list(columns))
