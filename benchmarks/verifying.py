"""Proving a book beside merely reading it: ``verify`` beside ``hledger bal`` on our export of the same book.

python -m benchmarks.verifying        a book of BENCH_ENTRIES entries of its own, and the row
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.model import Bench, Row, Sizes, row, run
from koperasi.db import Database, make_engine
from koperasi.embedded import EmbeddedServer
from koperasi.reports.exports import Format, JournalExport, journal
from ledger import verify

WORK = "verify of {entries:,} entries: chain, seals, balances, turnovers, keys, closes"
AGAINST = "hledger bal on the export"


def verifying(bench: Bench) -> list[Row]:
    """``verify`` of the large book beside ``hledger bal``; empty where hledger is not installed."""
    large = bench.large
    return compare(large.village.addresses.application, large.village.book_id)


def compare(address: str, book_id: int) -> list[Row]:
    """Both on one book. ``ours`` and ``baseline`` are seconds; ``ratio`` says how many times as fast ours is."""
    seconds, entries, grown = run(_verified(address, book_id))
    print(f"  verified {entries:,} entries in {seconds:.1f} s, {grown / 1024:.0f} MiB more memory", flush=True)
    work = WORK.format(entries=entries)
    rows = [row("memory that verify takes", grown / 1024, "MiB", "the process before", 0, 0, "< 100 MiB")]
    program = shutil.which("hledger")
    if program is None:
        return rows
    with tempfile.TemporaryDirectory(prefix="verify") as directory:
        file = Path(directory) / "book.hledger"
        run(_export(address, book_id, file))
        theirs = timed([program, "-f", str(file), "balance"])
    return [row(work, seconds, "s", AGAINST, theirs, theirs / seconds, "> 1"), *rows]


def timed(command: Sequence[str]) -> float:
    """Seconds that a program takes; what it prints is thrown away."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


async def _verified(address: str, book_id: int) -> tuple[float, int, int]:
    """Seconds, entries, and KiB by which the process grew."""
    database = Database(make_engine(address, pool_size=2))
    try:
        async with database.reading(book_id) as connection:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            started = time.perf_counter()
            report = await verify(connection, book_id)
            seconds = time.perf_counter() - started
    finally:
        await database.close()
    assert not report.findings, report.findings[:3]
    return seconds, report.entries, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


async def _export(address: str, book_id: int, file: Path) -> None:
    database = Database(make_engine(address, pool_size=2))
    try:
        with file.open("w", encoding="utf-8") as target:
            async for piece in journal(database, book_id, JournalExport(Format.HLEDGER)):
                target.write(piece)
    finally:
        await database.close()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench") as directory, EmbeddedServer(Path(directory)) as server:
        for one in verifying(Bench(server, Sizes.of_environment())):
            print(one)


if __name__ == "__main__":
    main()
