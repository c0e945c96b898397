"""Read-only mode: one switch for the installation, one for each cooperative, and no way for a write to pass either.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from koperasi.migrate import run_sql_file

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "installation_switch",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("code IN ('read-only')", name=op.f("ck_installation_switch_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_installation_switch")),
    )
    op.add_column("cooperative", sa.Column("read_only_since", sa.DateTime(timezone=True), nullable=True))
    run_sql_file("0012_hardening.sql")


def downgrade() -> None:
    op.execute("DROP FUNCTION guard_read_only(regclass)")
    op.execute("DROP FUNCTION refuse_read_only() CASCADE")  # and the triggers that call it
    op.drop_column("cooperative", "read_only_since")
    op.drop_table("installation_switch")
