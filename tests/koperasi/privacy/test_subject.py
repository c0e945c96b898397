"""A member gets all that is known about them, and is forgotten as far as the law lets it; the books still prove."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime

import pytest
from litestar.testing import AsyncTestClient
from sqlalchemy import insert

import ledger
from koperasi.access import service as access
from koperasi.access import service_tokens
from koperasi.access.tables import app_user
from koperasi.audit import service as audit
from koperasi.cooperatives.service import account_code
from koperasi.members import service as members
from koperasi.members.service import MemberStatus, NewMember
from koperasi.permissions import Identity, Role
from koperasi.privacy import rules, service, service_subject
from koperasi.savings import service as savings

from ...conftest import Village, found
from .conftest import NIK, NOW, PERSONAL, PLANTED
from .test_at_rest import everything_in

TODAY = date(2026, 11, 25)


ROLES = (Role.BENDAHARA, Role.KETUA, Role.KASIR, Role.ANGGOTA)


async def staffed(database) -> Village:
    """A cooperative with a member and a few users, who come in by session or token: nobody types a password here."""
    cooperative = await found(database)
    tokens = {}
    async with database.work(cooperative.book_id) as work:
        new = NewMember(name="Sutinah", joined_on=date(2024, 1, 2))
        member, _ = await members.register(work, new, actor="bendahara")
        await savings.welcome(work, cooperative, member, actor="bendahara")
        for role in ROLES:
            number = member.number if role is Role.ANGGOTA else None
            name = number or role.value
            user_id = await work.connection.scalar(
                insert(app_user)
                .values(
                    book_id=work.book_id, username=name, name="Sutinah" if number else name, role=role.value,
                    password_hash="-", member_number=number,
                )
                .returning(app_user.c.user_id)
            )  # fmt: skip
            identity = Identity(work.book_id, user_id, name, name, role, number)
            tokens[role], _ = await service_tokens.issue_token(
                work.connection, identity, label="test", address="127.0.0.1", now=datetime.now(UTC)
            )
        await work.commit()
    return Village(cooperative, {}, {}, tokens, member)


@pytest.fixture
async def shop(database, poster):
    """A cooperative with a member of whom everything is known, who has saved, with a note on one deposit."""
    village = await staffed(database)
    cooperative = village.cooperative
    async with database.work(cooperative.book_id) as work:
        await members.change(work, village.member.number, {**PERSONAL, "village": "Sumberagung"}, actor="bendahara")
        other, _ = await members.register(work, NewMember(name="Tini", joined_on=date(2024, 1, 2)), actor="bendahara")
        theirs = await savings.welcome(work, cooperative, other, actor="bendahara")
        mine = await savings.accounts_of(work.connection, cooperative.book_id, village.member.number)
        await work.commit()
    cash = account_code(cooperative.kind, "cash.teller")
    async with database.reading(cooperative.book_id) as connection:
        (teller,) = await ledger.find_accounts(connection, cooperative.book_id, [cash])
    for key, account, note in [
        ("a", mine[1], "Titipan Pak Slametriyadi"),
        ("b", mine[2], None),
        ("c", theirs[1], "Titipan Bu Tini"),
    ]:
        await post(poster, cooperative, key, teller.account_id, account.ledger_account_id, note)
    return village


async def post(poster, cooperative, key, debit, credit, note):
    """Ten thousand rupiah from one account to another, with words that somebody wrote."""
    lines = (ledger.Line(debit, 10_000_00), ledger.Line(credit, -10_000_00))
    draft = ledger.Draft(
        cooperative.book_id, date(2026, 11, 20), "savings.deposit", "Setoran", "bendahara", lines, key, note=note
    )
    assert isinstance(await poster.post(draft), ledger.Posted)


async def ask(database, village):
    async with database.work(village.cooperative.book_id) as work:
        asked, before = await service.request_erasure(work, village.member.number, actor=village.member.number)
        await work.commit()
    return asked, before


async def erase(database, village, today=TODAY):
    async with database.work(village.cooperative.book_id) as work:
        done = await service_subject.erase(work, village.member.number, actor="bendahara", today=today)
        await work.commit()
    return done


async def about(database, village):
    async with database.reading(village.cooperative.book_id) as connection:
        return await service_subject.everything_about(connection, village.cooperative, village.member.number, now=NOW)


async def test_all_that_is_known_is_in_the_file(database, shop):
    told = json.dumps(service_subject.as_json(await about(database, shop)), ensure_ascii=False)
    assert [planted for planted in PLANTED if planted not in told] == []
    for known in ("Sutinah", "Sumberagung", "Titipan Pak Slametriyadi", shop.member.number, "10000.00"):
        assert known in told, known
    assert "Tini" not in told


async def test_what_may_go_goes_and_the_ledger_still_verifies(database, superuser_engine, shop):
    book_id = shop.cooperative.book_id
    asked, before = await ask(database, shop)
    again, repeated = await ask(database, shop)
    assert (asked.request_id, before, repeated) == (again.request_id, False, True)
    done = await erase(database, shop)
    assert (done.identity_too, done.kept_until, done.notes) == (False, None, 1)
    subject = await about(database, shop)
    member = subject.member
    assert (member.number, member.name, member.nik) == (shop.member.number, "Sutinah", NIK)
    assert (member.phone, member.email, member.address, member.village, member.heirs) == (None, None, None, None, ())
    assert [one.outcome for one in subject.requests] == ["erased"]
    lying = await everything_in(superuser_engine, book_id)
    assert "Titipan Pak Slametriyadi" not in lying
    assert "Titipan Bu Tini" in lying
    async with database.reading(book_id) as connection:
        report = await ledger.verify(connection, book_id)
        assert report.findings == ()
        assert await members.search(connection, book_id, text="7890") == []
        events, _ = await audit.events(connection, book_id, audit.Search(action=audit.Action.ERASURE_DONE.value))
    assert [event.subject for event in events] == [f"member {shop.member.number}"]


async def test_a_note_on_many_peoples_entry_stays(database, poster, shop):
    book_id = shop.cooperative.book_id
    async with database.reading(book_id) as connection:
        mine = await savings.accounts_of(connection, book_id, shop.member.number)
        theirs = await savings.accounts_of(connection, book_id, "00002")
    await post(poster, shop.cooperative, "t", mine[2].ledger_account_id, theirs[2].ledger_account_id, "Arisan bersama")
    await ask(database, shop)
    await erase(database, shop)
    async with database.reading(book_id) as connection:
        notes = [one.note.text for one in await ledger.entries(connection, book_id) if one.note]
    assert "Arisan bersama" in notes
    assert "Titipan Pak Slametriyadi" not in notes


async def test_who_left_long_ago_is_forgotten_by_name_too(database, superuser_engine, shop):
    number, book_id = shop.member.number, shop.cooperative.book_id
    async with database.work(book_id) as work:
        for status in (MemberStatus.KELUAR_DIAJUKAN, MemberStatus.KELUAR):
            await members.move(work, number, members.Move(act="uji", to=status, effective_on=TODAY, actor="bendahara"))
        await work.commit()
    await ask(database, shop)
    early = await erase(database, shop, date(2036, 12, 31))
    assert (early.identity_too, early.kept_until) == (False, date(2037, 1, 1))
    await ask(database, shop)
    assert (await erase(database, shop, date(2037, 1, 1))).identity_too
    subject = await about(database, shop)
    assert (subject.member.name, subject.member.nik, subject.member.birth_date) == (rules.ERASED_NAME, None, None)
    assert (subject.member.status, subject.member.left_on) == (MemberStatus.KELUAR, TODAY)
    assert [(one.active, one.name) for one in subject.log_ins] == [(False, rules.ERASED_NAME)]
    lying = await everything_in(superuser_engine, book_id)
    assert [planted for planted in (*PLANTED, "Sutinah") if planted in lying] == []
    async with database.reading(book_id) as connection:
        assert (await ledger.verify(connection, book_id)).findings == ()
        assert all(user.name != "Sutinah" for user in await access.list_users(connection, book_id))


async def test_nothing_is_erased_that_nobody_asked_for(database, shop):
    with pytest.raises(Exception, match="no-erasure-request"):
        await erase(database, shop)
    assert (await about(database, shop)).member.phone == "+6281234567890"


async def test_a_declined_request_tells_why_and_another_may_follow(database, shop):
    await ask(database, shop)
    async with database.work(shop.cooperative.book_id) as work:
        await service_subject.decline(work, shop.member.number, actor="ketua", answer="Masih ada titipan.")
        await work.commit()
    assert [(one.outcome, one.answer) for one in (await about(database, shop)).requests] == [
        ("declined", "Masih ada titipan.")
    ]
    _, repeated = await ask(database, shop)
    assert not repeated


@pytest.mark.parametrize(
    ("left_on", "until"), [(None, None), (date(2016, 1, 1), date(2027, 1, 1)), (date(2016, 12, 31), date(2027, 1, 1))]
)
def test_how_long_names_are_kept(left_on, until):
    assert rules.kept_until(left_on) == until
    if until:
        assert rules.identity_may_go(left_on, until)
        assert not rules.identity_may_go(left_on, date(2026, 12, 31))


# --- Pages and API ---------------------------------------------------------------------------------------------------


@pytest.fixture
def page(client, session_of, shop):
    """Call a page in the session of a role, with the form's token."""

    async def calling(role: Role, method: str, path: str, **fields: str):
        own = AsyncTestClient(client.app, raise_server_exceptions=False)
        own.blocking_portal = client.blocking_portal
        cookie = await session_of(shop, role)
        seen = await own.get("/masuk", follow_redirects=False)
        token = re.search(r'name="_csrf_token" value="([^"]+)"', seen.text)[1]
        csrf = re.search(r"csrf=([^;]+)", seen.headers["set-cookie"])[1]
        own.cookies.clear()
        return await own.request(
            method,
            path,
            headers={"Cookie": f"{cookie}; csrf={csrf}"},
            data={"_csrf_token": token, **fields} if method == "POST" else None,
            follow_redirects=False,
        )

    return calling


async def trail(database, village, action):
    async with database.reading(village.cooperative.book_id) as connection:
        found, _ = await audit.events(connection, village.cooperative.book_id, audit.Search(action=action.value))
    return [(event.actor, event.subject) for event in found]


async def test_the_nik_is_shown_by_an_act_that_is_put_on_record(database, shop, page):
    path = f"/anggota/{shop.member.number}"
    card = await page(Role.BENDAHARA, "GET", path)
    assert "Tampilkan NIK" in card.text
    assert NIK not in card.text
    assert "20 Oktober 1990" not in card.text, "it is what the mask hides"
    assert await trail(database, shop, audit.Action.NIK_VIEWED) == []
    shown = await page(Role.BENDAHARA, "POST", f"{path}/nik")
    assert shown.status_code == 200
    assert NIK in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert await trail(database, shop, audit.Action.NIK_VIEWED) == [("bendahara", f"member {shop.member.number}")]
    assert (await page(Role.KASIR, "POST", f"{path}/nik")).status_code == 403
    assert "Tampilkan NIK" not in (await page(Role.KASIR, "GET", path)).text
    assert (await page(Role.BENDAHARA, "POST", "/anggota/99999/nik")).status_code == 404
    listed = (await page(Role.KASIR, "GET", "/anggota")).text
    assert "3456" not in listed
    assert "+6281******890" in listed


async def test_a_member_reads_downloads_and_asks(database, shop, page):
    own = await page(Role.ANGGOTA, "GET", "/data-saya")
    for known in (NIK, "0812-3456-7890", "Slametriyadi", "Jalan Melati", "Minta data saya dihapus"):
        assert known in own.text, known
    file = await page(Role.ANGGOTA, "GET", "/data-saya/unduh")
    assert file.json()["member"]["nik"] == NIK
    assert f'filename="data-{shop.member.number}.json"' in file.headers["content-disposition"]
    assert file.headers["cache-control"] == "no-store"
    asked = await page(Role.ANGGOTA, "POST", "/data-saya/hapus")
    assert (asked.status_code, asked.headers["location"]) == (303, "/data-saya?selesai=diminta")
    assert "sedang menunggu keputusan" in (await page(Role.ANGGOTA, "GET", "/data-saya?selesai=diminta")).text
    assert (await page(Role.BENDAHARA, "GET", "/data-saya")).status_code == 403
    assert (await page(Role.ANGGOTA, "GET", f"/anggota/{shop.member.number}/data")).status_code == 403


async def test_staff_answer_a_request(database, shop, page):
    """The treasurer, who writes the notes that go with it, can record a request; the chair decides."""
    data = f"/anggota/{shop.member.number}/data"
    assert (await page(Role.KETUA, "POST", f"{data}/hapus", yakin="1")).status_code == 409
    assert (await page(Role.KETUA, "POST", f"{data}/minta")).status_code == 403
    assert "Catat permintaan anggota" in (await page(Role.BENDAHARA, "GET", data)).text
    asked = await page(Role.BENDAHARA, "POST", f"{data}/minta")
    assert (asked.status_code, asked.headers["location"]) == (303, f"{data}?selesai=diminta")
    assert "menunggu keputusan ketua" in (await page(Role.BENDAHARA, "GET", data)).text
    assert "1 anggota meminta datanya dihapus" in (await page(Role.KETUA, "GET", "/anggota")).text
    assert "meminta datanya dihapus" in (await page(Role.KETUA, "GET", f"/anggota/{shop.member.number}")).text
    assert data in (await page(Role.KETUA, "GET", "/permintaan-data")).text
    assert "Tolak permintaan" in (await page(Role.KETUA, "GET", data)).text
    for role in (Role.BENDAHARA, Role.KASIR, Role.ANGGOTA):
        assert (await page(role, "POST", f"{data}/hapus", yakin="1")).status_code == 403
        assert (await page(role, "GET", "/permintaan-data")).status_code == 403
    assert (await page(Role.KETUA, "POST", f"{data}/tolak")).status_code == 422
    unsure = await page(Role.KETUA, "POST", f"{data}/hapus")
    assert unsure.status_code == 422
    assert "Centang dahulu" in unsure.text
    done = await page(Role.KETUA, "POST", f"{data}/hapus", yakin="1")
    assert (done.status_code, done.headers["location"]) == (303, f"{data}?selesai=dihapus")
    assert (await about(database, shop)).member.phone is None
    assert ("ketua", f"member {shop.member.number}") in await trail(database, shop, audit.Action.DATA_READ)
    assert (await page(Role.BENDAHARA, "POST", f"{data}/minta")).status_code == 303
    declined = await page(Role.KETUA, "POST", f"{data}/tolak", answer="Sudah dihapus kemarin.")
    assert declined.status_code == 303
    assert "Sudah dihapus kemarin." in (await page(Role.ANGGOTA, "GET", "/data-saya")).text


async def test_over_the_api(client, shop):
    staff, own, chair = (shop.headers(role) for role in (Role.BENDAHARA, Role.ANGGOTA, Role.KETUA))
    number = shop.member.number
    mine = await client.get("/api/v1/my-data", headers=own)
    assert mine.json()["member"]["nik"] == NIK
    theirs = await client.get(f"/api/v1/members/{number}/personal-data", headers=staff)
    assert theirs.json()["member"] == mine.json()["member"]
    assert (await client.get(f"/api/v1/members/{number}/personal-data", headers=own)).status_code == 403
    assert (await client.get("/api/v1/my-data", headers=staff)).status_code == 403
    nik = await client.post(f"/api/v1/members/{number}/nik-views", headers=staff)
    assert nik.json() == {"number": number, "nik": NIK}
    assert (await client.post(f"/api/v1/members/{number}/erasure", headers=chair)).status_code == 409
    asked = await client.post("/api/v1/my-data/erasure-requests", headers=own)
    assert (asked.status_code, asked.json()["outcome"]) == (201, None)
    assert (await client.post(f"/api/v1/members/{number}/erasure-requests", headers=staff)).json() == asked.json()
    assert (await client.post(f"/api/v1/members/{number}/erasure", headers=staff)).status_code == 403
    done = await client.post(f"/api/v1/members/{number}/erasure", headers=chair)
    assert done.json() == {"member_number": number, "identity_erased": False, "kept_until": None, "notes_erased": 1}
    assert (await client.get("/api/v1/my-data", headers=own)).json()["heirs"] == []
    for path in ("personal-data", "nik-views", "erasure-requests", "erasure"):
        method, who = ("GET" if path == "personal-data" else "POST"), (chair if path == "erasure" else staff)
        assert (await client.request(method, f"/api/v1/members/99999/{path}", headers=who)).status_code == 404
