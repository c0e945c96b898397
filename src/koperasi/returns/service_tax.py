"""The tax of a month over all that a member is paid in it, payments that no run makes, and the slips (bukti potong).

Slips get their numbers when somebody looks at a month: an act that can be done again and gives the same, since payments
that stand have their slips already and new ones come behind them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

from sqlalchemy import and_, cast, exists, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger, Text

from koperasi.cooperatives.service import Cooperative, next_numbers, policies_on
from koperasi.db import Work
from koperasi.errors import NotFound, Refusal
from koperasi.formats import parse_wire_amount
from koperasi.i18n import N_
from koperasi.returns import rules_run, service_rows
from koperasi.returns.model import Payment, RunStatus, Slip
from koperasi.returns.rules_days import add_months
from koperasi.returns.rules_run import TaxRule
from koperasi.returns.tables import return_line, return_paid, return_run, tax_slip

_POLICIES = ("savings_tax.threshold", "savings_tax.rate_percent")
_SLIP = tuple(tax_slip.c[name] for name in Slip._fields)


async def tax_rule(connection: AsyncConnection, cooperative: Cooperative, on: date) -> TaxRule | None:
    """The tax of members' savings on a day; None where this kind of institution has no such policy."""
    try:
        held = await policies_on(connection, cooperative.book_id, _POLICIES, on)
    except Refusal:
        return None
    return TaxRule(parse_wire_amount(held[_POLICIES[0]]), Fraction(held[_POLICIES[1]]))


async def withhold(
    work: Work, cooperative: Cooperative, member_number: str | None, gross: Sequence[int], on: date
) -> list[int]:
    """What is withheld of payments to a member on a day, in sen, with all that the month has brought them so far.

    Nobody else pays a return in this book until the caller commits; ``record_paid`` follows once the entry stands.

    Args:
        work: bound to the book; the caller commits.
        cooperative: whose book.
        member_number: whom; of another cooperative (None) nothing is withheld by this rule.
        gross: the payments, in sen.
        on: the day of payment.
    """
    await service_rows.lock_month(work.connection, work.book_id)
    rule = await tax_rule(work.connection, cooperative, on)
    if rule is None or member_number is None:
        return [0] * len(gross)
    paid = await service_rows.paid_in_month(work.connection, work.book_id, on, member_number)
    return rules_run.tax_on(gross, *paid.get(member_number, (0, 0)), rule)


async def record_paid(
    work: Work, payments: Sequence[tuple[Payment, int]], *, on: date, entry_number: int, actor: str
) -> None:
    """Let payments that no run made count for the month's tax and its slips. The caller commits, with the entry.

    Args:
        work: bound to the book.
        payments: each with its tax in sen, from ``withhold``.
        on: the day of payment.
        entry_number: the entry that paid them.
        actor: username.

    Raises:
        sqlalchemy.exc.IntegrityError: the same reference was paid for the same period before.
    """
    if not payments:
        return
    numbers = await next_numbers(work.connection, work.book_id, "return-paid", len(payments))
    await work.connection.execute(
        insert(return_paid),
        [
            {
                "book_id": work.book_id,
                "number": number,
                "source": payment.source,
                "reference": payment.reference,
                "member_number": payment.member_number,
                "period_first": payment.first,
                "period_last": payment.last,
                "paid_on": on,
                "gross_minor": payment.gross_minor,
                "tax_minor": tax,
                "entry_number": entry_number,
                "recorded_by": actor,
            }
            for number, (payment, tax) in zip(numbers, payments, strict=True)
        ],
    )


async def assign_slips(work: Work, month: date) -> int:
    """Number the slips that a month's payments still lack, in the order of the payments; returns how many.

    Done again it gives nothing new. Without gaps: a number is given as its row is written. The caller commits.
    """
    month = month.replace(day=1)
    await service_rows.lock_month(work.connection, work.book_id)
    payments = _payments(work.book_id, month).subquery("payments")
    last = (
        select(func.coalesce(func.max(tax_slip.c.serial), 0))
        .where(tax_slip.c.book_id == work.book_id, tax_slip.c.month == month)
        .scalar_subquery()
    )
    place = func.row_number().over(
        order_by=(payments.c.paid_on, payments.c.source, payments.c.source_number, payments.c.member_number)
    )
    missing = (
        select(
            cast(literal(work.book_id), BigInteger),
            literal(month),
            last + place,
            payments.c.member_number,
            payments.c.source,
            payments.c.source_number,
            payments.c.paid_on,
            payments.c.gross_minor,
            payments.c.tax_minor,
        )
        .where(
            ~exists(
                select(tax_slip.c.serial).where(
                    tax_slip.c.member_number == payments.c.member_number,
                    tax_slip.c.source == payments.c.source,
                    tax_slip.c.source_number == payments.c.source_number,
                    tax_slip.c.book_id == work.book_id,
                )
            )
        )
        .order_by(place)
    )
    columns = ["book_id", "month", "serial", "member_number", "source", "source_number", "paid_on"]
    made = await work.connection.execute(insert(tax_slip).from_select([*columns, "gross_minor", "tax_minor"], missing))
    return made.rowcount


def _payments(book_id: int, month: date):  # type: ignore[no-untyped-def]  # noqa: ANN202
    """Each member and payment of a month: what a run posted is one payment, however many accounts it went to."""
    line, paid = return_line.c, return_paid.c
    days = (month, add_months(month, 1))
    by_run = (
        select(
            line.member_number,
            cast(literal("run"), Text).label("source"),
            line.run_number.label("source_number"),
            return_run.c.effective_on.label("paid_on"),
            cast(func.sum(line.gross_minor), BigInteger).label("gross_minor"),
            cast(func.sum(line.tax_minor), BigInteger).label("tax_minor"),
        )
        .join(return_run, and_(return_run.c.book_id == line.book_id, return_run.c.number == line.run_number))
        .where(
            line.book_id == book_id,
            line.member_number.is_not(None),
            line.gross_minor != 0,
            return_run.c.status == RunStatus.POSTED.value,
            return_run.c.effective_on >= days[0],
            return_run.c.effective_on < days[1],
        )
        .group_by(line.member_number, line.run_number, return_run.c.effective_on)
    )
    otherwise = select(
        paid.member_number,
        cast(literal("paid"), Text),
        paid.number,
        paid.paid_on,
        paid.gross_minor,
        paid.tax_minor,
    ).where(
        paid.book_id == book_id,
        paid.member_number.is_not(None),
        paid.gross_minor != 0,
        paid.paid_on >= days[0],
        paid.paid_on < days[1],
        service_rows.paid_stands(),
    )
    return by_run.union_all(otherwise)


async def slips(
    connection: AsyncConnection, book_id: int, month: date, *, after: int = 0, limit: int | None = None
) -> tuple[list[Slip], bool]:
    """The slips of a month in order, and whether there are more."""
    query = select(*_SLIP).where(
        tax_slip.c.book_id == book_id, tax_slip.c.month == month.replace(day=1), tax_slip.c.serial > after
    )
    query = query.order_by(tax_slip.c.serial)
    rows = await connection.execute(query if limit is None else query.limit(limit + 1))
    found = [Slip(*row) for row in rows]
    return (found, False) if limit is None else (found[:limit], len(found) > limit)


async def slip(connection: AsyncConnection, book_id: int, month: date, serial: int) -> Slip:
    """One slip.

    Raises:
        NotFound: ``tax-slip``.
    """
    row = (
        await connection.execute(
            select(*_SLIP).where(
                tax_slip.c.book_id == book_id, tax_slip.c.month == month.replace(day=1), tax_slip.c.serial == serial
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound("tax-slip", N_("Bukti potong ini tidak ada."))
    return Slip(*row)


async def slip_sums(connection: AsyncConnection, book_id: int, month: date) -> Mapping[str, int]:
    """How many slips a month has, what was paid and withheld, in sen."""
    row = (
        await connection.execute(
            select(func.count(), func.sum(tax_slip.c.gross_minor), func.sum(tax_slip.c.tax_minor)).where(
                tax_slip.c.book_id == book_id, tax_slip.c.month == month.replace(day=1)
            )
        )
    ).one()
    return {"count": row[0], "gross": int(row[1] or 0), "tax": int(row[2] or 0)}
