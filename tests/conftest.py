"""One embedded PostgreSQL for the whole run; each module that asks gets books of its own in it."""

from __future__ import annotations

import asyncio
import atexit
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from litestar.testing import AsyncTestClient
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

import ledger
from koperasi import migrate
from koperasi.access import service as access
from koperasi.access import service_tokens
from koperasi.config import Settings
from koperasi.cooperatives import service as cooperatives
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database, Work, make_engine
from koperasi.embedded import Addresses, EmbeddedServer
from koperasi.members import service as members
from koperasi.members.rules import MigrantStatus
from koperasi.members.service import Member
from koperasi.permissions import Identity, Role
from koperasi.posting import Idempotency
from koperasi.savings import service as savings
from koperasi.treasury import service as treasury

hypothesis_settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50
)
hypothesis_settings.register_profile(
    "nightly", deadline=None, suppress_health_check=list(HealthCheck), max_examples=2000
)
hypothesis_settings.load_profile("default")


# One key file for the run: tests give several data directories, and processes of their own, the same database.
KEYS = Path(tempfile.mkdtemp(prefix="kopkeys"))
atexit.register(shutil.rmtree, KEYS, ignore_errors=True)
os.environ["KOPERASI_KEYS"] = str(KEYS / "personal-data.json")


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """The embedded server, in a short path (a Unix socket's name is limited)."""
    with tempfile.TemporaryDirectory(prefix="kop") as directory, EmbeddedServer(Path(directory)) as running:
        yield running


@pytest.fixture(scope="session")
def addresses(server: EmbeddedServer) -> Addresses:
    """A migrated database on it."""
    found = asyncio.run(server.ensure_database("koperasi_test"))
    migrate.upgrade(found.owner)
    return found


@pytest_asyncio.fixture(scope="session")
async def database(addresses: Addresses) -> AsyncIterator[Database]:
    """Connections of the application's role."""
    opened = Database(make_engine(addresses.application, pool_size=20))
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="session")
async def owner_engine(addresses: Addresses) -> AsyncIterator[AsyncEngine]:
    """Connections of the owner's role, which row-level security does not bind."""
    engine = create_async_engine(addresses.owner)
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture(scope="session")
async def superuser_engine(addresses: Addresses) -> AsyncIterator[AsyncEngine]:
    """Connections that may do anything: for damaging books by hand."""
    engine = create_async_engine(addresses.owner.replace("koperasi_owner", "postgres"))
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture(scope="session")
async def poster(database: Database) -> AsyncIterator[ledger.Poster]:
    """Group commit on the test database."""
    running = ledger.Poster(database.engine)
    yield running
    await running.close()


@pytest_asyncio.fixture
async def book(database: Database) -> int:
    """A fresh, empty book."""
    async with database.engine.connect() as connection:
        book_id = await ledger.found_book(connection)
        await connection.commit()
    return book_id


@dataclass
class Village:
    """A KSPPS of its own with a user of every role: what tests of the whole service start from."""

    cooperative: Cooperative
    passwords: dict[Role, str]
    usernames: dict[Role, str]
    tokens: dict[Role, str]
    member: Member

    def headers(self, role: Role, key: str | None = None) -> dict[str, str]:
        """Bearer token of a role, and an idempotency key if one is wanted."""
        return {"Authorization": f"Bearer {self.tokens[role]}"} | ({"Idempotency-Key": key} if key else {})


async def found(
    database: Database, *, kind: str = "kspps", code: str | None = None, sessions: bool = False
) -> Cooperative:
    """A fresh cooperative, its book open since the first of 2024; its desk works without teller sessions if not asked.

    Whoever is registered is a member at once: how somebody joins is what tests of memberships are about.
    """
    async with database.work(0) as work:
        made = await cooperatives.found_cooperative(
            work,
            code=code or f"uji-{secrets.token_hex(6)}",
            name="KSPPS BMT Uji Coba",
            kind=kind,
            timezone="Asia/Makassar",
            actor="test",
            founded_on=date(2024, 1, 1),
        )
        bound = Work(work.connection, made.book_id)
        await cooperatives.add_policy(bound, "membership.decision", date(2000, 1, 2), "off", "uji", "uji")
        if not sessions:
            await cooperatives.add_policy(bound, "teller.sessions", date(2000, 1, 2), "off", "uji", "uji")
        await work.commit()
    return made


@pytest_asyncio.fixture
async def cooperative(database: Database) -> Cooperative:
    """A fresh KSPPS without users."""
    return await found(database)


async def lift_limits(database: Database, cooperative: Cooperative) -> None:
    """Let this cooperative post entries of any size without a second person."""
    async with database.work(cooperative.book_id) as work:
        await cooperatives.add_policy(
            work, "approval.entry_above", date(2000, 1, 2), "999999999999999.99", "uji", "uji"
        )
        await work.commit()


async def populate(database: Database, cooperative: Cooperative) -> Village:
    """Users of every role, the member among them registered and welcomed; the desk's are in session, tills empty."""
    passwords = {role: "482915" if role is Role.ANGGOTA else f"sawah-{role.value}-lereng-9" for role in Role}
    usernames = {role: role.value for role in Role}
    tokens = {}
    async with database.work(cooperative.book_id) as work:
        member, _ = await members.register(
            work,
            members.NewMember(name="Sutinah", joined_on=date(2024, 1, 2), migrant_status=MigrantStatus.KELUARGA_PMI),
            actor="test",
        )
        await savings.welcome(work, cooperative, member, actor="test")
        usernames[Role.ANGGOTA] = member.number
        for role in Role:
            user_id = await access.create_user(
                work.connection,
                cooperative.book_id,
                username=usernames[role],
                name=role.value.capitalize(),
                role=role,
                password=passwords[role],
                member_number=member.number if role is Role.ANGGOTA else None,
                valid_until=date(2099, 12, 31) if role is Role.AUDITOR else None,
            )
            identity = Identity(
                cooperative.book_id,
                user_id,
                usernames[role],
                role.value,
                role,
                member.number if role is Role.ANGGOTA else None,
            )
            tokens[role], _ = await service_tokens.issue_token(
                work.connection, identity, label="test", address="127.0.0.1", now=datetime.now(UTC)
            )
        for role in (Role.BENDAHARA, Role.KASIR):
            await treasury.open_session(
                work,
                cooperative,
                username=usernames[role],
                count=treasury.Count(),
                idempotency=Idempotency.of("test", role.value),
                now=datetime.now(UTC),
            )
        await work.commit()
    return Village(cooperative, passwords, usernames, tokens, member)


@pytest_asyncio.fixture(scope="session")
async def village(database: Database) -> Village:
    """One populated cooperative for the whole run; tests that need an empty book take ``cooperative``."""
    return await populate(database, await found(database, sessions=True))


@pytest_asyncio.fixture(scope="session")
async def other_village(database: Database) -> Village:
    """Another cooperative on the same installation."""
    return await populate(database, await found(database, kind="ksp", sessions=True))


@pytest_asyncio.fixture(scope="module")
async def own_village(database: Database) -> Village:
    """A populated cooperative that one module of tests may fill as it likes."""
    return await populate(database, await found(database, sessions=True))


@pytest_asyncio.fixture(scope="session")
async def session_of(database: Database) -> Callable[[Village, Role], Awaitable[str]]:
    """The cookie of a logged-in user of a village, issued without the log-in that other tests are about."""

    async def cookie(village: Village, role: Role) -> str:
        book_id = village.cooperative.book_id
        async with database.work(book_id) as work:
            users = await access.list_users(work.connection, book_id)
            user = next(one for one in users if one.role is role)
            identity = Identity(book_id, user.user_id, user.username, user.name, user.role, user.member_number)
            token = await service_tokens.open_session(
                work.connection, identity, address="127.0.0.1", now=datetime.now(UTC)
            )
            await work.commit()
        return f"koperasi_session={token}"

    return cookie


@pytest_asyncio.fixture(scope="session")
async def client(addresses: Addresses, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsyncTestClient]:
    """The whole service on the test database, called over ASGI."""
    from koperasi.app import create_app

    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    application = create_app(settings, engine_url=addresses.application)
    async with AsyncTestClient(application, raise_server_exceptions=False) as running:
        yield running


BROWSER_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the one that KOPERASI_CHROMIUM names (see tools/test-tools)."""
    program = os.environ.get("KOPERASI_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=BROWSER_FLAGS)
        yield running
        running.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright keeps an event loop of its own running, in which no other can start."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is not None)
