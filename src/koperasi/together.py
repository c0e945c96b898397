"""Questions that arrive together are asked in one reading, as postings that arrive together are committed in one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Read = Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]]
"""The values of some keys, in one view; a key that it leaves out has none."""


class Together(Generic[Key, Value]):
    """Answers many callers from few readings.

    One reading is in flight; what is asked meanwhile makes the next. So nobody is told what was true before they
    asked, nobody waits for a timer, and a caller alone is answered at once.

    Args:
        read: what reads.
        most: keys in one reading.
    """

    def __init__(self, read: Read[Key, Value], *, most: int = 256) -> None:
        self._read = read
        self._most = most
        self._waiting: dict[Key, asyncio.Future[Value | None]] = {}
        self._reader: asyncio.Task[None] | None = None

    async def ask(self, key: Key) -> Value | None:
        """The key's value, or None if it has none.

        Raises:
            Exception: what the reading raised; all who shared it hear of it.
        """
        answer = self._waiting.get(key)
        if answer is None:
            answer = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._reader is None:
            self._reader = asyncio.create_task(self._work())
        # Several may wait for one answer; one who goes away does not take it from the others.
        return await asyncio.shield(answer)

    async def _work(self) -> None:
        try:
            while self._waiting:
                keys = list(self._waiting)[: self._most]
                asked = {key: self._waiting.pop(key) for key in keys}
                try:
                    found = await self._read(keys)
                except Exception as error:  # noqa: BLE001 - all who wait must be told
                    for answer in asked.values():
                        answer.set_exception(error)
                        answer.exception()  # seen, even if all who asked have gone
                else:
                    for key, answer in asked.items():
                        answer.set_result(found.get(key))
        finally:
            self._reader = None
