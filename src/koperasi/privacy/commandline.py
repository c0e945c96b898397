"""``koperasi keys``: make, look at, change and forget the keys of personal data."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, TypeVar

import typer

from koperasi.config import Settings
from koperasi.db import Database
from koperasi.privacy import keys, service_rotation
from koperasi.privacy.keys import Key, KeyRing

Where = TypeVar("Where")
Act = Callable[[Database, KeyRing], Coroutine[Any, Any, None]]


def commands(
    addresses: Callable[[Settings], AbstractContextManager[Where]],
    opened: Callable[[Where], AbstractAsyncContextManager[Database]],
    run: Callable[[Coroutine[Any, Any, int | None]], None],
) -> typer.Typer:
    """The group of commands; the command line hands in how it finds and opens the database, and how it runs."""
    group = typer.Typer(no_args_is_help=True, help=__doc__)

    def on_database(act: Act) -> None:
        settings = Settings()

        async def command() -> None:
            async with opened(found) as database:
                await act(database, KeyRing(settings.keys_file))

        with addresses(settings) as found:
            run(command())

    @group.command("list")
    def show() -> None:
        """Show the keys (never their secrets) and how many values each seals."""
        on_database(_show)

    @group.command()
    def rotate() -> None:
        """Seal everything with a new key. Broken off, it goes on when it is called again; people may work meanwhile."""
        on_database(_rotate)

    @group.command()
    def forget(key_id: Annotated[str, typer.Argument(help="As `koperasi keys list` shows it.")]) -> None:
        """Remove a retired key. Backups from its time can't be read any more: first let them run out."""
        on_database(partial(_forget, key_id=key_id))

    group.command()(make)
    return group


def make() -> None:
    """Make the key file, if there is none: for a server whose secrets are prepared before its first start."""
    path = Settings().keys_file
    if path.exists():
        typer.echo(f"{path}: sudah ada. / is there already.", err=True)
        raise typer.Exit(1)
    keys.make(path, datetime.now(UTC))
    typer.echo(str(path))


async def _show(database: Database, ring: KeyRing) -> None:
    uses = await service_rotation.uses(database, ring)
    found = keys.read(ring.path)
    for key in found.keys:
        typer.echo(f"{key.key_id}  {key.made_at}  {_state(key, found.current)}  {uses[key.key_id]}")


async def _rotate(database: Database, ring: KeyRing) -> None:
    def told(what: str, rows: int) -> None:
        if rows:
            typer.echo(f"  {what}: {rows}", err=True)

    done = await service_rotation.rotate(database, ring, now=datetime.now(UTC), on_progress=told)
    for place in done.damaged:
        typer.echo(f"  rusak / damaged: {place.table}.{place.column}, book {place.book_id}, {place.row}", err=True)
    if not done.complete:
        typer.echo("Kunci lama masih dipakai. / The old key is still in use: rotate again later.", err=True)
    typer.echo(done.key.key_id)


async def _forget(database: Database, ring: KeyRing, *, key_id: str) -> None:
    await service_rotation.forget(database, ring, key_id)
    typer.echo(key_id)


def _state(key: Key, current: Key) -> str:
    if key is current:
        return "current"
    return f"retired {key.retired_at}" if key.retired_at else "leaving"
