"""What these tests found when they were new, each by itself, so that it stays found."""

from __future__ import annotations

import logging
import secrets

import pytest
from sqlalchemy import text

from koperasi import logs
from koperasi.permissions import Role
from koperasi.privacy import service as privacy

from .conftest import form_token, session_cookie
from .test_problems import check_problem

AMOUNT = b'{"amount": {"amount": "1000.00", "currency": "IDR"}'


@pytest.fixture
def deposit(client, shop):
    async def sending(content):
        headers = shop.headers(key=secrets.token_hex(8)) | {"Content-Type": "application/json"}
        return await client.post(f"/api/v1/savings-accounts/{shop.wadiah}/deposits", headers=headers, content=content)

    return sending


async def test_json_that_is_not_utf_8_was_a_500(deposit):
    check_problem(await deposit(AMOUNT + b', "date": "\xff"}'), 400, "not-utf-8")


async def test_the_second_of_two_amounts_was_taken_in_silence(deposit):
    check_problem(
        await deposit(AMOUNT + b', "amount": {"amount": "9000.00", "currency": "IDR"}}'), 400, "duplicate-name"
    )


async def test_json_under_another_name_was_read_as_json(client, shop):
    headers = shop.headers(key=secrets.token_hex(8)) | {"Content-Type": "text/plain"}
    answer = await client.post(
        f"/api/v1/savings-accounts/{shop.wadiah}/deposits", headers=headers, content=AMOUNT + b"}"
    )
    check_problem(answer, 415, "media-type")


@pytest.mark.parametrize("amount", [b" 1000.00", b"1000.00 ", b"\\t1000.00"])
async def test_spaces_around_an_amount_were_let_pass(deposit, amount):
    problem = check_problem(await deposit(b'{"amount": {"amount": "' + amount + b'"}}'), 400, "validation")
    assert problem["errors"][0]["field"].endswith("amount")


async def test_the_name_of_an_unknown_field_came_back_whole(deposit):
    problem = check_problem(await deposit(AMOUNT + b', "' + b"x" * 100_000 + b'": 1}'), 400, "validation")
    assert len(problem["errors"][0]["field"]) == 200


MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}
UNREADABLE_FORMS = {
    "not in its character set": b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\n\xff\r\n--x--\r\n',
    "in one that nobody knows": (
        b'--x\r\nContent-Disposition: form-data; name="kind"\r\n'
        b"Content-Type: text/plain; charset=tidak-ada\r\n\r\nmembers\r\n--x--\r\n"
    ),
}


@pytest.mark.parametrize("content", UNREADABLE_FORMS.values(), ids=UNREADABLE_FORMS.keys())
async def test_an_upload_with_an_unreadable_field_was_a_500(client, shop, content):
    headers = shop.headers(key=secrets.token_hex(8)) | MULTIPART
    check_problem(await client.post("/api/v1/imports", headers=headers, content=content), 400, "form")


@pytest.mark.parametrize("content", UNREADABLE_FORMS.values(), ids=UNREADABLE_FORMS.keys())
@pytest.mark.parametrize("path", ["/impor", "/masuk", "/bahasa"])
async def test_a_page_that_got_an_unreadable_form_was_a_500(browser, database, shop, path, content):
    cookie = await session_cookie(database, shop.village, Role.BENDAHARA)
    token = await form_token(browser)
    headers = MULTIPART | {"Cookie": f"{cookie}; csrf={token}", "x-csrftoken": token}
    for sent in (headers, {name: value for name, value in headers.items() if name != "x-csrftoken"}):
        answer = await browser.post(path, headers=sent, content=content, follow_redirects=False)
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"].startswith("text/html")


def test_a_library_that_logs_an_error_does_not_write_down_its_text():
    """The server logs what breaks off an answer that has begun; the text of such an error held what was in the rows."""
    error = ValueError("Key (nik)=(5202014107800001) already exists")
    caught = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("asyncio", logging.ERROR, __file__, 1, "Task %r failed", ("5202",), caught)
    line = logs._OneLine().format(record)
    assert "5202" not in line
    assert '"error": "ValueError"' in line


async def test_one_damaged_value_of_a_member_was_a_500(client, database, superuser_engine, session_of, own_village):
    """A page that needs it says so in words; the others open."""
    book_id, number = own_village.cooperative.book_id, own_village.member.number
    moved = privacy.seal(privacy.Place("member", "address", book_id, "another"), b"Jalan Melati 1")
    damage = text("UPDATE member SET address = :sealed WHERE book_id = :book AND number = :number")
    async with superuser_engine.begin() as connection:
        await connection.execute(damage, {"sealed": moved, "book": book_id, "number": number})
    try:
        cookie = {"Cookie": await session_of(own_village, Role.BENDAHARA)}
        page = await client.get(f"/anggota/{number}", headers=cookie)
        assert page.status_code == 503
        assert "rusak" in page.text
        answer = await client.get(f"/api/v1/members/{number}", headers=own_village.headers(Role.BENDAHARA))
        check_problem(answer, 503)
        assert (await client.get("/neraca-saldo", headers=cookie)).status_code == 200
    finally:
        async with superuser_engine.begin() as connection:
            await connection.execute(damage, {"sealed": None, "book": book_id, "number": number})
    assert (await client.get(f"/anggota/{number}", headers=cookie)).status_code == 200


async def test_the_check_of_a_code_began_with_a_complaint(client, session_of, own_village):
    cookie = {"Cookie": await session_of(own_village, Role.PENGAWAS)}
    page = await client.get("/titik-periksa/cek", headers=cookie)
    assert page.status_code == 200
    assert "perlu diisi" not in page.text
    assert (await client.get("/titik-periksa/cek?kode=", headers=cookie)).status_code == 422


@pytest.mark.parametrize("path", ["cash-sessions", "business-days", "vouchers?kind=BKM&month=2024-01"])
async def test_a_limit_below_one_was_a_500(client, shop, path):
    join = "&" if "?" in path else "?"
    check_problem(await client.get(f"/api/v1/{path}{join}limit=-65", headers=shop.headers()), 400)


@pytest.mark.parametrize("number", ["1", "99999999999999999999999999", "0", "-1"])
async def test_a_checkpoint_with_a_number_of_any_size_gets_an_answer(client, shop, number):
    code = f"KOPERASI1:{number}:{number}:{'A' * 52}:20261125T030405Z:{'A' * 103}"
    answer = await client.get("/api/v1/checkpoint-check", params={"code": code}, headers=shop.headers(Role.PENGAWAS))
    assert answer.status_code in {200, 422}, answer.text
