"""What authentication and row-level security cost the deposit route: the same load with and without them, by turns.

Without: a build of the service that grants a fixed identity to every request and asks for no permission
(``unguarded.py``), on database roles for which PostgreSQL evaluates no policy. The rest is the same: rights, triggers,
checks, the seal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.book import Village
from benchmarks.deposits import WORKERS, Load, check, send_for
from benchmarks.model import Bench, Row, middle, row, run
from benchmarks.service import serving
from benchmarks.unguarded import TELLER
from koperasi.access import service as access
from koperasi.db import Database, make_engine
from koperasi.permissions import Role

ROLES = ("koperasi_app", "koperasi_ledger")


def measure(bench: Bench) -> list[Row]:
    village, sizes = bench.small, bench.sizes
    teller = {TELLER: run(_teller(village))}
    rates: dict[bool, list[float]] = {True: [], False: []}
    for number in range(sizes.rounds):
        for guarded in (True, False) if number % 2 else (False, True):
            with _roles(bench, village, guarded=guarded), _service(village, teller, guarded=guarded) as port:
                name = f"access{number}{guarded}"
                run(send_for(Load(village, f"{name}-warm"), port, sizes.clients, min(sizes.seconds, 3)))
                load = Load(village, name)
                seconds = run(send_for(load, port, sizes.clients, sizes.seconds))
                assert set(load.statuses) == {b"201"}, (load.statuses, load.errors)
                rates[guarded].append(len(load.taken) / seconds)
    run(check(village))
    with_them, without = middle(rates[True]), middle(rates[False])
    return [
        row(
            f"deposits over REST with log-in and row-level security, {sizes.clients} clients, {WORKERS} workers",
            with_them,
            "deposits/s",
            "the same service without either, by turns",
            without,
            with_them / without,
            "≥ 0.75",
        )
    ]


@contextmanager
def _service(village: Village, teller: dict[str, str], *, guarded: bool) -> Iterator[int]:
    module = [] if guarded else ["benchmarks.unguarded", str(WORKERS)]
    with serving(village.addresses, WORKERS, module=module, more={} if guarded else teller) as port:
        yield port


@contextmanager
def _roles(bench: Bench, village: Village, *, guarded: bool) -> Iterator[None]:
    """PostgreSQL evaluates policies for the service's roles, or does not; afterwards it does again."""
    try:
        run(_alter(bench, village, "NOBYPASSRLS" if guarded else "BYPASSRLS"))
        yield
    finally:
        run(_alter(bench, village, "NOBYPASSRLS"))


async def _alter(bench: Bench, village: Village, attribute: str) -> None:
    connection = await bench.superuser(village.name)
    for role in ROLES:
        await connection.execute(f"ALTER ROLE {role} {attribute}")
    await connection.close()


async def _teller(village: Village) -> str:
    """The teller's identity, as the open build reads it."""
    database = Database(make_engine(village.addresses.application, pool_size=2))
    async with database.reading(village.book_id) as connection:
        users = await access.list_users(connection, village.book_id)
    await database.close()
    one = next(user for user in users if user.role is Role.KASIR)
    facts = {"book_id": village.book_id, "user_id": one.user_id, "username": one.username, "name": one.name}
    return json.dumps(facts | {"role": one.role.value})
