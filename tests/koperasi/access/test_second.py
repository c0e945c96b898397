"""The second factor: the algorithm by its standard, and every way to come in with it, or not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from koperasi.access import rules_second as rules
from koperasi.access import service, service_second
from koperasi.audit import service as audit
from koperasi.errors import Conflict, Refusal
from koperasi.permissions import Role

from .conftest import NOON, PASSWORD
from .test_doors import ask_for_token, enter, form_token

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("moment", "code"),
    # RFC 6238, appendix B, the last six digits of eight
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_are_those_of_the_standard(moment, code):
    now = datetime.fromtimestamp(moment, UTC)
    assert rules.code_at(SECRET, rules.step_of(now)) == code
    assert rules.fitting_step(SECRET, f" {code[:3]} {code[3:]} ", now, 0) == moment // 30


def test_a_code_counts_a_step_early_or_late_and_only_once():
    here = rules.step_of(NOON)
    for step, fits in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = rules.code_at(SECRET, here + step)
        assert (rules.fitting_step(SECRET, code, NOON, 0) == here + step) is fits
        assert rules.fitting_step(SECRET, code, NOON, here + step) is None


@given(st.text(max_size=120))
def test_anything_may_be_typed(typed):
    rules.fitting_step(SECRET, typed, NOON, 0)
    rules.is_code(typed)
    assert len(rules.recovery_digest(typed)) == 32


@given(st.binary(min_size=160, max_size=160))
def test_recovery_codes_are_ten_of_sixteen_signs(chance):
    codes = rules.recovery_codes(chance)
    assert len(codes) == 10
    assert all(re.fullmatch(r"([0-9a-z]{4}-){3}[0-9a-z]{4}", code) for code in codes)
    assert not any(rules.is_code(code) for code in codes)


def test_the_symbol_says_whose_account_it_is():
    uri = rules.provisioning_uri(SECRET, issuer="BMT Mekar: Jaya", account="siti")
    assert uri.startswith(
        "otpauth://totp/BMT%20Mekar%3A%20Jaya:siti?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=BMT%20"
    )


async def enrol(house, now=None):
    """The treasurer's secret and recovery codes."""
    now = now or datetime.now(UTC) - timedelta(minutes=5)
    async with house.database.work(house.book_id) as work:
        secret = await service_second.start_enrolment(work.connection, house.treasurer)
        code = rules.code_at(secret, rules.step_of(now))
        codes = await service_second.confirm(work.connection, house.treasurer, code, now)
        await work.commit()
    return secret, codes


def code_of(secret, steps=0):
    return rules.code_at(secret, rules.step_of(datetime.now(UTC)) + steps)


async def fits(house, typed, now=NOON):
    async with house.database.work(house.book_id) as work:
        found = await service_second.fits(work.connection, house.treasurer, typed, now)
        await work.commit()
    return found


async def test_it_counts_from_the_first_code_that_fits(house):
    async with house.database.work(house.book_id) as work:
        secret = await service_second.start_enrolment(work.connection, house.treasurer)
        assert await service_second.start_enrolment(work.connection, house.treasurer) == secret
        assert not await service_second.is_enrolled(work.connection, house.book_id, house.treasurer.user_id)
        with pytest.raises(Refusal):
            await service_second.confirm(work.connection, house.treasurer, "000000", NOON - timedelta(days=9))
        await service_second.confirm(work.connection, house.treasurer, rules.code_at(secret, rules.step_of(NOON)), NOON)
        assert await service_second.is_enrolled(work.connection, house.book_id, house.treasurer.user_id)
        with pytest.raises(Conflict):
            await service_second.start_enrolment(work.connection, house.treasurer)
        stored = await work.connection.scalar(text("SELECT totp_secret FROM app_user WHERE totp_secret IS NOT NULL"))
    assert secret not in bytes(stored)


async def test_a_code_and_a_recovery_code_work_once(house):
    secret, codes = await enrol(house, NOON)
    later = NOON + timedelta(minutes=1)
    code = rules.code_at(secret, rules.step_of(later))
    assert await fits(house, rules.code_at(secret, rules.step_of(NOON)), NOON) is None
    assert await fits(house, code, later) is audit.Action.LOG_IN
    assert await fits(house, code, later) is None
    assert await fits(house, codes[0].upper().replace("-", " ")) is audit.Action.RECOVERY_USED
    assert await fits(house, codes[0]) is None
    assert await fits(house, "aaaa-aaaa-aaaa-aaaa") is None
    async with house.database.reading(house.book_id) as connection:
        assert await service_second.recovery_codes_left(connection, house.treasurer) == 9


async def test_the_log_in_asks_for_it_and_opens_nothing_before(client, house):
    client.cookies.clear()
    secret, _ = await enrol(house)
    answer = await enter(client, house, next="/jurnal")
    assert answer.headers["location"] == "/masuk/kode?next=%2Fjurnal"
    assert (await client.get("/sandi", follow_redirects=False)).headers["location"].startswith("/masuk")
    form = await client.get("/masuk/kode?next=/jurnal")
    waiting = client.cookies["koperasi_session"]
    fields = {"_csrf_token": form_token(form), "next": "/jurnal"}
    wrong = await client.post("/masuk/kode", data={**fields, "code": "000000"}, follow_redirects=False)
    assert (wrong.status_code, "Kode tidak cocok" in wrong.text) == (422, True)
    right = await client.post("/masuk/kode", data={**fields, "code": code_of(secret)}, follow_redirects=False)
    assert (right.status_code, right.headers["location"]) == (303, "/jurnal")
    assert client.cookies["koperasi_session"] != waiting
    assert (await client.get("/sandi", follow_redirects=False)).status_code == 200
    client.cookies.clear()
    for cookie in (waiting, "x", ""):
        left = await client.get("/masuk/kode", headers={"Cookie": f"koperasi_session={cookie}"}, follow_redirects=False)
        assert (left.status_code, left.headers["location"]) == (303, "/masuk")


async def test_guessing_codes_is_slowed_like_guessing_passwords(client, house):
    client.cookies.clear()
    secret, codes = await enrol(house)
    await enter(client, house)
    fields = {"_csrf_token": form_token(await client.get("/masuk/kode"))}
    statuses = [(await client.post("/masuk/kode", data={**fields, "code": "000000"})).status_code for _ in range(5)]
    assert statuses == [422, 422, 422, 422, 429]
    held = await client.post("/masuk/kode", data={**fields, "code": codes[0]}, follow_redirects=False)
    assert (held.status_code, "retry-after" in held.headers) == (429, True)
    async with house.database.reading(house.book_id) as connection:
        assert await service_second.recovery_codes_left(connection, house.treasurer) == 10
    assert secret


async def test_a_program_sends_the_code_along(client, house):
    secret, codes = await enrol(house)
    for wrong in ({}, {"code": "000000"}, {"code": "x" * 40}):
        answer = await ask_for_token(client, house, **wrong)
        assert (answer.status_code, answer.json()["detail"]) == (401, "Nama pengguna atau kata sandi tidak cocok.")
    assert (await ask_for_token(client, house, code=code_of(secret))).status_code == 201
    assert (await ask_for_token(client, house, code=code_of(secret))).status_code == 401
    assert (await ask_for_token(client, house, code=codes[3])).status_code == 201
    async with house.database.reading(house.book_id) as connection:
        found, _ = await audit.events(connection, house.book_id, audit.Search(), limit=6)
    assert [event.action for event in found] == [
        "token.created", "recovery.used", "log-in.failed", "token.created", "log-in.failed", "log-in.failed",
    ]  # fmt: skip


async def test_it_is_set_up_renewed_and_taken_away_over_the_pages(client, house):
    client.cookies.clear()
    await enter(client, house)
    token = form_token(await client.get("/kode-kedua"))

    async def do(path, **fields):
        return await client.post(path, data={"_csrf_token": token, **fields}, follow_redirects=False)

    shown = await do("/kode-kedua")
    found = re.search(r'class="code">([A-Z2-7 ]+)</b><br><b class="code">([A-Z2-7 ]+)<', shown.text)
    assert found
    assert "data:image/svg+xml" in shown.text
    async with house.database.work(house.book_id) as work:
        secret = await service_second.start_enrolment(work.connection, house.treasurer)
    assert rules.secret_text(secret) == " ".join(found.groups())
    assert "Kode tidak cocok" in (await do("/kode-kedua/pasang", code="000000", password=PASSWORD)).text
    assert "tidak cocok" in (await do("/kode-kedua/pasang", code=code_of(secret, -1), password="salah")).text
    done = await do("/kode-kedua/pasang", code=code_of(secret, -1), password=PASSWORD)
    codes = re.findall(r"([0-9a-z]{4}(?:-[0-9a-z]{4}){3})<", done.text)
    assert len(codes) == 10
    assert (await do("/kode-kedua")).headers["location"] == "/kode-kedua"
    assert "tersisa: 10" in (await client.get("/kode-kedua")).text
    assert (await do("/kode-kedua/cadangan", code="000000")).status_code == 422
    renewed = await do("/kode-kedua/cadangan", code=codes[0])
    others = re.findall(r"([0-9a-z]{4}(?:-[0-9a-z]{4}){3})<", renewed.text)
    assert len(others) == 10
    assert (await do("/kode-kedua/cabut", code=codes[1])).status_code == 422
    assert (await do("/kode-kedua/cabut", code=others[1])).status_code == 303
    assert "Pasang kode kedua" in (await client.get("/kode-kedua")).text


async def test_the_admin_takes_it_away_for_whoever_lost_the_phone(client, house):
    await enrol(house)
    async with house.database.work(house.book_id) as work:
        await service.create_user(
            work.connection, house.book_id, username="admin", name="Admin", role=Role.ADMIN, password=PASSWORD
        )
        await work.commit()
    client.cookies.clear()
    await enter(client, house, username="admin")
    card = f"/pengguna/{house.treasurer.user_id}"
    page = await client.get(card)
    assert "Cabut kode kedua" in page.text
    done = await client.post(f"{card}/kode", data={"_csrf_token": form_token(page)}, follow_redirects=False)
    assert done.headers["location"] == card
    assert (await ask_for_token(client, house)).status_code == 201
    async with house.database.reading(house.book_id) as connection:
        found, _ = await audit.events(connection, house.book_id, audit.Search(action="totp.removed"))
    assert [(event.actor, event.subject) for event in found] == [("admin", "user siti")]
