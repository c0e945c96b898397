"""What fails at COMMIT was not done, and nobody is told that it was."""

from __future__ import annotations

import secrets

import pytest
import pytest_asyncio
from sqlalchemy import text

from koperasi.permissions import Role

from .conftest import donated_land, form_token, session_cookie

MARKED = "Gagal Saat Komit"
MARKED_AMOUNT, MARKED_MINOR = "777123.45", 77712345


@pytest_asyncio.fixture
async def deferred(owner_engine):
    """A constraint that speaks up only at COMMIT, for members of one name and for postings of one amount."""
    async with owner_engine.begin() as connection:
        await connection.execute(
            text(
                "CREATE FUNCTION refuse_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" IF to_jsonb(NEW)->>'name' = '{MARKED}' OR to_jsonb(NEW)->>'amount' = '{MARKED_MINOR}' THEN"
                " RAISE EXCEPTION 'too late' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
                " RETURN NULL; END $$"
            )
        )
        for table in ("member", "ledger_posting"):
            await connection.execute(
                text(
                    f"CREATE CONSTRAINT TRIGGER refuse_late AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED"
                    " FOR EACH ROW EXECUTE FUNCTION refuse_late()"
                )
            )
    yield
    async with owner_engine.begin() as connection:
        await connection.execute(text("DROP FUNCTION refuse_late() CASCADE"))


async def rows(owner_engine, table, column):
    async with owner_engine.connect() as connection:
        return await connection.scalar(
            text(f"SELECT count(*) FROM {table} WHERE {column}::text IN ('{MARKED}', '{MARKED_MINOR}')")
        )


async def test_over_the_api(client, owner_engine, shop, deferred):
    answer = await client.post("/api/v1/members", headers=shop.headers(key=secrets.token_hex(8)), json={"name": MARKED})
    assert answer.status_code >= 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "location" not in answer.headers
    assert "too late" not in answer.text
    assert await rows(owner_engine, "member", "name") == 0


async def test_on_a_page(browser, database, owner_engine, shop, deferred):
    cookie = await session_cookie(database, shop.village, Role.BENDAHARA)
    token = await form_token(browser)
    answer = await browser.post(
        "/anggota/baru",
        headers={"Cookie": f"{cookie}; csrf={token}"},
        data={"_csrf_token": token, "name": MARKED, "migrant_status": "bukan", "joined_on": "2024-02-01"},
        follow_redirects=False,
    )
    assert answer.status_code >= 400, answer.headers.get("location")
    assert await rows(owner_engine, "member", "name") == 0


@pytest.mark.parametrize("mode", ["one", "bulk"])
async def test_an_entry(client, owner_engine, shop, deferred, mode):
    entry = donated_land(MARKED, MARKED_AMOUNT)
    path, body = ("", entry) if mode == "one" else ("/bulk", {"mode": "independent", "entries": [entry]})
    key = secrets.token_hex(8)
    answer = await client.post(f"/api/v1/journal-entries{path}", headers=shop.headers(key=key), json=body)
    assert answer.status_code >= 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await rows(owner_engine, "ledger_posting", "amount") == 0
    balances = (await client.get("/api/v1/verification", headers=shop.headers())).json()
    assert balances["ok"]


async def test_the_same_request_goes_through_when_the_trouble_is_over(client, owner_engine, shop):
    """Without the trigger the same entries are fine, so what the tests above saw was the failed commit."""
    for path, body in (
        ("", donated_land(MARKED, MARKED_AMOUNT)),
        ("/bulk", {"mode": "atomic", "entries": [donated_land(MARKED, MARKED_AMOUNT)]}),
    ):
        headers = shop.headers(key=secrets.token_hex(8))
        answer = await client.post(f"/api/v1/journal-entries{path}", headers=headers, json=body)
        assert answer.status_code in {200, 201}, answer.text
    assert await rows(owner_engine, "ledger_posting", "amount") == 2
