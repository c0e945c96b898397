"""What other slices ask of privacy: seal a value for its place, open it, find it, and who asked to be forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import service as audit
from koperasi.config import Settings
from koperasi.db import Work
from koperasi.errors import Conflict
from koperasi.i18n import N_
from koperasi.privacy import keys
from koperasi.privacy.crypto import Place
from koperasi.privacy.keys import KeyRing, KeysMissing
from koperasi.privacy.tables import erasure_request

__all__ = [
    "ErasureRequest",
    "KeyRing",
    "KeysMissing",
    "Place",
    "SealedRow",
    "digest",
    "ensure_keys",
    "open_requests",
    "request_erasure",
    "requests_of",
    "ring",
    "seal",
    "settle",
    "unseal",
    "use",
]

_RINGS: dict[Path, KeyRing] = {}
_chosen: list[Path] = []


def use(path: Path) -> KeyRing:
    """Take the keys of this process from a file: one process serves one installation."""
    _chosen[:] = [path]
    return ring()


def ring() -> KeyRing:
    """The keys of this process: from the file it was told to use, else from where the settings say."""
    if not _chosen:
        _chosen.append(Settings().keys_file)
    path = _chosen[0]
    found = _RINGS.get(path)
    if found is None:
        found = _RINGS[path] = KeyRing(path)
    return found


def ensure_keys(*, first: bool) -> None:
    """There are keys to seal with; for the first cooperative of an installation they are made.

    Args:
        first: whether the installation has no cooperative yet. If it has, a missing file is not replaced by a new one:
            it would hide that what is in the database can't be read any more.

    Raises:
        KeysMissing: cooperatives are here and their keys are not.
    """
    current = ring()
    if first and not current.path.exists():
        keys.make(current.path, datetime.now(UTC))
    current.look_again()


def seal(place: Place, value: bytes) -> bytes:
    """A value as it is stored at its place."""
    return ring().cipher.seal(value, place)


def unseal(place: Place, sealed: bytes) -> bytes:
    """A stored value again.

    Raises:
        KeysMissing: its key is not on this machine.
        crypto.SealBrokenError: it was changed, or moved from another place.
    """
    return ring().open(sealed, place)


def digest(book_id: int, purpose: str, value: str) -> bytes:
    """What equal values of one book have in common, for an index; another one in every book and for every purpose."""
    return ring().digest(book_id, purpose, value)


class SealedRow:
    """The sealed texts of one row; nothing stays nothing."""

    __slots__ = ("_book_id", "_ring", "_row", "_table")

    def __init__(self, table: str, book_id: int, *key: object) -> None:
        self._ring = ring()
        self._table, self._book_id, self._row = table, book_id, row_of(key)

    def seal(self, column: str, text: str | None) -> bytes | None:
        """A text for one of its columns."""
        if text is None:
            return None
        return self._ring.cipher.seal(text.encode(), Place(self._table, column, self._book_id, self._row))

    def open(self, column: str, sealed: bytes | None) -> str | None:
        """The text of one of its columns."""
        if sealed is None:
            return None
        return self._ring.open(sealed, Place(self._table, column, self._book_id, self._row)).decode()

    def digest(self, purpose: str, text: str | None) -> bytes | None:
        """What a text is looked up by."""
        return None if text is None else self._ring.digest(self._book_id, purpose, text)


def row_of(key: Sequence[object]) -> str:
    """A row's primary key, without its book, as it stands in a place."""
    return "/".join(map(str, key))


# --- Requests to be forgotten ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ErasureRequest:
    """What a member asked for, and what came of it; ``outcome`` is ``erased``, ``declined`` or not there yet."""

    request_id: int
    member_number: str
    requested_at: datetime
    requested_by: str
    settled_at: datetime | None
    settled_by: str | None
    outcome: str | None
    answer: str | None

    @property
    def is_open(self) -> bool:
        """Somebody has still to decide."""
        return self.outcome is None


async def request_erasure(work: Work, member_number: str, *, actor: str) -> tuple[ErasureRequest, bool]:
    """Put on record that a member asks to be forgotten; says whether it had been asked before and is still open.

    Args:
        work: bound to the cooperative's book; the caller commits.
        member_number: a member that exists.
        actor: who asks: the member, or staff for one who comes to the desk.
    """
    made = await work.connection.execute(
        insert(erasure_request)
        .values(book_id=work.book_id, member_number=member_number, requested_by=actor)
        .on_conflict_do_nothing()
    )
    found = await requests_of(work.connection, work.book_id, member_number)
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=audit.Action.ERASURE_REQUESTED,
        subject=f"member {member_number}",
    )
    return next(one for one in found if one.is_open), made.rowcount == 0


async def requests_of(connection: AsyncConnection, book_id: int, member_number: str) -> list[ErasureRequest]:
    """A member's requests, the latest first."""
    return await _requests(connection, book_id, erasure_request.c.member_number == member_number)


async def open_requests(connection: AsyncConnection, book_id: int) -> list[ErasureRequest]:
    """What is to be decided, the latest first."""
    return await _requests(connection, book_id, erasure_request.c.outcome.is_(None))


async def _requests(connection: AsyncConnection, book_id: int, condition: ColumnElement[bool]) -> list[ErasureRequest]:
    table = erasure_request.c
    names = [table[one.name] for one in fields(ErasureRequest)]
    rows = await connection.execute(
        select(*names).where(table.book_id == book_id, condition).order_by(table.request_id.desc())
    )
    found = []
    for row in rows.mappings():
        answer = SealedRow("erasure_request", book_id, row["request_id"]).open("answer", row["answer"])
        found.append(ErasureRequest(**{**row, "answer": answer}))
    return found


async def settle(work: Work, member_number: str, *, actor: str, outcome: str, answer: str | None = None) -> None:
    """Close a member's open request.

    Raises:
        Conflict: ``no-erasure-request``: there is none.
    """
    table = erasure_request.c
    mine = (table.book_id == work.book_id, table.member_number == member_number, table.outcome.is_(None))
    request_id = await work.connection.scalar(select(table.request_id).where(*mine).with_for_update())
    if request_id is None:
        raise Conflict("no-erasure-request", N_("Anggota ini tidak sedang meminta penghapusan data."))
    sealed = SealedRow("erasure_request", work.book_id, request_id).seal("answer", answer)
    await work.connection.execute(
        update(erasure_request)
        .where(table.book_id == work.book_id, table.request_id == request_id)
        .values(settled_at=func.now(), settled_by=actor, outcome=outcome, answer=sealed)
    )
