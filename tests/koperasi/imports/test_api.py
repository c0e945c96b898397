"""Imports over REST, on the whole service."""

from __future__ import annotations

import pytest

from koperasi.permissions import Role

MEMBERS = "Nama;NIK;Tanggal Daftar\nSutinah;5202014107800001;2024-01-02\nAhmad Fauzi;5202010207800002;2024-01-15\n"
SAVINGS = (
    "NIK;Simpanan Pokok;Simpanan Wajib;Tanggal\n"
    "5202014107800001;100.000;240.000;2025-12-31\n"
    "5202010207800002;100.000;220.000;2025-12-31\n"
)
BALANCE = "Kode;Nama Akun;Debet;Kredit\n1102;Kas;660.000;\n4101;Pokok;;200.000\n4102;Wajib;;460.000\n"


@pytest.fixture
def send(client, office):
    async def sending(kind: str, content: str | bytes, key: str | None = None, role: Role = Role.BENDAHARA, **fields):
        return await client.post(
            "/api/v1/imports",
            headers=office.headers(role, key),
            data={"kind": kind, **fields},
            files={"file": ("berkas.csv", content, "text/csv")},
        )

    return sending


async def test_from_three_files_to_a_zero_opening_difference(send, client, office):
    dry = await send("members", MEMBERS, dry_run="true")
    assert dry.status_code == 201, dry.text
    body = dry.json()
    assert (body["status"], body["rows"], body["errors"], body["ready"]) == ("previewed", 2, [], True)
    posted = await send("members", MEMBERS, key="satu")
    assert posted.status_code == 201, posted.text
    assert posted.json()["id"] == body["id"]
    assert posted.json()["result"]["members"] == 2
    assert posted.headers["location"] == f"/api/v1/imports/{body['id']}"
    savings = (await send("opening_savings", SAVINGS, key="dua")).json()
    assert (savings["result"]["entries"], savings["result"]["first_entry"]) == (4, 1)
    difference = savings["result"]["opening_difference"]
    assert difference["after"] == {"amount": "660000.00", "currency": "IDR"}
    assert [reason["code"] for reason in difference["reasons"]] == ["trial-balance-missing"]
    balance = await send("opening_trial_balance", BALANCE, key="tiga")
    assert balance.json()["result"]["opening_difference"]["after"]["amount"] == "0.00"
    listed = (await client.get("/api/v1/imports?limit=2", headers=office.headers())).json()
    assert [one["kind"] for one in listed["items"]] == ["opening_trial_balance", "opening_savings"]
    rest = await client.get(f"/api/v1/imports?cursor={listed['next_cursor']}", headers=office.headers())
    assert [one["id"] for one in rest.json()["items"]] == [body["id"]]
    assert rest.json()["next_cursor"] is None


async def test_repeated_request_is_replayed_and_another_one_is_refused(send, client, office):
    first = await send("members", MEMBERS, key="k")
    again = await send("members", MEMBERS, key="k")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json() == first.json()
    other = await send("members", MEMBERS + "Tini;5202014307800003;2024-02-01\n", key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")
    new_key = await send("members", MEMBERS, key="k2")
    assert (new_key.status_code, new_key.json()["code"]) == (409, "import-duplicate")
    keyless = await send("members", MEMBERS)
    assert (keyless.status_code, keyless.json()["code"]) == (400, "idempotency-key")
    number = first.json()["id"]
    posted = await client.post(f"/api/v1/imports/{number}/post", headers=office.headers(key="x"))
    assert (posted.status_code, posted.headers["idempotency-replayed"]) == (201, "true")


async def test_errors_name_their_lines_and_nothing_is_written(send, client, office):
    wrong = MEMBERS + "Tini;520201410780;2024-01-02\n;5202014307800003;2024-02-01\n"
    refused = await send("members", wrong, key="k")
    assert refused.status_code == 422, refused.text
    assert refused.json()["code"] == "import-not-ready"
    assert [error["field"] for error in refused.json()["errors"]] == ["4", "5"]
    dry = (await send("members", wrong, dry_run="true")).json()
    assert [(error["line"], error["column"]) for error in dry["errors"]] == [(4, "NIK"), (5, "Nama")]
    assert (await client.get("/api/v1/members", headers=office.headers())).json()["items"] == []
    one = await send("members", wrong, dry_run="true", exclude="4")
    assert [error["line"] for error in one.json()["errors"]] == [5]
    both = await send("members", wrong, key="k", exclude=["4", "5"])
    assert both.status_code == 422  # the same key for another request
    both = await send("members", wrong, key="k3", exclude=["4", "5"])
    assert both.status_code == 201, both.text
    assert both.json()["result"]["rows"] == 2


async def test_questions_and_their_answers(send):
    await send("members", MEMBERS, key="a")
    data = "NIK;Jumlah;Tanggal\n5202014107800001;100.000;03/04/2025\n"
    dry = (await send("opening_savings", data, dry_run="true")).json()
    assert [(one["kind"], one["choices"]) for one in dry["questions"]] == [
        ("date-order", ["dmy", "mdy"]),
        ("savings-kind", ["pokok", "wajib", "sukarela", "wadiah"]),
    ]
    assert dry["questions"][0]["examples"] == ["03/04/2025"]
    done = await send("opening_savings", data, key="b", date_order="dmy", savings_kind="sukarela")
    assert done.status_code == 201, done.text
    assert done.json()["result"]["entries"] == 1


async def test_two_steps_and_undo(send, client, office):
    await send("members", MEMBERS, key="a")
    number = (await send("opening_savings", SAVINGS, dry_run="true")).json()["id"]
    seen = (await client.get(f"/api/v1/imports/{number}", headers=office.headers())).json()
    assert (seen["ready"], seen["totals"]["wajib"]["amount"]) == (True, "460000.00")
    bare = await client.post(f"/api/v1/imports/{number}/post", headers=office.headers())
    assert (bare.status_code, bare.json()["code"]) == (400, "idempotency-key")
    posted = await client.post(f"/api/v1/imports/{number}/post", headers=office.headers(key="p"))
    assert (posted.status_code, posted.json()["status"]) == (201, "posted")
    undo = {"headers": office.headers(key="u"), "json": {"reason": "File lama"}}
    undone = await client.post(f"/api/v1/imports/{number}/undo", **undo)
    assert (undone.status_code, undone.json()["status"], undone.json()["undone"]["entries"]) == (201, "undone", 4)
    again = await client.post(f"/api/v1/imports/{number}/undo", **undo)
    assert (again.json(), again.headers["idempotency-replayed"]) == (undone.json(), "true")
    late = await client.post(f"/api/v1/imports/{number}/post", headers=office.headers(key="p2"))
    assert (late.status_code, late.json()["code"]) == (409, "import-undone")


async def test_who_may_and_what_is_not_there(send, client, office):
    assert (await send("members", MEMBERS, key="a", role=Role.KASIR)).status_code == 403
    for number in (0, 999_999_999, 10**25):
        answer = await client.get(f"/api/v1/imports/{number}", headers=office.headers())
        assert (answer.status_code, answer.json()["code"]) == (404, "import")
    assert (await client.post("/api/v1/imports", headers=office.headers(key="z"))).status_code == 400


@pytest.mark.parametrize(
    ("content", "fields", "status"),
    [
        (b"", {}, 422),
        (b"%PDF-1.7", {}, 422),
        (b"\x00\x01\x02", {}, 422),
        (b"PK\x03\x04broken", {}, 422),
        (b"Nama\n\x00\n", {}, 422),
        ("Nama\nTini\n", {"exclude": "x"}, 400),
        ("Nama\nTini\n", {"date_order": "ymd"}, 400),
        ("Nama\nTini\n", {"opening_date": "1066-01-01"}, 400),
        ("Nama\nTini\n", {"exclude": str(2**70)}, 201),
        ("Nama\nTini \ud7ff\n", {}, 201),
    ],
)
async def test_bad_input_gets_a_clear_answer(send, content, fields, status):
    answer = await send("members", content, dry_run="true", **fields)
    assert answer.status_code == status, answer.text
