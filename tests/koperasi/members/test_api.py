from __future__ import annotations

from uuid import uuid4

import pytest

from koperasi.permissions import Role

NIK = "3273056010900009"


@pytest.fixture
def call(client, village):
    async def doing(method: str, path: str, role: Role = Role.BENDAHARA, key: str | None = None, **more):
        return await client.request(method, f"/api/v1{path}", headers=village.headers(role, key), **more)

    return doing


def fresh_nik() -> str:
    return f"327305{uuid4().int % 9_000 + 1_000:04}".replace(" ", "")[:6] + "601090" + f"{uuid4().int % 9_999 + 1:04}"


async def test_registering_reading_and_changing(call):
    nik = fresh_nik()
    body = {
        "name": "Sutinah",
        "nik": nik,
        "birth_date": "1990-10-21",
        "phone": "0812-3456-7890",
        "migrant_status": "pmi_aktif",
        "country": "HK",
        "heirs": [{"name": "Slamet", "relation": "Suami"}],
    }
    answer = await call("POST", "/members", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert nik not in answer.text
    assert made["nik_masked"] == f"327305******{nik[-4:]}"
    assert (made["phone"], made["sex"], made["status"]) == ("+6281234567890", "P", "anggota")
    assert [warning["code"] for warning in made["warnings"]] == ["nik-birth-date"]
    assert answer.headers["location"] == f"/api/v1/members/{made['number']}"
    read = await call("GET", f"/members/{made['number']}", Role.KASIR)
    assert made["birth_date"] == "1990-10-21"
    assert read.json() == made | {"birth_date": None}, "it is six digits of the NIK"
    assert (await call("GET", f"/members/{made['number']}", Role.KETUA)).json() == made
    accounts = (await call("GET", f"/members/{made['number']}/savings-accounts")).json()["items"]
    assert [account["kind"] for account in accounts] == ["pokok", "wajib", "wadiah"]
    changed = await call("PATCH", f"/members/{made['number']}", json={"phone": None, "country": "TW", "name": None})
    assert changed.status_code == 200
    assert changed.json() == made | {"phone": None, "country": "TW"}
    taken = await call("POST", "/members", json={"name": "Tini", "nik": nik})
    assert (taken.status_code, taken.json()["code"]) == (409, "nik-taken")
    assert nik not in taken.text


async def test_the_same_request_registers_once(call):
    key = str(uuid4())
    first = await call("POST", "/members", key=key, json={"name": "Tini"})
    again = await call("POST", "/members", key=key, json={"name": "Tini"})
    other = await call("POST", "/members", key=key, json={"name": "Tono"})
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert other.json()["code"] == "idempotency-mismatch"


async def test_lists_in_pages(call):
    name = f"Warga{uuid4().hex[:6].translate(str.maketrans('0123456789', 'ghijklmnop'))}"
    for number in range(3):
        await call("POST", "/members", json={"name": f"{name} {'abc'[number]}", "migrant_status": "calon_pmi"})
    first = (await call("GET", f"/members?q={name}&limit=2&migrant_status=calon_pmi")).json()
    second = (await call("GET", f"/members?q={name}&limit=2&cursor={first['next_cursor']}")).json()
    assert [one["name"][-1] for one in first["items"] + second["items"]] == ["a", "b", "c"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, None),
        ({"name": "Tini", "unknown": 1}, 400, None),
        ({"name": "Tini\u0000"}, 400, None),
        ({"name": "Tini", "joined_on": "2999-01-01"}, 400, None),
        ({"name": "Tini", "joined_on": "2099-01-01"}, 422, "joined_on"),
        ({"name": "Tini", "nik": "3273056010900000"}, 422, "nik"),
        ({"name": "Tini", "phone": "123"}, 422, "phone"),
        ({"name": "12345"}, 422, "name"),
        ({"name": "Tini", "heirs": [{"name": "Budi", "relation": "Anak", "share_percent": 50}]}, 422, "heirs"),
    ],
)
async def test_what_can_not_be_registered(call, body, status, field):
    answer = await call("POST", "/members", json=body)
    assert answer.status_code == status, answer.text
    if field:
        assert [problem["field"] for problem in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("number", ["99999", "abc", "%00", "%F0%9F%98%80", "1" * 300])
async def test_a_number_that_nobody_has(call, number):
    for path in (f"/members/{number}", f"/members/{number}/savings-accounts"):
        assert (await call("GET", path)).status_code == 404
    assert (await call("PATCH", f"/members/{number}", json={"name": "X"})).status_code == 404


@pytest.mark.parametrize("text", ["%00", "%F0%9F%98%80", "%25", "'", "%C3%28", "+"])
async def test_any_text_can_be_looked_for(call, text):
    assert (await call("GET", f"/members?q={text}")).status_code == 200


async def test_a_member_reads_themselves_only(call, village):
    other = (await call("POST", "/members", json={"name": "Tini"})).json()["number"]
    mine = village.member.number
    for path, status in [
        (f"/members/{mine}", 200),
        (f"/members/{mine}/savings-accounts", 200),
        (f"/members/{other}", 404),
        (f"/members/{other}/savings-accounts", 404),
        ("/members/99999", 404),
        ("/members", 403),
    ]:
        assert (await call("GET", path, Role.ANGGOTA)).status_code == status, path
    # Another's and nobody's are told apart by nothing.
    told = [(await call("GET", f"/members/{number}", Role.ANGGOTA)).json() for number in (other, "99999")]
    assert told[0] == told[1]


async def test_another_cooperative_sees_nobody(client, call, other_village):
    number = (await call("POST", "/members", json={"name": "Tini"})).json()["number"]
    answer = await client.get(f"/api/v1/members/{number}", headers=other_village.headers(Role.BENDAHARA))
    assert answer.status_code == 404
