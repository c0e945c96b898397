"""Offices: what one is called, and when one may be closed. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from koperasi.errors import Conflict, FieldError, Refusal
from koperasi.formats import InputError, clean_text
from koperasi.i18n import N_
from koperasi.treasury.rules_vouchers import OFFICE

_CODE = re.compile(r"[0-9A-Z]{2,6}")
NAME_MAX_LENGTH = 60


class Desk(NamedTuple):
    """What an office has at hand: its tills' cash in sen, how many tills, and how many of them are in session."""

    code: str
    name: str
    tills: int
    open_sessions: int
    cash_minor: int
    closed: bool

    @property
    def is_head(self) -> bool:
        """Whether it is the head office."""
        return self.code == OFFICE


def clean_office(code: str, name: str) -> tuple[str, str]:
    """The code and name of a new office, the code in capitals: it stands in the numbers of its vouchers.

    Raises:
        Refusal: ``office``, with an error for each wrong field.
    """
    errors = []
    written = code.strip().upper()
    if not _CODE.fullmatch(written):
        errors.append(FieldError("code", "office-code", N_("Tulis dua sampai enam huruf atau angka, misalnya KC1.")))
    called = ""
    try:
        called = clean_text(name, max_length=NAME_MAX_LENGTH)
    except InputError as problem:
        errors.append(problem.at("name"))
    if errors:
        raise Refusal("office", N_("Kantor belum dapat dicatat; perbaiki isian yang ditandai."), errors=errors)
    return written, called


def check_closing(desk: Desk) -> None:
    """An office is closed once its tills are empty and rest.

    Raises:
        Conflict: ``head-office``, ``office-closed``, ``office-in-session`` or ``office-has-cash``.
    """
    if desk.is_head:
        raise Conflict("head-office", N_("Kantor pusat tidak ditutup."))
    if desk.closed:
        raise Conflict("office-closed", N_("Kantor ini sudah ditutup."))
    if desk.open_sessions:
        raise Conflict("office-in-session", N_("Masih ada sesi kas yang terbuka di kantor ini."))
    if desk.cash_minor:
        raise Conflict("office-has-cash", N_("Laci di kantor ini masih berisi uang; setor dulu ke kas besar."))
