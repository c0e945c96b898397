"""Books to export, and a second installation to restore them in."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

import ledger
from koperasi import migrate
from koperasi.db import Database, make_engine
from ledger import Draft, Line, Posted

from ..support import Desk, open_desk
from .books import DAYS, FIRST_DAY, WORDS, new_accounts, random_lines

RECORD = """
INSERT INTO ledger_erasure (book_id, entry_number, actor, reason)
SELECT book_id, entry_number, 'admin', 'subject-request' FROM ledger_note WHERE book_id = :b AND entry_number % 5 = 0
"""


@pytest.fixture(scope="session")
def elsewhere_addresses(server):
    found = asyncio.run(server.ensure_database("koperasi_elsewhere"))
    migrate.upgrade(found.owner)
    return found


@pytest_asyncio.fixture(scope="session")
async def elsewhere(elsewhere_addresses):
    """Another installation, without any book."""
    opened = Database(make_engine(elsewhere_addresses.application, pool_size=4))
    yield opened
    await opened.close()


@pytest.fixture
def empty_book(elsewhere, elsewhere_addresses):
    """Found an empty book elsewhere, with a number of one's choice."""

    async def found(book_id: int) -> int:
        owner = create_async_engine(elsewhere_addresses.owner)
        async with owner.begin() as connection:
            await connection.execute(text(f"ALTER SEQUENCE ledger_book_id RESTART WITH {book_id}"))
        await owner.dispose()
        async with elsewhere.engine.connect() as connection:
            made = await ledger.found_book(connection)
            await connection.commit()
        assert made == book_id
        return made

    return found


@pytest_asyncio.fixture
async def random_desk(database, poster, superuser_engine):
    """A desk whose book holds random entries of every sort; one of its notes was erased."""

    async def filled(seed: int, count: int = 60) -> Desk:
        desk = await open_desk(database, poster, new_accounts())
        async with database.reading(desk.book) as connection:
            accounts = {one.account_id: one for one in await ledger.chart(connection, desk.book)}
        chance = random.Random(seed)
        posted: dict[int, Draft] = {}
        while len(posted) < count:
            linked = chance.choice((1, 1, 1, 3))
            link = f"tautan: {chance.randrange(3)}" if linked > 1 or chance.random() < 0.2 else None
            drafts = [_draft(desk, chance, accounts, posted if linked == 1 else {}, link) for _ in range(linked)]
            for draft, outcome in zip(drafts, await desk.append(*drafts), strict=True):
                if isinstance(outcome, Posted):
                    posted[outcome.number] = draft
        async with superuser_engine.begin() as connection:
            for statement in (RECORD, "DELETE FROM ledger_note WHERE book_id = :b AND entry_number % 5 = 0"):
                await connection.execute(text(statement), {"b": desk.book})
        return desk

    return filled


def _draft(desk, chance, accounts, posted, link) -> Draft:
    undo = chance.choice([None, None, *posted]) if posted else None
    lines = (
        [Line(a, -amount) for a, amount in posted[undo].lines]
        if undo
        else [Line(*line) for line in random_lines(chance, accounts)]
    )
    return Draft(
        book_id=desk.book,
        effective_date=FIRST_DAY + timedelta(days=chance.randrange(DAYS)),
        kind=chance.choice(("journal", "savings.deposit", "Jenis: aneh; []")),
        description=chance.choice(WORDS),
        actor=chance.choice(("kasir1", "Ibu Sri; [x]", "é")),
        lines=tuple(lines),
        key=f"k{next(desk.keys)}",
        source=chance.choice((None, "Nota/1", "Nota: 2\n")),
        reverses=undo,
        metadata=chance.choice(({}, {}, {"rekening": "10000019", "é:[": 'x"\n;'})),
        link=link,
        note=chance.choice((None, None, "Catatan: “pribadi”; [2025-01-01] " + chance.choice(WORDS))),
        allow_reversal_of_reversal=True,
    )
