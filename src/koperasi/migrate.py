"""Bringing a database's schema up (or down) to a version; runs as the owner role."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command, op
from alembic.config import Config

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"


def config(owner_url: str) -> Config:
    """Alembic's configuration for one database."""
    settings = Config()
    settings.set_main_option("script_location", str(SCRIPTS))
    settings.set_main_option("sqlalchemy.url", owner_url.replace("%", "%%"))
    return settings


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Apply migrations up to a revision. Not to be called from a running event loop."""
    command.upgrade(config(owner_url), revision)


def downgrade(owner_url: str, revision: str = "base") -> None:
    """Take migrations back, down to a revision. Not to be called from a running event loop."""
    command.downgrade(config(owner_url), revision)


async def upgrade_async(owner_url: str, revision: str = "head") -> None:
    """The same from inside an event loop."""
    await asyncio.to_thread(upgrade, owner_url, revision)


def run_sql_file(name: str) -> None:
    """Run a file of ``migrations/sql`` inside the current migration's transaction: functions, triggers, policies."""
    sql = (SCRIPTS / "sql" / name).read_text()
    connection = op.get_bind()
    # Something has run on this connection before, so its transaction has begun and this is part of it.
    connection.exec_driver_sql("SELECT 1")
    connection.connection.run_async(lambda raw: raw.execute(sql))
