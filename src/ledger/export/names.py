"""Accounts as plain-text accounting tools name them: five roots, the code in every part, so that no two are alike.

Those tools know assets, liabilities, equity, income and expenses. Temporary syirkah funds and social funds are owed
to others than the members, so they stand under liabilities, each apart; memorandum accounts, which stand on both sides,
under equity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ledger.account import Account, AccountType, parent_code

ROOTS = {
    AccountType.ASSET: "Assets",
    AccountType.LIABILITY: "Liabilities",
    AccountType.TEMPORARY_SYIRKAH: "Liabilities:Temporary-Syirkah",
    AccountType.EQUITY: "Equity",
    AccountType.INCOME: "Income",
    AccountType.EXPENSE: "Expenses",
    AccountType.SOCIAL_FUND: "Liabilities:Social-Funds",
    AccountType.MEMORANDUM: "Equity:Memorandum",
}

LONGEST_NAME = 80


def readable_names(accounts: Iterable[Account]) -> dict[int, str]:
    """Names by account number for hledger and ledger: ``Liabilities:2101 Simpanan Wadiah:2101.17 Simpanan 17``.

    Accounts come in the order of their codes, so that the one above is there before those beneath it.
    """
    by_code: dict[str, str] = {}
    found = {}
    for account in accounts:
        above = parent_code(account.code)
        before = by_code[above] if above is not None else ROOTS[account.type]
        name = f"{before}:{account.code} {tame(account.name_id)}".rstrip()
        by_code[account.code] = found[account.account_id] = name
    return found


def strict_name(account: Account) -> str:
    """The name for beancount, whose parts are letters, digits and hyphens: ``Liabilities:2101:17``.

    A part that begins with a small letter, which beancount refuses, has ``X-`` before it; no code has a hyphen.
    """
    parts = [part if part[0].isdigit() or part[0].isupper() else f"X-{part}" for part in account.code.split(".")]
    return ":".join([ROOTS[account.type], *parts])


def type_of(name: str) -> tuple[AccountType, str]:
    """The type that an account's full name tells, and what follows its root.

    Raises:
        ValueError: no known root.
    """
    for kind, root in sorted(ROOTS.items(), key=lambda item: -len(item[1])):
        if name.startswith(root + ":"):
            return kind, name[len(root) + 1 :]
    raise ValueError("unknown root")


_UNTAMED = re.compile(r"[:;\[\]|\"@={}()*!~%#]|^ | $|  ")
_SPECIAL = re.compile(r"[:;\[\]|\"@={}()*!~%#]")


def tame(words: str) -> str:
    """Words without anything that a plain-text tool takes for syntax; one space between them, on one line."""
    if words.isprintable() and len(words) <= LONGEST_NAME and not _UNTAMED.search(words):
        return words
    printable = "".join(one if one.isprintable() else " " for one in words)
    return " ".join(_SPECIAL.sub(" ", printable).split())[:LONGEST_NAME].rstrip()
