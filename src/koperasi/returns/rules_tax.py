"""Final income tax on what members' savings bring. Pure; amounts in sen.

PP 15/2009 with PMK 112/PMK.03/2010: interest that a cooperative pays to an individual member is taxed at 10 % of the
gross once it exceeds Rp240,000 a month, all of it and not only what exceeds; up to that at 0 %. A slip is due each time
something is paid, at 0 % too. PP 25/2009 says the same of a mudharabah share. SHU is not taxed (UU HPP art. 4(3)(i)).
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
from koperasi.returns.rounding import Rounding, apportion, to_unit
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
    return Withheld(month, tuple(paid), tuple(_shared(exact, tax_minor)), policy)


def _shared(exact: Sequence[Fraction], tax_minor: int) -> list[int]:
    whole = sum(exact, Fraction(0))
    if not whole:
        return [0 for _ in exact]
    return apportion([tax_minor * one / whole for one in exact], 100, tax_minor)


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
