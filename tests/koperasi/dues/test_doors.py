from __future__ import annotations

import re
from datetime import date
from html import unescape
from uuid import uuid4

import pytest

from koperasi.dues import service
from koperasi.dues.sheets import Pasted, read_pasted
from koperasi.groups import service as groups
from koperasi.groups.rules import GroupRole
from koperasi.members import service as members
from koperasi.membership.service import Act, Reason, Wish, act_on
from koperasi.permissions import Role
from koperasi.savings import service as savings


@pytest.fixture
async def open_page(client, own_village, session_of):
    """Ask for a page, or send its form, as somebody who is logged in."""
    client.cookies.clear()
    page = await client.get("/masuk", follow_redirects=False)
    csrf = re.search(r"csrf=([^;]+)", page.headers["set-cookie"])[1]

    async def asking(path, role=Role.BENDAHARA, data=None):
        headers = {"Cookie": f"{await session_of(own_village, role)}; csrf={csrf}"}
        if data is None:
            answer = await client.get(path, headers=headers, follow_redirects=False)
        else:
            headers["x-csrftoken"] = csrf
            answer = await client.post(path, headers=headers, data=data, follow_redirects=False)
        return answer.status_code, unescape(answer.text), answer

    return asking


@pytest.fixture
async def group(database, own_village):
    """A group with the village's member in it."""
    book_id = own_village.cooperative.book_id
    async with database.work(book_id) as work:
        new = groups.NewGroup(f"Tani {uuid4().hex[:6]}", "Sukadana", "A", date(2024, 2, 1))
        made, _ = await groups.register(work, own_village.cooperative, new, actor="uji", today=date(2026, 1, 1))
        await groups.add_member(
            work, made.number, own_village.member.number, GroupRole.ANGGOTA, actor="uji", today=date(2024, 2, 1)
        )
        await work.commit()
    return made.number


async def test_a_month_is_billed_from_the_page_and_the_list_says_who_is_late(open_page, own_village):
    number = own_village.member.number
    status, _, answer = await open_page("/iuran/tagih", data={"month": "2024-02"})
    assert (status, answer.headers["location"]) == (303, "/iuran?ditagih=2024-02&anggota=1")
    _, page, _ = await open_page(answer.headers["location"])
    assert "Februari 2024 ditagihkan kepada 1 anggota." in page
    status, _, answer = await open_page("/iuran/tagih", data={"month": "2024-02"})
    _, page, _ = await open_page(answer.headers["location"])
    assert "Semua anggota sudah ditagih untuk Februari 2024." in page
    assert f"/iuran/anggota/{number}" in page
    assert "40.000" in page
    status, page, _ = await open_page("/iuran/tagih", data={"month": "2999-01"})
    assert status == 422
    status, page, answer = await open_page("/iuran/tunggakan.csv")
    assert (status, answer.headers["cache-control"]) == (200, "no-store")
    assert f"{number};Sutinah;2;2024-01;40000,00;100000,00;140000,00" in page
    assert (await open_page("/iuran/tunggakan.csv?bulan=600"))[1].count("\r\n") == 1
    assert (await open_page("/iuran/tagih", Role.KASIR, {"month": "2024-03"}))[0] == 403
    assert (await open_page("/iuran", Role.ANGGOTA))[0] == 403
    for odd in (
        "bulan=0",
        "bulan=xx",
        "kelompok=K9999",
        "kelompok=%00",
        "ditagih=x&anggota=1",
        "ditagih=2024-01&anggota=x",
    ):
        assert (await open_page(f"/iuran?{odd}"))[0] == 200


async def test_what_one_member_pays_is_set_and_a_bill_given_up(open_page, own_village):
    card = f"/iuran/anggota/{own_village.member.number}"
    await open_page("/iuran/tagih", data={"month": "2024-02"})
    status, _, answer = await open_page(f"{card}/ketetapan", data={"amount": "50.000", "valid_from": "2024-05"})
    assert (status, answer.headers["location"]) == (303, f"{card}?selesai=ketetapan")
    _, page, _ = await open_page(answer.headers["location"])
    assert "Mei 2024: " in page
    for wrong in (
        {"amount": "50.000", "valid_from": "2024-05"},
        {"amount": "12,5", "valid_from": "2024-06"},
        {"amount": "abc", "valid_from": "2024-06"},
        {"amount": "50.000", "valid_from": "kapan"},
        {},
    ):
        assert (await open_page(f"{card}/ketetapan", data=wrong))[0] == 422
    status, _, answer = await open_page(f"{card}/hapus", data={"period": "2024-02", "reason": "salah-tagih"})
    assert status == 303
    assert "Salah tagih" in (await open_page(answer.headers["location"]))[1]
    assert (await open_page(f"{card}/hapus", data={"period": "2024-02", "reason": "x"}))[0] == 422
    assert (await open_page(f"{card}/hapus", data={"period": "2023-02", "reason": "dibebaskan"}))[0] == 404
    assert (await open_page("/iuran/anggota/99999"))[0] == 404


async def test_a_sheet_is_filled_checked_and_recorded_once(open_page, own_village, group, database):
    number = own_village.member.number
    status, page, _ = await open_page(f"/iuran/lembar?kelompok={group}")
    assert status == 200
    assert f'name="wajib-{number}"' in page
    sent = {"kelompok": group, "baris": number, "key": str(uuid4()), "date": "2024-06-03", "counted": ""}
    status, page, _ = await open_page("/iuran/lembar", data={**sent, "act": "isi"})
    assert re.search(rf'id="wajib-{number}" value="[1-9]', page)
    sent[f"wajib-{number}"], sent[f"sukarela-{number}"] = "20.000", "15.000"
    status, page, _ = await open_page("/iuran/lembar", data={**sent, "act": "periksa"})
    assert status == 200
    assert "35.000" in page
    status, page, _ = await open_page("/iuran/lembar", data={**sent, "counted": "30.000"})
    assert status == 422
    assert "selisih Rp5.000" in page
    assert 'value="15.000"' in page
    status, page, _ = await open_page("/iuran/lembar", data={**sent, "counted": "x", f"wajib-{number}": "dua puluh"})
    assert status == 422
    status, page, _ = await open_page(
        "/iuran/lembar", data={**sent, "counted": "200.000", f"pokok-{number}": "165.000"}
    )
    assert status == 422
    assert f'id="pokok-{number}-error"' in page
    status, _, answer = await open_page("/iuran/lembar", data={**sent, "counted": "35.000"})
    assert status == 303
    again = await open_page("/iuran/lembar", data={**sent, "counted": "35.000"})
    assert again[2].headers["location"] == answer.headers["location"]
    status, page, _ = await open_page(answer.headers["location"])
    assert "Tiga puluh lima ribu rupiah" in page
    assert page.count("/bukti/") == 2
    assert (await open_page(answer.headers["location"].partition("?")[0], Role.PENGAWAS))[0] == 200
    async with database.reading(own_village.cooperative.book_id) as connection:
        assert len(await service.latest_collections(connection, own_village.cooperative.book_id)) == 1
    assert (await open_page("/iuran/lembar/999"))[0] == 404
    assert (await open_page("/iuran/lembar?kelompok=K9999"))[0] == 404
    assert (await open_page("/iuran/lembar", Role.PENGAWAS))[0] == 403


async def test_a_list_is_pasted_and_members_are_added(open_page, own_village):
    number = own_village.member.number
    pasted = f"No\tWajib\tSukarela\n{int(number)}\t20.000\t5.000"
    status, page, _ = await open_page("/iuran/lembar", data={"act": "tempel", "daftar": pasted})
    assert status == 200
    assert re.search(rf'id="wajib-{number}" value="20.000"', page)
    assert re.search(r'name="date"[^>]* value="20[0-9-]{8}"', page)
    status, page, _ = await open_page("/iuran/lembar", data={"act": "tempel", "daftar": f"{number}\n99999"})
    assert (status, "Nomor ini tidak ada di daftar anggota: 99999." in page) == (422, True)
    for nothing in ("", "\n\n", "nama saja tanpa angka 1"):
        assert (await open_page("/iuran/lembar", data={"act": "tempel", "daftar": nothing}))[0] == 422
    status, page, _ = await open_page("/iuran/lembar", data={"act": "tambah", "tambah": number, "baris": ""})
    assert (status, f'name="wajib-{number}"' in page) == (200, True)
    assert (await open_page("/iuran/lembar", data={}))[0] == 422
    assert (await open_page("/iuran/lembar", data={"baris": "\x00,9" * 600, "act": "periksa"}))[0] == 422


async def test_an_envelope_is_counted_by_denominations(open_page, own_village, group):
    number = own_village.member.number
    sent = {"kelompok": group, "baris": number, "key": str(uuid4()), "date": "2024-06-03", "counted": ""}
    sent[f"sukarela-{number}"] = "35.000"
    status, page, _ = await open_page("/iuran/lembar", data={**sent, "act": "periksa", "d10000": "3"})
    assert (status, 'id="counted" name="counted" required aria-required="true" value="30.000"' in page) == (200, True)
    status, page, _ = await open_page("/iuran/lembar", data={**sent, "d10000": "3"})
    assert (status, "selisih Rp5.000" in page) == (422, True)
    for wrong in ({"d10000": "-1"}, {"d10000": "x"}, {"d10000": "3", "other": "5.000,50"}):
        status, page, _ = await open_page("/iuran/lembar", data={**sent, **wrong})
        assert (status, 'aria-invalid="true"' in page) == (422, True)
    status, _, answer = await open_page("/iuran/lembar", data={**sent, "d10000": "3", "d5000": "1"})
    assert status == 303
    again = await open_page("/iuran/lembar", data={**sent, "d10000": "3", "d5000": "1"})
    assert again[2].headers["location"] == answer.headers["location"]
    page = (await open_page(answer.headers["location"]))[1]
    assert ("Hitungan uang" in page, "Rp10.000" in page) == (True, True)


def test_lists_are_read_as_spreadsheets_write_them():
    text = "Nomor;Nama;Wajib\n12;Siti;20.000;5000\n\n00013 | Budi | 20000\n7\nx9\t1\n14;1.5;2"
    read, unread = read_pasted(text)
    assert read == [
        Pasted("00012", "20.000", "5000"), Pasted("00013", "20000", ""), Pasted("00007", "", ""), Pasted("00014", "2", ""),
    ]  # fmt: skip
    assert unread == ["x9\t1"]


async def test_over_rest(client, own_village):
    number, bendahara = own_village.member.number, own_village.headers(Role.BENDAHARA)
    answer = await client.post("/api/v1/dues/2024-03", headers=bendahara)
    assert (answer.status_code, answer.json()["members"]) == (200, 1)
    assert (await client.post("/api/v1/dues/2024-03", headers=bendahara)).json()["members"] == 0
    assert (await client.post("/api/v1/dues/2099-03", headers=bendahara)).status_code == 422
    late = (await client.get("/api/v1/dues?limit=1", headers=bendahara)).json()
    assert (late["members"], late["items"][0]["member"], late["next_cursor"]) == (1, number, None)
    body = {"rows": [{"member": number, "wajib": {"amount": "20000.00"}, "voluntary": {"amount": "5000.00"}}],
            "counted": {"amount": "25000.00"}, "label": "PT Maju"}  # fmt: skip
    headers = own_village.headers(Role.KASIR, uuid4().hex)
    made = await client.post("/api/v1/collections", headers=headers, json=body)
    assert made.status_code == 201, made.text
    assert made.json()["total"]["amount"] == "25000.00"
    assert [line["kind"] for line in made.json()["lines"]] == ["wajib", "wadiah"]
    again = await client.post("/api/v1/collections", headers=headers, json=body)
    assert (again.json(), again.headers["idempotency-replayed"]) == (made.json(), "true")
    body["counted"] = {"amount": "1.00"}
    refused = await client.post("/api/v1/collections", headers=own_village.headers(Role.KASIR, uuid4().hex), json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "collection-count")


async def test_the_page_of_who_left_asks_for_nothing(open_page, own_village, database):
    async with database.work(own_village.cooperative.book_id) as work:
        gone, _ = await members.register(
            work, members.NewMember(name="Darto", joined_on=date(2024, 1, 5)), actor="bendahara"
        )
        await savings.welcome(work, own_village.cooperative, gone, actor="bendahara")
        await work.commit()
    card = f"/iuran/anggota/{gone.number}"
    _, page, _ = await open_page(card)
    assert ("/transaksi?template=s" in page, "Tetapkan jumlah lain" in page, "sudah berakhir" in page) == (
        True, True, False,
    )  # fmt: skip
    assert page.count('class="button primary"') == 1
    async with database.work(own_village.cooperative.book_id) as work:
        died = Wish(Act.DECEASED, date(2026, 1, 2), Reason.DEATH_CERTIFICATE, "AK 1/2026")
        await act_on(work, own_village.cooperative, gone.number, died, actor="bendahara", today=date(2026, 1, 3))
        await work.commit()
    _, page, _ = await open_page(card)
    assert "Keanggotaan ini sudah berakhir" in page
    for words in ("/transaksi?template=s", "Tetapkan jumlah lain", "Tunggakan", "Belum lunas", "button primary"):
        assert words not in page, words
