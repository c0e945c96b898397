"""The books as they were known at some entry: over REST and on the page."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest

import ledger
from koperasi.known import Known
from koperasi.reports import service


def links(text: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'class="line" href="([^"]+)"', text)]


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "IDR"}


@pytest.fixture
async def corrected(books):
    """October was printed when entry 2 was the last; a late entry of October and two of November came after."""
    await books.post(("1101", 500_000_000), ("4201", -500_000_000), day=date(2026, 10, 2))
    await books.post(("1101", 30_000_000), ("2101.10000019", -30_000_000), day=date(2026, 10, 5))
    await books.post(("7303", 1_000_000), ("1101", -1_000_000), day=date(2026, 10, 20), description="Listrik terlambat")
    await books.post(("1101", 7_000_000), ("4201", -7_000_000), day=date(2026, 11, 6))
    await books.reverse(2, day=date(2026, 11, 7))
    return books


async def test_a_trial_balance_of_the_past_as_it_was_printed_then(auditor, corrected):
    path, october = "/reports/trial-balance", {"as_of": "2026-10-31"}
    then = (await auditor.api("GET", path, known_at="2", **october)).json()
    now = (await auditor.api("GET", path, **october)).json()
    assert (then["as_of"], then["known_at"], then["last_entry"]["number"]) == ("2026-10-31", 2, 2)
    assert then["last_entry"]["hash"] == (await corrected.entry(2)).hash.hex()
    assert (now["known_at"], now["last_entry"]["number"]) == (None, 5)
    assert then["totals"][0]["debit"] == money("5300000.00")
    cash = [next(one["debit"] for one in each["items"] if one["code"] == "1101") for each in (then, now)]
    assert cash == [money("5300000.00"), money("5290000.00")]


@pytest.mark.parametrize("words", ["1", "2", "3", "4", "5"])
async def test_account_and_statement_and_journal_tell_the_same(auditor, corrected, words):
    account = (await auditor.api("GET", "/ledger-accounts/1101", known_at=words)).json()
    statement = (await auditor.api("GET", "/ledger-accounts/1101/statement", known_at=words, limit=200)).json()
    journal = (await auditor.api("GET", "/journal-entries", known_at=words)).json()
    exported = (await auditor.api("GET", "/exports/journal", known_at=words, format="jsonl")).text
    assert account["balance"] == statement["closing"]
    assert account["known_at"] == statement["known_at"] == account["last_entry"]["number"] == int(words)
    assert account["last_entry"] == statement["last_entry"] == journal["last_entry"]
    assert journal["known_at"] == int(words)
    assert [entry["number"] for entry in journal["items"]] == list(range(1, int(words) + 1))
    assert [json.loads(line)["number"] for line in exported.splitlines()] == list(range(1, int(words) + 1))
    undone = {entry["number"]: entry["reversed_by"] for entry in journal["items"]}
    assert undone.get(2) == (5 if words == "5" else None)


async def test_a_statement_up_to_a_day_has_that_day_as_its_end(auditor, corrected):
    path = "/ledger-accounts/1101/statement"
    one, other = [(await auditor.api("GET", path, **{name: "2026-10-31"})).json() for name in ("as_of", "to")]
    assert one == other
    assert (one["as_of"], one["closing"]) == ("2026-10-31", money("5290000.00"))


@pytest.mark.parametrize(
    "path",
    [
        "/reports/trial-balance",
        "/ledger-accounts/1101",
        "/ledger-accounts/1101/statement",
        "/journal-entries",
        "/exports/journal",
    ],
)
async def test_what_nobody_can_know(auditor, corrected, path):
    tomorrow = (date.today() + timedelta(days=2)).isoformat()
    for words, status, code in (
        ("6", 422, "known-at-future"),
        (tomorrow, 422, "known-at-future"),
        ("x", 400, "known-at"),
    ):
        answer = await auditor.api("GET", path, known_at=words)
        assert (answer.status_code, answer.json()["code"]) == (status, code), words
        assert [error["field"] for error in answer.json()["errors"]] == ["known_at"]


async def test_the_page_shows_then_now_and_the_late_entries(auditor, corrected):
    page = (await auditor.page("/neraca-saldo?as_of=2026-10-31&known_at=2")).text
    assert "seperti tercatat sampai jurnal nomor 2" in page
    assert "sampai jurnal nomor 2, segel" in page
    assert "5.300.000" in page
    assert "Listrik terlambat" in page
    since = links(page[page.index("Sejak itu") :])
    assert since == ["/buku-besar/1101?to=2026-10-31", "/buku-besar/7303?to=2026-10-31", "/jurnal/3"]
    then = next(url for url in links(page) if url.startswith("/buku-besar/1101"))
    assert then == "/buku-besar/1101?to=2026-10-31&known_at=2"
    account = (await auditor.page(then)).text
    assert links(account) == ["/jurnal/1", "/jurnal/2"]
    assert "5.300.000" in account
    assert "5.290.000" not in account


async def test_the_page_takes_a_day_and_says_when_nothing_came_since(auditor, corrected):
    today = datetime.now(ZoneInfo("Asia/Jakarta")).date().isoformat()  # recorded time is the real one
    page = (await auditor.page(f"/neraca-saldo?as_of=2026-10-31&known_at={today}")).text
    assert "angka-angka ini masih sama" in page
    for words in ("kemarin", "2199-01-01", "999"):
        odd = await auditor.page(f"/neraca-saldo?known_at={words}")
        assert (odd.status_code, 'id="known_at-error"' in odd.text) == (200, True), words
        assert "Sejak itu" not in odd.text


async def test_late_entries_that_cancel_each_other_change_no_balance(books, database):
    await books.post(("1101", 500), ("4201", -500), day=date(2026, 10, 2))
    await books.post(("1101", 70), ("4201", -70), day=date(2026, 10, 3))
    await books.reverse(2, day=date(2026, 10, 3))
    async with database.reading(books.book_id) as connection:
        known = Known(1, await ledger.head_at(connection, books.book_id, 1))
        then = await service.trial_balance(connection, books.book_id, date(2026, 10, 31), known=known)
        later = await service.since(connection, books.book_id, then)
        few = await service.since(connection, books.book_id, then, limit=1)
    assert (later.changes, [entry.number for entry in later.entries], later.more) == ([], [2, 3], False)
    assert (len(few.entries), few.more) == (1, True)
