"""A cooperative with five members, one of whom is on leave, and its staff at the API and at the pages."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest_asyncio
from httpx import Response
from litestar.testing import AsyncTestClient

from koperasi.access import service as access
from koperasi.access import service_tokens as tokens
from koperasi.cooperatives.service import Cooperative, found_cooperative, set_business_date
from koperasi.db import Database
from koperasi.members.service import MemberStatus, MigrantStatus, NewMember, register_many
from koperasi.permissions import Identity, Role

TODAY = date(2026, 11, 25)

PEOPLE = (
    ("Sutinah", MigrantStatus.PMI_AKTIF, MemberStatus.ANGGOTA),
    ("Ni Luh Sari", MigrantStatus.PURNA_PMI, MemberStatus.ANGGOTA),
    ("Ahmad Fauzi", MigrantStatus.KELUARGA_PMI, MemberStatus.ANGGOTA),
    ("Sutinah Wati", MigrantStatus.PURNA_PMI, MemberStatus.ANGGOTA),
    ("Budi Cuti", MigrantStatus.BUKAN, MemberStatus.CUTI),
)

_codes = count(1)


@pytest_asyncio.fixture
async def hamlet(database: Database) -> tuple[Cooperative, list[str]]:
    """The cooperative, and the numbers of its members in the order of ``PEOPLE``."""
    async with database.work(0) as work:
        cooperative = await found_cooperative(
            work,
            code=f"kelompok-uji-{next(_codes)}",
            name="Koperasi Uji Kelompok",
            kind="kspps",
            timezone="Asia/Jakarta",
            actor="admin",
            founded_on=date(2020, 5, 1),
        )
        await work.commit()
    async with database.work(cooperative.book_id) as work:
        cooperative = await set_business_date(work, TODAY, "admin")
        news = [
            NewMember(name=name, joined_on=TODAY, migrant_status=migrant, status=status)
            for name, migrant, status in PEOPLE
        ]
        entered = await register_many(work, news, actor="admin")
        await work.commit()
    return cooperative, [one.number for one in entered]


@dataclass
class Staff:
    """Somebody of the cooperative at the API and at the pages."""

    client: AsyncTestClient[Any]
    members: list[str]
    token: str
    cookies: dict[str, str]

    async def api(self, method: str, path: str, body: object = None, **headers: str) -> Response:
        given = {"authorization": f"Bearer {self.token}", **headers}
        return await self.client.request(method, f"/api/v1{path}", json=body, headers=given)

    async def page(self, path: str) -> Response:
        return await self.client.get(path, headers=self._cookie(), follow_redirects=False)

    async def send(self, path: str, **fields: str) -> Response:
        """Open the form, and send it with the token and the key it carries."""
        shown = await self.page(path)
        assert shown.status_code == 200, shown.text
        hidden = dict(re.findall(r'<input type="hidden" name="(_csrf_token|key)" value="([^"]*)">', shown.text))
        return await self.client.post(
            path, data={**hidden, **fields}, headers=self._cookie(csrf=hidden["_csrf_token"]), follow_redirects=False
        )

    def _cookie(self, **more: str) -> dict[str, str]:
        return {"cookie": "; ".join(f"{name}={value}" for name, value in {**self.cookies, **more}.items())}


@pytest_asyncio.fixture
async def staff(
    client: AsyncTestClient[Any], database: Database, hamlet: tuple[Cooperative, list[str]]
) -> Callable[[Role], Awaitable[Staff]]:
    """Lets somebody with a role in."""
    from koperasi.access.pages import session_cookie_name

    cooperative, numbers = hamlet

    async def enter(role: Role) -> Staff:
        now = datetime.now(UTC)
        async with database.work(cooperative.book_id) as work:
            user_id = await access.create_user(
                work.connection, work.book_id, username=role.value, name="Dewi", role=role, password="cukup panjang 7"
            )
            identity = Identity(work.book_id, user_id, role.value, "Dewi", role)
            token, _ = await tokens.issue_token(work.connection, identity, label="uji", address="192.0.2.1", now=now)
            cookie = await tokens.open_session(work.connection, identity, address="192.0.2.1", now=now)
            await work.commit()
        return Staff(client, numbers, token, {session_cookie_name(client.app.state.settings): cookie})

    return enter


@pytest_asyncio.fixture
async def treasurer(staff: Callable[[Role], Awaitable[Staff]]) -> Staff:
    """The treasurer, who may write groups."""
    return await staff(Role.BENDAHARA)
