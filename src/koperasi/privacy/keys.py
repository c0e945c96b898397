"""The keys of personal data: a small file outside the database, and what a process holds of it.

Whoever has the database or a backup, but not this file, reads no identity number. Whoever loses the file, loses them.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from koperasi.errors import Unavailable
from koperasi.i18n import N_
from koperasi.privacy import crypto
from koperasi.privacy.crypto import Cipher, Place

LOOK_EVERY = 5  # seconds
"""How soon a process seals with a key that another one has made. What it can't open it looks for at once."""


class KeysMissing(Unavailable):
    """The key file is not there, not readable, or lacks a key that a value needs."""


@dataclass(frozen=True)
class Key:
    """One data key. A retired one opens what old backups bring back, and seals nothing."""

    key_id: str
    secret: bytes
    made_at: str
    retired_at: str | None = None

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Key({self.key_id})"


@dataclass(frozen=True)
class Keys:
    """All keys of an installation; the last one seals."""

    keys: tuple[Key, ...]
    digest_key: bytes

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Keys({', '.join(key.key_id for key in self.keys)})"

    @property
    def current(self) -> Key:
        """The one that seals."""
        return self.keys[-1]

    @property
    def leaving(self) -> tuple[Key, ...]:
        """Older ones that values may still be sealed with."""
        return tuple(key for key in self.keys[:-1] if key.retired_at is None)

    def with_new(self, now: datetime) -> Keys:
        """With another key, which seals from now on."""
        return replace(self, keys=(*self.keys, _fresh(now, {key.key_id for key in self.keys})))

    def with_retired(self, now: datetime) -> Keys:
        """With all older keys retired."""
        kept = [key if key.retired_at else replace(key, retired_at=_moment(now)) for key in self.keys[:-1]]
        return replace(self, keys=(*kept, self.current))

    def without(self, key_id: str) -> Keys:
        """With a key forgotten for good."""
        return replace(self, keys=tuple(key for key in self.keys if key.key_id != key_id))


def make(path: Path, now: datetime) -> None:
    """Write a first key into a new file for its owner's eyes only; a file that is there stays as it is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = _written_beside(path, Keys((_fresh(now, set()),), secrets.token_bytes(crypto.SECRET_BYTES)))
    # Of two processes that begin at the same time only one can give its file the name.
    with suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()


def read(path: Path) -> Keys:
    """The keys in a file.

    Raises:
        KeysMissing: there is none, or it is not one.
    """
    try:
        told: dict[str, Any] = json.loads(path.read_text())
        keys = tuple(
            Key(one["id"], bytes.fromhex(one["secret"]), one["made_at"], one.get("retired_at")) for one in told["keys"]
        )
        found = Keys(keys, bytes.fromhex(told["digest_key"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise missing() from error
    lengths = {len(key.secret) for key in keys} | {len(found.digest_key)}
    if not keys or lengths != {crypto.SECRET_BYTES} or any(len(key.key_id) != 2 * crypto.KEY_ID_BYTES for key in keys):
        raise missing()
    return found


def write(path: Path, keys: Keys) -> None:
    """Replace the file as a whole: whoever reads meanwhile reads the old one or the new one.

    Raises:
        OSError: it may not be written, as a secret that is mounted read-only.
    """
    _written_beside(path, keys).replace(path)


def _written_beside(path: Path, keys: Keys) -> Path:
    told = {
        "digest_key": keys.digest_key.hex(),
        "keys": [
            {"id": key.key_id, "secret": key.secret.hex(), "made_at": key.made_at, "retired_at": key.retired_at}
            for key in keys.keys
        ],
    }
    fresh = path.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(told, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return fresh


def _fresh(now: datetime, taken: set[str]) -> Key:
    key_id = next(one for one in _ids() if one not in taken)
    return Key(key_id, secrets.token_bytes(crypto.SECRET_BYTES), _moment(now))


def _ids() -> Iterator[str]:
    while True:
        yield secrets.token_hex(crypto.KEY_ID_BYTES)


def _moment(now: datetime) -> str:
    return now.isoformat(timespec="seconds")


def missing() -> KeysMissing:
    """What people are told; where the file should be, stands in docs/operations.md."""
    return KeysMissing(
        "keys-missing", N_("Kunci data pribadi tidak ditemukan di server ini. Hubungi pengelola sistem Anda.")
    )


class _Loaded:
    """What a file held when it was read, ready to be used."""

    def __init__(self, stamp: tuple[int, int], keys: Keys) -> None:
        self.stamp = stamp
        self.keys = keys
        self.ciphers = {
            key_id: Cipher(key_id, key.secret) for key in keys.keys for key_id in [bytes.fromhex(key.key_id)]
        }
        self.current = self.ciphers[bytes.fromhex(keys.current.key_id)]
        self.book_keys: dict[int, bytes] = {}


class KeyRing:
    """The keys as a process uses them; follows the file when a rotation changes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._loaded: _Loaded | None = None
        self._look_at = time.monotonic()  # not money: seconds

    def look_again(self) -> None:
        """Read the file, if it is not the one that was read before.

        Raises:
            KeysMissing: there is none.
        """
        try:
            found = self.path.stat()
        except OSError as error:
            raise missing() from error
        stamp = (found.st_ino, found.st_mtime_ns)
        if self._loaded is None or self._loaded.stamp != stamp:
            self._loaded = _Loaded(stamp, read(self.path))
        self._look_at = time.monotonic() + LOOK_EVERY

    def _fresh(self) -> _Loaded:
        if self._loaded is None or time.monotonic() >= self._look_at:
            self.look_again()
        if self._loaded is None:
            raise missing()
        return self._loaded

    @property
    def cipher(self) -> Cipher:
        """The one that seals.

        Raises:
            KeysMissing: there is none. What can't be opened again must not be sealed.
        """
        return self._fresh().current

    def open(self, sealed: bytes, place: Place) -> bytes:
        """A sealed value, with whichever key it needs.

        Raises:
            KeysMissing: its key is not in the file.
            crypto.SealBrokenError: it was changed or moved.
        """
        key_id = crypto.key_id_of(sealed, place)
        for look in (False, True):
            if look or self._loaded is None:
                self.look_again()
            if self._loaded is not None and (cipher := self._loaded.ciphers.get(key_id)):
                return cipher.open(sealed, place)
        raise missing()

    def digest(self, book_id: int, purpose: str, value: str) -> bytes:
        """What a value is looked up by in one book."""
        loaded = self._fresh()
        key = loaded.book_keys.get(book_id)
        if key is None:
            key = loaded.book_keys[book_id] = crypto.book_key(loaded.keys.digest_key, book_id)
        return crypto.digest(key, purpose, value)
