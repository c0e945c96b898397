"""A pooled connection carries nothing from one piece of work to the next: no book, no role, no half-done change."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from litestar.testing import AsyncTestClient
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

import ledger
from koperasi.access import service_tokens
from koperasi.access.tables import app_user
from koperasi.app import create_app
from koperasi.config import Settings
from koperasi.db import Database, make_engine
from koperasi.members import service as members
from koperasi.members.service import NewMember
from koperasi.permissions import Identity, Role

from .conftest import found

SOURCES = Path(__file__).parents[1] / "src"

STATE = text(
    "SELECT coalesce(current_setting('app.book', true), ''), current_user::text, session_user::text,"
    " current_setting('transaction_read_only'), current_setting('transaction_isolation'), pg_backend_pid()"
)


@pytest_asyncio.fixture
async def narrow(addresses):
    """A database with one single connection, which everybody must share."""
    database = Database(make_engine(addresses.application, pool_size=1))
    yield database
    await database.close()


@pytest_asyncio.fixture
async def two(database):
    """Two cooperatives with a member each."""
    made = [await found(database), await found(database, kind="ksp")]
    for cooperative, name in zip(made, ("Sutinah", "Tini"), strict=True):
        async with database.work(cooperative.book_id) as work:
            await members.register(work, NewMember(name=name, joined_on=date(2024, 1, 2)), actor="x")
            await work.commit()
    return made


async def pristine(database) -> int:
    """Whoever takes the connection next finds it as it was born; gives its process."""
    async with database.engine.connect() as connection:
        *state, process = (await connection.execute(STATE)).one()
        assert state == ["", "koperasi_app", "koperasi_app", "off", "read committed"]
        for table in ("member", "ledger_entry", "app_user", "audit_event"):
            assert await connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0
    return process


async def names(connection) -> list[str]:
    return list(await connection.scalars(text("SELECT name FROM member")))


async def ends_well(database, book):
    async with database.work(book) as work:
        await work.connection.execute(text("UPDATE member SET village = 'Sibetan'"))
        await work.commit()


async def is_left_undone(database, book):
    async with database.work(book) as work:
        await work.connection.execute(text("UPDATE member SET name = 'Orang lain'"))


async def breaks_in_python(database, book):
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with database.work(book) as work:
            await work.connection.execute(text("UPDATE member SET name = 'Orang lain'"))
            raise ZeroDivisionError


async def breaks_in_sql(database, book):
    with pytest.raises(DBAPIError, match="division by zero"):
        async with database.work(book) as work:
            await work.connection.execute(text("SELECT 1 / 0"))


async def breaks_as_the_writer(database, book):
    with pytest.raises(DBAPIError, match="permission denied"):  # noqa: PT012
        async with database.work(book) as work:
            await work.connection.execute(text("SET LOCAL ROLE koperasi_ledger"))
            await work.connection.execute(text("UPDATE member SET name = 'Orang lain'"))


async def is_refused_by_the_ledger(database, book):
    async with database.work(book) as work:
        draft = ledger.Draft(
            book, date(2026, 1, 1), "test", "Uji", "x", (ledger.Line(-1, 5), ledger.Line(-2, -5)), f"k{book}"
        )
        (outcome,) = await ledger.append(work.connection, [draft])
        assert isinstance(outcome, ledger.Rejected)


async def only_reads(database, book):
    async with database.reading(book) as connection:
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await connection.execute(text("UPDATE member SET name = 'Orang lain'"))


async def is_given_up(database, book):
    """The client goes away in the middle of a statement."""
    started = asyncio.Event()

    async def slow():
        async with database.work(book) as work:
            started.set()
            await work.connection.execute(text("SELECT pg_sleep(30)"))

    task = asyncio.create_task(slow())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


KINDS = [
    ends_well,
    is_left_undone,
    breaks_in_python,
    breaks_in_sql,
    breaks_as_the_writer,
    is_refused_by_the_ledger,
    only_reads,
    is_given_up,
]


@pytest.mark.parametrize("work", KINDS)
async def test_the_next_one_starts_from_nothing(narrow, two, work):
    first, second = (one.book_id for one in two)
    before = await pristine(narrow)
    await work(narrow, first)
    after = await pristine(narrow)
    assert (after == before) is (work is not is_given_up), "the same connection, unless a statement was still running"
    async with narrow.reading(second) as connection:
        assert await names(connection) == ["Tini"]
    async with narrow.work(first) as other:
        assert await names(other.connection) == ["Sutinah"], "what was not committed is gone"


async def test_many_in_turn_on_one_connection(narrow, two):
    """Everybody at once, whatever happens to the others: each sees their own cooperative."""
    expected = {two[0].book_id: ["Sutinah"], two[1].book_id: ["Tini"]}

    async def one(place: int) -> None:
        book = two[place % 2].book_id
        await KINDS[place % (len(KINDS) - 1)](narrow, book)
        async with narrow.reading(book) as connection:
            assert await names(connection) == expected[book]
        async with narrow.directory() as connection:
            assert await names(connection) == []

    await asyncio.gather(*map(one, range(28)))
    await pristine(narrow)


async def test_work_that_asks_nothing_binds_nobody_after_it(narrow, two):
    """Its book is said with BEGIN. Nothing of it is left for who begins next, in whatever way."""
    before = await pristine(narrow)
    for place in (narrow.reading, narrow.work):
        async with place(two[0].book_id):
            pass
        assert await pristine(narrow) == before
    async with narrow.work(two[0].book_id) as work:
        assert await names(work.connection) == ["Sutinah"]
        await work.commit()
        assert await names(work.connection) == [], "a second transaction is bound anew or not at all"
    await pristine(narrow)


async def test_a_transaction_that_could_not_begin_takes_its_connection_along(narrow, two):
    with pytest.raises(DBAPIError, match="snapshot"):
        async with narrow.reading(two[0].book_id, "00000003-0000001B-1"):
            pass
    await pristine(narrow)
    async with narrow.reading(two[1].book_id) as connection:
        assert await names(connection) == ["Tini"]


async def kasir_of(database, cooperative) -> str:
    """A token of a teller who never types a password."""
    async with database.work(cooperative.book_id) as work:
        user_id = await work.connection.scalar(
            insert(app_user)
            .values(book_id=work.book_id, username="kasir", name="Kasir", role=Role.KASIR.value, password_hash="-")
            .returning(app_user.c.user_id)
        )
        identity = Identity(work.book_id, user_id, "kasir", "Kasir", Role.KASIR)
        token, _ = await service_tokens.issue_token(
            work.connection, identity, label="test", address="127.0.0.1", now=datetime.now(UTC)
        )
        await work.commit()
    return token


async def test_requests_on_one_connection_do_not_mix(addresses, two, database, tmp_path):
    """The same through the service: who asks for another's member hears that there is none, before and after errors."""
    tokens = [await kasir_of(database, one) for one in two]
    # Two connections are the least that the settings allow: one for the group commit, one for all requests.
    application = create_app(Settings(data_dir=tmp_path, pool_size=2), engine_url=addresses.application)
    async with AsyncTestClient(application, raise_server_exceptions=False) as client:

        async def ask(place: int) -> None:
            headers = {"Authorization": f"Bearer {tokens[place % 2]}"}
            path = ["/api/v1/members", "/api/v1/members/00001", "/api/v1/members/99999", "/api/v1/members/%00"][
                place % 4
            ]
            answer = await client.get(path, headers=headers)
            name = ("Sutinah", "Tini")[place % 2]
            other = ("Tini", "Sutinah")[place % 2]
            assert answer.status_code in {200, 404}
            assert other not in answer.text
            assert (name in answer.text) is (place % 4 in {0, 1})

        # Not together: the pool would then only wait. In turn, so that each finds what the one before it left.
        for place in [*range(16), *reversed(range(16))]:
            await ask(place)


def test_nothing_is_set_for_longer_than_a_transaction():
    """A plain SET would outlive it, and with it the request."""
    lasting = re.compile(
        r"[\"']\s*SET\s+(?!LOCAL\b)(?:SESSION\s+)?(?:ROLE|app\.|search_path|SESSION AUTHORIZATION)", re.IGNORECASE
    )
    confirmed = re.compile(r"set_config\([^)]*,\s*false\s*\)", re.IGNORECASE)
    for path in SOURCES.rglob("*.py"):
        source = path.read_text()
        assert not lasting.search(source), path
        assert not confirmed.search(source), path
