"""From a draft to an entry number, or to a refusal that says in words why the book refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.errors import Conflict, NotFound, Refusal, Unavailable
from koperasi.formats import format_amount
from koperasi.i18n import N_


class Idempotency(NamedTuple):
    """The caller's key and a digest of the whole request: the same request is posted once, however often it is sent."""

    key: str
    fingerprint: bytes

    @classmethod
    def of(cls, prefix: str, key: str, *parts: object) -> Idempotency:
        """From where the key comes, the key, and everything that makes the request what it is."""
        return cls(f"{prefix}:{key}", sha256("\x1f".join(map(str, parts)).encode()).digest())


class Settled(NamedTuple):
    """The entry that stands in the book, and whether it stood there before this request."""

    number: int
    replayed: bool


BUSY = N_("Sistem sedang sibuk. Coba lagi sebentar; permintaan yang sama tidak akan tercatat dua kali.")

MESSAGES: dict[str, str] = {
    "too-few-lines": N_("Jurnal perlu paling sedikit dua baris."),
    "zero-amount": N_("Baris %(line)s: jumlahnya nol."),
    "amount-range": N_("Baris %(line)s: jumlahnya terlalu besar."),
    "unknown-account": N_("Baris %(line)s: akun tidak ada."),
    "control-account": N_("Akun %(account)s adalah akun induk; catat pada akun di bawahnya."),
    "account-closed": N_("Akun %(account)s sudah ditutup."),
    "account-locked": N_("Hari sampai %(day_text)s sudah ditutup untuk akun %(account)s; pakai tanggal sesudahnya."),
    "account-paused": N_("Kas %(account)s tidak sedang dalam sesi; buka sesi kasnya dulu."),
    "account-not-open": N_("Akun %(account)s belum dibuka pada tanggal itu."),
    "same-account": N_("Semua baris memakai akun %(account)s; pilih akun lawan yang lain."),
    "unbalanced": N_("Debit dan kredit tidak sama: selisih %(difference_text)s."),
    "period-held": N_("Bulan %(month)s sedang ditutup; pilih tanggal di bulan yang terbuka."),
    "period-closed": N_("Bulan %(month)s sudah ditutup; pilih tanggal di bulan yang terbuka."),
    "unknown-entry": N_("Jurnal nomor %(entry)s tidak ada."),
    "reversal-of-reversal": N_("Jurnal %(entry)s sendiri adalah jurnal balik."),
    "already-reversed": N_("Jurnal %(entry)s sudah dibatalkan oleh jurnal %(reversed_by)s."),
    "reversal-mismatch": N_("Baris jurnal balik tidak sama dengan jurnal %(entry)s."),
    "overflow": N_("Jumlah pada akun %(account)s terlalu besar."),
    "floor": N_(
        "Saldo tidak cukup: yang tersedia pada akun %(account)s %(available_text)s, kurang %(shortfall_text)s."
    ),
    "floor-later": N_("Saldo akun %(account)s tidak cukup pada tanggal %(day_text)s: kurang %(shortfall_text)s."),
    "idempotency-mismatch": N_("Kunci ini sudah dipakai untuk permintaan lain; gunakan kunci baru."),
    "linked": N_("Tidak dicatat karena baris ke-%(position)s dalam kelompok yang sama ditolak."),
}

WITHOUT_DETAIL: dict[str, str] = {
    "already-reversed": N_("Jurnal itu sudah dibatalkan oleh jurnal lain."),
    "linked": N_("Tidak dicatat karena jurnal lain dalam kelompok yang sama ditolak."),
}
"""What is said where the book did not tell what the message would name."""

REFUSED = N_("Buku menolak jurnal ini (%(reason)s).")

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")

CONFLICTS = frozenset({"already-reversed"})
MISSING = frozenset({"unknown-entry"})


def refusal_of(rejected: ledger.Rejected) -> Refusal:
    """The refusal that tells people what the book said, with the same stable code."""
    detail: dict[str, Any] = dict(rejected.detail)
    headers: Mapping[str, str] = {"Idempotency-Replayed": "true"} if rejected.replayed else {}
    if (message := detail.pop("told", None)) is not None:
        return Refusal(rejected.code, message, field=detail.pop("about", None), headers=headers, **_named(detail))
    currency = str(detail.get("currency", "IDR"))
    for name in ("difference", "available", "shortfall"):
        if name in detail:
            detail[f"{name}_text"] = format_amount(abs(int(str(detail[name]))), currency)
    if "day" in detail:
        detail["day_text"] = f"{date.fromisoformat(str(detail['day'])):%d/%m/%Y}"
    if "position" in detail:
        detail["position"] = int(str(detail["position"])) + 1
    kind = Conflict if rejected.code in CONFLICTS else NotFound if rejected.code in MISSING else Refusal
    return kind(rejected.code, _message(rejected.code, detail), headers=headers, **_named(detail))


def _message(code: str, detail: dict[str, Any]) -> str:
    """The message whose placeholders the detail fills; a code that is new, or told little, is still told."""
    message = MESSAGES.get(code)
    if message is not None and not set(_PLACEHOLDER.findall(message)) <= set(detail):
        message = WITHOUT_DETAIL.get(code)
    if message is None:
        detail["reason"] = code
    return message or REFUSED


def _named(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Detail names that ``Refusal`` has arguments of its own for are set apart."""
    return {
        ("subject_" + name if name in {"code", "status", "field", "errors", "headers"} else name): value
        for name, value in detail.items()
    }


def settled(outcome: ledger.Outcome) -> Settled:
    """The entry's number.

    Raises:
        Refusal: the book refused, with its code.
    """
    if isinstance(outcome, ledger.Rejected):
        raise refusal_of(outcome)
    return Settled(outcome.number, isinstance(outcome, ledger.Replayed))


async def post(poster: ledger.Poster, draft: ledger.Draft) -> Settled:
    """Post one draft through group commit; returns when it is durable.

    Raises:
        Refusal: the book refused, with its code.
        Unavailable: too many are waiting.
    """
    try:
        return settled(await poster.post(draft))
    except ledger.BusyError as error:
        raise busy() from error


async def keep(connection: AsyncConnection, book_id: int, idempotency: Idempotency, refusal: Refusal) -> bool:
    """Let the same request hear the same refusal for ever; the caller commits, and then tells it.

    Returns whether the refusal stands: not if the same request was posted in the meantime.
    """
    detail = {"told": refusal.message, **{name: str(value) for name, value in refusal.params.items()}}
    if refusal.field is not None:
        detail["about"] = refusal.field
    rejected = ledger.Rejected(refusal.code, detail)
    return isinstance(await ledger.keep_refusal(connection, book_id, *idempotency, rejected), ledger.Rejected)


def busy() -> Unavailable:
    """The answer when too many postings wait or the database is away: 503, try the same again."""
    return Unavailable("busy", BUSY, headers={"Retry-After": "1"})
