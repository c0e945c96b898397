"""Posting: ``append`` is the only code that writes entries and postings.

Drafts that arrive together are posted together: one lock on the book's head, one read of what they touch, one
statement that writes. A draft that the book refuses rejects itself and not its neighbours; drafts with the same
``link`` stand or fall together. Refusals are remembered with the key, so that a retry hears the same answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import sql
from ledger.batch import Batch
from ledger.checks import AccountFacts, ReversalFacts, Totals, month_of
from ledger.entry import Draft, Line, Outcome, Rejected, Replayed, Restored
from ledger.errors import NotInTransactionError, UnknownBookError


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


async def _read(raw: Any, book_id: int, drafts: Sequence[Draft], locked: Any) -> Batch:
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
    return Batch(
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


async def _write(raw: Any, batch: Batch) -> None:
    """All rows of the batch in one statement; notes and links of reversals, which are rare, in more."""
    drafts = [draft for draft, _, _ in batch.entries]
    counts = _same([len(draft.lines) for draft in drafts])
    lines = [
        (account_id, amount, balance, draft.effective_date)
        for draft, posted, _ in batch.entries
        for (account_id, amount), balance in zip(draft.lines, posted.balances, strict=True)
    ]
    turnovers: dict[tuple[int, date], list[int]] = {}
    for account_id, amount, _, day in lines:
        sums = turnovers.setdefault((account_id, day), [0, 0])
        sums[amount < 0] += abs(amount)
    days = [(account_id, day, debit, credit) for (account_id, day), (debit, credit) in sorted(turnovers.items())]
    latest = {account_id: day for account_id, day, *_ in days}  # they are sorted: the last day of each stays
    totals = [batch.totals[account_id] for account_id in latest]
    keys, fingerprints, numbers, refusals = _columns(batch.remembered, 4)
    posting_accounts, amounts, balances, posting_days = _columns(lines, 4)
    turnover_accounts, turnover_days, debits, credits_ = _columns(days, 4)
    await raw.execute(
        sql.WRITE,
        batch.book_id,
        batch.number - len(drafts),
        _same([posted.recorded_at for _, posted, _ in batch.entries]),
        _same([draft.effective_date for draft in drafts]),
        _same([draft.kind for draft in drafts]),
        _same([draft.description for draft in drafts]),
        _or_none([note_digest for _, _, note_digest in batch.entries]),
        _or_none([draft.source for draft in drafts]),
        _same([draft.actor for draft in drafts]),
        _or_none([draft.reverses for draft in drafts]),
        _or_none([draft.link for draft in drafts]),
        _or_none([json.dumps(dict(d.metadata), ensure_ascii=False) if d.metadata else None for d in drafts]),
        counts,
        b"".join(batch.hashes),
        len(drafts),
        *(([], []) if len(counts) == 1 else _places(drafts, batch.number - len(drafts))),
        _same(posting_days),
        posting_accounts,
        amounts,
        balances,
        keys,
        fingerprints,
        numbers if len(numbers) > len(drafts) else [],
        _or_none(refusals),
        turnover_accounts,
        _same(turnover_days),
        debits,
        credits_,
        list(latest),
        [debit for debit, _ in totals],
        [credit for _, credit in totals],
        _same(list(latest.values())),
        batch.recorded_at,
        *_columns(_first_level(batch.accounts, days), 5),
    )
    if batch.notes:
        await raw.execute(sql.WRITE_NOTES, batch.book_id, *_columns(batch.notes, 3))
    # First what is undone: an entry that is in force again may be reversed anew in the same batch.
    if batch.undone:
        await raw.execute(sql.UNDO_REVERSALS, batch.book_id, *_columns(sorted(batch.undone, key=itemgetter(1)), 3))
    if batch.links:
        await raw.execute(sql.LINK_REVERSALS, batch.book_id, *_columns(batch.links, 2))


def _first_level(
    accounts: Mapping[int, AccountFacts], days: Sequence[tuple[int, date, int, int]]
) -> list[tuple[str, date, str, int, int]]:
    """What the days' turnovers come to for accounts of the first level, by day and by month."""
    sums: dict[tuple[str, date, str], list[int]] = {}
    for account_id, day, debit, credit in days:
        code = accounts[account_id].code.partition(".")[0]
        for place in (("day", day, code), ("month", month_of(day), code)):
            both = sums.setdefault(place, [0, 0])
            both[0] += debit
            both[1] += credit
    return [(*place, debit, credit) for place, (debit, credit) in sums.items()]


def _places(drafts: Sequence[Draft], before: int) -> tuple[list[int], list[int]]:
    """Entry number and line of each posting."""
    places = [(n, line) for n, d in enumerate(drafts, before + 1) for line in range(1, len(d.lines) + 1)]
    return [number for number, _ in places], [line for _, line in places]


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows turned into columns, for unnest()."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _same(column: list[Any]) -> list[Any]:
    """A column of one value is sent once."""
    return column[:1] if column and column.count(column[0]) == len(column) else column


def _or_none(column: list[Any]) -> list[Any]:
    """A column of nothing but NULL is not sent."""
    return column if any(one is not None for one in column) else []
