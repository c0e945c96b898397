"""Paper as PDF, set by Typst from fixed templates: what is shown reaches them as JSON and is never read as markup.

Each call takes part of a second; call it in a thread. The same paper gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import segno
import typst

from koperasi.paper import rules
from koperasi.paper.rules import Layout, PrintedPage
from koperasi.paper.sheets import Sheet

TEMPLATES = Path(__file__).parent / "templates"


def form_pdf(sheet: Sheet, printed: str, locale: str) -> bytes:
    """A slip, kuitansi or certificate."""
    return _compile("form.typ", {**sheet.data(), "qr": _svg(sheet.check_url), "printed": printed, "lang": locale})


def passbook_pdf(
    layout: Layout,
    pages: Sequence[PrintedPage],
    cover: Sequence[str],
    *,
    title: str,
    locale: str,
    guide: bool = False,
) -> bytes:
    """Lines of a passbook, or its cover if there is one; a ``guide`` shows the page's edge, its lines and the fold."""
    data = {
        "title": title,
        "lang": locale,
        "layout": rules.to_json(layout),
        "cover": list(cover),
        "guide": guide,
        "pages": [{"lines": [line._asdict() for line in page.lines]} for page in pages],
    }
    return _compile("passbook.typ", data)


def card_pdf(data: Mapping[str, Any], qr: str, locale: str) -> bytes:
    """A member's card (``kind`` member) or a savings card."""
    return _compile("cards.typ", {**data, "qr": _svg(qr) if qr else "", "lang": locale})


def _svg(text: str) -> str:
    # Typst wants a whole SVG document, with its namespace and size.
    target = BytesIO()
    segno.make(text, error="m").save(target, kind="svg", border=1, dark="#000", light="#fff")
    return target.getvalue().decode()


def _compile(template: str, data: Mapping[str, Any]) -> bytes:
    markup = (TEMPLATES / template).read_bytes()
    return typst.compile(markup, format="pdf", sys_inputs={"data": json.dumps(data)}, ignore_system_fonts=True)
