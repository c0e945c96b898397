from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from tests.conftest import Village

from koperasi.access import service as access
from koperasi.access import service_tokens
from koperasi.members import service as members
from koperasi.permissions import Identity, Role
from koperasi.posting import Idempotency
from koperasi.savings import service as savings


@pytest.fixture(scope="module")
async def money(database, poster, own_village: Village) -> savings.Receipt:
    """Money on the member's free account."""
    book_id = own_village.cooperative.book_id
    async with database.reading(book_id) as connection:
        accounts = await savings.accounts_of(connection, book_id, own_village.member.number)
    free = next(one for one in accounts if one.kind.withdrawable)
    return await savings.deposit(
        database, poster, own_village.cooperative, account_number=free.number, amount_minor=20_000_000,
        effective_date=None, actor="bendahara", idempotency=Idempotency.of("uji", uuid4().hex),
    )  # fmt: skip


@pytest.fixture
def call(client, own_village: Village):
    """Ask the API as somebody."""

    async def calling(path, role=Role.ANGGOTA, body=None, *, key=None):
        headers = own_village.headers(role, key)
        if body is None:
            answer = await client.get(f"/api/v1/{path}", headers=headers)
        else:
            answer = await client.post(f"/api/v1/{path}", headers=headers, json=body)
        return answer.status_code, answer.json()

    return calling


async def test_a_wish_is_made_once_answered_once_and_read_by_its_member(call, money):
    wish = {"kind": "withdrawal", "account": money.account_number, "amount": {"amount": "50000.00"}, "words": "Jumat"}
    status, made = await call("own-requests", body=wish, key="tarik-1")
    assert (status, made["status"], made["amount"]["amount"]) == (201, "open", "50000.00")
    again = await call("own-requests", body=wish, key="tarik-1")
    assert again == (201, made)
    status, told = await call("own-requests", body={**wish, "words": "Sabtu"}, key="tarik-1")
    assert (status, told["code"]) == (422, "idempotency-mismatch")
    assert (await call("own-requests", body=wish))[0] == 400
    number = made["number"]
    for role in (Role.KASIR, Role.BENDAHARA):
        status, page = await call("requests", role)
        assert number in [one["number"] for one in page["items"]]
    assert (await call(f"complaints/{number}", Role.PENGAWAS))[0] == 404
    answer = {"outcome": "done", "words": "Sudah dibayar."}
    assert (await call(f"complaints/{number}/answer", Role.PENGAWAS, answer))[0] == 404
    status, told = await call(f"requests/{number}/answer", Role.KASIR, answer)
    assert (status, told["events"][-1]["actor"]) == (200, "kasir")
    assert (await call(f"requests/{number}/answer", Role.KASIR, answer))[0] == 409
    assert (await call(f"own-requests/{number}/withdraw", body={}))[0] == 409
    _, page = await call("own-requests")
    mine = next(one for one in page["items"] if one["number"] == number)
    assert [(one["actor"], one["words"]) for one in mine["events"]] == [
        (mine["member_number"], "Jumat"), (None, "Sudah dibayar."),
    ]  # fmt: skip
    assert [one["number"] for one in (await call("requests?answered=true", Role.KASIR))[1]["items"]] == [number]


async def test_a_line_is_reported_by_its_receipt_and_not_seen_by_the_desk(call, money):
    status, made = await call(
        "own-requests", body={"kind": "line", "receipt": money.number, "words": "Saya menyetor lain"}, key="aduan"
    )
    assert (status, made["entry_number"]) == (201, money.entry_number)
    number = made["number"]
    assert (await call(f"requests/{number}", Role.BENDAHARA))[0] == 404
    assert (await call("complaints", Role.BENDAHARA))[0] == 403
    status, told = await call(f"complaints/{number}", Role.PENGAWAS)
    assert (status, told["entry_number"], told["events"][0]["words"]) == (200, money.entry_number, "Saya menyetor lain")
    status, told = await call(f"own-requests/{number}/withdraw", body={})
    assert (status, told["status"]) == (200, "withdrawn")
    assert (await call(f"own-requests/{number + 50}/withdraw", body={}))[0] == 404
    assert (await call("own-requests", body={"kind": "line", "receipt": "2026-999999", "words": "x"}, key="a"))[
        0
    ] == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "withdrawal", "words": "x"}, 422, "request-incomplete"),
        ({"kind": "change", "field": "phone"}, 422, "request-incomplete"),
        ({"kind": "change", "words": "x"}, 422, "request-incomplete"),
        ({"kind": "line", "words": "x"}, 422, "request-incomplete"),
        ({"kind": "change", "field": "phone", "words": "x", "receipt": "1"}, 422, "request-too-much"),
        ({"kind": "withdrawal", "account": "000000000", "amount": {"amount": "1.00"}}, 404, "savings-account"),
        ({"kind": "loan", "words": "x"}, 400, None),
        ({"kind": "change", "field": "balance", "words": "x"}, 400, None),
        ({"kind": "change", "field": "phone", "words": "x" * 501}, 400, None),
        ({"kind": "change", "field": "phone", "words": "a\x00b"}, 400, None),
        ({"kind": "change", "field": "phone", "words": "x", "member": "00001"}, 400, None),
    ],
)
async def test_what_is_wrong_is_refused_and_nothing_is_asked(call, money, body, status, code):
    before = (await call("own-requests"))[1]
    answer = await call("own-requests", body=body, key=uuid4().hex)
    assert answer[0] == status, answer
    assert code in (None, answer[1]["code"])
    assert (await call("own-requests"))[1] == before


async def test_a_wish_sent_again_is_the_same_though_the_money_has_gone(call, money, database, poster, own_village):
    wish = {"kind": "withdrawal", "account": money.account_number, "amount": {"amount": "150000.00"}}
    status, made = await call("own-requests", body=wish, key="sekali")
    assert status == 201
    await savings.withdraw(
        database, poster, own_village.cooperative, account_number=money.account_number, amount_minor=15_000_000,
        effective_date=None, actor="bendahara", idempotency=Idempotency.of("uji", uuid4().hex),
    )  # fmt: skip
    assert await call("own-requests", body=wish, key="sekali") == (201, made)
    assert (await call("own-requests", body=wish, key="lagi"))[1]["code"] == "insufficient-balance"


async def test_each_member_chooses_keys_of_their_own(client, call, database, own_village):
    """A program numbers its requests from one; another member's does so too, and neither hears of the other."""
    body = {"kind": "change", "field": "village", "words": "Sibetan"}
    _, first = await call("own-requests", body=body, key="1")
    async with database.work(own_village.cooperative.book_id) as work:
        other, _ = await members.register(work, members.NewMember(name="Tini", joined_on=date(2024, 1, 2)), actor="uji")
        user = await access.create_user(
            work.connection, work.book_id, username=other.number, name="Tini", role=Role.ANGGOTA, password="593026",
            member_number=other.number,
        )  # fmt: skip
        identity = Identity(work.book_id, user, other.number, "Tini", Role.ANGGOTA, other.number)
        token, _ = await service_tokens.issue_token(
            work.connection, identity, label="uji", address="127.0.0.1", now=datetime.now(UTC)
        )
        await work.commit()
    headers = {"Authorization": f"Bearer {token}"}
    made = await client.post("/api/v1/own-requests", headers=headers | {"Idempotency-Key": "1"}, json=body)
    assert made.status_code == 201
    assert made.json()["number"] != first["number"]
    mine = await client.get("/api/v1/own-requests", headers=headers)
    assert [one["number"] for one in mine.json()["items"]] == [made.json()["number"]]
    taken = await client.post(f"/api/v1/own-requests/{first['number']}/withdraw", headers=headers, json={})
    assert taken.status_code == 404


async def test_a_long_list_comes_in_pages(call):
    _, everything = await call("own-requests?limit=200")
    found, cursor = [], ""
    while True:
        _, page = await call(f"own-requests?limit=2{cursor}")
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == everything["items"]
    assert len(found) > 3
