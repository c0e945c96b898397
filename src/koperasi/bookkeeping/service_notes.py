"""Erasing what somebody wrote of an entry, when a person asks to be forgotten (UU 27/2022, articles 8 and 43)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.audit import service as audit
from koperasi.db import Work
from koperasi.errors import Conflict, NotFound
from koperasi.i18n import N_


class ErasureReason(StrEnum):
    """Why a note is erased: one of a list, since free words could name again whom the note named."""

    SUBJECT = "subject-request"
    HEIR = "heir-request"
    NOT_NEEDED = "not-needed"
    ORDER = "authority-order"


REASON_LABELS = {
    ErasureReason.SUBJECT: N_("atas permintaan orang yang disebut"),
    ErasureReason.HEIR: N_("atas permintaan ahli waris atau wali"),
    ErasureReason.NOT_NEEDED: N_("karena data pribadinya tidak diperlukan"),
    ErasureReason.ORDER: N_("atas perintah yang berwenang"),
}
"""The reasons as people say them (message ids)."""


class NoteView(NamedTuple):
    """What can be said of an entry's note without showing a figure of the entry.

    ``text`` is none if there is no note; ``erasure`` says who had it erased. ``sealed``: what is read instead.
    """

    number: int
    effective_date: date
    kind: str
    text: str | None
    sealed: str
    erasure: ledger.Erasure | None


async def note_of(connection: AsyncConnection, book_id: int, number: int) -> NoteView:
    """An entry's note, to be looked at before it is erased.

    Raises:
        ledger.UnknownEntryError: no such number.
    """
    entry = await ledger.entry_by_number(connection, book_id, number)
    text = entry.note.text if entry.note else None
    erasure = await erasure_of(connection, entry)
    return NoteView(number, entry.effective_date, entry.kind, text, entry.sealed_description, erasure)


async def erasure_of(connection: AsyncConnection, entry: ledger.Entry) -> ledger.Erasure | None:
    """Who had an entry's note erased, when and why."""
    if entry.note is not None or entry.note_digest is None:
        return None
    return await ledger.erasure_of(connection, entry.book_id, entry.number)


async def erase(work: Work, number: int, reason: ErasureReason, *, actor: str) -> ledger.Erasure:
    """Erase an entry's note for good; the caller commits. Figures and seals stay as they are.

    Raises:
        NotFound: ``note``: the entry never had one.
        Conflict: ``note-erased``: it was erased before.
        ledger.UnknownEntryError: no such number.
    """
    try:
        erased = await ledger.erase_note(work.connection, work.book_id, number, actor=actor, reason=reason.value)
    except ledger.NoteError as error:
        entry = await ledger.entry_by_number(work.connection, work.book_id, number)
        if entry.note_digest is None:
            raise NotFound("note", N_("Jurnal ini tidak memuat keterangan yang diketik orang.")) from error
        raise Conflict("note-erased", N_("Keterangan jurnal ini sudah dihapus.")) from error
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=audit.Action.NOTE_ERASED,
        subject=f"entry {number}",
        after={"reason": reason.value},
    )
    return erased
