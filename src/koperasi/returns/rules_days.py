"""Balances day by day. Pure; amounts in sen.

A day's balance is its closing balance: the day of a deposit counts, the day of a withdrawal does not, and the order of
movements within a day changes nothing. Neither law nor fatwa says so; it is this house's rule, for all methods.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from koperasi.errors import Refusal
from koperasi.i18n import N_

ONE_DAY = timedelta(days=1)


class Movement(NamedTuple):
    """Money in (positive) or out (negative) of an account on a day, in sen."""

    day: date
    amount_minor: int


class Stretch(NamedTuple):
    """Days in a row with the same closing balance; both ends are among them."""

    first: date
    last: date
    balance_minor: int

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1


class Basis(StrEnum):
    """Which part of a year a day is."""

    ACTUAL_365 = "actual/365"
    ACTUAL_360 = "actual/360"
    ACTUAL_ACTUAL = "actual/actual"
    """1/365, in a leap year 1/366: a stretch over New Year is counted year by year."""
    MONTHS_12 = "months/12"
    """Every calendar month is a twelfth, and its days are equal parts of that."""

    def year_of(self, day: date) -> int:
        """How many days like this one make a year."""
        if self is Basis.ACTUAL_365:
            return 365
        if self is Basis.ACTUAL_360:
            return 360
        if self is Basis.ACTUAL_ACTUAL:
            return 366 if calendar.isleap(day.year) else 365
        return 12 * calendar.monthrange(day.year, day.month)[1]


def check_days(first: date, last: date) -> None:
    """Refuse days that end before they begin.

    Raises:
        Refusal: ``period-order``.
    """
    if last < first:
        raise Refusal("period-order", N_("Tanggal akhir tidak boleh sebelum tanggal awal."), field="last")


def stretches(opening_minor: int, movements: Iterable[Movement], first: date, last: date) -> tuple[Stretch, ...]:
    """Closing balances of the days from ``first`` to ``last``, equal ones together.

    Args:
        opening_minor: the balance before the movements, in sen.
        movements: in any order; those before ``first`` belong to the opening balance, those after ``last`` count not.
        first: the first day.
        last: the last day.

    Raises:
        Refusal: ``period-order``.
    """
    check_days(first, last)
    balance, nets = opening_minor, defaultdict[date, int](int)
    for day, amount_minor in movements:
        if day < first:
            balance += amount_minor
        elif day <= last:
            nets[day] += amount_minor
    found: list[Stretch] = []
    since = first
    for day in sorted(nets):
        if not nets[day]:
            continue
        if day > since:
            found.append(Stretch(since, day - ONE_DAY, balance))
        balance += nets[day]
        since = day
    found.append(Stretch(since, last, balance))
    return tuple(found)


def within(found: Iterable[Stretch], first: date, last: date) -> Iterator[Stretch]:
    """The parts of stretches that fall on the days from ``first`` to ``last``."""
    for one in found:
        if one.first >= first and one.last <= last:
            yield one
        elif one.first <= last and one.last >= first:
            yield Stretch(max(one.first, first), min(one.last, last), one.balance_minor)


def day_sum(found: Iterable[Stretch]) -> int:
    """The closing balances of all days added up, in sen; a day below zero counts as nothing."""
    return sum(max(one.balance_minor, 0) * one.days for one in found)


def average(found: Iterable[Stretch], days: int) -> Fraction:
    """The average daily balance over so many days, in sen, exactly; over no days it is zero, never undefined."""
    return Fraction(day_sum(found), days) if days else Fraction(0)


def lowest(found: Iterable[Stretch]) -> int:
    """The lowest closing balance, in sen; never below zero, and zero where there are no days."""
    return max(min((one.balance_minor for one in found), default=0), 0)


def months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days from ``first`` to ``last`` calendar month by calendar month."""
    while first <= last:
        end = month_end(first)
        yield first, min(end, last)
        first = end + ONE_DAY


def month_end(day: date) -> date:
    """The last day of its month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def add_months(seed: date, count: int) -> date:
    """The same day so many months later, or the month's last where it has no such day; always counted from the seed.

    31 January, then 28 February, then 31 March: a short month does not shorten those that follow.

    Raises:
        Refusal: ``date-beyond``, no book goes so far.
    """
    years, month = divmod(seed.month - 1 + count, 12)
    year = seed.year + years
    if year > 2100:
        raise Refusal("date-beyond", N_("Tanggal melewati tahun 2100."))
    return date(year, month + 1, min(seed.day, calendar.monthrange(year, month + 1)[1]))
