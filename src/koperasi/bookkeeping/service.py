"""The general journal: entries by hand, reversals, and the months that still take entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi import posting
from koperasi.approvals import service as approvals
from koperasi.approvals.service import Kind, NeedsApproval, Proposal
from koperasi.audit import service as audit
from koperasi.bookkeeping import rules
from koperasi.bookkeeping.rules import (
    ACT_LABELS,
    BY_HAND,
    JOURNAL,
    KIND_LABELS,
    MAX_LINES,
    METADATA_LABELS,
    SEALED_WORDS,
    Effect,
    NewEntry,
    NewLine,
    effects,
    reversal_day,
    sums,
)
from koperasi.bookkeeping.service_periods import (
    Month,
    confirm_reopening,
    month,
    months,
    request_reopening,
    set_month,
)
from koperasi.bookkeeping.service_second import second
from koperasi.db import Database
from koperasi.errors import FieldError, Refusal
from koperasi.i18n import N_
from koperasi.posting import Idempotency, Settled
from koperasi.treasury.service import desk_errors
from ledger.statements import CLOSING

__all__ = [
    "ACT_LABELS",
    "BY_HAND",
    "JOURNAL",
    "KIND_LABELS",
    "MAX_LINES",
    "METADATA_LABELS",
    "BulkItem",
    "Effect",
    "EntryView",
    "Month",
    "NewEntry",
    "NewLine",
    "confirm_reopening",
    "effects",
    "month",
    "months",
    "request_reopening",
    "reversal_day",
    "set_month",
    "sums",
]

ALONE = N_("Jurnal ini perlu persetujuan orang kedua; kirim sendiri, bukan dalam kumpulan.")
UNREADY = N_("Jurnal belum dapat dicatat; perbaiki isian yang ditandai.")


class EntryView(NamedTuple):
    """An entry with the accounts that its lines name, by ``account_id``."""

    entry: ledger.Entry
    accounts: Mapping[int, ledger.Account]


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One entry of many, with a key of its own within the request."""

    key: str
    new: NewEntry


class Answer(NamedTuple):
    """What became of one entry of many: its number, or why not."""

    key: str
    settled: Settled | None
    refusal: Refusal | None


async def entry(connection: AsyncConnection, book_id: int, number: int) -> EntryView:
    """One entry.

    Raises:
        ledger.UnknownEntryError: no such number.
    """
    return (await _views(connection, book_id, [await ledger.entry_by_number(connection, book_id, number)]))[0]


async def entries(
    connection: AsyncConnection,
    book_id: int,
    *,
    after: int = 0,
    before: int | None = None,
    from_date: date | None = None,
    to_date: date | None = None,
    kind: str | None = None,
    limit: int = 50,
    known_at: int | None = None,
) -> tuple[list[EntryView], bool]:
    """A page of the journal and whether there is more: upwards from ``after``, or the latest first below ``before``.

    ``known_at``: as the book stood when that entry was its last.
    """
    found = await ledger.entries(
        connection,
        book_id,
        after=after,
        before=before,
        from_date=from_date,
        to_date=to_date,
        kind=kind,
        limit=limit + 1,
        known_at=known_at,
    )
    return await _views(connection, book_id, found[:limit]), len(found) > limit


async def _views(connection: AsyncConnection, book_id: int, found: Sequence[ledger.Entry]) -> list[EntryView]:
    accounts = await ledger.accounts_by_id(connection, book_id, {line.account_id for e in found for line in e.lines})
    return [EntryView(one, accounts) for one in found]


async def names_of(connection: AsyncConnection, book_id: int, codes: Sequence[str]) -> dict[str, ledger.Account]:
    """The accounts with these codes; an unknown code is missing."""
    # The driver refuses text with a zero byte, and no code has one.
    sane = {code for code in codes if code.isascii() and code.isprintable()}
    return {account.code: account for account in await ledger.find_accounts(connection, book_id, sane)}


async def postable_accounts(connection: AsyncConnection, book_id: int) -> list[ledger.Account]:
    """The accounts of the chart's first level that take entries by hand; members' own accounts stand beneath others."""
    return [
        account
        for account in await ledger.chart(connection, book_id, top_only=True)
        if not account.control and account.closed_on is None
    ]


async def post_entry(
    database: Database,
    poster: ledger.Poster,
    book_id: int,
    new: NewEntry,
    *,
    today: date,
    actor: str,
    idempotency: Idempotency,
) -> Settled:
    """Post an entry by hand.

    Raises:
        Refusal: something is wrong with it, or the book refused; ``errors`` name the lines.
        NeedsApproval: the policies want a second person for it (see ``service_second``).
        Unavailable: too many are waiting.
    """
    async with database.reading(book_id) as connection:
        accounts = await names_of(connection, book_id, [line.account for line in new.lines])
        errors = rules.check_entry(new, accounts, today)
        if errors := errors or await _cash_errors(connection, book_id, new):
            raise Refusal("invalid-entry", UNREADY, errors=errors)
        needed = await second(connection, book_id, new, accounts, today=today, actor=actor)
        if needed and await approvals.is_answered(connection, book_id, idempotency.key):
            needed = None
    draft = _draft(book_id, new, accounts, actor, idempotency)
    if needed:
        raise NeedsApproval(Proposal(needed.kind, draft, needed.hold))
    draft = draft._replace(metadata=await audit.anchor(database, book_id))
    try:
        return await posting.post(poster, draft)
    except Refusal as refusal:
        raise rules.beside_lines(refusal, new) from refusal


async def _cash_errors(connection: AsyncConnection, book_id: int, new: NewEntry) -> list[FieldError]:
    """What the treasury says of the cash that an entry by hand moves."""
    lines = [(line.account, (line.debit_minor or 0) - (line.credit_minor or 0)) for line in new.lines]
    return await desk_errors(connection, book_id, lines, new.effective_date)


async def ask(
    connection: AsyncConnection, book_id: int, need: NeedsApproval, new: NewEntry | None = None
) -> approvals.Approval:
    """Ask a second person about an entry or a reversal; the caller commits.

    Raises:
        Refusal: the book would not take it; ``errors`` name the lines of an entry.
    """
    try:
        return await approvals.ask(connection, book_id, need, datetime.now(UTC))
    except Refusal as refusal:
        if new is None:
            raise
        raise rules.beside_lines(refusal, new) from refusal


def _draft(
    book_id: int, new: NewEntry, accounts: Mapping[str, ledger.Account], actor: str, idempotency: Idempotency
) -> ledger.Draft:
    return ledger.Draft(
        book_id=book_id,
        effective_date=new.effective_date,
        kind=new.kind,
        # What a person types may name people, who may ask to be forgotten; the seal keeps only a digest of it.
        description=SEALED_WORDS[new.kind],
        note=new.description,
        actor=actor,
        lines=rules.ledger_lines(new, accounts),
        key=idempotency.key,
        fingerprint=idempotency.fingerprint,
        source=new.source,
    )


async def post_many(
    connection: AsyncConnection,
    book_id: int,
    items: Sequence[BulkItem],
    *,
    mode: Literal["atomic", "independent"],
    today: date,
    actor: str,
    request_key: str,
) -> list[Answer]:
    """Post many entries in the caller's transaction, which commits; an answer for each, in order.

    ``atomic``: all or none. Refusals are remembered, so the caller commits them too. Each entry has the key
    ``bulk:<request key>:<its key>`` and a fingerprint of its own content.
    """
    accounts = await names_of(connection, book_id, [line.account for item in items for line in item.new.lines])
    answers: list[Answer] = []
    drafts: dict[int, ledger.Draft] = {}
    for position, item in enumerate(items):
        errors = rules.check_entry(item.new, accounts, today) or await _cash_errors(connection, book_id, item.new)
        refusal = Refusal("invalid-entry", UNREADY, errors=errors) if errors else None
        if refusal is None and await second(connection, book_id, item.new, accounts, today=today, actor=actor):
            refusal = Refusal("needs-approval", ALONE)
        answers.append(Answer(item.key, None, refusal))
        if refusal is None:
            idempotency = Idempotency.of("bulk", f"{request_key}:{item.key}", item.new)
            drafts[position] = _draft(book_id, item.new, accounts, actor, idempotency)
    if mode == "atomic":
        if (first := next((i for i, answer in enumerate(answers) if answer.refusal), None)) is not None:
            return [answer if answer.refusal else answer._replace(refusal=_linked(first)) for answer in answers]
        drafts = {position: draft._replace(link=f"bulk:{request_key}") for position, draft in drafts.items()}
    outcomes = await ledger.append(connection, list(drafts.values())) if drafts else []
    for position, outcome in zip(drafts, outcomes, strict=True):
        try:
            answers[position] = answers[position]._replace(settled=posting.settled(outcome))
        except Refusal as refused:
            beside = rules.beside_lines(refused, items[position].new)
            answers[position] = answers[position]._replace(refusal=beside)
    return answers


def _linked(position: int) -> Refusal:
    return posting.refusal_of(ledger.Rejected("linked", {"position": position}))


async def reverse_entry(
    database: Database,
    poster: ledger.Poster,
    book_id: int,
    number: int,
    *,
    reason: str,
    effective_date: date | None,
    today: date,
    actor: str,
    idempotency: Idempotency,
    of_reversal: bool = False,
) -> Settled:
    """Undo an entry by one that mirrors it, dated today unless said otherwise; the entry itself never changes.

    A year's closing is undone on its own day, so that the year can be closed anew, and its month may be held.

    Raises:
        Refusal: the date is wrong or the book refused (reversed already, period closed, a balance would fall too low).
        ledger.UnknownEntryError: no such number.
        NeedsApproval: the policies want a second person for every reversal.
        Unavailable: too many are waiting.
    """
    async with database.reading(book_id) as connection:
        found = await ledger.entry_by_number(connection, book_id, number)
        if found.kind.startswith("membership."):
            raise Refusal("reversal-elsewhere", N_("Jurnal ini dibatalkan dari halaman penyelesaian anggotanya."))
        two = (await approvals.limits(connection, book_id, today)).reversals
        two = two and not await approvals.is_answered(connection, book_id, idempotency.key)
    # A retry on a later day has the same key and hears the first answer, whatever day this is.
    day = effective_date or rules.reversal_day(found, today)
    if effective_date is not None and (error := rules.check_reversal_date(found, day, today)):
        raise Refusal("invalid-reversal", UNREADY, errors=[error])
    draft = ledger.reversal_of(
        found,
        effective_date=day,
        actor=actor,
        key=idempotency.key,
        reason=reason,
        fingerprint=idempotency.fingerprint,
        of_reversal=of_reversal,
    )
    draft = draft._replace(allow_held=found.kind == CLOSING)
    if two:
        raise NeedsApproval(Proposal(Kind.REVERSAL, draft))
    return await posting.post(poster, draft)
