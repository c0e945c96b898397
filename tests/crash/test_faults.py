"""Whatever is killed, cut or full: each acknowledged deposit is in the book once, and none is there twice.

A dozen rounds; KOPERASI_CRASH_ROUNDS=100 for more, KOPERASI_CRASH_SEED for others.
"""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select

import ledger
from koperasi.permissions import Role
from koperasi.savings import service as savings
from koperasi.savings.rules import SavingsKind
from koperasi.savings.service import SavingsAccount
from ledger.schema import entry, posting

from ..conftest import Village, found, populate
from .faults import FAULTS, WITHIN, Fault, Scene, fill_the_disk
from .load import Load, Request
from .proxy import Proxy
from .service import Service, until

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("KOPERASI_CRASH_ROUNDS", "12"))
SEED = int(os.environ.get("KOPERASI_CRASH_SEED", "7"))
DISK = "512m"


def programme() -> list[Fault]:
    """Every fault in turn, in an order of its own each time."""
    chance = random.Random(SEED)
    faults: list[Fault] = []
    while len(faults) < ROUNDS:
        faults += chance.sample(FAULTS, len(FAULTS))
    return faults[:ROUNDS]


@dataclass
class World:
    """A service with one cooperative, and everything that was ever asked of it."""

    service: Service
    proxy: Proxy
    village: Village
    account: SavingsAccount
    requests: list[Request]

    async def check_the_book(self) -> None:
        """Once, not twice, in order, and nothing else: told from the postings, not from the keys."""
        book_id = self.village.cooperative.book_id
        of_book, of_account = posting.c.book_id == book_id, posting.c.account_id == self.account.ledger_account_id
        async with self.service.database() as database, database.reading(book_id) as connection:
            report = await ledger.verify(connection, book_id)
            numbers = await connection.execute(select(entry.c.number).where(entry.c.book_id == book_id))
            rows = await connection.execute(
                select(posting.c.entry_number, -posting.c.amount).where(of_book, of_account)
            )
            account = await savings.account_by_number(connection, book_id, self.account.number)
        posted = {number: amount // 100 for number, amount in rows}
        times = Counter(posted.values())
        assert report.findings == ()
        assert sorted(number for (number,) in numbers) == list(range(1, len(posted) + 1))
        for request in self.requests:
            if request.entry is None:
                assert times[request.rupiah] <= 1, "one that nobody has a receipt for was posted twice"
            else:
                assert times[request.rupiah] == 1, "one with a receipt is not in the book once"
                assert posted[request.entry] == request.rupiah
        assert times.keys() <= {request.rupiah for request in self.requests}
        assert account.balance_minor == sum(posted.values()) * 100


@dataclass(frozen=True)
class Disk:
    """An empty directory, and why it is not a small disk of its own; empty if it is one."""

    path: Path
    why_not: str


@pytest.fixture(scope="module")
def disk() -> Iterator[Disk]:
    """A small disk in a short path (a Unix socket's name is limited), if we may mount one."""
    with tempfile.TemporaryDirectory(prefix="kop") as directory:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", directory]
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
        why_not = "" if mounted.returncode == 0 else f"may not mount a small disk: {mounted.stderr.strip()}"
        yield Disk(Path(directory), why_not)
        if not why_not:
            # Lazily: a killed PostgreSQL's last processes may still be going.
            subprocess.run(["umount", "--lazy", directory], check=True)


@pytest_asyncio.fixture(scope="module")
async def world(disk: Disk, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The service with one cooperative, behind the network that fails."""
    service = Service(disk.path, tmp_path_factory.mktemp("faults") / "log")
    try:
        service.start()
        await service.until_healthy()
        async with service.database() as database:
            village = await populate(database, await found(database, sessions=True))
            book_id = village.cooperative.book_id
            async with database.reading(book_id) as connection:
                accounts = await savings.accounts_of(connection, book_id, village.member.number)
        account = next(one for one in accounts if one.kind is SavingsKind.WADIAH)
        async with Proxy(service.port, random.Random(SEED)) as proxy:
            yield World(service, proxy, village, account, [])
    finally:
        service.end()


@pytest.mark.parametrize(
    ("number", "fault"),
    [pytest.param(number, fault, id=f"{number:03}-{fault.__name__}") for number, fault in enumerate(programme(), 1)],
)
async def test_every_receipt_stands_for_one_posting(disk: Disk, world: World, number: int, fault: Fault) -> None:
    if fault is fill_the_disk and disk.why_not:
        pytest.skip(disk.why_not)
    assert world.service.running.poll() is None, "the service ended in an earlier round"
    chance = random.Random(SEED * 1000 + number)
    headers = world.village.headers(Role.KASIR)
    async with Load(world.proxy.url, world.account.number, headers, chance, world.requests) as load:
        first = chance.randint(10, 150)
        await until(lambda: load.has_receipts(first), WITHIN, "callers get receipts")

        await fault(Scene(world.service, world.proxy, load, chance))

        await world.service.until_healthy()
        then = load.acknowledged + 50
        await until(lambda: load.has_receipts(then), WITHIN, "callers get receipts again")
    assert {refusal["code"] for refusal in load.refusals} <= {"unavailable", "busy"}
    assert all(refusal["detail"].startswith("Sistem ") for refusal in load.refusals)
    await world.check_the_book()
