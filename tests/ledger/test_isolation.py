"""Books keep to themselves, and each role to its rights: walked over every table there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, LargeBinary, Numeric, Table, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.types import JSON

import ledger
from koperasi import migrate
from koperasi.db import REFERENCE_TABLES
from koperasi.tables import metadata

from .support import DAY, open_desk

TABLES = sorted(metadata.tables)
TENANTS = [name for name in TABLES if name not in REFERENCE_TABLES]
MINE, OTHER = 71, 72
ROLES = ("koperasi_app", "koperasi_ledger")


def some_value(kind: object) -> str:
    """A literal of a column's type."""
    if isinstance(kind, (BigInteger, Integer, Numeric)):
        return "1"
    if isinstance(kind, Boolean):
        return "false"
    if isinstance(kind, (Date, DateTime)):
        return "'2026-11-01'"
    if isinstance(kind, LargeBinary):
        return r"'\x00'"
    return "'{}'" if isinstance(kind, (JSON, JSONB)) else "'x'"


def insert(table: Table, book: int) -> str:
    columns = [column for column in table.columns if not column.nullable]
    values = [str(book) if column.name == "book_id" else some_value(column.type) for column in columns]
    if table.name in REFERENCE_TABLES:
        values = [
            f"'{book}'" if column.name == "code" else value for column, value in zip(columns, values, strict=True)
        ]
    names = ", ".join(column.name for column in columns)
    return f"INSERT INTO {table.name} ({names}) OVERRIDING SYSTEM VALUE VALUES ({', '.join(values)})"


@pytest_asyncio.fixture(scope="module")
async def bare_engine(server) -> AsyncIterator[AsyncEngine]:
    """A database with a row of two books in every table, where nothing but row-level security is left to protect them:
    no triggers, no checks, no foreign keys, and every right given to both roles."""
    addresses = await server.ensure_database("koperasi_bare")
    await asyncio.to_thread(migrate.upgrade, addresses.owner)
    superuser = create_async_engine(addresses.owner.replace("koperasi_owner", "postgres"))
    async with superuser.connect() as connection:
        for name, table in await connection.execute(
            text(
                "SELECT conname, conrelid::regclass::text FROM pg_constraint WHERE contype IN ('c', 'f') AND"
                " connamespace = 'public'::regnamespace"
            )
        ):
            await connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        for table in metadata.tables.values():
            await connection.execute(text(f"ALTER TABLE {table.name} DISABLE TRIGGER USER"))
            await connection.execute(text(f"GRANT ALL ON {table.name} TO koperasi_app, koperasi_ledger"))
            for book in (MINE, OTHER):
                await connection.execute(text(insert(table, book)))
        await connection.commit()
    await superuser.dispose()
    engine = create_async_engine(addresses.application)
    yield engine
    await engine.dispose()
    await server.drop_database("koperasi_bare")


async def bound(connection, role: str, book: int | None) -> None:
    await connection.execute(text(f"SET LOCAL app.book = '{'' if book is None else book}'"))
    if role == "koperasi_ledger":
        await connection.execute(text("SET LOCAL ROLE koperasi_ledger"))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", TENANTS)
async def test_another_books_rows_are_neither_seen_nor_written(bare_engine, table, role):
    async with bare_engine.connect() as connection:
        await bound(connection, role, MINE)
        assert (await connection.scalars(text(f"SELECT book_id FROM {table}"))).all() == [MINE]
        assert (
            await connection.execute(text(f"UPDATE {table} SET book_id = book_id WHERE book_id = {OTHER}"))
        ).rowcount == 0
        assert (await connection.execute(text(f"DELETE FROM {table} WHERE book_id = {OTHER}"))).rowcount == 0
        for smuggle in (f"UPDATE {table} SET book_id = {OTHER + 1}", insert(metadata.tables[table], OTHER + 1)):
            async with connection.begin_nested() as savepoint:
                with pytest.raises(DBAPIError, match="violates row-level security policy"):
                    await connection.execute(text(smuggle))
                await savepoint.rollback()


NOBODYS = [None, 0, -1, 2**62]
"""No book at all, and books that do not exist."""


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", TENANTS)
async def test_without_a_book_or_with_a_wrong_one_nothing_is_seen_or_written(bare_engine, table, role):
    async with bare_engine.connect() as connection:
        assert (await connection.scalars(text(f"SELECT book_id FROM {table}"))).all() == []
        for book in NOBODYS:
            await bound(connection, role, book)
            assert (await connection.scalars(text(f"SELECT book_id FROM {table}"))).all() == []
            assert (await connection.execute(text(f"UPDATE {table} SET book_id = book_id"))).rowcount == 0
            assert (await connection.execute(text(f"DELETE FROM {table}"))).rowcount == 0
            async with connection.begin_nested() as savepoint:
                with pytest.raises(DBAPIError, match="violates row-level security policy"):
                    await connection.execute(text(insert(metadata.tables[table], OTHER + 1)))
                await savepoint.rollback()
            await connection.execute(text("RESET ROLE"))


@pytest.mark.parametrize("book", ["satu", "1; DROP TABLE member", "1 OR true", "1.5", "' '"])
async def test_a_book_that_is_no_number_opens_nothing(bare_engine, book):
    async with bare_engine.connect() as connection:
        await connection.execute(text("SELECT set_config('app.book', :book, true)"), {"book": book})
        with pytest.raises(DBAPIError, match="invalid input syntax for type bigint"):
            await connection.scalars(text("SELECT book_id FROM member"))


async def test_all_see_the_list_of_cooperatives_but_change_only_their_own(bare_engine):
    async with bare_engine.connect() as connection:
        await bound(connection, "koperasi_app", MINE)
        assert (await connection.scalars(text("SELECT book_id FROM cooperative ORDER BY 1"))).all() == [MINE, OTHER]
        changed = await connection.scalars(text("UPDATE cooperative SET name = 'y' RETURNING book_id"))
        assert changed.all() == [MINE]
        assert (await connection.execute(text("DELETE FROM cooperative"))).rowcount == 0
        with pytest.raises(DBAPIError, match="row-level security"):
            await connection.execute(text(insert(metadata.tables["cooperative"], OTHER + 1)))


async def test_append_sees_only_the_book_it_is_for(database, poster, desk):
    other = await open_desk(database, poster)
    await desk.post(("1101", 5), ("3101", -5))
    theirs = ledger.Draft(
        other.book, DAY, "test", "Uji", "penguji",
        (ledger.Line(desk.ids["1101"], 5), ledger.Line(other.ids["3101"], -5)), "k",
    )  # fmt: skip
    assert await poster.post(theirs) == ledger.Rejected("unknown-account", {"line": 1})
    async with database.reading(other.book) as connection:
        assert await ledger.entries(connection, desk.book) == []
        assert await ledger.accounts_by_id(connection, desk.book, desk.ids.values()) == {}


RIGHTS = """
SELECT c.relname, r.rolname, p.privilege FROM pg_class c CROSS JOIN pg_roles r
 CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) p(privilege)
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND r.rolname IN ('koperasi_app', 'koperasi_ledger')
   AND has_table_privilege(r.oid, c.oid, p.privilege)
"""
COLUMNS = """
SELECT a.attrelid::regclass::text || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND c.relname LIKE 'ledger%'
   AND has_column_privilege(:role, a.attrelid, a.attnum, :privilege)
"""


async def test_rights_over_whole_tables(owner_engine):
    async with owner_engine.connect() as connection:
        rights = {tuple(row) for row in await connection.execute(text(RIGHTS))}
    app = {(table, right) for table, role, right in rights if role == "koperasi_app"}
    writer = {(table, right) for table, role, right in rights if role == "koperasi_ledger"}
    assert not {right for _, right in app | writer} & {"TRUNCATE", "REFERENCES", "TRIGGER"}
    # Lines of a return run go only while nothing of it was posted: a trigger sees to that.
    assert {table for table, right in app if right == "DELETE"} == {
        "app_recovery_code", "app_session", "login_throttle", "member_heir", "return_line",
    }  # fmt: skip
    assert {pair for pair in app if pair[0].startswith("ledger")} == {
        ("ledger_book", "INSERT"), ("ledger_head", "INSERT"), ("ledger_period", "INSERT"),
    }  # fmt: skip
    # What append needs, and that the words of a note may be erased; of an erasure it writes its own columns only.
    assert writer == {
        *(
            (f"ledger_{table}", "INSERT")
            for table in ("entry", "note", "posting", "key", "turnover", "sum", "reversal")
        ),
        ("ledger_note", "DELETE"),
    }


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (
            "koperasi_app",
            {
                *(f"ledger_account.{name}" for name in ("name_id", "name_en", "floor", "held", "control", "closed_on")),
                "ledger_account.locked_to",
                *(f"ledger_period.{name}" for name in ("status", "changed_by", "changed_at")),
            },
        ),
        (
            "koperasi_ledger",
            {
                *(f"ledger_account.{name}" for name in ("debit", "credit", "last_day")),
                *("ledger_turnover.debit", "ledger_turnover.credit", "ledger_sum.debit", "ledger_sum.credit"),
                *(f"ledger_head.last_{name}" for name in ("number", "hash", "recorded_at")),
                "ledger_reversal.undone_by",
            },
        ),
    ],
)
async def test_rights_over_columns(owner_engine, role, expected):
    async with owner_engine.connect() as connection:
        given = await connection.scalars(text(COLUMNS), {"role": role, "privilege": "UPDATE"})
        assert set(given) == expected


async def test_the_roles_themselves_are_powerless(owner_engine):
    async with owner_engine.connect() as connection:
        roles = (
            await connection.execute(
                text("SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin FROM pg_roles"
                     " WHERE rolname LIKE 'koperasi%' ORDER BY 1")
            )
        ).all()  # fmt: skip
        owners = await connection.scalars(
            text("SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        )
        definers = await connection.execute(
            text("SELECT proname, prorettype::regtype::text, proconfig::text FROM pg_proc"
                 " WHERE pronamespace = 'public'::regnamespace AND prosecdef")
        )  # fmt: skip
        creators = await connection.scalars(
            text("SELECT rolname FROM pg_roles WHERE rolname IN ('koperasi_app', 'koperasi_ledger')"
                 " AND has_schema_privilege(oid, 'public', 'CREATE')")
        )  # fmt: skip
        assert [tuple(role) for role in roles] == [
            ("koperasi_app", False, False, False, False, True),
            ("koperasi_ledger", False, False, False, False, False),
            ("koperasi_owner", False, False, False, False, True),
        ]
        assert owners.all() == ["koperasi_owner"]
        # Triggers, which nobody calls; with a path of their own, so that no table of the same name takes its place.
        assert sorted(tuple(one) for one in definers) == [
            (name, "trigger", '{"search_path=pg_catalog, public, pg_temp"}')
            for name in ("audit_chain", "refuse_read_only")
        ]
        assert creators.all() == []
