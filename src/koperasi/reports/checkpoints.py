"""The installation's key, and the head of a book signed with it: what an auditor takes home on paper."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import ledger
from ledger.export.checkpoint import Checkpoint, code_of, words
from ledger.seal import inclusion_code

KEY_FILE = "checkpoint.key"


class SignedHead(NamedTuple):
    """The last entry of a book at a moment; ``short`` is for typing, ``code`` and its QR symbol hold all of it."""

    number: int
    hash: str
    at: datetime
    short: str
    code: str
    public_key: str
    signature: bytes

    @classmethod
    def of(cls, book_id: int, head: ledger.Head, at: datetime, public_key: bytes, signature: bytes) -> SignedHead:
        """The head as it was signed."""
        code = code_of(Checkpoint(book_id, head.number, head.hash, at), signature)
        return cls(head.number, head.hash.hex(), at, inclusion_code(head.hash), code, public_key.hex(), signature)

    def symbol(self) -> segno.QRCode:
        """The code as a QR symbol."""
        return segno.make(self.code, error="m", micro=False)


def installation_key(data_dir: Path) -> Ed25519PrivateKey:
    """The key that signs; made when it is first needed, for its owner's eyes only. Back it up with the data."""
    path = data_dir / KEY_FILE
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(Ed25519PrivateKey.generate().private_bytes_raw().hex())
        # Of two processes that begin at the same time only one can give its key the name.
        with suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))


def signer(key: Ed25519PrivateKey) -> Callable[[bytes], tuple[bytes, bytes]]:
    """Signs a bundle's manifest."""
    return lambda data: (key.public_key().public_bytes_raw(), key.sign(data))


def signed_head(key: Ed25519PrivateKey, book_id: int, head: ledger.Head, at: datetime) -> SignedHead:
    """The book's last entry, signed. The code keeps whole seconds."""
    at = at.replace(microsecond=0)
    signature = key.sign(words(Checkpoint(book_id, head.number, head.hash, at)).encode())
    return SignedHead.of(book_id, head, at, key.public_key().public_bytes_raw(), signature)
