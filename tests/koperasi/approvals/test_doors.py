"""What people and programs meet: 202 and the draft, the inbox with its count, agreeing and refusing."""

from __future__ import annotations

import re
import secrets

import pytest
from tests.conftest import populate

from koperasi.approvals.rules import Status
from koperasi.permissions import Role

from .conftest import Desk, hidden, set_limits


@pytest.fixture(scope="module")
async def place(database, poster, own_village) -> Desk:
    """The module's village with low limits, and Rp100.000 on its member's free savings."""
    from koperasi.savings import service as savings

    cooperative = own_village.cooperative
    async with database.work(cooperative.book_id) as work:
        await set_limits(work, withdrawal="500.00", entry="1000000.00")
        accounts = await savings.accounts_of(work.connection, work.book_id, own_village.member.number)
        await work.commit()
    free = next(one.number for one in accounts if one.kind.withdrawable)
    desk = Desk(database, poster, cooperative, own_village.member.number, free)
    await desk.deposit(100_000)
    return desk


class Doors:
    """The service as people of one village meet it."""

    def __init__(self, client, village, session_of):
        self.client, self.village, self.session_of = client, village, session_of

    async def api(self, role, method, path, body=None, key=None):
        return await self.client.request(
            method, f"/api/v1{path}", json=body, headers=self.village.headers(role, key), follow_redirects=False
        )

    async def page(self, role, path):
        self.client.cookies.clear()
        headers = {"Cookie": await self.session_of(self.village, role)}
        return await self.client.get(path, headers=headers, follow_redirects=False)

    async def send(self, role, shown_at, path, **fields):
        self.client.cookies.clear()
        cookie = await self.session_of(self.village, role)
        shown = await self.client.get(shown_at, headers={"Cookie": cookie}, follow_redirects=False)
        token = hidden(shown.text, "_csrf_token")
        for name in ("key", "fingerprint"):
            if name not in fields and f'name="{name}"' in shown.text:
                fields[name] = hidden(shown.text, name)
        return await self.client.post(
            path, data={"_csrf_token": token, **fields}, headers={"Cookie": f"{cookie}; csrf={token}"},
            follow_redirects=False,
        )  # fmt: skip


@pytest.fixture
def doors(client, own_village, session_of) -> Doors:
    return Doors(client, own_village, session_of)


def money(rupiah: int) -> dict[str, str]:
    return {"amount": f"{rupiah}.00", "currency": "IDR"}


async def draw(doors, place, rupiah, key=None):
    body = {"amount": money(rupiah)}
    path = f"/savings-accounts/{place.account}/withdrawals"
    return await doors.api(Role.KASIR, "POST", path, body, key or secrets.token_hex(8))


# --- programs ---------------------------------------------------------------------------------------------------------


async def test_a_large_withdrawal_is_accepted_and_posted_when_another_agrees(doors, place):
    balance, _ = await place.stands()
    answer = await draw(doors, place, 600, "once")
    assert answer.status_code == 202
    asked = answer.json()
    assert answer.headers["location"] == f"/api/v1/approvals/{asked['number']}"
    assert (asked["kind"], asked["status"], asked["asked_by"]) == ("withdrawal", "draft", "kasir")
    again = await draw(doors, place, 600, "once")
    assert (again.status_code, again.json()) == (202, asked)
    other = await draw(doors, place, 700, "once")
    assert other.json()["code"] == "idempotency-mismatch"

    path = f"/approvals/{asked['number']}"
    detail = (await doors.api(Role.KETUA, "GET", path)).json()
    assert [one["account"].partition(".")[2] for one in detail["effects"]] == [place.account, "02"]
    assert detail["effects"][0]["balance_before"] == money(balance)
    assert detail["effects"][0]["balance_after"] == money(balance - 600)
    seen = {"fingerprint": detail["fingerprint"]}
    assert (await doors.api(Role.KASIR, "POST", f"{path}/approve", seen)).status_code == 403
    wrong = await doors.api(Role.KETUA, "POST", f"{path}/approve", {"fingerprint": "0" * 64})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "approval-changed")
    done = await doors.api(Role.KETUA, "POST", f"{path}/approve", seen)
    assert done.status_code == 200
    assert (done.json()["status"], done.json()["decided_by"]) == ("approved", "ketua")
    assert (await doors.api(Role.PENGURUS, "POST", f"{path}/approve", seen)).json()["code"] == "approval-decided"
    assert await place.stands() == (balance - 600, balance - 600)
    receipt = await draw(doors, place, 600, "once")
    assert (receipt.status_code, receipt.headers["idempotency-replayed"]) == (201, "true")
    assert receipt.json()["entry_number"] == done.json()["entry_number"]
    assert (await doors.api(Role.KETUA, "GET", path)).json()["effects"] == []


async def test_an_entry_by_hand_and_its_refusal(doors):
    entry = {
        "date": "2026-11-02",
        "description": "Hibah desa",
        "lines": [{"account": "1101", "debit": money(2_000_000)}, {"account": "4201", "credit": money(2_000_000)}],
    }
    answer = await doors.api(Role.BENDAHARA, "POST", "/journal-entries", entry, "entry")
    assert (answer.status_code, answer.json()["description"]) == (202, "Hibah desa")
    path = f"/approvals/{answer.json()['number']}/refuse"
    body = {"fingerprint": answer.json()["fingerprint"], "reason": "Tanpa berita acara"}
    done = (await doors.api(Role.PENGURUS, "POST", path, body)).json()
    assert (done["status"], done["reason"], done["entry_number"]) == ("refused", "Tanpa berita acara", None)
    assert done["description"] == "Jurnal umum"
    again = await doors.api(Role.BENDAHARA, "POST", "/journal-entries", entry, "entry")
    assert (again.status_code, again.json()["status"]) == (202, "refused")


async def test_a_teller_sees_what_they_asked_for_and_no_more(doors, place):
    entry = {
        "date": "2026-11-02",
        "description": "Hibah desa",
        "lines": [{"account": "1101", "debit": money(2_000_000)}, {"account": "4201", "credit": money(2_000_000)}],
    }
    others = (await doors.api(Role.BENDAHARA, "POST", "/journal-entries", entry, "others")).json()["number"]
    own = (await draw(doors, place, 600)).json()["number"]
    shown = (await doors.api(Role.KASIR, "GET", "/approvals")).json()["items"]
    assert {one["asked_by"] for one in shown} == {"kasir"}
    assert (await doors.api(Role.KASIR, "GET", f"/approvals/{others}")).status_code == 404
    assert (await doors.page(Role.KASIR, f"/persetujuan/{others}")).status_code == 404
    assert (await doors.api(Role.KASIR, "POST", f"/approvals/{others}/withdraw")).status_code == 404
    assert (await doors.api(Role.KASIR, "POST", f"/approvals/{own}/withdraw")).json()["status"] == "withdrawn"
    waiting = (await doors.api(Role.PENGAWAS, "GET", "/approvals?status=draft")).json()["items"]
    assert others in {one["number"] for one in waiting}
    assert own not in {one["number"] for one in waiting}
    first = (await doors.api(Role.KETUA, "GET", "/approvals?limit=1")).json()
    second = (await doors.api(Role.KETUA, "GET", f"/approvals?limit=1&cursor={first['next_cursor']}")).json()
    assert first["items"][0]["number"] > second["items"][0]["number"]


async def test_what_another_village_asked_for_is_not_there(doors, place, client, database, other_village):
    number = (await draw(doors, place, 600)).json()["number"]
    answer = await client.get(f"/api/v1/approvals/{number}", headers=other_village.headers(Role.KETUA))
    assert answer.status_code == 404


async def test_a_retry_finds_the_money_that_an_expired_draft_held(doors, database, poster, client, session_of):
    """Also in the desk's own door, without anybody looking at the inbox."""
    from datetime import UTC, datetime, timedelta

    from tests.conftest import found

    from koperasi.savings import service as savings

    village = await populate(database, await found(database, sessions=True))
    async with database.work(village.cooperative.book_id) as work:
        await set_limits(work, withdrawal="500.00", entry="1000000.00")
        accounts = await savings.accounts_of(work.connection, work.book_id, village.member.number)
        await work.commit()
    free = next(one.number for one in accounts if one.kind.withdrawable)
    desk = Desk(database, poster, village.cooperative, village.member.number, free)
    await desk.deposit(1_000)
    here = Doors(client, village, session_of)
    await desk.ask(1_000, now=datetime.now(UTC) - timedelta(days=5))
    assert (await draw(here, desk, 250)).status_code == 201
    assert await desk.stands() == (750, 750)
    await desk.ask(750, now=datetime.now(UTC) - timedelta(days=5))
    sent = await here.send(
        Role.KASIR, f"/transaksi?template=t&rekening={free}", "/transaksi", template="t", rekening=free, amount="250",
        date=desk.today().isoformat(),
    )  # fmt: skip
    assert sent.status_code == 303, sent.text
    assert await desk.stands() == (500, 500)


# --- pages ------------------------------------------------------------------------------------------------------------


async def ask_by_page(doors, place, rupiah):
    sent = await doors.send(
        Role.KASIR, f"/transaksi?template=t&rekening={place.account}", "/transaksi", template="t",
        rekening=place.account, amount=str(rupiah), date=place.today().isoformat(),
    )  # fmt: skip
    assert sent.status_code == 303, sent.text
    found = re.fullmatch(r"/persetujuan/([0-9]+)\?baru=1", sent.headers["location"])
    assert found, sent.headers["location"]
    return int(found[1])


async def test_from_the_desk_to_the_inbox_and_into_the_book(doors, place):
    number = await ask_by_page(doors, place, 600)
    own = (await doors.page(Role.KASIR, f"/persetujuan/{number}?baru=1")).text
    assert "Menunggu persetujuan orang kedua" in own
    assert "Tarik kembali" in own
    assert "Setujui dan catat" not in own
    balance, available = await place.stands()
    assert available <= balance - 600

    inbox = (await doors.page(Role.KETUA, "/persetujuan")).text
    assert f'href="/persetujuan/{number}"' in inbox
    count = int(re.search(r'Persetujuan <b class="count">(\d+)</b>', inbox)[1])
    shown = (await doors.page(Role.KETUA, f"/persetujuan/{number}")).text
    assert "Saldo sesudahnya" in shown
    done = await doors.send(Role.KETUA, f"/persetujuan/{number}", f"/persetujuan/{number}/setuju")
    assert (done.status_code, done.headers["location"]) == (303, f"/persetujuan/{number}?selesai=1")
    after = (await doors.page(Role.KETUA, f"/persetujuan/{number}?selesai=1")).text
    assert "Disetujui dan dicatat." in after
    receipt = re.search(r'href="(/bukti/[0-9-]+)"', after)[1]
    assert (await doors.page(Role.KASIR, receipt)).status_code == 200
    left = re.search(r'Persetujuan <b class="count">(\d+)</b>', after)
    assert (int(left[1]) if left else 0) == count - 1
    assert (await place.stands())[0] == balance - 600
    # The page of the other member of the board still showed the form.
    late = await doors.send(Role.PENGURUS, "/persetujuan", f"/persetujuan/{number}/setuju", fingerprint="00" * 32)
    assert late.status_code == 409
    assert "sudah diputuskan" in late.text


async def test_a_refusal_needs_a_reason(doors, place):
    number = await ask_by_page(doors, place, 600)
    path = f"/persetujuan/{number}"
    without = await doors.send(Role.KETUA, path, f"{path}/tolak", reason="")
    assert without.status_code == 422
    assert (await place.read(number)).status is Status.DRAFT
    done = await doors.send(Role.KETUA, path, f"{path}/tolak", reason="Belum ada berkas")
    assert done.status_code == 303
    assert "Belum ada berkas" in (await doors.page(Role.KASIR, path)).text
    assert "Belum ada berkas" not in (await doors.page(Role.KETUA, "/persetujuan")).text
    assert f'href="{path}"' in (await doors.page(Role.KETUA, "/persetujuan?semua=1")).text


async def test_a_teller_takes_back_what_they_asked_for(doors, place):
    number = await ask_by_page(doors, place, 600)
    done = await doors.send(Role.KASIR, f"/persetujuan/{number}", f"/persetujuan/{number}/tarik")
    assert done.status_code == 303
    assert (await place.read(number)).status is Status.WITHDRAWN


@pytest.mark.parametrize("seen", ["", "zz", "00"])
async def test_a_form_that_says_nothing_right_is_told_so(doors, place, seen):
    number = await ask_by_page(doors, place, 600)
    path = f"/persetujuan/{number}"
    answer = await doors.send(Role.KETUA, path, f"{path}/setuju", fingerprint=seen)
    assert answer.status_code == 409
    assert "muat ulang" in answer.text


async def test_an_entry_by_page_waits_too(doors):
    fields = {
        "date": "2026-11-02", "description": "Hibah desa", "rows": "6", "account-0": "1101", "debit-0": "2.000.000",
        "account-1": "4201", "credit-1": "2.000.000",
    }  # fmt: skip
    sent = await doors.send(Role.BENDAHARA, "/jurnal/baru", "/jurnal/baru", **fields)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/persetujuan/")


async def test_the_pages_in_english(doors, place, database):
    from sqlalchemy import text

    number = await ask_by_page(doors, place, 600)
    async with database.work(place.book_id) as work:
        await work.connection.execute(text("UPDATE app_user SET locale = 'en' WHERE username = 'pengurus'"))
        await work.commit()
    assert "Nothing" in (await doors.page(Role.PENGURUS, f"/persetujuan/{number}?baru=1")).text
    assert "Waiting for approval" in (await doors.page(Role.PENGURUS, "/persetujuan")).text


# --- policies ---------------------------------------------------------------------------------------------------------


async def test_a_policy_waits_for_the_board(doors, place, database):
    from koperasi.cooperatives import service as cooperatives

    async def in_force():
        async with database.reading(place.book_id) as connection:
            rows = await cooperatives.policies(connection, place.book_id)
        return next((row.value, row.set_by) for row in rows if row.name == "approval.entry_above")

    fields = {
        "name": "approval.entry_above", "value": "750.000", "valid_from": "2026-02-01", "legal_reference": "Rapat 1",
    }  # fmt: skip
    before = await in_force()
    wrong = await doors.send(Role.ADMIN, "/koperasi/kebijakan", "/koperasi/kebijakan", **(fields | {"value": "x"}))
    assert wrong.status_code == 422
    sent = await doors.send(Role.ADMIN, "/koperasi/kebijakan", "/koperasi/kebijakan", **fields)
    path, _, _ = sent.headers["location"].partition("?")
    assert path.startswith("/persetujuan/")
    shown = (await doors.page(Role.ADMIN, f"{path}?baru=1")).text
    assert "Belum ada yang berubah." in shown
    assert "Tarik kembali" in shown
    assert await in_force() == before
    board = (await doors.page(Role.KETUA, path)).text
    for words in (
        "Jurnal manual di atas jumlah ini perlu orang kedua",
        "Rp1.000.000",
        "Rp750.000",
        "Setujui dan jalankan",
    ):
        assert words in board, words
    done = await doors.send(Role.KETUA, path, f"{path}/setuju")
    assert done.headers["location"] == f"{path}?selesai=1"
    assert "Disetujui dan dijalankan." in (await doors.page(Role.ADMIN, f"{path}?selesai=1")).text
    assert await in_force() == ("750000.00", "admin")
    detail = (await doors.api(Role.KETUA, "GET", f"/approvals/{path.rpartition('/')[2]}")).json()
    assert (detail["subject"], detail["changes"][0]["after"]) == ("policy approval.entry_above", "Rp750.000")
    # The same day twice is refused before anybody is asked.
    again = await doors.send(Role.ADMIN, "/koperasi/kebijakan", "/koperasi/kebijakan", **fields)
    assert again.status_code == 422
    assert "sudah mempunyai nilai" in again.text


async def test_who_only_looks_is_not_refused_in_read_only_mode(doors, place, database):
    from datetime import UTC, datetime, timedelta

    from sqlalchemy import text

    await place.ask(600, now=datetime.now(UTC) - timedelta(days=9))
    switch = "UPDATE cooperative SET read_only_since = {} WHERE book_id = :book"
    async with database.work(place.book_id) as work:
        await work.connection.execute(text(switch.format("now()")), {"book": place.book_id})
        await work.commit()
    try:
        assert (await doors.page(Role.KETUA, "/persetujuan")).status_code == 200
        assert (await doors.api(Role.KETUA, "GET", "/approvals")).status_code == 200
    finally:
        async with database.work(place.book_id) as work:
            await work.connection.execute(text(switch.format("NULL")), {"book": place.book_id})
            await work.commit()
