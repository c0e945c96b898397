"""Group commit: postings that arrive together are committed together.

One batch of a book is in flight; what arrives meanwhile makes the next. There is no timer: an idle book answers at
once, a busy one batches more. So a hot cash account costs nothing, and a book can't deadlock with itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ledger.entry import Draft, Outcome
from ledger.errors import BusyError
from ledger.journal import append


@dataclass(slots=True)
class _Lane:
    """What waits for one book: single drafts, or lists of drafts that one caller wants answered together."""

    waiting: deque[tuple[list[Draft], asyncio.Future[list[Outcome]]]] = field(default_factory=deque)
    worker: asyncio.Task[None] | None = None


class Poster:
    """Gathers concurrent drafts into one ``append`` a book and commits it.

    Args:
        engine: connections of the application's role.
        batch_limit: most drafts in one commit (a caller's list is never split).
        queue_limit: most drafts that may wait; past it ``post`` raises BusyError.
    """

    def __init__(self, engine: AsyncEngine, *, batch_limit: int = 512, queue_limit: int = 5000) -> None:
        self._engine = engine
        self._batch_limit = batch_limit
        self._queue_limit = queue_limit
        self._lanes: dict[int, _Lane] = {}
        self._queued = 0

    async def post(self, draft: Draft) -> Outcome:
        """Post one draft; returns once it is durable (or refused).

        Raises:
            BusyError: too many are waiting.
            UnknownBookError: no such book.
        """
        return (await self.post_all([draft]))[0]

    async def post_all(self, drafts: list[Draft]) -> list[Outcome]:
        """Post drafts of one book in one commit; give them one ``link`` to let them stand or fall together.

        Raises:
            BusyError: too many are waiting.
            UnknownBookError: no such book.
        """
        if not drafts:
            return []
        if self._queued + len(drafts) > self._queue_limit and self._queued:
            raise BusyError
        book_id = drafts[0].book_id
        lane = self._lanes.setdefault(book_id, _Lane())
        answer: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        lane.waiting.append((drafts, answer))
        self._queued += len(drafts)
        if lane.worker is None:
            lane.worker = asyncio.create_task(self._work(book_id, lane))
        # A caller that goes away does not take the batch with it: the posting stands, and its key finds it.
        return await answer

    async def close(self) -> None:
        """Wait until all that was accepted is answered."""
        while workers := [lane.worker for lane in self._lanes.values() if lane.worker is not None]:
            await asyncio.gather(*workers)

    async def _work(self, book_id: int, lane: _Lane) -> None:
        try:
            while lane.waiting:
                batch = [lane.waiting.popleft()]
                size, links = len(batch[0][0]), _links(batch[0][0])
                while lane.waiting and size + len(lane.waiting[0][0]) <= self._batch_limit:
                    if not links.isdisjoint(more := _links(lane.waiting[0][0])):
                        # The same link again, as when a group is sent twice: it is a group of its own.
                        break
                    links |= more
                    batch.append(lane.waiting.popleft())
                    size += len(batch[-1][0])
                await self._answer(batch)
                self._queued -= size
        finally:
            lane.worker = None
            if not lane.waiting:
                self._lanes.pop(book_id, None)

    async def _answer(self, batch: list[tuple[list[Draft], asyncio.Future[list[Outcome]]]]) -> None:
        try:
            outcomes = await self._commit([draft for drafts, _ in batch for draft in drafts])
        except _REFUSED as error:
            # The database refused what our checks let through. One caller must not pay for another: each is tried
            # alone.
            if len(batch) == 1:
                self._fail(batch, error)
                return
            for one in batch:
                await self._answer([one])
        except Exception as error:  # noqa: BLE001 - every waiting caller must be told
            self._fail(batch, error)
        else:
            told = iter(outcomes)
            for drafts, answer in batch:
                mine = list(islice(told, len(drafts)))
                if not answer.done():
                    answer.set_result(mine)

    @staticmethod
    def _fail(batch: list[tuple[list[Draft], asyncio.Future[list[Outcome]]]], error: Exception) -> None:
        for _, answer in batch:
            if not answer.done():
                answer.set_exception(error)

    async def _commit(self, drafts: list[Draft]) -> list[Outcome]:
        """One transaction, spoken to the driver: what SQLAlchemy adds to each statement is too much for so few."""
        async with self._engine.connect() as connection:
            raw = await self._begin(connection)
            try:
                outcomes = await append(connection, drafts)
                await raw.execute("COMMIT")
            except BaseException:
                # Whatever became of the transaction, its connection is not lent again.
                await connection.invalidate()
                raise
        return outcomes

    @staticmethod
    async def _begin(connection: AsyncConnection) -> Any:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        try:
            await raw.execute(_BEGIN)
        except (asyncpg.InterfaceError, asyncpg.PostgresConnectionError, OSError):
            # The server was restarted since the pool last used this connection; nothing was sent yet.
            await connection.invalidate()
            raw = (await connection.get_raw_connection()).driver_connection
            await raw.execute(_BEGIN)
        return raw


def _links(drafts: list[Draft]) -> set[str]:
    return {draft.link for draft in drafts if draft.link is not None}


_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"

# A text that is no Unicode (half of a surrogate pair) does not even reach the database.
_REFUSED = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.DataError,
    asyncpg.RaiseError,
    UnicodeEncodeError,
)
