"""Offices: the head office that each cooperative begins with, and those that it opens later. The caller commits.

A cooperative with one office sees nothing of it. The business day, the vault and the books are the cooperative's;
what an office has of its own is tills and the numbers of its vouchers.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.i18n import N_
from koperasi.treasury import rules_offices
from koperasi.treasury.rules_offices import Desk
from koperasi.treasury.rules_vouchers import OFFICE
from koperasi.treasury.tables import office, teller_session, till
from ledger import schema

HEAD_NAME = "Kantor pusat"


async def found_offices(work: Work, cooperative: Cooperative, valid_from: date, _actor: str) -> None:
    """The head office, with which every cooperative begins."""
    row = {"book_id": cooperative.book_id, "code": OFFICE, "name": HEAD_NAME, "opened_on": valid_from}
    await work.connection.execute(insert(office).values(row))


async def offices(connection: AsyncConnection, book_id: int) -> list[Desk]:
    """All offices with what their tills hold, the head office first, then by code."""
    books = schema.account
    sessions = (
        select(func.count())
        .where(
            teller_session.c.book_id == office.c.book_id,
            teller_session.c.office == office.c.code,
            teller_session.c.closed_at.is_(None),
        )
        .scalar_subquery()
    )
    query = (
        select(
            office.c.code,
            office.c.name,
            func.count(till.c.username).label("tills"),
            sessions.label("open_sessions"),
            func.coalesce(func.sum(books.c.debit - books.c.credit), 0).cast(BigInteger).label("cash_minor"),
            office.c.closed_on.is_not(None).label("closed"),
        )
        .select_from(
            office.outerjoin(till, and_(till.c.book_id == office.c.book_id, till.c.office == office.c.code)).outerjoin(
                books, and_(books.c.book_id == till.c.book_id, books.c.account_id == till.c.ledger_account_id)
            )
        )
        .where(office.c.book_id == book_id)
        .group_by(office.c.book_id, office.c.code, office.c.name, office.c.closed_on)
        .order_by(office.c.code != OFFICE, office.c.code)
    )
    return [Desk(*row) for row in await connection.execute(query)]


async def office_names(connection: AsyncConnection, book_id: int) -> dict[str, str]:
    """The names of all offices by code; empty where there is one only, so that nobody reads of it."""
    rows = await connection.execute(
        select(office.c.code, office.c.name)
        .where(office.c.book_id == book_id)
        .order_by(office.c.code != OFFICE, office.c.code)
    )
    found: dict[str, str] = {row.code: row.name for row in rows}
    return found if len(found) > 1 else {}


async def open_office(work: Work, code: str, name: str, *, today: date, actor: str) -> str:
    """Open another office; returns its code as it is written.

    Raises:
        Refusal: ``office``.
        Conflict: ``office-known``: there is or was one with this code, or with this name.
    """
    code, name = rules_offices.clean_office(code, name)
    connection, book_id = work.connection, work.book_id
    await ledger.lock_head(connection, book_id)
    rows = await connection.execute(select(office.c.code, office.c.name).where(office.c.book_id == book_id))
    for known in rows:
        if known.code == code:
            raise Conflict("office-known", N_("Kode ini sudah dipakai kantor lain."), field="code")
        if known.name.casefold() == name.casefold():
            raise Conflict("office-known", N_("Nama ini sudah dipakai kantor lain."), field="name")
    await connection.execute(insert(office).values(book_id=book_id, code=code, name=name, opened_on=today))
    await audit.record(
        connection, book_id, actor=actor, action=Action.OFFICE_OPENED, subject=f"office {code}", after={"name": name}
    )
    return code


async def close_office(work: Work, code: str, *, today: date, actor: str) -> None:
    """Close an office for good; its vouchers keep their numbers.

    Raises:
        NotFound: ``office``.
        Conflict: what ``rules_offices.check_closing`` says.
    """
    connection, book_id = work.connection, work.book_id
    # No session begins and no till takes cash while it is looked at.
    await ledger.lock_head(connection, book_id)
    desk = next((one for one in await offices(connection, book_id) if one.code == code), None)
    if desk is None:
        raise NotFound("office", N_("Kantor ini tidak ada."))
    rules_offices.check_closing(desk)
    opened = await connection.scalar(select(office.c.opened_on).where(_one(book_id, code)))
    await connection.execute(update(office).where(_one(book_id, code)).values(closed_on=max(today, opened or today)))
    await audit.record(connection, book_id, actor=actor, action=Action.OFFICE_CLOSED, subject=f"office {code}")


async def choose_office(connection: AsyncConnection, book_id: int, username: str, asked: str | None) -> str:
    """The office at which a session opens: the one asked for, else where the person last worked, else the head office.

    Raises:
        Refusal: ``office``: there is none with this code, or it is closed.
    """
    rows = await connection.execute(
        select(office.c.code).where(office.c.book_id == book_id, office.c.closed_on.is_(None))
    )
    there = set(rows.scalars())
    if asked:
        if asked not in there:
            raise Refusal("office", N_("Kantor ini tidak ada atau sudah ditutup."), field="office")
        return asked
    last: Any = await connection.scalar(
        select(teller_session.c.office)
        .where(teller_session.c.book_id == book_id, teller_session.c.username == username)
        .order_by(teller_session.c.number.desc())
        .limit(1)
    )
    return last if last in there else OFFICE


def _one(book_id: int, code: str) -> Any:
    return and_(office.c.book_id == book_id, office.c.code == code)
