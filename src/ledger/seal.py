"""The seal: each entry's hash covers the entry and the hash before it, so no line can change unseen.

``hash(n) = SHA-256(hash(n-1) || canonical(n))``, with 32 zero bytes before the first entry. ``canonical`` is a JSON
array without white space, UTF-8, characters outside ASCII unescaped, as ``json.dumps(..., ensure_ascii=False,
separators=(",", ":"))`` writes it::

    ["koperasi-entry-1", book, number, "2026-11-25", "2026-11-25T03:04:05.000001Z", kind, description,
     source or null, actor, reversed number or null, link or null, [[key, value], ...] sorted by key,
     [[account code, currency, signed minor units], ...] in the order of the lines]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from hashlib import sha256

GENESIS = bytes(32)
VERSION = "koperasi-entry-1"

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def canonical(
    *,
    book_id: int,
    number: int,
    effective_date: date,
    recorded_at: datetime,
    kind: str,
    description: str,
    source: str | None,
    actor: str,
    reverses: int | None,
    link: str | None,
    metadata: Mapping[str, str],
    lines: Iterable[tuple[str, str, int]],
) -> bytes:
    """The bytes that are sealed; ``recorded_at`` is in UTC, ``lines`` are (account code, currency, signed amount)."""
    return _encode(
        [
            VERSION,
            book_id,
            number,
            effective_date.isoformat(),
            recorded_at.isoformat(timespec="microseconds")[:26] + "Z",
            kind,
            description,
            source,
            actor,
            reverses,
            link,
            sorted(metadata.items()) if metadata else [],
            list(lines),
        ]
    ).encode()


def seal(previous_hash: bytes, canonical_bytes: bytes) -> bytes:
    """The hash of an entry, from the hash before it and its canonical bytes."""
    return sha256(previous_hash + canonical_bytes).digest()
