"""The posting path finds its rows by key, whatever the planner believes of a book's size."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

import ledger
from ledger import AccountType, NewAccount, Side, sql
from ledger.journal import driver

MANY = 300
STATEMENTS = {
    "READ_KEYS",
    "READ_ACCOUNTS",
    "READ_LATER_DAYS",
    "READ_REVERSED",
    "READ_LINES",
    "WRITE",
    "WRITE_NOTES",
    "LINK_REVERSALS",
    "UNDO_REVERSALS",
}
# As a batch of many entries would send them.
SAMPLES = {
    "int8": 1,
    "int4": 1,
    "numeric": 1,
    "date": date(2026, 11, 25),
    "timestamptz": datetime(2026, 11, 25, tzinfo=UTC),
    "bytea": bytes(32),
    "text": "x",
}


def sample(type_name: str) -> object:
    """A value for a parameter of a statement; for an array, many."""
    if not type_name.endswith("[]"):
        return SAMPLES[type_name]
    one = SAMPLES[type_name.removesuffix("[]")]
    return list(range(MANY)) if one == 1 else [one] * MANY


@pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])
@pytest.mark.parametrize("name", sorted(STATEMENTS))
async def test_a_batch_never_goes_through_the_whole_book(desk, name, generic):
    """Joined to its new totals, each account touched was looked for among all accounts of a book not yet analysed:
    a third of the server's work in a book of 1,000 accounts, more in a larger one."""
    more = [NewAccount(f"9{n:04d}", "Akun", "Account", AccountType.ASSET, Side.DEBIT) for n in range(MANY)]
    async with desk.database.work(desk.book) as work:
        await ledger.open_accounts(work.connection, desk.book, more)
        raw = await driver(work.connection)
        await raw.execute(sql.become_writer(desk.book))
        option = "(GENERIC_PLAN) " if generic else ""
        statement = await raw.prepare(f"EXPLAIN {option}{getattr(sql, name)}")
        plan = [line for (line,) in await statement.fetch(*(sample(one.name) for one in statement.get_parameters()))]
    assert not [line for line in plan if "Seq Scan" in line or "Join" in line or "Nested Loop" in line], plan
    by_key = [line for line in plan if "Index Cond" in line and "ledger_head" not in line]
    by_book = [line for line in by_key if line.count("=") < 2]
    heads = [at for at, line in enumerate(plan) if "ledger_head" in line]
    assert len(by_book) <= bool(heads), plan


def test_every_statement_of_the_posting_path_is_looked_at():
    written = {name for name in vars(sql) if name.isupper() and "$1" in str(getattr(sql, name))}
    assert written == STATEMENTS | {"LOCK_HEAD", "READ_PERIODS"}
