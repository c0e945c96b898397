from __future__ import annotations

import csv
import json
from datetime import date
from io import StringIO

import pytest

from koperasi.permissions import Role


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "IDR"}


@pytest.fixture
async def filled(books):
    await books.post(("1101", 500_000_000), ("4201", -500_000_000), day=date(2026, 1, 2))
    await books.post(("1101", 30_000_000), ("2101.10000019", -30_000_000), day=date(2026, 10, 5))
    await books.post(("2101.10000019", 5_000_000), ("1101", -5_000_000), day=date(2026, 11, 7))
    return books


async def test_chart(auditor, filled):
    chart = (await auditor.api("GET", "/chart")).json()
    accounts = {one["code"]: one for one in chart["items"]}
    assert accounts["1101"] == {
        "code": "1101",
        "name": "Kas Besar",
        "name_en": "Vault cash",
        "type": "asset",
        "side": "debit",
        "currency": "IDR",
        "floor": money("0.00"),
        "control": False,
        "opened_on": None,
        "closed_on": None,
    }
    assert "2101.10000019" not in accounts
    first = (await auditor.api("GET", "/chart", under="2101", limit=1)).json()
    second = (await auditor.api("GET", "/chart", under="2101", limit=1, cursor=first["next_cursor"])).json()
    assert [one["code"] for one in first["items"] + second["items"]] == ["2101.10000019", "2101.10000027"]
    assert second["next_cursor"] is None
    assert (await auditor.api("GET", "/chart", under="9999")).status_code == 404


async def test_an_account_now_and_as_of_a_day(auditor, filled):
    now = (await auditor.api("GET", "/ledger-accounts/2101")).json()
    assert (now["balance"], now["as_of"], now["control"]) == (money("250000.00"), None, True)
    assert now["last_entry"]["number"] == 3
    assert now["last_entry"]["hash"] == (await filled.entry(3)).hash.hex()
    then = (await auditor.api("GET", "/ledger-accounts/2101", as_of="2026-10-31")).json()
    assert (then["balance"], then["as_of"]) == (money("300000.00"), "2026-10-31")
    for code, status in (("9999", 404), ("%00", 404), ("2101%0A", 404), ("a" * 131, 400)):
        assert (await auditor.api("GET", f"/ledger-accounts/{code}")).status_code == status, code
    assert (await auditor.api("GET", "/ledger-accounts/1101", as_of="x")).status_code == 400


async def test_a_statement_by_pages(auditor, filled):
    path = "/ledger-accounts/1101/statement"
    whole = (await auditor.api("GET", path)).json()
    assert [line["balance"]["amount"] for line in whole["items"]] == ["5000000.00", "5300000.00", "5250000.00"]
    assert (whole["items"][2]["debit"], whole["items"][2]["credit"]) == (None, money("50000.00"))
    first = (await auditor.api("GET", path, limit=2)).json()
    rest = (await auditor.api("GET", path, limit=2, cursor=first["next_cursor"])).json()
    assert first["items"] + rest["items"] == whole["items"]
    assert (rest["opening"], rest["closing"], rest["next_cursor"]) == (money("5300000.00"), money("5250000.00"), None)
    some = (await auditor.api("GET", path, **{"from": "2026-10-01", "to": "2026-10-31"})).json()
    assert ([line["entry"] for line in some["items"]], some["opening"]) == ([2], money("5000000.00"))
    control = await auditor.api("GET", "/ledger-accounts/2101/statement")
    assert (control.status_code, control.json()["code"]) == (422, "control-account")


async def test_trial_balance(auditor, filled):
    report = (await auditor.api("GET", "/reports/trial-balance", as_of="2026-11-25")).json()
    assert report["totals"] == [{"currency": "IDR", "debit": money("5250000.00"), "credit": money("5250000.00")}]
    assert report["last_entry"]["number"] == 3
    rows = {row["code"]: row for row in report["items"]}
    assert (rows["2101"]["credit"], rows["2101"]["debit"]) == (money("250000.00"), money("0.00"))
    detailed = (await auditor.api("GET", "/reports/trial-balance", detailed="true")).json()
    assert {row["code"]: row["credit"] for row in detailed["items"]}["2101.10000019"] == money("250000.00")


async def test_exports(auditor, filled):
    table = await auditor.api("GET", "/exports/journal", format="csv", delimiter=";", bom="true")
    assert table.status_code == 200
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"] == 'attachment; filename="jurnal.csv"'
    rows = list(csv.DictReader(StringIO(table.content.decode("utf-8-sig")), delimiter=";"))
    assert [row["debit"] for row in rows if row["account"] == "1101"] == ["5000000,00", "300000,00", ""]
    lines = await auditor.api("GET", "/exports/journal", format="jsonl", **{"from": "2026-10-01"})
    assert [json.loads(line)["number"] for line in lines.text.splitlines()] == [2, 3]
    for wrong in ({"format": "xml"}, {"delimiter": "x"}, {"from": "x"}):
        assert (await auditor.api("GET", "/exports/journal", **wrong)).status_code == 400


async def test_verification(auditor, filled):
    report = (await auditor.api("GET", "/verification")).json()
    assert (report["ok"], report["entries"], report["findings"]) == (True, 3, [])


async def test_who_reads_the_books(enter):
    teller = await enter(Role.KASIR)
    for path in ("/chart", "/ledger-accounts/1101", "/reports/trial-balance", "/exports/journal", "/verification"):
        assert (await teller.api("GET", path)).status_code == 403
