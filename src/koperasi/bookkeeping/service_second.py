"""Whether an entry by hand waits for a second person: by its size, by what it is, or by whose savings it takes from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.approvals import service as approvals
from koperasi.approvals.service import Kind
from koperasi.bookkeeping import rules, rules_second
from koperasi.bookkeeping.rules import NewEntry
from koperasi.cooperatives.service import cooperative_of
from koperasi.savings.service import members_of, paid_out_in


class Second(NamedTuple):
    """Why somebody else must agree, and what is held on one member's savings until then."""

    kind: Kind
    hold: ledger.Line | None = None


async def second(
    connection: AsyncConnection,
    book_id: int,
    new: NewEntry,
    accounts: Mapping[str, ledger.Account],
    *,
    today: date,
    actor: str,
) -> Second | None:
    """Why an entry by hand waits for a second person; nothing if it does not.

    Args:
        connection: bound to the book.
        book_id: the book.
        new: the entry, in which nothing is wrong.
        accounts: those that it names, by code.
        today: the cooperative's day.
        actor: username of who writes it.

    Raises:
        Refusal: ``policy-missing``.
    """
    cooperative = await cooperative_of(connection, book_id)
    limits = await approvals.limits(connection, book_id, today)
    act = rules_second.act_of(new.lines, accounts, rules_second.LENDING[cooperative.kind])
    taken: dict[int, int] = {}
    for line in new.lines:
        account_id = accounts[line.account].account_id
        taken[account_id] = taken.get(account_id, 0) + (line.debit_minor or 0) - (line.credit_minor or 0)
    owners = await members_of(connection, book_id, [one for one, amount in taken.items() if amount > 0])
    by_member: dict[str, int] = {}
    for account_id, member_number in owners.items():
        by_member[member_number] = by_member.get(member_number, 0) + taken[account_id]
    first = next(iter(owners), None)
    # One account can be held; where several are drawn on, the book looks at their floors when somebody agrees.
    hold = ledger.Line(first, taken[first]) if first is not None and len(owners) == 1 else None
    if act is not None and await approvals.needs_second(connection, book_id, act, today, actor=actor):
        return Second(act, hold)
    if rules.sum_minor(new) > limits.entry_minor:
        return Second(Kind.ENTRY, hold)
    for member_number, amount_minor in by_member.items():
        paid = await paid_out_in(connection, cooperative, member_number, new.effective_date)
        if paid + amount_minor > limits.withdrawal_minor:
            return Second(Kind.ENTRY, hold)
    return None
