"""The trail: only added to, chained, kept apart by book; and what the service writes into it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from koperasi.audit import rules, service
from koperasi.audit.service import Action, Search
from koperasi.caller import CALLER, Caller
from koperasi.cooperatives import service as cooperatives
from koperasi.members import service as members
from koperasi.members.rules import MigrantStatus


async def write(database, book, *actors, action=Action.LOG_IN, **facts):
    async with database.work(book) as work:
        for actor in actors:
            await service.record(work.connection, book, actor=actor, action=action, subject=f"user {actor}", **facts)
        await work.commit()


async def read(database, book, search=None, **how):
    async with database.reading(book) as connection:
        return await service.events(connection, book, search or Search(), **how)


async def verified(database, book):
    async with database.reading(book) as connection:
        return await service.verify_trail(connection, book)


async def test_rows_say_who_from_where_and_what_and_the_database_says_when(database, book):
    before = datetime.now(UTC)
    token = CALLER.set(Caller("192.0.2.7", "ketua"))
    await write(database, book, "budi", before={"amount": 1}, after={"amount": 2, "kata": "é\n"})
    CALLER.reset(token)
    await write(database, book, "siti")
    (second, first), more = await read(database, book)
    assert not more
    assert (first.number, first.actor, first.role, first.address) == (1, "budi", "ketua", "192.0.2.7")
    assert (json.loads(first.before), json.loads(first.after)) == ({"amount": 1}, {"amount": 2, "kata": "é\n"})
    assert (second.number, second.role, second.address, second.before, second.after) == (2, None, None, None, None)
    assert before - timedelta(seconds=1) <= first.recorded_at <= second.recorded_at
    assert first.hash == rules.sealed(first, rules.FIRST_HASH)
    assert second.hash == rules.sealed(second, first.hash)


async def test_an_act_that_is_rolled_back_leaves_no_row_and_no_gap(database, book):
    await write(database, book, "a")
    async with database.work(book) as work:
        await service.record(work.connection, book, actor="b", action=Action.LOG_IN, subject="user b")
    await write(database, book, "c")
    found, _ = await read(database, book)
    assert [(event.number, event.actor) for event in found] == [(2, "c"), (1, "a")]


async def test_many_at_once_make_one_chain(database, book):
    await asyncio.gather(*(write(database, book, f"u{number}", f"v{number}") for number in range(15)))
    trail = await verified(database, book)
    assert (trail.events, trail.findings) == (30, ())
    found, _ = await read(database, book, limit=200)
    moments = [event.recorded_at for event in found]
    assert moments == sorted(moments, reverse=True)


ALTERATIONS = (
    "UPDATE audit_event SET actor = 'x'",
    "DELETE FROM audit_event",
    "TRUNCATE audit_event",
    "UPDATE audit_head SET last_number = 0",
    "DELETE FROM audit_head",
    (
        "INSERT INTO audit_event (book_id, number, actor, action, subject, recorded_at, hash) "
        "VALUES (:book, 9, 'x', 'log-in', 'x', now(), '')"
    ),
)


@pytest.mark.parametrize("statement", ALTERATIONS)
async def test_the_application_cannot_alter_the_trail(database, book, statement):
    await write(database, book, "a")
    async with database.work(book) as work:
        with pytest.raises(DBAPIError) as refused:
            await work.connection.execute(text(statement), {"book": book} if ":book" in statement else {})
    assert refused.value.orig.sqlstate == "42501"


@pytest.mark.parametrize("statement", ALTERATIONS[:3] + ALTERATIONS[4:5])
async def test_nor_can_the_owner_of_the_tables_by_a_mere_statement(owner_engine, database, book, statement):
    await write(database, book, "a")
    async with owner_engine.connect() as connection:
        with pytest.raises(DBAPIError) as refused:
            await connection.execute(text(statement))
    assert "append-only" in str(refused.value)


async def test_no_book_writes_or_reads_the_trail_of_another(database, book, cooperative):
    other = cooperative.book_id
    await write(database, book, "a")
    async with database.work(other) as work:
        assert not await work.connection.scalar(text("SELECT count(*) FROM audit_event WHERE actor = 'a'"))
        with pytest.raises(DBAPIError) as refused:
            await service.record(work.connection, book, actor="x", action=Action.LOG_IN, subject="x")
    assert refused.value.orig.sqlstate == "42501"
    assert (await verified(database, book)).events == 1


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ("UPDATE audit_event SET actor = 'nobody' WHERE number = 2", [("changed", 2)]),
        (
            "UPDATE audit_event SET recorded_at = recorded_at + interval '1 microsecond' WHERE number = 3",
            [("changed", 3)],
        ),
        ("UPDATE audit_event SET after = '{}' WHERE number = 1", [("changed", 1)]),
        ("DELETE FROM audit_event WHERE number = 2", [("gap", 2)]),
        ("DELETE FROM audit_event WHERE number = 4", [("head", 4)]),
        ("DELETE FROM audit_event", [("head", 4)]),
        ("UPDATE audit_head SET last_hash = sha256('x') WHERE true", [("head", 4)]),
    ],
)
async def test_what_was_done_behind_its_back_is_found(superuser_engine, database, book, damage, expected):
    await write(database, book, "a", "b", "c", "d")
    async with superuser_engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        where = " AND " if "WHERE" in damage else " WHERE "
        await connection.execute(text(f"{damage}{where}book_id = {book}"))
    assert [tuple(finding) for finding in (await verified(database, book)).findings] == expected


async def test_it_is_searched_by_actor_action_and_time_and_read_in_pages(database, book):
    await write(database, book, "a", "b")
    middle = datetime.now(UTC)
    await write(database, book, "a", action=Action.LOG_OUT)

    async def numbers(**wanted):
        return [event.number for event in (await read(database, book, Search(**wanted)))[0]]

    assert await numbers() == [3, 2, 1]
    assert await numbers(actor="a") == [3, 1]
    assert await numbers(action="log-out") == [3]
    assert await numbers(since=middle) == [3]
    assert await numbers(until=middle) == [2, 1]
    assert await numbers(actor="x' OR true --") == []
    page, more = await read(database, book, limit=2)
    assert ([event.number for event in page], more) == ([3, 2], True)
    page, more = await read(database, book, limit=2, before=2)
    assert ([event.number for event in page], more) == ([1], False)


async def test_a_members_change_is_told_by_the_names_of_its_fields_alone(database, cooperative):
    new = members.NewMember(
        name="Sutinah", nik="5202034512920101", phone="081234567001", joined_on=date(2024, 1, 2),
        migrant_status=MigrantStatus.KELUARGA_PMI,
    )  # fmt: skip
    async with database.work(cooperative.book_id) as work:
        member, _ = await members.register(work, new, actor="siti")
        await members.record_registered(work, member.number, actor="siti")
        await members.change(
            work, member.number, {"name": "Sutinah Ayu", "phone": "081234567002", "village": None}, actor="siti",
        )  # fmt: skip
        await work.commit()
    found, _ = await read(database, cooperative.book_id)
    changed, registered = found[0], found[1]
    assert (registered.action, registered.subject) == ("member.registered", f"member {member.number}")
    assert json.loads(changed.after) == {"status": "anggota", "changed": ["name", "phone"]}
    told = " ".join(str(event) for event in found)
    for secret in ("Sutinah", "5202034512920101", "8123456700"):
        assert secret not in told


async def test_terms_of_the_cooperative_are_told_before_and_after(database, cooperative):
    async with database.work(cooperative.book_id) as work:
        await cooperatives.change_identity(work, name="BMT Baru", village="Sukamaju", actor="admin")
        await cooperatives.add_policy(work, "simpanan_wajib.amount", date(2026, 1, 1), "25000.00", "RAT 2025", "admin")
        await cooperatives.set_business_date(work, date(2026, 1, 2), "siti")
        await work.commit()
    found, _ = await read(database, cooperative.book_id, limit=3)
    assert [event.action for event in found] == ["business.date", "policy.changed", "cooperative.changed"]
    assert (json.loads(found[1].before)["value"], json.loads(found[1].after)["value"]) == ("20000.00", "25000.00")
    assert json.loads(found[2].before)["name"] == cooperative.name
    assert json.loads(found[2].after) == {"name": "BMT Baru", "village": "Sukamaju"}
