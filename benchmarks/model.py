"""What the parts of ``make bench`` share: sizes, one server, and the rows that they give back."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import asyncpg
import uvloop

from koperasi import migrate
from koperasi.embedded import Addresses, EmbeddedServer

if TYPE_CHECKING:
    from benchmarks.book import Large, Village

Answer = TypeVar("Answer")

HERE = Path(__file__).parent
TPCB = "pgbench TPC-B, better of 8 and 32 clients"


class Row(TypedDict):
    """One line of the table: our figure, what stands beside it, and ours in its terms.

    ``ratio`` is how many times as fast ours is (or, of bytes and times, as large or long). ``mark`` says what is wanted
    of the ratio, empty where nothing is.
    """

    work: str
    ours: float
    unit: str
    against: str
    baseline: float
    ratio: float
    mark: str


def row(work: str, ours: float, unit: str, against: str, baseline: float, ratio: float, mark: str = "") -> Row:
    return Row(
        work=work,
        ours=round(ours, 4),
        unit=unit,
        against=against,
        baseline=round(baseline, 4),
        ratio=round(ratio, 3),
        mark=mark,
    )


@dataclass(frozen=True)
class Sizes:
    """How much of everything; ``BENCH_ENTRIES=10000 make bench`` is a run of some two minutes."""

    entries: int = 1_000_000
    small_entries: int = 10_000
    accounts: int = 10_000
    seconds: float = 8
    rounds: int = 3
    lines: int = 5_000
    callers: int = 256
    clients: int = 64
    page_requests: int = 50
    pgbench_scale: int = 10

    @classmethod
    def of_environment(cls) -> Sizes:
        entries = int(os.environ.get("BENCH_ENTRIES", str(cls.entries)))
        return cls(
            entries=entries,
            small_entries=min(cls.small_entries, entries // 10),
            seconds=float(os.environ.get("BENCH_SECONDS", str(cls.seconds if entries >= cls.entries else 2))),
            rounds=int(os.environ.get("BENCH_ROUNDS", str(cls.rounds if entries >= cls.entries else 1))),
        )


@dataclass
class Bench:
    """One run: the server and what is built once in it."""

    server: EmbeddedServer
    sizes: Sizes
    out: Path = HERE
    ready: set[str] = field(default_factory=set)
    tpcb_rates: dict[int, list[float]] = field(default_factory=dict)
    growth: list[dict[str, float]] = field(default_factory=list)

    def database(self, name: str) -> Addresses:
        """A migrated database of this name."""
        addresses = asyncio.run(self.server.ensure_database(name))
        if name not in self.ready:
            migrate.upgrade(addresses.owner)
            self.ready.add(name)
        return addresses

    @cached_property
    def large(self) -> Large:
        """The book of a million entries, and how its building went."""
        from benchmarks import book

        return run(book.build_large(self, self.database("large")))

    @cached_property
    def small(self) -> Village:
        """The same cooperative with a book of ten thousand entries."""
        from benchmarks import book

        return run(book.build_small(self, self.database("small")))

    def superuser(self, database: str) -> Coroutine[Any, Any, asyncpg.Connection]:
        """A connection that no policy of ours slows down: for the other side of a comparison."""
        return asyncpg.connect(user="postgres", database=database, host=str(self.server.socket_dir))

    def pgbench(self, *arguments: str) -> str:
        command = [str(self.server.binaries / "pgbench"), "-h", str(self.server.socket_dir), "-U", "postgres"]
        return subprocess.run([*command, *arguments, "pgbench"], check=True, capture_output=True, text=True).stdout

    def tpcb(self) -> float:
        """Transactions a second of one more round of TPC-B with the better number of clients; see ``baseline``."""
        if "pgbench" not in self.ready:
            asyncio.run(self.server.ensure_database("pgbench"))
            self.pgbench("-i", "-s", str(self.sizes.pgbench_scale), "-q")
            self.ready.add("pgbench")
        for clients in (8, 32):
            options = ("-c", str(clients), "-j", "2", "-T", str(max(1, round(self.sizes.seconds))), "-M", "prepared")
            found = re.search(r"tps = ([0-9.]+) \(without initial", self.pgbench(*options, "-n"))
            assert found
            self.tpcb_rates.setdefault(clients, []).append(float(found.group(1)))
        return max(rates[-1] for rates in self.tpcb_rates.values())

    @property
    def tpcb_median(self) -> float:
        """The median of all rounds so far, of the better number of clients."""
        return max(middle(rates) for rates in self.tpcb_rates.values())


def run(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run on the loop that the service runs on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def best_time(times: int, work: Callable[[], object]) -> float:
    """Seconds that the quickest of several takes."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


async def median_time(times: int, work: Callable[[], Coroutine[Any, Any, object]]) -> float:
    """Seconds that one takes, the median of several after one that warms up."""
    taken = []
    for _ in range(times + 1):
        started = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - started)
    return middle(taken[1:])
