"""Plans of planned savings and their standing orders. Called through ``service``; callers commit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import Text, any_, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import amount_policy
from koperasi.db import Work
from koperasi.errors import Conflict, Refusal
from koperasi.formats import wire_amount
from koperasi.i18n import N_
from koperasi.members.service import roster
from koperasi.posting import refusal_of
from koperasi.savings import rules
from koperasi.savings.products import terms_on
from koperasi.savings.rules import SavingsKind
from koperasi.savings.rules_plans import Goal, Instalment, Plan, check_plan, instalments
from koperasi.savings.service_products import product_terms
from koperasi.savings.service_reading import account_by_number, holder, standing
from koperasi.savings.tables import savings_account, savings_plan, savings_plan_transfer

_PLAN = tuple(savings_plan.c[name] for name in Plan.__dataclass_fields__)
MOST_AT_ONCE = 500
"""Instalments moved in one transaction; what is left is moved when it is asked for again."""


@dataclass(frozen=True, slots=True)
class PlanState:
    """A plan as it stands: its rows, what has fallen due, and what was moved."""

    account_number: str
    plans: Sequence[Plan]
    due: Sequence[Instalment]

    @property
    def missed(self) -> list[Instalment]:
        """What has fallen due and was not moved."""
        return [one for one in self.due if not one.paid]


class Missed(NamedTuple):
    """An instalment that could not be moved, and why (message id and its values); amounts in sen."""

    account_number: str
    member_number: str
    instalment: Instalment
    message: str
    params: dict[str, object]


class Run(NamedTuple):
    """What running the standing orders came to: how many were moved, of how much in sen, and what could not be."""

    moved: int
    moved_minor: int
    missed: Sequence[Missed]
    more: bool
    """Whether there was more than one transaction takes."""


async def plan_of(connection: AsyncConnection, book_id: int, account_number: str, until: date) -> PlanState | None:
    """An account's plan with what has fallen due by a day; None if it has none."""
    found = await _states(connection, book_id, until, [account_number])
    return found[0] if found else None


async def plans_of(
    connection: AsyncConnection, book_id: int, numbers: Sequence[str], until: date
) -> dict[str, PlanState]:
    """The same of several accounts, by their numbers; whoever has none is left out."""
    return {one.account_number: one for one in await _states(connection, book_id, until, numbers)} if numbers else {}


async def set_plan(work: Work, account_number: str, plan: Plan, *, actor: str) -> Plan:
    """Say what planned savings are for, or otherwise from a day on; the caller commits.

    Raises:
        NotFound: ``savings-account``.
        Refusal: what ``rules_plans.check_plan`` says; ``transfer-not-own``: the source is somebody else's.
        Conflict: ``plan-date-taken``: the plan was set on that day already.
    """
    account = await account_by_number(work.connection, work.book_id, account_number)
    source = None
    if plan.source_number is not None:
        giver = await account_by_number(work.connection, work.book_id, plan.source_number)
        rules.check_one_owner(giver.member_number, account.member_number, field="source")
        source = giver.number, giver.kind
    check_plan(plan, account.kind, source, account.number)
    added = await work.connection.execute(
        insert(savings_plan)
        .values(
            book_id=work.book_id,
            account_number=account_number,
            set_by=actor,
            **{name: getattr(plan, name) for name in Plan.__dataclass_fields__},
        )
        .on_conflict_do_nothing()
    )
    if not added.rowcount:
        raise Conflict("plan-date-taken", N_("Rencana ini sudah ditetapkan hari ini; ubah lagi mulai besok."))
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.PLAN_SET,
        subject=f"savings {account_number}",
        after={
            "goal": plan.goal.value,
            "target": wire_amount(plan.target_minor),
            "target_date": plan.target_date.isoformat(),
            "instalment": wire_amount(plan.instalment_minor),
            "source": plan.source_number,
        },
    )
    return plan


async def due_instalments(connection: AsyncConnection, book_id: int, until: date) -> list[tuple[str, Instalment]]:
    """Every instalment that has fallen due by a day and was not moved, with its account, the oldest first."""
    found = [(state.account_number, one) for state in await _states(connection, book_id, until) for one in state.missed]
    return sorted(found, key=lambda pair: (pair[1].due_on, pair[0]))


async def run_orders(work: Work, until: date, *, actor: str) -> Run:
    """Move what has fallen due by a day, the oldest first; what can't be moved is told and stops nothing.

    Once for a month and account: run late, twice or by two people at once it comes to the same. Each is an entry of
    its own, dated the day on which it is run: nothing is booked into the past.

    Args:
        work: bound to the cooperative's book; the caller commits.
        until: the cooperative's day.
        actor: who runs them.
    """
    # Two who run them at once stand in a row; the second finds the first one's moved.
    await ledger.lock_head(work.connection, work.book_id)
    waiting = await due_instalments(work.connection, work.book_id, until)
    batch, more = waiting[:MOST_AT_ONCE], len(waiting) > MOST_AT_ONCE
    numbers = {number for number, _ in batch} | {one.source_number for _, one in batch}
    rows = await _accounts(work.connection, work.book_id, numbers)
    floors = await _floors(work.connection, work.book_id, rows, until)
    free = {number: row.balance for number, row in rows.items()}
    ready, missed = [], []
    for number, one in batch:
        source, target = rows[one.source_number], rows[number]
        try:
            _check(source, target, one, free[one.source_number], floors[one.source_number])
        except Refusal as refusal:
            missed.append(Missed(number, target.holder, one, refusal.message, dict(refusal.params)))
            continue
        free[one.source_number] -= one.amount_minor
        free[number] += one.amount_minor
        ready.append((number, one))
    done = await _post(work, ready, rows, missed, until, actor)
    moved_minor = sum(one.amount_minor for _, one in done)
    if done:
        await audit.record(
            work.connection,
            work.book_id,
            actor=actor,
            action=Action.PLANS_RUN,
            subject=f"plans {until.isoformat()}",
            after={"moved": len(done), "missed": len(missed), "amount": wire_amount(moved_minor)},
        )
    return Run(len(done), moved_minor, missed, more)


def _check(source: Any, target: Any, one: Instalment, balance_minor: int, floor_minor: int) -> None:
    if source.closed_on is not None or target.closed_on is not None:
        raise Refusal("account-closed", N_("Rekening sudah ditutup."))
    rules.check_transfer(
        SavingsKind(source.kind),
        SavingsKind(target.kind),
        one.amount_minor,
        balance_minor=balance_minor,
        held_minor=source.held,
        floor_minor=floor_minor,
        member_status=source.status,
    )


async def _post(
    work: Work,
    ready: Sequence[tuple[str, Instalment]],
    rows: dict[str, Any],
    missed: list[Missed],
    day: date,
    actor: str,
) -> list[tuple[str, Instalment]]:
    """Post what is ready; what the book refuses joins what was missed."""
    drafts = [
        ledger.Draft(
            book_id=work.book_id,
            effective_date=day,
            kind="savings.plan",
            description=f"Setoran rutin {one.period} {one.source_number} ke {number}",
            actor=actor,
            lines=(
                ledger.Line(rows[one.source_number].ledger_account_id, one.amount_minor),
                ledger.Line(rows[number].ledger_account_id, -one.amount_minor),
            ),
            # What makes it happen once is the row below: a month that was refused may come again.
            key=f"plan:{number}:{one.period}:{uuid4()}",
            fingerprint=bytes(32),
        )
        for number, one in ready
    ]
    done, moved = [], []
    for (number, one), outcome in zip(
        ready, await ledger.append(work.connection, drafts) if drafts else (), strict=True
    ):
        if isinstance(outcome, ledger.Rejected):
            refusal = refusal_of(outcome)
            missed.append(Missed(number, rows[number].holder, one, refusal.message, dict(refusal.params)))
            continue
        done.append((number, one))
        moved.append(
            {
                "book_id": work.book_id,
                "account_number": number,
                "period": one.period,
                "amount_minor": one.amount_minor,
                "entry_number": outcome.number,
            }
        )
    if moved:
        await work.connection.execute(insert(savings_plan_transfer), moved)
    return done


async def _floors(connection: AsyncConnection, book_id: int, rows: dict[str, Any], day: date) -> dict[str, int]:
    """What must stay in each account: by the book, its product and the policy; in sen."""
    minimum = await amount_policy(connection, book_id, "savings.minimum_balance", day)
    terms = await product_terms(connection, book_id, {row.product_code for row in rows.values()})
    found = {}
    for number, row in rows.items():
        now = terms_on(terms.get(row.product_code, ()), day)
        found[number] = max(row.floor, minimum, now.floor_minor if now else 0)
    return found


async def _accounts(connection: AsyncConnection, book_id: int, numbers: Collection[str]) -> dict[str, Any]:
    table = savings_account
    owner = (
        select(roster.c.status)
        .where(roster.c.number == table.c.member_number, roster.c.book_id == table.c.book_id)
        .scalar_subquery()
    )
    query = (
        select(
            table.c.number,
            table.c.kind,
            table.c.product_code,
            table.c.ledger_account_id,
            table.c.closed_on,
            holder.label("holder"),
            func.coalesce(owner, "anggota").label("status"),
            standing.c.balance,
            standing.c.held,
            standing.c.floor,
        )
        .select_from(table.join(standing, true()))
        .where(table.c.book_id == book_id, table.c.number == any_(literal(list(numbers), ARRAY(Text))))
    )
    return {row.number: row for row in await connection.execute(query)}


async def _states(
    connection: AsyncConnection, book_id: int, until: date, numbers: Sequence[str] | None = None
) -> list[PlanState]:
    """Plans with what has fallen due; of all accounts that are open, if none are named."""
    plan, moved, account = savings_plan, savings_plan_transfer, savings_account
    plans = select(plan.c.account_number, *_PLAN).where(plan.c.book_id == book_id)
    paid = select(moved.c.account_number, moved.c.period).where(moved.c.book_id == book_id)
    if numbers is None:
        open_ = select(account.c.number).where(account.c.book_id == book_id, account.c.closed_on.is_(None))
        plans = plans.where(plan.c.account_number.in_(open_))
    else:
        these = any_(literal(list(numbers), ARRAY(Text)))
        plans, paid = plans.where(plan.c.account_number == these), paid.where(moved.c.account_number == these)
    found: dict[str, list[Plan]] = {}
    for row in await connection.execute(plans.order_by(plan.c.account_number, plan.c.valid_from)):
        number, *facts = row
        made = Plan(*facts)
        found.setdefault(number, []).append(replace(made, goal=Goal(made.goal)))
    done: dict[str, set[str]] = {}
    for number, period in await connection.execute(paid):
        done.setdefault(number, set()).add(period)
    return [PlanState(number, rows, instalments(rows, done.get(number, ()), until)) for number, rows in found.items()]
