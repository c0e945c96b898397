"""May this draft be posted? Pure rules over accounts, periods and the balances that a batch has built up so far.

The codes of a ``Rejected``, in the order in which they are looked for; one draft gets one code:

==========================  ===========================================================================
``too-few-lines``           fewer than two lines
``zero-amount``             a line of nothing
``amount-range``            a line larger than a quadrillion
``unknown-account``         no such account in this book
``control-account``         the account is a sum of others and takes no postings itself
``account-closed``          closed on or before the effective date
``account-not-open``        opened after the effective date
``account-locked``          it takes no postings of that day or of days before it
``account-paused``          it takes no postings at all, until it is unlocked
``same-account``            all lines are on one account
``unbalanced``              debits and credits of a currency differ
``period-held``             the month is being closed
``period-closed``           the month is closed
``unknown-entry``           the entry to reverse does not exist
``reversal-of-reversal``    it is itself a reversal, and that was not asked for explicitly; an undoing of an
                            undoing is never undone: the first entry is in force again and is reversed itself
``already-reversed``        an active reversal of it exists
``reversal-mismatch``       the lines do not mirror the entry's
``overflow``                a running total would leave BIGINT
``floor``                   the balance would fall below what the account allows, holds included
``floor-later``             the balance now would do, but at the end of an earlier day, from the effective date on, it
                            would have been below what the account allows
==========================  ===========================================================================

and, from ``journal``: ``idempotency-mismatch`` (the key was used for another request) and ``linked`` (another draft
of the same link was refused).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from ledger.account import PAUSED, Side
from ledger.entry import Draft, Line, Rejected
from ledger.money import MAX_AMOUNT

MAX_TOTAL = 2**63 - 1


class AccountFacts(NamedTuple):
    """What a check must know of an account, besides its running totals."""

    code: str
    side: str
    currency: str
    floor: int | None
    held: int
    control: bool
    opened_on: date | None
    closed_on: date | None
    last_day: date | None = None
    locked_to: date | None = None


class Totals(NamedTuple):
    """Running debit and credit of an account, in minor units."""

    debit: int
    credit: int


@dataclass(slots=True)
class ReversalFacts:
    """The entry that a draft wants to undo: its lines, what it reverses itself, and its active reversal if any."""

    lines: tuple[Line, ...]
    reverses: int | None
    undoes_an_undoing: bool
    reversed_by: int | None


def month_of(day: date) -> date:
    """The first of the month: the name of a period."""
    return day.replace(day=1)


def check_shape(draft: Draft, accounts: Mapping[int, AccountFacts]) -> Rejected | None:
    """Lines, accounts and balance: everything that no other entry can change."""
    if len(draft.lines) < 2:
        return Rejected("too-few-lines")
    sums: dict[str, int] = {}
    for position, (account_id, amount) in enumerate(draft.lines, 1):
        facts = accounts.get(account_id)
        refusal = _check_line(position, amount, facts, draft.effective_date)
        if refusal is not None or facts is None:
            return refusal
        sums[facts.currency] = sums.get(facts.currency, 0) + amount
    if len({account_id for account_id, _ in draft.lines}) == 1:
        return Rejected("same-account", {"account": accounts[draft.lines[0].account_id].code})
    for currency, total in sums.items():
        if total:
            return Rejected("unbalanced", {"currency": currency, "difference": total})
    return None


def _check_line(position: int, amount: int, facts: AccountFacts | None, day: date) -> Rejected | None:
    code = None
    if not amount:
        code = "zero-amount"
    elif not -MAX_AMOUNT <= amount <= MAX_AMOUNT:
        code = "amount-range"
    elif facts is None:
        code = "unknown-account"
    if code is not None or facts is None:
        return Rejected(code or "unknown-account", {"line": position})
    if facts.control:
        code = "control-account"
    elif facts.closed_on is not None and facts.closed_on <= day:
        code = "account-closed"
    elif facts.opened_on is not None and facts.opened_on > day:
        code = "account-not-open"
    if code is None and facts.locked_to is not None and facts.locked_to >= day:
        return _locked(position, facts.code, facts.locked_to)
    return Rejected(code, {"line": position, "account": facts.code}) if code else None


def _locked(position: int, account: str, to: date) -> Rejected:
    detail: dict[str, str | int] = {"line": position, "account": account}
    if to == PAUSED:
        return Rejected("account-paused", detail)
    return Rejected("account-locked", detail | {"day": to.isoformat()})


def check_period(draft: Draft, periods: Mapping[date, str]) -> Rejected | None:
    """Is the month of the effective date open? A month without a row is, unless a later one is closed."""
    if not periods:
        return None
    month = month_of(draft.effective_date)
    status = periods.get(month, "open")
    if any(each == "closed" and other >= month for other, each in periods.items()):
        status = "closed"
    if status == "closed" or (status == "held" and not draft.allow_held):
        return Rejected(f"period-{status}", {"month": draft.effective_date.strftime("%Y-%m")})
    return None


def check_reversal(draft: Draft, facts: ReversalFacts | None) -> Rejected | None:
    """May the entry that the draft names be undone by it?"""
    number = draft.reverses or 0
    if facts is None:
        return Rejected("unknown-entry", {"entry": number})
    if facts.reverses is not None and (facts.undoes_an_undoing or not draft.allow_reversal_of_reversal):
        return Rejected("reversal-of-reversal", {"entry": number, "reverses": facts.reverses})
    if facts.reversed_by is not None:
        return Rejected("already-reversed", {"entry": number, "reversed_by": facts.reversed_by})
    if draft.lines != tuple(Line(account_id, -amount) for account_id, amount in facts.lines):
        return Rejected("reversal-mismatch", {"entry": number})
    return None


def apply_lines(
    lines: tuple[Line, ...], accounts: Mapping[int, AccountFacts], before: Mapping[int, Totals]
) -> tuple[dict[int, Totals], tuple[int, ...]] | Rejected:
    """The totals after the lines, and the signed balance after each line; or why they may not be.

    Floors are looked at once, after the whole entry, so the order of the lines does not matter. An account already
    below its floor may be paid into, not taken from.
    """
    after: dict[int, Totals] = {}
    balances = []
    for account_id, amount in lines:
        debit, credit = after.get(account_id) or before[account_id]
        if amount > 0:
            debit += amount
        else:
            credit -= amount
        after[account_id] = Totals(debit, credit)
        balances.append(debit - credit)
    for account_id, (debit, credit) in after.items():
        facts = accounts[account_id]
        if debit > MAX_TOTAL or credit > MAX_TOTAL:
            return Rejected("overflow", {"account": facts.code})
        if facts.floor is None:
            continue
        old = before[account_id]
        if facts.side == Side.DEBIT:
            now, was = debit - credit, old.debit - old.credit
        else:
            now, was = credit - debit, old.credit - old.debit
        if now < was and now - facts.held < facts.floor:
            return Rejected(
                "floor",
                {
                    "account": facts.code,
                    "available": was - facts.held - facts.floor,
                    "shortfall": facts.floor + facts.held - now,
                    "currency": facts.currency,
                },
            )
    return after, tuple(balances)


def check_days(
    draft: Draft,
    accounts: Mapping[int, AccountFacts],
    before: Mapping[int, Totals],
    after: Mapping[int, Totals],
    days: Mapping[int, Mapping[date, int]],
) -> Rejected | None:
    """Would a draft dated back leave an account too low at the end of its own day, or of a day after it?

    Of several such days the first is named, of several accounts the first in the draft. Holds are of today and do not
    count here.

    Args:
        draft: what ``apply_lines`` let through.
        accounts: the accounts it names.
        before: their totals without it.
        after: their totals with it.
        days: debit less credit of each day with postings, of accounts that have postings later than some draft; at
            least the days after this draft's.
    """
    for account_id in dict.fromkeys(line.account_id for line in draft.lines):
        facts = accounts[account_id]
        if facts.floor is None or account_id not in days:
            continue
        sign = 1 if facts.side == Side.DEBIT else -1
        balance = sign * (after[account_id].debit - after[account_id].credit)
        if balance >= sign * (before[account_id].debit - before[account_id].credit):
            continue
        later = sorted((day for day in days[account_id] if day > draft.effective_date), reverse=True)
        broken: tuple[date, int] | None = None
        for day in [*later, draft.effective_date]:
            # From the balance of today back, day by day: what lies before the draft need not be known.
            if later and balance < facts.floor:
                broken = day, balance
            balance -= sign * days[account_id].get(day, 0)
        if broken is not None:
            return Rejected(
                "floor-later",
                {
                    "account": facts.code,
                    "day": broken[0].isoformat(),
                    "shortfall": facts.floor - broken[1],
                    "currency": facts.currency,
                },
            )
    return None
