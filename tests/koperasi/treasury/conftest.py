from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from tests.conftest import found, populate

import ledger
from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database
from koperasi.permissions import Role
from koperasi.posting import Idempotency
from koperasi.treasury import service
from koperasi.treasury.service import Count, Session

JT = 1_000_000_00
CAPITAL = {"ksp": "3201", "kspps": "4201"}


@dataclass
class Office:
    """A cooperative whose cash moves in sessions, with a vault that has money, and what its people do."""

    database: Database
    poster: ledger.Poster
    cooperative: Cooperative

    @property
    def book_id(self) -> int:
        return self.cooperative.book_id

    @property
    def today(self) -> date:
        return self.cooperative.today(datetime.now(UTC))

    async def post(
        self, *lines: tuple[str, int], day: date | None = None, kind: str = "journal", actor: str = "bendahara"
    ) -> ledger.Outcome:
        """Post an entry by account codes; debit is positive."""
        async with self.database.reading(self.book_id) as connection:
            known = {one.code: one.account_id for one in await ledger.chart(connection, self.book_id)}
        rows = tuple(ledger.Line(known[code], amount) for code, amount in lines)
        key = f"uji:{uuid4()}"
        return await self.poster.post(
            ledger.Draft(self.book_id, day or self.today, kind, "Uji", actor, rows, key, b"uji")
        )

    async def open(self, username: str = "kasir", count: Count | None = None, **more: Any) -> Session:
        async with self.database.work(self.book_id) as work:
            made = await service.open_session(
                work, self.cooperative, username=username, count=count or Count(),
                idempotency=more.pop("idempotency", None) or Idempotency.of("uji", str(uuid4())),
                now=datetime.now(UTC), **more,
            )  # fmt: skip
            await work.commit()
        return made

    async def close(self, session: Session, count: Count, to_vault_minor: int = 0, **more: Any) -> Session:
        async with self.database.work(self.book_id) as work:
            made = await service.close_session(
                work, self.cooperative, session.number, actor=more.pop("actor", session.username), count=count,
                to_vault_minor=to_vault_minor,
                idempotency=more.pop("idempotency", None) or Idempotency.of("uji", str(uuid4())),
                now=datetime.now(UTC), **more,
            )  # fmt: skip
            await work.commit()
        return made

    async def hand_over(self, session: Session, amount_minor: int, actor: str = "kasir", **more: Any) -> int:
        async with self.database.work(self.book_id) as work:
            done = await service.hand_over(
                work, self.cooperative, session.number, actor=actor, amount_minor=amount_minor,
                idempotency=more.pop("idempotency", None) or Idempotency.of("uji", str(uuid4())),
                now=datetime.now(UTC), **more,
            )  # fmt: skip
            await work.commit()
        return done.number

    async def balances(self, *codes: str) -> Sequence[int]:
        async with self.database.reading(self.book_id) as connection:
            known = {one.code: one.balance for one in await ledger.chart(connection, self.book_id)}
        return [known[code] for code in codes]

    async def report(self, session: Session) -> service.Report:
        async with self.database.reading(self.book_id) as connection:
            again = await service.session(connection, self.book_id, session.number)
            return await service.report(connection, self.cooperative, again)

    async def again(self) -> Cooperative:
        """The cooperative as it stands now: its business day may have moved."""
        async with self.database.directory() as connection:
            self.cooperative = await cooperative_of(connection, self.book_id)
        return self.cooperative


@pytest_asyncio.fixture
async def office(database: Database, poster: ledger.Poster) -> Office:
    made = Office(database, poster, await found(database, kind="ksp", sessions=True))
    await made.post(("1101", 10 * JT), ("3201", -10 * JT), day=date(2024, 1, 2))
    return made


@pytest.fixture
async def shop(database):
    """A cooperative whose people are in session with empty tills; one test has it for itself."""
    return await populate(database, await found(database, kind="ksp", sessions=True))


@pytest.fixture
def call(client, shop):
    """Ask the API as somebody."""

    async def doing(method, path, role=Role.KASIR, **more):
        key = str(uuid4()) if method == "POST" else None
        return await client.request(method, f"/api/v1{path}", headers=shop.headers(role, more.pop("key", key)), **more)

    return doing


@pytest.fixture
def visit(client, shop, session_of):
    """Open a page, or send a form with the token and key that the page gives."""

    async def doing(path, role=Role.KASIR, form=None, at=None):
        client.cookies.clear()
        cookie = await session_of(shop, role)
        shown = await client.get(at or path, headers={"Cookie": cookie}, follow_redirects=False)
        if form is None:
            return shown
        csrf = re.search(r"csrf=([^;]+)", shown.headers.get("set-cookie", ""))[1]
        own = dict(re.findall(r'<input type="hidden" name="(key|day|difference_minor)" value="([^"]*)"', shown.text))
        headers = {"Cookie": f"{cookie}; csrf={csrf}", "x-csrftoken": csrf}
        return await client.post(path, headers=headers, data={**own, **form}, follow_redirects=False)

    return doing
