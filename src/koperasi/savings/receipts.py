"""Receipts: what a posted entry says to the member, and how its number is written and read back. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime

from koperasi.savings.rules import SavingsKind

_NUMBER = re.compile(r"(?:(?P<year>[0-9]{4})-)?(?P<entry>[0-9]{1,12})")


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof of one movement on one savings account (bukti). All of it can be read again from the entry.

    Attributes:
        number: as printed, ``2026-001203``.
        entry_number: of the journal entry behind it.
        kind: of the entry, e.g. ``savings.deposit`` or ``reversal``.
        account_number: the account; for a transfer the one the money came from.
        other_account_number: for a transfer, where it went.
        amount_minor: sen, positive.
        change_minor: sen, what it did to the balance: above zero when money came in.
        balance_after_minor: sen, what the member had right after it.
        teller: user name of whoever recorded it.
        verify_code: short code that only this cooperative can have made for this entry.
        inclusion_code: by which ``verify_bundle.py`` finds the entry in an exported bundle; anybody can compute it.
        replayed: the same request was answered before with this receipt.
        reverses: the entry that this one undoes.
        reversed_by: the entry that undid this one.
    """

    number: str
    entry_number: int
    effective_date: date
    recorded_at: datetime
    kind: str
    description: str
    member_number: str
    member_name: str = field(repr=False)
    account_number: str
    account_kind: SavingsKind
    other_account_number: str | None
    amount_minor: int
    change_minor: int
    balance_after_minor: int
    teller: str
    verify_code: str
    inclusion_code: str
    replayed: bool = False
    reverses: int | None = None
    reversed_by: int | None = None


def receipt_number(effective_date: date, entry_number: int) -> str:
    """A receipt's number: the year of its effective date and the entry's number, ``2026-001203``."""
    return f"{effective_date.year:04}-{entry_number:06d}"


def entry_number_of(text: str) -> int | None:
    """The entry's number from a receipt's (``2026-001203``) or bare (``1203``); None if it is neither."""
    found = _NUMBER.fullmatch(text.strip())
    return int(found["entry"]) if found else None


def is_number_of(text: str, receipt: Receipt) -> bool:
    """Whether a number read off paper is this receipt's: the year, if it was given, must be right too."""
    return "-" not in text or text.strip() == receipt.number
