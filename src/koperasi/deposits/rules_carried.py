"""Contracts from before the book: what an old list says of one, and how it goes on here. Pure; amounts in sen.

What was agreed stays: principal, days, percent or nisbah, when it is paid. What a list seldom says (the day count, and
what closing early leaves) is taken from the terms that are offered for so many months when the contract comes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from koperasi.deposits import rules
from koperasi.deposits.model import TERMS_OFFERED, Early, Earns, Part, RollOver, Terms
from koperasi.errors import Refusal
from koperasi.formats import format_date_short
from koperasi.i18n import N_
from koperasi.returns.service import rules_days

LONGEST_ROLL_OVERS = 60
"""So many terms back the first day is looked for by which maturities are counted."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A running contract as an old list has it. Either ``months`` or ``matures_on`` may be missing.

    Attributes:
        holder: the number of a member or of another cooperative.
        prior_number: on its old paper.
        principal_minor: above zero, in sen.
        opened_on: the first day of this term.
        percent: a year, or the holder's nisbah.
        pay_months: paid every so many months, 0 at maturity; None: as is offered now.
        roll_over: what becomes of it.
        payout_account: where its returns go.
        paid_until: the day up to which returns were paid: a day on which one fell due, or the day before.
        paid_minor: how much was paid in this term, gross; None: as the contract says.
    """

    holder: str
    prior_number: str
    principal_minor: int
    opened_on: date
    months: int | None
    matures_on: date | None
    percent: Fraction
    pay_months: int | None
    roll_over: RollOver
    payout_account: str
    paid_until: date | None
    paid_minor: int | None


@dataclass(frozen=True, slots=True)
class Running:
    """The same as it goes on here: by which terms, counted from which day, paid up to when and how much.

    ``unpaid``: returns that had fallen due and were not paid; they are posted next.
    """

    carried: Carried
    terms: Terms
    seed_on: date
    term: int
    matures_on: date
    paid_until: date | None
    paid_before_minor: int
    unpaid: int


def go_on(carried: Carried, offered: Sequence[Terms], on: date, *, is_sharia: bool) -> Running:
    """How a contract goes on in the book from a day on.

    Args:
        carried: as the old list has it.
        offered: all terms that were ever offered here.
        on: the day on which it comes into the book.
        is_sharia: whether the cooperative works by nisbah.

    Raises:
        Refusal: ``term-months``, ``maturity-differs``, ``deposit-not-begun``, ``deposit-matured``, ``percent-range``,
            ``term-not-offered``, ``pay-months``, ``roll-over-needs-maturity``, ``paid-until`` or ``paid-amount``;
            ``field`` names the attribute.
    """
    months, seed_on, term, matures_on = _days(carried)
    if carried.opened_on > on:
        raise Refusal("deposit-not-begun", N_("Mulainya sesudah tanggal saldo awal."), field="opened_on")
    if matures_on <= on:
        raise Refusal(
            "deposit-matured",
            N_("Sudah jatuh tempo %(day)s: tulis masa perpanjangannya, atau masukkan sebagai simpanan biasa."),
            field="matures_on",
            day=format_date_short(matures_on),
        )
    terms = _terms(carried, offered, months, on, is_sharia=is_sharia)
    would = replace(
        rules.proposed(terms, carried.principal_minor, carried.opened_on, carried.roll_over),
        seed_on=seed_on,
        term=term,
        matures_on=matures_on,
    )
    due = [one for one in rules.parts(would) if one.due_on <= on]
    paid = _paid(carried, due, on)
    return Running(
        carried=carried,
        terms=terms,
        seed_on=seed_on,
        term=term,
        matures_on=matures_on,
        paid_until=paid[-1].last if paid else None,
        paid_before_minor=_amount(carried, paid),
        unpaid=len(due) - len(paid),
    )


def _days(carried: Carried) -> tuple[int, date, int, date]:
    """Months, the day by which maturities are counted, which term it is, and its maturity."""
    if carried.months is not None and carried.months not in TERMS_OFFERED:
        raise Refusal("term-months", N_("Jangka waktu 1, 3, 6, atau 12 bulan."), field="months")
    fitting = TERMS_OFFERED if carried.months is None else (carried.months,)
    if carried.matures_on is None:
        if carried.months is None:
            raise Refusal("term-months", N_("Isi jangka waktu atau tanggal jatuh temponya."), field="months")
        return carried.months, carried.opened_on, 1, rules.matures(carried.opened_on, carried.months, 1)
    for months in fitting:
        found = _counted_from(carried.opened_on, carried.matures_on, months)
        if found is not None:
            return months, found[0], found[1], carried.matures_on
    if carried.months is None:
        raise Refusal("term-months", N_("Jangka waktu 1, 3, 6, atau 12 bulan."), field="matures_on")
    raise Refusal(
        "maturity-differs",
        N_("Jatuh temponya menurut jangka waktu %(day)s; di file tertulis lain."),
        field="matures_on",
        day=format_date_short(rules.matures(carried.opened_on, carried.months, 1)),
    )


def _counted_from(opened_on: date, matures_on: date, months: int) -> tuple[date, int] | None:
    """The first day of the first term, and which term this is: 28 February to 31 March goes back to 31 January."""
    if rules.matures(opened_on, months, 1) == matures_on:
        return opened_on, 1
    for before in range(1, LONGEST_ROLL_OVERS + 1):
        first = rules_days.add_months(matures_on, -months * (before + 1))
        if first.day != matures_on.day:
            continue
        if (rules.matures(first, months, before), rules.matures(first, months, before + 1)) == (opened_on, matures_on):
            return first, before + 1
    return None


def _terms(carried: Carried, offered: Sequence[Terms], months: int, on: date, *, is_sharia: bool) -> Terms:
    of_length = [one for one in offered if one.months == months]
    held = rules.in_force(of_length, months, on) or min(of_length, key=lambda one: one.valid_from, default=None)
    if held is None:
        raise Refusal(
            "term-not-offered", N_("Jangka waktu ini belum ditawarkan; tetapkan dulu ketentuannya."), field="months"
        )
    if not 0 <= carried.percent <= 100:
        raise Refusal("percent-range", N_("Persen ditulis sebagai angka dari 0 sampai 100."), field="percent")
    pay_months = held.pay_months if carried.pay_months is None else carried.pay_months
    if months % (pay_months or 1):
        raise Refusal("pay-months", N_("Masa pembayaran imbalan harus membagi habis jangka waktu."), field="pay_months")
    if carried.pay_months is None and carried.roll_over is RollOver.ALL:
        pay_months = 0  # the return can go on with the principal only if it is not paid before
    rules.check_roll_over(pay_months, carried.roll_over)
    lower = min(held.early_percent, carried.percent) if held.early is Early.REDUCED else held.early_percent
    return replace(
        held,
        earns=Earns.NISBAH if is_sharia else Earns.RATE,
        percent=carried.percent,
        pay_months=pay_months,
        early_percent=lower,
    )


def _paid(carried: Carried, due: Sequence[Part], on: date) -> list[Part]:
    """The returns that were paid before, in order."""
    until = carried.paid_until
    if until is None or until == carried.opened_on:
        return []
    paid = [one for one in due if one.last <= until]
    if paid and until in (paid[-1].last, paid[-1].due_on):
        return paid
    if not due:
        raise Refusal(
            "paid-until",
            N_("Sampai %(on)s belum ada imbalan yang jatuh tempo; kosongkan."),
            field="paid_until",
            on=format_date_short(on),
        )
    raise Refusal(
        "paid-until",
        N_("Tulis hari jatuh tempo imbalan yang terakhir dibayar: %(days)s."),
        field="paid_until",
        days=", ".join(format_date_short(one.due_on) for one in due[-6:]),
    )


def _amount(carried: Carried, paid: Sequence[Part]) -> int:
    if not paid:
        if carried.paid_minor:
            raise Refusal("paid-until", N_("Tulis juga sampai tanggal berapa sudah dibayar."), field="paid_until")
        return 0
    if carried.paid_minor is not None:
        return carried.paid_minor
    amounts = [one.gross_minor for one in paid]
    if None in amounts:
        raise Refusal("paid-amount", N_("Tulis jumlah bagi hasil yang sudah dibayar."), field="paid_minor")
    return sum(amount or 0 for amount in amounts)
