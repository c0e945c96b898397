from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest_asyncio

import ledger
from koperasi.approvals import service
from koperasi.approvals.service import Approval, NeedsApproval
from koperasi.cooperatives.service import Cooperative, add_policy
from koperasi.db import Database
from koperasi.members import service as members
from koperasi.posting import Idempotency
from koperasi.savings import service as savings

LIMIT_RUPIAH = 500
"""Above what the fixtures' cooperative wants a second person for a withdrawal."""


@dataclass
class Desk:
    """A teller, a member with savings, and whoever agrees."""

    database: Database
    poster: ledger.Poster
    cooperative: Cooperative
    member_number: str
    account: str

    @property
    def book_id(self) -> int:
        return self.cooperative.book_id

    def today(self) -> date:
        """The day on the cooperative's clocks, which are ahead of UTC."""
        return self.cooperative.today(datetime.now(UTC))

    async def deposit(self, rupiah: int) -> savings.Receipt:
        return await savings.deposit(
            self.database, self.poster, self.cooperative, account_number=self.account, amount_minor=rupiah * 100,
            effective_date=None, actor="kasir", idempotency=Idempotency.of("test", secrets.token_hex(8)),
        )  # fmt: skip

    async def withdraw(self, rupiah: int, key: str | None = None) -> savings.Receipt:
        key = key or secrets.token_hex(8)
        return await savings.withdraw(
            self.database, self.poster, self.cooperative, account_number=self.account, amount_minor=rupiah * 100,
            effective_date=None, actor="kasir", idempotency=Idempotency.of("test", key, rupiah),
        )  # fmt: skip

    async def need(self, rupiah: int, key: str | None = None) -> NeedsApproval:
        """What the service says to a withdrawal above the limit."""
        try:
            await self.withdraw(rupiah, key)
        except NeedsApproval as need:
            return need
        raise AssertionError("it was paid out")

    async def file(self, need: NeedsApproval, now: datetime | None = None) -> Approval:
        async with self.database.work(self.book_id) as work:
            asked = await service.ask(work.connection, self.book_id, need, now or datetime.now(UTC))
            await work.commit()
        return asked

    async def ask(self, rupiah: int, key: str | None = None, now: datetime | None = None) -> Approval:
        return await self.file(await self.need(rupiah, key), now)

    async def approve(self, asked: Approval, actor: str = "ketua", **facts: Any) -> Approval:
        wanted = {"seen": asked.fingerprint, "now": datetime.now(UTC)} | facts
        async with self.database.work(self.book_id) as work:
            done = await service.approve(work.connection, self.book_id, asked.number, actor=actor, **wanted)
            await work.commit()
        return done

    async def refuse(self, asked: Approval, actor: str = "ketua", **facts: Any) -> Approval:
        wanted = {"seen": asked.fingerprint, "now": datetime.now(UTC), "reason": "belum ada berkas"} | facts
        async with self.database.work(self.book_id) as work:
            done = await service.refuse(work.connection, self.book_id, asked.number, actor=actor, **wanted)
            await work.commit()
        return done

    async def stands(self) -> tuple[int, int]:
        """Balance and what may be taken out, in rupiah."""
        async with self.database.reading(self.book_id) as connection:
            account = await savings.account_by_number(connection, self.book_id, self.account)
        return account.balance_minor // 100, account.available_minor // 100

    async def last_entry(self) -> int:
        async with self.database.reading(self.book_id) as connection:
            return (await ledger.head(connection, self.book_id)).number

    async def read(self, number: int) -> Approval:
        async with self.database.reading(self.book_id) as connection:
            return await service.approval(connection, self.book_id, number)


async def open_desk(database: Database, poster: ledger.Poster, cooperative: Cooperative) -> Desk:
    """A member with Rp5.000 of free savings, in a cooperative with low limits."""
    async with database.work(cooperative.book_id) as work:
        await set_limits(work, withdrawal=f"{LIMIT_RUPIAH}.00", entry="1000000.00")
        new = members.NewMember(name="Sutinah", joined_on=date(2026, 3, 2))
        member, _ = await members.register(work, new, actor="bendahara")
        opened = await savings.welcome(work, cooperative, member, actor="bendahara")
        await work.commit()
    free = next(account.number for account in opened if account.kind.withdrawable)
    desk = Desk(database, poster, cooperative, member.number, free)
    await desk.deposit(5_000)
    return desk


async def set_limits(work: Any, *, withdrawal: str, entry: str) -> None:
    for name, value in (("approval.withdrawal_above", withdrawal), ("approval.entry_above", entry)):
        await add_policy(work, name, date(2000, 1, 3), value, "Keputusan pengurus", "uji")


@pytest_asyncio.fixture
async def desk(database, poster, cooperative) -> Desk:
    return await open_desk(database, poster, cooperative)


def hidden(text: str, name: str) -> str:
    """A hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, name
    return found.group(1)
