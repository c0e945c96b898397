from __future__ import annotations

import re
from datetime import date

import pytest

KEY = "8d0f3f0e-1c5c-4a7e-9c53-0f5a0a1f6a11"
FOUND = {
    "date": "2026-11-02",
    "description": "Hibah desa",
    "account-0": "1101",
    "debit-0": "5.000.000",
    "account-1": "4201 Cadangan Umum",
    "credit-1": "5.000.000",
}


async def test_write_an_entry_read_it_and_undo_it(treasurer, books):
    shown = (await treasurer.page("/jurnal/baru")).text
    assert shown.count('name="account-') == 6
    assert '<option value="1101">Kas Besar</option>' in shown
    assert 'value="2101"' not in shown
    sent = await treasurer.send("/jurnal/baru", **FOUND)
    assert (sent.status_code, sent.headers["location"]) == (303, "/jurnal/1?selesai=tercatat"), sent.text
    entry = (await treasurer.page("/jurnal/1?selesai=tercatat")).text
    stored = await books.entry(1)
    for text in ("Jurnal tercatat.", "Hibah desa", "5.000.000", "Tercatat", stored.hash.hex(), "/buku-besar/4201"):
        assert text in entry
    effect = (await treasurer.page("/jurnal/1/balik")).text
    assert "Saldo sekarang" in effect
    undone = await treasurer.send("/jurnal/1/balik", reason="Salah akun", date="2026-11-25")
    assert (undone.status_code, undone.headers["location"]) == (303, "/jurnal/2?selesai=balik"), undone.text
    first, second = (await treasurer.page("/jurnal/1")).text, (await treasurer.page("/jurnal/2")).text
    assert 'href="/jurnal/2"' in first
    assert "/jurnal/1/balik" not in first
    assert 'href="/jurnal/1"' in second
    again = await treasurer.send("/jurnal/1/balik", reason="Lagi", date="2026-11-25")
    assert (again.status_code, "sudah dibatalkan oleh jurnal 2" in again.text) == (409, True)


async def test_the_same_form_twice_posts_once(treasurer, books):
    sent = [await treasurer.send("/jurnal/baru", **FOUND, key=KEY) for _ in range(2)]
    assert [one.headers["location"] for one in sent] == ["/jurnal/1?selesai=tercatat"] * 2
    other = await treasurer.send("/jurnal/baru", **{**FOUND, "description": "Lain"}, key=KEY)
    assert other.status_code == 422
    assert KEY not in other.text
    assert await books.last_number() == 1


async def test_a_refused_entry_keeps_what_was_typed_and_says_where(treasurer, books):
    wrong = {
        **FOUND,
        "description": "<b>Hibah</b>",
        "account-1": "",
        "credit-1": "",
        "account-3": "9999",
        "credit-3": "4.000.000",
        "account-4": "4201",
        "credit-4": "1,5,0",
    }
    answer = await treasurer.send("/jurnal/baru", **wrong)
    assert answer.status_code == 422
    assert 'value="&lt;b&gt;Hibah&lt;/b&gt;"' in answer.text
    assert 'id="credit-4-error"' in answer.text
    del wrong["account-4"], wrong["credit-4"]
    answer = await treasurer.send("/jurnal/baru", **wrong)
    assert answer.status_code == 422
    assert 'id="account-3-error"' in answer.text
    assert "Selisih" in answer.text
    assert await books.last_number() == 0


async def test_more_rows_and_the_sum_without_a_script(treasurer, books):
    opened = await treasurer.page("/jurnal/baru")
    key = re.search(r'name="key" value="([^"]+)"', opened.text)[1]
    more = await treasurer.send("/jurnal/baru", **FOUND, key=key, more="1")
    assert (more.status_code, more.text.count('name="account-')) == (200, 10)
    assert key in more.text
    summed = await treasurer.send("/jurnal/baru", **{**FOUND, "credit-1": "4.000.000"}, sum="1")
    assert summed.status_code == 200
    assert "Rp1.000.000" in summed.text
    assert "harus nol" in summed.text
    for rows in ("99999", "x", "-1", "٣"):
        assert (await treasurer.send("/jurnal/baru", **FOUND, rows=rows, sum="1")).status_code == 200
    assert await books.last_number() == 0


async def test_the_list_latest_first_by_pages(treasurer, books, auditor, monkeypatch):
    from koperasi.bookkeeping import pages

    assert "Buku ini belum berisi jurnal." in (await auditor.page("/jurnal")).text
    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    for day in (1, 2, 3, 4, 5):
        await books.post(("1101", 500), ("4201", -500), day=date(2026, 11, day))
    numbers = []
    url: str | None = "/jurnal"
    while url:
        text = (await auditor.page(url)).text
        numbers += [int(n) for n in re.findall(r'class="line" href="/jurnal/(\d+)"', text)]
        found = re.search(r'rel="next" href="([^"]+)"', text)
        url = found[1].replace("&amp;", "&") if found else None
    assert numbers == [5, 4, 3, 2, 1]
    some = (await auditor.page("/jurnal?from=2026-11-02&to=2026-11-03&kind=journal")).text
    assert re.findall(r'class="line" href="/jurnal/(\d+)"', some) == ["3", "2"]
    assert "Jurnal baru" not in some
    for odd in ("/jurnal?from=x", "/jurnal?kind=x", "/jurnal?from=2026-12-01"):
        assert (await auditor.page(odd)).status_code == 200
    assert (await auditor.page("/jurnal?before=x")).status_code == 400


async def test_hold_and_close_a_month(treasurer, books, auditor):
    await books.post(("1101", 500), ("4201", -500), day=date(2026, 9, 30))
    assert "September 2026" in (await auditor.page("/periode")).text
    path = "/periode/2026-09"
    held = await treasurer.send(path, status="held")
    assert (held.status_code, held.headers["location"]) == (303, "/periode?selesai=ditahan")
    assert "Ditahan" in (await treasurer.page("/periode")).text
    unsure = await treasurer.send(path, status="closed")
    assert (unsure.status_code, "tidak dapat dibuka lagi" in unsure.text) == (422, True)
    closed = await treasurer.send(path, status="closed", sure="1")
    assert closed.headers["location"] == "/periode?selesai=ditutup"
    page = (await treasurer.page(path)).text
    assert '<button class="button" name="status"' not in page
    again = await treasurer.send(path, opened="/jurnal/baru", status="open")
    assert again.status_code == 409
    assert (await treasurer.send("/periode/2027-01", status="held")).status_code == 422


@pytest.mark.parametrize("path", ["/jurnal/7", "/jurnal/7/balik", "/jurnal/99999999999999999999", "/periode/x"])
async def test_what_is_not_there(treasurer, path):
    assert (await treasurer.page(path)).status_code in {400, 404}


async def test_an_auditor_writes_nothing(auditor):
    for path in ("/jurnal/baru", "/jurnal/1/balik", "/periode/2026-09"):
        assert (await auditor.page(path)).status_code == 403


async def test_an_adjusting_entry(treasurer, auditor, books):
    asked = (await treasurer.page("/jurnal/baru?kind=adjustment")).text
    assert re.search(r'value="adjustment" checked', asked)
    for plain in ("/jurnal/baru", "/jurnal/baru?kind=closing"):
        assert re.search(r'value="journal" checked', (await treasurer.page(plain)).text)
    depreciation = {**FOUND, "account-0": "7306", "account-1": "1411", "description": "Penyusutan Oktober"}
    sent = await treasurer.send("/jurnal/baru", **depreciation, kind="adjustment", source="Memo 3/X")
    assert (sent.status_code, sent.headers["location"]) == (303, "/jurnal/1?selesai=tercatat"), sent.text
    assert (await books.entry(1)).kind == "adjustment"
    for page in ("/jurnal/1", "/jurnal", "/jurnal?kind=adjustment"):
        assert "Jurnal penyesuaian" in (await auditor.page(page)).text
    assert "Penyusutan Oktober" not in (await auditor.page("/jurnal?kind=journal")).text
    odd = await treasurer.send("/jurnal/baru", **depreciation, kind="closing")
    assert (odd.status_code, 'id="kind-error"' in odd.text) == (422, True)
    assert await books.last_number() == 1


async def test_a_source_with_a_name_is_refused_beside_its_field(treasurer, books):
    refused = await treasurer.send("/jurnal/baru", **FOUND, source="Kuitansi Bu Siti")
    assert refused.status_code == 422
    assert 'id="source-error"' in refused.text
    assert "Nama orang tidak ditulis di sini" in refused.text
    assert 'value="Kuitansi Bu Siti"' in refused.text
    assert await books.last_number() == 0


async def test_the_journal_as_it_was_recorded(treasurer, auditor, books):
    for day in (1, 2, 3):
        await books.post(("1101", 500), ("4201", -500), day=date(2026, 11, day))
    await books.reverse(1)
    then = (await auditor.page("/jurnal?known_at=2")).text
    assert re.findall(r'class="line" href="/jurnal/(\d+)"', then) == ["2", "1"]
    assert f"sampai jurnal nomor 2, segel {(await books.entry(2)).hash.hex()[:12]}" in then
    assert "Dibatalkan" not in then
    assert '<details class="clock" open>' in then
    now = (await auditor.page("/jurnal")).text
    assert "Dibatalkan" in now
    assert '<details class="clock">' in now
    odd = await auditor.page("/jurnal?known_at=kemarin")
    assert (odd.status_code, 'id="known_at-error"' in odd.text) == (200, True)
