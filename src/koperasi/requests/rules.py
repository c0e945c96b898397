"""Rules of members' requests: what may be asked, who answers, and what becomes of it. Pure; amounts in sen.

A request is a wish. It moves no money and changes no data: the desk does, through a withdrawal or the register, and
then answers. What a member reports about a line of their book goes to the supervisors (pengawas), whose office it is to
look at complaints (UU 25/1992 article 39), and not to the desk that wrote the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from koperasi.errors import Conflict, Refusal
from koperasi.formats import format_amount
from koperasi.i18n import N_

SEN_PER_RUPIAH = 100
MOST_OPEN = 10
"""So many of a member's requests may wait at once."""
WORDS_MAX_LENGTH = 500


class Kind(StrEnum):
    """What a member asks for."""

    WITHDRAWAL = "withdrawal"
    CHANGE = "change"
    LINE = "line"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _KINDS[self]


class Status(StrEnum):
    """What became of a request."""

    OPEN = "open"
    DONE = "done"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _STATUSES[self]

    @property
    def chip(self) -> str:
        """The chip that shows it."""
        return _CHIPS[self]


class Field(StrEnum):
    """Which of their data a member wants changed."""

    PHONE = "phone"
    ADDRESS = "address"
    VILLAGE = "village"
    NAME = "name"
    HEIRS = "heirs"
    OTHER = "other"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _FIELDS[self]


AT_THE_DESK = frozenset({Kind.WITHDRAWAL, Kind.CHANGE})
"""What the desk answers."""
TO_SUPERVISORS = frozenset({Kind.LINE})
"""What supervisors answer."""

_KINDS: Mapping[Kind, str] = {
    Kind.WITHDRAWAL: N_("Permintaan penarikan"),
    Kind.CHANGE: N_("Permintaan perubahan data"),
    Kind.LINE: N_("Aduan tentang satu baris"),
}
_STATUSES: Mapping[Status, str] = {
    Status.OPEN: N_("Menunggu"),
    Status.DONE: N_("Selesai"),
    Status.DECLINED: N_("Tidak dapat dipenuhi"),
    Status.WITHDRAWN: N_("Ditarik kembali"),
}
_CHIPS: Mapping[Status, str] = {
    Status.OPEN: "draft",
    Status.DONE: "posted",
    Status.DECLINED: "refused",
    Status.WITHDRAWN: "inactive",
}
_FIELDS: Mapping[Field, str] = {
    Field.PHONE: N_("Nomor telepon"),
    Field.ADDRESS: N_("Alamat"),
    Field.VILLAGE: N_("Desa"),
    Field.NAME: N_("Nama"),
    Field.HEIRS: N_("Ahli waris"),
    Field.OTHER: N_("Data lain"),
}


def check_room(waiting: int) -> None:
    """A member may have so many requests waiting, and no more until some are answered.

    Raises:
        Refusal: ``too-many-requests-open``.
    """
    if waiting >= MOST_OPEN:
        raise Refusal(
            "too-many-requests-open",
            N_("Sudah ada %(limit)s permintaan Anda yang menunggu jawaban. Tunggu dahulu."),
            limit=MOST_OPEN,
        )


def check_withdrawal(amount_minor: int, available_minor: int, *, withdrawable: bool) -> None:
    """Refuse a wish that the desk could not fulfil as things stand now; the desk's own rules decide in the end.

    Raises:
        Refusal: ``savings-locked``, ``cash-has-no-sen`` or ``insufficient-balance``.
    """
    if not withdrawable:
        raise Refusal("savings-locked", N_("Simpanan ini belum dapat ditarik."), field="account")
    if amount_minor % SEN_PER_RUPIAH:
        raise Refusal("cash-has-no-sen", N_("Uang tunai tidak mengenal sen: tulis rupiah penuh."), field="amount")
    if amount_minor > available_minor:
        raise Refusal(
            "insufficient-balance",
            N_("Saldo yang dapat ditarik %(available)s."),
            field="amount",
            available=format_amount(available_minor),
        )


def check_settled(current: Status, wanted: Status) -> None:
    """A request is settled once.

    Raises:
        Conflict: ``request-settled``.
    """
    if current is not Status.OPEN or wanted is Status.OPEN:
        raise Conflict("request-settled", N_("Permintaan ini sudah dijawab atau ditarik kembali."))
