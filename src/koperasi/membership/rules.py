"""Acts on a membership: who may do which, from where to where, and what is still missing before somebody has joined.

Pure. Sources: UU 25/1992 art. 17-19 (membership begins and ends), and the usual articles of association: the board
decides on admission, simpanan pokok is paid, a number is given; leaving is asked for, death and dismissal are recorded
with their paper. Reasons are codes, papers are numbers: no words about a person are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from koperasi.errors import Conflict, Refusal
from koperasi.formats import InputError, clean_text, format_amount, format_date_short
from koperasi.i18n import N_
from koperasi.members.service import MemberStatus as Status

REFERENCE_MAX_LENGTH = 60
UNREADABLE = N_("Nomor surat ditulis dengan huruf, angka, titik, dan garis; paling banyak 60 tanda.")
_REFERENCE = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./()-]*")


class Act(StrEnum):
    """What is done to a membership. The last four are done by the settlement and its undoing."""

    ACCEPTED = "accepted"
    ADMITTED = "admitted"
    REJECTED = "rejected"
    ON_LEAVE = "on-leave"
    INACTIVE = "inactive"
    ACTIVE = "active"
    EXIT_REQUESTED = "exit-requested"
    EXIT_WITHDRAWN = "exit-withdrawn"
    DECEASED = "deceased"
    DISMISSED = "dismissed"
    CORRECTED = "corrected"
    SETTLED = "settled"
    UNSETTLED = "unsettled"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _ACT_LABELS[self]

    @property
    def command(self) -> str:
        """What the button says that does it (message id)."""
        return _COMMANDS.get(self, _ACT_LABELS[self])

    @property
    def by_board(self) -> bool:
        """Whether it is the board's decision: whoever records it must be allowed to approve."""
        return self in _BY_BOARD


class Reason(StrEnum):
    """Why, as a code."""

    ABROAD = "abroad"
    ILLNESS = "illness"
    STUDY = "study"
    NO_TRANSACTIONS = "no-transactions"
    DUES_UNPAID = "dues-unpaid"
    UNREACHABLE = "unreachable"
    OWN_WISH = "own-wish"
    MOVED = "moved"
    OTHER_COOPERATIVE = "other-cooperative"
    BREACH = "breach"
    CONDITIONS = "conditions"
    DEATH_CERTIFICATE = "death-certificate"
    VILLAGE_LETTER = "village-letter"
    FAMILY_LETTER = "family-letter"
    RECORDED_WRONGLY = "recorded-wrongly"
    OTHER = "other"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _REASON_LABELS[self]


_ACT_LABELS: Mapping[Act, str] = {
    Act.ACCEPTED: N_("Diterima pengurus"),
    Act.ADMITTED: N_("Menjadi anggota"),
    Act.REJECTED: N_("Permohonan ditolak"),
    Act.ON_LEAVE: N_("Cuti dimulai"),
    Act.INACTIVE: N_("Dinyatakan nonaktif"),
    Act.ACTIVE: N_("Aktif kembali"),
    Act.EXIT_REQUESTED: N_("Permohonan keluar diterima"),
    Act.EXIT_WITHDRAWN: N_("Permohonan keluar ditarik"),
    Act.DECEASED: N_("Kematian dicatat"),
    Act.DISMISSED: N_("Pemberhentian dicatat"),
    Act.CORRECTED: N_("Catatan keliru dibatalkan"),
    Act.SETTLED: N_("Hak dan kewajiban diselesaikan"),
    Act.UNSETTLED: N_("Penyelesaian dibatalkan"),
}

_COMMANDS: Mapping[Act, str] = {
    Act.ACCEPTED: N_("Terima pemohon"),
    Act.ADMITTED: N_("Terbitkan nomor anggota"),
    Act.REJECTED: N_("Tolak permohonan"),
    Act.ON_LEAVE: N_("Mulai cuti"),
    Act.INACTIVE: N_("Nyatakan nonaktif"),
    Act.ACTIVE: N_("Aktifkan kembali"),
    Act.EXIT_REQUESTED: N_("Catat permohonan keluar"),
    Act.EXIT_WITHDRAWN: N_("Tarik permohonan keluar"),
    Act.DECEASED: N_("Catat kematian"),
    Act.DISMISSED: N_("Catat pemberhentian"),
    Act.CORRECTED: N_("Batalkan catatan keliru"),
}

_REASON_LABELS: Mapping[Reason, str] = {
    Reason.ABROAD: N_("Bekerja di luar negeri"),
    Reason.ILLNESS: N_("Sakit"),
    Reason.STUDY: N_("Belajar"),
    Reason.NO_TRANSACTIONS: N_("Lama tidak bertransaksi"),
    Reason.DUES_UNPAID: N_("Lama tidak membayar simpanan wajib"),
    Reason.UNREACHABLE: N_("Tidak dapat dihubungi"),
    Reason.OWN_WISH: N_("Permintaan sendiri"),
    Reason.MOVED: N_("Pindah tempat tinggal"),
    Reason.OTHER_COOPERATIVE: N_("Menjadi anggota koperasi lain"),
    Reason.BREACH: N_("Melanggar anggaran dasar atau anggaran rumah tangga"),
    Reason.CONDITIONS: N_("Tidak memenuhi syarat keanggotaan"),
    Reason.DEATH_CERTIFICATE: N_("Akta kematian"),
    Reason.VILLAGE_LETTER: N_("Surat keterangan desa atau kelurahan"),
    Reason.FAMILY_LETTER: N_("Surat pernyataan keluarga"),
    Reason.RECORDED_WRONGLY: N_("Salah catat"),
    Reason.OTHER: N_("Alasan lain"),
}

_BY_BOARD = frozenset({Act.ACCEPTED, Act.REJECTED, Act.DISMISSED, Act.CORRECTED})
_NEEDS_REFERENCE = frozenset({Act.ACCEPTED, Act.REJECTED, Act.DISMISSED, Act.DECEASED, Act.CORRECTED})

_BELONGING = frozenset({Status.ANGGOTA, Status.CUTI, Status.NONAKTIF})
_FROM: Mapping[Act, frozenset[Status]] = {
    Act.ACCEPTED: frozenset({Status.PEMOHON}),
    Act.ADMITTED: frozenset({Status.PEMOHON}),
    Act.REJECTED: frozenset({Status.PEMOHON}),
    Act.ON_LEAVE: frozenset({Status.ANGGOTA}),
    Act.INACTIVE: frozenset({Status.ANGGOTA, Status.CUTI}),
    Act.ACTIVE: frozenset({Status.CUTI, Status.NONAKTIF}),
    Act.EXIT_REQUESTED: _BELONGING,
    Act.EXIT_WITHDRAWN: frozenset({Status.KELUAR_DIAJUKAN}),
    Act.DECEASED: _BELONGING | {Status.PEMOHON, Status.KELUAR_DIAJUKAN},
    Act.DISMISSED: _BELONGING | {Status.KELUAR_DIAJUKAN},
    Act.CORRECTED: frozenset({Status.MENINGGAL, Status.DIBERHENTIKAN, Status.KELUAR}),
}
_TO: Mapping[Act, Status] = {
    Act.ACCEPTED: Status.PEMOHON,
    Act.ADMITTED: Status.ANGGOTA,
    Act.REJECTED: Status.KELUAR,
    Act.ON_LEAVE: Status.CUTI,
    Act.INACTIVE: Status.NONAKTIF,
    Act.ACTIVE: Status.ANGGOTA,
    Act.EXIT_REQUESTED: Status.KELUAR_DIAJUKAN,
    Act.EXIT_WITHDRAWN: Status.ANGGOTA,
    Act.DECEASED: Status.MENINGGAL,
    Act.DISMISSED: Status.DIBERHENTIKAN,
}
REASONS: Mapping[Act, tuple[Reason, ...]] = {
    Act.REJECTED: (Reason.CONDITIONS, Reason.OTHER),
    Act.ON_LEAVE: (Reason.ABROAD, Reason.ILLNESS, Reason.STUDY, Reason.OTHER),
    Act.INACTIVE: (Reason.NO_TRANSACTIONS, Reason.DUES_UNPAID, Reason.UNREACHABLE, Reason.OTHER),
    Act.EXIT_REQUESTED: (
        Reason.OWN_WISH,
        Reason.MOVED,
        Reason.ABROAD,
        Reason.OTHER_COOPERATIVE,
        Reason.OTHER,
    ),
    Act.DECEASED: (Reason.DEATH_CERTIFICATE, Reason.VILLAGE_LETTER, Reason.FAMILY_LETTER),
    Act.DISMISSED: (Reason.BREACH, Reason.DUES_UNPAID, Reason.CONDITIONS, Reason.OTHER),
    Act.CORRECTED: (Reason.RECORDED_WRONGLY,),
}
"""Of which reasons an act has one; of an act that is not here, none."""


class Done(NamedTuple):
    """An act that was done before, as far as rules ask."""

    act: str
    from_status: Status
    effective_on: date


class Checklist(NamedTuple):
    """What joining needs, and how far it is; amounts in sen.

    ``number`` is given with the application and never to anybody else; when joining is complete it becomes the
    number of a member.
    """

    number: str
    joined: bool
    decided_on: date | None
    """The day on which the board accepted; None: it has not, or somebody was a member before boards were asked."""
    pokok_billed_minor: int
    pokok_paid_minor: int
    paid_on: date | None
    """The day of the last movement of simpanan pokok."""

    @property
    def decided(self) -> bool:
        """The board has said yes."""
        return self.joined or self.decided_on is not None

    @property
    def short_minor(self) -> int:
        """What is still to be paid of simpanan pokok: all of it must be there, however many parts it is paid in."""
        return max(self.pokok_billed_minor - self.pokok_paid_minor, 0)

    @property
    def paid(self) -> bool:
        """All of simpanan pokok is paid in."""
        return not self.short_minor

    @property
    def complete(self) -> bool:
        """Nothing is missing."""
        return self.decided and self.paid

    @property
    def ready_on(self) -> date | None:
        """The first day on which all was there: the later of the decision and the payment."""
        if not self.complete:
            return None
        return max((day for day in (self.decided_on, self.paid_on) if day), default=None)


def acts_from(status: Status, history: Sequence[Done], *, settled: bool) -> list[Act]:
    """What may be done next, in the order in which it is offered.

    Args:
        status: where the member stands.
        history: what was done before, the oldest first.
        settled: whether a settlement stands: then nothing but its undoing is left to do.
    """
    if settled:
        return []
    found = [act for act, sources in _FROM.items() if status in sources]
    if Act.ACCEPTED in found:
        found.remove(Act.ADMITTED if not is_accepted(history) else Act.ACCEPTED)
    if Act.CORRECTED in found and _mistake(history) is None:
        found.remove(Act.CORRECTED)
    return found


def is_accepted(history: Sequence[Done]) -> bool:
    """The board has said yes."""
    return accepted_on(history) is not None


def accepted_on(history: Sequence[Done]) -> date | None:
    """The day on which the board said yes."""
    return next((one.effective_on for one in history if one.act == Act.ACCEPTED), None)


def _mistake(history: Sequence[Done]) -> Status | None:
    """Where a member stood before the last act, if that act can be taken back."""
    takes_back = {Act.DECEASED, Act.DISMISSED, Act.REJECTED}
    return history[-1].from_status if history and history[-1].act in takes_back else None


def target(act: Act, history: Sequence[Done]) -> Status:
    """Where an act leads; what was recorded wrongly goes back to where it came from."""
    if act is Act.CORRECTED and (before := _mistake(history)) is not None:
        return before
    return _TO[act]


def check_act(
    act: Act,
    *,
    status: Status,
    history: Sequence[Done],
    joined_on: date,
    effective_on: date,
    today: date,
    reason: Reason | None,
    settled: bool,
) -> None:
    """Refuse an act that can't be done here and now.

    Args:
        act: what is to be done.
        status: where the member stands.
        history: what was done before, the oldest first.
        joined_on: the day of joining, or of applying.
        effective_on: from when it holds; a death on its own day, which may lie before what was done since.
        today: the cooperative's day.
        reason: why.
        settled: whether a settlement stands.

    Raises:
        Refusal: ``member-status``, ``member-settled``, ``date-in-future``, ``date-before-joining``,
            ``date-before-last-act`` or ``reason``.
    """
    if settled:
        raise Refusal("member-settled", N_("Hak dan kewajiban anggota ini sudah diselesaikan; batalkan itu dulu."))
    if act not in acts_from(status, history, settled=False):
        raise Refusal("member-status", N_("Tindakan ini tidak mungkin pada status anggota sekarang."), field="act")
    if effective_on > today:
        raise Refusal("date-in-future", N_("Tanggalnya belum tiba."), field="effective_on")
    if effective_on < joined_on and act is not Act.DECEASED:
        raise Refusal("date-before-joining", N_("Tanggalnya sebelum anggota bergabung."), field="effective_on")
    if history and act is not Act.DECEASED and effective_on < history[-1].effective_on:
        raise Refusal("date-before-last-act", N_("Tanggalnya sebelum tindakan terakhir."), field="effective_on")
    if reason not in (REASONS.get(act) or (None,)):
        raise Refusal("reason", N_("Pilih alasan yang sesuai."), field="reason")


def clean_reference(act: Act, text: str | None) -> str | None:
    """The number of the paper on which an act rests: minutes, a certificate, a letter.

    Raises:
        Refusal: ``reference``: it is missing where the act needs one, or has other signs than a number has.
    """
    if text is None or not text.strip():
        if act in _NEEDS_REFERENCE:
            raise Refusal("reference", N_("Tulis nomor surat atau berita acaranya."), field="reference")
        return None
    try:
        tidy = clean_text(text, max_length=REFERENCE_MAX_LENGTH)
    except InputError as problem:
        raise Refusal("reference", UNREADABLE, field="reference") from problem
    if not _REFERENCE.fullmatch(tidy):
        raise Refusal("reference", UNREADABLE, field="reference")
    return tidy


def needs_reference(act: Act) -> bool:
    """Whether an act rests on a paper with a number."""
    return act in _NEEDS_REFERENCE


def check_second(act: Act, *, status: Status, registered_by: str, actor: str) -> None:
    """Whoever registered an applicant does not decide on them.

    Raises:
        Conflict: ``same-person``.
    """
    if status is Status.PEMOHON and act.by_board and actor == registered_by:
        raise Conflict("same-person", N_("Orang lain dari yang mendaftarkannya harus mencatat keputusan pengurus."))


def check_joining(checklist: Checklist, effective_on: date) -> None:
    """Refuse to admit somebody before all that joining needs is there.

    Args:
        checklist: what is there.
        effective_on: the day of joining.

    Raises:
        Refusal: ``joining-incomplete``, ``date-before-paid``.
    """
    if not checklist.decided:
        raise Refusal("joining-incomplete", N_("Keputusan pengurus belum dicatat."))
    if not checklist.paid:
        raise Refusal(
            "joining-incomplete",
            N_("Simpanan pokok masih kurang %(amount)s."),
            amount=format_amount(checklist.short_minor),
        )
    if checklist.paid_on is not None and effective_on < checklist.paid_on:
        raise Refusal(
            "date-before-paid",
            N_("Simpanan pokok baru lengkap %(day)s: anggota bergabung paling awal hari itu."),
            field="effective_on",
            day=format_date_short(checklist.paid_on),
        )
