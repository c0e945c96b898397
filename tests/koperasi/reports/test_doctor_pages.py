"""What those who check the books see of the doctor, as a page and over REST."""

from __future__ import annotations

from html import unescape

import pytest
from sqlalchemy import text

from koperasi.i18n import LOCALES
from koperasi.permissions import Role
from koperasi.reports.doctor import MESSAGES, tell
from koperasi.reports.rules_doctor import MESSAGES as OURS
from koperasi.reports.service_verifications import Status
from ledger import Finding, verify_periods, verify_walk
from ledger.verify_whole import CHECKS


@pytest.fixture
async def filled(books):
    for amount in (500_000, 30_000):
        await books.post(("1101", amount), ("4201", -amount))
    return books


@pytest.fixture
async def whole(filled, superuser_engine):
    """The chart of these books has two members' accounts without members."""
    async with superuser_engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(
            text("DELETE FROM ledger_account WHERE book_id = :b AND code LIKE '2101.%'"), {"b": filled.book_id}
        )
    return filled


def test_every_finding_has_its_sentence_in_both_languages():
    told = {code for check in CHECKS for code in check.wordings} | set(verify_walk.WORDINGS) | set(OURS)
    told |= {"unbalanced", "line-date", "tail", "act", "close", "period"}
    assert told == set(MESSAGES)
    assert verify_periods.ACT_HEAD.where.startswith("{act}")
    for code in told:
        for locale in LOCALES:
            said = tell(Finding(code, "?", "?", {"entry": 1, "account": "1101", "month": "2026-01"}), locale)
            assert said.words
            assert "%(" not in said.words + said.place


def test_amounts_and_places_are_said_as_people_say_them():
    facts = {"account": "1101", "currency": "IDR", "day": "2026-11-25", "debit": 125_000_000, "credit": 0}
    said = tell(Finding("turnover", "", "", facts), "id")
    assert said == ("Akun 1101, 2026-11-25", "/buku-besar/1101", said.words)
    assert "Rp1.250.000" in said.words
    assert tell(Finding("series-gap", "", "", {"series": "member", "first": 2, "last": 3}), "en").place == (
        "Series of numbers: membership"
    )
    assert tell(Finding("seal", "elsewhere", "", {"more": 7}), "id").words.startswith("Masih ada 7 temuan")
    assert tell(Finding("seal", "entry 2", "", {"entry": 2}), "id").url == "/jurnal/2"


async def test_the_auditor_runs_it_and_reads_what_was_found(auditor, whole, superuser_engine):
    before = (await auditor.page("/pemeriksaan")).text
    assert "Buku ini belum pernah diperiksa." in before
    sent = await auditor.send("/pemeriksaan")
    assert (sent.status_code, sent.headers["location"]) == (303, "/pemeriksaan")
    page = (await auditor.page("/pemeriksaan")).text
    assert "2 jurnal diperiksa; tidak ada perbedaan." in page
    async with superuser_engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = 'replica'"))
        await connection.execute(
            text("UPDATE ledger_entry SET description = 'Lain' WHERE book_id = :book AND number = 2"),
            {"book": whole.book_id},
        )
    await auditor.send("/pemeriksaan")
    for address in ("/pemeriksaan", "/pemeriksaan/2"):
        damaged = unescape((await auditor.page(address)).text)
        assert "Ada 1 temuan." in damaged
        assert '<a href="/jurnal/2">Jurnal 2</a>' in damaged
        assert MESSAGES["seal"] in damaged
    assert "2 jurnal diperiksa" in (await auditor.page("/pemeriksaan/1")).text
    assert (await auditor.page("/pemeriksaan/9")).status_code == 404


async def test_rest(auditor, whole):
    assert (await auditor.api("GET", "/verifications")).json() == {"items": [], "next_cursor": None}
    begun = await auditor.api("POST", "/verifications")
    assert begun.status_code == 201
    run = begun.json()
    assert (run["status"], run["entries"], run["expected"], run["findings"]) == ("intact", 2, 2, [])
    assert (await auditor.api("GET", f"/verifications/{run['number']}")).json() == run
    second = (await auditor.api("POST", "/verifications")).json()
    first_page = (await auditor.api("GET", "/verifications", limit=1)).json()
    assert [one["number"] for one in first_page["items"]] == [second["number"]]
    rest = (await auditor.api("GET", "/verifications", limit=1, cursor=first_page["next_cursor"])).json()
    assert [one["number"] for one in rest["items"]] == [run["number"]]
    assert "findings" not in rest["items"][0]
    assert rest["items"][0]["findings_count"] == 0
    assert (await auditor.api("GET", "/verifications/99")).status_code == 404


async def test_the_findings_over_rest(auditor, filled):
    run = (await auditor.api("POST", "/verifications")).json()
    assert run["status"] == Status.DAMAGED
    assert {(one["code"], one["where"]) for one in run["findings"]} == {
        ("orphan-account", "account 2101.10000019"),
        ("orphan-account", "account 2101.10000027"),
    }
    assert run["findings"][0]["facts"]["control"] == "2101"


async def test_while_one_runs_another_is_refused(auditor, whole, database):
    from koperasi.reports.service_verifications import LOCK_CLASS, lock_id

    async with database.reading(whole.book_id) as other:
        await other.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_CLASS:d}, {lock_id(whole.book_id):d})"))
        refused = await auditor.api("POST", "/verifications")
        assert (refused.status_code, refused.json()["code"]) == (409, "verification-running")
        page = await auditor.send("/pemeriksaan")
        assert (page.status_code, "sedang berjalan" in page.text) == (409, True)


async def test_who_may_not(enter, whole):
    teller = await enter(Role.KASIR)
    assert (await teller.api("POST", "/verifications")).status_code == 403
    assert (await teller.page("/pemeriksaan")).status_code == 403
