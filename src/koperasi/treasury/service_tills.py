"""Which account a movement's cash is: the till of whoever records it, or the common one where nobody has sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ScalarSelect, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import Cooperative, account_code, newest_policy
from koperasi.errors import Conflict, FieldError
from koperasi.i18n import N_
from koperasi.treasury.tables import teller_session, till

POLICY = "teller.sessions"

open_tills = (
    select(teller_session.c.book_id, teller_session.c.username, till.c.ledger_account_id, teller_session.c.business_day)
    .join(
        till,
        and_(
            till.c.book_id == teller_session.c.book_id,
            till.c.username == teller_session.c.username,
            till.c.office == teller_session.c.office,
        ),
    )
    .where(teller_session.c.closed_at.is_(None))
    .subquery("open_tills")
)
"""The tills that are in session now, for other slices' joins."""


def sessions_policy(book_id: Any, on: Any) -> ScalarSelect[Any]:
    """``on`` or ``off``, in force on a day, as a part of another reading; NULL if nothing was ever said."""
    return newest_policy(book_id, POLICY, on)


def choose_cash(own_till: int | None, common: int | None, policy: object) -> int:
    """The ledger account that a movement's cash goes through.

    Args:
        own_till: the actor's till that is in session, if there is one.
        common: the account of the desk that has no sessions.
        policy: what ``teller.sessions`` says that day.

    Raises:
        Conflict: ``no-open-session``: cash moves in sessions only, and this person has none.
    """
    if own_till is not None:
        return own_till
    if policy == "on" or common is None:
        raise no_open_session()
    return common


def no_open_session() -> Conflict:
    """Cash moves in sessions only, and this person has none open."""
    return Conflict("no-open-session", N_("Sesi kas Anda belum dibuka: hitung uang di laci dan buka di halaman Kas."))


def day_of_clocks(cooperative: Cooperative) -> date:
    """The day on which it is asked whether sessions are wanted: the calendar's, wherever the book's day stands."""
    return datetime.now(UTC).astimezone(cooperative.zone).date()


async def needs_session(connection: AsyncConnection, cooperative: Cooperative) -> bool:
    """Does cash move in sessions only, today?"""
    said = sessions_policy(cooperative.book_id, day_of_clocks(cooperative))
    return bool(await connection.scalar(select(said)) == "on")


async def till_of(connection: AsyncConnection, cooperative: Cooperative, username: str) -> int | None:
    """The ledger account of a person's till that is in session; none where cash moves without sessions.

    Raises:
        Conflict: ``no-open-session``: the policy wants one.
    """
    book_id = cooperative.book_id
    own = await connection.scalar(
        select(open_tills.c.ledger_account_id).where(open_tills.c.book_id == book_id, open_tills.c.username == username)
    )
    if own is None and await needs_session(connection, cooperative):
        raise no_open_session()
    return None if own is None else int(own)


async def cash_account(connection: AsyncConnection, cooperative: Cooperative, actor: str) -> int:
    """The ledger account (its id) that cash goes through which this person takes or pays out.

    Raises:
        Conflict: ``no-open-session``: the policy wants a session, and they have none.
    """
    own = await till_of(connection, cooperative, actor)
    if own is not None:
        return own
    code = account_code(cooperative.kind, "cash.teller")
    return (await ledger.account_by_code(connection, cooperative.book_id, code)).account_id


COMMON, VAULT = "1102", "1101"
"""The desk without sessions and the vault, in every kind's chart."""


async def desk_errors(
    connection: AsyncConnection, book_id: int, lines: Sequence[tuple[str, int]], on: date
) -> list[FieldError]:
    """What stands against an entry by hand that names the common desk, by its line.

    While cash moves in sessions only, that desk may be emptied into the vault, and nothing else.

    Args:
        connection: bound to the book.
        book_id: the book.
        lines: codes and signed amounts in sen, debit positive.
        on: the entry's day; before sessions began, the desk was what cash went through.
    """
    at = [place for place, (code, _) in enumerate(lines) if code == COMMON]
    if not at:
        return []
    emptied = all(amount < 0 if code == COMMON else code == VAULT for code, amount in lines)
    if emptied or await connection.scalar(select(sessions_policy(book_id, on))) != "on":
        return []
    message = N_("Kas bergerak dalam sesi: pakai laci yang sedang dalam sesi. Isi kas loket dipindahkan ke kas besar.")
    return [FieldError(f"lines.{place}.account", "no-open-session", message) for place in at]
