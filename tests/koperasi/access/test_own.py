"""What one has open, the first password that must be changed, accounts that end, and log-ins by phone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from koperasi.access import service, service_own
from koperasi.access.service_tokens import open_session
from koperasi.audit import service as audit
from koperasi.errors import Refusal, Unauthorised
from koperasi.members import service as members
from koperasi.members.rules import MigrantStatus
from koperasi.permissions import GRANTS, Identity, Permission, Role

from .conftest import NOON, PASSWORD
from .test_doors import ask_for_token, enter, form_token

PIN = "482915"


async def add(house, role=Role.KASIR, username="budi", password=PASSWORD, **more):
    async with house.database.work(house.book_id) as work:
        user_id = await service.create_user(
            work.connection, house.book_id, username=username, name="Budi", role=role, password=password, **more
        )
        await work.commit()
    return user_id


async def told(house, action):
    async with house.database.reading(house.book_id) as connection:
        found, _ = await audit.events(connection, house.book_id, audit.Search(action=action))
    return found


async def test_a_password_that_others_know_opens_nothing_but_its_own_change(client, house):
    await add(house, Role.ANGGOTA, house.member_number, PIN, member_number=house.member_number, must_change=True)
    client.cookies.clear()
    await enter(client, house, PIN, username=house.member_number)
    for path in ("/", "/saldo-saya", "/sesi", "/hak-akses"):
        assert (await client.get(path, follow_redirects=False)).headers["location"] == "/sandi", path
    page = await client.get("/saldo-saya", follow_redirects=True)
    assert "diketahui orang lain" in page.text
    fields = {"_csrf_token": form_token(page), "present": PIN}
    same = await client.post("/sandi", data={**fields, "password": PIN, "again": PIN})
    assert (same.status_code, "harus lain" in same.text) == (422, True)
    easy = await client.post("/sandi", data={**fields, "password": "123456", "again": "123456"})
    assert easy.status_code == 422
    done = await client.post("/sandi", data={**fields, "password": "739164", "again": "739164"}, follow_redirects=False)
    assert done.status_code == 303
    assert (await client.get("/saldo-saya", follow_redirects=False)).status_code == 200


async def test_whoever_must_change_may_still_leave(client, house):
    await add(house, must_change=True)
    client.cookies.clear()
    await enter(client, house, username="budi")
    token = form_token(await client.get("/sandi"))
    assert (await client.post("/keluar", data={"_csrf_token": token}, follow_redirects=False)).status_code == 303
    assert (await ask_for_token(client, house, username="budi")).json()["code"] == "password-change-needed"


async def test_an_auditors_account_ends_on_its_day(house):
    with pytest.raises(Refusal) as refused:
        await add(house, Role.AUDITOR)
    assert (refused.value.code, refused.value.field) == ("valid-until", "valid_until")
    await add(house, Role.AUDITOR, valid_until=NOON.date())
    await house.try_to_log_in(PASSWORD, username="budi")
    with pytest.raises(Unauthorised):
        await house.try_to_log_in(PASSWORD, username="budi", after=24 * 3600)


async def test_its_sessions_and_tokens_end_with_it(client, house):
    today = datetime.now(UTC).date()
    user_id = await add(house, Role.AUDITOR, valid_until=today)
    bearer = {"Authorization": f"Bearer {(await ask_for_token(client, house, username='budi')).json()['token']}"}
    client.cookies.clear()
    await enter(client, house, username="budi")
    assert (await client.get("/neraca-saldo", follow_redirects=False)).status_code == 200
    async with house.database.work(house.book_id) as work:
        await work.connection.execute(
            service.update(service.app_user)
            .where(service.app_user.c.user_id == user_id)
            .values(valid_until=today - timedelta(days=2))
        )
        await work.commit()
    assert (await client.get("/neraca-saldo", follow_redirects=False)).headers["location"].startswith("/masuk")
    assert (await client.get("/api/v1/chart", headers=bearer)).status_code == 401


async def test_one_sees_ones_devices_and_ends_them(client, house):
    client.cookies.clear()
    await enter(client, house)
    other = client.cookies["koperasi_session"]
    client.cookies.clear()
    await enter(client, house)
    page = await client.get("/sesi")
    assert page.text.count("/sesi/akhiri") == 1
    assert "perangkat ini" in page.text
    name = re.search(r'name="session" value="([0-9a-f]{12})"', page.text).group(1)
    fields = {"_csrf_token": form_token(page)}
    assert (await client.post("/sesi/akhiri", data={**fields, "session": "0" * 12})).status_code == 200
    await client.post("/sesi/akhiri", data={**fields, "session": name})
    assert "/sesi/akhiri" not in (await client.get("/sesi")).text
    client.cookies.clear()
    gone = await client.get("/sesi", headers={"Cookie": f"koperasi_session={other}"}, follow_redirects=False)
    assert gone.status_code == 303
    assert [event.subject for event in await told(house, "session.ended")] == [f"session {name}"]


async def test_nobody_ends_anothers_session(house):
    user_id = await add(house)
    budi = Identity(house.book_id, user_id, "budi", "Budi", Role.KASIR)
    async with house.database.work(house.book_id) as work:
        await open_session(work.connection, budi, address="10.0.0.7", now=NOON)
        (his,) = await service_own.sessions_of(work.connection, budi, NOON)
        assert not await service_own.end_one(work.connection, house.treasurer, his.name)
        assert await service_own.sessions_of(work.connection, budi, NOON) == [his]
        assert await service_own.end_one(work.connection, budi, his.name)
        assert await service_own.sessions_of(work.connection, budi, NOON) == []


async def test_logging_out_everywhere_ends_sessions_and_tokens(client, house):
    bearer = {"Authorization": f"Bearer {(await ask_for_token(client, house)).json()['token']}"}
    client.cookies.clear()
    await enter(client, house)
    cookie = client.cookies["koperasi_session"]
    done = await client.post(
        "/sesi/semua", data={"_csrf_token": form_token(await client.get("/sesi"))}, follow_redirects=False
    )
    assert done.headers["location"] == "/masuk"
    client.cookies.clear()
    again = await client.get("/sesi", headers={"Cookie": f"koperasi_session={cookie}"}, follow_redirects=False)
    assert again.status_code == 303
    assert (await client.get("/api/v1/chart", headers=bearer)).status_code == 401
    assert [event.actor for event in await told(house, "log-out.everywhere")] == ["siti"]


async def test_a_token_is_made_for_a_purpose_shown_once_and_revoked(client, house):
    client.cookies.clear()
    await enter(client, house)
    page = await client.get("/token")
    fields = {"_csrf_token": form_token(page), "label": "Laporan", "days": "30", "password": PASSWORD}
    for wrong in (
        {},
        {"may-manage-users": "1"},
        {"may-read-books": "1", "password": "salah"},
        {"may-read-books": "1", "days": "9"},
    ):
        answer = await client.post("/token", data={**fields, **wrong})
        assert (answer.status_code, "kop_" in answer.text) == (422, False), wrong
    made = await client.post("/token", data={**fields, "may-read-books": "1"})
    token = re.search(r">(kop_[A-Za-z0-9_-]+)<", made.text).group(1)
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await client.get("/api/v1/chart", headers=bearer)).status_code == 200
    assert (await client.get("/api/v1/members", headers=bearer)).status_code == 403
    listed = await client.get("/token")
    assert "Laporan" in listed.text
    assert token not in listed.text
    name = re.search(r'name="token" value="([0-9a-f]{12})"', listed.text).group(1)
    await client.post("/token/cabut", data={"_csrf_token": fields["_csrf_token"], "token": name})
    assert (await client.get("/api/v1/chart", headers=bearer)).status_code == 401
    assert [event.subject for event in await told(house, "token.revoked")] == [f"token {name}"]


async def test_a_program_asks_for_less_than_its_user_may(client, house):
    answer = await ask_for_token(client, house, scope=["read-books", "manage-users"], days=1)
    body = answer.json()
    assert (answer.status_code, body["scope"]) == (201, ["manage-users", "read-books"])
    left = datetime.fromisoformat(body["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(days=1)
    bearer = {"Authorization": f"Bearer {body['token']}"}
    assert (await client.get("/api/v1/chart", headers=bearer)).status_code == 200
    assert (await client.get("/api/v1/members", headers=bearer)).status_code == 403
    for wrong in ({"scope": ["everything"]}, {"days": 0}, {"days": 366}):
        assert (await ask_for_token(client, house, **wrong)).status_code == 400


async def test_a_member_comes_in_by_phone_if_it_is_theirs_alone(house):
    async def join(number_of_people):
        async with house.database.work(house.book_id) as work:
            new = members.NewMember(
                name="Wati", phone="0812-3456-7009", joined_on=date(2024, 1, 2), migrant_status=MigrantStatus.BUKAN
            )
            member, _ = await members.register(work, new, actor="test")
            await service.create_user(
                work.connection, house.book_id, username=member.number, name="Wati", role=Role.ANGGOTA,
                password=PIN, member_number=member.number,
            )  # fmt: skip
            await work.commit()
        return member.number

    number = await join(1)
    for typed in ("081234567009", "+62 812-3456-7009", "6281234567009"):
        assert (await house.try_to_log_in(PIN, username=typed)).member_number == number
    with pytest.raises(Unauthorised):
        await house.try_to_log_in("739164", username="081234567009")
    await join(2)
    with pytest.raises(Unauthorised):
        await house.try_to_log_in(PIN, username="081234567009")
    assert (await house.try_to_log_in(PIN, username=number)).member_number == number


async def test_the_table_is_shown_to_everybody_who_works_here(client, village, session_of):
    for role in Role:
        client.cookies.clear()
        page = await client.get("/hak-akses", headers={"Cookie": await session_of(village, role)})
        assert page.status_code == (403 if role is Role.ANGGOTA else 200)
    assert "Melihat jejak audit" in page.text


async def test_a_programme_officer_sees_sums_and_nobodys_number(client, village, session_of):
    cookie = {"Cookie": await session_of(village, Role.PENDAMPING)}
    client.cookies.clear()
    for path in ("/laporan", "/laporan/posisi-keuangan", "/laporan/neraca-lajur"):
        page = await client.get(path, headers=cookie)
        assert page.status_code == 200, path
        assert village.member.number not in page.text
        assert village.member.name not in page.text
        assert "/buku-besar/" not in page.text


@pytest.mark.parametrize("role", [Role.BENDAHARA, Role.KASIR, Role.PENGAWAS, Role.ADMIN])
async def test_who_may_not_read_members_is_offered_no_search_for_them(client, village, session_of, role):
    client.cookies.clear()
    page = await client.get("/hak-akses", headers={"Cookie": await session_of(village, role)})
    assert page.status_code == 200
    assert ('role="search"' in page.text) == (Permission.READ_MEMBERS in GRANTS[role])
