"""Is the book what it was when it was written? Everything that is derived is computed again from the postings.

The check reads rows and hashes them; it shares no code with posting but the definition of the seal. It reads in one
snapshot, entry by entry, and needs no more memory for a long book than for a short one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.errors import UnknownBookError
from ledger.seal import GENESIS, canonical, seal

PAGE = 5000


class Finding(NamedTuple):
    """Something that is not as it should be: what kind of thing, where, and what is wrong."""

    code: str
    where: str
    message: str


class Report(NamedTuple):
    """What a verification saw: how many entries, the last hash, and all findings (none is good)."""

    entries: int
    last_hash: bytes
    findings: tuple[Finding, ...]


async def verify(connection: AsyncConnection, book_id: int, progress: Callable[[int], None] = lambda _: None) -> Report:
    """Recompute chain, numbering, balance, running balances, totals and turnovers of a book.

    Raises:
        UnknownBookError: no such book.
    """
    findings: list[Finding] = []
    running: dict[int, int] = {}
    count, previous = 0, GENESIS
    async for entry, lines in _walk(connection, book_id):
        count += 1
        findings += _check_entry(entry, lines, count, previous, running)
        previous = entry["hash"]
        if count % PAGE == 0:
            progress(count)
    progress(count)
    findings += await _check_head(connection, book_id, count, previous)
    for code, statement in DERIVED.items():
        rows = await connection.execute(text(statement), {"book": book_id})
        findings += [Finding(code, str(where), str(message)) for where, message in rows]
    return Report(count, previous, tuple(findings))


async def _walk(connection: AsyncConnection, book_id: int) -> AsyncIterator[tuple[Any, list[Any]]]:
    """Entries in order, each with its lines in order."""
    after = 0
    while True:
        entries = (
            (await connection.execute(text(ENTRIES), {"book": book_id, "after": after, "page": PAGE})).mappings().all()
        )
        if not entries:
            return
        last = entries[-1]["number"]
        lines: dict[int, list[Any]] = {}
        for row in await connection.execute(text(LINES), {"book": book_id, "after": after, "last": last}):
            lines.setdefault(row.entry_number, []).append(row)
        for entry in entries:
            yield entry, lines.get(entry["number"], [])
        after = last


def _check_entry(
    entry: Any, lines: list[Any], expected: int, previous: bytes, running: dict[int, int]
) -> list[Finding]:
    where = f"entry {entry['number']}"
    findings = []
    if entry["number"] != expected:
        findings.append(Finding("gap", where, f"number {expected} was expected"))
    if entry["previous_hash"] != previous:
        findings.append(Finding("chain", where, "it does not follow the entry before it"))
    sealed = canonical(
        book_id=entry["book_id"],
        number=entry["number"],
        effective_date=entry["effective_date"],
        recorded_at=entry["recorded_at"],
        kind=entry["kind"],
        description=entry["description"],
        source=entry["source"],
        actor=entry["actor"],
        reverses=entry["reverses"],
        link=entry["link"],
        metadata=entry["metadata"],
        lines=[(line.code, line.currency, line.amount) for line in lines],
    )
    if seal(entry["previous_hash"], sealed) != entry["hash"]:
        findings.append(Finding("seal", where, "its content is not what was sealed"))
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, 0) + line.amount
        running[line.account_id] = running.get(line.account_id, 0) + line.amount
        if line.balance_after != running[line.account_id]:
            findings.append(
                Finding(
                    "running-balance",
                    f"{where} line {line.line}",
                    f"{line.code} should stand at {running[line.account_id]}",
                )
            )
        if line.effective_date != entry["effective_date"]:
            findings.append(Finding("line-date", f"{where} line {line.line}", "its date is not the entry's"))
    findings += [
        Finding("unbalanced", where, f"{currency} differs by {total}") for currency, total in sums.items() if total
    ]
    if [line.line for line in lines] != list(range(1, entry["line_count"] + 1)):
        findings.append(Finding("lines", where, f"it should have lines 1 to {entry['line_count']}"))
    return findings


async def _check_head(connection: AsyncConnection, book_id: int, count: int, last_hash: bytes) -> list[Finding]:
    head = (await connection.execute(text(HEAD), {"book": book_id})).one_or_none()
    if head is None:
        raise UnknownBookError(book_id)
    findings = []
    if head.last_number != count:
        findings.append(Finding("tail", "head", f"the head names {head.last_number} entries, {count} are there"))
    if head.last_hash != last_hash:
        findings.append(Finding("tail", "head", "the head's hash is not the last entry's"))
    return findings


HEAD = "SELECT last_number, last_hash FROM ledger_head WHERE book_id = :book"

ENTRIES = """
SELECT book_id, number, effective_date, recorded_at, kind, description, source, actor, reverses, link, metadata,
       line_count, previous_hash, hash
  FROM ledger_entry WHERE book_id = :book AND number > :after ORDER BY number LIMIT :page
"""

LINES = """
SELECT p.entry_number, p.line, p.account_id, p.effective_date, p.amount, p.balance_after,
       coalesce(a.code, '?') AS code, coalesce(a.currency, '?') AS currency
  FROM ledger_posting p
  LEFT JOIN ledger_account a ON a.book_id = p.book_id AND a.account_id = p.account_id
 WHERE p.book_id = :book AND p.entry_number > :after AND p.entry_number <= :last
 ORDER BY p.entry_number, p.line
"""

DERIVED = {
    "account-total": """
SELECT 'account ' || a.code, 'totals should be ' || coalesce(p.debit, 0) || ' and ' || coalesce(p.credit, 0)
  FROM ledger_account a
  LEFT JOIN (SELECT account_id, sum(greatest(amount, 0)) AS debit, sum(greatest(-amount, 0)) AS credit
               FROM ledger_posting WHERE book_id = :book GROUP BY account_id) p USING (account_id)
 WHERE a.book_id = :book AND (a.debit <> coalesce(p.debit, 0) OR a.credit <> coalesce(p.credit, 0))
 ORDER BY a.code
""",
    "turnover": """
SELECT 'account ' || account_id || ' on ' || day,
       'turnover should be ' || coalesce(p.debit, 0) || ' and ' || coalesce(p.credit, 0)
  FROM (SELECT account_id, day, debit, credit FROM ledger_turnover WHERE book_id = :book) t
  FULL JOIN (SELECT account_id, effective_date AS day, sum(greatest(amount, 0)) AS debit,
                    sum(greatest(-amount, 0)) AS credit
               FROM ledger_posting WHERE book_id = :book GROUP BY 1, 2) p USING (account_id, day)
 WHERE t.debit IS DISTINCT FROM p.debit OR t.credit IS DISTINCT FROM p.credit
 ORDER BY 1
""",
    "orphan-posting": """
SELECT 'entry ' || p.entry_number || ' line ' || p.line, 'the posting has no entry'
  FROM ledger_posting p
  LEFT JOIN ledger_entry e ON e.book_id = p.book_id AND e.number = p.entry_number
 WHERE p.book_id = :book AND e.number IS NULL ORDER BY 1
""",
    "reversal": """
WITH e AS (SELECT number, reverses FROM ledger_entry WHERE book_id = :book AND reverses IS NOT NULL)
SELECT 'entry ' || coalesce(e.number, r.reversal_number), 'its reversal link does not match the entries'
  FROM e
  FULL JOIN (SELECT reversal_number, entry_number, undone_by FROM ledger_reversal WHERE book_id = :book) r
    ON r.reversal_number = e.number AND r.entry_number = e.reverses
  LEFT JOIN e undoing ON undoing.reverses = r.reversal_number
 WHERE e.number IS NULL OR r.reversal_number IS NULL OR r.undone_by IS DISTINCT FROM undoing.number ORDER BY 1
""",
    "key": """
SELECT 'key of entry ' || k.entry_number, 'the entry does not exist'
  FROM ledger_key k
  LEFT JOIN ledger_entry e ON e.book_id = k.book_id AND e.number = k.entry_number
 WHERE k.book_id = :book AND k.entry_number IS NOT NULL AND e.number IS NULL ORDER BY 1
""",
}
