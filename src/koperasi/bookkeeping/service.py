"""The general journal: entries by hand, reversals, and the months that still take entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi import posting
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.bookkeeping import rules
from koperasi.bookkeeping.rules import (
    ACT_LABELS,
    BY_HAND,
    JOURNAL,
    KIND_LABELS,
    MAX_LINES,
    SEALED_WORDS,
    Effect,
    NewEntry,
    NewLine,
    effects,
    reversal_day,
    sums,
)
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.posting import Idempotency, Settled
from ledger.statements import CLOSING

__all__ = [
    "ACT_LABELS",
    "BY_HAND",
    "JOURNAL",
    "KIND_LABELS",
    "MAX_LINES",
    "BulkItem",
    "Effect",
    "EntryView",
    "Month",
    "NewEntry",
    "NewLine",
    "effects",
    "reversal_day",
    "sums",
]

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


class Month(NamedTuple):
    """A month that has entries or whose state was set; ``by`` is who set it.

    ``request``: somebody asked since it was closed to open it again, and nobody agreed yet.
    """

    month: date
    status: ledger.PeriodStatus
    has_entries: bool
    by: str | None
    request: ledger.PeriodAct | None = None


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
        Unavailable: too many are waiting.
    """
    async with database.reading(book_id) as connection:
        accounts = await names_of(connection, book_id, [line.account for line in new.lines])
    if errors := rules.check_entry(new, accounts, today):
        raise Refusal("invalid-entry", UNREADY, errors=errors)
    try:
        return await posting.post(poster, _draft(book_id, new, accounts, actor, idempotency))
    except Refusal as refusal:
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
        errors = rules.check_entry(item.new, accounts, today)
        refusal = Refusal("invalid-entry", UNREADY, errors=errors) if errors else None
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
        Unavailable: too many are waiting.
    """
    async with database.reading(book_id) as connection:
        found = await ledger.entry_by_number(connection, book_id, number)
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
    return await posting.post(poster, draft._replace(allow_held=found.kind == CLOSING))


async def months(connection: AsyncConnection, book_id: int) -> list[Month]:
    """The months with entries, and those whose state was set, latest first."""
    with_entries = {month for (month,) in await connection.execute(text(MONTHS), {"book": book_id})}
    changed = {period.month: period for period in await ledger.periods(connection, book_id)}
    last = {act.month: act for act in await ledger.period_acts(connection, book_id)}
    asked = {month: act for month, act in last.items() if act.act is ledger.Act.REOPEN_REQUEST}
    listed = []
    for month in sorted(with_entries | set(changed), reverse=True):
        period = changed.get(month)
        status = period.status if period else ledger.PeriodStatus.OPEN
        by = period.changed_by if period else None
        listed.append(Month(month, status, month in with_entries, by, asked.get(month)))
    return listed


async def month(connection: AsyncConnection, book_id: int, first: date) -> Month:
    """One month, also one of which nothing is known yet."""
    untouched = Month(first, ledger.PeriodStatus.OPEN, has_entries=False, by=None)
    return next((one for one in await months(connection, book_id) if one.month == first), untouched)


MONTHS = """
SELECT month::date
  FROM (SELECT min(effective_date) AS first, max(effective_date) AS last FROM ledger_entry WHERE book_id = :book) range,
       generate_series(date_trunc('month', first::timestamp), last::timestamp, interval '1 month') AS month
 WHERE EXISTS (SELECT FROM ledger_entry
                WHERE book_id = :book AND effective_date >= month AND effective_date < month + interval '1 month')
"""


async def set_month(
    connection: AsyncConnection, book_id: int, month: date, status: ledger.PeriodStatus, *, today: date, actor: str
) -> None:
    """Hold, close or let go a month; the caller commits. A closed month stays closed (see ``request_reopening``).

    Raises:
        Refusal: it has not begun, it or a later one is closed, or an earlier month with entries is not closed yet.
    """
    if month > today:
        raise Refusal("period-future", N_("Bulan ini belum mulai."), field="status")
    try:
        await ledger.set_period(connection, book_id, month, status, by=actor)
    except ledger.PeriodError as error:
        raise await _why_not(connection, book_id, month) from error
    await _tell(connection, book_id, month, Action.PERIOD_CHANGED, actor, status.value)


async def _tell(
    connection: AsyncConnection, book_id: int, month: date, action: Action, actor: str, status: str | None = None
) -> None:
    after = {"status": status} if status else None
    await audit.record(connection, book_id, actor=actor, action=action, subject=f"month {month:%Y-%m}", after=after)


async def _why_not(connection: AsyncConnection, book_id: int, month: date) -> Refusal:
    known = await months(connection, book_id)
    if any(one.month >= month and one.status is ledger.PeriodStatus.CLOSED for one in known):
        message = N_("Bulan ini, atau bulan sesudahnya, sudah ditutup.")
        return Refusal("period-closed", message, status=409, field="status")
    unclosed = [one.month for one in known if one.has_entries and one.status is not ledger.PeriodStatus.CLOSED]
    first = f"{min(unclosed, default=month):%Y-%m}"
    message = N_("Tutup dahulu bulan yang lebih awal: %(earlier)s masih menerima jurnal.")
    return Refusal("period-order", message, status=409, field="status", earlier=first)


async def request_reopening(
    connection: AsyncConnection, book_id: int, first: date, *, reason: str, actor: str
) -> Month:
    """Ask that a closed month be opened again; the caller commits. It stays closed until somebody else agrees.

    Raises:
        Refusal: it is not closed, a later one is, or somebody asked already.
    """
    found = await _last_closed(connection, book_id, first)
    if found.request is not None:
        message = N_("Pembukaan kembali sudah diminta oleh %(by)s.")
        raise Refusal("reopening-requested", message, status=409, by=found.request.actor)
    try:
        await ledger.reopen_request(connection, book_id, first, by=actor, reason=reason)
    except ledger.PeriodError as error:
        raise _not_reopened() from error
    await _tell(connection, book_id, first, Action.REOPENING_REQUESTED, actor)
    return await month(connection, book_id, first)


async def confirm_reopening(connection: AsyncConnection, book_id: int, first: date, *, actor: str) -> Month:
    """Agree with who asked, and open the month again; the caller commits.

    Raises:
        Refusal: it is not closed, a later one is, nobody asked, or it was this person.
    """
    found = await _last_closed(connection, book_id, first)
    if found.request is None:
        raise Refusal("reopening-not-requested", N_("Belum ada yang meminta bulan ini dibuka kembali."), status=409)
    if found.request.actor == actor:
        raise Refusal("same-person", N_("Orang lain dari yang meminta harus menyetujui."), status=409)
    try:
        await ledger.reopen_confirm(connection, book_id, first, by=actor)
    except ledger.PeriodError as error:
        raise _not_reopened() from error
    await _tell(connection, book_id, first, Action.REOPENING_CONFIRMED, actor)
    return await month(connection, book_id, first)


async def _last_closed(connection: AsyncConnection, book_id: int, first: date) -> Month:
    closed = [one for one in await months(connection, book_id) if one.status is ledger.PeriodStatus.CLOSED]
    if not any(one.month == first for one in closed):
        raise Refusal("period-not-closed", N_("Bulan ini tidak ditutup."), status=409)
    if closed[0].month != first:
        message = N_("Buka dahulu bulan yang lebih akhir: %(later)s juga ditutup.")
        raise Refusal("period-order", message, status=409, later=f"{closed[0].month:%Y-%m}")
    return closed[0]


def _not_reopened() -> Refusal:
    return Refusal("period-changed", N_("Keadaan bulan ini baru saja berubah; muat ulang halaman."), status=409)
