"""Every kind of error as RFC 9457 describes it, and bodies that nobody in their right mind sends."""

from __future__ import annotations

import json
import re
import secrets

import httpx
import pytest

from koperasi.permissions import Role

PROBLEM = {"type", "title", "status", "detail", "code", "errors"}


def check_problem(answer, status, code=None):
    """The answer is a problem document with this status, and tells nothing of our insides."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == PROBLEM
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{problem['code']}"
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", problem["code"])
    assert problem["title"]
    assert problem["detail"]
    for error in problem["errors"]:
        assert set(error) == {"field", "code", "message"}
    assert len(answer.content) < 20_000
    for inside in ("Traceback", ".py", "sqlalchemy", "asyncpg", "SELECT", "site-packages"):
        assert inside not in answer.text
    if code is not None:
        assert problem["code"] == code
    return problem


@pytest.fixture
def deposit(client, shop):
    """Send a raw body to a route that moves money."""

    async def sending(content, **headers):
        return await client.post(
            f"/api/v1/savings-accounts/{shop.wadiah}/deposits",
            headers=shop.headers(Role.BENDAHARA, secrets.token_hex(8))
            | {"Content-Type": "application/json"}
            | {name.replace("_", "-"): value for name, value in headers.items()},
            content=content,
        )

    return sending


@pytest.fixture
async def unmoved(client, shop):
    """Nothing that the test does stands in the book afterwards."""
    before = (await client.get("/api/v1/verification", headers=shop.headers())).json()
    yield
    assert (await client.get("/api/v1/verification", headers=shop.headers())).json() == before


GOOD = {"amount": {"amount": "1000.00", "currency": "IDR"}}


def body(**changes):
    return json.dumps(GOOD | changes).encode()


UNREADABLE = {
    "no body": b"",
    "not JSON": b"jumlah=1000",
    "cut off": b'{"amount": {"amount": "1000.00"',
    "two values": b"{} {}",
    "trailing comma": b'{"amount": {"amount": "1000.00"},}',
    "not UTF-8": b'{"amount": {"amount": "1000.00", "currency": "\xff\xfe"}}',
    "byte order mark": b"\xef\xbb\xbf" + body(),
    "null": b"null",
    "a list": b"[]",
    "a string": b'"1000.00"',
    "deep list": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep, never closed": b"[" * 1_000_000,
    "deep enough for one reader": b'{"amount":' + b"[" * 500 + b"]" * 500 + b"}",
    "unknown field": body(admin=True),
    "null byte": body(date="2024-02-01\x00"),
    "lone surrogate": b'{"amount": {"amount": "1000.00", "currency": "\\ud800"}}',
    "lone surrogate as a name": b'{"amount": {"amount": "1000.00"}, "\\ud800": 1}',
    "ten million letters": b'{"amount": {"amount": "' + b"9" * 10_000_000 + b'"}}',
    "a name of a million letters": b'{"' + b"a" * 1_000_000 + b'": 1}',
    "a number that no float holds": b'{"amount": {"amount": 1e400}}',
    "a number of 5,000 digits": b'{"amount": {"amount": ' + b"9" * 5000 + b"}}",
    "amount twice": b'{"amount": {"amount": "1.00"}, "amount": {"amount": "1000.00"}}',
    "amount twice, one escaped": b'{"amount": {"amount": "1.00"}, "\\u0061mount": {"amount": "1000.00"}}',
    "inner amount twice": b'{"amount": {"amount": "1.00", "amount": "1000.00"}}',
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_a_body_that_cannot_be_read_is_refused_and_nothing_is_written(deposit, unmoved, content):
    check_problem(await deposit(content), 413 if len(content) > 1024**2 else 400)


AMOUNTS = [
    1000,
    1000.5,
    "1e3",
    "1000,00",
    "1.000,00",
    "1000.00000",
    "1000.001",
    " 1000.00",
    "1000.00 ",
    "+1000.00",
    "--1",
    "NaN",
    "Infinity",
    "1_000",
    "١٠٠٠",
    "1000.00\x00",
    "1" * 18,
    "",
    None,
    True,
    [],
    {},
]


@pytest.mark.parametrize("amount", AMOUNTS, ids=repr)
async def test_an_amount_is_a_plain_decimal_string_or_refused(deposit, unmoved, amount):
    content = json.dumps({"amount": {"amount": amount, "currency": "IDR"}}).encode()
    problem = check_problem(await deposit(content), 400)
    assert "amount" in json.dumps(problem["errors"])


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "-0.00", "99999999999999999.00"])
async def test_an_amount_that_can_be_read_may_still_be_refused(deposit, unmoved, amount):
    answer = await deposit(body(amount={"amount": amount, "currency": "IDR"}))
    check_problem(answer, answer.status_code)
    assert answer.status_code in {400, 422}


async def test_repeated_names_say_which(deposit, unmoved):
    problem = check_problem(await deposit(UNREADABLE["inner amount twice"]), 400, "duplicate-name")
    assert problem["errors"][0]["field"] == "amount"


KINDS = ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"]


@pytest.mark.parametrize("kind", KINDS)
async def test_another_media_type_is_refused(deposit, unmoved, kind):
    check_problem(await deposit(body(), Content_Type=kind), 415, "media-type")


async def test_json_in_other_words_is_read(client, shop, deposit):
    for kind in ("application/json; charset=utf-8", "Application/JSON"):
        answer = await deposit(body(), Content_Type=kind)
        assert answer.status_code == 201, answer.text


def part(name, content=b"members"):
    return b"--x\r\nContent-Disposition: form-data; name=" + name + b"\r\n\r\n" + content + b"\r\n--x--\r\n"


async def test_an_upload_is_multipart(client, shop):
    headers = shop.headers(key=secrets.token_hex(8))
    check_problem(await client.post("/api/v1/imports", headers=headers, json={"kind": "members"}), 415, "media-type")
    for kind, content in (
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", part(b'"kind"\r\nContent-Type: text/plain; charset=tidak-ada')),
        ("multipart/form-data; boundary=x", part(b'"kind\xff"')),
        ("multipart/form-data; boundary=" + "x" * 5000, b"--x--"),
        ("multipart/form-data; boundary=x", part(b'"kind"', b"m\xff")),
    ):
        answer = await client.post("/api/v1/imports", headers=headers | {"Content-Type": kind}, content=content)
        check_problem(answer, 400)


def pieces():
    for _ in range(3):
        yield b"x" * 1024 * 1024


@pytest.mark.parametrize("chunked", [False, True], ids=["said beforehand", "found out while reading"])
def test_too_large(site, shop, chunked):
    with httpx.Client(timeout=60) as client:
        answer = client.post(
            f"{site}/api/v1/members",
            headers=shop.headers() | {"Content-Type": "application/json"},
            content=pieces() if chunked else b"".join(pieces()),
        )
    check_problem(answer, 413)


async def test_a_body_that_is_missing_is_asked_for(client, shop):
    headers = shop.headers(Role.BENDAHARA, secrets.token_hex(8))
    for path in (f"/api/v1/savings-accounts/{shop.wadiah}/deposits", "/api/v1/deposits/310000017/closings"):
        problem = check_problem(await client.post(path, headers=headers), 400, "validation")
        assert [(one["field"], one["code"]) for one in problem["errors"]] == [("body", "missing")]
        assert "JSON" in problem["errors"][0]["message"]


async def test_unknown_address(client, shop):
    for path in ("/api/v1/tidak-ada", "/api/", "/api/v1/members/../../etc/passwd", "/api/v1/members/%00", "/api/%ff"):
        for headers in ({}, shop.headers()):
            answer = await client.get(path, headers=headers)
            assert answer.status_code in ({404, 401} if headers == {} else {404}), path
            check_problem(answer, answer.status_code)
    page = await client.get("/tidak-ada", follow_redirects=False)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")


async def test_wrong_method_says_which_are_right(client, shop):
    for path, method, allowed in (
        ("/api/v1/members", "DELETE", {"GET", "POST"}),
        ("/api/v1/journal-entries/1", "PUT", {"GET"}),
        ("/api/v1/journal-entries/1", "DELETE", {"GET"}),
        ("/api/v1/tokens", "GET", {"POST"}),
    ):
        answer = await client.request(method, path, headers=shop.headers())
        check_problem(answer, 405)
        assert allowed <= set(answer.headers["allow"].replace(" ", "").split(",")), answer.headers


async def test_who_are_you(client, shop, village):
    for headers in (
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer kop_1_salah"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer kop_99999999999999999999_x"},
        {"Authorization": b"Bearer \xff\xfe"},
    ):
        answer = await client.get("/api/v1/members", headers=headers)
        check_problem(answer, 401, "token-needed")
        assert answer.headers["www-authenticate"] == "Bearer"
    wrong = {"cooperative": village.cooperative.code, "username": "tidak-ada", "password": "salah"}
    answer = await client.post("/api/v1/tokens", json=wrong)
    check_problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_you_may_not(client, shop):
    check_problem(await client.get("/api/v1/members", headers=shop.headers(Role.ANGGOTA)), 403, "forbidden")


async def test_not_there_for_this_member(client, shop):
    answer = await client.get("/api/v1/members/99999", headers=shop.headers(Role.ANGGOTA))
    check_problem(answer, 404)


async def test_the_rules_say_no(client, shop, unmoved):
    answer = await client.post(
        f"/api/v1/savings-accounts/{shop.wadiah}/withdrawals",
        headers=shop.headers(key=secrets.token_hex(8)),
        json={"amount": {"amount": "999999999.00", "currency": "IDR"}},
    )
    check_problem(answer, 422, "insufficient-balance")


@pytest.mark.parametrize("field", ["name", "nik"])
async def test_each_wrong_field_is_named(client, shop, field):
    sent = {"name": "Siti", "nik": "5202014107800001"} | {field: 7}
    answer = await client.post("/api/v1/members", headers=shop.headers(), json=sent)
    problem = check_problem(answer, 400, "validation")
    assert [error["field"] for error in problem["errors"]] == [field]


# --- languages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("en", "Not found"),
        ("en-GB,id;q=0.5", "Not found"),
        ("id", "Tidak ditemukan"),
        ("fr", "Tidak ditemukan"),
        ("", "Tidak ditemukan"),
        ("\x7f;;q=", "Tidak ditemukan"),
    ],
)
async def test_a_problem_is_told_in_the_language_asked_for(client, asked, title):
    answer = await client.get("/api/v1/tidak-ada", headers={"Accept-Language": asked})
    problem = check_problem(answer, 404)
    assert (problem["title"], problem["code"]) == (title, "not-found")


# --- parameters -----------------------------------------------------------------------------------------------------

WRONG_QUERIES = [
    "limit=0",
    "limit=-1",
    "limit=201",
    "limit=1e400",
    "limit=9" + "9" * 5000,
    "limit=",
    "limit=1.5",
    "limit=%00",
    "cursor=x",
    "cursor=%00",
    "cursor=%ff%fe",
    "cursor=é",
    "cursor=bnVsbA",
    "cursor=e30",
    "cursor=W10",
    "cursor=WzFd",
    "cursor=WyJcdWQ4MDAiXQ",
    "cursor=WyJcdTAwMDAiXQ",
    "cursor=" + "A" * 2000,
    "cursor=" + "W" * 999,
]


@pytest.mark.parametrize("path", ["members", "groups", "journal-entries", "imports"])
@pytest.mark.parametrize("query", WRONG_QUERIES, ids=lambda query: query[:30])
async def test_wrong_paging_is_refused(client, shop, path, query):
    answer = await client.get(f"/api/v1/{path}?{query}", headers=shop.headers())
    if path in {"journal-entries", "imports"} and query == "cursor=WzFd":
        assert answer.status_code == 200  # [1] is a cursor of these
        return
    check_problem(answer, 400)


@pytest.mark.parametrize(
    "path",
    [
        "members/{}",
        "members/{}/savings-accounts",
        "savings-accounts/{}",
        "savings-accounts/{}/statement",
        "receipts/{}",
        "groups/{}",
        "ledger-accounts/{}",
        "ledger-accounts/{}/statement",
        "journal-entries/{}",
        "imports/{}",
        "members?q={}",
        "groups?q={}&village={}&member={}",
        "journal-entries?kind={}",
        "journal-entries?from={}",
        "reports/trial-balance?as_of={}",
        "chart?under={}",
        "exports/journal?from={}",
    ],
)
@pytest.mark.parametrize(
    "value",
    ["%00", "a%00b", "%ed%a0%80", "%ff", "'", "\\", "%25", "_", "9" * 30, "-1", "0", "x" * 5000, "%0a", "%F0%9F%98%80"],
    ids=lambda value: value[:12],
)
async def test_no_value_in_an_address_breaks_anything(client, shop, path, value):
    answer = await client.get("/api/v1/" + path.replace("{}", value), headers=shop.headers())
    assert answer.status_code in {200, 400, 404, 422}, f"{answer.status_code} {answer.text[:300]}"
    if answer.status_code != 200:
        check_problem(answer, answer.status_code)
