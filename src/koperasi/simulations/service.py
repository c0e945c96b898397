"""Simulations: the rules that post, called with figures that somebody wrote down. Nothing is read or written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.returns.service import (
    Step,
    rules_days,
    rules_exit,
    rules_interest,
    rules_pool,
    rules_shu,
    rules_term,
)
from koperasi.simulations.answers import (
    AccrualOut,
    BalanceOut,
    ExitSettlementOut,
    HeirShareOut,
    PeriodReturnOut,
    PoolAccountOut,
    ProfitPoolOut,
    SavingsReturnOut,
    SettlementLineOut,
    TermDepositOut,
    TermOut,
)
from koperasi.simulations.model import (
    BalanceOf,
    Compounding,
    DatedAmountIn,
    ExitSettlementIn,
    PoolAccountIn,
    ProfitPoolIn,
    SavingsReturnIn,
    ShuIn,
    TermDepositIn,
    decimals,
    exact_rupiah,
    exactly,
    sen,
    written,
)
from koperasi.simulations.service_tax import savings_tax

__all__ = ["exit_settlement", "profit_pool", "savings_return", "savings_tax", "term_deposit"]

LONGEST = timedelta(days=3 * 366)
"""Days that one question about a return may cover."""


def savings_return(asked: SavingsReturnIn, locale: str) -> SavingsReturnOut:
    """The return of an account, period by period.

    Raises:
        Refusal: ``period-order``, ``period-too-long``, ``rate-missing``, ``rates-order``, ``compounding-method`` or
            ``compounding-twice``.
    """
    if asked.last - asked.first > LONGEST:
        raise Refusal("period-too-long", N_("Masa hitung paling lama tiga tahun."), field="last")
    rates, compounding = _rates(asked), _compounding(asked)
    terms = rules_interest.Terms(
        asked.method,
        rates,
        asked.basis,
        minimum_minor=sen(asked.minimum),
        compound_daily=compounding is Compounding.DAILY,
        compound_months=_MONTHS.get(compounding, 0),
        compound_from=asked.year_starts,
        whole_period=asked.balance_of is BalanceOf.PERIOD,
        unit_minor=sen(asked.unit),
        rounding=asked.rounding,
    )
    account = rules_interest.Account(sen(asked.opening), _moves(asked.movements), asked.opened_on, asked.closed_on)
    by = rules_interest.Calendar(asked.year_starts, asked.from_first)
    found = rules_interest.postings(account, terms, asked.first, asked.last, asked.posting, by)
    total = sum(one.amount_minor for one in found)
    return SavingsReturnOut(
        returns=[
            PeriodReturnOut(
                first=one.first,
                last=one.last,
                balances=[
                    BalanceOut(first=row.first, last=row.last, days=row.days, balance=written(row.balance_minor))
                    for row in one.balances
                ],
                exact=exact_rupiah(one.exact),
                amount=written(one.amount_minor),
                working=_said(one.working(), locale),
            )
            for one in found
        ],
        total=written(total),
        above_ceiling=rules_interest.above_ceiling(rates, exactly(asked.ceiling_percent)),
        correction=None if asked.posted is None else written(total - sen(asked.posted)),
    )


_MONTHS = {
    Compounding.MONTHLY: 1,
    Compounding.QUARTERLY: 3,
    Compounding.HALF_YEARLY: 6,
    Compounding.YEARLY: 12,
}


def _compounding(asked: SavingsReturnIn) -> Compounding:
    if not asked.compound_daily:
        return asked.compounding
    if asked.compounding not in {Compounding.NONE, Compounding.DAILY}:
        raise Refusal(
            "compounding-twice", N_("Pelipatan harian atau pelipatan lain, tidak keduanya."), field="compounding"
        )
    return Compounding.DAILY


def profit_pool(asked: ProfitPoolIn, locale: str) -> ProfitPoolOut:
    """A month's result shared among savers.

    Raises:
        Refusal: ``pool-what`` (not exactly one of income, HI-1000 and bonus), or any of ``returns.rules_pool``.
    """
    given = [name for name in ("income", "hi_1000", "bonus") if getattr(asked, name) is not None]
    if len(given) != 1 or (asked.income is None) != (asked.financing is None):
        raise Refusal("pool-what", N_("Isi salah satu: pendapatan dan pembiayaan, atau HI-1000, atau bonus."))
    first = date.fromisoformat(f"{asked.month}-01")
    last = rules_days.month_end(first)
    if asked.bonus is not None:
        return _bonus(asked, {one.number: _average(one, first, last) for one in asked.accounts}, locale)
    savers = [
        rules_pool.Saver(one.number, _average(one, first, last), _nisbah(one, last, asked.nisbah_percent))
        for one in asked.accounts
    ]
    if asked.hi_1000 is not None:
        pool = rules_pool.share_at(savers, exactly(asked.hi_1000), unit_minor=sen(asked.unit))
    else:
        pool = rules_pool.share_pool(
            savers,
            income_minor=sen(asked.income or "0"),
            financing=100 * exactly(asked.financing or "0"),
            funds=None if asked.funds is None else 100 * exactly(asked.funds),
            unit_minor=sen(asked.unit),
        )
    return ProfitPoolOut(
        funds=exact_rupiah(pool.funds),
        distributable=exact_rupiah(pool.distributable),
        distributed=written(pool.distributed_minor),
        hi_1000=decimals(pool.hi_1000, 10),
        accounts=[
            PoolAccountOut(
                number=one.number,
                average=exact_rupiah(one.average),
                nisbah_percent=decimals(one.percent, 6),
                exact=exact_rupiah(rules_pool.exact_share(one, pool.hi_1000)),
                amount=written(pool.amounts_minor[one.number]),
                working=_said(pool.working_of(one), locale),
            )
            for one in pool.savers
        ],
        to_savers=written(pool.to_savers_minor),
        to_cooperative=written(pool.to_cooperative_minor),
        remainder=exact_rupiah(pool.remainder),
        working=_said(pool.working(), locale),
    )


def term_deposit(asked: TermDepositIn, locale: str) -> TermDepositOut:
    """A term deposit with its roll-overs or its early closing.

    Raises:
        Refusal: ``rate-or-nisbah``, or any of ``returns.rules_term``.
    """
    results = [rules_term.Result(one.since, exactly(one.hi_1000)) for one in asked.results]
    both = bool(results) and asked.hi_1000 is not None
    if asked.hi_1000 is not None:
        results.append(rules_term.Result(asked.opened_on, exactly(asked.hi_1000)))
    shares = asked.nisbah_percent is not None
    if both or (asked.percent is None) != shares or bool(results) != shares:
        raise Refusal("rate-or-nisbah", N_("Isi persen setahun, atau nisbah bersama HI-1000."), field="percent")
    contract = rules_term.TermContract(
        sen(asked.principal),
        asked.opened_on,
        asked.months,
        exactly(asked.percent or asked.nisbah_percent or "0"),
        results=results,
        basis=asked.basis,
        roll_over=asked.roll_over,
        capitalise_months=asked.capitalise_months,
        pay_months=asked.pay_months,
        early=asked.early,
        early_percent=exactly(asked.early_percent),
        penalty_minor=sen(asked.penalty),
        unit_minor=sen(asked.unit),
        rounding=asked.rounding,
    )
    until = asked.until or asked.closed_on or rules_term.maturity(contract)
    done = rules_term.follow(contract, until, closed_on=asked.closed_on)
    return TermDepositOut(
        maturity=rules_term.maturity(contract),
        terms=[_term(one) for one in done.terms],
        is_running=done.is_running,
        closed_on=done.closed_on,
        total=written(done.total_return_minor),
        payout=written(done.payout_minor),
        working=_said(done.working(), locale),
    )


def exit_settlement(asked: ExitSettlementIn, locale: str) -> ExitSettlementOut:
    """The statement of a member who leaves.

    Raises:
        Refusal: any of ``returns.rules_exit`` or ``share-above-all``.
    """
    items = [rules_exit.Item(one.kind, one.name, sen(one.amount)) for one in asked.items]
    working: list[Step] = []
    if asked.shu is not None:
        right, working = _shu(asked.shu)
        items.append(rules_exit.Item(rules_exit.Kind.SHU, "", right.total_minor))
    done = rules_exit.settle(
        items,
        reason=asked.reason,
        decided_on=asked.decided_on,
        policy=rules_exit.ExitPolicy(asked.pay_months, asked.shu_decided),
        heirs=[rules_exit.Heir(one.name, exactly(one.percent)) for one in asked.heirs],
    )
    return ExitSettlementOut(
        lines=[
            SettlementLineOut(
                kind=one.kind, name=one.name, amount=written(one.amount_minor), effect=written(one.effect_minor)
            )
            for one in done.lines
        ],
        to_member=written(done.to_member_minor),
        from_member=written(done.from_member_minor),
        net=written(done.net_minor),
        is_blocked=done.is_blocked,
        pay_by=done.pay_by,
        heirs=[
            HeirShareOut(name=heir.name, amount=written(part))
            for heir, part in zip(done.heirs, done.heirs_minor, strict=True)
        ],
        working=_said([*working, *done.working()], locale),
    )


def _rates(asked: SavingsReturnIn) -> list[rules_interest.Rate]:
    if (asked.percent is None) == (not asked.rates):
        raise Refusal("rate-missing", N_("Isi persen setahun, atau daftar persen menurut tanggal."), field="percent")
    if asked.percent is not None:
        return [rules_interest.Rate(date.min, exactly(asked.percent))]
    rates = [rules_interest.Rate(one.since, exactly(one.percent)) for one in asked.rates]
    if any(one.since >= other.since for one, other in pairwise(rates)):
        raise Refusal("rates-order", N_("Tanggal mulai harus berurutan, yang paling awal lebih dulu."), field="rates")
    return rates


def _moves(movements: Iterable[DatedAmountIn]) -> list[rules_days.Movement]:
    return [rules_days.Movement(one.date, sen(one.amount)) for one in movements]


def _average(one: PoolAccountIn, first: date, last: date) -> Fraction:
    """Over all days of the month, in sen: days on which the account was not open count as zero."""
    if one.average is not None:
        return 100 * exactly(one.average)
    account = rules_interest.Account(sen(one.opening), _moves(one.movements), one.opened_on, one.closed_on)
    return rules_days.average(rules_interest.open_days(account, first, last), (last - first).days + 1)


def _nisbah(one: PoolAccountIn, day: date, for_all: str | None) -> Fraction:
    own = one.nisbah_percent or (for_all if not one.nisbah else None)
    if own is not None:
        return exactly(own)
    return rules_pool.nisbah_at([rules_pool.Nisbah(row.since, exactly(row.percent)) for row in one.nisbah], day)


def _bonus(asked: ProfitPoolIn, averages: dict[str, Fraction], locale: str) -> ProfitPoolOut:
    if len(averages) != len(asked.accounts):
        raise Refusal("account-twice", N_("Satu rekening tertulis dua kali."), field="accounts")
    bonus = sen(asked.bonus or "0")
    done = rules_pool.share_bonus(averages, bonus, minimum_minor=sen(asked.minimum), unit_minor=sen(asked.unit))
    total = sum(done.balances.values(), Fraction(0))
    return ProfitPoolOut(
        funds=exact_rupiah(total),
        distributable=exact_rupiah(Fraction(bonus)),
        distributed=written(bonus),
        hi_1000=None,
        accounts=[
            PoolAccountOut(
                number=name,
                average=exact_rupiah(average),
                nisbah_percent=None,
                exact=exact_rupiah(done.exact_of(name)),
                amount=written(done.amounts_minor[name]),
                working=_said(done.working_of(name), locale),
            )
            for name, average in averages.items()
        ],
        to_savers=written(done.total_minor),
        to_cooperative=written(bonus - done.total_minor),
        remainder=exact_rupiah(Fraction(0)),
        working=_said(done.working(), locale),
    )


def _term(one: rules_term.Term) -> TermOut:
    return TermOut(
        begins=one.begins,
        ends=one.ends,
        principal=written(one.principal_minor),
        total=written(one.return_minor),
        is_early=one.is_early,
        penalty=written(one.penalty_minor),
        taken_back=written(one.taken_back_minor),
        parts=[
            AccrualOut(
                first=part.first,
                last=part.last,
                days=(part.last - part.first).days + 1,
                principal=written(part.principal_minor),
                exact=exact_rupiah(part.exact),
                amount=written(part.amount_minor),
            )
            for part in one.accruals
        ],
    )


def _shu(asked: ShuIn) -> tuple[rules_shu.Right, list[Step]]:
    surplus, capital, business = sen(asked.surplus), exactly(asked.capital_percent), exactly(asked.business_percent)
    own = rules_shu.Basis("", sen(asked.own_capital), sen(asked.own_business))
    everybody = rules_shu.Basis("", sen(asked.all_capital), sen(asked.all_business))
    right = rules_shu.right_of(surplus, capital, business, own=own, all_members=everybody)
    steps = rules_shu.working_of(surplus, capital, business, own=own, all_members=everybody, right=right)
    return right, list(steps)


def _said(steps: Sequence[Step], locale: str) -> list[str]:
    return [one.text(locale) for one in steps]
