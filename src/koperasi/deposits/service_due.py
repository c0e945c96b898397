"""What falls due: returns month by month, and maturities. Each is posted once, late or twice, with the same result.

Every entry is dated on the day on which it fell due; if that month is closed meanwhile, on the book's day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import and_, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import Cooperative, account_code
from koperasi.db import Work
from koperasi.deposits import rules
from koperasi.deposits.rules import ClosedAs, Deposit, Part, Result, RollOver
from koperasi.deposits.service_opening import Facts, keep, prepare
from koperasi.deposits.service_reading import (
    Named,
    deposit_by_number,
    next_round,
    paid_on,
    select_deposits,
    to_named,
)
from koperasi.deposits.service_results import results_for
from koperasi.deposits.service_standing import RUNS, stands
from koperasi.deposits.service_tax import count, tax_role, withheld
from koperasi.deposits.service_terms import all_terms
from koperasi.deposits.tables import deposit, deposit_return
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.posting import settled
from koperasi.savings import service as savings

SHORTEST_PART = timedelta(days=29)
"""No return falls due sooner after the last day of the one before."""

_settled_until = func.coalesce(
    select(func.max(deposit_return.c.last))
    .where(deposit_return.c.deposit_number == deposit.c.number, deposit_return.c.book_id == deposit.c.book_id)
    .scalar_subquery(),
    deposit.c.paid_until,
    deposit.c.opened_on - 1,
)
_was_reversed = exists(
    select(deposit_return.c.part).where(
        deposit_return.c.deposit_number == deposit.c.number,
        deposit_return.c.book_id == deposit.c.book_id,
        ~stands(),
    )
)

FROZEN = frozenset({"meninggal", "keluar", "diberhentikan"})
"""Statuses of a member whose deposits wait for the settlement of the membership."""

WAITS = {
    "result-missing": N_("menunggu hasil pengelolaan (HI-1000)"),
    "member-frozen": N_("menunggu penyelesaian keanggotaan"),
    "deposit-differs": N_("saldo di buku tidak sama dengan pokok perjanjian"),
    "term-not-offered": N_("jangka waktunya tidak lagi ditawarkan"),
    "account-closed": N_("rekening tujuannya sudah ditutup; pilih rekening lain"),
}
"""Why something that is due is not posted (message ids)."""


class Due(NamedTuple):
    """Something that falls due on a contract: a return (``part``), or its maturity with the last one.

    ``gross_minor`` in sen; nothing while the pool's result is unknown. ``waits``: why it is not posted, a word of
    ``WAITS``.
    """

    named: Named
    part: Part
    is_maturity: bool
    gross_minor: int | None
    waits: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """An entry that settling made."""

    deposit_number: str
    entry_number: int
    gross_minor: int
    tax_minor: int
    rolled_to: str | None = None


class Page(NamedTuple):
    """What is due, and whether there is more."""

    items: list[Due]
    more: bool


async def due(
    connection: AsyncConnection,
    cooperative: Cooperative,
    until: date,
    *,
    limit: int | None = 500,
    number: str | None = None,
) -> Page:
    """What is due until a day and not posted, by maturity, what waits behind all else; ``number``: of one contract."""
    table = deposit
    query = (
        select_deposits()
        .where(
            table.c.book_id == cooperative.book_id,
            RUNS,
            or_(
                table.c.matures_on <= until,
                and_(table.c.pay_months > 0, or_(_settled_until <= until - SHORTEST_PART, _was_reversed)),
            ),
        )
        .order_by(table.c.matures_on, table.c.number)
    )
    if number is not None:
        query = query.where(table.c.number == number)
    results = await results_for(connection, cooperative)
    found = [to_named(row) for row in await connection.execute(query)]
    paid = await paid_on(connection, cooperative.book_id, [one.deposit.number for one in found])
    items: list[Due] = []
    for named in found:
        items += _due_of(named, {one.part for one in paid[named.deposit.number]}, until, results)
    items.sort(key=lambda one: one.waits is not None)
    return Page(items[:limit], more=limit is not None and len(items) > limit)


def _due_of(named: Named, posted: set[int], until: date, results: Sequence[Result]) -> list[Due]:
    one = named.deposit
    found: list[Due] = []
    waits = "member-frozen" if named.member_status in FROZEN else None if one.stands else "deposit-differs"
    for part in rules.parts(one, results):
        if part.due_on > until or part.number in posted or one.was_paid_before(part):
            continue
        # What comes after something that waits, waits for it.
        waits = waits or ("result-missing" if part.gross_minor is None else None)
        found.append(Due(named, part, part.due_on == one.matures_on, part.gross_minor, waits))
    return found


async def settle(
    work: Work, cooperative: Cooperative, number: str, until: date, *, today: date, actor: str
) -> list[Done]:
    """Post all that is due on a contract until a day: returns, its maturity, and those of the contracts it rolls into.

    The caller commits. Whoever does the same at once waits, and then finds nothing left to do.

    Args:
        work: bound to the cooperative's book.
        cooperative: whose book.
        number: the contract.
        until: the day; at latest the book's day.
        today: the book's day, on which that is dated whose own month is closed.
        actor: who has it done.

    Raises:
        NotFound: ``deposit``.
        Refusal: what the book says (the account paid to was closed).
    """
    made: list[Done] = []
    next_one: str | None = number
    while next_one is not None:
        await lock(work, next_one)
        named = await deposit_by_number(work.connection, work.book_id, next_one)
        if named.deposit.closed_on is not None:
            break
        posted = {one.part for one in (await paid_on(work.connection, work.book_id, [next_one]))[next_one]}
        results = await results_for(work.connection, cooperative)
        next_one = None
        for one in _due_of(named, posted, until, results):
            if one.waits is not None or one.gross_minor is None:
                return made
            if not one.is_maturity:
                made.append(await _pay(work, cooperative, one, one.gross_minor, today, actor))
                continue
            done = await _mature(work, cooperative, one, one.gross_minor, today, actor)
            if done is None:
                return made
            made.append(done)
            next_one = done.rolled_to
    return made


async def lock(work: Work, number: str) -> None:
    """Nobody else settles or closes this contract until the transaction ends."""
    table = deposit
    mine = select(table.c.number).where(table.c.book_id == work.book_id, table.c.number == number)
    await work.connection.execute(mine.with_for_update())


async def _pay(work: Work, cooperative: Cooperative, due_one: Due, gross: int, today: date, actor: str) -> Done:
    """A return within the term: to the account that the contract names, less the tax."""
    one, part = due_one.named.deposit, due_one.part
    target = await savings.account_by_number(work.connection, work.book_id, one.payout_account)
    # The account may be younger than what falls due: it was named anew, or opened for a contract from before the book.
    wanted = max(one.booked_on(part.due_on), target.opened_on)
    day = await open_day(work.connection, work.book_id, wanted, today)
    tax = await withheld(work.connection, cooperative, one.member_number, day, gross)
    lines = await return_lines(work.connection, cooperative, one.member_number, gross, tax)
    lines.append(ledger.Line(target.ledger_account_id, -(gross - tax)))
    what = f"Imbalan simpanan berjangka {one.number} {part.first:%d/%m/%Y}-{part.last:%d/%m/%Y}"
    again = await next_round(work.connection, work.book_id, one.number, part.number)
    key = f"deposit:{one.number}:{part.number}" + (f":{again}" if again > 1 else "")
    entry_number = await append(work, "deposit.return", what, day, lines, key, actor)
    if entry_number is None:
        entry_number = one.opening_entry
    await write_return(work, one, part, day, gross, tax, entry_number, actor, again=again)
    return Done(one.number, entry_number, gross, tax)


async def _mature(
    work: Work, cooperative: Cooperative, due_one: Due, gross: int, today: date, actor: str
) -> Done | None:
    """The end of a term: the last return, and the principal paid or carried into a new contract."""
    one, part = due_one.named.deposit, due_one.part
    account = await savings.account_by_number(work.connection, work.book_id, one.payout_account)
    target, wanted = account.ledger_account_id, max(one.booked_on(one.matures_on), account.opened_on)
    day = await open_day(work.connection, work.book_id, wanted, today)
    tax = await withheld(work.connection, cooperative, one.member_number, day, gross)
    net = gross - tax
    lines = [ledger.Line(one.ledger_account_id, one.principal_minor)]
    lines += await return_lines(work.connection, cooperative, one.member_number, gross, tax)
    rolled = None
    if one.roll_over is RollOver.NONE:
        lines.append(ledger.Line(target, -(one.principal_minor + net)))
    else:
        terms = rules.in_force(await all_terms(work.connection, work.book_id), one.months, one.matures_on)
        if terms is None:
            return None
        carried = one.principal_minor + (net if one.roll_over is RollOver.ALL else 0)
        # A new contract whose returns are paid each month can't add them up; then only the principal goes on again.
        again = RollOver.PRINCIPAL if terms.pay_months else one.roll_over
        facts = Facts(
            member_number=one.member_number,
            months=one.months,
            seed_on=one.seed_on,
            term=one.term + 1,
            opened_on=one.matures_on,
            roll_over=again,
            payout_account=one.payout_account,
            previous=one.number,
        )
        rolled = await prepare(work, cooperative, facts, terms, carried)
        lines.append(ledger.Line(rolled.ledger_account_id, -carried))
        if one.roll_over is RollOver.PRINCIPAL and net:
            lines.append(ledger.Line(target, -net))
    kind = "deposit.maturity" if rolled is None else "deposit.rollover"
    what = f"Jatuh tempo simpanan berjangka {one.number}"
    if rolled is not None:
        what = f"Perpanjangan simpanan berjangka {one.number} ke {rolled.number}"
    entry_number = await append(work, kind, what, day, lines, f"deposit:{one.number}:maturity", actor)
    if entry_number is None:
        raise TypeError("a maturity moves the principal")
    await write_return(work, one, part, day, gross, tax, entry_number, actor)
    await close(work, one, day, ClosedAs.MATURED if rolled is None else ClosedAs.ROLLED, entry_number)
    if rolled is not None:
        await keep(work, rolled, entry_number, actor)
    return Done(one.number, entry_number, gross, tax, rolled.number if rolled else None)


async def return_lines(
    connection: AsyncConnection, cooperative: Cooperative, holder: str, gross_minor: int, tax_minor: int
) -> list[ledger.Line]:
    """What a return costs (less than nothing: what is kept back), and the tax that is owed to the state for it."""
    if not gross_minor:
        return []
    roles = {"return.deposits": gross_minor}
    if tax_minor:
        roles[tax_role(cooperative, holder)] = -tax_minor
    codes = {account_code(cooperative.kind, role): amount for role, amount in roles.items()}
    found = {one.code: one for one in await ledger.find_accounts(connection, cooperative.book_id, codes)}
    return [ledger.Line(found[code].account_id, amount) for code, amount in codes.items()]


async def append(
    work: Work, kind: str, what: str, day: date, lines: Sequence[ledger.Line], key: str, actor: str
) -> int | None:
    """Post one entry under a key of its own; its number, or nothing if there is nothing to post.

    Raises:
        Refusal: what the book says.
    """
    moving = tuple(line for line in lines if line.amount)
    if not moving:
        return None
    draft = ledger.Draft(
        book_id=work.book_id, effective_date=day, kind=kind, description=what, actor=actor, lines=moving, key=key
    )
    return settled((await ledger.append(work.connection, [draft]))[0]).number


async def open_day(connection: AsyncConnection, book_id: int, wanted: date, otherwise: date) -> date:
    """The wanted day if its month takes postings, else the other one."""
    held = {
        one.month for one in await ledger.periods(connection, book_id) if one.status is not ledger.PeriodStatus.OPEN
    }
    return otherwise if wanted.replace(day=1) in held else wanted


async def write_return(
    work: Work,
    one: Deposit,
    part: Part,
    day: date,
    gross_minor: int,
    tax_minor: int,
    entry_number: int,
    actor: str,
    *,
    again: int | None = None,
) -> None:
    """Keep what was computed and posted, and let it count for the month's tax; ``again``: the round, if it is known."""
    if again is None:
        again = await next_round(work.connection, work.book_id, one.number, part.number)
    await work.connection.execute(
        insert(deposit_return).values(
            book_id=work.book_id,
            deposit_number=one.number,
            part=part.number,
            first=part.first,
            last=part.last,
            paid_on=day,
            gross_minor=gross_minor,
            tax_minor=tax_minor,
            entry_number=entry_number,
            round=again,
        )
    )
    await count(work, one, part, day, gross_minor, tax_minor, entry_number, actor)


async def close(work: Work, one: Deposit, on: date, closed_as: ClosedAs, entry_number: int) -> None:
    """End a contract whose money has left, and its account in the ledger."""
    table = deposit
    await work.connection.execute(
        update(table)
        .where(table.c.book_id == work.book_id, table.c.number == one.number)
        .values(closed_on=on, closed_as=closed_as.value, closing_entry=entry_number)
    )
    try:
        await ledger.close_account(work.connection, work.book_id, one.ledger_account_id, on)
    except ledger.AccountError as error:
        raise Refusal("deposit-differs", N_("Saldo di buku tidak sama dengan pokok perjanjian.")) from error
