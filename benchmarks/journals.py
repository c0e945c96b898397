"""Exports of the large book beside COPY TO of its postings, by turns; ``exporting`` says how each is taken."""

from __future__ import annotations

from benchmarks import exporting
from benchmarks.model import Bench, Row, middle, row, run
from koperasi.db import Database, make_engine


def measure(bench: Bench) -> list[Row]:
    return run(_by_turns(bench))


async def _by_turns(bench: Bench) -> list[Row]:
    village, entries = bench.large.village, bench.large.entries
    database = Database(make_engine(village.addresses.application, pool_size=2))
    rows = []
    try:
        await exporting.copied(database, village.book_id)
        for form in exporting.MARKED:
            copies, seconds, grown = [], [], []
            for _ in range(bench.sizes.rounds):
                copies.append(await exporting.copied(database, village.book_id))
                taken, _, most = await exporting.exported(database, village.book_id, form)
                seconds.append(taken)
                grown.append(most)
            work = f"export of {entries:,} entries, {form}"
            ours, theirs = 2 * entries / middle(seconds), 2 * entries / middle(copies)
            rows.append(row(work, ours, "postings/s", exporting.COPY, theirs, ours / theirs, "≥ 0.25"))
            mebibytes = max(grown) / 2**20
            rows.append(
                row(f"memory of the same, {form}", mebibytes, "MiB", "100 MiB above idle", 100, mebibytes / 100, "≤ 1")
            )
    finally:
        await database.close()
    return rows
