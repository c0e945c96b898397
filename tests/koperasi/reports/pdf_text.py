"""The text of a PDF as its pages draw it, run by run. Reads what Typst writes, and no other PDF."""

from __future__ import annotations

import html
import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*)\r?\nendstream", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of(pdf: bytes) -> str:
    """All runs of all pages, in the order in which they are drawn, with single spaces between words."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    runs: list[str] = []
    for body in objects.values():
        if not re.search(rb"/Type\s*/Page\b", body):
            continue
        fonts = _fonts(objects, body)
        runs += _runs(_content(objects[_reference(body, b"Contents")]), fonts)
    return " ".join(" ".join(runs).split())


def _reference(body: bytes, name: bytes) -> int:
    return int(re.search(rb"/" + name + rb" (\d+) 0 R", body)[1])


def _content(body: bytes) -> bytes:
    return zlib.decompress(_STREAM.search(body)[1])


def _fonts(objects: dict[int, bytes], page: bytes) -> dict[bytes, dict[bytes, str]]:
    resources = page if b"/Font<<" in page else objects[_reference(page, b"Resources")]
    listed = re.search(rb"/Font<<(.*?)>>", resources)[1]
    return {
        name: _letters(_content(objects[_reference(objects[int(number)], b"ToUnicode")]))
        for name, number in re.findall(rb"/(f\d+) (\d+) 0 R", listed)
    }


def _letters(table: bytes) -> dict[bytes, str]:
    return {
        bytes.fromhex(glyph.decode()): bytes.fromhex(letters.decode()).decode("utf-16-be")
        for block in re.findall(rb"beginbfchar(.*?)endbfchar", table, re.DOTALL)
        for glyph, letters in re.findall(rb"<(\w+)> <(\w+)>", block)
    }


def _runs(content: bytes, fonts: dict[bytes, dict[bytes, str]]) -> list[str]:
    runs: list[str] = []
    glyphs, letters, at = b"", {}, 0
    while at < len(content):
        if content[at : at + 1] == b"(":
            piece, at = _string(content, at)
            glyphs += piece
        elif font := re.compile(rb"/(f\d+) [\d.]+ Tf").match(content, at):
            letters, at = fonts[font[1]], font.end()
        elif content[at : at + 2] == b"BT":  # what stood before were properties, such as the language
            glyphs, at = b"", at + 2
        elif content[at : at + 2] in {b"TJ", b"Tj"}:
            runs.append("".join(letters[glyphs[n : n + 2]] for n in range(0, len(glyphs), 2)))
            glyphs, at = b"", at + 2
        elif hexed := re.compile(rb"<([0-9A-Fa-f]+)>(?!>)").match(content, at):
            glyphs, at = glyphs + bytes.fromhex(hexed[1].decode()), hexed.end()
        else:
            at += 1
    return runs


def _string(content: bytes, at: int) -> tuple[bytes, int]:
    """A string that begins with its bracket, and where it ends; brackets within may be bare if they are balanced."""
    plain, depth, at = b"", 1, at + 1
    while True:
        if escape := re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL).match(content, at):
            sign = escape[1]
            plain += bytes([int(sign, 8)]) if sign.isdigit() else _ESCAPES.get(sign, sign)
            at = escape.end()
            continue
        sign = content[at : at + 1]
        depth += (sign == b"(") - (sign == b")")
        at += 1
        if not depth:
            return plain, at
        plain += sign


def missing(page: str, pdf: bytes) -> list[str]:
    """The words of a print page's sheet, without its foot, that do not stand in the PDF in the same order."""
    sheet = page.partition('<article class="paper">')[2].partition("<footer>")[0]
    left = iter(text_of(pdf).split())
    return [word for word in html.unescape(re.sub(r"<[^>]*>", " ", sheet)).split() if word not in left]
