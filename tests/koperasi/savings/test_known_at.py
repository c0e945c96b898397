"""A savings account's statement has both clocks: by its dates, and as the book knew it."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from koperasi.permissions import Role
from koperasi.posting import Idempotency
from koperasi.savings import service as savings


async def paid(database, poster, village, account, amount_minor):
    return await savings.deposit(
        database,
        poster,
        village.cooperative,
        account_number=account,
        amount_minor=amount_minor,
        effective_date=date(2024, 2, 5),
        actor=village.usernames[Role.BENDAHARA],
        idempotency=Idempotency.of("test", uuid4().hex, amount_minor),
    )


async def test_a_statement_as_it_was_known(client, database, poster, own_village):
    village = own_village
    async with database.reading(village.cooperative.book_id) as connection:
        held = await savings.accounts_of(connection, village.cooperative.book_id, village.member.number)
    account = next(one.number for one in held if one.kind.withdrawable)
    first = await paid(database, poster, village, account, 5_000_000)
    second = await paid(database, poster, village, account, 2_000_000)

    async def statement(**clocks):
        path = f"/api/v1/savings-accounts/{account}/statement"
        return await client.get(path, headers=village.headers(Role.ANGGOTA), params=clocks)

    then, now = (await statement(known_at=str(first.entry_number))).json(), (await statement()).json()
    assert (then["known_at"], then["last_entry"]["number"]) == (first.entry_number, first.entry_number)
    assert then["closing_balance"]["amount"] == "50000.00"
    assert (now["known_at"], now["last_entry"]["number"]) == (None, second.entry_number)
    assert now["closing_balance"]["amount"] == "70000.00"
    assert len(now["last_entry"]["hash"]) == 64
    late = await statement(known_at="999999")
    assert (late.status_code, late.json()["code"]) == (422, "known-at-future")
