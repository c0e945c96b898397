"""Cooperatives that are there already begin with the limits that new ones begin with."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from koperasi import migrate
from koperasi.cooperatives.policies import DEFAULTS
from koperasi.cooperatives.rules import Kind

OLD = (
    "INSERT INTO ledger_book (book_id, currency) VALUES (7, 'IDR')",
    "INSERT INTO cooperative (book_id, code, name, kind, timezone) VALUES (7, 'lama', 'KSP Lama', 'ksp', 'Asia/Jakarta')",
)


@pytest.fixture
def address(server) -> Iterator[str]:
    """The owner's address of an empty database."""
    yield asyncio.run(server.ensure_database("koperasi_limits")).owner
    asyncio.run(server.drop_database("koperasi_limits"))


def run(address: str, *statements: str) -> list[tuple[object, ...]]:
    async def execute() -> list[tuple[object, ...]]:
        engine = create_async_engine(address)
        async with engine.begin() as connection:
            answers = [await connection.execute(text(statement)) for statement in statements]
            rows = list(map(tuple, answers[-1])) if answers[-1].returns_rows else []
        await engine.dispose()
        return rows

    return asyncio.run(execute())


def test_a_cooperative_from_before_has_the_limits_and_loses_them_again(address):
    migrate.upgrade(address, "0003")
    run(address, *OLD)
    migrate.upgrade(address)
    rows = run(address, "SELECT name, value FROM policy WHERE book_id = 7")
    about = ("approval.", "access.")
    assert {name: value for name, value in rows if name.startswith(about)} == {
        default.name: default.value for default in DEFAULTS[Kind.KSP] if default.name.startswith(about)
    }
    migrate.downgrade(address, "0003")
    assert run(address, "SELECT name FROM policy WHERE book_id = 7") == []
