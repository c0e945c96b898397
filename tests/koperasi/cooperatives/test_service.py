"""Cooperatives in a real database: founding, isolation, policies by date, numbers that are given once."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from itertools import count

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

import ledger
import ledger.schema
from koperasi.cooperatives import service, tables
from koperasi.cooperatives.charts import template
from koperasi.cooperatives.policies import DEFAULTS
from koperasi.cooperatives.service import Cooperative, Kind
from koperasi.db import Database
from koperasi.errors import Conflict, NotFound, Refusal
from ledger import Draft, Line, Posted

_codes = count(1)


async def found(database: Database, kind: str = "ksp", **facts: object) -> Cooperative:
    given = {
        "code": f"uji-{next(_codes)}",
        "name": "Koperasi Uji",
        "kind": kind,
        "timezone": "Asia/Jakarta",
        "actor": "admin",
        "founded_on": date(2020, 5, 1),
    }
    async with database.work(0) as work:
        cooperative = await service.found_cooperative(work, **(given | facts))  # type: ignore[arg-type]
        await work.commit()
    return cooperative


@pytest.mark.parametrize("kind", Kind)
async def test_each_kind_is_founded_with_its_chart_and_policies(database: Database, kind: Kind) -> None:
    made = await found(database, kind, village="Sukamaju", registration_number="AHU-1")
    async with database.reading(made.book_id) as connection:
        assert await service.cooperative_of(connection, made.book_id) == made
        chart = await ledger.chart(connection, made.book_id)
        assert [(a.code, a.control, a.floor) for a in chart] == [
            (line.account.code, line.account.control, line.account.floor) for line in template(kind)
        ]
        rows = await ledger.trial_balance(connection, made.book_id, date(2026, 11, 25))
        assert not any(row.balance for row in rows)
        kept = {row.name: row.value for row in await service.policies(connection, made.book_id)}
        assert kept == {default.name: default.value for default in DEFAULTS[kind]}
        assert len(await service.receipt_secret(connection, made.book_id)) == 32
    assert (made.kind, made.village, made.business_date, made.is_sharia) == (
        kind,
        "Sukamaju",
        None,
        kind in ("kspps", "uspps"),
    )


@pytest.mark.parametrize("kind", Kind)
async def test_each_kind_takes_a_deposit_and_balances(database: Database, kind: Kind) -> None:
    made = await found(database, kind)
    async with database.work(made.book_id) as work:
        codes = {role: service.account_code(kind, role) for role in ("cash.teller", "savings.sukarela")}
        control = await ledger.account_by_code(work.connection, made.book_id, codes["savings.sukarela"])
        cash = await ledger.account_by_code(work.connection, made.book_id, codes["cash.teller"])
        opened = await ledger.open_accounts(
            work.connection,
            made.book_id,
            [ledger.NewAccount(f"{control.code}.1", "Uji", "Test", control.type, control.side, floor=0)],
        )
        lines = (Line(cash.account_id, 5_000_00), Line(opened[f"{control.code}.1"], -5_000_00))
        draft = Draft(made.book_id, date(2026, 11, 25), "savings.deposit", "Setoran", "kasir", lines, "k1")
        (outcome,) = await ledger.append(work.connection, [draft])
        assert isinstance(outcome, Posted)
        await work.commit()
    async with database.reading(made.book_id) as connection:
        rows = {
            row.account.code: row.balance
            for row in await ledger.trial_balance(connection, made.book_id, date(2026, 11, 25))
        }
        assert {code: balance for code, balance in rows.items() if balance} == {
            codes["cash.teller"]: 5_000_00,
            codes["savings.sukarela"]: -5_000_00,
        }
        assert sum(rows.values()) == 0


async def test_a_taken_code_is_refused_and_nothing_stays(database: Database, owner_engine) -> None:
    made = await found(database)
    async with owner_engine.connect() as connection:
        books = await connection.scalar(select(func.count()).select_from(ledger.schema.book))
    with pytest.raises(Conflict) as refused:
        await found(database, code=made.code.upper())
    assert refused.value.code == "cooperative-code-taken"
    assert refused.value.field == "code"
    async with owner_engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(ledger.schema.book)) == books


async def test_two_at_once_with_one_code(database: Database) -> None:
    results = await asyncio.gather(*(found(database, code="berdua") for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(result, Cooperative) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "Dua Kata"),
        ("name", "  "),
        ("name", "1234"),
        ("name", "N" * 121),
        ("kind", "pt"),
        ("timezone", "Asia/Singapore"),
        ("founded_on", date(1850, 1, 1)),
        ("village", "Desa\x00"),
        ("address", "x" * 201),
    ],
)
async def test_bad_facts_are_named(database: Database, field: str, value: object) -> None:
    with pytest.raises(Refusal) as refused:
        await found(database, **{field: value})
    assert [error.field for error in refused.value.errors] == [field]


async def test_found_by_code_and_listed(database: Database) -> None:
    made = await found(database, name="Koperasi Aaa")
    async with database.directory() as connection:
        assert await service.cooperative_by_code(connection, f" {made.code.upper()} ") == made
        assert await service.cooperative_by_code(connection, "tidak-ada") is None
        assert await service.cooperative_by_code(connection, "\x00") is None
        everybody = await service.all_cooperatives(connection)
        assert made in everybody
        assert [one.name for one in everybody] == sorted(one.name for one in everybody)
        with pytest.raises(NotFound):
            await service.cooperative_of(connection, 10**15)


async def test_one_cooperative_sees_and_changes_nothing_of_another(database: Database) -> None:
    one, other = await found(database), await found(database)
    async with database.reading(one.book_id) as connection:
        assert await service.policies(connection, other.book_id) == []
        with pytest.raises(NotFound):
            await service.receipt_secret(connection, other.book_id)
    async with database.work(one.book_id) as work:
        with pytest.raises(DBAPIError):
            await service.next_number(work.connection, other.book_id, "member")


async def test_a_policy_holds_from_its_day(database: Database) -> None:
    made = await found(database)
    async with database.work(made.book_id) as work:
        row = await service.add_policy(
            work, "simpanan_wajib.amount", date(2026, 1, 1), "25000", "RAT 2025", actor="bendahara"
        )
        await work.commit()
    assert (row.value, row.set_by) == ("25000.00", "bendahara")
    async with database.reading(made.book_id) as connection:
        read = service.amount_policy
        assert await read(connection, made.book_id, "simpanan_wajib.amount", date(2025, 12, 31)) == 20_000_00
        assert await read(connection, made.book_id, "simpanan_wajib.amount", date(2026, 1, 1)) == 25_000_00
        assert await service.policy(connection, made.book_id, "loan_rate.ceiling_percent", date(2026, 1, 1)) == "24"
        rows = [one for one in await service.policies(connection, made.book_id) if one.name == row.name]
        assert [one.valid_from for one in rows] == [date(2026, 1, 1), date(2000, 1, 1)]


async def test_a_day_before_any_policy_is_refused(database: Database) -> None:
    made, old = await found(database), await found(database, founded_on=date(1968, 7, 12))
    async with database.reading(made.book_id) as connection:
        with pytest.raises(Refusal) as refused:
            await service.amount_policy(connection, made.book_id, "simpanan_pokok.amount", date(1999, 12, 31))
        assert refused.value.code == "policy-missing"
    async with database.reading(old.book_id) as connection:
        day = date(1968, 7, 12)
        assert await service.amount_policy(connection, old.book_id, "simpanan_pokok.amount", day) == 100_000_00


async def test_a_row_is_never_replaced(database: Database) -> None:
    made = await found(database)
    async with database.work(made.book_id) as work:
        day = date(2026, 1, 1)
        await service.add_policy(work, "cash.rounding", day, "500.00", "RAT", actor="a")
        with pytest.raises(Conflict) as refused:
            await service.add_policy(work, "cash.rounding", day, "1000.00", "RAT", actor="a")
        assert refused.value.code == "policy-date-taken"
        assert await service.amount_policy(work.connection, made.book_id, "cash.rounding", day) == 500_00
    async with database.work(made.book_id) as work:
        with pytest.raises(DBAPIError):
            await work.connection.execute(tables.policy.update().values(value="1.00"))


@pytest.mark.parametrize(
    ("name", "value", "reference", "fields"),
    [
        ("no.such", "1.00", "RAT", ["name"]),
        ("cash.rounding", "0", "RAT", ["value"]),
        ("loan_rate.ceiling_percent", "110", " ", ["value", "legal_reference"]),
    ],
)
async def test_bad_policies_are_refused(
    database: Database, name: str, value: str, reference: str, fields: list[str]
) -> None:
    made = await found(database)
    async with database.work(made.book_id) as work:
        with pytest.raises(Refusal) as refused:
            await service.add_policy(work, name, date(2026, 1, 1), value, reference, actor="a")
    assert [error.field for error in refused.value.errors] == fields


async def test_numbers_are_given_once_and_without_gaps(database: Database) -> None:
    made = await found(database)

    async def take(size: int) -> list[int]:
        async with database.work(made.book_id) as work:
            taken = list(await service.next_numbers(work.connection, made.book_id, "member", size))
            await work.commit()
        return taken

    taken = await asyncio.gather(*(take(size) for size in (1, 5, 2, 7, 1, 4)))
    assert sorted(number for some in taken for number in some) == list(range(1, 21))
    assert all(some == list(range(some[0], some[0] + len(some))) for some in taken)
    async with database.work(made.book_id) as work:
        assert await service.next_number(work.connection, made.book_id, "group") == 1
        assert await service.next_number(work.connection, made.book_id, "member") == 21
    async with database.work(made.book_id) as work:
        assert await service.next_number(work.connection, made.book_id, "member") == 21
        with pytest.raises(ValueError):
            await service.next_numbers(work.connection, made.book_id, "member", 0)


async def test_identity_changes_but_not_code_and_kind(database: Database) -> None:
    made = await found(database, village="Sukamaju")
    async with database.work(made.book_id) as work:
        changed = await service.change_identity(work, name="Koperasi Baru", regency="Cilacap", address="Jl. Mawar 1")
        await work.commit()
    assert (changed.name, changed.village, changed.regency, changed.address) == (
        "Koperasi Baru",
        None,
        "Cilacap",
        "Jl. Mawar 1",
    )
    assert (changed.code, changed.kind) == (made.code, made.kind)
    async with database.work(made.book_id) as work:
        with pytest.raises(DBAPIError):
            await work.connection.execute(tables.cooperative.update().values(kind="kspps"))


async def test_the_business_day_follows_the_zone_until_it_is_set_and_only_moves_forward(database: Database) -> None:
    made = await found(database, timezone="Asia/Jayapura")
    evening = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
    assert made.today(evening) == date(2026, 11, 25)
    async with database.work(made.book_id) as work:
        set_to = await service.set_business_date(work, date(2026, 11, 24), "bendahara")
        assert set_to.today(evening) == date(2026, 11, 24)
        for day in (date(2026, 11, 23), date(1800, 1, 1)):
            with pytest.raises(Refusal):
                await service.set_business_date(work, day, "bendahara")
        later = await service.set_business_date(work, date(2026, 11, 25), "bendahara")
    assert later.business_date == date(2026, 11, 25)
