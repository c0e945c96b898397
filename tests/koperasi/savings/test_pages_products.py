"""Pages and REST of products, opening accounts, plans, standing orders, fees and other cooperatives."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
import pytest_asyncio

from koperasi.cooperatives.service import add_policy
from koperasi.members import service as members
from koperasi.permissions import Role
from koperasi.savings import service


class Visitor:
    """Somebody's session on the test app."""

    def __init__(self, client, cookie):
        self.client, self.cookie = client, cookie

    async def get(self, path, status=200):
        answer = await self.client.get(path, headers={"Cookie": self.cookie}, follow_redirects=False)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        return unescape(answer.text)

    async def send(self, path, page, **fields):
        """Post the form of a page: its hidden fields, and what is typed."""
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        csrf = hidden["_csrf_token"]
        return await self.client.post(
            path, data={**hidden, **fields}, headers={"Cookie": f"{self.cookie}; csrf={csrf}"}, follow_redirects=False
        )


@pytest.fixture
def visit(client, session_of):
    async def visiting(village, role=Role.BENDAHARA):
        client.cookies.clear()
        return Visitor(client, await session_of(village, role))

    return visiting


async def switch(database, village, name, value):
    async with database.work(village.cooperative.book_id) as work:
        await add_policy(work, name, village.cooperative.today(datetime.now(UTC)), value, "uji", "uji")
        await work.commit()


@pytest_asyncio.fixture(scope="module")
async def in_pairs(database, own_village):
    """A cooperative whose terms a second person agrees to."""
    await switch(database, own_village, "approval.rate_changes", "on")
    return own_village


@pytest.fixture
async def alone(database, other_village):
    """A KSP whose terms need no second person."""
    async with database.work(other_village.cooperative.book_id) as work:
        async with work.connection.begin_nested() as nested:
            try:
                await add_policy(
                    work,
                    "approval.rate_changes",
                    other_village.cooperative.today(datetime.now(UTC)),
                    "off",
                    "uji",
                    "uji",
                )
            except Exception:  # noqa: BLE001 - an earlier test has set it
                await nested.rollback()
        await work.commit()
    return other_village


def values(page: str) -> dict[str, str]:
    """What a form starts with."""
    found = dict(re.findall(r'<input [^>]*?name="(\w+)"[^>]*? value="([^"]*)"', page))
    for name, options in re.findall(r'<select [^>]*?name="(\w+)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    found |= dict(re.findall(r'type="radio" name="(\w+)" value="([^"]*)" checked', page))
    checked = set(re.findall(r'type="checkbox" id="\w+" name="(\w+)" value="1" checked', page))
    for name in re.findall(r'type="checkbox" id="\w+" name="(\w+)"', page):
        if name in checked:
            found[name] = "1"
        else:
            found.pop(name, None)
    return found


async def test_products_are_listed_in_the_words_of_the_kind(visit, village, other_village):
    sharia = await (await visit(village, Role.DPS)).get("/produk")
    assert "Nisbah 30 : 70" in sharia
    assert "Bonus sukarela" in sharia
    assert "setahun" not in sharia
    wadiah = await (await visit(village, Role.KASIR)).get("/produk/wadiah")
    assert "tidak dijanjikan" in wadiah
    ordinary = await (await visit(other_village)).get("/produk")
    assert "Jasa 3 % setahun" in ordinary
    assert "Nisbah" not in ordinary
    for role, kind in ((Role.BENDAHARA, village), (Role.KETUA, other_village)):
        visitor = await visit(kind, role)
        for code in re.findall(r'href="/produk/([\w-]+)"', await visitor.get("/produk")):
            assert "bunga" not in (await visitor.get(f"/produk/{code}")).lower()
    await (await visit(village)).get("/produk/tidak-ada", 404)


async def test_new_terms_are_typed_over_the_old_ones(visit, alone):
    treasurer = await visit(alone)
    page = await treasurer.get("/produk/sukarela/ketentuan")
    start = values(page)
    assert (start["rate_percent"], start["earns"], start["offered"]) == ("3", "rate", "1")
    assert "Batas kebijakan 9 % setahun" in page
    day = (alone.cooperative.today(datetime.now(UTC)) + timedelta(days=3)).isoformat()
    typed = {**start, "valid_from": day, "rate_percent": "9,5", "reason": "Rapat 4/2026"}
    refused = await treasurer.send("/produk/sukarela/ketentuan", page, **typed)
    assert refused.status_code == 422
    assert "paling tinggi 9 %" in unescape(refused.text)
    assert values(unescape(refused.text))["rate_percent"] == "9,5"
    done = await treasurer.send("/produk/sukarela/ketentuan", page, **{**typed, "rate_percent": "4,25"})
    assert (done.status_code, done.headers.get("location")) == (303, "/produk/sukarela"), done.text[:3000]
    shown = await treasurer.get("/produk/sukarela")
    assert "Akan datang" in shown
    assert "Jasa 4,25 % setahun" in shown
    assert "berubah sejak" in await treasurer.get("/produk")
    assert "Jasa 4,25 % setahun" not in await treasurer.get("/produk")
    english = await treasurer.client.get("/api/v1/savings-products", headers=alone.headers(Role.KASIR))
    sukarela = next(one for one in english.json()["items"] if one["code"] == "sukarela")
    assert [row["rate_percent"] for row in sukarela["terms"]] == ["3", "4.25"]


async def test_a_rate_above_a_ceiling_that_only_warns_must_be_meant(visit, database, alone):
    treasurer = await visit(alone)
    await switch(database, alone, "savings_return.ceiling_enforced", "off")
    page = await treasurer.get("/produk/koperasi-lain/ketentuan")
    day = (alone.cooperative.today(datetime.now(UTC)) + timedelta(days=9)).isoformat()
    typed = {**values(page), "valid_from": day, "rate_percent": "11", "reason": "Rapat 5/2026"}
    warned = await treasurer.send("/produk/koperasi-lain/ketentuan", page, **typed)
    assert warned.status_code == 422
    assert 'name="above"' in warned.text
    meant = await treasurer.send("/produk/koperasi-lain/ketentuan", page, **typed, above="1")
    assert meant.status_code == 303


async def test_another_product_begins_with_its_terms(visit, alone):
    treasurer = await visit(alone)
    assert 'value="berencana"' in await treasurer.get("/produk-baru")
    page = await treasurer.get("/produk-baru?kind=berencana")
    typed = values(page) | {
        "name_id": "Simpanan Qurban", "name_en": "Qurban savings", "code": "qurban", "rate_percent": "4",
        "opening_minimum": "50.000", "early_withdrawal": "", "reason": "Rapat 6/2026",
    }  # fmt: skip
    empty = await treasurer.send("/produk-baru", page, **{**typed, "code": ""})
    assert empty.status_code == 422
    made = await treasurer.send("/produk-baru", page, **typed)
    assert made.headers.get("location") == "/produk/qurban", made.text[:3000]
    assert "Rp50.000" in await treasurer.get("/produk/qurban")
    taken = await treasurer.send("/produk-baru", page, **typed)
    assert "Kode ini sudah dipakai" in unescape(taken.text)


async def test_planned_savings_from_opening_to_standing_order(visit, database, poster, alone):
    from koperasi.posting import Idempotency

    cooperative = alone.cooperative
    today = cooperative.today(datetime.now(UTC))
    async with database.work(cooperative.book_id) as work:
        new = members.NewMember(name="Rohani", joined_on=today - timedelta(days=90))
        member, _ = await members.register(work, new, actor="uji")
        opened = await service.welcome(work, cooperative, member, actor="uji")
        await work.commit()
    free = next(one.number for one in opened if one.kind.withdrawable)
    treasurer = await visit(alone)
    address = f"/anggota/{member.number}/rekening-baru"
    assert address in await treasurer.get(f"/anggota/{member.number}")
    page = await treasurer.get(address)
    assert 'value="pokok"' not in page  # one is enough
    assert 'value="koperasi-lain"' not in page
    early = await treasurer.send(address, page, product="berencana", opened_on="2020-01-01")
    assert "sebelum anggota bergabung" in unescape(early.text)
    made = await treasurer.send(address, page, product="berencana", opened_on=today.isoformat())
    plan = made.headers["location"]
    page = await treasurer.get(plan)
    typed = {
        "goal": "qurban", "target": "3.000.000", "target_date": (today + timedelta(days=400)).isoformat(),
        "instalment": "250.000", "day": str(today.day), "source": free,
    }  # fmt: skip
    wrong = await treasurer.send(plan, page, **{**typed, "target_date": today.isoformat()})
    assert wrong.status_code == 422
    assert "paling lama 40 tahun" in unescape(wrong.text)
    assert (await treasurer.send(plan, page, **typed)).headers["location"] == plan
    orders = await treasurer.get("/setoran-rutin")
    assert "Rp250.000" in orders
    short = unescape((await treasurer.send("/setoran-rutin", orders)).text)
    assert "0 setoran dipindahkan" in short
    assert "Saldo yang dapat ditarik" in short
    await service.deposit(
        database, poster, cooperative, account_number=free, amount_minor=30_000_000, effective_date=None,
        actor="bendahara", idempotency=Idempotency.of("uji", uuid4().hex),
    )  # fmt: skip
    ran = unescape((await treasurer.send("/setoran-rutin", orders)).text)
    assert "1 setoran dipindahkan, jumlahnya Rp250.000" in ran
    assert "Tidak ada setoran rutin yang menunggu" in ran
    assert "8 %" in await treasurer.get(plan)
    statement = await treasurer.get(plan.removesuffix("/rencana"))
    assert "Setoran rutin" in statement
    number = plan.split("/")[2]
    told = await treasurer.client.get(f"/api/v1/savings-accounts/{number}/plan", headers=alone.headers(Role.BENDAHARA))
    assert (told.json()["reached_percent"], [one["paid"] for one in told.json()["due"]]) == (8, [True])
    own = await treasurer.client.get(f"/api/v1/savings-accounts/{number}/plan", headers=alone.headers(Role.ANGGOTA))
    assert own.status_code == 404
    again = await treasurer.client.post("/api/v1/standing-order-runs", headers=alone.headers(Role.BENDAHARA))
    assert (again.status_code, again.json()["moved"]) == (201, 0)


async def test_fees_are_shown_before_they_are_taken(visit, alone):
    treasurer = await visit(alone)
    today = alone.cooperative.today(datetime.now(UTC))
    page = await treasurer.get(f"/biaya-simpanan?bulan={today:%Y-%m}")
    assert f'value="{today:%Y-%m}" selected' in page
    assert "Tidak ada biaya" in await treasurer.get("/biaya-simpanan?bulan=kosong")
    headers = alone.headers(Role.BENDAHARA)
    done = await treasurer.client.post("/api/v1/savings-fee-runs", headers=headers, json={"month": "2024-02"})
    assert (done.status_code, done.json()["accounts"]) == (201, 0)
    coming = await treasurer.client.post("/api/v1/savings-fee-runs", headers=headers, json={"month": "2099-01"})
    assert coming.json()["type"].endswith("fee-month-not-over")
    teller = await treasurer.client.post(
        "/api/v1/savings-fee-runs", headers=alone.headers(Role.KASIR), json={"month": "2024-02"}
    )
    assert teller.status_code == 403


async def test_another_cooperative_at_the_desk(visit, alone):
    treasurer = await visit(alone)
    page = await treasurer.get("/koperasi-penyimpan")
    entered = await treasurer.send(
        "/koperasi-penyimpan", page, name="KSP Makmur Desa", registration_number="123/BH/2015"
    )
    address = entered.headers["location"]
    partner = address.split("/")[2]
    page = await treasurer.get(address)
    assert "KSP Makmur Desa" in page
    assert 'value="sukarela"' not in page
    today = alone.cooperative.today(datetime.now(UTC)).isoformat()
    made = await treasurer.send(address, page, product="koperasi-lain", opened_on=today)
    number = made.headers["location"].split("/")[2]
    desk = await treasurer.get(f"/transaksi?template=s&anggota={partner}")
    paid = await treasurer.send("/transaksi", desk, amount="750.000", date=today)
    assert paid.status_code == 303, unescape(paid.text)[:3000]
    receipt = await treasurer.get(paid.headers["location"])
    assert "KSP Makmur Desa" in receipt
    assert "KSP Makmur Desa" in await treasurer.get(made.headers["location"])
    assert number in await treasurer.get("/koperasi-penyimpan")
    listed = await treasurer.client.get(
        f"/api/v1/members/{partner}/savings-accounts", headers=alone.headers(Role.KETUA)
    )
    assert [one["product"] for one in listed.json()["items"]] == ["koperasi-lain"]
    strange = await treasurer.client.get("/api/v1/partner-cooperatives", headers=alone.headers(Role.ANGGOTA))
    assert strange.status_code == 404


async def test_a_new_product_that_promises_something_waits_for_a_second_person(client, in_pairs):
    """Else whoever may begin products could promise themselves what nobody agreed to."""

    async def begin(code, key, kind="mudharabah", **terms):
        facts = {"valid_from": "2027-02-01", "reason": "Rapat 8/2026", **terms}
        body = {"code": code, "kind": kind, "name_id": "Simpanan Ternak", "name_en": "Cattle savings"}
        headers = in_pairs.headers(Role.BENDAHARA, key)
        return await client.post("/api/v1/savings-products", headers=headers, json=body | {"terms": facts})

    async def codes():
        found = await client.get("/api/v1/savings-products", headers=in_pairs.headers(Role.KETUA))
        return {one["code"] for one in found.json()["items"]}

    asked = [await begin("ternak", "produk-1", earns="nisbah", nisbah_percent="40") for _ in range(2)]
    assert [answer.status_code for answer in asked] == [202, 202], asked[0].text
    assert asked[0].json()["number"] == asked[1].json()["number"]
    assert "ternak" not in await codes()
    wrong = await begin("ternak-2", "produk-2", earns="rate", rate_percent="3")
    assert wrong.status_code == 422
    plain = await begin("ternak-3", "produk-3", "wadiah", earns="bonus")
    assert plain.status_code == 201, plain.text
    number = asked[0].json()["number"]
    seen = await client.get(f"/api/v1/approvals/{number}", headers=in_pairs.headers(Role.KETUA))
    agreed = await client.post(
        f"/api/v1/approvals/{number}/approve",
        headers=in_pairs.headers(Role.KETUA),
        json={"fingerprint": seen.json()["fingerprint"]},
    )
    assert agreed.status_code in (200, 201), agreed.text
    assert {"ternak", "ternak-3"} <= await codes()


async def test_terms_over_rest_wait_for_a_second_person(client, in_pairs):
    body = {"valid_from": "2027-02-01", "earns": "nisbah", "nisbah_percent": "33.3", "reason": "Rapat 7/2026"}
    headers = in_pairs.headers(Role.BENDAHARA, "ketentuan-1")
    asked = [
        await client.post("/api/v1/savings-products/mudharabah/terms", headers=headers, json=body) for _ in range(2)
    ]
    assert [answer.status_code for answer in asked] == [202, 202], asked[0].text
    assert asked[0].json()["number"] == asked[1].json()["number"]
    wrong = await client.post(
        "/api/v1/savings-products/mudharabah/terms",
        headers=in_pairs.headers(Role.BENDAHARA),
        json=body | {"earns": "rate", "rate_percent": "3"},
    )
    assert wrong.status_code == 422
    assert {error["field"] for error in wrong.json()["errors"]} >= {"earns"}
