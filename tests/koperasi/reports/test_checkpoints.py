"""Signed checkpoints: issued, kept, and held against a book that somebody with all rights may have written anew."""

from __future__ import annotations

import re
from base64 import b32encode
from datetime import UTC, datetime
from html import unescape
from urllib.parse import quote

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from koperasi.permissions import Role
from koperasi.reports.checkpoints import installation_key, signed_head
from ledger import Head
from ledger.export import checkpoint, verify_bundle


@pytest.fixture
async def filled(books):
    await books.post(("1101", 500_000_000), ("4201", -500_000_000))
    await books.post(("1101", 30_000_000), ("2101.10000019", -30_000_000))
    return books


@pytest.fixture
def damage(filled, superuser_engine):
    """What no guard of ours keeps from whoever owns the server."""

    async def done(*statements: str) -> None:
        async with superuser_engine.begin() as connection:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                assert (await connection.execute(text(statement), {"b": filled.book_id})).rowcount > 0

    return done


REWRITE = "UPDATE ledger_entry SET hash = sha256(hash) WHERE book_id = :b AND number = 2"
HASH = "(SELECT hash FROM ledger_entry WHERE book_id = :b AND number = 1)"
CUT = (
    "DELETE FROM ledger_posting WHERE book_id = :b AND entry_number = 2",
    "DELETE FROM ledger_entry WHERE book_id = :b AND number = 2",
    f"UPDATE ledger_head SET last_number = 1, last_hash = {HASH} WHERE book_id = :b",
)


async def issue(person) -> dict:
    answer = await person.api("POST", "/checkpoints")
    assert answer.status_code == 201, answer.text
    return answer.json()


async def verdict(person, code: str, number: int | None = None) -> tuple[str, bool | None]:
    asked = {"code": code} | ({"number": number} if number else {})
    answer = await person.api("GET", "/checkpoint-check", **asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["verdict"], answer.json()["signed"]


async def test_what_is_issued_is_the_head_signed_and_kept(auditor, treasurer, filled, client):
    made = await issue(auditor)
    head = await filled.entry(2)
    key = installation_key(client.app.state.settings.data_dir).public_key()
    said = checkpoint.read(made["code"], key)
    assert (said.book_id, said.number, said.hash) == (filled.book_id, 2, head.hash)
    assert (made["number"], made["entry"], made["hash"]) == (1, 2, head.hash.hex())
    assert made["public_key"] == key.public_bytes_raw().hex()
    assert (made["asked_by"], made["holds"]) == (Role.PENGAWAS.value, True)
    await filled.post(("1101", 100), ("4201", -100))
    again = await issue(auditor)
    assert (again["number"], again["entry"]) == (2, 3)
    listed = (await treasurer.api("GET", "/checkpoints", limit=1)).json()
    assert listed["items"] == [again]
    assert (await treasurer.api("GET", "/checkpoints", cursor=listed["next_cursor"])).json()["items"] == [made]
    assert (await treasurer.api("GET", "/checkpoints/1")).json() == made
    assert (await treasurer.api("GET", "/checkpoints/3")).status_code == 404
    # Whoever could rewrite the book does not sign it.
    assert (await treasurer.api("POST", "/checkpoints")).status_code == 403


async def test_an_empty_book_has_nothing_to_sign(auditor, books):
    answer = await auditor.api("POST", "/checkpoints")
    assert (answer.status_code, answer.json()["code"]) == (422, "empty-book")
    assert (await auditor.api("GET", "/checkpoints")).json()["items"] == []
    page = await auditor.send("/titik-periksa")
    assert (page.status_code, "Buku ini belum berisi jurnal." in page.text) == (422, True)


async def test_a_book_that_grew_keeps_what_was_signed(auditor, filled):
    made = await issue(auditor)
    await filled.post(("1101", 100), ("4201", -100))
    await filled.reverse(2)
    assert await verdict(auditor, made["code"]) == ("kept", True)
    assert await verdict(auditor, f" {made['code'][:70].lower()}\n{made['code'][70:]} ") == ("kept", True)
    assert await verdict(auditor, made["short_code"], 2) == ("kept", None)
    assert await verdict(auditor, made["short_code"].lower().replace("-", ""), 2) == ("kept", None)
    assert await verdict(auditor, made["short_code"], 1) == ("unproven", None)
    assert await verdict(auditor, made["short_code"], 9) == ("unproven", None)
    assert await verdict(auditor, made["short_code"], 2**53) == ("unproven", None)


async def test_a_book_that_was_written_anew_is_found_out(auditor, filled, damage):
    made = await issue(auditor)
    await damage(REWRITE)
    assert await verdict(auditor, made["code"]) == ("rewritten", True)
    assert await verdict(auditor, made["short_code"], 2) == ("rewritten", None)
    assert (await auditor.api("GET", "/checkpoints/1")).json()["holds"] is False


async def test_a_book_that_was_cut_is_found_out(auditor, filled, damage):
    made = await issue(auditor)
    await damage(*CUT)
    assert await verdict(auditor, made["code"]) == ("cut", True)
    assert await verdict(auditor, made["short_code"], 2) == ("cut", None)
    # Though the list was cleared too, the paper alone proves it; a short code without the list only raises the question.
    await damage("DELETE FROM checkpoint WHERE book_id = :b")
    assert await verdict(auditor, made["code"]) == ("cut", True)
    assert await verdict(auditor, made["short_code"], 2) == ("unproven", None)


async def test_what_another_key_signed_proves_nothing_alone(auditor, filled, tmp_path):
    made = await issue(auditor)
    said, _ = checkpoint.parse(made["code"])
    other = installation_key(tmp_path)
    forged = signed_head(other, filled.book_id, Head(2, bytes(32)), said.at).code
    assert await verdict(auditor, forged) == ("unproven", False)
    assert await verdict(auditor, signed_head(other, filled.book_id, Head(2, said.hash), said.at).code) == (
        "kept",
        False,
    )
    assert await verdict(auditor, signed_head(other, 1, Head(2, said.hash), said.at).code) == ("other-book", False)
    moved = made["code"].replace(":2:", ":1:", 1)
    assert await verdict(auditor, moved) == ("unproven", False)


@pytest.mark.parametrize(
    "code",
    ["KOPERASI1", "KOPERASI1:1:2", "x", "9DQG-X8WF-A2SF", "9DQG-X8WF-A2SF-8GEHX", "9DQG-X8WF-A2SF-8GEU", "😀" * 16],
)
async def test_what_is_no_code_is_told_so(auditor, filled, code):
    answer = await auditor.api("GET", "/checkpoint-check", code=code, number=2)
    assert (answer.status_code, answer.json()["code"]) == (422, "checkpoint-code")
    page = await auditor.page(f"/titik-periksa/cek?kode={quote(code)}&nomor=2")
    assert (page.status_code, "Ini bukan kode titik periksa" in page.text) == (422, True)


@pytest.mark.parametrize("number", ["9" * 30, "01", "-2", "+2", "٢"])
@pytest.mark.parametrize("place", [1, 2])
async def test_a_number_that_no_code_has_is_no_code(auditor, filled, number, place):
    parts = (await issue(auditor))["code"].split(":")
    parts[place] = number
    answer = await auditor.api("GET", "/checkpoint-check", code=":".join(parts))
    told = (answer.status_code, answer.json().get("verdict"))
    assert told in {(422, None), (200, "unproven"), (200, "other-book")}


async def test_a_short_code_needs_its_number(auditor, filled):
    made = await issue(auditor)
    answer = await auditor.api("GET", "/checkpoint-check", code=made["short_code"])
    assert (answer.status_code, answer.json()["code"]) == (422, "checkpoint-number")
    page = await auditor.page(f"/titik-periksa/cek?kode={made['short_code']}&nomor=")
    assert page.status_code == 422
    assert "Tulis juga nomor jurnal" in page.text


async def test_a_code_has_one_spelling():
    signed = checkpoint.Checkpoint(1, 2, bytes(range(32)), datetime(2026, 1, 2, tzinfo=UTC))
    code = checkpoint.code_of(signed, bytes(64))
    assert checkpoint.parse(code) == (signed, bytes(64))
    hash_ = b32encode(bytes(range(32))).decode().rstrip("=")
    # The last letter of 32 bytes in base 32 has four bits to spare: other spellings of the same bytes are no code.
    for wrong in (hash_[:-1] + "B", hash_ + "A", hash_[:-8]):
        with pytest.raises(ValueError, match=r"."):
            checkpoint.parse(code.replace(hash_, wrong))


async def test_the_sheet_carries_all_that_the_script_needs(auditor, filled, tmp_path, capsys):
    sent = await auditor.send("/titik-periksa")
    assert (sent.status_code, sent.headers["location"]) == (303, "/titik-periksa/1")
    sheet = unescape((await auditor.page("/titik-periksa/1")).text)
    short = re.search(r'<b class="code">([0-9A-Z-]{19})</b>', sheet)[1]
    code = re.search(r"KOPERASI1:[0-9A-Z:]+", sheet)[0]
    key = re.search(r"Kunci umum</dt><dd class=\"code\">([0-9a-f]{64})<", sheet)[1]
    file = tmp_path / "jurnal.zip"
    file.write_bytes((await auditor.api("GET", "/exports/journal", format="bundle")).content)
    command = [str(file), "--checkpoint", code, "--key", key, "--receipt", "2", short]
    assert verify_bundle.main(command) == 0, capsys.readouterr().out
    assert f"--receipt 2 {short}" in sheet
    listed = (await auditor.page("/titik-periksa")).text
    assert short in listed
    assert "Buat titik periksa sekarang" in listed
    checked = await auditor.page(f"/titik-periksa/cek?kode={quote(code)}")
    assert "Buku tidak ditulis ulang." in checked.text
    assert "dari kunci pemasangan ini" in checked.text


async def test_the_pages_say_what_became_of_the_book(auditor, treasurer, filled, damage):
    made = await issue(auditor)
    assert "Buat titik periksa sekarang" not in (await treasurer.page("/titik-periksa")).text
    await damage(REWRITE)
    for query in (f"kode={quote(made['code'])}", f"kode={made['short_code']}&nomor=2"):
        page = await treasurer.page(f"/titik-periksa/cek?{query}")
        assert page.status_code == 200
        assert "Buku ditulis ulang." in page.text
    assert "tidak sesuai" in (await auditor.page("/titik-periksa")).text
    assert "tidak lagi memuat" in (await auditor.page("/titik-periksa/1")).text


@pytest.mark.parametrize(
    "statement", ["UPDATE checkpoint SET asked_by = 'x'", "DELETE FROM checkpoint", "TRUNCATE checkpoint"]
)
@pytest.mark.parametrize("role", ["application", "owner"])
async def test_what_was_issued_stays(auditor, filled, database, owner_engine, role, statement):
    await issue(auditor)
    engine = owner_engine if role == "owner" else database.engine
    async with engine.connect() as connection:
        await connection.execute(text(f"SET LOCAL app.book = '{filled.book_id}'"))
        with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
            await connection.execute(text(statement))


async def test_another_book_sees_none_of_it(auditor, filled, client, other_village):
    await issue(auditor)
    headers = other_village.headers(Role.PENGAWAS)
    assert (await client.get("/api/v1/checkpoints", headers=headers)).json()["items"] == []
    assert (await client.get("/api/v1/checkpoints/1", headers=headers)).status_code == 404
