"""A paper of facts, tables and signatures as PDF: what its print page shows, in the same order.

It is set by Typst from ``web/templates/document.typ``, which is fixed; whatever people typed reaches it as JSON and is
never read as markup. All texts are in the reader's language already, all figures as people write them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import typst
from litestar import Response

from koperasi.formats import format_date, format_datetime, weekday_name
from koperasi.i18n import N_, translate
from koperasi.permissions import Identity

MARKUP = Path(__file__).parent / "web" / "templates" / "document.typ"


class Fact(NamedTuple):
    """A line of the paper; a strong one is the number or the sum that the paper is about."""

    label: str
    text: str
    strong: bool = False


@dataclass(frozen=True)
class Facts:
    """Lines of label and text."""

    rows: Sequence[Fact]
    kind: str = "facts"


@dataclass(frozen=True)
class Figures:
    """A table whose last ``figures`` columns hold amounts, with a last row of sums if there is one.

    The column ``wide`` takes the room that the others leave.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: int = 1
    total: Sequence[str] = ()
    wide: int = 0
    kind: str = "figures"


@dataclass(frozen=True)
class Words:
    """A sentence; an amount in words leans."""

    text: str
    leaning: bool = False
    kind: str = "words"


@dataclass(frozen=True)
class Paper:
    """A whole paper. ``signers`` are what somebody signs as, and their name or ''; ``foot`` tells where it is from."""

    title: str
    cooperative: str
    address: str
    blocks: Sequence[Facts | Figures | Words]
    signers: Sequence[tuple[str, str]] = ()
    foot: str = ""
    small: bool = False


async def answer(paper: Paper, name: str, reader: Identity, zone: ZoneInfo) -> Response[Any]:
    """The paper as an answer that no cache keeps.

    Args:
        paper: what stands on it, in the reader's language.
        name: the file's, without its ending: letters, digits and dashes.
        reader: who asked for it.
        zone: the clocks of the cooperative.
    """
    moment = format_datetime(datetime.now(UTC), zone, reader.locale)
    printed = translate(reader.locale, N_("Dicetak oleh %(name)s, %(moment)s"), name=reader.name, moment=moment)
    content = await asyncio.to_thread(pdf, paper, printed, reader.locale)
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


def pdf(paper: Paper, printed: str, locale: str) -> bytes:
    """The paper's bytes, the same for the same paper. Takes part of a second: call it in a thread."""
    data = {**asdict(paper), "printed": printed, "lang": locale}
    return typst.compile(
        MARKUP.read_bytes(), format="pdf", sys_inputs={"data": json.dumps(data)}, ignore_system_fonts=True
    )


def long_day(day: date, locale: str) -> str:
    """As papers write a day: ``Rabu, 25 November 2026``."""
    return f"{weekday_name(day, locale)}, {format_date(day, locale)}"
