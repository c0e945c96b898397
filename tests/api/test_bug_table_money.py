"""Mistakes that other ledgers and our own libraries make with money in JSON, each held against every route of ours.

The ids are rows of the list of other ledgers' bugs that this one was designed against, and places of its section on
the traps of our stack: Litestar, pydantic, msgspec, py-moneyed.
"""

from __future__ import annotations

import json
import re
import secrets
from datetime import date
from decimal import Decimal
from typing import Annotated, get_args, get_origin

import pytest
import pytest_asyncio
from pydantic import BaseModel, ValidationError

import ledger
from koperasi.permissions import Role
from koperasi.reports.statement_model import Name
from koperasi.rest import Model
from koperasi.simulations import answers
from koperasi.simulations import model as questions

from .conftest import donated_land
from .test_openapi import nodes
from .test_problems import check_problem

MOST = "999999999999999.00"
"""As large as an amount may be: in sen far beyond 2^53, where a double begins to lose units."""


HUGE = (MOST, "0.01", "318690858910813.69")


@pytest_asyncio.fixture(scope="module")
async def gifts(client, shop):
    """Numbers of entries that give the village land worth more sen than a double can count; and a group to look at."""
    numbers = []
    for amount in HUGE:
        answer = await client.post(
            "/api/v1/journal-entries",
            headers=shop.headers(key=secrets.token_hex(8)),
            json=donated_land("Sumbangan tanah", amount),
        )
        assert answer.status_code == 201, answer.text
        numbers.append(answer.json()["number"])
    group = {"name": "Kelompok Uji", "village": "Tanjung", "sector": "A", "founded_on": "2024-02-01"}
    made = await client.post("/api/v1/groups", headers=shop.headers(), json=group)
    assert made.status_code == 201, made.text
    return numbers


@pytest_asyncio.fixture
async def unmoved(database, shop):
    """Nothing that the test does stands in the book afterwards, nor under any key."""

    async def head():
        async with database.reading(shop.village.cooperative.book_id) as connection:
            return await ledger.head(connection, shop.village.cooperative.book_id)

    before = await head()
    yield
    assert await head() == before


# --- what goes out ----------------------------------------------------------------------------------------------------


def refuse_float(text: str) -> None:
    raise AssertionError(f"a JSON number that is not whole: {text}")


def small_int(text: str) -> int:
    assert abs(int(text)) < 2**53, f"a JSON number that loses digits where numbers are doubles: {text}"
    return int(text)


def amounts(value: object, place: str = ""):
    """Every amount in an answer; and nothing in it looks like one without being one."""
    for where, node in nodes(value, place):
        if isinstance(node, dict) and "amount" in node and "currency" in node:
            yield where, node
        name = where.rpartition("/")[2]
        # A till's account is 1105.01: codes are cut by dots too.
        if isinstance(node, str) and name not in {"amount", "account", "code"}:
            assert not re.fullmatch(r"-?[0-9]+\.[0-9]{2,4}", node), f"{where}: money without its currency: {node}"


def filled(path: str, shop, gifts) -> list[str]:
    """The addresses that a path of the description stands for in this village; none if it names something unknown."""
    member = shop.village.member.number
    known = {
        "members/{number}": [member],
        "savings-accounts/{number}": [shop.wadiah, shop.wajib],
        "receipts/{number}": [shop.receipt],
        "journal-entries/{number}": [str(shop.entry), *map(str, gifts)],
        "ledger-accounts/{code}": ["1401", "2135", "1101"],
        "periods/{month}": ["2024-02"],
        "reports/{name}": [name.value for name in Name],
    }
    if "{" not in path:
        return [path]
    for start, values in known.items():
        if path.startswith(f"/api/v1/{start}"):
            left, _, right = path.partition("{")
            return [left + value + right.partition("}")[2] for value in values]
    return []


async def test_b02_b07_every_amount_carries_its_currency_and_scale_and_is_a_string(client, shop, gifts):
    """Walk every route that reads: no amount is a JSON number, and none is seen without currency and all decimals."""
    schema = client.app.openapi_schema.to_schema()
    seen, huge = 0, 0
    for path, methods in schema["paths"].items():
        if "get" not in methods or path.startswith("/api/v1/exports"):
            continue
        if any(one.get("required") and one["in"] == "query" for one in methods["get"].get("parameters", ())):
            continue
        for address in filled(path, shop, gifts):
            answer = await client.get(address, headers=shop.headers())
            if "/reports/" in path and answer.status_code == 404:
                continue
            if path.endswith(("/settlement", "/plan")) and not answer.is_success:
                assert answer.json()["code"] in {"member-not-leaving", "not-found"}
                continue
            assert answer.status_code in {200, 403}, f"{address} {answer.text[:300]}"
            if not answer.headers["content-type"].startswith("application/json"):
                continue
            body = json.loads(answer.text, parse_float=refuse_float, parse_int=small_int)
            for where, money in amounts(body, address):
                assert set(money) == {"amount", "currency"}, where
                places = ledger.exponent(money["currency"])
                assert re.fullmatch(rf"-?(0|[1-9][0-9]*)\.[0-9]{{{places}}}", money["amount"]), (where, money)
                seen += 1
                huge += len(money["amount"]) > 16
    assert seen > 100
    assert huge > 5


async def test_b07_digits_come_back_as_they_went_in(client, shop, gifts):
    for number, amount in zip(gifts, HUGE, strict=True):
        entry = await client.get(f"/api/v1/journal-entries/{number}", headers=shop.headers())
        assert entry.json()["lines"][0]["debit"] == {"amount": amount, "currency": "IDR"}
    lines = entry.json()["lines"]
    one = await client.get(f"/api/v1/journal-entries/{gifts[0]}", headers=shop.headers())
    for now, then in zip(lines, one.json()["lines"], strict=True):
        grown = Decimal(now["balance_after"]["amount"]) - Decimal(then["balance_after"]["amount"])
        assert grown == Decimal(HUGE[1]) + Decimal(HUGE[2])


def test_b02_b08_the_description_knows_one_kind_of_money(client):
    """Whatever the schema calls by a name of money is a Money object with its currency, on every route."""
    schema = client.app.openapi_schema.to_schema()["components"]["schemas"]
    assert set(schema["Money"]["properties"]) == {"amount", "currency"}
    named = {"amount", "debit", "credit", "balance", "available", "opening", "closing", "floor", "change", "paid_in",
             "paid_out", "balance_after", "opening_balance", "closing_balance"}  # fmt: skip
    found = 0
    # Simulations stand in no book; their files, and so their routes, say rupiah in bare strings (docs/simulations.md).
    reckoned = {
        name
        for name, kind in (vars(questions) | vars(answers)).items()
        if isinstance(kind, type) and issubclass(kind, BaseModel)
    }
    for name, model in schema.items():
        if name in reckoned:
            continue
        for field, said in model.get("properties", {}).items():
            if field in named and name != "Money":
                assert "Money" in json.dumps(said), f"{name}.{field}"
                found += 1
    assert found > 20


# --- what comes in ----------------------------------------------------------------------------------------------------

NUMBERS = ["9007199254740993", "9007199254740993.25", "100.5", "1000", "1.2345678901234567890", "1e5", "-0.0", "0",
           "1e400", "31869085891081369"]  # fmt: skip
LITERALS = ["NaN", "Infinity", "-Infinity", "true", "false", "null", "[]", "{}", '["1000.00"]', "1_000", "0x10", "01"]
STRINGS = ["NaN", "nan", "sNaN", "Infinity", "-Infinity", "inf", "1_000", " 10 ", "10 ", "10\\n", "\\t10", "٣", "１０",
           "१०", "1e5", "1E+5", "0x10", "+1", "1.", ".5", "", " ", "-", "--1", "1,000.00", "1.000,00", "1 000", "0010",
           "00.00", "-01", "1/2", "½", "1000.00\\u0000", "\\u22121", "Rp1000", "1000.001", "10.00000",
           "999999999999999999999"]  # fmt: skip

ENTRY = '{"date":"2024-02-01","description":"Uji","lines":[{"account":"1401","debit":{"amount":%s}},{"account":"2135","credit":{"amount":"10.00"}}]}'
CREDIT = '{"date":"2024-02-01","description":"Uji","lines":[{"account":"1401","debit":{"amount":"10.00"}},{"account":"2135","credit":{"amount":%s}}]}'

ROUTES = {
    "deposit": ("savings-accounts/{wadiah}/deposits", '{"amount":{"amount":%s}}'),
    "withdrawal": ("savings-accounts/{wadiah}/withdrawals", '{"amount":{"amount":%s,"currency":"IDR"}}'),
    "transfer": ("savings-accounts/{wadiah}/transfers", '{"to":"{wajib}","amount":{"amount":%s}}'),
    "opening": ("cash-sessions", '{"count":{"pieces":{},"other":{"amount":%s}}}'),
    "closing": ("cash-sessions/{number}/closing", '{"count":{"pieces":{}},"to_vault":{"amount":%s}}'),
    "handover": ("cash-sessions/{number}/handovers", '{"direction":"to-till","amount":{"amount":%s}}'),
    "debit": ("journal-entries", ENTRY),
    "credit": ("journal-entries", CREDIT),
    "bulk": ("journal-entries/bulk", '{"mode":"independent","entries":[' + ENTRY + "]}"),
}

TERMS = {
    "settlement": ("members/{number}/settlement", '{"charge":{"amount":%s}}'),
    "surplus": ("members/{number}/settlement", '{"shu":{"amount":%s}}'),
    "product": (
        "savings-products",
        '{"code":"x","kind":"wadiah","name_id":"X","name_en":"X","terms":{"valid_from":"2024-02-01","reason":"Uji","floor":{"amount":%s}}}',
    ),
    "terms": (
        "savings-products/{number}/terms",
        '{"valid_from":"2024-02-01","reason":"Uji","monthly_fee":{"amount":%s}}',
    ),
    "plan": (
        "savings-accounts/{wadiah}/plan",
        '{"goal":"qurban","target":{"amount":%s},"target_date":"2025-02-01"}',
    ),
    "deposit contract": (
        "deposits",
        '{"member":"00001","amount":{"amount":%s},"months":1,"source":"cash","payout_account":"{wajib}"}',
    ),
    "collection": (
        "collections",
        '{"rows":[{"member":"00001","voluntary":{"amount":"10.00"}}],"counted":{"amount":%s}}',
    ),
    "wish": ("own-requests", '{"kind":"withdrawal","account":"{wadiah}","amount":{"amount":%s}}'),
    "returns": ("return-runs", '{"month":"2024-01","reason":"Uji","income":{"amount":%s}}'),
}
"""Where nothing may be a right answer: what a product asks at least, what is charged, what was earned."""

TAKING = ROUTES | TERMS


@pytest.fixture
def send(client, shop):
    async def sending(route: str, amount: str):
        path, body = TAKING[route]
        text = body.replace("%s", amount).replace("{wajib}", shop.wajib).replace("{wadiah}", shop.wadiah)
        role = Role.ANGGOTA if route == "wish" else Role.BENDAHARA
        return await client.post(
            "/api/v1/" + path.format(wadiah=shop.wadiah, number=1),
            headers=shop.headers(role, secrets.token_hex(8)) | {"Content-Type": "application/json"},
            content=text.encode(),
        )

    return sending


def test_trap_3_every_route_that_takes_money_is_held_to_it(client):
    """A new route that takes an amount has to stand in the table above."""
    schema = client.app.openapi_schema.to_schema()
    taking = set()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            if "Money" in reachable(schema["components"]["schemas"], body):
                taking.add(f"{method} {path.removeprefix('/api/v1/')}")
    table = {f"post {re.sub(r'{.*?}', '{number}', path)}" for path, _ in TAKING.values()}
    assert {re.sub(r"{.*?}", "{number}", one) for one in taking} == table


def reachable(schemas: dict[str, object], node: object, seen: frozenset[str] = frozenset()) -> set[str]:
    """The names of all schemas that a schema is made of."""
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(node))) - seen
    found = set(names)
    for name in names:
        found |= reachable(schemas, schemas[name], seen | found)
    return found


@pytest.mark.parametrize("route", TAKING)
async def test_b06_b08_trap_3_money_is_never_a_json_number(send, unmoved, route):
    """Nor a boolean, nor nothing: a number would have gone through a float before anybody could look at it."""
    for amount in (*NUMBERS, *LITERALS):
        check_problem(await send(route, amount), 400)


@pytest.mark.parametrize("route", TAKING)
async def test_b06_b17_trap_3_money_is_ascii_digits_in_one_way(send, unmoved, route):
    """What ``Decimal`` or ``int`` would read as well: blanks, underscores, other scripts, exponents, leading zeros."""
    for amount in STRINGS:
        problem = check_problem(await send(route, f'"{amount}"'), 400)
        told = json.dumps(problem["errors"])
        assert re.search("amount|debit|credit|counted", told), (amount, told)


@pytest.mark.parametrize("route", ROUTES)
async def test_b18_b19_nothing_and_less_than_nothing_are_no_amounts(send, unmoved, route):
    """Zero posts nothing and never means everything; a sign in front of an amount does not turn it round."""
    for amount in ("0.00", "0", "-0.00", "-1.00", "-10.00", "-999999999999999.00"):
        answer = await send(route, f'"{amount}"')
        if route == "bulk":
            assert [one["status"] for one in answer.json()["results"]] == ["refused"], answer.text
        else:
            # Nothing may have been counted; but the treasurer's session is open already.
            check_problem(answer, 409 if route == "opening" and "-" not in amount.replace("-0.00", "") else 422)


@pytest.mark.parametrize("route", ROUTES)
async def test_trap_3_a_name_twice_is_refused_at_every_depth(client, shop, unmoved, route):
    path, body = ROUTES[route]
    whole = body.replace("%s", '"10.00"').replace("{wajib}", shop.wajib)
    for name in sorted(set(re.findall(r'"(\w+)":', whole))):
        for twice in (f'"{name}":"2.00","{name}":', f'"{name}":null,"\\u{ord(name[0]):04x}{name[1:]}":'):
            answer = await client.post(
                "/api/v1/" + path.format(wadiah=shop.wadiah, number=1),
                headers=shop.headers(key=secrets.token_hex(8)) | {"Content-Type": "application/json"},
                content=whole.replace(f'"{name}":', twice, 1).encode(),
            )
            check_problem(answer, 400, "duplicate-name")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("currency", ["USD", "JPY", "XAU", "GLD", "XXX", "idr", "RP", "", "IDRT", "ID"])
async def test_trap_3_another_currency_is_not_taken_for_rupiah(client, shop, unmoved, route, currency):
    """Gold by weight is no currency, and an account has one currency only."""
    path, body = ROUTES[route]
    text = re.sub(r'"amount":%s(,"currency":"IDR")?', f'"amount":"10.00","currency":"{currency}"', body)
    answer = await client.post(
        "/api/v1/" + path.format(wadiah=shop.wadiah, number=1),
        headers=shop.headers(key=secrets.token_hex(8)) | {"Content-Type": "application/json"},
        content=text.replace("{wajib}", shop.wajib).encode(),
    )
    if route == "bulk" and answer.status_code == 200:
        assert [one["status"] for one in answer.json()["results"]] == ["refused"]
    else:
        assert answer.status_code in {400, 422}, answer.text
        check_problem(answer, answer.status_code)


# --- the same traps where there is no money ---------------------------------------------------------------------------


def models() -> list[type[Model]]:
    """Everything that comes in over REST."""
    found, left = [], [Model]
    while left:
        one = left.pop()
        left += one.__subclasses__()
        found.append(one)
    return [one for one in found if one.model_fields]


def accepts(model: type[Model], field: str, value: object) -> bool:
    try:
        model.model_validate({field: value})
    except ValidationError as error:
        return all(one["loc"][0] != field for one in error.errors())
    return True


NO_DAY = [0, 86400, 1706745600, 1706745600000, 1706745600.0, "1706745600", "0", "-86400", True, "2024-02-01T00:00:00",
          "20240201", "2024-2-1", "2024-W05-4", "٢٠٢٤-٠٢-٠١", " 2024-02-01", "01/02/2024", "0000-00-00", "2024-02-30"]  # fmt: skip
NO_FLAG = [0, 1, 1.0, "true", "false", "yes", "on", "t", "1", "0", [], {}]
NO_COUNT = [True, False, 1.0, 2.5, "1", "1_0", " 1 ", "٣", "1e1", float("nan"), float("inf"), 2**70]
NO_TEXT = [1, 1.5, True, [], {}]
WRONG = {date: NO_DAY, bool: NO_FLAG, int: NO_COUNT, str: NO_TEXT}


def plain(annotation: object) -> list[object]:
    """What a field's type is made of, without its constraints; nothing of what stands in lists."""
    if get_origin(annotation) in {tuple, list, dict}:
        return []
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        parts = parts[:1]
    return [kind for part in parts for kind in plain(part)] if parts else [annotation]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_trap_3_no_field_reads_one_kind_of_value_as_another(client, model):
    """pydantic takes ``true`` for 1, 1 for ``true``, and a number for seconds since 1970; no field of ours does."""
    del client  # imports all that there is
    for name, field in model.model_fields.items():
        wrong = next((WRONG[kind] for kind in plain(field.annotation) if kind in WRONG), [])
        for value in wrong:
            assert not accepts(model, name, value), f"{model.__name__}.{name} takes {value!r}"


@pytest.mark.parametrize("day", NO_DAY, ids=repr)
async def test_trap_3_a_day_is_written_in_one_way(client, shop, unmoved, day):
    body = {"amount": {"amount": "1000.00"}, "date": day}
    path = f"/api/v1/savings-accounts/{shop.wadiah}/deposits"
    check_problem(await client.post(path, headers=shop.headers(key=secrets.token_hex(8)), json=body), 400)
    for query in ("journal-entries?from=", "reports/trial-balance?as_of=", "exports/journal?to="):
        if isinstance(day, str):
            answer = await client.get(f"/api/v1/{query}{day}", headers=shop.headers())
            check_problem(answer, 400)


@pytest.mark.parametrize("number", ["1_0", "+1", "01", "%201", "1%20", "%D9%A3", "%EF%BC%91", "1.0", "1e0", "0x1"])
async def test_trap_3_an_entry_has_one_address(client, shop, number):
    """``int()`` reads most of these."""
    for path in (f"journal-entries/{number}", f"imports/{number}"):
        check_problem(await client.get(f"/api/v1/{path}", headers=shop.headers()), 404)
