from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest_asyncio
from httpx import Response

import ledger
from koperasi.access import service as access
from koperasi.access import service_tokens as tokens
from koperasi.bookkeeping import service
from koperasi.cooperatives.service import Cooperative, found_cooperative, set_business_date
from koperasi.permissions import Identity, Role
from koperasi.posting import Idempotency

TODAY = date(2026, 11, 25)


@pytest_asyncio.fixture
async def cooperative(database) -> Cooperative:
    """A fresh BMT whose book stands at 25 November 2026; two members' accounts stand beneath wadiah savings."""
    async with database.work(0) as work:
        made = await found_cooperative(
            work,
            code=f"uji-{uuid4().hex[:12]}",
            name="BMT Uji Coba",
            kind="kspps",
            timezone="Asia/Jakarta",
            actor="uji",
            founded_on=date(2020, 1, 1),
        )
        await work.commit()
    async with database.work(made.book_id) as work:
        made = await set_business_date(work, TODAY, "uji")
        credit, liability = ledger.Side.CREDIT, ledger.AccountType.LIABILITY
        await ledger.open_accounts(
            work.connection,
            made.book_id,
            [
                ledger.NewAccount(
                    f"2101.{n}", f"Simpanan Wadiah {n}", f"Wadiah savings {n}", liability, credit, floor=0
                )
                for n in ("10000019", "10000027")
            ],
        )
        await work.commit()
    return made


@dataclass
class Books:
    """The books of one cooperative, in somebody's hands."""

    database: Any
    poster: ledger.Poster
    cooperative: Cooperative

    @property
    def book_id(self) -> int:
        return self.cooperative.book_id

    @staticmethod
    def new(
        *lines: tuple[str, int],
        day: date = TODAY,
        description: str = "Beli alat tulis",
        source: str | None = None,
        kind: str = "journal",
    ):
        """An entry by hand; debit is positive, in minor units."""
        return service.NewEntry(
            day,
            description,
            tuple(service.NewLine(code, max(amount, 0) or None, max(-amount, 0) or None) for code, amount in lines),
            source,
            kind,
        )

    async def post(self, *lines: tuple[str, int], key: str | None = None, **facts: Any):
        new = self.new(*lines, **facts)
        return await service.post_entry(
            self.database,
            self.poster,
            self.book_id,
            new,
            today=TODAY,
            actor="bendahara",
            idempotency=Idempotency.of("api", key or uuid4().hex, new),
        )

    async def reverse(self, number: int, *, day: date | None = None, key: str | None = None, of_reversal: bool = False):
        return await service.reverse_entry(
            self.database,
            self.poster,
            self.book_id,
            number,
            reason="Salah akun",
            effective_date=day,
            today=TODAY,
            actor="bendahara",
            idempotency=Idempotency.of("api", key or uuid4().hex, number, day),
            of_reversal=of_reversal,
        )

    async def entry(self, number: int) -> ledger.Entry:
        async with self.database.reading(self.book_id) as connection:
            return (await service.entry(connection, self.book_id, number)).entry

    async def last_number(self) -> int:
        async with self.database.reading(self.book_id) as connection:
            return (await ledger.head(connection, self.book_id)).number


@pytest_asyncio.fixture
async def books(database, poster, cooperative) -> Books:
    return Books(database, poster, cooperative)


@dataclass
class Person:
    """Somebody of the cooperative at the API and at the pages."""

    client: Any
    token: str
    cookie: str

    async def api(self, method: str, path: str, body: object = None, key: str | None = None, **params: Any) -> Response:
        headers = {"authorization": f"Bearer {self.token}"} | ({"idempotency-key": key} if key else {})
        return await self.client.request(method, f"/api/v1{path}", json=body, headers=headers, params=params)

    async def page(self, path: str) -> Response:
        return await self.client.get(path, headers={"cookie": self.cookie}, follow_redirects=False)

    async def send(self, path: str, opened: str | None = None, **fields: str) -> Response:
        """Open the form, and send it with the token, the key and the count of rows that it carries."""
        shown = await self.page(opened or path)
        assert shown.status_code == 200, shown.text
        hidden = dict(re.findall(r'<input type="hidden" name="(_csrf_token|key|rows)" value="([^"]*)">', shown.text))
        headers = {"cookie": f"{self.cookie}; csrf={hidden['_csrf_token']}"}
        return await self.client.post(path, data={**hidden, **fields}, headers=headers, follow_redirects=False)


@pytest_asyncio.fixture
async def enter(client, database, cooperative):
    """Lets somebody with a role in."""
    from koperasi.access.pages import session_cookie_name

    async def let_in(role: Role) -> Person:
        now = datetime.now(UTC)
        async with database.work(cooperative.book_id) as work:
            user_id = await access.create_user(
                work.connection, work.book_id, username=role.value, name="Dewi", role=role, password="cukup panjang 7"
            )
            identity = Identity(work.book_id, user_id, role.value, "Dewi", role)
            token, _ = await tokens.issue_token(work.connection, identity, label="uji", address="192.0.2.1", now=now)
            cookie = await tokens.open_session(work.connection, identity, address="192.0.2.1", now=now)
            await work.commit()
        return Person(client, token, f"{session_cookie_name(client.app.state.settings)}={cookie}")

    return let_in


@pytest_asyncio.fixture
async def treasurer(enter) -> Person:
    return await enter(Role.BENDAHARA)


@pytest_asyncio.fixture
async def auditor(enter) -> Person:
    return await enter(Role.PENGAWAS)
