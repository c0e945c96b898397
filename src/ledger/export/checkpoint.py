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


def code_of(checkpoint: Checkpoint, signature: bytes) -> str:
    """The whole code."""
    return f"{words(checkpoint)}:{_base32(signature)}"


def sign(key: Ed25519PrivateKey, checkpoint: Checkpoint) -> str:
    """The whole code, signed now."""
    return code_of(checkpoint, key.sign(words(checkpoint).encode()))


def parse(code: str) -> tuple[Checkpoint, bytes]:
    """What a code says, and its signature, whoever made it; white space and small letters are forgiven.

    Raises:
        ValueError: it is no such code.
    """
    said, _, signature = "".join(code.split()).upper().rpartition(":")
    prefix, book, number, hash_, moment = said.split(":")
    at = datetime.strptime(moment, _MOMENT).replace(tzinfo=UTC)
    found = Checkpoint(int(book), int(number), _from_base32(hash_), at)
    # A fact has one spelling: what the signature covers is what is read here.
    if prefix != PREFIX or len(found.hash) != 32 or words(found) != said:
        raise ValueError("not a checkpoint of this version")
    return found, _from_base32(signature)


def signed_by(key: Ed25519PublicKey, checkpoint: Checkpoint, signature: bytes) -> bool:
    """Did the owner of this key sign it?"""
    try:
        key.verify(signature, words(checkpoint).encode())
    except InvalidSignature:
        return False
    return True


def read(code: str, key: Ed25519PublicKey) -> Checkpoint:
    """What a code says, if this key signed it.

    Raises:
        ValueError: it is no such code, or another key signed it.
    """
    found, signature = parse(code)
    if not signed_by(key, found, signature):
        raise ValueError("not a checkpoint that this key signed")
    return found


def _base32(data: bytes) -> str:
    return b32encode(data).decode().rstrip("=")


def _from_base32(text: str) -> bytes:
    return b32decode(text + "=" * (-len(text) % 8))
