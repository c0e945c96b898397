"""Every Indonesian message has an English translation, the same one everywhere, with the same placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

SOURCE = Path(__file__).parents[2] / "src" / "koperasi"
CATALOGUES = sorted((SOURCE / "i18n" / "en").glob("*.po"))
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


def messages() -> Iterator[tuple[str, str]]:
    """Every message, singular and plural, with the place where it is written."""
    for path in sorted(SOURCE.rglob("*")):
        if path.suffix == ".py":
            with path.open("rb") as source:
                found = [
                    (line, text)
                    for line, text, _, _ in extract("python", source, keywords=KEYWORDS, options={"encoding": "utf-8"})
                ]
        elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
            with path.open("rb") as source:
                options = {"trimmed": "true", "silent": "false", "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols"}
                found = [(line, text) for line, _, text, _ in babel_extract(source, list(KEYWORDS), [], options)]
        else:
            continue
        for line, text in found:
            for message in text if isinstance(text, tuple | list) else [text]:
                if message:
                    yield message, f"{path.relative_to(SOURCE)}:{line}"


def translations() -> dict[str, dict[str, str]]:
    """Message to translation to the catalogue that says so."""
    said: dict[str, dict[str, str]] = {}
    for path in CATALOGUES:
        with path.open("rb") as source:
            for entry in read_po(source, locale="en"):
                identities = entry.id if isinstance(entry.id, tuple | list) else [entry.id]
                texts = entry.string if isinstance(entry.string, tuple | list) else [entry.string]
                wording = " / ".join(texts)  # of a plural: all its forms
                for message in identities:
                    if message:
                        said.setdefault(message, {})[wording] = path.name
    return said


def test_every_message_is_translated() -> None:
    said = translations()
    missing = {place: message for message, place in messages() if not any(said.get(message, {}))}
    assert missing == {}


def test_a_message_has_one_translation() -> None:
    assert {message: texts for message, texts in translations().items() if len(texts) > 1} == {}


def test_no_translation_is_left_over() -> None:
    used = {message for message, _ in messages()}
    left_over = {message: list(texts.values()) for message, texts in translations().items() if message not in used}
    assert left_over == {}


def test_placeholders_survive_translation() -> None:
    changed = {
        message: text
        for message, texts in translations().items()
        for text in texts
        if set(PLACEHOLDER.findall(message)) != set(PLACEHOLDER.findall(text))
    }
    assert changed == {}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_a_catalogue_has_no_doubtful_entries(path: Path) -> None:
    with path.open("rb") as source:
        assert [entry.id for entry in read_po(source, locale="en") if entry.fuzzy] == []
