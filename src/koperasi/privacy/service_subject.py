"""What a person may ask of us: all we know about them, and that it be forgotten as far as the law lets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, any_, column, exists, literal, select, table
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger

import ledger
from koperasi.access import service as access
from koperasi.access.service import User
from koperasi.audit import service as audit
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.deposits import service as deposits
from koperasi.formats import wire_amount
from koperasi.groups import service as groups
from koperasi.members import service as members
from koperasi.members.service import Member
from koperasi.membership import service as membership
from koperasi.privacy import rules, service
from koperasi.privacy.service import ErasureRequest
from koperasi.requests import service as wishes
from koperasi.savings import service as savings
from ledger import schema

AT_ONCE = 500
savings_account = table("savings_account", column("book_id"), column("ledger_account_id"))
NOTE_REASON = "subject-request"


@dataclass(frozen=True, slots=True)
class Account:
    """A savings account with every movement on it."""

    account: savings.SavingsAccount
    movements: Sequence[savings.StatementLine]


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything that is known about one member."""

    cooperative: Cooperative
    made_at: datetime
    member: Member
    accounts: Sequence[Account]
    deposits: Sequence[tuple[deposits.Deposit, list[deposits.Paid]]]
    dues: Sequence[savings.DueState]
    groups: Sequence[groups.Belonging]
    log_ins: Sequence[User]
    requests: Sequence[ErasureRequest]
    wishes: Sequence[wishes.Request]
    life: membership.Life

    @property
    def open_request(self) -> ErasureRequest | None:
        """What they asked for and nobody has decided yet."""
        return next((one for one in self.requests if one.is_open), None)

    @property
    def kept_until(self) -> date | None:
        """From when their name and NIK need not be kept."""
        return rules.kept_until(self.member.left_on)


async def everything_about(
    connection: AsyncConnection, cooperative: Cooperative, number: str, *, now: datetime
) -> Subject:
    """All that is known about a member, from every table that names them.

    Raises:
        NotFound: ``member``.
    """
    book_id = cooperative.book_id
    member = await members.member_by_number(connection, book_id, number)
    accounts = [
        Account(one, await _movements(connection, book_id, one))
        for one in await savings.accounts_of(connection, book_id, number)
    ]
    users = await access.list_users(connection, book_id)
    return Subject(
        cooperative=cooperative,
        made_at=now,
        member=member,
        accounts=accounts,
        deposits=await deposits.known_of(connection, book_id, number),
        dues=await savings.dues_of(connection, book_id, number),
        groups=await groups.belongings_of(connection, book_id, number),
        log_ins=[user for user in users if user.member_number == number],
        requests=await service.requests_of(connection, book_id, number),
        wishes=await wishes.of_member(connection, book_id, number, limit=AT_ONCE),
        life=await membership.life_of(connection, book_id, number),
    )


async def _movements(
    connection: AsyncConnection, book_id: int, account: savings.SavingsAccount
) -> list[savings.StatementLine]:
    found: list[savings.StatementLine] = []
    after = None
    while True:
        page = await savings.statement(connection, book_id, account, after=after, limit=AT_ONCE)
        found += page.lines
        after = page.next_after
        if after is None:
            return found


async def note_reading(work: Work, number: str, *, actor: str) -> None:
    """Put on record that staff read everything about a member; the caller commits."""
    await audit.record(
        work.connection, work.book_id, actor=actor, action=audit.Action.DATA_READ, subject=f"member {number}"
    )


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure left: whether name and NIK went too, if not until when they stay, and how many notes went."""

    member_number: str
    identity_too: bool
    kept_until: date | None
    notes: int


async def erase(work: Work, number: str, *, actor: str, today: date) -> Erased:
    """Do what a member's open request asks: what no law makes us keep is gone, the books still prove themselves.

    Phone, e-mail, address, heirs, the words of their requests and the notes on their own entries go at once. Name, NIK
    and what else says who it was go too when the membership ended so long ago that nothing makes us keep them
    (``rules.kept_until``); until then they stay, and a later request takes them. The member's number, the journal and
    the accounts stay for good.

    Args:
        work: bound to the cooperative's book; the caller commits.
        number: whose.
        actor: the member of staff who carries it out.
        today: the business day.

    Raises:
        NotFound: ``member``.
        Conflict: ``no-erasure-request``.
    """
    member = await members.member_by_number(work.connection, work.book_id, number)
    await service.settle(work, number, actor=actor, outcome="erased")
    identity_too = rules.identity_may_go(member.left_on, today)
    await members.forget(work, number, identity_too=identity_too, erased_name=rules.ERASED_NAME)
    if identity_too:
        await access.forget_member(work.connection, work.book_id, number, name=rules.ERASED_NAME)
    await wishes.forget(work, number)
    await membership.forget(work, number)
    accounts = await savings.accounts_of(work.connection, work.book_id, number)
    entries = await _own_notes(work, [one.ledger_account_id for one in accounts])
    for entry in entries:
        await ledger.erase_note(work.connection, work.book_id, entry, actor=actor, reason=NOTE_REASON)
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=audit.Action.ERASURE_DONE,
        subject=f"member {number}",
        after={"identity": identity_too, "notes": len(entries)},
    )
    return Erased(number, identity_too, rules.kept_until(member.left_on), len(entries))


async def decline(work: Work, number: str, *, actor: str, answer: str) -> None:
    """Refuse a member's open request, and tell them why; the caller commits.

    Raises:
        Conflict: ``no-erasure-request``.
    """
    await service.settle(work, number, actor=actor, outcome="declined", answer=answer)
    await audit.record(
        work.connection, work.book_id, actor=actor, action=audit.Action.ERASURE_DECLINED, subject=f"member {number}"
    )


async def _own_notes(work: Work, account_ids: Sequence[int]) -> list[int]:
    """Entries with a note that move money of this member and of no other: a note on many people's entry is no one's."""
    note, mine, theirs = schema.note, schema.posting, schema.posting.alias("theirs")
    ids = any_(literal(list(account_ids), ARRAY(BigInteger)))
    of_entry = and_(mine.c.book_id == note.c.book_id, mine.c.entry_number == note.c.entry_number)
    others = exists().where(
        theirs.c.book_id == note.c.book_id,
        theirs.c.entry_number == note.c.entry_number,
        savings_account.c.book_id == theirs.c.book_id,
        savings_account.c.ledger_account_id == theirs.c.account_id,
        ~(theirs.c.account_id == ids),
    )
    query = (
        select(note.c.entry_number)
        .where(note.c.book_id == work.book_id, exists().where(of_entry, mine.c.account_id == ids), ~others)
        .order_by(note.c.entry_number)
    )
    return list(await work.connection.scalars(query)) if account_ids else []


def as_json(subject: Subject) -> dict[str, Any]:
    """The same for a file that the person takes with them (article 13: in a form that programs read)."""
    member = subject.member
    return {
        "cooperative": {"code": subject.cooperative.code, "name": subject.cooperative.name},
        "made_at": subject.made_at.isoformat(timespec="seconds"),
        "member": {
            "number": member.number,
            "name": member.name,
            "nik": member.nik,
            "birth_date": _day(member.birth_date),
            "sex": member.sex,
            "phone": member.phone,
            "email": member.email,
            "address": member.address,
            "village": member.village,
            "migrant_status": member.migrant_status.value,
            "country": member.country,
            "status": member.status.value,
            "joined_on": _day(member.joined_on),
            "left_on": _day(member.left_on),
            "external_reference": member.external_reference,
        },
        "heirs": [
            {"name": one.name, "relation": one.relation, "phone": one.phone, "share_percent": one.share_percent}
            for one in member.heirs
        ],
        "savings_accounts": [_account_json(one) for one in subject.accounts],
        "term_deposits": [
            {
                "number": one.number,
                "certificate": one.certificate,
                "months": one.months,
                "opened_on": _day(one.opened_on),
                "matures_on": _day(one.matures_on),
                "closed_on": _day(one.closed_on),
                "principal": _money(one.principal_minor),
                "balance": _money(one.balance_minor),
                "payout_account": one.payout_account,
                "returns": [
                    {
                        "paid_on": _day(part.paid_on),
                        "gross": _money(part.gross_minor),
                        "tax": _money(part.tax_minor),
                        "entry_number": part.entry_number,
                    }
                    for part in paid
                ],
            }
            for one, paid in subject.deposits
        ],
        "dues": [
            {"kind": one.kind.value, "billed": _money(one.billed_minor), "paid": _money(one.paid_minor)}
            for one in subject.dues
        ],
        "groups": [
            {
                "number": one.group_number,
                "name": one.group_name,
                "role": one.role.value,
                "joined_on": _day(one.joined_on),
                "left_on": _day(one.left_on),
            }
            for one in subject.groups
        ],
        "log_ins": [
            {
                "username": one.username,
                "locale": one.locale,
                "active": one.active,
                "created_at": _moment(one.created_at),
            }
            for one in subject.log_ins
        ],
        "erasure_requests": [
            {
                "requested_at": _moment(one.requested_at),
                "requested_by": one.requested_by,
                "settled_at": _moment(one.settled_at),
                "outcome": one.outcome,
                "answer": one.answer,
            }
            for one in subject.requests
        ],
        "membership": subject.life.as_json(),
        "requests": [
            {
                "number": one.number,
                "kind": one.kind.value,
                "status": one.status.value,
                "asked_at": _moment(one.asked_at),
                "account": one.account_number,
                "amount": None if one.amount_minor is None else _money(one.amount_minor),
                "entry_number": one.entry_number,
                "field": one.field.value if one.field else None,
                "said": [
                    {"status": said.status.value, "by": said.actor, "at": _moment(said.at), "words": said.words}
                    for said in one.events
                ],
            }
            for one in subject.wishes
        ],
    }


def _account_json(one: Account) -> dict[str, Any]:
    return {
        "number": one.account.number,
        "kind": one.account.kind.value,
        "opened_on": _day(one.account.opened_on),
        "closed_on": _day(one.account.closed_on),
        "balance": _money(one.account.balance_minor),
        "movements": [
            {
                "date": _day(line.effective_date),
                "entry_number": line.entry_number,
                "receipt_number": line.receipt_number,
                "kind": line.kind,
                "description": line.description,
                "paid_in": _money(line.paid_in_minor),
                "paid_out": _money(line.paid_out_minor),
                "balance": _money(line.balance_minor),
                "reverses": line.reverses,
                "reversed_by": line.reversed_by,
            }
            for line in one.movements
        ],
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _money(minor: int) -> dict[str, str]:
    return {"amount": wire_amount(minor, "IDR"), "currency": "IDR"}
