"""Every sentence people see exists in English, with the same placeholders, and in one wording only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

import koperasi

PACKAGE = Path(koperasi.__file__).parent
METHODS = [("**/templates/*.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
OPTIONS = {
    "**/templates/*.html": {
        "newstyle_gettext": "true",
        "trimmed": "true",
        "silent": "false",
        "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
    }
}
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")


def used_messages() -> dict[str, str]:
    """Message ids (singular) to the place where they stand first."""
    found = extract_from_dir(PACKAGE, METHODS, OPTIONS, keywords=DEFAULT_KEYWORDS)
    used: dict[str, str] = {}
    for filename, line, message, _comments, _context in found:
        used.setdefault(message if isinstance(message, str) else message[0], f"{filename}:{line}")
    return used


def english() -> dict[str, dict[str, str]]:
    """Message ids to their English wordings, each with the file it stands in."""
    wordings: dict[str, dict[str, str]] = {}
    for path in sorted((PACKAGE / "i18n" / "en").glob("*.po")):
        with path.open("rb") as source:
            for message in read_po(source, locale="en", abort_invalid=True):
                if message.id:
                    key = message.id if isinstance(message.id, str) else message.id[0]
                    texts = [message.string] if isinstance(message.string, str) else message.string
                    wordings.setdefault(key, {})[" / ".join(texts)] = path.name
    return wordings


def test_the_extractor_finds_templates_and_python() -> None:
    places = set(used_messages().values())
    assert any(place.startswith("web/templates/base.html") for place in places)
    assert any(place.startswith("web/forms.py") for place in places)


def test_every_message_has_an_english_translation() -> None:
    translated = {key for key, texts in english().items() if all(texts)}
    missing = {message: place for message, place in used_messages().items() if message not in translated}
    assert not missing, "\n".join(f"{place}: {message}" for message, place in sorted(missing.items()))


def test_one_message_has_one_english_wording() -> None:
    torn = {key: texts for key, texts in english().items() if len(texts) > 1}
    assert not torn


def test_translations_keep_their_placeholders() -> None:
    wrong = [
        (key, text)
        for key, texts in english().items()
        for wording in texts
        for text in wording.split(" / ")
        if set(PLACEHOLDER.findall(key)) != set(PLACEHOLDER.findall(text))
    ]
    assert not wrong


@pytest.mark.parametrize("path", sorted((PACKAGE / "i18n" / "en").glob("*.po")), ids=lambda path: path.name)
def test_no_translation_is_left_as_a_guess(path: Path) -> None:
    with path.open("rb") as source:
        assert not [message.id for message in read_po(source, locale="en") if message.id and message.fuzzy]
