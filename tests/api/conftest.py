"""The whole service: over ASGI (``client``), and on a port of its own (``site``) for tools that speak real HTTP."""

from __future__ import annotations

import re
import secrets
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import pytest_asyncio
import uvicorn
from litestar.testing import AsyncTestClient

from koperasi.access import service as access
from koperasi.access import service_tokens
from koperasi.app import create_app
from koperasi.config import Settings
from koperasi.db import Database
from koperasi.embedded import Addresses
from koperasi.permissions import Identity, Role
from koperasi.savings import service as savings

from ..conftest import Village, found, lift_limits, populate


@pytest.fixture(scope="session")
def site(addresses: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service in a thread with an event loop of its own, behind real HTTP; gives its base URL."""
    application = create_app(Settings(data_dir=tmp_path_factory.mktemp("site")), engine_url=addresses.application)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    started_by = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        assert time.monotonic() < started_by, "the service did not start within 30 s"
        thread.join(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(30)
    listening.close()


def donated_land(description: str, amount: str = "1000.00") -> dict[str, object]:
    """An entry by hand that no balance stands in the way of."""
    return {
        "date": "2024-02-01",
        "description": description,
        "lines": [{"account": "1401", "debit": {"amount": amount}}, {"account": "2135", "credit": {"amount": amount}}],
    }


@dataclass
class Shop:
    """A village of its own for these tests, with the accounts of its member and what stands in its book."""

    village: Village
    wajib: str
    wadiah: str
    entry: int
    receipt: str

    def headers(self, role: Role = Role.BENDAHARA, key: str | None = None) -> dict[str, str]:
        return self.village.headers(role, key)


async def open_shop(database: Database, client: AsyncTestClient) -> Shop:
    """A populated cooperative with money in both accounts of its member; the last entry and receipt are a small one."""
    village = await populate(database, await found(database, sessions=True))
    await lift_limits(database, village.cooperative)
    async with database.reading(village.cooperative.book_id) as connection:
        accounts = await savings.accounts_of(connection, village.cooperative.book_id, village.member.number)
    numbers = {str(account.kind): account.number for account in accounts}
    receipt = {}
    for kind, amount in (("wajib", "1000000.00"), ("wadiah", "1000000.00"), ("wadiah", "5000.00")):
        answer = await client.post(
            f"/api/v1/savings-accounts/{numbers[kind]}/deposits",
            headers=village.headers(Role.BENDAHARA, secrets.token_hex(8)),
            json={"amount": {"amount": amount}},
        )
        assert answer.status_code == 201, answer.text
        receipt = answer.json()
    return Shop(village, numbers["wajib"], numbers["wadiah"], receipt["entry_number"], receipt["number"])


@pytest_asyncio.fixture(scope="session")
async def shop(database: Database, client: AsyncTestClient) -> Shop:
    """One shop for tests that leave it as they found it, or don't mind what others left."""
    return await open_shop(database, client)


@pytest_asyncio.fixture
async def browser(client: AsyncTestClient) -> AsyncIterator[AsyncTestClient]:
    """The shared client without anybody's cookies."""
    client.cookies.clear()
    yield client
    client.cookies.clear()


async def session_cookie(database: Database, village: Village, role: Role) -> str:
    """A new session of somebody with this role, as a Cookie header's text."""
    async with database.work(village.cooperative.book_id) as work:
        users = await access.list_users(work.connection, village.cooperative.book_id)
        user = next(one for one in users if one.role is role)
        identity = Identity(work.book_id, user.user_id, user.username, user.name, user.role, user.member_number)
        token = await service_tokens.open_session(work.connection, identity, address="127.0.0.1", now=datetime.now(UTC))
        await work.commit()
    return f"koperasi_session={token}"


async def form_token(client: AsyncTestClient) -> str:
    """A form token as a browser without any cookie gets it."""
    client.cookies.clear()
    answer = await client.get("/masuk")
    client.cookies.clear()
    found_token = re.search(r"csrf=([^;]+)", answer.headers["set-cookie"])
    assert found_token
    return found_token.group(1)
