from __future__ import annotations

import re
from uuid import uuid4

import pytest
from litestar.testing import AsyncTestClient

from koperasi.permissions import Role


@pytest.fixture
def browser(client, village):
    """Log in as a role; gives a client with that session and what a form must carry."""

    async def logged_in(role: Role) -> Browser:
        own = AsyncTestClient(client.app, raise_server_exceptions=False)
        own.blocking_portal = client.blocking_portal
        page = await own.get("/masuk")
        form = {
            "_csrf_token": token_of(page.text),
            "cooperative": village.cooperative.code,
            "username": village.usernames[role],
            "password": village.passwords[role],
        }
        answer = await own.post("/masuk", data=form, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return Browser(own)

    return logged_in


class Browser:
    """A session, and the forms it fills in."""

    def __init__(self, client: AsyncTestClient) -> None:
        self.client = client

    async def get(self, path: str):
        return await self.client.get(path, follow_redirects=False)

    async def fill(self, path: str, **fields: str):
        page = await self.get(path)
        assert page.status_code == 200, page.text
        hidden = {"_csrf_token": token_of(page.text)}
        if key := re.search(r'name="key" value="([^"]+)"', page.text):
            hidden["key"] = key[1]
        return await self.client.post(path, data={**hidden, **fields}, follow_redirects=False)


def token_of(page: str) -> str:
    found = re.search(r'name="_csrf_token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def unique_nik() -> str:
    return f"320101{uuid4().int % 28 + 41:02}0190{uuid4().int % 9_999 + 1:04}"


async def test_register_look_up_and_change(browser):
    bendahara = await browser(Role.BENDAHARA)
    nik = unique_nik()
    person = {"name": "Ni Luh Sari", "nik": nik, "birth_date": "1985-05-05", "phone": "081234567890"}
    person |= {"migrant_status": "pmi_aktif", "country": "HK", "joined_on": "2026-01-05"}
    wrong = await bendahara.fill("/anggota/baru", **person | {"phone": "12", "heir_name": "Budi"})
    assert wrong.status_code == 422
    assert wrong.text.count('class="problem"') >= 2
    assert 'value="Ni Luh Sari"' in wrong.text
    made = await bendahara.fill("/anggota/baru", **person, heir_name="Budi", heir_relation="Anak")
    assert made.status_code == 303, made.text
    card_path = made.headers["location"]
    card = (await bendahara.get(card_path)).text
    assert nik not in card
    assert f"320101******{nik[-4:]}" in card
    assert "Tanggal lahir berbeda dengan NIK" in card
    assert "Rp100.000" in card
    assert "Budi · 100 %" in card
    assert "Hong Kong" in card
    number = re.search(r"/anggota/([0-9]+)", card_path)[1]
    changed = await bendahara.fill(
        f"/anggota/{number}/ubah", name="Ni Luh Sari Dewi", migrant_status="purna_pmi", village="Sibetan"
    )
    assert changed.status_code == 303, changed.text
    card = (await bendahara.get(f"/anggota/{number}")).text
    assert "Ni Luh Sari Dewi" in card
    assert f"320101******{nik[-4:]}" in card
    assert "Budi" not in card
    found = (await bendahara.get("/anggota?q=luh+sari+dewi&migran=purna_pmi")).text
    assert f'href="/anggota/{number}"' in found
    assert "Tidak ada anggota yang cocok" in (await bendahara.get("/anggota?q=luh+sari+dewi&status=cuti")).text


async def test_the_same_form_sent_twice_registers_once(browser):
    bendahara = await browser(Role.BENDAHARA)
    page = (await bendahara.get("/anggota/baru")).text
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    form = {
        "_csrf_token": token_of(page),
        "key": key,
        "name": "Tini",
        "migrant_status": "bukan",
        "joined_on": "2026-01-05",
    }
    answers = [await bendahara.client.post("/anggota/baru", data=form, follow_redirects=False) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "Tini", "migrant_status": "astronaut", "joined_on": "2026-01-05"},
        {"name": "Tini", "migrant_status": "bukan", "joined_on": "2999-01-05"},
        {"name": "Tini", "migrant_status": "bukan", "joined_on": "2099-01-05"},
        {"name": "\x00", "migrant_status": "bukan", "joined_on": "2026-01-05"},
        {"name": "Tini", "migrant_status": "bukan", "joined_on": "2026-01-05", "nik": "3273056010900000"},
        {"name": "Tini", "migrant_status": "bukan", "joined_on": "2026-01-05", "key": "x"},
    ],
)
async def test_a_wrong_form_comes_back(browser, fields):
    bendahara = await browser(Role.BENDAHARA)
    answer = await bendahara.fill("/anggota/baru", **fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


async def test_an_account_number_leads_to_the_account(browser, client, village):
    kasir = await browser(Role.KASIR)
    own = f"/api/v1/members/{village.member.number}/savings-accounts"
    number = (await client.get(own, headers=village.headers(Role.KASIR))).json()["items"][0]["number"]
    answer = await kasir.get(f"/anggota?q={number}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/simpanan/{number}")


async def test_who_may_see_and_change(browser, village):
    number = village.member.number
    for role, list_status, form_status in [
        (Role.KASIR, 200, 403),
        (Role.PENGAWAS, 200, 403),
        (Role.ADMIN, 403, 403),
        (Role.ANGGOTA, 403, 403),
    ]:
        person = await browser(role)
        for path, status in [
            ("/anggota", list_status),
            (f"/anggota/{number}", list_status),
            ("/anggota/baru", form_status),
            (f"/anggota/{number}/ubah", form_status),
        ]:
            assert (await person.get(path)).status_code == status, (role, path)
    kasir = await browser(Role.KASIR)
    assert (await kasir.get("/anggota/99999")).status_code == 404
