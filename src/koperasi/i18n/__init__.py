"""Messages: Indonesian is written in the code, English stands in ``en/*.po``, one file a slice.

Catalogues are read from the ``.po`` files at start, so there is nothing to compile and nothing to forget.
"""

from __future__ import annotations

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = ("id", "en")
DEFAULT_LOCALE = "id"


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "extract, translate later"
    """Mark a message for the catalogue; it is translated where it is shown."""
    return message


@cache
def translations(locale: str) -> gettext.NullTranslations:
    """The catalogue of a language; Indonesian needs none, an unknown language reads as Indonesian."""
    files = sorted((Path(__file__).parent / locale).glob("*.po")) if locale in LOCALES else []
    if not files:
        return gettext.NullTranslations()
    merged = Catalog(locale=locale, charset="utf-8")
    for path in files:
        with path.open("rb") as source:
            for message in read_po(source, locale=locale):
                if message.id and message.string:
                    merged.add(message.id, message.string)
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translate(locale: str, message: str, **params: object) -> str:
    """A message in a language, with its placeholders filled; params that are refusal texts stay as they are."""
    text = translations(locale).gettext(message)
    return text % params if params else text
