"""The seal: each entry's hash covers the entry and the hash before it, so no line can change unseen.

``hash(n) = SHA-256(hash(n-1) || canonical(n))``, with 32 zero bytes before the first entry. ``canonical`` is a JSON
array without white space, UTF-8, characters outside ASCII unescaped, as ``json.dumps(..., ensure_ascii=False,
separators=(",", ":"))`` writes it::

    ["koperasi-entry-1", book, number, "2026-11-25", "2026-11-25T03:04:05.000001Z", kind, description,
     note digest as 64 lower-case hex digits or null, source or null, actor, reversed number or null, link or null,
     [[key, value], ...] sorted by key,
     [[account code, currency, signed minor units], ...] in the order of the lines]

What people typed is a note: the seal covers only ``SHA-256(salt || UTF-8 text)``, so that the text can be erased and
the chain still holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring

GENESIS = bytes(32)
VERSION = "koperasi-entry-1"
TRIAL_BALANCE_VERSION = "koperasi-trial-balance-1"

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_quoted: Callable[[str], str] = encode_basestring


def canonical(
    *,
    book_id: int,
    number: int,
    effective_date: date,
    recorded_at: datetime,
    kind: str,
    description: str,
    note_digest: bytes | None,
    source: str | None,
    actor: str,
    reverses: int | None,
    link: str | None,
    metadata: Mapping[str, str],
    lines: Iterable[tuple[str, str, int]],
) -> bytes:
    """The bytes that are sealed; ``recorded_at`` is in UTC, ``lines`` are (account code, currency, signed amount)."""
    digest = "null" if note_digest is None else f'"{note_digest.hex()}"'
    pairs = _encode(sorted(metadata.items())) if metadata else "[]"
    postings = ",".join([f"[{_quoted(code)},{_quoted(currency)},{amount}]" for code, currency, amount in lines])
    # Written by hand, since every entry passes here; the tests hold it to what json.dumps writes.
    return (
        f'["{VERSION}",{book_id},{number},"{effective_date.isoformat()}","{_moment(recorded_at)}",{_quoted(kind)},'
        f"{_quoted(description)},{digest},{_text(source)},{_quoted(actor)},"
        f"{'null' if reverses is None else reverses},{_text(link)},{pairs},[{postings}]]"
    ).encode()


def _text(words: str | None) -> str:
    return "null" if words is None else _quoted(words)


@lru_cache(maxsize=8)
def _moment(recorded_at: datetime) -> str:
    """All entries of a batch are recorded at one moment."""
    return recorded_at.isoformat(timespec="microseconds")[:26] + "Z"


def digest_of(salt: bytes, text: str) -> bytes:
    """What is sealed of a note. The salt keeps anybody from guessing an erased text by trying likely ones."""
    return sha256(salt + text.encode()).digest()


def seal(previous_hash: bytes, canonical_bytes: bytes) -> bytes:
    """The hash of an entry, from the hash before it and its canonical bytes."""
    return sha256(previous_hash + canonical_bytes).digest()


def trial_balance_digest(
    book_id: int, day: date, number: int, last_hash: bytes, sums: Iterable[tuple[str, str, int, int]]
) -> bytes:
    """What a close keeps of the trial balance at the end of a day, when an entry was the book's last.

    SHA-256 of a JSON array, written as ``canonical`` is::

        ["koperasi-trial-balance-1", book, "2026-10-31", entry number, its hash in hex,
         [[account code, currency, debit, credit], ...] sorted by the code points of the codes]

    ``sums`` are (code, currency, debit, credit) in minor units, of all accounts with postings up to that day.
    """
    parts = [TRIAL_BALANCE_VERSION, book_id, day.isoformat(), number, last_hash.hex(), sorted(sums)]
    return sha256(_encode(parts).encode()).digest()


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def inclusion_code(entry_hash: bytes) -> str:
    """The code on a receipt by which anybody finds its entry in a bundle: ``XXXX-XXXX-XXXX-XXXX``.

    Eighty bits of SHA-256 over the entry's hash, in Crockford's base 32 (no I, L, O, U); ``verify_bundle.py`` knows it.
    """
    bits = int.from_bytes(sha256(entry_hash).digest()[:10], "big")
    code = "".join(_CROCKFORD[bits >> shift & 31] for shift in range(75, -5, -5))
    return "-".join(code[at : at + 4] for at in range(0, 16, 4))
