"""``koperasi export``, ``checkpoint`` and ``import --kind journal``: files and standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database, Work
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.known import known
from koperasi.reports.checkpoints import SignedHead, signer
from koperasi.reports.exports import FILES, JournalExport, journal, write_file
from ledger.export.restore import Restoration, restore

Say = Callable[[str], None]


async def export(
    database: Database,
    cooperative: Cooperative,
    wanted: JournalExport,
    file: Path | None,
    *,
    known_at: str | None = None,
    key: Callable[[], Ed25519PrivateKey],
) -> None:
    """Write the journal to a file (a bundle also to a folder), or text to standard output.

    Raises:
        Refusal: a workbook or a bundle without a file, or ``known_at`` can't be read.
        ledger.UnknownAccountError: the filter names an account that isn't there.
    """
    book_id = cooperative.book_id
    if known_at is not None:
        async with database.reading(book_id) as connection:
            wanted = replace(wanted, known_at=(await known(connection, book_id, known_at, cooperative.zone)).at)
    if wanted.format not in FILES:
        await _write_text(database, book_id, wanted, file)
        return
    if file is None:
        raise Refusal("export-file", N_("Sebutkan berkas tujuan: bentuk ini bukan teks."))
    about = {"name": cooperative.name, "code": cooperative.code}
    sign = signer(key())
    await write_file(database, book_id, wanted, file, about=about, sign=sign, progress=terminal_progress())


async def _write_text(database: Database, book_id: int, wanted: JournalExport, file: Path | None) -> None:
    target = sys.stdout.buffer if file is None else file.open("wb")
    try:
        async for piece in journal(database, book_id, wanted, terminal_progress()):
            target.write(piece.encode())
        target.flush()
    finally:
        if file is not None:
            target.close()


def terminal_progress() -> Callable[[int, int], None]:
    """A line that counts on a terminal; a file or a pipe gets none."""
    if not sys.stderr.isatty():
        return lambda _done, _of: None

    def show(done: int, of: int) -> None:
        sys.stderr.write(f"\r{done}/{of}" + ("\n" if done >= of else ""))
        sys.stderr.flush()

    return show


def checkpoint_text(cooperative: Cooperative, signed: SignedHead) -> str:
    """What is printed on paper beside the QR symbol."""
    return "\n".join(
        (
            f"{cooperative.name} ({cooperative.code})",
            f"Jurnal terakhir / last entry   {signed.number}",
            f"Segel / hash                   {signed.hash}",
            f"Waktu / moment (UTC)           {signed.at:%Y-%m-%d %H:%M:%S}",
            f"Kode singkat / short code      {signed.short}",
            f"Kunci umum / public key        {signed.public_key}",
            f"Kode / code                    {signed.code}",
        )
    )


async def restore_journal(work: Work, file: Path, say: Say) -> Restoration:
    """Post a whole exported journal into the work's empty book; the caller commits.

    Raises:
        ledger.LedgerError: the file or the book is not fit for it; its message names the entry or line.
    """
    # Lines end with line feeds only: texts may hold other characters that Python takes for ends of lines.
    with file.open(encoding="utf-8", newline="\n") as lines:
        return await restore(work.connection, work.book_id, lines, lambda done: say(f"  {done} jurnal …"))
