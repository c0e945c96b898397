"""The tax of what savers are paid, and payments that no run makes. Called through ``service``.

A saver is a member or another cooperative (``K0001``); its number says which. See ``rules_tax`` for the three rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative, Kind, next_numbers, policies_on, roles
from koperasi.db import Work
from koperasi.errors import Refusal
from koperasi.formats import parse_wire_amount
from koperasi.returns import service_rows
from koperasi.returns.model import Payment
from koperasi.returns.rules_run import Taxing, TaxRule
from koperasi.returns.rules_tax import BankTax, PartnerTax
from koperasi.returns.service_balances import balances
from koperasi.returns.tables import return_paid
from koperasi.savings.service import is_partner_number

_MEMBERS = ("savings_tax.threshold", "savings_tax.rate_percent")
_BANK = ("deposit_tax.threshold", "deposit_tax.rate_percent")
_PARTNERS = ("tax.partner_percent",)


async def tax_rule(connection: AsyncConnection, cooperative: Cooperative, on: date) -> TaxRule | None:
    """The tax of members' savings on a day; None where this kind of institution has no such policy."""
    held = await _held(connection, cooperative.book_id, _MEMBERS, on)
    return TaxRule(parse_wire_amount(held[_MEMBERS[0]]), Fraction(held[_MEMBERS[1]])) if held else None


async def partner_tax(connection: AsyncConnection, cooperative: Cooperative, on: date) -> PartnerTax | None:
    """The tax of other cooperatives' savings on a day; None where there is no such policy."""
    held = await _held(connection, cooperative.book_id, _PARTNERS, on)
    return PartnerTax(Fraction(held[_PARTNERS[0]])) if held else None


async def bank_tax(connection: AsyncConnection, cooperative: Cooperative, on: date) -> BankTax | None:
    """The tax of a bank's savers on a day; None where this is no bank."""
    held = await _held(connection, cooperative.book_id, _BANK, on)
    return BankTax(parse_wire_amount(held[_BANK[0]]), Fraction(held[_BANK[1]])) if held else None


async def _held(connection: AsyncConnection, book_id: int, names: Sequence[str], on: date) -> Mapping[str, str] | None:
    try:
        return await policies_on(connection, book_id, names, on)
    except Refusal:
        return None


def tax_role(kind: Kind, holder: str) -> str | None:
    """By what role the chart knows the account that takes a saver's tax; None if nothing can be withheld here.

    What is withheld of another cooperative is no final tax, and stands apart where the chart has an account for it.
    """
    played = roles(kind)
    if is_partner_number(holder) and "tax.partners" in played:
        return "tax.partners"
    return "tax.savings" if "tax.savings" in played else None


async def rules_on(
    connection: AsyncConnection, cooperative: Cooperative, on: date, holder: str | None = None
) -> Taxing:
    """What is withheld of whom on a day; of one saver only, if one is named."""
    if holder is not None and is_partner_number(holder):
        return Taxing(None, await partner_tax(connection, cooperative, on))
    members = await tax_rule(connection, cooperative, on)
    return Taxing(
        members,
        None if holder else await partner_tax(connection, cooperative, on),
        None if members else await bank_tax(connection, cooperative, on),
    )


async def taxing(
    connection: AsyncConnection, cooperative: Cooperative, on: date, *, balances_on: date, holder: str | None = None
) -> Taxing:
    """The same with what savers were paid in the month and what they have: all there is to know to withhold.

    Args:
        connection: one snapshot.
        cooperative: whose book.
        on: the day of payment.
        balances_on: the day whose closing balances a bank's tax looks at.
        holder: of one saver only.
    """
    rules, book_id = await rules_on(connection, cooperative, on, holder), cooperative.book_id
    if rules.bank:
        return replace(rules, balances_minor=await balances(connection, book_id, balances_on, holder))
    if rules.members is None:
        return rules
    return replace(rules, before=await service_rows.paid_in_month(connection, book_id, on, holder))


async def withhold(
    work: Work, cooperative: Cooperative, holder: str | None, gross: Sequence[int], on: date
) -> list[int]:
    """What is withheld of payments to a saver on a day, in sen: of a member with all that the month has brought so far.

    Nobody else pays a return in this book until the caller commits; ``record_paid`` follows once the entry stands.

    Args:
        work: bound to the book; the caller commits.
        cooperative: whose book.
        holder: whom: a member's number or another cooperative's.
        gross: the payments, in sen.
        on: the day of payment.
    """
    await service_rows.lock_month(work.connection, work.book_id)
    if holder is None or tax_role(cooperative.kind, holder) is None:
        return [0] * len(gross)
    rules = await taxing(work.connection, cooperative, on, balances_on=on, holder=holder)
    return rules.on(gross, holder, is_partner=is_partner_number(holder))


async def record_paid(
    work: Work, payments: Sequence[tuple[Payment, int]], *, on: date, entry_number: int, actor: str
) -> None:
    """Let payments that no run made count for the month's tax and its slips. The caller commits, with the entry.

    Args:
        work: bound to the book.
        payments: each with its tax in sen, from ``withhold``.
        on: the day of payment.
        entry_number: the entry that paid them.
        actor: username.

    Raises:
        sqlalchemy.exc.IntegrityError: the same reference was paid for the same period before.
    """
    if not payments:
        return
    numbers = await next_numbers(work.connection, work.book_id, "return-paid", len(payments))
    await work.connection.execute(
        insert(return_paid),
        [
            {
                "book_id": work.book_id,
                "number": number,
                "source": payment.source,
                "reference": payment.reference,
                "member_number": payment.member_number,
                "period_first": payment.first,
                "period_last": payment.last,
                "paid_on": on,
                "gross_minor": payment.gross_minor,
                "tax_minor": tax,
                "entry_number": entry_number,
                "recorded_by": actor,
            }
            for number, (payment, tax) in zip(numbers, payments, strict=True)
        ],
    )
