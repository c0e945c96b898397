"""The second factor: six digits from the phone (RFC 6238, as all authenticator programs make them), and codes on paper.

Pure: the moment and the chance are arguments.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from datetime import datetime
from urllib.parse import quote, urlencode

from koperasi.access.rules import ALPHABET, digest

STEP = 30
"""Seconds that one code is shown for."""
DIGITS = 6
SECRET_BYTES = 20
"""The length of SHA-1, as RFC 4226 wants it."""
WINDOW = 1
"""So many steps early or late still count: phones' clocks differ."""

RECOVERY_CODES = 10
RECOVERY_SIGNS = 16
"""Of 32 kinds: 80 bits, so that a fast hash of it is enough."""


def step_of(now: datetime) -> int:
    """Which step since 1970 a moment is in."""
    return int(now.timestamp()) // STEP


def code_at(secret: bytes, step: int) -> str:
    """The six digits of a step."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    start = mac[-1] & 0xF
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def fitting_step(secret: bytes, typed: str, now: datetime, last_step: int) -> int | None:
    """The step whose code was typed; nothing if it is no code of about now, or of a step that was used before.

    Every step of the window is computed, whichever fits.
    """
    code = tidy(typed)
    here = step_of(now)
    fits = [
        step
        for step in range(here - WINDOW, here + WINDOW + 1)
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode())
    ]
    return next((step for step in fits if step > last_step), None)


def tidy(typed: str) -> str:
    """A code without the spaces and hyphens that people put into it, in small letters."""
    return re.sub(r"[\s-]", "", typed[:100]).lower().encode("ascii", "replace").decode()


def is_code(typed: str) -> bool:
    """Six digits; anything else may be a recovery code."""
    return bool(re.fullmatch(rf"[0-9]{{{DIGITS}}}", tidy(typed), re.ASCII))


def secret_text(secret: bytes) -> str:
    """The secret as it is typed by hand: groups of four."""
    text = b32encode(secret).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def provisioning_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """What the QR symbol holds: secret, cooperative and user name, for the authenticator program."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    facts = {"secret": b32encode(secret).decode(), "issuer": issuer, "digits": DIGITS, "period": STEP}
    return f"otpauth://totp/{label}?{urlencode(facts, quote_via=quote)}"


def recovery_codes(chance: bytes) -> list[str]:
    """Ten codes for paper, in groups of four.

    Args:
        chance: 160 random bytes.
    """
    signs = "".join(ALPHABET[byte & 31] for byte in chance[: RECOVERY_CODES * RECOVERY_SIGNS])
    codes = (signs[at : at + RECOVERY_SIGNS] for at in range(0, len(signs), RECOVERY_SIGNS))
    return ["-".join(code[at : at + 4] for at in range(0, RECOVERY_SIGNS, 4)) for code in codes]


def recovery_digest(typed: str) -> bytes:
    """What is kept of a recovery code."""
    return digest(tidy(typed))
