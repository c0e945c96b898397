"""Messages: Indonesian is written in the code, English stands in ``en/*.po``, one file a slice.

Catalogues are read from the ``.po`` files at start, so there is nothing to compile and nothing to forget. Indonesian
has no plural: a message is written once, and English gives it two forms (``msgid_plural``) where it counts something.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, TypeGuard

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = ("id", "en")
DEFAULT_LOCALE = "id"


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "extract, translate later"
    """Mark a message for the catalogue; it is translated where it is shown."""
    return message


_COUNTED = frozenset({"accounts", "count", "days", "entries", "least", "limit", "members", "months", "most", "seconds"})
"""Placeholders by which a message is singular or plural: the first of them that it has."""
_PLACEHOLDER = re.compile(r"%\((\w+)\)s(\s?%%)?")
_DECIMAL = re.compile(r"-?[0-9]+,[0-9]+")


@cache
def _catalogue(locale: str) -> Catalog:
    """All files of a language as one."""
    files = sorted((Path(__file__).parent / locale).glob("*.po")) if locale in LOCALES else []
    merged = Catalog(locale=locale if files else None, charset="utf-8")
    for path in files:
        with path.open("rb") as source:
            for message in read_po(source, locale=locale):
                if message.id and message.string:
                    merged.add(message.id, message.string)
    return merged


@cache
def translations(locale: str) -> gettext.NullTranslations:
    """The catalogue of a language; Indonesian needs none, an unknown language reads as Indonesian."""
    merged = _catalogue(locale)
    if not len(merged):
        return gettext.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translate(locale: str, message: str, **params: object) -> str:
    """A message in a language, with its placeholders filled; params that are refusal texts stay as they are."""
    text, facts = phrase(locale, message, params)
    return text % facts if params else text


def phrase(locale: str, message: str, params: Mapping[str, object]) -> tuple[str, Mapping[str, object]]:
    """A message in a language with its placeholders, and what fills them, as that language writes it.

    English has a singular, and a point in percentages, where Indonesian has a comma (``27,5 %``).
    """
    forms = _forms(locale, message)
    if not params or locale == DEFAULT_LOCALE:
        return forms.many, params
    text = forms.one if forms.counted and str(params.get(forms.counted)) == "1" else forms.many
    said = {name: params[name] for name in forms.percents if name in params}
    pointed = {name: value.replace(",", ".") for name, value in said.items() if _is_decimal(value)}
    return text, {**params, **pointed} if pointed else params


def _is_decimal(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _DECIMAL.fullmatch(value) is not None


class _Forms(NamedTuple):
    """What a language says for a message: of one, of many; what is counted, and what stands before a percent sign."""

    one: str
    many: str
    counted: str | None
    percents: tuple[str, ...]


@lru_cache(maxsize=8192)
def _forms(locale: str, message: str) -> _Forms:
    found = _catalogue(locale).get(message)
    said = found.string if found and found.string else message
    one, many = (said, said) if isinstance(said, str) else (said[0], said[-1])
    places = list(_PLACEHOLDER.finditer(message))
    counted = next((place[1] for place in places if place[1] in _COUNTED), None)
    return _Forms(one, many, counted, tuple(place[1] for place in places if place[2]))
