"""Term deposits: what they bring, rolled over or closed early. Pure; amounts in sen.

The day of deposit counts, the day of maturity or closing does not. Terms roll from the first day, so that a deposit of
31 January falls due on 28 February and then on 31 March. Mudharabah deposits: fatwa DSN-MUI 03/2000, no rate, a nisbah.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.returns.rounding import Rounding, to_unit
from koperasi.returns.rules_days import ONE_DAY, Basis, add_months, months
from koperasi.returns.working import Step, number, rupiah, step

LONGEST_MONTHS = 120


class RollOver(StrEnum):
    """What happens at maturity."""

    NONE = "none"
    """Principal and return are paid out."""
    PRINCIPAL = "principal"
    """The principal goes on, the return is paid out."""
    ALL = "principal_and_return"
    """Both go on."""


class Early(StrEnum):
    """What a deposit closed before its day still brings for the term that is broken off."""

    NOTHING = "nothing"
    REDUCED = "reduced_rate"
    """A lower rate for the days it lay."""
    PENALTY = "penalty"
    """The return for the days it lay, less a penalty."""


class Result(NamedTuple):
    """What a pool brought from a day on: HI-1000 of a month, in rupiah; the last one known holds for later months."""

    since: date
    hi_1000: Fraction


@dataclass(frozen=True)
class TermContract:
    """What was agreed.

    Attributes:
        principal_minor: in sen.
        opened_on: the first day.
        term_months: how long.
        percent: percent a year, or of a mudharabah deposit the nisbah.
        results: for a mudharabah deposit, what the pool brought; none for one at a rate.
        basis: which part of a year a day is; ``months/12`` gives each month of the term a twelfth, however long.
        roll_over: what happens at maturity.
        capitalise_months: within a term the return is added to the principal every so many months; 0 is never.
        pay_months: the return is paid (or, if capitalised, shown) every so many months; 0 is at maturity.
        early: what is left when it is closed before its day.
        early_percent: the lower rate, for ``reduced_rate``.
        penalty_minor: the penalty, in sen.
        unit_minor: what returns are rounded to, in sen.
        rounding: how.
    """

    principal_minor: int
    opened_on: date
    term_months: int
    percent: Fraction
    results: Sequence[Result] = ()
    basis: Basis = Basis.ACTUAL_365
    roll_over: RollOver = RollOver.NONE
    capitalise_months: int = 0
    pay_months: int = 0
    early: Early = Early.NOTHING
    early_percent: Fraction = Fraction(0)
    penalty_minor: int = 0
    unit_minor: int = 100
    rounding: Rounding = Rounding.HALF_UP


class Accrual(NamedTuple):
    """A part of a term that brings one return: ``last`` is the day before the next part or the maturity."""

    first: date
    last: date
    principal_minor: int
    exact: Fraction
    amount_minor: int


@dataclass(frozen=True)
class Term:
    """One run from deposit or roll-over to maturity or early closing (``ends``: a day that no longer counts)."""

    begins: date
    ends: date
    principal_minor: int
    accruals: tuple[Accrual, ...]
    return_minor: int
    is_early: bool = False
    penalty_minor: int = 0
    taken_back_minor: int = 0
    """What was paid during a term that was broken off beyond its due; kept back from the principal."""


@dataclass(frozen=True)
class TermDeposit:
    """A deposit as far as it was followed."""

    contract: TermContract
    terms: tuple[Term, ...]
    is_running: bool
    """Whether the last term is not over yet; its return is what it would bring at maturity."""
    closed_on: date | None

    @property
    def total_return_minor(self) -> int:
        """All returns together, less penalties and what was taken back."""
        return sum(one.return_minor for one in self.terms)

    @property
    def payout_minor(self) -> int:
        """What is paid at the end: the last principal with the returns of its term that were not paid before."""
        last, contract = self.terms[-1], self.contract
        was_paid = contract.pay_months and not contract.capitalise_months
        if not was_paid:
            return last.principal_minor + last.return_minor
        return last.principal_minor + (last.accruals[-1].amount_minor if not last.is_early else -last.taken_back_minor)

    def working(self) -> tuple[Step, ...]:
        """How the returns came about."""
        return tuple(_working(self))


def check_contract(contract: TermContract) -> None:
    """Refuse a contract that can't be kept.

    Raises:
        Refusal: ``principal-not-positive``, ``term-months``, ``capitalise-months`` (not a whole part of the term, or no
            multiple of the months of payment), ``pay-months``, ``percent-range``, ``penalty-negative`` or
            ``rate-and-results``.
    """
    if contract.principal_minor <= 0:
        raise Refusal("principal-not-positive", N_("Pokok simpanan harus lebih dari nol."), field="principal")
    if not 1 <= contract.term_months <= LONGEST_MONTHS:
        raise Refusal("term-months", N_("Jangka waktu 1 sampai %(most)s bulan."), field="months", most=LONGEST_MONTHS)
    if contract.pay_months < 0 or (contract.pay_months and contract.term_months % contract.pay_months):
        raise Refusal("pay-months", N_("Masa pembayaran imbalan harus membagi habis jangka waktu."), field="pay_months")
    every = contract.capitalise_months
    if every < 0 or (every and (contract.term_months % every or every % (contract.pay_months or every))):
        raise Refusal(
            "capitalise-months",
            N_("Masa pelipatan harus membagi habis jangka waktu dan terbagi habis oleh masa pembayaran."),
            field="capitalise_months",
        )
    if contract.percent < 0 or contract.early_percent < 0 or (contract.results and contract.percent > 100):
        raise Refusal("percent-range", N_("Persen di luar batas."), field="percent")
    if contract.penalty_minor < 0:
        raise Refusal("penalty-negative", N_("Potongan tidak boleh di bawah nol."), field="penalty")
    if contract.results and every:
        raise Refusal(
            "rate-and-results", N_("Bagi hasil tidak dilipatkan di dalam jangka waktu."), field="capitalise_months"
        )


def maturity(contract: TermContract, number_of_terms: int = 1) -> date:
    """The day after so many terms, always counted from the first day."""
    return add_months(contract.opened_on, contract.term_months * number_of_terms)


def follow(contract: TermContract, until: date, *, closed_on: date | None = None) -> TermDeposit:
    """What a deposit did up to a day: its terms, rolled over as agreed, the last one perhaps still running.

    Args:
        contract: what was agreed.
        until: the day up to which it is followed; roll-overs on that day are made.
        closed_on: the day on which the member took it back, if they did; before a maturity it breaks that term off.

    Raises:
        Refusal: as ``check_contract``; ``closed-before-opened``; or ``until-before-opened``.
    """
    check_contract(contract)
    if closed_on is not None and closed_on < contract.opened_on:
        raise Refusal("closed-before-opened", N_("Tanggal tutup sebelum simpanan dibuka."), field="closed_on")
    if until < contract.opened_on:
        raise Refusal("until-before-opened", N_("Tanggal hitung sebelum simpanan dibuka."), field="until")
    terms: list[Term] = []
    principal, begins = contract.principal_minor, contract.opened_on
    while True:
        ends = maturity(contract, len(terms) + 1)
        if closed_on is not None and closed_on < ends:
            terms.append(_broken_off(contract, begins, closed_on, principal, len(terms)))
            return TermDeposit(contract, tuple(terms), is_running=False, closed_on=closed_on)
        one = _term(contract, begins, ends, principal, len(terms))
        terms.append(one)
        if closed_on == ends or contract.roll_over is RollOver.NONE or until < ends:
            running = until < ends
            return TermDeposit(contract, tuple(terms), is_running=running, closed_on=None if running else ends)
        if contract.roll_over is RollOver.ALL:
            principal = one.principal_minor + one.return_minor
        begins = ends


def single(contract: TermContract, number_of_term: int, *, closed_on: date | None = None) -> TermDeposit:
    """One term alone, the first being 1, as if those before it had gone by: what a roll-over agreed anew brings.

    Args:
        contract: what was agreed for this term; ``opened_on`` is the first day of the first term.
        number_of_term: which one.
        closed_on: the day on which the member took it back, if they did before its maturity.

    Raises:
        Refusal: as ``check_contract``; or ``closed-before-opened``.
    """
    check_contract(contract)
    begins, ends = maturity(contract, number_of_term - 1), maturity(contract, number_of_term)
    principal = contract.principal_minor
    if closed_on is not None and closed_on < begins:
        raise Refusal("closed-before-opened", N_("Tanggal tutup sebelum simpanan dibuka."), field="closed_on")
    if closed_on is not None and closed_on < ends:
        term = _broken_off(contract, begins, closed_on, principal, number_of_term - 1)
        return TermDeposit(contract, (term,), is_running=False, closed_on=closed_on)
    term = _term(contract, begins, ends, principal, number_of_term - 1)
    return TermDeposit(contract, (term,), is_running=closed_on is None, closed_on=closed_on)


def _term(contract: TermContract, begins: date, ends: date, principal_minor: int, before: int) -> Term:
    accruals = tuple(_accruals(contract, principal_minor, before))
    return Term(begins, ends, principal_minor, accruals, sum(one.amount_minor for one in accruals))


def _accruals(contract: TermContract, principal_minor: int, before: int) -> Iterator[Accrual]:
    """The parts of a whole term; capitalised parts grow exactly and are rounded once, at the term's end."""
    every = contract.pay_months or contract.capitalise_months or contract.term_months
    done = contract.term_months * before
    grown = Fraction(principal_minor)
    since_capitalised, said = Fraction(0), 0
    for month in range(every, contract.term_months + 1, every):
        first = add_months(contract.opened_on, done + month - every)
        last = add_months(contract.opened_on, done + month) - ONE_DAY
        exact = _brought(contract, grown, first, last, whole_months=every)
        if not contract.capitalise_months:
            yield Accrual(first, last, principal_minor, exact, _rounded(contract, exact))
            continue
        since_capitalised += exact
        total = grown + since_capitalised - principal_minor
        amount = _rounded(contract, total) - said
        said += amount
        yield Accrual(first, last, to_unit(grown, 1), exact, amount)
        if month % contract.capitalise_months == 0:
            grown, since_capitalised = grown + since_capitalised, Fraction(0)


def _broken_off(contract: TermContract, begins: date, closed_on: date, principal_minor: int, before: int) -> Term:
    """A term that ends before its day. What was paid during it already counts against what it still brings."""
    paid = 0
    if contract.pay_months and not contract.capitalise_months:
        whole = _accruals(contract, principal_minor, before)
        paid = sum(one.amount_minor for one in whole if one.last < closed_on)
    if closed_on == begins or contract.early is Early.NOTHING:
        return Term(begins, closed_on, principal_minor, (), 0, is_early=True, taken_back_minor=paid)
    percent = contract.early_percent if contract.early is Early.REDUCED else contract.percent
    exact = _brought(contract, Fraction(principal_minor), begins, closed_on - ONE_DAY, percent=percent)
    amount = _rounded(contract, exact)
    penalty = min(contract.penalty_minor, amount) if contract.early is Early.PENALTY else 0
    accrual = Accrual(begins, closed_on - ONE_DAY, principal_minor, exact, amount)
    due = amount - penalty
    return Term(
        begins,
        closed_on,
        principal_minor,
        (accrual,),
        due,
        is_early=True,
        penalty_minor=penalty,
        taken_back_minor=paid - due,
    )


def _brought(
    contract: TermContract,
    principal: Fraction,
    first: date,
    last: date,
    *,
    percent: Fraction | None = None,
    whole_months: int = 0,
) -> Fraction:
    """What a principal brings on the days from ``first`` to ``last``, in sen, exactly."""
    percent = contract.percent if percent is None else percent
    if contract.results:
        return _shared(contract, principal, first, last, percent)
    if contract.basis is Basis.MONTHS_12 and whole_months:
        return principal * percent * whole_months / 1200
    parts = (Fraction((until - since).days + 1, contract.basis.year_of(since)) for since, until in months(first, last))
    return principal * percent * sum(parts, Fraction(0)) / 100


def _shared(contract: TermContract, principal: Fraction, first: date, last: date, percent: Fraction) -> Fraction:
    """Principal / 1,000 x HI-1000 x nisbah for each month of the term; of a month broken off, its days' part."""
    opened_on = contract.opened_on
    month = 12 * (first.year - opened_on.year) + first.month - opened_on.month
    total, begins = Fraction(0), first
    while begins <= last:
        month += 1
        after = add_months(opened_on, month)
        part = Fraction((min(last + ONE_DAY, after) - begins).days, (after - begins).days)
        total += principal * _known(contract, begins) * percent * part / 100_000
        begins = after
    return total


def _known(contract: TermContract, day: date) -> Fraction:
    """HI-1000 on a day: the last one known by then, or the first there is."""
    known = [one for one in contract.results if one.since <= day] or [min(contract.results)]
    return max(known).hi_1000


def _brought_by(contract: TermContract, one: Accrual) -> Iterator[Fraction]:
    """HI-1000 of each month of an accrual; nothing for a rate."""
    month = 12 * (one.first.year - contract.opened_on.year) + one.first.month - contract.opened_on.month
    begins = one.first
    while contract.results and begins <= one.last:
        month += 1
        yield _known(contract, begins)
        begins = add_months(contract.opened_on, month)


def _rounded(contract: TermContract, exact: Fraction) -> int:
    return to_unit(exact, contract.unit_minor, contract.rounding)


def _working(deposit: TermDeposit) -> Iterator[Step]:
    contract = deposit.contract
    for count, term in enumerate(deposit.terms, 1):
        yield step(
            N_("Masa ke-%(count)s: %(principal)s dari %(begins)s sampai %(ends)s; hari terakhir tidak dihitung."),
            count=count,
            principal=rupiah(term.principal_minor),
            begins=term.begins,
            ends=term.ends,
        )
        if term.is_early and not term.accruals:
            yield step(N_("Ditutup sebelum jatuh tempo: masa ini tidak mendapat imbalan."))
        for one in term.accruals:
            yield _accrued(contract, term, one)
        if term.penalty_minor:
            yield step(N_("Potongan tutup sebelum jatuh tempo: %(penalty)s."), penalty=rupiah(term.penalty_minor))
        if term.taken_back_minor > 0:
            yield step(
                N_("Imbalan yang sudah dibayar melebihi haknya: %(amount)s dipotong dari pokok."),
                amount=rupiah(term.taken_back_minor),
            )
        if term.ends != deposit.terms[-1].ends:
            rolled = (
                N_("Diperpanjang: pokok dan imbalan.")
                if contract.roll_over is RollOver.ALL
                else N_("Diperpanjang: pokok saja; imbalan dibayarkan.")
            )
            yield step(rolled)
    if deposit.is_running:
        yield step(N_("Masa terakhir belum jatuh tempo: angkanya berlaku bila ditunggu sampai hari itu."))
    yield step(
        N_("Jumlah imbalan %(total)s; dibayar di akhir %(payout)s."),
        total=rupiah(deposit.total_return_minor),
        payout=rupiah(deposit.payout_minor),
    )


def _accrued(contract: TermContract, term: Term, one: Accrual) -> Step:
    percent = contract.early_percent if term.is_early and contract.early is Early.REDUCED else contract.percent
    message = (
        N_(
            "%(days)s hari, %(principal)s / 1.000 x HI-1000 %(hi)s x nisbah %(percent)s %%: %(exact)s, dibulatkan "
            "%(amount)s."
        )
        if contract.results
        else N_(
            "%(days)s hari, %(percent)s %% setahun (%(basis)s) atas %(principal)s: %(exact)s, dibulatkan %(amount)s."
        )
    )
    return step(
        message,
        days=(one.last - one.first).days + 1,
        hi=" + ".join(number(hi) for hi in _brought_by(contract, one)),
        percent=number(percent),
        basis=contract.basis.value,
        principal=rupiah(one.principal_minor),
        exact=rupiah(one.exact),
        amount=rupiah(one.amount_minor),
    )
