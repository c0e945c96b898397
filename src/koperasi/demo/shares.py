"""Last month's returns in the demo: computed, agreed to by the chair, posted by the caller."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import ledger
from koperasi.approvals import service as approvals
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database, Work
from koperasi.posting import Idempotency
from koperasi.returns import service as returns

BONUS = 60_000
"""What the board gives to all wadiah savings together, in rupiah."""
BANK = "1111"
"""Where the pool's money works: nothing is lent yet, so it lies with an Islamic bank."""


async def prepare(
    work: Work, database: Database, cooperative: Cooperative, today: date, now: datetime
) -> tuple[int, approvals.Approval | None]:
    """Compute last month and ask the chair; the run's number, and what waits for them. The caller commits."""
    placed = await ledger.account_by_code(work.connection, work.book_id, BANK)
    asked = returns.Asked(
        today.replace(day=1) - timedelta(days=1),
        bonus_minor={"wadiah": BONUS * 100},
        financing_minor=placed.balance,
        reason="Belum ada pembiayaan: dana ditempatkan di bank syariah",
    )
    made = await returns.prepare(work, database, cooperative, asked, actor="bendahara", now=now)
    key = Idempotency.of("demo", "returns")
    answer = await returns.submit(work, cooperative, made.number, actor="bendahara", idempotency=key, now=now)
    return made.number, answer if isinstance(answer, approvals.Approval) else None


async def agree(work: Work, asked: approvals.Approval, now: datetime) -> None:
    """The chair agrees. The caller commits, then posts."""
    approvals.register(approvals.Kind.RETURN_RUN, returns.carry_out)
    await approvals.approve(work.connection, work.book_id, asked.number, actor="ketua", seen=asked.fingerprint, now=now)
