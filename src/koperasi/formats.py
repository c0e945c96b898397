"""How figures and dates are written and read in Indonesia: ``Rp1.250.000``, ``25 November 2026``, ``14.05 WIB``.

Writing follows EYD (no space after ``Rp``, dot for thousands, comma for decimals). Reading is strict: what could be
meant in two ways is refused with a message, never guessed. Amounts are integer minor units (sen for rupiah).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel import dates as babel_dates

import ledger
from koperasi.errors import FieldError
from koperasi.i18n import N_

MAX_INTEGER_DIGITS = 15
"""The most digits an amount may have before the decimals, so that every amount fits a 64-bit column."""

_LONGEST_AMOUNT = 40

EN_DASH = "\u2013"
MINUS = "\u2212"
NO_BREAK_SPACE = "\u00a0"

TIME_ZONE_LABELS = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
"""Indonesia's three time zones; none has summer time."""


class InputError(ValueError):
    """Text that can't be read as what it should be.

    Args:
        code: stable slug.
        message: Indonesian message id with ``%(name)s`` placeholders.
        params: values for the placeholders.
    """

    def __init__(self, code: str, message: str, **params: object) -> None:
        super().__init__(message % params if params else message)
        self.code = code
        self.message = message
        self.params = params

    def at(self, field: str) -> FieldError:
        """The same complaint, tied to the field it came from."""
        return FieldError(field=field, code=self.code, message=self.message, params=self.params)


class AmountError(InputError):
    """Text that is not an amount of money."""


class DateError(InputError):
    """Text that is not a date."""


# --- Text ------------------------------------------------------------------------------------------------------------


def clean_text(text: str, *, max_length: int) -> str:
    """One line of text with its spaces tidied: ends trimmed, runs collapsed, letters composed (NFC).

    Raises:
        InputError: ``empty``, ``control-character`` (also invisible and unassigned characters) or ``too-long``.
    """
    trimmed = unicodedata.normalize("NFC", text).strip()
    if not trimmed:
        raise InputError("empty", N_("Wajib diisi."))
    if any(unicodedata.category(char) in _UNSEEN for char in trimmed):
        raise InputError(
            "control-character", N_("Berisi karakter yang tidak terlihat; ketik ulang tanpa salin-tempel.")
        )
    tidy = " ".join(trimmed.split())
    if len(tidy) > max_length:
        raise InputError("too-long", N_("Terlalu panjang: paling banyak %(limit)s karakter."), limit=max_length)
    return tidy


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


# --- Amounts: writing ------------------------------------------------------------------------------------------------


@cache
def currency_exponent(currency: str) -> int:
    """How many decimals a currency has (ISO 4217): 2 for IDR, 0 for JPY, 3 for KWD.

    Raises:
        AmountError: ``currency-unknown``.
    """
    try:
        return ledger.exponent(currency)
    except ledger.UnknownCurrencyError:
        raise AmountError("currency-unknown", N_("Kode mata uang tidak dikenal.")) from None


def format_amount(minor: int, currency: str = "IDR", *, symbol: bool = True, brackets: bool = False) -> str:
    """An amount as people write it: ``Rp1.250.000``; sen only when there are any: ``Rp1.250.000,50``.

    Other currencies carry their code and always all their decimals: ``HKD 3.000,00``.

    Args:
        minor: minor units, may be negative.
        currency: ISO 4217 code.
        symbol: whether to write ``Rp`` or the code.
        brackets: negative in brackets, as on statements, instead of with a minus.
    """
    exponent = currency_exponent(currency)
    whole, fraction = divmod(abs(minor), 10**exponent)
    figure = f"{whole:,}".replace(",", ".")
    if fraction or (exponent and currency != "IDR"):
        figure += f",{fraction:0{exponent}}"
    if symbol:
        figure = f"Rp{figure}" if currency == "IDR" else f"{currency}{NO_BREAK_SPACE}{figure}"
    if minor >= 0:
        return figure
    return f"({figure})" if brackets else f"-{figure}"


def format_figure(minor: int, currency: str = "IDR") -> str:
    """A figure in a column of a table: no symbol, zero as a dash, negative in brackets."""
    return format_amount(minor, currency, symbol=False, brackets=True) if minor else EN_DASH


def wire_amount(minor: int, currency: str = "IDR") -> str:
    """An amount as it stands in JSON: ``"1250000.00"``, with exactly the currency's decimals."""
    exponent = currency_exponent(currency)
    whole, fraction = divmod(abs(minor), 10**exponent)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{fraction:0{exponent}}" if exponent else f"{sign}{whole}"


# --- Amounts: reading ------------------------------------------------------------------------------------------------

_TYPED = re.compile(
    r"""
    (?P<open>\()? \ * (?P<before>-)? \ *
    (?P<symbol>[A-Za-z]{2,3}\.?)? \ * (?P<after>-)?
    (?P<whole> 0 | [1-9][0-9]* | [1-9][0-9]{0,2}(?:\.[0-9]{3})+ )
    (?: ,(?P<fraction>[0-9]+) | ,- )?
    \ * (?P<close>\))?
    """,
    re.VERBOSE,
)
_ENGLISH = re.compile(r"[^0-9]*(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,}))[^0-9]*")
_WIRE = re.compile(r"(?P<sign>-)?(?P<whole>[0-9]{1,15})(?:\.(?P<fraction>[0-9]+))?")


def parse_amount(text: str, currency: str = "IDR") -> int:
    """Read an amount that somebody typed in the Indonesian way; the answer is in minor units.

    ``1250000``, ``1.250.000``, ``Rp 1.250.000,00`` and ``Rp1.250.000,-`` are the same amount; ``1.250`` is one
    thousand two hundred and fifty. English figures (``1,250.00``, ``12.50``) are refused: read the wrong way they
    would be a hundred or a thousand times too large or too small.

    Raises:
        AmountError: ``amount-empty``, ``amount-format``, ``amount-english-style``, ``amount-decimals`` (more than the
            currency has), ``amount-too-large`` or ``currency-unknown``.
    """
    exponent = currency_exponent(currency)
    tidy = text.replace(NO_BREAK_SPACE, " ").replace("\u202f", " ").replace(MINUS, "-").strip()
    if not tidy:
        raise AmountError("amount-empty", N_("Nilai uang belum diisi."))
    found = _TYPED.fullmatch(tidy) if len(tidy) <= _LONGEST_AMOUNT else None
    if found is not None and not (_signs_agree(found) and _symbol_fits(found["symbol"], currency)):
        found = None
    if (found is None or len(found["fraction"] or "") > exponent) and _ENGLISH.fullmatch(tidy):
        raise AmountError(
            "amount-english-style",
            N_("Titik adalah pemisah ribuan dan koma pemisah desimal: tulis 1.250.000 atau 12,50."),
        )
    if found is None:
        raise AmountError("amount-format", N_("Nilai uang tidak terbaca: tulis seperti 1.250.000 atau Rp1.250.000,50."))
    minor = _to_minor(found["whole"].replace(".", ""), found["fraction"] or "", exponent)
    return -minor if found["before"] or found["after"] or found["open"] else minor


def parse_wire_amount(text: str, currency: str = "IDR") -> int:
    """Read an amount from JSON or an export (``"1250000.00"``); the answer is in minor units.

    Raises:
        AmountError: ``amount-format``, ``amount-decimals`` or ``currency-unknown``.
    """
    exponent = currency_exponent(currency)
    found = _WIRE.fullmatch(text)
    if found is None:
        raise AmountError("amount-format", N_('Nilai uang harus ditulis seperti "1250000.00".'))
    minor = _to_minor(found["whole"], found["fraction"] or "", exponent)
    return -minor if found["sign"] else minor


def _signs_agree(found: re.Match[str]) -> bool:
    """At most one sign, and brackets come in pairs."""
    signs = [found["before"], found["after"], found["open"]]
    return sum(sign is not None for sign in signs) <= 1 and (found["open"] is None) == (found["close"] is None)


def _symbol_fits(symbol: str | None, currency: str) -> bool:
    """No symbol, the currency's code, or Rp for rupiah."""
    if symbol is None:
        return True
    return symbol.upper() == currency or (currency == "IDR" and symbol.upper().rstrip(".") == "RP")


def _to_minor(whole: str, fraction: str, exponent: int) -> int:
    """Digits to minor units, exactly."""
    if len(whole) > MAX_INTEGER_DIGITS:
        raise AmountError(
            "amount-too-large", N_("Nilai uang terlalu besar: paling banyak %(limit)s angka."), limit=MAX_INTEGER_DIGITS
        )
    if len(fraction) > exponent:
        raise AmountError(
            "amount-decimals", N_("Terlalu banyak angka di belakang koma: paling banyak %(limit)s."), limit=exponent
        )
    return int(whole + fraction.ljust(exponent, "0"))


# --- Dates: writing --------------------------------------------------------------------------------------------------


def format_date(day: date, locale: str = "id") -> str:
    """A date with the month in words: ``25 November 2026``."""
    return babel_dates.format_date(day, "d MMMM y", locale=locale)


def format_date_short(day: date) -> str:
    """A date in figures, day first: ``25/11/2026``."""
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


@lru_cache(maxsize=256)
def weekday_name(day: date, locale: str = "id") -> str:
    """The name of the day: ``Rabu`` or ``Wednesday``."""
    return babel_dates.format_date(day, "EEEE", locale=locale)


def format_datetime(moment: datetime, zone: ZoneInfo | str, locale: str = "id") -> str:
    """A moment on the clock of a place: ``25 November 2026 14.05 WIB`` (``14:05`` in English).

    Raises:
        ValueError: the moment has no time zone of its own.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone can't be shown on a clock")
    place = ZoneInfo(zone) if isinstance(zone, str) else zone
    local = moment.astimezone(place)
    clock = f"{local:%H.%M}" if locale == "id" else f"{local:%H:%M}"
    return f"{format_date(local.date(), locale)} {clock} {TIME_ZONE_LABELS.get(place.key) or local.tzname()}"


# --- Dates: reading --------------------------------------------------------------------------------------------------

_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_WITH_WORDS = re.compile(r"([0-9]{1,2})[ -]+([A-Za-z]+)\.?[ -]+([0-9]{4}|[0-9]{2})")
_YEARS = range(1900, 2101)


def parse_date(text: str) -> date:
    """Read a date somebody typed: ISO, ``17/08/1945``, ``17-08-1945`` or ``17 Agustus 1945``; the day comes first.

    ``03/25/2024`` is refused rather than turned round, and so is a year of two figures.

    Raises:
        DateError: ``date-empty``, ``date-format``, ``date-month-first``, ``date-impossible``, ``date-short-year`` or
            ``date-year``.
    """
    tidy = " ".join(text.split())
    if not tidy:
        raise DateError("date-empty", N_("Tanggal belum diisi."))
    if found := _ISO_DATE.fullmatch(tidy):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.fullmatch(tidy):
        day, _, month, year = found.groups()
    elif (found := _WITH_WORDS.fullmatch(tidy)) and (number := _months().get(found[2].lower())):
        day, month, year = found[1], str(number), found[3]
    else:
        raise DateError("date-format", N_("Tanggal tidak terbaca: tulis seperti 25/11/2026 atau 25 November 2026."))
    return _make_date(int(day), int(month), year)


def _make_date(day: int, month: int, year: str) -> date:
    """The date, or the reason why there is none."""
    if len(year) == 2:
        raise DateError("date-short-year", N_("Tulis tahun dengan empat angka."))
    if month > 12 >= day > 0 and month <= 31:
        raise DateError(
            "date-month-first",
            N_("Tidak ada bulan %(month)s. Tanggal ditulis hari/bulan/tahun, misalnya 25/11/2026."),
            month=month,
        )
    try:
        made = date(int(year), month, day)
    except ValueError:
        raise DateError("date-impossible", N_("Tanggal ini tidak ada di kalender.")) from None
    if made.year not in _YEARS:
        raise DateError(
            "date-year", N_("Tahun harus antara %(first)s dan %(last)s."), first=_YEARS.start, last=_YEARS.stop - 1
        )
    return made


@cache
def _months() -> dict[str, int]:
    """Month names, long and short, Indonesian and English, to their numbers."""
    names = {"agt": 8, "agust": 8, "sept": 9, "nop": 11, "nopember": 11, "pebruari": 2, "peb": 2}
    for locale in ("en", "id"):
        for width in ("wide", "abbreviated"):
            names |= {name.lower(): number for number, name in Locale(locale).months["format"][width].items()}
    return names


def decimal_shown(text: str, locale: str) -> str:
    """A figure with an Indonesian decimal comma as the reader's language writes it: ``27.5`` in English."""
    return text.replace(",", ".") if locale == "en" else text


def decimal_of(value: Fraction) -> Decimal:
    """A percentage of few decimals, which are all that is kept, as a decimal number: exact, never a float."""
    return Decimal(value.numerator) / Decimal(value.denominator)
