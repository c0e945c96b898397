"""Reading term deposits: contracts with their balances, and the returns posted on them. Called through ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, literal, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative
from koperasi.deposits import rules
from koperasi.deposits.rules import ClosedAs, Deposit, RollOver
from koperasi.deposits.service_results import results_for
from koperasi.deposits.service_standing import RUNS, STANDING, holder_is, stands
from koperasi.deposits.service_terms import read_terms
from koperasi.deposits.tables import deposit, deposit_return
from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.members.service import roster
from koperasi.permissions import Identity
from koperasi.returns.service import rules_term
from koperasi.savings.service import partner_roster

_MEMBER = select(roster.c.name, roster.c.status).where(
    roster.c.number == deposit.c.member_number, roster.c.book_id == deposit.c.book_id
)
_PARTNER = select(partner_roster.c.name, literal("anggota")).where(
    partner_roster.c.number == deposit.c.partner_number, partner_roster.c.book_id == deposit.c.book_id
)
_OWNER = _MEMBER.union_all(_PARTNER).offset(0).lateral("owner")
_HOLDER = func.coalesce(deposit.c.member_number, deposit.c.partner_number).label("member_number")
_FIELDS = tuple(name for name in Deposit.__dataclass_fields__ if name not in {"balance_minor", "member_number"})


class Paid(NamedTuple):
    """A return as it was posted and stands; amounts in sen. Part 0 came with closing before the day.

    ``round``: 1, or one more for each time that it was reversed before.
    """

    part: int
    first: date
    last: date
    paid_on: date
    gross_minor: int
    tax_minor: int
    entry_number: int
    round: int


class Named(NamedTuple):
    """A deposit and whose it is: a member's, or another cooperative's with the status of one."""

    deposit: Deposit
    member_name: str
    member_status: str


class Held(NamedTuple):
    """What a member has in one term deposit on a day; amounts in sen.

    ``accrued_minor`` is earned and not paid: what closing on that day would bring on top of the principal, by the rule
    of the contract (below zero: returns paid already would be kept back); nothing while the pool's result is unknown.
    """

    deposit: Deposit
    principal_minor: int
    accrued_minor: int | None


class Totals(NamedTuple):
    """What runs: how many contracts, their principals in sen, and how many fall due until a day."""

    running: int
    principal_minor: int
    due: int


def select_deposits() -> Select[Any]:
    """Contracts with their balances and owners."""
    fields = [deposit.c[name] for name in _FIELDS]
    owner = (_OWNER.c.name.label("member_name"), _OWNER.c.status.label("member_status"))
    return select(*fields, _HOLDER, STANDING.c.balance_minor, *owner).select_from(
        deposit.join(STANDING, true()).join(_OWNER, true())
    )


def to_named(row: Any) -> Named:
    """A contract from its row."""
    facts = {name: getattr(row, name) for name in Deposit.__dataclass_fields__}
    facts |= read_terms(facts) | {"roll_over": RollOver(facts["roll_over"])}
    facts["closed_as"] = ClosedAs(facts["closed_as"]) if facts["closed_as"] else None
    return Named(Deposit(**facts), row.member_name, str(row.member_status))


async def deposit_by_number(connection: AsyncConnection, book_id: int, number: str) -> Named:
    """One contract.

    Raises:
        NotFound: ``deposit``.
    """
    found = await _one(connection, book_id, number)
    if found is None:
        raise not_found()
    return found


async def deposit_for(connection: AsyncConnection, identity: Identity, number: str) -> Named:
    """One contract, if this person may see it; a member hears of another's as if it did not exist.

    Raises:
        NotFound: ``deposit``, or ``not-found`` for a member.
    """
    found = await _one(connection, identity.book_id, number)
    identity.check_own(found.deposit.member_number if found else None)
    if found is None:
        raise not_found()
    return found


def not_found() -> NotFound:
    """There is no such contract in this book."""
    return NotFound("deposit", N_("Simpanan berjangka dengan nomor ini tidak ada."))


async def _one(connection: AsyncConnection, book_id: int, number: str) -> Named | None:
    if not (number.isascii() and number.isdigit() and len(number) == 9):
        return None
    query = select_deposits().where(deposit.c.book_id == book_id, deposit.c.number == number)
    row = (await connection.execute(query)).one_or_none()
    return to_named(row) if row else None


async def search(
    connection: AsyncConnection,
    book_id: int,
    *,
    member_number: str | None = None,
    is_running: bool | None = None,
    matures_until: date | None = None,
    after: tuple[date, str] | None = None,
    limit: int = 50,
) -> list[Named]:
    """Contracts in the order of their maturities.

    Args:
        connection: bound to the book.
        book_id: the book.
        member_number: only this member's, or this other cooperative's.
        is_running: only those that run, or only those that ended or whose opening was reversed.
        matures_until: only those that mature until this day.
        after: maturity and number of the last one of the page before.
        limit: how many.
    """
    table = deposit
    wanted: list[ColumnElement[bool]] = [table.c.book_id == book_id]
    if member_number is not None:
        wanted.append(holder_is(member_number))
    if is_running is not None:
        wanted.append(RUNS if is_running else ~RUNS)
    if matures_until is not None:
        wanted.append(table.c.matures_on <= matures_until)
    if after is not None:
        wanted.append(tuple_(table.c.matures_on, table.c.number) > after)
    query = select_deposits().where(*wanted).order_by(table.c.matures_on, table.c.number).limit(limit)
    return [to_named(row) for row in await connection.execute(query)]


async def totals(connection: AsyncConnection, book_id: int, until: date) -> Totals:
    """What runs now, and how many contracts mature until a day."""
    table = deposit
    row = (
        await connection.execute(
            select(
                func.count(),
                func.coalesce(func.sum(STANDING.c.balance_minor), 0),
                func.count().filter(table.c.matures_on <= until),
            )
            .select_from(table.join(STANDING, true()))
            .where(table.c.book_id == book_id, RUNS)
        )
    ).one()
    return Totals(int(row[0]), int(row[1]), int(row[2]))


async def paid_on(connection: AsyncConnection, book_id: int, numbers: Sequence[str]) -> dict[str, list[Paid]]:
    """The returns posted on contracts that stand, by contract and part; what was reversed is left out."""
    table = deposit_return
    rows = await connection.execute(
        select(table.c.deposit_number, *(table.c[name] for name in Paid._fields))
        .where(table.c.book_id == book_id, table.c.deposit_number.in_(numbers), stands())
        .order_by(table.c.deposit_number, table.c.part)
    )
    found: dict[str, list[Paid]] = {number: [] for number in numbers}
    for number, *facts in rows:
        found[number].append(Paid(*facts))
    return found


async def next_round(connection: AsyncConnection, book_id: int, number: str, part: int) -> int:
    """The round in which a part is posted now: 1, or one more than it was posted (and reversed) before."""
    table = deposit_return.c
    last = await connection.scalar(
        select(func.max(table.round)).where(
            table.book_id == book_id, table.deposit_number == number, table.part == part
        )
    )
    return int(last or 0) + 1


async def deposits_of(
    connection: AsyncConnection, cooperative: Cooperative, member_number: str, on: date
) -> list[Held]:
    """What a member has in term deposits on a day, by maturity: running contracts with what they earned so far."""
    book_id = cooperative.book_id
    found = await search(connection, book_id, member_number=member_number, is_running=True, limit=1000)
    if not found:
        return []
    paid = await paid_on(connection, book_id, [one.deposit.number for one in found])
    results = await results_for(connection, cooperative)
    held = []
    for named in found:
        one = named.deposit
        accrued = accrued_on(one, on, paid[one.number], results)
        held.append(Held(one, one.balance_minor, accrued if one.stands else 0))
    return held


def accrued_on(one: Deposit, on: date, paid: Sequence[Paid], results: Sequence[rules_term.Result]) -> int | None:
    """What closing a contract on a day would bring on top of its principal; nothing while no result is known."""
    if one.earns is rules.Earns.NISBAH and not results and one.early is not rules.Early.NOTHING:
        return None
    if on < one.opened_on:
        return 0
    return rules.closing(one, on, brought(one, paid), results).return_minor


def brought(one: Deposit, paid: Sequence[Paid]) -> int:
    """What a contract was paid so far, gross, in sen: here, and before it came into the book."""
    return one.paid_before_minor + sum(part.gross_minor for part in paid)


async def following(connection: AsyncConnection, book_id: int, number: str) -> str | None:
    """The contract that a roll-over made of this one."""
    found: str | None = await connection.scalar(
        select(deposit.c.number).where(deposit.c.book_id == book_id, deposit.c.previous == number)
    )
    return found


async def known_of(connection: AsyncConnection, book_id: int, member_number: str) -> list[tuple[Deposit, list[Paid]]]:
    """All contracts of a member, running and ended, with the returns posted on them."""
    found = await search(connection, book_id, member_number=member_number, limit=10_000)
    paid = await paid_on(connection, book_id, [one.deposit.number for one in found])
    return [(one.deposit, paid[one.deposit.number]) for one in found]
