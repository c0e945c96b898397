"""``koperasi read-only`` as the keeper of a server types it."""

from __future__ import annotations

import asyncio

import pytest
from typer.testing import CliRunner

from koperasi import cli
from koperasi.cooperatives.service import cooperative_of
from koperasi.cooperatives.service_read_only import ReadOnlyWatch
from koperasi.permissions import Role


@pytest.fixture
def koperasi(addresses, monkeypatch):
    """The command, in a thread of its own: it brings its own event loop."""
    monkeypatch.setenv("DATABASE_URL", addresses.application)
    monkeypatch.setenv("OWNER_DATABASE_URL", addresses.owner)

    async def calling(*arguments):
        return await asyncio.to_thread(CliRunner().invoke, cli.app, ["read-only", *arguments])

    return calling


async def read_only(database, village):
    async with database.directory() as connection:
        return (await cooperative_of(connection, village.cooperative.book_id)).is_read_only


async def test_the_installation_is_switched_and_every_trail_says_so(koperasi, database, client, own_village):
    on = await koperasi("on")
    try:
        assert on.exit_code == 0, on.output
        assert "installation: read-only since" in on.output
        assert await read_only(database, own_village)
        assert await ReadOnlyWatch(database).holds(own_village.cooperative.book_id)
        assert (await koperasi("status")).output == on.output
    finally:
        off = await koperasi("off")
        client.app.state.read_only.forget()
    assert "installation: off" in off.output
    events = await client.get("/api/v1/audit-events?limit=5", headers=own_village.headers(Role.PENGAWAS))
    acts = [(one["action"], one["actor"]) for one in events.json()["items"]]
    assert acts[:2] == [("read-only.ended", "operator"), ("read-only.begun", "operator")]


async def test_one_cooperative_is_switched(koperasi, database, client, own_village, other_village):
    code = own_village.cooperative.code
    try:
        assert f"{code}: read-only since" in (await koperasi("on", "-c", code)).output
        assert await read_only(database, own_village)
        assert not await read_only(database, other_village)
    finally:
        assert f"{code}: off" in (await koperasi("off", "-c", code)).output
        client.app.state.read_only.forget()
    assert (await koperasi("on", "-c", "tidak-ada")).exit_code == 2
