"""Mobile numbers of members at home and abroad, kept as E.164 (``+6281234567890``).

A number without ``+`` and without a leading 0 can be a foreign one (``60123456789``) or an Indonesian one whose zero a
spreadsheet dropped (``81234567890``). If only one reading is a mobile number it is taken; if both are, the number is
refused and the person asked, since the wrong guess sends a receipt to a stranger.
"""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from koperasi.formats import NO_BREAK_SPACE, InputError
from koperasi.i18n import N_

DESTINATION_CODES = (
    "62", "852", "886", "60", "65", "81", "82", "966", "971", "673",
    "853", "965", "968", "973", "974", "962", "39", "90", "48", "61",
)  # fmt: skip
"""Calling codes that may stand without a plus: Indonesia, then the countries its migrants work in."""

_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_WRITTEN = re.compile(r"\+?[0-9 ().-]+")
_LONGEST = 30


class PhoneError(InputError):
    """Text that is not a mobile number."""


def to_e164(text: str, region: str = "ID") -> str:
    """Read a mobile number as written and return it in E.164.

    Args:
        text: ``0812…``, ``+62 812…``, ``62812…``, ``+852 9123 4567``; spaces, dots, dashes and brackets are ignored.
        region: where a number without a calling code belongs.

    Raises:
        PhoneError: ``phone-empty``, ``phone-format``, ``phone-not-mobile`` or ``phone-ambiguous``.
    """
    tidy = text.replace(NO_BREAK_SPACE, " ").strip()
    if not tidy:
        raise PhoneError("phone-empty", N_("Nomor telepon belum diisi."))
    if len(tidy) > _LONGEST or not _WRITTEN.fullmatch(tidy):
        raise PhoneError(
            "phone-format", N_("Nomor telepon hanya berisi angka: tulis satu nomor, misalnya 0812-3456-7890.")
        )
    digits = re.sub(r"[^0-9]", "", tidy)
    if tidy.startswith("+"):
        readings = [_mobile(f"+{digits}", region)]
    elif digits.startswith("00"):
        # 00 is the call prefix people know, but 008 is one of Indonesia's own: the plain reading comes first.
        readings = [_mobile(f"+{digits[2:]}", region) or _mobile(digits, region)]
    elif digits.startswith("0"):
        readings = [_mobile(digits, region)]
    else:
        foreign = _mobile(f"+{digits}", region) if digits.startswith(DESTINATION_CODES) else None
        readings = [_mobile(digits, region), foreign]
    found = {reading for reading in readings if reading}
    if len(found) > 1:
        raise PhoneError(
            "phone-ambiguous",
            N_("Nomor ini dapat berarti %(home)s atau %(abroad)s. Tulis dengan 0 atau + di depan."),
            home=f"0{digits}",
            abroad=f"+{digits}",
        )
    if not found:
        raise PhoneError(
            "phone-not-mobile", N_("Ini bukan nomor ponsel yang sah. Nomor luar negeri diawali +, misalnya +852.")
        )
    return found.pop()


def display_phone(e164: str) -> str:
    """A stored number as people read it: ``0812-3456-7890`` at home, ``+852 9123 4567`` abroad."""
    number = phonenumbers.parse(e164)
    at_home = number.country_code == 62
    return phonenumbers.format_number(
        number, PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    )


def mask_phone(e164: str) -> str:
    """A stored number with its middle hidden, for lists and shared screens: ``+6281******890``."""
    return f"{e164[:5]}{'*' * max(len(e164) - 8, 0)}{e164[-3:]}"


def whatsapp_number(e164: str) -> str:
    """The number as ``wa.me`` wants it: without the plus."""
    return e164.removeprefix("+")


def _mobile(text: str, region: str) -> str | None:
    """The E.164 form if the text is a valid mobile number, read from the given region."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in _MOBILE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
