"""Exports beside a bare ``COPY ledger_posting TO STDOUT``: the same book, server and driver, by turns in one run.

Both sides are counted in postings a second, though an export writes some 200 to 400 bytes for each and COPY 50. The
export goes through ``koperasi.reports.exports.journal``, which the service streams; its text is encoded and dropped.
``BENCH_ENTRIES`` says how long the book is, ``BENCH_ROUNDS`` how often all is done.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import psutil
import uvloop

from koperasi import migrate
from koperasi.db import Database, make_engine
from koperasi.embedded import EmbeddedServer
from koperasi.reports.exports import Format, JournalExport, journal
from ledger import AccountType, Draft, Line, NewAccount, Posted, Side, append, found_book, open_accounts

ENTRIES = int(os.environ.get("BENCH_ENTRIES", "100000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
ACCOUNTS = 1000
BATCH = 1000
FORMATS = (Format.JSONL, Format.HLEDGER, Format.BEANCOUNT, Format.CSV)
MARKED = (Format.JSONL, Format.HLEDGER)
COPY = "COPY ledger_posting TO STDOUT, by the same driver"
FIRST_DAY = date(2026, 1, 1)
SAVINGS = (AccountType.LIABILITY, Side.CREDIT)


async def make_book(database: Database) -> int:
    """Deposits of a year, two lines each, spread over a thousand savings accounts."""
    async with database.engine.connect() as connection:
        book_id = await found_book(connection)
        accounts = [
            NewAccount("1102", "Kas", "Cash", AccountType.ASSET, Side.DEBIT),
            NewAccount("2101", "Simpanan", "Savings", *SAVINGS, control=True),
            *(NewAccount(f"2101.{n:06d}", f"Simpanan Wadiah {n}", f"Savings {n}", *SAVINGS) for n in range(ACCOUNTS)),
        ]
        ids = await open_accounts(connection, book_id, accounts)
        await connection.commit()
    for first in range(0, ENTRIES, BATCH):
        drafts = [
            Draft(
                book_id=book_id,
                effective_date=FIRST_DAY + timedelta(days=n * 365 // ENTRIES),
                kind="savings.deposit",
                description=f"Setoran {10_000_000 + n * 7919 % ACCOUNTS}",
                actor="bendahara",
                lines=(Line(ids["1102"], amount), Line(ids[f"2101.{n * 7919 % ACCOUNTS:06d}"], -amount)),
                key=f"deposit-{n}",
                fingerprint=b"0123456789abcdef",
            )
            for n in range(first, min(first + BATCH, ENTRIES))
            for amount in (5_000_000 + n * 100,)
        ]
        async with database.work(book_id) as work:
            assert all(isinstance(one, Posted) for one in await append(work.connection, drafts))
            await work.commit()
    return book_id


async def copied(database: Database, book_id: int) -> float:
    """Seconds that the driver takes to hear all postings."""

    async def drop(_data: bytes) -> None:
        pass

    async with database.reading(book_id) as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        started = time.perf_counter()
        await raw.copy_from_table("ledger_posting", output=drop)
        return time.perf_counter() - started


async def exported(database: Database, book_id: int, form: Format) -> tuple[float, int, int]:
    """Seconds of an export, its bytes, and by how many this process grew at most."""
    process = psutil.Process()
    idle = most = process.memory_info().rss
    started, size = time.perf_counter(), 0
    async for piece in journal(database, book_id, JournalExport(form)):
        size += len(piece.encode())
        most = max(most, process.memory_info().rss)
    return time.perf_counter() - started, size, most - idle


async def measure(address: str) -> list[dict[str, object]]:
    database = Database(make_engine(address, pool_size=4))
    book_id = await make_book(database)
    await copied(database, book_id)
    copy: dict[Format, list[float]] = {form: [] for form in FORMATS}
    ours: dict[Format, list[tuple[float, int, int]]] = {form: [] for form in FORMATS}
    for _ in range(ROUNDS):
        for form in FORMATS:
            copy[form].append(await copied(database, book_id))
            ours[form].append(await exported(database, book_id, form))
    await database.close()
    postings = 2 * ENTRIES
    rows = []
    for form, runs in ours.items():
        rate = postings / middle([seconds for seconds, _, _ in runs])
        baseline = postings / middle(copy[form])
        rows.append(row(f"export of {ENTRIES:,} entries, {form}", rate, "postings/s", COPY, baseline))
        print(f"{form:10} {rate / 2:10,.0f} entries/s {runs[0][1] / ENTRIES:7.0f} bytes/entry")
    for form in MARKED:
        grown = max(most for _, _, most in ours[form]) / 2**20
        rows.append(row(f"memory of the same, {form}, above idle", grown, "MiB", "100 MiB", 100))
    return rows


def middle(figures: list[float]) -> float:
    return sorted(figures)[len(figures) // 2]


def row(work: str, ours_figure: float, unit: str, against: str, baseline: float) -> dict[str, object]:
    return {
        "work": work,
        "ours": round(ours_figure, 1),
        "unit": unit,
        "against": against,
        "baseline": round(baseline, 1),
        "ratio": round(ours_figure / baseline, 3),
    }


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench") as directory, EmbeddedServer(Path(directory)) as server:
        addresses = asyncio.run(server.ensure_database("koperasi"))
        migrate.upgrade(addresses.owner)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            rows = runner.run(measure(addresses.application))
    print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
