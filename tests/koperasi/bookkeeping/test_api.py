from __future__ import annotations

from datetime import date

import pytest
from tests.conftest import lift_limits

from koperasi.permissions import Role


def money(amount: str, currency: str = "IDR") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


FOUND = {
    "date": "2026-11-02",
    "description": "Hibah desa",
    "source": "Nota 1",
    "lines": [{"account": "1101", "debit": money("5000000.00")}, {"account": "4201", "credit": money("5000000.00")}],
}


def changed(**changes: object) -> dict[str, object]:
    return {**FOUND, **changes}


async def test_post_read_and_undo(treasurer):
    posted = await treasurer.api("POST", "/journal-entries", FOUND, key="satu")
    assert posted.status_code == 201, posted.text
    entry = posted.json()
    assert posted.headers["location"] == "/api/v1/journal-entries/1"
    assert (entry["number"], entry["date"], entry["kind"], entry["source"]) == (1, "2026-11-02", "journal", "Nota 1")
    assert entry["previous_hash"] == "00" * 32
    assert entry["lines"][1] == {
        "line": 2,
        "account": "4201",
        "name": "Cadangan Umum",
        "side": "credit",
        "debit": None,
        "credit": money("5000000.00"),
        "balance_after": money("5000000.00"),
    }
    assert (await treasurer.api("GET", "/journal-entries/1")).json() == entry
    undone = await treasurer.api("POST", "/journal-entries/1/reversals", {"reason": "Salah"}, key="dua")
    assert undone.status_code == 201, undone.text
    assert (undone.json()["reverses"], undone.json()["date"]) == (1, "2026-11-25")
    assert (await treasurer.api("GET", "/journal-entries/1")).json()["reversed_by"] == 2
    again = await treasurer.api("POST", "/journal-entries/1/reversals", {"reason": "Salah"}, key="tiga")
    assert (again.status_code, again.json()["code"]) == (409, "already-reversed")
    undo = {"reason": "Ternyata benar", "of_reversal": True, "date": "2026-11-25"}
    assert (await treasurer.api("POST", "/journal-entries/2/reversals", undo, key="empat")).status_code == 201


async def test_the_same_request_again_is_answered_the_same(treasurer):
    first = await treasurer.api("POST", "/journal-entries", FOUND, key="k")
    second = await treasurer.api("POST", "/journal-entries", FOUND, key="k")
    assert (second.status_code, second.json()) == (201, first.json())
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    other = await treasurer.api("POST", "/journal-entries", changed(description="Lain"), key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")
    without = await treasurer.api("POST", "/journal-entries", FOUND)
    assert (without.status_code, without.json()["code"]) == (400, "idempotency-key")


LINES = FOUND["lines"]


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        (changed(date="2026-11-26"), 422, ["date"]),
        (changed(lines=[LINES[0], {"account": "9999", "credit": money("5000000.00")}]), 422, ["lines.1.account"]),
        (changed(lines=[LINES[0], {"account": "2101", "credit": money("5000000.00")}]), 422, ["lines.1.account"]),
        (changed(lines=[LINES[0], {"account": "4201"}]), 422, ["lines.1.debit"]),
        (changed(lines=[LINES[0], {**LINES[1], "debit": money("1")}]), 422, ["lines.1.debit"]),
        (changed(lines=[LINES[0], {"account": "4201", "credit": money("0.00")}]), 422, ["lines.1.credit"]),
        (changed(lines=[LINES[0], {"account": "4201", "credit": money("-5")}]), 422, ["lines.1.credit"]),
        (changed(lines=[LINES[0], {"account": "4201", "credit": money("5000000.00", "HKD")}]), 422, ["lines.1.account"]),
        (changed(lines=[LINES[0], {"account": "4201", "credit": money("5.001")}]), 400, ["lines.1.credit"]),
        (changed(lines=[LINES[1], {"account": "1101", "debit": money("6")}]), 422, []),
        (changed(lines=[{"account": "1101", "credit": money("6")}, {"account": "7303", "debit": money("6")}]), 422,
         ["lines.0.credit"]),
    ],
)  # fmt: skip
async def test_what_is_wrong_stands_beside_its_line_and_nothing_is_written(treasurer, books, body, status, fields):
    answer = await treasurer.api("POST", "/journal-entries", body, key="k")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (status, fields), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert await books.last_number() == 0


@pytest.mark.parametrize(
    "body",
    [
        changed(lines=[]),
        changed(lines=[LINES[0]]),
        changed(lines=[LINES[0]] * 201),
        changed(description=""),
        changed(description="x" * 201),
        changed(description="a\u0000b"),
        changed(date="kemarin"),
        changed(date="1899-12-31"),
        changed(lines=[LINES[0], {"account": "4201", "credit": {"amount": 5, "currency": "IDR"}}]),
        changed(lines=[LINES[0], {"account": "\u0000", "credit": money("5")}]),
        changed(kind="savings.deposit"),
        [],
    ],
)
async def test_what_can_not_be_read_is_a_bad_request(treasurer, books, body):
    answer = await treasurer.api("POST", "/journal-entries", body, key="k")
    assert answer.status_code == 400, answer.text
    assert await books.last_number() == 0


@pytest.mark.parametrize(
    "path", ["/journal-entries/0", "/journal-entries/99999999999999999999999", "/journal-entries/x"]
)
async def test_numbers_that_no_entry_has(auditor, path):
    assert (await auditor.api("GET", path)).status_code in {400, 404}


async def test_unknown_entries_are_not_found(treasurer):
    assert (await treasurer.api("GET", "/journal-entries/7")).status_code == 404
    assert (await treasurer.api("POST", "/journal-entries/7/reversals", {"reason": "x"}, key="k")).status_code == 404


async def test_the_journal_by_pages_and_by_days(treasurer, auditor, books):
    for day in range(1, 6):
        await books.post(("1101", 500), ("4201", -500), day=date(2026, 11, day))
    first = (await auditor.api("GET", "/journal-entries", limit=3)).json()
    assert [one["number"] for one in first["items"]] == [1, 2, 3]
    rest = (await auditor.api("GET", "/journal-entries", limit=3, cursor=first["next_cursor"])).json()
    assert ([one["number"] for one in rest["items"]], rest["next_cursor"]) == ([4, 5], None)
    days = {"from": "2026-11-02", "to": "2026-11-03", "kind": "journal"}
    assert [one["number"] for one in (await auditor.api("GET", "/journal-entries", **days)).json()["items"]] == [2, 3]
    assert (await auditor.api("GET", "/journal-entries", kind="reversal")).json()["items"] == []
    for wrong in ({"cursor": "x"}, {"limit": 0}, {"limit": 201}, {"from": "x"}, {"kind": "\x00"}):
        assert (await auditor.api("GET", "/journal-entries", **wrong)).status_code == 400, wrong


async def test_many_at_once(treasurer, books):
    bad = {**FOUND, "lines": [{"account": "1103", "credit": money("1")}, {"account": "7303", "debit": money("1")}]}
    body = {"mode": "independent", "entries": [{**FOUND, "key": "a"}, bad, FOUND]}
    answer = await treasurer.api("POST", "/journal-entries/bulk", body, key="k")
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [(one["key"], one["status"], one["number"]) for one in results] == [
        ("a", "posted", 1),
        ("1", "refused", None),
        ("2", "posted", 2),
    ]
    assert results[1]["problem"]["code"] == "floor"
    assert [error["field"] for error in results[1]["problem"]["errors"]] == ["lines.0.credit"]
    again = (await treasurer.api("POST", "/journal-entries/bulk", body, key="k")).json()["results"]
    assert [one["status"] for one in again] == ["replayed", "refused", "replayed"]
    atomic = await treasurer.api("POST", "/journal-entries/bulk", {**body, "mode": "atomic"}, key="l")
    assert (atomic.status_code, atomic.json()["code"]) == (422, "bulk-refused")
    assert atomic.headers["content-type"].startswith("application/problem+json")
    assert [one["problem"]["code"] for one in atomic.json()["results"]] == ["linked", "floor", "linked"]
    assert await books.last_number() == 2


async def test_a_thousand_at_once_and_no_more(treasurer, books):
    entries = [FOUND] * 1001
    too_many = await treasurer.api("POST", "/journal-entries/bulk", {"mode": "atomic", "entries": entries}, key="k")
    assert too_many.status_code == 400
    answer = await treasurer.api(
        "POST", "/journal-entries/bulk", {"mode": "atomic", "entries": entries[:1000]}, key="k"
    )
    assert [one["number"] for one in answer.json()["results"]] == list(range(1, 1001))
    twice = {"mode": "atomic", "entries": [{**FOUND, "key": "a"}, {**FOUND, "key": "a"}]}
    same = await treasurer.api("POST", "/journal-entries/bulk", twice, key="l")
    assert (same.status_code, same.json()["code"]) == (400, "duplicate-key")


async def test_months(treasurer, auditor, books):
    await books.post(("1101", 500), ("4201", -500), day=date(2026, 9, 30))
    await books.post(("1101", 500), ("4201", -500), day=date(2026, 10, 1))
    early = await treasurer.api("PUT", "/periods/2026-10", {"status": "closed"})
    assert (early.status_code, early.json()["code"]) == (409, "period-order")
    closed = await treasurer.api("PUT", "/periods/2026-09", {"status": "closed"})
    assert closed.json() == {
        "month": "2026-09",
        "status": "closed",
        "has_entries": True,
        "changed_by": "bendahara",
        "reopening_requested_by": None,
    }
    assert (await treasurer.api("PUT", "/periods/2026-09", {"status": "open"})).status_code == 409
    late = await treasurer.api("POST", "/journal-entries", changed(date="2026-09-30"), key="k")
    assert (late.status_code, late.json()["code"]) == (422, "period-closed")
    listed = (await auditor.api("GET", "/periods")).json()["items"]
    assert [(one["month"], one["status"]) for one in listed] == [("2026-10", "open"), ("2026-09", "closed")]
    for month in ("2026-13", "2026-1", "x", "9999-01", "2026-09-01"):
        assert (await treasurer.api("PUT", f"/periods/{month}", {"status": "held"})).status_code == 400, month
    assert (await treasurer.api("PUT", "/periods/2027-01", {"status": "held"})).status_code == 422
    assert (await treasurer.api("PUT", "/periods/2026-11", {"status": "half"})).status_code == 400


async def test_those_who_only_read(auditor, enter):
    for method, path, body in (
        ("POST", "/journal-entries", FOUND),
        ("POST", "/journal-entries/bulk", {"mode": "atomic", "entries": [FOUND]}),
        ("POST", "/journal-entries/1/reversals", {"reason": "x"}),
        ("PUT", "/periods/2026-09", {"status": "closed"}),
    ):
        assert (await auditor.api(method, path, body, key="k")).status_code == 403
    teller = await enter(Role.KASIR)
    assert (await teller.api("GET", "/journal-entries")).status_code == 403


async def test_balances_larger_than_any_one_amount(treasurer, auditor, database, cooperative):
    await lift_limits(database, cooperative)
    most = [
        {"account": "1101", "debit": money("999999999999999.99")},
        {"account": "4201", "credit": money("999999999999999.99")},
    ]
    for key in ("a", "b"):
        posted = await treasurer.api("POST", "/journal-entries", changed(lines=most), key=key)
        assert posted.status_code == 201, posted.text
    assert posted.json()["lines"][0]["balance_after"] == money("1999999999999999.98")
    for path in ("/ledger-accounts/1101", "/ledger-accounts/1101/statement", "/reports/trial-balance"):
        assert (await auditor.api("GET", path)).status_code == 200


async def test_an_adjustment_fills_the_worksheets_columns(treasurer, auditor, books):
    await books.post(("1101", 500_000_000), ("4201", -500_000_000))
    adjustment = {
        "date": "2026-11-02",
        "description": "Penyusutan Oktober",
        "kind": "adjustment",
        "lines": [{"account": "7306", "debit": money("250000.00")}, {"account": "1411", "credit": money("250000.00")}],
    }
    posted = await treasurer.api("POST", "/journal-entries", adjustment, key="p")
    assert (posted.status_code, posted.json()["kind"]) == (201, "adjustment"), posted.text
    assert posted.json()["sealed_description"] == "Jurnal penyesuaian"
    many = {"mode": "atomic", "entries": [adjustment, {**FOUND, "kind": "journal"}]}
    assert (await treasurer.api("POST", "/journal-entries/bulk", many, key="b")).status_code == 200
    listed = (await auditor.api("GET", "/journal-entries", kind="adjustment")).json()["items"]
    assert [entry["number"] for entry in listed] == [2, 3]
    sheet = (await auditor.api("GET", "/reports/worksheet", **{"from": "2026-01-01", "to": "2026-11-25"})).json()
    columns = {row["key"]: [amount and amount["amount"] for amount in row["amounts"]] for row in sheet["rows"]}
    assert columns["7306"] == ["0.00", "0.00", "500000.00", "0.00", "500000.00", "0.00", "500000.00", *["0.00"] * 3]
    assert columns["1411"][3] == "500000.00"
    assert columns["1101"][2:4] == ["0.00", "0.00"]
    for kind in ("closing", "reversal", ""):
        assert (
            await treasurer.api("POST", "/journal-entries", {**adjustment, "kind": kind}, key="k")
        ).status_code == 400


async def test_a_source_that_may_name_somebody_is_refused_beside_its_field(treasurer, books):
    refused = await treasurer.api("POST", "/journal-entries", changed(source="Bu Siti"), key="s")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid-entry")
    (error,) = refused.json()["errors"]
    assert error["field"] == "source"
    assert "Nama orang tidak ditulis di sini" in error["message"]
    many = {"mode": "independent", "entries": [changed(source="Bu Siti"), changed(source="Nota 2")]}
    results = (await treasurer.api("POST", "/journal-entries/bulk", many, key="t")).json()["results"]
    assert [one["status"] for one in results] == ["refused", "posted"]
    assert [error["field"] for error in results[0]["problem"]["errors"]] == ["source"]
    assert await books.last_number() == 1
