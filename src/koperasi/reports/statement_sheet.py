"""A statement in somebody's language: the texts and figures that page, spreadsheet and PDF show, in one order. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from koperasi.cooperatives.service import Cooperative
from koperasi.formats import format_date, format_datetime, format_figure
from koperasi.i18n import N_, translate
from koperasi.permissions import ROLE_LABELS, Role
from koperasi.reports.service_statements import Report
from koperasi.reports.statement_model import Column, Name, Period, Row, Style

SIGNERS = (Role.KETUA, Role.BENDAHARA)


class SheetRow(NamedTuple):
    """A row in words: its accounts' codes, its label, and its amounts beside the figures that stand for them."""

    style: Style
    key: str
    level: int
    codes: tuple[str, ...]
    label: str
    amounts_minor: tuple[int | None, ...]
    figures: tuple[str, ...]


class Sheet(NamedTuple):
    """A statement as it is shown. ``groups`` are headings above several columns, with how many; there may be none."""

    name: Name
    locale: str
    cooperative: str
    address: str
    title: str
    period: str
    unit: str
    currency: str
    groups: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    seal: str
    signers: tuple[str, ...]

    @property
    def wide(self) -> bool:
        """More columns than a page upright, or a phone, has room for."""
        return len(self.columns) > 2


def sheet(report: Report, cooperative: Cooperative, locale: str) -> Sheet:
    """A report in a reader's language."""
    statement, head = report.statement, report.head
    places = (cooperative.address, cooperative.village, cooperative.district, cooperative.regency)

    def say(message: str, **params: object) -> str:
        return translate(locale, message, **params)

    groups, columns = _headings(statement.name, statement.columns, locale)
    return Sheet(
        name=statement.name,
        locale=locale,
        cooperative=cooperative.name,
        address=", ".join(place for place in places if place),
        title=say(statement.title),
        period=_covers(statement.name, statement.periods[0], locale),
        unit=say(N_("dalam rupiah")) if report.currency == "IDR" else report.currency,
        currency=report.currency,
        groups=groups,
        columns=columns,
        rows=tuple(_row(row, statement.name, report.currency, locale) for row in statement.rows),
        seal=say(
            N_("Menurut catatan sampai jurnal nomor %(number)s, segel %(seal)s."),
            number=head.number,
            seal=head.hash.hex()[:12],
        )
        if head.number
        else say(N_("Buku ini belum berisi jurnal.")),
        signers=tuple(say(ROLE_LABELS[role]) for role in SIGNERS),
    )


class Difference(NamedTuple):
    """A line whose figure is another one now than it was."""

    label: str
    then: str
    now: str
    difference: str


WHERE_IT_ENDS: Mapping[Name, int | None] = {Name.EQUITY: 3, Name.WORKSHEET: None}
"""The column that says how a line ends, where it is not the first; a worksheet's lines end in too many."""


def differences(then: Sheet, now: Sheet) -> list[Difference]:
    """The lines of a statement's own time that have another figure now, in the order of the paper."""
    column = WHERE_IT_ENDS.get(then.name, 0)
    if column is None:
        return []
    before, after = ({row.key: row for row in sheet.rows} for sheet in (then, now))
    found = []
    for key, row in (after | before).items():
        was, is_now = (rows[key].amounts_minor[column] or 0 if key in rows else 0 for rows in (before, after))
        if was != is_now:
            figures = (format_figure(amount, then.currency) for amount in (was, is_now, is_now - was))
            found.append(Difference(row.label, *figures))
    return found


def _covers(name: Name, period: Period, locale: str) -> str:
    if name in {Name.POSITION, Name.WORKSHEET}:
        return translate(locale, N_("Per %(day)s"), day=format_date(period.last, locale))
    first, last = format_date(period.first, locale), format_date(period.last, locale)
    return translate(locale, N_("Dari %(first)s sampai %(last)s"), first=first, last=last)


def period_label(name: Name, period: Period, locale: str) -> str:
    """A time as a column's head: the day of a balance sheet, a year by its number, else first and last day."""
    if name in {Name.POSITION, Name.WORKSHEET}:
        return format_date(period.last, locale)
    if period.whole_year:
        return str(period.last.year)
    return f"{format_date(period.first, locale)} \N{EN DASH} {format_date(period.last, locale)}"


def _headings(
    name: Name, columns: tuple[Column, ...], locale: str
) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
    if name is Name.WORKSHEET:
        sides = (translate(locale, N_("Debit")), translate(locale, N_("Kredit")))
        labels = list(dict.fromkeys(column.label for column in columns))
        return tuple((translate(locale, label), 2) for label in labels), sides * len(labels)
    if name is Name.EQUITY:
        times = [(period, len(list(found))) for period, found in groupby(columns, key=lambda column: column.period)]
        groups = tuple((period_label(name, period, locale), count) for period, count in times)
        return (groups if len(groups) > 1 else ()), tuple(translate(locale, column.label) for column in columns)
    return (), tuple(period_label(name, column.period, locale) for column in columns)


def _row(row: Row, name: Name, currency: str, locale: str) -> SheetRow:
    if row.account is not None:
        label = row.account.name_en if locale == "en" else row.account.name_id
    else:
        label = translate(locale, row.label)
    if row.is_sum:
        label = translate(locale, N_("Jumlah %(of)s"), of=_lower_first(label))
    # Ten columns of dashes hide the figures among them.
    blank = name is Name.WORKSHEET
    figures = tuple(
        "" if amount is None or (blank and not amount) else format_figure(amount, currency) for amount in row.amounts
    )
    return SheetRow(row.style, row.key, row.level, row.codes, label, row.amounts, figures)


def _lower_first(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def printed(name: str, moment: datetime, cooperative: Cooperative, locale: str) -> str:
    """Who had it printed, and when."""
    when = format_datetime(moment, cooperative.timezone, locale)
    return translate(locale, N_("Dicetak oleh %(name)s, %(moment)s"), name=name, moment=when)
