"""A cooperative with one treasurer and one member, and moments that need no waiting."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
import pytest_asyncio

from koperasi.access import service
from koperasi.access.api import recognise
from koperasi.cooperatives.service import Cooperative, found_cooperative
from koperasi.db import Database
from koperasi.members import service as members
from koperasi.members.rules import MigrantStatus
from koperasi.permissions import Identity, Role

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
PASSWORD = "sawah-di-lereng-7"


@dataclass(frozen=True)
class House:
    """A cooperative, its treasurer, and a log-in that says when and from where it is tried."""

    database: Database
    cooperative: Cooperative
    treasurer: Identity
    member_number: str

    @property
    def book_id(self) -> int:
        return self.cooperative.book_id

    async def try_to_log_in(
        self,
        password: str = "salah",
        *,
        username: str = "siti",
        code: str | None = None,
        address: str = "10.0.0.7",
        after: float = 0,
    ) -> Identity:
        return await recognise(
            self.database,
            cooperative_code=code or self.cooperative.code,
            username=username,
            password=password,
            address=address,
            now=NOON + timedelta(seconds=after),
        )


async def make_house(database: Database, cooperative: Cooperative) -> House:
    async with database.work(cooperative.book_id) as work:
        member, _ = await members.register(
            work,
            members.NewMember(name="Sutinah", joined_on=date(2024, 1, 2), migrant_status=MigrantStatus.KELUARGA_PMI),
            actor="test",
        )
        user_id = await service.create_user(
            work.connection, work.book_id, username="Siti", name="Siti", role=Role.BENDAHARA, password=PASSWORD
        )
        await work.commit()
    treasurer = Identity(cooperative.book_id, user_id, "siti", "Siti", Role.BENDAHARA)
    return House(database, cooperative, treasurer, member.number)


@pytest_asyncio.fixture
async def house(database: Database, cooperative: Cooperative) -> House:
    return await make_house(database, cooperative)


@pytest_asyncio.fixture
async def other_house(database: Database) -> House:
    async with database.work(0) as work:
        made = await found_cooperative(
            work,
            code=f"lain-{secrets.token_hex(6)}",
            name="KSP Lain",
            kind="ksp",
            timezone="Asia/Jakarta",
            actor="test",
            founded_on=date(2024, 1, 1),
        )
        await work.commit()
    return await make_house(database, made)


@pytest.fixture
def somebody() -> Identity:
    return Identity(7, 8, "siti", "Siti", Role.BENDAHARA)
