"""What a password must be, how long a log-in lasts, how guessing is slowed, and where a log-in may lead back to."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from koperasi.access.common import is_common
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.permissions import Role

SESSION_IDLE = timedelta(minutes=30)
"""A page left alone this long asks for the password again: phones and counters are shared."""
SESSION_LONGEST = timedelta(hours=12)
"""Nobody stays logged in longer than a working day, however busy."""
CODE_AWAITED = timedelta(minutes=5)
"""So long the second step of a log-in may take."""
TOKEN_LIFE = timedelta(days=30)
LONGEST_TOKEN_DAYS = 365
TOUCH_EVERY = timedelta(minutes=1)
"""The time of last use is written no more often than this, so that reading a page does not mean writing a row."""
VERIFIED_FOR = timedelta(seconds=5)
"""A process believes a verified API token this long without asking the database again."""
RENEWED_BEFORE = timedelta(seconds=1)
"""So long before that time is over one request looks the token up again, while the others still believe it."""
VERIFIED_AT_MOST = 1_000

LEAST_PASSWORD = 12
LONGEST_PASSWORD = 128
PIN_DIGITS = 6

LONGEST_DELAY = 15 * 60
"""Seconds. A stolen PIN list of a million then takes many years to try."""
FORGET_AFTER = timedelta(hours=24)
"""Failures older than this no longer count."""

WRONG = N_("Nama pengguna atau kata sandi tidak cocok.")
"""Said whatever was wrong: the cooperative, the name, the password, or that the user is no longer active."""


class Counter(NamedTuple):
    """One count of failed log-ins: its key, and how many go by before waiting begins."""

    key: str
    free: int

    @property
    def delays(self) -> list[int]:
        """Seconds to wait after the first, second, … failure; the last holds for all that follow."""
        delays = [delay_seconds(1, self.free)]
        while delays[-1] < LONGEST_DELAY:
            delays.append(delay_seconds(len(delays) + 1, self.free))
        return delays


MIDDLE_OF_INDONESIA = timedelta(hours=8)


def policy_day(now: datetime) -> date:
    """On which day a log-in asks what the policies say: the date by central Indonesian time, everywhere."""
    return (now.astimezone(UTC) + MIDDLE_OF_INDONESIA).date()


USER_FREE = 5
ADDRESS_FREE = 20
"""Looser than for one user: a whole village may share an address."""


def delay_seconds(failures: int, free: int) -> int:
    """Seconds before the next try: none at first; from failure number ``free`` on 2, 4, 8, … up to 15 minutes."""
    if failures < free:
        return 0
    return min(1 << min(failures - free + 1, 20), LONGEST_DELAY)


def counters(username: str, address: str) -> tuple[Counter, Counter]:
    """The two counts that a log-in touches, always in this order (so that two log-ins can't wait for each other).

    The name stands as a digest: people type their password into the wrong field.
    """
    name = hashlib.sha256(normal_username(username).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return Counter(f"address:{throttled_address(address)}", ADDRESS_FREE), Counter(f"user:{name}", USER_FREE)


def throttled_address(address: str) -> str:
    """The address that is counted: an IPv6 customer owns a whole /64, so that counts as one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ip_network((int(parsed), 64), strict=False))
    return str(parsed)


def client_address(peer: str | None, forwarded_for: str, trusted_proxy: str | None) -> str:
    """Who is calling.

    ``X-Forwarded-For`` is believed from the trusted proxy only, and of it only what the proxy added: the last entry.
    """
    if peer and peer == trusted_proxy:
        last = forwarded_for.rpartition(",")[2].strip()
        if throttled_address(last) != "unknown":
            return last
    return peer or "unknown"


def normal_username(username: str) -> str:
    """Names are compared without regard to case or spaces around them."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


def checked_username(username: str) -> str:
    """The name under which somebody logs in.

    Raises:
        Refusal: not 2 to 40 letters, digits, dots, hyphens.
    """
    normal = normal_username(username)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,39}", normal):
        raise Refusal(
            "username", N_("Nama pengguna: 2 sampai 40 huruf kecil, angka, titik atau tanda hubung."), field="username"
        )
    return normal


def normal_password(password: str) -> bytes:
    """The bytes that are hashed: the same letters typed on two keyboards give the same bytes."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def check_password(password: str, *, role: Role, username: str, context: Collection[str] = ()) -> None:
    """Length is what counts (NIST SP 800-63B); members may have a PIN of six digits, which the throttle protects.

    Args:
        password: as typed.
        role: of whoever it is for.
        username: under which they log in.
        context: names that others know too: the cooperative's, the user's own.

    Raises:
        Refusal: too short or too long, or one that is tried first: a common one, a known name, an easy PIN.
    """
    if role is Role.ANGGOTA and re.fullmatch(rf"[0-9]{{{PIN_DIGITS}}}", password):
        if is_easy_pin(password):
            raise Refusal(
                "password", N_("PIN ini mudah ditebak. Jangan memakai angka kembar atau berurutan."), field="password"
            )
        return
    if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        message = (
            N_("PIN harus %(digits)s angka, atau pakai kata sandi paling sedikit %(least)s huruf.")
            if role is Role.ANGGOTA
            else N_("Kata sandi paling sedikit %(least)s huruf, paling banyak %(most)s.")
        )
        facts: dict[str, Any] = {"least": LEAST_PASSWORD, "most": LONGEST_PASSWORD, "digits": PIN_DIGITS}
        raise Refusal("password", message, field="password", **facts)
    if is_common(password, (username, *context)):
        raise Refusal(
            "password",
            N_("Kata sandi ini mudah ditebak. Pakailah beberapa kata yang tidak berhubungan."),
            field="password",
        )


def is_easy_pin(pin: str) -> bool:
    """One digit or one pair or triple again and again, or digits that run up or down."""
    steps = {(int(second) - int(first)) % 10 for first, second in pairwise(pin)}
    return steps in ({0}, {1}, {9}) or pin == pin[:2] * 3 or pin == pin[:3] * 2


ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""32 signs of which no two look alike on paper."""


def generated_password(chance: bytes, role: Role) -> str:
    """A first password, to be read out once: three groups of four (60 bits), or a PIN for members.

    Args:
        chance: at least 12 random bytes.
        role: whose it will be.
    """
    if role is Role.ANGGOTA:
        number = int.from_bytes(chance[:12], "big")
        while is_easy_pin(pin := f"{number % 10**PIN_DIGITS:06}"):
            number += 104_729
        return pin
    signs = "".join(ALPHABET[byte & 31] for byte in chance[:12])
    password = "-".join((signs[:4], signs[4:8], signs[8:]))
    # One in a million says a word or has no letter: then what chance gives next.
    return generated_password(hashlib.sha256(chance).digest(), role) if is_common(password) else password


def digest(token: str) -> bytes:
    """What is kept of a token: SHA-256. The secret is 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def session_token(book_id: int, secret: str) -> str:
    """What the cookie holds. The book stands in front, since a row is found only within its book."""
    return f"{book_id}.{secret}"


def api_token(book_id: int, secret: str) -> str:
    """What a program sends as ``Authorization: Bearer``; the prefix lets scanners find leaked ones."""
    return f"kop_{book_id}_{secret}"


def book_of_session(token: str) -> int | None:
    """The book that a cookie claims; nothing if it is no session token."""
    return _book(re.fullmatch(r"([1-9][0-9]{0,18})\.[A-Za-z0-9_-]{43}", token))


def book_of_api_token(token: str) -> int | None:
    """The book that a bearer token claims; nothing if it is not one of ours."""
    return _book(re.fullmatch(r"kop_([1-9][0-9]{0,18})_[A-Za-z0-9_-]{43}", token))


def _book(found: re.Match[str] | None) -> int | None:
    number = int(found.group(1)) if found else 0
    return number if 0 < number < 2**63 else None


def local_path(wanted: str | None) -> str:
    """Where to go after logging in: a path of this service, else the first page. Never another host."""
    if not wanted or len(wanted) > 1_000 or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    # Browsers read a backslash as a slash, and skip tabs and line breaks.
    if "\\" in wanted or any(ord(sign) <= 32 or ord(sign) >= 127 for sign in wanted):
        return "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path in {"/masuk", "/keluar", "/bahasa"}:
        return "/"
    return wanted
