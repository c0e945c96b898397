"""From cells to amounts, dates, numbers and the words of a member list. Nothing is guessed; nothing is rounded away.

Every reader takes a cell that isn't blank and raises ``InputError`` with a message for the row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from functools import cache

from babel import Locale

from koperasi import formats, phones
from koperasi.formats import AmountError, DateError, InputError
from koperasi.i18n import N_
from koperasi.imports.model import Cell, DateOrder, SavingsKind
from koperasi.nik import parse_nik

SPREADSHEET_EXACT = 2**53
NIK_SUSPECT_COUNT = 3
"""So many sixteen-digit numbers that all end in 0 are no accident."""

_SPREADSHEET_PRECISION = Context(prec=15)  # what Excel keeps and shows; the rest is binary noise
_DASH_IS_ZERO = re.compile(r"(?:rp\.?|idr)?\s*[-\u2013\u2014]", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"[0-9]([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_NOTHING = frozenset({"-", "--", "\u2013", "\u2014", "tidak ada", "n/a"})


def is_nothing(cell: Cell) -> bool:
    """Whether a cell says that there is nothing to say."""
    return cell is None or (isinstance(cell, str) and cell.lower() in _NOTHING)


# --- Amounts ---------------------------------------------------------------------------------------------------------


def read_amount(cell: Cell) -> int:
    """An amount in sen, never below zero; a dash is zero, as accounting formats write it.

    Raises:
        AmountError: as ``formats.parse_amount``, and ``amount-negative`` or ``amount-format`` (a date).
    """
    if isinstance(cell, str):
        minor = 0 if _DASH_IS_ZERO.fullmatch(cell) else formats.parse_amount(cell)
    elif isinstance(cell, (int, Decimal)):
        minor = formats.parse_wire_amount(f"{_as_shown(cell):f}")
    else:
        raise AmountError("amount-format", N_("Sel ini berisi tanggal, bukan nilai uang."))
    if minor < 0:
        raise AmountError("amount-negative", N_("Nilai tidak boleh kurang dari nol."))
    return minor


def _as_shown(number: int | Decimal) -> Decimal:
    """A spreadsheet's number as it stands on its screen, in whole or with the decimals it really has."""
    if abs(number) >= 10**formats.MAX_INTEGER_DIGITS:
        raise AmountError(
            "amount-too-large",
            N_("Nilai uang terlalu besar: paling banyak %(limit)s angka."),
            limit=formats.MAX_INTEGER_DIGITS,
        )
    return Decimal(number) if isinstance(number, int) else _SPREADSHEET_PRECISION.plus(number).normalize()


# --- Numbers of people and accounts ----------------------------------------------------------------------------------


def read_reference(cell: Cell) -> str:
    """A member, employee or account number as text.

    Raises:
        InputError: ``reference-damaged`` (a spreadsheet made a date or a fraction of it), or as ``clean_text``.
    """
    if isinstance(cell, str) and not _SCIENTIFIC.fullmatch(cell):
        return formats.clean_text(cell, max_length=40)
    if isinstance(cell, int) and 0 <= cell < 10**15:
        return str(cell)
    raise InputError(
        "reference-damaged",
        N_("Nomor ini sudah diubah oleh Excel. Atur format kolomnya menjadi Teks, lalu ketik ulang nomornya."),
    )


def read_nik(cell: Cell, reference_date: date, *, suspect: bool = False) -> str:
    """A NIK's sixteen digits.

    Args:
        cell: the cell.
        reference_date: nobody is born after it.
        suspect: whether the column as a whole looks cut to fifteen digits (see ``niks_look_cut``).

    Raises:
        InputError: ``nik-damaged``, or as ``parse_nik``.
    """
    too_long = isinstance(cell, int) and cell >= SPREADSHEET_EXACT
    if isinstance(cell, (Decimal, date)) or too_long or (isinstance(cell, str) and _SCIENTIFIC.fullmatch(cell)):
        raise _nik_damaged()
    nik = parse_nik(str(cell), reference_date).value
    if suspect and nik.endswith("0"):
        raise _nik_damaged()
    return nik


def _nik_damaged() -> InputError:
    return InputError(
        "nik-damaged",
        N_(
            "NIK ini disimpan sebagai angka, dan Excel mengganti angka terakhirnya dengan nol. Atur format kolomnya "
            "menjadi Teks, lalu salin ulang NIK dari KTP."
        ),
    )


def niks_look_cut(cells: Sequence[Cell]) -> bool:
    """Whether a spreadsheet cut a column's numbers to fifteen digits: every sixteenth digit is then 0.

    One number kept as a number is enough, of numbers kept as text it takes a few: one in ten ends in 0 by right.
    """
    numbers = [cell for cell in cells if len(str(cell)) == 16 and str(cell).isdecimal()]
    enough = len(numbers) >= NIK_SUSPECT_COUNT or any(isinstance(cell, int) for cell in numbers)
    return enough and all(str(cell).endswith("0") for cell in numbers)


def read_phone(cell: Cell) -> str:
    """A mobile number in E.164.

    Raises:
        PhoneError: as ``phones.to_e164``.
    """
    return phones.to_e164(str(cell))


# --- Dates -----------------------------------------------------------------------------------------------------------

_TIME = re.compile(r"[ T][0-9]{1,2}[:.][0-9]{2}([:.][0-9]{2}(\.[0-9]+)?)?( ?[AP]M)?$", re.IGNORECASE)
_WEEKDAY = re.compile(r"(senin|selasa|rabu|kamis|jum'?at|sabtu|minggu|ahad),?\s+", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"([0-9]{4})[/.]([0-9]{1,2})[/.]([0-9]{1,2})")
_SLASHED = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})")


@dataclass(frozen=True, slots=True)
class DateSurvey:
    """How a column writes its dates.

    Attributes:
        order: of day and month in ``03/04/2024``; ``None`` when the column doesn't say.
        examples: dates that can be read in two ways, when it doesn't.
        mixed_cells: whether real dates stand beside dates in text, which happens when a spreadsheet has turned
            those round that it took for month/day.
    """

    order: DateOrder | None
    examples: tuple[str, ...]
    mixed_cells: bool


def _tidy_date(text: str) -> str:
    tidy = _WEEKDAY.sub("", _TIME.sub("", text.strip()), count=1)
    found = _YEAR_FIRST.fullmatch(tidy)
    return "-".join(found.groups()) if found else tidy


def survey_dates(cells: Sequence[Cell]) -> DateSurvey:
    """Whether a column's dates can be read in one way only.

    They can when none is readable in both ways, or when some are surely day first, none is surely month first, and
    all are written alike (``05/01/2024`` beside ``5/1/2024`` means that two programs wrote the column).
    """
    day_first, month_first, both = [], [], []
    padded, bare = False, False
    for cell in cells:
        found = _SLASHED.fullmatch(_tidy_date(cell)) if isinstance(cell, str) else None
        if not found or not isinstance(cell, str):
            continue
        first, second = int(found[1]), int(found[3])
        padded = padded or found[1].startswith("0") or found[3].startswith("0")
        bare = bare or len(found[1]) == 1 or len(found[3]) == 1
        if first == second or max(first, second) > 31 or min(first, second) == 0:
            continue
        if first <= 12 and second <= 12:
            both.append(cell)
        elif second <= 12:
            day_first.append(cell)
        elif first <= 12:
            month_first.append(cell)
    mixed_cells = bool(day_first or both) and any(isinstance(cell, date) for cell in cells)
    unsure = (both and (month_first or not day_first or (padded and bare))) or (day_first and month_first)
    if unsure:
        examples = (*both[:2], *day_first[:1], *month_first[:1])
        return DateSurvey(None, tuple(examples), mixed_cells)
    return DateSurvey("mdy" if month_first else "dmy", (), mixed_cells)


def read_date(cell: Cell, order: DateOrder | None) -> date | None:
    """A date; ``None`` for one that waits for the answer about its column's order.

    Raises:
        DateError: as ``formats.parse_date``, and ``date-number`` or ``date-order``.
    """
    if isinstance(cell, date):
        return _plausible(cell)
    if not isinstance(cell, str):
        raise DateError("date-number", N_("Sel ini berisi angka, bukan tanggal. Atur format selnya menjadi tanggal."))
    tidy = _tidy_date(cell)
    found = _SLASHED.fullmatch(tidy)
    if not found or order == "dmy" or found[1] == found[3]:
        return formats.parse_date(tidy)
    first, second, year = int(found[1]), int(found[3]), found[4]
    if order is None:
        return None if min(first, second) <= 12 else formats.parse_date(tidy)
    if first > 12:
        raise DateError("date-order", N_("Tanggal ini tidak cocok dengan urutan bulan/hari/tahun."))
    return formats.parse_date(f"{second}/{first}/{year}")


def _plausible(day: date) -> date:
    return formats.parse_date(day.isoformat())


_YEAR_MONTH = re.compile(r"([0-9]{4})[-/. ]?([0-9]{2})")
_MONTH_YEAR = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{4})")


def read_period(cell: Cell) -> str:
    """A month as ``YYYY-MM``.

    Raises:
        DateError: ``period-format``.
    """
    if isinstance(cell, date):
        return f"{cell:%Y-%m}"
    text = str(cell).strip()
    if found := _YEAR_MONTH.fullmatch(text):
        written = f"{found[1]}-{found[2]}-1"
    elif found := _MONTH_YEAR.fullmatch(text):
        written = f"{found[2]}-{found[1]}-1"
    else:
        written = f"1 {text}"
    try:
        return f"{formats.parse_date(written):%Y-%m}"
    except DateError as error:
        raise DateError(
            "period-format", N_("Periode tidak terbaca: tulis seperti 2024-11 atau November 2024.")
        ) from error


# --- Words -----------------------------------------------------------------------------------------------------------

_MEMBER_STATUS = {
    "anggota": ("anggota", "aktif", "anggota aktif", "active"),
    "pemohon": ("pemohon", "calon", "calon anggota"),
    "cuti": ("cuti",),
    "nonaktif": ("nonaktif", "non aktif", "tidak aktif", "pasif", "inactive"),
    "keluar": ("keluar", "berhenti", "mengundurkan diri", "mundur"),
    "meninggal": ("meninggal", "meninggal dunia", "wafat", "almarhum", "almarhumah"),
    "diberhentikan": ("diberhentikan", "dikeluarkan"),
}
_MIGRANT_STATUS = {
    "calon_pmi": ("calon", "calon pmi", "cpmi", "calon tki"),
    "pmi_aktif": ("aktif", "pmi", "pmi aktif", "tki", "tki aktif", "di luar negeri"),
    "purna_pmi": ("purna", "purna pmi", "purna tki", "mantan pmi", "mantan tki", "eks pmi", "eks tki"),
    "keluarga_pmi": ("keluarga", "keluarga pmi", "keluarga tki"),
    "bukan": ("bukan", "bukan pmi", "non pmi", "tidak", "bukan tki"),
}
_SAVINGS = {
    SavingsKind.POKOK: ("pokok", "simpanan pokok"),
    SavingsKind.WAJIB: ("wajib", "simpanan wajib"),
    SavingsKind.SUKARELA: ("sukarela", "simpanan sukarela", "manasuka"),
    SavingsKind.WADIAH: ("wadiah", "simpanan wadiah", "tabungan wadiah", "wadi'ah"),
}
_COUNTRY_ALIASES = {
    "hongkong": "HK", "hong kong": "HK", "taiwan": "TW", "korea": "KR", "korsel": "KR", "saudi": "SA", "arab": "SA",
    "makau": "MO", "macau": "MO", "uea": "AE", "dubai": "AE", "brunei": "BN", "turki": "TR", "singapore": "SG",
}  # fmt: skip


def _word(cell: Cell) -> str:
    return " ".join(re.split(r"[\s_/-]+", str(cell).strip().lower()))


def read_member_status(cell: Cell) -> str:
    """A member's status, by the name the members slice has for it.

    Raises:
        InputError: ``status-unknown``.
    """
    for status, words in _MEMBER_STATUS.items():
        if _word(cell) in words:
            return status
    raise InputError(
        "status-unknown", N_("Status anggota tidak dikenal: tulis Aktif, Calon, Cuti, Nonaktif, Keluar atau Meninggal.")
    )


def read_migrant_status(cell: Cell) -> str:
    """A member's tie to migrant work, by the name the members slice has for it.

    Raises:
        InputError: ``migrant-status-unknown``.
    """
    for status, words in _MIGRANT_STATUS.items():
        if _word(cell) in words:
            return status
    raise InputError(
        "migrant-status-unknown",
        N_("Status PMI tidak dikenal: tulis Calon PMI, PMI aktif, Purna PMI, Keluarga PMI atau Bukan."),
    )


def read_savings_kind(cell: Cell) -> SavingsKind:
    """Which savings a row is about.

    Raises:
        InputError: ``savings-kind-unknown``.
    """
    for kind, words in _SAVINGS.items():
        if _word(cell) in words:
            return kind
    raise InputError(
        "savings-kind-unknown", N_("Jenis simpanan tidak dikenal: tulis Pokok, Wajib, Sukarela atau Wadiah.")
    )


def read_country(cell: Cell) -> str:
    """A country's ISO 3166 code of two letters, from the code or its Indonesian or English name.

    Raises:
        InputError: ``country-name-unknown``.
    """
    code = _countries().get(_word(cell))
    if code is None:
        raise InputError("country-name-unknown", N_("Nama negara tidak dikenal."))
    return code


@cache
def _countries() -> dict[str, str]:
    names: dict[str, str] = {}
    for locale in ("en", "id"):
        for code, name in Locale(locale).territories.items():
            if re.fullmatch("[A-Z]{2}", str(code)):
                names[_word(name)] = str(code)
                names[str(code).lower()] = str(code)
    return names | _COUNTRY_ALIASES


def read_name(cell: Cell) -> str:
    """A person's name; one name is enough.

    Raises:
        InputError: ``name-letters`` or as ``clean_text``.
    """
    name = formats.clean_text(str(cell), max_length=120)
    if not any(char.isalpha() for char in name):
        raise InputError("name-letters", N_("Nama harus berisi huruf."))
    return name


def read_text(cell: Cell) -> str:
    """Free text on one line.

    Raises:
        InputError: as ``clean_text``.
    """
    return formats.clean_text(" ".join(str(cell).split()), max_length=300)


def read_email(cell: Cell) -> str:
    """An e-mail address, in lower case; only its form is looked at.

    Raises:
        InputError: ``email-format``.
    """
    email = str(cell).strip().lower()
    if len(email) > 254 or not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", email):
        raise InputError("email-format", N_("Alamat email tidak terbaca."))
    return formats.clean_text(email, max_length=254)
