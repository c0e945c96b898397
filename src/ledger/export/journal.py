"""The journal as text: one CSV row a posting for spreadsheets, one JSON line an entry for proof. Nothing is read here.

A JSON line carries everything that was sealed, so that anyone can compute the chain again (docs/exports.md). A CSV cell
that a spreadsheet would run as a formula begins with an apostrophe instead.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from io import StringIO
from json.encoder import encode_basestring
from typing import Any

from ledger.account import Account, Side
from ledger.entry import Entry, EntryLine
from ledger.export.insql import DESCRIPTION, METADATA, MOMENT, InSql, by_currency, in_order, literal, side, unit, word
from ledger.money import exponent

COLUMNS = (
    "entry",
    "date",
    "recorded_at",
    "kind",
    "description",
    "source",
    "actor",
    "line",
    "account",
    "account_name",
    "currency",
    "debit",
    "credit",
    "reverses",
    "hash",
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def decimal_text(minor: int, currency: str, *, comma: str = ".") -> str:
    """Minor units as a decimal with exactly the currency's places: ``1250000.00``."""
    return placed(minor, exponent(currency), comma)


def placed(minor: int, places: int, comma: str = ".") -> str:
    """Minor units as a decimal with so many places."""
    if not places:
        return str(minor)
    digits = str(abs(minor)).rjust(places + 1, "0")
    return f"{'-' if minor < 0 else ''}{digits[:-places]}{comma}{digits[-places:]}"


def moment_text(moment: datetime) -> str:
    """A recorded moment as it is sealed: UTC, microseconds, ``Z``."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # Without microseconds there is a form of its own, which is not ours.
    return f"{moment.isoformat()[:26]}Z" if moment.microsecond else f"{moment.isoformat()[:19]}.000000Z"


def csv_head(delimiter: str = ",") -> str:
    """The line that names the columns."""
    return delimiter.join(COLUMNS) + "\r\n"


class CsvRows:
    """Entries as rows, one for each posting. With ``;`` amounts have a decimal comma, as spreadsheets there expect."""

    def __init__(self, accounts: Mapping[int, Account], delimiter: str = ",") -> None:
        self.accounts = accounts
        self.delimiter = delimiter
        self.comma = "," if delimiter == ";" else "."

    def __call__(self, entry: Entry) -> str:
        """The entry's rows, each ended by CR LF."""
        text = StringIO()
        csv.writer(text, delimiter=self.delimiter, lineterminator="\r\n").writerows(self._cells(entry))
        return text.getvalue()

    def in_sql(self) -> InSql:
        """The same, written by PostgreSQL: rows with two marks, in whose place comes what they have in common."""
        accounts, mark = in_order(self.accounts), self.delimiter
        words = []
        for account in accounts:
            cells = StringIO()
            row = ["", account.code, harmless(account.name_id), account.currency, ""]
            csv.writer(cells, delimiter=mark, lineterminator="\r\n").writerow(row)
            told = cells.getvalue().removesuffix("\r\n")
            words += [told, told + mark]
        if any(sign in told for told in words for sign in "\1\2"):
            return InSql("NULL::text", "''", words)
        amount = f"(abs(p.amount) * {unit(self.accounts)})::text"
        if self.comma != ".":
            amount = f"replace({amount}, '.', '{self.comma}')"
        line = _ROW_IN_SQL % {"account": word(2, "(p.amount < 0)::int"), "amount": amount, "mark": mark}
        return InSql(_ROWS_IN_SQL.replace("<mark>", mark), line, words)

    def _cells(self, entry: Entry) -> Iterator[list[str]]:
        before = [
            str(entry.number),
            entry.effective_date.isoformat(),
            moment_text(entry.recorded_at),
            harmless(entry.kind),
            harmless(entry.description),
            harmless(entry.source or ""),
            harmless(entry.actor),
        ]
        after = ["" if entry.reverses is None else str(entry.reverses), entry.hash.hex()]
        for line in entry.lines:
            amount = decimal_text(abs(line.amount), line.currency, comma=self.comma)
            sides = [amount, ""] if line.amount > 0 else ["", amount]
            name = harmless(self.accounts[line.account_id].name_id)
            yield [*before, str(line.line), line.code, name, line.currency, *sides, *after]


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def record(entry: Entry, accounts: Mapping[int, Account]) -> dict[str, Any]:
    """An entry as JSON shows it: amounts as strings in two columns, ``balance_after`` on the account's own side.

    ``description`` is what people read, ``sealed_description`` what the seal covers; they differ where there is a note,
    of which the seal covers the digest.
    """
    return {
        "number": entry.number,
        "date": entry.effective_date.isoformat(),
        "recorded_at": moment_text(entry.recorded_at),
        "kind": entry.kind,
        "description": entry.description,
        "sealed_description": entry.sealed_description,
        "note_digest": None if entry.note_digest is None else entry.note_digest.hex(),
        "note": None if entry.note is None else {"salt": entry.note.salt.hex(), "text": entry.note.text},
        "source": entry.source,
        "actor": entry.actor,
        "reverses": entry.reverses,
        "reversed_by": entry.reversed_by,
        "link": entry.link,
        "metadata": dict(entry.metadata),
        "previous_hash": entry.previous_hash.hex(),
        "hash": entry.hash.hex(),
        "lines": [_line(line, accounts[line.account_id]) for line in entry.lines],
    }


def _line(line: EntryLine, account: Account) -> dict[str, Any]:
    amount = {"amount": decimal_text(abs(line.amount), line.currency), "currency": line.currency}
    balance = line.balance_after if account.side is Side.DEBIT else -line.balance_after
    return {
        "line": line.line,
        "account": line.code,
        "name": account.name_id,
        "side": account.side.value,
        "debit": amount if line.amount > 0 else None,
        "credit": amount if line.amount < 0 else None,
        "balance_after": {"amount": decimal_text(balance, line.currency), "currency": line.currency},
    }


class JsonLines:
    """Entries as lines of JSON: what ``record`` gives, with the book before it, written straight for speed.

    Without ``seal`` what binds an entry to its book is left out: book, hash and the hash before.
    """

    def __init__(self, accounts: Mapping[int, Account], *, seal: bool = True) -> None:
        self.accounts = accounts
        self.seal = seal
        self._parts: dict[int, tuple[str, str, str, int, int]] = {}

    def __call__(self, entry: Entry) -> str:
        """The entry on one line, ended by a line feed."""
        note = entry.note
        words = None if note is None else f'{{"salt":"{note.salt.hex()}","text":{_quoted(note.text)}}}'
        digest = entry.note_digest
        book = f'"book":{entry.book_id},' if self.seal else ""
        chain = f'"previous_hash":"{entry.previous_hash.hex()}","hash":"{entry.hash.hex()}",' if self.seal else ""
        lines = ",".join([self._line(*line) for line in entry.lines])
        return (
            f'{{{book}"number":{entry.number},"date":"{entry.effective_date}",'
            f'"recorded_at":"{moment_text(entry.recorded_at)}","kind":{_quoted(entry.kind)},'
            f'"description":{_quoted(entry.description)},"sealed_description":{_quoted(entry.sealed_description)},'
            f'"note_digest":{"null" if digest is None else _quoted(digest.hex())},"note":{words or "null"},'
            f'"source":{_text(entry.source)},"actor":{_quoted(entry.actor)},"reverses":{_number(entry.reverses)},'
            f'"reversed_by":{_number(entry.reversed_by)},"link":{_text(entry.link)},'
            f'"metadata":{_compact(dict(entry.metadata)) if entry.metadata else "{}"},{chain}"lines":[{lines}]}}\n'
        )

    def in_sql(self) -> InSql:
        """The same, written by PostgreSQL, whose JSON strings are like Python's."""
        currencies = {account.currency for account in self.accounts.values()}

        def money(end: str) -> str:
            """What follows an amount."""
            return by_currency(self.accounts, {one: f"""'","currency":"{one}"}}{end}'""" for one in currencies})

        line = _LINE_IN_SQL % {
            "account": word(2, "(p.amount < 0)::int"),
            "unit": unit(self.accounts),
            "after_debit": money(',"credit":null,"balance_after":{"amount":"'),
            "after_credit": money(',"balance_after":{"amount":"'),
            "side": side(),
            "end": money("}"),
        }
        words = []
        for account in in_order(self.accounts):
            named = f',"account":{_quoted(account.code)},"name":{_quoted(account.name_id)},"side":"{account.side}"'
            words += [f'{named},"debit":{{"amount":"', f'{named},"debit":null,"credit":{{"amount":"']
        return InSql(_SEALED_IN_SQL if self.seal else _UNSEALED_IN_SQL, line, words, separator=",")

    def _line(self, line: int, account_id: int, code: str, currency: str, amount: int, balance: int) -> str:
        parts = self._parts.get(account_id)
        if parts is None:
            account = self.accounts[account_id]
            named = f'"account":{_quoted(code)},"name":{_quoted(account.name_id)},"side":"{account.side}","debit":'
            ends = f'","currency":"{currency}"}}'
            after = f'{ends},"credit":null,"balance_after":{{"amount":"'
            sign = 1 if account.side is Side.DEBIT else -1
            parts = self._parts[account_id] = named, after, ends, sign, exponent(currency)
        named, after, ends, sign, places = parts
        money, left = placed(abs(amount), places), placed(sign * balance, places)
        if amount > 0:
            return f'{{"line":{line},{named}{{"amount":"{money}{after}{left}{ends}}}'
        return (
            f'{{"line":{line},{named}null,"credit":{{"amount":"{money}{ends},"balance_after":{{"amount":"{left}{ends}}}'
        )


def _cell(words: str) -> str:
    """A cell as ``harmless`` and the csv module write it."""
    tamed = rf"(CASE WHEN {words} ~ '^[-=+@\t\r\n]' THEN '''' ELSE '' END || {words})"
    return rf"""CASE WHEN {words} ~ '["\r\n<mark>]' THEN '"' || replace({tamed}, '"', '""') || '"' ELSE {tamed} END"""


_ROW_IN_SQL = r"""concat(
  E'\x01', p.line, %(account)s, %(amount)s, CASE WHEN p.amount > 0 THEN '%(mark)s' END, E'\x02')"""
_CELLS = ("e.kind", DESCRIPTION, "coalesce(e.source, '')", "e.actor")
_AND_MARK = ", '<mark>', "
_GLANCE = r", E'\x01', ".join(_CELLS)
_DIFFICULT = r"""(^|\u0001)[-=+@\t]|["\r\n<mark>]"""
_ROWS_IN_SQL = rf"""
  replace(replace(lines.text, E'\x02', concat('<mark>', e.reverses, '<mark>', encode(e.hash, 'hex'), E'\r\n')), E'\x01',
    concat(e.number, '<mark>', e.effective_date, '<mark>', {MOMENT}, '<mark>',
      CASE WHEN concat({_GLANCE}) ~ {literal(_DIFFICULT)}
           THEN concat({_AND_MARK.join(map(_cell, _CELLS))}) ELSE concat({_AND_MARK.join(_CELLS)}) END, '<mark>'))"""


_quoted: Callable[[str], str] = encode_basestring
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _text(value: str | None) -> str:
    return "null" if value is None else _quoted(value)


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


# What most entries do not have is said at once.
_UNSEALED_IN_SQL = f"""concat(
  '{{"number":', e.number, ',"date":"', e.effective_date, '","recorded_at":"', {MOMENT},
  '","kind":', to_json(e.kind), ',"description":', to_json({DESCRIPTION}),
  ',"sealed_description":', to_json(e.description),
  CASE WHEN e.note_digest IS NULL AND e.source IS NULL THEN ',"note_digest":null,"note":null,"source":null,"actor":'
       ELSE concat(
         coalesce(',"note_digest":"' || encode(e.note_digest, 'hex') || '","note":', ',"note_digest":null,"note":'),
         coalesce('{{"salt":"' || encode(n.salt, 'hex') || '","text":' || to_json(n.text)::text || '}}', 'null'),
         ',"source":', coalesce(to_json(e.source)::text, 'null'), ',"actor":') END,
  to_json(e.actor),
  CASE WHEN e.reverses IS NULL AND r.reversal_number IS NULL AND e.link IS NULL AND e.metadata::text = '{{}}'
       THEN ',"reverses":null,"reversed_by":null,"link":null,"metadata":{{}},'
       ELSE concat(
         ',"reverses":', coalesce(e.reverses::text, 'null'),
         ',"reversed_by":', coalesce(r.reversal_number::text, 'null'),
         ',"link":', coalesce(to_json(e.link)::text, 'null'), ',"metadata":', {METADATA}, ',') END,
  '"lines":[', lines.text, E']}}\\n')"""

_SEALED_IN_SQL = _UNSEALED_IN_SQL.replace("""'{"number":'""", """'{"book":', e.book_id, ',"number":'""").replace(
    """'"lines":['""",
    """'"previous_hash":"', encode(e.previous_hash, 'hex'), '","hash":"', encode(e.hash, 'hex'), '","lines":['""",
)

# The account's word goes as far as the amount, which is a debit or a credit.
_LINE_IN_SQL = """concat(
  '{"line":', p.line, %(account)s, abs(p.amount) * %(unit)s,
  CASE WHEN p.amount > 0 THEN %(after_debit)s ELSE %(after_credit)s END,
  %(side)s * p.balance_after * %(unit)s, %(end)s)"""
