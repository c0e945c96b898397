"""What is short at the end of a membership, paid in before it is settled; or given back. Called through ``service``.

It lies on the account of what this leaver is owed (beneath 2122) until the decision takes it into the statement.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi import posting
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.errors import Conflict, Refusal
from koperasi.formats import format_amount
from koperasi.i18n import N_
from koperasi.members import service as members
from koperasi.membership.rules_settlement import Wishes
from koperasi.membership.service_holdings import leaving_account, paid_in
from koperasi.membership.service_reading import exit_of
from koperasi.membership.service_statement import prepare
from koperasi.posting import Idempotency
from koperasi.treasury import service as treasury

PAID_IN, PAID_BACK = "membership.paid-in", "membership.paid-back"
"""The kinds of their entries."""


async def pay_in(
    work: Work,
    cooperative: Cooperative,
    number: str,
    amount_minor: int,
    *,
    wishes: Wishes,
    actor: str,
    idempotency: Idempotency,
    today: date,
) -> int:
    """Take in cash what the statement says is short; the number of the entry. The same request is posted once.

    Args:
        work: bound to the cooperative's book; the caller commits.
        cooperative: whose member.
        number: the member's.
        amount_minor: all that is short, as whoever pays was told, in sen.
        wishes: what the statement was computed with.
        actor: who takes the money, into their own till.
        idempotency: the request's.
        today: the cooperative's day.

    Raises:
        NotFound: ``member``.
        Conflict: ``exit-exists``; ``shortage-changed``: it is another amount now.
        Refusal: what ``prepare`` says, ``no-own-account``, ``no-open-session``, or what the book says.
    """
    await _check_open(work, number)
    found = await prepare(work.connection, cooperative, number, decided_on=today, wishes=wishes)
    entry, is_new = await _post(work, cooperative, number, amount_minor, PAID_IN, actor, idempotency, today)
    if is_new and (amount_minor <= 0 or amount_minor != found.plan.short_minor):
        raise Conflict("shortage-changed", N_("Kekurangannya sudah berubah: periksa lagi perhitungannya."))
    return entry


async def pay_back(
    work: Work, cooperative: Cooperative, number: str, *, actor: str, idempotency: Idempotency, today: date
) -> int:
    """Give all that was paid in back in cash, while nothing was decided; the number of the entry.

    Raises:
        NotFound: ``member``.
        Conflict: ``exit-exists``.
        Refusal: ``nothing-paid-in``, ``no-open-session``, or what the book says.
    """
    await _check_open(work, number)
    line = await paid_in(work.connection, cooperative, number)
    if line is None:
        raise Refusal("nothing-paid-in", N_("Tidak ada pembayaran kekurangan yang harus dikembalikan."))
    entry, _ = await _post(work, cooperative, number, -line.effect_minor, PAID_BACK, actor, idempotency, today)
    return entry


async def check_nothing_paid_in(connection: AsyncConnection, cooperative: Cooperative, number: str) -> None:
    """Refuse to let somebody stay before what they paid to leave is given back.

    Raises:
        Refusal: ``paid-in``.
    """
    if (line := await paid_in(connection, cooperative, number)) is not None:
        raise Refusal(
            "paid-in",
            N_("Kembalikan dulu %(amount)s yang dibayar untuk kekurangan, di halaman penyelesaian."),
            amount=format_amount(line.effect_minor),
        )


async def _check_open(work: Work, number: str) -> None:
    await members.locked_status(work, number)
    if await exit_of(work.connection, work.book_id, number) is not None:
        raise Conflict("exit-exists", N_("Hak dan kewajiban anggota ini sudah diselesaikan."))


async def _post(
    work: Work,
    cooperative: Cooperative,
    number: str,
    amount_minor: int,
    kind: str,
    actor: str,
    idempotency: Idempotency,
    today: date,
) -> tuple[int, bool]:
    """Cash in (above zero) or out against the account of what this leaver is owed."""
    owed = await leaving_account(work, cooperative, number, separate=True)
    cash = await treasury.cash_account(work.connection, cooperative, actor)
    words = "Pembayaran kekurangan" if amount_minor > 0 else "Pengembalian pembayaran kekurangan"
    draft = ledger.Draft(
        book_id=work.book_id,
        effective_date=today,
        kind=kind,
        description=f"{words} anggota {number}",
        actor=actor,
        lines=(ledger.Line(cash, amount_minor), ledger.Line(owed, -amount_minor)),
        key=idempotency.key,
        fingerprint=idempotency.fingerprint,
        source=f"member:{number}",
    )
    done = posting.settled((await ledger.append(work.connection, [draft]))[0])
    if not done.replayed:
        await audit.record(
            work.connection,
            work.book_id,
            actor=actor,
            action=Action.EXIT_PAID,
            subject=f"member {number}",
            after={"kind": kind, "entry": done.number},
        )
    return done.number, not done.replayed
