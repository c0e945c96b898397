"""Reading a collection sheet: what a list pasted from a spreadsheet says. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from koperasi.formats import InputError, parse_amount

MEMBER_DIGITS = 5
_CELLS = re.compile(r"[\t;|]| {2,}")
_NUMBER = re.compile(r"[0-9]{1,9}")


class Pasted(NamedTuple):
    """A line of a list: a member's number, and what was paid of wajib and of free savings as it was written."""

    member_number: str
    wajib: str
    free: str


def read_pasted(text: str) -> tuple[list[Pasted], list[str]]:
    """The lines of a list, and those that can't be read; blank lines and a line of titles are passed over.

    A line is a member's number, then one or two amounts; a name in between is passed over. Cells stand apart by a tab,
    a semicolon, a bar or two spaces. A number may lack its leading zeros, which spreadsheets drop.
    """
    read: list[Pasted] = []
    unread: list[str] = []
    for place, line in enumerate(text.splitlines()):
        cells = [cell.strip() for cell in _CELLS.split(line.strip()) if cell.strip()]
        if not cells:
            continue
        amounts = [cell for cell in cells[1:] if _is_amount(cell)]
        if _NUMBER.fullmatch(cells[0]) and len(amounts) <= 2:
            wajib, free = [*amounts, "", ""][:2]
            read.append(Pasted(cells[0].zfill(MEMBER_DIGITS), wajib, free))
        elif place or any(char.isdigit() for char in cells[0]):
            unread.append(line.strip()[:80])
    return read, unread


def _is_amount(cell: str) -> bool:
    try:
        parse_amount(cell)
    except InputError:
        return False
    return True
