"""Open a till with counted cash, hand cash over, close it with counted cash. The caller commits; see ``service``.

Each act first takes the book's head, so that nothing is posted between what it reads and what it books. A till that is
not in session takes no postings at all: the ledger itself refuses them (``account-paused``), whichever way they come.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, account_code, next_number
from koperasi.db import Work
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.i18n import N_
from koperasi.posting import MESSAGES, Idempotency, Settled, settled
from koperasi.treasury import rules
from koperasi.treasury.model import Session
from koperasi.treasury.rules import Count, Settlement
from koperasi.treasury.rules_vouchers import OFFICE
from koperasi.treasury.service_offices import choose_office
from koperasi.treasury.tables import business_day, cash_handover, teller_session, till

COLUMNS = (*teller_session.columns, till.c.ledger_account_id)
SESSIONS = teller_session.join(
    till,
    and_(
        till.c.book_id == teller_session.c.book_id,
        till.c.username == teller_session.c.username,
        till.c.office == teller_session.c.office,
    ),
)


def session_not_found() -> NotFound:
    """There is no such session in this book, or it is somebody else's."""
    return NotFound("cash-session", N_("Sesi kas ini tidak ada."))


async def find_session(connection: AsyncConnection, book_id: int, *wanted: Any) -> Any | None:
    """The row of one session that fits."""
    query = select(*COLUMNS).select_from(SESSIONS).where(teller_session.c.book_id == book_id, *wanted)
    return (await connection.execute(query)).mappings().one_or_none()


async def last_closed_day(connection: AsyncConnection, book_id: int) -> date | None:
    """Up to when the book's days are closed."""
    query = select(func.max(business_day.c.day)).where(business_day.c.book_id == book_id)
    found: date | None = await connection.scalar(query)
    return found


async def open_session(
    work: Work,
    cooperative: Cooperative,
    *,
    username: str,
    count: Count,
    office: str | None = None,
    from_vault_minor: int | None = None,
    difference_minor: int = 0,
    holds_vault: bool = False,
    idempotency: Idempotency,
    now: datetime,
) -> Session:
    """Begin to work one's till with what was counted in it.

    Args:
        work: the transaction.
        cooperative: whose till.
        username: who will answer for it; a till is made for them the first time at an office.
        count: what lies in the drawer.
        office: the code of the office it stands in; None is where they last worked.
        from_vault_minor: what was taken from the vault for it, in sen; None is whatever the drawer had not before.
        difference_minor: over (below zero: short) that the person has seen and agrees to book, in sen.
        holds_vault: whether they hold the vault too, so that nobody else has to confirm what they took from it.
        idempotency: the same request opens one session.
        now: the moment.

    Raises:
        Conflict: ``session-open``: they have one already.
        Refusal: ``office``, ``cash-differs``, what the rules say, or what the book says (``floor``: the vault has not
            so much).
    """
    connection, book_id = work.connection, work.book_id
    await ledger.lock_head(connection, book_id)
    known = await find_session(connection, book_id, teller_session.c.opening_key == idempotency.key)
    if known is not None:
        _check_same(known["opening_fingerprint"], idempotency)
        return Session.of({**known, "replayed": True})
    if await find_session(connection, book_id, *_open_of(username)) is not None:
        raise Conflict("session-open", N_("Sesi kas Anda masih terbuka; tutup dulu sebelum membuka yang baru."))
    office = await choose_office(connection, book_id, username, office)
    account_id = await _till(work, cooperative, username, office)
    left = (await ledger.accounts_by_id(connection, book_id, [account_id]))[account_id].balance
    settlement = rules.opening(count.total_minor, left, from_vault_minor)
    rules.check_difference(settlement.difference_minor, difference_minor)
    number = await next_number(connection, book_id, "cash.sessions")
    head = await ledger.head(connection, book_id)
    await ledger.lock_accounts(connection, book_id, [account_id], await last_closed_day(connection, book_id))
    entry = await _book(
        work, cooperative, rules.OPEN, settlement, account_id, number, username, idempotency, cooperative.today(now)
    )
    facts = {
        "book_id": book_id,
        "number": number,
        "username": username,
        "office": office,
        "business_day": cooperative.today(now),
        "opened_at": now,
        "opening_count": count.to_json(),
        "opening_entry": entry,
        "opening_head": head.number,
        "opening_key": idempotency.key,
        "opening_fingerprint": idempotency.fingerprint,
    }
    await connection.execute(insert(teller_session).values(facts))
    if entry is not None and settlement.from_vault_minor:
        await _hand_over(work, entry, number, username, now, confirmed=holds_vault)
    told = {"counted": count.to_json(), "entry": entry, "difference": settlement.difference_minor}
    await audit.record(
        connection, book_id, actor=username, action=Action.SESSION_OPENED, subject=f"cash session {number}", after=told
    )
    return Session.of(await find_session(connection, book_id, teller_session.c.number == number) or facts)


async def close_session(
    work: Work,
    cooperative: Cooperative,
    number: int,
    *,
    actor: str,
    count: Count,
    to_vault_minor: int,
    difference_minor: int = 0,
    holds_vault: bool = False,
    idempotency: Idempotency,
    now: datetime,
) -> Session:
    """Count the drawer, book what is over or short, give cash back to the vault, and let the till rest.

    Args:
        work: the transaction.
        cooperative: whose till.
        number: the session.
        actor: whoever counts: the teller, or who holds the vault when the teller can't.
        count: what lies in the drawer.
        to_vault_minor: what goes into the vault of that, in sen; the rest is left in the till.
        difference_minor: over (below zero: short) that they have seen and agree to book, in sen.
        holds_vault: whether the actor holds the vault: they may close others' sessions and take the cash in.
        idempotency: the same request closes it once.
        now: the moment.

    Raises:
        NotFound: ``cash-session``.
        Conflict: ``session-closed``.
        Refusal: ``cash-differs``, what the rules say, or what the book says.
    """
    connection, book_id = work.connection, work.book_id
    await ledger.lock_head(connection, book_id)
    known = await find_session(connection, book_id, teller_session.c.number == number)
    if known is None or not (holds_vault or known["username"] == actor):
        raise session_not_found()
    if known["closed_at"] is not None:
        if known["closing_key"] != idempotency.key:
            raise _closed()
        _check_same(known["closing_fingerprint"], idempotency)
        return Session.of({**known, "replayed": True})
    account_id = known["ledger_account_id"]
    expected = (await ledger.accounts_by_id(connection, book_id, [account_id]))[account_id].balance
    settlement = rules.closing(count.total_minor, expected, to_vault_minor)
    rules.check_difference(settlement.difference_minor, difference_minor)
    entry = await _book(
        work, cooperative, rules.CLOSE, settlement, account_id, number, actor, idempotency, cooperative.today(now)
    )
    await ledger.lock_accounts(connection, book_id, [account_id], ledger.PAUSED)
    head = await ledger.head(connection, book_id)
    table = teller_session
    await connection.execute(
        update(table)
        .where(table.c.book_id == book_id, table.c.number == number)
        .values(
            closed_at=now,
            closed_by=actor,
            closing_count=count.to_json(),
            closing_entry=entry,
            closing_head=head.number,
            closing_key=idempotency.key,
            closing_fingerprint=idempotency.fingerprint,
        )
    )
    if entry is not None and settlement.from_vault_minor:
        await _hand_over(work, entry, number, actor, now, confirmed=holds_vault)
    told = {"counted": count.to_json(), "entry": entry, "difference": settlement.difference_minor}
    await audit.record(
        connection, book_id, actor=actor, action=Action.SESSION_CLOSED, subject=f"cash session {number}", after=told
    )
    return Session.of(await find_session(connection, book_id, teller_session.c.number == number) or known)


async def hand_over(
    work: Work,
    cooperative: Cooperative,
    number: int,
    *,
    actor: str,
    amount_minor: int,
    holds_vault: bool = False,
    idempotency: Idempotency,
    now: datetime,
) -> Settled:
    """Cash from the vault into a till that is in session, or back; returns the entry, and if it stood there before.

    Whoever writes it down is one of the two sides; the other confirms it (``confirm``), unless one person is both.

    Args:
        work: the transaction.
        cooperative: whose cash.
        number: the session.
        actor: the teller, or who holds the vault.
        amount_minor: what the till gets, in sen; below zero it gives.
        holds_vault: whether the actor holds the vault.
        idempotency: the same request is booked once.
        now: the moment.

    Raises:
        NotFound: ``cash-session``.
        Conflict: ``session-closed``.
        Refusal: what the rules or the book say.
    """
    connection, book_id = work.connection, work.book_id
    if not amount_minor:
        raise Refusal("amount-not-positive", N_("Jumlah harus lebih dari nol."), field="amount")
    if amount_minor % rules.SEN_PER_RUPIAH:
        raise Refusal("cash-has-no-sen", N_("Uang tunai tidak mempunyai sen."), field="amount")
    await ledger.lock_head(connection, book_id)
    known = await find_session(connection, book_id, teller_session.c.number == number)
    if known is None or not (holds_vault or known["username"] == actor):
        raise session_not_found()
    settlement = Settlement(amount_minor, 0)
    till_id, day = known["ledger_account_id"], cooperative.today(now)
    draft = await _draft(work, cooperative, rules.TRANSFER, settlement, till_id, number, actor, idempotency, day)
    outcome = (await ledger.append(connection, [draft]))[0]
    if isinstance(outcome, ledger.Rejected) and outcome.code == "account-paused":
        raise _closed()
    answered = settled(outcome)
    if not answered.replayed:
        alone = holds_vault and known["username"] == actor
        await _hand_over(work, answered.number, number, actor, now, confirmed=alone)
    return answered


async def confirm(work: Work, entry_number: int, *, actor: str, holds_vault: bool, now: datetime) -> None:
    """The other side says that the cash was handed over as it was written down.

    Raises:
        NotFound: ``handover``: none that this person can confirm.
        Conflict: ``same-person``: they wrote it down themselves.
    """
    connection, book_id, table = work.connection, work.book_id, cash_handover
    row = (
        await connection.execute(
            select(table.c.recorded_by, table.c.confirmed_by, table.c.session_number, teller_session.c.username)
            .join(
                teller_session,
                and_(teller_session.c.book_id == table.c.book_id, teller_session.c.number == table.c.session_number),
            )
            .where(table.c.book_id == book_id, table.c.entry_number == entry_number)
            .with_for_update(of=table)
        )
    ).one_or_none()
    if row is None or not (holds_vault or row.username == actor):
        raise NotFound("handover", N_("Serah terima ini tidak ada."))
    if row.confirmed_by is not None:
        return
    if row.recorded_by == actor:
        raise Conflict("same-person", N_("Serah terima dibenarkan oleh pihak yang lain."))
    await connection.execute(
        update(table)
        .where(table.c.book_id == book_id, table.c.entry_number == entry_number)
        .values(confirmed_by=actor, confirmed_at=now)
    )
    subject = f"cash session {row.session_number}"
    await audit.record(
        connection, book_id, actor=actor, action=Action.CASH_CONFIRMED, subject=subject, after={"entry": entry_number}
    )


def _closed() -> Conflict:
    return Conflict("session-closed", N_("Sesi kas ini sudah ditutup."))


def _open_of(username: str) -> tuple[Any, ...]:
    return teller_session.c.username == username, teller_session.c.closed_at.is_(None)


def _check_same(fingerprint: bytes, idempotency: Idempotency) -> None:
    if bytes(fingerprint) != idempotency.fingerprint:
        raise Refusal("idempotency-mismatch", MESSAGES["idempotency-mismatch"])


async def _hand_over(work: Work, entry: int, session: int, actor: str, now: datetime, *, confirmed: bool) -> None:
    row = {"book_id": work.book_id, "entry_number": entry, "session_number": session, "recorded_by": actor}
    if confirmed:
        row |= {"confirmed_by": actor, "confirmed_at": now}
    await work.connection.execute(insert(cash_handover).values(row))


async def _book(work: Work, cooperative: Cooperative, kind: str, settlement: Settlement, *facts: Any) -> int | None:
    """Post what a settlement books; None if it moves nothing."""
    if not settlement.from_vault_minor and not settlement.difference_minor:
        return None
    draft = await _draft(work, cooperative, kind, settlement, *facts)
    return settled((await ledger.append(work.connection, [draft]))[0]).number


_WORDS = {rules.OPEN: "Buka sesi kas", rules.TRANSFER: "Serah terima kas sesi", rules.CLOSE: "Tutup sesi kas"}


async def _draft(
    work: Work,
    cooperative: Cooperative,
    kind: str,
    settlement: Settlement,
    till_id: int,
    number: int,
    actor: str,
    idempotency: Idempotency,
    day: date,
) -> ledger.Draft:
    roles = ("cash.vault", "cash.difference")
    codes = {role: account_code(cooperative.kind, role) for role in roles}
    found = {
        one.code: one.account_id for one in await ledger.find_accounts(work.connection, work.book_id, codes.values())
    }
    rows = rules.lines(settlement, till_id, *(found[codes[role]] for role in roles))
    return ledger.Draft(
        book_id=work.book_id,
        effective_date=day,
        kind=kind,
        description=f"{_WORDS[kind]} {number}",
        actor=actor,
        lines=tuple(ledger.Line(*row) for row in rows),
        key=idempotency.key,
        fingerprint=idempotency.fingerprint,
        source=None if kind == rules.TRANSFER else f"Hitungan kas sesi {number}",
        metadata={"cash-session": str(number)},
    )


async def _till(work: Work, cooperative: Cooperative, username: str, office: str) -> int:
    """The account of a person's till at an office, opened beneath the tills' control account the first time."""
    connection, book_id = work.connection, work.book_id
    wanted = till.c.book_id == book_id, till.c.username == username, till.c.office == office
    known = await connection.scalar(select(till.c.ledger_account_id).where(*wanted))
    if known is not None:
        return int(known)
    above = await _control(work, cooperative)
    code = f"{above.code}.{await next_number(connection, book_id, 'cash.tills'):02}"
    whose = username if office == OFFICE else f"{username}, {office}"
    new = ledger.NewAccount(
        code=code,
        name_id=f"Laci kas {whose}",
        name_en=f"Till of {whose}",
        type=above.type,
        side=above.side,
        currency=above.currency,
        floor=0,
    )
    account_id = (await ledger.open_accounts(connection, book_id, [new]))[code]
    row = {"book_id": book_id, "username": username, "office": office, "ledger_account_id": account_id}
    await connection.execute(insert(till).values(row))
    return account_id


async def _control(work: Work, cooperative: Cooperative) -> ledger.Account:
    """The account above all tills; books that are older than tills get it now."""
    code = account_code(cooperative.kind, "cash.tills")
    found = await ledger.find_accounts(work.connection, work.book_id, [code])
    if not found:
        side, kind = ledger.Side.DEBIT, ledger.AccountType.ASSET
        new = ledger.NewAccount(code, "Kas Laci Teller", "Tellers' tills", kind, side, control=True)
        await ledger.open_accounts(work.connection, work.book_id, [new])
        found = await ledger.find_accounts(work.connection, work.book_id, [code])
    if not found[0].control:
        raise Refusal(
            "tills-account", N_("Akun %(account)s dipakai untuk hal lain; laci teller memerlukannya."), account=code
        )
    return found[0]
