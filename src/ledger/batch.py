"""A batch of one book's drafts: each is checked in order, numbered, sealed and remembered, all in memory.

Nothing here reads or writes the database: ``journal`` reads what the drafts touch, and writes what came of them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from ledger.checks import (
    AccountFacts,
    ReversalFacts,
    Totals,
    apply_lines,
    check_days,
    check_period,
    check_reversal,
    check_shape,
)
from ledger.entry import Draft, Note, Outcome, Posted, Rejected, Replayed, Restored
from ledger.seal import canonical, digest_of, seal


@dataclass(slots=True)
class Batch:
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
