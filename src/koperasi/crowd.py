"""Who is being served by this process right now, so that long work can give way to people who wait for a page."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_GIVEN_WAY = "given-way"
_SERVED = "served"

_seat: ContextVar[list[str] | None] = ContextVar("seat", default=None)
_served = 0
_watching: list[asyncio.Future[None]] = []


@contextmanager
def served() -> Iterator[None]:
    """Around a request, from the moment this process knows of it until it is answered."""
    global _served  # noqa: PLW0603 - it is about the process
    seat = [_SERVED]
    token = _seat.set(seat)
    _served += 1
    try:
        yield
    finally:
        _seat.reset(token)
        _leave(seat)


def give_way() -> None:
    """From here on the request whose code calls this is long work: nobody gives way to it."""
    seat = _seat.get()
    if seat is not None:
        _leave(seat)


def someone() -> bool:
    """Is anybody being served who does no long work?"""
    return _served > 0


async def quiet(at_most: float) -> None:  # not money: seconds
    """Wait until nobody is being served, or until some seconds have gone."""
    if not _served:
        return
    told = asyncio.get_running_loop().create_future()
    _watching.append(told)
    try:
        await asyncio.wait([told], timeout=at_most)
    finally:
        if told in _watching:
            _watching.remove(told)


def _leave(seat: list[str]) -> None:
    global _served  # noqa: PLW0603
    if seat[0] == _GIVEN_WAY:
        return
    seat[0] = _GIVEN_WAY
    _served -= 1
    if not _served:
        for one in _watching:
            if not one.done():
                one.set_result(None)
        _watching.clear()
