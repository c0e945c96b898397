"""Long work in a process that serves others too: after each piece it lets those who wait be served first."""

from __future__ import annotations

import time

from koperasi import crowd

PATIENCE = 3
"""It waits at most so many times as long as it worked: a download of minutes slows it down, and does not stop it."""

MOST = 0.2  # not money: seconds
"""At once, at most."""


class Pace:
    """Begins with its making; ``rest`` after each piece."""

    def __init__(self) -> None:
        crowd.give_way()
        self._began = time.monotonic()
        self._left = MOST

    async def rest(self) -> None:
        """Leave the processor and the database to others while there are any."""
        now = time.monotonic()
        self._left = min(self._left + PATIENCE * (now - self._began), MOST)
        if crowd.someone():
            await crowd.quiet(self._left)
            waited = time.monotonic()
            self._left -= waited - now
            now = waited
        self._began = now
