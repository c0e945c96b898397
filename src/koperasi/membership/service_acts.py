"""Acts on a membership: admission, leave, leaving, death, dismissal. Called through ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.members import service as members
from koperasi.members.service import Event, Member, MemberStatus, Move
from koperasi.membership import rules
from koperasi.membership.rules import Act, Checklist, Done, Reason
from koperasi.membership.service_paid_in import check_nothing_paid_in
from koperasi.membership.service_reading import Exit, exit_of
from koperasi.savings import service as savings


class Wish(NamedTuple):
    """What is to be done to a membership, from when, why, and on what paper."""

    act: Act
    effective_on: date
    reason: Reason | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a member stands, how they came there, and what may be done next."""

    member: Member
    events: tuple[Event, ...]
    exit: Exit | None
    checklist: Checklist
    acts: tuple[Act, ...]
    may_apply: bool
    """Whether people apply for membership here; a bank's savers are customers."""

    @property
    def may_settle(self) -> bool:
        """Whether the membership ends and waits for its settlement; who was refused waits if they had paid."""
        status = self.member.status
        if self.exit is not None or not (status.has_left or status is MemberStatus.KELUAR_DIAJUKAN):
            return False
        return status is not MemberStatus.KELUAR or self.checklist.pokok_paid_minor > 0


async def standing(connection: AsyncConnection, cooperative: Cooperative, number: str) -> Standing:
    """Where a member stands.

    Raises:
        NotFound: ``member``.
    """
    book_id = cooperative.book_id
    member = await members.member_by_number(connection, book_id, number)
    events = tuple(await members.events_of(connection, book_id, number))
    found = await exit_of(connection, book_id, number)
    checklist = await _checklist(connection, book_id, member, events)
    acts = rules.acts_from(member.status, _history(events), settled=found is not None)
    return Standing(
        member=member,
        events=events,
        exit=found,
        checklist=checklist,
        # A number is not offered before all is there that it waits for.
        acts=tuple(act for act in acts if act is not Act.ADMITTED or checklist.complete),
        may_apply=cooperative.kind.has_members,
    )


async def act_on(
    work: Work, cooperative: Cooperative, number: str, wish: Wish, *, actor: str, today: date
) -> list[Event]:
    """Do something to a membership; an applicant whom the board accepts and who has paid is a member at once.

    The same act sent again by the same person is done once.

    Args:
        work: bound to the cooperative's book; the caller commits.
        cooperative: whose member.
        number: the member's.
        wish: what is to be done.
        actor: who records it; whether they may is the caller's to know (``Act.by_board``).
        today: the cooperative's day.

    Raises:
        NotFound: ``member``.
        Conflict: ``same-person``: who registered an applicant does not decide on them.
        Refusal: what ``rules.check_act``, ``rules.clean_reference`` and ``rules.check_joining`` say.
    """
    done = await carry_out(work, cooperative, number, wish, actor=actor, today=today)
    await record_all(work, await open_for(work, cooperative, [done], actor=actor), actor)
    return done.events


class Carried(NamedTuple):
    """What an act on one member came to; ``events`` are empty if it had been done before."""

    number: str
    events: list[Event]
    opened: Sequence[savings.SavingsAccount] = ()

    @property
    def joined_on(self) -> date | None:
        """The day from which they are a member by this act; none if they are not."""
        return self.events[-1].effective_on if self.events and self.events[-1].act == Act.ADMITTED else None


async def carry_out(
    work: Work, cooperative: Cooperative, number: str, wish: Wish, *, actor: str, today: date
) -> Carried:
    """The same, yet without the accounts of new members (``open_for``) and the audit trail (``record_all``, last)."""
    reference = rules.clean_reference(wish.act, wish.reference)
    await members.locked_status(work, number)
    now = await standing(work.connection, cooperative, number)
    if _was_done(now.events, wish, reference, actor):
        return Carried(number, [])
    history = _history(now.events)
    rules.check_act(
        wish.act,
        status=now.member.status,
        history=history,
        joined_on=now.member.joined_on,
        effective_on=wish.effective_on,
        today=today,
        reason=wish.reason,
        settled=now.exit is not None,
    )
    registered_by = await members.registered_by(work.connection, work.book_id, number)
    rules.check_second(wish.act, status=now.member.status, registered_by=registered_by, actor=actor)
    if wish.act in {Act.EXIT_WITHDRAWN, Act.CORRECTED}:
        await check_nothing_paid_in(work.connection, cooperative, number)
    if wish.act is Act.ADMITTED:
        rules.check_joining(now.checklist, wish.effective_on)
    wanted = Move(
        act=wish.act.value,
        to=rules.target(wish.act, history),
        effective_on=wish.effective_on,
        reason=wish.reason.value if wish.reason else None,
        reference=reference,
        actor=actor,
        undo=wish.act is Act.CORRECTED,
    )
    done = [await members.move(work, number, wanted)]
    if wish.act is Act.ACCEPTED and now.checklist.paid:
        # Joined when the last of it was there: the decision, or a payment after it.
        day = max(wish.effective_on, now.checklist.paid_on or wish.effective_on)
        joined = Move(act=Act.ADMITTED.value, to=MemberStatus.ANGGOTA, effective_on=day, actor=actor)
        done.append(await members.move(work, number, joined))
    return Carried(number, done)


async def open_for(work: Work, cooperative: Cooperative, done: Sequence[Carried], *, actor: str) -> list[Carried]:
    """Open the accounts of those who are members now, together for all who joined on one day."""
    days: dict[date, list[str]] = {}
    for one in done:
        if one.joined_on is not None:
            days.setdefault(one.joined_on, []).append(one.number)
    opened: dict[str, list[savings.SavingsAccount]] = {}
    for day, numbers in sorted(days.items()):
        for account in await savings.welcome_in(work, cooperative, numbers, day, actor=actor):
            opened.setdefault(account.member_number, []).append(account)
    return [one._replace(opened=opened.get(one.number, ())) for one in done]


def _was_done(events: tuple[Event, ...], wish: Wish, reference: str | None, actor: str) -> bool:
    """The last thing that was done is this: a form that was sent twice."""
    wanted = (wish.act.value, wish.effective_on, wish.reason.value if wish.reason else None, reference, actor)
    last = events[-2:] if events and events[-1].act == Act.ADMITTED and wish.act is Act.ACCEPTED else events[-1:]
    return any((one.act, one.effective_on, one.reason, one.reference, one.recorded_by) == wanted for one in last)


async def record_all(work: Work, done: Sequence[Carried], actor: str) -> None:
    """Write what was done in the audit trail; last in the transaction."""
    await savings.record_opened(work, [account for one in done for account in one.opened], actor=actor)
    for one in done:
        if one.events:
            await record(work, one.number, one.events[0], actor, status=one.events[-1].to_status)


async def record(work: Work, number: str, event: Event, actor: str, *, status: MemberStatus) -> None:
    """Write an act in the audit trail; last in the transaction."""
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.MEMBERSHIP_CHANGED,
        subject=f"member {number}",
        before={"status": event.from_status.value},
        after={
            "act": event.act,
            "status": status.value,
            "effective_on": event.effective_on.isoformat(),
            "reason": event.reason,
            "reference": event.reference,
        },
    )


def _history(events: tuple[Event, ...]) -> list[Done]:
    return [Done(one.act, one.from_status, one.effective_on) for one in events]


async def _checklist(connection: AsyncConnection, book_id: int, member: Member, events: tuple[Event, ...]) -> Checklist:
    pokok = (await savings.pokok_of(connection, book_id, [member.number]))[member.number]
    applied = member.status is MemberStatus.PEMOHON or (events and events[0].from_status is MemberStatus.PEMOHON)
    joined = not applied or any(one.act == Act.ADMITTED for one in events)
    return Checklist(member.number, joined, rules.accepted_on(_history(events)), *pokok)
