"""What a bank's savers have with it, all savings and deposits together: the tax of PP 131/2000 looks at that.

Savings are known here. Slices above that keep money for savers say what they keep by ``count_balances``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.savings import service as savings

Source = Callable[[AsyncConnection, int, date, str | None, int | None], Awaitable[Mapping[str, int]]]
"""Balances in sen by the saver's number: of a book, at the close of a day, of one saver or (None) of all, as the book
knew it when that entry was its last (None: as it knows it now)."""

_SOURCES: dict[str, Source] = {}


def count_balances(name: str, source: Source) -> None:
    """Let what another slice keeps for savers count. Said twice by the same name it counts once."""
    _SOURCES[name] = source


async def balances(
    connection: AsyncConnection, book_id: int, on: date, holder: str | None = None, known_at: int | None = None
) -> dict[str, int]:
    """What savers have in savings and deposits at the close of a day, in sen; own capital is not of it."""
    total = dict(await _in_savings(connection, book_id, on, holder, known_at))
    for source in _SOURCES.values():
        for number, amount in (await source(connection, book_id, on, holder, known_at)).items():
            total[number] = total.get(number, 0) + amount
    return total


async def _in_savings(
    connection: AsyncConnection, book_id: int, on: date, holder: str | None, known_at: int | None
) -> Mapping[str, int]:
    held, moved = savings.holdings, ledger.turnovers(book_id, known_at)
    capital = [kind.value for kind in savings.SavingsKind if kind.is_own_capital]
    query = (
        select(held.c.holder, func.sum(moved.c.credit - moved.c.debit))
        .join(moved, and_(moved.c.account_id == held.c.ledger_account_id, moved.c.day <= on))
        .where(held.c.book_id == book_id, held.c.kind.not_in(capital))
        .group_by(held.c.holder)
    )
    if holder is not None:
        query = query.where(held.c.holder == holder)
    return {number: int(amount) for number, amount in await connection.execute(query)}
