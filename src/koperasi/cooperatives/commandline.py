"""``koperasi read-only``: for audits and restores, let everybody look and nobody record."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Annotated, Any, Protocol, TypeVar

import typer

from koperasi.config import Settings
from koperasi.cooperatives import service, service_read_only
from koperasi.db import Database, make_engine


class Where(Protocol):
    """Where the database is, for the service and for the owner of its tables."""

    @property
    def owner(self) -> str:
        """The owner's address."""


Found = TypeVar("Found", bound=Where)
Cooperative = Annotated[str, typer.Option("--cooperative", "-c", help="Only this one; all of them if left out.")]


def commands(
    addresses: Callable[[Settings], AbstractContextManager[Found]],
    opened: Callable[[Found], AbstractAsyncContextManager[Database]],
    run: Callable[[Coroutine[Any, Any, int | None]], None],
) -> typer.Typer:
    """The group of commands; the command line hands in how it finds and opens the database, and how it runs."""
    group = typer.Typer(no_args_is_help=True, help=__doc__)

    def act(code: str, *, on: bool) -> None:
        async def command() -> None:
            async with opened(found) as database:
                await (_one(database, code, on=on) if code else _all(database, found.owner, on=on))
                await _show(database)

        with addresses(Settings()) as found:
            run(command())

    @group.command("on")
    def begin(cooperative: Cooperative = "") -> None:
        """Begin: from now on nothing is recorded; people go on to log in and look."""
        act(cooperative, on=True)

    @group.command("off")
    def end(cooperative: Cooperative = "") -> None:
        """End: recording goes on."""
        act(cooperative, on=False)

    @group.command("status")
    def status() -> None:
        """Show which cooperatives are in the mode."""

        async def command() -> None:
            async with opened(found) as database:
                await _show(database)

        with addresses(Settings()) as found:
            run(command())

    return group


ACTOR = "operator"


async def _one(database: Database, code: str, *, on: bool) -> None:
    async with database.directory() as connection:
        one = await service.cooperative_by_code(connection, code)
    if one is None:
        raise typer.BadParameter(f"no cooperative has the code {code!r}")
    async with database.work(one.book_id) as work:
        await service_read_only.switch_cooperative(work, on=on, actor=ACTOR)
        await work.commit()


async def _all(database: Database, owner: str, *, on: bool) -> None:
    engine = make_engine(owner, pool_size=2)
    try:
        async with engine.connect() as connection:
            changed = await service_read_only.switch_installation(connection, on=on)
            await connection.commit()
    finally:
        await engine.dispose()
    if not changed:
        return
    async with database.directory() as connection:
        everybody = await service.all_cooperatives(connection)
    for one in everybody:
        async with database.work(one.book_id) as work:
            await service_read_only.note(work.connection, one.book_id, on=on, actor=ACTOR, subject="installation")
            await work.commit()


async def _show(database: Database) -> None:
    async with database.directory() as connection:
        everybody = await service.all_cooperatives(connection)
        everywhere = await service_read_only.installation_since(connection)
    typer.echo(f"installation: {_state(everywhere)}")
    for one in everybody:
        typer.echo(f"{one.code}: {_state(one.read_only_since)}")


def _state(since: object) -> str:
    return "off" if since is None else f"read-only since {since:%Y-%m-%d %H:%M:%S%z}"
