"""What ties the trail to the ledger, what it hears of the refused, and how people read it."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from tests.koperasi.comments.test_comments import entry_in

import ledger
from koperasi.access import service_refusals
from koperasi.audit import rules, service, service_anchor
from koperasi.audit.service import Action, Search
from koperasi.bookkeeping import service as bookkeeping
from koperasi.bookkeeping.service import NewEntry, NewLine
from koperasi.permissions import Identity, Role
from koperasi.posting import Idempotency

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


async def write(database, book, *actors):
    async with database.work(book) as work:
        for actor in actors:
            await service.record(work.connection, book, actor=actor, action=Action.LOG_IN, subject=f"user {actor}")
        await work.commit()


async def sealed_with(database, book_id, key):
    """An entry by hand, and what was sealed with it."""
    lines = (NewLine("1111", 500, None), NewLine("4201", None, 500))
    poster = ledger.Poster(database.engine)
    try:
        settled = await bookkeeping.post_entry(
            database, poster, book_id, NewEntry(date(2026, 11, 2), "uji", lines), today=date(2026, 11, 25),
            actor="bendahara", idempotency=Idempotency.of("test", key),
        )  # fmt: skip
    finally:
        await poster.close()
    async with database.reading(book_id) as connection:
        return (await ledger.entry_by_number(connection, book_id, settled.number)).metadata


async def findings(database, book_id):
    async with database.reading(book_id) as connection:
        return (await service.verify_trail(connection, book_id)).findings


async def test_an_entry_now_and_then_seals_the_trails_head(database, cooperative):
    book_id = cooperative.book_id
    async with database.reading(book_id) as connection:
        number, last = await service.head(connection, book_id)
    first = await sealed_with(database, book_id, "one")
    assert first == ({} if number == 0 else {"trail": f"{number}:{last.hex()}"})
    await write(database, book_id, "a", "b")
    assert await sealed_with(database, book_id, "two") == {}
    service_anchor._given.pop(database, None)
    assert (await sealed_with(database, book_id, "three"))["trail"].startswith(f"{number + 2}:")
    assert await findings(database, book_id) == ()


async def test_one_an_hour(database, book):
    await write(database, book, "a")
    service_anchor._given.pop(database, None)
    later = NOON + service_anchor.ANCHOR_EVERY
    given_at = [bool(await service.anchor(database, book, at)) for at in (NOON, later - timedelta(seconds=1), later)]
    assert given_at == [True, False, True]


async def test_a_trail_written_anew_is_found_by_what_was_sealed(database, superuser_engine, cooperative):
    book_id = cooperative.book_id
    await write(database, book_id, "a", "b", "c")
    service_anchor._given.pop(database, None)
    await sealed_with(database, book_id, "one")
    entry = await entry_in(database, book_id)
    assert await findings(database, book_id) == ()
    async with superuser_engine.connect() as connection:
        # Whoever owns the server takes the trail away and writes another one, whose hashes fit each other.
        for table in ("audit_event", "audit_head"):
            await connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ledger_append_only"))
            await connection.execute(text(f"DELETE FROM {table} WHERE book_id = {book_id}"))
            await connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER ledger_append_only"))
        await connection.commit()
    assert [one.code for one in await findings(database, book_id)] == [rules.ANCHOR]
    await write(database, book_id, *"abcdefgh")
    found = await findings(database, book_id)
    assert [(one.code, one.number) for one in found] == [(rules.ANCHOR, entry - 1)]


# --- refusals -----------------------------------------------------------------------------------------------------------


async def refused(database, book):
    async with database.reading(book) as connection:
        found, _ = await service.events(connection, book, Search(action="access.refused"))
    return [(event.actor, event.role, event.subject, event.address) for event in found]


async def test_a_refusal_is_told_once_an_hour_whoever_asks(database, book):
    teller = Identity(book, 1, "kasir", "Kasir", Role.KASIR)

    async def tell(permission, now):
        async with database.work(book) as work:
            done = await service_refusals.record(work.connection, teller, permission, address="192.0.2.9", now=now)
            await work.commit()
        return done

    now = datetime.now(UTC)
    assert sum(await asyncio.gather(*(tell("manage-users", now) for _ in range(5)))) == 1
    assert await tell("read-books", now)
    assert await tell("manage-users", now + timedelta(hours=2))
    assert await refused(database, book) == [
        ("kasir", "kasir", f"permission {one}", "192.0.2.9") for one in ("manage-users", "read-books", "manage-users")
    ]


def test_one_process_asks_the_database_once_an_hour():
    teller = Identity(123_456, 1, "kasir", "Kasir", Role.KASIR)
    at = [NOON, NOON + timedelta(minutes=59), NOON + timedelta(hours=1)]
    assert [service_refusals.is_due(teller, "x", now) for now in at] == [True, False, True]


async def test_a_door_that_stays_shut_leaves_its_row(client, own_village, database):
    book = own_village.cooperative.book_id
    for _ in range(3):
        answer = await client.get("/api/v1/audit-events", headers=own_village.headers(Role.KASIR))
        assert answer.status_code == 403
    assert [one[:3] for one in await refused(database, book)] == [("kasir", "kasir", "permission read-audit")]


# --- before and after, for people ---------------------------------------------------------------------------------------


def test_facts_are_told_one_by_one():
    told = rules.differences('{"role": "kasir", "x": 1}', '{"role": "ketua", "scope": ["a", "b"], "y": {"z": null}}')
    assert [tuple(one) for one in told] == [
        ("Peran", "kasir", "ketua"), ("x", "1", ""), ("Hak token", "", "a, b"), ("y", "", "z: "),
    ]  # fmt: skip
    assert rules.differences(None, None) == []


@given(st.text(max_size=200))
def test_any_anchor_can_be_read(said):
    anchor = rules.Anchor.read(7, said)
    assert anchor.entry_number == 7


@pytest.mark.parametrize("role", [Role.PENGAWAS, Role.ADMIN])
async def test_the_page_says_it_in_words(client, own_village, session_of, database, role):
    book = own_village.cooperative.book_id
    async with database.work(book) as work:
        await service.record(
            work.connection, book, actor="admin", action=Action.ROLE_CHANGED, subject="user x",
            before={"role": "kasir"}, after={"role": "ketua"},
        )  # fmt: skip
        await work.commit()
    client.cookies.clear()
    page = await client.get("/jejak-audit", headers={"Cookie": await session_of(own_village, role)})
    assert "Peran: kasir → ketua" in page.text
