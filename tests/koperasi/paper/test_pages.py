"""Paper through the whole service: slips, kuitansi, cards, and a passbook that goes on where it ended."""

from __future__ import annotations

import re
from datetime import date
from uuid import uuid4

import pytest
import pytest_asyncio

from koperasi.permissions import Role
from koperasi.savings import service as savings


class Browser:
    def __init__(self, client, cookie):
        self.client, self.cookie = client, cookie

    async def get(self, path):
        self.client.cookies.clear()
        return await self.client.get(path, headers={"Cookie": self.cookie}, follow_redirects=False)

    async def post(self, path, data, form=None):
        page = await self.get(form or path)
        token = re.search(r'name="_csrf_token" value="([^"]+)"', page.text).group(1)
        csrf = re.search(r"csrf=([^;]+)", page.headers.get("set-cookie", f"csrf={token}")).group(1)
        self.client.cookies.clear()
        headers = {"Cookie": f"{self.cookie}; csrf={csrf}"}
        return await self.client.post(
            path, data={"_csrf_token": token, **data}, headers=headers, follow_redirects=False
        )


@pytest_asyncio.fixture
async def desk(client, own_village, session_of):
    return Browser(client, await session_of(own_village, Role.BENDAHARA))


@pytest_asyncio.fixture(scope="module")
async def account(database, own_village) -> str:
    async with database.reading(own_village.cooperative.book_id) as connection:
        accounts = await savings.accounts_of(connection, own_village.cooperative.book_id, own_village.member.number)
    return next(one.number for one in accounts if one.kind.withdrawable)


async def deposit(client, village, account, amount="100000.00", way="deposits", day=None):
    body = {"amount": {"amount": amount}} | ({"date": day} if day else {})
    client.cookies.clear()
    answer = await client.post(
        f"/api/v1/savings-accounts/{account}/{way}", json=body, headers=village.headers(Role.BENDAHARA, str(uuid4()))
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["number"]


async def test_a_slip_in_two_copies_and_a_kuitansi_with_its_stamp(client, desk, own_village, account):
    small = await deposit(client, own_village, account, "5000000.00")
    large = await deposit(client, own_village, account, "5000001.00")
    slip = await desk.get(f"/bukti/{large}/slip")
    assert slip.text.count("Lima juta satu rupiah") == 2
    assert "Lembar 1: untuk anggota" in slip.text
    assert "Asal uang" not in slip.text
    assert "Meterai" in (await desk.get(f"/bukti/{large}/kuitansi")).text
    kuitansi = (await desk.get(f"/bukti/{small}/kuitansi")).text
    assert "Meterai" not in kuitansi
    assert "Lima juta rupiah" in kuitansi
    assert "Sudah terima dari" in kuitansi
    for path in (f"/bukti/{large}/slip", f"/bukti/{large}/kuitansi"):
        made = await desk.get(path + "?pdf=1")
        assert made.headers["content-type"] == "application/pdf"
        assert made.content.startswith(b"%PDF-")
    assert f"/bukti/{large}/slip" in (await desk.get(f"/bukti/{large}")).text
    assert (await desk.get("/bukti/2026-999999/slip")).status_code == 404


async def test_the_kuitansi_of_a_withdrawal_is_signed_by_the_member_and_a_reversal_has_none(
    client, desk, own_village, account
):
    paid = await deposit(client, own_village, account, "25000.00", "withdrawals")
    text = (await desk.get(f"/bukti/{paid}/kuitansi")).text
    assert re.search(r"Sudah terima dari</dt><dd>KSPPS BMT Uji Coba", text)
    assert re.search(rf"Yang menerima<b>{own_village.member.name}", text)
    client.cookies.clear()
    undone = await client.post(
        f"/api/v1/journal-entries/{int(paid[5:])}/reversals",
        json={"reason": "keliru"}, headers=own_village.headers(Role.BENDAHARA, str(uuid4())),
    )  # fmt: skip
    number = undone.json()["number"]
    assert (await desk.get(f"/bukti/{number}/kuitansi")).status_code == 404
    slip = await desk.get(f"/bukti/{number}/slip")
    assert "Membatalkan bukti" in slip.text
    again = await desk.get(f"/bukti/{paid}/kuitansi")
    assert "Dibatalkan oleh bukti" in again.text


async def test_the_passbook_goes_on_where_it_ended(client, desk, own_village, account):
    where = f"/simpanan/{account}/buku"
    first = await desk.get(where)
    count = int(re.search(r"(\d+) baris belum tercetak", first.text).group(1))
    printed = await desk.post(where, {"page": "1", "row": "1", "seen": "0"})
    assert printed.status_code == 303, printed.text
    sheet = await desk.get(printed.headers["location"])
    assert sheet.text.count("pb-balance") == count
    assert "style=" not in sheet.text
    css = await desk.get(re.search(r'href="(/cetak/buku/\d+)"', sheet.text).group(1))
    assert css.headers["content-type"].startswith("text/css")
    assert ".pb-row-26 {" in css.text
    assert "Semua baris sudah tercetak" in (await desk.get(where)).text
    stale = await desk.post(where, {"page": "1", "row": "1", "seen": "0"})
    assert stale.status_code == 422
    # Money dated earlier comes after what is printed: the balance of each line is that right after it was recorded.
    await deposit(client, own_village, account, "1000.00", day=date(2026, 1, 2).isoformat())
    page = await desk.get(where)
    assert "1 baris belum tercetak" in page.text
    assert f'name="row" required aria-required="true" value="{count + 1}"' in page.text
    again = await desk.post(where, {"page": "1", "row": str(count + 1), "seen": "1"})
    assert "02/01/2026" in (await desk.get(again.headers["location"])).text
    made = await desk.get(again.headers["location"] + "?pdf=1")
    assert made.content.startswith(b"%PDF-")


async def test_a_new_book_gets_all_lines_again_and_goes_on_there(client, desk, own_village, account):
    where = f"/simpanan/{account}/buku"
    everything = await desk.post(where + "/ulang", {"from_line": "1", "at_page": "1", "at_row": "1"}, where)
    assert everything.status_code == 303, everything.text
    count = (await desk.get(everything.headers["location"])).text.count("pb-balance")
    part = await desk.post(where + "/ulang", {"from_line": "2", "at_page": "1", "at_row": "2"}, where)
    assert (await desk.get(part.headers["location"])).text.count("pb-balance") == count - 1
    await deposit(client, own_village, account, "2000.00")
    assert f'name="row" required aria-required="true" value="{count + 1}"' in (await desk.get(where)).text
    wrong = await desk.post(where + "/ulang", {"from_line": "1", "at_page": "1", "at_row": "27"}, where)
    assert wrong.status_code == 422
    assert "Baris 1 sampai 26." in wrong.text
    assert (await desk.get(where + "/99")).status_code == 404


async def test_cover_and_cards(desk, own_village, account):
    cover = await desk.get(f"/simpanan/{account}/buku/sampul")
    assert own_village.member.name in cover.text
    card = await desk.get(f"/anggota/{own_village.member.number}/kartu")
    assert own_village.member.number in card.text
    table = await desk.get(f"/anggota/{own_village.member.number}/kartu-simpanan?tahun=2026")
    assert "Saldo pindahan" in table.text
    for path in (
        f"/simpanan/{account}/buku/sampul?pdf=1",
        f"/anggota/{own_village.member.number}/kartu?pdf=1",
        f"/anggota/{own_village.member.number}/kartu-simpanan?tahun=2026&pdf=1",
    ):
        assert (await desk.get(path)).content.startswith(b"%PDF-")
    assert (await desk.get(f"/anggota/{own_village.member.number}/kartu-simpanan?tahun=x")).status_code == 422


async def test_the_layout_is_set_and_used_by_the_next_printing_only(client, desk, own_village, account):
    page = await desk.get("/cetak/tata-letak")
    typed = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', page.text))
    typed.pop("_csrf_token")
    bad = await desk.post("/cetak/tata-letak", typed | {"lines": "70", "width": "x"})
    assert bad.status_code == 422
    over = await desk.post("/cetak/tata-letak/contoh", typed | {"code_at": "20"}, "/cetak/tata-letak")
    assert over.status_code == 422
    assert "Menimpa kolom tanggal" in over.text
    trial = await desk.post("/cetak/tata-letak/contoh", typed | {"top": "26,5"}, "/cetak/tata-letak")
    assert trial.content.startswith(b"%PDF-")
    assert 'value="26,5"' not in (await desk.get("/cetak/tata-letak")).text
    saved = await desk.post("/cetak/tata-letak", typed | {"lines": "10", "fold_after": "5", "top": "31,5"})
    assert saved.status_code == 303, saved.text
    assert ".pb-row-11" not in (await desk.get("/cetak/buku/1")).text
    assert ".pb-row-26" in (await desk.get("/cetak/buku/0")).text
    assert (await desk.get("/cetak/buku/99")).status_code == 404
    assert "/cetak/buku/0" in (await desk.get(f"/simpanan/{account}/buku/1")).text


@pytest.mark.parametrize("path", ["/bukti/2026-000001/slip", "/cetak/tata-letak", "/cetak/bilyet/310000017"])
async def test_members_print_nothing_of_this(client, own_village, session_of, path):
    phone = Browser(client, await session_of(own_village, Role.ANGGOTA))
    assert (await phone.get(path)).status_code == 404
