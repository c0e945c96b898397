"""The trial balance at a date beside summing the postings in SQL, and beside what ``ledger`` makes of the export."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import asyncpg

from benchmarks.book import DAYS, Village
from benchmarks.model import Bench, Row, best_time, median_time, row, run
from koperasi.db import Database, make_engine
from koperasi.reports.exports import Format, JournalExport, journal
from ledger import TrialBalanceRow, trial_balance

TIMES = 9

SUM_ACCOUNTS = """
SELECT a.code, s.debit, s.credit
  FROM (SELECT account_id, coalesce(sum(amount) FILTER (WHERE amount > 0), 0)::bigint AS debit,
               coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)::bigint AS credit
          FROM ledger_posting WHERE book_id = $1 AND effective_date <= $2 GROUP BY account_id) s
  JOIN ledger_account a ON a.book_id = $1 AND a.account_id = s.account_id
"""
"""Each account's own sums: what the detailed trial balance has."""

SUM_FIRST_LEVEL = (
    f"SELECT split_part(code, '.', 1), sum(debit)::bigint, sum(credit)::bigint FROM ({SUM_ACCOUNTS}) GROUP BY 1"
)
"""The same with what lies beneath a control account summed into it: the trial balance that people read."""


def measure(bench: Bench) -> list[Row]:
    large = bench.large
    day = large.village.first_day + timedelta(days=DAYS * 2 // 3)
    rows = run(_beside_sql(bench, large.village, day))
    program = shutil.which("ledger")
    if program is None:
        print("  ledger is not installed (tools/test-tools installs it): its row is left out", flush=True)
        return rows
    ours = rows[0]["ours"]
    with tempfile.TemporaryDirectory(prefix="bench") as directory:
        file = Path(directory) / "book.ledger"
        run(_export(large.village, file))
        command = [program, "--file", str(file), "--end", str(day + timedelta(days=1)), "--depth", "1", "balance"]
        theirs = best_time(1, lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)) * 1000
    return [*rows, row(_work(bench), ours, "ms", "`ledger balance` on the export", theirs, theirs / ours, "≥ 100")]


def _work(bench: Bench) -> str:
    return f"trial balance at a date, {bench.large.entries:,} entries, {bench.sizes.accounts:,} accounts"


async def _beside_sql(bench: Bench, village: Village, day: date) -> list[Row]:
    """Times in milliseconds, after the figures were compared, which must be equal."""
    database = Database(make_engine(village.addresses.application, pool_size=2))
    plain = await bench.superuser(village.name)
    rows = []
    try:
        async with database.reading(village.book_id) as connection:
            for detailed, query in ((False, SUM_FIRST_LEVEL), (True, SUM_ACCOUNTS)):
                mine = await trial_balance(connection, village.book_id, day, detailed=detailed)
                _compare(mine, await plain.fetch(query, village.book_id, day))
                ours = await median_time(
                    TIMES, lambda d=detailed: trial_balance(connection, village.book_id, day, detailed=d)
                )
                theirs = await median_time(TIMES, lambda q=query: _sum(plain, q, village.book_id, day))
                work = f"{_work(bench)}{', each account in detail' if detailed else ''}"
                mark = "" if detailed else "≥ 100"
                rows.append(
                    row(work, ours * 1000, "ms", "summing the postings in SQL", theirs * 1000, theirs / ours, mark)
                )
    finally:
        await plain.close()
        await database.close()
    return rows


async def _sum(plain: asyncpg.Connection, query: str, book_id: int, day: date) -> object:
    return await plain.fetch(query, book_id, day)


def _compare(mine: Sequence[TrialBalanceRow], theirs: Sequence[asyncpg.Record]) -> None:
    """Equal to the last sen; accounts without postings have no sums."""
    ours = {one.account.code: (one.debit, one.credit) for one in mine if one.debit or one.credit}
    summed = {code: (debit, credit) for code, debit, credit in theirs}
    assert ours == summed, [code for code in ours.keys() | summed if ours.get(code) != summed.get(code)][:5]


async def _export(village: Village, file: Path) -> None:
    database = Database(make_engine(village.addresses.application, pool_size=2))
    try:
        with file.open("w", encoding="utf-8") as target:
            async for piece in journal(database, village.book_id, JournalExport(Format.LEDGER)):
                target.write(piece)
    finally:
        await database.close()
