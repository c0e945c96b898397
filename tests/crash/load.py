"""Callers who deposit money and, when they hear nothing, send the same request again until they do."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

PATIENCE = 120


@dataclass
class Request:
    """A deposit; its amount is its own, so that the book shows how often it was posted, whatever became of its key."""

    key: str
    rupiah: int
    entry: int | None = None
    """The entry that its receipt names, once there was one."""


@dataclass
class Load:
    """Callers at work. Leave the context to let them finish what they have begun."""

    url: str
    account: str
    headers: dict[str, str]
    chance: random.Random
    requests: list[Request]
    """Everything ever asked for; grows."""
    callers: int = 12
    acknowledged: int = 0
    replayed: int = 0
    unanswered: int = 0
    refusals: list[dict[str, Any]] = field(default_factory=list)
    """The problem documents heard."""
    forsaken: int = 0
    """Requests that a caller gave up after one try that brought no receipt."""
    _stopping: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(
            base_url=self.url,
            headers=self.headers,
            timeout=20,
            trust_env=False,
            limits=httpx.Limits(max_connections=50),
        )
        self._tasks = [asyncio.create_task(self._call()) for _ in range(self.callers)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        if kind is not None:
            for task in self._tasks:
                task.cancel()
        try:
            results = await asyncio.gather(*self._tasks, return_exceptions=True)
        finally:
            await self._client.aclose()
        if kind is None:
            for result in results:
                if isinstance(result, BaseException):
                    raise result

    def check(self) -> None:
        """Fail with what a caller failed with, rather than wait for what can't come any more."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error

    def has_receipts(self, count: int) -> bool:
        self.check()
        return self.acknowledged >= count

    async def _call(self) -> None:
        while not self._stopping:
            number = len(self.requests) + 1
            request = Request(f"setoran-{number}", 1000 + number)
            self.requests.append(request)
            async with asyncio.timeout(PATIENCE):
                while not await self._send(request):
                    if self.chance.random() < 0.02:
                        self.forsaken += 1
                        break
                    await asyncio.sleep(self.chance.uniform(0.01, 0.1))

    async def _send(self, request: Request) -> bool:
        """Once; true if there is a receipt."""
        try:
            answer = await self._client.post(
                f"/api/v1/savings-accounts/{self.account}/deposits",
                json={"amount": {"amount": f"{request.rupiah}.00", "currency": "IDR"}},
                headers={"Idempotency-Key": request.key},
            )
        except httpx.TransportError:
            self.unanswered += 1
            return False
        if answer.status_code == 201:
            receipt = answer.json()
            assert receipt["amount"]["amount"] == f"{request.rupiah}.00"
            request.entry = receipt["entry_number"]
            self.acknowledged += 1
            self.replayed += answer.headers.get("Idempotency-Replayed") == "true"
            return True
        # Nothing but: we can't record now, ask again; in words, with a time to wait.
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Content-Type"] == "application/problem+json"
        with suppress(ValueError):
            self.refusals.append(answer.json())
        return False
