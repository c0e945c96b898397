"""The doctor above the ledger: registers, number series, runs on record."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from tests.conftest import found

from koperasi.cooperatives.service import account_code
from koperasi.errors import Conflict
from koperasi.groups import service as groups
from koperasi.groups.rules import GroupRole, Sector
from koperasi.members import service as members
from koperasi.members.rules import MigrantStatus
from koperasi.posting import Idempotency
from koperasi.reports import commandline_doctor, service_doctor
from koperasi.reports.rules_doctor import LedgerAccount, Row, gaps, ties
from koperasi.reports.service_doctor import Doctor
from koperasi.reports.service_verifications import LOCK_CLASS, Status, lock_id, run_by_number, runs
from koperasi.savings import service as savings
from koperasi.savings.numbers import make_account_number

TODAY = date(2026, 11, 25)
FIRST_WAJIB = make_account_number(savings.SavingsKind.WAJIB.prefix, 1)


# --- rules ------------------------------------------------------------------------------------------------------------


@given(st.sets(st.integers(1, 40)), st.integers(0, 40))
def test_a_series_is_whole_if_and_only_if_all_up_to_the_last_are_there(serials, last):
    told = list(gaps("s", list(serials), last))
    missing = {n for one in told if one.code == "series-gap" for n in range(one.facts["first"], one.facts["last"] + 1)}
    assert missing == set(range(1, last + 1)) - serials
    assert {one.facts["number"] for one in told if one.code == "series-ahead"} == {n for n in serials if n > last}


def test_each_row_has_its_account_and_each_account_its_row():
    accounts = {1: LedgerAccount("21.1", -5), 2: LedgerAccount("21.2", -7), 3: LedgerAccount("31.3", -1)}
    rows = [Row("savings", "1", 1, "21"), Row("savings", "2", 2, "21"), Row("savings", "3", 3, "31")]
    assert list(ties(rows, accounts, ["21", "31"])) == []

    def codes(rows, accounts=accounts):
        return [(one.code, one.where) for one in ties(rows, accounts, ["21", "31"])]

    assert codes(rows[1:]) == [("orphan-account", "account 21.1"), ("control-sum", "account 21")]
    assert codes([*rows, Row("group", "9", 9, "21")]) == [("no-ledger-account", "group 9")]
    assert ("wrong-account", "savings 4") in codes([*rows[1:], Row("savings", "4", 1, "21")])
    assert codes([*rows, Row("group", "1", 1, "21")]) == [("shared-account", "group 1")]
    moved = accounts | {1: LedgerAccount("31.1", -5)}
    assert codes(rows, moved) == [
        ("wrong-control", "savings 1"),
        ("control-sum", "account 21"),
        ("control-sum", "account 31"),
    ]


# --- a whole cooperative ----------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def coop(database, poster):
    """Three members with savings, one group, two deposits."""
    made = await found(database)
    async with database.work(made.book_id) as work:
        joined = await members.register_many(
            work,
            [
                members.NewMember(name=name, joined_on=date(2024, 1, 2), migrant_status=MigrantStatus.KELUARGA_PMI)
                for name in ("Sutinah", "Wagiman", "Ponirah")
            ],
            actor="uji",
        )
        opened = await savings.welcome_many(work, made, joined, actor="uji")
        officers = {GroupRole.KETUA: joined[0].number}
        new = groups.NewGroup("Tani Makmur", "Sukamaju", Sector.AGRICULTURE.value, date(2024, 2, 1), officers)
        await groups.register(work, made, new, actor="uji", today=TODAY)
        await work.commit()
    account = next(one for one in opened[joined[0].number].values() if one.kind.withdrawable)
    for _ in range(2):
        await savings.deposit(
            database,
            poster,
            made,
            account_number=account.number,
            amount_minor=5_000_000,
            effective_date=date(2024, 3, 1),
            actor="kasir",
            idempotency=Idempotency.of("uji", uuid4().hex),
        )
    return made, account


async def test_a_sound_cooperative_is_intact_and_the_run_is_on_record(database, coop):
    made, _ = coop
    seen = []
    run = await Doctor(database).run(made, "pengawas", lambda done, of: seen.append((done, of)))
    assert (run.status, run.entries, run.expected, run.found, run.findings) == (Status.INTACT, 2, 2, 0, ())
    assert seen == [(2, 2)]
    assert run.finished_at >= run.started_at
    again = await Doctor(database).run(made, "ketua")
    async with database.reading(made.book_id) as connection:
        listed, more = await runs(connection, made.book_id)
    assert [(one.number, one.asked_by, one.last_hash == run.last_hash) for one in listed] == [
        (2, "ketua", True),
        (1, "pengawas", True),
    ]
    assert (again.number, more) == (2, False)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (
            "DELETE FROM savings_account WHERE book_id = :b AND number = :a",
            {
                "orphan-account": "account {control}.{a}",
                "control-sum": "account {control}",
                "series-gap": "series {role}",
            },
        ),
        ("DELETE FROM business_group WHERE book_id = :b", {"series-gap": "series group"}),
        ("DELETE FROM member WHERE book_id = :b AND number = '00002'", {"series-gap": "series member"}),
        (
            "UPDATE number_series SET last = last + 2 WHERE book_id = :b AND series = 'member'",
            {"series-gap": "series member"},
        ),
        (
            "UPDATE number_series SET last = 1 WHERE book_id = :b AND series = 'member'",
            {"series-ahead": "series member"},
        ),
        ("DELETE FROM number_series WHERE book_id = :b AND series = 'group'", {"series-ahead": "series group"}),
        (
            "UPDATE savings_account SET ledger_account_id = 0 WHERE book_id = :b AND number = :a",
            {"no-ledger-account": "savings {a}", "orphan-account": "account {control}.{a}"},
        ),
        (
            "UPDATE savings_account SET kind = 'wadiah' WHERE book_id = :b AND kind = 'wajib'",
            {"wrong-control": f"savings {FIRST_WAJIB}", "series-gap": "series savings.wajib"},
        ),
        (
            "UPDATE ledger_account SET code = '1101.9' WHERE book_id = :b AND code LIKE '%.' || :a",
            {"wrong-control": "savings {a}", "parent": "account 1101.9", "seal": "entry 1"},
        ),
        (
            "UPDATE ledger_account SET code = code || 'x' WHERE book_id = :b AND code LIKE '%.' || :a",
            {"wrong-account": "savings {a}"},
        ),
        (
            "UPDATE business_group SET ledger_account_id = (SELECT ledger_account_id FROM savings_account"  # noqa: ISC004
            " WHERE book_id = :b AND number = :a) WHERE book_id = :b",
            {"shared-account": "group K0001", "wrong-control": "group K0001"},
        ),
        ("DELETE FROM ledger_key WHERE book_id = :b AND entry_number = 2", {"no-key": "entry 2"}),
    ],
)
async def test_damage_above_the_ledger_is_named(coop, superuser_engine, damage, expected):
    made, account = coop
    names = {"a": account.number, "role": account.kind.role, "control": account_code(made.kind, account.kind.role)}
    async with superuser_engine.connect() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        facts = {"b": made.book_id} | ({"a": account.number} if ":a" in damage else {})
        assert (await connection.execute(text(damage), facts)).rowcount > 0
        report = await service_doctor.examine(connection, made)
    told = {(one.code, one.where) for one in report.findings}
    assert {(code, where.format(**names)) for code, where in expected.items()} <= told


# --- one at a time, and none for ever ---------------------------------------------------------------------------------


async def test_one_run_at_a_time(database, coop):
    made, _ = coop
    doctor = Doctor(database)
    async with database.reading(made.book_id) as other:
        await other.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_CLASS:d}, {lock_id(made.book_id):d})"))
        with pytest.raises(Conflict):
            await doctor.start(made, "ketua")
    number = await doctor.start(made, "ketua")
    await doctor.wait(made.book_id, number)
    async with database.reading(made.book_id) as connection:
        assert (await run_by_number(connection, made.book_id, number)).status is Status.INTACT


async def test_a_run_whose_process_died_is_interrupted_not_running_for_ever(database, coop, monkeypatch):
    made, _ = coop
    begun = asyncio.Event()

    async def endless(*_):
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(service_doctor, "examine", endless)
    doctor = Doctor(database)
    number = await doctor.start(made, "ketua")
    await begun.wait()

    async def status():
        async with database.reading(made.book_id) as connection:
            return (await run_by_number(connection, made.book_id, number)).status

    assert await status() is Status.RUNNING
    with pytest.raises(Conflict):
        await Doctor(database).start(made, "pengawas")
    await doctor.close()
    assert await status() is Status.INTERRUPTED
    monkeypatch.undo()
    assert (await Doctor(database).run(made, "ketua")).status is Status.INTACT
    async with database.reading(made.book_id) as connection:
        stored = await connection.scalar(
            text("SELECT status FROM verification_run WHERE book_id = :b AND number = :n"),
            {"b": made.book_id, "n": number},
        )
    assert stored == "interrupted"


async def test_a_run_that_fails_says_so(database, coop, monkeypatch):
    made, _ = coop

    async def broken(*_):
        raise ArithmeticError

    monkeypatch.setattr(service_doctor, "examine", broken)
    with pytest.raises(ArithmeticError):
        await Doctor(database).run(made, "ketua")
    async with database.reading(made.book_id) as connection:
        assert [one.status for one in (await runs(connection, made.book_id))[0]] == [Status.FAILED]


async def test_posting_goes_on_while_it_runs(database, poster, coop, monkeypatch):
    """The run has the book as it stood when it began."""
    made, account = coop
    real, go, looked = service_doctor.examine, asyncio.Event(), asyncio.Event()

    async def slow(*arguments):
        looked.set()
        await go.wait()
        return await real(*arguments)

    monkeypatch.setattr(service_doctor, "examine", slow)
    running = asyncio.create_task(Doctor(database).run(made, "ketua"))
    await looked.wait()
    await savings.deposit(
        database,
        poster,
        made,
        account_number=account.number,
        amount_minor=100,
        effective_date=date(2024, 3, 1),
        actor="kasir",
        idempotency=Idempotency.of("uji", uuid4().hex),
    )
    go.set()
    run = await running
    assert (run.entries, run.findings) == (2, ())


# --- the command line -------------------------------------------------------------------------------------------------


async def test_the_command_prints_the_report_and_its_exit_code_tells(database, coop, superuser_engine, capsys):
    made, _ = coop
    said: list[str] = []
    assert await commandline_doctor.verify(database, made, as_json=False, say=said.append) == 0
    assert "Utuh. / Intact." in capsys.readouterr().out
    async with superuser_engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(
            text("UPDATE ledger_entry SET actor = 'x' WHERE book_id = :b AND number = 2"), {"b": made.book_id}
        )
    assert await commandline_doctor.verify(database, made, as_json=True, say=said.append) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["cooperative"], told["entries"], told["status"]) == (made.code, 2, "damaged")
    assert [(one["code"], one["where"]) for one in told["findings"]] == [("seal", "entry 2")]
    async with database.reading(made.book_id) as other:
        await other.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_CLASS:d}, {lock_id(made.book_id):d})"))
        assert await commandline_doctor.verify(database, made, as_json=True, say=said.append) == 2
    assert said == ["Pemeriksaan lain atas buku ini sedang berjalan."]
