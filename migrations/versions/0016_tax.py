"""The tax of other cooperatives' savings: its rate, and the account that takes it; what a run knew of a month's payments.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from koperasi.migrate import run_sql_file

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What a saver was paid in the month is looked up for each payment.
    op.create_index("ix_return_paid_member_number", "return_paid", ["member_number", "paid_on", "book_id"])
    op.add_column(
        "return_run", sa.Column("paid_before", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb"))
    )
    run_sql_file("0016_tax.sql")


def downgrade() -> None:
    op.drop_index("ix_return_paid_member_number", "return_paid")
    op.execute("DELETE FROM policy WHERE name = 'tax.partner_percent'")
    run_sql_file("0016_tax_down.sql")
    op.drop_column("return_run", "paid_before")
