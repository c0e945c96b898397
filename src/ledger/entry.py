"""Entries: what is asked for (``Draft``), what stands in the book (``Entry``), and what the book answers (``Outcome``).

Amounts are integers of the account's minor unit; debit is positive, credit negative. People see two columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple

from ledger.errors import LedgerError

NOTHING: Mapping[str, str] = MappingProxyType({})


class Line(NamedTuple):
    """One line of a draft: an account and a signed amount in minor units."""

    account_id: int
    amount: int


class Draft(NamedTuple):
    """An entry that somebody wants posted.

    Attributes:
        effective_date: the book's date, chosen by people.
        kind: what happened, e.g. ``savings.deposit``; lower case, dotted.
        description: plain words without personal data: they are sealed and can never be erased.
        note: words that a person typed; only a salted digest of them is sealed, so they may be erased on request.
        actor: who asks, as a user name.
        key: the caller's idempotency key; the same key is answered the same way for ever.
        fingerprint: digest of the whole request; the same key with another fingerprint is refused.
        reverses: number of the entry that this one undoes; the lines must mirror it.
        link: drafts of one ``append`` with the same link stand or fall together.
        allow_held: may post into a period that is held (being closed).
        allow_reversal_of_reversal: an explicit wish to undo an undoing.
    """

    book_id: int
    effective_date: date
    kind: str
    description: str
    actor: str
    lines: tuple[Line, ...]
    key: str
    fingerprint: bytes = b""
    source: str | None = None
    reverses: int | None = None
    metadata: Mapping[str, str] = NOTHING
    link: str | None = None
    allow_held: bool = False
    allow_reversal_of_reversal: bool = False
    note: str | None = None


class EntryLine(NamedTuple):
    """One posting as it stands: its account, signed amount, and the account's signed balance after it."""

    line: int
    account_id: int
    code: str
    currency: str
    amount: int
    balance_after: int


class Note(NamedTuple):
    """What a person wrote of an entry, and the salt that its sealed digest begins with."""

    salt: bytes
    text: str


class Restored(NamedTuple):
    """What an entry keeps when a book is restored from an export: when it was recorded, and its note.

    A ``note_digest`` without a ``note``: the words had been erased.
    """

    recorded_at: datetime
    note: Note | None
    note_digest: bytes | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it stands in the book. It never changes; ``reversed_by`` is what later entries say of it.

    ``note_digest`` without a ``note``: the words were erased.
    """

    book_id: int
    number: int
    effective_date: date
    recorded_at: datetime
    kind: str
    sealed_description: str
    source: str | None
    actor: str
    reverses: int | None
    link: str | None
    metadata: Mapping[str, str]
    previous_hash: bytes
    hash: bytes
    lines: tuple[EntryLine, ...]
    reversed_by: int | None = None
    note: Note | None = None
    note_digest: bytes | None = None

    @property
    def description(self) -> str:
        """What people read: the words that somebody wrote, or else the sealed ones."""
        return self.sealed_description if self.note is None else self.note.text


class Posted(NamedTuple):
    """The draft stands in the book under this number. ``balances`` are the signed balances after each line."""

    number: int
    effective_date: date
    recorded_at: datetime
    hash: bytes
    balances: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """The same request was posted before; this is the entry it made. Nothing was written now."""

    number: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The book says no, and says the same to the same key for ever.

    ``code`` is one of those that ``journal`` lists; ``detail`` names what it is about, in strings and integers.
    """

    code: str
    detail: Mapping[str, str | int] = field(default_factory=dict)
    replayed: bool = False


Outcome = Posted | Replayed | Rejected


def reversal_of(
    entry: Entry,
    *,
    effective_date: date,
    actor: str,
    key: str,
    reason: str,
    fingerprint: bytes = b"",
    of_reversal: bool = False,
) -> Draft:
    """The draft that undoes an entry: the same lines, mirrored, in the same order, dated by the caller.

    The reason becomes a note, which may be erased; what is sealed names only the entry.

    Raises:
        LedgerError: the reason is empty.
    """
    if not reason.strip():
        raise LedgerError("a reversal needs a reason")
    return Draft(
        book_id=entry.book_id,
        effective_date=effective_date,
        kind="reversal",
        description=f"Jurnal balik {entry.number}",
        note=reason.strip(),
        actor=actor,
        lines=tuple(Line(line.account_id, -line.amount) for line in entry.lines),
        key=key,
        fingerprint=fingerprint,
        source=entry.source,
        reverses=entry.number,
        allow_reversal_of_reversal=of_reversal,
    )
