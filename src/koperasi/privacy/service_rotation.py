"""Sealing everything anew with a new key, some rows at a time. It can be broken off anywhere and begun again.

A rotation is many transactions by nature, so this service commits itself: each commit leaves every value readable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    LargeBinary,
    Table,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from koperasi.cooperatives.service import all_cooperatives
from koperasi.db import SEALED, Database, metadata
from koperasi.errors import Conflict, Refusal
from koperasi.i18n import N_
from koperasi.privacy import keys
from koperasi.privacy.crypto import HEAD_BYTES, VERSION, Place, SealBrokenError
from koperasi.privacy.keys import Key, KeyRing
from koperasi.privacy.service import row_of

Progress = Callable[[str, int], None]


@dataclass
class Rotated:
    """What came of a rotation: the key that seals now, and places whose values can't be opened and stay as they are.

    ``complete``: nothing is sealed with an older key any more, so those are retired.
    """

    key: Key
    damaged: list[Place]
    complete: bool = False


def sealed_columns() -> dict[Table, list[Column[Any]]]:
    """Every column of every table whose values are sealed: what tables say of themselves."""
    found = {table: [column for column in table.c if SEALED in column.info] for table in metadata.sorted_tables}
    return {table: columns for table, columns in found.items() if columns}


async def rotate(
    database: Database, ring: KeyRing, *, now: datetime, on_progress: Progress = lambda *_: None
) -> Rotated:
    """Make a new key and seal everything with it; the old ones are retired once nothing needs them.

    A rotation that was broken off goes on, without yet another key. Processes that are running take the new key up
    within ``keys.LOOK_EVERY`` seconds; what they seal with the old one meanwhile stays readable, and the next rotation
    finds it: retired keys stay in the file, for old backups too.

    Args:
        database: all cooperatives of this installation are gone through.
        ring: the keys, in a file that may be written.
        now: an aware moment.
        on_progress: told of each table and how many rows of it were sealed anew.

    Raises:
        Refusal: ``keys-unwritable``.
    """
    found = keys.read(ring.path)
    if not found.leaving:
        _write(ring, found.with_new(now))
    current = keys.read(ring.path)
    rotated = Rotated(current.current, [])
    for book_id in await _books(database):
        waiting = await _waiting(database, ring, book_id)
        for table, columns in sealed_columns().items():
            if table.name not in waiting:
                continue
            done = await _rotate_table(database, ring, book_id, table, columns, rotated.damaged)
            on_progress(f"{book_id} {table.name}", done)
    rotated.complete = not await _used(database, current.leaving)
    if rotated.complete:
        _write(ring, current.with_retired(now))
    return rotated


async def uses(database: Database, ring: KeyRing) -> dict[str, int]:
    """How many values each key of the file seals."""
    return await _used(database, keys.read(ring.path).keys, all_counts=True)


async def forget(database: Database, ring: KeyRing, key_id: str) -> None:
    """Remove a retired key for good. Backups that were made while it sealed can't be read any more then.

    Raises:
        Conflict: ``key-in-use``: it is not retired, or something is sealed with it.
        Refusal: ``keys-unwritable``.
    """
    found = keys.read(ring.path)
    key = next((one for one in found.keys if one.key_id == key_id), None)
    if key is None or key.retired_at is None or await _used(database, [key]):
        raise Conflict("key-in-use", N_("Kunci ini masih dipakai, belum dipensiunkan, atau tidak ada."))
    _write(ring, found.without(key_id))


def _write(ring: KeyRing, changed: keys.Keys) -> None:
    try:
        keys.write(ring.path, changed)
    except OSError as error:
        text = N_("Berkas kunci tidak dapat ditulis; putar kunci di tempat asalnya.")
        raise Refusal("keys-unwritable", text) from error
    ring.look_again()


async def _books(database: Database) -> list[int]:
    async with database.directory() as connection:
        return [one.book_id for one in await all_cooperatives(connection)]


async def _waiting(database: Database, ring: KeyRing, book_id: int) -> set[str]:
    """Tables with a value of this book that another key seals: most books have few of them, and are asked once."""
    current = ring.cipher.prefix
    found = []
    for table, columns in sealed_columns().items():
        old = or_(*(_sealed_with_another(column, current) for column in columns))
        here = select(literal(table.name).label("name")).where(
            select(table.c.book_id).where(table.c.book_id == book_id, old).exists()
        )
        found.append(here)
    async with database.reading(book_id) as connection:
        return set(await connection.scalars(union_all(*found)))


def _head(key: Key) -> bytes:
    return VERSION + bytes.fromhex(key.key_id)


async def _rotate_table(
    database: Database,
    ring: KeyRing,
    book_id: int,
    table: Table,
    columns: Sequence[Column[Any]],
    damaged: list[Place],
) -> int:
    """Walk the table by its primary key, so that every row is looked at once."""
    key = [column for column in table.primary_key.columns if column.name != "book_id"]
    size = min(column.info[SEALED] for column in columns)
    change = (
        update(table)
        .where(table.c.book_id == book_id, and_(*(column == bindparam(f"key_{column.name}") for column in key)))
        .values({column.name: bindparam(f"new_{column.name}") for column in columns})
    )
    done, last = 0, list[Any]()
    while True:
        async with database.work(book_id) as work:
            current = ring.cipher.prefix
            old = or_(*(_sealed_with_another(column, current) for column in columns))
            query = select(*key, *columns).where(table.c.book_id == book_id, old).order_by(*key).limit(size)
            if last:
                query = query.where(tuple_(*key) > tuple_(*last))
            rows = (await work.connection.execute(query.with_for_update())).mappings().all()
            if not rows:
                return done
            changes = []
            for row in rows:
                last = [row[column] for column in key]
                named = {f"key_{column.name}": row[column] for column in key}
                changes.append(named | dict(_sealed_anew(ring, table, columns, book_id, row, last, damaged)))
            await work.connection.execute(change, changes)
            await work.commit()
        done += len(rows)


def _sealed_with_another(column: Column[Any], head: bytes) -> Any:
    # An empty value is none: a file that was let go.
    return and_(func.length(column) > 0, func.substr(column, 1, HEAD_BYTES, type_=LargeBinary) != head)


def _sealed_anew(
    ring: KeyRing,
    table: Table,
    columns: Sequence[Column[Any]],
    book_id: int,
    row: Any,
    key: Sequence[object],
    damaged: list[Place],
) -> Iterator[tuple[str, bytes | None]]:
    for column in columns:
        place = Place(table.name, column.name, book_id, row_of(key))
        sealed = row[column]
        try:
            anew = ring.cipher.seal(ring.open(sealed, place), place) if sealed else sealed
        except SealBrokenError:
            # One damaged value must not keep all others under the old key.
            damaged.append(place)
            anew = sealed
        yield f"new_{column.name}", anew


async def _used(database: Database, wanted: Sequence[Key], *, all_counts: bool = False) -> dict[str, int]:
    """How many values these keys seal; keys that seal nothing are left out, unless all are asked for."""
    counts = {key.key_id: 0 for key in wanted}
    by_head = {_head(key): key.key_id for key in wanted}
    for book_id in await _books(database):
        heads = []
        for table, columns in sealed_columns().items():
            for column in columns:
                head = func.substr(column, 1, HEAD_BYTES, type_=LargeBinary).label("head")
                mine = select(head, func.count()).where(table.c.book_id == book_id, func.length(column) > 0)
                heads.append(mine.group_by(head))
        async with database.reading(book_id) as connection:
            for found, count in await connection.execute(union_all(*heads)):
                if bytes(found) in by_head:
                    counts[by_head[bytes(found)]] += count
    return counts if all_counts else {key_id: count for key_id, count in counts.items() if count}
