"""Another role: not one's own, with a second person where the policies want one; and passwords that others know."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, date, datetime, timedelta

import pytest
import pytest_asyncio

from koperasi.access import leaked, service, service_tokens
from koperasi.access.service_roles import NewRole, set_role
from koperasi.app import register_acts
from koperasi.approvals import service as approvals
from koperasi.approvals.service import Status
from koperasi.audit import service as audit
from koperasi.cooperatives.service import add_policy
from koperasi.errors import Conflict, Refusal
from koperasi.permissions import Role
from koperasi.posting import Idempotency

from .conftest import PASSWORD
from .test_doors import enter, form_token

register_acts()


async def join(database, book_id, username, role, **facts):
    async with database.work(book_id) as work:
        user_id = await service.create_user(
            work.connection, book_id, username=username, name=username, role=role, password=PASSWORD, **facts
        )
        await work.commit()
    return user_id


@pytest_asyncio.fixture
async def office(house):
    """The house with an admin, a teller and a chair."""
    made = {role: await join(house.database, house.book_id, role.value, role) for role in (Role.ADMIN, Role.KASIR)}
    return house, made


async def give(house, user_id, role, *, actor="admin", until=None, key=None):
    async with house.database.work(house.book_id) as work:
        asked = await set_role(
            work, NewRole(user_id, role, until), actor=actor,
            idempotency=Idempotency.of("test", key or secrets.token_hex(8), user_id, role), now=datetime.now(UTC),
        )  # fmt: skip
        await work.commit()
    return asked


async def user(house, user_id):
    async with house.database.reading(house.book_id) as connection:
        return await service.user_by_id(connection, house.book_id, user_id)


async def code_of(doing):
    with pytest.raises(Refusal) as refused:
        await doing
    return refused.value.code


async def approve(house, asked, actor="ketua"):
    async with house.database.work(house.book_id) as work:
        done = await approvals.approve(
            work.connection, house.book_id, asked.number, actor=actor, seen=asked.fingerprint, now=datetime.now(UTC)
        )
        await work.commit()
    return done


async def test_in_a_house_without_a_board_the_admin_sets_it_up_alone(office):
    house, made = office
    assert await give(house, made[Role.KASIR], Role.KETUA) is None
    assert (await user(house, made[Role.KASIR])).role is Role.KETUA
    async with house.database.reading(house.book_id) as connection:
        (event, *_), _ = await audit.events(connection, house.book_id, audit.Search(action="role.changed"))
    assert ('"kasir"' in event.before, '"ketua"' in event.after, event.subject) == (True, True, "user kasir")


async def test_with_a_board_one_of_it_agrees_and_sessions_end(office):
    house, made = office
    chair = await join(house.database, house.book_id, "ketua", Role.KETUA)
    async with house.database.work(house.book_id) as work:
        teller = await user(house, made[Role.KASIR])
        identity = service.Identity(house.book_id, teller.user_id, "kasir", "kasir", Role.KASIR)
        token = await service_tokens.open_session(work.connection, identity, address="::1", now=datetime.now(UTC))
        await work.commit()
    asked = await give(house, made[Role.KASIR], Role.BENDAHARA, key="one")
    assert [tuple(one) for one in asked.changes][1] == ("Peran", "Kasir", "Bendahara")
    assert (await give(house, made[Role.KASIR], Role.BENDAHARA, key="one")).number == asked.number
    assert (await user(house, made[Role.KASIR])).role is Role.KASIR
    with pytest.raises(Conflict):
        await approve(house, asked, "admin")
    assert (await approve(house, asked)).status is Status.APPROVED
    assert (await user(house, made[Role.KASIR])).role is Role.BENDAHARA
    async with house.database.reading(house.book_id) as connection:
        digest = service.rules.digest(token)
        assert await service_tokens.recognise_session(connection, house.book_id, digest, datetime.now(UTC)) is None
    # The chair agrees to nobody's promotion of the chair.
    demoted = await give(house, chair, Role.PENGAWAS)
    with pytest.raises(Conflict) as own:
        await approve(house, demoted)
    assert own.value.code == "own-role"


async def test_a_role_that_changed_meanwhile_is_asked_for_anew(office):
    house, made = office
    await join(house.database, house.book_id, "ketua", Role.KETUA)
    first = await give(house, made[Role.KASIR], Role.BENDAHARA)
    second = await give(house, made[Role.KASIR], Role.PENGAWAS)
    await approve(house, first)
    with pytest.raises(Conflict) as changed:
        await approve(house, second)
    assert changed.value.code == "user-changed"


async def test_what_nobody_may_change(office):
    house, made = office
    member = await join(
        house.database, house.book_id, house.member_number, Role.ANGGOTA, member_number=house.member_number
    )
    assert await code_of(give(house, made[Role.ADMIN], Role.KETUA)) == "own-role"
    assert await code_of(give(house, made[Role.ADMIN], Role.KETUA, actor="siti")) == "last-admin"
    assert await code_of(give(house, member, Role.KASIR)) == "member-role"
    assert await code_of(give(house, made[Role.KASIR], Role.ANGGOTA)) == "member-role"
    assert await code_of(give(house, made[Role.KASIR], Role.AUDITOR)) == "valid-until"
    assert await give(house, made[Role.KASIR], Role.AUDITOR, until=date(2027, 1, 31)) is None
    assert await give(house, made[Role.KASIR], Role.AUDITOR) is None


async def test_the_page_and_the_programs_door(client, house, office):
    _, made = office
    client.cookies.clear()
    await enter(client, house, username="admin")
    card = f"/pengguna/{made[Role.KASIR]}"
    assert f'href="{card}/peran"' in (await client.get(card)).text
    token = form_token(await client.get(f"{card}/peran"))
    wrong = await client.post(f"{card}/peran", data={"_csrf_token": token, "role": "raja"})
    assert wrong.status_code == 422
    done = await client.post(f"{card}/peran", data={"_csrf_token": token, "role": "pengurus"}, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, card)
    # Now there is a second person: whoever shall agree is let in by one who does.
    made_one = await client.post(
        "/pengguna/baru", data={"_csrf_token": token, "name": "Wati", "role": "ketua", "username": "wati"}
    )
    number = re.search(r'href="/persetujuan/(\d+)"', made_one.text)[1]
    wati = next(one for one in await users(house) if one.username == "wati")
    assert wati.active is False
    shown = await client.get(f"/persetujuan/{number}")
    assert ("Perubahan peran" in shown.text, "Tarik kembali" in shown.text) == (True, True)
    async with house.database.reading(house.book_id) as connection:
        asked = await approvals.approval(connection, house.book_id, int(number))
    await approve(house, asked, "kasir")
    assert (await user(house, wati.user_id)).active
    issued = await client.post(
        "/api/v1/tokens", json={"cooperative": house.cooperative.code, "username": "admin", "password": PASSWORD}
    )
    headers = {"Authorization": f"Bearer {issued.json()['token']}", "Idempotency-Key": "role-1"}
    path = "/api/v1/users/Siti/role"
    waits = await client.put(path, json={"role": "pengawas"}, headers=headers)
    assert (waits.status_code, waits.json()["kind"], waits.json()["subject"]) == (202, "role-change", "user siti")
    same = await client.put(path, json={"role": "bendahara"}, headers=headers | {"Idempotency-Key": "role-2"})
    assert (same.status_code, same.json()["role"]) == (200, "bendahara")
    assert (
        await client.put("/api/v1/users/siapa/role", json={"role": "kasir"}, headers=headers | {"Idempotency-Key": "x"})
    ).status_code == 404


async def test_the_admin_logs_somebody_out_everywhere(client, house, office):
    client.cookies.clear()
    await enter(client, house)
    treasurer = client.cookies["koperasi_session"]
    client.cookies.clear()
    await enter(client, house, username="admin")
    card = f"/pengguna/{house.treasurer.user_id}"
    token = form_token(await client.get(card))
    done = await client.post(f"{card}/keluarkan", data={"_csrf_token": token}, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, card)
    client.cookies.clear()
    led = await client.get("/sandi", headers={"Cookie": f"koperasi_session={treasurer}"}, follow_redirects=False)
    assert led.headers["location"].startswith("/masuk")
    assert (await enter(client, house)).status_code == 303


async def users(house):
    async with house.database.reading(house.book_id) as connection:
        return await service.list_users(connection, house.book_id)


# --- a second code, where the policies want one -------------------------------------------------------------------------


async def test_who_needs_a_second_code_reaches_nothing_but_its_page(client, house, office):
    async with house.database.work(house.book_id) as work:
        yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
        await add_policy(work, "access.second_code", yesterday, "on", "Keputusan pengurus", "admin")
        await work.commit()
    await join(house.database, house.book_id, "awas", Role.PENGAWAS)
    client.cookies.clear()
    await enter(client, house)
    for path in ("/meja", "/sesi", "/anggota"):
        led = await client.get(path, follow_redirects=False)
        assert (led.status_code, led.headers["location"]) == (303, "/kode-kedua"), path
    shown = await client.get("/kode-kedua")
    assert "mewajibkannya bagi peran Anda" in shown.text
    issued = await client.post(
        "/api/v1/tokens", json={"cooperative": house.cooperative.code, "username": "siti", "password": PASSWORD}
    )
    refused = await client.get("/api/v1/members", headers={"Authorization": f"Bearer {issued.json()['token']}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "second-code-needed")
    # Once it is set up everything is open; who only reads needs none.
    from .test_second import enrol

    await enrol(house)
    assert (await client.get("/anggota", follow_redirects=False)).status_code == 200
    client.cookies.clear()
    await enter(client, house, username="awas")
    assert (await client.get("/jurnal", follow_redirects=False)).status_code == 200


# --- passwords that were stolen somewhere -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password", ["polniypizdec0211", "PolniyPizdec0211", "qazwsxedcrfv", "sojdlg123aljg", "mailcreated5240"]
)
def test_a_published_password_is_known(password):
    assert leaked.is_leaked(password)


@pytest.mark.parametrize(
    "password", ["sawah-di-lereng-7", "482915", "", "x" * 128, "\ud800" * 12, "kuda baterai jepit tepat", "a\nb" * 6]
)
def test_one_of_ones_own_is_not(password):
    assert not leaked.is_leaked(password)


async def test_nobody_gets_or_takes_a_published_password(house):
    with pytest.raises(Refusal) as refused:
        await join_with(house, "sojdlg123aljg")
    assert (refused.value.code, "pernah bocor" in refused.value.message) == ("password", True)
    async with house.database.work(house.book_id) as work:
        with pytest.raises(Refusal):
            await service.set_password(work.connection, house.book_id, house.treasurer.user_id, "mailcreated5240")


async def join_with(house, password):
    async with house.database.work(house.book_id) as work:
        await service.create_user(
            work.connection, house.book_id, username="baru", name="Baru", role=Role.KASIR, password=password
        )
