"""The shape of the schema: distributable by book, the same from migrations as from code, and guarded everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from koperasi import migrate
from koperasi.db import REFERENCE_TABLES
from koperasi.tables import metadata

TENANTS = sorted(set(metadata.tables) - REFERENCE_TABLES)


@pytest_asyncio.fixture(scope="module")
async def created_engine(server) -> AsyncIterator[AsyncEngine]:
    """A database made from the metadata, without migrations."""
    addresses = await server.ensure_database("koperasi_created")
    engine = create_async_engine(addresses.owner)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()
    await server.drop_database("koperasi_created")


@pytest_asyncio.fixture(scope="module")
async def migrated_engine(server) -> AsyncIterator[AsyncEngine]:
    """A database made by the migrations alone."""
    addresses = await server.ensure_database("koperasi_migrated")
    await asyncio.to_thread(migrate.upgrade, addresses.owner)
    engine = create_async_engine(addresses.owner)
    yield engine
    await engine.dispose()
    await server.drop_database("koperasi_migrated")


# --- by book ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TENANTS)
def test_every_key_of_a_table_contains_its_book(name):
    """Else the table could not be distributed by book, and two books could meet in it."""
    table = metadata.tables[name]
    assert next(iter(table.primary_key.columns)).name == "book_id"
    for constraint in table.constraints:
        if isinstance(constraint, (PrimaryKeyConstraint, UniqueConstraint, ForeignKeyConstraint)):
            assert "book_id" in constraint.columns.keys(), constraint.name  # noqa: SIM118 - columns, not names
        if isinstance(constraint, ForeignKeyConstraint):
            pairs = {element.parent.name: element.column.name for element in constraint.elements}
            assert pairs["book_id"] == "book_id"
    for index in table.indexes:
        assert not index.unique or "book_id" in index.columns.keys(), index.name  # noqa: SIM118


@pytest.mark.parametrize("name", TENANTS)
def test_only_the_primary_key_begins_with_the_book(name):
    """The planner must not find a way through a whole book by the first column of another index."""
    for index in metadata.tables[name].indexes:
        assert next(iter(index.columns)).name != "book_id", index.name


KEYS = """
SELECT c.relname AS table, i.relname AS name, x.indisprimary,
       (SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest(x.indkey) WITH ORDINALITY k(attnum, place)
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum) AS columns
  FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
 WHERE x.indisunique AND c.relnamespace = 'public'::regnamespace
"""
REFERENCES = """
SELECT c.conname, c.conrelid::regclass::text AS table,
       (SELECT array_agg(a.attname::text || '=' || b.attname) FROM unnest(c.conkey, c.confkey) k(here, there)
          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.here
          JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.there) AS pairs
  FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
"""


async def test_the_same_holds_in_the_database_itself(owner_engine):
    async with owner_engine.connect() as connection:
        keys = (await connection.execute(text(KEYS))).all()
        references = (await connection.execute(text(REFERENCES))).all()
    assert {key.table for key in keys} == set(metadata.tables) | {"alembic_version"}
    for key in keys:
        if key.table not in REFERENCE_TABLES:
            assert key.columns[0] == "book_id" if key.indisprimary else "book_id" in key.columns, key.name
    assert references
    for reference in references:
        assert reference.table in REFERENCE_TABLES or "book_id=book_id" in reference.pairs, reference.conname


# --- migrations make what the code describes ----------------------------------------------------------------------


async def test_alembic_finds_no_difference(migrated_engine):
    async with migrated_engine.connect() as connection:
        # Defaults are compared below: alembic asks the database whether two are equal, which JSON can't answer.
        options = {"compare_type": True}
        found = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync, opts=options), metadata)
        )
    assert found == []


CATALOGUE = {
    "columns": """
SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || a.attidentity::text
       || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '-')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version'
""",
    "constraints": """
SELECT conrelid::regclass::text || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND conrelid <> coalesce(to_regclass('alembic_version'), 0)
""",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'",
    "sequences": """
SELECT sequencename, data_type::text || ' ' || increment_by || ' ' || cycle || ' ' || cache_size
  FROM pg_sequences WHERE schemaname = 'public'
""",
}


@pytest.mark.parametrize("what", CATALOGUE)
async def test_migrations_and_code_make_the_same(created_engine, migrated_engine, what):
    described = []
    for engine in (created_engine, migrated_engine):
        async with engine.connect() as connection:
            described.append(dict(map(tuple, await connection.execute(text(CATALOGUE[what])))))
    created, migrated = described
    assert created
    assert migrated == created


# --- guarded everywhere -------------------------------------------------------------------------------------------

BOUND = "(book_id = (NULLIF(current_setting('app.book'::text, true), ''::text))::bigint)"


async def test_every_table_keeps_its_books_apart(migrated_engine):
    async with migrated_engine.connect() as connection:
        secured = await connection.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relrowsecurity"
            )
        )
        rows = await connection.execute(
            text("SELECT tablename, policyname, permissive, roles::text, cmd, qual, with_check FROM pg_policies")
        )
        policies = sorted(map(tuple, rows), key=lambda policy: policy[:2])
    assert set(secured) == set(metadata.tables)
    one_each = [(name, "book", "PERMISSIVE", "{public}", "ALL", BOUND, None) for name in TENANTS]
    assert [policy for policy in policies if policy[0] not in {"cooperative", "installation_switch"}] == one_each
    assert [policy for policy in policies if policy[0] == "installation_switch"] == [
        ("installation_switch", "read", "PERMISSIVE", "{public}", "SELECT", "true", None)
    ]
    assert [policy for policy in policies if policy[0] == "cooperative"] == [
        ("cooperative", "change", "PERMISSIVE", "{public}", "UPDATE", BOUND, None),
        ("cooperative", "found", "PERMISSIVE", "{public}", "INSERT", None, BOUND),
        ("cooperative", "read", "PERMISSIVE", "{public}", "SELECT", "true", None),
    ]


async def test_the_journal_has_its_triggers_and_they_are_on(migrated_engine):
    async with migrated_engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal")
        )
        triggers = set(map(tuple, rows))
    append_only = ("account", "entry", "key", "posting", "reversal", "sum", "turnover")
    assert {(f"ledger_{table}", "ledger_append_only", "O") for table in append_only} <= triggers
    assert {("ledger_entry", "ledger_check_entries", "O"), ("ledger_posting", "ledger_check_postings", "O")} <= triggers
    assert {state for *_, state in triggers} == {"O"}
