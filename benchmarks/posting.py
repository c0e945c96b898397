"""Group commit against pgbench: our ``Poster`` with every guard on, beside TPC-B on the same server in the same run.

``make bench`` runs this on an embedded server of its own and writes ``benchmarks/latest.json``.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import uvloop

from koperasi import migrate
from koperasi.db import Database, make_engine
from koperasi.embedded import EmbeddedServer
from ledger import AccountType, Draft, Line, NewAccount, Posted, Poster, Side, found_book, open_accounts, verify

CALLERS = 256
SECONDS = int(os.environ.get("BENCH_SECONDS", "8"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
ACCOUNTS = 1000
LIABILITY = (AccountType.LIABILITY, Side.CREDIT)
TPCB = "pgbench TPC-B, better of 8 and 32 clients"
LATEST = Path(__file__).with_name("latest.json")


def pgbench(server: EmbeddedServer, *arguments: str) -> str:
    command = [str(server.binaries / "pgbench"), "-h", str(server.socket_dir), "-U", "postgres", *arguments, "pgbench"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def tpcb(server: EmbeddedServer, clients: int) -> float:
    output = pgbench(server, "-c", str(clients), "-j", "2", "-T", str(SECONDS), "-M", "prepared", "-n")
    found = re.search(r"tps = ([0-9.]+) \(without initial", output)
    assert found, output
    return float(found.group(1))


async def make_book(database: Database) -> tuple[int, list[int], int]:
    async with database.engine.connect() as connection:
        book_id = await found_book(connection)
        ids = await open_accounts(
            connection,
            book_id,
            [NewAccount("1102", "Kas", "Cash", AccountType.ASSET, Side.DEBIT, floor=0)]
            + [NewAccount("2101", "Simpanan", "Savings", AccountType.LIABILITY, Side.CREDIT, control=True)]
            + [
                NewAccount(f"2101.{n:06d}", f"Simpanan {n}", f"Savings {n}", *LIABILITY, floor=0)
                for n in range(ACCOUNTS)
            ],
        )
        await connection.commit()
    return book_id, [ids[f"2101.{n:06d}"] for n in range(ACCOUNTS)], ids["1102"]


async def run(poster: Poster, lines_of: Callable[[int], tuple[Line, ...]], book_id: int, run_name: str) -> float:
    """Entries a second that 256 callers are answered, each waiting for its own before it sends the next."""
    stop = time.perf_counter() + SECONDS
    done = 0
    today = date(2026, 11, 25)

    async def caller(mine: int) -> None:
        nonlocal done
        n = mine
        while time.perf_counter() < stop:
            draft = Draft(
                book_id=book_id,
                effective_date=today,
                kind="savings.deposit",
                description="Setoran simpanan",
                actor="bendahara",
                lines=lines_of(n),
                key=f"{run_name}-{n}",
                fingerprint=b"0123456789abcdef",
            )
            outcome = await poster.post(draft)
            assert isinstance(outcome, Posted), outcome
            done += 1
            n += CALLERS

    started = time.perf_counter()
    await asyncio.gather(*(caller(n) for n in range(CALLERS)))
    return done / (time.perf_counter() - started)


async def fill(poster: Poster, book_id: int, savings: list[int], cash: int, round_name: str) -> None:
    """Give each account something to pay with: none may go below nothing."""
    amount = 10**12
    lines = (Line(cash, amount * len(savings)), *(Line(account, -amount) for account in savings))
    draft = Draft(book_id, date(2026, 11, 24), "opening", "Saldo awal", "bendahara", lines, f"{round_name}-fill")
    assert isinstance(await poster.post(draft), Posted)


def between_savings(savings: list[int]) -> Callable[[int], tuple[Line, ...]]:
    """From one of the thousand to another: no account is hotter than the rest."""

    def lines_of(n: int) -> tuple[Line, ...]:
        first = n * 7919 % ACCOUNTS
        return (Line(savings[first], 100), Line(savings[(first + 1 + n % 997) % ACCOUNTS], -100))

    return lines_of


def through_cash(cash: int, savings: list[int]) -> Callable[[int], tuple[Line, ...]]:
    """Deposits: every entry touches the one cash account."""

    def lines_of(n: int) -> tuple[Line, ...]:
        return (Line(cash, 100), Line(savings[n * 7919 % ACCOUNTS], -100))

    return lines_of


async def ours(address: str, round_name: str) -> tuple[float, float]:
    """Entries a second, spread over 1,000 accounts and all through one cash account; a book of its own each."""
    engine = make_engine(address, pool_size=4)
    database = Database(engine)
    figures = []
    for name in ("spread", "hot"):
        book_id, savings, cash = await make_book(database)
        poster = Poster(engine, batch_limit=512)
        if name == "spread":
            await fill(poster, book_id, savings, cash, round_name)
        lines_of = between_savings(savings) if name == "spread" else through_cash(cash, savings)
        figures.append(await run(poster, lines_of, book_id, f"{round_name}-{name}"))
        await poster.close()
        async with database.reading(book_id) as connection:
            report = await verify(connection, book_id)
        assert not report.findings, report.findings[:3]
    await database.close()
    return figures[0], figures[1]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench") as directory, EmbeddedServer(Path(directory)) as server:
        addresses = asyncio.run(server.ensure_database("koperasi"))
        asyncio.run(server.ensure_database("pgbench"))
        migrate.upgrade(addresses.owner)
        pgbench(server, "-i", "-s", "10", "-q")
        best: dict[str, list[float]] = {"tpcb8": [], "tpcb32": [], "spread": [], "hot": []}
        for number in range(ROUNDS):
            best["tpcb8"].append(tpcb(server, 8))
            best["tpcb32"].append(tpcb(server, 32))
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                spread, hot = runner.run(ours(addresses.application, f"round{number}"))
            best["spread"].append(spread)
            best["hot"].append(hot)
    middle = {name: sorted(values)[len(values) // 2] for name, values in best.items()}
    baseline = max(middle["tpcb8"], middle["tpcb32"])
    rows = [
        row("Poster, 256 callers, spread over 1,000 accounts", middle["spread"], TPCB, baseline),
        row("Poster, 256 callers, one hot cash account", middle["hot"], TPCB, baseline),
        row("hot account beside spread", middle["hot"], "Poster, spread", middle["spread"]),
    ]
    LATEST.write_text(json.dumps(rows, indent=2) + "\n")
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"\n{machine}, medians of {ROUNDS} rounds of {SECONDS} s")
    for name, values in best.items():
        print(f"  {name:8} " + "  ".join(f"{value:10,.0f}" for value in values))
    print(f"\n{'work':50} {'ours':>10} {'baseline':>10} {'ratio':>6}")
    for entry in rows:
        print(f"{entry['work']:50} {entry['ours']:10,.0f} {entry['baseline']:10,.0f} {entry['ratio']:6.2f}")


def row(work: str, ours_figure: float, against: str, baseline: float) -> dict[str, object]:
    return {
        "work": work,
        "ours": round(ours_figure, 1),
        "unit": "entries/s",
        "against": against,
        "baseline": round(baseline, 1),
        "ratio": round(ours_figure / baseline, 3),
    }


if __name__ == "__main__":
    main()
