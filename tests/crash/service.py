"""``koperasi serve`` as a real process with a data directory of its own, and hands to do it harm."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import asyncpg
import httpx
import psutil

from koperasi.db import Database, make_engine
from koperasi.embedded import APPLICATION

ROOT = Path(__file__).resolve().parents[2]
HEALTHY_WITHIN = 90
STOPPED_WITHIN = 15

T = TypeVar("T")


async def until(condition: Callable[[], T], seconds: float, what: str) -> T:
    """Wait until something is so; past the deadline, fail and say what was waited for."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"after {seconds} s it is still not so: {what}"
        await asyncio.sleep(0.02)
    return found


def free_port() -> int:
    """A port that nothing listens on, below those that the kernel gives to outgoing connections."""
    while True:
        port = random.randint(15000, 30000)
        with socket.socket() as trial, suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return port


class Service:
    """The service and its embedded PostgreSQL. What it prints goes to a file outside the data directory."""

    def __init__(self, data_dir: Path, log: Path) -> None:
        self.data_dir = data_dir
        self.pgdata = data_dir / "postgres"
        self.log = log
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What every command on this data directory is started with."""
        inherited = {name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")}
        return inherited | {
            "KOPERASI_DATA_DIR": str(self.data_dir),
            "KOPERASI_PORT": str(self.port),
            "PYTHONPATH": str(ROOT / "src"),
        }

    def start(self, workers: int = 1) -> None:
        """Start it as the leader of a process group, as a shell would; does not wait."""
        command = [sys.executable, "-m", "koperasi.cli", "serve", "--workers", str(workers)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                process_group=0,
            )

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def workers(self) -> list[psutil.Process]:
        """The worker processes, when there are several."""
        children = psutil.Process(self.running.pid).children(recursive=True)
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]

    def kill(self) -> None:
        """SIGKILL to the supervisor and its workers; PostgreSQL is in a session of its own and goes on."""
        os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait(10)

    async def stop(self, signal_number: int, *, group: bool = False) -> None:
        """Ask it to stop (with its workers, as Ctrl+C does): it must do so in time, in order, and leave nothing behind."""
        postmaster = self.living_postmaster()
        processes = [postmaster, *postmaster.children(), *psutil.Process(self.running.pid).children()]
        (os.killpg if group else os.kill)(self.running.pid, signal_number)
        await until(lambda: self.running.poll() is not None, STOPPED_WITHIN, "the service stopped")
        assert self.running.returncode == 0
        _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout=2)
        assert alive == []
        assert not (self.pgdata / "postmaster.pid").exists()

    def postmaster(self) -> psutil.Process | None:
        """PostgreSQL's first process, if it lives."""
        with suppress(OSError, IndexError, ValueError, psutil.NoSuchProcess):
            process = psutil.Process(int((self.pgdata / "postmaster.pid").read_text().splitlines()[0]))
            if process.cwd() == str(self.pgdata) and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def living_postmaster(self) -> psutil.Process:
        process = self.postmaster()
        assert process is not None, "PostgreSQL does not run"
        return process

    def is_ready(self) -> bool:
        """Does PostgreSQL say that it takes connections?"""
        return (self.pgdata / "postmaster.pid").read_text().split()[-1:] == ["ready"]

    def kill_postgres(self, *, backends: bool) -> None:
        """SIGKILL to the postmaster, and to all that it started if wanted."""
        postmaster = self.living_postmaster()
        children = postmaster.children() if backends else []
        postmaster.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()

    def is_healthy(self) -> bool:
        """Does it say that it is up, and that its database answers?"""
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/health", timeout=5, trust_env=False).status_code == 200
        return False

    async def until_healthy(self) -> None:
        """Wait for it without holding up those who work meanwhile."""
        deadline = time.monotonic() + HEALTHY_WITHIN
        while not await asyncio.to_thread(self.is_healthy):
            told = f"\n{self.log.read_text()[-3000:]}"
            assert self.running.poll() is None, f"the service ended ({self.running.returncode}):{told}"
            assert time.monotonic() < deadline, f"the service is not healthy:{told}"
            await asyncio.sleep(0.05)

    @property
    def socket_dir(self) -> str:
        return (self.pgdata / "postmaster.pid").read_text().splitlines()[4]

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """Connections of the application's role, past the service."""
        address = f"postgresql+asyncpg://{APPLICATION}@/koperasi?host={self.socket_dir}"
        opened = Database(make_engine(address, pool_size=2))
        try:
            yield opened
        finally:
            await opened.close()

    @asynccontextmanager
    async def superuser(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(user="postgres", database="koperasi", host=self.socket_dir)
        try:
            yield connection
        finally:
            connection.terminate()

    def end(self) -> None:
        """Leave nothing running, whatever happened."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        if (postmaster := self.postmaster()) is not None:
            postmaster.kill()
            with suppress(psutil.TimeoutExpired):
                postmaster.wait(10)
