"""Sessions as people read them: lists, one session's report, cash handed over, and what a desk has at hand now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, and_, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import Cooperative, account_code
from koperasi.treasury import rules
from koperasi.treasury.model import Handover, Line, Report, Session
from koperasi.treasury.rules import Movement
from koperasi.treasury.service_sessions import COLUMNS, SESSIONS, find_session, session_not_found
from koperasi.treasury.service_vouchers import numbers_of
from koperasi.treasury.tables import cash_handover, teller_session, till
from ledger import schema

MOST_LINES = 500
"""Movements that a report lists; its sums are of all."""

# A day's entries are few beside a till's whole life, so they are found by their numbers.
_MOVES = text("""
SELECT p.entry_number, e.kind, sum(p.amount)::bigint AS amount, e.effective_date, e.description, e.actor
  FROM ledger_posting p JOIN ledger_entry e ON e.book_id = p.book_id AND e.number = p.entry_number
 WHERE p.book_id = :book AND p.entry_number > :after AND p.entry_number <= :upto AND p.account_id = :account
 GROUP BY p.entry_number, e.kind, e.effective_date, e.description, e.actor
 ORDER BY p.entry_number
""").columns(amount=BigInteger)


class AtHand(NamedTuple):
    """What is at hand now, in sen: a person's session and its till, the vault, the common cash.

    ``left``: what lies in their tills that are not in session, by office; those that are empty are left out.
    """

    session: Session | None
    till_minor: int
    vault_minor: int
    common_minor: int
    left: Mapping[str, int]

    @property
    def left_minor(self) -> int:
        """All of it."""
        return sum(self.left.values())


async def session(connection: AsyncConnection, book_id: int, number: int, *, username: str | None = None) -> Session:
    """One session; of ``username`` only, if given.

    Raises:
        NotFound: ``cash-session``.
    """
    wanted = [teller_session.c.number == number]
    if username is not None:
        wanted.append(teller_session.c.username == username)
    found = await find_session(connection, book_id, *wanted)
    if found is None:
        raise session_not_found()
    return Session.of(found)


async def own_session(connection: AsyncConnection, book_id: int, username: str) -> Session | None:
    """The session that a person has open."""
    found = await find_session(
        connection, book_id, teller_session.c.username == username, teller_session.c.closed_at.is_(None)
    )
    return None if found is None else Session.of(found)


async def sessions(
    connection: AsyncConnection,
    book_id: int,
    *,
    username: str | None = None,
    office: str | None = None,
    open_only: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[Session], bool]:
    """The latest first, and whether there are more; ``before`` is the last number of the page before."""
    wanted: list[Any] = [teller_session.c.book_id == book_id]
    if username is not None:
        wanted.append(teller_session.c.username == username)
    if office is not None:
        wanted.append(teller_session.c.office == office)
    if open_only:
        wanted.append(teller_session.c.closed_at.is_(None))
    if before is not None:
        wanted.append(teller_session.c.number < before)
    query = select(*COLUMNS).select_from(SESSIONS).where(*wanted).order_by(teller_session.c.number.desc())
    rows = (await connection.execute(query.limit(limit + 1))).mappings()
    found = [Session.of(row) for row in rows]
    return found[:limit], len(found) > limit


async def report(connection: AsyncConnection, cooperative: Cooperative, one: Session) -> Report:
    """What a session came to, from the book: movements on its till between its opening and its closing."""
    book_id = cooperative.book_id
    upto = one.closing_head if one.closing_head is not None else (await ledger.head(connection, book_id)).number
    facts = {"book": book_id, "after": one.opening_head, "upto": upto, "account": one.ledger_account_id}
    rows = list(await connection.execute(_MOVES, facts))
    ends = {one.opening_entry, one.closing_entry}
    moved = [row for row in rows if row.entry_number not in ends]
    shown = moved[:MOST_LINES]
    numbers = await numbers_of(connection, book_id, [row.entry_number for row in shown])
    account = (await ledger.accounts_by_id(connection, book_id, [one.ledger_account_id]))[one.ledger_account_id]
    found = await handovers(connection, cooperative, session_number=one.number)
    opened = sum(h.amount_minor for h in found if h.entry_number == one.opening_entry)
    closed = sum(h.amount_minor for h in found if h.entry_number == one.closing_entry)
    amounts = {row.entry_number: int(row.amount) for row in rows}
    return Report(
        session=one,
        account_code=account.code,
        sums=rules.sums(one.opening.total_minor, (Movement(row.entry_number, row.kind, row.amount) for row in moved)),
        lines=[
            Line(
                Movement(row.entry_number, row.kind, row.amount),
                row.effective_date,
                row.description,
                row.actor,
                str(numbers[row.entry_number]) if row.entry_number in numbers else None,
            )
            for row in shown
        ],
        handovers=found,
        opening_vault_minor=opened,
        opening_difference_minor=amounts.get(one.opening_entry or 0, 0) - opened,
        closing_vault_minor=closed,
        difference_minor=amounts.get(one.closing_entry or 0, 0) - closed,
        more_lines=len(moved) > MOST_LINES,
    )


async def handovers(
    connection: AsyncConnection,
    cooperative: Cooperative,
    *,
    session_number: int | None = None,
    waiting_only: bool = False,
) -> list[Handover]:
    """Cash handed over between vault and tills, the latest first: of one session, or what waits to be confirmed."""
    table, posting, reversal = cash_handover, schema.posting, schema.reversal
    amount = (
        select(func.sum(posting.c.amount))
        .where(
            posting.c.book_id == table.c.book_id,
            posting.c.entry_number == table.c.entry_number,
            posting.c.account_id == bindparam("vault"),
        )
        .scalar_subquery()
    )
    undone = (
        select(reversal.c.reversal_number)
        .where(
            reversal.c.book_id == table.c.book_id,
            reversal.c.entry_number == table.c.entry_number,
            reversal.c.undone_by.is_(None),
        )
        .exists()
    )
    book_id = cooperative.book_id
    wanted: list[Any] = [table.c.book_id == book_id]
    if session_number is not None:
        wanted.append(table.c.session_number == session_number)
    if waiting_only:
        wanted += [table.c.confirmed_by.is_(None), ~undone]
    query = (
        select(
            table.c.entry_number,
            table.c.session_number,
            (-func.coalesce(amount, 0)).cast(BigInteger),
            table.c.recorded_by,
            table.c.confirmed_by,
            table.c.confirmed_at,
            undone,
        )
        .where(*wanted)
        .order_by(table.c.entry_number.desc())
        .limit(MOST_LINES)
    )
    vault = await ledger.account_by_code(connection, book_id, account_code(cooperative.kind, "cash.vault"))
    return [Handover(*row) for row in await connection.execute(query, {"vault": vault.account_id})]


async def handed_on(connection: AsyncConnection, book_id: int, account_id: int, day: date) -> tuple[int, int]:
    """What of a till's day came from the vault and went there, in sen: neither taken in nor paid out."""
    table, posting = cash_handover, schema.posting
    got, given = func.greatest(posting.c.amount, 0), func.greatest(-posting.c.amount, 0)
    row = (
        await connection.execute(
            select(func.coalesce(func.sum(got), 0), func.coalesce(func.sum(given), 0))
            .select_from(
                table.join(
                    posting,
                    and_(posting.c.book_id == table.c.book_id, posting.c.entry_number == table.c.entry_number),
                )
            )
            .where(table.c.book_id == book_id, posting.c.account_id == account_id, posting.c.effective_date == day)
        )
    ).one()
    return int(row[0]), int(row[1])


async def at_hand(connection: AsyncConnection, cooperative: Cooperative, username: str) -> AtHand:
    """What a person has at hand: the till's balance is the book's."""
    book_id = cooperative.book_id
    codes = {role: account_code(cooperative.kind, role) for role in ("cash.vault", "cash.teller")}
    boxes = {one.code: one.balance for one in await ledger.find_accounts(connection, book_id, codes.values())}
    rows = await connection.execute(
        select(till.c.office, till.c.ledger_account_id).where(till.c.book_id == book_id, till.c.username == username)
    )
    mine = {row.office: row.ledger_account_id for row in rows}
    accounts = await ledger.accounts_by_id(connection, book_id, mine.values())
    now = await own_session(connection, book_id, username)
    here = now.office if now else None
    return AtHand(
        session=now,
        till_minor=accounts[mine[here]].balance if here else 0,
        vault_minor=boxes[codes["cash.vault"]],
        common_minor=boxes[codes["cash.teller"]],
        left={
            office: accounts[account].balance
            for office, account in sorted(mine.items())
            if office != here and accounts[account].balance
        },
    )
