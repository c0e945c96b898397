from __future__ import annotations

from uuid import uuid4

import pytest

from koperasi.permissions import Role


@pytest.fixture
def call(client, village):
    async def doing(method: str, path: str, role: Role = Role.KASIR, key: str | None = None, **more):
        return await client.request(method, f"/api/v1{path}", headers=village.headers(role, key), **more)

    return doing


@pytest.fixture
def accounts(call):
    """The savings accounts of a new member, by kind."""

    async def opening(name: str = "Sutinah") -> dict[str, str]:
        joined = {"name": name, "joined_on": "2026-01-05"}
        number = (await call("POST", "/members", Role.BENDAHARA, json=joined)).json()["number"]
        found = (await call("GET", f"/members/{number}/savings-accounts")).json()["items"]
        return {"member": number} | {one["kind"]: one["number"] for one in found}

    return opening


def rupiah(amount: str, **more) -> dict[str, object]:
    return {"amount": {"amount": amount, "currency": "IDR"}, **more}


async def test_a_deposit_and_its_receipt(call, accounts):
    mine = await accounts()
    path, key, body = (
        f"/savings-accounts/{mine['wadiah']}/deposits",
        str(uuid4()),
        rupiah("1250000.00", date="2026-01-07"),
    )
    answer = await call("POST", path, key=key, json=body)
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert receipt["number"] == f"2026-{receipt['entry_number']:06}"
    assert (receipt["date"], receipt["effective_date"], receipt["weekday"]) == (
        "2026-01-07",
        "2026-01-07",
        {"id": "Rabu", "en": "Wednesday"},
    )
    assert receipt["amount"] == receipt["balance_after"] == receipt["change"] == rupiah("1250000.00")["amount"]
    assert receipt["amount_in_words"]["id"] == "Satu juta dua ratus lima puluh ribu rupiah"
    assert receipt["member"] == {"number": mine["member"], "name": "Sutinah"}
    assert (receipt["account"], receipt["teller"], receipt["kind"]) == (mine["wadiah"], "kasir", "savings.deposit")
    assert len(receipt["verify_code"]) == 9
    again = await call("POST", path, key=key, json=body)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.content == answer.content
    read = await call("GET", f"/receipts/{receipt['number']}")
    assert read.json() == {"receipt": receipt, "reverses": None, "reversed_by": None}
    other = await call("POST", path, key=key, json=rupiah("1.00"))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")


async def test_withdraw_transfer_and_statement(call, accounts):
    mine = await accounts()
    free, wajib = mine["wadiah"], mine["wajib"]
    await call("POST", f"/savings-accounts/{free}/deposits", key=str(uuid4()), json=rupiah("100000.00"))
    out = await call("POST", f"/savings-accounts/{free}/withdrawals", key=str(uuid4()), json=rupiah("30000.00"))
    over = await call(
        "POST", f"/savings-accounts/{free}/transfers", key=str(uuid4()), json=rupiah("20000.00", to=wajib)
    )
    assert out.json()["balance_after"]["amount"] == "70000.00"
    assert (out.json()["change"]["amount"], out.json()["amount"]["amount"]) == ("-30000.00", "30000.00")
    assert (over.status_code, over.json()["other_account"]) == (201, wajib)
    much = await call("POST", f"/savings-accounts/{free}/withdrawals", key=str(uuid4()), json=rupiah("50001.00"))
    assert (much.status_code, much.json()["code"]) == (422, "insufficient-balance")
    account = (await call("GET", f"/savings-accounts/{free}")).json()
    assert (account["balance"]["amount"], account["available"]["amount"]) == ("50000.00", "50000.00")
    first = (await call("GET", f"/savings-accounts/{free}/statement?limit=2&from=2026-01-01")).json()
    second = (await call("GET", f"/savings-accounts/{free}/statement?limit=2&cursor={first['next_cursor']}")).json()
    lines = first["items"] + second["items"]
    assert [(line["paid_in"]["amount"], line["paid_out"]["amount"]) for line in lines] == [
        ("100000.00", "0.00"),
        ("0.00", "30000.00"),
        ("0.00", "20000.00"),
    ]
    assert (second["opening_balance"]["amount"], second["closing_balance"]["amount"]) == ("70000.00", "50000.00")
    assert [line["receipt_number"] for line in lines][1] == out.json()["number"]
    nothing = (await call("GET", f"/savings-accounts/{free}/statement?to=2026-01-01")).json()
    assert (nothing["items"], nothing["closing_balance"]["amount"]) == ([], "0.00")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "validation"),
        ({"amount": 5}, 400, "validation"),
        ({"amount": {"amount": 5.5}}, 400, "validation"),
        (rupiah("1e9"), 400, "validation"),
        (rupiah("5000.00", note="x"), 400, "validation"),
        (rupiah("5000.001"), 400, "amount"),
        (rupiah("5000.50"), 422, "cash-has-no-sen"),
        (rupiah("0.00"), 422, "amount-not-positive"),
        (rupiah("-5000.00"), 422, "amount-not-positive"),
        (rupiah("5000.00", date="2100-01-01"), 422, "date-in-future"),
        (rupiah("5000.00", date="1999-01-01"), 422, "account-not-open"),
        ({"amount": {"amount": "5000.00", "currency": "USD"}}, 422, "currency"),
        ({"amount": {"amount": "5000.00", "currency": "XXX"}}, 422, "currency"),
    ],
)
async def test_what_can_not_be_paid_in(call, accounts, body, status, code):
    mine = await accounts()
    answer = await call("POST", f"/savings-accounts/{mine['wadiah']}/deposits", key=str(uuid4()), json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    account = (await call("GET", f"/savings-accounts/{mine['wadiah']}")).json()
    assert account["balance"]["amount"] == "0.00"


async def test_money_moves_with_a_key_only(call, accounts):
    mine = await accounts()
    for path, body in [("deposits", {}), ("withdrawals", {}), ("transfers", {"to": mine["wajib"]})]:
        answer = await call("POST", f"/savings-accounts/{mine['wadiah']}/{path}", json=rupiah("5000.00", **body))
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key")


@pytest.mark.parametrize("number", ["220000028", "999", "%00", "%F0%9F%98%80"])
async def test_an_account_that_is_not_there(call, number):
    assert (await call("GET", f"/savings-accounts/{number}")).status_code == 404
    assert (await call("GET", f"/savings-accounts/{number}/statement")).status_code == 404
    answer = await call("POST", f"/savings-accounts/{number}/deposits", key=str(uuid4()), json=rupiah("5000.00"))
    assert answer.status_code == 404
    assert (await call("GET", f"/receipts/{number}")).status_code == 404


async def test_a_further_account(call, accounts):
    mine = await accounts()
    path = f"/members/{mine['member']}/savings-accounts"
    made = await call("POST", path, Role.BENDAHARA, json={"kind": "wadiah"})
    assert (made.status_code, made.json()["number"][:2]) == (201, "22")
    assert (await call("GET", made.headers["location"].removeprefix("/api/v1"))).json() == made.json()
    assert (await call("POST", path, Role.BENDAHARA, json={"kind": "pokok"})).status_code == 409
    assert (await call("POST", path, Role.BENDAHARA, json={"kind": "deposito"})).status_code == 400
    assert (await call("POST", path, Role.KASIR, json={"kind": "wadiah"})).status_code == 403


async def test_a_member_sees_only_their_own_and_moves_nothing(call, accounts, village):
    others = await accounts("Tini")
    theirs = (
        await call("POST", f"/savings-accounts/{others['wadiah']}/deposits", key=str(uuid4()), json=rupiah("5000.00"))
    ).json()
    own = (await call("GET", f"/members/{village.member.number}/savings-accounts", Role.ANGGOTA)).json()["items"]
    mine = next(one["number"] for one in own if one["kind"] == "wadiah")
    paid = (await call("POST", f"/savings-accounts/{mine}/deposits", key=str(uuid4()), json=rupiah("5000.00"))).json()
    for path, status in [
        (f"/savings-accounts/{mine}", 200),
        (f"/savings-accounts/{mine}/statement", 200),
        (f"/receipts/{paid['number']}", 200),
        (f"/savings-accounts/{others['wadiah']}", 404),
        (f"/savings-accounts/{others['wadiah']}/statement", 404),
        (f"/receipts/{theirs['number']}", 404),
    ]:
        assert (await call("GET", path, Role.ANGGOTA)).status_code == status, path
    answer = await call(
        "POST", f"/savings-accounts/{mine}/deposits", Role.ANGGOTA, str(uuid4()), json=rupiah("5000.00")
    )
    assert answer.status_code == 403
