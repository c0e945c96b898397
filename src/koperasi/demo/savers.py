"""Who saves with a purpose in the demo: mudharabah, and planned savings with a standing order. All made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import ledger
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database, Work
from koperasi.posting import Idempotency
from koperasi.savings import service as savings
from koperasi.savings.service import Goal, Plan, SavingsKind

BEGUN = 75
"""So many days ago they opened their accounts."""
SHARERS = (4, 6, 8, 13, 18)
"""Who has mudharabah savings, by their place in the list."""


class Saver(NamedTuple):
    """Who plans: place in the list, what for, how much, in how many days, by how much each month; in rupiah.

    Each month on the day of the month that it was ``ago`` days ago.
    """

    place: int
    goal: Goal
    target: int
    days: int
    instalment: int
    ago: int


PLANNERS = (
    Saver(0, Goal.QURBAN, 3_000_000, 240, 250_000, 5),
    Saver(9, Goal.LEBARAN, 2_400_000, 300, 200_000, 5),
    Saver(16, Goal.SEKOLAH, 5_000_000, 540, 150_000, 0),
)


class Paid(NamedTuple):
    """Cash to be brought: account, rupiah, days ago."""

    account: str
    rupiah: int
    days_ago: int


async def open_accounts(work: Work, cooperative: Cooperative, numbers: Sequence[str], today: date) -> list[Paid]:
    """Open the accounts and set the plans; what is brought to them. The caller commits."""
    begun, brought = today - timedelta(days=BEGUN), []
    for position, place in enumerate(SHARERS):
        made = await _open(work, cooperative, numbers[place], SavingsKind.MUDHARABAH, begun)
        brought += [Paid(made, 1_000_000 + position * 650_000, BEGUN), Paid(made, 250_000, 40 - position)]
    for saver in PLANNERS:
        made = await _open(work, cooperative, numbers[saver.place], SavingsKind.BERENCANA, begun)
        accounts = await savings.accounts_of(work.connection, work.book_id, numbers[saver.place])
        free = next(one.number for one in accounts if one.kind.withdrawable)
        until = today + timedelta(days=saver.days)
        on = (today - timedelta(days=saver.ago)).day
        order = Plan(begun, saver.goal, saver.target * 100, until, saver.instalment * 100, on, free)
        await savings.set_plan(work, made, order, actor="bendahara")
        brought += [Paid(free, saver.instalment * 5, BEGUN), Paid(made, saver.instalment, BEGUN - 1)]
    return brought


async def _open(work: Work, cooperative: Cooperative, holder: str, kind: SavingsKind, on: date) -> str:
    opened = await savings.open_account(work, cooperative, holder, kind, actor="bendahara", opened_on=on)
    return opened.number


async def bring(
    database: Database, poster: ledger.Poster, cooperative: Cooperative, brought: Sequence[Paid], today: date
) -> None:
    """Pay it in at the desk."""
    for position, one in enumerate(brought):
        await savings.deposit(
            database,
            poster,
            cooperative,
            account_number=one.account,
            amount_minor=one.rupiah * 100,
            effective_date=today - timedelta(days=one.days_ago),
            actor="kasir",
            idempotency=Idempotency.of("demo", f"saver-{position}"),
        )


async def run_orders(work: Work, today: date) -> None:
    """Move each month's instalments on their day; today's wait for whoever opens the page. The caller commits."""
    due = await savings.due_instalments(work.connection, work.book_id, today - timedelta(days=1))
    for day in sorted({one.due_on for _, one in due}):
        await savings.run_orders(work, day, actor="bendahara")
