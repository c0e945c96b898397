"""Paying those who left, or their heirs: the second entry of a settlement. Called through ``service``."""

from __future__ import annotations

from datetime import date

from sqlalchemy import insert

import ledger
from koperasi import posting
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.i18n import N_
from koperasi.members import service as members
from koperasi.membership.service_reading import Exit, Part, exit_of, no_exit
from koperasi.membership.tables import member_exit_payment
from koperasi.posting import Idempotency
from koperasi.treasury import service as treasury


async def pay(
    work: Work,
    cooperative: Cooperative,
    number: str,
    position: int,
    *,
    paid_on: date,
    actor: str,
    idempotency: Idempotency,
    today: date,
) -> Exit:
    """Pay one part out in cash, all of it.

    The same request is paid once, however often it is sent.

    Args:
        work: bound to the cooperative's book; the caller commits.
        cooperative: whose member it was.
        number: the member's.
        position: 0 is the member, 1 the first heir.
        paid_on: the day of the entry.
        actor: who pays, out of whose till.
        idempotency: the request's.
        today: the cooperative's day.

    Raises:
        NotFound: ``member``; ``member-exit``: no settlement, or no such part of it.
        Conflict: ``exit-part-paid``.
        Refusal: ``date-in-future``, ``paid-before-decision``, ``no-open-session``, or what the book says.
    """
    await members.locked_status(work, number)
    found = await exit_of(work.connection, work.book_id, number)
    if found is None:
        raise no_exit()
    part = next((one for one in found.parts if one.position == position and one.amount_minor), None)
    if part is None:
        raise NotFound("member-exit", N_("Tidak ada yang harus dibayar kepada orang ini."))
    if part.paid_on is not None:
        if part.key != idempotency.key:
            raise Conflict("exit-part-paid", N_("Bagian ini sudah dibayar."))
        return found
    _check_day(found, paid_on, today)
    cash = await treasury.cash_account(work.connection, cooperative, actor)
    entry_number = await _post(work, found, part, cash, paid_on, actor, idempotency)
    await work.connection.execute(
        insert(member_exit_payment).values(
            book_id=work.book_id,
            exit_number=found.number,
            position=position,
            paid_on=paid_on,
            entry_number=entry_number,
            key=idempotency.key,
            paid_by=actor,
        )
    )
    done = await exit_of(work.connection, work.book_id, number)
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.EXIT_PAID,
        subject=f"member {number}",
        after={"exit": found.number, "part": position, "entry": entry_number},
    )
    return done or found


async def _post(
    work: Work, found: Exit, part: Part, cash: int, paid_on: date, actor: str, idempotency: Idempotency
) -> int:
    if found.leaving_account_id is None:
        raise no_exit()
    whose = f"bagian ahli waris {part.position} anggota" if part.position else "anggota"
    draft = ledger.Draft(
        book_id=work.book_id,
        effective_date=paid_on,
        kind="membership.payout",
        description=f"Pembayaran hak {whose} {found.member_number}",
        actor=actor,
        lines=(
            ledger.Line(found.leaving_account_id, part.amount_minor),
            ledger.Line(cash, -part.amount_minor),
        ),
        key=idempotency.key,
        fingerprint=idempotency.fingerprint,
        source=f"exit:{found.number}",
    )
    return posting.settled((await ledger.append(work.connection, [draft]))[0]).number


def _check_day(found: Exit, paid_on: date, today: date) -> None:
    if paid_on > today:
        raise Refusal("date-in-future", N_("Tanggalnya belum tiba."), field="paid_on")
    if paid_on < found.decided_on:
        raise Refusal("paid-before-decision", N_("Dibayar sebelum diputuskan: periksa tanggalnya."), field="paid_on")
