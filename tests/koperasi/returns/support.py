"""A cooperative with members, accounts and money, for tests of runs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction

from sqlalchemy import insert

import ledger
from koperasi.cooperatives.service import Cooperative, account_code
from koperasi.db import Database
from koperasi.members import service as members
from koperasi.permissions import Identity, Role
from koperasi.posting import Idempotency
from koperasi.returns import service
from koperasi.returns.service import Asked, Run
from koperasi.returns.service import rules_interest as interest
from koperasi.savings import service as savings
from koperasi.savings.tables import savings_product_terms

NOW = datetime(2026, 12, 2, 3, tzinfo=UTC)
JOINED = date(2026, 1, 2)


@dataclass
class Bench:
    """One cooperative, and what tests do with it."""

    database: Database
    cooperative: Cooperative

    @property
    def book_id(self) -> int:
        return self.cooperative.book_id

    @property
    def staff(self) -> Identity:
        return Identity(self.book_id, 0, "bendahara", "Bendahara", Role.BENDAHARA)

    async def member(self) -> str:
        async with self.database.work(self.book_id) as work:
            made, _ = await members.register(work, members.NewMember(name="Siti", joined_on=JOINED), actor="uji")
            await savings.welcome(work, self.cooperative, made, actor="uji")
            await work.commit()
        return made.number

    async def account(self, member: str, product: str, opened_on: date = JOINED):
        async with self.database.work(self.book_id) as work:
            made = await savings.open_account(
                work, self.cooperative, member, actor="uji", opened_on=opened_on, product_code=product
            )
            await work.commit()
        return made

    async def move(self, account_id: int, day: date, rupiah: int, against: str = "cash.vault") -> int:
        """Rupiah into an account (or out of it) on a day."""
        async with self.database.work(self.book_id) as work:
            code = account_code(self.cooperative.kind, against) if "." in against else against
            other = await ledger.account_by_code(work.connection, self.book_id, code)
            lines = (ledger.Line(other.account_id, rupiah * 100), ledger.Line(account_id, -rupiah * 100))
            draft = ledger.Draft(self.book_id, day, "savings.deposit", "Setoran", "uji", lines, secrets.token_hex(8))
            (outcome,) = await ledger.append(work.connection, [draft])
            assert isinstance(outcome, ledger.Posted), outcome
            await work.commit()
        return outcome.number

    async def between(self, debit: str, credit: str, day: date, rupiah: int) -> int:
        """Rupiah from one account of the chart to another."""
        async with self.database.reading(self.book_id) as connection:
            account = await ledger.account_by_code(connection, self.book_id, credit)
        return await self.move(account.account_id, day, rupiah, debit)

    async def terms(self, product: str, valid_from: date, **facts) -> None:
        """Terms from a day on, in the place of those that founding gave."""
        row = {
            "book_id": self.book_id,
            "product_code": product,
            "valid_from": valid_from,
            "offered": True,
            "earns": "rate",
            "rate_percent": None,
            "nisbah_percent": None,
            "method": "daily",
            "basis": "actual/365",
            "posting": "monthly",
            "early_withdrawal": True,
            "unit_minor": 100,
            "rounding": "half_up",
            "reason": "uji",
            "set_by": "uji",
        } | {
            f"{name}_minor": 0
            for name in ("earning_minimum", "opening_minimum", "deposit_minimum", "floor", "monthly_fee")
        }
        async with self.database.work(self.book_id) as work:
            await work.connection.execute(insert(savings_product_terms).values(**(row | facts)))
            await work.commit()

    async def prepare(self, month: date = date(2026, 11, 1), now: datetime = NOW, **facts) -> Run:
        posting = interest.Posting(facts.pop("posting", "monthly"))
        async with self.database.work(self.book_id) as work:
            made = await service.prepare(
                work,
                self.database,
                self.cooperative,
                Asked(month, posting, **facts),
                actor="bendahara",
                now=now,
            )
            await work.commit()
        return made

    async def submit(self, run: Run):
        async with self.database.work(self.book_id) as work:
            once = Idempotency.of("test", secrets.token_hex(8), run.number)
            made = await service.submit(
                work, self.cooperative, run.number, actor="bendahara", idempotency=once, now=NOW
            )
            await work.commit()
        return made

    async def post(self, run: Run) -> None:
        """Agreed to (nobody else is there) and posted to the end."""
        await self.submit(run)
        await service.post_all(self.database, self.cooperative, run.number, actor="bendahara")

    async def lines(self, run: Run) -> dict[str, tuple[int, int]]:
        """Gross and tax in rupiah by account."""
        async with self.database.reading(self.book_id) as connection:
            found, _ = await service.lines(connection, self.book_id, run.number, limit=10_000)
        return {one.account_number: (one.gross_minor / 100, one.tax_minor / 100) for one in found}

    async def balance(self, account_id: int, on: date | None = None) -> float:
        """In rupiah, on the member's side."""
        async with self.database.reading(self.book_id) as connection:
            account = (await ledger.accounts_by_id(connection, self.book_id, [account_id]))[account_id]
            return -(await ledger.balance(connection, self.book_id, account, on)) / 100

    async def code_balance(self, code: str) -> float:
        """In rupiah, debit positive, of an account of the first level with all beneath it."""
        async with self.database.reading(self.book_id) as connection:
            debit, credit = (await ledger.first_level_sums(connection, self.book_id)).get(code, (0, 0))
        return (debit - credit) / 100


def percent(number: str) -> Fraction:
    return Fraction(number)
