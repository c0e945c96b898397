"""What an entry by hand is by the accounts that it touches: a write-off, money handed out as a loan, or neither. Pure.

The accounts are those of the charts (docs/charts.md); which acts need a second person the policies say, not this file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ledger
from koperasi.approvals.service import Kind
from koperasi.bookkeeping.rules import NewLine
from koperasi.cooperatives.service import Kind as Cooperation
from ledger import AccountType


@dataclass(frozen=True, slots=True)
class Lending:
    """Codes of the first level: what members owe, the allowance for what they will not pay, and what was given up."""

    claims: frozenset[str]
    allowance: frozenset[str]
    given_up: frozenset[str] = frozenset({"9101"})


_CONVENTIONAL = Lending(frozenset({"1201", "1202", "1203", "1204", "1205", "1221"}), frozenset({"1209"}))
_SHARIA = Lending(
    frozenset({"1201", "1203", "1204", "1211", "1212", "1213", "1221", "1222", "1231", "8302"}), frozenset({"1249"})
)
_BANK = Lending(frozenset({"1201", "1202", "1203", "1204"}), frozenset({"1209"}))
_GROUP = Lending(frozenset({"1201", "1202"}), frozenset())

LENDING: Mapping[Cooperation, Lending] = {
    Cooperation.KSP: _CONVENTIONAL,
    Cooperation.USP: _CONVENTIONAL,
    Cooperation.KSPPS: _SHARIA,
    Cooperation.USPPS: _SHARIA,
    Cooperation.BUMDES_UNIT: _CONVENTIONAL,
    Cooperation.BPR: _BANK,
    Cooperation.KELOMPOK: _GROUP,
}

MONEY = "11"
"""Codes of cash and banks begin so in every chart."""

OWED = frozenset({AccountType.LIABILITY, AccountType.TEMPORARY_SYIRKAH, AccountType.EQUITY})
"""Where a loan may go instead of over the desk: to the borrower's savings."""


def act_of(lines: Sequence[NewLine], accounts: Mapping[str, ledger.Account], lending: Lending) -> Kind | None:
    """``WRITE_OFF``, ``DISBURSEMENT``, or nothing of that kind; a write-off first, if it could be both.

    A claim that is credited against the allowance or an expense is written off, and so is whatever is debited to the
    memorandum of what was given up. A claim that is debited against cash, a bank, or what the cooperative owes is paid
    out.

    Args:
        lines: of the entry.
        accounts: those that they name, by code; an unknown one is left out.
        lending: the codes of this kind of cooperative.
    """
    debited = [accounts[line.account] for line in lines if line.debit_minor and line.account in accounts]
    credited = [accounts[line.account] for line in lines if line.credit_minor and line.account in accounts]
    lost = any(_top(one) in lending.allowance or one.type is AccountType.EXPENSE for one in debited)
    if any(_top(one) in lending.given_up for one in debited):
        return Kind.WRITE_OFF
    if lost and any(_top(one) in lending.claims for one in credited):
        return Kind.WRITE_OFF
    given = any(one.code.startswith(MONEY) or one.type in OWED for one in credited)
    if given and any(_top(one) in lending.claims for one in debited):
        return Kind.DISBURSEMENT
    return None


def _top(account: ledger.Account) -> str:
    return account.code.partition(".")[0]
