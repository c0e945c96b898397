"""The pages of groups, as a browser without scripts uses them."""

from __future__ import annotations

from html import unescape

import pytest

from koperasi.access import service as access
from koperasi.permissions import Role

MELATI = {"name": "Kelompok Melati", "village": "Sumberagung", "sector": "C", "founded_on": "2024-03-01"}


async def test_from_the_empty_list_to_a_card(treasurer):
    assert "Daftarkan kelompok pertama" in (await treasurer.page("/kelompok")).text
    sent = await treasurer.send("/kelompok/baru", **MELATI, ketua=treasurer.members[0])
    assert (sent.status_code, sent.headers["location"]) == (303, "/kelompok/K0001?selesai=terdaftar")
    card = (await treasurer.page(sent.headers["location"])).text
    for shown in ("Kelompok Melati", "Kelompok terdaftar", "Sutinah", "PMI aktif", "Industri pengolahan", "Rp0"):
        assert shown in card
    assert 'href="/buku-besar/' in card
    assert "Kelompok Melati" in (await treasurer.page("/kelompok")).text


async def test_the_same_form_twice_registers_once(treasurer):
    key = "8d0f3f0e-1c5c-4a7e-9c53-0f5a0a1f6a11"
    sent = [await treasurer.send("/kelompok/baru", **MELATI, key=key) for _ in range(2)]
    assert [one.headers.get("location") for one in sent] == ["/kelompok/K0001?selesai=terdaftar"] * 2
    other = await treasurer.send("/kelompok/baru", **{**MELATI, "name": "Kelompok Mawar"}, key=key)
    assert other.status_code == 422
    assert key not in other.text


async def test_a_refused_form_keeps_what_was_typed(treasurer):
    sent = await treasurer.send("/kelompok/baru", **{**MELATI, "name": "<>", "founded_on": "2026-11-26"}, ketua="99999")
    assert sent.status_code == 422
    for shown in (
        'value="&lt;&gt;"',
        "Tanggal berdiri belum tiba.",
        "Anggota dengan nomor ini tidak ada.",
        'id="name-error"',
    ):
        assert shown in sent.text
    empty = await treasurer.send("/kelompok/baru")
    assert (empty.status_code, empty.text.count('aria-invalid="true"')) == (422, 4)
    await treasurer.send("/kelompok/baru", **MELATI)
    again = await treasurer.send("/kelompok/baru", **MELATI)
    assert (again.status_code, "Sudah ada kelompok dengan nama ini" in again.text) == (409, True)


async def test_add_by_number_or_by_name(treasurer):
    await treasurer.send("/kelompok/baru", **MELATI)
    path = "/kelompok/K0001/anggota/tambah"
    sent = await treasurer.send(path, member=treasurer.members[1], role="ketua")
    assert (sent.status_code, sent.headers["location"]) == (303, "/kelompok/K0001?selesai=masuk")
    assert (await treasurer.send(path, member="fauzi", role="anggota")).status_code == 303
    several = await treasurer.send(path, member="Sutinah", role="sekretaris")
    assert several.status_code == 422
    link = f"{path}?anggota={treasurer.members[3]}&jabatan=sekretaris"
    assert link in unescape(several.text)
    filled = (await treasurer.page(link)).text
    assert f'value="{treasurer.members[3]}"' in filled
    assert 'value="sekretaris" checked' in filled
    for member, role, status, words in (
        ("nobody", "anggota", 422, "Anggota dengan nomor ini tidak ada."),
        (treasurer.members[4], "anggota", 422, "Hanya anggota aktif"),
        (treasurer.members[1], "anggota", 422, "Anggota ini sudah ada di kelompok."),
        (treasurer.members[3], "ketua", 422, "Jabatan ini masih dipegang"),
        (treasurer.members[3], "raja", 422, "Pilih salah satu"),
        ("", "anggota", 422, "Isian ini perlu diisi."),
    ):
        refused = await treasurer.send(path, member=member, role=role)
        assert (refused.status_code, words in refused.text) == (status, True), (member, role)


async def test_removing_shows_first_what_it_means(treasurer):
    await treasurer.send("/kelompok/baru", **MELATI, ketua=treasurer.members[0])
    path = f"/kelompok/K0001/anggota/{treasurer.members[0]}/keluarkan"
    assert path in (await treasurer.page("/kelompok/K0001")).text
    shown = (await treasurer.page(path)).text
    assert "Jabatan Ketua menjadi kosong" in shown
    sent = await treasurer.send(path)
    assert (sent.status_code, sent.headers["location"]) == (303, "/kelompok/K0001?selesai=keluar")
    assert "Pernah menjadi anggota" in (await treasurer.page("/kelompok/K0001")).text
    assert (await treasurer.page(path)).status_code == 404


async def test_change_and_dissolve(treasurer):
    await treasurer.send("/kelompok/baru", **MELATI)
    path = "/kelompok/K0001/ubah"
    changed = {"name": "Kelompok Mawar", "village": "Sumberejo", "sector": "G", "status": "aktif"}
    assert (await treasurer.send(path, **changed)).headers["location"] == "/kelompok/K0001?selesai=diubah"
    assert 'value="Kelompok Mawar"' in (await treasurer.page(path)).text
    unsure = await treasurer.send(path, **{**changed, "status": "bubar"})
    assert (unsure.status_code, "tidak dapat ditarik kembali" in unsure.text) == (422, True)
    assert (await treasurer.send(path, **{**changed, "status": "bubar"}, sure="1")).status_code == 303
    assert path not in (await treasurer.page("/kelompok/K0001")).text
    assert "sudah bubar" in (await treasurer.send(path, **changed)).text


async def test_filters_and_pages(treasurer):
    for number in range(51):
        body = {"name": f"Kelompok {number:02} Maju", "village": "Suka" if number else "Jaya", "sector": "A"}
        assert (await treasurer.api("POST", "/groups", body)).status_code == 201
    first = unescape((await treasurer.page("/kelompok?q=maju")).text)
    assert ("Kelompok 49 Maju" in first, "Kelompok 50 Maju" in first) == (True, False)
    following = first.partition('rel="next" href="')[2].partition('"')[0]
    assert following.startswith("/kelompok?q=maju&sesudah=")
    assert "Kelompok 50 Maju" in (await treasurer.page(following)).text
    village = (await treasurer.page("/kelompok?desa=Jaya&bidang=A&status=aktif&anggota=")).text
    assert ("Kelompok 00 Maju" in village, "Kelompok 01 Maju" in village) == (True, False)
    assert "Tidak ada kelompok yang cocok" in (await treasurer.page("/kelompok?bidang=C")).text
    assert (await treasurer.page("/kelompok?bidang=%00&q=%00")).status_code == 200
    assert (await treasurer.page("/kelompok?sesudah=x")).status_code == 400


async def test_looking_up_a_member(treasurer):
    found = (await treasurer.page("/kelompok/cari-anggota?q=sutinah")).text
    assert found.count('role="option"') == 2
    assert "<html" not in found
    assert 'role="option"' not in (await treasurer.page("/kelompok/cari-anggota?q=%00")).text


async def test_who_may(treasurer, staff):
    await treasurer.send("/kelompok/baru", **MELATI, ketua=treasurer.members[0])
    teller = await staff(Role.KASIR)
    assert "/kelompok/baru" not in (await teller.page("/kelompok")).text
    card = (await teller.page("/kelompok/K0001")).text
    assert ("keluarkan" in card, "/buku-besar/" in card) == (False, False)
    for path in (
        "/kelompok/baru",
        "/kelompok/K0001/ubah",
        "/kelompok/K0001/anggota/tambah",
        "/kelompok/cari-anggota?q=su",
    ):
        assert (await teller.page(path)).status_code == 403, path


@pytest.mark.parametrize("path", ["/kelompok/K0009", "/kelompok/%00", "/kelompok/K0001/anggota/%00/keluarkan"])
async def test_what_is_not_there(treasurer, path):
    await treasurer.send("/kelompok/baru", **MELATI)
    assert (await treasurer.page(path)).status_code == 404


async def test_in_english(treasurer, database, hamlet):
    await treasurer.send("/kelompok/baru", **MELATI, ketua=treasurer.members[0])
    async with database.work(hamlet[0].book_id) as work:
        users = await access.list_users(work.connection, work.book_id)
        await access.set_locale(work.connection, work.book_id, users[0].user_id, "en")
        await work.commit()
    card = (await treasurer.page("/kelompok/K0001")).text
    for shown in ("Group funds", "Manufacturing", "Chair", "Migrant worker abroad"):
        assert shown in card
