"""A village cooperative with ten thousand accounts, and a book of as many entries as one likes over three years.

It is founded through the service's own use cases and posted through ``ledger.append``. The same member has sixty
movements in every book, so that pages of a large and of a small one show as much.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from benchmarks.model import Bench, middle
from koperasi.access import service as access
from koperasi.access import service_tokens
from koperasi.cooperatives import service as cooperatives
from koperasi.db import Database, make_engine
from koperasi.embedded import Addresses
from koperasi.members import service as members
from koperasi.permissions import Identity, Role
from koperasi.posting import Idempotency
from koperasi.savings import service as savings
from koperasi.savings.rules import SavingsKind
from koperasi.treasury import service as treasury
from ledger import Draft, Line, Posted, account_by_code, append, statement

DAYS = 3 * 365
BATCH = 5_000
WATCHED_MOVEMENTS = 60
SINGLE_POSTINGS = 50
MEMBERS_AT_ONCE = 500


@dataclass(frozen=True)
class Village:
    """A cooperative in a database of its own, and what is needed to post to it and to look at it."""

    name: str
    addresses: Addresses
    book_id: int
    cash: int
    cash_code: str
    spread: Sequence[int]
    numbers: Sequence[str]
    watched: int
    watched_number: str
    watched_code: str
    first_day: date
    tokens: dict[Role, str]
    cookies: dict[Role, str]

    def draft(self, n: int, of: int) -> Draft:
        """The entry with this place among ``of``: four deposits, then a withdrawal of less than was just paid in."""
        place = n - 1 if n % 5 == 4 else n
        account = self.spread[place * 7919 % len(self.spread)]
        if place % max(of // WATCHED_MOVEMENTS, 1) == 0:
            account = self.watched
        taken = n % 5 == 4
        amount = -2_000_000 if taken else 5_000_000
        return Draft(
            book_id=self.book_id,
            effective_date=self.first_day + timedelta(days=n * DAYS // of),
            kind="savings.withdrawal" if taken else "savings.deposit",
            description=f"{'Penarikan' if taken else 'Setoran'} simpanan wadiah {account}",
            actor="kasir",
            lines=(Line(self.cash, amount), Line(account, -amount)),
            key=f"api:{n:032x}",
            fingerprint=sha256(n.to_bytes(8, "big")).digest(),
        )


class Large(NamedTuple):
    """The large book, the seconds that its bulk append took, and the WAL that it wrote."""

    village: Village
    entries: int
    seconds: float
    wal_bytes: int = 0


async def found(bench: Bench, name: str, addresses: Addresses) -> Village:
    """A sharia cooperative with its members, three savings accounts each, and users."""
    database = Database(make_engine(addresses.application, pool_size=4))
    first_day = datetime.now(UTC).date() - timedelta(days=DAYS - 1)
    try:
        async with database.work(0) as work:
            cooperative = await cooperatives.found_cooperative(
                work,
                code=name,
                name="KSPPS BMT Sumber Makmur",
                kind="kspps",
                timezone="Asia/Jakarta",
                actor="bench",
                founded_on=first_day,
            )
            await work.commit()
        book_id, wanted = cooperative.book_id, bench.sizes.accounts // 3 - 20
        opened: list[dict[SavingsKind, savings.SavingsAccount]] = []
        first: members.Member | None = None
        while len(opened) < wanted:
            count = min(MEMBERS_AT_ONCE, wanted - len(opened))
            news = [members.NewMember(name=f"Anggota {len(opened) + n + 1}", joined_on=first_day) for n in range(count)]
            async with database.work(book_id) as work:
                joined = await members.register_many(work, news, actor="bench")
                opened += (await savings.welcome_many(work, cooperative, joined, actor="bench")).values()
                await work.commit()
            first = first or joined[0]
        assert first is not None
        tokens, cookies = await _users(database, cooperative, first.number)
        async with database.reading(book_id) as connection:
            code = cooperatives.account_code(cooperative.kind, "cash.teller")
            cash = (await account_by_code(connection, book_id, code)).account_id
        mine, others = opened[0], opened[1:]
        free = SavingsKind.WADIAH
        control = cooperatives.account_code(cooperative.kind, free.role)
        return Village(
            name=name,
            addresses=addresses,
            book_id=book_id,
            cash=cash,
            cash_code=code,
            spread=[one.ledger_account_id for accounts in others for one in accounts.values()],
            numbers=[accounts[free].number for accounts in others],
            watched=mine[free].ledger_account_id,
            watched_number=first.number,
            watched_code=f"{control}.{mine[free].number}",
            first_day=first_day,
            tokens=tokens,
            cookies=cookies,
        )
    finally:
        await database.close()


async def _users(
    database: Database, cooperative: cooperatives.Cooperative, member_number: str
) -> tuple[dict[Role, str], dict[Role, str]]:
    """People with their tokens; those of the desk are in session, their tills empty."""
    tokens, cookies, now = {}, {}, datetime.now(UTC)
    book_id = cooperative.book_id
    async with database.work(book_id) as work:
        for role in (Role.BENDAHARA, Role.KASIR, Role.ANGGOTA):
            mine = member_number if role is Role.ANGGOTA else None
            username = mine or role.value
            user_id = await access.create_user(
                work.connection,
                book_id,
                username=username,
                name=role.value.capitalize(),
                role=role,
                password="482915" if mine else "kata-sandi-tolok-ukur",
                member_number=mine,
            )
            who = Identity(book_id, user_id, username, role.value, role, mine)
            tokens[role], _ = await service_tokens.issue_token(
                work.connection, who, label="bench", address="127.0.0.1", now=now
            )
            cookies[role] = await service_tokens.open_session(work.connection, who, address="127.0.0.1", now=now)
            if not mine:
                once = Idempotency.of("bench", username)
                count = treasury.Count()
                await treasury.open_session(
                    work, cooperative, username=username, count=count, idempotency=once, now=now
                )
        await work.commit()
    return tokens, cookies


async def post(village: Village, database: Database, start: int, stop: int, of: int) -> float:
    """Append these entries in large batches; seconds in ``append`` and commit (a caller makes the drafts)."""
    taken = 0.0
    for at in range(start, stop, BATCH):
        drafts = [village.draft(n, of) for n in range(at, min(at + BATCH, stop))]
        began = time.perf_counter()
        async with database.work(village.book_id) as work:
            outcomes = await append(work.connection, drafts)
            await work.commit()
        taken += time.perf_counter() - began
        assert all(isinstance(outcome, Posted) for outcome in outcomes), outcomes[0]
    return taken


async def build_small(bench: Bench, addresses: Addresses) -> Village:
    """Ten thousand entries, in a database of their own."""
    village = await found(bench, "small", addresses)
    database = Database(make_engine(village.addresses.application, pool_size=2))
    await post(village, database, 0, bench.sizes.small_entries, bench.sizes.small_entries)
    await database.close()
    await _vacuum(bench, village.name)
    return village


async def build_large(bench: Bench, addresses: Addresses) -> Large:
    """A million entries; on the way, what one posting and one page take and how large the tables are."""
    village, of = await found(bench, "large", addresses), bench.sizes.entries
    database = Database(make_engine(village.addresses.application, pool_size=2))
    seconds, done, before = 0.0, 0, await _written(bench)
    for stop in _steps(of):
        seconds += await post(village, database, done, stop, of)
        done = stop
        bench.growth.append({"entries": done, **await _look(bench, village, database, done, of)})
        print(f"  {done:,} entries, {done / seconds:,.0f}/s", flush=True)
    await database.close()
    wal_bytes = await _written(bench) - before
    await _vacuum(bench, village.name)
    return Large(village, of, seconds, wal_bytes)


def _steps(of: int) -> list[int]:
    """Where to look: 10,000, 30,000, 100,000 … and the end."""
    steps = [base * 10**power for power in range(2, 8) for base in (1, 3)]
    return [step for step in steps if of // 100 <= step < of] + [of]


async def _look(bench: Bench, village: Village, database: Database, done: int, of: int) -> dict[str, float]:
    """Latencies in milliseconds and bytes an entry, on the book as it is (nobody has analysed it)."""
    singles, pages = [], []
    for n in range(SINGLE_POSTINGS):
        draft = village.draft((done // 5) * 5 - 5, of)
        draft = draft._replace(key=f"look:{done}:{n}")
        began = time.perf_counter()
        async with database.work(village.book_id) as work:
            assert isinstance((await append(work.connection, [draft]))[0], Posted)
            await work.commit()
        singles.append(time.perf_counter() - began)
    day = village.first_day + timedelta(days=(done - 1) * DAYS // of)
    async with database.reading(village.book_id) as connection:
        watched = await account_by_code(connection, village.book_id, village.watched_code)
        for _ in range(SINGLE_POSTINGS):
            began = time.perf_counter()
            await statement(connection, village.book_id, watched, from_date=day - timedelta(days=30))
            pages.append(time.perf_counter() - began)
    return {
        "posting_ms": middle(singles) * 1000,
        "statement_ms": middle(pages) * 1000,
        "bytes_per_entry": sum((await sizes(bench, village.name)).values()) / done,
    }


async def sizes(bench: Bench, database: str) -> dict[str, int]:
    """Bytes on disk of the ledger's tables and of their indexes."""
    connection = await bench.superuser(database)
    try:
        found_sizes = await connection.fetchrow(
            "SELECT sum(pg_table_size(c.oid))::bigint AS tables, sum(pg_indexes_size(c.oid))::bigint AS indexes"
            "  FROM pg_class c WHERE c.relkind = 'r' AND c.relname LIKE 'ledger\\_%'"
        )
    finally:
        await connection.close()
    return dict(found_sizes)


async def _written(bench: Bench) -> int:
    """Bytes of WAL since the server was made."""
    connection = await bench.superuser("postgres")
    try:
        return int(await connection.fetchval("SELECT pg_current_wal_lsn() - '0/0'"))
    finally:
        await connection.close()


async def _vacuum(bench: Bench, database: str) -> None:
    """What the database does for itself within a minute: see which pages are visible to all, and how much there is."""
    connection = await bench.superuser(database)
    try:
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()
