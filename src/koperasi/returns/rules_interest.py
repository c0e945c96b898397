"""The return on savings at a rate. Pure; amounts in sen, exact until the one rounding when it is posted.

Methods as Indonesian cooperatives name them: on daily balances, on the month's average daily balance, on the month's
lowest balance. UU 25/1992 art. 41 has savings as borrowed capital; Permenkop UKM 8/2023 art. 26 sets the ceiling.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.returns.rounding import Rounding, to_unit
from koperasi.returns.rules_days import (
    ONE_DAY,
    Basis,
    Movement,
    Stretch,
    add_months,
    average,
    check_days,
    day_sum,
    lowest,
    months,
    stretches,
    within,
)
from koperasi.returns.working import SEN, Step, number, rupiah, step


class Method(StrEnum):
    """On which balance a return is counted."""

    DAILY = "daily"
    AVERAGE = "average"
    LOWEST = "lowest"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _METHODS[self]


_METHODS = {
    Method.DAILY: N_("saldo harian"),
    Method.AVERAGE: N_("saldo rata-rata harian"),
    Method.LOWEST: N_("saldo terendah bulan"),
}


class Posting(StrEnum):
    """When a return is added to the balance. Products post by the month or the quarter; the rest is for simulations."""

    DAILY = "daily"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"
    AT_END = "at_end"


MONTHS_OF: Mapping[Posting, int] = {
    Posting.MONTHLY: 1,
    Posting.QUARTERLY: 3,
    Posting.HALF_YEARLY: 6,
    Posting.YEARLY: 12,
}
"""How many months one of them is."""


class Calendar(NamedTuple):
    """Where quarters, half years and years begin.

    ``year_starts`` is the first month of the year that is counted by. With ``from_first`` a period is so many months
    from the first day asked about instead: from the 15th to the 14th.
    """

    year_starts: int = 1
    from_first: bool = False


class Rate(NamedTuple):
    """Percent a year from a day on, until the next one."""

    since: date
    percent: Fraction


@dataclass(frozen=True)
class Terms:
    """How a product earns.

    Attributes:
        method: on which balance.
        rates: by day, the earliest first; before the earliest nothing is earned.
        basis: which part of a year a day is.
        minimum_minor: a balance below this earns nothing: of the day, the month's average, or the month's lowest.
        compound_daily: each day's return, unrounded, earns from the next day on (method ``daily`` only).
        compound_months: the return of every so many calendar months earns from the next day on, unrounded; 0 is never.
        compound_from: the first month of the year by which those are counted.
        whole_period: average and lowest are of all days asked about, and not of each calendar month.
        unit_minor: what the posted amount is rounded to, in sen.
        rounding: how.
    """

    method: Method
    rates: Sequence[Rate]
    basis: Basis = Basis.ACTUAL_365
    minimum_minor: int = 0
    compound_daily: bool = False
    compound_months: int = 0
    compound_from: int = 1
    whole_period: bool = False
    unit_minor: int = 100
    rounding: Rounding = Rounding.HALF_UP


@dataclass(frozen=True)
class Account:
    """What an account did. It is open from ``opened_on`` to the day before ``closed_on``; those days are all it has."""

    opening_minor: int = 0
    movements: Sequence[Movement] = ()
    opened_on: date | None = None
    closed_on: date | None = None


class Earning(NamedTuple):
    """A balance that earned for some days at one rate. ``year``: the days that make a year."""

    first: date
    last: date
    balance: Fraction | int
    percent: Fraction
    year: int

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def amount(self) -> Fraction:
        """What it earned, in sen, exactly: balance x days x rate / year."""
        return Fraction(self.balance) * self.percent * self.days / (100 * self.year)


@dataclass(frozen=True)
class Return:
    """The return of some days: each balance that earned, the exact sum, and the rounded amount to be posted."""

    first: date
    last: date
    balances: tuple[Stretch, ...]
    earnings: tuple[Earning, ...]
    exact: Fraction
    amount_minor: int
    terms: Terms

    def working(self) -> tuple[Step, ...]:
        """How the amount came about."""
        return tuple(_working(self))


def return_of(account: Account, terms: Terms, first: date, last: date) -> Return:
    """What an account earned from ``first`` to ``last``, rounded once, half a rupiah up unless the terms differ.

    An account opened or closed in between earns for the days it was open: its average and its lowest are of those days.
    Over several months average and lowest are taken month by month, unless the terms say otherwise.

    Raises:
        Refusal: ``period-order``, or ``compounding-method``: daily compounding needs the method ``daily``.
    """
    check_days(first, last)
    if terms.compound_daily and terms.method is not Method.DAILY:
        raise Refusal("compounding-method", N_("Pelipatan harian hanya untuk metode saldo harian."), field="method")
    balances = open_days(account, first, last)
    if not balances:
        return Return(first, last, (), (), Fraction(0), 0, terms)
    earnings = tuple(_earnings(balances, terms, balances[0].first, balances[-1].last))
    if terms.compound_daily:
        exact = _compounded(earnings)
    else:
        exact = _compounded_by_months(earnings, terms) if terms.compound_months else _sum(earnings)
    return Return(first, last, balances, earnings, exact, to_unit(exact, terms.unit_minor, terms.rounding), terms)


def open_days(account: Account, first: date, last: date) -> tuple[Stretch, ...]:
    """Closing balances of those days from ``first`` to ``last`` on which the account was open; perhaps none."""
    begins = max(first, account.opened_on or first)
    ends = min(last, account.closed_on - ONE_DAY) if account.closed_on else last
    return stretches(account.opening_minor, account.movements, begins, ends) if begins <= ends else ()


def postings(
    account: Account, terms: Terms, first: date, last: date, posting: Posting, by: Calendar | None = None
) -> list[Return]:
    """The returns of each period in turn, each added to the balance from the day after its period.

    A period ends with its day, calendar month, quarter, half year or year, or with ``last``.

    Raises:
        Refusal: as ``return_of``.
    """
    check_days(first, last)
    found: list[Return] = []
    waiting = deque(sorted(account.movements))
    balance = account.opening_minor
    for begins, ends in periods(first, last, posting, by):
        inside = []
        while waiting and waiting[0].day <= ends:
            inside.append(waiting.popleft())
        one = return_of(replace(account, opening_minor=balance, movements=inside), terms, begins, ends)
        found.append(one)
        balance += sum(each.amount_minor for each in inside) + one.amount_minor
    return found


def periods(first: date, last: date, posting: Posting, by: Calendar | None = None) -> Iterator[tuple[date, date]]:
    """The days from ``first`` to ``last``, cut where a return is posted."""
    by, begins = by or Calendar(), first
    if posting is Posting.DAILY:
        for place in range((last - first).days + 1):
            yield first + place * ONE_DAY, first + place * ONE_DAY
        return
    every = MONTHS_OF.get(posting)
    count = 0
    while every and by.from_first and begins <= last:
        count += every
        ends = min(add_months(first, count) - ONE_DAY, last)
        yield begins, ends
        begins = ends + ONE_DAY
    for _, ends in months(begins, last):
        if ends == last or (every and ends_with(ends, every, by.year_starts)):
            yield begins, ends
            begins = ends + ONE_DAY


def ends_with(month: date, every: int, year_starts: int = 1) -> bool:
    """Whether so many months end with this one, in years that start with that month."""
    return (month.month - year_starts + 1) % every == 0


def correction(posted_minor: int, now: Return) -> int:
    """What a second look adds to (or takes from) a return that was posted before, in sen.

    A movement that was reversed after the run, on a day of the run's period, changes that day's balance. The posted
    return stays as it is; the difference is an entry of its own.
    """
    return now.amount_minor - posted_minor


def above_ceiling(rates: Sequence[Rate], ceiling_percent: Fraction) -> bool:
    """Whether a rate exceeds what the rules allow (9 % a year: Permenkop UKM 8/2023 art. 26, by dated policy)."""
    return any(rate.percent > ceiling_percent for rate in rates)


def _earnings(balances: tuple[Stretch, ...], terms: Terms, first: date, last: date) -> Iterator[Earning]:
    for begins, ends in months(first, last):
        year = terms.basis.year_of(begins)
        found = list(within(balances, begins, ends))
        if terms.method is Method.DAILY:
            counted: list[tuple[date, date, Fraction | int]] = [(*one[:2], one.balance_minor) for one in found]
        else:
            counted = [(begins, ends, _one_balance(balances if terms.whole_period else found, terms.method))]
        for since, until, balance in counted:
            if balance > 0 and balance >= terms.minimum_minor:
                for start, stop, percent in _at_rates(terms.rates, since, until):
                    yield Earning(start, stop, balance, percent, year)


def _one_balance(found: Sequence[Stretch], method: Method) -> Fraction | int:
    return average(found, sum(one.days for one in found)) if method is Method.AVERAGE else lowest(found)


def _at_rates(rates: Sequence[Rate], first: date, last: date) -> Iterator[tuple[date, date, Fraction]]:
    for index, (since, percent) in enumerate(rates):
        until = rates[index + 1].since - ONE_DAY if index + 1 < len(rates) else last
        if since <= last and until >= first:
            yield max(since, first), min(until, last), percent


def _sum(earnings: Sequence[Earning]) -> Fraction:
    """Balances are added up while rate and year stay the same: a hundred thousand accounts pass through here."""
    total = Fraction(0)
    balances: Fraction | int = 0
    for index, one in enumerate(earnings):
        balances += one.balance * one.days
        following = earnings[index + 1] if index + 1 < len(earnings) else None
        if following is None or following.percent is not one.percent or following.year != one.year:
            total += balances * one.percent / (100 * one.year)
            balances = 0
    return total


def _compounded_by_months(earnings: Sequence[Earning], terms: Terms) -> Fraction:
    """Every so many months what was earned begins to earn; within them it is simple."""
    grown = accrued = Fraction(0)
    for place, one in enumerate(earnings):
        accrued += (one.balance + grown) * one.percent * one.days / (100 * one.year)
        following = earnings[place + 1] if place + 1 < len(earnings) else None
        if following is None or _part_of(one.first, terms) != _part_of(following.first, terms):
            grown, accrued = grown + accrued, Fraction(0)
    return grown


def _part_of(day: date, terms: Terms) -> int:
    """Which stretch of months a day belongs to, counted from the year 0."""
    return (12 * day.year + day.month - terms.compound_from) // terms.compound_months


def _compounded(earnings: Sequence[Earning]) -> Fraction:
    grown = Fraction(0)
    for one in earnings:
        grown = (one.balance + grown) * (1 + one.percent / (100 * one.year)) ** one.days - one.balance
    return grown


def _working(done: Return) -> Iterator[Step]:
    terms = done.terms
    yield step(
        N_("Masa %(first)s sampai %(last)s, dihitung dari %(method)s. Yang dipakai saldo di akhir setiap hari."),
        first=done.first,
        last=done.last,
        method=step(terms.method.label),
    )
    if not done.balances:
        yield step(N_("Rekening tidak terbuka pada hari-hari itu: tidak ada yang dihitung."))
        return
    for one in done.balances:
        yield step(
            N_("Saldo %(balance)s selama %(days)s hari: %(first)s sampai %(last)s."),
            balance=rupiah(one.balance_minor),
            days=one.days,
            first=one.first,
            last=one.last,
        )
    yield from _balance_counted(done)
    if terms.minimum_minor:
        yield step(
            N_("Saldo di bawah %(minimum)s tidak mendapat imbalan."),
            minimum=rupiah(terms.minimum_minor),
        )
    for earning in done.earnings:
        yield step(
            N_("%(days)s hari x %(balance)s x %(percent)s %% / %(year)s = %(amount)s."),
            days=earning.days,
            balance=rupiah(earning.balance),
            percent=number(earning.percent),
            year=earning.year,
            amount=rupiah(earning.amount),
        )
    if terms.compound_daily:
        yield step(N_("Imbalan setiap hari ikut dihitung mulai hari berikutnya."))
    if terms.compound_months:
        yield step(
            N_("Imbalan setiap %(months)s bulan, belum dibulatkan, ikut dihitung mulai bulan berikutnya."),
            months=terms.compound_months,
        )
    plain = terms.unit_minor == SEN and terms.rounding is Rounding.HALF_UP
    yield step(
        N_("Jumlah %(exact)s, dibulatkan ke rupiah terdekat: %(amount)s.")
        if plain
        else N_("Jumlah %(exact)s, dibulatkan sekali ke kelipatan %(unit)s (%(rounding)s): %(amount)s."),
        exact=rupiah(done.exact),
        rounding=step(terms.rounding.label),
        unit=rupiah(terms.unit_minor),
        amount=rupiah(done.amount_minor),
    )


def _balance_counted(done: Return) -> Iterator[Step]:
    if done.terms.method is Method.DAILY:
        return
    whole = done.balances[0].first, done.balances[-1].last
    for first, last in [whole] if done.terms.whole_period else months(*whole):
        found = list(within(done.balances, first, last))
        days = (last - first).days + 1
        if done.terms.method is Method.AVERAGE:
            yield step(
                N_("Rata-rata %(first)s sampai %(last)s: jumlah saldo %(total)s / %(days)s hari = %(average)s."),
                first=first,
                last=last,
                total=rupiah(day_sum(found)),
                days=days,
                average=rupiah(average(found, days)),
            )
        else:
            yield step(
                N_("Saldo terendah %(first)s sampai %(last)s: %(lowest)s."),
                first=first,
                last=last,
                lowest=rupiah(lowest(found)),
            )
