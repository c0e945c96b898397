"""Monthly fees of savings, and which accounts sleep. Called through ``service``; callers commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, case, func, insert, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, account_code, roles
from koperasi.db import Work
from koperasi.errors import Refusal
from koperasi.formats import wire_amount
from koperasi.i18n import N_
from koperasi.posting import settled
from koperasi.savings import rules
from koperasi.savings.products import terms_on
from koperasi.savings.rules_plans import period_of
from koperasi.savings.service_products import product_terms
from koperasi.savings.service_reading import holder, standing
from koperasi.savings.tables import savings_account, savings_fee
from ledger import schema

MOST_AT_ONCE = 2_000
"""Accounts in one entry; what is left is taken when it is asked for again."""
OWNERS_KINDS = ("savings.deposit", "savings.withdrawal", "savings.transfer")
"""Entries that an account's owner makes: they keep it awake. Returns, fees and standing orders are nobody's act."""
MOST_SLEEPING = 200


class FeeRun(NamedTuple):
    """What taking a month's fees came to: from how many accounts, how much in sen, and whether more are left."""

    accounts: int
    taken_minor: int
    more: bool


class Charge(NamedTuple):
    """What a month's fee would take, in sen."""

    number: str
    ledger_account_id: int
    amount_minor: int


async def charges(connection: AsyncConnection, book_id: int, last_day: date, limit: int) -> list[Charge]:
    """The accounts that a month's fee was not taken from yet, with what it takes, by number.

    An account pays for a month in which it was open on the last day; the terms of that day say how much.

    Args:
        connection: bound to the book.
        book_id: the book.
        last_day: the month's.
        limit: at most so many.
    """
    terms = await product_terms(connection, book_id)
    fees = {}
    for code, rows in terms.items():
        now = terms_on(rows, last_day)
        if now is not None and now.monthly_fee_minor:
            fees[code] = now.monthly_fee_minor
    if not fees:
        return []
    account, taken = savings_account, savings_fee
    before = select(taken.c.account_number).where(
        taken.c.book_id == book_id,
        taken.c.account_number == account.c.number,
        taken.c.period == period_of(last_day),
    )
    query = (
        select(
            account.c.number, account.c.product_code, account.c.ledger_account_id, standing.c.balance, standing.c.held
        )
        .select_from(account.join(standing, true()))
        .where(
            account.c.book_id == book_id,
            account.c.product_code.in_(sorted(fees)),
            account.c.opened_on <= last_day,
            account.c.closed_on.is_(None),
            ~before.exists(),
        )
        .order_by(account.c.number)
        .limit(limit)
    )
    return [
        Charge(row.number, row.ledger_account_id, rules.fee_taken(fees[row.product_code], row.balance, row.held))
        for row in await connection.execute(query)
    ]


async def take_fees(work: Work, cooperative: Cooperative, last_day: date, *, actor: str, today: date) -> FeeRun:
    """Take a month's fees: once from each account, whoever asks and however often; never more than there is.

    Args:
        work: bound to the cooperative's book; the caller commits.
        cooperative: whose book.
        last_day: the month's; the entry is dated on it.
        actor: who takes them.
        today: the cooperative's day.

    Raises:
        Refusal: ``fee-month-not-over``: the month is not over; or what the book says (the month is closed).
    """
    if last_day > today:
        raise Refusal("fee-month-not-over", N_("Biaya sebuah bulan dipotong pada hari terakhirnya atau sesudahnya."))
    await ledger.lock_head(work.connection, work.book_id)
    found = await charges(work.connection, work.book_id, last_day, MOST_AT_ONCE + 1)
    batch, more = found[:MOST_AT_ONCE], len(found) > MOST_AT_ONCE
    if not batch:
        return FeeRun(0, 0, more=False)
    period, paying = period_of(last_day), [one for one in batch if one.amount_minor]
    number = await _post(work, cooperative, paying, period, last_day, actor) if paying else None
    await work.connection.execute(
        insert(savings_fee),
        [
            {
                "book_id": work.book_id,
                "account_number": one.number,
                "period": period,
                "amount_minor": one.amount_minor,
                "entry_number": number if one.amount_minor else None,
            }
            for one in batch
        ],
    )
    total = sum(one.amount_minor for one in paying)
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.FEES_TAKEN,
        subject=f"fees {period}",
        after={"accounts": len(paying), "amount": wire_amount(total), "entry": number},
    )
    return FeeRun(len(paying), total, more)


async def _post(
    work: Work, cooperative: Cooperative, paying: Sequence[Charge], period: str, day: date, actor: str
) -> int:
    # A business group's chart has one account for whatever comes in besides sales.
    role = "fees.savings" if "fees.savings" in roles(cooperative.kind) else "income.other"
    income = await ledger.find_accounts(work.connection, work.book_id, [account_code(cooperative.kind, role)])
    draft = ledger.Draft(
        book_id=work.book_id,
        effective_date=day,
        kind="savings.fee",
        description=f"Biaya simpanan {period}",
        actor=actor,
        lines=(
            *(ledger.Line(one.ledger_account_id, one.amount_minor) for one in paying),
            ledger.Line(income[0].account_id, -sum(one.amount_minor for one in paying)),
        ),
        # The first account says which batch of the month it is.
        key=f"fee:{period}:{paying[0].number}",
        fingerprint=bytes(32),
    )
    return settled((await ledger.append(work.connection, [draft]))[0]).number


@dataclass(frozen=True, slots=True)
class Sleeping:
    """An account that sleeps, since when, and what it holds, in sen."""

    number: str
    member_number: str
    product_code: str
    last_moved: date
    since: date
    balance_minor: int


async def last_moved(connection: AsyncConnection, book_id: int, numbers: Sequence[str]) -> dict[str, date]:
    """When each account's owner last moved something, or opened it."""
    query = _moved(book_id).where(savings_account.c.number.in_(list(numbers)))
    return {row.number: row.last_moved for row in await connection.execute(query)}


async def sleeps_since(
    connection: AsyncConnection, book_id: int, accounts: Sequence[tuple[str, str]], day: date
) -> dict[str, date]:
    """Of these accounts (number, product), those that sleep on a day, with the day since when."""
    terms = await product_terms(connection, book_id, {code for _, code in accounts})
    months = {code: now.dormancy_months for code, rows in terms.items() if (now := terms_on(rows, day))}
    drowsy = {number: code for number, code in accounts if months.get(code) is not None}
    if not drowsy:
        return {}
    found = {}
    for number, moved in (await last_moved(connection, book_id, list(drowsy))).items():
        since = rules.sleeps_from(moved, months[drowsy[number]])
        if since is not None and since <= day:
            found[number] = since
    return found


async def sleeping(connection: AsyncConnection, book_id: int, day: date, limit: int = MOST_SLEEPING) -> list[Sleeping]:
    """The open accounts that sleep on a day and hold money, the longest asleep first."""
    terms = await product_terms(connection, book_id)
    months = {code: now.dormancy_months for code, rows in terms.items() if (now := terms_on(rows, day))}
    months = {code: count for code, count in months.items() if count is not None}
    if not months:
        return []
    moved = (
        _moved(book_id)
        .where(
            savings_account.c.product_code.in_(sorted(months)),
            savings_account.c.closed_on.is_(None),
            standing.c.balance > 0,
        )
        .subquery("moved")
    )
    allowed = case(months, value=moved.c.product_code)
    since = moved.c.last_moved + func.make_interval(0, allowed)
    query = select(moved).where(since <= day).order_by(since, moved.c.number).limit(limit)
    found = []
    for row in await connection.execute(query):
        begun = rules.sleeps_from(row.last_moved, months[row.product_code])
        if begun is not None:
            found.append(Sleeping(row.number, row.holder, row.product_code, row.last_moved, begun, row.balance))
    return found


def _moved(book_id: int) -> Select[Any]:
    """Open accounts with the day of their owner's last movement: the newest posting of an entry that owners make."""
    account, posting, entry = savings_account, schema.posting, schema.entry
    newest = (
        select(posting.c.effective_date)
        .select_from(
            posting.join(entry, (entry.c.book_id == posting.c.book_id) & (entry.c.number == posting.c.entry_number))
        )
        .where(
            posting.c.book_id == account.c.book_id,
            posting.c.account_id == account.c.ledger_account_id,
            entry.c.kind.in_(OWNERS_KINDS),
        )
        .order_by(posting.c.effective_date.desc(), posting.c.entry_number.desc(), posting.c.line.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            account.c.number,
            holder.label("holder"),
            account.c.product_code,
            standing.c.balance,
            func.coalesce(newest, account.c.opened_on).label("last_moved"),
        )
        .select_from(account.join(standing, true()))
        .where(account.c.book_id == book_id)
    )
