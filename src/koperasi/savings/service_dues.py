"""Bills of simpanan pokok and wajib: where they are kept, for the slice that makes and reads them. See ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.errors import Refusal
from koperasi.posting import Idempotency
from koperasi.savings import rules
from koperasi.savings.numbers import is_valid_account_number
from koperasi.savings.rules import SavingsKind
from koperasi.savings.service_posting import cash_of, least_deposit, moving_now, remaining
from koperasi.savings.service_reading import account_not_found
from koperasi.savings.tables import due, savings_account
from ledger import schema

bills = select(
    due.c.book_id, due.c.member_number, due.c.kind, due.c.period, due.c.amount_minor, due.c.billed_on
).subquery("bills")
"""Everything that was ever billed, for other slices' queries to join."""

_BILL = ("book_id", "member_number", "kind", "period", "amount_minor", "billed_on")


class Payment(NamedTuple):
    """Cash for one savings account, in sen."""

    account_number: str
    amount_minor: int


async def bill(work: Work, wanted: Select[Any]) -> Sequence[Row[Any]]:
    """Write bills, but no second one of a kind and month for a member; those that were written are returned.

    Args:
        work: bound to the cooperative's book; the caller commits.
        wanted: gives book, member, kind, period, amount and day of billing, in this order.
    """
    statement = insert(due).from_select(_BILL, wanted).on_conflict_do_nothing()
    return (await work.connection.execute(statement.returning(due.c.member_number, due.c.amount_minor))).all()


async def deposit_drafts(
    connection: AsyncConnection,
    cooperative: Cooperative,
    payments: Sequence[Payment],
    *,
    day: date,
    actor: str,
    once: Idempotency,
    link: str,
) -> tuple[list[ledger.Draft], dict[int, Refusal]]:
    """Deposits that are made together, as entries that stand or fall together; or what is wrong, by position.

    Each is an ordinary deposit with a receipt of its own, so one of them may be undone without the others.

    Args:
        connection: bound to the book.
        cooperative: whose desk.
        payments: at most one for each account.
        day: the book's date of all of them.
        actor: user name of who takes the money, into their own till.
        once: the key of the whole; each entry's is made from it.
        link: what the entries have in common.

    Raises:
        Refusal: ``no-open-session``.
    """
    numbers = [one.account_number for one in payments if is_valid_account_number(one.account_number)]
    found = await moving_now(connection, cooperative, numbers, day)
    drafts: list[ledger.Draft] = []
    wrong: dict[int, Refusal] = {}
    for position, payment in enumerate(payments):
        account = found.get(payment.account_number)
        if account is None:
            wrong[position] = account_not_found()
            continue
        try:
            rules.check_deposit(
                SavingsKind(account.kind),
                payment.amount_minor,
                member_status=account.member_status,
                minimum_minor=least_deposit(account),
                remaining_due_minor=remaining(account),
            )
        except Refusal as refusal:
            wrong[position] = refusal
            continue
        drafts.append(
            ledger.Draft(
                book_id=cooperative.book_id,
                effective_date=day,
                kind="savings.deposit",
                description=f"Setoran {SavingsKind(account.kind).label.lower()} {account.number}",
                actor=actor,
                lines=(
                    ledger.Line(cash_of(account, actor), payment.amount_minor),
                    ledger.Line(account.ledger_account_id, -payment.amount_minor),
                ),
                key=f"{once.key}/{position}",
                fingerprint=once.fingerprint,
                source=link,
                link=link,
            )
        )
    return drafts, wrong


class CollectedLine(NamedTuple):
    """One deposit of a collection: whose, into what, how much in sen, and its entry."""

    member_number: str
    account_number: str
    kind: SavingsKind
    amount_minor: int
    entry_number: int
    effective_date: date
    reversed_by: int | None


async def linked_deposits(connection: AsyncConnection, book_id: int, link: str) -> list[CollectedLine]:
    """The deposits that were made together under a link, in the order in which they stand in the book."""
    entry, posting, reversal, owned = schema.entry, schema.posting, schema.reversal, savings_account
    undone = (
        select(reversal.c.reversal_number)
        .where(
            reversal.c.book_id == entry.c.book_id,
            reversal.c.entry_number == entry.c.number,
            reversal.c.undone_by.is_(None),
        )
        .scalar_subquery()
    )
    rows = await connection.execute(
        select(
            owned.c.member_number,
            owned.c.number,
            owned.c.kind,
            posting.c.amount,
            entry.c.number.label("entry_number"),
            entry.c.effective_date,
            undone.label("reversed_by"),
        )
        .select_from(
            entry.join(
                posting, and_(posting.c.book_id == entry.c.book_id, posting.c.entry_number == entry.c.number)
            ).join(owned, and_(owned.c.book_id == posting.c.book_id, owned.c.ledger_account_id == posting.c.account_id))
        )
        .where(entry.c.book_id == book_id, entry.c.link == link)
        .order_by(entry.c.number, posting.c.line)
    )
    return [
        CollectedLine(
            row.member_number,
            row.number,
            SavingsKind(row.kind),
            -row.amount,
            row.entry_number,
            row.effective_date,
            row.reversed_by,
        )
        for row in rows
    ]
