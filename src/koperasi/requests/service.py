"""Use cases of members' requests: ask, take back, answer. Reading stands in ``service_reading``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import insert, select, update

from koperasi.audit import service as audit
from koperasi.cooperatives.service import Cooperative, next_number
from koperasi.db import Work
from koperasi.errors import NotFound, Refusal
from koperasi.i18n import N_
from koperasi.posting import MESSAGES, Idempotency
from koperasi.privacy.service import SealedRow
from koperasi.requests import rules
from koperasi.requests.rules import AT_THE_DESK, TO_SUPERVISORS, Field, Kind, Status
from koperasi.requests.service_reading import (
    Event,
    Request,
    inbox,
    of_member,
    open_of,
    read,
    request_by_number,
    requests_in,
    unknown,
    waiting,
)
from koperasi.requests.tables import member_request, member_request_event
from koperasi.savings import service as savings

__all__ = [
    "AT_THE_DESK",
    "TO_SUPERVISORS",
    "Asked",
    "Event",
    "Field",
    "Kind",
    "Request",
    "Status",
    "ask_change",
    "ask_withdrawal",
    "forget",
    "inbox",
    "of_member",
    "report_line",
    "request_by_number",
    "settle",
    "take_back",
    "waiting",
]

SERIES = "request"


class Asked(NamedTuple):
    """The request that stands, and whether the same was asked before: then nothing was written."""

    number: int
    replayed: bool


@dataclass(frozen=True, slots=True)
class _Wish:
    """A request to be written."""

    kind: Kind
    words: str
    account_number: str | None = None
    amount_minor: int | None = None
    entry_number: int | None = None
    field: Field | None = None


async def ask_withdrawal(
    work: Work, member_number: str, account_number: str, amount_minor: int, words: str, *, actor: str, once: Idempotency
) -> Asked:
    """Tell the desk that a member will come for money; the number of the request. The caller commits.

    Args:
        work: bound to the cooperative's book.
        member_number: whose.
        account_number: one of the member's accounts.
        amount_minor: sen, whole rupiah, above zero.
        words: when they come, say; may be empty.
        actor: user name of the member.
        once: the same request is asked once.

    Raises:
        NotFound: ``savings-account``.
        Refusal: what ``rules.check_withdrawal`` and ``rules.check_room`` say, ``idempotency-mismatch``.
    """
    if (known := await _asked_before(work, once)) is not None:
        return known  # even if there is less to withdraw by now
    accounts = await savings.accounts_of(work.connection, work.book_id, member_number)
    account = next((one for one in accounts if one.number == account_number and one.closed_on is None), None)
    if account is None:
        raise NotFound("savings-account", N_("Rekening simpanan dengan nomor ini tidak ada."))
    available = account.available_minor
    rules.check_withdrawal(amount_minor, available, withdrawable=account.kind.withdrawable or available > 0)
    wish = _Wish(Kind.WITHDRAWAL, words, account_number=account_number, amount_minor=amount_minor)
    return await _ask(work, member_number, wish, actor=actor, once=once)


async def ask_change(
    work: Work, member_number: str, wanted: Field, words: str, *, actor: str, once: Idempotency
) -> Asked:
    """Ask that something in the register be changed, in words; the number of the request. The caller commits.

    Raises:
        Refusal: ``too-many-requests-open``, ``idempotency-mismatch``.
    """
    return await _ask(work, member_number, _Wish(Kind.CHANGE, words, field=wanted), actor=actor, once=once)


async def report_line(
    work: Work,
    cooperative: Cooperative,
    member_number: str,
    receipt_number: str,
    words: str,
    *,
    actor: str,
    once: Idempotency,
) -> Asked:
    """Tell the supervisors what seems wrong about a receipt of one's own; the number of the request.

    Raises:
        NotFound: ``receipt``: there is none, or it is somebody else's.
        Refusal: ``too-many-requests-open``, ``idempotency-mismatch``.
    """
    entry = savings.entry_number_of(receipt_number)
    if entry is None:
        raise NotFound("receipt", N_("Bukti dengan nomor ini tidak ada."))
    found = await savings.receipt(work.connection, cooperative, entry, member_number=member_number)
    wish = _Wish(Kind.LINE, words, entry_number=found.entry_number)
    return await _ask(work, member_number, wish, actor=actor, once=once)


async def _ask(work: Work, member_number: str, wish: _Wish, *, actor: str, once: Idempotency) -> Asked:
    # The series' row stays locked until the end, so whoever comes second sees what the first one wrote.
    number = await next_number(work.connection, work.book_id, SERIES)
    if (known := await _asked_before(work, once)) is not None:
        return known
    rules.check_room(await open_of(work.connection, work.book_id, member_number))
    await work.connection.execute(
        insert(member_request).values(
            book_id=work.book_id,
            number=number,
            member_number=member_number,
            kind=wish.kind.value,
            account_number=wish.account_number,
            amount_minor=wish.amount_minor,
            entry_number=wish.entry_number,
            field=wish.field.value if wish.field else None,
            request_key=once.key,
            fingerprint=once.fingerprint,
        )
    )
    await _say(work, number, 1, Status.OPEN, wish.words, actor=actor)
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=audit.Action.REQUEST_ASKED,
        subject=f"request {number}",
        after={"kind": wish.kind.value},
    )
    return Asked(number, replayed=False)


async def _asked_before(work: Work, once: Idempotency) -> Asked | None:
    table = member_request
    known = (
        await work.connection.execute(
            select(table.c.number, table.c.fingerprint).where(
                table.c.book_id == work.book_id, table.c.request_key == once.key
            )
        )
    ).one_or_none()
    if known is None:
        return None
    if bytes(known.fingerprint) != once.fingerprint:
        raise Refusal("idempotency-mismatch", MESSAGES["idempotency-mismatch"])
    return Asked(int(known.number), replayed=True)


async def take_back(work: Work, member_number: str, number: int, *, actor: str) -> None:
    """Take back what one asked for oneself; the caller commits.

    Raises:
        NotFound: ``request``: there is none, or it is somebody else's.
        Conflict: ``request-settled``.
    """
    found = await _locked(work, number)
    if found.member_number != member_number:
        raise unknown()
    await _settle(work, found, Status.WITHDRAWN, "", actor=actor)


async def settle(work: Work, number: int, status: Status, words: str, *, kinds: Collection[Kind], actor: str) -> None:
    """Answer a request: done, or why it can't be; the member reads the words. The caller commits.

    Args:
        work: bound to the cooperative's book.
        number: the request's.
        status: ``DONE`` or ``DECLINED``.
        words: the answer.
        kinds: what this person answers; anything else does not exist for them.
        actor: user name.

    Raises:
        NotFound: ``request``.
        Conflict: ``request-settled``.
    """
    found = await _locked(work, number)
    if found.kind not in kinds:
        raise unknown()
    await _settle(work, found, status, words, actor=actor)


async def _settle(work: Work, found: Request, status: Status, words: str, *, actor: str) -> None:
    rules.check_settled(found.status, status)
    table = member_request
    await work.connection.execute(
        update(table).where(table.c.book_id == work.book_id, table.c.number == found.number).values(status=status.value)
    )
    await _say(work, found.number, len(found.events) + 1, status, words, actor=actor)
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=audit.Action.REQUEST_SETTLED,
        subject=f"request {found.number}",
        before={"kind": found.kind.value, "status": found.status.value},
        after={"status": status.value},
    )


async def forget(work: Work, member_number: str) -> None:
    """Erase all words of a member's requests, the answers too; that there was one, and how it ended, stays."""
    event, mine = member_request_event, member_request
    numbers = select(mine.c.number).where(mine.c.book_id == work.book_id, mine.c.member_number == member_number)
    await work.connection.execute(
        update(event)
        .where(event.c.book_id == work.book_id, event.c.request_number.in_(numbers), event.c.words.is_not(None))
        .values(words=None)
    )


async def _locked(work: Work, number: int) -> Request:
    query = requests_in(work.book_id).where(member_request.c.number == number).with_for_update()
    found = await read(work.connection, work.book_id, query)
    if not found:
        raise unknown()
    return found[0]


async def _say(work: Work, number: int, position: int, status: Status, words: str, *, actor: str) -> None:
    row = SealedRow("member_request_event", work.book_id, number, position)
    await work.connection.execute(
        insert(member_request_event).values(
            book_id=work.book_id,
            request_number=number,
            position=position,
            status=status.value,
            actor=actor,
            words=row.seal("words", words or None),
        )
    )
