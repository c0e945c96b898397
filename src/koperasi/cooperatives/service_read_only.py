"""Read-only mode, for audits and restores: people log in and look, and nothing is recorded.

Two switches: one of the installation, which its operator sets (as the owner of the tables), and one of each
cooperative, which its admin sets. Triggers refuse every write to a guarded table while either is on (``read_only`` in
``migrations/sql/0012_hardening.sql``), so no route and no background work gets past them; ``ReadOnlyWatch`` lets the
service refuse earlier and in words.
"""

from __future__ import annotations

import time
from datetime import datetime

from sqlalchemy import Select, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import ScalarSelect

from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.tables import cooperative, installation_switch
from koperasi.db import Database, Work
from koperasi.errors import Unavailable
from koperasi.i18n import N_

BELIEVED_FOR = 1.0  # not money: seconds
"""How long a process believes what it read of the switches. The triggers believe nothing."""

LOCK = 7303014
"""The advisory lock that every write holds shared; see the migration."""

REFUSED = N_("Sistem sedang dalam mode hanya-baca: data dapat dilihat, tetapi tidak ada yang dapat dicatat.")


def refusal() -> Unavailable:
    """503: nothing was written, and the same request may be sent when the mode is over."""
    return Unavailable("read-only", REFUSED, headers={"Retry-After": "60"})


def installation_read_only() -> ScalarSelect[datetime | None]:
    """Since when the whole installation is in the mode, as a part of another query."""
    switch: Select[tuple[datetime | None]] = select(installation_switch.c.since).where(
        installation_switch.c.code == "read-only"
    )
    return switch.scalar_subquery()


async def installation_since(connection: AsyncConnection) -> datetime | None:
    """Since when the whole installation is in the mode; none if it is not."""
    since: datetime | None = await connection.scalar(select(installation_read_only()))
    return since


class ReadOnlyWatch:
    """What a process knows of the switches: asked of the database at most once a second, whoever asks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._until = float("-inf")  # not money: seconds
        self._everywhere = False
        self._books: frozenset[int] = frozenset()

    async def holds(self, book_id: int | None) -> bool:
        """Whether nothing may be written in this book (none: anywhere)."""
        now = time.monotonic()
        if now >= self._until:
            self._until = now + BELIEVED_FOR  # who comes while the answer is fetched goes by the last one
            try:
                await self._look()
            except BaseException:
                self.forget()
                raise
        return self._everywhere or book_id in self._books

    def forget(self) -> None:
        """Look again next time: a switch was set here."""
        self._until = float("-inf")  # not money: seconds

    async def _look(self) -> None:
        async with self._database.directory() as connection:
            self._everywhere = await installation_since(connection) is not None
            books = await connection.scalars(
                select(cooperative.c.book_id).where(cooperative.c.read_only_since.is_not(None))
            )
            self._books = frozenset(books)


async def switch_cooperative(work: Work, *, on: bool, actor: str) -> bool:
    """Begin or end the mode of one cooperative; the caller commits. Waits for writes under way.

    Returns whether that changed anything.
    """
    await work.connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    changed = await work.connection.execute(
        update(cooperative)
        .where(cooperative.c.book_id == work.book_id, cooperative.c.read_only_since.is_(None) == on)
        .values(read_only_since=func.now() if on else None)
    )
    if changed.rowcount:
        await note(work.connection, work.book_id, on=on, actor=actor, subject="cooperative")
    return bool(changed.rowcount)


async def switch_installation(connection: AsyncConnection, *, on: bool) -> bool:
    """Begin or end the mode of the whole installation; the caller commits.

    Waits for writes under way, a minute at most.

    Args:
        connection: of the owner of the tables; the service's own role may not.
        on: begin, or end.

    Returns whether that changed anything.

    Raises:
        sqlalchemy.exc.DBAPIError: something is being written for longer than a minute.
    """
    await connection.execute(text("SET LOCAL lock_timeout = '60s'"))
    await connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    changed = await connection.execute(
        update(installation_switch)
        .where(installation_switch.c.code == "read-only", installation_switch.c.since.is_(None) == on)
        .values(since=func.now() if on else None)
    )
    return bool(changed.rowcount)


async def note(connection: AsyncConnection, book_id: int, *, on: bool, actor: str, subject: str) -> None:
    """Write into the trail that the mode began or ended; the trail is written in the mode too."""
    action = Action.READ_ONLY_BEGUN if on else Action.READ_ONLY_ENDED
    await audit.record(connection, book_id, actor=actor, action=action, subject=f"read-only {subject}")
