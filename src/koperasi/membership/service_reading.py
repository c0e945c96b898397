"""Reading what became of memberships: settlements with their parts and payments. Called through ``service``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.members.service import MemberStatus, roster
from koperasi.membership.rules_settlement import Line, Reason, restored
from koperasi.membership.tables import member_exit, member_exit_part, member_exit_payment
from koperasi.privacy.service import SealedRow
from koperasi.savings.service import holdings
from ledger.schema import account


@dataclass(frozen=True, slots=True)
class Part:
    """What one person is paid, in sen, and when it was: the member (position 0) or an heir."""

    position: int
    name: str | None
    relation: str | None
    share_percent: int
    amount_minor: int
    paid_on: date | None
    entry_number: int | None
    paid_by: str | None
    key: str | None


@dataclass(frozen=True, slots=True)
class Exit:
    """A settlement as it was decided; ``net_minor`` is what it said would be paid, in sen."""

    number: int
    member_number: str
    reason: Reason
    from_status: MemberStatus
    decided_on: date
    pay_by: date | None
    net_minor: int
    statement: Mapping[str, Any]
    key: str
    fingerprint: bytes
    asked_by: str
    approved_by: str | None
    decided_at: datetime
    entry_number: int | None
    leaving_account_id: int | None
    reversed_at: datetime | None
    reversed_by: str | None
    reversal_entry: int | None
    parts: tuple[Part, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The statement, line by line."""
        return restored(self.statement)

    @property
    def waiver(self) -> str | None:
        """The paper by which the board forgave what was short."""
        found: str | None = self.statement.get("waiver")
        return found

    @property
    def unpaid(self) -> tuple[Part, ...]:
        """Whom something is still to be paid."""
        return tuple(one for one in self.parts if one.amount_minor and one.paid_on is None)

    @property
    def is_paid(self) -> bool:
        """Nothing is left to pay."""
        return not self.unpaid

    @property
    def paid_minor(self) -> int:
        """What was paid out, in sen."""
        return sum(one.amount_minor for one in self.parts if one.paid_on)


_FIELDS = tuple(name for name in Exit.__dataclass_fields__ if name != "parts")


async def exit_of(connection: AsyncConnection, book_id: int, member_number: str) -> Exit | None:
    """The settlement of a member that stands, if one does."""
    found = await _find(
        connection, book_id, member_exit.c.member_number == member_number, member_exit.c.reversed_at.is_(None)
    )
    return found[0] if found else None


async def exit_by_key(connection: AsyncConnection, book_id: int, key: str) -> Exit | None:
    """The settlement that was decided under a request's key."""
    found = await _find(connection, book_id, member_exit.c.key == key)
    return found[0] if found else None


async def exits_of(connection: AsyncConnection, book_id: int, member_number: str) -> list[Exit]:
    """All settlements of a member, those too that were undone; the latest first."""
    return await _find(connection, book_id, member_exit.c.member_number == member_number)


async def unpaid_exits(connection: AsyncConnection, book_id: int, limit: int = 200) -> list[Exit]:
    """Settlements that stand and of which something is still to be paid; the first due first."""
    part, payment = member_exit_part, member_exit_payment
    paid = exists().where(
        payment.c.book_id == part.c.book_id,
        payment.c.exit_number == part.c.exit_number,
        payment.c.position == part.c.position,
    )
    open_part = exists().where(
        part.c.book_id == member_exit.c.book_id,
        part.c.exit_number == member_exit.c.number,
        part.c.amount_minor > 0,
        ~paid,
    )
    found = await _find(connection, book_id, member_exit.c.reversed_at.is_(None), open_part, limit=limit)
    return sorted(found, key=lambda one: (one.pay_by or one.decided_on, one.number))


async def unsettled(connection: AsyncConnection, book_id: int, limit: int = 200) -> list[tuple[str, str, MemberStatus]]:
    """Number, name and status of whoever leaves, died or was dismissed and has no settlement yet, by number.

    So has an applicant who was refused, if they had paid something.
    """
    settled = exists().where(
        member_exit.c.book_id == roster.c.book_id,
        member_exit.c.member_number == roster.c.number,
        member_exit.c.reversed_at.is_(None),
    )
    saved = exists().where(
        holdings.c.book_id == roster.c.book_id,
        holdings.c.member_number == roster.c.number,
        holdings.c.ledger_account_id == account.c.account_id,
        account.c.book_id == roster.c.book_id,
        account.c.debit != account.c.credit,
    )
    refused = and_(roster.c.status == MemberStatus.KELUAR.value, saved)
    ending = [one.value for one in (MemberStatus.KELUAR_DIAJUKAN, MemberStatus.MENINGGAL, MemberStatus.DIBERHENTIKAN)]
    rows = await connection.execute(
        select(roster.c.number, roster.c.name, roster.c.status)
        .where(roster.c.book_id == book_id, or_(roster.c.status.in_(ending), refused), ~settled)
        .order_by(roster.c.number)
        .limit(limit)
    )
    return [(row.number, row.name, MemberStatus(row.status)) for row in rows]


def no_exit() -> NotFound:
    """This member has no settlement that stands."""
    return NotFound("member-exit", N_("Anggota ini belum mempunyai penyelesaian."))


async def _find(
    connection: AsyncConnection, book_id: int, *wanted: ColumnElement[bool], limit: int = 200
) -> list[Exit]:
    rows = (
        await connection.execute(
            select(*(member_exit.c[name] for name in _FIELDS))
            .where(member_exit.c.book_id == book_id, *wanted)
            .order_by(member_exit.c.number.desc())
            .limit(limit)
        )
    ).all()
    parts = await _parts(connection, book_id, [row.number for row in rows])
    return [_exit(row, parts.get(row.number, ())) for row in rows]


async def _parts(connection: AsyncConnection, book_id: int, numbers: Sequence[int]) -> dict[int, tuple[Part, ...]]:
    if not numbers:
        return {}
    part, payment = member_exit_part, member_exit_payment
    same = and_(
        payment.c.book_id == part.c.book_id,
        payment.c.exit_number == part.c.exit_number,
        payment.c.position == part.c.position,
    )
    rows = await connection.execute(
        select(
            *(part.c[name] for name in ("exit_number", "position", "name", "relation", "share_percent")),
            part.c.amount_minor,
            *(payment.c[name] for name in ("paid_on", "entry_number", "paid_by", "key")),
        )
        .select_from(part.outerjoin(payment, same))
        .where(part.c.book_id == book_id, part.c.exit_number.in_(numbers))
        .order_by(part.c.exit_number, part.c.position)
    )
    found: dict[int, list[Part]] = {}
    for number, position, name, *rest in rows:
        row = SealedRow("member_exit_part", book_id, number, position)
        found.setdefault(number, []).append(Part(position, row.open("name", name), *rest))
    return {number: tuple(parts) for number, parts in found.items()}


def _exit(row: Any, parts: tuple[Part, ...]) -> Exit:
    facts = {name: getattr(row, name) for name in _FIELDS}
    facts |= {"reason": Reason(row.reason), "from_status": MemberStatus(row.from_status)}
    return Exit(**facts, parts=parts)
