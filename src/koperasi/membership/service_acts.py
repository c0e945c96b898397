"""Acts on a membership: admission, leave, leaving, death, dismissal. Called through ``service``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, policy
from koperasi.db import Work
from koperasi.members import service as members
from koperasi.members.service import Event, Member, MemberStatus, Move
from koperasi.membership import rules
from koperasi.membership.rules import Act, Checklist, Done, Reason
from koperasi.membership.service_reading import Exit, exit_of
from koperasi.savings import service as savings
from koperasi.savings.service import SavingsKind

INSTALMENTS = "simpanan_pokok.instalments"


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

    @property
    def may_settle(self) -> bool:
        """Whether the membership ends and waits for its settlement."""
        ending = self.member.status.has_left or self.member.status is MemberStatus.KELUAR_DIAJUKAN
        return ending and self.exit is None


async def standing(connection: AsyncConnection, cooperative: Cooperative, number: str) -> Standing:
    """Where a member stands.

    Raises:
        NotFound: ``member``.
    """
    book_id = cooperative.book_id
    member = await members.member_by_number(connection, book_id, number)
    events = tuple(await members.events_of(connection, book_id, number))
    found = await exit_of(connection, book_id, number)
    return Standing(
        member=member,
        events=events,
        exit=found,
        checklist=await _checklist(connection, book_id, member, events),
        acts=tuple(rules.acts_from(member.status, _history(events), settled=found is not None)),
    )


async def act_on(
    work: Work, cooperative: Cooperative, number: str, wish: Wish, *, actor: str, today: date
) -> list[Event]:
    """Do something to a membership; an applicant whom the board accepts and who has paid is a member at once.

    Args:
        work: bound to the cooperative's book; the caller commits.
        cooperative: whose member.
        number: the member's.
        wish: what is to be done.
        actor: who records it; whether they may is the caller's to know (``Act.by_board``).
        today: the cooperative's day.

    Raises:
        NotFound: ``member``.
        Refusal: what ``rules.check_act``, ``rules.clean_reference`` and ``rules.check_joining`` say.
    """
    reference = rules.clean_reference(wish.act, wish.reference)
    await members.locked_status(work, number)
    now = await standing(work.connection, cooperative, number)
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
    if wish.act is Act.ADMITTED:
        rules.check_joining(now.checklist)
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
        joined = Move(act=Act.ADMITTED.value, to=MemberStatus.ANGGOTA, effective_on=wish.effective_on, actor=actor)
        done.append(await members.move(work, number, joined))
    await record(work, number, done[0], actor, status=done[-1].to_status)
    return done


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
    dues = await savings.dues_of(connection, book_id, member.number)
    pokok = next((one for one in dues if one.kind is SavingsKind.POKOK), None)
    billed, paid = (pokok.billed_minor, pokok.paid_minor) if pokok else (0, 0)
    parts = int(await policy(connection, book_id, INSTALMENTS, member.joined_on)) if billed else 1
    decided = member.status is not MemberStatus.PEMOHON or rules.is_accepted(_history(events))
    return Checklist(member.number, decided, billed, paid, rules.first_part(billed, parts))
