"""What was done with months: each act may follow those before it, and each close is the trial balance of its day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.verify_report import Findings, Wording
from ledger.verify_walk import Closed

ACTS = """
SELECT a.number, a.month, a.act, a.actor, a.reason, a.head_number, a.head_hash, a.confirms,
       coalesce(e.hash, CASE a.head_number WHEN 0 THEN decode(repeat('00', 32), 'hex') END) AS hash
  FROM ledger_period_act a
  LEFT JOIN ledger_entry e ON e.book_id = a.book_id AND e.number = a.head_number
 WHERE a.book_id = :book ORDER BY a.number
"""

STATES = "SELECT month, status FROM ledger_period WHERE book_id = :book ORDER BY month"

# One walk through the postings for all closes: each posting falls between two closes by number, and between two by
# date; a close has what comes before it both ways.
CLOSES = """
WITH cells AS MATERIALIZED (
  SELECT account_id, width_bucket(entry_number, CAST(:beyond AS bigint[])) AS i,
         width_bucket(effective_date, CAST(:after AS date[])) AS j,
         sum(greatest(amount, 0)) AS debit, sum(greatest(-amount, 0)) AS credit
    FROM ledger_posting
   WHERE book_id = :book AND entry_number < (CAST(:beyond AS bigint[]))[cardinality(CAST(:beyond AS bigint[]))]
     AND effective_date < (CAST(:after AS date[]))[cardinality(CAST(:after AS date[]))]
   GROUP BY 1, 2, 3
), sums AS (
  SELECT c.number, m.account_id, sum(m.debit) AS debit, sum(m.credit) AS credit
    FROM unnest(CAST(:numbers AS bigint[]), CAST(:is AS int[]), CAST(:js AS int[])) AS c(number, i, j)
    JOIN cells m ON m.i <= c.i AND m.j <= c.j
   GROUP BY 1, 2
), balances AS (
  SELECT s.number, string_agg('[' || coalesce(a.named, '"?"') || ',' || s.debit || ',' || s.credit || ']', ','
                              ORDER BY a.code COLLATE "C") AS rows
    FROM sums s
    LEFT JOIN (SELECT account_id, code, to_json(code)::text || ',' || to_json(currency)::text AS named
                 FROM ledger_account WHERE book_id = :book) a USING (account_id)
   GROUP BY s.number
)
SELECT a.number
  FROM ledger_period_act a LEFT JOIN balances b USING (number)
 WHERE a.book_id = :book AND a.number = ANY(CAST(:numbers AS bigint[]))
   AND a.digest IS DISTINCT FROM sha256(convert_to(
         '["koperasi-trial-balance-1",' || a.book_id || ',"' || (a.month + interval '1 month' - interval '1 day')::date
         || '",' || a.head_number || ',"' || encode(a.head_hash, 'hex') || '",[' || coalesce(b.rows, '') || ']]',
         'UTF8'))
 ORDER BY a.number
"""

_ACT = "{act} of {month} (act {number})"
GAP = Wording(_ACT, "act {expected} was expected")
FOLLOWS = Wording(_ACT, "it may not follow what was done before")
SAME_PERSON = Wording(_ACT, "no other person asked for it")
ACT_HEAD = Wording(_ACT, "entry {head} is not the one that was the last then")
DIGEST = Wording(_ACT, "the trial balance is not the one that was closed")
CLOSE_HEAD = Wording(_ACT, "entry {head} is not the one it was closed upon")
STATE = Wording("period {month}", "its state should be {state} by what was done with it")

BECOMES = {"hold": "held", "open": "open", "close": "closed", "reopen": "open"}
FROM = {
    "hold": {"open"},
    "open": {"held"},
    "close": {"open", "held"},
    "reopen-request": {"closed"},
    "reopen": {"closed"},
}


@dataclass
class Periods:
    """The states of months, as act after act makes them."""

    found: Findings
    states: dict[date, str] = field(default_factory=dict)
    asked: dict[date, dict[int, str]] = field(default_factory=dict)
    closes: dict[int, Any] = field(default_factory=dict)
    since: list[int] = field(default_factory=list)
    until: list[date | None] = field(default_factory=list)
    number: int = 0
    head: int = 0

    def take(self, act: Any) -> None:
        """One act, after those before it."""
        facts = {
            "act": act["act"],
            "month": f"{act['month']:%Y-%m}",
            "number": act["number"],
            "head": act["head_number"],
            "expected": self.number + 1,
        }
        if act["number"] != self.number + 1:
            self.found.add("act", GAP, facts)
        if act["head_hash"] != act["hash"] or act["head_number"] < self.head:
            is_close = act["act"] == "close"
            self.found.add("close" if is_close else "act", CLOSE_HEAD if is_close else ACT_HEAD, facts)
        month, state = act["month"], self.states.get(act["month"], "open")
        if state not in FROM[act["act"]] or (act["act"] == "reopen-request" and not act["reason"]):
            self.found.add("act", FOLLOWS, facts)
        elif act["act"] == "reopen" and self.asked.get(month, {}).get(act["confirms"], act["actor"]) == act["actor"]:
            self.found.add("act", SAME_PERSON, facts)
        self.number, self.head = act["number"], max(self.head, act["head_number"])
        if act["act"] == "reopen-request":
            self.asked.setdefault(month, {})[act["number"]] = act["actor"]
            return
        self.asked.pop(month, None)
        self.states[month] = BECOMES[act["act"]]
        if act["act"] == "close":
            self.closes[act["number"]] = act
        if act["act"] in {"close", "reopen"}:
            self._bound(act["head_number"] + 1)

    def _bound(self, since: int) -> None:
        """From this entry on, all days up to the last closed month are closed."""
        closed = [month for month, state in self.states.items() if state == "closed"]
        if self.since and self.since[-1] >= since:
            since = self.since.pop()
            self.until.pop()
        self.since.append(since)
        self.until.append(month_end(max(closed)) + timedelta(1) if closed else None)


def month_end(month: date) -> date:
    """The last day of a month."""
    return (month.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)


async def check_periods(connection: AsyncConnection, book_id: int, found: Findings) -> Closed:
    """All acts and closes, and the states that they make; returns what was closed from which entry on."""
    periods = Periods(found)
    for act in (await connection.execute(text(ACTS), {"book": book_id})).mappings():
        periods.take(act)
    stored = {row.month: row.status for row in await connection.execute(text(STATES), {"book": book_id})}
    for month in sorted(stored.keys() | periods.states.keys()):
        state = periods.states.get(month)
        if state != stored.get(month):
            found.add("period", STATE, {"month": f"{month:%Y-%m}", "state": state or "open"})
    if periods.closes:
        await _check_closes(connection, book_id, list(periods.closes.values()), found)
    return Closed(periods.since, periods.until)


async def _check_closes(connection: AsyncConnection, book_id: int, closes: Sequence[Any], found: Findings) -> None:
    beyond = sorted({close["head_number"] + 1 for close in closes})
    after = sorted({month_end(close["month"]) + timedelta(1) for close in closes})
    facts = {
        "book": book_id,
        "beyond": beyond,
        "after": after,
        "numbers": [close["number"] for close in closes],
        "is": [beyond.index(close["head_number"] + 1) for close in closes],
        "js": [after.index(month_end(close["month"]) + timedelta(1)) for close in closes],
    }
    by_number = {close["number"]: close for close in closes}
    for (number,) in (await connection.execute(text(CLOSES), facts)).all():
        close = by_number[number]
        found.add("close", DIGEST, {"act": "close", "month": f"{close['month']:%Y-%m}", "number": number})
