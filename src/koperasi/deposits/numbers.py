"""Numbers of term deposits and of their certificates. Pure."""

from __future__ import annotations

from datetime import date

from koperasi.savings.service import make_account_number

PREFIX = "31"
SERIES = "deposit"


def deposit_number(serial: int) -> str:
    """Nine digits as savings accounts have them: 31, serial 6, check digit."""
    return make_account_number(PREFIX, serial)


def certificate_number(serial: int, opened_on: date) -> str:
    """The number on the certificate (bilyet): ``SB-2026-000123``."""
    return f"SB-{opened_on.year:04}-{serial:06}"


def serial_of(number: str) -> int:
    """The serial in a deposit's number."""
    return int(number[2:8])
