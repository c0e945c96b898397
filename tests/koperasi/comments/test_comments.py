"""Comments beside an entry: by supervisors, kept as they were written, erased when a person asks to be forgotten."""

from __future__ import annotations

import re
from datetime import date

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import ledger
from koperasi.comments import service
from koperasi.errors import NotFound, Refusal
from koperasi.permissions import Role


async def entry_in(database, book_id) -> int:
    async with database.work(book_id) as work:
        found = await ledger.find_accounts(work.connection, book_id, {"1111", "4201"})
        draft = ledger.Draft(
            book_id=book_id, effective_date=date(2026, 11, 2), kind="journal", description="Jurnal umum",
            actor="bendahara", key=f"uji-{(await ledger.head(work.connection, book_id)).number}", fingerprint=b"x" * 32,
            lines=tuple(
                ledger.Line(one.account_id, 500 if one.code == "1111" else -500) for one in found
            ),
        )  # fmt: skip
        outcome = (await ledger.append(work.connection, [draft]))[0]
        await work.commit()
    return outcome.number


@pytest_asyncio.fixture(scope="module")
async def number(database, own_village) -> int:
    return await entry_in(database, own_village.cooperative.book_id)


async def write(database, book_id, number, words, actor="pengawas"):
    async with database.work(book_id) as work:
        made = await service.write(work, number, words, actor=actor)
        await work.commit()
    return made


async def read(database, book_id, number):
    async with database.reading(book_id) as connection:
        return await service.comments_of(connection, book_id, number)


async def test_words_are_sealed_kept_in_order_and_there_once(database, cooperative):
    book_id = cooperative.book_id
    number = await entry_in(database, book_id)
    first = await write(database, book_id, number, "Bukti  Sutinah\nbelum ada ")
    assert (first.number, first.words) == (1, "Bukti Sutinah belum ada")
    assert await write(database, book_id, number, "Bukti Sutinah belum ada") == first
    await write(database, book_id, number, "Sudah dilampirkan", "bendahara")
    assert [(one.number, one.written_by) for one in await read(database, book_id, number)] == [
        (1, "pengawas"), (2, "bendahara"),
    ]  # fmt: skip
    async with database.reading(book_id) as connection:
        kept = (await connection.execute(text("SELECT words FROM entry_comment"))).scalars().all()
        trail = (await connection.execute(text("SELECT row_to_json(e)::text FROM audit_event e"))).scalars().all()
    assert all(b"Sutinah" not in bytes(one) for one in kept)
    assert any("comment 1 on entry" in one for one in trail)
    assert not any("Sutinah" in one for one in trail)


async def test_words_can_be_erased_and_nothing_else(database, cooperative):
    book_id = cooperative.book_id
    number = await entry_in(database, book_id)
    await write(database, book_id, number, "tentang seseorang")
    for statement in ("UPDATE entry_comment SET written_by = 'x'", "DELETE FROM entry_comment"):
        async with database.work(book_id) as work:
            with pytest.raises(DBAPIError):
                await work.connection.execute(text(statement))
    async with database.work(book_id) as work:
        await service.erase(work, number, 1, actor="admin")
        await work.commit()
    found = await read(database, book_id, number)
    assert (found[0].words, found[0].written_by, found[0].erased_at is None) == (None, "pengawas", False)
    async with database.work(book_id) as work:
        with pytest.raises(NotFound):
            await service.erase(work, number, 1, actor="admin")
        with pytest.raises(DBAPIError):
            await work.connection.execute(text("UPDATE entry_comment SET words = 'x', erased_at = NULL"))
    async with database.reading(book_id) as connection:
        assert (await ledger.verify(connection, book_id)).findings == ()


async def test_nobody_writes_beside_nothing_or_says_nothing(database, cooperative):
    number = await entry_in(database, cooperative.book_id)
    with pytest.raises(ledger.UnknownEntryError):
        await write(database, cooperative.book_id, number + 1, "x")
    with pytest.raises(Refusal):
        await write(database, cooperative.book_id, number, " \n ")


async def page(client, session_of, village, role, path, **fields):
    client.cookies.clear()
    cookie = await session_of(village, role)
    if not fields:
        return await client.get(path, headers={"Cookie": cookie}, follow_redirects=False)
    shown = await client.get(path, headers={"Cookie": cookie}, follow_redirects=False)
    token = re.search(r'name="_csrf_token" value="([^"]*)"', shown.text)[1]
    return await client.post(
        path, data={"_csrf_token": token, **fields}, headers={"Cookie": f"{cookie}; csrf={token}"},
        follow_redirects=False,
    )  # fmt: skip


async def test_from_the_supervisor_to_the_treasurer_and_away(client, session_of, own_village, number):
    async def ask(role, path, **fields):
        return await page(client, session_of, own_village, role, path, **fields)

    empty = await ask(Role.PENGAWAS, f"/jurnal/{number}/komentar", words=" ")
    assert empty.status_code == 422
    sent = await ask(Role.PENGAWAS, f"/jurnal/{number}/komentar", words="Mana buktinya <b>?")
    assert (sent.status_code, sent.headers["location"]) == (303, f"/jurnal/{number}#komentar")
    shown = (await ask(Role.BENDAHARA, f"/jurnal/{number}")).text
    assert "Mana buktinya &lt;b&gt;?" in shown
    assert "Tulis komentar" in shown
    assert "Tulis komentar" not in (await ask(Role.DPS, f"/jurnal/{number}")).text
    assert f"/jurnal/{number}#komentar" in (await ask(Role.KETUA, "/komentar")).text
    assert (await ask(Role.KASIR, f"/jurnal/{number}/komentar")).status_code == 403
    erasing = (await ask(Role.ADMIN, f"/hapus-komentar?nomor={number}")).text
    assert "Mana buktinya" in erasing
    token = re.search(r'name="_csrf_token" value="([^"]*)"', erasing)[1]
    cookie = await session_of(own_village, Role.ADMIN)
    client.cookies.clear()
    gone = await client.post(
        "/hapus-komentar", data={"_csrf_token": token, "nomor": str(number), "komentar": "1"},
        headers={"Cookie": f"{cookie}; csrf={token}"}, follow_redirects=False,
    )  # fmt: skip
    assert gone.status_code == 303
    assert "Komentar ini sudah dihapus." in (await ask(Role.BENDAHARA, f"/jurnal/{number}")).text


async def test_programs_write_and_read_them(client, own_village, number):
    path = f"/api/v1/journal-entries/{number}/comments"
    made = await client.post(path, json={"words": "Sesuai."}, headers=own_village.headers(Role.AUDITOR))
    assert (made.status_code, made.json()["written_by"]) == (201, "auditor")
    found = (await client.get(path, headers=own_village.headers(Role.KETUA))).json()["items"]
    assert found[-1] == made.json()
    assert (
        await client.get("/api/v1/journal-entries/99999/comments", headers=own_village.headers(Role.KETUA))
    ).status_code == 404
    refused = await client.post(path, json={"words": "\x00"}, headers=own_village.headers(Role.AUDITOR))
    assert refused.status_code == 422
