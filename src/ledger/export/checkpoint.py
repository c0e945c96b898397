"""A signed checkpoint: the number and hash of a book's last entry on paper, in somebody else's hands.

Whoever has it can prove later that nothing up to that entry was changed: a bundle must hold that entry with that hash,
and the signature shows who said so. The code is text that a QR symbol holds in its alphanumeric mode::

    KOPERASI1:book:number:hash:moment:signature

Hash and signature are in base 32 (RFC 4648, without padding), the moment is UTC as ``20261125T030405Z``. Signed
(Ed25519, RFC 8032) is everything before the last colon.
"""

from __future__ import annotations

from base64 import b32decode, b32encode
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PREFIX = "KOPERASI1"
_MOMENT = "%Y%m%dT%H%M%SZ"


class Checkpoint(NamedTuple):
    """What a book's last entry was at some moment."""

    book_id: int
    number: int
    hash: bytes
    at: datetime


def words(checkpoint: Checkpoint) -> str:
    """The part of the code that is signed."""
    moment = checkpoint.at.astimezone(UTC).strftime(_MOMENT)
    return f"{PREFIX}:{checkpoint.book_id}:{checkpoint.number}:{_base32(checkpoint.hash)}:{moment}"


def sign(key: Ed25519PrivateKey, checkpoint: Checkpoint) -> str:
    """The whole code."""
    said = words(checkpoint)
    return f"{said}:{_base32(key.sign(said.encode()))}"


def read(code: str, key: Ed25519PublicKey) -> Checkpoint:
    """What a code says, if this key signed it.

    Raises:
        ValueError: it is no such code, or another key signed it.
    """
    said, _, signature = code.strip().rpartition(":")
    try:
        key.verify(_from_base32(signature), said.encode())
        prefix, book, number, hash_, moment = said.split(":")
        at = datetime.strptime(moment, _MOMENT).replace(tzinfo=UTC)
        found = Checkpoint(int(book), int(number), _from_base32(hash_), at)
    except (InvalidSignature, ValueError) as error:
        raise ValueError("not a checkpoint that this key signed") from error
    if prefix != PREFIX:
        raise ValueError("not a checkpoint of this version")
    return found


def _base32(data: bytes) -> str:
    return b32encode(data).decode().rstrip("=")


def _from_base32(text: str) -> bytes:
    return b32decode(text + "=" * (-len(text) % 8))
