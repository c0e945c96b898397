"""What the API's description promises of every route, and that routes which move money keep it."""

from __future__ import annotations

import secrets

import pytest

from koperasi.permissions import Role

from .conftest import donated_land


@pytest.fixture
def schema(client):
    return client.app.openapi_schema.to_schema()


def operations(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def nodes(value, place=""):
    yield place, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from nodes(child, f"{place}/{name}")


def test_every_operation_says_what_it_does_and_who_may_call_it(schema):
    assert schema["info"]["title"] == "Koperasi"
    assert schema["security"] == [{"bearer": []}]
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    open_to_all = set()
    ids = []
    for label, operation in operations(schema):
        assert operation["summary"], label
        assert operation["description"], label
        assert operation["tags"], label
        ids.append(operation["operationId"])
        if operation.get("security") == [{}]:
            open_to_all.add(label)
        else:
            assert operation.get("security", schema["security"]) == [{"bearer": []}], label
            assert {"401", "403"} <= set(operation["responses"]), label
    assert open_to_all == {"GET /health", "POST /api/v1/tokens"}
    assert len(ids) == len(set(ids))
    assert len(ids) > 35


def test_every_error_is_a_problem_document(schema):
    for label, operation in operations(schema):
        for status, response in operation["responses"].items():
            if not status.startswith("2"):
                assert list(response["content"]) == ["application/problem+json"], f"{label} {status}"


def test_no_json_number_that_is_not_whole(schema):
    """Money is a string on the wire. A ``number`` anywhere would be a float."""
    floats = [place for place, node in nodes(schema) if isinstance(node, dict) and node.get("type") == "number"]
    assert floats == []
    money = schema["components"]["schemas"]["Money"]
    assert money["properties"]["amount"]["type"] == "string"
    named_like_money = {"amount", "debit", "credit", "balance", "available", "opening", "closing", "floor", "change"}
    for place, node in nodes(schema["components"]["schemas"]):
        name = place.rpartition("/")[2]
        if place.endswith(f"/properties/{name}") and name in named_like_money and isinstance(node, dict):
            assert node.get("type") != "integer", place


def test_paths_name_things_by_the_numbers_that_people_see(schema):
    names = {
        parameter["name"]
        for _, operation in operations(schema)
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "path"
    }
    assert names <= {"number", "member", "code", "month", "year", "name"}, "ids of rows are nobody's business"


# --- Idempotency-Key ------------------------------------------------------------------------------------------------

MOVEMENT = {"amount": {"amount": "1000.00", "currency": "IDR"}}
ENTRY = donated_land("Sumbangan tanah")

MOVES_MONEY = {
    "deposits": ("/api/v1/savings-accounts/{number}/deposits", MOVEMENT),
    "withdrawals": ("/api/v1/savings-accounts/{number}/withdrawals", MOVEMENT),
    "transfers": ("/api/v1/savings-accounts/{number}/transfers", MOVEMENT),
    "collections": ("/api/v1/collections", None),
    "term-deposits": ("/api/v1/deposits", None),
    "handovers": ("/api/v1/cash-sessions/{number}/handovers", {"direction": "to-vault", **MOVEMENT}),
    "journal-entries": ("/api/v1/journal-entries", ENTRY),
    "reversals": ("/api/v1/journal-entries/{number}/reversals", {"reason": "Salah catat"}),
    "bulk": ("/api/v1/journal-entries/bulk", {"mode": "atomic", "entries": [ENTRY]}),
    "imports": ("/api/v1/imports", None),
    "imports-post": ("/api/v1/imports/{number}/post", None),
    "imports-undo": ("/api/v1/imports/{number}/undo", {"reason": "Salah berkas"}),
}

MOVES_NONE = {
    "/api/v1/return-runs",
    "/api/v1/return-runs/{number}/submit",
    "/api/v1/return-runs/{number}/drop",
    "/api/v1/tokens",
    "/api/v1/dues/{month}",
    "/api/v1/members",
    "/api/v1/applicants/decisions",
    "/api/v1/members/{number}/savings-accounts",
    "/api/v1/groups",
    "/api/v1/journal-entries/{number}/comments",
    "/api/v1/groups/{number}/members/{member}",
    "/api/v1/periods/{month}/reopening-requests",
    "/api/v1/periods/{month}/reopenings",
    "/api/v1/cash-handovers/{number}/confirmation",
    "/api/v1/business-days",
    "/api/v1/checkpoints",
    "/api/v1/verifications",
    "/api/v1/members/{number}/erasure",
    "/api/v1/members/{number}/erasure-requests",
    "/api/v1/members/{number}/nik-views",
    "/api/v1/my-data/erasure-requests",
    "/api/v1/approvals/{number}/refuse",
    "/api/v1/approvals/{number}/withdraw",
    "/api/v1/members/{number}/membership",
    "/api/v1/members/{number}/membership/board",
    "/api/v1/savings-products",
    "/api/v1/savings-products/{code}/terms",
    "/api/v1/savings-accounts/{number}/plan",
    "/api/v1/partner-cooperatives",
    "/api/v1/own-requests",
    "/api/v1/own-requests/{number}/withdraw",
    "/api/v1/requests/{number}/answer",
    "/api/v1/complaints/{number}/answer",
    "/api/v1/own-consents",
    "/api/v1/own-consents/{number}/withdraw",
    "/api/v1/members/{member}/consents",
    "/api/v1/members/{member}/consents/{number}/withdraw",
    "/api/v1/simulations/savings-return",
    "/api/v1/simulations/profit-pool",
    "/api/v1/simulations/term-deposit",
    "/api/v1/simulations/savings-tax",
    "/api/v1/simulations/exit-settlement",
}
"""POST of these posts nothing to the book. A new route has to be put into one table or the other."""


DONE_ONCE = {
    "/api/v1/return-runs/{number}/post",
    "/api/v1/year-closings",
    "/api/v1/approvals/{number}/approve",
    "/api/v1/cash-sessions",
    "/api/v1/cash-sessions/{number}/closing",
    "/api/v1/deposit-runs",
    "/api/v1/standing-order-runs",
    "/api/v1/savings-fee-runs",
    "/api/v1/deposits/{number}/closings",
    "/api/v1/members/{number}/settlement",
    "/api/v1/members/{number}/settlement/payments",
    "/api/v1/members/{number}/settlement/reversal",
}
"""What they do is done once by what it is, a year's closing or a decision, so they need no key (tests of those slices)."""


def test_every_posting_route_is_in_the_table_or_moves_no_money(schema):
    posting = {path for path, methods in schema["paths"].items() if "post" in methods}
    assert posting - MOVES_NONE - DONE_ONCE == {path for path, _ in MOVES_MONEY.values()}


@pytest.mark.parametrize("route", MOVES_MONEY)
def test_the_key_is_described(schema, route):
    path, _ = MOVES_MONEY[route]
    operation = schema["paths"][path]["post"]
    header = next(one for one in operation["parameters"] if one["name"] == "Idempotency-Key")
    assert header["in"] == "header"
    # An upload that only looks needs no key, which a schema can't say; its text does.
    assert header["required"] is (route != "imports")
    assert "Idempotency-Key" in operation["description"] or route != "imports"
    success = next(response for status, response in operation["responses"].items() if status.startswith("2"))
    assert "Idempotency-Replayed" in success["headers"]


@pytest.fixture
def send(client, shop, imported):
    """Post to a route of the table, with another body if that is asked for."""

    async def sending(route, key, *, other=False):
        path, body = MOVES_MONEY[route]
        number = {"reversals": shop.entry, "imports-post": imported, "imports-undo": imported}.get(route, shop.wadiah)
        headers = shop.headers(Role.BENDAHARA) | ({} if key is None else {"Idempotency-Key": key})
        if route == "imports":
            content = f"Nama;Tanggal Daftar\nSiti {imported}{' Aminah' if other else ''};2024-01-02\n"
            return await client.post(
                path, headers=headers, data={"kind": "members"}, files={"file": ("b.csv", content, "text/csv")}
            )
        if route == "handovers":
            number = 1  # the treasurer's own session, opened first
        if route == "collections":
            row = {"member": shop.village.member.number, "voluntary": MOVEMENT["amount"]}
            body = {"rows": [row], "counted": MOVEMENT["amount"]}
        if route == "term-deposits":
            body = {
                "member": shop.village.member.number, "amount": {"amount": "1000000.00"}, "months": 3,
                "source": "cash", "payout_account": shop.wadiah,
            }  # fmt: skip
        if route == "transfers":
            body = {**body, "to": shop.wajib}
        if other:
            text = "lain" if route in {"reversals", "imports-undo"} else "2000.00"
            body = altered(body, text)
        return await client.post(path.format(number=number), headers=headers, json=body)

    return sending


def altered(value, text):
    """The same body with other amounts or another reason."""
    if isinstance(value, dict):
        return {
            name: text if name == "reason" or (name == "amount" and isinstance(inner, str)) else altered(inner, text)
            for name, inner in value.items()
        }
    return [altered(inner, text) for inner in value] if isinstance(value, list) else value


@pytest.fixture
async def imported(client, shop):
    """An import that waits to be posted."""
    content = f"Nama;Tanggal Daftar\nImpor {secrets.token_hex(4)};2024-01-02\n"
    answer = await client.post(
        "/api/v1/imports",
        headers=shop.headers(),
        data={"kind": "members", "dry_run": "true"},
        files={"file": ("b.csv", content, "text/csv")},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@pytest.mark.parametrize("route", MOVES_MONEY)
@pytest.mark.parametrize("key", [None, "", "dua kata", "é", "x" * 151])
async def test_without_a_usable_key_nothing_happens(send, client, shop, route, key):
    """B44: no key is made up for who sends none: it would protect nobody who has to ask again."""
    before = (await client.get("/api/v1/verification", headers=shop.headers())).json()["entries"]
    answer = await send(route, None if key is None else key.encode("latin-1"))
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "idempotency-key"
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert (await client.get("/api/v1/verification", headers=shop.headers())).json()["entries"] == before


KEYED = [route for route in MOVES_MONEY if route not in {"imports-post", "imports-undo"}]
"""Posting or undoing an import is done once whatever the key."""


@pytest.mark.parametrize("route", KEYED)
async def test_the_same_request_is_answered_the_same_and_another_is_refused(send, route):
    key = secrets.token_hex(8)
    first = await send(route, key)
    assert first.status_code in {200, 201}, first.text
    assert "idempotency-replayed" not in first.headers
    again = await send(route, key)
    assert again.status_code == first.status_code, again.text
    assert again.headers["idempotency-replayed"] == "true"
    assert without_replay_marks(again.json()) == without_replay_marks(first.json())
    other = await send(route, key, other=True)
    assert (other.status_code, codes(other.json())) == (422, {"idempotency-mismatch"}), other.text


def without_replay_marks(body):
    """Each item of a bulk answer says itself whether it was posted now or before."""
    if "results" in body:
        return [{name: value for name, value in item.items() if name != "status"} for item in body["results"]]
    return body


def codes(problem):
    if "results" in problem:
        return {item["problem"]["code"] for item in problem["results"]}
    return {problem["code"]}


@pytest.mark.parametrize("route", ["imports-post", "imports-undo"])
async def test_an_import_is_posted_and_undone_once_whatever_the_key(send, client, shop, imported, route):
    if route == "imports-undo":
        await client.post(f"/api/v1/imports/{imported}/post", headers=shop.headers(key=secrets.token_hex(8)))
    first = await send(route, secrets.token_hex(8))
    assert first.status_code == 201, first.text
    for key in (secrets.token_hex(8), secrets.token_hex(8)):
        again = await send(route, key)
        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
        assert again.json() == first.json()
