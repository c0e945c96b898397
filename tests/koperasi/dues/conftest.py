from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from koperasi.dues import service
from koperasi.members import service as members
from koperasi.posting import Idempotency
from koperasi.savings import service as savings

TODAY = date(2026, 4, 25)


@pytest.fixture
def join(database, cooperative):
    """Register a member and open the accounts; the accounts by kind come back."""

    async def joining(name="Siti", joined_on=date(2026, 1, 5), **more):
        async with database.work(cooperative.book_id) as work:
            member, _ = await members.register(
                work, members.NewMember(name=name, joined_on=joined_on, **more), actor="uji"
            )
            opened = await savings.welcome(work, cooperative, member, actor="uji")
            await work.commit()
        return member, {one.kind.value: one.number for one in opened}

    return joining


@pytest.fixture
def pay(database, poster, cooperative):
    """Pay into an account at the desk."""

    async def paying(account, amount_minor, on=None):
        return await savings.deposit(
            database, poster, cooperative, account_number=account, amount_minor=amount_minor, effective_date=on,
            actor="uji", idempotency=Idempotency.of("uji", uuid4().hex),
        )  # fmt: skip

    return paying


@pytest.fixture
def bill(database, cooperative):
    async def billing(period, today=TODAY):
        async with database.work(cooperative.book_id) as work:
            done = await service.bill(work, cooperative, period, actor="uji", today=today)
            await work.commit()
        return done

    return billing
