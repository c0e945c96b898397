"""The admin's pages and the REST view of the cooperative, through the whole service."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest_asyncio
from litestar.testing import AsyncTestClient

from koperasi.access import service as access
from koperasi.cooperatives import service
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database
from koperasi.permissions import Role

PASSWORD = "gunung-dan-laut-8"


@dataclass
class Browser:
    """A logged-in session, and the forms it fills in."""

    client: AsyncTestClient[Any]

    async def get(self, path: str):
        return await self.client.get(path, follow_redirects=False)

    async def fill(self, path: str, **fields: str):
        page = await self.get(path)
        assert page.status_code == 200, page.text
        token = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)
        assert token
        return await self.client.post(path, data={"_csrf_token": token[1], **fields}, follow_redirects=False)


async def log_in(client: AsyncTestClient[Any], code: str, username: str, password: str) -> Browser:
    own: AsyncTestClient[Any] = AsyncTestClient(client.app, raise_server_exceptions=False)
    own.blocking_portal = client.blocking_portal
    browser = Browser(own)
    # With a second cooperative in the installation the form asks for one; until then it does not matter.
    answer = await browser.fill("/masuk", cooperative=code, username=username, password=password)
    assert answer.status_code == 303, answer.text
    return browser


@pytest_asyncio.fixture
async def admin(client: AsyncTestClient[Any], database: Database, cooperative: Cooperative) -> Browser:
    async with database.work(cooperative.book_id) as work:
        await access.create_user(
            work.connection, work.book_id, username="admin", name="Admin", role=Role.ADMIN, password=PASSWORD
        )
        await work.commit()
    return await log_in(client, cooperative.code, "admin", PASSWORD)


async def test_the_settings_show_identity_policies_and_accounts(admin: Browser, cooperative: Cooperative) -> None:
    page = await admin.get("/koperasi")
    assert page.status_code == 200
    for text in (cooperative.name, cooperative.code, "WITA", "Rp20.000", "keputusan rapat anggota", "Simpanan Wadiah"):
        assert text in page.text
    assert not re.search(r"\bbunga\b", page.text, re.IGNORECASE)
    assert page.headers["cache-control"] == "no-store"


async def test_in_english(admin: Browser, cooperative: Cooperative) -> None:
    await admin.get("/koperasi/ubah")
    answer = await admin.client.post(
        "/bahasa",
        data={"_csrf_token": admin.client.cookies["csrf"], "locale": "en", "back": "/koperasi"},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    page = (await admin.get("/koperasi")).text
    assert "Policies in force" in page
    assert "Wadiah savings" in page
    assert "Kebijakan" not in page


async def test_identity_is_changed(admin: Browser, database: Database, cooperative: Cooperative) -> None:
    refused = await admin.fill("/koperasi/ubah", name="", village="Sukamaju")
    assert refused.status_code == 422
    assert "Sukamaju" in refused.text
    done = await admin.fill("/koperasi/ubah", name="BMT <Baru>", village="Sukamaju")
    assert (done.status_code, done.headers["location"]) == (303, "/koperasi")
    page = (await admin.get("/koperasi")).text
    assert "BMT &lt;Baru&gt;" in page
    assert "Sukamaju" in page


async def test_a_policy_is_added_once(admin: Browser, database: Database, cooperative: Cooperative) -> None:
    facts = {
        "name": "simpanan_wajib.amount",
        "value": "25.000",
        "valid_from": "2026-01-01",
        "legal_reference": "RAT 2025",
    }
    for wrong in ({"value": "abc"}, {"value": ""}, {"valid_from": "kemarin"}, {"name": "x"}, {"legal_reference": ""}):
        assert (await admin.fill("/koperasi/kebijakan", **(facts | wrong))).status_code == 422
    done = await admin.fill("/koperasi/kebijakan", **facts)
    assert done.status_code == 303
    again = await admin.fill("/koperasi/kebijakan", **(facts | {"value": "30.000"}))
    assert again.status_code == 422
    assert "sudah mempunyai nilai" in again.text
    assert "30.000" in again.text
    async with database.reading(cooperative.book_id) as connection:
        rows = [row for row in await service.policies(connection, cooperative.book_id) if row.name == facts["name"]]
    assert [(row.value, row.valid_from, row.set_by) for row in rows] == [
        ("25000.00", date(2026, 1, 1), "admin"),
        ("20000.00", date(2000, 1, 1), "test"),
    ]
    page = (await admin.get("/koperasi")).text
    assert "RAT 2025" in page
    assert "sebelumnya" in page


async def test_a_percentage_is_typed_with_a_comma(admin: Browser) -> None:
    facts = {"name": "savings_tax.rate_percent", "valid_from": "2027-01-01", "legal_reference": "PP"}
    assert (await admin.fill("/koperasi/kebijakan", value="101", **facts)).status_code == 422
    assert (await admin.fill("/koperasi/kebijakan", value="12,5", **facts)).status_code == 303
    assert "12,5%" in (await admin.get("/koperasi")).text


def founding(**facts: str) -> dict[str, str]:
    return {
        "code": f"baru-{secrets.token_hex(4)}",
        "name": "KSP Baru",
        "kind": "ksp",
        "timezone": "Asia/Jayapura",
        "founded_on": "2026-11-25",
        "admin_name": "Wati",
        "admin_username": "wati",
        "bendahara_name": "Budi",
        "bendahara_username": "budi",
    } | facts


async def test_another_cooperative_is_founded_and_its_users_get_in(
    admin: Browser, client: AsyncTestClient[Any], database: Database
) -> None:
    facts = founding()
    page = await admin.fill("/koperasi/baru", **facts)
    assert page.status_code == 200, page.text
    passwords = re.findall(r"<code>([^<]+)</code>", page.text)
    assert len(passwords) == 2
    other = await log_in(client, facts["code"], "wati", passwords[0])
    await other.fill("/sandi", present=passwords[0], password=PASSWORD, again=PASSWORD)
    settings = (await other.get("/koperasi")).text
    assert "KSP Baru" in settings
    assert "WIT" in settings
    treasurer = await log_in(client, facts["code"], "budi", passwords[1])
    assert (await treasurer.get("/meja")).headers["location"] == "/sandi"
    await treasurer.fill("/sandi", present=passwords[1], password=PASSWORD, again=PASSWORD)
    assert (await treasurer.get("/koperasi")).status_code == 403
    assert passwords[0] not in (await admin.get("/koperasi")).text


async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_founded(
    admin: Browser, database: Database, cooperative: Cooperative
) -> None:
    code = f"salah-{secrets.token_hex(4)}"
    for wrong in (
        {"code": cooperative.code},
        {"code": "Dua Kata"},
        {"kind": "pt"},
        {"timezone": ""},
        {"founded_on": "2026-13-01"},
        {"name": "123"},
        {"admin_username": "a b!"},
        {"bendahara_username": "wati"},
        {"bendahara_name": ""},
    ):
        page = await admin.fill("/koperasi/baru", **founding(**({"code": code} | wrong)))
        (field,) = wrong
        assert page.status_code == 422, wrong
        assert f'id="{field}-error"' in page.text, wrong
    async with database.directory() as connection:
        assert await service.cooperative_by_code(connection, code) is None


async def test_the_api_tells_of_ones_own_cooperative(client: AsyncTestClient[Any], village, other_village) -> None:
    for own, word in ((village, "bagi hasil"), (other_village, "jasa simpanan")):
        answer = await client.get("/api/v1/cooperative", headers=own.headers(Role.ANGGOTA))
        assert answer.status_code == 200
        told = answer.json()
        assert told["code"] == own.cooperative.code
        assert told["terms"]["savings_return"] == word
        assert told["kind"] == own.cooperative.kind
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", told["business_date"])
        assert "book_id" not in told
    assert (await client.get("/api/v1/cooperative")).status_code == 401
