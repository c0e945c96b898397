"""Long work in a process that serves others too: after each piece it rests for a part of the time the piece took."""

from __future__ import annotations

import asyncio
import time

PART = 0.2  # not money: share of time
"""Of the time of a piece: a run of 100,000 accounts takes seconds either way, and nobody waits for it at a desk."""


class Pace:
    """Begins with its making; ``rest`` after each piece."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    async def rest(self) -> None:
        """Leave the processor and the database to others for a moment."""
        await asyncio.sleep(PART * (time.monotonic() - self._began))
        self._began = time.monotonic()
