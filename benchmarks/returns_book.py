"""The book whose returns are measured: a KSP with many accounts, and a month of transfers between them."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

from sqlalchemy import insert

from benchmarks.model import Bench
from koperasi.access import service as access
from koperasi.access import service_tokens
from koperasi.cooperatives import service as cooperatives
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database, make_engine
from koperasi.embedded import Addresses
from koperasi.members import service as members
from koperasi.permissions import Identity, Role
from koperasi.savings.numbers import make_account_number
from koperasi.savings.service import SavingsKind
from koperasi.savings.tables import savings_account, savings_product_terms
from ledger import AccountType, Draft, Line, NewAccount, Posted, Side, account_by_code, append, open_accounts

NAME, PRODUCT, PERCENT = "returns", "sukarela", 4
EACH, BATCH = 4, 2_500
FIRST, LAST = date(2026, 9, 1), date(2026, 9, 30)
BEFORE, LAST_BEFORE = date(2026, 8, 1), date(2026, 8, 31)
NOW = datetime(2026, 10, 2, 3, tzinfo=UTC)
NO_AMOUNTS = [
    f"{name}_minor" for name in ("earning_minimum", "opening_minimum", "deposit_minimum", "floor", "monthly_fee")
]
OPENING = 36_500_000 * 100
"""Each account begins with it: from three of them on a member is above the month's threshold of tax."""


class Shop(NamedTuple):
    addresses: Addresses
    cooperative: Cooperative
    accounts: list[tuple[str, int]]
    token: str
    cookie: str


async def build(bench: Bench, addresses: Addresses) -> Shop:
    """A KSP with many accounts, each with a balance, and a month of transfers between them."""
    database = Database(make_engine(addresses.application, pool_size=4))
    try:
        async with database.work(0) as work:
            cooperative = await cooperatives.found_cooperative(
                work,
                code=f"returns-{secrets.token_hex(3)}",
                name="KSP Imbal",
                kind="ksp",
                timezone="Asia/Jakarta",
                actor="bench",
                founded_on=date(2026, 1, 1),
            )
            await work.commit()
        accounts, member = await _accounts(bench, database, cooperative)
        await _terms(database, cooperative)
        await _fill(database, cooperative, accounts)
        await _move(bench, database, cooperative, accounts)
        token, cookie = await _users(database, cooperative, member)
    finally:
        await database.close()
    connection = await bench.superuser(NAME)
    try:
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()
    return Shop(addresses, cooperative, accounts, token, cookie)


async def _accounts(
    bench: Bench, database: Database, cooperative: Cooperative
) -> tuple[list[tuple[str, int]], members.Member]:
    wanted, book_id = max(bench.sizes.entries // 10, 20), cooperative.book_id
    found: list[tuple[str, int]] = []
    first: members.Member | None = None
    while len(found) < wanted:
        count = min(500, -(-(wanted - len(found)) // EACH))
        news = [members.NewMember(name=f"Anggota {len(found) + n}", joined_on=date(2026, 1, 2)) for n in range(count)]
        async with database.work(book_id) as work:
            joined = await members.register_many(work, news, actor="bench")
            numbers = await cooperatives.next_numbers(work.connection, book_id, "savings.sukarela", count * EACH)
            prefix = SavingsKind(PRODUCT).prefix
            rows = [
                (make_account_number(prefix, serial), joined[place // EACH].number)
                for place, serial in enumerate(numbers)
            ]
            code = cooperatives.account_code(cooperative.kind, "savings.sukarela")
            ids = await open_accounts(
                work.connection,
                book_id,
                [
                    NewAccount(
                        f"{code}.{number}",
                        f"Sukarela {number}",
                        f"Savings {number}",
                        AccountType.LIABILITY,
                        Side.CREDIT,
                        floor=0,
                        opened_on=date(2026, 1, 2),
                    )
                    for number, _ in rows
                ],
            )
            await work.connection.execute(
                insert(savings_account),
                [
                    {
                        "book_id": book_id,
                        "number": number,
                        "member_number": member,
                        "kind": PRODUCT,
                        "product_code": PRODUCT,
                        "ledger_account_id": ids[f"{code}.{number}"],
                        "opened_on": date(2026, 1, 2),
                        "created_by": "bench",
                    }
                    for number, member in rows
                ],
            )
            await work.commit()
        found += [(number, ids[f"{code}.{number}"]) for number, _ in rows]
        first = first or joined[0]
    assert first is not None
    return found[:wanted] if len(found) == wanted else found, first


async def _terms(database: Database, cooperative: Cooperative) -> None:
    facts = {
        "book_id": cooperative.book_id,
        "product_code": PRODUCT,
        "valid_from": date(2026, 1, 2),
        "offered": True,
        "earns": "rate",
        "rate_percent": Decimal(PERCENT),
        "method": "daily",
        "basis": "actual/365",
        "posting": "monthly",
        "early_withdrawal": True,
        "unit_minor": 100,
        "rounding": "half_up",
        "reason": "bench",
        "set_by": "bench",
    } | {
        f"{name}_minor": 0 for name in ("earning_minimum", "opening_minimum", "deposit_minimum", "floor", "monthly_fee")
    }
    async with database.work(cooperative.book_id) as work:
        await work.connection.execute(insert(savings_product_terms).values(**facts))
        await work.commit()


async def _post(database: Database, book_id: int, drafts: list[Draft]) -> None:
    async with database.work(book_id) as work:
        outcomes = await append(work.connection, drafts)
        await work.commit()
    assert all(isinstance(one, Posted) for one in outcomes), outcomes[0]


async def _fill(database: Database, cooperative: Cooperative, accounts: list[tuple[str, int]]) -> None:
    """Give each account its first balance, some thousands in an entry."""
    async with database.reading(cooperative.book_id) as connection:
        code = cooperatives.account_code(cooperative.kind, "cash.vault")
        cash = (await account_by_code(connection, cooperative.book_id, code)).account_id
    for at in range(0, len(accounts), BATCH):
        some = accounts[at : at + BATCH]
        lines = (Line(cash, OPENING * len(some)), *(Line(account, -OPENING) for _, account in some))
        draft = Draft(cooperative.book_id, BEFORE, "opening.balance", "Saldo awal", "bench", lines, f"fill:{at}")
        await _post(database, cooperative.book_id, [draft])


async def _move(bench: Bench, database: Database, cooperative: Cooperative, accounts: list[tuple[str, int]]) -> None:
    """Half as many transfers as movements: each moves two accounts, on a day of the month."""
    chance, ids = Random(5), [account for _, account in accounts]
    transfers = bench.sizes.entries // 2
    for at in range(0, transfers, BATCH):
        drafts = []
        for n in range(at, min(at + BATCH, transfers)):
            giver = ids[n * 7919 % len(ids)]
            taker = ids[(n * 7919 + 1 + n % 997 % (len(ids) - 1)) % len(ids)]
            amount = chance.randrange(1, 3_000) * 10_000
            drafts.append(
                Draft(
                    cooperative.book_id,
                    FIRST + timedelta(days=n * 30 // transfers),
                    "savings.transfer",
                    "Pindah buku",
                    "bench",
                    (Line(giver, amount), Line(taker, -amount)),
                    f"move:{n}",
                )
            )
        await _post(database, cooperative.book_id, drafts)


async def _users(database: Database, cooperative: Cooperative, member: members.Member) -> tuple[str, str]:
    """A treasurer's token, and the session of a member."""
    now, book_id = datetime.now(UTC), cooperative.book_id
    made = []
    async with database.work(book_id) as work:
        for role, username, own in ((Role.BENDAHARA, "bendahara", None), (Role.ANGGOTA, member.number, member.number)):
            user_id = await access.create_user(
                work.connection,
                book_id,
                username=username,
                name="Bench",
                role=role,
                password="482915" if own else "kata-sandi-tolok-ukur",
                member_number=own,
            )
            made.append(Identity(book_id, user_id, username, "Bench", role, own))
        token, _ = await service_tokens.issue_token(
            work.connection, made[0], label="bench", address="127.0.0.1", now=now
        )
        cookie = await service_tokens.open_session(work.connection, made[1], address="127.0.0.1", now=now)
        await work.commit()
    return token, cookie
