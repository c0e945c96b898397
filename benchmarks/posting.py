"""Group commit against pgbench: our ``Poster`` with every guard on, beside TPC-B on the same server in the same run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from benchmarks.model import TPCB, Bench, Row, Sizes, middle, row, run
from koperasi.db import Database, make_engine
from ledger import AccountType, Draft, Line, NewAccount, Posted, Poster, Side, found_book, open_accounts, verify

ACCOUNTS = 1000
LIABILITY = (AccountType.LIABILITY, Side.CREDIT)


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


async def post_for(
    poster: Poster, lines_of: Callable[[int], tuple[Line, ...]], book_id: int, run_name: str, sizes: Sizes
) -> float:
    """Entries a second that the callers are answered, each waiting for its own before it sends the next."""
    stop = time.perf_counter() + sizes.seconds
    done = 0
    today = datetime.now(UTC).date()

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
            n += sizes.callers

    started = time.perf_counter()
    await asyncio.gather(*(caller(n) for n in range(sizes.callers)))
    return done / (time.perf_counter() - started)


async def fill(poster: Poster, book_id: int, savings: list[int], cash: int, round_name: str) -> None:
    """Give each account something to pay with: none may go below nothing."""
    amount = 10**12
    lines = (Line(cash, amount * len(savings)), *(Line(account, -amount) for account in savings))
    day = datetime.now(UTC).date() - timedelta(days=1)
    draft = Draft(book_id, day, "opening", "Saldo awal", "bendahara", lines, f"{round_name}-fill")
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


async def ours(address: str, round_name: str, sizes: Sizes) -> tuple[float, float]:
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
        figures.append(await post_for(poster, lines_of, book_id, f"{round_name}-{name}", sizes))
        await poster.close()
        async with database.reading(book_id) as connection:
            report = await verify(connection, book_id)
        assert not report.findings, report.findings[:3]
    await database.close()
    return figures[0], figures[1]


def measure(bench: Bench) -> list[Row]:
    """By turns with pgbench; the medians."""
    addresses, sizes = bench.database("posting"), bench.sizes
    rates: dict[str, list[float]] = {"spread": [], "hot": []}
    for number in range(sizes.rounds):
        bench.tpcb()
        for name, rate in zip(rates, run(ours(addresses.application, f"round{number}", sizes)), strict=True):
            rates[name].append(rate)
    spread, hot, baseline = middle(rates["spread"]), middle(rates["hot"]), bench.tpcb_median
    callers, unit = f"Poster, {sizes.callers} callers", "entries/s"
    return [
        row(f"{callers}, spread over {ACCOUNTS:,} accounts", spread, unit, TPCB, baseline, spread / baseline, "≥ 3"),
        row(f"{callers}, one hot cash account", hot, unit, TPCB, baseline, hot / baseline, "≥ 3"),
        row("hot account beside spread", hot, unit, "Poster, spread", spread, hot / spread, "≥ 0.9"),
    ]
