"""Finding groups: one, a page of those that fit, and whom to take in."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, RowMapping, and_, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.groups.model import Belonging, Filter, Group, GroupPage, Membership, unknown
from koperasi.groups.rules import GroupRole, GroupStatus, Sector, is_group_number
from koperasi.groups.tables import business_group, group_membership
from koperasi.members import service as members
from koperasi.members.service import Member, MemberStatus


async def group_by_number(connection: AsyncConnection, book_id: int, number: str) -> Group:
    """One group.

    Raises:
        NotFound: no such number in this book.
    """
    if is_group_number(number):
        table = business_group
        rows = await connection.execute(select(table).where(table.c.book_id == book_id, table.c.number == number))
        if found := await _whole(connection, book_id, rows.mappings().all()):
            return found[0]
    raise unknown()


async def find_groups(
    connection: AsyncConnection,
    book_id: int,
    wanted: Filter,
    *,
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> GroupPage:
    """A page of the groups that fit, by name. ``after`` is the ``next_after`` of the page before."""
    table = business_group
    key = tuple_(table.c.name_folded, table.c.number)
    query = select(table).where(table.c.book_id == book_id, *_conditions(wanted))
    if after is not None:
        query = query.where(key > tuple_(*after))
    query = query.order_by(table.c.name_folded, table.c.number).limit(limit + 1)
    rows = (await connection.execute(query)).mappings().all()
    shown = rows[:limit]
    more = len(rows) > limit
    return GroupPage(
        await _whole(connection, book_id, shown), (shown[-1]["name_folded"], shown[-1]["number"]) if more else None
    )


async def villages(connection: AsyncConnection, book_id: int) -> list[str]:
    """The villages that have groups, in the order of their names."""
    table = business_group
    query = select(table.c.village).where(table.c.book_id == book_id).distinct().order_by(table.c.village)
    return list(await connection.scalars(query))


async def candidates(connection: AsyncConnection, book_id: int, text: str, *, limit: int = 8) -> list[Member]:
    """Whom somebody may mean who wants to take a member in: the one with this number, else active ones who fit."""
    wanted = _printable(text)
    if not wanted:
        return []
    exact = await members.find_by_numbers(connection, book_id, [wanted])
    if exact:
        return [exact[wanted]]
    return await members.search(connection, book_id, text=wanted, status=MemberStatus.ANGGOTA, limit=limit)


async def belongings_of(connection: AsyncConnection, book_id: int, member_number: str) -> list[Belonging]:
    """The groups that a member is or was in, in the order of joining."""
    table, group = group_membership, business_group
    rows = await connection.execute(
        select(table.c.group_number, group.c.name, table.c.role, table.c.joined_on, table.c.left_on)
        .join(group, and_(group.c.book_id == table.c.book_id, group.c.number == table.c.group_number))
        .where(table.c.book_id == book_id, table.c.member_number == member_number)
        .order_by(table.c.joined_on, table.c.group_number)
    )
    return [
        Belonging(number, name, GroupRole(role), joined_on, left_on) for number, name, role, joined_on, left_on in rows
    ]


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    table, belonging = business_group, group_membership
    conditions: list[ColumnElement[bool]] = []
    if text := _printable(wanted.text):
        fits = table.c.name_folded.contains(text.casefold(), autoescape=True)
        conditions.append(or_(fits, table.c.number == text.upper()))
    if village := _printable(wanted.village):
        conditions.append(func.lower(table.c.village) == func.lower(village))
    if wanted.sector is not None:
        conditions.append(table.c.sector == wanted.sector.value)
    if wanted.status is not None:
        conditions.append(table.c.status == wanted.status.value)
    if member := _printable(wanted.member):
        conditions.append(
            exists().where(
                belonging.c.book_id == table.c.book_id,
                belonging.c.group_number == table.c.number,
                belonging.c.member_number == member,
                belonging.c.left_on.is_(None),
            )
        )
    return conditions


def _printable(text: str) -> str:
    """What is searched for, without what the database can't carry."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


async def _whole(connection: AsyncConnection, book_id: int, rows: Sequence[RowMapping]) -> list[Group]:
    """Groups from their rows, with account and people: three statements however many groups."""
    if not rows:
        return []
    accounts = await ledger.accounts_by_id(connection, book_id, [row["ledger_account_id"] for row in rows])
    people = await _memberships(connection, book_id, [row["number"] for row in rows])
    return [
        Group(
            number=row["number"],
            name=row["name"],
            village=row["village"],
            sector=Sector(row["sector"]),
            founded_on=row["founded_on"],
            status=GroupStatus(row["status"]),
            account_code=accounts[row["ledger_account_id"]].code,
            balance_minor=accounts[row["ledger_account_id"]].balance,
            memberships=tuple(people[row["number"]]),
        )
        for row in rows
    ]


async def _memberships(
    connection: AsyncConnection, book_id: int, numbers: Sequence[str]
) -> dict[str, list[Membership]]:
    table = group_membership
    rows = (
        await connection.execute(
            select(table.c.group_number, table.c.member_number, table.c.role, table.c.joined_on, table.c.left_on)
            .where(table.c.book_id == book_id, table.c.group_number.in_(numbers))
            .order_by(table.c.joined_on, table.c.member_number)
        )
    ).all()
    found = await members.find_by_numbers(connection, book_id, sorted({row.member_number for row in rows}))
    people: dict[str, list[Membership]] = {number: [] for number in numbers}
    for row in rows:
        one = Membership(found[row.member_number], GroupRole(row.role), row.joined_on, row.left_on)
        people[row.group_number].append(one)
    order = list(GroupRole)
    return {number: sorted(some, key=lambda one: order.index(one.role)) for number, some in people.items()}
