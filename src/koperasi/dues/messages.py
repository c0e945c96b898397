"""How dues are said: months in words, and the list of arrears as a file for spreadsheets. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO

from koperasi.dues.model import Behind
from koperasi.dues.rules import first_day
from koperasi.formats import format_date
from koperasi.i18n import N_, translate
from ledger.export.journal import harmless

TITLES = (
    N_("Nomor"),
    N_("Nama"),
    N_("Bulan tertunggak"),
    N_("Sejak"),
    N_("Simpanan wajib"),
    N_("Simpanan pokok"),
    N_("Jumlah"),
)


def month(period: str, locale: str = "id") -> str:
    """A month in words: November 2026."""
    return format_date(first_day(period), locale).partition(" ")[2]


def arrears_csv(rows: Iterable[Behind], locale: str) -> str:
    """The list as CSV that Excel in Indonesia opens: semicolons, decimal comma, a byte order mark."""
    written = StringIO()
    out = csv.writer(written, delimiter=";", lineterminator="\r\n")
    out.writerow([translate(locale, title) for title in TITLES])
    for row in rows:
        amounts = (row.wajib_minor, row.pokok_minor, row.total_minor)
        out.writerow([row.member_number, harmless(row.member_name), row.months, row.since, *map(_amount, amounts)])
    return "\ufeff" + written.getvalue()


def _amount(minor: int) -> str:
    return f"{minor // 100},{minor % 100:02}"
