"""What people type can be erased: the seal covers a salted digest of it, never the words."""

from __future__ import annotations

import asyncio
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


async def erase(desk, number: int, **more: str) -> ledger.Erasure:
    async with desk.database.work(desk.book) as work:
        told = {"actor": "admin", "reason": "subject-request"} | more
        erased = await ledger.erase_note(work.connection, desk.book, number, **told)
        await work.commit()
    return erased


async def test_erased_words_are_gone_and_the_book_is_whole(desk):
    await desk.post(*PAY_IN, note=WORDS)
    await desk.post(*PAY_IN, note="tetap")
    before = await desk.digest(without=["note"])
    erased = await erase(desk, 1)
    first, second = await desk.entries()
    assert (first.description, first.note) == ("Uji", None)
    assert first.note_digest is not None
    assert second.description == "tetap"
    assert await desk.digest(without=["note"]) == before
    assert (await desk.verify()).findings == ()
    assert (erased.number, erased.actor, erased.reason) == (1, "admin", "subject-request")
    async with desk.database.reading(desk.book) as connection:
        assert await ledger.erasure_of(connection, desk.book, 1) == erased
        assert await ledger.erasure_of(connection, desk.book, 2) is None
        account = await ledger.account_by_code(connection, desk.book, "1101")
        page = await ledger.statement(connection, desk.book, account)
    assert [line.description for line in page.lines] == ["Uji", "tetap"]


async def test_the_same_request_after_the_erasure_does_not_bring_the_words_back(desk):
    draft = desk.draft(*PAY_IN, note=WORDS, key="k")
    await desk.append(draft)
    await erase(desk, 1)
    assert await desk.append(draft) == [ledger.Replayed(1)]
    (entry,) = await desk.entries()
    assert entry.note is None


async def test_only_a_note_that_is_there_is_erased_and_once(desk):
    await desk.post(*PAY_IN, note=WORDS)
    await desk.post(*PAY_IN)
    with pytest.raises(ledger.UnknownEntryError):
        await erase(desk, 3)
    with pytest.raises(ledger.NoteError):
        await erase(desk, 2)
    await erase(desk, 1)
    with pytest.raises(ledger.NoteError):
        await erase(desk, 1)


async def test_of_two_who_erase_at_once_one_is_on_record(desk):
    await desk.post(*PAY_IN, note=WORDS)
    done = await asyncio.gather(erase(desk, 1, actor="a"), erase(desk, 1, actor="b"), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Erasure", "NoteError"]
    won = next(one for one in done if isinstance(one, ledger.Erasure))
    async with desk.database.reading(desk.book) as connection:
        assert await ledger.erasure_of(connection, desk.book, 1) == won


async def test_an_erasure_that_is_not_committed_did_not_happen(desk, database):
    await desk.post(*PAY_IN, note=WORDS)
    async with database.work(desk.book) as work:
        await ledger.erase_note(work.connection, desk.book, 1, actor="admin", reason="subject-request")
        assert await work.connection.scalar(text("SELECT current_user")) == "koperasi_app"
    (entry,) = await desk.entries()
    assert entry.description == WORDS


@pytest.mark.parametrize("reason", ["", "Bu Sutinah", "x" * 41, "permintaan Bu Sutinah"])
async def test_a_reason_is_no_place_for_words(desk, reason):
    await desk.post(*PAY_IN, note=WORDS)
    with pytest.raises(DBAPIError, match="ck_ledger_erasure_reason"):
        await erase(desk, 1, reason=reason)
    assert (await desk.entries())[0].description == WORDS


RECORD = "INSERT INTO ledger_erasure (book_id, entry_number, actor, reason) VALUES (:b, 1, 'x', 'subject-request')"


@pytest.mark.parametrize(
    ("role", "statements", "why"),
    [
        ("application", ["DELETE FROM ledger_note"], "permission denied"),
        ("application", [RECORD], "permission denied"),
        ("writer", ["DELETE FROM ledger_note"], "is on record"),
        ("owner", ["DELETE FROM ledger_note WHERE book_id = :b"], "is on record"),
        ("writer", [RECORD, "DELETE FROM ledger_erasure"], r"append-only|permission denied"),
        ("owner", [RECORD, "DELETE FROM ledger_erasure"], "append-only"),
        ("owner", [RECORD, "UPDATE ledger_erasure SET actor = 'y'"], "append-only"),
        ("owner", ["TRUNCATE ledger_erasure"], "append-only"),
    ],
)
async def test_the_database_lets_no_note_go_unrecorded(desk, database, owner_engine, role, statements, why):
    await desk.post(*PAY_IN, note=WORDS)
    engine = owner_engine if role == "owner" else database.engine
    async with engine.connect() as connection:
        await connection.execute(text(f"SET LOCAL app.book = '{desk.book}'"))
        if role == "writer":
            await connection.execute(text("SET LOCAL ROLE koperasi_ledger"))
        for statement in statements[:-1]:
            await connection.execute(text(statement), {"b": desk.book})
        with pytest.raises(DBAPIError, match=why):
            await connection.execute(text(statements[-1]), {"b": desk.book} if ":b" in statements[-1] else {})


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
