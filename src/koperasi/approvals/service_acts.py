"""Acts that are not (only) entries: whether they need a second person, and who carries them out when one agrees."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.access.service import others_may
from koperasi.approvals.rules import SWITCHES, Approval, Kind
from koperasi.cooperatives.service import policies_on
from koperasi.db import Work
from koperasi.errors import Conflict
from koperasi.i18n import N_
from koperasi.permissions import Permission

Executor = Callable[[Work, Approval, str], Awaitable[int | None]]
"""Carries an act out in the transaction in which somebody agrees to it; does not commit.

Given the transaction, the request and the username of who agrees; returns the number of the entry that it posted, if
one. What it refuses stays asked for. It must check whatever may have changed since the act was asked for.
"""

_EXECUTORS: dict[tuple[Kind, str], Executor] = {}


def register(kind: Kind, executor: Executor, *, about: str = "") -> None:
    """Name who carries out acts of a kind; ``app.py`` does it once, as the service starts.

    Args:
        kind: of the acts.
        executor: carries them out.
        about: only those whose subject's first word is this one (``"product"``); all others if it is left out.
    """
    _EXECUTORS[kind, about] = executor


def executor_of(found: Approval) -> Executor:
    """Who carries this one out.

    Raises:
        Conflict: ``approval-unknown``: nobody here does (any more).
    """
    executor = _EXECUTORS.get((found.kind, found.about)) or _EXECUTORS.get((found.kind, ""))
    if executor is None:
        raise Conflict("approval-unknown", N_("Tindakan ini tidak dikenal di sini; tolak, lalu minta lagi."))
    return executor


async def needs_second(
    connection: AsyncConnection, book_id: int, kind: Kind, on: date, *, actor: str | None = None
) -> bool:
    """Whether an act of this kind waits for a second person.

    It does if the policy of the day says so and somebody could agree: an active user whose role may, other than
    ``actor``. A cooperative that was just founded has none, and must be able to set itself up.

    Args:
        connection: bound to the book.
        book_id: the book.
        kind: of the act; withdrawals and entries go by their amount and are not asked about here.
        on: the cooperative's day of asking; the date on a paper changes nothing.
        actor: username of who asks.

    Raises:
        Refusal: ``policy-missing``.
    """
    name = SWITCHES[kind]
    switches = await policies_on(connection, book_id, [name], on)
    return switches[name] == "on" and await others_may(connection, book_id, Permission.APPROVE, actor)
