from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
from litestar.testing import AsyncTestClient

from koperasi.members import service as members
from koperasi.permissions import Role
from koperasi.savings import service


class Browser:
    """A session, and the forms it sends."""

    def __init__(self, client: AsyncTestClient) -> None:
        self.client = client

    async def get(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path, follow_redirects=False)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        return unescape(answer.text)

    async def send(self, path: str, page: str, **fields: str):
        """Send the form that stands on a page: its hidden fields and date, and what is typed."""
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        if date := re.search(r'name="date"[^>]*value="([^"]*)"', page):
            hidden["date"] = date[1]
        return await self.client.post(path, data={**hidden, **fields}, follow_redirects=False)


@pytest.fixture
def browser(client, village):
    """Log in as a role."""

    async def logged_in(role: Role, password: str | None = None, username: str | None = None) -> Browser:
        own = AsyncTestClient(client.app, raise_server_exceptions=False)
        own.blocking_portal = client.blocking_portal
        going = Browser(own)
        answer = await going.send(
            "/masuk",
            await going.get("/masuk"),
            cooperative=village.cooperative.code,
            username=username or village.usernames[role],
            password=password or village.passwords[role],
        )
        assert answer.status_code == 303, answer.text
        return going

    return logged_in


@pytest.fixture
def joined(database, village):
    """A new member with their accounts, by kind."""

    async def joining(name: str, phone: str | None = None) -> dict[str, str]:
        book_id = village.cooperative.book_id
        async with database.work(book_id) as work:
            today = village.cooperative.today(datetime.now(UTC))
            new = members.NewMember(name=name, joined_on=today - timedelta(days=40), phone=phone)
            member, _ = await members.register(work, new, actor="uji")
            opened = await service.welcome(work, village.cooperative, member, actor="uji")
            await work.commit()
        return {"member": member.number} | {one.kind.value: one.number for one in opened}

    return joining


def number_in(answer) -> str:
    assert answer.status_code == 303, answer.text[:3000]
    found = re.fullmatch(r"/bukti/(\d{4}-\d{6})\?baru=1", answer.headers["location"])
    assert found, answer.headers["location"]
    return found[1]


async def test_a_deposit_by_search_form_and_receipt(browser, joined):
    mine = await joined("Wahyuningtyas", phone="081234567890")
    teller = await browser(Role.KASIR)
    assert mine["member"] in await teller.get("/transaksi/cari?q=wahyuning")
    assert mine["member"] in await teller.get("/transaksi/cari?q=wahyuningtyas")
    page = await teller.get(f"/transaksi?template=s&anggota={int(mine['member'])}")
    assert "Wahyuningtyas" in page
    assert f'name="rekening" value="{mine["wadiah"]}"' in page
    assert "Simpanan pokok" in page
    assert "Rp100.000" in page
    assert 'id="amount" name="amount" required aria-required="true" aria-describedby="amount-echo" value=""' in page
    answer = await teller.send("/transaksi", page, amount="1.250.000")
    number = number_in(answer)
    again = await teller.send("/transaksi", page, amount="1.250.000")
    assert number_in(again) == number
    receipt = await teller.get(answer.headers["location"])
    for text in (number, "Bukti setoran", "Diterima dari", "Wahyuningtyas", "Rp1.250.000", "Tercatat.",
                 "Satu juta dua ratus lima puluh ribu rupiah", f"22••••{mine['wadiah'][-3:]}"):  # fmt: skip
        assert text in receipt
    assert mine["wadiah"] not in receipt
    assert "https://wa.me/6281234567890?text=" in receipt
    assert "Batalkan bukti ini" not in receipt
    account = await teller.get(f"/simpanan/{mine['wadiah']}")
    assert "1.250.000" in account
    assert number in account
    desk = await teller.get("/meja")
    assert number in desk
    assert "Wahyuningtyas" in desk


async def test_the_message_tells_the_balance_only_when_asked(browser, joined):
    mine = await joined("Kartini")
    teller = await browser(Role.KASIR)
    page = await teller.get(f"/transaksi?template=s&anggota={mine['member']}")
    await teller.send("/transaksi", page, amount="70.000")
    page = await teller.get(f"/transaksi?template=s&anggota={mine['member']}")
    number = number_in(await teller.send("/transaksi", page, amount="5.000"))
    plain, told = await teller.get(f"/bukti/{number}"), await teller.get(f"/bukti/{number}?saldo=1")
    assert "Rp75.000" not in message_of(plain)
    assert "Rp75.000" in message_of(told)
    assert "/cek/" in message_of(plain)
    assert number in message_of(plain)


def message_of(page: str) -> str:
    from urllib.parse import unquote

    found = re.search(r'https://wa\.me/\d*\?text=([^"]+)', page)
    assert found
    return unquote(found[1])


async def test_a_refusal_keeps_what_was_typed_under_a_fresh_key(browser, joined):
    mine = await joined("Sulastri")
    teller = await browser(Role.KASIR)
    page = await teller.get(f"/transaksi?template=t&anggota={mine['member']}")
    answer = await teller.send("/transaksi", page, amount="50.000")
    assert answer.status_code == 422
    refused = unescape(answer.text)
    assert "Saldo yang dapat ditarik Rp0." in refused
    assert 'value="50.000"' in refused
    key = re.compile(r'name="key" value="([^"]+)"')
    assert key.search(page)[1] != key.search(refused)[1]
    wrong = await teller.send("/transaksi", page, amount="1,250.00")
    assert wrong.status_code == 422
    assert 'value="1,250.00"' in unescape(wrong.text)
    future = await teller.send("/transaksi", page, amount="1.000", date="2099-01-01")
    assert future.status_code == 422
    assert 'id="date-error"' in future.text
    empty = await teller.client.post(
        "/transaksi", data={"_csrf_token": re.search(r'_csrf_token" value="([^"]+)', page)[1]}
    )
    assert empty.status_code == 422


async def test_the_same_form_with_other_contents_posts_nothing(browser, joined):
    mine = await joined("Tukinem")
    teller = await browser(Role.KASIR)
    page = await teller.get(f"/transaksi?template=s&anggota={mine['member']}")
    number_in(await teller.send("/transaksi", page, amount="5.000"))
    other = await teller.send("/transaksi", page, amount="6.000")
    assert other.status_code == 422
    assert "sudah pernah dikirim" in other.text
    assert "Rp5.000" in other.text


async def test_a_transfer_goes_to_an_own_account(browser, joined):
    mine, other = await joined("Paijem"), await joined("Ngatini")
    teller = await browser(Role.KASIR)
    page = await teller.get(f"/transaksi?template=s&anggota={mine['wadiah']}")
    number_in(await teller.send("/transaksi", page, amount="50.000"))
    page = await teller.get(f"/transaksi?template=p&anggota={mine['member']}")
    assert f'<option value="{mine["wajib"]}"' in page
    assert other["wajib"] not in page
    strangers = await teller.send("/transaksi", page, amount="20.000", target=other["wajib"])
    assert strangers.status_code == 422
    assert 'id="target-error"' in strangers.text
    number = number_in(await teller.send("/transaksi", page, amount="20.000", target=mine["wajib"]))
    assert "Bukti pindah buku" in await teller.get(f"/bukti/{number}")


async def test_who_is_found_and_who_is_not(browser, joined):
    await joined("Kembar Sejati"), await joined("Kembar Lain")
    teller = await browser(Role.KASIR)
    both = await teller.get("/transaksi?template=s&anggota=kembar", status=422)
    assert "Kembar Sejati" in both
    assert "Kembar Lain" in both
    assert "Pilih anggotanya." in both
    nobody = await teller.get("/transaksi?template=t&anggota=%00zzz", status=422)
    assert "Anggota tidak ditemukan." in nobody
    assert "Setoran" in await teller.get("/transaksi")
    assert "Setoran" in await teller.get("/transaksi?template=%F0%9F%90%94&tanggal=x")


async def test_an_amount_in_words(browser):
    teller = await browser(Role.KASIR)
    assert await teller.get("/kata?amount=1.001.000") == "Satu juta seribu rupiah"
    for bad in ("", "x", "1,5.0", "9" * 30):
        assert await teller.get(f"/kata?amount={bad}") == ""


async def test_cancelling_shows_the_effect_and_links_both_ways(browser, joined):
    mine = await joined("Rukmini")
    treasurer = await browser(Role.BENDAHARA)
    page = await treasurer.get(f"/transaksi?template=s&anggota={mine['member']}")
    number = number_in(await treasurer.send("/transaksi", page, amount="87.500"))
    assert "Batalkan bukti ini" in await treasurer.get(f"/bukti/{number}")
    page = await treasurer.get(f"/bukti/{number}/batal")
    assert "87.500" in page
    assert mine["wadiah"] in page
    blank = await treasurer.send(f"/bukti/{number}/batal", page, reason="  ")
    assert blank.status_code == 422
    undone = number_in(await treasurer.send(f"/bukti/{number}/batal", page, reason="salah jumlah"))
    assert undone != number
    assert f"Dibatalkan oleh bukti {int(undone[5:])}" in await treasurer.get(f"/bukti/{number}")
    reversal = await treasurer.get(f"/bukti/{undone}")
    assert f"Membatalkan bukti {int(number[5:])}" in reversal
    assert "salah jumlah" in reversal
    assert "sudah dibatalkan" in await treasurer.get(f"/bukti/{number}/batal")
    fresh = {"reason": "lagi", "key": str(uuid4())}
    late = await treasurer.send(f"/bukti/{number}/batal", page, **fresh)
    assert (late.status_code, late.headers["location"]) == (303, f"/bukti/{number}")
    assert "Rp0" in await treasurer.get(f"/simpanan/{mine['wadiah']}")
    teller = await browser(Role.KASIR)
    await teller.get(f"/bukti/{number}/batal", status=403)


async def test_statement_pages_and_dates(browser, joined):
    mine = await joined("Sumarni")
    teller = await browser(Role.KASIR)
    assert "Belum ada transaksi" in await teller.get(f"/simpanan/{mine['wadiah']}")
    page = await teller.get(f"/transaksi?template=s&anggota={mine['member']}")
    number_in(await teller.send("/transaksi", page, amount="11.000"))
    await teller.get(f"/simpanan/{mine['wadiah']}?dari=2026-02-01&sampai=2026-01-01", status=422)
    await teller.get(f"/simpanan/{mine['wadiah']}?dari=kemarin", status=422)
    await teller.get(f"/simpanan/{mine['wadiah']}?sesudah=xx", status=400)
    await teller.get("/simpanan/999999999", status=404)
    await teller.get("/bukti/0", status=404)
    await teller.get("/bukti/2026-99999999", status=404)


async def test_a_long_statement_goes_on(browser, joined, database, poster, village):
    from koperasi.posting import Idempotency

    mine = await joined("Mak Inah")
    for _ in range(53):
        await service.deposit(
            database, poster, village.cooperative, account_number=mine["wadiah"], amount_minor=100_000,
            effective_date=None, actor="bendahara", idempotency=Idempotency.of("uji", uuid4().hex),
        )  # fmt: skip
    reader = await browser(Role.PENGAWAS)
    first = await reader.get(f"/simpanan/{mine['wadiah']}")
    assert "Saldo dipindahkan" in first
    assert "50.000" in first
    second = await reader.get(re.search(r'rel="next" href="([^"]+)"', first)[1])
    assert "Saldo pindahan" in second
    assert "53.000" in second
    assert "Saldo akhir" in second
