"""A bundle: the journal with its seals, and all that it takes to check them, in files that anybody can read.

======================  =================================================================================
``entries.txt``         a line an entry: hash before, hash, and the canonical bytes that were sealed, with tabs between
``notes.jsonl``         words outside of the seal: entry, salt, text; an erased note is simply not there
``accounts.jsonl``      a line an account: code, names, type, side, currency, control, opened on, closed on
``manifest.json``       what was asked for, counts, totals (debit and credit in minor units), first and last hash,
                        digests of the accounts
``manifest.sig``        the manifest's Ed25519 signature and the key, where the export had one
``verify_bundle.py``    checks all of this; needs nothing but Python
``README.txt``          what to do with it
======================  =================================================================================

All is UTF-8 with line feeds. The same book and filter give the same bytes, notes that were erased meanwhile aside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ledger.account import Account
from ledger.entry import Entry
from ledger.export.source import Snapshot
from ledger.seal import canonical

VERSION = "koperasi-bundle-1"

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


Sign = Callable[[bytes], tuple[bytes, bytes]]
"""Whoever signs manifests: gives the public key and the signature."""


class Target(Protocol):
    """Where the files go."""

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A file to write, one at a time."""
        ...


class Directory:
    """A folder, made if it isn't there."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A file in it."""
        return (self.path / name).open("wb")


class Zip:
    """A ZIP archive; its files carry no time, so that the same content gives the same archive."""

    def __init__(self, archive: ZipFile) -> None:
        self.archive = archive

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """A file in it."""
        about = ZipInfo(name)
        about.compress_type = ZIP_DEFLATED
        about.external_attr = 0o644 << 16
        with self.archive.open(about, "w", force_zip64=True) as file:
            yield file  # type: ignore[misc]


def sealed_line(entry: Entry) -> bytes:
    """An entry as ``entries.txt`` has it."""
    sealed = canonical(
        book_id=entry.book_id,
        number=entry.number,
        effective_date=entry.effective_date,
        recorded_at=entry.recorded_at,
        kind=entry.kind,
        description=entry.sealed_description,
        note_digest=entry.note_digest,
        source=entry.source,
        actor=entry.actor,
        reverses=entry.reverses,
        link=entry.link,
        metadata=entry.metadata,
        lines=[(line.code, line.currency, line.amount) for line in entry.lines],
    )
    return b"%b\t%b\t%b\n" % (entry.previous_hash.hex().encode(), entry.hash.hex().encode(), sealed)


def note_line(entry: Entry) -> bytes:
    """What somebody wrote of an entry, as ``notes.jsonl`` has it; nothing if there is nothing."""
    if entry.note is None:
        return b""
    return _json_line({"entry": entry.number, "salt": entry.note.salt.hex(), "text": entry.note.text})


def account_line(account: Account) -> bytes:
    """An account as ``accounts.jsonl`` has it."""
    return _json_line(
        [
            account.code,
            account.name_id,
            account.name_en,
            account.type.value,
            account.side.value,
            account.currency,
            account.control,
            None if account.opened_on is None else account.opened_on.isoformat(),
            None if account.closed_on is None else account.closed_on.isoformat(),
        ]
    )


def _json_line(value: Any) -> bytes:
    return _compact(value).encode() + b"\n"


class _Tally:
    """What the manifest says of the entries."""

    def __init__(self) -> None:
        self.entries = self.postings = 0
        self.totals: dict[str, list[int]] = {}
        self.first: Entry | None = None
        self.last: Entry | None = None

    def take(self, entry: Entry) -> None:
        """Count an entry."""
        self.entries += 1
        self.postings += len(entry.lines)
        self.first = self.first or entry
        self.last = entry
        for line in entry.lines:
            sums = self.totals.setdefault(line.currency, [0, 0])
            sums[line.amount < 0] += abs(line.amount)


async def write(
    snapshot: Snapshot,
    target: Target,
    *,
    sign: Sign | None = None,
    about: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> None:
    """Write all files. ``about`` says more of the origin in the manifest; ``progress`` hears numbers of entries.

    The notes are read in a pass of their own, since an archive takes one file at a time.
    """
    tally = _Tally()
    with target.open("entries.txt") as file:
        async for page in snapshot.pages():
            file.write(b"".join([sealed_line(entry) for entry in page]))
            for entry in page:
                tally.take(entry)
            progress(page[-1].number, snapshot.head.number)
    with target.open("notes.jsonl") as file:
        async for page in snapshot.pages(noted=True):
            file.write(b"".join([note_line(entry) for entry in page]))
    accounts = [account_line(account) for account in snapshot.accounts.values()]
    _put(target, "accounts.jsonl", b"".join(accounts))
    manifest = _compact_manifest(snapshot, tally, accounts, about or {})
    _put(target, "manifest.json", manifest)
    if sign is not None:
        key, signature = sign(manifest)
        _put(target, "manifest.sig", _json_line({"key": key.hex(), "signature": signature.hex()}))
    _put(target, "verify_bundle.py", (files("ledger.export") / "verify_bundle.py").read_bytes())
    _put(target, "README.txt", README.encode())


def _put(target: Target, name: str, data: bytes) -> None:
    with target.open(name) as file:
        file.write(data)


def _compact_manifest(snapshot: Snapshot, tally: _Tally, accounts: Iterable[bytes], about: Mapping[str, str]) -> bytes:
    lines = list(accounts)
    codes = [account.code for account in snapshot.accounts.values()]
    manifest = {
        "format": VERSION,
        **({"about": dict(about)} if about else {}),
        "book": snapshot.book_id,
        "filter": snapshot.wanted.facts(),
        "head": {"number": snapshot.head.number, "hash": snapshot.head.hash.hex()},
        "entries": tally.entries,
        "postings": tally.postings,
        "totals": dict(sorted(tally.totals.items())),
        "first": _end(tally.first),
        "last": _end(tally.last),
        "accounts": {
            "count": len(lines),
            "digest": sha256(b"".join(lines)).hexdigest(),
            "each": {code: sha256(line).hexdigest()[:16] for code, line in zip(codes, lines, strict=True)},
        },
    }
    return (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()


def _end(entry: Entry | None) -> dict[str, int | str] | None:
    if entry is None:
        return None
    return {"number": entry.number, "previous_hash": entry.previous_hash.hex(), "hash": entry.hash.hex()}


README = """\
BUKU JURNAL YANG DAPAT DIPERIKSA SIAPA PUN / A JOURNAL THAT ANYBODY CAN CHECK

Periksa seluruh isi berkas ini dengan Python 3.8 atau yang lebih baru, tanpa internet dan tanpa program lain:
Check everything in here with Python 3.8 or later, without internet and without any other program:

    python3 verify_bundle.py .

Sebuah bukti transaksi: nomor jurnal dan kode jurnal yang tercetak padanya.
A receipt: the entry number and the journal code printed on it.

    python3 verify_bundle.py . --receipt 1234 ABCD-EFGH-JKMN-PQRS

Titik periksa bertanda tangan (kode QR milik pengawas): kode lengkapnya, dan kunci umum yang dicatat pengawas.
A signed checkpoint (the auditor's QR code): the whole code, and the public key that the auditor wrote down.

    python3 verify_bundle.py . --checkpoint KOPERASI1:... --key 0123...

Ambillah verify_bundle.py dari tempat lain bila Anda tidak percaya kepada pengirim berkas ini: ia juga ada dalam
dokumentasi program Koperasi, beserta uraian bentuk berkas (docs/exports.md, docs/ledger.md).
Take verify_bundle.py from elsewhere if you don't trust whoever sent this: it stands in the documentation of the
program Koperasi too, with a description of these files (docs/exports.md, docs/ledger.md).
"""
