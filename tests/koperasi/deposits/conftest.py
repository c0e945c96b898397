from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from secrets import token_hex

import pytest_asyncio

import ledger
from koperasi.cooperatives.service import Cooperative, account_code
from koperasi.db import Database
from koperasi.deposits import service
from koperasi.deposits.rules import RollOver
from koperasi.members import service as members
from koperasi.posting import Idempotency
from koperasi.savings import service as savings

from ...conftest import found

JOINED = date(2024, 1, 2)


@dataclass
class Saver:
    """A member with money in the free savings, in a cooperative of their own."""

    database: Database
    cooperative: Cooperative
    number: str
    account: str

    @property
    def book_id(self) -> int:
        return self.cooperative.book_id

    def wish(self, **changes) -> service.Wish:
        facts = {
            "member_number": self.number, "amount_minor": 1_000_000_000, "months": 3, "source": self.account,
            "payout_account": self.account, "roll_over": RollOver.NONE, "opened_on": date(2025, 1, 31),
        }  # fmt: skip
        return service.Wish(**(facts | changes))

    async def open(self, *, key: str | None = None, today=date(2026, 11, 29), **changes) -> service.Opened:
        wish = self.wish(**changes)
        async with self.database.work(self.book_id) as work:
            opened = await service.open_deposit(
                work, self.cooperative, wish, today=today, actor="uji",
                idempotency=Idempotency.of("uji", key or token_hex(8), *wish),
            )  # fmt: skip
            await work.commit()
        return opened

    async def settle(self, number: str, until: date, today: date | None = None) -> list[service.Done]:
        async with self.database.work(self.book_id) as work:
            done = await service.settle(work, self.cooperative, number, until, today=today or until, actor="uji")
            await work.commit()
        return done

    async def close(self, number: str, on: date, key: str = "k") -> service.Opened:
        async with self.database.work(self.book_id) as work:
            closed = await service.close_early(
                work, self.cooperative, number, on, actor="uji", idempotency=Idempotency.of("uji", key, number)
            )
            await work.commit()
        return closed

    async def balance(self) -> int:
        async with self.database.reading(self.book_id) as connection:
            return (await savings.account_by_number(connection, self.book_id, self.account)).balance_minor

    async def get(self, number: str) -> service.Deposit:
        async with self.database.reading(self.book_id) as connection:
            return (await service.deposit_by_number(connection, self.book_id, number)).deposit

    async def by_code(self, code: str) -> int:
        async with self.database.reading(self.book_id) as connection:
            return (await ledger.account_by_code(connection, self.book_id, code)).balance


async def saver_of(database: Database, kind: str) -> Saver:
    cooperative = await found(database, kind=kind)
    async with database.work(cooperative.book_id) as work:
        member, _ = await members.register(work, members.NewMember(name="Sutinah", joined_on=JOINED), actor="uji")
        accounts = await savings.welcome(work, cooperative, member, actor="uji")
        free = next(one for one in accounts if one.kind.withdrawable)
        vault = await ledger.account_by_code(
            work.connection, work.book_id, account_code(cooperative.kind, "cash.vault")
        )
        draft = ledger.Draft(
            work.book_id, JOINED, "test", "Uji", "uji",
            (ledger.Line(vault.account_id, 10_000_000_000), ledger.Line(free.ledger_account_id, -10_000_000_000)), "isi",
        )  # fmt: skip
        assert isinstance((await ledger.append(work.connection, [draft]))[0], ledger.Posted)
        await work.commit()
    return Saver(database, cooperative, member.number, free.number)


@pytest_asyncio.fixture
async def saver(database) -> Saver:
    return await saver_of(database, "ksp")


@pytest_asyncio.fixture
async def sharia_saver(database) -> Saver:
    return await saver_of(database, "kspps")
