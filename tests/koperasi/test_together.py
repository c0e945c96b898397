"""Many askers, few readings; nobody hears what was true before they asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from koperasi.together import Together


class Shelf:
    """Something that is read: it counts the readings and waits to be let on."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.readings: list[list[str]] = []
        self.begun = asyncio.Event()
        self.let_on = asyncio.Event()
        self.let_on.set()

    async def read(self, keys: Sequence[str]) -> dict[str, int]:
        self.readings.append(list(keys))
        seen = dict(self.values)
        self.begun.set()
        await self.let_on.wait()
        return {key: seen[key] for key in keys if key in seen}


async def test_one_alone_is_answered_at_once():
    shelf = Shelf()
    shelf.values["a"] = 1
    assert await Together(shelf.read).ask("a") == 1
    assert await Together(shelf.read).ask("b") is None


async def test_what_is_asked_during_a_reading_makes_the_next_and_sees_what_changed():
    shelf = Shelf()
    together = Together(shelf.read)
    shelf.values["a"] = 1
    shelf.let_on.clear()
    first = asyncio.create_task(together.ask("a"))
    await shelf.begun.wait()
    shelf.values["a"] = 2
    later = [asyncio.create_task(together.ask(key)) for key in ("a", "b", "a")]
    await asyncio.sleep(0)
    shelf.let_on.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [2, None, 2]
    assert shelf.readings == [["a"], ["a", "b"]]


async def test_a_reading_is_never_larger_than_it_may_be():
    shelf = Shelf()
    together = Together(shelf.read, most=3)
    shelf.values = {str(n): n for n in range(10)}
    assert await asyncio.gather(*(together.ask(str(n)) for n in range(10))) == list(range(10))
    assert max(map(len, shelf.readings)) == 3


async def test_a_reading_that_fails_is_told_to_all_who_shared_it_and_the_next_is_tried():
    shelf = Shelf()
    broken = True

    async def read(keys: Sequence[str]) -> dict[str, int]:
        if broken:
            raise ConnectionError("away")
        return await shelf.read(keys)

    together = Together(read)
    told = await asyncio.gather(together.ask("a"), together.ask("b"), return_exceptions=True)
    assert [type(one) for one in told] == [ConnectionError, ConnectionError]
    broken = False
    shelf.values["a"] = 1
    assert await together.ask("a") == 1


async def test_one_who_goes_away_does_not_take_the_answer_from_the_others():
    shelf = Shelf()
    together = Together(shelf.read)
    shelf.values["a"] = 1
    shelf.let_on.clear()
    gone, stays = asyncio.create_task(together.ask("a")), asyncio.create_task(together.ask("a"))
    await shelf.begun.wait()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    shelf.let_on.set()
    assert await stays == 1
