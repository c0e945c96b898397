"""Alembic's environment: async, as the owner role, one transaction a migration."""

import asyncio
from typing import Any

from alembic import context
from alembic.ddl.postgresql import PostgresqlImpl
from sqlalchemy import JSON, pool
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from koperasi.tables import metadata


class PostgreSQL(PostgresqlImpl):
    """Alembic asks the database whether two defaults are equal, which it can't say of JSON: there the text decides."""

    __dialect__ = "postgresql"

    def compare_server_default(
        self,
        inspector_column: Any,
        metadata_column: Any,
        rendered_metadata_default: str | None,
        rendered_inspector_default: str | None,
    ) -> bool:
        if isinstance(metadata_column.type, JSON):
            return (rendered_inspector_default or "").removesuffix("::json") != (rendered_metadata_default or "")
        return super().compare_server_default(
            inspector_column, metadata_column, rendered_metadata_default, rendered_inspector_default
        )


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_async(url: str) -> None:
    # A migration that can't have its lock gives up instead of queueing every request behind it.
    engine = create_async_engine(url, poolclass=pool.NullPool, connect_args={"server_settings": {"lock_timeout": "5s"}})
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


if context.is_offline_mode():
    raise SystemExit("Migrations run against a database; there is no offline mode.")
given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(run_async(context.config.get_main_option("sqlalchemy.url") or ""))
