"""NIK, the 16-digit number on an Indonesian identity card: what it says, and when it can't be one.

Layout (Dukcapil): province 2, regency 2, district 2, birth date DDMMYY with 40 added to the day for women, serial 4
from 0001. The century is not encoded. "Well formed" is all that can be said here; only Dukcapil can confirm a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from koperasi.formats import InputError
from koperasi.i18n import N_

Sex = Literal["L", "P"]
"""L (laki-laki) man, P (perempuan) woman, as on the card."""

_PROVINCE_RANGES = ((11, 19), (21, 21), (31, 36), (51, 53), (61, 65), (71, 76), (81, 82), (91, 96))
PROVINCE_CODES = frozenset(str(code) for first, last in _PROVINCE_RANGES for code in range(first, last + 1))
"""The 38 provinces of Kepmendagri 100.1.1-6117/2022."""

_WOMEN_ADD = 40


@dataclass(frozen=True)
class Nik:
    """A well-formed NIK taken apart. Region codes are cumulative, as Kemendagri writes them (36, 3602, 360204)."""

    value: str
    province: str
    regency: str
    district: str
    birth_date: date
    sex: Sex
    serial: str

    def __repr__(self) -> str:
        """Masked, so that a number never reaches a log by way of a repr."""
        return f"Nik({mask_nik(self.value)})"


class NikError(InputError):
    """Sixteen digits that can't be a NIK, or not sixteen digits."""


@dataclass(frozen=True)
class NikWarning:
    """Something about a NIK that the officer should look at; it blocks nothing."""

    code: str
    message: str


def parse_nik(text: str, reference_date: date) -> Nik:
    """Take a NIK apart.

    Args:
        text: as typed; spaces, dots and dashes between the digits are ignored.
        reference_date: nobody is born after it; of the two possible centuries the later one that fits is taken.

    Raises:
        NikError: ``length``, ``province``, ``birth-date`` or ``serial-zero``.
    """
    value = re.sub(r"[ .\u00a0-]", "", text.strip())
    if not re.fullmatch(r"[0-9]{16}", value):
        raise NikError("length", N_("NIK harus 16 angka."))
    if value[:2] not in PROVINCE_CODES:
        raise NikError("province", N_("Dua angka pertama NIK bukan kode provinsi."))
    day, month, year = int(value[6:8]), int(value[8:10]), int(value[10:12])
    sex: Sex = "P" if day > _WOMEN_ADD else "L"
    birth_date = _born(day - _WOMEN_ADD if sex == "P" else day, month, year, reference_date)
    if birth_date is None:
        raise NikError("birth-date", N_("Angka ke-7 sampai ke-12 NIK bukan tanggal lahir yang mungkin."))
    if value[12:] == "0000":
        raise NikError(
            "serial-zero",
            N_(
                "NIK ini rusak: empat angka terakhirnya 0000. Biasanya lembar kerja hanya menyimpan 15 angka dan "
                "mengganti angka terakhir dengan nol; salin ulang dari KTP."
            ),
        )
    return Nik(value, value[:2], value[:4], value[:6], birth_date, sex, value[12:])


def mask_nik(value: str) -> str:
    """A NIK with its birth date hidden, for screens and paper: ``327305******0009``."""
    return f"{value[:6]}{'*' * max(len(value) - 10, 0)}{value[-4:]}" if len(value) > 10 else "*" * len(value)


def nik_warnings(nik: Nik, stated_birth_date: date | None, stated_sex: Sex | None) -> tuple[NikWarning, ...]:
    """Where the NIK and what the member says differ.

    A warning and never a refusal: Dukcapil doesn't issue a new NIK when a birth date is corrected.
    """
    warnings = []
    if stated_birth_date is not None and stated_birth_date != nik.birth_date:
        warnings.append(
            NikWarning(
                "nik-birth-date", N_("Tanggal lahir berbeda dengan NIK. Periksa KTP; bila KTP benar, lanjutkan.")
            )
        )
    if stated_sex is not None and stated_sex != nik.sex:
        warnings.append(
            NikWarning("nik-sex", N_("Jenis kelamin berbeda dengan NIK. Periksa KTP; bila KTP benar, lanjutkan."))
        )
    return tuple(warnings)


def _born(day: int, month: int, year: int, reference_date: date) -> date | None:
    """The latest such date not after the reference, this century or the last; None if the calendar has none."""
    for century in (2000, 1900):
        try:
            born = date(century + year, month, day)
        except ValueError:
            continue
        if born <= reference_date:
            return born
    return None
