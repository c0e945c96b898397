"""Months of the book: which take entries, who held, closed and reopened them. Other slices find them in ``service``."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.errors import Refusal
from koperasi.i18n import N_


class Month(NamedTuple):
    """A month that has entries or whose state was set; ``by`` is who set it.

    ``request``: somebody asked since it was closed to open it again, and nobody agreed yet.
    """

    month: date
    status: ledger.PeriodStatus
    has_entries: bool
    by: str | None
    request: ledger.PeriodAct | None = None


async def months(connection: AsyncConnection, book_id: int) -> list[Month]:
    """The months with entries, and those whose state was set, latest first."""
    with_entries = {month for (month,) in await connection.execute(text(MONTHS), {"book": book_id})}
    changed = {period.month: period for period in await ledger.periods(connection, book_id)}
    last = {act.month: act for act in await ledger.period_acts(connection, book_id)}
    asked = {month: act for month, act in last.items() if act.act is ledger.Act.REOPEN_REQUEST}
    listed = []
    for month in sorted(with_entries | set(changed), reverse=True):
        period = changed.get(month)
        status = period.status if period else ledger.PeriodStatus.OPEN
        by = period.changed_by if period else None
        listed.append(Month(month, status, month in with_entries, by, asked.get(month)))
    return listed


async def month(connection: AsyncConnection, book_id: int, first: date) -> Month:
    """One month, also one of which nothing is known yet."""
    untouched = Month(first, ledger.PeriodStatus.OPEN, has_entries=False, by=None)
    return next((one for one in await months(connection, book_id) if one.month == first), untouched)


MONTHS = """
SELECT month::date
  FROM (SELECT min(effective_date) AS first, max(effective_date) AS last FROM ledger_entry WHERE book_id = :book) range,
       generate_series(date_trunc('month', first::timestamp), last::timestamp, interval '1 month') AS month
 WHERE EXISTS (SELECT FROM ledger_entry
                WHERE book_id = :book AND effective_date >= month AND effective_date < month + interval '1 month')
"""


async def set_month(
    connection: AsyncConnection, book_id: int, month: date, status: ledger.PeriodStatus, *, today: date, actor: str
) -> None:
    """Hold, close or let go a month; the caller commits. A closed month stays closed (see ``request_reopening``).

    Raises:
        Refusal: it has not begun, it or a later one is closed, or an earlier month with entries is not closed yet.
    """
    if month > today:
        raise Refusal("period-future", N_("Bulan ini belum mulai."), field="status")
    try:
        await ledger.set_period(connection, book_id, month, status, by=actor)
    except ledger.PeriodError as error:
        raise await _why_not(connection, book_id, month) from error
    await _tell(connection, book_id, month, Action.PERIOD_CHANGED, actor, status.value)


async def _tell(
    connection: AsyncConnection, book_id: int, month: date, action: Action, actor: str, status: str | None = None
) -> None:
    after = {"status": status} if status else None
    await audit.record(connection, book_id, actor=actor, action=action, subject=f"month {month:%Y-%m}", after=after)


async def _why_not(connection: AsyncConnection, book_id: int, month: date) -> Refusal:
    known = await months(connection, book_id)
    if any(one.month >= month and one.status is ledger.PeriodStatus.CLOSED for one in known):
        message = N_("Bulan ini, atau bulan sesudahnya, sudah ditutup.")
        return Refusal("period-closed", message, status=409, field="status")
    unclosed = [one.month for one in known if one.has_entries and one.status is not ledger.PeriodStatus.CLOSED]
    first = f"{min(unclosed, default=month):%Y-%m}"
    message = N_("Tutup dahulu bulan yang lebih awal: %(earlier)s masih menerima jurnal.")
    return Refusal("period-order", message, status=409, field="status", earlier=first)


async def request_reopening(
    connection: AsyncConnection, book_id: int, first: date, *, reason: str, actor: str
) -> Month:
    """Ask that a closed month be opened again; the caller commits. It stays closed until somebody else agrees.

    Raises:
        Refusal: it is not closed, a later one is, or somebody asked already.
    """
    found = await _last_closed(connection, book_id, first)
    if found.request is not None:
        message = N_("Pembukaan kembali sudah diminta oleh %(by)s.")
        raise Refusal("reopening-requested", message, status=409, by=found.request.actor)
    try:
        await ledger.reopen_request(connection, book_id, first, by=actor, reason=reason)
    except ledger.PeriodError as error:
        raise _not_reopened() from error
    await _tell(connection, book_id, first, Action.REOPENING_REQUESTED, actor)
    return await month(connection, book_id, first)


async def confirm_reopening(connection: AsyncConnection, book_id: int, first: date, *, actor: str) -> Month:
    """Agree with who asked, and open the month again; the caller commits.

    Raises:
        Refusal: it is not closed, a later one is, nobody asked, or it was this person.
    """
    found = await _last_closed(connection, book_id, first)
    if found.request is None:
        raise Refusal("reopening-not-requested", N_("Belum ada yang meminta bulan ini dibuka kembali."), status=409)
    if found.request.actor == actor:
        raise Refusal("same-person", N_("Orang lain dari yang meminta harus menyetujui."), status=409)
    try:
        await ledger.reopen_confirm(connection, book_id, first, by=actor)
    except ledger.PeriodError as error:
        raise _not_reopened() from error
    await _tell(connection, book_id, first, Action.REOPENING_CONFIRMED, actor)
    return await month(connection, book_id, first)


async def _last_closed(connection: AsyncConnection, book_id: int, first: date) -> Month:
    closed = [one for one in await months(connection, book_id) if one.status is ledger.PeriodStatus.CLOSED]
    if not any(one.month == first for one in closed):
        raise Refusal("period-not-closed", N_("Bulan ini tidak ditutup."), status=409)
    if closed[0].month != first:
        message = N_("Buka dahulu bulan yang lebih akhir: %(later)s juga ditutup.")
        raise Refusal("period-order", message, status=409, later=f"{closed[0].month:%Y-%m}")
    return closed[0]


def _not_reopened() -> Refusal:
    return Refusal("period-changed", N_("Keadaan bulan ini baru saja berubah; muat ulang halaman."), status=409)
