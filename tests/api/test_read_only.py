"""Read-only mode: no request and no statement of the service writes what people record; looking and log-in go on."""

from __future__ import annotations

import re
import secrets
from datetime import date

import pytest
import pytest_asyncio
from litestar.routes import HTTPRoute
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import ledger
from koperasi.access.middleware import is_litestars_own
from koperasi.cooperatives import service as cooperatives
from koperasi.cooperatives.service_read_only import ReadOnlyWatch, switch_cooperative, switch_installation
from koperasi.permissions import GRANTS, Permission, Role
from koperasi.read_only import SAFE, STILL_OPEN

from ..conftest import found, populate
from .conftest import form_token, open_shop, session_cookie
from .test_csrf import everything
from .test_problems import check_problem

EXEMPT = {
    "alembic_version", "installation_switch", "app_session", "api_token", "app_recovery_code", "login_throttle",
    "audit_event", "audit_head", "verification_run", "checkpoint", "number_series",
}  # fmt: skip
"""Tables that log-in, looking and proving write to; all others must carry the trigger ``read_only``."""


@pytest_asyncio.fixture(scope="module")
async def shop(database, client):
    return await open_shop(database, client)


@pytest_asyncio.fixture
async def read_only(database, client, shop):
    """The mode is on in the shop's cooperative, and this process knows it."""
    book_id = shop.village.cooperative.book_id

    async def switch(on):
        async with database.work(book_id) as work:
            assert await switch_cooperative(work, on=on, actor="admin")
            await work.commit()
        client.app.state.read_only.forget()

    await switch(True)
    yield
    await switch(False)


async def recorded(owner_engine):
    """A figure of every table, but for when tokens were last used."""
    return [one for one in await everything(owner_engine) if one[0] != "api_token"]


def writing_routes(app):
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if not is_litestars_own(handler) and handler.http_methods - SAFE:
                    template = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
                    for method in handler.http_methods - SAFE:
                        yield method, template, handler.opt["permission"]


async def test_every_table_that_people_write_to_is_guarded(owner_engine):
    """A new table needs ``SELECT guard_read_only('…')`` in its migration, or a place in the list above."""
    async with owner_engine.connect() as connection:
        tables = await connection.scalars(
            text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        )
        guarded = await connection.scalars(
            text("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'read_only'")
        )
        assert set(tables.all()) - EXEMPT == set(guarded.all())


async def test_every_writing_request_is_refused_and_writes_nothing(client, database, owner_engine, shop, read_only):
    sessions = {role: await session_cookie(database, shop.village, role) for role in Role}
    token = await form_token(client)
    before = await recorded(owner_engine)
    wrong, seen = [], set()
    for method, template, permission in writing_routes(client.app):
        seen.add(template)
        if template in STILL_OPEN:
            continue
        path = re.sub(r"\{month\}", "2024-01", template)
        path = re.sub(r"\{\w+\}", "1", path)
        role = next(role for role in Role if permission is Permission.SESSION or permission in GRANTS[role])
        if path.startswith("/api/"):
            headers = shop.headers(role, secrets.token_hex(8))
        else:
            headers = {"Cookie": f"{sessions[role]}; csrf={token}", "x-csrftoken": token}
        client.cookies.clear()
        answer = await client.request(method, path, headers=headers, follow_redirects=False)
        if (answer.status_code, "hanya-baca" in answer.text, "retry-after" in answer.headers) != (503, True, True):
            wrong.append(f"{method} {template}: {answer.status_code} {answer.text[:100]}")
    assert not wrong, "\n".join(wrong)
    assert seen >= STILL_OPEN, "a route of the list is gone"
    assert await recorded(owner_engine) == before


async def test_people_log_in_and_look(client, database, shop, read_only):
    cookie = await session_cookie(database, shop.village, Role.BENDAHARA)
    client.cookies.clear()
    page = await client.get("/meja", headers={"Cookie": cookie})
    assert page.status_code == 200
    assert "mode hanya-baca" in page.text
    token = await form_token(client)
    fields = {
        "_csrf_token": token,
        "cooperative": shop.village.cooperative.code,
        "username": "pengawas",
        "password": shop.village.passwords[Role.PENGAWAS],
    }
    entered = await client.post("/masuk", headers={"Cookie": f"csrf={token}"}, data=fields, follow_redirects=False)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    client.cookies.clear()
    for path in ("members", "reports/trial-balance", "exports/journal", f"savings-accounts/{shop.wadiah}"):
        assert (await client.get(f"/api/v1/{path}", headers=shop.headers())).status_code == 200
    assert (await client.post("/api/v1/verifications", headers=shop.headers())).status_code in {200, 201, 202}


async def test_what_passes_the_door_is_refused_by_the_database(client, database, poster, shop, read_only):
    """A process that has not heard yet, a background task, a program of its own under the service's role."""
    client.app.state.read_only._until = float("inf")  # it believes for ever what it read before …
    client.app.state.read_only._books = frozenset()  # … that nothing is switched
    try:
        answer = await client.post(
            f"/api/v1/savings-accounts/{shop.wadiah}/deposits",
            headers=shop.headers(key=secrets.token_hex(8)),
            json={"amount": {"amount": "1000.00"}},
        )
        check_problem(answer, 503, "read-only")
        answer = await client.post("/api/v1/members", headers=shop.headers(), json={"name": "Nurhayati"})
        check_problem(answer, 503, "read-only")
    finally:
        client.app.state.read_only.forget()
    book_id = shop.village.cooperative.book_id
    async with database.reading(book_id) as connection:
        ids = [one.account_id for one in await ledger.chart(connection, book_id) if one.code in {"1401", "2135"}]
    draft = ledger.Draft(
        book_id, date(2024, 2, 1), "test", "Uji", "penguji",
        (ledger.Line(ids[0], 5), ledger.Line(ids[1], -5)), secrets.token_hex(8),
    )  # fmt: skip
    with pytest.raises(Exception, match="read-only mode"):
        await poster.post(draft)
    for statement in ("UPDATE member SET name = name", "DELETE FROM member_heir", "UPDATE cooperative SET name = name"):
        async with database.work(book_id) as work:
            with pytest.raises(DBAPIError, match="read-only mode"):
                await work.connection.execute(text(statement))


async def test_one_cooperatives_mode_is_not_anothers(client, database, shop, read_only):
    other = await populate(database, await found(database))
    answer = await client.post("/api/v1/members", headers=other.headers(Role.BENDAHARA), json={"name": "Nurhayati"})
    assert answer.status_code == 201, answer.text


async def test_the_admin_switches_it_on_a_page(client, database, shop):
    cookie = await session_cookie(database, shop.village, Role.ADMIN)
    token = await form_token(client)
    headers = {"Cookie": f"{cookie}; csrf={token}", "x-csrftoken": token}
    member = {"headers": shop.headers(), "json": {"name": "Nurhayati Hasanah"}}
    for mode, status in (("on", 503), ("off", 201)):
        client.cookies.clear()
        answer = await client.post("/hanya-baca", headers=headers, data={"mode": mode}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/hanya-baca")
        assert (await client.post("/api/v1/members", **member)).status_code == status
    trail = await client.get("/api/v1/audit-events?limit=2", headers=shop.headers(Role.PENGAWAS))
    if trail.status_code == 200:
        assert [one["action"] for one in trail.json()["items"]] != []


async def test_the_installations_switch_holds_for_all_and_is_not_the_services_to_set(
    client, database, owner_engine, shop
):
    other = await populate(database, await found(database))
    watch = ReadOnlyWatch(database)

    async def switch(on):
        async with owner_engine.begin() as connection:
            return await switch_installation(connection, on=on)

    assert await switch(True)
    try:
        assert not await switch(True)
        client.app.state.read_only.forget()
        for village in (shop.village, other):
            assert await watch.holds(village.cooperative.book_id)
            answer = await client.post("/api/v1/members", headers=village.headers(Role.BENDAHARA), json={"name": "Nur"})
            check_problem(answer, 503, "read-only")
            async with database.directory() as connection:
                assert (await cooperatives.cooperative_of(connection, village.cooperative.book_id)).is_read_only
        async with database.work(other.cooperative.book_id) as work:
            with pytest.raises(DBAPIError, match="permission denied"):
                await work.connection.execute(text("UPDATE installation_switch SET since = NULL"))
        async with database.work(0) as work:
            with pytest.raises(DBAPIError, match="read-only mode"):
                await ledger.found_book(work.connection)
    finally:
        assert await switch(False)
        client.app.state.read_only.forget()
    watch.forget()
    assert not await watch.holds(other.cooperative.book_id)


async def test_the_switch_waits_for_writes_under_way(database, shop):
    """Nothing that began before may still be written after the mode has begun."""
    book_id = shop.village.cooperative.book_id
    async with database.work(book_id) as writing, database.work(book_id) as switching:
        await writing.connection.execute(text("UPDATE member SET name = name"))
        await switching.connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            await switch_cooperative(switching, on=True, actor="admin")
