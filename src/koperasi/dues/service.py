"""Use cases of dues: bill a month, set what one member pays, give a bill up. Reading stands in ``service_reading``.

Nothing here is booked. Money comes in through deposits, one by one at the desk or many at once by a collection sheet
(``service_collection``).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Date, Select, and_, func, literal, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import service as audit
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.dues import rules
from koperasi.dues.model import Behind, BehindPage, Billing, Month, Policies, Standing, Terms, Waived
from koperasi.dues.rules import Kind, WaiverReason
from koperasi.dues.service_arrears import behind
from koperasi.dues.service_collection import (
    Collected,
    Collection,
    Row,
    collect,
    collection_by_number,
    latest_collections,
    sheet,
)
from koperasi.dues.service_reading import policies, standing_of, standings_of
from koperasi.dues.tables import due_waiver, dues_terms
from koperasi.errors import Conflict, NotFound
from koperasi.i18n import N_
from koperasi.members.service import member_by_number, roster
from koperasi.savings import service as savings
from koperasi.savings.service import holdings

__all__ = [
    "Behind",
    "BehindPage",
    "Billing",
    "Collected",
    "Collection",
    "Kind",
    "Month",
    "Row",
    "Standing",
    "Terms",
    "Waived",
    "WaiverReason",
    "behind",
    "bill",
    "collect",
    "collection_by_number",
    "latest_collections",
    "months",
    "open_dues",
    "set_terms",
    "sheet",
    "standing_of",
    "standings_of",
    "waive",
]


async def bill(work: Work, cooperative: Cooperative, period: str, *, actor: str, today: date) -> Billing:
    """Bill simpanan wajib of a month to every member who was not billed for it yet. Billed again, it does nothing more.

    The amount is that of the policy on the month's first day, or the member's own. Who had not joined by the month's
    end is not billed, nor who pays nothing; whether members on leave and inactive ones are, two policies say.

    Args:
        work: bound to the cooperative's book; the caller commits.
        cooperative: whose members.
        period: ``2026-11``.
        actor: user name.
        today: the business day.

    Raises:
        Refusal: ``period``, ``period-not-begun``, ``policy-missing``.
    """
    rules.check_billable(rules.clean_period(period), today)
    asked = await policies(work.connection, work.book_id, rules.first_day(period))
    written = await savings.bill(work, _owing(cooperative.book_id, period, asked, today))
    done = Billing(period, len(written), sum(row.amount_minor for row in written))
    if done.members:
        await audit.record(
            work.connection,
            work.book_id,
            actor=actor,
            action=audit.Action.DUES_BILLED,
            subject=f"dues {period}",
            after={"members": done.members, "amount_minor": done.amount_minor},
        )
    return done


async def months(connection: AsyncConnection, cooperative: Cooperative, today: date, count: int = 6) -> list[Month]:
    """The latest months with their bills of simpanan wajib, the newest first.

    Raises:
        Refusal: ``policy-missing``.
    """
    book_id, bills = cooperative.book_id, savings.bills
    periods = [rules.shifted(rules.period_of(today), -back) for back in range(count)]
    rows = await connection.execute(
        select(bills.c.period, func.count(), func.sum(bills.c.amount_minor))
        .where(bills.c.book_id == book_id, bills.c.kind == Kind.WAJIB.value, bills.c.period.in_(periods))
        .group_by(bills.c.period)
    )
    billed = {period: (int(members), int(amount)) for period, members, amount in rows}
    found = []
    for period in periods:
        asked = await policies(connection, book_id, rules.first_day(period))
        owing = _owing(book_id, period, asked, today).subquery("owing")
        missing = await connection.scalar(select(func.count()).select_from(owing))
        found.append(Month(period, *billed.get(period, (0, 0)), int(missing or 0)))
    return found


async def open_dues(
    connection: AsyncConnection, cooperative: Cooperative, number: str, on: date
) -> list[savings.DueState]:
    """What a member was billed up to this month and has not paid, by kind; see ``rules.allocate`` for what pays it.

    Raises:
        NotFound: ``member``.
    """
    standing = await standing_of(connection, cooperative, number, on)
    month, found = rules.period_of(on), []
    for kind in Kind:
        mine = [one for one in standing.settled if one.bill.kind is kind and one.bill.period <= month]
        billed, paid = sum(one.bill.amount_minor for one in mine), sum(one.paid_minor for one in mine)
        if billed > paid:
            found.append(savings.DueState(savings.SavingsKind(kind.value), billed, paid, billed - paid))
    return found


async def set_terms(work: Work, number: str, valid_from: str, amount_minor: int | None, *, actor: str) -> None:
    """Let a member pay another simpanan wajib from a month on: nothing (0), or everybody's again (None).

    Args:
        work: bound to the cooperative's book; the caller commits.
        number: the member's.
        valid_from: the first month, ``2026-11``.
        amount_minor: sen, whole rupiah.
        actor: user name.

    Raises:
        NotFound: ``member``.
        Refusal: ``period``, ``dues-amount``.
        Conflict: ``dues-terms-taken``: there are terms from that month already.
    """
    rules.clean_period(valid_from)
    rules.check_amount(amount_minor)
    await member_by_number(work.connection, work.book_id, number)
    values = {
        "book_id": work.book_id,
        "member_number": number,
        "valid_from": rules.first_day(valid_from),
        "amount_minor": amount_minor,
        "set_by": actor,
    }
    added = await work.connection.execute(
        insert(dues_terms).values(values).on_conflict_do_nothing().returning(dues_terms.c.valid_from)
    )
    if added.first() is None:
        raise Conflict(
            "dues-terms-taken",
            N_("Sejak bulan itu sudah ada ketetapan; pilih bulan lain."),
            field="valid_from",
        )
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=audit.Action.DUES_TERMS,
        subject=f"member {number}",
        after={"from": valid_from, "amount_minor": amount_minor},
    )


async def waive(work: Work, number: str, period: str, reason: WaiverReason, *, actor: str) -> None:
    """Give up a member's bill of simpanan wajib for a month. It stays on record, and the month is not billed again.

    Raises:
        NotFound: ``due``: there is no such bill.
        Refusal: ``period``.
    """
    rules.clean_period(period)
    bills = savings.bills
    there = await work.connection.scalar(
        select(bills.c.amount_minor).where(
            bills.c.book_id == work.book_id,
            bills.c.member_number == number,
            bills.c.kind == Kind.WAJIB.value,
            bills.c.period == period,
        )
    )
    if there is None:
        raise NotFound("due", N_("Tidak ada tagihan untuk bulan itu."))
    values = {
        "book_id": work.book_id,
        "member_number": number,
        "kind": Kind.WAJIB.value,
        "period": period,
        "reason": reason.value,
        "waived_by": actor,
    }
    added = await work.connection.execute(
        insert(due_waiver).values(values).on_conflict_do_nothing().returning(due_waiver.c.period)
    )
    if added.first() is None:
        return
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=audit.Action.DUE_WAIVED,
        subject=f"member {number}",
        before={"period": period, "amount_minor": int(there)},
        after={"reason": reason.value},
    )


def _owing(book_id: int, period: str, asked: Policies, today: date) -> Select[Any]:
    """A bill for each member who shall pay for a month and was not billed: book, member, kind, month, amount, day."""
    bills = savings.bills
    own = (
        select(dues_terms.c.amount_minor)
        .where(
            dues_terms.c.book_id == roster.c.book_id,
            dues_terms.c.member_number == roster.c.number,
            dues_terms.c.valid_from <= rules.first_day(period),
        )
        .order_by(dues_terms.c.valid_from.desc())
        .limit(1)
        .lateral("own")
    )
    # Asked once and hashed: a planner that knows nothing of these bills yet would go through them for each member.
    billed = select(bills.c.member_number).where(
        bills.c.book_id == book_id, bills.c.kind == Kind.WAJIB.value, bills.c.period == period
    )
    amount = func.coalesce(own.c.amount_minor, asked.wajib_minor)
    statuses = rules.billed_statuses(on_leave=asked.on_leave, inactive=asked.inactive)
    return (
        select(
            roster.c.book_id,
            roster.c.number.label("member_number"),
            literal(Kind.WAJIB.value).label("kind"),
            literal(period).label("period"),
            amount.label("amount_minor"),
            literal(today, Date).label("billed_on"),
        )
        .select_from(
            roster.join(
                holdings,
                and_(
                    holdings.c.book_id == roster.c.book_id,
                    holdings.c.member_number == roster.c.number,
                    holdings.c.kind == Kind.WAJIB.value,
                    holdings.c.closed_on.is_(None),
                ),
            ).outerjoin(own, true())
        )
        .where(
            roster.c.book_id == book_id,
            roster.c.status.in_(sorted(statuses)),
            roster.c.joined_on <= rules.last_day(period),
            amount > 0,
            roster.c.number.not_in(billed),
        )
    )
