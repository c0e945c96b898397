"""The journal as a stream of text: read page by page in one snapshot, so its size and later postings don't matter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from litestar.response import Stream

import ledger
from koperasi.db import Database
from ledger.export import csv_head, csv_rows, json_line

PAGE = 500
"""Entries read, written out and forgotten at a time."""

BYTE_ORDER_MARK = "\ufeff"


class Format(StrEnum):
    """``csv``: a row a posting, for spreadsheets. ``jsonl``: a line an entry, with what its seal covers."""

    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES = {Format.CSV: "text/csv", Format.JSONL: "application/jsonl"}


@dataclass(frozen=True, slots=True)
class JournalExport:
    """Which entries, by effective date, and in which form. ``;`` also writes a decimal comma; both concern CSV only."""

    format: Format
    from_date: date | None = None
    to_date: date | None = None
    delimiter: str = ","
    bom: bool = False

    @property
    def filename(self) -> str:
        """A name for the file that says which days are in it."""
        days = [f"{day:%Y-%m-%d}" for day in (self.from_date, self.to_date) if day is not None]
        return "-".join(["jurnal", *days]) + f".{self.format}"


async def journal(database: Database, book_id: int, wanted: JournalExport) -> AsyncIterator[str]:
    """The text, in pieces. The snapshot is taken when the first piece is asked for and given back after the last."""
    if wanted.format is Format.CSV:
        yield (BYTE_ORDER_MARK if wanted.bom else "") + csv_head(wanted.delimiter)
    after = 0
    async with database.reading(book_id) as connection:
        while True:
            found = await ledger.entries(
                connection, book_id, after=after, limit=PAGE, from_date=wanted.from_date, to_date=wanted.to_date
            )
            if not found:
                return
            after = found[-1].number
            ids = {line.account_id for entry in found for line in entry.lines}
            yield _page(found, await ledger.accounts_by_id(connection, book_id, ids), wanted)


def _page(found: list[ledger.Entry], accounts: dict[int, ledger.Account], wanted: JournalExport) -> str:
    if wanted.format is Format.JSONL:
        return "".join(json_line(entry, accounts) for entry in found)
    return "".join(row for entry in found for row in csv_rows(entry, accounts, wanted.delimiter))


def download(database: Database, book_id: int, wanted: JournalExport) -> Stream:
    """The text as a file that the browser keeps."""
    return Stream(
        journal(database, book_id, wanted),
        media_type=MEDIA_TYPES[wanted.format],
        headers={"Content-Disposition": f'attachment; filename="{wanted.filename}"'},
    )
