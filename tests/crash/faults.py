"""What can go wrong, each done to a service in the middle of its work and over when the fault is over."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import signal
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import repeat

import psutil
import pytest

from .load import Load
from .proxy import Proxy
from .service import Service, until

WITHIN = 60


@dataclass
class Scene:
    """All that a fault may touch."""

    service: Service
    proxy: Proxy
    load: Load
    chance: random.Random

    def workers(self) -> int:
        return self.chance.choice([1, 2])

    async def until_refused(self, times: int = 1) -> None:
        """Wait until callers have heard that the service can't record now."""
        wanted = len(self.load.refusals) + times

        def refused() -> bool:
            self.load.check()
            return len(self.load.refusals) >= wanted

        await until(refused, WITHIN, "callers are told that nothing can be recorded now")


async def kill_the_service(scene: Scene) -> None:
    """Supervisor and workers; PostgreSQL goes on, with their transactions half done."""
    scene.service.kill()
    scene.service.start(scene.workers())


async def cut_the_power(scene: Scene) -> None:
    """Everything at once (but for what the disk had not written: that is fsync's, and PostgreSQL's own tests)."""
    scene.service.kill()
    scene.service.kill_postgres(backends=True)
    scene.service.start(scene.workers())


async def stop_the_service(scene: Scene) -> None:
    """In order, in the middle of its work."""
    await scene.service.stop(signal.SIGTERM)
    scene.service.start(scene.workers())


async def kill_the_postmaster(scene: Scene) -> None:
    """The supervisor brings it back."""
    before = scene.service.living_postmaster()
    scene.service.kill_postgres(backends=False)
    await scene.until_refused()
    await until(lambda: scene.service.postmaster() not in {None, before}, WITHIN, "PostgreSQL was brought back")


async def kill_all_of_postgres(scene: Scene) -> None:
    """The supervisor brings it back."""
    before = scene.service.living_postmaster()
    scene.service.kill_postgres(backends=True)
    await scene.until_refused()
    await until(lambda: scene.service.postmaster() not in {None, before}, WITHIN, "PostgreSQL was brought back")


async def kill_one_of_postgres(scene: Scene) -> None:
    """PostgreSQL throws all its processes out and recovers by itself."""
    children = scene.service.living_postmaster().children()
    with suppress(psutil.NoSuchProcess):
        scene.chance.choice(children).kill()
    await scene.until_refused()


async def end_transactions(scene: Scene) -> None:
    """An administrator throws connections out in the middle of their transactions."""
    ended = 0
    async with scene.service.superuser() as connection, asyncio.timeout(WITHIN):
        while ended < 10:
            ended += await connection.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE application_name = 'koperasi' AND usename = 'koperasi_app' AND xact_start IS NOT NULL"
            )
            scene.load.check()
            await asyncio.sleep(0)


async def cut_connections(scene: Scene) -> None:
    """Requests that arrive by half, answers that never arrive though the money is posted."""
    lost, replayed = scene.proxy.lost_receipts + 10, scene.load.replayed + 5
    scene.proxy.cutting = True
    await until(lambda: scene.proxy.lost_receipts >= lost, WITHIN, "receipts were lost on the way")
    scene.proxy.cutting = False
    await until(lambda: scene.load.replayed >= replayed, WITHIN, "callers asked again and got their receipts")


async def fill_the_disk(scene: Scene) -> None:
    """Until it is emptied again; in half of the cases PostgreSQL also needs a new log segment, and has to give up."""
    filler = scene.service.data_dir / "filler"
    async with scene.service.superuser() as connection:
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 4096):
                with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
                    deque(map(file.write, repeat(bytes(size))), maxlen=0)
        if scene.chance.random() < 0.5:
            with suppress(Exception):
                await connection.execute("SELECT pg_switch_wal()")
    await scene.until_refused(10)
    # The file is emptied before it is removed: that needs no space anywhere.
    os.truncate(filler, 0)
    filler.unlink()


Fault = Callable[[Scene], Awaitable[None]]

FAULTS: tuple[Fault, ...] = (
    kill_the_service,
    cut_the_power,
    stop_the_service,
    kill_the_postmaster,
    kill_all_of_postgres,
    kill_one_of_postgres,
    end_transactions,
    cut_connections,
    fill_the_disk,
)
