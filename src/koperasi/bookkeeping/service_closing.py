"""Closing a year: income and expense go to the surplus (SHU tahun berjalan) by an entry like any other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi import posting
from koperasi.bookkeeping import rules_closing as rules
from koperasi.bookkeeping.rules_closing import ClosingLine, Facts, Hurdle, YearClosing
from koperasi.bookkeeping.service import months
from koperasi.cooperatives.service import Cooperative, account_code
from koperasi.errors import Conflict, Refusal
from koperasi.i18n import N_
from koperasi.posting import Settled
from ledger.periods import lock_head
from ledger.statements import CLOSING, NOMINAL

__all__ = ["ClosingLine", "Hurdle", "Year", "YearClosing", "close_year", "year_closing", "years"]

MOST_CLOSINGS = 1_000
"""Closings of one year that are looked at; all but the last were reversed."""


class Year(NamedTuple):
    """A year of the book, and the number of the entry that closes it."""

    year: int
    entry: int | None


async def years(connection: AsyncConnection, book_id: int) -> list[Year]:
    """The years that have entries, the latest first."""
    found = {month.month.year for month in await months(connection, book_id) if month.has_entries}
    return [Year(year, await _in_force(connection, book_id, year)) for year in sorted(found, reverse=True)]


async def year_closing(connection: AsyncConnection, cooperative: Cooperative, year: int, today: date) -> YearClosing:
    """The closing of a year as it stands; or as it would be, line by line, with what stands in the way."""
    return (await _seen(connection, cooperative, year, today))[0]


async def _seen(
    connection: AsyncConnection, cooperative: Cooperative, year: int, today: date
) -> tuple[YearClosing, ledger.Draft | None]:
    """The closing of a year, and the draft of what is still to be closed, without who closes it."""
    book_id = cooperative.book_id
    surplus = await ledger.account_by_code(connection, book_id, account_code(cooperative.kind, "surplus.current"))
    rows = await ledger.trial_balance(connection, book_id, rules.last_day(year), detailed=True)
    draft = ledger.closing_draft(rows, surplus, effective_date=rules.last_day(year), actor="", key="")
    accounts = {row.account.account_id: row.account for row in rows}
    lines = tuple(ClosingLine(accounts[line.account_id], line.amount) for line in draft.lines) if draft else ()
    number = await _in_force(connection, book_id, year)
    if number is not None:
        entry = await ledger.entry_by_number(connection, book_id, number)
        posted = tuple(ClosingLine(accounts[line.account_id], line.amount) for line in entry.lines)
        return YearClosing(year, surplus, posted, rules.after_closing(lines), number), draft
    facts = await _facts(connection, cooperative, year, rows, lines)
    return YearClosing(year, surplus, lines, rules.hurdles(year, facts, today)), draft


async def close_year(
    connection: AsyncConnection,
    cooperative: Cooperative,
    year: int,
    *,
    today: date,
    actor: str,
    seen: str | None = None,
) -> Settled:
    """Close a year in the caller's transaction, which commits. A year that is closed is answered with its entry.

    Nothing is posted to the book between what is read here and the entry. After its reversal a year is closed anew.

    Args:
        connection: in a transaction bound to the book.
        cooperative: whose book.
        year: which.
        today: the cooperative's day.
        actor: who closes.
        seen: what somebody has agreed to (``YearClosing.seen``); ``None`` takes it as it is.

    Raises:
        Refusal: something stands in the way, or the figures have changed since they were seen.
    """
    book_id = cooperative.book_id
    await lock_head(connection, book_id)
    found, draft = await _seen(connection, cooperative, year, today)
    if found.entry is not None:
        return Settled(found.entry, replayed=True)
    blocking = [hurdle for hurdle in found.hurdles if hurdle.blocks]
    if blocking or draft is None:
        raise Refusal(blocking[0].code, blocking[0].message, field="year", **blocking[0].params)
    if seen is not None and seen != found.seen:
        message = N_("Angka tahun ini berubah sejak halaman dibuka. Periksa lagi sebelum menutup.")
        raise Conflict("year-changed", message)
    # One key for each time that the year is closed: the first is 0, and each reversed one before counts.
    key = f"year-closing:{year}:{len(await _closings(connection, book_id, year))}"
    fingerprint = sha256(key.encode()).digest()
    wanted = draft._replace(actor=actor, key=key, fingerprint=fingerprint, link=f"year-closing:{year}")
    (outcome,) = await ledger.append(connection, [wanted])
    return posting.settled(outcome)


async def _closings(connection: AsyncConnection, book_id: int, year: int) -> list[ledger.Entry]:
    last = rules.last_day(year)
    return await ledger.entries(connection, book_id, kind=CLOSING, from_date=last, to_date=last, limit=MOST_CLOSINGS)


async def _in_force(connection: AsyncConnection, book_id: int, year: int) -> int | None:
    """The number of the entry that closes the year, if none has undone it."""
    found = [one.number for one in await _closings(connection, book_id, year) if not one.reversed_by]
    return found[-1] if found else None


async def _facts(
    connection: AsyncConnection,
    cooperative: Cooperative,
    year: int,
    rows: Sequence[ledger.TrialBalanceRow],
    lines: tuple[ClosingLine, ...],
) -> Facts:
    book_id, code = cooperative.book_id, account_code(cooperative.kind, "opening.difference")
    surplus = account_code(cooperative.kind, "surplus.current")
    currency = next(row.account.currency for row in rows if row.account.code == surplus)
    of_year = [month for month in await months(connection, book_id) if month.month.year == year]
    open_months = sorted(
        month.month for month in of_year if month.has_entries and month.status is ledger.PeriodStatus.OPEN
    )
    return Facts(
        lines=lines,
        open_months=tuple(open_months),
        sealed=await _is_sealed(connection, book_id, year),
        difference_minor=sum(row.balance for row in rows if row.account.code == code),
        difference_code=code,
        earlier_minor=rules.unclosed(
            await ledger.trial_balance(connection, book_id, rules.last_day(year - 1), detailed=True), currency
        ),
        currencies=sorted(
            {
                row.account.currency
                for row in rows
                if row.account.type in NOMINAL and row.balance and row.account.currency != currency
            }
        ),
    )


async def _is_sealed(connection: AsyncConnection, book_id: int, year: int) -> bool:
    """Is December, or a month after it, closed? What closes a month closes all before it."""
    return any(
        period.status is ledger.PeriodStatus.CLOSED and period.month >= date(year, 12, 1)
        for period in await ledger.periods(connection, book_id)
    )
