"""Rules of business groups: their officers, their trades and their names. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from koperasi.formats import InputError, clean_text
from koperasi.i18n import N_

NAME_MAX_LENGTH = 100
NAME_MIN_LENGTH = 3


class GroupRole(StrEnum):
    """What somebody is in a group; a group has one of each officer at most."""

    KETUA = "ketua"
    SEKRETARIS = "sekretaris"
    BENDAHARA = "bendahara"
    ANGGOTA = "anggota"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _ROLE_LABELS[self]

    @property
    def is_officer(self) -> bool:
        """Whether only one person in a group may hold it at a time."""
        return self is not GroupRole.ANGGOTA


class Sector(StrEnum):
    """Trades of villages: the sections of KBLI 2020 (Peraturan BPS 2/2020) that groups really have."""

    AGRICULTURE = "A"
    MANUFACTURING = "C"
    WASTE_AND_WATER = "E"
    CONSTRUCTION = "F"
    TRADE = "G"
    TRANSPORT = "H"
    FOOD_AND_LODGING = "I"
    RENTAL_AND_TRAVEL = "N"
    EDUCATION = "P"
    ARTS = "R"
    OTHER_SERVICES = "S"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _SECTOR_LABELS[self]


class GroupStatus(StrEnum):
    """Whether a group works, rests, or has been dissolved, which is for good."""

    AKTIF = "aktif"
    TIDAK_AKTIF = "tidak_aktif"
    BUBAR = "bubar"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _STATUS_LABELS[self]


_STATUS_LABELS: Mapping[GroupStatus, str] = {
    GroupStatus.AKTIF: N_("Aktif"),
    GroupStatus.TIDAK_AKTIF: N_("Tidak aktif"),
    GroupStatus.BUBAR: N_("Bubar"),
}

_ROLE_LABELS: Mapping[GroupRole, str] = {
    GroupRole.KETUA: N_("Ketua"),
    GroupRole.SEKRETARIS: N_("Sekretaris"),
    GroupRole.BENDAHARA: N_("Bendahara"),
    GroupRole.ANGGOTA: N_("Anggota"),
}

_SECTOR_LABELS: Mapping[Sector, str] = {
    Sector.AGRICULTURE: N_("Pertanian, kehutanan, dan perikanan"),
    Sector.MANUFACTURING: N_("Industri pengolahan"),
    Sector.WASTE_AND_WATER: N_("Air dan pengelolaan sampah"),
    Sector.CONSTRUCTION: N_("Konstruksi"),
    Sector.TRADE: N_("Perdagangan dan bengkel"),
    Sector.TRANSPORT: N_("Pengangkutan dan pergudangan"),
    Sector.FOOD_AND_LODGING: N_("Makanan, minuman, dan penginapan"),
    Sector.RENTAL_AND_TRAVEL: N_("Persewaan dan jasa perjalanan"),
    Sector.EDUCATION: N_("Pendidikan dan kursus"),
    Sector.ARTS: N_("Kesenian dan hiburan"),
    Sector.OTHER_SERVICES: N_("Jasa lainnya"),
}


def clean_group_name(text: str) -> str:
    """A group's name with tidy spaces, three to a hundred characters with a letter among them.

    Raises:
        InputError: ``empty``, ``control-character``, ``too-long``, ``too-short`` or ``name-letters``.
    """
    name = clean_text(text, max_length=NAME_MAX_LENGTH)
    if len(name) < NAME_MIN_LENGTH:
        raise InputError("too-short", N_("Terlalu pendek: paling sedikit %(limit)s karakter."), limit=NAME_MIN_LENGTH)
    if not any(char.isalpha() for char in name):
        raise InputError("name-letters", N_("Nama harus berisi huruf."))
    return name


def clean_village(text: str) -> str:
    """The name of a village with tidy spaces, with a letter among them.

    Raises:
        InputError: ``empty``, ``control-character``, ``too-long`` or ``name-letters``.
    """
    village = clean_text(text, max_length=NAME_MAX_LENGTH)
    if not any(char.isalpha() for char in village):
        raise InputError("name-letters", N_("Nama harus berisi huruf."))
    return village


def group_number(sequence: int) -> str:
    """The number that people say, from the series: ``K0001``."""
    return f"K{sequence:04}"


def is_group_number(text: str) -> bool:
    """Whether it could be a group's number at all."""
    return re.fullmatch("K[0-9]{4,12}", text) is not None


def clean_sector(text: str) -> Sector:
    """A trade by its KBLI letter.

    Raises:
        InputError: ``sector-unknown``.
    """
    try:
        return Sector(text.strip().upper())
    except ValueError:
        raise InputError("sector-unknown", N_("Bidang usaha tidak dikenal: pilih dari daftar.")) from None
