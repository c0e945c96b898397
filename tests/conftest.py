"""One embedded PostgreSQL for the whole run; each module that asks gets books of its own in it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

import ledger
from koperasi import migrate
from koperasi.db import Database, make_engine
from koperasi.embedded import Addresses, EmbeddedServer

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
settings.register_profile("nightly", deadline=None, suppress_health_check=list(HealthCheck), max_examples=2000)
settings.load_profile("default")


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """The embedded server, in a short path (a Unix socket's name is limited)."""
    with tempfile.TemporaryDirectory(prefix="kop") as directory, EmbeddedServer(Path(directory)) as running:
        yield running


@pytest.fixture(scope="session")
def addresses(server: EmbeddedServer) -> Addresses:
    """A migrated database on it."""
    found = asyncio.run(server.ensure_database("koperasi_test"))
    migrate.upgrade(found.owner)
    return found


@pytest_asyncio.fixture(scope="session")
async def database(addresses: Addresses) -> AsyncIterator[Database]:
    """Connections of the application's role."""
    opened = Database(make_engine(addresses.application, pool_size=20))
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="session")
async def owner_engine(addresses: Addresses) -> AsyncIterator[AsyncEngine]:
    """Connections of the owner's role, which row-level security does not bind."""
    engine = create_async_engine(addresses.owner)
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture(scope="session")
async def superuser_engine(addresses: Addresses) -> AsyncIterator[AsyncEngine]:
    """Connections that may do anything: for damaging books by hand."""
    engine = create_async_engine(addresses.owner.replace("koperasi_owner", "postgres"))
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture(scope="session")
async def poster(database: Database) -> AsyncIterator[ledger.Poster]:
    """Group commit on the test database."""
    running = ledger.Poster(database.engine)
    yield running
    await running.close()


@pytest_asyncio.fixture
async def book(database: Database) -> int:
    """A fresh, empty book."""
    async with database.engine.connect() as connection:
        book_id = await ledger.found_book(connection)
        await connection.commit()
    return book_id
