"""Long work gives way to people who are being served, and is not stopped by them."""

import asyncio

from koperasi import crowd
from koperasi.returns.pace import Pace


async def _served_until(told: asyncio.Event) -> None:
    with crowd.served():
        await told.wait()


async def test_it_waits_until_all_are_served() -> None:
    first, second, seen = asyncio.Event(), asyncio.Event(), []
    people = [asyncio.create_task(_served_until(one)) for one in (first, second)]
    await asyncio.sleep(0)
    assert crowd.someone()

    async def long_work() -> None:
        seen.append("begun")
        await crowd.quiet(60)
        seen.append("went on")

    work = asyncio.create_task(long_work())
    await asyncio.sleep(0)
    first.set()
    await people[0]
    assert seen == ["begun"]
    second.set()
    await people[1]
    await work
    assert seen == ["begun", "went on"]
    assert not crowd.someone()


async def test_someone_who_is_served_for_ever_does_not_stop_it() -> None:
    never = asyncio.Event()
    person = asyncio.create_task(_served_until(never))
    await asyncio.sleep(0)
    pace = Pace()
    await pace.rest()
    assert crowd.someone()
    never.set()
    await person


async def test_long_works_do_not_wait_for_each_other() -> None:
    """Two runs, each within a request of its own: neither counts as somebody to give way to, nor twice as gone."""

    async def request() -> bool:
        with crowd.served():
            Pace()
            Pace()
            await asyncio.sleep(0)
            return crowd.someone()

    assert await asyncio.gather(request(), request()) == [False, False]
    with crowd.served():
        assert crowd.someone()
    assert not crowd.someone()


async def test_a_task_begun_by_a_request_lives_on_without_it() -> None:
    going = asyncio.Event()

    async def background() -> None:
        await going.wait()
        Pace()

    with crowd.served():
        task = asyncio.create_task(background())
    going.set()
    await task
    assert not crowd.someone()
    with crowd.served():
        assert crowd.someone()
