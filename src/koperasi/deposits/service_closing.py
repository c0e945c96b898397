"""Closing before the day: by the member, or because the membership ends. Called through ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.deposits import rules
from koperasi.deposits.rules import ClosedAs, Closing, Deposit, Part
from koperasi.deposits.service_due import append, close, lock, return_lines, settle, write_return
from koperasi.deposits.service_opening import Opened, closed
from koperasi.deposits.service_reading import Named, brought, deposit_by_number, paid_on, search
from koperasi.deposits.service_results import results_for
from koperasi.deposits.service_tax import withheld, withheld_of_all
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.posting import Idempotency, refusal_of, settled
from koperasi.savings import service as savings


class Offer(NamedTuple):
    """What closing on a day comes to, in sen: ``closing`` before the tax, then the tax, and what is paid."""

    named: Named
    closing: Closing
    tax_minor: int

    @property
    def payout_minor(self) -> int:
        """What goes to the member."""
        return self.closing.payout_minor - self.tax_minor


async def preview(connection: AsyncConnection, cooperative: Cooperative, number: str, on: date) -> Offer:
    """What closing on a day, before maturity, would come to.

    Raises:
        NotFound: ``deposit``.
        Refusal: ``deposit-closed``, ``deposit-differs``, ``deposit-due`` (its day has come: it is settled, not closed)
            or ``result-missing``.
    """
    named = await deposit_by_number(connection, cooperative.book_id, number)
    one = named.deposit
    if one.closed_on is not None:
        raise closed()
    if one.is_due(on):
        raise Refusal("deposit-due", N_("Sudah jatuh tempo: proses dulu jatuh temponya."))
    found = await _closing(connection, cooperative, one, on, is_waived=False)
    return Offer(named, found, await withheld(connection, cooperative, one.member_number, on, found.return_minor))


async def _closing(
    connection: AsyncConnection, cooperative: Cooperative, one: Deposit, on: date, *, is_waived: bool
) -> Closing:
    if not one.stands:
        raise Refusal("deposit-differs", N_("Saldo di buku tidak sama dengan pokok perjanjian."))
    paid = brought(one, (await paid_on(connection, cooperative.book_id, [one.number]))[one.number])
    results = await results_for(connection, cooperative)
    return rules.closing(one, on, paid, results, is_waived=is_waived)


async def close_early(
    work: Work, cooperative: Cooperative, number: str, on: date, *, actor: str, idempotency: Idempotency
) -> Opened:
    """Pay a contract out before its day, by its rule, to the account that it names; the caller commits.

    Returns that fell due before are posted first, each as its own entry.

    Args:
        work: bound to the cooperative's book.
        cooperative: whose book.
        number: the contract.
        on: the book's day.
        actor: who records it.
        idempotency: the same request is posted once.

    Raises:
        NotFound: ``deposit``.
        Refusal: as ``preview``, or what the book says.
    """
    await lock(work, number)
    one = (await deposit_by_number(work.connection, work.book_id, number)).deposit
    if one.closed_as is ClosedAs.EARLY and one.closing_entry is not None:
        return await _same_request(work, one, one.closing_entry, idempotency)
    if not one.is_due(on):
        await settle(work, cooperative, number, on, today=on, actor=actor)
    offer = await preview(work.connection, cooperative, number, on)
    target = await savings.account_by_number(work.connection, work.book_id, one.payout_account)
    lines = [
        ledger.Line(one.ledger_account_id, one.principal_minor),
        *await return_lines(
            work.connection, cooperative, one.member_number, offer.closing.return_minor, offer.tax_minor
        ),
        ledger.Line(target.ledger_account_id, -offer.payout_minor),
    ]
    draft = ledger.Draft(
        book_id=work.book_id,
        effective_date=on,
        kind="deposit.early",
        description=f"Penutupan awal simpanan berjangka {number}",
        actor=actor,
        lines=tuple(line for line in lines if line.amount),
        key=idempotency.key,
        fingerprint=idempotency.fingerprint,
    )
    entry_number = settled((await ledger.append(work.connection, [draft]))[0]).number
    await _write_closing(work, one, on, offer, ClosedAs.EARLY, entry_number, actor)
    return Opened(number, entry_number, replayed=False)


async def _same_request(work: Work, one: Deposit, entry_number: int, idempotency: Idempotency) -> Opened:
    """It was closed before: by this request, or by another.

    Raises:
        Refusal: ``deposit-closed`` or ``idempotency-mismatch``.
    """
    entry = await ledger.entry_by_number(work.connection, work.book_id, entry_number)
    draft = ledger.Draft(
        book_id=work.book_id,
        effective_date=entry.effective_date,
        kind=entry.kind,
        description=entry.description,
        actor=entry.actor,
        lines=tuple(ledger.Line(line.account_id, line.amount) for line in entry.lines),
        key=idempotency.key,
        fingerprint=idempotency.fingerprint,
    )
    # The book tells who used the key: the same request is replayed; any other one fails on the empty account.
    outcome = (await ledger.append(work.connection, [draft]))[0]
    if isinstance(outcome, ledger.Replayed) and outcome.number == entry_number:
        return Opened(one.number, entry_number, replayed=True)
    if isinstance(outcome, ledger.Rejected) and outcome.code == "idempotency-mismatch":
        raise refusal_of(outcome)
    raise closed()


async def _write_closing(
    work: Work, one: Deposit, on: date, offer: Offer, closed_as: ClosedAs, entry_number: int, actor: str
) -> None:
    if offer.closing.return_minor:
        part = Part(0, one.opened_on, max(on, one.opened_on), offer.closing.return_minor)
        await write_return(work, one, part, on, offer.closing.return_minor, offer.tax_minor, entry_number, actor)
    await close(work, one, on, closed_as, entry_number)
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.DEPOSIT_CLOSED,
        subject=f"deposit {one.number}",
        after={"as": closed_as.value, "entry": entry_number},
    )


# --- When the membership ends ---------------------------------------------------------------------------------------


class ExitLines(NamedTuple):
    """What ends a member's term deposits: lines without their counterpart, which is ``payout_minor`` (sen) in all."""

    offers: tuple[Offer, ...]
    lines: tuple[ledger.Line, ...]
    payout_minor: int


async def exit_lines(
    connection: AsyncConnection, cooperative: Cooperative, member_number: str, on: date, *, is_waived: bool = False
) -> ExitLines:
    """The lines that empty a member's term deposits on a day, for the entry of an exit or a death.

    A contract past its maturity brings what it would have brought then. Nothing is written.

    Args:
        connection: bound to the book.
        cooperative: whose book.
        member_number: whose deposits.
        on: the day.
        is_waived: the days that a deposit lay bring their full return (a death).

    Raises:
        Refusal: ``deposit-differs`` or ``result-missing``.
    """
    found = await search(connection, cooperative.book_id, member_number=member_number, is_running=True, limit=1000)
    closings = [await _closing(connection, cooperative, one.deposit, on, is_waived=is_waived) for one in found]
    gross = [one.return_minor for one in closings]
    taxes = await withheld_of_all(connection, cooperative, member_number, on, gross)
    offers = [Offer(*facts) for facts in zip(found, closings, taxes, strict=True)]
    lines: list[ledger.Line] = []
    for offer in offers:
        lines.append(ledger.Line(offer.named.deposit.ledger_account_id, offer.named.deposit.principal_minor))
        lines += await return_lines(connection, cooperative, member_number, offer.closing.return_minor, offer.tax_minor)
    return ExitLines(tuple(offers), _together(lines), sum(one.payout_minor for one in offers))


def _together(lines: Sequence[ledger.Line]) -> tuple[ledger.Line, ...]:
    """One line an account; none that is nothing."""
    sums: dict[int, int] = {}
    for line in lines:
        sums[line.account_id] = sums.get(line.account_id, 0) + line.amount
    return tuple(ledger.Line(account, amount) for account, amount in sums.items() if amount)


async def close_for_exit(work: Work, ended: ExitLines, on: date, *, entry_number: int, actor: str) -> None:
    """End the contracts that an entry with ``exit_lines`` emptied; the caller commits.

    Raises:
        Refusal: ``deposit-differs``: something else happened to one meanwhile.
    """
    for offer in ended.offers:
        await _write_closing(work, offer.named.deposit, on, offer, ClosedAs.EXIT, entry_number, actor)


__all__ = ["ExitLines", "Offer", "append", "close_early", "close_for_exit", "exit_lines", "preview"]
