"""Who leaves in the demo, whose heirs are waiting, and whose family looks after the savings. All made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from koperasi.approvals import service as approvals
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.members import service as members
from koperasi.membership import service as membership
from koperasi.membership.service import Act, Reason, Scope, Wish, Wishes
from koperasi.posting import Idempotency

ABROAD, AT_HOME = 3, 1
"""Who works abroad, and who at home looks after it; by their place in the list. The first member sees both sides."""
LEAVER, DECEASED = 30, 33
HEIRS = (("Rohani", "Istri", 50), ("Muhammad Ilham", "Anak", 25), ("Siti Fatimah", "Anak", 25))


async def allow(work: Work, numbers: Sequence[str], today: date) -> None:
    """Somebody abroad lets the first member see everything, who lets a relative at home see the balances.

    The caller commits.
    """
    until = today.replace(day=1) + timedelta(days=365)
    for giver, taker, scope, until_on in (
        (numbers[ABROAD], numbers[0], Scope.ALL, until),
        (numbers[0], numbers[AT_HOME], Scope.BALANCES, None),
    ):
        await membership.grant(work, giver, scope, relative_number=taker, until_on=until_on, actor=giver, today=today)


async def leave(
    work: Work, cooperative: Cooperative, numbers: Sequence[str], now: datetime
) -> list[approvals.Approval]:
    """One member moves away, another has died; both settlements wait for the chair. The caller commits."""
    today = cooperative.today(now)
    heirs = tuple(members.Heir(name, relation, None, share) for name, relation, share in HEIRS)
    await members.change(work, numbers[DECEASED], {"heirs": heirs}, actor="bendahara")
    asked = []
    for place, wish in (
        (LEAVER, Wish(Act.EXIT_REQUESTED, today - timedelta(days=6), Reason.MOVED, "Surat 4/XI")),
        (DECEASED, Wish(Act.DECEASED, today - timedelta(days=9), Reason.DEATH_CERTIFICATE, "AK 12/2026")),
    ):
        number = numbers[place]
        await membership.act_on(work, cooperative, number, wish, actor="bendahara", today=today)
        answer = await membership.decide(
            work,
            cooperative,
            number,
            decided_on=today,
            wishes=Wishes(),
            actor="bendahara",
            idempotency=Idempotency.of("demo", f"exit-{number}"),
            now=now,
        )
        if isinstance(answer, approvals.Approval):
            asked.append(answer)
    return asked


async def settle(work: Work, cooperative: Cooperative, asked: Sequence[approvals.Approval], now: datetime) -> None:
    """The chair agrees to the first, who is paid; the heirs' waits. The caller commits."""
    approvals.register(approvals.Kind.MEMBER_EXIT, membership.carry_out, about=membership.ABOUT)
    first = asked[0]
    await approvals.approve(work.connection, work.book_id, first.number, actor="ketua", seen=first.fingerprint, now=now)
    today = cooperative.today(now)
    await membership.pay(
        work,
        cooperative,
        str(first.params["member"]),
        0,
        paid_on=today,
        actor="kasir",
        idempotency=Idempotency.of("demo", "exit-paid"),
        today=today,
    )
