"""Damage to what was done with months: each act is held against those before it and against the journal."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

import ledger
from ledger import PeriodStatus

JANUARY = date(2026, 1, 1)


@pytest.fixture
async def damaged(desk, superuser_engine):
    """A book whose January was closed (act 1), asked to be opened (2), opened (3), held (4) and closed (5)."""

    async def verify(statement: str | None = None) -> set[tuple[str, str]]:
        await desk.post(("1102", 900), ("3101", -900), on=date(2026, 1, 5))
        await desk.post(("1201", 7), ("2201", -7), on=date(2026, 2, 5))
        await desk.set_period(JANUARY, PeriodStatus.CLOSED)
        await desk.reopen(JANUARY)
        await desk.post(("1102", 50), ("3101", -50), on=date(2026, 1, 31))
        await desk.set_period(JANUARY, PeriodStatus.HELD)
        await desk.set_period(JANUARY, PeriodStatus.CLOSED)
        assert (await desk.verify()).findings == ()
        async with superuser_engine.connect() as connection:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            if statement:
                assert (await connection.execute(text(statement), {"b": desk.book})).rowcount > 0
            return {(one.code, one.where) for one in (await ledger.verify(connection, desk.book)).findings}

    return verify


ACT = "UPDATE ledger_period_act SET {} WHERE book_id = :b AND number = {}"
CLOSE_1, CLOSE_5 = ("close", "close of 2026-01 (act 1)"), ("close", "close of 2026-01 (act 5)")
REOPEN, HOLD = ("act", "reopen of 2026-01 (act 3)"), ("act", "hold of 2026-01 (act 4)")
PERIOD = ("period", "period 2026-01")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (ACT.format("digest = sha256('x')", 1), {CLOSE_1}),
        (ACT.format("digest = sha256('x')", 5), {CLOSE_5}),
        (ACT.format("head_hash = sha256('x')", 5), {CLOSE_5}),
        (ACT.format("head_number = 2", 5), {CLOSE_5}),
        (ACT.format("head_number = 9", 4), {HOLD}),
        (ACT.format("head_hash = sha256('x')", 3), {REOPEN}),
        (ACT.format("actor = 'bendahara'", 3), {REOPEN}),
        (ACT.format("confirms = 1", 3), {REOPEN}),
        (ACT.format("reason = NULL, act = 'open'", 2), {("act", "open of 2026-01 (act 2)"), REOPEN}),
        (ACT.format("month = '2026-02-01'", 2), {("act", "reopen-request of 2026-02 (act 2)"), REOPEN}),
        (ACT.format("act = 'open', confirms = NULL", 3), {("act", "open of 2026-01 (act 3)")}),
        (ACT.format("number = 6", 5), {("act", "close of 2026-01 (act 6)")}),
        ("DELETE FROM ledger_period_act WHERE book_id = :b AND number = 2", {REOPEN}),
        ("DELETE FROM ledger_period_act WHERE book_id = :b AND number = 5", {PERIOD}),
        ("UPDATE ledger_period SET status = 'open' WHERE book_id = :b", {PERIOD}),
        ("DELETE FROM ledger_period WHERE book_id = :b", {PERIOD}),
        (
            "INSERT INTO ledger_period VALUES (:b, '2026-02-01', 'closed', 'x', now())",
            {("period", "period 2026-02")},
        ),
    ],
)
async def test_a_changed_act_is_named(damaged, statement, expected):
    found = await damaged(statement)
    assert expected <= found
    assert {code for code, _ in found} <= {"act", "close", "period", "late-entry"}


async def test_an_entry_slipped_into_a_closed_month(damaged):
    found = await damaged("UPDATE ledger_period_act SET head_number = 2 WHERE book_id = :b AND number IN (3, 4, 5)")
    assert ("late-entry", "entry 3") in found
