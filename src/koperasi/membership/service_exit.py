"""The settlement of somebody who leaves or has died: its statement, the decision, and its undoing. See ``service``."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import func, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi import posting
from koperasi.approvals import service as approvals
from koperasi.approvals.service import Act as AskedAct
from koperasi.approvals.service import Approval
from koperasi.approvals.service import Kind as ApprovalKind
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, cooperative_of, next_number
from koperasi.db import Work
from koperasi.errors import Conflict, Refusal
from koperasi.formats import format_amount
from koperasi.i18n import N_
from koperasi.members import service as members
from koperasi.members.service import MemberStatus, Move
from koperasi.membership import rules, rules_settlement
from koperasi.membership.rules_settlement import Wishes
from koperasi.membership.service_holdings import close_accounts, leaving_account, open_again, write_ended
from koperasi.membership.service_reading import Exit, exit_by_key, exit_of, exits_of, no_exit
from koperasi.membership.service_statement import Statement, prepare
from koperasi.membership.tables import member_exit, member_exit_part
from koperasi.posting import Idempotency
from koperasi.privacy.service import SealedRow

ABOUT = "member"
"""The first word of what an act of this kind is about; see ``approvals.register``."""


NOTHING = "\N{EN DASH}"
"""Where nothing stands, as tables show it."""


async def decide(
    work: Work,
    cooperative: Cooperative,
    number: str,
    *,
    decided_on: date,
    wishes: Wishes,
    actor: str,
    idempotency: Idempotency,
    now: datetime,
) -> Exit | Approval:
    """Settle what a member has and owes; where the policies want a second person, ask for one.

    The same request finds what it led to, however often it is sent.

    Args:
        work: bound to the cooperative's book; the caller commits.
        cooperative: whose member.
        number: the member's.
        decided_on: the day of the decision, and of its entry.
        wishes: what was stated by hand.
        actor: who prepared it.
        idempotency: the request's.
        now: the moment.

    Raises:
        NotFound: ``member``.
        Conflict: ``exit-exists``.
        Refusal: what ``prepare`` and ``check_ready`` say, ``date-in-future``, ``date-before-last-act``,
            ``exit-same-day``, or what the book says.
    """
    if (before := await exit_by_key(work.connection, work.book_id, idempotency.key)) is not None:
        return _same(before, idempotency)
    await members.locked_status(work, number)
    if (asked := await approvals.asked(work.connection, work.book_id, idempotency)) is not None:
        return asked
    if await exit_of(work.connection, work.book_id, number) is not None:
        raise _exists()
    today = cooperative.today(now)
    wishes = wishes._replace(waiver=rules.clean_reference(rules.Act.SETTLED, wishes.waiver))
    found = await prepare(work.connection, cooperative, number, decided_on=decided_on, wishes=wishes)
    await _check_day(work.connection, work.book_id, found, today)
    found.check_ready()
    if await approvals.needs_second(work.connection, work.book_id, ApprovalKind.MEMBER_EXIT, today, actor=actor):
        # Nobody is asked about what the book would refuse in any case.
        async with work.connection.begin_nested() as nested:
            await _settle(work, cooperative, found, idempotency, actor, None)
            await nested.rollback()
        return await approvals.ask_act(work.connection, work.book_id, _act(found, actor, idempotency), now)
    return await _settle(work, cooperative, found, idempotency, actor, None)


async def carry_out(work: Work, approval: Approval, approver: str) -> int | None:
    """Settle what a second person agrees to, if it is still what was asked; the number of its entry, if it has one.

    Raises:
        Conflict: ``exit-changed``: the member, their savings or the rules changed since; ``exit-exists``.
        Refusal: as in ``decide``.
    """
    params = approval.params
    cooperative = await cooperative_of(work.connection, work.book_id)
    number = str(params["member"])
    status = await members.locked_status(work, number)
    if await exit_of(work.connection, work.book_id, number) is not None:
        raise _exists()
    wishes = Wishes(int(params["charge"]), params["statement"]["waiver"], int(params.get("shu", 0)))
    changed = Conflict("exit-changed", N_("Keadaan anggota ini berubah sejak diminta; tolak, lalu minta lagi."))
    if status.value != params["status"]:
        raise changed
    found = await prepare(
        work.connection, cooperative, number, decided_on=date.fromisoformat(params["decided_on"]), wishes=wishes
    )
    if found.stored() != params["statement"]:
        raise changed
    found.check_ready()
    idempotency = Idempotency(approval.key, bytes.fromhex(approval.content["request"]))
    done = await _settle(work, cooperative, found, idempotency, approval.asked_by, approver)
    return done.entry_number


async def undo(
    work: Work, number: str, *, on: date, reference: str, actor: str, idempotency: Idempotency, today: date
) -> Exit:
    """Take a decision back while nobody was paid: its entry is reversed, and the member stands where they stood.

    Args:
        work: bound to the cooperative's book; the caller commits.
        number: the member's.
        on: the day of the reversal.
        reference: the paper it rests on.
        actor: who takes it back: not who prepared it.
        idempotency: the request's.
        today: the cooperative's day.

    Raises:
        NotFound: ``member``, ``member-exit``.
        Conflict: ``exit-paid``, ``same-person``.
        Refusal: ``exit-deposits``, ``reference``, ``date-in-future``, ``reversal-before-entry``, or what the book says.
    """
    await members.locked_status(work, number)
    found = await exit_of(work.connection, work.book_id, number)
    if found is None:
        if await approvals.is_answered(work.connection, work.book_id, idempotency.key):
            return (await exits_of(work.connection, work.book_id, number))[0]
        raise no_exit()
    paper = rules.clean_reference(rules.Act.CORRECTED, reference)
    _check_undo(found, actor, on, today)
    await open_again(work, number, found.decided_on, actor)
    entry_number = None
    if found.entry_number is not None:
        entry = await ledger.entry_by_number(work.connection, work.book_id, found.entry_number)
        draft = ledger.reversal_of(
            entry,
            effective_date=on,
            actor=actor,
            key=idempotency.key,
            reason=f"Keputusan {paper}",
            fingerprint=idempotency.fingerprint,
        )
        entry_number = posting.settled((await ledger.append(work.connection, [draft]))[0]).number
    mine = (member_exit.c.book_id == work.book_id, member_exit.c.number == found.number)
    await work.connection.execute(
        update(member_exit).where(*mine).values(reversed_at=func.now(), reversed_by=actor, reversal_entry=entry_number)
    )
    move = Move(
        act=rules.Act.UNSETTLED.value, to=found.from_status, effective_on=on, reference=paper, actor=actor, undo=True
    )
    await members.move(work, number, move)
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.EXIT_REVERSED,
        subject=f"member {number}",
        after={"exit": found.number, "entry": entry_number},
    )
    return (await exits_of(work.connection, work.book_id, number))[0]


async def _settle(
    work: Work,
    cooperative: Cooperative,
    found: Statement,
    idempotency: Idempotency,
    asked_by: str,
    approved_by: str | None,
) -> Exit:
    """Post the entry, keep the statement, and end the membership."""
    number, net = found.member.number, found.plan.net_minor
    leaving_id = await leaving_account(work, cooperative, number) if net > 0 else None
    serial = await next_number(work.connection, work.book_id, "member-exit")
    entry_number = None
    if lines := rules_settlement.postings(found.plan, leaving_id):
        draft = ledger.Draft(
            book_id=work.book_id,
            effective_date=found.decided_on,
            kind="membership.settlement",
            description=f"Penyelesaian anggota {number}",
            actor=asked_by,
            lines=lines,
            key=idempotency.key,
            fingerprint=idempotency.fingerprint,
            source=f"exit:{serial}",
            metadata={"approved_by": approved_by} if approved_by else {},
        )
        entry_number = posting.settled((await ledger.append(work.connection, [draft]))[0]).number
    if entry_number is not None:
        await write_ended(work, found.own, found.decided_on, entry_number=entry_number, actor=asked_by)
    await work.connection.execute(
        insert(member_exit).values(
            book_id=work.book_id,
            number=serial,
            member_number=number,
            reason=found.reason.value,
            from_status=found.member.status.value,
            decided_on=found.decided_on,
            pay_by=found.plan.settlement.pay_by,
            net_minor=net,
            statement=found.stored(),
            key=idempotency.key,
            fingerprint=idempotency.fingerprint,
            asked_by=asked_by,
            approved_by=approved_by,
            entry_number=entry_number,
            leaving_account_id=leaving_id,
        )
    )
    await work.connection.execute(insert(member_exit_part), _part_rows(work.book_id, serial, found))
    ends = found.member.status is MemberStatus.KELUAR_DIAJUKAN
    move = Move(
        act=rules.Act.SETTLED.value,
        to=MemberStatus.KELUAR if ends else found.member.status,
        effective_on=found.decided_on,
        reference=found.wishes.waiver,
        actor=asked_by,
        approved_by=approved_by,
    )
    await members.move(work, number, move)
    await close_accounts(work, number, found.decided_on, asked_by)
    await audit.record(
        work.connection,
        work.book_id,
        actor=approved_by or asked_by,
        action=Action.EXIT_DECIDED,
        subject=f"member {number}",
        after={"exit": serial, "entry": entry_number, "reason": found.reason.value},
    )
    done = await exit_of(work.connection, work.book_id, number)
    if done is None:
        raise no_exit()
    return done


def _part_rows(book_id: int, serial: int, found: Statement) -> list[dict[str, object]]:
    """Who is paid: the heirs from position 1, or the member at 0."""
    amounts = rules_settlement.parts(found.plan)
    whole = {"book_id": book_id, "exit_number": serial}
    if not found.heirs:
        return [
            {**whole, "position": 0, "name": None, "relation": None, "share_percent": 100, "amount_minor": amounts[0]}
        ]
    return [
        {
            **whole,
            "position": position,
            "name": SealedRow("member_exit_part", book_id, serial, position).seal("name", heir.name),
            "relation": heir.relation,
            "share_percent": heir.percent,
            "amount_minor": amount,
        }
        for position, (heir, amount) in enumerate(zip(found.heirs, amounts, strict=True), 1)
    ]


def _which(number: str, amount: str) -> str:
    """An amount and the account that it lies on: somebody may have two accounts of one kind."""
    return f"{number}: {amount}" if number else amount


def _act(found: Statement, actor: str, idempotency: Idempotency) -> AskedAct:
    """The same for a second person: what is agreed to, and what it does."""
    own = [
        (one.name or one.kind.label, _which(one.number, format_amount(abs(one.effect_minor))), format_amount(0))
        for one in found.own.lines
        if one.effect_minor
    ]
    by_hand = [
        (one.name or one.kind.label, NOTHING, format_amount(one.effect_minor))
        for one in found.plan.lines
        if one not in found.own.lines
    ]
    status = found.member.status
    ends = MemberStatus.KELUAR if status is MemberStatus.KELUAR_DIAJUKAN else status
    return AskedAct(
        kind=ApprovalKind.MEMBER_EXIT,
        subject=f"{ABOUT} {found.member.number}",
        params={
            "member": found.member.number,
            "status": status.value,
            "decided_on": found.decided_on.isoformat(),
            "charge": found.wishes.charge_minor,
            "shu": found.wishes.shu_minor,
            "statement": found.stored(),
        },
        effects=[
            (N_("Nomor anggota"), found.member.number, found.member.number),
            *own,
            *by_hand,
            (N_("Dibayar"), NOTHING, format_amount(max(found.plan.net_minor, 0))),
            (N_("Status keanggotaan"), status.label, ends.label),
        ],
        actor=actor,
        idempotency=idempotency,
    )


async def _check_day(connection: AsyncConnection, book_id: int, found: Statement, today: date) -> None:
    if found.decided_on > today:
        raise Refusal("date-in-future", N_("Tanggalnya belum tiba."), field="decided_on")
    for one in await exits_of(connection, book_id, found.member.number):
        # Its returns were paid for the same days, and are known by them.
        if one.decided_on == found.decided_on and any(line.kind is rules_settlement.Kind.RETURN for line in one.lines):
            raise Refusal(
                "exit-same-day", N_("Keputusan tanggal itu sudah dibatalkan; pilih tanggal lain."), field="decided_on"
            )
    events = await members.events_of(connection, book_id, found.member.number)
    if events and found.decided_on < events[-1].effective_on:
        raise Refusal("date-before-last-act", N_("Tanggalnya sebelum tindakan terakhir."), field="decided_on")


def _check_undo(found: Exit, actor: str, on: date, today: date) -> None:
    if found.paid_minor:
        raise Conflict("exit-paid", N_("Sudah ada yang dibayar: keputusan ini tidak dapat dibatalkan lagi."))
    if any(one.kind is rules_settlement.Kind.TERM_DEPOSIT for one in found.lines):
        raise Refusal(
            "exit-deposits", N_("Simpanan berjangkanya sudah ditutup: keputusan ini tidak dapat dibatalkan lagi.")
        )
    if actor == found.asked_by:
        raise Conflict("same-person", N_("Orang lain dari yang menyiapkannya harus membatalkan."))
    if on > today:
        raise Refusal("date-in-future", N_("Tanggalnya belum tiba."), field="on")
    if on < found.decided_on:
        raise Refusal(
            "reversal-before-entry", N_("Pembatalan tidak boleh bertanggal sebelum keputusannya."), field="on"
        )


def _same(before: Exit, idempotency: Idempotency) -> Exit:
    if bytes(before.fingerprint) != idempotency.fingerprint:
        raise posting.refusal_of(ledger.Rejected("idempotency-mismatch", {"key": idempotency.key}))
    return before


def _exists() -> Conflict:
    return Conflict("exit-exists", N_("Hak dan kewajiban anggota ini sudah diselesaikan."))
