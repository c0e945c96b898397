"""A month's returns of all savings accounts, previewed and posted, beside a bare COPY of the postings that result; and
a member's page while another month is computed and posted by the same service."""

from __future__ import annotations

import io
import resource
import secrets
import threading
import time
from contextlib import suppress
from datetime import date
from fractions import Fraction
from http.client import HTTPConnection
from json import dumps, loads
from pathlib import Path

from benchmarks.model import Bench, Row, middle, row, run
from benchmarks.returns_book import BEFORE, FIRST, LAST, NAME, NOW, PERCENT, PRODUCT, Shop, build
from benchmarks.service import serving
from koperasi.db import Database, make_engine
from koperasi.posting import Idempotency
from koperasi.returns import service
from koperasi.returns.rules_days import Movement
from koperasi.returns.rules_interest import Account, Method, Rate, Terms, return_of
from koperasi.returns.service import Asked, Run

CHECK = """
WITH days AS (
  SELECT p.account_id,
         -sum(p.amount * (DATE '2026-09-30' - greatest(p.effective_date, DATE '2026-09-01') + 1)) AS lay
    FROM ledger_posting p JOIN ledger_entry e ON e.book_id = p.book_id AND e.number = p.entry_number
   WHERE p.book_id = $1 AND e.kind <> 'savings.return' AND p.effective_date <= DATE '2026-09-30'
   GROUP BY p.account_id
), mine AS (
  SELECT * FROM return_line WHERE book_id = $1 AND run_number = $2
), taxed AS (
  SELECT member_number, sum(gross_minor) AS gross, sum(tax_minor) AS tax FROM mine GROUP BY member_number
)
SELECT (SELECT count(*) FROM mine l LEFT JOIN days d ON d.account_id = l.ledger_account_id
         WHERE l.gross_minor <> round(coalesce(d.lay, 0) * $3::int / 36500 / 100) * 100)
     + (SELECT count(*) FROM taxed WHERE tax <> CASE WHEN gross > 24000000 THEN div(gross, 1000) * 100 ELSE 0 END)
     + (SELECT count(*) FROM mine l
          LEFT JOIN ledger_posting p ON p.book_id = l.book_id AND p.account_id = l.ledger_account_id
           AND p.effective_date = DATE '2026-09-30' AND p.entry_number > $4
         WHERE coalesce(-p.amount, 0) <> l.gross_minor - l.tax_minor)
"""
"""Accounts whose return is not what SQL makes of all postings, members whose tax is not, and postings that differ."""


def measure(bench: Bench) -> list[Row]:
    shop = run(build(bench, bench.database(NAME)))
    seconds, entries, grown, _ = run(_whole(bench, shop))
    count = len(shop.accounts)
    copied, rows = run(_copy(bench, entries))
    idle, busy, asked = _member_page(bench, shop)
    return [
        row(
            f"returns of {count:,} accounts with {bench.sizes.entries:,} movements, previewed and posted",
            count / seconds,
            "accounts/s",
            "10,000 accounts/s",
            10_000,
            count / seconds / 10_000,
            "≥ 1",
        ),
        row(
            f"the same: {rows:,} postings",
            rows / seconds,
            "postings/s",
            "bare COPY of them into an unindexed table",
            rows / copied,
            (rows / seconds) / (rows / copied),
        ),
        row("memory of the same", grown / 1024, "MiB", "100 MiB above idle", 100, grown / 1024 / 100, "≤ 1"),
        row(
            f"a member's page while returns are computed and posted ({asked} requests): p95",
            busy * 1000,
            "ms",
            "p95 while nothing else goes on",
            idle * 1000,
            busy / idle,
            "≤ 2",
        ),
    ]


async def _whole(bench: Bench, shop: Shop) -> tuple[float, list[int], int, Run]:
    """Seconds to compute and post the month; its entries, KiB by which the process grew, and the run, looked at."""
    database = Database(make_engine(shop.addresses.application, pool_size=4))
    cooperative, book_id = shop.cooperative, shop.cooperative.book_id
    try:
        before = _peak(reset=True)
        began = time.perf_counter()
        async with database.work(book_id) as work:
            made = await service.prepare(
                work, database, cooperative, Asked(FIRST, products=(PRODUCT,)), actor="bendahara", now=NOW
            )
            await work.commit()
        previewed = time.perf_counter() - began
        async with database.work(book_id) as work:
            once = Idempotency.of("bench", secrets.token_hex(8), made.number)
            await service.submit(work, cooperative, made.number, actor="bendahara", idempotency=once, now=NOW)
            await work.commit()
        await service.post_all(database, cooperative, made.number, actor="bendahara")
        seconds = time.perf_counter() - began
        grown = max(_peak() - before, 0)
        print(f"  preview {previewed:.2f} s, all {seconds:.2f} s, {grown / 1024:.0f} MiB more memory", flush=True)
        async with database.reading(book_id) as connection:
            entries = await service.entries_of(connection, book_id, made)
    finally:
        await database.close()
    await _check(bench, shop, made)
    return seconds, sorted(entries.values()), grown, made


def _peak(*, reset: bool = False) -> int:
    """KiB that this process had at most since the last reset."""
    if reset:
        with suppress(OSError), Path("/proc/self/clear_refs").open("w") as peak:
            peak.write("5")
    with suppress(OSError):
        return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def _check(bench: Bench, shop: Shop, made: Run) -> None:
    """Balances and tax: all accounts in SQL, some by the rule that looks at each day, the entries against both."""
    connection = await bench.superuser(NAME)
    try:
        wrong = await connection.fetchval(
            CHECK,
            shop.cooperative.book_id,
            made.number,
            PERCENT,
            made.head_number,
        )
        assert wrong == 0, wrong
        totals = await connection.fetchrow(
            "SELECT count(*) AS lines, sum(gross_minor) AS gross, sum(tax_minor) AS tax FROM return_line"
            " WHERE book_id = $1 AND run_number = $2",
            shop.cooperative.book_id,
            made.number,
        )
        assert totals["lines"] >= len(shop.accounts)
        assert totals["tax"] > 0
        for number, account in shop.accounts[:: max(len(shop.accounts) // 20, 1)]:
            await _check_one(connection, shop, made, number, account)
    finally:
        await connection.close()


async def _check_one(connection, shop: Shop, made: Run, number: str, account: int) -> None:
    rows = await connection.fetch(
        "SELECT effective_date, -amount AS amount FROM ledger_posting WHERE book_id = $1 AND account_id = $2"
        " AND entry_number <= $3",
        shop.cooperative.book_id,
        account,
        made.head_number,
    )
    moves = [Movement(one["effective_date"], one["amount"]) for one in rows]
    terms = Terms(Method.DAILY, [Rate(date(2026, 1, 2), Fraction(PERCENT))])
    wanted = return_of(Account(0, moves, date(2026, 1, 2)), terms, FIRST, LAST).amount_minor
    found = await connection.fetchval(
        "SELECT gross_minor FROM return_line WHERE book_id = $1 AND run_number = $2 AND account_number = $3",
        shop.cooperative.book_id,
        made.number,
        number,
    )
    assert found == wanted, (number, found, wanted)


async def _copy(bench: Bench, entries: list[int]) -> tuple[float, int]:
    """Seconds to COPY the run's postings into a table without keys or checks, and how many they are."""
    connection = await bench.superuser(NAME)
    columns = ["book_id", "entry_number", "line", "account_id", "effective_date", "amount", "balance_after"]
    try:
        rows = io.BytesIO()
        await connection.copy_from_query(
            f"SELECT {', '.join(columns)} FROM ledger_posting"
            f" WHERE entry_number BETWEEN {entries[0]} AND {entries[-1]}",
            output=rows,
            format="binary",
        )
        taken = []
        for _ in range(max(bench.sizes.rounds, 3)):
            rows.seek(0)
            await connection.execute("CREATE TABLE bare (LIKE ledger_posting)")
            began = time.perf_counter()
            done = await connection.copy_to_table("bare", source=rows, columns=columns, format="binary")
            taken.append(time.perf_counter() - began)
            await connection.execute("DROP TABLE bare")
    finally:
        await connection.close()
    return middle(taken), int(done.split()[-1])


def _member_page(bench: Bench, shop: Shop) -> tuple[float, float, int]:
    """The page's p95 alone, and while the service computes and posts the month before; how many were asked."""
    with serving(shop.addresses, 2) as port:
        for _ in range(20):
            _page(port, shop)
        alone = [_page(port, shop) for _ in range(max(bench.sizes.page_requests * 6, 20))]
        meanwhile: list[float] = []
        done = threading.Event()

        def look() -> None:
            while not done.is_set() or not meanwhile:
                meanwhile.append(_page(port, shop))

        looking = threading.Thread(target=look)
        looking.start()
        try:
            made = _ask(port, shop, "/return-runs", {"month": f"{BEFORE:%Y-%m}", "products": [PRODUCT]})
            _ask(port, shop, f"/return-runs/{made['number']}/submit")
            _ask(port, shop, f"/return-runs/{made['number']}/post")
        finally:
            done.set()
            looking.join()
    return _p95(alone), _p95(meanwhile), len(meanwhile)


def _p95(taken: list[float]) -> float:
    return sorted(taken)[min(len(taken) * 95 // 100, len(taken) - 1)]


def _page(port: int, shop: Shop) -> float:
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    began = time.perf_counter()
    connection.request("GET", "/saldo-saya", headers={"Cookie": f"koperasi_session={shop.cookie}"})
    answer = connection.getresponse()
    body = answer.read()
    taken = time.perf_counter() - began
    connection.close()
    assert answer.status == 200, (answer.status, body[:200])
    return taken


def _ask(port: int, shop: Shop, path: str, body: object = None) -> dict:
    connection = HTTPConnection("127.0.0.1", port, timeout=600)
    headers = {
        "Authorization": f"Bearer {shop.token}",
        "Content-Type": "application/json",
        "Idempotency-Key": secrets.token_hex(8),
    }
    connection.request("POST", f"/api/v1{path}", headers=headers, body=dumps(body) if body else None)
    answer = connection.getresponse()
    told = answer.read()
    connection.close()
    assert answer.status in (200, 201), (path, answer.status, told[:300])
    return loads(told)
