"""The pages of imports, as a browser without scripts uses them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest_asyncio

from koperasi.access import service as access
from koperasi.access import service_tokens as tokens
from koperasi.imports import service
from koperasi.permissions import Identity, Role

MEMBERS = "Nama;NIK;Tanggal Daftar\nSutinah;5202014107800001;2024-01-02\nAhmad Fauzi;5202010207800002;2024-01-15\n"
SAVINGS = (
    "NIK;Nama;Simpanan Pokok;Simpanan Wajib;Tanggal\n"
    "5202014107800001;Sutinah;100.000;240.000;2025-12-31\n"
    "5202010207800002;Ahmad Fauzi;100.000;220.000;2025-12-31\n"
)


class Browser:
    """A treasurer at the pages."""

    def __init__(self, client, cookies: dict[str, str]) -> None:
        self.client = client
        self.cookies = cookies

    def _headers(self, **more: str) -> dict[str, str]:
        return {"cookie": "; ".join(f"{name}={value}" for name, value in {**self.cookies, **more}.items())}

    async def page(self, path: str):
        return await self.client.get(path, headers=self._headers(), follow_redirects=False)

    async def send(self, path: str, *, at: str = "", files=None, **fields):
        shown = await self.page(at or path)
        token = re.search(r'name="_csrf_token" value="([^"]*)"', shown.text)[1]
        return await self.client.post(
            path,
            data={"_csrf_token": token, **fields},
            files=files,
            headers=self._headers(csrf=token),
            follow_redirects=False,
        )

    async def upload(self, kind: str, content: str | bytes, **fields) -> str:
        answer = await self.send("/impor", files={"file": ("berkas.csv", content, "text/csv")}, kind=kind, **fields)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


@pytest_asyncio.fixture
async def browser(client, database, cooperative) -> Browser:
    from koperasi.access.pages import session_cookie_name

    async with database.work(cooperative.book_id) as work:
        user_id = await access.create_user(
            work.connection,
            work.book_id,
            username="bendahara",
            name="Dewi",
            role=Role.BENDAHARA,
            password="cukup panjang 7",
        )
        identity = Identity(work.book_id, user_id, "bendahara", "Dewi", Role.BENDAHARA)
        cookie = await tokens.open_session(work.connection, identity, address="192.0.2.1", now=datetime.now(UTC))
        await work.commit()
    return Browser(client, {session_cookie_name(client.app.state.settings): cookie})


async def test_from_the_empty_list_to_the_book_and_back(browser):
    assert "Belum ada impor." in (await browser.page("/impor")).text
    where = await browser.upload("members", MEMBERS)
    shown = (await browser.page(where)).text
    for text in ("Sutinah", "520201******0001", "Catat", "Kolom yang dibaca"):
        assert text in shown
    assert "5202014107800001" not in shown
    posted = await browser.send(f"{where}/catat", at=where)
    assert (posted.status_code, posted.headers["location"]) == (303, where)
    assert "Anggota didaftarkan" in (await browser.page(where)).text
    where = await browser.upload("opening_savings", SAVINGS)
    shown = (await browser.page(where)).text
    assert "Selisih saldo awal belum nol:" in shown
    assert "Neraca saldo awal belum diimpor." in shown
    assert "Rp660.000" in shown
    await browser.send(f"{where}/catat", at=where)
    done = (await browser.page(where)).text
    assert 'href="/jurnal/1"' in done
    assert 'href="/jurnal/4"' in done
    empty = await browser.send(f"{where}/batal", at=where, reason="")
    assert (empty.status_code, 'id="reason-error"' in empty.text) == (422, True)
    undone = await browser.send(f"{where}/batal", at=where, reason="File lama")
    assert undone.status_code == 303
    shown = (await browser.page(where)).text
    assert 'href="/jurnal/5"' in shown
    assert "Dibatalkan" in (await browser.page("/impor")).text


async def test_wrong_rows_stand_first_and_can_be_excluded(browser):
    where = await browser.upload("members", MEMBERS + "Tini;52020;2024-01-02\n")
    shown = (await browser.page(where)).text
    assert shown.index("Tini") < shown.index("Sutinah")
    assert "/catat" not in shown
    early = await browser.client.post(
        f"{where}/catat",
        data={"_csrf_token": (token := re.search(r'name="_csrf_token" value="([^"]*)"', shown)[1])},
        headers=browser._headers(csrf=token),
        follow_redirects=False,
    )
    assert early.status_code == 422
    assert "Belum dapat dicatat" in early.text
    await browser.send(f"{where}/jawab", at=where, keluar=["4"])
    shown = (await browser.page(where)).text
    assert "/catat" in shown
    assert 'value="4" checked' in shown
    await browser.send(f"{where}/jawab", at=where)
    assert "/catat" not in (await browser.page(where)).text
    await browser.send(f"{where}/jawab", at=where, semua="1")
    assert "/catat" in (await browser.page(where)).text


async def test_questions_with_the_files_own_examples(browser):
    await browser.send(f"{(where := await browser.upload('members', MEMBERS))}/catat", at=where)
    data = "NIK;Jumlah;Tanggal\n5202014107800001;100.000;03/04/2025\n"
    where = await browser.upload("opening_savings", data)
    shown = (await browser.page(where)).text
    assert "Contoh dari file: 03/04/2025" in shown
    await browser.send(f"{where}/jawab", at=where, date_order="mdy", savings_kind="sukarela", opening_on="2025-12-31")
    shown = (await browser.page(where)).text
    assert "04-03-2025" in shown or "04/03/2025" in shown
    assert 'name="date_order" value="mdy"' in shown
    assert "/catat" in shown


LONG = "Nama;Tanggal Daftar\n" + "".join(
    f"Orang {chr(97 + n % 26)}{chr(97 + n // 26)};2024-01-02\n" for n in range(600)
)


async def test_a_long_file_is_posted_in_the_background(browser):
    from koperasi.imports import pages

    where = await browser.upload("members", LONG)
    assert "Halaman 1 dari 3" in (await browser.page(where)).text
    assert "Halaman 3 dari 3" in (await browser.page(f"{where}?halaman=99")).text
    began = await browser.send(f"{where}/catat", at=where)
    assert (began.status_code, began.headers["location"]) == (303, where)
    while pages.RUNNING:  # as the browser does, by looking again
        await browser.page(where)
    done = await browser.page(where)
    assert "refresh" not in done.headers
    assert "Anggota didaftarkan" in done.text


async def test_while_it_is_posted_the_page_shows_how_far_it_has_come(browser, database, cooperative):
    where = await browser.upload("members", LONG)
    await service.claim(database, cooperative, int(where.rpartition("/")[2]))
    watched = await browser.page(where)
    assert watched.headers["refresh"] == "1"
    assert '<progress max="600" value="0">' in watched.text
    again = await browser.send(f"{where}/catat", at=where)
    assert (again.status_code, again.headers["refresh"]) == (409, "1")


async def test_bad_uploads_are_explained_at_the_form(browser):
    for content, said in ((b"", "File ini kosong."), (b"%PDF-1.7", "Jenis file ini tidak dapat dibaca.")):
        answer = await browser.send("/impor", files={"file": ("a.csv", content, "text/csv")}, kind="members")
        assert (answer.status_code, said in answer.text) == (422, True)
    nothing = await browser.send("/impor", kind="members")
    assert (nothing.status_code, "Pilih file yang akan diimpor." in nothing.text) == (422, True)
    unknown = await browser.send("/impor", files={"file": ("a.csv", MEMBERS, "text/csv")}, kind="lain")
    assert unknown.status_code == 422
    for path in ("/impor/999999", "/impor/0", "/impor/contoh/lain.csv"):
        assert (await browser.page(path)).status_code == 404
    assert (await browser.page("/impor?sebelum=x")).status_code == 200


async def test_the_examples_are_understood(browser):
    for kind in ("members", "opening_savings", "opening_trial_balance"):
        example = await browser.page(f"/impor/contoh/{kind}.csv")
        assert example.headers["content-disposition"].startswith("attachment")
        where = await browser.upload(kind, example.content, opening_on="2025-12-31")
        answer = await browser.send(f"{where}/catat", at=where)
        assert answer.status_code == 303, answer.text
    assert "Selisih saldo awal nol" in (await browser.page(where)).text
