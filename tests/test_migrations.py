"""Migrations go up, down to nothing, and up again; also from inside an event loop and one revision at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from koperasi import migrate

REVISIONS = [script.revision for script in ScriptDirectory.from_config(migrate.config("")).walk_revisions()][::-1]

EVERYTHING = """
SELECT 'relation ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r','p','v','m','S','i')
UNION ALL SELECT 'function ' || proname || md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
UNION ALL SELECT 'policy ' || polrelid::regclass || polname FROM pg_policy
UNION ALL SELECT 'trigger ' || tgrelid::regclass || tgname FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'right ' || table_name || grantee || privilege_type FROM information_schema.role_table_grants
           WHERE table_schema = 'public'
UNION ALL SELECT 'right ' || table_name || column_name || grantee || privilege_type
            FROM information_schema.role_column_grants WHERE table_schema = 'public'
ORDER BY 1
"""


@pytest.fixture
def address(server) -> Iterator[str]:
    """The owner's address of an empty database."""
    yield asyncio.run(server.ensure_database("koperasi_updown")).owner
    asyncio.run(server.drop_database("koperasi_updown"))


def everything(address: str) -> list[str]:
    async def read() -> list[str]:
        engine = create_async_engine(address)
        async with engine.connect() as connection:
            found = (await connection.scalars(text(EVERYTHING))).all()
        await engine.dispose()
        return [name for name in found if "alembic_version" not in name]

    return asyncio.run(read())


def test_up_down_and_up_again(address):
    assert everything(address) == []
    migrate.upgrade(address)
    first = everything(address)
    assert first
    migrate.downgrade(address)
    assert everything(address) == []
    migrate.upgrade(address)
    assert everything(address) == first


def test_one_revision_at_a_time_each_takes_back_what_it_did(address):
    states = [everything(address)]
    for revision in REVISIONS:
        migrate.upgrade(address, revision)
        states.append(everything(address))
    assert len(set(map(tuple, states))) == len(REVISIONS) + 1
    for revision, state in zip([*REVISIONS[:-1][::-1], "base"], states[-2::-1], strict=True):
        migrate.downgrade(address, revision)
        assert everything(address) == state


def test_alembic_itself_finds_nothing_to_add(address):
    """Defaults too, those of JSON columns among them."""
    migrate.upgrade(address)
    command.check(migrate.config(address))


def test_upgrading_twice_does_nothing(address):
    migrate.upgrade(address)
    first = everything(address)
    migrate.upgrade(address)
    assert everything(address) == first


def test_from_inside_an_event_loop(address):
    asyncio.run(migrate.upgrade_async(address))
    assert everything(address)


async def test_a_revision_that_fails_leaves_nothing(server):
    """Each runs in one transaction, its SQL file too."""
    addresses = await server.ensure_database("koperasi_half")
    engine = create_async_engine(addresses.owner)
    async with engine.begin() as connection:
        # In the way of the second statement from the end of the first revision.
        await connection.execute(text("CREATE FUNCTION ledger_append_only() RETURNS int LANGUAGE sql AS 'SELECT 1'"))
    with pytest.raises(Exception, match="ledger_append_only"):
        await migrate.upgrade_async(addresses.owner)
    async with engine.connect() as connection:
        found = await connection.scalars(text(EVERYTHING))
        assert [name for name in found if "alembic_version" not in name and "ledger_append_only" not in name] == []
    await engine.dispose()
    await server.drop_database("koperasi_half")


def test_there_is_one_line_of_revisions():
    assert ScriptDirectory.from_config(migrate.config("")).get_heads() == REVISIONS[-1:]
