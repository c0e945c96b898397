"""Memberships on the wire. Not postponed: pydantic reads these annotations at run time."""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, Field

from koperasi.i18n import translate
from koperasi.members.service import Event, MemberStatus
from koperasi.membership import rules
from koperasi.membership.rules import Act, Reason
from koperasi.membership.rules_settlement import Kind, Line
from koperasi.membership.rules_settlement import Reason as ExitReason
from koperasi.membership.service import Exit, Part, Standing, Statement
from koperasi.rest import BookDate, Model, Money, Result, Whole

Reference = Annotated[str, Field(min_length=1, max_length=rules.REFERENCE_MAX_LENGTH)]
"""The number of a paper, without names."""


class ActIn(Model):
    """What is done to a membership, from when (today if not said), why, and on what paper."""

    act: Act
    effective_on: BookDate | None = None
    reason: Reason | None = None
    reference: Reference | None = None


class SettlementIn(Model):
    """The decision: its day (today if not said), a charge that stands in no book, the paper that forgives a lack.

    ``shu``: what the members' meeting granted this member of the surplus, booked and not fetched yet.
    """

    decided_on: BookDate | None = None
    charge: Money | None = None
    waiver: Reference | None = None
    shu: Money | None = None


class PaymentIn(Model):
    """Whom to pay today: 0 is the member, 1 the first heir."""

    position: Annotated[int, Whole, Field(ge=0, le=100)] = 0


class ReversalIn(Model):
    """The paper on which the decision is taken back."""

    reference: Reference


class EventOut(Result):
    """An act on a membership."""

    act: str
    from_status: MemberStatus
    to_status: MemberStatus
    effective_on: date
    reason: str | None
    reference: str | None
    recorded_at: AwareDatetime
    recorded_by: str
    approved_by: str | None

    @classmethod
    def of(cls, event: Event) -> "EventOut":
        """The wire form."""
        return cls(**{name: getattr(event, name) for name in cls.model_fields})


class MembershipOut(Result):
    """Where a member stands: what joining still needs, what was done, and what may be done next."""

    member_number: str
    status: MemberStatus
    decided: bool
    simpanan_pokok_paid: bool
    simpanan_pokok_outstanding: Money
    settled: bool
    events: list[EventOut]
    next_acts: list[Act]

    @classmethod
    def of(cls, now: Standing) -> "MembershipOut":
        """The wire form."""
        return cls(
            member_number=now.member.number,
            status=now.member.status,
            decided=now.checklist.decided,
            simpanan_pokok_paid=now.checklist.paid,
            simpanan_pokok_outstanding=Money.of(now.checklist.short_minor),
            settled=now.exit is not None,
            events=[EventOut.of(one) for one in now.events],
            next_acts=list(now.acts),
        )


class LineOut(Result):
    """A line of the statement; the amount adds to what is paid, or, below zero, takes from it."""

    kind: Kind
    text: str
    account_number: str | None
    amount: Money

    @classmethod
    def of(cls, line: Line, locale: str) -> "LineOut":
        """The wire form."""
        return cls(
            kind=line.kind,
            text=translate(locale, line.name or line.kind.label),
            account_number=line.number or None,
            amount=Money.of(line.effect_minor),
        )


class PartOut(Result):
    """What one person is paid: the member (position 0) or an heir."""

    position: int
    share_percent: int
    amount: Money
    paid_on: date | None
    entry_number: int | None

    @classmethod
    def of(cls, part: Part) -> "PartOut":
        """The wire form."""
        return cls(
            position=part.position,
            share_percent=part.share_percent,
            amount=Money.of(part.amount_minor),
            paid_on=part.paid_on,
            entry_number=part.entry_number,
        )


class SettlementOut(Result):
    """A settlement, as it was decided or as it would be now (``number`` null). ``net`` below zero is what is short."""

    number: int | None
    member_number: str
    reason: ExitReason
    decided_on: date
    net: Money
    blocked: bool
    pay_by: date | None
    entry_number: int | None
    lines: list[LineOut]
    parts: list[PartOut]
    working: list[str]

    @classmethod
    def of(cls, found: Exit, locale: str) -> "SettlementOut":
        """The wire form of one that was decided."""
        return cls(
            number=found.number,
            member_number=found.member_number,
            reason=found.reason,
            decided_on=found.decided_on,
            net=Money.of(found.net_minor),
            blocked=False,
            pay_by=found.pay_by,
            entry_number=found.entry_number,
            lines=[LineOut.of(one, locale) for one in found.lines],
            parts=[PartOut.of(one) for one in found.parts],
            working=[],
        )

    @classmethod
    def preview(cls, found: Statement, locale: str) -> "SettlementOut":
        """The wire form of one that would be."""
        settlement = found.plan.settlement
        return cls(
            number=None,
            member_number=found.member.number,
            reason=found.reason,
            decided_on=found.decided_on,
            net=Money.of(found.plan.net_minor),
            blocked=settlement.is_blocked,
            pay_by=settlement.pay_by,
            entry_number=None,
            lines=[LineOut.of(one, locale) for one in found.plan.lines],
            parts=[],
            working=[step.text(locale) for step in settlement.working()],
        )
