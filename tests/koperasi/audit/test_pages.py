"""The trail over HTTP: what people and programs see of it, and what their own acts leave in it."""

from __future__ import annotations

import csv
import io
import json
import re

from koperasi.permissions import Role


async def page(client, session_of, village, role, path, **how):
    client.cookies.clear()
    return await client.get(path, headers={"Cookie": await session_of(village, role)}, **how)


async def listed(client, village, role=Role.PENGAWAS, **query):
    return await client.get("/api/v1/audit-events", params=query, headers=village.headers(role))


async def test_a_log_in_and_a_failed_one_are_told_with_their_address(client, own_village):
    village = own_village
    body = {"cooperative": village.cooperative.code, "username": "kasir", "password": village.passwords[Role.KASIR]}
    assert (await client.post("/api/v1/tokens", json=body)).status_code == 201
    assert (await client.post("/api/v1/tokens", json={**body, "password": "salah"})).status_code == 401
    assert (await client.post("/api/v1/tokens", json={**body, "username": "rahasia saya"})).status_code == 401
    found = (await listed(client, village, limit=3)).json()["items"]
    assert [(one["action"], one["actor"], one["subject"]) for one in found[:2]] == [
        ("log-in.failed", "?", "unknown user"),
        ("log-in.failed", "kasir", "user kasir"),
    ]
    assert found[2]["action"] == "token.created"
    assert all(one["address"] for one in found)
    assert "rahasia saya" not in json.dumps(found)
    assert "salah" not in json.dumps(found)


async def test_who_may_read_it_and_who_may_not(client, own_village, session_of):
    for role in Role:
        expected = 200 if role in {Role.KETUA, Role.PENGAWAS, Role.AUDITOR, Role.ADMIN} else 403
        assert (await listed(client, own_village, role)).status_code == expected, role
    assert (await page(client, session_of, own_village, Role.BENDAHARA, "/jejak-audit")).status_code == 403


async def test_the_page_is_searched_and_checked(client, own_village, session_of):
    shown = await page(client, session_of, own_village, Role.KETUA, "/jejak-audit?action=user.created")
    assert shown.status_code == 200
    assert "Pengguna dibuat" in shown.text
    assert "user bendahara" in shown.text
    assert "token " not in re.sub(r"<option.*?</option>", "", shown.text)
    none = await page(client, session_of, own_village, Role.KETUA, "/jejak-audit?actor=nobody&to=2020-01-01")
    assert "Tidak ada baris yang cocok" in none.text
    for odd in ("from=9999-12-31", "to=0001-01-01", "from=kapan", "action=x", "actor=%00", "actor=" + "x" * 300):
        assert (await page(client, session_of, own_village, Role.KETUA, f"/jejak-audit?{odd}")).status_code == 200
    assert (await page(client, session_of, own_village, Role.KETUA, "/jejak-audit?before=x")).status_code == 400
    whole = await page(client, session_of, own_village, Role.KETUA, "/jejak-audit/periksa")
    assert "Jejak audit utuh" in whole.text


async def test_the_file_holds_all_rows_and_is_itself_told(client, own_village, session_of):
    answer = await page(client, session_of, own_village, Role.ADMIN, "/jejak-audit.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert (rows[0]["action"], rows[0]["actor"], rows[0]["subject"]) == ("export", "admin", "audit trail")
    assert [int(row["number"]) for row in rows] == list(range(len(rows), 0, -1))
    refused = await page(client, session_of, own_village, Role.ADMIN, "/jejak-audit.csv?from=kapan")
    assert refused.status_code == 400


async def test_taking_the_journal_along_is_told_with_its_days(client, own_village, session_of):
    village = own_village
    query = {"format": "csv", "from": "2024-01-01"}
    taken = await client.get("/api/v1/exports/journal", params=query, headers=village.headers(Role.PENGAWAS))
    assert taken.status_code == 200
    await page(client, session_of, village, Role.KETUA, "/ekspor/jurnal.jsonl?to=31-12-2024")
    found = (await listed(client, village, action="export", limit=2)).json()["items"]
    assert [(one["actor"], one["role"], one["subject"]) for one in found] == [
        ("ketua", "ketua", "journal jsonl"),
        ("pengawas", "pengawas", "journal csv"),
    ]
    assert found[0]["after"] == {"to": "2024-12-31"}


async def test_the_api_reads_in_pages_and_refuses_what_is_no_page(client, own_village):
    first = (await listed(client, own_village, limit=2)).json()
    second = (await listed(client, own_village, limit=2, cursor=first["next_cursor"])).json()
    numbers = [one["number"] for one in first["items"] + second["items"]]
    assert numbers == list(range(numbers[0], numbers[0] - 4, -1))
    assert (await listed(client, own_village, cursor="x")).status_code == 400
    assert (await listed(client, own_village, action="x")).status_code == 400
    odd = await client.get("/api/v1/audit-events?actor=%ff%ed%a0%80", headers=own_village.headers(Role.PENGAWAS))
    assert odd.status_code in {200, 400}
    assert (await listed(client, own_village, **{"from": "9999-12-31", "to": "0001-01-01"})).json()["items"] == []


async def test_no_cooperative_reads_the_trail_of_another(client, own_village, other_village):
    found = (await listed(client, other_village, limit=200)).json()["items"]
    mine = (await listed(client, own_village, limit=200)).json()["items"]
    assert not {one["hash"] for one in found} & {one["hash"] for one in mine}
