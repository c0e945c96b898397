"""What every savings movement shares: read all it needs at once, post it, and write its receipt. See ``service``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Text, any_, bindparam, case, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.approvals import service as approvals
from koperasi.approvals.service import Kind, Limits, NeedsApproval, Proposal
from koperasi.audit import service as audit
from koperasi.cooperatives.service import Cooperative, account_code, amount_policy, receipt_secret
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.members.service import roster
from koperasi.posting import Idempotency, busy, refusal_of
from koperasi.savings import rules
from koperasi.savings.numbers import is_valid_account_number, verify_code
from koperasi.savings.receipts import Receipt, receipt_number
from koperasi.savings.rules import SavingsKind
from koperasi.savings.service_products import asked
from koperasi.savings.service_reading import account_not_found, standing
from koperasi.savings.service_receipts import receipt
from koperasi.savings.tables import due, partner_cooperative, savings_account, savings_plan
from koperasi.treasury.service import choose_cash, day_of_clocks, open_tills, sessions_policy
from ledger.schema import account as ledger_account
from ledger.schema import key as ledger_key
from ledger.seal import inclusion_code

_cash = ledger_account.alias("cash")

_member = select(roster.c.number, roster.c.name, roster.c.status).where(
    roster.c.number == savings_account.c.member_number, roster.c.book_id == savings_account.c.book_id
)
_partner = select(partner_cooperative.c.number, partner_cooperative.c.name, literal("anggota")).where(
    partner_cooperative.c.number == savings_account.c.partner_number,
    partner_cooperative.c.book_id == savings_account.c.book_id,
)
# By its whole key; see ``standing``.
_owner = _member.union_all(_partner).offset(0).lateral("owner")

_goal_day = (
    select(savings_plan.c.target_date)
    .where(
        savings_plan.c.book_id == savings_account.c.book_id,
        savings_plan.c.account_number == savings_account.c.number,
        savings_plan.c.valid_from <= bindparam("day"),
    )
    .order_by(savings_plan.c.valid_from.desc())
    .limit(1)
    .scalar_subquery()
)

_MOVING = (
    select(
        savings_account.c.number,
        _owner.c.number.label("member_number"),
        savings_account.c.kind,
        savings_account.c.ledger_account_id,
        savings_account.c.closed_on,
        standing.c.balance,
        standing.c.held,
        standing.c.floor,
        standing.c.untouched,
        asked.c.deposit_minimum,
        asked.c.opening_minimum,
        asked.c.product_floor,
        asked.c.early_withdrawal,
        # Only planned savings have a goal.
        case((savings_account.c.kind == "berencana", _goal_day)).label("goal_day"),
        _owner.c.name.label("member_name"),
        _owner.c.status.label("member_status"),
        select(_cash.c.account_id)
        .where(_cash.c.code == bindparam("cash"), _cash.c.book_id == bindparam("book_id"))
        .scalar_subquery()
        .label("common_cash"),
        select(func.jsonb_object_agg(open_tills.c.username, open_tills.c.ledger_account_id))
        .where(open_tills.c.book_id == bindparam("book_id"))
        .scalar_subquery()
        .label("tills"),
        sessions_policy(bindparam("book_id"), bindparam("today")).label("sessions"),
        select(func.sum(due.c.amount_minor))
        .where(
            due.c.book_id == savings_account.c.book_id,
            due.c.member_number == savings_account.c.member_number,
            due.c.kind == savings_account.c.kind,
        )
        .scalar_subquery()
        .label("billed"),
    )
    .select_from(savings_account.join(standing, true()).join(_owner, true()).outerjoin(asked, true()))
    .where(
        savings_account.c.number == any_(bindparam("numbers", type_=ARRAY(Text))),
        savings_account.c.book_id == bindparam("book_id"),
    )
)
"""All that a movement must know, in one reading: the accounts, whose they are, what their products ask on the day,
what is due, and the desk's cash."""

# Secrets are written once, so what was read stays true for as long as the connections live.
_secrets: WeakKeyDictionary[Database, dict[int, bytes]] = WeakKeyDictionary()


def cash_of(account: Any, actor: str) -> int:
    """The ledger account of the cash that this person takes or pays out, from what was read with an account.

    Raises:
        Refusal: ``no-open-session``.
    """
    return choose_cash((account.tills or {}).get(actor), account.common_cash, account.sessions)


def remaining(account: Any) -> int | None:
    """What is still to pay of what was billed, in sen; None if nothing was."""
    return None if account.billed is None else max(int(account.billed) - account.balance, 0)


def least_deposit(account: Any) -> int:
    """The least that the account takes now, by its product, in sen."""
    return rules.least_deposit(account.deposit_minimum or 0, account.opening_minimum or 0, first=account.untouched)


def locked_until(account: Any, day: date) -> date | None:
    """Of planned savings, the goal's day if they wait for it."""
    waits = account.goal_day is not None and not account.early_withdrawal and day < account.goal_day
    return account.goal_day if waits else None


async def read_moving(
    database: Database, cooperative: Cooperative, numbers: list[str], day: date, *, minimum: bool = False
) -> tuple[dict[str, Any], bytes, int]:
    """The accounts by number as they stand, the receipt secret, and (if asked) the least balance of free savings.

    What products and policies ask is that of the day. Movements that are asked for together are read together.
    """
    if not all(is_valid_account_number(number) for number in numbers):
        raise account_not_found()
    book_id = cooperative.book_id
    accounts = database.shared(("moving", book_id), lambda: partial(_moving, database, cooperative))
    found = {number: await accounts.ask((number, day)) for number in numbers}
    if any(account is None for account in found.values()):
        raise account_not_found()
    least = 0
    if minimum:
        minimums = database.shared(("minimum", book_id), lambda: partial(_minimums, database, book_id))
        least = await minimums.ask(day) or 0
    secrets = _secrets.setdefault(database, {})
    if book_id not in secrets:
        async with database.reading(book_id) as connection:
            secrets[book_id] = await receipt_secret(connection, book_id)
    return found, secrets[book_id], least


async def _moving(
    database: Database, cooperative: Cooperative, wanted: Sequence[tuple[str, date]]
) -> dict[tuple[str, date], Any]:
    book_id = cooperative.book_id
    facts = {
        "book_id": book_id,
        "cash": account_code(cooperative.kind, "cash.teller"),
        "today": day_of_clocks(cooperative),
    }
    found: dict[tuple[str, date], Any] = {}
    async with database.reading(book_id) as connection:
        # Nearly always one day: today.
        for day in {day for _, day in wanted}:
            numbers = [number for number, on in wanted if on == day]
            rows = await connection.execute(_MOVING, {**facts, "day": day, "numbers": numbers})
            found.update({(row.number, day): row for row in rows})
    return found


async def moving_now(
    connection: AsyncConnection, cooperative: Cooperative, numbers: Sequence[str], day: date
) -> dict[str, Any]:
    """The same of accounts that are paid into together, in the caller's transaction; none of what is not there."""
    facts = {
        "book_id": cooperative.book_id,
        "cash": account_code(cooperative.kind, "cash.teller"),
        "today": day_of_clocks(cooperative),
        "day": day,
        "numbers": list(numbers),
    }
    return {row.number: row for row in await connection.execute(_MOVING, facts)}


async def _minimums(database: Database, book_id: int, days: Sequence[date]) -> dict[date, int]:
    async with database.reading(book_id) as connection:
        return {day: await amount_policy(connection, book_id, "savings.minimum_balance", day) for day in days}


async def limits_today(database: Database, cooperative: Cooperative) -> Limits:
    """Above which amounts a second person agrees today; movements that are asked for together read it once."""
    book_id, today = cooperative.book_id, cooperative.today(datetime.now(UTC))

    async def read(days: Sequence[date]) -> dict[date, Limits]:
        async with database.reading(book_id) as connection:
            return {day: await approvals.limits(connection, book_id, day) for day in days}

    found = await database.shared(("limits", book_id), lambda: read).ask(today)
    return cast("Limits", found)


async def second_person(
    database: Database,
    cooperative: Cooperative,
    kind: Kind,
    draft: ledger.Draft,
    *,
    hold: ledger.Line | None = None,
    member: tuple[str, str] | None = None,
) -> None:
    """Let what the book has answered before go on to be answered again; ask a second person for anything else.

    Raises:
        NeedsApproval: nothing was posted.
    """
    async with database.reading(cooperative.book_id) as connection:
        answered = await approvals.is_answered(connection, cooperative.book_id, draft.key)
    if not answered:
        raise NeedsApproval(Proposal(kind, draft, hold, member))


async def post_movement(
    database: Database,
    poster: ledger.Poster,
    cooperative: Cooperative,
    draft: ledger.Draft,
    account: Any,
    secret: bytes,
    *,
    other: str | None = None,
) -> Receipt:
    """Post and write the receipt from what is known; only a repeated request reads its entry again."""
    if trail := await audit.anchor(database, cooperative.book_id):
        draft = draft._replace(metadata={**draft.metadata, **trail})
    try:
        outcome = await poster.post(draft)
    except ledger.BusyError as error:
        raise busy() from error
    if isinstance(outcome, ledger.Rejected):
        raise refusal_of(outcome)
    if isinstance(outcome, ledger.Replayed):
        return await _again(database, cooperative, outcome.number)
    place = next(at for at, line in enumerate(draft.lines) if line.account_id == account.ledger_account_id)
    amount = draft.lines[place].amount
    return Receipt(
        number=receipt_number(outcome.effective_date, outcome.number),
        entry_number=outcome.number,
        effective_date=outcome.effective_date,
        recorded_at=outcome.recorded_at,
        kind=draft.kind,
        description=draft.description,
        member_number=account.member_number,
        member_name=account.member_name,
        account_number=account.number,
        account_kind=SavingsKind(account.kind),
        other_account_number=other,
        amount_minor=abs(amount),
        change_minor=-amount,
        balance_after_minor=-outcome.balances[place],
        teller=draft.actor,
        verify_code=verify_code(secret, outcome.number, outcome.hash),
        inclusion_code=inclusion_code(outcome.hash),
    )


async def answered_before(
    database: Database, cooperative: Cooperative, idempotency: Idempotency, refusal: Refusal
) -> Receipt:
    """A retry of what was posted already: the rules may refuse it now (the money is out), yet it has its receipt.

    Raises:
        Refusal: the request is new, or its key was used for another request.
        NeedsApproval: it waits for a second person, who holds the money that is missing now.
    """
    async with database.reading(cooperative.book_id) as connection:
        known = (
            await connection.execute(
                select(ledger_key.c.fingerprint, ledger_key.c.entry_number, ledger_key.c.refusal).where(
                    ledger_key.c.book_id == cooperative.book_id, ledger_key.c.key == idempotency.key
                )
            )
        ).one_or_none()
        asked = await approvals.asked(connection, cooperative.book_id, idempotency) if known is None else None
    if asked is not None:
        raise NeedsApproval(asked=asked)
    if known is None:
        raise refusal
    if bytes(known.fingerprint) != idempotency.fingerprint:
        raise refusal_of(ledger.Rejected("idempotency-mismatch", {"key": idempotency.key}))
    if known.entry_number is None:
        told = known.refusal if isinstance(known.refusal, dict) else json.loads(known.refusal)
        raise refusal_of(ledger.Rejected(told["code"], told["detail"], replayed=True))
    return await _again(database, cooperative, known.entry_number)


async def _again(database: Database, cooperative: Cooperative, entry_number: int) -> Receipt:
    async with database.reading(cooperative.book_id) as connection:
        return await receipt(connection, cooperative, entry_number, replayed=True)
