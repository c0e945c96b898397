"""The demo village: a small BMT of migrant families, made through the services and imports that everybody uses.

People, numbers and phones are made up. The same directory always holds the same village; only passwords are random.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import structlog

import ledger
from koperasi.access import service as access
from koperasi.cooperatives import service as cooperatives
from koperasi.db import Database, Work
from koperasi.demo import desk, lives, savers, shares, waiting, yesterday
from koperasi.demo.cash import begin_sessions, without_sessions
from koperasi.demo.people import FIRST, NAME, VILLAGES, Person, member_sheet, person, savings_sheet, trial_balance
from koperasi.demo.terms import open_some
from koperasi.groups import service as groups
from koperasi.imports import service as imports
from koperasi.members import service as members
from koperasi.permissions import Role
from koperasi.returns import service as returns

CODE = "bmt-lestari"
SEED = 20260101


async def seed(database: Database, say: Callable[[str], None]) -> dict[str, dict[str, str]] | None:
    """Make the village if the database has none yet; returns its log-ins, or nothing if it was there already."""
    with _quiet():
        return await _seed(database, say)


@contextmanager
def _quiet() -> Iterator[None]:
    """A newcomer reads what ``say`` tells; the lines of the log would only stand between."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        yield
    finally:
        structlog.configure(**before)


async def _seed(database: Database, say: Callable[[str], None]) -> dict[str, dict[str, str]] | None:
    async with database.directory() as connection:
        existing = await cooperatives.cooperative_by_code(connection, CODE)
    if existing is not None:
        say("      sudah ada, dilanjutkan.")
        return None
    random = Random(SEED)  # noqa: S311 - made-up people, not secrets
    now = datetime.now(UTC)
    # What is told of the last months begins after the book does.
    start = date(now.year if now.month > 3 else now.year - 1, 1, 1)
    async with database.work(0) as work:
        cooperative = await cooperatives.found_cooperative(
            work,
            code=CODE,
            name=NAME,
            kind="kspps",
            timezone="Asia/Makassar",
            actor="demo",
            founded_on=start,
            village="Sumber Makmur",
            district="Batukliang Utara",
            regency="Lombok Tengah",
            province="Nusa Tenggara Barat",
            address="Jalan Pasar No. 12",
        )
        logins = await _staff(work, cooperative)
        await without_sessions(Work(work.connection, cooperative.book_id), start)
        await work.commit()
    roles = ("cash.teller", "savings.pokok", "savings.wajib", "savings.wadiah")
    codes = {role: cooperatives.account_code(cooperative.kind, role) for role in roles}
    people = [person(random, position, start) for position in range(len(FIRST))]
    say(f"      {NAME}")
    await _import(database, cooperative, say, "members", "daftar-anggota.csv", member_sheet(people))
    await _import(database, cooperative, say, "opening_savings", "simpanan-awal.csv", savings_sheet(people, start))
    await _import(
        database,
        cooperative,
        say,
        "opening_trial_balance",
        "neraca-saldo-awal.csv",
        trial_balance(codes, people),
    )
    poster = ledger.Poster(database.engine)
    numbers = await _numbers(database, cooperative, people)
    await _plans(database, poster, cooperative, numbers, now)
    count, mistaken = await desk.movements(database, poster, cooperative, random, people, now)
    await desk.expenses(database, poster, cooperative, now)
    say(f"      {count} setoran dan penarikan dua bulan terakhir")
    await _yesterday(database, poster, cooperative, numbers, now)
    async with database.work(cooperative.book_id) as work:
        await begin_sessions(work, cooperative, now)
        await open_some(work, cooperative, people, now)
        await work.commit()
    await _groups(database, cooperative, people)
    logins |= await _member_login(database, cooperative, people)
    await _returns(database, cooperative, now)
    await _waiting(database, poster, cooperative, numbers, mistaken, now)
    await _lives(database, cooperative, numbers, now)
    say("      simpanan berencana, iuran, imbal bulan lalu, kas kemarin, anggota keluar, dan yang menunggu jawaban")
    await poster.close()
    return logins


async def _staff(work: Work, cooperative: cooperatives.Cooperative) -> dict[str, dict[str, str]]:
    names = {
        Role.BENDAHARA: "Hernawati",
        Role.KASIR: "Nurul Hidayah",
        Role.KETUA: "Haji Mahsun",
        Role.PENGAWAS: "Khairul Anwar",
        Role.DPS: "Ustaz Lalu Zulkarnain",
        Role.ADMIN: "Admin",
    }
    logins = {}
    for role, name in names.items():
        password = secrets.token_urlsafe(9)
        await access.create_user(
            work.connection,
            cooperative.book_id,
            username=role.value,
            name=name,
            role=role,
            password=password,
        )
        logins[role.value] = {"username": role.value, "password": password, "role": role.value}
    return logins


async def _member_login(
    database: Database, cooperative: cooperatives.Cooperative, people: Sequence[Person]
) -> dict[str, dict[str, str]]:
    """The first member's own log-in: their number and a PIN of six digits."""
    async with database.work(cooperative.book_id) as work:
        found = await members.find_by_nik(work.connection, cooperative.book_id, [people[0].nik])
        member = found[people[0].nik]
        pin = f"{secrets.randbelow(900_000) + 100_000}"
        await access.create_user(
            work.connection,
            cooperative.book_id,
            username=member.number,
            name=member.name,
            role=Role.ANGGOTA,
            password=pin,
            member_number=member.number,
        )
        await work.commit()
    return {"anggota": {"username": member.number, "password": pin, "role": "anggota"}}


async def _import(
    database: Database,
    cooperative: cooperatives.Cooperative,
    say: Callable[[str], None],
    kind: str,
    filename: str,
    data: bytes,
) -> None:
    """The same two steps as on the page: read and check, then post."""
    preview = await imports.upload(
        database, cooperative, data=data, filename=filename, kind=kind, actor="bendahara", now=datetime.now(UTC)
    )
    if not preview.plan.ready:
        raise RuntimeError(f"the demo's own {filename} is refused: {preview.plan}")
    result = await imports.post(database, cooperative, preview.import_id, actor="bendahara", now=datetime.now(UTC))
    say(f"      {filename}: {result.rows} baris")


async def _numbers(database: Database, cooperative: cooperatives.Cooperative, people: Sequence[Person]) -> list[str]:
    """Their member numbers, in the same order."""
    async with database.reading(cooperative.book_id) as connection:
        found = await members.find_by_nik(connection, cooperative.book_id, [person.nik for person in people])
    return [found[person.nik].number for person in people]


async def _plans(
    database: Database,
    poster: ledger.Poster,
    cooperative: cooperatives.Cooperative,
    numbers: Sequence[str],
    now: datetime,
) -> None:
    today = cooperative.today(now)
    async with database.work(cooperative.book_id) as work:
        brought = await savers.open_accounts(work, cooperative, numbers, today)
        await work.commit()
    await savers.bring(database, poster, cooperative, brought, today)
    async with database.work(cooperative.book_id) as work:
        await savers.run_orders(work, today)
        await work.commit()


async def _returns(database: Database, cooperative: cooperatives.Cooperative, now: datetime) -> None:
    async with database.work(cooperative.book_id) as work:
        number, asked = await shares.prepare(work, database, cooperative, cooperative.today(now), now)
        await work.commit()
    if asked is not None:
        async with database.work(cooperative.book_id) as work:
            await shares.agree(work, asked, now)
            await work.commit()
    await returns.post_all(database, cooperative, number, actor="bendahara")


async def _waiting(
    database: Database,
    poster: ledger.Poster,
    cooperative: cooperatives.Cooperative,
    numbers: Sequence[str],
    mistaken: str,
    now: datetime,
) -> None:
    today = cooperative.today(now)
    async with database.work(cooperative.book_id) as work:
        pokok = await waiting.change_lives(work, cooperative, numbers, today)
        await waiting.bill(work, cooperative, today)
        await waiting.ask(work, cooperative, numbers[0], mistaken)
        await work.commit()
    need = await waiting.draw(database, poster, cooperative, numbers[waiting.RECEIVER], pokok)
    async with database.work(cooperative.book_id) as work:
        await waiting.wait(work, need, now)
        await work.commit()


async def _yesterday(
    database: Database,
    poster: ledger.Poster,
    cooperative: cooperatives.Cooperative,
    numbers: Sequence[str],
    now: datetime,
) -> None:
    async with database.work(cooperative.book_id) as work:
        session = await yesterday.open_till(work, cooperative, now)
        await work.commit()
    await yesterday.bring(database, poster, cooperative, numbers, now)
    async with database.work(cooperative.book_id) as work:
        await yesterday.close(work, cooperative, session, now)
        await work.commit()


async def _lives(
    database: Database, cooperative: cooperatives.Cooperative, numbers: Sequence[str], now: datetime
) -> None:
    async with database.work(cooperative.book_id) as work:
        await lives.allow(work, numbers, cooperative.today(now))
        asked = await lives.leave(work, cooperative, numbers, now)
        await work.commit()
    async with database.work(cooperative.book_id) as work:
        await lives.settle(work, cooperative, asked, now)
        await work.commit()


async def _groups(database: Database, cooperative: cooperatives.Cooperative, people: Sequence[Person]) -> None:
    """Two business groups of returned workers and families (pillar II)."""
    book_id, today = cooperative.book_id, cooperative.today(datetime.now(UTC))
    async with database.work(book_id) as work:
        found = await members.find_by_nik(work.connection, book_id, [person.nik for person in people])
        numbers = [found[person.nik].number for person in people]
        for position, (name, village, sector) in enumerate(
            (("Kelompok Keripik Sumber Rasa", VILLAGES[0], "C"), ("Kelompok Ternak Lantan Jaya", VILLAGES[1], "A"))
        ):
            mine = numbers[position * 8 : position * 8 + 8]
            group, _ = await groups.register(
                work,
                cooperative,
                groups.NewGroup(
                    name=name,
                    village=village,
                    sector=sector,
                    founded_on=today - timedelta(days=50),
                    officers={
                        groups.GroupRole.KETUA: mine[0],
                        groups.GroupRole.SEKRETARIS: mine[1],
                        groups.GroupRole.BENDAHARA: mine[2],
                    },
                ),
                actor="bendahara",
                today=today,
            )
            for number in mine[3:]:
                await groups.add_member(
                    work, group.number, number, groups.GroupRole.ANGGOTA, actor="bendahara", today=today
                )
        await work.commit()


def write_credentials(credentials: Path, logins: dict[str, dict[str, str]]) -> None:
    """Keep the log-ins in a file that only its owner can read."""
    credentials.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(credentials, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({"cooperative": CODE, "users": logins}, file, indent=2)
        file.write("\n")


def welcome(credentials: Path, address: str) -> str:
    """What the demo prints when it is ready."""
    if not credentials.exists():
        return f"  {NAME}\n  {address}\n  ({credentials} tidak ada lagi; kata sandi tidak dapat dibaca kembali)"
    known = json.loads(credentials.read_text())["users"]
    lines = [f"  {login['role']:<10} {login['username']:<10} {login['password']}" for login in known.values()]
    return "\n".join(
        [
            "",
            f"  {NAME}",
            f"  Buka / open:  {address}",
            "",
            "  peran      pengguna   kata sandi",
            *lines,
            "",
            f"  (juga di {credentials}; Ctrl+C untuk berhenti)",
            "",
        ]
    )
