"""A note is erased when a person asks to be forgotten: by the keeper of users, who sees no figure; for good."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from html import unescape

import pytest

from koperasi.bookkeeping.service_notes import ErasureReason
from koperasi.permissions import Role
from ledger.export import verify_bundle

WORDS = "Pinjam beras Bu Sutinah, tetangga"


@pytest.fixture
async def filled(books):
    """Entry 1 has a note that names somebody; entry 2 undoes it; entry 3 has no note."""
    await books.post(("1101", 30_000_000), ("2101.10000019", -30_000_000), description=WORDS, day=date(2026, 10, 5))
    await books.reverse(1)
    return books


@pytest.fixture
async def admin(enter):
    return await enter(Role.ADMIN)


async def erase(person, number: int = 1, reason: str = "subject-request"):
    return await person.api("DELETE", f"/journal-entries/{number}/note", reason=reason)


async def test_the_words_go_everywhere_and_the_book_stays_whole(admin, auditor, filled, tmp_path, capsys):
    before = await filled.entry(1)
    answer = await erase(admin)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["entry"], told["erased_by"], told["reason"]) == (1, "admin", "subject-request")

    entry = (await auditor.api("GET", "/journal-entries/1")).json()
    assert (entry["description"], entry["note"], entry["hash"]) == ("Jurnal umum", None, before.hash.hex())
    assert entry["note_digest"] == before.note_digest.hex()
    assert (await auditor.api("GET", "/verification")).json()["ok"]
    for form in ("csv", "jsonl", "hledger", "ledger", "beancount"):
        text = (await auditor.api("GET", "/exports/journal", format=form)).text
        assert "Sutinah" not in text, form
        assert "Jurnal umum" in text, form
    rows = list(csv.DictReader(io.StringIO((await auditor.api("GET", "/exports/journal", format="csv")).text)))
    assert {row["description"] for row in rows if row["entry"] == "1"} == {"Jurnal umum"}
    lines = (await auditor.api("GET", "/exports/journal", format="jsonl")).text.splitlines()
    assert json.loads(lines[0])["note"] is None
    file = tmp_path / "jurnal.zip"
    file.write_bytes((await auditor.api("GET", "/exports/journal", format="bundle")).content)
    assert verify_bundle.main([str(file)]) == 0, capsys.readouterr().out
    for path in ("/jurnal", "/jurnal/1", "/buku-besar/1101"):
        page = await auditor.page(path)
        assert page.status_code == 200
        assert "Sutinah" not in page.text, path


async def test_the_entry_says_that_and_why_its_note_is_gone(admin, auditor, filled):
    page = unescape((await auditor.page("/jurnal/1")).text)
    assert WORDS in page
    assert "Keterangan dihapus" not in page
    await erase(admin, reason="heir-request")
    page = unescape((await auditor.page("/jurnal/1")).text)
    assert "Keterangan dihapus atas permintaan ahli waris atau wali, " in page
    assert "oleh admin." in page


async def test_it_is_erased_once_and_only_where_there_is_one(admin, filled):
    assert (await erase(admin)).status_code == 200
    again = await erase(admin)
    assert (again.status_code, again.json()["code"]) == (409, "note-erased")
    assert (await erase(admin, 99)).status_code == 404
    assert (await erase(admin, 0)).status_code == 400


async def test_an_entry_of_the_desk_has_no_note(admin, village, client, database, poster):
    from uuid import uuid4

    from koperasi.posting import Idempotency
    from koperasi.savings import service as savings

    async with database.reading(village.cooperative.book_id) as connection:
        accounts = await savings.accounts_of(connection, village.cooperative.book_id, village.member.number)
    receipt = await savings.deposit(
        database, poster, village.cooperative, account_number=accounts[-1].number, amount_minor=1_000_00,
        effective_date=None, actor="kasir", idempotency=Idempotency.of("uji", uuid4().hex),
    )  # fmt: skip
    answer = await client.delete(
        f"/api/v1/journal-entries/{receipt.entry_number}/note?reason=not-needed", headers=village.headers(Role.ADMIN)
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "note")


@pytest.mark.parametrize("reason", ["", "Bu Sutinah minta", "subject_request"])
async def test_the_reason_is_one_of_a_list(admin, filled, reason):
    assert (await erase(admin, reason=reason)).status_code == 400
    assert (await filled.entry(1)).description == WORDS


async def test_only_the_keeper_of_users_erases(treasurer, auditor, filled):
    for person in (treasurer, auditor):
        assert (await erase(person)).status_code == 403
        assert (await person.page("/hapus-keterangan")).status_code == 403
    assert (await filled.entry(1)).description == WORDS


async def test_the_page_shows_the_note_without_figures_and_erases_it(admin, filled):
    page = unescape((await admin.page("/hapus-keterangan?nomor=1")).text)
    assert WORDS in page
    assert "300.000" not in page
    sent = await admin.send(
        "/hapus-keterangan", "/hapus-keterangan?nomor=1", nomor="1", alasan=ErasureReason.SUBJECT.value, yakin="1"
    )
    assert (sent.status_code, sent.headers["location"]) == (303, "/hapus-keterangan?nomor=1&selesai=1")
    page = unescape((await admin.page(sent.headers["location"])).text)
    assert "Keterangan dihapus. Angka dan segel jurnal tidak berubah." in page
    assert "atas permintaan orang yang disebut" in page
    assert WORDS not in page
    assert (await filled.entry(1)).note is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"alasan": "subject-request"}, "Centang dahulu"),
        ({"yakin": "1"}, "Isian ini perlu diisi."),
        ({"yakin": "1", "alasan": "lain"}, "Pilih salah satu"),
        ({"yakin": "1", "alasan": "subject-request", "nomor": "x"}, "bilangan|angka bulat"),
    ],
)
async def test_an_incomplete_form_erases_nothing(admin, filled, fields, said):
    import re

    sent = await admin.send("/hapus-keterangan", "/hapus-keterangan?nomor=1", **({"nomor": "1"} | fields))
    assert sent.status_code == 422
    assert re.search(said, unescape(sent.text)), sent.text
    assert (await filled.entry(1)).description == WORDS


@pytest.mark.parametrize(("number", "status"), [("99", 422), ("0", 422), ("abc", 422), ("", 422), ("9" * 30, 422)])
async def test_a_number_of_no_entry_is_told(admin, filled, number, status):
    page = await admin.page(f"/hapus-keterangan?nomor={number}")
    assert page.status_code == status
    sent = await admin.send("/hapus-keterangan", nomor=number, alasan="not-needed", yakin="1")
    assert sent.status_code in {404, 422}


async def test_a_form_sent_twice_says_it_is_done_already(admin, filled):
    fields = {"nomor": "1", "alasan": "subject-request", "yakin": "1"}
    assert (await admin.send("/hapus-keterangan", "/hapus-keterangan?nomor=1", **fields)).status_code == 303
    again = await admin.send("/hapus-keterangan", "/hapus-keterangan?nomor=1", **fields)
    assert again.status_code == 409
    assert "sudah dihapus" in again.text
