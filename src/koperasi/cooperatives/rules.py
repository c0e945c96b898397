"""Rules of the tenant: its kinds, the words each kind uses, and what may stand in its identity. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from koperasi.errors import FieldError, Refusal
from koperasi.formats import TIME_ZONE_LABELS, InputError, clean_text
from koperasi.i18n import N_

NAME_MAX_LENGTH = 120
PLACE_MAX_LENGTH = 120
ADDRESS_MAX_LENGTH = 200
REGISTRATION_MAX_LENGTH = 60

EARLIEST = date(1900, 1, 1)
LATEST = date(2100, 12, 31)

CODE_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")


class Kind(StrEnum):
    """What sort of institution keeps its book here; it decides chart, words and first policies."""

    KSP = "ksp"
    USP = "usp"
    KSPPS = "kspps"
    USPPS = "uspps"
    BUMDES_UNIT = "bumdes_unit"
    BPR = "bpr"
    KELOMPOK = "kelompok"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _KIND_LABELS[self]

    @property
    def is_sharia(self) -> bool:
        """Whether it works by akad and profit share, and never by interest (fatwa DSN-MUI 141/2021)."""
        return self in (Kind.KSPPS, Kind.USPPS)

    @property
    def has_members(self) -> bool:
        """Whether those who save own it (UU 25/1992); a bank's and a village enterprise's savers are customers."""
        return self not in (Kind.BPR, Kind.BUMDES_UNIT)


_KIND_LABELS: Mapping[Kind, str] = {
    Kind.KSP: N_("Koperasi simpan pinjam (KSP)"),
    Kind.USP: N_("Unit simpan pinjam koperasi (USP)"),
    Kind.KSPPS: N_("Koperasi simpan pinjam dan pembiayaan syariah (KSPPS/BMT)"),
    Kind.USPPS: N_("Unit simpan pinjam dan pembiayaan syariah (USPPS)"),
    Kind.BUMDES_UNIT: N_("Unit simpan pinjam BUM Desa"),
    Kind.BPR: N_("Bank perekonomian rakyat (BPR)"),
    Kind.KELOMPOK: N_("Kelompok usaha"),
}


@dataclass(frozen=True)
class Terms:
    """The words in which a kind speaks of money (message ids). A sharia cooperative never says *bunga*."""

    savings: str
    savings_return: str
    loan: str
    loan_charge: str
    surplus: str
    member: str


_COOPERATIVE = Terms(
    savings=N_("simpanan"),
    savings_return=N_("jasa simpanan"),
    loan=N_("pinjaman"),
    loan_charge=N_("jasa pinjaman"),
    surplus=N_("sisa hasil usaha (SHU)"),
    member=N_("anggota"),
)
_SHARIA = Terms(
    savings=N_("simpanan"),
    savings_return=N_("bagi hasil"),
    loan=N_("pembiayaan"),
    loan_charge=N_("margin dan bagi hasil"),
    surplus=N_("sisa hasil usaha (SHU)"),
    member=N_("anggota"),
)
_VILLAGE = Terms(
    savings=N_("simpanan"),
    savings_return=N_("jasa simpanan"),
    loan=N_("pinjaman"),
    loan_charge=N_("jasa pinjaman"),
    surplus=N_("laba"),
    member=N_("penyimpan"),
)
_BANK = Terms(
    savings=N_("tabungan"),
    savings_return=N_("bunga tabungan"),
    loan=N_("kredit bank"),
    loan_charge=N_("bunga kredit"),
    surplus=N_("laba"),
    member=N_("nasabah"),
)
_GROUP = Terms(
    savings=N_("simpanan"),
    savings_return=N_("bagian hasil"),
    loan=N_("pinjaman"),
    loan_charge=N_("jasa pinjaman"),
    surplus=N_("hasil usaha"),
    member=N_("anggota"),
)
_TERMS: Mapping[Kind, Terms] = {
    Kind.KSP: _COOPERATIVE,
    Kind.USP: _COOPERATIVE,
    Kind.KSPPS: _SHARIA,
    Kind.USPPS: _SHARIA,
    Kind.BUMDES_UNIT: _VILLAGE,
    Kind.BPR: _BANK,
    Kind.KELOMPOK: _GROUP,
}


def terms(kind: Kind) -> Terms:
    """The words of a kind."""
    return _TERMS[kind]


def clean_code(text: str) -> str:
    """The short name by which people log in: lower-case letters, digits and hyphens.

    Raises:
        InputError: ``cooperative-code``.
    """
    code = text.strip().lower()
    if not CODE_PATTERN.fullmatch(code):
        raise InputError(
            "cooperative-code",
            N_("Kode koperasi: 2 sampai 40 huruf kecil, angka, atau tanda hubung, misalnya tani-makmur."),
        )
    return code


def clean_kind(text: str) -> Kind:
    """A kind by its value.

    Raises:
        InputError: ``cooperative-kind``.
    """
    try:
        return Kind(text)
    except ValueError:
        raise InputError("cooperative-kind", N_("Jenis koperasi tidak dikenal: pilih dari daftar.")) from None


def clean_timezone(text: str) -> str:
    """One of Indonesia's three time zones (WIB, WITA, WIT), by its name in the time zone database.

    Raises:
        InputError: ``timezone``.
    """
    if text not in TIME_ZONE_LABELS:
        raise InputError("timezone", N_("Zona waktu tidak dikenal: pilih WIB, WITA, atau WIT."))
    return text


def clean_cooperative_name(text: str) -> str:
    """The institution's name with tidy spaces and a letter in it.

    Raises:
        InputError: ``empty``, ``control-character``, ``too-long`` or ``name-letters``.
    """
    name = clean_text(text, max_length=NAME_MAX_LENGTH)
    if not any(character.isalpha() for character in name):
        raise InputError("name-letters", N_("Nama harus berisi huruf."))
    return name


def clean_optional(text: str | None, *, max_length: int = PLACE_MAX_LENGTH) -> str | None:
    """A line that may be left empty.

    Raises:
        InputError: ``control-character`` or ``too-long``.
    """
    if text is None or not text.strip():
        return None
    return clean_text(text, max_length=max_length)


def clean_day(day: date) -> date:
    """A day that can stand in a book.

    Raises:
        InputError: ``date-range``.
    """
    if not EARLIEST <= day <= LATEST:
        raise InputError("date-range", N_("Tanggal harus di antara tahun 1900 dan 2100."))
    return day


def read_all(readers: Mapping[str, Callable[[], Any]], *, code: str = "cooperative") -> dict[str, Any]:
    """What all the readers read, by field; or one refusal that names every field that can't be read.

    Raises:
        Refusal: ``code``, with the fields' errors.
    """
    facts: dict[str, Any] = {}
    errors: list[FieldError] = []
    for field, read in readers.items():
        try:
            facts[field] = read()
        except InputError as error:
            errors.append(error.at(field))
    if errors:
        raise Refusal(code, N_("Ada isian yang perlu diperbaiki."), field=errors[0].field, errors=errors)
    return facts
