"""Signed checkpoints: issued for somebody to take along, kept in a list, and held against the book later."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Select, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.audit import service as audit
from koperasi.cooperatives.service import next_number
from koperasi.db import Work
from koperasi.errors import NotFound, Refusal
from koperasi.i18n import N_
from koperasi.reports.checkpoints import SignedHead, signed_head
from koperasi.reports.tables import checkpoint
from ledger import schema
from ledger.export.checkpoint import PREFIX, parse, signed_by
from ledger.seal import inclusion_code

SERIES = "checkpoint"
_SHORT = re.compile(r"[0-9A-HJKMNP-TV-Z]{16}")
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None})


class Issued(NamedTuple):
    """A checkpoint that somebody took along. ``holds``: the book still has that entry with that hash."""

    number: int
    signed: SignedHead
    asked_by: str
    holds: bool


class Verdict(StrEnum):
    """What a code from paper says of the book as it is now."""

    KEPT = "kept"
    """The entry is there with that hash: whatever was sealed up to it was not written anew."""
    REWRITTEN = "rewritten"
    """The entry has another hash now, and the code is certainly from here."""
    CUT = "cut"
    """The book has no such entry any more, and the code is certainly from here."""
    OTHER_BOOK = "other-book"
    """It is of another book."""
    UNPROVEN = "unproven"
    """It fits nothing, and nobody here vouches for it: mistyped, or made elsewhere."""


class Checked(NamedTuple):
    """A code held against the book.

    ``number`` is the entry that it names, ``at`` when the checkpoint was signed, if known. ``signed``: whether this
    installation's key signed it; nothing can be said of a short code, which has no signature. ``head``: how far the
    book has come now.
    """

    verdict: Verdict
    number: int
    at: datetime | None
    signed: bool | None
    head: ledger.Head


async def issue(work: Work, key: Ed25519PrivateKey, *, actor: str, now: datetime) -> Issued:
    """Sign the book's last entry and keep what was signed; the caller commits.

    Raises:
        Refusal: ``empty-book``: there is nothing to sign yet.
    """
    head = await ledger.head(work.connection, work.book_id)
    if head.number == 0:
        raise Refusal("empty-book", N_("Buku ini belum berisi jurnal."))
    signed = signed_head(key, work.book_id, head, now)
    number = await next_number(work.connection, work.book_id, SERIES)
    await work.connection.execute(
        checkpoint.insert().values(
            book_id=work.book_id,
            number=number,
            head_number=signed.number,
            head_hash=head.hash,
            signed_at=signed.at,
            public_key=bytes.fromhex(signed.public_key),
            signature=signed.signature,
            asked_by=actor,
        )
    )
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=audit.Action.CHECKPOINT_ISSUED,
        subject=f"checkpoint {number}",
        after={"entry": signed.number},
    )
    return Issued(number, signed, actor, holds=True)


async def issued(
    connection: AsyncConnection, book_id: int, *, before: int | None = None, limit: int = 50
) -> tuple[list[Issued], bool]:
    """A page of what was issued, the latest first, and whether there is more."""
    query = _issued(book_id).order_by(checkpoint.c.number.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(checkpoint.c.number < before)
    rows = (await connection.execute(query)).all()
    return [_to_issued(book_id, row) for row in rows[:limit]], len(rows) > limit


async def issued_one(connection: AsyncConnection, book_id: int, number: int) -> Issued:
    """One that was issued.

    Raises:
        NotFound: ``checkpoint``.
    """
    row = (await connection.execute(_issued(book_id).where(checkpoint.c.number == number))).one_or_none()
    if row is None:
        raise NotFound("checkpoint", N_("Titik periksa dengan nomor ini tidak ada."))
    return _to_issued(book_id, row)


async def check(
    connection: AsyncConnection, book_id: int, code: str, number: int | None, key: Ed25519PublicKey
) -> Checked:
    """Hold a code from paper against the book: a whole one, or a short one with the number of its entry.

    Raises:
        Refusal: ``checkpoint-code``: it is neither; ``checkpoint-number``: a short code needs its entry's number.
    """
    typed = "".join(code.split()).upper()
    if typed.startswith(PREFIX):
        return await _check_whole(connection, book_id, typed, key)
    short = typed.translate(_READ_AS)
    if _SHORT.fullmatch(short) is None:
        raise _unreadable()
    if number is None:
        raise Refusal(
            "checkpoint-number", N_("Tulis juga nomor jurnal yang tercetak bersama kode singkat."), field="number"
        )
    return await _check_short(connection, book_id, short, number)


async def _check_whole(connection: AsyncConnection, book_id: int, code: str, key: Ed25519PublicKey) -> Checked:
    try:
        said, signature = parse(code)
    except ValueError as error:
        raise _unreadable() from error
    head = await ledger.head(connection, book_id)
    signed = signed_by(key, said, signature)
    there = await _hash_of(connection, book_id, said.number, head)
    if said.book_id != book_id:
        verdict = Verdict.OTHER_BOOK
    elif there == said.hash:
        verdict = Verdict.KEPT
    elif not signed:
        verdict = Verdict.UNPROVEN
    else:
        verdict = Verdict.CUT if there is None else Verdict.REWRITTEN
    return Checked(verdict, said.number, said.at, signed, head)


async def _check_short(connection: AsyncConnection, book_id: int, short: str, number: int) -> Checked:
    head = await ledger.head(connection, book_id)
    there = await _hash_of(connection, book_id, number, head)
    # The list of what was issued remembers what the book may have forgotten.
    known = None
    if number < 2**62:
        rows = await connection.execute(
            select(checkpoint.c.head_hash, checkpoint.c.signed_at)
            .where(checkpoint.c.book_id == book_id, checkpoint.c.head_number == number)
            .order_by(checkpoint.c.number)
        )
        known = next((at for hash_, at in rows if _plain(hash_) == short), None)
    if there is not None and _plain(there) == short:
        verdict = Verdict.KEPT
    elif known is None:
        verdict = Verdict.UNPROVEN
    else:
        verdict = Verdict.CUT if there is None else Verdict.REWRITTEN
    return Checked(verdict, number, known, None, head)


async def _hash_of(connection: AsyncConnection, book_id: int, number: int, head: ledger.Head) -> bytes | None:
    """The hash of an entry as it stands; none if the book has not, or has no longer, come that far."""
    if not 0 < number <= head.number:
        return None
    query = select(schema.entry.c.hash).where(schema.entry.c.book_id == book_id, schema.entry.c.number == number)
    found: bytes | None = await connection.scalar(query)
    return found


def _plain(hash_: bytes) -> str:
    return inclusion_code(hash_).replace("-", "")


def _unreadable() -> Refusal:
    message = N_("Ini bukan kode titik periksa: kode singkat terdiri dari 16 huruf dan angka, kode QR mulai KOPERASI1.")
    return Refusal("checkpoint-code", message, field="code")


def _issued(book_id: int) -> Select[Any]:
    entry = schema.entry
    return (
        select(checkpoint, entry.c.hash.label("hash_now"))
        .select_from(
            checkpoint.outerjoin(
                entry, and_(entry.c.book_id == checkpoint.c.book_id, entry.c.number == checkpoint.c.head_number)
            )
        )
        .where(checkpoint.c.book_id == book_id)
    )


def _to_issued(book_id: int, row: Any) -> Issued:
    head = ledger.Head(row.head_number, row.head_hash)
    signed = SignedHead.of(book_id, head, row.signed_at, row.public_key, row.signature)
    return Issued(row.number, signed, row.asked_by, row.hash_now == row.head_hash)
