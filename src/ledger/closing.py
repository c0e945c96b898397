"""The closing of a year: income and expense go to the account of the surplus, by an entry like any other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ledger.account import Account
from ledger.balances import TrialBalanceRow
from ledger.entry import Draft, Line
from ledger.errors import LedgerError
from ledger.statements import CLOSING, NOMINAL


def closing_draft(
    rows: Iterable[TrialBalanceRow],
    surplus: Account,
    *,
    effective_date: date,
    actor: str,
    key: str,
    fingerprint: bytes = b"",
) -> Draft | None:
    """The entry that brings income and expense to nothing; what is left goes to ``surplus`` (SHU tahun berjalan).

    Args:
        rows: the detailed trial balance at the year's end, in any order; accounts of another currency than the
            surplus's have a closing of their own.
        surplus: where the year's result goes.
        effective_date: the year's last day; the month may be held.
        actor: who closes.
        key: idempotency key.
        fingerprint: digest of the request.

    Returns:
        The draft, or ``None`` when there is nothing to close.

    Raises:
        LedgerError: the rows are not detailed: a control account has a balance.
    """
    lines = []
    for row in sorted(rows, key=lambda row: row.account.code):
        if row.account.type not in NOMINAL or row.account.currency != surplus.currency or not row.balance:
            continue
        if row.account.control:
            raise LedgerError(f"{row.account.code} is a sum of others: closing needs the detailed trial balance")
        lines.append(Line(row.account.account_id, -row.balance))
    if not lines:
        return None
    result = sum(line.amount for line in lines)
    if result:
        lines.append(Line(surplus.account_id, -result))
    return Draft(
        book_id=surplus.book_id,
        effective_date=effective_date,
        kind=CLOSING,
        description=f"Jurnal penutup {effective_date:%Y}",
        actor=actor,
        lines=tuple(lines),
        key=key,
        fingerprint=fingerprint,
        allow_held=True,
    )
