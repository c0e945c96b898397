"""What people type can be erased: the seal covers a salted digest of it, never the words."""

from __future__ import annotations

import hashlib

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import ledger

PAY_IN = (("1101", 900), ("3101", -900))
WORDS = "Titipan Bu Sutinah – kembalikan «besok» 😀"


async def test_people_read_the_note_and_the_seal_covers_its_digest(desk):
    await desk.post(*PAY_IN, note=WORDS, description="Jurnal umum")
    (entry,) = await desk.entries()
    assert (entry.description, entry.sealed_description) == (WORDS, "Jurnal umum")
    assert entry.note == (entry.note.salt, WORDS)
    assert len(entry.note.salt) == 16
    assert hashlib.sha256(entry.note.salt + WORDS.encode()).digest() == entry.note_digest
    async with desk.database.reading(desk.book) as connection:
        account = await ledger.account_by_code(connection, desk.book, "1101")
        page = await ledger.statement(connection, desk.book, account)
    assert [line.description for line in page.lines] == [WORDS]


async def test_without_a_note_people_read_the_sealed_words(desk):
    await desk.post(*PAY_IN)
    (entry,) = await desk.entries()
    assert (entry.description, entry.sealed_description, entry.note, entry.note_digest) == ("Uji", "Uji", None, None)


async def test_the_same_words_have_different_digests(desk):
    """Else who knows one erased note would know all that say the same."""
    await desk.append(*(desk.draft(*PAY_IN, note=WORDS) for _ in range(3)))
    assert len({entry.note_digest for entry in await desk.entries()}) == 3


async def test_only_drafts_with_a_note_have_one(desk):
    words = [None, "a", None, "b", None]
    await desk.append(*(desk.draft(*PAY_IN, note=note) for note in words))
    assert [entry.note and entry.note.text for entry in await desk.entries()] == words
    assert (await desk.verify()).findings == ()


async def test_a_reversal_seals_no_reason(desk):
    await desk.post(*PAY_IN)
    await desk.reverse(1)
    undone = (await desk.entries())[1]
    assert (undone.sealed_description, undone.description) == ("Jurnal balik 1", "Salah")


async def test_erased_words_are_gone_and_the_book_is_whole(desk, owner_engine):
    await desk.post(*PAY_IN, note=WORDS)
    async with owner_engine.begin() as connection:
        await connection.execute(text("DELETE FROM ledger_note WHERE book_id = :b"), {"b": desk.book})
    (entry,) = await desk.entries()
    assert (entry.description, entry.note) == ("Uji", None)
    assert entry.note_digest is not None
    assert (await desk.verify()).findings == ()


async def test_a_note_cannot_be_written_beside_the_entry_that_seals_it(desk, database):
    await desk.post(*PAY_IN, note=WORDS)
    await desk.post(*PAY_IN)
    put = "INSERT INTO ledger_note VALUES (:b, 2, decode(repeat('00', 16), 'hex'), 'x')"
    async with database.engine.connect() as connection:
        await connection.execute(text(f"SET LOCAL app.book = '{desk.book}'"))
        with pytest.raises(DBAPIError, match="permission denied"):
            await connection.execute(text(put), {"b": desk.book})
    async with database.engine.connect() as connection:
        await connection.execute(text(f"SET LOCAL app.book = '{desk.book}'"))
        await connection.execute(text("SET LOCAL ROLE koperasi_ledger"))
        with pytest.raises(DBAPIError, match="not the one whose digest"):
            await connection.execute(text(put), {"b": desk.book})


@pytest.mark.parametrize("role", ["application", "writer", "owner"])
@pytest.mark.parametrize("statement", ["UPDATE ledger_note SET text = 'x'", "TRUNCATE ledger_note"])
async def test_a_note_never_changes(desk, database, owner_engine, role, statement):
    await desk.post(*PAY_IN, note=WORDS)
    engine = owner_engine if role == "owner" else database.engine
    async with engine.connect() as connection:
        await connection.execute(text(f"SET LOCAL app.book = '{desk.book}'"))
        if role == "writer":
            await connection.execute(text("SET LOCAL ROLE koperasi_ledger"))
        with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
            await connection.execute(text(statement))


@pytest.mark.parametrize("words", ["a\x00b", "\ud800"])
async def test_words_that_no_database_keeps_post_nothing(desk, words):
    with pytest.raises((asyncpg.DataError, UnicodeEncodeError)):
        await desk.post(*PAY_IN, note=words)
    assert await desk.entries() == []
