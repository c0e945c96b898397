"""Those who have applied: what each still lacks, and what the board's meeting decides on many. See ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.errors import FieldError, Refusal
from koperasi.i18n import N_
from koperasi.members import service as members
from koperasi.members.service import Member, MemberStatus
from koperasi.membership.rules import Act, Checklist
from koperasi.membership.service_acts import Carried, Wish, carry_out, open_for, record_all
from koperasi.savings import service as savings

MOST_AT_ONCE = 200
"""So many applicants are decided on at once."""


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody who has applied, and what joining still needs."""

    member: Member
    checklist: Checklist


async def applicants(
    connection: AsyncConnection, book_id: int, *, after: str | None = None, limit: int = MOST_AT_ONCE
) -> list[Applicant]:
    """Those who have applied, by number; ``after`` is the last number of the page before."""
    found = await members.search(connection, book_id, status=MemberStatus.PEMOHON, after=after, limit=limit)
    numbers = [one.number for one in found]
    accepted = await members.days_of(connection, book_id, Act.ACCEPTED.value, numbers)
    pokok = await savings.pokok_of(connection, book_id, numbers)
    return [Applicant(one, Checklist(one.number, False, accepted.get(one.number), *pokok[one.number])) for one in found]


async def undecided(connection: AsyncConnection, book_id: int) -> int:
    """On how many applicants the board has not decided."""
    return await members.count_of(connection, book_id, MemberStatus.PEMOHON, without=Act.ACCEPTED.value)


async def applicant(connection: AsyncConnection, book_id: int, number: str) -> Checklist | None:
    """What joining still needs of one person; None if they have not applied."""
    member = (await members.find_by_numbers(connection, book_id, [number])).get(number)
    if member is None or member.status is not MemberStatus.PEMOHON:
        return None
    accepted = await members.days_of(connection, book_id, Act.ACCEPTED.value, [number])
    pokok = await savings.pokok_of(connection, book_id, [number])
    return Checklist(number, False, accepted.get(number), *pokok[number])


async def decide_on(
    work: Work, cooperative: Cooperative, numbers: Sequence[str], wish: Wish, *, actor: str, today: date
) -> list[Carried]:
    """Record what a meeting of the board decided on several applicants: all of them, or none.

    Args:
        work: bound to the cooperative's book; the caller commits.
        cooperative: whose applicants.
        numbers: theirs; each once.
        wish: ``accepted`` or ``rejected``, the day of the meeting, and the number of its minutes.
        actor: who records it.
        today: the cooperative's day.

    Raises:
        Refusal: ``applicants`` (none, too many, or somebody who can't be decided on, with an error for each number).
    """
    return await _on_each(work, cooperative, numbers, dict.fromkeys(numbers, wish), actor=actor, today=today)


async def admit(
    work: Work, cooperative: Cooperative, numbers: Sequence[str], *, actor: str, today: date
) -> list[Carried]:
    """Let the numbers of applicants hold who were accepted and have paid; each from the day all of it was there.

    Raises:
        Refusal: ``applicants``, as in ``decide_on``.
    """
    accepted = await members.days_of(work.connection, work.book_id, Act.ACCEPTED.value, numbers)
    pokok = await savings.pokok_of(work.connection, work.book_id, numbers)
    known = {number: Checklist(number, False, accepted.get(number), *pokok[number]) for number in numbers}
    wishes = {number: Wish(Act.ADMITTED, one.ready_on or today) for number, one in known.items()}
    return await _on_each(work, cooperative, numbers, wishes, actor=actor, today=today)


async def _on_each(
    work: Work, cooperative: Cooperative, numbers: Sequence[str], wishes: dict[str, Wish], *, actor: str, today: date
) -> list[Carried]:
    if not numbers:
        raise Refusal("applicants", N_("Pilih dulu pemohonnya."))
    if len(numbers) > MOST_AT_ONCE:
        raise Refusal("applicants", N_("Paling banyak %(limit)s pemohon sekaligus."), limit=MOST_AT_ONCE)
    done: list[Carried] = []
    wrong: list[FieldError] = []
    # In one order for everybody: each member's row is locked on the way.
    for number in sorted(set(numbers)):
        try:
            done.append(await carry_out(work, cooperative, number, wishes[number], actor=actor, today=today))
        except Refusal as refusal:
            if refusal.field in {"effective_on", "reference", "reason"} and refusal.code in _OF_ALL:
                raise
            wrong.append(FieldError(number, refusal.code, refusal.message, refusal.params))
    if wrong:
        raise Refusal("applicants", N_("Tidak ada yang dicatat: periksa pemohon yang ditandai."), errors=wrong)
    done = await open_for(work, cooperative, done, actor=actor)
    await record_all(work, done, actor)
    return done


_OF_ALL = frozenset({"date-in-future", "reference", "reason"})
"""Refusals that speak of the meeting and not of one applicant."""
