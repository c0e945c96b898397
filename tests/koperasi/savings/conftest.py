from __future__ import annotations

from datetime import date
from functools import partial
from uuid import uuid4

import pytest
import pytest_asyncio

from koperasi.cooperatives.service import Cooperative, add_policy, found_cooperative
from koperasi.db import Work

from .support import Shop


async def found(database, kind: str) -> Cooperative:
    async with database.work(0) as work:
        made = await found_cooperative(
            work, code=f"uji-{uuid4().hex[:12]}", name="Koperasi Uji Coba", kind=kind, timezone="Asia/Jakarta",
            actor="uji", founded_on=date(2020, 1, 1),
        )  # fmt: skip
        await add_policy(Work(work.connection, made.book_id), "teller.sessions", date(2000, 1, 2), "off", "uji", "uji")
        await work.commit()
    return made


@pytest.fixture
def founding(database):
    """Found a cooperative of a kind."""
    return partial(found, database)


@pytest_asyncio.fixture
async def other_cooperative(database) -> Cooperative:
    """Another one than ``cooperative``, in the same installation."""
    return await found(database, "ksp")


@pytest_asyncio.fixture
async def ksp(database, poster, founding) -> Shop:
    return Shop(database, poster, await founding("ksp"))


@pytest_asyncio.fixture
async def kspps(database, poster, founding) -> Shop:
    return Shop(database, poster, await founding("kspps"))
