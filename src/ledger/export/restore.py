"""A book restored from an export: the same entries, under the same numbers, recorded when they were.

An entry's seal covers the number of its book. So the chain comes out the same only in a book with the same number, as
in a new installation; in another book every entry has another hash, and everything else is the same. Either way the
file's own chain is computed again, if it has one, and every entry is posted under all rules of the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.account import Account, NewAccount, parent_code
from ledger.chart import chart, close_account, open_accounts, rename_account
from ledger.entry import Draft, Line, Posted, Restored
from ledger.export.reading import JournalFileError, Origin, ReadAccount, ReadEntry, read
from ledger.journal import append
from ledger.known import head
from ledger.periods import lock_head
from ledger.seal import GENESIS, canonical, seal

BATCH = 2000


class Restoration(NamedTuple):
    """What was restored; ``same_chain``: the entries have the hashes that they had where they come from."""

    entries: int
    accounts_opened: int
    same_chain: bool


async def restore(
    connection: AsyncConnection,
    book_id: int,
    lines: Iterable[str],
    progress: Callable[[int], None] = lambda _done: None,
) -> Restoration:
    """Post a whole exported journal into an empty book, in the caller's transaction; the caller commits.

    Accounts that the chart lacks are opened; others take the names that the file has. JSON lines don't tell an
    account's type, so there the account above it must be in the chart; nor do they tell floors. Closed periods and
    idempotency keys are in no file.

    Raises:
        JournalFileError: the book isn't empty, the file isn't a whole journal of ours or was changed, or an entry is
            refused; nothing must be committed then.
    """
    await lock_head(connection, book_id)
    if (await head(connection, book_id)).number:
        raise JournalFileError("a journal is restored into an empty book only")
    work = _Restoring(connection, book_id, {one.code: one for one in await chart(connection, book_id)})
    for one in read(lines):
        if isinstance(one, Origin):
            work.origin = one
        elif isinstance(one, ReadAccount):
            await work.take_account(one)
        else:
            if work.must_post_before(one):
                await work.post()
                progress(work.number)
            work.take(one)
    await work.post()
    progress(work.number)
    return await work.finish()


class _Restoring:
    """A restoration under way."""

    def __init__(self, connection: AsyncConnection, book_id: int, accounts: dict[str, Account]) -> None:
        self.connection, self.book_id, self.accounts = connection, book_id, accounts
        self.ids = {code: account.account_id for code, account in accounts.items()}
        self.new: dict[str, NewAccount] = {}
        self.opened = 0
        self.closed: list[ReadAccount] = []
        self.origin: Origin | None = None
        self.number = 0
        self.clock = datetime.min.replace(tzinfo=UTC)
        self.file_hash: bytes | None = GENESIS
        self.entries: list[ReadEntry] = []
        self.links: set[str] = set()

    async def take_account(self, told: ReadAccount) -> None:
        """Open the account with the next batch, or see that the one there is the same; it takes the file's names."""
        if told.closed_on is not None:
            self.closed.append(told)
        known = self.accounts.get(told.code)
        if known is None:
            self.new[told.code] = self.new_account(told)
            return
        if (told.type or known.type, told.side, told.currency) != (known.type, known.side, known.currency):
            raise JournalFileError(f"account {told.code} differs from the chart's in type, side or currency")
        names = told.name_id, told.name_en or known.name_en
        if names != (known.name_id, known.name_en):
            await rename_account(self.connection, self.book_id, known.account_id, name_id=names[0], name_en=names[1])

    def new_account(self, told: ReadAccount) -> NewAccount:
        """The account to be opened."""
        above = parent_code(told.code)
        parent = None if above is None else self.accounts.get(above) or self.new.get(above)
        kind = told.type or (None if parent is None else parent.type)
        if kind is None:
            raise JournalFileError(f"account {told.code} is not in the chart, and this file does not tell its type")
        return NewAccount(
            code=told.code,
            name_id=told.name_id,
            name_en=told.name_en or told.name_id,
            type=kind,
            side=told.side,
            currency=told.currency,
            floor=told.floor,
            control=told.control,
            opened_on=told.opened_on,
        )

    def must_post_before(self, entry: ReadEntry) -> bool:
        """What was gathered must stand before this entry can follow."""
        if not self.entries:
            return False
        last = self.entries[-1].link
        return (
            (len(self.entries) >= BATCH and (entry.link is None or entry.link != last))
            # Entries with one link are posted as one; another such group is another batch.
            or (entry.link is not None and entry.link != last and entry.link in self.links)
            or (entry.reverses is not None and entry.reverses >= self.entries[0].number)
        )

    def take(self, entry: ReadEntry) -> None:
        """Gather an entry, once it is what its file says it was."""
        self.number += 1
        if entry.number != self.number:
            raise JournalFileError(f"entry {entry.number} stands where entry {self.number} belongs")
        if entry.recorded_at < self.clock:
            raise JournalFileError(f"entry {entry.number} was recorded before the entry before it")
        self.clock = entry.recorded_at
        self.check_seal(entry)
        self.entries.append(entry)
        if entry.link is not None:
            self.links.add(entry.link)

    def check_seal(self, entry: ReadEntry) -> None:
        """Go on with the chain of the file, if it has one."""
        book_id = entry.book_id or (None if self.origin is None else self.origin.book_id)
        if book_id is None or self.file_hash is None:
            self.file_hash = None
            return
        sealed = canonical(
            book_id=book_id,
            number=entry.number,
            effective_date=entry.effective_date,
            recorded_at=entry.recorded_at,
            kind=entry.kind,
            description=entry.description,
            note_digest=entry.note_digest,
            source=entry.source,
            actor=entry.actor,
            reverses=entry.reverses,
            link=entry.link,
            metadata=entry.metadata,
            lines=entry.lines,
        )
        self.file_hash = seal(self.file_hash, sealed)
        if entry.hash is not None and entry.hash != self.file_hash:
            raise JournalFileError(f"entry {entry.number} is not what was sealed")

    async def post(self) -> None:
        """Post what was gathered."""
        if self.new:
            self.ids |= await open_accounts(self.connection, self.book_id, list(self.new.values()))
            self.opened += len(self.new)
            self.new = {}
        if not self.entries:
            return
        drafts = [self.draft(entry) for entry in self.entries]
        kept = {
            draft.key: Restored(entry.recorded_at, entry.note, entry.note_digest)
            for draft, entry in zip(drafts, self.entries, strict=True)
        }
        outcomes = await append(self.connection, drafts, restored=kept)
        for entry, outcome in zip(self.entries, outcomes, strict=True):
            if not isinstance(outcome, Posted):
                code = getattr(outcome, "code", "replayed")
                raise JournalFileError(f"entry {entry.number} can't stand in a book: {code}")
            if outcome.number != entry.number:
                raise JournalFileError(f"entry {entry.number} can't be posted in its place")
        self.entries, self.links = [], set()

    def draft(self, entry: ReadEntry) -> Draft:
        """The entry as it is posted again."""
        return Draft(
            book_id=self.book_id,
            effective_date=entry.effective_date,
            kind=entry.kind,
            description=entry.description,
            actor=entry.actor,
            lines=tuple(Line(self.ids.get(code, 0), amount) for code, _, amount in entry.lines),
            key=f"restored:{entry.number}",
            source=entry.source,
            reverses=entry.reverses,
            metadata=entry.metadata,
            link=entry.link,
            allow_held=True,
            allow_reversal_of_reversal=True,
        )

    async def finish(self) -> Restoration:
        """See that the file's end was there, and close what was closed."""
        origin = self.origin
        if origin is not None and (self.number, self.file_hash) != (origin.number, origin.hash):
            raise JournalFileError(f"entry {self.number} is not the one with which the file should end")
        for told in self.closed:
            if told.closed_on is not None:
                await close_account(self.connection, self.book_id, self.ids[told.code], told.closed_on)
        last = await head(self.connection, self.book_id)
        return Restoration(self.number, self.opened, last.hash == self.file_hash)
