"""Connections: every piece of work is bound to one book, and commits where you can see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ledger.schema import metadata as ledger_metadata

metadata: MetaData = ledger_metadata
"""One metadata for all tables: the ledger's, and the terms that the slices add in their ``tables.py``."""

REFERENCE_TABLES = frozenset({"cooperative", "alembic_version"})
"""The only tables whose keys need not begin with ``book_id``: small, and the same for everybody."""


def make_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine for one process. ``url`` must name the driver: ``postgresql+asyncpg://``."""
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_recycle=1800,
        connect_args={
            "timeout": 10,
            "server_settings": {
                "application_name": "koperasi",
                "lock_timeout": "10s",
                "statement_timeout": "60s",
                "idle_in_transaction_session_timeout": "120s",
            },
        },
    )


@dataclass(frozen=True)
class Work:
    """A transaction bound to one book. Leaving it without ``commit`` undoes it."""

    connection: AsyncConnection
    book_id: int

    async def commit(self) -> None:
        """Make it durable. Call it before the response is built, so that nobody hears of what did not last.

        Raises:
            sqlalchemy.exc.DBAPIError: the database refused; nothing was written.
        """
        await self.connection.commit()


class Database:
    """The application role's connections, under row-level security."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @asynccontextmanager
    async def work(self, book_id: int) -> AsyncIterator[Work]:
        """A transaction that may write rows of one book; the caller commits."""
        async with self.engine.connect() as connection:
            await connection.execute(_bind(book_id))
            yield Work(connection, book_id)

    @asynccontextmanager
    async def reading(self, book_id: int) -> AsyncIterator[AsyncConnection]:
        """One unchanging view of one book, for anything that reads more than once; it can't write."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            await connection.execute(_bind(book_id))
            yield connection

    @asynccontextmanager
    async def directory(self) -> AsyncIterator[AsyncConnection]:
        """A view of the reference tables only: no book is bound, so no book's rows are seen."""
        async with self.engine.connect() as connection:
            await connection.execute(_UNBIND)
            yield connection

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


def _bind(book_id: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    # SET takes no parameters; int() keeps anything but a number out.
    return text(f"SET LOCAL app.book = '{int(book_id)}'")


_UNBIND = text("SET LOCAL app.book = ''")


async def bind_book(connection: AsyncConnection, book_id: int) -> None:
    """Point a transaction at another book; only for founding one."""
    await connection.execute(_bind(book_id))
