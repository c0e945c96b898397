"""The close of a business day: gone through by a list, done once, and then no cash is posted into it. See ``service``.

A cooperative that never closes a day works by the calendar, as before. From the first close on, its business day is
what the last close said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.approvals import service as approvals
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, roles, set_business_date
from koperasi.db import Work
from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.treasury import rules_days, rules_vouchers, service_vouchers
from koperasi.treasury.rules_days import Check, DayFacts
from koperasi.treasury.service_petty import petty_uncounted
from koperasi.treasury.service_reading import handovers
from koperasi.treasury.service_sessions import last_closed_day
from koperasi.treasury.service_vouchers import CASH
from koperasi.treasury.tables import business_day, teller_session
from ledger import schema


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A day that is closed: by whom and when, the book's last entry then, and what the day came to.

    ``facts``: ``entries`` of the day, and in sen ``cash_in``, ``cash_out`` of all cash accounts and ``cash`` after it.
    """

    day: date
    next_day: date
    closed_at: datetime
    closed_by: str
    facts: dict[str, int]
    head_number: int
    head_hash: bytes


@dataclass(frozen=True, slots=True)
class DayState:
    """The business day that may be closed now: its list, and the day proposed to follow."""

    day: date
    proposed: date
    last_closed: date | None
    checks: Sequence[Check]

    @property
    def ready(self) -> bool:
        """Whether nothing stands against closing it."""
        return all(check.ok for check in self.checks)


async def day_state(connection: AsyncConnection, cooperative: Cooperative, now: datetime) -> DayState:
    """The list for the book's day as it stands."""
    day = cooperative.today(now)
    facts = await _facts(connection, cooperative, day, now)
    last = await last_closed_day(connection, cooperative.book_id)
    return DayState(day, rules_days.next_workday(day), last, rules_days.checklist(facts))


async def close_day(
    work: Work, cooperative: Cooperative, day: date, next_day: date, *, actor: str, now: datetime
) -> ClosedDay:
    """Close the book's day: number its vouchers, go through the list, lock cash up to it, open the next day.

    Closing the same day with the same next day again gives what was closed before.

    Args:
        work: the transaction; the caller commits.
        cooperative: whose day.
        day: the business day.
        next_day: the one that follows.
        actor: who closes it.
        now: the moment.

    Raises:
        Conflict: ``day-closed``.
        Refusal: what ``rules_days.check_close`` says.
    """
    connection, book_id = work.connection, work.book_id
    await ledger.lock_head(connection, book_id)
    known = await _find(connection, book_id, business_day.c.day == day)
    if known is not None and known.next_day == next_day:
        return known
    await service_vouchers.assign(work)
    checks = rules_days.checklist(await _facts(connection, cooperative, day, now))
    last = await last_closed_day(connection, book_id)
    rules_days.check_close(day, next_day, today=cooperative.today(now), last_closed=last, checks=checks)
    head = await ledger.head(connection, book_id)
    facts = await _came_to(connection, book_id, day)
    row = {"day": day, "next_day": next_day, "closed_by": actor, "facts": facts}
    await connection.execute(
        insert(business_day).values(book_id=book_id, head_number=head.number, head_hash=head.hash, **row)
    )
    account = schema.account
    await connection.execute(
        update(account)
        .where(
            account.c.book_id == book_id,
            func.split_part(account.c.code, ".", 1).in_(CASH),
            # Tills rest; they are unlocked from this day on when their next session opens.
            or_(account.c.locked_to.is_(None), account.c.locked_to != ledger.PAUSED),
        )
        .values(locked_to=day)
    )
    await set_business_date(work, next_day, actor)
    told = {"day": day.isoformat(), "next_day": next_day.isoformat(), "last_entry": head.number}
    await audit.record(
        connection, book_id, actor=actor, action=Action.BUSINESS_DAY_CLOSED, subject="business day", after=told
    )
    return await closed_day(connection, book_id, day)


async def closed_day(connection: AsyncConnection, book_id: int, day: date) -> ClosedDay:
    """One closed day.

    Raises:
        NotFound: ``closed-day``.
    """
    found = await _find(connection, book_id, business_day.c.day == day)
    if found is None:
        raise NotFound("closed-day", N_("Hari itu tidak ditutup."))
    return found


async def closed_days(
    connection: AsyncConnection, book_id: int, *, before: date | None = None, limit: int = 31
) -> tuple[list[ClosedDay], bool]:
    """The latest first, and whether there are more before."""
    wanted: list[Any] = [business_day.c.book_id == book_id]
    if before is not None:
        wanted.append(business_day.c.day < before)
    query = select(business_day).where(*wanted).order_by(business_day.c.day.desc()).limit(limit + 1)
    found = [_to_day(row) for row in await connection.execute(query)]
    return found[:limit], len(found) > limit


async def _find(connection: AsyncConnection, book_id: int, *wanted: Any) -> ClosedDay | None:
    row = (
        await connection.execute(select(business_day).where(business_day.c.book_id == book_id, *wanted))
    ).one_or_none()
    return None if row is None else _to_day(row)


def _to_day(row: Any) -> ClosedDay:
    return ClosedDay(
        row.day, row.next_day, row.closed_at, row.closed_by, row.facts, row.head_number, bytes(row.head_hash)
    )


async def _facts(connection: AsyncConnection, cooperative: Cooperative, day: date, now: datetime) -> DayFacts:
    book_id = cooperative.book_id
    sums = await ledger.first_level_sums(connection, book_id)
    code = roles(cooperative.kind).get("cash.transit")
    debit, credit = sums.get(code or "", (0, 0))
    open_sessions = select(func.count()).where(
        teller_session.c.book_id == book_id, teller_session.c.closed_at.is_(None)
    )
    return DayFacts(
        open_sessions=int(await connection.scalar(open_sessions) or 0),
        waiting_handovers=len(await handovers(connection, cooperative, waiting_only=True)),
        drafts=await approvals.waiting_until(connection, book_id, day, now),
        in_transit_minor=None if code is None else debit - credit,
        imbalance_minor=sum(debit - credit for debit, credit in sums.values()),
        unnumbered=await service_vouchers.unnumbered(connection, book_id),
        petty_uncounted=await petty_uncounted(connection, cooperative),
        gaps=len(rules_vouchers.gaps(await service_vouchers.series(connection, book_id))),
    )


_CAME_TO = text("""
SELECT count(*) AS entries, coalesce(sum(greatest(cash, 0)), 0)::bigint AS cash_in,
       coalesce(sum(greatest(-cash, 0)), 0)::bigint AS cash_out
  FROM (SELECT p.entry_number, coalesce(sum(p.amount) FILTER (WHERE split_part(a.code, '.', 1) = ANY(:cash)), 0) AS cash
          FROM ledger_entry e
          JOIN ledger_posting p ON p.book_id = e.book_id AND p.entry_number = e.number
          JOIN ledger_account a ON a.book_id = p.book_id AND a.account_id = p.account_id
         WHERE e.effective_date = :day AND e.book_id = :book
         GROUP BY p.entry_number) AS moved
""").columns(entries=BigInteger, cash_in=BigInteger, cash_out=BigInteger)


async def _came_to(connection: AsyncConnection, book_id: int, day: date) -> dict[str, int]:
    """How many entries are of the day, what they took in and gave out of cash, and what there is after it.

    Cash that only goes from one box to another is neither taken in nor given out.
    """
    moved = (await connection.execute(_CAME_TO, {"book": book_id, "day": day, "cash": list(CASH)})).one()
    until = await ledger.first_level_sums(connection, book_id, day)
    cash = sum(debit - credit for code, (debit, credit) in until.items() if code in CASH)
    return {"entries": moved.entries, "cash_in": moved.cash_in, "cash_out": moved.cash_out, "cash": cash}
