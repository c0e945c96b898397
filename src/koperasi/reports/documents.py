"""A statement as a workbook and as a PDF on A4: the texts and figures of its ``Sheet``, in its order.

The PDF is set by Typst from ``templates/statement.typ``, which is fixed; what a cooperative calls itself or its
accounts reaches it as JSON and is never read as markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Any

import typst
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter

import ledger
from koperasi.formats import wire_amount
from koperasi.i18n import N_, translate
from koperasi.reports.statement_model import Style
from koperasi.reports.statement_sheet import Sheet, SheetRow

MARKUP = Path(__file__).parent / "templates" / "statement.typ"


class Paper(StrEnum):
    """The forms in which a statement is handed out."""

    XLSX = "xlsx"
    PDF = "pdf"


MEDIA_TYPES = {
    Paper.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Paper.PDF: "application/pdf",
}


def document(paper: Paper, sheet: Sheet, printed: str) -> bytes:
    """The statement as a file. Takes part of a second: call it in a thread."""
    return workbook(sheet, printed) if paper is Paper.XLSX else pdf(sheet, printed)


# --- Workbook -------------------------------------------------------------------------------------------------------

EXACT = 10**15
"""Spreadsheets keep fifteen digits; an amount with more is written as text, so that none is lost."""

_BOLD = frozenset({Style.HEADING, Style.SUBTOTAL, Style.TOTAL})
_RULES = {
    Style.SUBTOTAL: Border(top=Side(style="thin")),
    Style.TOTAL: Border(top=Side(style="thin"), bottom=Side(style="double")),
}


def workbook(sheet: Sheet, printed: str) -> bytes:
    """The statement on one sheet with typed cells, and where it comes from on another."""
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet.title[:31])
    places = ledger.exponent(sheet.currency)
    decimals = "." + "0" * places if places else ""
    number = f'#,##0{decimals};(#,##0{decimals});"\N{EN DASH}"'
    page.column_dimensions["A"].width = 12
    page.column_dimensions["B"].width = 48
    for column in range(len(sheet.columns)):
        page.column_dimensions[get_column_letter(column + 3)].width = 20
    # A write-only sheet wants its panes before its rows.
    heads = list(_heads(sheet))
    page.freeze_panes = f"C{len(heads) + 6}"
    for words in (sheet.cooperative, sheet.title, sheet.period, sheet.unit):
        page.append([_text(page, words, bold=True)])
    page.append([])
    for head in heads:
        page.append([_text(page, words, bold=True, right=at > 1) for at, words in enumerate(head)])
    for row in sheet.rows:
        page.append(_cells(page, row, sheet.currency, number))
    origin = book.create_sheet(translate(sheet.locale, N_("Asal")))
    for words in (sheet.cooperative, sheet.address, sheet.title, sheet.period, sheet.seal, printed):
        origin.append([_text(origin, words)])
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def _heads(sheet: Sheet) -> Iterator[list[str]]:
    if sheet.groups:
        yield ["", "", *(words for label, count in sheet.groups for words in (label, *[""] * (count - 1)))]
    yield [translate(sheet.locale, N_("Kode")), translate(sheet.locale, N_("Uraian")), *sheet.columns]


def _text(page: Any, words: str, *, bold: bool = False, right: bool = False, level: int = 0) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, value=words)
    # A name that begins with "=" is a name, not a formula.
    cell.data_type = "s"
    cell.font = Font(bold=bold)
    cell.alignment = Alignment(horizontal="right" if right else "left", indent=level, wrap_text=not right)
    return cell


def _cells(page: Any, row: SheetRow, currency: str, number: str) -> list[WriteOnlyCell]:
    bold = row.style in _BOLD
    cells = [_text(page, ", ".join(row.codes)), _text(page, row.label, bold=bold, level=row.level)]
    for minor in row.amounts_minor:
        if minor is None:
            cells.append(_text(page, ""))
        elif abs(minor) >= EXACT:
            cells.append(_text(page, wire_amount(minor, currency), bold=bold, right=True))
        else:
            cell = WriteOnlyCell(page, value=Decimal(wire_amount(minor, currency)))
            cell.number_format = number
            cell.font = Font(bold=bold)
            cells.append(cell)
        if row.style in _RULES:
            cells[-1].border = _RULES[row.style]
    return cells


# --- PDF ------------------------------------------------------------------------------------------------------------


def pdf(sheet: Sheet, printed: str) -> bytes:
    """The statement on A4, with page numbers, seal and lines to sign on. The same sheet gives the same bytes."""
    data = {
        "lang": sheet.locale,
        "cooperative": sheet.cooperative,
        "address": sheet.address,
        "title": sheet.title,
        "period": sheet.period,
        "unit": sheet.unit,
        "landscape": sheet.wide,
        "groups": [{"label": label, "span": span} for label, span in sheet.groups],
        "heads": [translate(sheet.locale, N_("Kode")), translate(sheet.locale, N_("Uraian")), *sheet.columns],
        "rows": [
            {
                "style": row.style.value,
                "level": row.level,
                "code": row.codes[0] if len(row.codes) == 1 else "",
                "codes": ", ".join(row.codes) if len(row.codes) > 1 else "",
                "label": row.label,
                "figures": row.figures,
            }
            for row in sheet.rows
        ],
        "seal": sheet.seal,
        "printed": printed,
        "page": translate(sheet.locale, N_("Halaman")),
        "signers": sheet.signers,
    }
    return typst.compile(
        MARKUP.read_bytes(), format="pdf", sys_inputs={"data": json.dumps(data)}, ignore_system_fonts=True
    )
