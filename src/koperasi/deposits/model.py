"""What a term deposit is made of: terms, contract, parts, closing; and the words for them. Pure; amounts in sen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from koperasi.i18n import N_
from koperasi.returns.service import rules_days, rules_term
from koperasi.savings.service import is_partner_number

TERMS_OFFERED = (1, 3, 6, 12)
"""Months; a sharia chart has an account for each of them."""
RUPIAH = 100
REFERENCE_MAX_LENGTH = 200

Basis = rules_days.Basis
Early = rules_term.Early
Result = rules_term.Result
RollOver = rules_term.RollOver


class Earns(StrEnum):
    """What a deposit brings."""

    RATE = "rate"
    """Percent a year."""
    NISBAH = "nisbah"
    """The member's percent of what the pool brought for each of their rupiah."""


class ClosedAs(StrEnum):
    """Why a contract ended."""

    MATURED = "matured"
    ROLLED = "rolled"
    EARLY = "early"
    EXIT = "exit"
    UNDONE = "undone"
    """It was carried in from before the book, and the import was taken back."""

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _CLOSED[self]


_CLOSED = {
    ClosedAs.MATURED: N_("Dibayar saat jatuh tempo"),
    ClosedAs.ROLLED: N_("Diperpanjang"),
    ClosedAs.EARLY: N_("Ditutup sebelum jatuh tempo"),
    ClosedAs.EXIT: N_("Ditutup saat keanggotaan berakhir"),
    ClosedAs.UNDONE: N_("Impornya dibatalkan"),
}

ROLL_OVER_LABELS = {
    RollOver.NONE: N_("Tidak diperpanjang"),
    RollOver.PRINCIPAL: N_("Perpanjang pokoknya"),
    RollOver.ALL: N_("Perpanjang pokok dan imbalannya"),
}
EARLY_LABELS = {
    Early.NOTHING: N_("tanpa imbalan"),
    Early.REDUCED: N_("imbalan lebih rendah"),
    Early.PENALTY: N_("imbalan dikurangi potongan"),
}
PAY_LABELS = {0: N_("saat jatuh tempo"), 1: N_("setiap bulan"), 3: N_("setiap triwulan")}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a deposit of so many months brings, from a day on. Percentages exactly; ``minimum_minor`` in sen."""

    months: int
    valid_from: date
    earns: Earns
    percent: Fraction
    basis: Basis
    pay_months: int
    """Paid every so many months; 0 is at maturity."""
    early: Early
    early_percent: Fraction
    """The lower rate or nisbah, or the penalty in percent of the principal."""
    minimum_minor: int
    reference: str = ""
    set_by: str = ""
    set_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deposit:
    """A contract as it stands; ``balance_minor`` is the ledger's, all else what was agreed. Amounts in sen.

    ``member_number`` is its holder's: of another cooperative ``K0001``. ``carried_on``, ``prior_number``,
    ``paid_until`` and ``paid_before_minor`` are those of a contract from before the book: when it came in, the number
    on its old paper, the last day whose return had been paid, and how much had been paid.
    """

    number: str
    certificate: str
    member_number: str
    months: int
    seed_on: date
    term: int
    opened_on: date
    matures_on: date
    principal_minor: int
    earns: Earns
    percent: Fraction
    basis: Basis
    pay_months: int
    early: Early
    early_percent: Fraction
    penalty_minor: int
    roll_over: RollOver
    payout_account: str
    previous: str | None
    ledger_account_id: int
    opening_entry: int
    closed_on: date | None
    closed_as: ClosedAs | None
    closing_entry: int | None
    balance_minor: int
    carried_on: date | None = None
    prior_number: str | None = None
    paid_until: date | None = None
    paid_before_minor: int = 0

    @property
    def is_partners(self) -> bool:
        """It is another cooperative's, not a member's."""
        return is_partner_number(self.member_number)

    @property
    def stands(self) -> bool:
        """It runs, and the book has what was agreed: its opening was not reversed."""
        return self.closed_on is None and self.balance_minor == self.principal_minor

    @property
    def is_void(self) -> bool:
        """It was not closed, but nothing is left of it: its opening was reversed."""
        return self.closed_on is None and not self.balance_minor

    def was_paid_before(self, part: Part) -> bool:
        """Whether a return was paid before the contract came into the book."""
        return self.paid_until is not None and part.last <= self.paid_until

    def booked_on(self, day: date) -> date:
        """The day on which something that falls due is dated: not before the contract came into the book."""
        return max(day, self.carried_on or day)

    def is_due(self, on: date) -> bool:
        """It runs, though its day has come."""
        return self.closed_on is None and self.matures_on <= on

    def contract(self, results: Sequence[Result] = ()) -> rules_term.TermContract:
        """The same for the rules of returns. ``results``: what the pool brought, for a nisbah."""
        return rules_term.TermContract(
            principal_minor=self.principal_minor,
            opened_on=self.seed_on,
            term_months=self.months,
            percent=self.percent,
            results=results,
            basis=self.basis,
            roll_over=self.roll_over,
            pay_months=self.pay_months,
            early=self.early,
            early_percent=self.early_percent,
            penalty_minor=self.penalty_minor,
            unit_minor=RUPIAH,
        )


class Part(NamedTuple):
    """A return that falls due: the part of the term that it is for, both days in it, and its gross amount in sen.

    ``gross_minor`` is nothing while the pool's result of one of its months is not known.
    """

    number: int
    first: date
    last: date
    gross_minor: int | None

    @property
    def due_on(self) -> date:
        """The day after its last."""
        return self.last + rules_days.ONE_DAY


@dataclass(frozen=True, slots=True)
class Closing:
    """What a member gets who closes on a day.

    ``return_minor`` is what comes on top of what was paid already; below zero it is kept back from the principal.
    """

    principal_minor: int
    paid_minor: int
    return_minor: int
    working: rules_term.TermDeposit | None

    @property
    def payout_minor(self) -> int:
        """Before tax."""
        return self.principal_minor + self.return_minor
