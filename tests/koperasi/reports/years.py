"""Worked years: what happened, entry by entry, in rupiah."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

import ledger
from koperasi.cooperatives.service import Cooperative, found_cooperative, set_business_date

CASH, BANK = "1101", "1111"

Legs = tuple[tuple[str, int], ...]
Event = tuple[str, str, Legs]
"""Day, kind, and the debits (positive) and credits in rupiah."""

KSP: tuple[Event, ...] = (
    ("2025-01-10", "journal", ((CASH, 50_000_000), ("3101.1", -30_000_000), ("3102.1", -20_000_000))),
    ("2025-02-01", "journal", (("1201", 20_000_000), (CASH, -20_000_000))),
    ("2025-06-30", "journal", ((CASH, 5_000_000), ("1201", -4_000_000), ("4101", -1_000_000))),
    ("2025-12-30", "journal", (("5301", 400_000), (CASH, -400_000))),
    ("2025-12-31", "closing", (("4101", 1_000_000), ("5301", -400_000), ("3301", -600_000))),
    ("2026-01-15", "journal", (("3301", 600_000), ("3302", -600_000))),
    ("2026-02-10", "journal", (("3302", 600_000), ("3201", -400_000), ("2123", -200_000))),
    ("2026-02-20", "journal", (("2123", 150_000), (CASH, -150_000))),
    ("2026-03-01", "journal", (("1102", 10_000_000), ("2101.1", -10_000_000))),
    ("2026-03-02", "journal", (("1102", 1_000_000), ("2101.1", -1_000_000))),
    ("2026-03-02", "undo", ()),
    ("2026-03-15", "journal", (("1404", 6_000_000), (CASH, -6_000_000))),
    # A fee and savings are kept back from the loan: only 7,800,000 leave the box.
    ("2026-04-01", "journal", (("1201", 8_000_000), ("4102", -80_000), ("2106.1", -120_000), (CASH, -7_800_000))),
    ("2026-06-30", "journal", ((CASH, 7_000_000), ("1201", -5_000_000), ("4101", -1_900_000), ("4104", -100_000))),
    ("2026-07-31", "journal", (("5101", 300_000), ("2101.1", -270_000), ("2141", -30_000))),
    ("2026-08-10", "journal", (("2141", 30_000), (CASH, -30_000))),
    ("2026-09-01", "journal", (("5301", 500_000), (CASH, -500_000))),
    ("2026-10-01", "journal", (("5307", 250_000), (CASH, -250_000))),
    ("2026-11-01", "journal", ((BANK, 2_000_000), (CASH, -2_000_000))),
    ("2026-11-30", "journal", ((BANK, 50_000), ("4202", -50_000))),
    ("2026-11-30", "journal", (("6102", 10_000), (BANK, -10_000))),
    ("2026-12-31", "adjustment", (("5306", 600_000), ("1414", -600_000))),
    ("2026-12-31", "adjustment", (("5201", 100_000), ("1209", -100_000))),
)
KSP_CLOSING: Event = (
    "2026-12-31",
    "closing",
    (
        ("4101", 1_900_000),
        ("4102", 80_000),
        ("4104", 100_000),
        ("4202", 50_000),
        ("5101", -300_000),
        ("5201", -100_000),
        ("5301", -500_000),
        ("5306", -600_000),
        ("5307", -250_000),
        ("6102", -10_000),
        ("3301", -370_000),
    ),
)

KSPPS: tuple[Event, ...] = (
    ("2026-01-05", "journal", ((CASH, 40_000_000), ("4101.1", -10_000_000), ("4102.1", -30_000_000))),
    ("2026-01-10", "journal", (("1102", 15_000_000), ("3101.1", -15_000_000))),
    ("2026-02-01", "journal", (("1251", 12_000_000), (CASH, -12_000_000))),
    ("2026-02-01", "journal", (("1201", 13_800_000), ("1251", -12_000_000), ("1202", -1_800_000))),
    (
        "2026-03-01",
        "journal",
        ((CASH, 1_150_000), ("1202", 150_000), ("1201", -1_150_000), ("5101", -150_000)),
    ),
    ("2026-03-31", "journal", (("6101", 50_000), ("3101.1", -50_000))),
    ("2026-04-01", "journal", (("1104", 2_000_000), ("8101", -2_000_000))),
    ("2026-04-02", "journal", (("8101", 250_000), ("8104", -250_000))),
    ("2026-04-10", "journal", (("8101", 1_000_000), ("1104", -1_000_000))),
    ("2026-05-01", "journal", (("1104", 300_000), ("8301", -300_000))),
    ("2026-05-10", "journal", (("8302", 200_000), ("1104", -200_000))),
    ("2026-06-01", "journal", (("1104", 50_000), ("8302", -50_000))),
    ("2026-06-05", "journal", (("7202", 20_000), ("1201", -20_000))),
    ("2026-12-31", "adjustment", (("7401", 10_000), ("2143", -10_000))),
)

BUMDES: tuple[Event, ...] = (
    ("2026-01-01", "opening.balance", ((CASH, 25_000_000), ("3103", -25_000_000))),
    ("2026-02-01", "journal", (("1201", 10_000_000), (CASH, -10_000_000))),
    ("2026-03-01", "journal", ((CASH, 2_400_000), ("1201", -2_000_000), ("4101", -400_000))),
    ("2026-04-01", "journal", (("5302", 100_000), (CASH, -100_000))),
    ("2026-05-01", "journal", (("5307", 50_000), (CASH, -50_000))),
    # An account that no table of ours knows.
    ("2026-06-01", "journal", ((CASH, 75_000), ("4107", -75_000))),
    ("2026-07-01", "journal", (("5303", 90_000), (CASH, -60_000), ("2161", -30_000))),
)

OPENED = {
    "ksp": ("3101.1", "3102.1", "2101.1", "2106.1"),
    "kspps": ("3101.1", "4101.1", "4102.1"),
    "bumdes_unit": ("4107",),
}
EVENTS = {"ksp": KSP, "kspps": KSPPS, "bumdes_unit": BUMDES}
NAMES = {"ksp": "KSP Tani Makmur", "kspps": "BMT Harapan Umat", "bumdes_unit": "BUM Desa Sejahtera"}


@dataclass
class Year:
    """A cooperative with its worked year in the book."""

    database: Any
    cooperative: Cooperative

    async def post(self, event: Event) -> int:
        day, kind, legs = event
        async with self.database.work(self.cooperative.book_id) as work:
            found = await ledger.find_accounts(work.connection, work.book_id, [code for code, _ in legs])
            ids = {one.code: one.account_id for one in found}
            draft = ledger.Draft(
                work.book_id,
                date.fromisoformat(day),
                kind,
                "Uji",
                "uji",
                tuple(ledger.Line(ids[code], rupiah * 100) for code, rupiah in legs),
                secrets.token_hex(8),
            )
            return await self._append(work, draft)

    async def undo(self, number: int, day: str, *, of_reversal: bool = False) -> int:
        async with self.database.work(self.cooperative.book_id) as work:
            entry = await ledger.entry_by_number(work.connection, work.book_id, number)
            draft = ledger.reversal_of(
                entry,
                effective_date=date.fromisoformat(day),
                actor="uji",
                key=secrets.token_hex(8),
                reason="Salah",
                of_reversal=of_reversal,
            )
            return await self._append(work, draft)

    @staticmethod
    async def _append(work: Any, draft: ledger.Draft) -> int:
        (outcome,) = await ledger.append(work.connection, [draft])
        assert isinstance(outcome, ledger.Posted), outcome
        await work.commit()
        return outcome.number


async def lived(database: Any, kind: str) -> Year:
    """A cooperative of a kind, with its year posted."""
    async with database.work(0) as work:
        cooperative = await found_cooperative(
            work,
            code=f"uji-{secrets.token_hex(6)}",
            name=NAMES[kind],
            kind=kind,
            timezone="Asia/Makassar",
            actor="uji",
            founded_on=date(2024, 1, 1),
            village="Sekaroh",
            regency="Lombok Timur",
        )
        await work.commit()
    async with database.work(cooperative.book_id) as work:
        cooperative = await set_business_date(work, date(2026, 12, 31), "uji")
        for code in OPENED[kind]:
            parent = ledger.parent_code(code)
            like = await ledger.account_by_code(work.connection, work.book_id, parent or "4101")
            new = ledger.NewAccount(
                code, f"{like.name_id} {code}" if parent else "Jasa Sewa Alat", "Rent", like.type, like.side
            )
            await ledger.open_accounts(work.connection, work.book_id, [new])
        await work.commit()
    year = Year(database, cooperative)
    last = 0
    for event in EVENTS[kind]:
        last = await (year.undo(last, event[0]) if event[1] == "undo" else year.post(event))
    return year
