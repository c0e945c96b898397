"""Connections: every piece of work is bound to one book, and commits where you can see it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import MetaData, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from koperasi.together import Read, Together
from ledger.schema import metadata as ledger_metadata

metadata: MetaData = ledger_metadata
"""One metadata for all tables: the ledger's, and the terms that the slices add in their ``tables.py``."""

SEALED = "rows_at_once"
"""In a column's ``info``: its values are sealed (``koperasi.privacy``), so many rows of which are rotated at once."""

STATEMENTS_KEPT = 400
"""Statements that each connection keeps prepared; the pages of one working day have some 300."""

REFERENCE_TABLES = frozenset({"cooperative", "installation_switch", "alembic_version"})
"""The only tables whose keys need not begin with ``book_id``: small, and the same for everybody."""


def make_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine for one process. ``url`` must name the driver: ``postgresql+asyncpg://``."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        query_cache_size=2 * STATEMENTS_KEPT,
        pool_timeout=10,
        pool_recycle=1800,
        hide_parameters=True,  # an error's text would else repeat what a person typed
        connect_args={
            "async_creator_fn": _connect,
            "timeout": 10,
            "prepared_statement_cache_size": STATEMENTS_KEPT,
            "server_settings": {
                "application_name": "koperasi",
                "lock_timeout": "10s",
                "statement_timeout": "60s",
                "idle_in_transaction_session_timeout": "120s",
            },
        },
    )
    event.listen(engine.sync_engine, "checkout", _renew_closed)
    # SQLAlchemy lets a transaction begin with its first statement. Begun at once, it takes its book along (``_begin``).
    engine.sync_engine.dialect.do_begin = _begin_now  # type: ignore[method-assign, assignment]
    return engine


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """The driver's connection, which can say one thing in the same breath as BEGIN: a way to the server less."""

    opening = ""
    """What the next transaction begins with."""

    async def execute(self, query: str, *args: Any, timeout: Any = None) -> str:  # noqa: ASYNC109 - the driver's own
        """As the driver does."""
        if self.opening and query.startswith("BEGIN"):
            query, self.opening = f"{query.rstrip(';')}; {self.opening}", ""
        told: str = await super().execute(query, *args, timeout=timeout)
        return told


def _begin_now(connection: Any) -> None:
    adapted = connection.dbapi_connection
    if adapted._transaction is None:  # noqa: SLF001 - SQLAlchemy has no public way to begin before the first statement
        await_only(adapted._start_transaction())  # noqa: SLF001


async def _connect(*arguments: Any, **options: Any) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(*arguments, connection_class=Connection, **options)
    except OSError as error:
        # While PostgreSQL is down its socket may not even exist, which the system calls a missing file. Said in the
        # driver's own words, SQLAlchemy knows what it means.
        raise asyncpg.InterfaceError("the database can't be reached") from error


def _renew_closed(connection: Any, *_: object) -> None:
    """The server closed this connection while it lay in the pool: the pool opens another in its place."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


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
        self._shared: dict[Hashable, Together[Any, Any]] = {}

    def shared(self, name: Hashable, reader: Callable[[], Read[Any, Any]]) -> Together[Any, Any]:
        """A reading of this name that its callers share; ``reader`` makes what reads, the first time."""
        found = self._shared.get(name)
        if found is None:
            found = self._shared[name] = Together(reader())
        return found

    @asynccontextmanager
    async def work(self, book_id: int) -> AsyncIterator[Work]:
        """A transaction that may write rows of one book; the caller commits."""
        async with self.engine.connect() as connection:
            await _begin(connection, _bind(book_id))
            yield Work(connection, book_id)

    @asynccontextmanager
    async def reading(self, book_id: int, view: str | None = None) -> AsyncIterator[AsyncConnection]:
        """One unchanging view of one book, for anything that reads more than once; it can't write.

        ``view``: what ``view_of`` another connection said, to see exactly what that one sees.
        """
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            await _begin(connection, _bind(book_id) if view is None else f"{_share(view)}; {_bind(book_id)}")
            yield connection

    @asynccontextmanager
    async def directory(self) -> AsyncIterator[AsyncConnection]:
        """A view of the reference tables only: no book is bound, so no book's rows are seen."""
        async with self.engine.connect() as connection:
            await _begin(connection, _UNBIND)
            yield connection

    async def ping(self) -> None:
        """Ask the database for nothing; it must answer.

        Raises:
            sqlalchemy.exc.DBAPIError: it does not.
        """
        async with self.directory() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


async def _begin(connection: AsyncConnection, opening: str) -> None:
    """Begin the transaction with this statement. It is said once: the next transaction begins bound to nothing."""
    driver: Any = connection.sync_connection.connection.driver_connection  # type: ignore[union-attr]
    driver.opening = opening
    try:
        await connection.begin()
    except BaseException:
        # Whatever became of the transaction, its connection is not lent again.
        await connection.invalidate()
        raise
    finally:
        driver.opening = ""


def _bind(book_id: int) -> str:
    # SET takes no parameters; int() keeps anything but a number out.
    return f"SET LOCAL app.book = '{int(book_id)}'"


def _share(view: str) -> str:
    # SET takes no parameters here either; PostgreSQL names views in hexadecimal digits and dashes.
    if not set(view) <= set("0123456789ABCDEF-"):
        raise ValueError(view)
    return f"SET TRANSACTION SNAPSHOT '{view}'"


async def view_of(connection: AsyncConnection) -> str:
    """By what name other connections share this one's view, for as long as its transaction lasts."""
    return str(await connection.scalar(text("SELECT pg_export_snapshot()")))


_UNBIND = "SET LOCAL app.book = ''"


async def bind_book(connection: AsyncConnection, book_id: int) -> None:
    """Point a transaction at another book; only for founding one."""
    await connection.execute(text(_bind(book_id)))


ERRORS: tuple[type[Exception], ...] = (
    DBAPIError,
    PoolTimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
    TimeoutError,
)
"""What SQLAlchemy, the driver beneath it and the network raise."""

_AWAY_CLASSES = frozenset({"08", "25", "53", "55", "57", "58"})
"""SQLSTATE classes: no connection, read-only, out of disk or connections, locked out, shut down, system error."""


def sqlstate(error: Exception) -> str:
    """The five letters by which PostgreSQL names an error; empty if the error is not PostgreSQL's."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or getattr(error, "sqlstate", None) or "")


def is_away(error: Exception) -> bool:
    """Does the error say that the database is away or can't write now, so that the same request may come again?"""
    unreachable = isinstance(
        error, InterfaceError | OperationalError | PoolTimeoutError | ConnectionError | TimeoutError
    )
    # The ledger speaks to the driver itself, whose word for a lost connection is also its word for wrong use.
    # When a connection ends under it, it may also lose count of what it was doing.
    lost = isinstance(error, asyncpg.InternalClientError) or (
        isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)
    )
    refused = sqlstate(error)[:2] in _AWAY_CLASSES or bool(getattr(error, "connection_invalidated", False))
    return unreachable or lost or refused
