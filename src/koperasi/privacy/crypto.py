"""How a value is sealed, and how it is looked for without being opened. Keys come from outside.

A sealed value is ``version (1 byte) | key id (4) | nonce (12) | AES-256-GCM ciphertext and tag``. Its associated data
name the place it belongs to, so that a value moved to another row, column, table or book does not open there.

What must be found again has a digest beside it: HMAC-SHA-256 under a key of its own, another one for each book, cut to
16 bytes. Without that key nobody can try all identity numbers against it.
"""

from __future__ import annotations

import hmac
import os
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"
KEY_ID_BYTES = 4
NONCE_BYTES = 12
HEAD_BYTES = len(VERSION) + KEY_ID_BYTES
SECRET_BYTES = 32
DIGEST_BYTES = 16

_SHORTEST = HEAD_BYTES + NONCE_BYTES + 16


class Place(NamedTuple):
    """Where a sealed value belongs; ``row`` is the rest of the primary key, its parts joined by ``/``."""

    table: str
    column: str
    book_id: int
    row: str


class SealBrokenError(Exception):
    """A sealed value was changed, moved to another place, or is none. Its text names the place, never the value."""


class Cipher:
    """One key, ready to seal and to open."""

    def __init__(self, key_id: bytes, secret: bytes) -> None:
        self.prefix = VERSION + key_id
        self._aead = AESGCM(secret)

    def seal(self, value: bytes, place: Place) -> bytes:
        """The value as it is stored at its place. Sealing twice gives two texts: equal values do not show."""
        nonce = os.urandom(NONCE_BYTES)
        return self.prefix + nonce + self._aead.encrypt(nonce, value, associated_data(place))

    def open(self, sealed: bytes, place: Place) -> bytes:
        """The value again.

        Raises:
            SealBrokenError: it was changed or moved.
        """
        nonce, text = sealed[HEAD_BYTES : HEAD_BYTES + NONCE_BYTES], sealed[HEAD_BYTES + NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, text, associated_data(place))
        except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a nonce
            raise broken(place) from error


def key_id_of(sealed: bytes, place: Place) -> bytes:
    """Which key a value was sealed with.

    Raises:
        SealBrokenError: it is no sealed value.
    """
    if len(sealed) < _SHORTEST or sealed[: len(VERSION)] != VERSION:
        raise broken(place)
    return sealed[len(VERSION) : HEAD_BYTES]


def broken(place: Place) -> SealBrokenError:
    """The complaint about a place."""
    return SealBrokenError(f"{place.table}.{place.column} of book {place.book_id}")


def associated_data(place: Place) -> bytes:
    """The place as bytes. No part can hold the separator: PostgreSQL stores no zero byte in a text."""
    return b"\0".join((place.table.encode(), place.column.encode(), b"%d" % place.book_id, place.row.encode()))


def book_key(digest_key: bytes, book_id: int) -> bytes:
    """The key of one book's digests: the same number has another digest in every cooperative."""
    return hmac.digest(digest_key, b"book %d" % book_id, "sha256")


def digest(key: bytes, purpose: str, value: str) -> bytes:
    """What a value is looked up by; ``purpose`` keeps a phone number from matching an identity number."""
    return hmac.digest(key, f"{purpose}\0{value}".encode(), "sha256")[:DIGEST_BYTES]
