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
from ledger.seal import GENESIS, canonical, digest_of, seal, trial_balance_digest

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
    findings += await _check_closes(connection, book_id)
    await connection.execute(text(WHOLE_TABLES))
    for code, statement in DERIVED.items():
        rows = await connection.execute(text(statement), {"book": book_id})
        findings += [Finding(code, str(where), str(message)) for where, message in rows]
    await connection.execute(text(AS_BEFORE))
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
        note_digest=entry["note_digest"],
        source=entry["source"],
        actor=entry["actor"],
        reverses=entry["reverses"],
        link=entry["link"],
        metadata=entry["metadata"],
        lines=[(line.code, line.currency, line.amount) for line in lines],
    )
    if seal(entry["previous_hash"], sealed) != entry["hash"]:
        findings.append(Finding("seal", where, "its content is not what was sealed"))
    # A note that is gone was erased; one that is there is the one whose digest was sealed.
    if entry["salt"] is not None and digest_of(entry["salt"], entry["text"]) != entry["note_digest"]:
        findings.append(Finding("note", where, "its note is not what was sealed"))
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


async def _check_closes(connection: AsyncConnection, book_id: int) -> list[Finding]:
    """Each close again: the trial balance at the month's end from the entries that the book had then."""
    findings = []
    for close in (await connection.execute(text(CLOSES), {"book": book_id})).all():
        facts = {"book": book_id, "number": close.head_number, "end": close.last_day}
        rows = (await connection.execute(text(CLOSED_SUMS), facts)).all()
        sums = [(code, currency, int(debit), int(credit)) for code, currency, debit, credit in rows]
        digest = trial_balance_digest(book_id, close.last_day, close.head_number, close.head_hash, sums)
        where = f"close of {close.month:%Y-%m} (act {close.number})"
        if digest != close.digest:
            findings.append(Finding("close", where, "the trial balance is not the one that was closed"))
        if close.head_hash != (close.hash or GENESIS):
            findings.append(Finding("close", where, f"entry {close.head_number} is not the one it was closed upon"))
    return findings


HEAD = "SELECT last_number, last_hash FROM ledger_head WHERE book_id = :book"

ENTRIES = """
SELECT e.book_id, number, effective_date, recorded_at, kind, description, note_digest, source, actor, reverses, link,
       metadata, line_count, previous_hash, hash, n.salt, n.text
  FROM ledger_entry e
  LEFT JOIN ledger_note n ON n.book_id = e.book_id AND n.entry_number = e.number
 WHERE e.book_id = :book AND number > :after ORDER BY number LIMIT :page
"""

LINES = """
SELECT p.entry_number, p.line, p.account_id, p.effective_date, p.amount, p.balance_after,
       coalesce(a.code, '?') AS code, coalesce(a.currency, '?') AS currency
  FROM ledger_posting p
  LEFT JOIN ledger_account a ON a.book_id = p.book_id AND a.account_id = p.account_id
 WHERE p.book_id = :book AND p.entry_number > :after AND p.entry_number <= :last
 ORDER BY p.entry_number, p.line
"""

CLOSES = """
SELECT a.number, a.month, (a.month + interval '1 month' - interval '1 day')::date AS last_day, a.head_number,
       a.head_hash, a.digest, e.hash
  FROM ledger_period_act a
  LEFT JOIN ledger_entry e ON e.book_id = a.book_id AND e.number = a.head_number
 WHERE a.book_id = :book AND a.act = 'close' ORDER BY a.number
"""

CLOSED_SUMS = """
SELECT coalesce(a.code, '?'), coalesce(a.currency, '?'), sum(greatest(p.amount, 0)), sum(greatest(-p.amount, 0))
  FROM ledger_posting p
  LEFT JOIN ledger_account a ON a.book_id = p.book_id AND a.account_id = p.account_id
 WHERE p.book_id = :book AND p.entry_number <= :number AND p.effective_date <= :end
 GROUP BY a.code, a.currency
"""

WHOLE_TABLES = "SET LOCAL enable_nestloop = off"
"""These statements compare whole tables. On a book that nobody has analysed yet the planner takes them for small and
looks the one up row by row in the other, which never ends.
"""

AS_BEFORE = "SET LOCAL enable_nestloop = on"

DERIVED = {
    "period": """
SELECT 'period ' || to_char(coalesce(p.month, a.month), 'YYYY-MM'),
       'its state should be ' || coalesce(a.status, 'open') || ' by what was done with it'
  FROM (SELECT month, status FROM ledger_period WHERE book_id = :book) p
  FULL JOIN (SELECT DISTINCT ON (month) month,
                    CASE act WHEN 'hold' THEN 'held' WHEN 'close' THEN 'closed' ELSE 'open' END AS status
               FROM ledger_period_act WHERE book_id = :book AND act <> 'reopen-request'
              ORDER BY month, number DESC) a USING (month)
 WHERE p.status IS DISTINCT FROM a.status ORDER BY 1
""",
    "late-entry": """
SELECT 'entry ' || e.number, 'it was recorded after ' || to_char(c.month, 'YYYY-MM') || ' was closed'
  FROM (SELECT a.month, a.head_number, a.number,
               (SELECT r.head_number FROM ledger_period_act r
                 WHERE r.book_id = :book AND r.month = a.month AND r.act = 'reopen' AND r.number > a.number
                 ORDER BY r.number LIMIT 1) AS reopened
          FROM ledger_period_act a WHERE a.book_id = :book AND a.act = 'close') c
  JOIN ledger_entry e ON e.book_id = :book AND e.number > c.head_number
   AND (c.reopened IS NULL OR e.number <= c.reopened) AND e.effective_date < c.month + interval '1 month'
 ORDER BY e.number
""",
    "account-total": """
SELECT 'account ' || a.code, 'totals should be ' || coalesce(p.debit, 0) || ' and ' || coalesce(p.credit, 0)
  FROM ledger_account a
  LEFT JOIN (SELECT account_id, sum(greatest(amount, 0)) AS debit, sum(greatest(-amount, 0)) AS credit
               FROM ledger_posting WHERE book_id = :book GROUP BY account_id) p USING (account_id)
 WHERE a.book_id = :book AND (a.debit <> coalesce(p.debit, 0) OR a.credit <> coalesce(p.credit, 0))
 ORDER BY a.code
""",
    "last-day": """
SELECT 'account ' || a.code, 'its last day should be ' || coalesce(p.day::text, 'none')
  FROM ledger_account a
  LEFT JOIN (SELECT account_id, max(effective_date) AS day FROM ledger_posting WHERE book_id = :book GROUP BY 1) p
    USING (account_id)
 WHERE a.book_id = :book AND a.last_day IS DISTINCT FROM p.day ORDER BY a.code
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
    "note": """
SELECT 'entry ' || n.entry_number, 'the note has no entry'
  FROM ledger_note n
  LEFT JOIN ledger_entry e ON e.book_id = n.book_id AND e.number = n.entry_number
 WHERE n.book_id = :book AND e.number IS NULL ORDER BY 1
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
