"""Rules of term deposits: what may be offered and agreed, and what falls due when. Pure; amounts in sen.

What a term brings stands in ``returns.rules_term``: returns are rounded half up to the whole rupiah, once for each part
of a term. A deposit at a rate is a loan of the member to the cooperative; a mudharabah deposit (fatwa DSN-MUI 03/2000)
has a nisbah and no promise, and takes no penalty: whoever takes it back early has a smaller share, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from koperasi.deposits.figures import exact
from koperasi.errors import Refusal
from koperasi.formats import format_amount
from koperasi.i18n import N_
from koperasi.returns.service import rules_days, rules_term, to_unit

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

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _CLOSED[self]


_CLOSED = {
    ClosedAs.MATURED: N_("Dibayar saat jatuh tempo"),
    ClosedAs.ROLLED: N_("Diperpanjang"),
    ClosedAs.EARLY: N_("Ditutup sebelum jatuh tempo"),
    ClosedAs.EXIT: N_("Ditutup saat keanggotaan berakhir"),
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
PAY_LABELS = {0: N_("saat jatuh tempo"), 1: N_("setiap bulan")}


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
    """A contract as it stands; ``balance_minor`` is the ledger's, all else what was agreed. Amounts in sen."""

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

    @property
    def stands(self) -> bool:
        """It runs, and the book has what was agreed: its opening was not reversed."""
        return self.closed_on is None and self.balance_minor == self.principal_minor

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


def check_terms(terms: Terms, *, is_sharia: bool, ceiling: Fraction | None = None) -> None:
    """Refuse terms that this kind of cooperative can't offer.

    Args:
        terms: what is to be offered.
        is_sharia: whether it works by nisbah.
        ceiling: the highest rate a year, if one is enforced (Permenkop UKM 8/2023 art. 26).

    Raises:
        Refusal: ``term-months``, ``earns``, ``percent-range``, ``minimum``, ``early-sharia`` (a mudharabah deposit
            takes no penalty), ``early-above`` (more than is promised), or ``return-ceiling``.
    """
    if terms.months not in TERMS_OFFERED:
        raise Refusal("term-months", N_("Jangka waktu 1, 3, 6, atau 12 bulan."), field="months")
    if (terms.earns is Earns.NISBAH) is not is_sharia:
        raise Refusal("earns", N_("Koperasi syariah memakai nisbah; yang lain persen setahun."), field="percent")
    if not 0 <= terms.percent <= 100 or not 0 <= terms.early_percent <= 100:
        raise Refusal("percent-range", N_("Persen ditulis sebagai angka dari 0 sampai 100."), field="percent")
    if terms.minimum_minor <= 0:
        raise Refusal("minimum", N_("Jumlah paling sedikit harus lebih dari nol."), field="minimum")
    if is_sharia and terms.early is Early.PENALTY:
        raise Refusal(
            "early-sharia", N_("Simpanan berjangka syariah tidak mengenal potongan; turunkan nisbahnya."), field="early"
        )
    if terms.early is Early.REDUCED and terms.early_percent > terms.percent:
        raise Refusal("early-above", N_("Imbalan tutup awal tidak boleh melebihi yang penuh."), field="early_percent")
    if ceiling is not None and terms.earns is Earns.RATE and terms.percent > ceiling:
        raise Refusal(
            "return-ceiling",
            N_("Imbal simpanan dibatasi %(ceiling)s %% setahun."),
            field="percent",
            ceiling=exact(ceiling),
        )


def earning(terms: Terms, earns: Earns) -> Terms:
    """The same terms as a rate or as a nisbah."""
    return replace(terms, earns=earns)


def in_force(terms: Sequence[Terms], months: int, on: date) -> Terms | None:
    """What is offered for so many months on a day."""
    held = [one for one in terms if one.months == months and one.valid_from <= on]
    return max(held, key=lambda one: one.valid_from) if held else None


def check_opening(
    terms: Terms | None, amount_minor: int, roll_over: RollOver, *, opened_on: date, today: date, member_status: str
) -> None:
    """Refuse a contract that can't be made.

    Args:
        terms: what is offered on the day, if anything.
        amount_minor: the principal, in sen.
        roll_over: what shall become of it.
        opened_on: its first day.
        today: the book's day.
        member_status: value of the member's status; only who is a member may (Permenkop UKM 8/2023).

    Raises:
        Refusal: ``member-cannot-deposit``, ``date-in-future``, ``term-not-offered``, ``cash-has-no-sen``,
            ``deposit-below-minimum`` or ``roll-over-needs-maturity``.
    """
    if member_status not in {"anggota", "cuti", "nonaktif"}:
        raise Refusal("member-cannot-deposit", N_("Hanya anggota yang dapat membuka simpanan berjangka."))
    if opened_on > today:
        raise Refusal("date-in-future", N_("Tanggal transaksi belum tiba."), field="opened_on")
    if terms is None:
        raise Refusal("term-not-offered", N_("Jangka waktu ini belum ditawarkan pada tanggal itu."), field="months")
    if amount_minor % RUPIAH:
        raise Refusal("cash-has-no-sen", N_("Tulis rupiah penuh, tanpa sen."), field="amount")
    if amount_minor < terms.minimum_minor:
        raise Refusal(
            "deposit-below-minimum",
            N_("Paling sedikit %(minimum)s."),
            field="amount",
            minimum=format_amount(terms.minimum_minor),
        )
    check_roll_over(terms.pay_months, roll_over)


def check_roll_over(pay_months: int, roll_over: RollOver) -> None:
    """What is paid month by month can't go on with the principal.

    Raises:
        Refusal: ``roll-over-needs-maturity``.
    """
    if pay_months and roll_over is RollOver.ALL:
        raise Refusal(
            "roll-over-needs-maturity",
            N_("Imbalan yang dibayar setiap bulan tidak dapat ikut diperpanjang."),
            field="roll_over",
        )


def proposed(terms: Terms, principal_minor: int, opened_on: date, roll_over: RollOver) -> Deposit:
    """The contract that would be made by these terms, before it has a number: to show what it would bring."""
    return Deposit(
        number="",
        certificate="",
        member_number="",
        months=terms.months,
        seed_on=opened_on,
        term=1,
        opened_on=opened_on,
        matures_on=matures(opened_on, terms.months, 1),
        principal_minor=principal_minor,
        earns=terms.earns,
        percent=terms.percent,
        basis=terms.basis,
        pay_months=terms.pay_months,
        early=terms.early,
        early_percent=terms.early_percent,
        penalty_minor=penalty_of(terms, principal_minor),
        roll_over=roll_over,
        payout_account="",
        previous=None,
        ledger_account_id=0,
        opening_entry=0,
        closed_on=None,
        closed_as=None,
        closing_entry=None,
        balance_minor=principal_minor,
    )


def penalty_of(terms: Terms, principal_minor: int) -> int:
    """The penalty of closing early, in sen: percent of the principal, rounded half up to the whole rupiah."""
    if terms.early is not Early.PENALTY:
        return 0
    return to_unit(principal_minor * terms.early_percent / 100, RUPIAH)


def matures(seed_on: date, months: int, term: int) -> date:
    """The maturity of a term, always counted from the first day of the first: 31 January, 28 February, 31 March."""
    return rules_days.add_months(seed_on, months * term)


def parts(deposit: Deposit, results: Sequence[Result] = ()) -> list[Part]:
    """All returns of a contract in order. A mudharabah deposit's are known once all their months' results are."""
    contract = deposit.contract(results or (Result(date.min, Fraction(0)),) if _shares(deposit) else ())
    accruals = rules_term.single(contract, deposit.term).terms[0].accruals
    return [
        Part(
            at,
            one.first,
            one.last,
            one.amount_minor if _known(deposit, results, one.first, one.last) else None,
        )
        for at, one in enumerate(accruals, 1)
    ]


def working(deposit: Deposit, results: Sequence[Result] = ()) -> rules_term.TermDeposit | None:
    """How a contract's returns come about; nothing if it lives by a pool of which no result is known."""
    if _shares(deposit) and not results:
        return None
    return rules_term.single(deposit.contract(results if _shares(deposit) else ()), deposit.term)


def closing(
    deposit: Deposit, on: date, paid_minor: int, results: Sequence[Result] = (), *, is_waived: bool = False
) -> Closing:
    """What closing on a day, before maturity, brings. The day of closing does not count.

    Args:
        deposit: the contract.
        on: the day.
        paid_minor: gross returns posted on it so far, in sen.
        results: what the pool brought; the last one known holds for what is not known yet.
        is_waived: the days it lay bring their full return (death of the member).

    Raises:
        Refusal: ``closed-before-opened``; or ``result-missing``: there is a nisbah and no result at all.
    """
    if is_waived:
        deposit = replace(deposit, early=Early.PENALTY, penalty_minor=0)
    if _shares(deposit) and not results and deposit.early is not Early.NOTHING:
        raise Refusal("result-missing", N_("Hasil pengelolaan (HI-1000) belum ditetapkan."))
    used = (results or (Result(date.min, Fraction(0)),)) if _shares(deposit) else ()
    found = rules_term.single(deposit.contract(used), deposit.term, closed_on=min(on, deposit.matures_on))
    return Closing(deposit.principal_minor, paid_minor, found.total_return_minor - paid_minor, found)


def months_of(deposit: Deposit, first: date, last: date) -> list[date]:
    """The months, by their first days, whose results a part of a term lives by: those in which its months begin."""
    starts, at = [], 0
    while (day := rules_days.add_months(deposit.seed_on, at)) <= last:
        if day >= first:
            starts.append(day.replace(day=1))
        at += 1
    return starts


def _known(deposit: Deposit, results: Sequence[Result], first: date, last: date) -> bool:
    known = {one.since for one in results}
    return not _shares(deposit) or set(months_of(deposit, first, last)) <= known


def _shares(deposit: Deposit) -> bool:
    return deposit.earns is Earns.NISBAH
