"""Forms that keep what was typed: read a field, say what is wrong beside it, show it again as it was."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping
from uuid import UUID

from koperasi import formats, terbilang
from koperasi.errors import Refusal
from koperasi.i18n import DEFAULT_LOCALE, N_, translate

LONGEST = 4_000
"""Characters kept of one field; what is longer can't have been meant for it."""

REQUIRED = N_("Isian ini perlu diisi.")
TOO_LONG = N_("Terlalu panjang: %(length)s huruf, paling banyak %(limit)s.")
UNREADABLE = N_("Ada tanda yang tidak dapat dibaca. Ketik ulang isian ini.")
NOT_ABOVE_ZERO = N_("Jumlah harus lebih dari nol.")
BAD_CHOICE = N_("Pilih salah satu dari daftar.")
BAD_WHOLE = N_("Tulis angka bulat dari %(least)s sampai %(most)s.")
BAD_FORM = N_("Formulir ini tidak lengkap. Muat ulang halaman, lalu isi kembali.")

_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""What no page and no database can carry; line breaks and tabs are not among it."""


class Form:
    """One submitted form, or an empty one with start values.

    Each reader (``text``, ``amount``, …) returns the value, or None after noting what is wrong with the field; it
    never raises, whatever was sent. ``ok`` tells whether all that was read could be read.

    Args:
        data: field names to text; a list counts by its first item, anything that is not text (a file) is left out.
        locale: the reader's language, for messages.
    """

    def __init__(self, data: Mapping[str, object] | None = None, locale: str = DEFAULT_LOCALE) -> None:
        self.locale = locale
        self._typed: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        self.general: list[str] = []
        for name in data or ():
            value = (data or {})[name]
            if isinstance(value, (list, tuple)) and value:
                value = value[0]
            if isinstance(value, str):
                self._typed[name] = value

    @property
    def ok(self) -> bool:
        """Nothing was wrong with anything read so far."""
        return not self.errors and not self.general

    def value(self, name: str) -> str:
        """What to show in the field: as typed, without what no page can carry."""
        return _UNWANTED.sub("\N{REPLACEMENT CHARACTER}", self._typed.get(name, "")[:LONGEST])

    def set(self, name: str, value: object) -> None:
        """Give a field a start value; what was typed stays."""
        self._typed.setdefault(name, "" if value is None else str(value))

    def fill(self, name: str, value: object) -> None:
        """Write a value into a field that was left empty."""
        if not self._typed.get(name, "").strip():
            self._typed[name] = str(value)

    def error_of(self, name: str) -> str:
        """What is wrong with a field, in the reader's language; '' if nothing."""
        return self.errors.get(name, "")

    def error(self, name: str, message: str, **params: object) -> None:
        """Note what is wrong with a field (an Indonesian message id); the first thing noted stays. '' is the form."""
        text = translate(self.locale, message, **params)
        if name:
            self.errors.setdefault(name, text)
        elif text not in self.general:
            self.general.append(text)

    def add_refusal(self, refusal: Refusal, fields: Mapping[str, str] | None = None) -> None:
        """Put a refusal beside its fields; what belongs to no field of this form goes above it.

        Args:
            refusal: what the service refused.
            fields: names in the refusal that are called otherwise in this form, e.g. {"amount_minor": "amount"}.
        """
        names = fields or {}
        for problem in refusal.errors:
            self._place(names.get(problem.field, problem.field), problem.text(self.locale))
        if refusal.field or not refusal.errors:
            self._place(names.get(refusal.field or "", refusal.field or ""), refusal.text(self.locale))

    def _place(self, name: str, text: str) -> None:
        if name in self._typed:
            self.errors.setdefault(name, text)
        elif text not in self.general:
            self.general.append(text)

    def text(self, name: str, *, required: bool = False, max_length: int = 200) -> str:
        """A line of text with its spaces tidied; '' if left empty or not readable."""
        typed = self._typed.setdefault(name, "")
        if not typed.strip():
            if required:
                self.error(name, REQUIRED)
            return ""
        try:
            return formats.clean_text(typed, max_length=max_length)
        except formats.InputError as problem:
            self.error(name, problem.message, **problem.params)
            return ""

    def lines(self, name: str, *, required: bool = False, max_length: int = 1_000) -> str:
        """Text that may have line breaks, outer spaces removed; '' if left empty or not readable."""
        text = self._typed.setdefault(name, "").strip().replace("\r\n", "\n")
        if required and not text:
            self.error(name, REQUIRED)
        return text if self._carries(name, text, max_length) else ""

    def secret(self, name: str, *, required: bool = True, max_length: int = 200) -> str:
        """A password or PIN, exactly as typed; it is forgotten at once, so no page shows it again."""
        typed = self._typed.get(name, "")
        self._typed[name] = ""
        if required and not typed:
            self.error(name, REQUIRED)
        return typed if self._carries(name, typed, max_length) else ""

    def amount(self, name: str, *, required: bool = True, positive: bool = True) -> int | None:
        """Rupiah as people here write them, in sen (minor units); more than zero unless ``positive`` is off."""
        text = self._short(name, required)
        if not text:
            return None
        try:
            minor = formats.parse_amount(text)
        except formats.InputError as problem:
            self.error(name, problem.message, **problem.params)
            return None
        if positive and minor <= 0:
            self.error(name, NOT_ABOVE_ZERO)
            return None
        return minor

    def date(self, name: str, *, required: bool = True) -> dt.date | None:
        """A day: what a date field sends (2026-11-25), or typed by hand, the day first."""
        text = self._short(name, required)
        if not text:
            return None
        try:
            return formats.parse_date(text)
        except formats.InputError as problem:
            self.error(name, problem.message, **problem.params)
            return None

    def choice(self, name: str, options: Collection[str], *, required: bool = True) -> str | None:
        """One of the options, by its value."""
        text = self._short(name, required)
        if not text:
            return None
        if text not in options:
            self.error(name, BAD_CHOICE)
            return None
        return text

    def whole(self, name: str, *, least: int = 0, most: int = 1_000_000, required: bool = True) -> int | None:
        """A whole number within its bounds (months, members, a page)."""
        text = self._short(name, required)
        if not text:
            return None
        if not re.fullmatch(r"-?[0-9]{1,12}", text) or not least <= int(text) <= most:
            self.error(name, BAD_WHOLE, least=least, most=most)
            return None
        return int(text)

    def flag(self, name: str) -> bool:
        """A ticked box."""
        return bool(self._typed.get(name))

    def uuid(self, name: str) -> UUID | None:
        """The form's own key against double posting. Nobody types it, so a wrong one is the whole form's matter."""
        try:
            return UUID(self._typed.get(name, "")[:60])
        except ValueError:
            self.error("", BAD_FORM)
            return None

    def echo(self, name: str) -> str:
        """The typed amount as Rp1.250.000, to stand beneath its field; '' while it can't be read."""
        minor = self._readable(name)
        return "" if minor is None else formats.format_amount(minor)

    def words(self, name: str) -> str:
        """The typed amount in words; '' while it can't be read."""
        minor = self._readable(name)
        return "" if minor is None else terbilang.amount_in_words(minor, self.locale)

    def _readable(self, name: str) -> int | None:
        try:
            return formats.parse_amount(self.value(name))
        except formats.InputError:
            return None

    def _short(self, name: str, required: bool) -> str:
        """A value of few characters, for a parser that explains the rest."""
        return self.text(name, required=required, max_length=60)

    def _carries(self, name: str, text: str, max_length: int) -> bool:
        if len(text) > max_length:
            self.error(name, TOO_LONG, limit=max_length, length=len(text))
        elif _UNWANTED.search(text):
            self.error(name, UNREADABLE)
        else:
            return True
        return False
