"""Groups over REST, from registering to dissolving."""

from __future__ import annotations

from typing import Any

import pytest

from koperasi.permissions import Role

MELATI: dict[str, Any] = {
    "name": "Kelompok Melati",
    "village": "Sumberagung",
    "sector": "C",
    "founded_on": "2024-03-01",
}


async def test_register_and_read(treasurer):
    body = {**MELATI, "ketua": treasurer.members[0], "bendahara": treasurer.members[1]}
    made = await treasurer.api("POST", "/groups", body)
    assert made.status_code == 201, made.text
    answer = made.json()
    code = answer.pop("account_code")
    assert code.endswith(".K0001")
    assert answer == {
        "number": "K0001",
        **MELATI,
        "status": "aktif",
        "balance": {"amount": "0.00", "currency": "IDR"},
        "member_count": 2,
        "members_by_migrant_status": {"pmi_aktif": 1, "purna_pmi": 1},
        "members": [
            {
                "number": treasurer.members[0],
                "name": "Sutinah",
                "role": "ketua",
                "migrant_status": "pmi_aktif",
                "joined_on": "2024-03-01",
                "left_on": None,
            },
            {
                "number": treasurer.members[1],
                "name": "Ni Luh Sari",
                "role": "bendahara",
                "migrant_status": "purna_pmi",
                "joined_on": "2024-03-01",
                "left_on": None,
            },
        ],
        "former_members": [],
    }
    assert (await treasurer.api("GET", made.headers["location"].removeprefix("/api/v1"))).json() == made.json()


async def test_a_repeated_request_is_answered_alike(treasurer):
    first = await treasurer.api("POST", "/groups", MELATI, **{"idempotency-key": "k-1"})
    again = await treasurer.api("POST", "/groups", MELATI, **{"idempotency-key": "k-1"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    other = await treasurer.api("POST", "/groups", {**MELATI, "name": "Kelompok Mawar"}, **{"idempotency-key": "k-1"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")
    unreadable = await treasurer.api("POST", "/groups", MELATI, **{"idempotency-key": "a b"})
    assert (unreadable.status_code, unreadable.json()["code"]) == (400, "idempotency-key")
    # Replays and refusals took no number.
    mawar = await treasurer.api("POST", "/groups", {**MELATI, "name": "Kelompok Mawar"})
    assert mawar.json()["number"] == "K0002"


async def test_people_come_and_go(treasurer):
    await treasurer.api("POST", "/groups", MELATI)
    path = f"/groups/K0001/members/{treasurer.members[2]}"
    came = await treasurer.api("POST", path, {"role": "sekretaris"})
    assert (came.status_code, came.json()["role"], came.json()["migrant_status"]) == (201, "sekretaris", "keluarga_pmi")
    twice = await treasurer.api("POST", path, {})
    assert (twice.status_code, twice.json()["code"]) == (409, "group-member-exists")
    taken = await treasurer.api("POST", f"/groups/K0001/members/{treasurer.members[1]}", {"role": "sekretaris"})
    assert (taken.status_code, taken.json()["code"]) == (409, "officer-taken")
    gone = await treasurer.api("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await treasurer.api("DELETE", path)).status_code == 404
    group = (await treasurer.api("GET", "/groups/K0001")).json()
    assert (group["members"], group["member_count"]) == ([], 0)
    assert [(one["role"], one["left_on"]) for one in group["former_members"]] == [("sekretaris", "2026-11-25")]
    assert (await treasurer.api("POST", path, {"role": "anggota"})).status_code == 201


async def test_change_and_dissolve(treasurer):
    await treasurer.api("POST", "/groups", MELATI)
    changed = await treasurer.api("PATCH", "/groups/K0001", {"name": "Kelompok Mawar", "status": "tidak_aktif"})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["name"], changed.json()["status"], changed.json()["sector"]) == (
        "Kelompok Mawar",
        "tidak_aktif",
        "C",
    )
    assert (await treasurer.api("PATCH", "/groups/K0001", {})).json() == changed.json()
    assert (await treasurer.api("PATCH", "/groups/K0001", {"status": "bubar"})).status_code == 200
    late = await treasurer.api("PATCH", "/groups/K0001", {"status": "aktif"})
    assert (late.status_code, late.json()["code"]) == (422, "group-dissolved")


async def test_list_and_pages(treasurer):
    for name, village, sector in (("Melati", "Suka", "C"), ("Anyaman", "Jaya", "C"), ("Tani Maju", "Jaya", "A")):
        body = {"name": name, "village": village, "sector": sector}
        assert (await treasurer.api("POST", "/groups", body)).status_code == 201
    await treasurer.api("POST", f"/groups/K0003/members/{treasurer.members[0]}", {})

    async def names(query: str) -> list[str]:
        answer = await treasurer.api("GET", f"/groups?{query}")
        assert answer.status_code == 200, answer.text
        return [item["name"] for item in answer.json()["items"]]

    assert await names("") == ["Anyaman", "Melati", "Tani Maju"]
    assert await names("village=JAYA&sector=C") == ["Anyaman"]
    assert await names("q=mel") == ["Melati"]
    assert await names("q=%00") == ["Anyaman", "Melati", "Tani Maju"]
    assert await names("status=bubar") == []
    assert await names(f"member={treasurer.members[0]}") == ["Tani Maju"]
    first = (await treasurer.api("GET", "/groups?limit=2")).json()
    assert await names(f"limit=2&cursor={first['next_cursor']}") == ["Tani Maju"]
    assert "members" not in first["items"][0]


@pytest.mark.parametrize("query", ["cursor=x", "limit=0", "limit=201", "sector=Z", "status=x", "q=" + "x" * 201])
async def test_unreadable_queries(treasurer, query):
    answer = await treasurer.api("GET", f"/groups?{query}")
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({**MELATI, "sector": "Z"}, 400),
        ({**MELATI, "unknown": 1}, 400),
        ({**MELATI, "founded_on": "1800-01-01"}, 400),
        ({**MELATI, "name": "a\u0000b"}, 400),
        ({**MELATI, "name": "a\u200bbc"}, 422),
        ({**MELATI, "name": "x"}, 422),
        ({**MELATI, "founded_on": "2026-11-26"}, 422),
        ({**MELATI, "ketua": "99999"}, 422),
    ],
)
async def test_bad_input_registers_nothing(treasurer, body, status):
    answer = await treasurer.api("POST", "/groups", body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["errors"]
    assert (await treasurer.api("GET", "/groups")).json()["items"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/groups/K0009"),
        ("GET", "/groups/%00"),
        ("PATCH", "/groups/K0009"),
        ("POST", "/groups/K0009/members/00001"),
        ("POST", "/groups/K0001/members/99999"),
        ("POST", "/groups/K0001/members/%00"),
        ("DELETE", "/groups/K0001/members/%00"),
        ("DELETE", "/groups/K0001/members/00001"),
    ],
)
async def test_what_is_not_there(treasurer, method, path):
    await treasurer.api("POST", "/groups", MELATI)
    answer = await treasurer.api(method, path, {} if method in {"POST", "PATCH"} else None)
    assert answer.status_code == 404, answer.text


async def test_who_may(staff):
    teller = await staff(Role.KASIR)
    admin = await staff(Role.ADMIN)
    assert (await teller.api("GET", "/groups")).status_code == 200
    assert (await admin.api("GET", "/groups")).status_code == 403
    for method, path in (
        ("POST", "/groups"),
        ("PATCH", "/groups/K0001"),
        ("POST", "/groups/K0001/members/00001"),
        ("DELETE", "/groups/K0001/members/00001"),
    ):
        assert (await teller.api(method, path, MELATI)).status_code == 403, (method, path)
    teller.token = "nobody"
    assert (await teller.api("GET", "/groups")).status_code == 401
