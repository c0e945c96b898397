"""Receipts, read again from their entries. Called through ``service``."""

from __future__ import annotations

from sqlalchemy import any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger

import ledger
from koperasi.cooperatives.service import Cooperative, receipt_secret
from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.permissions import Identity
from koperasi.savings.numbers import verify_code
from koperasi.savings.receipts import Receipt, entry_number_of, is_number_of, receipt_number
from koperasi.savings.rules import SavingsKind
from koperasi.savings.service_partners import holder_names
from koperasi.savings.service_reading import holder
from koperasi.savings.tables import savings_account
from ledger.seal import inclusion_code


async def receipt(
    connection: AsyncConnection,
    cooperative: Cooperative,
    entry_number: int,
    *,
    member_number: str | None = None,
    replayed: bool = False,
) -> Receipt:
    """The receipt of an entry, from the entry alone; of an entry that moved several members' savings, the first one's.

    Args:
        connection: bound to the cooperative's book.
        cooperative: whose book.
        entry_number: the journal entry.
        member_number: only what it did to this member's savings.
        replayed: whether this answers a repeated request.

    Raises:
        NotFound: ``receipt``: no such entry, or it moved no savings (of this member).
    """
    book_id = cooperative.book_id
    try:
        entry = await ledger.entry_by_number(connection, book_id, entry_number)
    except ledger.UnknownEntryError as error:
        raise receipt_not_found() from error
    lines = {line.account_id: line for line in reversed(entry.lines)}
    table = savings_account
    rows = await connection.execute(
        select(table.c.number, holder.label("member_number"), table.c.kind, table.c.ledger_account_id).where(
            table.c.ledger_account_id == any_(literal(list(lines), ARRAY(BigInteger))), table.c.book_id == book_id
        )
    )
    moved = sorted(rows, key=lambda row: lines[row.ledger_account_id].line)
    mine = [row for row in moved if member_number in (None, row.member_number)]
    if not mine:
        raise receipt_not_found()
    first = mine[0]
    line = lines[first.ledger_account_id]
    names = await holder_names(connection, book_id, [first.member_number])
    same_member = [row.number for row in mine[1:] if row.member_number == first.member_number]
    return Receipt(
        number=receipt_number(entry.effective_date, entry.number),
        entry_number=entry.number,
        effective_date=entry.effective_date,
        recorded_at=entry.recorded_at,
        kind=entry.kind,
        description=entry.description,
        member_number=first.member_number,
        member_name=names[first.member_number],
        account_number=first.number,
        account_kind=SavingsKind(first.kind),
        other_account_number=same_member[0] if same_member and len(entry.lines) == 2 else None,
        amount_minor=abs(line.amount),
        change_minor=-line.amount,
        balance_after_minor=-line.balance_after,
        teller=entry.actor,
        verify_code=verify_code(await receipt_secret(connection, book_id), entry.number, entry.hash),
        inclusion_code=inclusion_code(entry.hash),
        replayed=replayed,
        reverses=entry.reverses,
        reversed_by=entry.reversed_by,
    )


async def receipt_for(
    connection: AsyncConnection, cooperative: Cooperative, identity: Identity, number: str
) -> Receipt:
    """The receipt that somebody asks for by its number (``2026-001203``, or the entry's bare), if it is theirs to see.

    Raises:
        NotFound: ``receipt``.
    """
    entry_number = entry_number_of(number)
    if entry_number is None or (not identity.is_staff and identity.member_number is None):
        raise receipt_not_found()
    own = None if identity.is_staff else identity.member_number
    found = await receipt(connection, cooperative, entry_number, member_number=own)
    if not is_number_of(number, found):
        raise receipt_not_found()
    return found


def receipt_not_found() -> NotFound:
    """There is no such receipt in this book, or it is somebody else's."""
    return NotFound("receipt", N_("Bukti dengan nomor ini tidak ada."))
