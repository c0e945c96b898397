"""The journal as a file, read page by page in one snapshot, so its size and later postings don't matter.

Text is streamed as it is read. A workbook or a bundle is a ZIP, whose directory stands at its end: it is written to a
file first.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO
from zipfile import ZipFile

from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.db import Database, view_of
from koperasi.i18n import N_, translate
from ledger.export import Beancount, CsvRows, Filter, Hledger, JsonLines, LedgerCli, Snapshot, bundle, csv_head
from ledger.export import snapshot as look_at
from ledger.export.insql import Writer
from ledger.export.xlsx import ROWS, Cell, Xlsx

BYTE_ORDER_MARK = "\ufeff"
CHUNK = 64 * 1024

ALONE = 20_000
"""Books of up to so many entries are written through one connection, longer ones through two."""

PATIENCE_S = 1
"""How long an export waits for its second connection."""

_SECOND = threading.Lock()
"""Held by the export that has a second connection: one in a process, so that the others keep theirs."""

Progress = Callable[[int, int], None]
"""Hears the number of the last entry written, and of the book's last."""


class Format(StrEnum):
    """``csv`` and ``xlsx``: a row a posting, for spreadsheets. ``jsonl``: a line an entry, with what its seal covers.

    ``hledger``, ``ledger`` and ``beancount``: for these tools. ``bundle``: the sealed entries with all that it takes
    to check them.
    """

    CSV = "csv"
    JSONL = "jsonl"
    HLEDGER = "hledger"
    LEDGER = "ledger"
    BEANCOUNT = "beancount"
    XLSX = "xlsx"
    BUNDLE = "bundle"


FILES = frozenset({Format.XLSX, Format.BUNDLE})
"""Formats that are no text and need a file to write to."""

PLAIN_TEXT: Mapping[Format, type[Hledger | LedgerCli | Beancount]] = {
    Format.HLEDGER: Hledger,
    Format.LEDGER: LedgerCli,
    Format.BEANCOUNT: Beancount,
}

MEDIA_TYPES = {
    Format.CSV: "text/csv",
    Format.JSONL: "application/jsonl",
    Format.HLEDGER: "text/plain",
    Format.LEDGER: "text/plain",
    Format.BEANCOUNT: "text/plain",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.BUNDLE: "application/zip",
}

SUFFIXES = {Format.HLEDGER: "journal", Format.BUNDLE: "zip"}

TITLES = (
    N_("Jurnal"),
    N_("Tanggal"),
    N_("Dicatat (UTC)"),
    N_("Jenis"),
    N_("Uraian"),
    N_("Bukti"),
    N_("Petugas"),
    N_("Baris"),
    N_("Akun"),
    N_("Nama akun"),
    N_("Mata uang"),
    N_("Debit"),
    N_("Kredit"),
    N_("Membalik jurnal"),
    N_("Segel"),
)


@dataclass(frozen=True, slots=True)
class JournalExport:
    """Which entries, by effective date, account, kind and what was known, and in which form.

    ``;`` also writes a decimal comma; it and ``bom`` concern CSV only. Without ``seal`` JSON lines and the plain-text
    formats leave out what binds entries to their book, so that books with the same content give the same bytes.
    """

    format: Format
    from_date: date | None = None
    to_date: date | None = None
    delimiter: str = ","
    bom: bool = False
    account: str | None = None
    kind: str | None = None
    known_at: int | None = None
    seal: bool = True

    @property
    def filename(self) -> str:
        """A name for the file that says which days are in it."""
        days = [f"{day:%Y-%m-%d}" for day in (self.from_date, self.to_date) if day is not None]
        return "-".join(["jurnal", *days]) + f".{SUFFIXES.get(self.format, self.format)}"

    @property
    def filter(self) -> Filter:
        """The entries that are asked for."""
        return Filter(self.from_date, self.to_date, self.account, self.kind, self.known_at)


def _nobody(_done: int, _of: int) -> None:
    """Hears of the progress, and does nothing."""


async def journal(
    database: Database, book_id: int, wanted: JournalExport, progress: Progress = _nobody
) -> AsyncIterator[str]:
    """The text, in pieces. The snapshot is taken when the first piece is asked for and given back after the last."""
    async with database.reading(book_id) as connection:
        seen = await look_at(connection, book_id, wanted.filter)
        write = _writer(seen, wanted)
        for piece in _head(seen, wanted, write):
            yield piece
        async with aclosing(seen.texts(write, second=_second(database, seen))) as texts:
            async for number, text in texts:
                yield text
                progress(number, seen.head.number)


@asynccontextmanager
async def _second(database: Database, seen: Snapshot) -> AsyncIterator[AsyncConnection | None]:
    """Another connection that sees what the export sees; None for a short book, and while another export has one.

    Raises:
        TimeoutError: the pool had none to give.
    """
    if seen.head.number <= ALONE or not _SECOND.acquire(blocking=False):
        yield None
        return
    try:
        async with AsyncExitStack() as held:
            view = await view_of(seen.connection)
            async with asyncio.timeout(PATIENCE_S):
                connection = await held.enter_async_context(database.reading(seen.book_id, view))
            yield connection
    finally:
        _SECOND.release()


def _writer(seen: Snapshot, wanted: JournalExport) -> Writer:
    match wanted.format:
        case Format.CSV:
            return CsvRows(seen.accounts, wanted.delimiter)
        case Format.JSONL:
            return JsonLines(seen.accounts, seal=wanted.seal)
        case _:
            return PLAIN_TEXT[wanted.format](seen.accounts)


def _head(seen: Snapshot, wanted: JournalExport, write: Writer) -> list[str]:
    """What stands before the first entry."""
    if wanted.format is Format.CSV:
        return [(BYTE_ORDER_MARK if wanted.bom else "") + csv_head(wanted.delimiter)]
    if isinstance(write, Hledger | LedgerCli | Beancount):
        return ["".join(write.head(seen.origin() if wanted.seal else {}))]
    return []


async def write_file(
    database: Database,
    book_id: int,
    wanted: JournalExport,
    target: BinaryIO | Path,
    *,
    about: Mapping[str, str] | None = None,
    sign: bundle.Sign | None = None,
    locale: str = "id",
    progress: Progress = _nobody,
) -> None:
    """Write a workbook or a bundle; a bundle's target may be a folder that is there, or is to be made.

    ``about`` says of whom the book is.
    """
    async with database.reading(book_id) as connection:
        seen = await look_at(connection, book_id, wanted.filter)
        if wanted.format is Format.XLSX:
            await _write_workbook(seen, target, about or {}, locale, progress)
        elif isinstance(target, Path) and target.suffix != ".zip":
            await bundle.write(seen, bundle.Directory(target), about=about, sign=sign, progress=progress)
        else:
            with ZipFile(target, "w") as archive:
                await bundle.write(seen, bundle.Zip(archive), about=about, sign=sign, progress=progress)


async def _write_workbook(
    seen: Snapshot,
    target: BinaryIO | Path,
    about: Mapping[str, str],
    locale: str,
    progress: Progress,
    rows: int = ROWS,
) -> None:
    def say(message: str, **params: object) -> str:
        return translate(locale, message, **params)

    def totals(currency: str) -> tuple[str, str]:
        return (
            say(N_("Jumlah debit %(currency)s"), currency=currency),
            say(N_("Jumlah kredit %(currency)s"), currency=currency),
        )

    titles = [say(title) for title in TITLES]
    book = Xlsx(target, seen.accounts, titles=titles, sheet=say(N_("Jurnal")), origin=say(N_("Asal")), rows=rows)
    async for page in seen.pages():
        # Cells take long to write; others are served meanwhile.
        await asyncio.to_thread(book.add_all, page)
        progress(page[-1].number, seen.head.number)
    wanted = seen.wanted
    facts: list[tuple[str, Cell]] = [
        *((say(N_("Koperasi")), value) for value in about.values()),
        (say(N_("Buku")), seen.book_id),
        (say(N_("Dari tanggal")), wanted.from_date),
        (say(N_("Sampai tanggal")), wanted.to_date),
        (say(N_("Akun")), wanted.account),
        (say(N_("Jenis")), wanted.kind),
        (say(N_("Banyaknya jurnal")), book.entries),
        (say(N_("Banyaknya posting")), book.postings),
        (say(N_("Jurnal terakhir dalam buku")), seen.head.number),
        (say(N_("Segel jurnal terakhir")), seen.head.hash.hex()),
    ]
    await asyncio.to_thread(book.close, facts, totals)


def download(
    database: Database,
    book_id: int,
    wanted: JournalExport,
    *,
    about: Mapping[str, str] | None = None,
    sign: bundle.Sign | None = None,
    locale: str = "id",
) -> Stream:
    """The text or file, as a file that the browser keeps."""

    async def written() -> AsyncIterator[bytes]:
        with tempfile.TemporaryFile(prefix="koperasi") as file:
            await write_file(database, book_id, wanted, file, about=about, sign=sign, locale=locale)
            file.seek(0)
            while piece := file.read(CHUNK):
                yield piece

    return Stream(
        written() if wanted.format in FILES else journal(database, book_id, wanted),
        media_type=MEDIA_TYPES[wanted.format],
        headers={"Content-Disposition": f'attachment; filename="{wanted.filename}"'},
    )
