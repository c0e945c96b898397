"""What was closed stays what it was: its figures have a digest, and only two people open it again, on record."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import ledger
from ledger import Account, AccountType, Act, PeriodError, PeriodStatus, Posted, Side, TrialBalanceRow
from ledger.seal import trial_balance_digest

from .support import CHART, open_desk

SEPTEMBER, OCTOBER, NOVEMBER = (date(2026, month, 1) for month in (9, 10, 11))
CLOSED, HELD, OPEN = PeriodStatus.CLOSED, PeriodStatus.HELD, PeriodStatus.OPEN
PAY_IN = (("1101", 100), ("3101", -100))


@pytest_asyncio.fixture
async def closed(desk):
    """October is closed upon entry 3; entry 2 is of November."""
    await desk.post(*PAY_IN, on=date(2026, 10, 5))
    await desk.post(("1101", 7), ("3101", -7), on=date(2026, 11, 5))
    await desk.post(("1102", 30), ("1101", -30), on=date(2026, 10, 31))
    await desk.set_period(OCTOBER, CLOSED)
    return desk


async def acts(desk, month=None) -> list[ledger.PeriodAct]:
    async with desk.database.reading(desk.book) as connection:
        return await ledger.period_acts(connection, desk.book, month)


async def confirm(desk, by: str) -> None:
    async with desk.database.work(desk.book) as work:
        await ledger.reopen_confirm(work.connection, desk.book, OCTOBER, by=by)
        await work.commit()


async def request(desk, by: str = "bendahara", reason: str = "Salah tutup", month: date = OCTOBER) -> int:
    async with desk.database.work(desk.book) as work:
        number = await ledger.reopen_request(work.connection, desk.book, month, by=by, reason=reason)
        await work.commit()
    return number


async def test_a_close_keeps_the_digest_of_the_trial_balance_and_the_head(closed):
    (act,) = await acts(closed)
    third = (await closed.entries())[2]
    assert (act.number, act.month, act.act, act.actor, act.head) == (1, OCTOBER, Act.CLOSE, "ketua", (3, third.hash))
    described = [
        "koperasi-trial-balance-1", closed.book, "2026-10-31", 3, third.hash.hex(),
        [["1101", "IDR", 100, 30], ["1102", "IDR", 30, 0], ["3101", "IDR", 0, 100]],
    ]  # fmt: skip
    written = json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode()
    assert act.digest == hashlib.sha256(written).digest()


def test_the_worked_example_of_the_documentation():
    documentation = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text("utf-8")
    (example,) = re.findall(r'^\["koperasi-trial-balance-1".*\]$', documentation, re.MULTILINE)
    _, book, day, number, last_hash, sums = json.loads(example)
    digest = trial_balance_digest(book, date.fromisoformat(day), number, bytes.fromhex(last_hash), map(tuple, sums))
    assert digest == hashlib.sha256(example.encode()).digest()
    assert f"is `{digest.hex()}`" in documentation


async def test_what_closes_a_month_closes_all_before_it(closed):
    for day in (date(2026, 10, 31), date(2026, 9, 1), date(2020, 1, 1)):
        assert (await closed.post(*PAY_IN, on=day, allow_held=True)).code == "period-closed"
    assert isinstance(await closed.post(*PAY_IN, on=NOVEMBER), Posted)
    for status in (HELD, CLOSED):
        with pytest.raises(PeriodError, match="2026-10 is closed"):
            await closed.set_period(SEPTEMBER, status)


async def test_a_reversal_of_an_entry_in_a_closed_month_stands_in_an_open_one_and_links_back(closed):
    assert (await closed.reverse(3, on=date(2026, 10, 31))).code == "period-closed"
    assert isinstance(await closed.reverse(3, on=date(2026, 11, 2)), Posted)
    entries = await closed.entries()
    assert (entries[3].reverses, entries[3].effective_date, entries[2].reversed_by) == (3, date(2026, 11, 2), 4)
    assert (await closed.verify()).findings == ()


async def test_two_people_open_a_closed_month_again_and_the_close_stays_on_record(closed):
    assert await request(closed) == 2
    assert (await closed.post(*PAY_IN, on=OCTOBER)).code == "period-closed"
    await confirm(closed, "ketua")
    assert isinstance(await closed.post(*PAY_IN, on=OCTOBER), Posted)
    await closed.set_period(OCTOBER, CLOSED)
    told = await acts(closed, OCTOBER)
    assert [(one.act, one.actor, one.reason, one.confirms) for one in told] == [
        (Act.CLOSE, "ketua", None, None),
        (Act.REOPEN_REQUEST, "bendahara", "Salah tutup", None),
        (Act.REOPEN, "ketua", None, 2),
        (Act.CLOSE, "ketua", None, None),
    ]
    assert told[0].digest != told[3].digest
    assert [one.head.number for one in told] == [3, 3, 3, 4]
    assert (await closed.verify()).findings == ()


async def test_nobody_opens_a_month_alone(closed):
    with pytest.raises(PeriodError, match="nobody asked"):
        await confirm(closed, "ketua")
    await request(closed)
    with pytest.raises(PeriodError, match="another person"):
        await confirm(closed, "bendahara")
    await confirm(closed, "ketua")
    with pytest.raises(PeriodError, match="not closed"):
        await confirm(closed, "pengawas")
    await closed.set_period(OCTOBER, CLOSED)
    with pytest.raises(PeriodError, match="nobody asked"):
        await confirm(closed, "ketua")  # a request counts for one close


@pytest.mark.parametrize("reason", ["", "  "])
async def test_a_reopening_needs_a_reason(closed, reason):
    with pytest.raises(PeriodError, match="reason"):
        await request(closed, reason=reason)


async def test_the_last_closed_month_is_opened_first(closed):
    await closed.set_period(NOVEMBER, CLOSED)
    with pytest.raises(PeriodError, match="2026-11 is closed too"):
        await request(closed)
    await closed.reopen(NOVEMBER)
    await closed.reopen(OCTOBER)
    with pytest.raises(PeriodError, match="not closed"):
        await request(closed, month=SEPTEMBER)


# --- the database itself --------------------------------------------------------------------------------------------

OPENED = "UPDATE ledger_period SET status = 'open' WHERE book_id = :b AND month = '2026-10-01'"
ACT = """
INSERT INTO ledger_period_act (book_id, number, month, act, actor, reason, head_number, head_hash, digest, confirms)
VALUES (:b, :number, '2026-10-01', :act, :actor, 'x', 3, sha256('x'), CASE WHEN :act = 'close' THEN sha256('x') END,
        CAST(:confirms AS bigint))
"""


@pytest_asyncio.fixture
async def by_hand(closed, database, owner_engine):
    """Statements as the application or the owner, of which the last is refused; nothing is kept."""

    async def run(role, *statements, match):
        engine = owner_engine if role == "owner" else database.engine
        async with engine.connect() as connection:
            await connection.execute(text(f"SET LOCAL app.book = '{closed.book}'"))
            for position, (statement, facts) in enumerate(statements, 1):
                bound = text(statement), {"b": closed.book} | facts
                if position < len(statements) or match is None:
                    await connection.execute(*bound)
                else:
                    with pytest.raises(DBAPIError, match=match):
                        await connection.execute(*bound)

    return run


def act(number, kind, actor, confirms=None):
    return ACT, {"number": number, "act": kind, "actor": actor, "confirms": confirms}


@pytest.mark.parametrize("role", ["application", "owner"])
@pytest.mark.parametrize(
    ("statements", "match"),
    [
        ([(OPENED, {})], "no act"),
        ([act(2, "reopen-request", "a"), (OPENED, {})], "no act"),
        ([act(2, "reopen-request", "a"), act(3, "reopen", "b", 2), (OPENED, {})], None),
        ([act(2, "reopen-request", "a"), act(3, "reopen", "a", 2)], "may not follow"),
        ([act(2, "reopen", "b", 1)], "may not follow"),
        ([act(2, "reopen", "b")], "may not follow|ck_ledger_period_act_confirms"),
        ([act(2, "open", "b")], "may not follow"),
        ([act(2, "hold", "b")], "may not follow"),
        ([act(2, "close", "b")], "may not follow"),
        ([act(5, "reopen-request", "a"), act(3, "reopen", "b", 5)], "may not follow"),
        ([act(2, "reopen-request", "a"), act(3, "reopen", "b", 2), act(4, "close", "b"), act(5, "reopen", "b", 2)],
         "may not follow"),
        ([(OPENED.replace("'open'", "'held'"), {})], "no act"),
        ([("DELETE FROM ledger_period WHERE book_id = :b", {})], "append-only|permission denied"),
        ([("DELETE FROM ledger_period_act WHERE book_id = :b", {})], "append-only|permission denied"),
        ([("UPDATE ledger_period_act SET actor = 'x' WHERE book_id = :b", {})], "append-only|permission denied"),
        ([("TRUNCATE ledger_period_act CASCADE", {})], "append-only|permission denied"),
        ([("UPDATE ledger_period SET month = '2020-01-01' WHERE book_id = :b", {})], "no act|permission denied"),
        ([("INSERT INTO ledger_period VALUES (:b, '2026-12-01', 'closed', 'x')", {})], "no act"),
    ],
)  # fmt: skip
async def test_a_closed_month_is_not_opened_by_hand(by_hand, role, statements, match):
    await by_hand(role, *statements, match=match)


# --- verification ---------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def damaged(closed, superuser_engine):
    async def verify(*statements: str) -> set[tuple[str, str]]:
        async with superuser_engine.connect() as connection:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                assert (await connection.execute(text(statement.format(b=closed.book)))).rowcount, statement
            report = await ledger.verify(connection, closed.book)
        return {(finding.code, finding.where) for finding in report.findings}

    return verify


CLOSE = ("close", "close of 2026-10 (act 1)")


async def test_closed_figures_that_were_changed(damaged):
    found = await damaged("UPDATE ledger_posting SET amount = amount * 2 WHERE book_id = {b} AND entry_number = 1")
    assert CLOSE in found


async def test_later_entries_do_not_touch_a_close(closed):
    await closed.post(*PAY_IN, on=NOVEMBER)
    assert (await closed.verify()).findings == ()


@pytest.mark.parametrize(
    "change", ["digest = sha256('x')", "head_number = 2", "head_hash = sha256('x')", "month = '2026-11-01'"]
)
async def test_a_changed_close(damaged, change):
    found = await damaged(f"UPDATE ledger_period_act SET {change} WHERE book_id = {{b}}")
    assert any(code == "close" for code, _ in found)


async def test_a_month_that_was_opened_past_the_guards(damaged):
    assert await damaged("UPDATE ledger_period SET status = 'open' WHERE book_id = {b}") == {
        ("period", "period 2026-10")
    }
    assert await damaged("DELETE FROM ledger_period_act WHERE book_id = {b}") == {("period", "period 2026-10")}
    assert await damaged("DELETE FROM ledger_period WHERE book_id = {b}") == {("period", "period 2026-10")}


async def test_an_entry_that_came_into_a_closed_month_past_the_guards(closed, superuser_engine):
    async with superuser_engine.connect() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("DELETE FROM ledger_period WHERE book_id = :b"), {"b": closed.book})
        await connection.execute(text(f"SET LOCAL app.book = '{closed.book}'"))
        (posted,) = await ledger.append(connection, [closed.draft(*PAY_IN, on=OCTOBER)])
        found = (await ledger.verify(connection, closed.book)).findings
    assert isinstance(posted, Posted)
    assert ("late-entry", "entry 4") in {(finding.code, finding.where) for finding in found}


# --- the end of a year ----------------------------------------------------------------------------------------------


def account(number: int, kind: AccountType, **more) -> Account:
    side = Side.DEBIT if kind in {AccountType.ASSET, AccountType.EXPENSE} else Side.CREDIT
    facts = {"currency": "IDR", "control": False} | more
    return Account(
        1, number, str(number), "n", "n", kind, side, facts["currency"], None, 0, facts["control"], None, None, 0, 0
    )


SURPLUS = account(3301, AccountType.EQUITY)
YEAR_END = date(2026, 12, 31)
kinds = st.sampled_from([AccountType.INCOME, AccountType.EXPENSE, AccountType.ASSET, AccountType.EQUITY])
figures = st.lists(
    st.tuples(kinds, st.integers(0, 500), st.integers(0, 500), st.sampled_from(["IDR", "JPY"])), max_size=8
)


@given(figures)
def test_closing_brings_income_and_expense_to_nothing_and_moves_their_sum(wanted):
    rows = [
        TrialBalanceRow(account(4000 + number, kind, currency=currency), debit, credit)
        for number, (kind, debit, credit, currency) in enumerate(wanted)
    ]
    nominal = {
        row.account.account_id: row.balance
        for row in rows
        if row.account.type in {AccountType.INCOME, AccountType.EXPENSE} and row.account.currency == "IDR"
    }
    draft = ledger.closing_draft(rows, SURPLUS, effective_date=YEAR_END, actor="bendahara", key="k")
    if not any(nominal.values()):
        assert draft is None
        return
    assert (draft.kind, draft.allow_held, draft.effective_date) == ("closing", True, YEAR_END)
    moved = dict(draft.lines)
    assert len(moved) == len(draft.lines) >= 2
    assert sum(moved.values()) == 0
    assert {key: amount for key, amount in moved.items() if key != 3301} == {
        key: -balance for key, balance in nominal.items() if balance
    }


def test_closing_wants_the_accounts_not_their_sums():
    control = TrialBalanceRow(account(4101, AccountType.INCOME, control=True), 0, 5)
    with pytest.raises(ledger.LedgerError, match="detailed"):
        ledger.closing_draft([control], SURPLUS, effective_date=YEAR_END, actor="a", key="k")


async def test_a_year_is_closed_by_an_entry_like_any_other(database, poster):
    more = (
        ledger.NewAccount("4101", "Jasa", "Service", AccountType.INCOME, Side.CREDIT),
        ledger.NewAccount("5101", "Beban", "Expense", AccountType.EXPENSE, Side.DEBIT),
    )
    desk = await open_desk(database, poster, (*CHART, *more))
    await desk.post(("1101", 100), ("4101", -100), on=date(2026, 12, 30))
    await desk.post(("5101", 40), ("1101", -40), on=date(2026, 12, 31))
    await desk.set_period(date(2026, 12, 1), HELD)
    async with database.reading(desk.book) as connection:
        rows = await ledger.trial_balance(connection, desk.book, YEAR_END, detailed=True)
        surplus = await ledger.account_by_code(connection, desk.book, "3101")
    draft = ledger.closing_draft(rows, surplus, effective_date=YEAR_END, actor="bendahara", key="tutup-2026")
    assert isinstance(await poster.post(draft), Posted)
    assert [await desk.balance(code, YEAR_END) for code in ("4101", "5101", "3101")] == [0, 0, -60]
    await desk.set_period(date(2026, 12, 1), CLOSED)
    assert (await desk.verify()).findings == ()
