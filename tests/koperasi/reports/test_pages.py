from __future__ import annotations

import json
import re
from datetime import date
from html import unescape

import pytest


@pytest.fixture
async def filled(books):
    await books.post(("1101", 500_000_000), ("4201", -500_000_000), day=date(2026, 1, 2), description="Hibah <desa>")
    await books.post(("1101", 30_000_000), ("2101.10000019", -30_000_000), day=date(2026, 10, 5))
    await books.post(("2101.10000019", 5_000_000), ("1101", -5_000_000), day=date(2026, 11, 7))
    return books


def links(text: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'class="line" href="([^"]+)"', text)]


async def test_from_the_trial_balance_to_an_entry_in_three_clicks(auditor, filled):
    balance = (await auditor.page("/neraca-saldo")).text
    assert balance.count("5.250.000") == 3
    assert "sampai jurnal nomor 3" in balance
    account_url = next(url for url in links(balance) if url.startswith("/buku-besar/1101"))
    account = (await auditor.page(account_url)).text
    for text in ("Kas Besar", "Hibah &lt;desa&gt;", "Saldo awal", "Saldo akhir", "5.250.000"):
        assert text in account
    entry = await auditor.page(links(account)[0])
    assert entry.status_code == 200
    assert "Jurnal nomor 1" in entry.text


async def test_a_control_account_leads_to_the_accounts_beneath_it(auditor, filled):
    control = (await auditor.page("/buku-besar/2101?to=2026-10-31")).text
    assert "300.000" in control
    assert links(control) == ["/buku-besar/2101.10000019?to=2026-10-31", "/buku-besar/2101.10000027?to=2026-10-31"]
    member = (await auditor.page(links(control)[0])).text
    assert links(member) == ["/jurnal/2"]
    assert 'href="/buku-besar/2101?to=2026-10-31"' in member


async def test_the_day_is_chosen_and_kept(auditor, filled):
    october = (await auditor.page("/neraca-saldo?as_of=2026-10-31")).text
    assert october.count("5.300.000") == 3
    assert "31 Oktober 2026" in october
    assert "Beban Kantor" not in october
    assert "Beban Kantor" in (await auditor.page("/neraca-saldo?all=1")).text
    odd = await auditor.page("/neraca-saldo?as_of=kemarin")
    assert (odd.status_code, 'id="as_of-error"' in odd.text) == (200, True)


async def test_a_long_account_by_pages(auditor, filled, monkeypatch):
    from koperasi.reports import pages

    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    first = (await auditor.page("/buku-besar/1101")).text
    assert "Saldo akhir" not in first
    following = unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])
    second = (await auditor.page(following)).text
    assert links(first) + links(second) == ["/jurnal/1", "/jurnal/2", "/jurnal/3"]
    assert "Saldo pindahan" in second
    assert "5.300.000" in second
    monkeypatch.setattr(pages, "BENEATH_SIZE", 1)
    control = (await auditor.page("/buku-besar/2101")).text
    rest = (await auditor.page(unescape(re.search(r'rel="next" href="([^"]+)"', control)[1]))).text
    assert links(control) + links(rest) == ["/buku-besar/2101.10000019", "/buku-besar/2101.10000027"]


async def test_export_says_what_it_holds_and_hands_it_out(auditor, filled):
    shown = (await auditor.page("/ekspor?from=2026-10-01")).text
    assert "Berkas akan berisi 2 jurnal, dari nomor 2 sampai nomor 3." in shown
    urls = [unescape(url) for url in re.findall(r'href="(/ekspor/jurnal[^"]+)"', shown)]
    excel, table = (url for url in urls if "jurnal.csv" in url)
    lines = next(url for url in urls if "jurnal.jsonl" in url)
    for url in urls:
        assert (await auditor.page(url)).status_code == 200, url
    assert (await auditor.page(excel)).content.startswith(b"\xef\xbb\xbfentry;date;")
    assert (await auditor.page(table)).text.startswith("entry,date,")
    file = await auditor.page(lines)
    assert [json.loads(line)["number"] for line in file.text.splitlines()] == [2, 3]
    assert file.headers["content-disposition"] == 'attachment; filename="jurnal-2026-10-01.jsonl"'
    assert "Tidak ada jurnal" in (await auditor.page("/ekspor?from=2026-11-20")).text
    for odd in ("/ekspor?from=x", "/ekspor?from=2026-11-02&to=2026-11-01"):
        answer = await auditor.page(odd)
        assert (answer.status_code, "/ekspor/jurnal" in answer.text) == (200, False)
    assert (await auditor.page("/ekspor/jurnal.csv?from=x")).status_code == 400


@pytest.mark.parametrize("path", ["/buku-besar/9999", "/buku-besar/%00", "/buku-besar/1101?after=x"])
async def test_what_is_not_there(auditor, path):
    assert (await auditor.page(path)).status_code in {400, 404}


async def test_an_empty_book(auditor):
    for path in ("/neraca-saldo", "/buku-besar/1101", "/buku-besar/2101", "/ekspor", "/pemeriksaan", "/periode"):
        assert (await auditor.page(path)).status_code == 200, path
