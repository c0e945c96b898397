"""Numbers people type and read back: account numbers and the code on a receipt. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re

ACCOUNT_SERIALS = range(1, 1_000_000)

_ACCOUNT = re.compile(r"[0-9]{9}")

# Damm, "Total anti-symmetrische Quasigruppen" (2004): finds every single wrong digit and every swap of neighbours.
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_SECRET_MIN_BYTES = 16


def make_account_number(prefix: str, serial: int) -> str:
    """An account number of nine digits: product 2, serial 6, Damm check digit 1. No product begins with 0.

    Raises:
        ValueError: a prefix that isn't two digits, or a serial outside 1..999999.
    """
    if not re.fullmatch(r"[1-9][0-9]", prefix):
        raise ValueError("an account prefix is two digits and doesn't begin with 0")
    if serial not in ACCOUNT_SERIALS:
        raise ValueError("an account serial lies between 1 and 999999")
    body = f"{prefix}{serial:06}"
    return f"{body}{_damm(body)}"


def is_valid_account_number(text: str) -> bool:
    """Whether these nine digits carry the right check digit; says nothing of whether the account exists."""
    return _ACCOUNT.fullmatch(text) is not None and _damm(text) == 0


def serial_of(number: str) -> int:
    """The serial in an account number; 0 if the number is none."""
    return int(number[2:8]) if is_valid_account_number(number) else 0


def verify_code(secret: bytes, entry_number: int, entry_hash: bytes) -> str:
    """The code printed on a receipt, which only this cooperative could have made: ``XXXX-XXXX``.

    Forty bits of HMAC-SHA256 over the journal entry's number and hash, in Crockford's base 32 (no I, L, O, U).

    Args:
        secret: the installation's secret, at least 16 bytes.
        entry_number: the journal entry's number in its book.
        entry_hash: the entry's link in the chain.

    Raises:
        ValueError: the secret is too short.
    """
    if len(secret) < _SECRET_MIN_BYTES:
        raise ValueError("the receipt secret has fewer than 16 bytes")
    message = b"koperasi receipt\x00" + entry_number.to_bytes(8, "big") + entry_hash
    bits = int.from_bytes(hmac.digest(secret, message, hashlib.sha256)[:5], "big")
    code = "".join(_CROCKFORD[bits >> shift & 31] for shift in range(35, -5, -5))
    return f"{code[:4]}-{code[4:]}"


def check_verify_code(secret: bytes, entry_number: int, entry_hash: bytes, text: str) -> bool:
    """Whether a code read off paper is the entry's; small letters, O for 0 and I or L for 1 are forgiven.

    Takes the same time whatever is wrong.
    """
    wanted = verify_code(secret, entry_number, entry_hash).replace("-", "")
    read = text.strip().upper().translate(_READ_AS)
    return hmac.compare_digest(wanted.encode(), read.encode("utf-8", "replace"))


def _damm(digits: str) -> int:
    """The Damm check digit; zero over a number that already carries its own."""
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return interim
