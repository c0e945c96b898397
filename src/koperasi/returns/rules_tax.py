"""Tax withheld of what savings bring. Pure; amounts in sen.

*Members*: PP 15/2009 with PMK 112/PMK.03/2010: interest that a cooperative pays to an individual member is taxed at
10 % of the gross once it exceeds Rp240,000 a month, all of it and not only what exceeds; up to that at 0 %. A slip is
due each time something is paid, at 0 % too. PP 25/2009 says the same of a mudharabah share. SHU is not taxed (UU HPP
art. 4(3)(i)).

*Other cooperatives* (``PartnerTax``): they are bodies and not individuals, so UU PPh art. 23(1)(a): 15 % of the gross.

*A bank's savers* (``BankTax``): PP 131/2000: 20 % of the gross, nothing while savings and deposits together do not
exceed Rp7,500,000; it is the balance that is held against that, not the interest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.returns.rounding import Rounding, apportion, apportion_sums, ratio_to_unit, to_unit
from koperasi.returns.rules_days import add_months
from koperasi.returns.working import Step, number, rupiah, step


class ThresholdOf(StrEnum):
    """What is held against the threshold when one payment is for several months; the law leaves it open."""

    PAYMENT = "payment"
    """All that is paid in the month: the cautious reading, as the tax falls due on payment."""
    MONTH = "month"
    """Each month's equal part of it."""


class TaxPolicy(NamedTuple):
    """The rule from a day on. ``threshold_minor`` in sen a month; ``percent`` of the whole gross above it."""

    since: date
    threshold_minor: int
    percent: Fraction
    deposit_day: int
    """The day of the next month by which the tax is paid to the state."""
    testing: ThresholdOf = ThresholdOf.PAYMENT


POLICIES = (
    TaxPolicy(date(2009, 1, 1), 24_000_000, Fraction(10), 10),
    TaxPolicy(date(2025, 1, 1), 24_000_000, Fraction(10), 15),  # PMK 81/2024 moved the day of payment
)
"""What the law has said so far; a cooperative's own policy rows come before these."""


class PartnerTax(NamedTuple):
    """What is withheld of another cooperative: ``percent`` of the gross, whatever the amount; 0 withholds nothing.

    UU PPh (7/1983, last UU 7/2021) art. 23(1)(a): 15 % of the gross interest paid to a resident body. Not final: the
    other cooperative sets it off in its own return, so it goes to an account of its own.
    """

    percent: Fraction

    def on(self, gross: Sequence[int]) -> list[int]:
        """The tax of payments made together, in sen: of their sum, rounded down to the rupiah."""
        return of_gross(gross, self.percent)

    def working(self, gross: Sequence[int]) -> tuple[Step, ...]:
        """How it comes about."""
        return (
            step(
                N_(
                    "Koperasi lain (PPh pasal 23): %(percent)s %% dari %(gross)s, dibulatkan ke bawah ke rupiah penuh "
                    "= %(tax)s."
                ),
                percent=number(self.percent),
                gross=rupiah(sum(gross)),
                tax=rupiah(sum(self.on(gross))),
            ),
        )


class BankTax(NamedTuple):
    """What a bank withholds: ``percent`` of the gross of a saver who has more than ``threshold_minor`` with it.

    PP 131/2000 arts. 2 and 3(a): 20 %; free while deposits and savings do not exceed Rp7,500,000 together and are no
    larger sum split up. The law does not say of which day; here it is the balance on the day of payment, before it.
    """

    threshold_minor: int
    percent: Fraction

    def on(self, gross: Sequence[int], balance_minor: int) -> list[int]:
        """The tax of payments made together to a saver with so much in savings and deposits, in sen."""
        return of_gross(gross, self.percent if balance_minor > self.threshold_minor else Fraction(0))

    def working(self, gross: Sequence[int], balance_minor: int) -> tuple[Step, ...]:
        """How it comes about."""
        kept = step(
            N_("Tabungan dan deposito bersama %(balance)s; bebas pajak sampai %(threshold)s."),
            balance=rupiah(balance_minor),
            threshold=rupiah(self.threshold_minor),
        )
        if balance_minor <= self.threshold_minor:
            return kept, step(N_("Tidak melewati batas: pajak nol persen."))
        return kept, step(
            N_("Di atas batas: %(percent)s %% dari %(gross)s, dibulatkan ke bawah ke rupiah penuh = %(tax)s."),
            percent=number(self.percent),
            gross=rupiah(sum(gross)),
            tax=rupiah(sum(self.on(gross, balance_minor))),
        )


PARTNER = PartnerTax(Fraction(15))
BANK = BankTax(750_000_000, Fraction(20))
"""What the law says; a cooperative's own policy rows come before it."""


def due_day(month: date) -> date:
    """The last day to pay to the state what was withheld in a month: the same for all of these taxes."""
    return add_months(month.replace(day=1), 1).replace(day=policy_at(POLICIES, month).deposit_day)


def of_gross(gross: Sequence[int], percent: Fraction) -> list[int]:
    """A percentage of payments made together, by payment: of their sum, rounded down to the rupiah, largest remainder.

    A sum below nothing (a correction) gives back its own part in the same way.
    """
    paid = sum(gross)
    sign = 1 if paid >= 0 else -1
    due = ratio_to_unit(abs(paid) * percent.numerator, 100 * percent.denominator, 100, Rounding.DOWN)
    return spread(sign * due, gross, percent)


def spread(due_minor: int, gross: Sequence[int], percent: Fraction) -> list[int]:
    """A tax over the payments that it is of (or the one given back, over those below nothing): largest remainder.

    Where it is the percentage of them, each gets its own part of that; else (something was withheld before) in
    proportion.
    """
    if not due_minor:
        return [0] * len(gross)
    if len(gross) == 1:
        return [due_minor]
    sign = 1 if due_minor > 0 else -1
    weights = [max(sign * one, 0) for one in gross]
    whole = sum(weights)
    if not whole:
        return [due_minor, *([0] * (len(gross) - 1))]
    numerator, denominator = percent.numerator, 100 * percent.denominator
    if abs(due_minor) != ratio_to_unit(whole * numerator, denominator, 100, Rounding.DOWN):
        numerator, denominator = abs(due_minor), whole
    return [sign * one for one in apportion_sums(weights, numerator, denominator, 100, abs(due_minor))]


class Paid(NamedTuple):
    """A return paid on an account: gross, in sen, and for how many months (more than one when paid by the quarter)."""

    account: str
    gross_minor: int
    months: int = 1


@dataclass(frozen=True)
class Withheld:
    """The tax on what one member was paid in one month.

    Attributes:
        month: its first day.
        paid: by account.
        taxes_minor: by account, in the same order.
        policy: the rule that held.
    """

    month: date
    paid: tuple[Paid, ...]
    taxes_minor: tuple[int, ...]
    policy: TaxPolicy

    @property
    def gross_minor(self) -> int:
        """All that the member was paid in the month."""
        return sum(one.gross_minor for one in self.paid)

    @property
    def tax_minor(self) -> int:
        """What is withheld of it."""
        return sum(self.taxes_minor)

    @property
    def net_minor(self) -> int:
        """What the member gets."""
        return self.gross_minor - self.tax_minor

    @property
    def slip_due(self) -> bool:
        """A slip is given whenever something was paid, at 0 % too."""
        return self.gross_minor > 0

    @property
    def deposit_by(self) -> date | None:
        """The last day to pay the tax to the state, if there is any."""
        return add_months(self.month, 1).replace(day=self.policy.deposit_day) if self.tax_minor else None

    def working(self) -> tuple[Step, ...]:
        """How the tax came about."""
        return tuple(_working(self))


def policy_at(policies: Sequence[TaxPolicy], day: date) -> TaxPolicy:
    """The rule that holds on a day.

    Raises:
        Refusal: ``tax-policy-missing``.
    """
    held = [one for one in policies if one.since <= day]
    if not held:
        raise Refusal("tax-policy-missing", N_("Belum ada aturan pajak yang berlaku pada bulan itu."), field="month")
    return max(held, key=lambda one: one.since)


def withhold(paid: Sequence[Paid], month: date, policies: Sequence[TaxPolicy] = POLICIES) -> Withheld:
    """The tax on all that one member was paid in a month, over all accounts together.

    The tax is rounded down to the whole rupiah and shared among the accounts by largest remainder.

    Raises:
        Refusal: ``gross-negative``, ``account-twice`` or ``tax-policy-missing``.
    """
    month = month.replace(day=1)
    policy = policy_at(policies, month)
    if any(one.gross_minor < 0 for one in paid):
        raise Refusal("gross-negative", N_("Imbalan tidak boleh di bawah nol."), field="accounts")
    if len({one.account for one in paid}) != len(paid):
        raise Refusal("account-twice", N_("Satu rekening tertulis dua kali."), field="accounts")
    exact = [_taxed(one, paid, policy) * policy.percent / 100 for one in paid]
    tax_minor = to_unit(sum(exact, Fraction(0)), 100, Rounding.DOWN)
    return Withheld(month, tuple(paid), tuple(apportion(exact, 100, tax_minor)), policy)


def _taxed(one: Paid, paid: Sequence[Paid], policy: TaxPolicy) -> Fraction:
    """How much of a payment falls into months that exceed the threshold."""
    part = Fraction(one.gross_minor, one.months)
    return (
        part
        * sum(_month_total(paid, back, policy) > policy.threshold_minor for back in range(_months_of(one, policy)))
        * (one.months if policy.testing is ThresholdOf.PAYMENT else 1)
    )


def _months_of(one: Paid, policy: TaxPolicy) -> int:
    return 1 if policy.testing is ThresholdOf.PAYMENT else one.months


def _month_total(paid: Sequence[Paid], back: int, policy: TaxPolicy) -> Fraction:
    """What counts for a month: ``back`` months before the payment, payments reaching back from it month by month."""
    if policy.testing is ThresholdOf.PAYMENT:
        return Fraction(sum(one.gross_minor for one in paid))
    totals = defaultdict[int, Fraction](Fraction)
    for one in paid:
        for month in range(one.months):
            totals[month] += Fraction(one.gross_minor, one.months)
    return totals[back]


def _working(done: Withheld) -> Iterator[Step]:
    for one in done.paid:
        if one.months > 1:
            yield step(
                N_("Rekening %(account)s: imbalan %(gross)s untuk %(months)s bulan."),
                account=one.account,
                gross=rupiah(one.gross_minor),
                months=one.months,
            )
        else:
            yield step(
                N_("Rekening %(account)s: imbalan %(gross)s."), account=one.account, gross=rupiah(one.gross_minor)
            )
    if not done.slip_due:
        yield step(N_("Tidak ada imbalan yang dibayar: tidak ada pajak dan tidak ada bukti potong."))
        return
    yield step(
        N_("Semua rekening anggota dijumlahkan: %(gross)s; batas sebulan %(threshold)s."),
        gross=rupiah(done.gross_minor),
        threshold=rupiah(done.policy.threshold_minor),
    )
    if done.policy.testing is ThresholdOf.MONTH and any(one.months > 1 for one in done.paid):
        yield step(N_("Imbalan untuk beberapa bulan diuji sebulan demi sebulan, masing-masing bagian yang sama."))
    if done.tax_minor:
        yield step(
            N_("Di atas batas: %(percent)s %% dari seluruhnya, dibulatkan ke bawah ke rupiah penuh = %(tax)s."),
            percent=number(done.policy.percent),
            tax=rupiah(done.tax_minor),
        )
    else:
        yield step(N_("Tidak melewati batas: pajak nol persen."))
    yield step(N_("Bukti potong diberikan, juga bila pajaknya nol."))
