"""Term deposits of the demo: two members have put part of their savings away, one of them with a return due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.demo.people import Person
from koperasi.deposits import service as deposits
from koperasi.members import service as members
from koperasi.posting import Idempotency
from koperasi.savings import service as savings

LEAST = 100_000_000
"""What a term deposit takes, in sen."""


async def open_some(work: Work, cooperative: Cooperative, people: Sequence[Person], now: datetime) -> int:
    """Open a deposit for the last two members who can; how many. The caller commits."""
    today = cooperative.today(now)
    wishes = [(3, deposits.RollOver.PRINCIPAL, 3), (35, deposits.RollOver.NONE, 6)]
    found = await members.find_by_nik(work.connection, work.book_id, [person.nik for person in people])
    made = 0
    for person in reversed(people):
        if not wishes:
            break
        number = found[person.nik].number
        accounts = await savings.accounts_of(work.connection, work.book_id, number)
        free = next(one for one in accounts if one.kind.withdrawable)
        if free.available_minor < 2 * LEAST:
            continue
        days_ago, roll_over, months = wishes.pop()
        wish = deposits.Wish(
            member_number=number,
            amount_minor=LEAST,
            months=months,
            source=free.number,
            payout_account=free.number,
            roll_over=roll_over,
            opened_on=today - timedelta(days=days_ago),
        )
        await deposits.open_deposit(
            work,
            cooperative,
            wish,
            today=today,
            actor="bendahara",
            idempotency=Idempotency.of("demo", f"term-{made}"),
        )
        made += 1
    return made
