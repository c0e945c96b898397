"""The desk's way with a term deposit, and the member's look at it, through the whole service."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import uuid4

import pytest_asyncio

import ledger
from koperasi.approvals import service as approvals
from koperasi.cooperatives.service import add_policy
from koperasi.deposits import service
from koperasi.permissions import Role
from koperasi.posting import Idempotency
from koperasi.savings import service as savings

from ...conftest import found as founded
from ...conftest import populate


@pytest_asyncio.fixture(scope="module")
async def account(database, own_village) -> str:
    """The member's free savings, with money in it."""
    cooperative = own_village.cooperative
    async with database.work(cooperative.book_id) as work:
        accounts = await savings.accounts_of(work.connection, work.book_id, own_village.member.number)
        free = next(one for one in accounts if one.kind.withdrawable)
        vault = await ledger.account_by_code(work.connection, work.book_id, "1101")
        draft = ledger.Draft(
            work.book_id, date(2024, 1, 2), "test", "Uji", "uji",
            (ledger.Line(vault.account_id, 5_000_000_000), ledger.Line(free.ledger_account_id, -5_000_000_000)), "isi",
        )  # fmt: skip
        await ledger.append(work.connection, [draft])
        await work.commit()
    return free.number


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


@pytest_asyncio.fixture
async def phone(client, own_village, session_of):
    return Browser(client, await session_of(own_village, Role.ANGGOTA))


async def test_from_the_form_to_the_certificate_to_the_members_phone(desk, phone, own_village, account):
    member = own_village.member.number
    first = await desk.get(f"/berjangka/baru?anggota={member}")
    assert "Lihat hasilnya" in first.text
    asked = {
        "anggota": member, "amount": "10.000.000", "months": "3", "source": account, "payout_account": account,
        "roll_over": "principal", "opened_on": "2026-01-31",
    }  # fmt: skip
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    preview = await desk.get(f"/berjangka/baru?{query}")
    assert preview.status_code == 200
    assert "30 April 2026" in preview.text
    assert "tidak dijanjikan" in preview.text
    assert "bunga" not in preview.text.lower()
    key = str(uuid4())
    made = await desk.post("/berjangka/baru", asked | {"key": key}, f"/berjangka/baru?{query}")
    assert made.status_code == 303, made.text
    where = made.headers["location"]
    again = await desk.post("/berjangka/baru", asked | {"key": key}, f"/berjangka/baru?{query}")
    assert again.headers["location"] == where
    number = where.removeprefix("/berjangka/").partition("?")[0]
    card = await desk.get(where)
    assert "Cetak bilyetnya" in card.text
    assert "menunggu hasil" in card.text
    sheet = (await desk.get(f"/berjangka/{number}/bilyet")).text
    assert "Sepuluh juta rupiah" in sheet
    assert "SB-2026-000001" in sheet
    code = re.search(r"Kode periksa ([0-9A-Z]{4}-[0-9A-Z]{4})", sheet).group(1)
    entry = int(re.search(r"Jurnal (\d+)\.", sheet).group(1))
    checked = await desk.get(f"/cek/{own_village.cooperative.code}/2026-{entry:06}/{code}")
    assert checked.status_code == 200
    own = await phone.get("/berjangka-saya")
    assert f"/berjangka-saya/{number}" in own.text
    assert (await phone.get(f"/berjangka-saya/{number}")).status_code == 200
    assert (await phone.get(f"/berjangka/{number}")).status_code == 404
    listed = await desk.get("/berjangka")
    assert own_village.member.name in listed.text
    for reader in (desk, phone):
        paper = (await reader.get(f"/berjangka/{number}/hitungan")).text
        assert "menunggu hasil" in paper
        assert "10 % final dari semua imbalan" in paper
    assert (await phone.get(f"/berjangka/{number}/hitungan?pdf=1")).content.startswith(b"%PDF")


async def test_refusals_stand_beside_their_field_and_keep_what_was_typed(desk, own_village, account):
    query = (
        f"anggota={own_village.member.number}&amount=5&months=3&source={account}&payout_account={account}"
        "&roll_over=none&opened_on=2026-01-31"
    )
    page = await desk.get(f"/berjangka/baru?{query}")
    assert page.status_code == 422
    assert "Paling sedikit Rp1.000.000" in page.text
    assert 'value="2026-01-31"' in page.text


async def test_the_pools_result_and_what_is_due(desk, own_village, account, database):
    book_id = own_village.cooperative.book_id
    facts = {"month": "2026-02", "hi_1000": "10,5", "reference": "Rapat pengurus"}
    assert (await desk.post("/berjangka/hasil", facts)).status_code == 303
    assert (await desk.post("/berjangka/hasil", facts | {"month": "2026-01"})).status_code == 303
    bad = await desk.post("/berjangka/hasil", facts | {"hi_1000": "sepuluh", "month": "xx"})
    assert bad.status_code == 422
    waiting = await desk.get("/berjangka/jatuh-tempo")
    assert "menunggu hasil pengelolaan" in waiting.text
    done = await desk.post("/berjangka/jatuh-tempo", {})
    assert "2 jurnal dicatat." in done.text
    async with database.reading(book_id) as connection:
        (named,) = await service.search(connection, book_id)
        paid = (await service.paid_on(connection, book_id, [named.deposit.number]))[named.deposit.number]
    assert [one.gross_minor for one in paid] == [4_725_000, 4_725_000]  # 10 m / 1,000 x 10.5 x 45 %
    again = await desk.post("/berjangka/jatuh-tempo", {})
    assert "Tidak ada yang perlu dicatat lagi." in again.text


async def test_terms_are_offered_once_a_second_person_agrees(desk, own_village, database):
    book_id = own_village.cooperative.book_id
    facts = {
        "key": str(uuid4()), "months": "6", "valid_from": "2099-01-01", "percent": "52,5", "pay_months": "0",
        "basis": "actual/365", "early": "nothing", "early_percent": "0", "minimum": "500.000", "reference": "RAT 2098",
    }  # fmt: skip
    async with database.work(book_id) as work:
        await add_policy(work, "approval.rate_changes", date(2001, 1, 1), "on", "uji", "uji")
        await work.commit()
    made = await desk.post("/berjangka/produk", facts)
    where = made.headers["location"]
    assert where.startswith("/persetujuan/"), made.text
    assert "52,5" in (await desk.get(where)).text
    number = int(where.removeprefix("/persetujuan/").partition("?")[0])
    async with database.work(book_id) as work:
        asked = await approvals.approval(work.connection, book_id, number)
        assert max(one.valid_from for one in await service.all_terms(work.connection, book_id)) < date(2099, 1, 1)
        await approvals.approve(
            work.connection, book_id, number, actor="ketua", seen=asked.fingerprint, now=datetime.now(UTC)
        )
        await work.commit()
    async with database.reading(book_id) as connection:
        (offered,) = [one for one in await service.all_terms(connection, book_id) if one.valid_from == date(2099, 1, 1)]
    assert (offered.months, offered.percent, offered.minimum_minor) == (6, Fraction("52.5"), 50_000_000)
    assert offered.set_by == "bendahara"
    bad = await desk.post("/berjangka/produk", facts | {"key": str(uuid4()), "percent": "seratus", "early": "penalty"})
    assert bad.status_code == 422
    assert "Tulis angka dari 0 sampai 100" in bad.text


async def test_a_contract_is_instructed_and_closed_early_with_a_preview(desk, own_village, account):
    listed = await desk.get("/berjangka")
    today = re.search(r"Hari buku</span> <time datetime=\"([0-9-]+)\"", listed.text).group(1)
    asked = {
        "key": str(uuid4()), "anggota": own_village.member.number, "amount": "2000000", "months": "12",
        "source": account, "payout_account": account, "roll_over": "none", "opened_on": today,
    }  # fmt: skip
    form = f"/berjangka/baru?anggota={own_village.member.number}"
    made = await desk.post("/berjangka/baru", asked, form)
    number = made.headers["location"].removeprefix("/berjangka/").partition("?")[0]
    changed = await desk.post(f"/berjangka/{number}/ubah", {"roll_over": "principal", "payout_account": account})
    assert changed.status_code == 303, changed.text
    assert "Perpanjang pokoknya" in (await desk.get(f"/berjangka/{number}")).text
    preview = await desk.get(f"/berjangka/{number}/tutup")
    assert "Tutup dan bayarkan" in preview.text
    closed = await desk.post(f"/berjangka/{number}/tutup", {"key": str(uuid4())})
    assert closed.status_code == 303
    assert "Ditutup sebelum jatuh tempo" in (await desk.get(f"/berjangka/{number}")).text
    assert (await desk.get(f"/berjangka/{number}/tutup")).status_code == 422


async def test_over_rest(client, own_village, account):
    member = own_village.member.number
    body = {"member": member, "amount": {"amount": "1000000.00"}, "months": 6, "source": account,
            "payout_account": account, "opened_on": "2026-03-01"}  # fmt: skip
    headers = own_village.headers(Role.BENDAHARA, f"rest-{uuid4()}")
    client.cookies.clear()
    assert (
        await client.post("/api/v1/deposits", json=body, headers=own_village.headers(Role.BENDAHARA))
    ).status_code == 400
    made = await client.post("/api/v1/deposits", json=body, headers=headers)
    assert made.status_code == 201, made.text
    again = await client.post("/api/v1/deposits", json=body, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == made.json()
    number = made.json()["number"]
    own = await client.get(f"/api/v1/deposits/{number}", headers=own_village.headers(Role.ANGGOTA))
    assert own.json()["returns"][0]["first"] == "2026-03-01"
    assert own.json()["principal"] == {"amount": "1000000.00", "currency": "IDR"}
    listed = await client.get("/api/v1/deposits?limit=1", headers=own_village.headers(Role.ANGGOTA))
    assert listed.json()["next_cursor"]
    assert (
        await client.get("/api/v1/deposits?member=00002", headers=own_village.headers(Role.ANGGOTA))
    ).status_code == 404
    closed = await client.post(
        f"/api/v1/deposits/{number}/closings", json={}, headers=own_village.headers(Role.KASIR, f"c-{uuid4()}")
    )
    assert closed.status_code == 422
    assert closed.json()["code"] == "deposit-due"
    run = await client.post("/api/v1/deposit-runs", json={"until": "2026-04-01"}, headers=headers)
    assert run.status_code == 200, run.text
    assert [one["code"] for one in run.json()["waiting"]].count("result-missing") >= 1


async def test_the_sharia_board_reads_the_contracts_and_no_names(client, own_village, session_of, account, database):
    """Products with their akad; contracts by what was agreed and by day, with the ledger's sums; nobody's name."""
    book_id = own_village.cooperative.book_id
    board = Browser(client, await session_of(own_village, Role.DPS))
    async with database.work(book_id) as work:
        for day, months, principal in ((2, 3, 200_000_000), (2, 3, 300_000_000), (9, 12, 150_000_000)):
            wish = service.Wish(
                member_number=own_village.member.number, months=months, amount_minor=principal, source=account,
                payout_account=account, roll_over=service.RollOver.NONE, opened_on=date(2026, 3, day),
            )  # fmt: skip
            await service.open_deposit(
                work, own_village.cooperative, wish, today=wish.opened_on, actor="uji",
                idempotency=Idempotency.of("uji", uuid4().hex, *wish),
            )  # fmt: skip
        await work.commit()
    async with database.reading(book_id) as connection:
        totals = await service.totals(connection, book_id, date(2026, 1, 1))
        first, more = await service.signed(connection, book_id, limit=1)
        nisbah = first[0].percent
        place = (first[0].opened_on, first[0].months, Decimal(nisbah.numerator) / nisbah.denominator)
        rest, _ = await service.signed(connection, book_id, before=place)
        assert more
        everything, _ = await service.signed(connection, book_id)
        assert [*first, *rest] == everything
        agreed = await service.agreed(connection, book_id)
    for found in (agreed, everything):
        assert sum(one.contracts for one in found) == totals.running
        assert sum(one.principal_minor for one in found) == totals.principal_minor
    both = next(one for one in everything if one.opened_on == date(2026, 3, 2) and one.months == 3)
    assert (both.contracts, both.principal_minor, both.matures_on) == (2, 500_000_000, date(2026, 6, 2))
    shown = (await board.get("/akad")).text.replace("\N{NO-BREAK SPACE}", " ")
    for words in ("Wadiah yad dhamanah", "Mudharabah mutlaqah", "45 : 55", "5.000.000", "02/03/2026", "2 perjanjian"):
        assert words in shown, words
    assert own_village.member.name not in shown
    assert own_village.member.number not in shown
    assert account not in shown
    assert "bunga" not in shown.lower()
    assert (await board.get("/berjangka")).status_code == 403
    assert (await board.get("/akad?sesudah=x")).status_code == 400
    assert 'href="/akad"' in (await board.get("/produk")).text


async def test_there_is_no_akad_where_there_is_no_sharia(client, other_village, session_of):
    board = Browser(client, await session_of(other_village, Role.DPS))
    assert (await board.get("/akad")).status_code == 404
    assert 'href="/akad"' not in (await board.get("/produk")).text


async def test_another_cooperative_opens_one_at_the_desk(client, session_of, database):
    village = await populate(database, await founded(database, kind="ksp", sessions=True))
    cooperative, desk = village.cooperative, Browser(client, await session_of(village, Role.BENDAHARA))
    async with database.work(cooperative.book_id) as work:
        partner = await savings.add_partner(work, "KSP Sahabat", "9/BH", opened_on=date(2026, 1, 2), actor="uji")
        account = await savings.open_account(
            work,
            cooperative,
            partner.number,
            savings.SavingsKind.KOPERASI_LAIN,
            actor="uji",
            opened_on=date(2026, 1, 2),
        )
        vault = await ledger.account_by_code(work.connection, work.book_id, "1101")
        lines = (ledger.Line(vault.account_id, 900_000_000), ledger.Line(account.ledger_account_id, -900_000_000))
        draft = ledger.Draft(work.book_id, date(2026, 1, 2), "test", "Uji", "uji", lines, uuid4().hex)
        await ledger.append(work.connection, [draft])
        await work.commit()
    assert partner.number in (await desk.get("/berjangka/baru?anggota=sahabat")).text
    asked = {
        "key": str(uuid4()), "anggota": partner.number, "amount": "5.000.000", "months": "3", "source": account.number,
        "payout_account": account.number, "roll_over": "none", "opened_on": "2026-01-31",
    }  # fmt: skip
    made = await desk.post("/berjangka/baru", asked, f"/berjangka/baru?anggota={partner.number}")
    assert made.status_code == 303, made.text
    where = made.headers["location"].partition("?")[0]
    for path in (where, f"{where}/bilyet", f"{where}/tutup", "/berjangka", f"/berjangka?anggota={partner.number}"):
        assert "KSP Sahabat" in (await desk.get(path)).text, path
    assert "PPh pasal 23, 15 % dari setiap imbalan" in (await desk.get(f"{where}/hitungan")).text
    assert "Koperasi penyimpan" in (await desk.get(f"{where}/bilyet")).text
