"""What a statement is: its names, the times it covers, and the rows and columns that every form of it shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

import ledger
from koperasi.errors import Refusal
from koperasi.i18n import N_
from ledger.statements import CashEntry, Movement


class Name(StrEnum):
    """The statements, by their names in the API."""

    WORKSHEET = "worksheet"
    POSITION = "financial-position"
    INCOME = "income"
    EQUITY = "changes-in-equity"
    CASH = "cash-flow"
    ZAKAT = "zakat-funds"
    BENEVOLENT = "benevolent-funds"


TITLES: Mapping[Name, str] = {
    Name.WORKSHEET: N_("Neraca lajur"),
    Name.POSITION: N_("Laporan posisi keuangan"),
    Name.INCOME: N_("Laporan perhitungan hasil usaha"),
    Name.EQUITY: N_("Laporan perubahan ekuitas"),
    Name.CASH: N_("Laporan arus kas"),
    Name.ZAKAT: N_("Laporan sumber dan penggunaan dana zakat dan infak"),
    Name.BENEVOLENT: N_("Laporan sumber dan penggunaan dana kebajikan"),
}
SHARIA_ONLY = frozenset({Name.ZAKAT, Name.BENEVOLENT})
EARLIEST, LATEST = date(1900, 1, 1), date(2100, 12, 31)


class Period(NamedTuple):
    """The first and the last day of a time."""

    first: date
    last: date

    @property
    def whole_year(self) -> bool:
        """From New Year's Day to the end of the same year."""
        return self == Period(date(self.last.year, 1, 1), date(self.last.year, 12, 31))

    def ending(self, last: date) -> Period:
        """A time as long as this one that ends on another day; months count as months if this begins with one."""
        if self.first.day == 1:
            months = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month
            year, month = divmod(last.year * 12 + last.month - 1 - months, 12)
            return Period(max(date(max(year, 1), month + 1, 1), EARLIEST), last)
        days = min(self.last - self.first, last - EARLIEST)
        return Period(last - days, last)

    def a_year_before(self) -> Period:
        """The same days of the year before; the end of a month stays one."""
        return Period(_year_before(self.first), _year_before(self.last))


def _year_before(day: date) -> date:
    if (day + timedelta(days=1)).day == 1:
        return date(day.year - 1 + day.month // 12, day.month % 12 + 1, 1) - timedelta(days=1)
    return day.replace(year=day.year - 1)


def periods_of(name: Name, first: date | None, last: date, compare: str) -> tuple[Period, ...]:
    """The times that a statement covers: its own and, if wanted, the one that it is compared with.

    Args:
        name: the statement; a balance sheet has the year so far behind it, whatever ``first`` is; a worksheet is never
            compared.
        first: the first day; New Year's Day if not given.
        last: the last day.
        compare: ``none``, ``year`` for the same days of the year before, or the last day of another time.

    Raises:
        Refusal: ``period``: the days are in the wrong order or no book has them; ``compare``: not one of the three.
    """
    first = date(last.year, 1, 1) if first is None or name is Name.POSITION else first
    if not EARLIEST.replace(year=EARLIEST.year + 1) <= first <= last <= LATEST:
        raise Refusal("period", N_("Tanggal akhir tidak boleh sebelum tanggal awal."), status=400, field="to")
    own = Period(first, last)
    if compare == "none" or name is Name.WORKSHEET:
        return (own,)
    if compare == "year":
        return own, own.a_year_before()
    try:
        other = date.fromisoformat(compare)
    except ValueError:
        other = EARLIEST
    if not EARLIEST < other <= LATEST:
        raise Refusal("compare", N_("Pembanding tidak dikenal."), status=400, field="compare")
    return own, Period(date(other.year, 1, 1), other) if name is Name.POSITION else own.ending(other)


class Style(StrEnum):
    """How a row stands on the page."""

    HEADING = "heading"
    LINE = "line"
    SUBTOTAL = "subtotal"
    TOTAL = "total"


class Row(NamedTuple):
    """A row: what it is (a stable key for programs, words for people), its accounts, and an amount a column.

    ``label`` is a message id; of an account's row (``account`` is set) the names stand in ``account``. With ``sum`` the
    words are those of the heading whose sum it is. ``None`` is an empty cell.
    """

    style: Style
    key: str
    label: str
    amounts: tuple[int | None, ...]
    level: int = 0
    account: ledger.Account | None = None
    codes: tuple[str, ...] = ()
    is_sum: bool = False


class Column(NamedTuple):
    """A column: the time that its figures are of, and what they are (a message id, or nothing if the time says all)."""

    period: Period
    label: str = ""


class Statement(NamedTuple):
    """A statement of a kind of cooperative. ``balanced`` is what must be true of a sound book."""

    name: Name
    title: str
    periods: tuple[Period, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    balanced: bool


class Facts(NamedTuple):
    """What a statement is made of, for one time: every account's movement by code, and what entries did to cash."""

    period: Period
    movements: tuple[Movement, ...]
    cash: tuple[CashEntry, ...] = ()
