"""Bulk append beside a bare COPY of the same rows, and one entry of many lines beside many of two."""

from __future__ import annotations

import io
import time

from benchmarks.book import Village
from benchmarks.model import Bench, Row, middle, row, run
from koperasi.db import Database, make_engine
from ledger import Draft, Line, Posted, append

COLUMNS = ["book_id", "entry_number", "line", "account_id", "effective_date", "amount", "balance_after"]


def measure(bench: Bench) -> list[Row]:
    large = bench.large
    entries, seconds = large.entries, large.seconds
    copied, rows = run(_copy(bench, 2 * entries))
    long, short = run(_long_entry(bench, bench.small))
    return [
        row(
            f"bulk append of {entries:,} two-line entries",
            2 * entries / seconds,
            "postings/s",
            "bare COPY into an unindexed table",
            rows / copied,
            (2 * entries / seconds) / (rows / copied),
            "≥ 0.25",
        ),
        row(
            f"one entry of {bench.sizes.lines:,} lines",
            long * 1000,
            "ms",
            f"{bench.sizes.lines // 2:,} two-line entries in one batch",
            short * 1000,
            long / short,
            "≤ 3",
        ),
    ]


async def _copy(bench: Bench, most: int) -> tuple[float, int]:
    """Seconds to COPY the postings of the large book into a table without keys or checks, and how many they are."""
    connection = await bench.superuser("large")
    try:
        rows = io.BytesIO()
        await connection.copy_from_query(
            f"SELECT {', '.join(COLUMNS)} FROM ledger_posting LIMIT {most}", output=rows, format="binary"
        )
        taken = []
        for _ in range(bench.sizes.rounds):
            rows.seek(0)
            await connection.execute("CREATE TABLE bare (LIKE ledger_posting)")
            began = time.perf_counter()
            done = await connection.copy_to_table("bare", source=rows, columns=COLUMNS, format="binary")
            taken.append(time.perf_counter() - began)
            await connection.execute("DROP TABLE bare")
    finally:
        await connection.close()
    return middle(taken), int(done.split()[-1])


async def _long_entry(bench: Bench, village: Village) -> tuple[float, float]:
    """Seconds for one entry of many lines, and for as many lines in entries of two; by turns, the medians."""
    database = Database(make_engine(village.addresses.application, pool_size=2))
    lines, today = bench.sizes.lines, village.draft(0, 1).effective_date
    accounts = village.spread[: lines - 1]
    times: dict[int, list[float]] = {1: [], lines // 2: []}
    model = village.draft(0, 1)
    for number in range(bench.sizes.rounds + 1):
        one = model._replace(
            kind="surplus.distribution",
            effective_date=today,
            lines=(Line(village.cash, 100 * len(accounts)), *(Line(account, -100) for account in accounts)),
            key=f"long:{number}",
        )
        many = [
            model._replace(lines=(Line(village.cash, 100), Line(account, -100)), key=f"short:{number}:{n}")
            for n, account in enumerate(accounts[: lines // 2])
        ]
        for drafts in ([one], many):
            began = time.perf_counter()
            await _append(database, village, drafts)
            times[1 if len(drafts) == 1 else lines // 2].append(time.perf_counter() - began)
    await database.close()
    return middle(times[1][1:]), middle(times[lines // 2][1:])


async def _append(database: Database, village: Village, drafts: list[Draft]) -> None:
    async with database.work(village.book_id) as work:
        outcomes = await append(work.connection, drafts)
        await work.commit()
    assert all(isinstance(outcome, Posted) for outcome in outcomes), outcomes[0]
