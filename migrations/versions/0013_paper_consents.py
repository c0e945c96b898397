"""Consents that members give on paper: the number of the paper, beside who recorded it.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("member_consent", sa.Column("reference", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_member_consent_reference"), "member_consent", "length(reference) <= 60")
    op.execute("GRANT INSERT (reference) ON member_consent TO koperasi_app")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_member_consent_reference"), "member_consent", type_="check")
    op.drop_column("member_consent", "reference")
