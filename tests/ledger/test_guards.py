"""The database guards itself: what our code would never do, done by hand, is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import PeriodStatus

from .support import DAY, Desk

# Whoever may write the journal at all: the ledger's writer, and the owner, whom no right and no policy binds.
WRITERS = ("writer", "owner")
ROLES = ("application", *WRITERS)
JOURNAL = ("ledger_entry", "ledger_posting")

RAW = """
WITH e AS (
  INSERT INTO ledger_entry (book_id, number, effective_date, recorded_at, kind, description, actor, metadata,
                            line_count, previous_hash, hash)
  VALUES (:book, :number, :day, now(), 'raw', 'raw', 'raw', '{}', :line_count,
          decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'))
)
INSERT INTO ledger_posting (book_id, entry_number, line, account_id, effective_date, amount, balance_after)
SELECT :book, :number, * , 0 FROM unnest(cast(:lines AS int[]), cast(:accounts AS bigint[]), cast(:days AS date[]),
                                         cast(:amounts AS bigint[]))
"""


@pytest_asyncio.fixture
async def acting(desk, database, owner_engine):
    """Connections in one of the roles, bound to the desk's book; whatever they do is rolled back."""

    @asynccontextmanager
    async def connect(role: str) -> AsyncIterator[AsyncConnection]:
        engine = owner_engine if role == "owner" else database.engine
        async with engine.connect() as connection:
            await connection.execute(text(f"SET LOCAL app.book = '{desk.book}'"))
            if role == "writer":
                await connection.execute(text("SET LOCAL ROLE koperasi_ledger"))
            yield connection

    return connect


async def write_raw(connection: AsyncConnection, desk: Desk, *lines: tuple[str, int], **more: object) -> None:
    """An entry with its postings in one statement, as ``append`` writes it, but unchecked by our code."""
    numbers = range(1, len(lines) + 1)
    values = {
        "book": desk.book,
        "number": 1,
        "day": DAY,
        "line_count": len(lines),
        "lines": list(numbers),
        "accounts": [desk.ids.get(code, 10**9) for code, _ in lines],
        "days": [DAY for _ in lines],
        "amounts": [amount for _, amount in lines],
    }
    await connection.execute(text(RAW), values | more)


def refused(name: str) -> object:
    return pytest.raises(DBAPIError, match=name)


@pytest.mark.parametrize("role", WRITERS)
async def test_a_whole_balanced_entry_passes_the_guards(desk, acting, role):
    """Otherwise the tests below would prove nothing."""
    async with acting(role) as connection:
        await write_raw(connection, desk, ("1101", 5), ("1201", 3), ("3101", -5), ("2201", -3))
        assert (
            await connection.scalar(text("SELECT count(*) FROM ledger_posting WHERE book_id = :b"), {"b": desk.book})
            == 4
        )


@pytest.mark.parametrize("role", WRITERS)
@pytest.mark.parametrize(
    ("lines", "more", "guard"),
    [
        ([("1101", 5), ("3101", -4)], {}, "does not balance"),
        ([("1101", 5), ("2201", -5)], {}, "does not balance"),
        ([("1101", 5), ("2101", -5)], {}, "posts to no postable account"),
        ([("1101", 5), ("nowhere", -5)], {}, "posts to no postable account"),
        ([("2101", 5), ("nowhere", -5)], {}, "posts to no postable account"),
        ([("1101", 5), ("3101", -5)], {"line_count": 3}, "not written whole|has no postings"),
        ([("1101", 5), ("3101", -5), ("1102", 1), ("3101", -1)], {"line_count": 2}, "not written whole"),
        ([("1101", 5), ("3101", -5)], {"lines": [1, 3]}, "not written whole|has no postings"),
        ([("1101", 5), ("3101", -5)], {"days": [DAY, date(2026, 11, 26)]}, "not written whole"),
        ([("1101", 5), ("3101", -5)], {"day": date(2026, 11, 26)}, "not written whole"),
        ([("1101", 5), ("3101", -5), ("1102", 0)], {}, "ck_ledger_posting_amount"),
        ([("1101", 5)], {}, "ck_ledger_entry_line_count"),
        ([], {"line_count": 2}, "has no postings"),
        ([("1101", 5), ("3101", -5)], {"number": 0}, "ck_ledger_entry_number"),
    ],
)
async def test_an_entry_that_is_not_whole_is_refused(desk, acting, role, lines, more, guard):
    async with acting(role) as connection:
        with refused(guard):
            await write_raw(connection, desk, *lines, **more)


@pytest.mark.parametrize("role", WRITERS)
async def test_postings_without_an_entry_are_refused(desk, acting, role):
    async with acting(role) as connection:
        with refused("not written whole"):
            await connection.execute(
                text(ADD_LINES), ADDED | {"book": desk.book, "a": desk.ids["1101"], "b": desk.ids["3101"]}
            )


@pytest.mark.parametrize("role", WRITERS)
@pytest.mark.parametrize("first", [1, 3])
async def test_lines_cannot_be_added_to_an_old_entry(desk, acting, role, first):
    await desk.post(("1101", 5), ("3101", -5))
    added = ADDED | {"book": desk.book, "a": desk.ids["1101"], "b": desk.ids["3101"], "first": first}
    async with acting(role) as connection:
        with refused("not written whole|pk_ledger_posting"):
            await connection.execute(text(ADD_LINES), added)


ADD_LINES = """
INSERT INTO ledger_posting (book_id, entry_number, line, account_id, effective_date, amount, balance_after)
VALUES (:book, 1, :first, :a, :day, 7, 0), (:book, 1, :first + 1, :b, :day, -7, 0)
"""
ADDED = {"first": 1, "day": DAY}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", [*JOURNAL, "ledger_key"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET book_id = book_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_the_journal_is_append_only(desk, acting, role, table, statement):
    await desk.post(("1101", 5), ("3101", -5))
    async with acting(role) as connection:
        with refused("append-only|permission denied"):
            await connection.execute(text(statement.format(table)))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", ["ledger_turnover", "ledger_sum", "ledger_account", "ledger_reversal"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_what_is_derived_cannot_be_deleted(desk, acting, role, table, statement):
    async with acting(role) as connection:
        with refused("append-only|permission denied"):
            await connection.execute(text(statement.format(table)))


@pytest.mark.parametrize("role", WRITERS)
@pytest.mark.parametrize("day", [date(2026, 10, 1), date(2026, 10, 31), date(2026, 9, 30), date(2020, 1, 1)])
async def test_a_closed_month_and_those_before_it_take_no_entry_by_hand(desk, acting, role, day):
    await desk.set_period(date(2026, 10, 1), PeriodStatus.CLOSED)
    async with acting(role) as connection:
        with refused("closed period"):
            await write_raw(connection, desk, ("1101", 5), ("3101", -5), day=day, days=[day, day])
    async with acting(role) as connection:
        await write_raw(
            connection, desk, ("1101", 5), ("3101", -5), day=date(2026, 11, 1), days=[date(2026, 11, 1)] * 2
        )


async def test_the_application_writes_the_journal_only_as_the_writer(desk, acting):
    async with acting("application") as connection:
        with refused("permission denied for table ledger_(entry|posting)"):
            await write_raw(connection, desk, ("1101", 5), ("3101", -5))


@pytest.mark.parametrize("table", ["ledger_turnover", "ledger_sum", "ledger_reversal", "ledger_key", "ledger_head"])
async def test_the_application_does_not_touch_what_append_keeps(desk, acting, table):
    async with acting("application") as connection:
        with refused("permission denied"):
            await connection.execute(text(f"UPDATE {table} SET book_id = book_id"))


@pytest.mark.parametrize("column", ["debit", "credit", "code", "currency", "side", "type", "book_id", "opened_on"])
async def test_the_application_changes_terms_of_an_account_not_its_totals(desk, acting, column):
    async with acting("application") as connection:
        with refused("permission denied"):
            await connection.execute(text(f"UPDATE ledger_account SET {column} = {column}"))


@pytest.mark.parametrize("column", ["floor", "held", "name_id", "control", "code"])
async def test_the_writer_changes_totals_of_an_account_not_its_terms(desk, acting, column):
    async with acting("writer") as connection:
        with refused("permission denied"):
            await connection.execute(text(f"UPDATE ledger_account SET {column} = {column}"))


@pytest.mark.parametrize("role", WRITERS)
async def test_the_floor_holds_even_for_the_writer(desk, acting, role):
    async with acting(role) as connection:
        with refused("ck_ledger_account_floor"):
            await connection.execute(
                text("UPDATE ledger_account SET credit = credit + 1 WHERE account_id = :a AND book_id = :b"),
                {"a": desk.ids["1101"], "b": desk.book},
            )


@pytest.mark.parametrize("role", WRITERS)
async def test_one_entry_has_one_active_reversal(desk, acting, role):
    await desk.post(("1101", 5), ("3101", -5))
    await desk.reverse(1)
    await desk.post(("1101", 5), ("3101", -5))
    async with acting(role) as connection:
        with refused("uq_ledger_reversal_active"):
            await connection.execute(
                text("INSERT INTO ledger_reversal (book_id, entry_number, reversal_number) VALUES (:b, 1, 3)"),
                {"b": desk.book},
            )
