"""Starting and stopping: ``koperasi serve`` leaves nothing behind, and starts over whatever was left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import pytest_asyncio

from .service import ROOT, STOPPED_WITHIN, Service, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One data directory for the module, in a short path (a Unix socket's name is limited)."""
    with tempfile.TemporaryDirectory(prefix="kop") as directory:
        service = Service(Path(directory), tmp_path_factory.mktemp("serve") / "log")
        yield service
        service.end()


@pytest_asyncio.fixture
async def service(place: Service) -> AsyncIterator[Service]:
    """The service, as the test before left it: stopped, or healthy."""
    place.log.write_bytes(b"")
    yield place
    if place.running.poll() is None and not place.is_healthy():
        place.end()


async def started(service: Service, workers: int = 1) -> None:
    """Start it, unless the test before left it running like that."""
    if service.process is not None and service.process.poll() is None:
        if len(service.workers()) == (workers if workers > 1 else 0):
            return
        await service.stop(signal.SIGTERM)
    service.start(workers)
    await service.until_healthy()


@pytest.mark.parametrize(("number", "group"), [(signal.SIGTERM, False), (signal.SIGINT, True)], ids=["TERM", "Ctrl+C"])
async def test_it_stops_in_time_and_takes_workers_and_postgres_with_it(
    service: Service, number: int, group: bool
) -> None:
    await started(service, workers=2)
    await service.stop(number, group=group)
    # Ctrl+C may find a worker that is still starting, which says so at length.
    assert group or "Traceback" not in service.log.read_text()


async def test_it_goes_on_with_the_postgres_that_a_killed_supervisor_left(service: Service) -> None:
    await started(service, workers=2)
    left = service.living_postmaster()
    service.kill()
    assert left.is_running()

    await started(service)

    assert service.living_postmaster() == left
    # It is this one's now, and stops with it.
    await service.stop(signal.SIGTERM)
    assert "Traceback" not in service.log.read_text()


async def test_workers_end_with_their_supervisor(service: Service) -> None:
    await started(service, workers=2)
    workers = service.workers()
    assert len(workers) == 2
    os.kill(service.running.pid, signal.SIGKILL)
    service.running.wait(10)

    # Or they would keep the port, and nobody would bring PostgreSQL back.
    await until(lambda: not any(map(psutil.Process.is_running, workers)), STOPPED_WITHIN, "the workers ended")

    await started(service)


@contextmanager
def stranger_of(service: Service) -> Iterator[subprocess.Popen[bytes]]:
    """Some other program of PostgreSQL's user: all that PostgreSQL itself asks of the number in its file."""
    owner = service.pgdata.stat().st_uid if os.geteuid() == 0 else None
    stranger = subprocess.Popen(["sleep", "600"], user=owner, stdin=subprocess.DEVNULL)
    try:
        yield stranger
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("left", ["a number that is another program's now", "half of it"])
async def test_it_starts_over_a_stale_pid_file(service: Service, left: str) -> None:
    await started(service)
    socket_lock = Path(service.socket_dir) / ".s.PGSQL.5432.lock"
    postmaster = service.living_postmaster()
    service.kill()
    service.kill_postgres(backends=True)
    postmaster.wait(10)
    with stranger_of(service) as stranger:
        for file in (service.pgdata / "postmaster.pid", socket_lock):
            lines = file.read_text().splitlines()
            file.write_text("\n".join(lines[:2] if left == "half of it" else [str(stranger.pid), *lines[1:]]))

        await started(service)

        assert stranger.poll() is None


async def test_nobody_notices_that_postgres_died_while_nobody_worked(service: Service) -> None:
    await started(service)
    async with httpx.AsyncClient(base_url=service.url, trust_env=False) as client:

        async def answers() -> set[int]:
            """What several callers hear at once, each over a connection of the pool."""
            return {answer.status_code for answer in await asyncio.gather(*[client.get("/health") for _ in range(8)])}

        assert await answers() == {200}
        before = service.living_postmaster()
        service.kill_postgres(backends=True)
        await until(
            lambda: service.postmaster() not in {None, before} and service.is_ready(), 30, "it was brought back"
        )
        assert await answers() == {200}


async def test_another_command_leaves_postgres_to_the_service(service: Service) -> None:
    await started(service)
    postmaster = service.living_postmaster()
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "koperasi.cli", "migrate", env=service.environment, cwd=ROOT
    )
    assert await asyncio.wait_for(other.wait(), 60) == 0
    assert service.living_postmaster() == postmaster
    assert service.is_healthy()
    await service.stop(signal.SIGINT, group=True)
    assert "Traceback" not in service.log.read_text()


async def test_it_says_that_it_can_not_record_while_postgres_is_away(service: Service) -> None:
    await started(service, workers=2)
    # Held still, the supervisor can't bring it back; the workers go on.
    os.kill(service.running.pid, signal.SIGSTOP)
    service.kill_postgres(backends=True)
    postmaster_socket = service.pgdata / ".s.PGSQL.5432"

    async with httpx.AsyncClient(base_url=service.url, trust_env=False) as client:
        for is_missing in (False, True):
            if is_missing:
                # As when it was shut down, or could not start again.
                postmaster_socket.unlink()
            health = await client.get("/health")
            page = await client.get("/cek/desa/1/x")
            log_in = await client.post(
                "/api/v1/tokens", json={"cooperative": "desa", "username": "kasir", "password": "x"}
            )
            for answer in (health, page, log_in):
                assert answer.status_code == 503
                assert int(answer.headers["Retry-After"]) > 0
                assert "Sistem belum dapat mencatat" in answer.text
            assert page.headers["Content-Type"].startswith("text/html")
            assert log_in.json()["code"] == "unavailable"

    os.kill(service.running.pid, signal.SIGCONT)
    await service.until_healthy()
