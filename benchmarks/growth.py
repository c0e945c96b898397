"""Does it grow with the book? Bytes on disk for an entry, and a plot of latencies and bytes as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from benchmarks import book
from benchmarks.model import Bench, Row, row, run

PLOT = "growth.svg"

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 64, 48, 56
COLOURS = ("#1b6e53", "#b4572b", "#3b5b92")


@dataclass(frozen=True)
class Curve:
    """A line of the plot; ``right``: its scale stands on the right."""

    label: str
    values: Sequence[float]
    right: bool = False


def measure(bench: Bench) -> list[Row]:
    large = bench.large
    found = run(book.sizes(bench, large.village.name))
    last, first = bench.growth[-1], bench.growth[0]
    entries = large.entries
    (bench.out / PLOT).write_text(plot(bench.growth), encoding="utf-8")
    work = f"in a book of {entries:,}"
    against = f"in a book of {int(first['entries']):,}"
    return [
        row(
            f"bytes an entry on disk, indexes {found['indexes'] / entries:,.0f} of them, {work}",
            last["bytes_per_entry"],
            "bytes",
            "its postings alone, as COPY writes them",
            2 * COPY_BYTES,
            last["bytes_per_entry"] / (2 * COPY_BYTES),
        ),
        row(
            f"bytes of WAL an entry, {work}",
            large.wal_bytes / entries,
            "bytes",
            "on disk",
            last["bytes_per_entry"],
            large.wal_bytes / entries / last["bytes_per_entry"],
        ),
        *(
            row(f"{words}, {work}", last[name], "ms", against, first[name], last[name] / first[name])
            for name, words in (("posting_ms", "one posting alone"), ("statement_ms", "a page of a statement"))
        ),
    ]


COPY_BYTES = 2 + 7 * 4 + 5 * 8 + 2 * 4
"""A posting in COPY's binary form: a count, seven lengths, five numbers of eight bytes, a line and a date of four."""


def plot(points: Sequence[dict[str, float]]) -> str:
    """Latencies (left scale, ms) and bytes an entry (right scale) against the entries of the book (logarithmic)."""
    entries = [point["entries"] for point in points]
    curves = (
        Curve("one posting, committed (ms)", [point["posting_ms"] for point in points]),
        Curve("a page of a statement (ms)", [point["statement_ms"] for point in points]),
        Curve("bytes an entry on disk", [point["bytes_per_entry"] for point in points], right=True),
    )
    tops = {side: _top([v for c in curves if c.right is side for v in c.values]) for side in (False, True)}
    low, high = math.log10(entries[0]), math.log10(entries[-1])

    def x(count: float) -> float:
        return LEFT + (math.log10(count) - low) / ((high - low) or 1) * (WIDTH - LEFT - RIGHT)

    def y(value: float, side: bool) -> float:
        return HEIGHT - BOTTOM - value / tops[side] * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        "<style>text { font-size: 12px }</style>",
        "<title>Latency and bytes an entry against the size of the book</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for step in range(5):
        height = HEIGHT - BOTTOM - step / 4 * (HEIGHT - TOP - BOTTOM)
        parts.append(f'<path d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>')
        parts.append(_text(LEFT - 8, height + 4, f"{tops[False] * step / 4:g}", "end"))
        parts.append(_text(WIDTH - RIGHT + 8, height + 4, f"{tops[True] * step / 4:,.0f}", "start", COLOURS[2]))
    parts += [_text(x(count), HEIGHT - BOTTOM + 20, f"{int(count):,}", "middle") for count in entries]
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "entries in the book", "middle"))
    for number, (curve, colour) in enumerate(zip(curves, COLOURS, strict=True)):
        places = [(x(count), y(value, curve.right)) for count, value in zip(entries, curve.values, strict=True)]
        path = "L".join(f"{across:.1f} {down:.1f}" for across, down in places)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{colour}"/>' for across, down in places]
        parts.append(_text(LEFT + number * 210, 24, f"— {curve.label}", "start", colour))
    return "\n".join([*parts, "</svg>", ""])


def _top(values: Sequence[float]) -> float:
    """A round number above all values."""
    most = max(values)
    unit = 10 ** math.floor(math.log10(most))
    return next(unit * step for step in (1, 2, 4, 8, 10) if unit * step >= most)


def _text(x: float, y: float, words: str, anchor: str, colour: str = "#333333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'
