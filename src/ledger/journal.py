"""Posting: ``append`` is the only code that writes entries and postings.

Drafts that arrive together are posted together: one lock on the book's head, one read of what they touch, one
statement that writes. A draft that the book refuses rejects itself and not its neighbours; drafts with the same
``link`` stand or fall together. Refusals are remembered with the key, so that a retry hears the same answer.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import sql
from ledger.checks import (
    AccountFacts,
    ReversalFacts,
    Totals,
    apply_lines,
    check_days,
    check_period,
    check_reversal,
    check_shape,
    month_of,
)
from ledger.entry import Draft, Line, Note, Outcome, Posted, Rejected, Replayed, Restored
from ledger.errors import NotInTransactionError, UnknownBookError
from ledger.seal import canonical, digest_of, seal


async def append(
    connection: AsyncConnection, drafts: Sequence[Draft], *, restored: Mapping[str, Restored] | None = None
) -> list[Outcome]:
    """Post drafts, for one or many books, inside the caller's transaction; the caller commits.

    Outcomes come in the order of the drafts. Books are locked in ascending order. The transaction is bound to the book
    it was bound to before, if the drafts are for several. ``restored`` has, by a draft's key, what an exported entry
    keeps; only ``ledger.export.restore`` has any.

    Raises:
        NotInTransactionError: no transaction has begun on the connection.
        UnknownBookError: a book that does not exist.
    """
    raw = await driver(connection)
    by_book: dict[int, list[int]] = {}
    for position, draft in enumerate(drafts):
        by_book.setdefault(draft.book_id, []).append(position)
    outcomes: dict[int, Outcome] = {}
    bound = await raw.fetchval(sql.BOUND) if len(by_book) > 1 else None
    for book_id in sorted(by_book):
        positions = by_book[book_id]
        answers = await _append_to_book(raw, book_id, [drafts[position] for position in positions], restored or {})
        outcomes.update(zip(positions, answers, strict=True))
    if len(by_book) > 1:
        await raw.execute(sql.bind(bound))
    return [outcomes[position] for position in range(len(drafts))]


async def driver(connection: AsyncConnection) -> Any:
    """The asyncpg connection beneath, once a transaction has really begun on it.

    SQLAlchemy begins lazily: a raw statement before its first own one would commit by itself.

    Raises:
        NotInTransactionError: no transaction has begun.
    """
    raw = (await connection.get_raw_connection()).driver_connection
    if raw is None or not raw.is_in_transaction():
        raise NotInTransactionError
    return raw


@dataclass(slots=True)
class _Batch:
    """What is known while the drafts of one book are gone through, and what will be written."""

    book_id: int
    number: int
    hashes: list[bytes]
    recorded_at: datetime
    accounts: dict[int, AccountFacts]
    totals: dict[int, Totals]
    periods: Mapping[date, str]
    reversals: dict[int, ReversalFacts]
    keys: dict[str, tuple[bytes, Outcome]]
    days: dict[int, dict[date, int]]
    entries: list[tuple[Draft, Posted, bytes | None]] = field(default_factory=list)
    notes: list[tuple[int, bytes, str]] = field(default_factory=list)
    remembered: list[tuple[str, bytes, int | None, str | None]] = field(default_factory=list)
    links: list[tuple[int, int]] = field(default_factory=list)
    undone: list[tuple[int, int, int]] = field(default_factory=list)
    restored: Mapping[str, Restored] = field(default_factory=dict)

    def answer_known(self, draft: Draft) -> Outcome | None:
        """What this key was answered before, if it was used."""
        known = self.keys.get(draft.key)
        if known is None:
            return None
        fingerprint, outcome = known
        if fingerprint != draft.fingerprint:
            return Rejected("idempotency-mismatch", {"key": draft.key})
        if isinstance(outcome, Posted):
            return Replayed(outcome.number)
        if isinstance(outcome, Rejected):
            return Rejected(outcome.code, outcome.detail, replayed=True)
        return outcome

    def try_out(
        self, draft: Draft, before: Mapping[int, Totals]
    ) -> tuple[dict[int, Totals], tuple[int, ...]] | Rejected:
        """The totals that the draft would leave, or the first reason why it may not be posted."""
        refusal = check_shape(draft, self.accounts) or check_period(draft, self.periods)
        if refusal is None and draft.reverses is not None:
            refusal = check_reversal(draft, self.reversals.get(draft.reverses))
        tried = refusal or apply_lines(draft.lines, self.accounts, before)
        if isinstance(tried, Rejected) or not self.days:
            return tried
        return check_days(draft, self.accounts, before, tried[0], self.days) or tried

    def move_days(self, draft: Draft) -> None:
        """Count a draft's lines into the days of accounts that some draft of this batch is dated back on."""
        for account_id, amount in draft.lines:
            if (moved := self.days.get(account_id)) is not None:
                moved[draft.effective_date] = moved.get(draft.effective_date, 0) + amount

    def accept(self, draft: Draft, after: dict[int, Totals], balances: tuple[int, ...]) -> Posted:
        """Number and seal the draft, and move the balances."""
        self.totals.update(after)
        if self.days:
            self.move_days(draft)
        self.number += 1
        accounts = self.accounts
        if (kept := self.restored.get(draft.key)) is not None:
            self.recorded_at = kept.recorded_at
        note_digest = None if draft.note is None and kept is None else self._take_note(draft.note, kept)
        sealed = seal(
            self.hashes[-1],
            canonical(
                book_id=self.book_id,
                number=self.number,
                effective_date=draft.effective_date,
                recorded_at=self.recorded_at,
                kind=draft.kind,
                description=draft.description,
                note_digest=note_digest,
                source=draft.source,
                actor=draft.actor,
                reverses=draft.reverses,
                link=draft.link,
                metadata=draft.metadata,
                lines=[(accounts[a].code, accounts[a].currency, amount) for a, amount in draft.lines],
            ),
        )
        self.hashes.append(sealed)
        posted = Posted(self.number, draft.effective_date, self.recorded_at, sealed, balances)
        self.entries.append((draft, posted, note_digest))
        if draft.reverses is not None:
            self._link_reversal(draft.reverses)
        self.remember(draft, posted)
        return posted

    def _take_note(self, words: str | None, kept: Restored | None) -> bytes | None:
        """Salt a note for the entry being accepted, or keep a restored one; returns the digest that is sealed."""
        note = Note(secrets.token_bytes(16), words or "") if kept is None else kept.note
        if note is not None:
            self.notes.append((self.number, *note))
        return digest_of(*note) if note is not None else kept and kept.note_digest

    def _link_reversal(self, number: int) -> None:
        """Write down who undoes whom; undoing an undoing puts the entry before it in force again."""
        facts = self.reversals[number]
        facts.reversed_by = self.number
        self.links.append((number, self.number))
        if facts.reverses is not None:
            self.undone.append((facts.reverses, number, self.number))
            if facts.reverses in self.reversals:
                self.reversals[facts.reverses].reversed_by = None

    def remember(self, draft: Draft, outcome: Posted | Rejected) -> None:
        """Keep the answer under the draft's key."""
        self.keys[draft.key] = (draft.fingerprint, outcome)
        if isinstance(outcome, Posted):
            self.remembered.append((draft.key, draft.fingerprint, outcome.number, None))
        else:
            refusal = json.dumps({"code": outcome.code, "detail": dict(outcome.detail)})
            self.remembered.append((draft.key, draft.fingerprint, None, refusal))

    def post_one(self, draft: Draft) -> Outcome:
        """Answer a draft that stands alone."""
        if (known := self.answer_known(draft)) is not None:
            return known
        tried = self.try_out(draft, self.totals)
        if isinstance(tried, Rejected):
            self.remember(draft, tried)
            return tried
        return self.accept(draft, *tried)

    def post_linked(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Answer drafts that stand or fall together."""
        known = [self.answer_known(draft) for draft in drafts]
        overlay = dict(self.totals)
        days = {account_id: dict(moved) for account_id, moved in self.days.items()}
        seen: set[str] = set()
        undone: set[int] = set()
        accepted: list[tuple[dict[int, Totals], tuple[int, ...]]] = []
        refused: tuple[int, Rejected] | None = None
        if all(outcome is not None for outcome in known):
            return [outcome for outcome in known if outcome is not None]
        for position, draft in enumerate(drafts):
            if known[position] is not None or draft.key in seen:
                refused = position, Rejected("idempotency-mismatch", {"key": draft.key})
                break
            if draft.reverses is not None and draft.reverses in undone:
                refused = position, Rejected("already-reversed", {"entry": draft.reverses})
                break
            tried = self.try_out(draft, overlay)
            if isinstance(tried, Rejected):
                refused = position, tried
                break
            seen.add(draft.key)
            if draft.reverses is not None:
                undone.add(draft.reverses)
            overlay.update(tried[0])
            self.move_days(draft)
            accepted.append(tried)
        self.days = days
        if refused is None:
            return [self.accept(draft, *tried) for draft, tried in zip(drafts, accepted, strict=True)]
        outcomes: list[Outcome] = []
        for position, draft in enumerate(drafts):
            other = Rejected("linked", {"position": refused[0], "code": refused[1].code})
            outcome = refused[1] if position == refused[0] else other
            if known[position] is None and draft.key not in self.keys:
                self.remember(draft, outcome)
            outcomes.append(outcome)
        return outcomes


async def _append_to_book(
    raw: Any, book_id: int, drafts: Sequence[Draft], restored: Mapping[str, Restored]
) -> list[Outcome]:
    await raw.execute(sql.become_writer(book_id))
    locked = await raw.fetchrow(sql.LOCK_HEAD, book_id)
    if locked is None:
        raise UnknownBookError(book_id)
    batch = await _read(raw, book_id, drafts, locked)
    batch.restored = restored
    outcomes: dict[int, Outcome] = {}
    for positions in _units(drafts):
        if len(positions) == 1 and drafts[positions[0]].link is None:
            outcomes[positions[0]] = batch.post_one(drafts[positions[0]])
        else:
            answers = batch.post_linked([drafts[position] for position in positions])
            outcomes.update(zip(positions, answers, strict=True))
    if batch.remembered:
        await _write(raw, batch)
    await raw.execute(sql.BECOME_ONESELF)
    return [outcomes[position] for position in range(len(drafts))]


def _units(drafts: Sequence[Draft]) -> Iterable[list[int]]:
    """Positions of drafts that stand alone, or of all that share a link, in the order of their first."""
    units: dict[object, list[int]] = {}
    for position, draft in enumerate(drafts):
        units.setdefault(position if draft.link is None else draft.link, []).append(position)
    return units.values()


async def _read(raw: Any, book_id: int, drafts: Sequence[Draft], locked: Any) -> _Batch:
    account_ids = list({line.account_id for draft in drafts for line in draft.lines})
    months = list({month_of(draft.effective_date) for draft in drafts})
    keys: dict[str, tuple[bytes, Outcome]] = {}
    for name, fingerprint, number, refusal in await raw.fetch(sql.READ_KEYS, book_id, [d.key for d in drafts]):
        if number is not None:
            keys[name] = fingerprint, Replayed(number)
        else:
            told = json.loads(refusal)
            keys[name] = fingerprint, Rejected(told["code"], told["detail"])
    accounts, totals = {}, {}
    for account_id, debit, credit, *facts in await raw.fetch(sql.READ_ACCOUNTS, book_id, account_ids):
        accounts[account_id] = AccountFacts(*facts)
        totals[account_id] = Totals(debit, credit)
    periods = dict(await raw.fetch(sql.READ_PERIODS, book_id, months))
    wanted = list({draft.reverses for draft in drafts if draft.reverses is not None})
    reversals = await _read_reversals(raw, book_id, wanted) if wanted else {}
    days = await _read_days(raw, book_id, drafts, accounts)
    # The clock never runs backwards within a book, whichever process writes.
    recorded_at = max(datetime.now(UTC), locked["last_recorded_at"])
    return _Batch(
        book_id,
        locked["last_number"],
        [locked["last_hash"]],
        recorded_at,
        accounts,
        totals,
        periods,
        reversals,
        keys,
        days,
    )


async def _read_days(
    raw: Any, book_id: int, drafts: Sequence[Draft], accounts: Mapping[int, AccountFacts]
) -> dict[int, dict[date, int]]:
    """What moved day by day on floored accounts that a draft is dated back on; nearly always there are none."""
    dates = {draft.effective_date for draft in drafts}
    first, last = min(dates), max(dates)
    back = [
        account_id
        for account_id, facts in accounts.items()
        if facts.floor is not None and (first < last or (facts.last_day is not None and first < facts.last_day))
    ]
    days: dict[int, dict[date, int]] = {account_id: {} for account_id in back}
    if back and any(facts.last_day is not None and first < facts.last_day for facts in map(accounts.__getitem__, back)):
        for account_id, day, moved in await raw.fetch(sql.READ_LATER_DAYS, book_id, back, first):
            days[account_id][day] = moved
    return days


async def _read_reversals(raw: Any, book_id: int, numbers: list[int]) -> dict[int, ReversalFacts]:
    """The entries that drafts of this batch want to undo."""
    lines: dict[int, list[Line]] = {}
    for number, account_id, amount in await raw.fetch(sql.READ_LINES, book_id, numbers):
        lines.setdefault(number, []).append(Line(account_id, amount))
    return {
        number: ReversalFacts(tuple(lines[number]), reverses, reverses_reversal is not None, reversed_by)
        for number, reverses, reverses_reversal, reversed_by in await raw.fetch(sql.READ_REVERSED, book_id, numbers)
    }


async def _write(raw: Any, batch: _Batch) -> None:
    """All rows of the batch in one statement; notes and links of reversals, which are rare, in more."""
    entries = [
        (
            posted.number,
            posted.effective_date,
            draft.kind,
            draft.description,
            note_digest,
            draft.source,
            draft.actor,
            draft.reverses,
            draft.link,
            json.dumps(dict(draft.metadata), ensure_ascii=False) if draft.metadata else "{}",
            len(draft.lines),
            previous_hash,
            posted.hash,
        )
        for (draft, posted, note_digest), previous_hash in zip(batch.entries, batch.hashes, strict=False)
    ]
    lines = [
        (posted.number, position, account_id, posted.effective_date, amount, balance)
        for draft, posted, _ in batch.entries
        for position, ((account_id, amount), balance) in enumerate(zip(draft.lines, posted.balances, strict=True), 1)
    ]
    turnovers: dict[tuple[int, date], list[int]] = {}
    for _, _, account_id, day, amount, _ in lines:
        sums = turnovers.setdefault((account_id, day), [0, 0])
        sums[amount < 0] += abs(amount)
    days = [(account_id, day, debit, credit) for (account_id, day), (debit, credit) in sorted(turnovers.items())]
    latest = {account_id: day for account_id, day, *_ in days}  # they are sorted: the last day of each stays
    totals = [(account_id, *batch.totals[account_id], day) for account_id, day in latest.items()]
    await raw.execute(
        sql.WRITE,
        batch.book_id,
        *_columns(entries, 13),
        batch.recorded_at,
        *_columns(lines, 6),
        *_columns(batch.remembered, 4),
        *_columns(days, 4),
        *_columns(totals, 4),
        batch.number,
        batch.hashes[-1],
        [posted.recorded_at for _, posted, _ in batch.entries],
    )
    if batch.notes:
        await raw.execute(sql.WRITE_NOTES, batch.book_id, *_columns(batch.notes, 3))
    # First what is undone: an entry that is in force again may be reversed anew in the same batch.
    if batch.undone:
        await raw.execute(sql.UNDO_REVERSALS, batch.book_id, *_columns(batch.undone, 3))
    if batch.links:
        await raw.execute(sql.LINK_REVERSALS, batch.book_id, *_columns(batch.links, 2))


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows turned into columns, for unnest()."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
