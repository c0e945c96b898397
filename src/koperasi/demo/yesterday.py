"""Yesterday at the demo's till: a session that came out short, its vouchers, and the close of the day. All made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import ledger
from koperasi.cooperatives import service as cooperatives
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database, Work
from koperasi.posting import Idempotency, settled
from koperasi.savings import service as savings
from koperasi.treasury import service as treasury

TAKEN = {100_000: 10, 50_000: 10, 20_000: 20, 5_000: 20}
"""What the teller took from the vault."""
BROUGHT = ((17, 150_000), (23, 75_000))
"""Who paid in, by their place in the list, and how much in rupiah."""
LEFT = {100_000: 12, 50_000: 10, 20_000: 20, 5_000: 23}
"""What was counted in the evening: two notes of 5,000 less than there should have been."""


async def bring(
    database: Database, poster: ledger.Poster, cooperative: Cooperative, numbers: Sequence[str], now: datetime
) -> None:
    """Two members pay in at that till."""
    for place, rupiah in BROUGHT:
        await savings.deposit(
            database,
            poster,
            cooperative,
            account_number=await _free(database, cooperative, numbers[place]),
            amount_minor=rupiah * 100,
            effective_date=cooperative.today(now) - timedelta(days=1),
            actor="kasir",
            idempotency=Idempotency.of("demo", f"yesterday-{place}"),
        )


async def open_till(work: Work, cooperative: Cooperative, now: datetime) -> int:
    """The teller's session in the morning; its number. The caller commits."""
    then = _at(cooperative, now, 8)
    day = cooperative.today(then)
    await cooperatives.add_policy(work, treasury.POLICY, day, "on", "Keputusan pengurus: percobaan", "admin")
    count, once = treasury.Count(TAKEN), Idempotency.of("demo", "yesterday")
    await _fill_vault(work, cooperative, count.total_minor, then)
    made = await treasury.open_session(work, cooperative, username="kasir", count=count, idempotency=once, now=then)
    if made.opening_entry is not None:
        await treasury.confirm(work, made.opening_entry, actor="bendahara", holds_vault=True, now=then)
    return made.number


async def close(work: Work, cooperative: Cooperative, session: int, now: datetime) -> None:
    """Count the till in the evening, and close the day: today is the book's day. The caller commits."""
    then = _at(cooperative, now, 15)
    count = treasury.Count(LEFT)
    expected = treasury.Count(TAKEN).total_minor + 100 * sum(rupiah for _, rupiah in BROUGHT)
    closed = await treasury.close_session(
        work,
        cooperative,
        session,
        actor="kasir",
        count=count,
        to_vault_minor=count.total_minor,
        difference_minor=count.total_minor - expected,
        idempotency=Idempotency.of("demo", "yesterday-closed"),
        now=then,
    )
    if closed.closing_entry is not None:
        await treasury.confirm(work, closed.closing_entry, actor="bendahara", holds_vault=True, now=then)
    day, today = cooperative.today(then), cooperative.today(now)
    await treasury.close_day(work, cooperative, day, today, actor="bendahara", now=then)


def _at(cooperative: Cooperative, now: datetime, hour: int) -> datetime:
    """An hour of yesterday on the village's clocks."""
    return (now.astimezone(cooperative.zone) - timedelta(days=1)).replace(hour=hour, minute=0, second=0, microsecond=0)


async def _free(database: Database, cooperative: Cooperative, number: str) -> str:
    """The member's account that takes what they like."""
    async with database.reading(cooperative.book_id) as connection:
        accounts = await savings.accounts_of(connection, cooperative.book_id, number)
    return next(one.number for one in accounts if one.kind.withdrawable)


async def _fill_vault(work: Work, cooperative: Cooperative, amount_minor: int, then: datetime) -> None:
    codes = [cooperatives.account_code(cooperative.kind, role) for role in ("cash.teller", "cash.vault")]
    desk, vault = [await ledger.account_by_code(work.connection, work.book_id, code) for code in codes]
    lines = ledger.Line(vault.account_id, amount_minor), ledger.Line(desk.account_id, -amount_minor)
    draft = ledger.Draft(
        work.book_id,
        cooperative.today(then),
        "journal",
        "Uang untuk laci kasir",
        "bendahara",
        lines,
        "demo:vault-yesterday",
    )
    settled((await ledger.append(work.connection, [draft]))[0])
