"""Posting a run to its end: one entry, one commit, until all stand. Called by pages, the API and the command line."""

from __future__ import annotations

from collections.abc import Callable

from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database
from koperasi.returns.model import Progress
from koperasi.returns.pace import Pace
from koperasi.returns.service_posting import post_next


async def post_all(
    database: Database,
    cooperative: Cooperative,
    number: int,
    *,
    actor: str,
    on_progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Post what is missing of a run. Broken off anywhere, it goes on at the same place; run twice, it posts nothing.

    ``on_progress`` hears of every entry that stands.

    Raises:
        NotFound: ``return-run``.
        Conflict: ``return-run-state``.
        Refusal: what the book says; the entries before stand.
    """
    pace, done = Pace(), 0
    while True:
        async with database.work(cooperative.book_id) as work:
            progress = await post_next(work, cooperative, number, actor=actor, start=done)
            await work.commit()
        if on_progress:
            on_progress(progress)
        if progress.done >= progress.total:
            return progress
        done = progress.done
        await pace.rest()
