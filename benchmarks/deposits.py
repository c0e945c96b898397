"""Deposits over REST: a teller's program with 64 open connections against two workers, beside pgbench's TPC-B.

The generator shares the two cores with the service and PostgreSQL. It writes prepared bytes and reads no more of an
answer than it must, so that little of the time is its own.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from benchmarks.book import Village
from benchmarks.model import TPCB, Bench, Row, middle, row, run
from benchmarks.service import serving
from koperasi.db import Database, make_engine
from koperasi.permissions import Role
from ledger import verify

WORKERS = 2
MOST_ERRORS = 10
LAST_ANSWER = 60  # seconds


@dataclass
class Load:
    """What one round sends, and what it heard: seconds of each answer, and how many of each status."""

    village: Village
    name: str
    stop: float = 0
    sent: int = 0
    taken: list[float] = field(default_factory=list)
    statuses: Counter[bytes] = field(default_factory=Counter)
    errors: list[bytes] = field(default_factory=list)

    def request(self) -> bytes:
        """The next deposit: another account, a key of its own."""
        self.sent += 1
        number = self.village.numbers[self.sent * 7919 % len(self.village.numbers)]
        body = b'{"amount":{"amount":"50000.00","currency":"IDR"}}'
        return (
            f"POST /api/v1/savings-accounts/{number}/deposits HTTP/1.1\r\nHost: bench\r\n"
            f"Authorization: Bearer {self.village.tokens[Role.KASIR]}\r\n"
            f"Idempotency-Key: {self.name}-{self.sent:012d}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body


class Client(asyncio.Protocol):
    """One open connection: sends the next request when the answer to the last has come."""

    def __init__(self, load: Load, done: asyncio.Future[None]) -> None:
        self.load, self.done = load, done
        self.got, self.began = b"", 0.0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.began = time.perf_counter()
        self.transport.write(self.load.request())

    def data_received(self, data: bytes) -> None:
        self.got += data
        head, separator, body = self.got.partition(b"\r\n\r\n")
        if not separator:
            return
        at = head.lower().index(b"content-length:") + 15
        if len(body) < int(head[at:].split(b"\r\n", 1)[0]):
            return
        self.got = b""
        now, load, status = time.perf_counter(), self.load, head[9:12]
        load.taken.append(now - self.began)
        load.statuses[status] += 1
        if status != b"201" and len(load.errors) < MOST_ERRORS:
            load.errors.append(body)
        if now < load.stop:
            self.send()
        else:
            self.transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def send_for(load: Load, port: int, clients: int, seconds: float) -> float:
    """Run one round; the seconds that it really took."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    load.stop = began + seconds
    waits = [loop.create_future() for _ in range(clients)]
    for done in waits:
        await loop.create_connection(lambda done=done: Client(load, done), "127.0.0.1", port)
    await asyncio.wait_for(asyncio.gather(*waits), seconds + LAST_ANSWER)
    return time.perf_counter() - began


def measure(bench: Bench) -> list[Row]:
    village, sizes = bench.small, bench.sizes
    rates, medians, tails, rounds = [], [], [], []
    with serving(village.addresses, WORKERS) as port:
        run(send_for(Load(village, "warm"), port, sizes.clients, min(sizes.seconds, 3)))
        for number in range(sizes.rounds):
            rounds.append(bench.tpcb())
            load = Load(village, f"round{number}")
            seconds = run(send_for(load, port, sizes.clients, sizes.seconds))
            assert set(load.statuses) == {b"201"}, (load.statuses, load.errors)
            taken = sorted(load.taken)
            rates.append(len(taken) / seconds)
            medians.append(taken[len(taken) // 2] * 1000)
            tails.append(taken[len(taken) * 99 // 100] * 1000)
    run(check(village))
    rate, baseline, p50, p99 = middle(rates), middle(rounds), middle(medians), middle(tails)
    work = f"deposits over REST, {sizes.clients} clients, {WORKERS} workers"
    return [
        row(work, rate, "deposits/s", TPCB, baseline, rate / baseline, "≥ 0.7"),
        row(f"{work}: p99", p99, "ms", "its p50", p50, p99 / p50, "< 5"),
    ]


async def check(village: Village) -> None:
    """The book verifies after all that."""
    database = Database(make_engine(village.addresses.application, pool_size=2))
    async with database.reading(village.book_id) as connection:
        report = await verify(connection, village.book_id)
    await database.close()
    assert not report.findings, report.findings[:3]
