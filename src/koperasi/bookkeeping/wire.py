"""Entries, results and months on the wire. Not postponed: Litestar and pydantic read these annotations at run time."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

import ledger
from koperasi.bookkeeping import service
from koperasi.errors import BadRequest
from koperasi.i18n import N_
from koperasi.known import StampOut
from koperasi.rest import BookDate, Flag, Model, Money, Page, Problem, ProblemField, Result, Text
from ledger.export import record
from ledger.export.journal import moment_text

MOST_ENTRIES = 1_000
MOST_BULK_BYTES = 20 * 1024 * 1024
"""A thousand entries may be larger than what other requests may bring."""
"""Entries in one bulk request."""


class LineIn(Model):
    """A line: the code of an account that takes postings, and exactly one of ``debit`` and ``credit``, above zero."""

    account: Annotated[str, Field(pattern=r"^[0-9A-Za-z.]{1,125}$", examples=["1101"])]
    debit: Money | None = None
    credit: Money | None = None


class EntryIn(Model):
    """An entry by hand. Debits and credits are equal; the date lies in an open month and not after the book's day.

    ``kind``: ``adjustment`` fills the second pair of columns of the worksheet. ``source`` is the number of a paper:
    letters, digits, space and ``./-#``, at least one digit, no names, since it can't be erased.
    """

    date: BookDate
    description: Text
    lines: Annotated[list[LineIn], Field(min_length=2, max_length=service.MAX_LINES)]
    source: Annotated[Text | None, Field(examples=["Nota 17"])] = None
    kind: Literal["journal", "adjustment"] = "journal"

    def new(self, place: str = "") -> service.NewEntry:
        """The entry as the service takes it. BadRequest if an amount can't be read."""
        lines = tuple(_line(line, f"{place}lines.{position}") for position, line in enumerate(self.lines))
        return service.NewEntry(self.date, self.description, lines, self.source, self.kind)


class BulkEntryIn(EntryIn):
    """One entry of many. Its ``key`` tells it from the others in the request; its position if none is given."""

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")] | None = None


class BulkIn(Model):
    """Many entries. ``atomic``: all or none; ``independent``: each for itself."""

    mode: Literal["atomic", "independent"]
    entries: Annotated[list[BulkEntryIn], Field(min_length=1, max_length=MOST_ENTRIES)]


class ReversalIn(Model):
    """Why an entry is undone, and on which day of the book (if not said today; a year's closing on its own day).

    ``of_reversal``: the entry is itself a reversal, and to undo it is meant.
    """

    reason: Text
    date: BookDate | None = None
    of_reversal: Flag = False


class LineOut(Result):
    """A posting as it stands; ``balance_after`` is on the account's own side."""

    line: int
    account: str
    name: str
    side: ledger.Side
    debit: Money | None
    credit: Money | None
    balance_after: Money


class NoteOut(Result):
    """Words that somebody wrote; ``SHA-256(salt, text)`` is the entry's ``note_digest``."""

    salt: str
    text: str


class EntryOut(Result):
    """An entry as it stands in the book, with its seal.

    ``description`` is what people read. The seal covers ``sealed_description`` and, if somebody wrote a note, its
    ``note_digest``; a digest without a ``note`` is that of words that were erased.
    """

    number: int
    date: date
    recorded_at: str
    kind: str
    description: str
    sealed_description: str
    note_digest: str | None
    note: NoteOut | None
    source: str | None
    actor: str
    reverses: int | None
    reversed_by: int | None
    link: str | None
    metadata: dict[str, str]
    previous_hash: str
    hash: str
    lines: list[LineOut]

    @classmethod
    def of(cls, view: service.EntryView) -> "EntryOut":
        """The wire form."""
        return cls.model_validate(record(view.entry, view.accounts))


class EntryList(Page):
    """A page of the journal, by number.

    ``known_at`` is the number of the entry that was the book's last, if asked for; ``last_entry`` the last included.
    """

    known_at: int | None
    last_entry: StampOut
    items: list[EntryOut]


class ItemProblem(Result):
    """Why one entry of many was refused."""

    type: str
    code: str
    detail: str
    errors: list[ProblemField]


class ItemOut(Result):
    """What became of one entry of many."""

    key: str
    status: Literal["posted", "replayed", "refused"]
    number: int | None
    problem: ItemProblem | None


class BulkOut(Result):
    """A result for each entry, in the order of the request."""

    results: list[ItemOut]


class BulkProblem(Problem):
    """An atomic request of which nothing was posted, with a result for each entry."""

    results: list[ItemOut]


class PeriodIn(Model):
    """What a month becomes: ``held`` takes no entries for now, ``closed`` none unless two people open it again."""

    status: ledger.PeriodStatus


class ReopeningIn(Model):
    """Why a closed month should be opened again."""

    reason: Text


class PeriodOut(Result):
    """A month of the book. ``reopening_requested_by``: who asked to open it again, if nobody agreed yet."""

    month: str
    status: ledger.PeriodStatus
    has_entries: bool
    changed_by: str | None
    reopening_requested_by: str | None

    @classmethod
    def of(cls, month: service.Month) -> "PeriodOut":
        """The wire form."""
        return cls(
            month=f"{month.month:%Y-%m}",
            status=month.status,
            has_entries=month.has_entries,
            changed_by=month.by,
            reopening_requested_by=month.request.actor if month.request else None,
        )


class PeriodList(Page):
    """The months with entries, and those whose state was set, latest first."""

    items: list[PeriodOut]


class PeriodActOut(Result):
    """Something that was done with a month. It is never changed or deleted.

    ``last_entry`` is how far the book had come; ``digest`` that of the trial balance which was closed (docs/ledger.md);
    ``confirms`` the number of the request that a reopening agrees with.
    """

    number: int
    act: ledger.Act
    actor: str
    recorded_at: str
    reason: str | None
    last_entry: int
    last_hash: str
    digest: str | None
    confirms: int | None

    @classmethod
    def of(cls, act: ledger.PeriodAct) -> "PeriodActOut":
        """The wire form."""
        return cls(
            number=act.number,
            act=act.act,
            actor=act.actor,
            recorded_at=moment_text(act.recorded_at),
            reason=act.reason,
            last_entry=act.head.number,
            last_hash=act.head.hash.hex(),
            digest=act.digest.hex() if act.digest else None,
            confirms=act.confirms,
        )


class PeriodActList(Page):
    """What was done with a month, in order."""

    items: list[PeriodActOut]


def _line(line: LineIn, place: str) -> service.NewLine:
    currencies = {money.currency for money in (line.debit, line.credit) if money is not None}
    if len(currencies) > 1:
        raise BadRequest("currency", N_("Satu baris hanya memakai satu mata uang."), field=f"{place}.credit")
    return service.NewLine(
        line.account,
        line.debit.minor(f"{place}.debit") if line.debit else None,
        line.credit.minor(f"{place}.credit") if line.credit else None,
        *currencies,
    )
