"""What a member has by their own accounts, and the account of what a leaver is owed. Called through ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import Cooperative, account_code, roles
from koperasi.db import Work
from koperasi.deposits import service as deposits
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.membership.rules_settlement import TAX, Kind, Line
from koperasi.returns import service as returns
from koperasi.savings import service as savings
from koperasi.savings.service import SavingsKind

_KINDS = {SavingsKind.POKOK: Kind.POKOK, SavingsKind.WAJIB: Kind.WAJIB}
_LATER = frozenset({"nisbah"})
"""What earns so brings something once the month is shared out; a bonus is not promised, so nothing is said of it."""

KEPT_BACK = N_("Imbalan berjangka yang diperhitungkan kembali")
BROUGHT = N_("Dibayar tunai untuk kekurangan")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Own:
    """What a member has and owes by their own accounts, in sen.

    ``held_minor`` is what something else holds of it; ``unknown`` tells that a share of this month's income is not
    known yet. ``payments`` are the returns of savings with their tax, ``ended`` the term deposits.
    """

    lines: tuple[Line, ...]
    held_minor: int = 0
    unknown: bool = False
    payments: tuple[tuple[returns.Payment, int], ...] = ()
    ended: deposits.ExitLines | None = None
    brought_minor: int = 0
    """What was paid in of what was short; it is among the lines."""


async def own_lines(
    connection: AsyncConnection, cooperative: Cooperative, number: str, on: date, *, is_death: bool
) -> Own:
    """What a member has by their own accounts, as it stands now, with what they earned until the day before.

    The tax is over all that is paid together, and over what the month has brought before.

    Args:
        connection: bound to the cooperative's book.
        cooperative: whose member.
        number: the member's.
        on: the day on which all of it ends; it earns nothing itself.
        is_death: term deposits then bring their full return for the days they lay.
    """
    book_id = cooperative.book_id
    accounts = [one for one in await savings.accounts_of(connection, book_id, number) if one.closed_on is None]
    books = await ledger.accounts_by_id(connection, book_id, [one.ledger_account_id for one in accounts])
    accrued = [
        await returns.accrued(connection, cooperative, one.number, on - ONE_DAY)
        for one in accounts
        if one.opened_on < on
    ]
    # A chart without an account for returns can pay none, whatever a rate of earlier days says.
    earned = [one for one in accrued if one.amount_minor > 0 and cooperative.pays_returns]
    ended = await deposits.exit_lines(connection, cooperative, number, on, is_waived=is_death)
    gross = [one.amount_minor for one in earned]
    gross += [max(one.closing.return_minor, 0) for one in ended.offers]
    taxes = await _taxes(connection, cooperative, number, gross, on)
    offers = tuple(one._replace(tax_minor=tax) for one, tax in zip(ended.offers, taxes[len(earned) :], strict=True))
    payments = tuple(
        (returns.Payment("savings", one.account_number, number, one.first, one.last, one.amount_minor), tax)
        for one, tax in zip(earned, taxes, strict=False)
    )
    balances = {one.number: one.balance_minor for one in accounts}
    lines = [
        *(_saved(one) for one in accounts),
        *await _earned(connection, cooperative, payments, offers, sum(taxes)),
    ]
    if (brought := await paid_in(connection, cooperative, number)) is not None:
        lines.append(brought)
    return Own(
        tuple(lines),
        held_minor=sum(one.held for one in books.values()),
        unknown=any(one.earns in _LATER and balances[one.account_number] for one in accrued),
        payments=payments,
        ended=ended._replace(offers=offers) if offers else None,
        brought_minor=brought.effect_minor if brought else 0,
    )


def _saved(one: savings.SavingsAccount) -> Line:
    kind = _KINDS.get(one.kind, Kind.SAVINGS)
    name = "" if one.kind in _KINDS else one.kind.label
    return Line(kind, name, one.number, one.balance_minor, one.ledger_account_id)


async def _taxes(
    connection: AsyncConnection, cooperative: Cooperative, number: str, gross: Sequence[int], on: date
) -> list[int]:
    if not any(gross) or "tax.savings" not in roles(cooperative.kind):
        return [0] * len(gross)
    return await returns.withhold(Work(connection, cooperative.book_id), cooperative, number, gross, on)


async def _earned(
    connection: AsyncConnection,
    cooperative: Cooperative,
    payments: Sequence[tuple[returns.Payment, int]],
    offers: Sequence[deposits.Offer],
    tax_minor: int,
) -> list[Line]:
    """Returns of savings, term deposits with theirs, and the tax of all; each with the account that it moves."""
    wanted = [role for role in ("return.savings", "return.deposits", "tax.savings") if role in roles(cooperative.kind)]
    codes = {role: account_code(cooperative.kind, role) for role in wanted}
    found = {one.code: one.account_id for one in await ledger.find_accounts(
        connection, cooperative.book_id, codes.values())}  # fmt: skip
    ids = {role: found[code] for role, code in codes.items()}
    lines = [
        Line(Kind.RETURN, "", payment.reference, payment.gross_minor, ids["return.savings"]) for payment, _ in payments
    ]
    for offer in offers:
        one, brought = offer.named.deposit, offer.closing.return_minor
        lines.append(Line(Kind.TERM_DEPOSIT, "", one.number, one.principal_minor, one.ledger_account_id))
        if brought:
            kind, name = (Kind.RETURN, "") if brought > 0 else (Kind.POLICY, KEPT_BACK)
            lines.append(Line(kind, name, one.number, brought, ids["return.deposits"]))
    if tax_minor:
        lines.append(Line(Kind.POLICY, TAX, "", -tax_minor, ids["tax.savings"]))
    return lines


async def write_ended(work: Work, own: Own, on: date, *, entry_number: int, actor: str) -> None:
    """Let the returns that an entry paid count for the month's tax, and end the term deposits that it emptied."""
    await returns.record_paid(work, own.payments, on=on, entry_number=entry_number, actor=actor)
    if own.ended is not None:
        await deposits.close_for_exit(work, own.ended, on, entry_number=entry_number, actor=actor)


async def paid_in(connection: AsyncConnection, cooperative: Cooperative, number: str) -> Line | None:
    """What somebody whose membership ends has paid of what was short, before it is settled."""
    code = account_code(cooperative.kind, "members.leaving")
    found = await ledger.find_accounts(connection, cooperative.book_id, [f"{code}.{number}"])
    if not found or not found[0].balance:
        return None
    return Line(Kind.POLICY, BROUGHT, "", found[0].balance, found[0].account_id)


async def leaving_account(work: Work, cooperative: Cooperative, number: str, *, separate: bool = False) -> int:
    """The account of what this leaver is owed, opened if it is not there.

    In a book that had posted to the account of all leavers before it could have any beneath it, it is that one.

    Raises:
        Refusal: ``account-role``; ``no-own-account``: only one of their own will do, with ``separate``.
    """
    code = account_code(cooperative.kind, "members.leaving")
    above = await ledger.account_by_code(work.connection, work.book_id, code)
    if not above.control:
        if separate:
            raise Refusal(
                "no-own-account",
                N_("Buku ini tidak memisahkan anggota keluar: catat uangnya lewat jurnal, lalu kurangi kewajibannya."),
            )
        return above.account_id
    own = f"{code}.{number}"
    known = await ledger.find_accounts(work.connection, work.book_id, [own])
    if known:
        return known[0].account_id
    new = ledger.NewAccount(
        code=own,
        name_id=f"Hak anggota keluar {number}",
        name_en=f"Owed to ex-member {number}",
        type=above.type,
        side=above.side,
        currency=above.currency,
        # Nobody is paid more than they are owed.
        floor=0,
    )
    return (await ledger.open_accounts(work.connection, work.book_id, [new]))[own]


async def close_accounts(work: Work, number: str, on: date, actor: str) -> None:
    """Close a member's savings accounts, which are empty."""
    accounts = await savings.accounts_of(work.connection, work.book_id, number)
    numbers = [one.number for one in accounts if one.closed_on is None]
    if numbers:
        await savings.close_accounts(work, numbers, on, actor)


async def open_again(work: Work, number: str, on: date, actor: str) -> None:
    """Open the savings accounts again that a decision closed on its day."""
    accounts = await savings.accounts_of(work.connection, work.book_id, number)
    numbers = [one.number for one in accounts if one.closed_on == on]
    await savings.reopen_accounts(work, numbers, actor)
