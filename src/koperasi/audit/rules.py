"""What the trail records, and the chain that its rows make."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

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
    ROLE_CHANGED = "role.changed"
    ACCESS_REFUSED = "access.refused"
    TOKEN_CREATED = "token.created"  # noqa: S105
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    COOPERATIVE_CHANGED = "cooperative.changed"
    POLICY_CHANGED = "policy.changed"
    BUSINESS_DATE = "business.date"
    BUSINESS_DAY_CLOSED = "business-day.closed"
    SESSION_OPENED = "cash-session.opened"
    SESSION_CLOSED = "cash-session.closed"
    CASH_CONFIRMED = "cash.confirmed"
    OFFICE_OPENED = "office.opened"
    OFFICE_CLOSED = "office.closed"
    PETTY_COUNTED = "petty-cash.counted"
    PRODUCT_ADDED = "product.added"
    PRODUCT_TERMS = "product.terms"
    PARTNER_ADDED = "partner.added"
    SAVINGS_OPENED = "savings.opened"
    SAVINGS_REOPENED = "savings.reopened"
    SAVINGS_CLOSED = "savings.closed"
    PLAN_SET = "plan.set"
    PLANS_RUN = "plans.run"
    FEES_TAKEN = "fees.taken"
    MEMBER_REGISTERED = "member.registered"
    MEMBER_CHANGED = "member.changed"
    MEMBERSHIP_CHANGED = "membership.changed"
    EXIT_DECIDED = "exit.decided"
    EXIT_PAID = "exit.paid"
    EXIT_REVERSED = "exit.reversed"
    CONSENT_GIVEN = "consent.given"
    CONSENT_REVOKED = "consent.revoked"
    FAMILY_VIEWED = "family.viewed"
    CONSENTED_VIEWED = "consented.viewed"
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
    COMMENT_WRITTEN = "comment.written"
    COMMENT_ERASED = "comment.erased"
    RETURNS_PREPARED = "returns.prepared"
    RETURNS_APPROVED = "returns.approved"
    RETURNS_POSTED = "returns.posted"
    RETURNS_DROPPED = "returns.dropped"
    APPROVAL_ASKED = "approval.asked"
    APPROVAL_GIVEN = "approval.given"
    APPROVAL_REFUSED = "approval.refused"
    APPROVAL_EXPIRED = "approval.expired"
    APPROVAL_WITHDRAWN = "approval.withdrawn"
    DUES_BILLED = "dues.billed"
    DUES_TERMS = "dues.terms"
    DUE_WAIVED = "due.waived"
    REQUEST_ASKED = "request.asked"
    REQUEST_SETTLED = "request.settled"
    READ_ONLY_BEGUN = "read-only.begun"
    READ_ONLY_ENDED = "read-only.ended"

    DEPOSIT_TERMS = "deposit.terms"
    DEPOSIT_RESULT = "deposit.result"
    DEPOSIT_INSTRUCTED = "deposit.instructed"
    DEPOSIT_CLOSED = "deposit.closed"

    @property
    def label(self) -> str:
        """What people read (a message id)."""
        return LABELS[self]


LABELS = {
    Action.DEPOSIT_TERMS: N_("Ketentuan simpanan berjangka ditetapkan"),
    Action.DEPOSIT_RESULT: N_("Hasil pengelolaan bulanan ditetapkan"),
    Action.DEPOSIT_INSTRUCTED: N_("Perpanjangan simpanan berjangka diubah"),
    Action.DEPOSIT_CLOSED: N_("Simpanan berjangka ditutup"),
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
    Action.ROLE_CHANGED: N_("Peran diubah"),
    Action.ACCESS_REFUSED: N_("Akses ditolak"),
    Action.TOKEN_CREATED: N_("Token API dibuat"),
    Action.TOKEN_REVOKED: N_("Token API dicabut"),
    Action.COOPERATIVE_CHANGED: N_("Data koperasi diubah"),
    Action.POLICY_CHANGED: N_("Kebijakan diubah"),
    Action.BUSINESS_DATE: N_("Hari buku dimajukan"),
    Action.BUSINESS_DAY_CLOSED: N_("Hari buku ditutup"),
    Action.SESSION_OPENED: N_("Sesi kas dibuka"),
    Action.SESSION_CLOSED: N_("Sesi kas ditutup"),
    Action.CASH_CONFIRMED: N_("Serah terima kas dibenarkan"),
    Action.OFFICE_OPENED: N_("Kantor dibuka"),
    Action.OFFICE_CLOSED: N_("Kantor ditutup"),
    Action.PETTY_COUNTED: N_("Kas kecil dihitung"),
    Action.PRODUCT_ADDED: N_("Produk simpanan ditambah"),
    Action.PRODUCT_TERMS: N_("Ketentuan produk simpanan ditetapkan"),
    Action.PARTNER_ADDED: N_("Koperasi penyimpan didaftarkan"),
    Action.SAVINGS_OPENED: N_("Rekening simpanan dibuka"),
    Action.SAVINGS_REOPENED: N_("Rekening simpanan dibuka kembali"),
    Action.SAVINGS_CLOSED: N_("Rekening simpanan ditutup"),
    Action.PLAN_SET: N_("Rencana simpanan ditetapkan"),
    Action.PLANS_RUN: N_("Setoran rutin dijalankan"),
    Action.FEES_TAKEN: N_("Biaya bulanan simpanan dipotong"),
    Action.MEMBER_REGISTERED: N_("Anggota didaftarkan"),
    Action.MEMBER_CHANGED: N_("Data anggota diubah"),
    Action.MEMBERSHIP_CHANGED: N_("Keanggotaan diubah"),
    Action.EXIT_DECIDED: N_("Penyelesaian anggota keluar diputuskan"),
    Action.EXIT_PAID: N_("Hak anggota keluar dibayar"),
    Action.EXIT_REVERSED: N_("Penyelesaian anggota keluar dibatalkan"),
    Action.CONSENT_GIVEN: N_("Izin melihat diberikan"),
    Action.CONSENT_REVOKED: N_("Izin melihat dicabut"),
    Action.FAMILY_VIEWED: N_("Simpanan keluarga dilihat"),
    Action.CONSENTED_VIEWED: N_("Daftar anggota yang memberi izin dilihat"),
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
    Action.COMMENT_WRITTEN: N_("Komentar ditulis"),
    Action.COMMENT_ERASED: N_("Komentar dihapus"),
    Action.EXPORTED: N_("Buku diekspor"),
    Action.RETURNS_PREPARED: N_("Imbal simpanan dihitung"),
    Action.RETURNS_APPROVED: N_("Imbal simpanan disetujui"),
    Action.RETURNS_POSTED: N_("Imbal simpanan dicatat"),
    Action.RETURNS_DROPPED: N_("Perhitungan imbal dibuang"),
    Action.APPROVAL_ASKED: N_("Persetujuan diminta"),
    Action.APPROVAL_GIVEN: N_("Permintaan disetujui"),
    Action.APPROVAL_REFUSED: N_("Permintaan ditolak"),
    Action.APPROVAL_EXPIRED: N_("Permintaan kedaluwarsa"),
    Action.APPROVAL_WITHDRAWN: N_("Permintaan ditarik kembali"),
    Action.DUES_BILLED: N_("Simpanan wajib ditagih"),
    Action.DUES_TERMS: N_("Simpanan wajib seorang anggota ditetapkan"),
    Action.DUE_WAIVED: N_("Tagihan dihapus"),
    Action.REQUEST_ASKED: N_("Permintaan anggota diajukan"),
    Action.REQUEST_SETTLED: N_("Permintaan anggota dijawab"),
    Action.READ_ONLY_BEGUN: N_("Mode hanya-baca dimulai"),
    Action.READ_ONLY_ENDED: N_("Mode hanya-baca diakhiri"),
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
ANCHOR = "anchor"


class Finding(NamedTuple):
    """What is not as it was written: ``gap`` (a row is gone), ``changed``, or ``head`` (rows at the end are gone).

    ``anchor``: the entry of this number was sealed with another row, so the trail was written anew since.
    """

    code: str
    number: int


FIELDS = {
    "value": N_("Nilai"),
    "valid_from": N_("Berlaku sejak"),
    "valid_until": N_("Berlaku sampai"),
    "expires_at": N_("Berlaku sampai"),
    "role": N_("Peran"),
    "status": N_("Keadaan"),
    "kind": N_("Jenis"),
    "entry": N_("Jurnal"),
    "reason": N_("Alasan"),
    "fields": N_("Isian yang diubah"),
    "fingerprint": N_("Sidik"),
    "subject": N_("Tentang"),
    "scope": N_("Hak token"),
    "left": N_("Kode tersisa"),
    "from": N_("Dari tanggal"),
    "to": N_("Sampai tanggal"),
    "permission": N_("Hak"),
    "name": N_("Nama"),
    "active": N_("Aktif"),
    "consent": N_("Izin"),
    "relative": N_("Nomor anggota keluarga"),
    "sees": N_("Yang boleh dilihat"),
    "until": N_("Sampai tanggal"),
    "paper": N_("Nomor surat izin"),
    "exit": N_("Nomor penyelesaian"),
    "part": N_("Bagian ke-"),
    "closed_on": N_("Ditutup tanggal"),
    "act": N_("Tindakan"),
    "reference": N_("Nomor surat"),
    "effective_on": N_("Berlaku tanggal"),
    "changed": N_("Isian yang diubah"),
    "members": N_("Banyaknya anggota"),
    "amount_minor": N_("Jumlah dalam sen"),
    "product": N_("Produk"),
    "opened_on": N_("Dibuka tanggal"),
    "period": N_("Masa"),
    "gross": N_("Imbal dalam sen"),
    "accounts": N_("Banyaknya rekening"),
    "holder": N_("Pemegang"),
    "counted": N_("Hitungan uang"),
    "difference": N_("Selisih dalam sen"),
    "day": N_("Hari"),
    "next_day": N_("Hari berikutnya"),
    "last_entry": N_("Jurnal terakhir"),
    "business_date": N_("Hari buku"),
    "moved": N_("Dipindahkan"),
    "missed": N_("Belum dapat dipindahkan"),
    "amount": N_("Jumlah"),
    "goal": N_("Tujuan"),
    "source": N_("Dari rekening"),
    "target": N_("Jumlah yang dibutuhkan"),
    "instalment": N_("Setoran rutin"),
    "target_date": N_("Tanggal tujuan"),
    "rows": N_("Banyaknya baris"),
}
"""What people read for the names of facts in ``before`` and ``after`` (message ids); others are shown as they are."""


LONGEST_SHOWN = 32
"""A word longer than this is a digest: its beginning tells it from others."""


class Difference(NamedTuple):
    """One fact of a row: its name for people, how it was, how it is; nothing where it was not, or is not, there."""

    label: str
    before: str
    after: str


def differences(before: str | None, after: str | None) -> list[Difference]:
    """The facts of a row in words, for people: those that there were first, then those that came.

    Args:
        before: JSON text of an object, as it is sealed.
        after: likewise.
    """
    was, now = (json.loads(text) if text else {} for text in (before, after))
    names = dict.fromkeys((*was, *now))
    return [Difference(FIELDS.get(name, name), _plain(was.get(name)), _plain(now.get(name))) for name in names]


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and len(value) > LONGEST_SHOWN and " " not in value:
        return value[: LONGEST_SHOWN // 2] + "…"
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(one)}" for name, one in value.items())
    return str(value)


def sealed(event: Event, previous: bytes) -> bytes:
    """The hash of a row: SHA-256 of the row before's hash and of all its fields, each led by its length in bytes."""
    moment = event.recorded_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    fields = (str(event.book_id), str(event.number), moment, *event[3:-1])
    return sha256(previous + "\n".join(map(_field, fields)).encode()).digest()


def _field(value: str | None) -> str:
    return "-" if value is None else f"{len(value.encode())}:{value}"


class Anchor(NamedTuple):
    """An entry of the ledger that was sealed with a row of the trail: the row's number and hash."""

    entry_number: int
    number: int
    hash: bytes

    @classmethod
    def read(cls, entry_number: int, text: str) -> Anchor:
        """From an entry's metadata; what can't be read is of a row that there is not."""
        number, _, digits = text.partition(":")
        try:
            return cls(entry_number, int(number), bytes.fromhex(digits))
        except ValueError:
            return cls(entry_number, -1, b"")


class Walk:
    """Goes along a trail from its first row and notes what is not as it was written.

    Args:
        anchors: what entries of the ledger were sealed with.
    """

    def __init__(self, anchors: Iterable[Anchor] = ()) -> None:
        self.number = 0
        self.findings: list[Finding] = []
        self._previous = FIRST_HASH
        self._anchors: dict[int, list[Anchor]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.number, []).append(anchor)

    def step(self, event: Event) -> None:
        """The next row, by number."""
        if event.number != self.number + 1:
            self.findings.append(Finding(GAP, self.number + 1))
        elif sealed(event, self._previous) != event.hash:
            self.findings.append(Finding(CHANGED, event.number))
        for anchor in self._anchors.pop(event.number, ()):
            if anchor.hash != event.hash:
                self.findings.append(Finding(ANCHOR, anchor.entry_number))
        self.number, self._previous = event.number, event.hash

    def end(self, number: int, last_hash: bytes) -> None:
        """No row follows; the head says that the last one has this number and hash."""
        if (self.number, self._previous) != (number, last_hash):
            self.findings.append(Finding(HEAD, number))
        for left in self._anchors.values():
            self.findings += [Finding(ANCHOR, anchor.entry_number) for anchor in left]
