"""What hledger and ledger-cli have in common: transactions whose facts stand as tags in comments.

Nothing of an entry is lost, so that ``reading`` gets it back.

A free text may hold what these tools take for a date or an expression even in a comment. So a value is written as it
is only if it is plain; else as a JSON string in which all such characters are escaped, in several lines of the same tag
if it is long.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from ledger.account import Account
from ledger.entry import Entry
from ledger.export.insql import DESCRIPTION, MOMENT, InSql, by_currency, in_order, literal, unit, word
from ledger.export.journal import moment_text, placed
from ledger.export.names import readable_names, tame
from ledger.money import exponent

LONGEST_TEXT = 200
_PLAIN = re.compile(
    r"-?[A-Za-z0-9][A-Za-z0-9_.@/+-]{0,99}(?: [A-Za-z0-9_.@/+-]{1,40}){0,5}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"
)
_RISKY = re.compile(r"[^\w .@/+'!?&%*()-]")


def tag(name: str, value: str) -> str:
    """A fact as comment lines: plain, or quoted in pieces that any tool's line buffer holds."""
    if _PLAIN.fullmatch(value):
        return f"    ; {name}: {value}\n"
    pieces = [value[at : at + LONGEST_TEXT] for at in range(0, len(value), LONGEST_TEXT)] or [""]
    return "".join(f"    ; {name}: {quoted(piece)}\n" for piece in pieces)


def quoted(value: str) -> str:
    """A JSON string whose special characters are all escaped."""
    return '"' + _RISKY.sub(_escape, value) + '"'


def _escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1] if not found[0].isascii() else f"\\u{ord(found[0]):04x}"


def origin(tool: str, facts: Mapping[str, str | int]) -> str:
    """Where the file comes from, in comment lines that begin it."""
    told = [(name, str(value)) for name, value in facts.items()]
    lines = [f"; {name}: {value if _PLAIN.fullmatch(value) else quoted(value)}\n" for name, value in told]
    return f"; Koperasi journal for {tool}\n" + "".join(lines)


def account_facts(account: Account) -> Iterator[tuple[str, str]]:
    """What it takes to open the account again."""
    yield "name", account.name_id
    yield "name-en", account.name_en
    yield "side", account.side.value
    yield "currency", account.currency
    if account.floor is not None:
        yield "floor", str(account.floor)
    if account.control:
        yield "control", "yes"
    if account.opened_on is not None:
        yield "opened", account.opened_on.isoformat()
    if account.closed_on is not None:
        yield "closed", account.closed_on.isoformat()


def declarations(accounts: Iterable[Account], names: Mapping[int, str]) -> Iterator[str]:
    """All accounts, each with its facts as tags."""
    for account in accounts:
        facts = "".join(tag(*fact) for fact in account_facts(account))
        yield f"account {names[account.account_id]}\n{facts}"


def entry_facts(entry: Entry) -> Iterator[tuple[str, str]]:
    """An entry's facts besides number, dates, lines and the words that people read."""
    yield "kind", entry.kind
    yield "actor", entry.actor
    if entry.source is not None:
        yield "source", entry.source
    if entry.reverses is not None:
        yield "reverses", str(entry.reverses)
    if entry.reversed_by is not None:
        yield "reversed-by", str(entry.reversed_by)
    if entry.link is not None:
        yield "link", entry.link
    if entry.metadata:
        yield "metadata", json.dumps(dict(entry.metadata), ensure_ascii=False, separators=(",", ":"))
    if entry.note_digest is not None:
        yield "note-digest", entry.note_digest.hex()
    if entry.note is not None:
        yield "note-salt", entry.note.salt.hex()
        yield "sealed", entry.sealed_description


class Transactions:
    """Entries as transactions."""

    def __init__(self, accounts: Mapping[int, Account]) -> None:
        self.names = readable_names(sorted(accounts.values(), key=lambda account: account.code))
        self.accounts = accounts
        self.places = {account.currency: exponent(account.currency) for account in accounts.values()}

    def head(self, facts: Mapping[str, str | int]) -> Iterator[str]:
        """Origin, commodities and accounts."""
        raise NotImplementedError

    def currencies(self) -> list[tuple[str, str]]:
        """The book's currencies, each with an amount that shows its decimal places."""
        return [(one, placed(10 ** (places + 3), places)) for one, places in sorted(self.places.items())]

    def __call__(self, entry: Entry) -> str:
        """The entry as a transaction, ended by an empty line."""
        words = tame(entry.description)
        facts = "" if words == entry.description else tag("description", entry.description)
        facts += "".join([tag(name, value) for name, value in entry_facts(entry)])
        facts += f"    ; recorded: {moment_text(entry.recorded_at)}\n"
        names, places = self.names, self.places
        lines = "".join(
            [
                f"    {names[account_id]}  {placed(amount, places[currency])} {currency}\n"
                for _, account_id, _, currency, amount, _ in entry.lines
            ]
        )
        return f"{entry.effective_date} ({entry.number}) {words}\n{facts}{lines}\n"

    def in_sql(self) -> InSql:
        """The same, written by PostgreSQL: entries whose words are plain, as most are."""
        ends = {one: literal(f" {one}\n") for one in self.places}
        line = f"concat({word()}, p.amount * {unit(self.accounts)}, {by_currency(self.accounts, ends)})"
        words = [f"    {self.names[account.account_id]}  " for account in in_order(self.accounts)]
        return InSql(f"CASE WHEN {_EASY} THEN {_EASILY} END", line, words)


# Words that `tame` and `tag` leave as they are: not all of them, only such as are told at a glance. Looking for what
# must not be there is quick, since PostgreSQL builds a pattern's every state anew each time. All letters from U+00C0 to
# U+024F are printable.
_UNTAMED_IN_SQL = r"[^A-Za-z0-9$&'+,./<>?\\^_` \u00C0-\u024F-]|^$|^ | $|  "
_NO_WORD = "[^A-Za-z0-9_.@/+-]|^[^A-Za-z0-9]|^$"
_PLAIN_WORDS = "^[A-Za-z0-9][A-Za-z0-9_.@/+-]*(?: [A-Za-z0-9_.@/+-]+){0,5}$"
_PAIR = '"[A-Za-z0-9_.-]+": "[A-Za-z0-9_.-]*"'
_PAIRS = rf"^\{{{_PAIR}(?:, {_PAIR})*\}}$"
_EASY = f"""
  {DESCRIPTION} COLLATE "C" !~ {literal(_UNTAMED_IN_SQL)} AND octet_length({DESCRIPTION}) <= 80
  AND e.kind COLLATE "C" !~ '{_NO_WORD}' AND octet_length(e.kind) <= 100
  AND e.actor COLLATE "C" !~ '{_NO_WORD}' AND octet_length(e.actor) <= 100
  AND (e.source IS NULL OR e.source COLLATE "C" ~ '{_PLAIN_WORDS}' AND octet_length(e.source) <= 40)
  AND (e.link IS NULL OR e.link COLLATE "C" ~ '{_PLAIN_WORDS}' AND octet_length(e.link) <= 40)
  AND (n.salt IS NULL OR e.description COLLATE "C" ~ '{_PLAIN_WORDS}' AND octet_length(e.description) <= 40)
  AND (e.metadata::text = '{{}}'
       OR e.metadata::text COLLATE "C" ~ {literal(_PAIRS)} AND octet_length(e.metadata::text) <= 200)"""

_METADATA = r"""
  CASE WHEN e.metadata::text <> '{}' THEN concat(E'\n    ; metadata: "',
    replace(replace(replace(replace(replace(replace(e.metadata::text, ' ', ''), '{', '\u007b'), '}', '\u007d'),
    '"', '\u0022'), ':', '\u003a'), ',', '\u002c'), '"') END"""

# What is NULL is left out, with the words before it.
_EASILY = rf"""concat(
  e.effective_date, ' (', e.number, ') ', {DESCRIPTION}, E'\n    ; kind: ', e.kind, E'\n    ; actor: ', e.actor,
  E'\n    ; source: ' || e.source, E'\n    ; reverses: ' || e.reverses, E'\n    ; reversed-by: ' || r.reversal_number,
  E'\n    ; link: ' || e.link, {_METADATA}, E'\n    ; note-digest: ' || encode(e.note_digest, 'hex'),
  E'\n    ; note-salt: ' || encode(n.salt, 'hex') || E'\n    ; sealed: ' || e.description,
  E'\n    ; recorded: ', {MOMENT}, E'\n', lines.text, E'\n')"""
