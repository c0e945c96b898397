"""Headers that every answer carries, what may be kept by whom, and how cookies are set."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import pytest
from litestar.routes import HTTPRoute
from litestar.testing import AsyncTestClient

from koperasi.access.middleware import is_litestars_own
from koperasi.app import create_app
from koperasi.config import Settings
from koperasi.permissions import GRANTS, Permission, Role

from .conftest import form_token, session_cookie

ANSWERS = {
    "a public page": ("GET", "/masuk", 200),
    "to the log-in page": ("GET", "/meja", 303),
    "no such page": ("GET", "/tidak-ada", 404),
    "a form without its token": ("POST", "/masuk", 403),
    "health": ("GET", "/health", 200),
    "description": ("GET", "/schema/openapi.json", 200),
    "style": ("GET", "/static/koperasi.css", 200),
    "no such file": ("GET", "/static/tidak-ada.css", 404),
    "icon": ("GET", "/favicon.ico", 204),
    "no token": ("GET", "/api/v1/members", 401),
    "no such address": ("GET", "/api/v1/tidak-ada", 404),
    "wrong method": ("DELETE", "/api/v1/members", 405),
    "method of a page": ("DELETE", "/masuk", 405),
}


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_every_answer_carries_them(browser, method, path, status):
    answer = await browser.request(method, path, follow_redirects=False)
    assert answer.status_code == status, answer.text
    check_secure(answer)
    if not path.startswith(("/static", "/favicon")):
        assert answer.headers["cache-control"] == "no-store"


def check_secure(answer):
    headers = answer.headers
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy", "x-frame-options"):
        assert len(headers.get_list(name)) == 1, name
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers
    assert "strict-transport-security" not in headers  # without TLS it would lock people out


async def test_own_pages_and_the_api_are_kept_by_nobody(browser, database, shop):
    cookie = await session_cookie(database, shop.village, Role.BENDAHARA)
    for path in ("/meja", "/anggota", f"/anggota/{shop.village.member.number}", "/neraca-saldo", "/jurnal"):
        answer = await browser.get(path, headers={"Cookie": cookie})
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "no-store", path
        check_secure(answer)
    for path in ("/api/v1/members", "/api/v1/exports/journal"):
        answer = await browser.get(path, headers=shop.headers())
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        check_secure(answer)


async def test_our_own_mistake_carries_them_too(browser, shop, monkeypatch):
    from koperasi.members import service

    async def fails(*_args, **_kwargs):
        raise RuntimeError("rahasia")

    monkeypatch.setattr(service, "search", fails)
    answer = await browser.get("/api/v1/members", headers=shop.headers())
    assert answer.status_code == 500
    assert answer.headers["cache-control"] == "no-store"
    check_secure(answer)


async def test_files_of_the_frame_may_be_kept_for_ever(browser):
    page = (await browser.get("/masuk")).text
    paths = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert paths
    for path in paths:
        kept = (await browser.get(path)).headers["cache-control"]
        assert {"public", "immutable", "max-age=31536000"} == set(kept.replace(" ", "").split(","))
        assert "?v=" in path or re.search(r"\.[0-9a-f]{8,}\.", path), f"{path} may be kept but never changes its name"


async def test_other_origins_may_not_ask(browser, shop):
    origin = {"Origin": "https://example.org"}
    answer = await browser.get("/api/v1/members", headers=shop.headers() | origin)
    assert "access-control-allow-origin" not in answer.headers
    asked = origin | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    assert "access-control-allow-origin" not in (await browser.options("/api/v1/members", headers=asked)).headers


async def log_in(browser, village):
    token = await form_token(browser)
    name = "__Host-csrf" if browser.app.state.settings.secure_cookies else "csrf"
    return await browser.post(
        "/masuk",
        headers={"Cookie": f"{name}={token}"},
        data={
            "_csrf_token": token,
            "cooperative": village.cooperative.code,
            "username": "bendahara",
            "password": village.passwords[Role.BENDAHARA],
        },
        follow_redirects=False,
    )


def attributes(line):
    return {part.strip().lower() for part in line.split(";")[1:]}


async def test_cookies_are_out_of_scripts_reach(browser, village):
    answer = await log_in(browser, village)
    assert answer.status_code == 303, answer.text
    set_cookies = answer.headers.get_list("set-cookie")
    page = await browser.get("/masuk")
    for line in (*set_cookies, *page.headers.get_list("set-cookie")):
        assert {"httponly", "samesite=lax", "path=/"} <= attributes(line), line
        assert not any(part.startswith("domain=") for part in attributes(line)), line
        assert "secure" not in attributes(line), line
    assert any(line.startswith("koperasi_session=") for line in set_cookies)


async def test_behind_tls_cookies_hold_to_the_host(addresses, village, tmp_path):
    application = create_app(Settings(data_dir=tmp_path, secure_cookies=True), engine_url=addresses.application)
    async with AsyncTestClient(application, base_url="https://testserver.local") as browser:
        answer = await log_in(browser, village)
        assert answer.status_code == 303, answer.text
        browser.cookies.clear()
        page = await browser.get("/masuk")
    lines = [*answer.headers.get_list("set-cookie"), *page.headers.get_list("set-cookie")]
    assert {line.partition("=")[0] for line in lines} == {"__Host-koperasi_session", "__Host-csrf"}
    for line in lines:
        assert {"httponly", "secure", "path=/"} <= attributes(line), line
    assert page.headers["strict-transport-security"].startswith("max-age=")


EXAMPLE_PATHS = {"month": "2024-01", "code": "1101", "year": "2024", "name": "simpanan_wajib.amount", "kind": "members"}


async def test_every_page_of_every_office_is_kept_by_nobody_and_runs_no_script_of_its_own(browser, database, shop):
    """All addresses that answer GET, by whoever may open them; files of the frame are told apart above."""
    cookies = {role: await session_cookie(database, shop.village, role) for role in Role}
    seen = 0
    for route in browser.app.routes:
        if not isinstance(route, HTTPRoute) or route.path.startswith(("/static", "/favicon", "/schema")):
            continue
        for handler in route.route_handlers:
            if "GET" not in handler.http_methods or is_litestars_own(handler):
                continue
            permission = handler.opt["permission"]
            role = next(
                (role for role in Role if permission is Permission.SESSION or permission in GRANTS[role]),
                Role.BENDAHARA,
            )
            path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: EXAMPLE_PATHS.get(found.group(1), "1"), route.path)
            browser.cookies.clear()
            headers = shop.headers(role) if path.startswith("/api/") else {"Cookie": cookies[role]}
            answer = await browser.get(path, headers=headers, follow_redirects=False)
            assert answer.status_code < 500, path
            assert answer.headers["cache-control"] == "no-store", path
            check_secure(answer)
            if answer.headers.get("content-type", "").startswith("text/html"):
                for inline in INLINE:
                    assert not re.search(inline, answer.text, re.IGNORECASE), f"{path}: {inline}"
            seen += 1
    assert seen > 80


INLINE = (
    r"<script(?![^>]*\ssrc=)",
    r"<style",
    r"\sstyle=",
    r"\son[a-z]+\s*=\s*[\"']",
    r"javascript:",
    r"<base\b",
    r"<object\b",
)
"""What a page would need another policy for."""


async def test_the_language_cookie_holds_to_the_host_too(addresses, village, tmp_path):
    application = create_app(Settings(data_dir=tmp_path, secure_cookies=True), engine_url=addresses.application)
    async with AsyncTestClient(application, base_url="https://testserver.local") as browser:
        token = await form_token(browser)
        answer = await browser.post(
            "/bahasa",
            headers={"Cookie": f"__Host-csrf={token}"},
            data={"_csrf_token": token, "locale": "en", "back": "/masuk"},
            follow_redirects=False,
        )
        line = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("__Host-lang=en"))
        assert {"httponly", "secure", "samesite=lax", "path=/"} <= attributes(line)
        assert "Log in" in (await browser.get("/masuk", headers={"Cookie": "__Host-lang=en"})).text
        browser.cookies.clear()
        assert "Log in" not in (await browser.get("/masuk", headers={"Cookie": "lang=en"})).text
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/%09/evil.example",
        "%2f%2fevil.example",
        "\\\\evil",
    ],
)
async def test_no_form_leads_to_another_host(browser, database, shop, wanted):
    token = await form_token(browser)
    cookie = await session_cookie(database, shop.village, Role.BENDAHARA)
    answers = [
        await browser.post(
            "/bahasa",
            headers={"Cookie": f"csrf={token}"},
            data={"_csrf_token": token, "locale": "id", "back": wanted},
            follow_redirects=False,
        ),
        await browser.get("/masuk", params={"next": wanted}, headers={"Cookie": cookie}, follow_redirects=False),
        await browser.get(f"/masuk?next={wanted}", headers={"Cookie": cookie}, follow_redirects=False),
    ]
    for answer in answers:
        assert answer.status_code == 303
        where = answer.headers["location"]
        assert (
            urlsplit(urljoin("https://koperasi.example/masuk", where.replace("\\", "/"))).netloc == "koperasi.example"
        )


async def test_no_page_repeats_what_was_in_the_address(browser, database, shop):
    """An error page says what happened, not whom somebody looked for."""
    cookie = await session_cookie(database, shop.village, Role.BENDAHARA)
    for path in (
        "/anggota/RAHASIA-5202014107800001",
        "/tidak-ada/RAHASIA-5202014107800001?q=RAHASIA",
        "/bukti/RAHASIA",
    ):
        for headers in ({"Cookie": cookie}, {}):
            answer = await browser.get(path, headers=headers, follow_redirects=False)
            assert answer.status_code in {303, 404}
            assert "RAHASIA" not in answer.text
        answer = await browser.get(f"/api/v1{path}", headers=shop.headers())
        assert answer.status_code == 404
        assert "RAHASIA" not in answer.text
