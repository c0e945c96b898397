"""Posting all that is due: some dozens of contracts in one transaction, each of them whole or not at all."""

from datetime import UTC, date, datetime
from itertools import islice
from typing import NamedTuple

from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database, Work
from koperasi.deposits import service
from koperasi.errors import Refusal

TOGETHER = 50
"""Contracts in one transaction."""


class Outcome(NamedTuple):
    """What was posted, and of which contracts something waits, with a stable code."""

    posted: list[service.Done]
    waiting: list[tuple[str, str]]


async def run(database: Database, cooperative: Cooperative, until: date, actor: str) -> Outcome:
    """Post what is due until a day. Run again, it finds what it could not post before, and nothing else."""
    async with database.reading(cooperative.book_id) as connection:
        items = (await service.due(connection, cooperative, until, limit=None)).items
    today = cooperative.today(datetime.now(UTC))
    posted: list[service.Done] = []
    waiting = {one.named.deposit.number: one.waits for one in items if one.waits is not None}
    numbers = iter(dict.fromkeys(one.named.deposit.number for one in items if one.waits is None))
    while some := list(islice(numbers, TOGETHER)):
        async with database.work(cooperative.book_id) as work:
            for number in some:
                try:
                    posted += await _settle(work, cooperative, number, until, today, actor)
                except Refusal as refusal:
                    waiting[number] = refusal.code
            await work.commit()
    return Outcome(posted, sorted(waiting.items()))


async def _settle(
    work: Work, cooperative: Cooperative, number: str, until: date, today: date, actor: str
) -> list[service.Done]:
    """One contract whole, or nothing of it: what the book refuses of it is undone and does not stop the others."""
    async with work.connection.begin_nested():
        return await service.settle(work, cooperative, number, until, today=today, actor=actor)
