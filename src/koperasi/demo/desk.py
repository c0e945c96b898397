"""Two months at the demo's desk, and what the treasurer wrote by hand meanwhile. All made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import ledger
from koperasi.bookkeeping import service as bookkeeping
from koperasi.cooperatives import service as cooperatives
from koperasi.db import Database
from koperasi.demo.people import Person
from koperasi.members import service as members
from koperasi.posting import Idempotency
from koperasi.savings import service as savings


async def movements(
    database: Database,
    poster: ledger.Poster,
    cooperative: cooperatives.Cooperative,
    random: Random,
    people: Sequence[Person],
    now: datetime,
) -> tuple[int, str]:
    """Two months at the desk: wajib each month, sukarela as money comes from abroad, a withdrawal now and then.

    How many movements, and the number of the receipt that was mistaken.
    """
    today = cooperative.today(now)
    book_id = cooperative.book_id
    async with database.reading(book_id) as connection:
        found = await members.find_by_nik(connection, book_id, [person.nik for person in people])
        accounts = {
            nik: {a.kind: a for a in await savings.accounts_of(connection, book_id, member.number)}
            for nik, member in found.items()
        }
    count = 0
    for days_ago in range(60, -1, -1):
        day = today - timedelta(days=days_ago)
        if day.weekday() == 6 and days_ago:
            continue
        for _ in range(random.randrange(2, 6)):
            person = random.choice(people)
            kind = random.choice((savings.SavingsKind.WAJIB, savings.SavingsKind.WADIAH, savings.SavingsKind.WADIAH))
            account = accounts[person.nik][kind]
            abroad = person.status in {"pmi_aktif", "keluarga_pmi"} and kind is savings.SavingsKind.WADIAH
            rupiah = 20_000 if kind is savings.SavingsKind.WAJIB else random.randrange(2, 40 if abroad else 12) * 25_000
            await savings.deposit(
                database,
                poster,
                cooperative,
                account_number=account.number,
                amount_minor=rupiah * 100,
                effective_date=day,
                actor=random.choice(("bendahara", "kasir")),
                idempotency=Idempotency.of("demo", f"deposit-{count}"),
            )
            count += 1
            if count % 9 == 0 and kind is savings.SavingsKind.WADIAH:
                await savings.withdraw(
                    database,
                    poster,
                    cooperative,
                    account_number=account.number,
                    amount_minor=rupiah * 100 // 50_000_00 * 25_000_00 or 25_000_00,
                    effective_date=day,
                    actor="kasir",
                    idempotency=Idempotency.of("demo", f"withdrawal-{count}"),
                )
    mistaken = await savings.deposit(
        database,
        poster,
        cooperative,
        account_number=accounts[people[0].nik][savings.SavingsKind.WADIAH].number,
        amount_minor=50_000_000,
        effective_date=today,
        actor="kasir",
        idempotency=Idempotency.of("demo", "mistaken"),
    )
    await savings.reverse(
        database,
        poster,
        cooperative,
        entry_number=mistaken.entry_number,
        reason="Salah ketik: seharusnya Rp50.000",
        effective_date=today,
        actor="bendahara",
        idempotency=Idempotency.of("demo", "mistaken-reversed"),
    )
    await savings.deposit(
        database,
        poster,
        cooperative,
        account_number=accounts[people[0].nik][savings.SavingsKind.WADIAH].number,
        amount_minor=5_000_000,
        effective_date=today,
        actor="kasir",
        idempotency=Idempotency.of("demo", "corrected"),
    )
    return count, mistaken.number


async def expenses(
    database: Database, poster: ledger.Poster, cooperative: cooperatives.Cooperative, now: datetime
) -> None:
    """A few entries by hand: office costs and placement income of the last two months."""
    cash = cooperatives.account_code(cooperative.kind, "cash.teller")
    today = cooperative.today(now)
    for position, (days_ago, text, debit, credit, rupiah) in enumerate(
        (
            (52, "Biaya listrik dan internet kantor", "7303", cash, 275_000),
            (40, "Bagi hasil penempatan bank syariah", "1111", "5107", 412_500),
            (22, "Biaya listrik dan internet kantor", "7303", cash, 281_000),
            (12, "Transport kunjungan kelompok usaha", "7304", cash, 150_000),
            (10, "Bagi hasil penempatan bank syariah", "1111", "5107", 398_750),
        )
    ):
        await bookkeeping.post_entry(
            database,
            poster,
            cooperative.book_id,
            bookkeeping.NewEntry(
                effective_date=today - timedelta(days=days_ago),
                description=text,
                lines=(bookkeeping.NewLine(debit, rupiah * 100, None), bookkeeping.NewLine(credit, None, rupiah * 100)),
            ),
            today=today,
            actor="bendahara",
            idempotency=Idempotency.of("demo", f"journal-{position}"),
        )
