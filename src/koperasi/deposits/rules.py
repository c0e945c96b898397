"""Rules of term deposits: what may be offered and agreed, and what falls due when. Pure; amounts in sen.

What a term brings stands in ``returns.rules_term``: returns are rounded half up to the whole rupiah, once for each part
of a term. A deposit at a rate is a loan of the member to the cooperative; a mudharabah deposit (fatwa DSN-MUI 03/2000)
has a nisbah and no promise, and takes no penalty: whoever takes it back early has a smaller share, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

from koperasi.deposits.figures import exact
from koperasi.deposits.model import (
    EARLY_LABELS,
    PAY_LABELS,
    REFERENCE_MAX_LENGTH,
    ROLL_OVER_LABELS,
    RUPIAH,
    TERMS_OFFERED,
    Basis,
    ClosedAs,
    Closing,
    Deposit,
    Early,
    Earns,
    Part,
    Result,
    RollOver,
    Terms,
)
from koperasi.errors import Refusal
from koperasi.formats import format_amount
from koperasi.i18n import N_
from koperasi.returns.service import rules_days, rules_term, to_unit

__all__ = [
    "EARLY_LABELS",
    "PAY_LABELS",
    "REFERENCE_MAX_LENGTH",
    "ROLL_OVER_LABELS",
    "RUPIAH",
    "TERMS_OFFERED",
    "Basis",
    "ClosedAs",
    "Closing",
    "Deposit",
    "Early",
    "Earns",
    "Part",
    "Result",
    "RollOver",
    "Terms",
    "check_opening",
    "check_roll_over",
    "check_terms",
    "closing",
    "earning",
    "in_force",
    "matures",
    "months_of",
    "parts",
    "penalty_of",
    "proposed",
    "working",
]


def check_terms(terms: Terms, *, is_sharia: bool, ceiling: Fraction | None = None) -> None:
    """Refuse terms that this kind of cooperative can't offer.

    Args:
        terms: what is to be offered.
        is_sharia: whether it works by nisbah.
        ceiling: the highest rate a year, if one is enforced (Permenkop UKM 8/2023 art. 26).

    Raises:
        Refusal: ``term-months``, ``earns``, ``percent-range``, ``pay-months`` (no whole part of the term),
            ``minimum``, ``early-sharia`` (a mudharabah deposit takes no penalty), ``early-above`` (more than is
            promised), or ``return-ceiling``.
    """
    if terms.months not in TERMS_OFFERED:
        raise Refusal("term-months", N_("Jangka waktu 1, 3, 6, atau 12 bulan."), field="months")
    if (terms.earns is Earns.NISBAH) is not is_sharia:
        raise Refusal("earns", N_("Koperasi syariah memakai nisbah; yang lain persen setahun."), field="percent")
    if not 0 <= terms.percent <= 100 or not 0 <= terms.early_percent <= 100:
        raise Refusal("percent-range", N_("Persen ditulis sebagai angka dari 0 sampai 100."), field="percent")
    if terms.months % (terms.pay_months or 1):
        raise Refusal("pay-months", N_("Masa pembayaran imbalan harus membagi habis jangka waktu."), field="pay_months")
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
    """What is paid during the term can't go on with the principal.

    Raises:
        Refusal: ``roll-over-needs-maturity``.
    """
    if pay_months and roll_over is RollOver.ALL:
        raise Refusal(
            "roll-over-needs-maturity",
            N_("Imbalan yang dibayar selama jangka waktunya tidak dapat ikut diperpanjang."),
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


def working(
    deposit: Deposit, results: Sequence[Result] = (), *, on: date | None = None, paid_minor: int = 0
) -> rules_term.TermDeposit | None:
    """How a contract's returns come about; nothing if it lives by a pool of which no result is known.

    Args:
        deposit: the contract.
        results: what the pool brought.
        on: the reader's day, by which a term is over or not.
        paid_minor: gross returns posted on it, in sen: they tell whether its early end was waived.
    """
    if _shares(deposit) and not results:
        return None
    if deposit.closed_on is not None and deposit.closed_as in {ClosedAs.EARLY, ClosedAs.EXIT}:
        ended = [closing(deposit, deposit.closed_on, paid_minor, results, is_waived=one) for one in (False, True)]
        return next((one for one in ended if not one.return_minor), ended[0]).working
    over = deposit.matures_on if on is not None and on >= deposit.matures_on else None
    contract = deposit.contract(results if _shares(deposit) else ())
    return rules_term.single(contract, deposit.term, closed_on=over)


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
