"""Forms are posted by our own pages only; the API knows no cookies, so it needs no form token."""

from __future__ import annotations

import re

import pytest
from litestar.routes import HTTPRoute
from sqlalchemy import text

from koperasi.access.middleware import is_litestars_own
from koperasi.permissions import Permission, Role

from .conftest import form_token, session_cookie

VALUES = {"number": "1", "member": "1", "import_id": "1", "user_id": "1", "coop_code": "x", "name": "x", "code": "1101"}


def form_routes(app):
    for route in app.routes:
        if isinstance(route, HTTPRoute) and not route.path.startswith("/api/"):
            for handler in route.route_handlers:
                if not is_litestars_own(handler) and handler.http_methods & {"POST", "PUT", "PATCH", "DELETE"}:
                    path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: VALUES.get(found.group(1), "1"), route.path)
                    yield from ((method, path, handler) for method in handler.http_methods - {"OPTIONS"})


async def everything(owner_engine):
    """A figure that changes when any row of any table does; sessions note when they were last seen."""
    async with owner_engine.connect() as connection:
        tables = await connection.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'app_session'")
        )
        counted = [
            f"SELECT '{table}' AS name, count(*) AS rows, coalesce(sum(hashtext(t::text)), 0) AS sum FROM \"{table}\" t"
            for table in tables
        ]
        return sorted(map(tuple, await connection.execute(text(" UNION ALL ".join(counted)))))


@pytest.fixture
async def cookies(database, shop):
    return {role: await session_cookie(database, shop.village, role) for role in Role}


async def test_no_form_is_taken_without_its_token(browser, owner_engine, shop, cookies):
    mine, foreign = await form_token(browser), await form_token(browser)
    assert mine != foreign
    forged = {
        "none": ("", {}),
        "none, though the cookie is there": (f"; csrf={mine}", {}),
        "of another browser": (f"; csrf={mine}", {"_csrf_token": foreign}),
        "made up": (f"; csrf={mine}", {"_csrf_token": "0" * 128}),
        "made up on both sides": ("; csrf=" + "0" * 128, {"_csrf_token": "0" * 128}),
        "without its cookie": ("", {"_csrf_token": mine}),
        "empty": ("; csrf=", {"_csrf_token": ""}),
    }
    before = await everything(owner_engine)
    tried = 0
    wrong = []
    for method, path, handler in form_routes(browser.app):
        role = next((role for role in Role if may(role, handler)), None)
        for what, (cookie, fields) in forged.items():
            session = cookies[role] if role else "nobody=1"
            answer = await browser.request(
                method, path, headers={"Cookie": session + cookie}, data=fields, follow_redirects=False
            )
            tried += 1
            if answer.status_code != 403:
                wrong.append(f"{method} {path} {what}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert tried > 100
    assert await everything(owner_engine) == before


def may(role, handler):
    from koperasi.permissions import GRANTS

    permission = handler.opt["permission"]
    return permission is Permission.SESSION or permission in GRANTS[role]


async def test_the_token_may_come_as_a_header_but_not_in_the_address(browser, cookies):
    token = await form_token(browser)
    headers = {"Cookie": f"{cookies[Role.BENDAHARA]}; csrf={token}"}
    for path in (f"/bahasa?_csrf_token={token}", f"/keluar?_csrf_token={token}"):
        assert (await browser.post(path, headers=headers, follow_redirects=False)).status_code == 403
    answer = await browser.post("/bahasa", headers=headers | {"x-csrftoken": token}, follow_redirects=False)
    assert answer.status_code == 303


async def test_a_page_is_told_why_in_words(browser, cookies):
    answer = await browser.post("/keluar", headers={"Cookie": cookies[Role.KASIR]}, follow_redirects=False)
    assert answer.headers["content-type"].startswith("text/html")
    assert "Muat ulang" in answer.text


async def test_a_cookie_never_opens_the_api(browser, owner_engine, shop, cookies):
    token = await form_token(browser)
    cookie = f"{cookies[Role.BENDAHARA]}; csrf={token}"
    before = await everything(owner_engine)
    tried = 0
    for route in browser.app.routes:
        if not isinstance(route, HTTPRoute) or not route.path.startswith("/api/"):
            continue
        for handler in route.route_handlers:
            if is_litestars_own(handler) or handler.opt["permission"] is Permission.PUBLIC:
                continue
            path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: VALUES.get(found.group(1), "1"), route.path)
            for method in handler.http_methods - {"OPTIONS"}:
                answer = await browser.request(
                    method, path, headers={"Cookie": cookie, "x-csrftoken": token, "Idempotency-Key": "k"}, json={}
                )
                assert answer.status_code == 401, f"{method} {path}"
                tried += 1
    assert tried > 30
    assert await everything(owner_engine) == before


async def test_a_bearer_token_needs_no_form_token_and_opens_no_page(browser, shop):
    answer = await browser.post("/api/v1/members", headers=shop.headers(), json={"name": "Nurhayati"})
    assert answer.status_code == 201, answer.text
    page = await browser.get("/anggota", headers=shop.headers(), follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (303, "/masuk?next=%2Fanggota")
