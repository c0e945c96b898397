"""Another value of a policy, which a second person may have to agree to. The caller commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from koperasi.approvals import service as approvals
from koperasi.approvals.service import Act, Approval, Kind
from koperasi.cooperatives.policies import DEFINITIONS, clean_value, shown
from koperasi.cooperatives.service import add_policy, cooperative_of, policies
from koperasi.db import Work
from koperasi.formats import format_date
from koperasi.i18n import DEFAULT_LOCALE, N_
from koperasi.posting import Idempotency

ABOUT = "policy"
"""The first word of such an act's subject."""


@dataclass(frozen=True, slots=True)
class NewValue:
    """A policy's value from a day on, as ``add_policy`` takes it."""

    name: str
    valid_from: date
    value: str
    legal_reference: str


async def set_policy(
    work: Work, new: NewValue, *, actor: str, idempotency: Idempotency, now: datetime
) -> Approval | None:
    """Let another value hold from a day on, or ask a second person for it if the policies of today want one.

    Args:
        work: the transaction.
        new: the value.
        actor: username of whoever sets it.
        idempotency: the same request finds its draft again.
        now: the moment.

    Returns:
        What waits for a second person; nothing if the value was set.

    Raises:
        Refusal, Conflict: as ``add_policy`` does; nobody is asked about what would be refused.
    """
    cooperative = await cooperative_of(work.connection, work.book_id)
    today = cooperative.today(now)
    before = await approvals.asked(work.connection, work.book_id, idempotency)
    if before is not None:
        return before
    if not await approvals.needs_second(work.connection, work.book_id, Kind.RATE_CHANGE, today, actor=actor):
        await _add(work, new, actor)
        return None
    async with work.connection.begin_nested() as nested:
        await _add(work, new, actor)
        await nested.rollback()
    rows = await policies(work.connection, work.book_id)
    current = next((row.value for row in rows if row.name == new.name and row.valid_from <= today), None)
    definition = DEFINITIONS[new.name]
    act = Act(
        kind=Kind.RATE_CHANGE,
        subject=f"{ABOUT} {new.name}",
        params={
            "name": new.name,
            "valid_from": new.valid_from.isoformat(),
            "value": new.value,
            "legal_reference": new.legal_reference,
        },
        effects=(
            (
                definition.label,
                "" if current is None else shown(definition, current, DEFAULT_LOCALE),
                shown(definition, clean_value(definition, new.value), DEFAULT_LOCALE),
            ),
            (N_("Berlaku sejak"), "", format_date(new.valid_from)),
            (N_("Dasar"), "", new.legal_reference),
        ),
        actor=actor,
        idempotency=idempotency,
    )
    return await approvals.ask_act(work.connection, work.book_id, act, now)


async def carry_out(work: Work, found: Approval, approver: str) -> int | None:  # noqa: ARG001 - an executor's shape
    """Set the value that somebody agreed to; whoever asked has set it. Posts no entry.

    Raises:
        Conflict: ``policy-date-taken``: another value of that day came first.
    """
    facts = found.params
    new = NewValue(facts["name"], date.fromisoformat(facts["valid_from"]), facts["value"], facts["legal_reference"])
    await _add(work, new, found.asked_by)
    return None


async def _add(work: Work, new: NewValue, actor: str) -> None:
    await add_policy(work, new.name, new.valid_from, new.value, new.legal_reference, actor=actor)
