"""A cooperative, a member or two, and whoever serves them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from koperasi.cooperatives.service import add_policy
from koperasi.errors import Conflict, Refusal
from koperasi.members import service as members
from koperasi.members.service import MemberStatus, NewMember
from koperasi.posting import Idempotency
from koperasi.savings import service, service_terms

JOINED = date(2026, 3, 2)


def once() -> Idempotency:
    return Idempotency.of("uji", uuid4().hex)


class Shop:
    """A cooperative with one member, and whoever serves them."""

    def __init__(self, database, poster, cooperative):
        self.database, self.poster, self.cooperative = database, poster, cooperative
        self.book = cooperative.book_id
        self.today = cooperative.today(datetime.now(UTC))

    async def work(self, act, *arguments, **facts):
        """One use case in a transaction of its own."""
        async with self.database.work(self.book) as work:
            found = await act(work, *arguments, **facts)
            await work.commit()
        return found

    async def read(self, act, *arguments, **facts):
        async with self.database.reading(self.book) as connection:
            return await act(connection, self.book, *arguments, **facts)

    async def join(self, name="Sutinah", status=MemberStatus.ANGGOTA):
        async with self.database.work(self.book) as work:
            await add_policy_once(work, "teller.sessions", "off")
            member, _ = await members.register(work, NewMember(name=name, joined_on=JOINED, status=status), actor="uji")
            opened = await service.welcome(work, self.cooperative, member, actor="uji")
            await work.commit()
        return member.number, {one.kind: one.number for one in opened}

    async def open(self, holder, code, on=JOINED):
        made = await self.work(
            service.open_account, self.cooperative, holder, product_code=code, actor="uji", opened_on=on
        )
        return made.number

    async def terms(self, code, since, **facts):
        now = (await self.read(service.product_terms, [code]))[code][-1]
        wanted = replace(now, valid_from=since, reason="Rapat pengurus 3/2026", **facts)
        return await self.work(
            service_terms.set_terms, code, wanted, actor="bendahara", idempotency=once(), now=datetime.now(UTC)
        )

    async def deposit(self, account, sen, on=JOINED):
        return await service.deposit(
            self.database, self.poster, self.cooperative, account_number=account, amount_minor=sen,
            effective_date=on, actor="uji", idempotency=once(),
        )  # fmt: skip

    async def withdraw(self, account, sen, on):
        return await service.withdraw(
            self.database, self.poster, self.cooperative, account_number=account, amount_minor=sen,
            effective_date=on, actor="uji", idempotency=once(),
        )  # fmt: skip

    async def balance(self, account):
        return (await self.read(service.account_by_number, account)).balance_minor


async def add_policy_once(work, name, value):
    async with work.connection.begin_nested() as nested:
        try:
            await add_policy(work, name, date(2000, 1, 2), value, "uji", "uji")
        except Conflict:
            await nested.rollback()


async def code_of(doing) -> str:
    with pytest.raises(Refusal) as refused:
        await doing
    return refused.value.code
