"""Contracts from before the book: brought in many at a time, and taken back. Called through ``service``.

The entries are the importer's: each contract against the opening difference, so that nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import Cooperative, next_numbers, roles
from koperasi.db import Work
from koperasi.deposits.model import TERMS_OFFERED, ClosedAs, Terms
from koperasi.deposits.numbers import SERIES, deposit_number
from koperasi.deposits.rules_carried import Running
from koperasi.deposits.service_opening import Facts, account_beneath, row_of
from koperasi.deposits.service_standing import stands
from koperasi.deposits.service_terms import PARTNERS_ROLE, all_terms, control_role
from koperasi.deposits.tables import deposit, deposit_return
from koperasi.errors import Conflict, Refusal
from koperasi.i18n import N_
from koperasi.savings.service import is_partner_number


@dataclass(frozen=True, slots=True)
class Carrying:
    """What bringing contracts in has to know of the book.

    Attributes:
        terms: all that were ever offered.
        is_sharia: whether it works by nisbah.
        codes: the account above members' contracts, by months; none where the chart has none.
        partners_code: the account above those of other cooperatives, if there is one.
        prior_numbers: numbers on old paper that are in the book already, of those asked for.
    """

    terms: Sequence[Terms]
    is_sharia: bool
    codes: Mapping[int, str]
    partners_code: str | None
    prior_numbers: Collection[str]

    def code_of(self, holder: str, months: int) -> str | None:
        """The account above a contract."""
        return self.partners_code if is_partner_number(holder) else self.codes.get(months)


class CarriedIn(NamedTuple):
    """A contract with its number and ledger account, whose opening entry has not been posted yet."""

    number: str
    ledger_account_id: int
    row: dict[str, Any]


async def carrying(connection: AsyncConnection, cooperative: Cooperative, prior_numbers: Sequence[str]) -> Carrying:
    """What the checks of a list of running contracts need."""
    played = roles(cooperative.kind)
    wanted = {months: control_role(cooperative, months) for months in TERMS_OFFERED}
    known = await connection.scalars(
        select(deposit.c.prior_number).where(
            deposit.c.book_id == cooperative.book_id,
            deposit.c.prior_number.in_(prior_numbers),
            deposit.c.closed_as.is_distinct_from(ClosedAs.UNDONE.value),
        )
    )
    return Carrying(
        terms=await all_terms(connection, cooperative.book_id),
        is_sharia=cooperative.is_sharia,
        codes={months: played[role] for months, role in wanted.items() if role in played},
        partners_code=played.get(PARTNERS_ROLE),
        prior_numbers=frozenset(str(one) for one in known),
    )


async def carry_in(work: Work, some: Sequence[tuple[Running, str, date]]) -> list[CarriedIn]:
    """Number contracts and open their accounts; the caller posts their entries, then calls ``keep_carried``.

    Args:
        work: bound to the book.
        some: each with the code of the account above it, and the day on which it comes in.
    """
    serials = await next_numbers(work.connection, work.book_id, SERIES, len(some))
    codes = {code for _, code, _ in some}
    above = {one.code: one for one in await ledger.find_accounts(work.connection, work.book_id, codes)}
    wanted = [
        account_beneath(above[code], deposit_number(serial), on)
        for (_, code, on), serial in zip(some, serials, strict=True)
    ]
    opened = await ledger.open_accounts(work.connection, work.book_id, wanted)
    return [
        CarriedIn(deposit_number(serial), opened[account.code], _row(work.book_id, serial, running, on))
        for (running, _, on), serial, account in zip(some, serials, wanted, strict=True)
    ]


def _row(book_id: int, serial: int, running: Running, on: date) -> dict[str, Any]:
    one = running.carried
    facts = Facts(
        member_number=one.holder,
        months=running.terms.months,
        seed_on=running.seed_on,
        term=running.term,
        opened_on=one.opened_on,
        roll_over=one.roll_over,
        payout_account=one.payout_account,
        previous=None,
    )
    return row_of(book_id, serial, facts, running.terms, one.principal_minor) | {
        "carried_on": on,
        "prior_number": one.prior_number,
        "paid_until": running.paid_until,
        "paid_before_minor": running.paid_before_minor,
    }


async def keep_carried(work: Work, some: Sequence[CarriedIn], entries: Sequence[int], actor: str) -> None:
    """Write the contracts, once their money stands in the book, each with the number of its entry.

    Raises:
        Conflict: ``contract-exists``: another list brought one of them in at the same time; roll everything back.
    """
    rows = [
        one.row | {"ledger_account_id": one.ledger_account_id, "opening_entry": entry, "created_by": actor}
        for one, entry in zip(some, entries, strict=True)
    ]
    if not rows:
        return
    try:
        await work.connection.execute(insert(deposit), rows)
    except IntegrityError as error:
        if "uq_deposit_prior_number" in str(error.orig):
            raise Conflict(
                "contract-exists", N_("Daftar lain baru saja mencatat perjanjian yang sama. Periksa lagi.")
            ) from error
        raise


async def take_back(work: Work, reversals: Mapping[int, int], on: date) -> None:
    """End the contracts whose opening entries were reversed with their import; the caller commits.

    Args:
        work: bound to the book.
        reversals: the reversing entry by the opening entry; entries that opened no contract are passed over.
        on: the day.

    Raises:
        Refusal: ``deposit-used``: a return was posted on one meanwhile.
    """
    table = deposit
    found = (
        await work.connection.execute(
            select(table.c.number, table.c.opening_entry, table.c.ledger_account_id).where(
                table.c.book_id == work.book_id,
                table.c.opening_entry.in_(list(reversals)),
                table.c.carried_on.is_not(None),
                table.c.closed_on.is_(None),
            )
        )
    ).all()
    used = await work.connection.scalar(
        select(deposit_return.c.deposit_number)
        .where(
            deposit_return.c.book_id == work.book_id,
            deposit_return.c.deposit_number.in_([one.number for one in found]),
            stands(),
        )
        .limit(1)
    )
    if used is not None:
        raise Refusal(
            "deposit-used",
            N_("Belum dapat dibatalkan: imbalan simpanan berjangka %(number)s sudah dicatat. Balik dulu jurnalnya."),
            number=used,
        )
    for one in found:
        await work.connection.execute(
            update(table)
            .where(table.c.book_id == work.book_id, table.c.number == one.number)
            .values(closed_on=on, closed_as=ClosedAs.UNDONE.value, closing_entry=reversals[one.opening_entry])
        )
        await ledger.close_account(work.connection, work.book_id, one.ledger_account_id, on)


__all__ = ["CarriedIn", "Carrying", "Running", "carry_in", "carrying", "keep_carried", "take_back"]
