"""Rules of membership: names, countries, ties to migrant work, and the stations from applicant to leaver. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import cache

from babel import Locale

from koperasi.errors import Refusal
from koperasi.formats import InputError, clean_text
from koperasi.i18n import N_
from koperasi.phones import PhoneError, to_e164

NAME_MAX_LENGTH = 120
MEMBER_DIGITS = 5
EMAIL_MAX_LENGTH = 254
PHONE_END = 4
"""So many last digits of a phone number find it again."""

DESTINATION_COUNTRIES = (
    "HK", "TW", "MY", "SG", "JP", "KR", "SA", "AE", "BN", "QA", "KW", "OM", "BH", "JO", "MO", "IT", "TR", "PL", "AU",
)  # fmt: skip
"""Where Indonesia's migrants mostly work, for the top of a list of countries (BP2MI placements)."""

_NOT_COUNTRIES = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"})
"""Codes in CLDR that ISO 3166-1 doesn't assign to a country."""


class MigrantStatus(StrEnum):
    """A member's tie to migrant work (PMI, *pekerja migran Indonesia*; UU 18/2017)."""

    CALON_PMI = "calon_pmi"
    PMI_AKTIF = "pmi_aktif"
    PURNA_PMI = "purna_pmi"
    KELUARGA_PMI = "keluarga_pmi"
    BUKAN = "bukan"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _MIGRANT_LABELS[self]


class MemberStatus(StrEnum):
    """Where a member stands, from applicant to leaver (UU 25/1992 art. 17-19 and the usual articles)."""

    PEMOHON = "pemohon"
    ANGGOTA = "anggota"
    CUTI = "cuti"
    NONAKTIF = "nonaktif"
    KELUAR_DIAJUKAN = "keluar_diajukan"
    KELUAR = "keluar"
    MENINGGAL = "meninggal"
    DIBERHENTIKAN = "diberhentikan"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _MEMBER_LABELS[self]

    @property
    def chip(self) -> str:
        """Its mark on pages: the state of the design that it looks like."""
        return _CHIPS[self]

    @property
    def has_left(self) -> bool:
        """Whether the membership has ended for good; whoever returns gets a new number."""
        return not allowed_transitions(self)


_MIGRANT_LABELS: Mapping[MigrantStatus, str] = {
    MigrantStatus.CALON_PMI: N_("Calon PMI"),
    MigrantStatus.PMI_AKTIF: N_("PMI aktif"),
    MigrantStatus.PURNA_PMI: N_("Purna PMI"),
    MigrantStatus.KELUARGA_PMI: N_("Keluarga PMI"),
    MigrantStatus.BUKAN: N_("Bukan PMI"),
}

_CHIPS: Mapping[MemberStatus, str] = {
    MemberStatus.PEMOHON: "draft",
    MemberStatus.ANGGOTA: "active",
    MemberStatus.CUTI: "held",
    MemberStatus.NONAKTIF: "inactive",
    MemberStatus.KELUAR_DIAJUKAN: "held",
    MemberStatus.KELUAR: "closed",
    MemberStatus.MENINGGAL: "closed",
    MemberStatus.DIBERHENTIKAN: "closed",
}

_MEMBER_LABELS: Mapping[MemberStatus, str] = {
    MemberStatus.PEMOHON: N_("Pemohon"),
    MemberStatus.ANGGOTA: N_("Anggota"),
    MemberStatus.CUTI: N_("Cuti"),
    MemberStatus.NONAKTIF: N_("Nonaktif"),
    MemberStatus.KELUAR_DIAJUKAN: N_("Keluar diajukan"),
    MemberStatus.KELUAR: N_("Sudah keluar"),
    MemberStatus.MENINGGAL: N_("Meninggal"),
    MemberStatus.DIBERHENTIKAN: N_("Diberhentikan"),
}

_TRANSITIONS: Mapping[MemberStatus, frozenset[MemberStatus]] = {
    MemberStatus.PEMOHON: frozenset({MemberStatus.ANGGOTA, MemberStatus.KELUAR, MemberStatus.MENINGGAL}),
    MemberStatus.ANGGOTA: frozenset(
        {
            MemberStatus.CUTI,
            MemberStatus.NONAKTIF,
            MemberStatus.KELUAR_DIAJUKAN,
            MemberStatus.MENINGGAL,
            MemberStatus.DIBERHENTIKAN,
        }
    ),
    MemberStatus.CUTI: frozenset(
        {
            MemberStatus.ANGGOTA,
            MemberStatus.NONAKTIF,
            MemberStatus.KELUAR_DIAJUKAN,
            MemberStatus.MENINGGAL,
            MemberStatus.DIBERHENTIKAN,
        }
    ),
    MemberStatus.NONAKTIF: frozenset(
        {
            MemberStatus.ANGGOTA,
            MemberStatus.KELUAR_DIAJUKAN,
            MemberStatus.MENINGGAL,
            MemberStatus.DIBERHENTIKAN,
        }
    ),
    MemberStatus.KELUAR_DIAJUKAN: frozenset(
        {MemberStatus.ANGGOTA, MemberStatus.KELUAR, MemberStatus.MENINGGAL, MemberStatus.DIBERHENTIKAN}
    ),
    MemberStatus.KELUAR: frozenset(),
    MemberStatus.MENINGGAL: frozenset(),
    MemberStatus.DIBERHENTIKAN: frozenset(),
}


def allowed_transitions(status: MemberStatus) -> frozenset[MemberStatus]:
    """The stations a member may go to next; none once the membership has ended."""
    return _TRANSITIONS[status]


def check_transition(current: MemberStatus, wanted: MemberStatus) -> None:
    """Refuse a change of status that the lifecycle doesn't know.

    Raises:
        Refusal: ``member-status``.
    """
    if wanted not in allowed_transitions(current):
        raise Refusal(
            "member-status",
            N_("Perubahan status anggota ini tidak mungkin: pilih dari status yang tersedia."),
            field="status",
        )


def clean_name(text: str) -> str:
    """A person's name with tidy spaces. One name is enough; a surname is never demanded.

    Raises:
        InputError: ``empty``, ``control-character``, ``too-long`` or ``name-letters`` (no letter in it).
    """
    name = clean_text(text, max_length=NAME_MAX_LENGTH)
    if not any(char.isalpha() for char in name):
        raise InputError("name-letters", N_("Nama harus berisi huruf."))
    return name


def fold(text: str) -> str:
    """A name as it is looked for: small letters without accents, one space between words."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in plain if not unicodedata.combining(char)).split())


def make_member_number(serial: int) -> str:
    """A member's number: the serial with zeros in front, five digits or more. Numbers are never used twice.

    Raises:
        ValueError: a serial below 1.
    """
    if serial < 1:
        raise ValueError("member serials begin with 1")
    return f"{serial:0{MEMBER_DIGITS}}"


def phones_meant(text: str) -> tuple[str, ...]:
    """The mobile numbers that a search may mean: none, one, or two where it fits one here and one abroad."""
    try:
        return (to_e164(text),)
    except PhoneError as problem:
        return tuple(to_e164(str(one)) for one in problem.params.values()) if problem.code == "phone-ambiguous" else ()


def clean_email(text: str) -> str:
    """An e-mail address in small letters; only its shape is looked at.

    Raises:
        InputError: ``email-format``, or any of ``clean_text``.
    """
    email = clean_text(text, max_length=EMAIL_MAX_LENGTH).lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", email):
        raise InputError("email-format", N_("Alamat email tidak terbaca."))
    return email


def check_joined_on(joined_on: date, today: date) -> None:
    """Nobody joins on a day that has not come.

    Raises:
        Refusal: ``date-in-future``.
    """
    if joined_on > today:
        raise Refusal("date-in-future", N_("Tanggal bergabung belum tiba."), field="joined_on")


def check_shares(percents: Sequence[int]) -> None:
    """The heirs' shares make a whole.

    Raises:
        InputError: ``heir-shares``.
    """
    if percents and (sum(percents) != 100 or min(percents) < 1):
        raise InputError("heir-shares", N_("Bagian semua ahli waris bersama-sama harus 100 persen."))


def clean_country(text: str) -> str:
    """A country's ISO 3166-1 code of two letters, in capitals.

    Raises:
        InputError: ``country-unknown``.
    """
    code = text.strip().upper()
    if code not in country_codes():
        raise InputError("country-unknown", N_("Kode negara tidak dikenal: pakai dua huruf ISO, misalnya HK."))
    return code


def country_name(code: str, locale: str = "id") -> str:
    """A country's name in the reader's language; an unknown code is its own name."""
    return str(Locale(locale).territories.get(code, code))


@cache
def country_codes() -> frozenset[str]:
    """All 249 codes of ISO 3166-1."""
    codes = {str(code) for code in Locale("en").territories if re.fullmatch("[A-Z]{2}", str(code))}
    return frozenset(codes - _NOT_COUNTRIES)
