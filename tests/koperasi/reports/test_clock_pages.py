"""The second clock on pages: statements, account, export; and the way from a statement's lines down to entries."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from html import unescape
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from koperasi.known import _spelt
from koperasi.permissions import Role
from koperasi.reports.pages_statements import WORDS


def links(text: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'href="([^"]+)"', text)]


def lines(text: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'class="line" href="([^"]+)"', text)]


@pytest.fixture
async def corrected(books):
    """October was printed when entry 2 was the last; a late cost of October and an income of November came after."""
    await books.post(("1101", 500_000_000), ("4201", -500_000_000), day=date(2026, 10, 2))
    await books.post(("1101", 30_000_000), ("2101.10000019", -30_000_000), day=date(2026, 10, 5))
    await books.post(("7303", 1_000_000), ("1101", -1_000_000), day=date(2026, 10, 20), description="Listrik terlambat")
    await books.post(("1101", 7_000_000), ("5107", -7_000_000), day=date(2026, 11, 6), description="Bagi hasil bank")
    return books


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("2", "2"),
        ("25/11/2026", "2026-11-25"),
        ("25/11/2026 17.05", "2026-11-25T17:05"),
        ("25 November 2026, 7:05", "2026-11-25T07:05"),
        ("2026-11-25", "2026-11-25"),
        ("2026-11-25T17:00:00+07:00", "2026-11-25T17:00:00+07:00"),
        ("25/11/2026 24.00", "25/11/2026 24.00"),
        ("", ""),
        ("kemarin", "kemarin"),
    ],
)
def test_a_moment_as_people_write_it(words, read):
    assert _spelt(words) == read


async def test_a_statement_as_it_was_printed_and_what_came_since(auditor, corrected):
    asked = "/laporan/hasil-usaha?from=2026-01-01&to=2026-10-31&compare=none"
    then = (await auditor.page(f"{asked}&known_at=2")).text
    assert f"sampai jurnal nomor 2, segel {(await corrected.entry(2)).hash.hex()[:12]}" in then
    since = then[then.index("Sejak itu") :]
    assert "Listrik terlambat" in since
    assert "Bagi hasil bank" not in since
    assert lines(since) == ["/jurnal/3"]
    assert since.index("Beban Kantor") < since.index("SHU kotor")
    assert since.count("(10.000)") == 2 * 4
    now = (await auditor.page(asked)).text
    assert "Sejak itu" not in now
    assert "seperti tercatat sampai" not in now
    same = (await auditor.page(f"{asked}&known_at=4")).text
    assert "angka-angka ini masih sama" in same


@pytest.mark.parametrize("word", ["posisi-keuangan", "perubahan-ekuitas", "arus-kas", "neraca-lajur"])
async def test_every_statement_lists_the_late_entry(auditor, corrected, word):
    page = (await auditor.page(f"/laporan/{word}?to=2026-10-31&known_at=2")).text
    assert "/jurnal/3" in lines(page[page.index("Sejak itu") :])


async def test_the_files_of_a_statement_are_of_the_same_time(auditor, corrected):
    page = (await auditor.page("/laporan/arus-kas?known_at=2")).text
    assert all("known_at=2" in url for url in links(page) if "/xlsx?" in url or "/pdf?" in url)
    today = datetime.now(ZoneInfo("Asia/Jakarta")).date()  # recorded time is the real one
    by_day = (await auditor.page(f"/laporan/arus-kas?known_at={today:%d/%m/%Y}")).text
    assert all("known_at=4" in url for url in links(by_day) if "/xlsx?" in url)
    assert f'value="{today:%d/%m/%Y}"' in by_day


@pytest.mark.parametrize("url", ["/laporan/arus-kas", "/buku-besar/1101", "/ekspor", "/jurnal", "/neraca-saldo"])
async def test_what_nobody_can_know_is_said_beside_the_field(auditor, corrected, url):
    for words in ("kemarin", "2199-01-01", "999"):
        odd = await auditor.page(f"{url}?known_at={words}")
        assert (odd.status_code, 'id="known_at-error"' in odd.text) == (200, True), words
        assert "seperti tercatat sampai" not in odd.text


async def test_an_export_of_what_was_known(auditor, corrected):
    page = (await auditor.page("/ekspor?from=2026-10-01&known_at=3")).text
    assert "Berkas akan berisi 3 jurnal, dari nomor 1 sampai nomor 3." in page
    assert "seperti tercatat sampai jurnal nomor 3, segel" in page
    url = next(url for url in links(page) if "jurnal.jsonl" in url)
    assert url == "/ekspor/jurnal.jsonl?from=2026-10-01&known_at=3"
    got = (await auditor.page(url)).text
    assert [json.loads(line)["number"] for line in got.splitlines()] == [1, 2, 3]
    assert (await auditor.page("/ekspor/jurnal.csv?known_at=x")).status_code == 400
    assert (await auditor.page("/ekspor/jurnal.csv?known_at=99")).status_code == 422


@pytest.mark.parametrize("word", list(WORDS.values()))
async def test_each_line_leads_to_its_account_and_on_to_entries_with_its_days(auditor, corrected, word):
    """Three clicks at most: statement, account (or the one above it, then it), entry; days and knowledge are kept."""
    page = (await auditor.page(f"/laporan/{word}?from=2026-10-01&to=2026-10-31&known_at=3")).text
    table = page[page.index('<table class="rows') : page.index("</table>")]
    found = [url for url in links(table) if url.startswith("/buku-besar/")]
    days = {"to": ["2026-10-31"], "known_at": ["3"]}
    if word != "posisi-keuangan":
        days["from"] = ["2026-10-01"]
    entries: set[str] = set()
    for url in found:
        assert parse_qs(urlsplit(url).query) == days, url
        account = (await auditor.page(url)).text
        assert "seperti tercatat sampai jurnal nomor 3, segel" in account
        for line in lines(account):
            if line.startswith("/buku-besar/"):
                assert parse_qs(urlsplit(line).query) == days, line
                entries |= set(lines((await auditor.page(line)).text))
            else:
                entries.add(line)
        assert "/neraca-saldo?as_of=2026-10-31&known_at=3" in links(account)
    expected = {
        "posisi-keuangan": {"/jurnal/1", "/jurnal/2", "/jurnal/3"},
        "hasil-usaha": {"/jurnal/3"},
        "perubahan-ekuitas": {"/jurnal/1"},
        "neraca-lajur": {"/jurnal/1", "/jurnal/2", "/jurnal/3"},
        "arus-kas": {"/jurnal/1", "/jurnal/2", "/jurnal/3"},
    }.get(word, set())
    assert entries == expected
    for url in entries:
        assert (await auditor.page(url)).status_code == 200


async def test_who_reads_sums_only_is_shown_no_entry_and_no_dead_link(enter, corrected):
    officer = await enter(Role.PENDAMPING)
    page = (await officer.page("/laporan/hasil-usaha?to=2026-10-31&known_at=2")).text
    assert "Listrik terlambat" not in page
    assert not [url for url in links(page) if url.startswith(("/buku-besar", "/jurnal"))]
    listed = (await officer.page("/laporan")).text
    assert not [url for url in links(listed) if url in {"/neraca-saldo", "/jurnal"}]


async def test_statements_stand_in_the_navigation(auditor, treasurer, enter):
    for person in (auditor, treasurer, await enter(Role.PENDAMPING)):
        page = (await person.page("/laporan/neraca-lajur")).text
        assert re.search(
            r'<a href="/laporan" aria-current="page"[^>]*>\s*Laporan|href="/laporan"[^>]*aria-current', page
        )
    assert "/jurnal/baru?kind=adjustment" in (await treasurer.page("/laporan/neraca-lajur")).text
    assert "/jurnal/baru?kind=adjustment" not in (await auditor.page("/laporan/neraca-lajur")).text
