"""What the trail records, and the chain that its rows make."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from koperasi.i18n import N_


class Action(StrEnum):
    """What somebody did; the trail's word for it is stable, the label is what people read."""

    LOG_IN = "log-in"
    LOG_IN_FAILED = "log-in.failed"
    LOG_OUT = "log-out"
    LOG_OUT_EVERYWHERE = "log-out.everywhere"
    SESSION_ENDED = "session.ended"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - a word, not a password
    PASSWORD_RESET = "password.reset"  # noqa: S105
    TOTP_ENROLLED = "totp.enrolled"
    TOTP_REMOVED = "totp.removed"
    RECOVERY_USED = "recovery.used"
    USER_CREATED = "user.created"
    USER_ACTIVATED = "user.activated"
    USER_DEACTIVATED = "user.deactivated"
    TOKEN_CREATED = "token.created"  # noqa: S105
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    COOPERATIVE_CHANGED = "cooperative.changed"
    POLICY_CHANGED = "policy.changed"
    BUSINESS_DATE = "business.date"
    MEMBER_REGISTERED = "member.registered"
    MEMBER_CHANGED = "member.changed"
    NIK_VIEWED = "nik.viewed"
    DATA_READ = "data.read"
    ERASURE_REQUESTED = "erasure.requested"
    ERASURE_DONE = "erasure.done"
    ERASURE_DECLINED = "erasure.declined"
    IMPORT_POSTED = "import.posted"
    IMPORT_UNDONE = "import.undone"
    PERIOD_CHANGED = "period.changed"
    REOPENING_REQUESTED = "reopening.requested"
    REOPENING_CONFIRMED = "reopening.confirmed"
    EXPORTED = "export"
    CHECKPOINT_ISSUED = "checkpoint.issued"
    NOTE_ERASED = "note.erased"
    APPROVAL_ASKED = "approval.asked"
    APPROVAL_GIVEN = "approval.given"
    APPROVAL_REFUSED = "approval.refused"
    APPROVAL_EXPIRED = "approval.expired"
    APPROVAL_WITHDRAWN = "approval.withdrawn"

    @property
    def label(self) -> str:
        """What people read (a message id)."""
        return LABELS[self]


LABELS = {
    Action.LOG_IN: N_("Masuk"),
    Action.LOG_IN_FAILED: N_("Gagal masuk"),
    Action.LOG_OUT: N_("Keluar"),
    Action.LOG_OUT_EVERYWHERE: N_("Keluar dari semua perangkat"),
    Action.SESSION_ENDED: N_("Sesi diakhiri"),
    Action.PASSWORD_CHANGED: N_("Kata sandi diganti"),
    Action.PASSWORD_RESET: N_("Kata sandi baru dibuatkan"),
    Action.TOTP_ENROLLED: N_("Kode kedua dipasang"),
    Action.TOTP_REMOVED: N_("Kode kedua dicabut"),
    Action.RECOVERY_USED: N_("Kode cadangan dipakai"),
    Action.USER_CREATED: N_("Pengguna dibuat"),
    Action.USER_ACTIVATED: N_("Pengguna diaktifkan"),
    Action.USER_DEACTIVATED: N_("Pengguna dinonaktifkan"),
    Action.TOKEN_CREATED: N_("Token API dibuat"),
    Action.TOKEN_REVOKED: N_("Token API dicabut"),
    Action.COOPERATIVE_CHANGED: N_("Data koperasi diubah"),
    Action.POLICY_CHANGED: N_("Kebijakan diubah"),
    Action.BUSINESS_DATE: N_("Hari buku dimajukan"),
    Action.MEMBER_REGISTERED: N_("Anggota didaftarkan"),
    Action.MEMBER_CHANGED: N_("Data anggota diubah"),
    Action.NIK_VIEWED: N_("NIK dilihat lengkap"),
    Action.DATA_READ: N_("Semua data seorang anggota dibaca"),
    Action.ERASURE_REQUESTED: N_("Penghapusan data diminta"),
    Action.ERASURE_DONE: N_("Data anggota dihapus"),
    Action.ERASURE_DECLINED: N_("Penghapusan data ditolak"),
    Action.IMPORT_POSTED: N_("Impor dicatat"),
    Action.IMPORT_UNDONE: N_("Impor dibatalkan"),
    Action.PERIOD_CHANGED: N_("Keadaan bulan diubah"),
    Action.REOPENING_REQUESTED: N_("Pembukaan bulan diminta"),
    Action.REOPENING_CONFIRMED: N_("Pembukaan bulan disetujui"),
    Action.CHECKPOINT_ISSUED: N_("Titik periksa dibuat"),
    Action.NOTE_ERASED: N_("Keterangan jurnal dihapus"),
    Action.EXPORTED: N_("Buku diekspor"),
    Action.APPROVAL_ASKED: N_("Persetujuan diminta"),
    Action.APPROVAL_GIVEN: N_("Permintaan disetujui"),
    Action.APPROVAL_REFUSED: N_("Permintaan ditolak"),
    Action.APPROVAL_EXPIRED: N_("Permintaan kedaluwarsa"),
    Action.APPROVAL_WITHDRAWN: N_("Permintaan ditarik kembali"),
}


class Event(NamedTuple):
    """A row of the trail as it is sealed; ``before`` and ``after`` are JSON text, moments are aware."""

    book_id: int
    number: int
    recorded_at: datetime
    actor: str
    role: str | None
    address: str | None
    action: str
    subject: str
    before: str | None
    after: str | None
    hash: bytes


FIRST_HASH = sha256(b"").digest()
"""What the first row follows."""

GAP = "gap"
CHANGED = "changed"
HEAD = "head"


class Finding(NamedTuple):
    """What is not as it was written: ``gap`` (a row is gone), ``changed``, or ``head`` (rows at the end are gone)."""

    code: str
    number: int


def sealed(event: Event, previous: bytes) -> bytes:
    """The hash of a row: SHA-256 of the row before's hash and of all its fields, each led by its length in bytes."""
    moment = event.recorded_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    fields = (str(event.book_id), str(event.number), moment, *event[3:-1])
    return sha256(previous + "\n".join(map(_field, fields)).encode()).digest()


def _field(value: str | None) -> str:
    return "-" if value is None else f"{len(value.encode())}:{value}"


class Walk:
    """Goes along a trail from its first row and notes what is not as it was written."""

    def __init__(self) -> None:
        self.number = 0
        self.findings: list[Finding] = []
        self._previous = FIRST_HASH

    def step(self, event: Event) -> None:
        """The next row, by number."""
        if event.number != self.number + 1:
            self.findings.append(Finding(GAP, self.number + 1))
        elif sealed(event, self._previous) != event.hash:
            self.findings.append(Finding(CHANGED, event.number))
        self.number, self._previous = event.number, event.hash

    def end(self, number: int, last_hash: bytes) -> None:
        """No row follows; the head says that the last one has this number and hash."""
        if (self.number, self._previous) != (number, last_hash):
            self.findings.append(Finding(HEAD, number))
