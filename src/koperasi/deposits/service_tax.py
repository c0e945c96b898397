"""The tax on a return that is paid now, whoever the holder is: asked of the returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.deposits.rules import Deposit, Part
from koperasi.deposits.tables import deposit
from koperasi.i18n import N_
from koperasi.returns import service as returns
from koperasi.savings.service import is_partner_number


async def kept(
    connection: AsyncConnection, book_id: int, on: date, holder: str | None, known_at: int | None
) -> Mapping[str, int]:
    """What savers have in term deposits at the close of a day, in sen: a bank's tax looks at all that they have."""
    moved = ledger.turnovers(book_id, known_at)
    query = (
        select(deposit.c.member_number, func.sum(moved.c.credit - moved.c.debit))
        .join(moved, and_(moved.c.account_id == deposit.c.ledger_account_id, moved.c.day <= on))
        .where(deposit.c.book_id == book_id, deposit.c.member_number.is_not(None))
        .group_by(deposit.c.member_number)
    )
    if holder is not None:
        query = query.where(deposit.c.member_number == holder)
    return {number: int(amount) for number, amount in await connection.execute(query)}


returns.count_balances("deposits", kept)


async def withheld(
    connection: AsyncConnection, cooperative: Cooperative, holder: str, on: date, gross_minor: int
) -> int:
    """What is withheld of a return paid on a day, in sen; nothing where the chart has no account for the tax.

    Of a member by the month, of another cooperative by its own rule, of a bank's saver by what they have.
    Until the transaction ends, nobody else pays this book's savers a return.
    """
    return (await withheld_of_all(connection, cooperative, holder, on, [gross_minor]))[0]


async def withheld_of_all(
    connection: AsyncConnection, cooperative: Cooperative, holder: str, on: date, gross: Sequence[int]
) -> list[int]:
    """The same for several returns that are paid together; below zero is no return, and is not taxed."""
    work = Work(connection, cooperative.book_id)
    return await returns.withhold(work, cooperative, holder, [max(one, 0) for one in gross], on)


def tax_role(cooperative: Cooperative, holder: str) -> str:
    """The role of the account that takes what was withheld of a holder.

    Raises:
        TypeError: the chart has none; then ``withheld`` is nothing.
    """
    found = returns.tax_role(cooperative.kind, holder)
    if found is None:
        raise TypeError("nothing is withheld where the chart has no account for it")
    return found


async def tax_words(
    connection: AsyncConnection, cooperative: Cooperative, holder: str, on: date
) -> returns.Step | None:
    """What is withheld of a holder's returns by the rules of a day, as a step of a working; None: nothing is."""
    if returns.tax_role(cooperative.kind, holder) is None:
        return None
    rules = await returns.rules_on(connection, cooperative, on, holder)
    if is_partner_number(holder):
        return rules.partners and returns.Step(
            N_("Pajak: PPh pasal 23, %(percent)s %% dari setiap imbalan."),
            {"percent": returns.number(rules.partners.percent)},
        )
    if rules.bank:
        return returns.Step(
            N_(
                "Pajak: %(percent)s %% final dari setiap imbalan bila tabungan dan deposito bersama melebihi "
                "%(threshold)s."
            ),
            {"percent": returns.number(rules.bank.percent), "threshold": returns.rupiah(rules.bank.threshold_minor)},
        )
    return rules.members and returns.Step(
        N_(
            "Pajak: %(percent)s %% final dari semua imbalan yang diterima anggota dalam sebulan bila melebihi "
            "%(threshold)s; yang sudah dipotong dikurangkan."
        ),
        {
            "percent": returns.number(rules.members.percent),
            "threshold": returns.rupiah(rules.members.threshold_minor),
        },
    )


async def count(
    work: Work, one: Deposit, part: Part, on: date, gross_minor: int, tax_minor: int, entry_number: int, actor: str
) -> None:
    """Let a return that was posted count for the month's tax, and have its slip."""
    if gross_minor <= 0:
        return
    payment = returns.Payment(
        "deposit", f"{one.number}.{part.number}", one.member_number, part.first, part.last, gross_minor
    )
    await returns.record_paid(work, [(payment, tax_minor)], on=on, entry_number=entry_number, actor=actor)
