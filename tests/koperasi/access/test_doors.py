"""The whole service over HTTP: cookies, bearer tokens, and who gets through which door."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from httpx import Response
from litestar import Litestar, get
from litestar.testing import AsyncTestClient

from koperasi.access import service
from koperasi.access.middleware import check_every_route_names_a_permission
from koperasi.access.pages import session_cookie
from koperasi.access.service_tokens import issue_token
from koperasi.config import Settings
from koperasi.embedded import Addresses
from koperasi.permissions import Identity, Permission, Role

from .conftest import PASSWORD, House

Client = AsyncTestClient[Litestar]
TOKENS = "/api/v1/tokens"


@pytest_asyncio.fixture
async def browser(client: Client) -> AsyncIterator[Client]:
    """The shared client without anybody's cookies."""
    client.cookies.clear()
    yield client
    client.cookies.clear()


def form_token(page: Response) -> str:
    """The token that a page's forms carry."""
    found = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)
    assert found, page.text
    return found.group(1)


async def send(browser: Client, path: str, **fields: str) -> Response:
    """Post a form as a browser does: with the token that the last page carried."""
    page = await browser.get("/masuk?next=/", follow_redirects=True)
    return await browser.post(path, data={"_csrf_token": form_token(page), **fields}, follow_redirects=False)


async def enter(browser: Client, house: House, password: str = PASSWORD, **fields: str) -> Response:
    return await send(
        browser, "/masuk", **{"cooperative": house.cooperative.code, "username": "siti", "password": password, **fields}
    )


def session_of(response: Response) -> str:
    return next(line for line in response.headers.get_list("set-cookie") if line.startswith("koperasi_session="))


async def add(house: House, role: Role, username: str) -> int:
    async with house.database.work(house.book_id) as work:
        user_id = await service.create_user(
            work.connection, house.book_id, username=username, name=username.title(), role=role, password=PASSWORD
        )
        await work.commit()
    return user_id


async def changed(house: House, username: str, password: str) -> str:
    """A token of a user who has changed the password they were given."""
    async with house.database.work(house.book_id) as work:
        users = await service.list_users(work.connection, house.book_id)
        user = next(one for one in users if one.username == username)
        await service.set_password(work.connection, house.book_id, user.user_id, password)
        identity = Identity(house.book_id, user.user_id, username, user.name, user.role)
        token, _ = await issue_token(work.connection, identity, label="test", address="10.0.0.7", now=datetime.now(UTC))
        await work.commit()
    return token


async def ask_for_token(browser: Client, house: House, **changes: Any) -> Response:
    body = {"cooperative": house.cooperative.code, "username": "siti", "password": PASSWORD, **changes}
    return await browser.post(TOKENS, json=body)


async def test_logging_in_sets_a_cookie_that_scripts_and_other_sites_cannot_use(browser: Client, house: House) -> None:
    answer = await enter(browser, house)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    flags = {flag.strip().lower() for flag in session_of(answer).split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= flags
    assert not any(flag.startswith(("max-age", "expires", "domain")) for flag in flags)
    assert (await browser.get("/", follow_redirects=False)).headers["location"] == "/meja"


def test_behind_tls_the_cookie_is_sent_over_tls_only_and_by_this_host_only() -> None:
    cookie = session_cookie(Settings(secure_cookies=True), "1.x")
    assert (cookie.key, cookie.secure, cookie.path, cookie.domain) == ("__Host-koperasi_session", True, "/", None)
    cleared = session_cookie(Settings(secure_cookies=True), None)
    assert (cleared.key, cleared.secure, cleared.max_age, cleared.value) == ("__Host-koperasi_session", True, 0, "")


async def test_logging_in_leads_back_to_the_page_wanted(browser: Client, house: House) -> None:
    sent_off = await browser.get("/anggota?q=a%20b", follow_redirects=False)
    assert sent_off.status_code == 303
    wanted = parse_qs(urlsplit(sent_off.headers["location"]).query)["next"][0]
    assert wanted == "/anggota?q=a%20b"
    form = await browser.get(sent_off.headers["location"])
    assert 'name="next" value="/anggota?q=a%20b"' in form.text
    answer = await enter(browser, house, next=wanted)
    assert answer.headers["location"] == wanted


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x"])
async def test_logging_in_leads_to_no_other_host(browser: Client, house: House, wanted: str) -> None:
    form = await browser.get("/masuk", params={"next": wanted})
    assert 'name="next" value="/"' in form.text
    answer = await enter(browser, house, next=wanted)
    assert answer.headers["location"] == "/"


async def test_a_wrong_password_shows_the_form_again_without_the_password(browser: Client, house: House) -> None:
    answer = await enter(browser, house, "kata-sandi-salah")
    assert answer.status_code == 422
    assert "Nama pengguna atau kata sandi tidak cocok." in answer.text
    assert 'value="siti"' in answer.text
    assert "kata-sandi-salah" not in answer.text
    assert "set-cookie" not in answer.headers or "koperasi_session" not in answer.headers["set-cookie"]


async def test_too_many_tries_are_told_how_long_to_wait(browser: Client, house: House) -> None:
    for _ in range(5):
        await enter(browser, house, "salah")
    page = await enter(browser, house)
    assert page.status_code == 429
    assert 1 <= int(page.headers["retry-after"]) <= 2
    called = await ask_for_token(browser, house)
    assert (called.status_code, called.json()["code"]) == (429, "too-many-attempts")
    assert "retry-after" in called.headers


async def test_logging_in_again_ends_the_session_before(browser: Client, house: House) -> None:
    await enter(browser, house)
    first = browser.cookies["koperasi_session"]
    page = await browser.get("/sandi")
    token = form_token(page)
    fields = {"cooperative": house.cooperative.code, "username": "siti", "password": PASSWORD}
    await browser.post("/masuk", data={"_csrf_token": token, **fields}, follow_redirects=False)
    assert browser.cookies["koperasi_session"] != first
    browser.cookies.clear()
    left = await browser.get("/sandi", headers={"Cookie": f"koperasi_session={first}"}, follow_redirects=False)
    assert left.status_code == 303


async def test_logging_out_ends_the_session_and_clears_the_cookie(browser: Client, house: House) -> None:
    await enter(browser, house)
    copied = browser.cookies["koperasi_session"]
    page = await browser.get("/sandi")
    token = form_token(page)
    answer = await browser.post("/keluar", data={"_csrf_token": token}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/masuk")
    assert "max-age=0" in session_of(answer).lower()
    browser.cookies.clear()
    again = await browser.get("/sandi", headers={"Cookie": f"koperasi_session={copied}"}, follow_redirects=False)
    assert again.headers["location"] == "/masuk?next=%2Fsandi"


async def test_a_form_without_its_token_does_nothing(browser: Client, house: House) -> None:
    fields = {"cooperative": house.cooperative.code, "username": "siti", "password": PASSWORD}
    answer = await browser.post("/masuk", data=fields, follow_redirects=False)
    assert answer.status_code == 403
    assert "koperasi_session" not in browser.cookies


async def test_the_api_takes_no_cookie_and_pages_take_no_token(browser: Client, house: House) -> None:
    await enter(browser, house)
    assert (await browser.delete(f"{TOKENS}/current")).status_code == 401
    browser.cookies.clear()
    token = (await ask_for_token(browser, house)).json()["token"]
    page = await browser.get("/sandi", headers={"Authorization": f"Bearer {token}"}, follow_redirects=False)
    assert page.status_code == 303


async def test_a_token_is_issued_used_and_ended(browser: Client, house: House) -> None:
    issued = await ask_for_token(browser, house, label="laporan")
    body = issued.json()
    assert issued.status_code == 201
    assert set(body) == {"token", "expires_at", "role", "cooperative", "scope"}
    assert (body["role"], body["cooperative"]) == ("bendahara", house.cooperative.code)
    bearer = {"Authorization": f"Bearer {body['token']}"}
    assert (await browser.get("/api/v1/chart", headers=bearer)).status_code == 200
    assert (await browser.delete(f"{TOKENS}/current", headers=bearer)).status_code == 204
    refused = await browser.get("/api/v1/chart", headers=bearer)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    "changes",
    [{"password": "salah"}, {"username": "nobody"}, {"cooperative": "nowhere"}, {"cooperative": "Kop!\u00e9"}],
)
async def test_a_token_is_refused_in_the_same_words_whatever_is_wrong(
    browser: Client, house: House, changes: dict[str, str]
) -> None:
    answer = await ask_for_token(browser, house, **changes)
    assert (answer.status_code, answer.json()["code"]) == (401, "log-in")
    assert answer.json()["detail"] == "Nama pengguna atau kata sandi tidak cocok."


@pytest.mark.parametrize(
    "changes",
    [
        {"password": ""},
        {"password": 7},
        {"username": None},
        {"username": "a\u0000b"},
        {"more": 1},
        {"label": "x" * 300},
    ],
)
async def test_a_request_for_a_token_that_cannot_be_read_is_a_400(
    browser: Client, house: House, changes: dict[str, Any]
) -> None:
    assert (await ask_for_token(browser, house, **changes)).status_code == 400


async def test_spaces_belong_to_a_password(browser: Client, house: House) -> None:
    async with house.database.work(house.book_id) as work:
        await service.set_password(work.connection, house.book_id, house.treasurer.user_id, "  dua spasi  ")
        await work.commit()
    assert (await ask_for_token(browser, house, password="dua spasi")).status_code == 401
    assert (await ask_for_token(browser, house, password="  dua spasi  ")).status_code == 201


@pytest.mark.parametrize(
    "sent", ["Bearer", "Bearer ", "Bearer kop_1_", "Basic c2l0aTp4", "kop_1_x", "Bearer " + "é" * 50]
)
async def test_a_header_that_is_no_token_is_a_401(browser: Client, sent: str) -> None:
    answer = await browser.get("/api/v1/chart", headers={"Authorization": sent.encode()})
    assert answer.status_code == 401


async def test_the_language_is_kept_on_the_device_and_with_the_user(browser: Client, house: House) -> None:
    answer = await send(browser, "/bahasa", locale="en", back="/masuk")
    assert (answer.status_code, answer.headers["location"]) == (303, "/masuk")
    assert "Log in" in (await browser.get("/masuk")).text
    browser.cookies.clear()
    await enter(browser, house)
    page = await browser.get("/sandi")
    assert "Ganti kata sandi" in page.text
    token = form_token(page)
    fields = {"_csrf_token": token, "locale": "en", "back": "//evil.example"}
    assert (await browser.post("/bahasa", data=fields, follow_redirects=False)).headers["location"] == "/"
    browser.cookies.delete("lang")
    assert "Change password" in (await browser.get("/sandi")).text


async def test_changing_ones_password_asks_for_the_present_one_and_keeps_this_session(
    browser: Client, house: House
) -> None:
    await enter(browser, house)
    page = await browser.get("/sandi")
    token = form_token(page)

    async def change(present: str, wanted: str, again: str) -> Response:
        fields = {"_csrf_token": token, "present": present, "password": wanted, "again": again}
        return await browser.post("/sandi", data=fields, follow_redirects=False)

    assert "tidak cocok" in (await change("salah", "kata sandi lain", "kata sandi lain")).text
    assert "tidak sama" in (await change(PASSWORD, "kata sandi lain", "kata sandi beda")).text
    short = await change(PASSWORD, "pendek", "pendek")
    assert (short.status_code, "paling sedikit 12 huruf" in short.text) == (422, True)
    same = await change(PASSWORD, PASSWORD, PASSWORD)
    assert (same.status_code, "harus lain" in same.text) == (422, True)
    assert (await change(PASSWORD, "kata sandi lain", "kata sandi lain")).status_code == 303
    assert (await browser.get("/sandi", follow_redirects=False)).status_code == 200
    assert (await ask_for_token(browser, house)).status_code == 401


async def test_the_admin_lets_people_in_and_keeps_them_out(browser: Client, house: House) -> None:
    await add(house, Role.ADMIN, "admin")
    await enter(browser, house, username="admin")
    page = await browser.get("/pengguna/baru")
    token = form_token(page)

    async def do(path: str, **fields: str) -> Response:
        data = {"_csrf_token": token, **fields}
        return await browser.post(path, data=data, follow_redirects=False)

    def shown(answer: Response) -> str:
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        found = re.search(r'<output class="sum">([^<]+)</output>', answer.text)
        assert found
        return found.group(1)

    teller = shown(await do("/pengguna/baru", name="Budi <b>", role="kasir", username="budi"))
    pin = shown(await do("/pengguna/baru", name="Sutinah", role="anggota", member_number=house.member_number))
    assert re.fullmatch(r"[0-9]{6}", pin)
    unchanged = await ask_for_token(browser, house, username=house.member_number, password=pin)
    assert (unchanged.status_code, unchanged.json()["code"]) == (403, "password-change-needed")
    assert (await ask_for_token(browser, house, username="budi", password=teller)).status_code == 403
    bearer = await changed(house, "budi", "sawah baru di lereng")

    taken = await do("/pengguna/baru", name="Budi", role="kasir", username="Budi")
    assert (taken.status_code, "sudah dipakai" in taken.text) == (422, True)
    nobody = await do("/pengguna/baru", name="X", role="anggota", member_number="999999")
    assert (nobody.status_code, "Tidak ada anggota" in nobody.text) == (422, True)
    for wrong in ({}, {"name": "X", "role": "raja", "username": "x1"}, {"name": "", "role": "kasir", "username": ""}):
        assert (await do("/pengguna/baru", **wrong)).status_code == 422

    listed = await browser.get("/pengguna")
    assert "Budi &lt;b&gt;" in listed.text
    assert "Budi <b>" not in listed.text
    found = re.search(r'href="(/pengguna/[0-9]+)">Budi', listed.text)
    assert found
    card = found.group(1)
    assert (await browser.get(card)).status_code == 200

    again = shown(await do(card + "/sandi"))
    headers = {"Authorization": f"Bearer {bearer}"}
    assert (await browser.get("/api/v1/members", headers=headers)).status_code == 401
    assert (await ask_for_token(browser, house, username="budi", password=again)).status_code == 403
    assert (await do(card + "/aktif", active="0")).status_code == 303
    assert (await ask_for_token(browser, house, username="budi", password=again)).status_code == 401
    assert (await do(card + "/aktif", active="1")).status_code == 303
    assert (await ask_for_token(browser, house, username="budi", password=again)).status_code == 403

    own = re.search(r'href="(/pengguna/[0-9]+)">Admin', listed.text)
    assert own
    assert (await do(own.group(1) + "/aktif", active="0")).status_code == 422
    for path in ("/pengguna/0", "/pengguna/99999999999999999999999", f"/pengguna/{2**62}"):
        assert (await browser.get(path)).status_code == 404
        assert (await do(path + "/sandi")).status_code == 404


async def test_the_admin_of_one_cooperative_reaches_no_user_of_another(
    browser: Client, house: House, other_house: House
) -> None:
    await add(house, Role.ADMIN, "admin")
    await enter(browser, house, username="admin")
    page = await browser.get("/pengguna")
    token = form_token(page)
    for path in ("/sandi", "/aktif"):
        answer = await browser.post(
            f"/pengguna/{other_house.treasurer.user_id}{path}", data={"_csrf_token": token, "active": "0"}
        )
        assert answer.status_code == 404
    assert (await ask_for_token(browser, other_house)).status_code == 201


async def test_who_may_not_manage_users_sees_no_such_page(browser: Client, house: House) -> None:
    await enter(browser, house)
    assert (await browser.get("/pengguna")).status_code == 403


def test_a_route_that_names_no_permission_keeps_the_service_from_starting() -> None:
    @get("/open", opt={"permission": Permission.PUBLIC}, sync_to_thread=False)
    def named() -> None: ...

    @get("/forgotten", sync_to_thread=False)
    def forgotten() -> None: ...

    @get("/mistyped", opt={"permission": "public"}, sync_to_thread=False)
    def mistyped() -> None: ...

    check_every_route_names_a_permission(Litestar([named], openapi_config=None))
    with pytest.raises(RuntimeError, match=r"GET /forgotten, GET /mistyped$"):
        check_every_route_names_a_permission(Litestar([named, forgotten, mistyped], openapi_config=None))


async def test_an_alien_proxy_cannot_choose_the_address_that_is_counted(
    addresses: Addresses, house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from koperasi.app import create_app

    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), trusted_proxy="10.0.0.1")
    async with AsyncTestClient(create_app(settings, engine_url=addresses.application)) as other:
        for number in range(20):
            headers = {"X-Forwarded-For": f"10.9.0.{number}"}
            body = {"cooperative": house.cooperative.code, "username": f"nobody{number}", "password": "salah"}
            assert (await other.post(TOKENS, json=body, headers=headers)).status_code == 401
        assert (await ask_for_token(other, house)).status_code == 429
