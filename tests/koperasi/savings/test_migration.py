"""Books that are there already get their products, and promise nobody a return."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from koperasi import migrate

BOOKS = {7: ("ksp", "2101", "sukarela"), 8: ("kspps", "2101", "wadiah"), 9: ("bpr", "2101", "sukarela")}
CHARTS = {
    7: ("2101", "2102", "2104", "2106", "3101", "3102"),
    8: ("2101", "2102", "3101", "3102", "4101", "4102"),
    9: ("2101", "2102", "2104", "3101", "3102"),
}


def old_books() -> Iterator[str]:
    """Cooperatives of before products, each with a member who saves."""
    for book, (kind, control, savings) in BOOKS.items():
        yield f"INSERT INTO ledger_book (book_id, currency) VALUES ({book}, 'IDR')"
        yield (
            "INSERT INTO cooperative (book_id, code, name, kind, timezone)"
            f" VALUES ({book}, 'lama-{book}', 'Koperasi Lama', '{kind}', 'Asia/Jakarta')"
        )
        accounts = [(code, "true") for code in CHARTS[book]] + [(f"{control}.{book}", "false")]
        for place, (code, is_control) in enumerate(accounts, start=1):
            yield (
                "INSERT INTO ledger_account (book_id, account_id, code, name_id, name_en, type, side, currency, control)"
                f" OVERRIDING SYSTEM VALUE VALUES ({book}, {book}0{place}, '{code}', 'a', 'a', 'liability', 'credit',"
                f" 'IDR', {is_control})"
            )
        yield (
            "INSERT INTO member (book_id, number, name, name_folded, joined_on, status, migrant_status, created_by)"
            f" VALUES ({book}, '00001', 'x', 'x', '2024-01-01', 'anggota', 'bukan', 'uji')"
        )
        yield (
            "INSERT INTO savings_account (book_id, number, member_number, kind, ledger_account_id, opened_on, created_by)"
            f" VALUES ({book}, '210000016', '00001', '{savings}', {book}0{len(accounts)}, '2024-01-01', 'uji')"
        )


@pytest.fixture
def address(server) -> Iterator[str]:
    """The owner's address of an empty database."""
    yield asyncio.run(server.ensure_database("koperasi_products")).owner
    asyncio.run(server.drop_database("koperasi_products"))


def run(address: str, *statements: str) -> list[tuple[object, ...]]:
    async def execute() -> list[tuple[object, ...]]:
        engine = create_async_engine(address)
        async with engine.begin() as connection:
            answers = [await connection.execute(text(statement)) for statement in statements]
            rows = list(map(tuple, answers[-1])) if answers[-1].returns_rows else []
        await engine.dispose()
        return rows

    return asyncio.run(execute())


def test_accounts_get_the_product_of_their_kind_and_lose_it_again(address):
    migrate.upgrade(address, "0004")
    run(address, *old_books())
    migrate.upgrade(address, "0005")
    assert run(address, "SELECT book_id, kind, product_code FROM savings_account ORDER BY 1") == [
        (7, "sukarela", "sukarela"), (8, "wadiah", "wadiah"), (9, "sukarela", "sukarela"),
    ]  # fmt: skip
    own = ["berencana", "pokok", "sukarela", "wajib"]
    products = dict(run(address, "SELECT book_id, array_agg(kind ORDER BY kind) FROM savings_product GROUP BY 1"))
    assert products == {
        7: sorted([*own, "koperasi_lain", "wajib_pinjam"]),
        8: ["berencana", "mudharabah", "pokok", "wadiah", "wajib"],
        9: own,
    }
    earning = run(
        address,
        "SELECT DISTINCT product_code, earns FROM savings_product_terms WHERE earns <> 'none'",
    )
    assert earning == [("wadiah", "bonus")]
    enforced = run(address, "SELECT book_id FROM policy WHERE name = 'savings_return.ceiling_enforced'")
    assert enforced == [(7,)]
    migrate.downgrade(address, "0004")
    assert run(address, "SELECT kind FROM savings_account WHERE book_id = 8") == [("wadiah",)]
    assert run(address, "SELECT name FROM policy WHERE name LIKE 'savings_return%'") == []
