from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
from litestar.testing import AsyncTestClient

from koperasi.formats import format_date
from koperasi.permissions import Role
from koperasi.posting import Idempotency
from koperasi.savings import service, service_desk, service_plans
from koperasi.savings.rules import SavingsKind
from koperasi.savings.rules_plans import Goal, Plan
from koperasi.web.render import STATIC


@pytest.fixture
def deposit(database, poster, village):
    """Pay into an account of the village."""

    async def paying(account_number: str, amount_minor: int) -> service.Receipt:
        return await service.deposit(
            database, poster, village.cooperative, account_number=account_number, amount_minor=amount_minor,
            effective_date=None, actor="kasir", idempotency=Idempotency.of("uji", uuid4().hex),
        )  # fmt: skip

    return paying


@pytest.fixture
async def own(database, village) -> dict[SavingsKind, str]:
    """The village member's accounts."""
    async with database.reading(village.cooperative.book_id) as connection:
        found = await service.accounts_of(connection, village.cooperative.book_id, village.member.number)
    return {one.kind: one.number for one in found}


@pytest.fixture
def get(client, village):
    """Read a page as a role, or as nobody."""

    async def reading(path: str, role: Role | None = Role.ANGGOTA):
        session = AsyncTestClient(client.app, raise_server_exceptions=False)
        session.blocking_portal = client.blocking_portal
        if role:
            page = await session.get("/masuk")
            token = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)
            form = {
                "_csrf_token": token[1],
                "cooperative": village.cooperative.code,
                "username": village.usernames[role],
                "password": village.passwords[role],
            }
            assert (await session.post("/masuk", data=form, follow_redirects=False)).status_code == 303
        answer = await session.get(path, follow_redirects=False)
        return answer.status_code, unescape(answer.text), answer

    return reading


async def test_what_a_member_has(get, deposit, own):
    receipt = await deposit(own[SavingsKind.WADIAH], 12_345_600)
    status, page, answer = await get("/saldo-saya")
    assert status == 200
    assert "123.456" in page
    assert receipt.number in page
    assert "Iuran belum dibayar Rp120.000" in page
    assert answer.headers["cache-control"] == "no-store"
    assert "Rp" not in re.search(r"<title>(.*?)</title>", page)[1]


async def test_what_is_saved_for_and_what_was_agreed(get, deposit, own, database, village):
    """Three months of a plan: the goal, how far it is reached, what comes next and what could not be moved."""
    today = village.cooperative.today(datetime.now(UTC))
    begun, free = (today.replace(day=1) - timedelta(days=1)).replace(day=1), own[SavingsKind.WADIAH]
    order = Plan(begun, Goal.QURBAN, 400_000_000, today + timedelta(days=300), 25_000_000, 1, free)
    async with database.work(village.cooperative.book_id) as work:
        goal = await service.open_account(
            work, village.cooperative, village.member.number, SavingsKind.BERENCANA, actor="uji", opened_on=begun
        )
        await service_plans.set_plan(work, goal.number, order, actor="uji")
        await work.commit()
    await deposit(goal.number, 50_000_000)
    status, page, answer = await get("/saldo-saya")
    assert status == 200
    assert "Rencana: Qurban" in page
    assert "Rp500.000 dari Rp4.000.000, tercapai 12 %." in page
    following = format_date((today.replace(day=28) + timedelta(days=4)).replace(day=1))
    assert f"Setoran rutin berikutnya Rp250.000 pada {following} dari rekening {free}." in page
    assert "2 setoran rutin belum dipindahkan: Rp500.000." in page
    assert "35 % untuk Anda dan 65 % untuk koperasi" in page
    assert "Tidak ada imbal yang dijanjikan" in page
    assert "bunga" not in page.lower()
    assert "<script" not in page.partition("<main")[2].partition("</main>")[0]
    kept = sum(len(gzip.compress((STATIC / name).read_bytes())) for name in ("koperasi.css", "koperasi.js", "icon.svg"))
    assert len(gzip.compress(answer.content)) + kept < 30_000


async def test_the_passbook_runs_like_the_paper_one(get, deposit, own, database, poster, village):
    receipt = await deposit(own[SavingsKind.WADIAH], 4_000_000)
    await service.transfer(
        database, poster, village.cooperative, from_number=own[SavingsKind.WADIAH], to_number=own[SavingsKind.WAJIB],
        amount_minor=2_000_000, effective_date=None, actor="kasir", idempotency=Idempotency.of("uji", uuid4().hex),
    )  # fmt: skip
    year = receipt.effective_date.year
    status, page, _ = await get(f"/buku-anggota?tahun={year}")
    assert status == 200
    assert receipt.number in page
    assert "Simpanan wajib" in page
    async with database.reading(village.cooperative.book_id) as connection:
        accounts = await service.accounts_of(connection, village.cooperative.book_id, village.member.number)
        book = await service_desk.passbook(connection, village.cooperative.book_id, accounts, year)
        before = await service_desk.passbook(connection, village.cooperative.book_id, accounts, year - 1)
        after = await service_desk.passbook(connection, village.cooperative.book_id, accounts, year + 1)
    assert book.opening_minor + sum(line.movement.change_minor for line in book.lines) == book.closing_minor
    assert book.closing_minor == sum(one.balance_minor for one in accounts) == after.opening_minor
    assert before.closing_minor == 0
    assert not before.lines
    assert (await get("/buku-anggota?tahun=xx"))[0] == 422
    assert (await get("/buku-anggota?tahun=1"))[0] == 422


async def test_own_receipts_only(get, deposit, own, database, poster, village):
    mine = await deposit(own[SavingsKind.WADIAH], 300_000)
    status, page, _ = await get(f"/bukti-saya/{mine.number}")
    assert status == 200
    assert "Rp3.000" in page
    assert "Batalkan" not in page
    assert "/transaksi" not in page
    other = await a_strangers_receipt(database, poster, village)
    for path in (
        f"/bukti-saya/{other.number}",
        f"/bukti-saya/{other.entry_number}",
        f"/simpanan/{other.account_number}",
    ):
        status, page, _ = await get(path)
        assert status == 404
        assert "Orang Lain" not in page
    status, _, answer = await get(f"/bukti/{other.number}")
    assert (status, answer.headers["location"]) == (303, f"/bukti-saya/{other.number}")
    for path in ("/meja", "/transaksi", "/transaksi/cari?q=orang"):
        assert (await get(path))[0] == 403
    assert (await get("/saldo-saya", Role.KASIR))[0] == 403


async def a_strangers_receipt(database, poster, village) -> service.Receipt:
    from koperasi.members import service as members

    async with database.work(village.cooperative.book_id) as work:
        new = members.NewMember(name="Orang Lain", joined_on=village.member.joined_on)
        stranger, _ = await members.register(work, new, actor="uji")
        opened = await service.welcome(work, village.cooperative, stranger, actor="uji")
        await work.commit()
    free = next(one for one in opened if one.kind.withdrawable)
    return await service.deposit(
        database, poster, village.cooperative, account_number=free.number, amount_minor=900_000,
        effective_date=None, actor="kasir", idempotency=Idempotency.of("uji", uuid4().hex),
    )  # fmt: skip


async def test_anybody_may_ask_whether_a_receipt_is_genuine(get, deposit, own, database, poster, village):
    receipt = await deposit(own[SavingsKind.WADIAH], 7_777_700)
    address = f"/cek/{village.cooperative.code}/{receipt.number}"
    status, page, _ = await get(f"{address}/{receipt.verify_code}", None)
    assert status == 200
    assert "Bukti ini asli." in page
    assert "Bukti setoran" in page
    for secret in ("77.777", village.member.name, receipt.account_number, village.member.number):
        assert not re.search(rf"\b{re.escape(secret)}\b", page)
    assert (await get(f"{address}/{receipt.verify_code.lower().replace('-', '')}", None))[0] == 200
    wrong = [
        f"{address}/0000-0000",
        f"{address}/%F0%9F%90%94%00",
        f"/cek/{village.cooperative.code}/1999-{receipt.entry_number:06}/{receipt.verify_code}",
        f"/cek/{village.cooperative.code}/{receipt.entry_number + 1}/{receipt.verify_code}",
        f"/cek/{village.cooperative.code}/999999999999/{receipt.verify_code}",
        f"/cek/{village.cooperative.code}/abc/{receipt.verify_code}",
        f"/cek/tidak-ada/{receipt.number}/{receipt.verify_code}",
    ]
    for path in wrong:
        status, page, _ = await get(path, None)
        assert status == 404, path
        assert "Tidak cocok." in page, path
    await service.reverse(
        database, poster, village.cooperative, entry_number=receipt.entry_number, reason="uji coba",
        effective_date=None, actor="bendahara", idempotency=Idempotency.of("uji", uuid4().hex),
    )  # fmt: skip
    status, page, _ = await get(f"{address}/{receipt.verify_code}", None)
    assert status == 200
    assert "kemudian dibatalkan" in page
