"""Accounts: what kinds there are, which side they grow on, and how their codes form a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ledger.errors import AccountError

CODE_PATTERN = re.compile(r"[0-9A-Za-z]{1,20}(\.[0-9A-Za-z]{1,20}){0,5}")

PAUSED = date.max
"""Up to when an account is locked that takes no postings at all; the database calls this day infinity."""


class Side(StrEnum):
    """The side on which an account's balance is normal."""

    DEBIT = "debit"
    CREDIT = "credit"


class AccountType(StrEnum):
    """The elements of the statements, in the order in which they stand there."""

    ASSET = "asset"
    LIABILITY = "liability"
    TEMPORARY_SYIRKAH = "temporary_syirkah"
    """Dana syirkah temporer: funds under mudharabah, neither liability nor equity (PSAK 401)."""
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"
    SOCIAL_FUND = "social_fund"
    """Zakat, infaq, waqf and benevolent funds, reported apart from the entity's own (PSAK 401, 409)."""
    MEMORANDUM = "memorandum"
    """Off the balance sheet."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What it takes to open an account.

    ``floor`` is the least balance on the normal side, in minor units, that a posting may leave; ``None`` is no limit.
    ``control`` marks an account that is only the sum of the accounts beneath it and takes no postings itself.
    """

    code: str
    name_id: str
    name_en: str
    type: AccountType
    side: Side
    currency: str = "IDR"
    floor: int | None = None
    control: bool = False
    opened_on: date | None = None

    def __post_init__(self) -> None:
        """Refuse a code that can't stand in the tree, or a name that is empty."""
        if not CODE_PATTERN.fullmatch(self.code):
            raise AccountError(f"account code {self.code!r} is not letters or digits joined by dots")
        if not self.name_id.strip() or not self.name_en.strip():
            raise AccountError("an account needs a name in both languages")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stands in the book. ``debit`` and ``credit`` are running totals in minor units.

    ``last_day`` is the latest effective date of its postings. It takes no postings of days up to ``locked_to``, and
    none at all while that is ``PAUSED``.
    """

    book_id: int
    account_id: int
    code: str
    name_id: str
    name_en: str
    type: AccountType
    side: Side
    currency: str
    floor: int | None
    held: int
    control: bool
    opened_on: date | None
    closed_on: date | None
    debit: int
    credit: int
    last_day: date | None = None
    locked_to: date | None = None

    @property
    def balance(self) -> int:
        """Balance on the normal side: positive is what one expects of such an account."""
        return self.debit - self.credit if self.side is Side.DEBIT else self.credit - self.debit

    @property
    def available(self) -> int:
        """What may still be taken out: balance less holds less floor."""
        return self.balance - self.held - (self.floor or 0)


def parent_code(code: str) -> str | None:
    """The code one level up in the tree, or ``None`` at the top: ``2101.10000019`` stands under ``2101``."""
    head, dot, _ = code.rpartition(".")
    return head if dot else None
