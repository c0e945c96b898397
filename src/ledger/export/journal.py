"""The journal as text: one CSV row a posting for spreadsheets, one JSON line an entry for proof. Nothing is read here.

A JSON line carries everything that was sealed, so that anyone can compute the chain again (docs/exports.md). A CSV cell
that a spreadsheet would run as a formula begins with an apostrophe instead.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from ledger.account import Account, Side
from ledger.entry import Entry, EntryLine
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
    places = exponent(currency)
    whole, fraction = divmod(abs(minor), 10**places)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}{comma}{fraction:0{places}}" if places else f"{sign}{whole}"


def moment_text(moment: datetime) -> str:
    """A recorded moment as it is sealed: UTC, microseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def csv_head(delimiter: str = ",") -> str:
    """The line that names the columns."""
    return _csv_line(COLUMNS, delimiter)


def csv_rows(entry: Entry, accounts: Mapping[int, Account], delimiter: str = ",") -> Iterator[str]:
    """One line of text for each posting. With ``;`` amounts have a decimal comma, as spreadsheets there expect it."""
    comma = "," if delimiter == ";" else "."
    before = [
        str(entry.number),
        entry.effective_date.isoformat(),
        moment_text(entry.recorded_at),
        entry.kind,
        entry.description,
        entry.source or "",
        entry.actor,
    ]
    after = ["" if entry.reverses is None else str(entry.reverses), entry.hash.hex()]
    for line in entry.lines:
        amount = decimal_text(abs(line.amount), line.currency, comma=comma)
        sides = [amount, ""] if line.amount > 0 else ["", amount]
        account = [str(line.line), line.code, accounts[line.account_id].name_id, line.currency]
        yield _csv_line([*before, *account, *sides, *after], delimiter)


def _csv_line(cells: Iterable[str], delimiter: str) -> str:
    text = StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow([harmless(cell) for cell in cells])
    return text.getvalue()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def record(entry: Entry, accounts: Mapping[int, Account]) -> dict[str, Any]:
    """An entry as JSON shows it: amounts as strings in two columns, ``balance_after`` on the account's own side."""
    return {
        "number": entry.number,
        "date": entry.effective_date.isoformat(),
        "recorded_at": moment_text(entry.recorded_at),
        "kind": entry.kind,
        "description": entry.description,
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


def json_line(entry: Entry, accounts: Mapping[int, Account]) -> str:
    """The entry with its book on one line, ended by a line feed."""
    whole = {"book": entry.book_id, **record(entry, accounts)}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")) + "\n"
