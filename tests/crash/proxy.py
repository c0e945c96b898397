"""A network that fails: it passes bytes between callers and the service, and cuts connections when told to."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from enum import Enum
from typing import Self

from .service import until


class Cut(Enum):
    """Where a connection breaks."""

    HALF_A_REQUEST = "the service sees half of a request"
    BEFORE_THE_REPLY = "the service answers, the caller never hears"
    HALF_A_REPLY = "the caller hears half of an answer"


class Proxy:
    """A TCP proxy on a port of its own."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self._target = port
        self._chance = chance
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self.cutting = False
        """While true, one exchange in four is cut."""
        self.lost_receipts = 0
        """Answers 201 that a caller never got whole: the posting stands, and nobody was told."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.transport.abort()
        await until(lambda: not self._connections, 5, "all connections are closed")

    async def _serve(self, caller: asyncio.StreamReader, to_caller: asyncio.StreamWriter) -> None:
        self._connections.add(to_caller)
        to_service: asyncio.StreamWriter | None = None
        with suppress(OSError):
            service, to_service = await asyncio.open_connection("127.0.0.1", self._target)
            how = self._chance.choice([Cut.BEFORE_THE_REPLY, Cut.HALF_A_REPLY])
            up = asyncio.create_task(self._pass_on(caller, to_service, Cut.HALF_A_REQUEST))
            down = asyncio.create_task(self._pass_on(service, to_caller, how))
            # When one direction ends, so does the connection.
            _, rest = await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
        for writer in (to_service, to_caller):
            if writer is not None:
                writer.transport.abort()
        self._connections.discard(to_caller)

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, how: Cut) -> None:
        while data := await source.read(65536):
            cut = self.cutting and self._chance.random() < (0.05 if how is Cut.HALF_A_REQUEST else 0.2)
            if cut and how is not Cut.HALF_A_REQUEST and b" 201 " in data[:20]:
                self.lost_receipts += 1
            if not cut:
                target.write(data)
            elif how is not Cut.BEFORE_THE_REPLY:
                target.write(data[: len(data) // 2])
            with suppress(ConnectionError):
                await target.drain()
            if cut:
                return
