"""The journal for beancount (https://beancount.io): every balance there is the book's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from ledger.account import Account
from ledger.entry import Entry
from ledger.export.insql import DESCRIPTION, METADATA, MOMENT, InSql, by_currency, in_order, literal, unit, word
from ledger.export.journal import decimal_text, moment_text
from ledger.export.names import strict_name
from ledger.export.plain import account_facts, entry_facts, origin

SINCE_EVER = date(1900, 1, 1)
"""The day on which an account is opened that has no such day."""

_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\f": "\\f", "\b": "\\b"}
_NEEDS_ESCAPE = re.compile("[" + re.escape("".join(_ESCAPED)) + "]")


def text(value: str) -> str:
    """A string as beancount writes it."""
    return '"' + _NEEDS_ESCAPE.sub(lambda found: _ESCAPED[found[0]], value) + '"'


class Beancount:
    """Entries as beancount's transactions; number and facts are metadata."""

    def __init__(self, accounts: Mapping[int, Account]) -> None:
        self.accounts = accounts
        self.names = {account_id: strict_name(account) for account_id, account in accounts.items()}

    def head(self, facts: Mapping[str, str | int]) -> Iterator[str]:
        """Origin and accounts. Accounts are never closed here: what was posted for a later day would be refused."""
        yield origin("beancount", facts)
        yield from (f'option "operating_currency" "{one}"\n' for one in self.currencies())
        for account_id, account in self.accounts.items():
            opened = account.opened_on or SINCE_EVER
            told = "".join(f"  {name}: {text(value)}\n" for name, value in account_facts(account))
            yield f"{opened} open {self.names[account_id]} {account.currency}\n  code: {text(account.code)}\n{told}"
        yield "\n"

    def currencies(self) -> list[str]:
        """The book's currencies."""
        return sorted({account.currency for account in self.accounts.values()})

    def __call__(self, entry: Entry) -> str:
        """The entry as a transaction, ended by an empty line."""
        marks = " #reversal" if entry.reverses is not None else ""
        facts = "".join([f"  {name}: {text(value)}\n" for name, value in entry_facts(entry)])
        facts += f'  recorded: "{moment_text(entry.recorded_at)}"\n'
        names = self.names
        lines = "".join(
            [
                f"  {names[account_id]}  {decimal_text(amount, currency)} {currency}\n"
                for _, account_id, _, currency, amount, _ in entry.lines
            ]
        )
        return f"{entry.effective_date} * {text(entry.description)}{marks}\n  number: {entry.number}\n{facts}{lines}\n"

    def in_sql(self) -> InSql:
        """The same, written by PostgreSQL, whose JSON strings are like these, but for characters that nobody types."""
        ends = {one: literal(f" {one}\n") for one in self.currencies()}
        line = f"concat({word()}, p.amount * {unit(self.accounts)}, {by_currency(self.accounts, ends)})"
        words = [f"  {self.names[account.account_id]}  " for account in in_order(self.accounts)]
        return InSql(f"CASE WHEN {_EASY} THEN {_EASILY} END", line, words)


_EASY = rf"""
  concat({DESCRIPTION}, e.kind, e.actor, e.source, e.link, e.description) COLLATE "C"
    !~ '[\u0001-\u0007\u000B\u000E-\u001F]'"""

# What is NULL is left out, with the words before it.
_EASILY = rf"""concat(
  e.effective_date, ' * ', to_json({DESCRIPTION}), CASE WHEN e.reverses IS NOT NULL THEN ' #reversal' END,
  E'\n  number: ', e.number, E'\n  kind: ', to_json(e.kind), E'\n  actor: ', to_json(e.actor),
  E'\n  source: ' || to_json(e.source)::text, E'\n  reverses: "' || e.reverses || '"',
  E'\n  reversed-by: "' || r.reversal_number || '"', E'\n  link: ' || to_json(e.link)::text,
  CASE WHEN e.metadata::text <> '{{}}' THEN E'\n  metadata: ' || to_json({METADATA})::text END,
  E'\n  note-digest: "' || encode(e.note_digest, 'hex') || '"',
  E'\n  note-salt: "' || encode(n.salt, 'hex') || E'"\n  sealed: ' || to_json(e.description)::text,
  E'\n  recorded: "', {MOMENT}, E'"\n', lines.text, E'\n')"""
