"""A run over many accounts: its days, what each account earns in whole numbers, the tax that follows. Pure; in sen.

The same figures as ``rules_interest`` and ``rules_pool`` give one account at a time, for a hundred thousand of them;
the tests hold the two together. Rounding is theirs: once for each account. Tax as in ``rules_tax``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.returns.rounding import Rounding, apportion_sums, ratio_to_unit
from koperasi.returns.rules_days import ONE_DAY, add_months, month_end, months
from koperasi.returns.rules_interest import Method, Posting, Terms
from koperasi.returns.rules_tax import BankTax, PartnerTax, spread


class Period(NamedTuple):
    """The days of a run; both ends are among them."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def months(self) -> int:
        """How many calendar months."""
        return (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1

    @property
    def name(self) -> str:
        """``2026-11``, or ``2026-10/2026-12``."""
        ends = f"{self.last:%Y-%m}"
        return ends if self.months == 1 else f"{self.first:%Y-%m}/{ends}"


def period_of(month: date, posting: Posting) -> Period:
    """The month, or the calendar quarter that ends with it.

    Raises:
        Refusal: ``quarter-month``: no quarter ends with it.
    """
    last = month_end(month)
    if posting is Posting.MONTHLY:
        return Period(month.replace(day=1), last)
    if month.month % 3:
        raise Refusal(
            "quarter-month", N_("Triwulan berakhir pada Maret, Juni, September, atau Desember."), field="month"
        )
    return Period(add_months(month.replace(day=1), -2), last)


def effective_date(period: Period, shut_months: Sequence[date], closed_until: date | None) -> date:
    """When a run's entries are dated: the period's last day, or the first day of the next month that is open.

    Args:
        period: of the run.
        shut_months: firsts of the months that are held or closed.
        closed_until: first of the last month closed; all before it are closed too.
    """
    day = period.last
    while day.replace(day=1) in shut_months or (closed_until is not None and day.replace(day=1) <= closed_until):
        day = month_end(day) + ONE_DAY
    return day


def segments(period: Period, changes: Sequence[date] = ()) -> tuple[Period, ...]:
    """The period cut where a calendar month begins and where a rate changes."""
    cuts = sorted(
        {begins for begins, _ in months(*period)} | {day for day in changes if period.first < day <= period.last}
    )
    return tuple(
        Period(begins, cuts[index + 1] - ONE_DAY if index + 1 < len(cuts) else period.last)
        for index, begins in enumerate(cuts)
    )


@dataclass(frozen=True)
class Quick:
    """Terms made ready for many accounts: what one sen that lay for a day in each segment earned.

    Attributes:
        weights: by segment; divided by ``denominator`` they are sen.
        denominator: of the weights.
        minimums: for each calendar month its segments and the least average, if there is one.
        terms: what it is made of.
    """

    weights: tuple[int, ...]
    denominator: int
    minimums: tuple[tuple[tuple[int, ...], int], ...]
    terms: Terms

    def amount(self, sums: Sequence[int], days: Sequence[int]) -> int:
        """The rounded return of an account.

        Args:
            sums: closing balances of the days of each segment, added up; none below zero.
            days: on how many days of each segment the account was open.
        """
        if self.minimums:
            sums = self._above_minimum(sums, days)
        total = 0
        for amount, weight in zip(sums, self.weights, strict=True):
            total += amount * weight
        return ratio_to_unit(total, self.denominator, self.terms.unit_minor, self.terms.rounding)

    def _above_minimum(self, sums: Sequence[int], days: Sequence[int]) -> list[int]:
        counted = list(sums)
        for places, minimum in self.minimums:
            if sum(sums[place] for place in places) < minimum * sum(days[place] for place in places):
                for place in places:
                    counted[place] = 0
        return counted


def quick(terms: Terms, cut: Sequence[Period]) -> Quick | None:
    """Terms made ready, or None where sums of balances do not tell enough, and ``return_of`` must look at each day.

    Sums tell enough of daily balances without a least one, and of averages while the rate stays the same all month.
    """
    percents = [_percent_at(terms, one.first) for one in cut]
    by_month: dict[tuple[int, int], list[int]] = {}
    for place, one in enumerate(cut):
        by_month.setdefault((one.first.year, one.first.month), []).append(place)
    if terms.compound_daily or terms.compound_months or terms.whole_period or terms.method is Method.LOWEST:
        return None
    if terms.method is Method.DAILY and terms.minimum_minor:
        return None
    if terms.method is Method.AVERAGE and any(
        len({percents[place] for place in places}) > 1 for places in by_month.values()
    ):
        return None
    exact = [percent / (100 * terms.basis.year_of(one.first)) for percent, one in zip(percents, cut, strict=True)]
    denominator = math.lcm(*(one.denominator for one in exact))
    weights = tuple(one.numerator * (denominator // one.denominator) for one in exact)
    minimums = (
        tuple((tuple(places), terms.minimum_minor) for places in by_month.values()) if terms.minimum_minor else ()
    )
    return Quick(weights, denominator, minimums, terms)


def _percent_at(terms: Terms, day: date) -> Fraction:
    held = [rate.percent for rate in terms.rates if rate.since <= day]
    return held[-1] if held else Fraction(0)


def pool_shares(sums: Sequence[int], days: int, percent: Fraction, hi_1000: Fraction, unit_minor: int) -> list[int]:
    """``rules_pool.share_pool`` for accounts of one nisbah: each rounded once, half up.

    Args:
        sums: closing balances of all days of the period, added up, by account.
        days: of the period.
        percent: the nisbah.
        hi_1000: rupiah that a thousand brought, unrounded.
        unit_minor: what shares are rounded to.
    """
    rate = hi_1000 * percent / (100_000 * days)
    return [ratio_to_unit(one * rate.numerator, rate.denominator, unit_minor) for one in sums]


def bonus_shares(sums: Sequence[int], bonus_minor: int, unit_minor: int) -> list[int]:
    """``rules_pool.share_bonus``: the whole bonus by average balances; nothing where there is no balance."""
    total = sum(sums)
    if not total:
        return [0] * len(sums)
    return apportion_sums(sums, bonus_minor, total, 1 if bonus_minor % unit_minor else unit_minor, bonus_minor)


class TaxRule(NamedTuple):
    """The tax that holds on the day of payment: the month's threshold in sen, percent of all above it."""

    threshold_minor: int
    percent: Fraction


NO_TAX = TaxRule(0, Fraction(0))


def tax_on(gross: Sequence[int], before_minor: int, withheld_minor: int, rule: TaxRule) -> list[int]:
    """What is withheld of each payment now, when something may have been paid in the same month before.

    The month's tax is on all of it once it exceeds the threshold, rounded down to the rupiah; what was withheld before
    is taken off, and never more than the payment itself is withheld. A payment below nothing (a correction) gets back
    what was withheld too much. Shared among the accounts by largest remainder.

    Args:
        gross: of the accounts paid now, in sen.
        before_minor: gross paid to the member in the same month before.
        withheld_minor: tax withheld of that.
        rule: what holds.
    """
    paid = sum(gross)
    total = before_minor + paid
    wanted = 0
    if total > rule.threshold_minor:
        numerator, denominator = rule.percent.numerator, rule.percent.denominator
        wanted = ratio_to_unit(total * numerator, 100 * denominator, 100, Rounding.DOWN)
    due = wanted - withheld_minor
    due = min(max(due, 0), paid - paid % 100) if paid >= 0 else max(min(due, 0), -withheld_minor)
    return spread(due, gross, rule.percent)


@dataclass(frozen=True)
class Taxing:
    """What is withheld on a day of payment, of whom. A rule that is None withholds nothing.

    Attributes:
        members: of a cooperative's members.
        partners: of other cooperatives.
        bank: of everybody who saves with a bank; ``members`` is None then.
        before: what members were paid in the month before, and what was withheld of it, by number.
        balances_minor: what a bank's savers have in savings and deposits, by number.
    """

    members: TaxRule | None
    partners: PartnerTax | None
    bank: BankTax | None = None
    before: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    balances_minor: Mapping[str, int] = field(default_factory=dict)

    def on(self, gross: Sequence[int], holder: str, *, is_partner: bool) -> list[int]:
        """The tax of payments made together to one holder, by payment, in sen."""
        if is_partner:
            return self.partners.on(gross) if self.partners else [0] * len(gross)
        if self.bank:
            return self.bank.on(gross, self.balances_minor.get(holder, 0))
        return tax_on(gross, *self.before.get(holder, (0, 0)), self.members or NO_TAX)
