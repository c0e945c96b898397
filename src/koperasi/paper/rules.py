"""Where things stand on a passbook's pages, and which code a line carries. Pure.

Lengths are whole tenths of a millimetre, the size of type whole tenths of a point. A line is printed once, in the order
in which the book recorded the movements, so that what comes later never stands above what is printed already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, NamedTuple

from koperasi.errors import FieldError, Refusal
from koperasi.formats import format_date_short, format_figure
from koperasi.i18n import N_

LONGEST = 4_200
"""Nothing is longer than the long side of A3."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A passbook's paper and where the printer finds its columns. Positions are from the left edge.

    Dates, codes and the teller begin at their position; amounts end at theirs.
    """

    width: int = 1_400
    height: int = 1_750
    top: int = 250
    """Of the first line."""
    line_height: int = 50
    lines: int = 26
    fold_after: int = 13
    """The line before the fold; 0 is no fold."""
    fold_gap: int = 150
    font_size: int = 80
    date_at: int = 80
    code_at: int = 270
    debit_at: int = 575
    credit_at: int = 845
    balance_at: int = 1_140
    teller_at: int = 1_165
    cover_top: int = 600
    cover_left: int = 200
    cover_line: int = 80


BOUNDS: Mapping[str, tuple[int, int]] = {
    "width": (500, LONGEST),
    "height": (500, LONGEST),
    "top": (0, LONGEST),
    "line_height": (20, 300),
    "lines": (1, 80),
    "fold_after": (0, 79),
    "fold_gap": (0, 1_000),
    "font_size": (50, 200),
    "cover_line": (30, 500),
}
"""What a printer can do; positions lie on the page."""


class Line(NamedTuple):
    """A movement as a passbook has it; amounts in sen. ``change_minor`` above zero came in."""

    entry_number: int
    line: int
    day: date
    kind: str
    change_minor: int
    balance_minor: int
    teller: str


class Place(NamedTuple):
    """A page of the passbook and a line on it, both from 1."""

    page: int
    row: int


class Placed(NamedTuple):
    """A movement and where it is printed: its line on the page, and how far from the top."""

    row: int
    top: int
    code: str
    date: str
    debit: str
    credit: str
    balance: str
    teller: str


class PrintedPage(NamedTuple):
    """What is printed on one page."""

    number: int
    lines: tuple[Placed, ...]


FIRST = Place(1, 1)

CODES: Mapping[str, str] = {
    "00": N_("Saldo awal"),
    "01": N_("Setor"),
    "02": N_("Tarik"),
    "03": N_("Imbalan"),
    "04": N_("Pajak"),
    "05": N_("Pindah buku"),
    "06": N_("Biaya"),
    "09": N_("Koreksi"),
}
"""The codes (sandi) and what they mean (message ids)."""

_BY_KIND: Mapping[str, str] = {
    "reversal": "09",
    "savings.deposit": "01",
    "savings.withdrawal": "02",
    "savings.transfer": "05",
    "savings.plan": "05",
    "savings.fee": "06",
    "savings.return": "03",
    "deposit.return": "03",
}
_BY_FAMILY: Mapping[str, str] = {"opening": "00", "deposit": "05", "return": "03", "returns": "03", "tax": "04"}

TELLER_LETTERS = 9
AMOUNT_LETTERS = 14
"""``99.999.999.999`` fits into each column of amounts; the usual layout takes a thousand times as much."""

COLUMNS: Mapping[str, tuple[int, bool, str]] = {
    "date_at": (10, False, N_("Menimpa kolom tanggal: beri jarak, atau kecilkan huruf.")),
    "code_at": (2, False, N_("Menimpa kolom sandi: beri jarak, atau kecilkan huruf.")),
    "debit_at": (AMOUNT_LETTERS, True, N_("Menimpa kolom debet: beri jarak, atau kecilkan huruf.")),
    "credit_at": (AMOUNT_LETTERS, True, N_("Menimpa kolom kredit: beri jarak, atau kecilkan huruf.")),
    "balance_at": (AMOUNT_LETTERS, True, N_("Menimpa kolom saldo: beri jarak, atau kecilkan huruf.")),
    "teller_at": (TELLER_LETTERS, False, N_("Menimpa kolom petugas: beri jarak, atau kecilkan huruf.")),
}
"""How many letters a column holds, whether it ends at its position, and what another says that runs into it."""

COUNTS = frozenset({"lines", "fold_after"})
"""Plain numbers; all else of a layout is a length in tenths."""


def code_of(kind: str, change_minor: int) -> str:
    """The code of a movement, by the kind of its entry; one that is not known is a deposit or a withdrawal."""
    known = _BY_KIND.get(kind) or _BY_FAMILY.get(kind.partition(".")[0])
    return known or ("01" if change_minor > 0 else "02")


def check_layout(layout: Layout) -> None:
    """Refuse a layout that no printer can follow.

    Raises:
        Refusal: ``layout``, with an error for each wrong field.
    """
    errors = []
    for field in fields(layout):
        value = getattr(layout, field.name)
        across = layout.height if field.name == "cover_top" else layout.width
        # A wrong size of the page is said once, not again at each position on it.
        across = across if across >= BOUNDS["width"][0] else LONGEST
        least, most = BOUNDS.get(field.name, (0, across))
        if not least <= value <= most:
            bounds = {"least": written(field.name, least), "most": written(field.name, most)}
            message = N_("Tulis antara %(least)s dan %(most)s.")
            errors.append(FieldError(field.name, "layout-range", message, bounds))
    if not errors:
        errors = [*_check_lines(layout), *_check_columns(layout)]
    if errors:
        raise Refusal("layout", N_("Ada isian yang perlu diperbaiki."), field=errors[0].field, errors=errors)


def _check_lines(layout: Layout) -> list[FieldError]:
    """What is wrong with the lines from top to bottom."""
    errors = []
    if layout.fold_after >= layout.lines:
        errors.append(FieldError("fold_after", "layout-fold", N_("Lipatan harus sebelum baris terakhir.")))
    elif bottom(layout) > layout.height:
        message = N_("Barisnya melewati tepi bawah halaman sejauh %(over)s mm.")
        over = written("height", bottom(layout) - layout.height)
        errors.append(FieldError("lines", "layout-height", message, {"over": over}))
    close = N_("Jarak ini lebih kecil daripada hurufnya: barisnya bertumpuk.")
    # A point is 0.3528 mm; the cover's type is a fifth larger.
    if layout.line_height * 10_000 < layout.font_size * 3_528:
        errors.append(FieldError("line_height", "layout-close", close))
    if layout.cover_line * 10_000 < layout.font_size * 3_528 * 6 // 5:
        errors.append(FieldError("cover_line", "layout-close", close))
    return errors


def _check_columns(layout: Layout) -> list[FieldError]:
    """Columns that leave the paper or run into one another, at the right one of the two."""
    errors: list[FieldError] = []
    reached, before = 0, ""
    for start, end, name in sorted(_columns(layout)):
        if start < 0 or end > layout.width:
            errors.append(FieldError(name, "layout-off", N_("Kolom ini keluar dari kertas.")))
        elif before and start < reached:
            errors.append(FieldError(name, "layout-over", COLUMNS[before][2]))
        reached, before = end, name
    return errors


def _columns(layout: Layout) -> list[tuple[int, int, str]]:
    """Where each column begins and ends, and its name."""
    found = []
    for name, (letters, is_amount, _) in COLUMNS.items():
        at, across = getattr(layout, name), letters_width(letters, layout.font_size)
        found.append((at - across, at, name) if is_amount else (at, at + across, name))
    return found


def letters_width(letters: int, font_size: int) -> int:
    """How wide letters of one width are, rounded up to tenths: each is 0.602 of the size of the type."""
    return -(-letters * font_size * 2_124 // 10_000)


def written(name: str, value: int) -> str:
    """A count or a length as people type it: ``26``, ``140,5``."""
    return str(value) if name in COUNTS else f"{value // 10},{value % 10}"


def sample(layout: Layout) -> PrintedPage:
    """A whole page of made-up lines with the largest amounts, to see whether a layout fits the paper."""
    most = int("9" * 11) * 100
    day = date(2028, 12, 30)
    lines = [Line(n, 1, day, "", most if n % 2 else -most, most, "petugas00") for n in range(layout.lines)]
    return put(layout, lines, FIRST)[0][0]


def top_of(layout: Layout, row: int) -> int:
    """How far a line is from the top of its page."""
    past_fold = bool(layout.fold_after) and row > layout.fold_after
    return layout.top + (row - 1) * layout.line_height + (layout.fold_gap if past_fold else 0)


def bottom(layout: Layout) -> int:
    """Where the last line ends."""
    return top_of(layout, layout.lines) + layout.line_height


def following(layout: Layout, place: Place) -> Place:
    """The next line, on the next page after the last."""
    return Place(place.page, place.row + 1) if place.row < layout.lines else Place(place.page + 1, 1)


def check_place(layout: Layout, place: Place) -> None:
    """Refuse a place that the passbook does not have.

    Raises:
        Refusal: ``passbook-row`` or ``passbook-page``.
    """
    if not 1 <= place.row <= layout.lines:
        raise Refusal("passbook-row", N_("Baris 1 sampai %(lines)s."), field="row", lines=layout.lines)
    if not 1 <= place.page <= 999:
        raise Refusal("passbook-page", N_("Halaman 1 sampai 999."), field="page")


def put(layout: Layout, lines: Sequence[Line], start: Place) -> tuple[list[PrintedPage], Place]:
    """Lines on their pages, beginning at a place; and the place of the last one (the start if there are none)."""
    pages: dict[int, list[Placed]] = {}
    at = last = start
    for one in lines:
        paid_in, paid_out = max(one.change_minor, 0), max(-one.change_minor, 0)
        pages.setdefault(at.page, []).append(
            Placed(
                row=at.row,
                top=top_of(layout, at.row),
                code=code_of(one.kind, one.change_minor),
                date=format_date_short(one.day),
                debit=format_figure(paid_out) if paid_out else "",
                credit=format_figure(paid_in) if paid_in else "",
                balance=format_figure(one.balance_minor),
                teller=one.teller[:TELLER_LETTERS],
            )
        )
        last, at = at, following(layout, at)
    return [PrintedPage(number, tuple(placed)) for number, placed in pages.items()], last


_TENTHS = re.compile(r"([0-9]{1,4})(?:[.,]([0-9]))?")


def read_tenths(text: str) -> int | None:
    """A length as it is typed (``140`` or ``140,5``), in tenths; nothing if it is none."""
    found = _TENTHS.fullmatch(text)
    return int(found[1]) * 10 + int(found[2] or 0) if found else None


def to_json(layout: Layout) -> dict[str, int]:
    """A layout as it is kept."""
    return asdict(layout)


def from_json(kept: Mapping[str, Any]) -> Layout:
    """A layout from how it was kept; what it does not say is as usual."""
    known = {field.name for field in fields(Layout)}
    return Layout(**{name: int(value) for name, value in kept.items() if name in known})


def stylesheet(layout: Layout) -> str:
    """The same as rules for a browser: one class a line and a column, since no page may carry styles of its own."""
    width, height = _mm(layout.width), _mm(layout.height)
    rules = [
        f"@page passbook {{ size: {width} {height}; margin: 0; @bottom-right {{ content: none }} }}",
        f".passbook-page {{ page: passbook; width: {width}; height: {height} }}",
        f".passbook-page {{ font-size: {_tenths(layout.font_size)}pt }}",
    ]
    rules += [f".pb-row-{row} {{ top: {_mm(top_of(layout, row))} }}" for row in range(1, layout.lines + 1)]
    for column in ("date", "code", "teller"):
        rules.append(f".pb-{column} {{ left: {_mm(getattr(layout, column + '_at'))} }}")
    for column in ("debit", "credit", "balance"):
        rules.append(f".pb-{column} {{ right: {_mm(layout.width - getattr(layout, column + '_at'))} }}")
    rules.append(f".pb-cover {{ left: {_mm(layout.cover_left)}; top: {_mm(layout.cover_top)}; "
                 f"line-height: {_mm(layout.cover_line)} }}")  # fmt: skip
    return "\n".join(rules) + "\n"


def _mm(tenths: int) -> str:
    return f"{_tenths(tenths)}mm"


def _tenths(value: int) -> str:
    return f"{value // 10}.{value % 10}"
