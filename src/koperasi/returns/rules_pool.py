"""Sharing a result among savers: the mudharabah pool, and the wadiah bonus. Pure; amounts in sen.

Mudharabah: fatwa DSN-MUI 02/2000 and 03/2000 (savings and deposits), 115/2017 (the contract). What is shared is cash
income (14/2000), gross (revenue sharing) or net (15/2000). Wadiah: 02/2000; a bonus is a gift, never agreed before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.returns.rounding import apportion, to_unit
from koperasi.returns.working import SEN, Step, number, rupiah, step


class Nisbah(NamedTuple):
    """The saver's part of a result from a day on, in percent, until the next contract."""

    since: date
    percent: Fraction


class Saver(NamedTuple):
    """An account in the pool: its average daily balance of the month in sen, and the nisbah that holds for it.

    The average counts all days of the month; those before the account was opened or after it was closed are zero.
    """

    number: str
    average: Fraction
    percent: Fraction


@dataclass(frozen=True)
class Pool:
    """A month of the pool, shared. Amounts in sen.

    Attributes:
        savers: as they came in.
        funds: the average funds of the whole pool.
        financing: the average financing, or ``None`` where the income was shared out elsewhere.
        income_minor: cash income of the month, or ``None`` where HI-1000 was given.
        distributable: what is shared between savers and cooperative, exactly.
        hi_1000: what a thousand rupiah of funds brought, in rupiah, unrounded.
        amounts_minor: by the account's number, each rounded once.
        unit_minor: to what.
    """

    savers: tuple[Saver, ...]
    funds: Fraction
    financing: Fraction | None
    income_minor: int | None
    distributable: Fraction
    hi_1000: Fraction
    amounts_minor: Mapping[str, int]
    unit_minor: int

    @property
    def exact(self) -> Fraction:
        """The savers' part before rounding."""
        return sum((exact_share(one, self.hi_1000) for one in self.savers), Fraction(0))

    @property
    def to_savers_minor(self) -> int:
        """The savers' part as it is paid."""
        return sum(self.amounts_minor.values())

    @property
    def remainder(self) -> Fraction:
        """What rounding gave to the savers more than their exact part, or less; the cooperative bears it."""
        return self.to_savers_minor - self.exact

    @property
    def distributed_minor(self) -> int:
        """The distributable income as a whole unit: savers' and cooperative's part make it up exactly."""
        return to_unit(self.distributable, self.unit_minor)

    @property
    def to_cooperative_minor(self) -> int:
        """The cooperative's part: its nisbah, the return of funds that are not listed, and the remainder."""
        return self.distributed_minor - self.to_savers_minor

    def working(self) -> tuple[Step, ...]:
        """From the income to HI-1000 to the total."""
        return tuple(_working(self))

    def working_of(self, one: Saver) -> tuple[Step, ...]:
        """How one account's share came about."""
        exact = exact_share(one, self.hi_1000)
        return (
            step(
                N_("%(average)s / 1.000 x HI-1000 %(hi)s x nisbah %(percent)s %% = %(exact)s."),
                average=rupiah(one.average),
                hi=number(self.hi_1000, 8),
                percent=number(one.percent),
                exact=rupiah(exact),
            ),
            rounded(self.unit_minor, self.amounts_minor[one.number]),
        )


def rounded(unit_minor: int, amount_minor: int) -> Step:
    """To what an amount was rounded, in words."""
    if unit_minor == SEN:
        return step(N_("Dibulatkan ke rupiah terdekat: %(amount)s."), amount=rupiah(amount_minor))
    return step(
        N_("Dibulatkan ke kelipatan %(unit)s yang terdekat: %(amount)s."),
        unit=rupiah(unit_minor),
        amount=rupiah(amount_minor),
    )


def bonus_step(bonus_minor: int, minimum_minor: int) -> Step:
    """How a bonus is shared, in words."""
    if not minimum_minor:
        return step(N_("Bonus %(bonus)s dibagi menurut saldo rata-rata."), bonus=rupiah(bonus_minor))
    return step(
        N_("Bonus %(bonus)s dibagi menurut saldo rata-rata; saldo di bawah %(minimum)s tidak ikut."),
        bonus=rupiah(bonus_minor),
        minimum=rupiah(minimum_minor),
    )


def nisbah_at(terms: Sequence[Nisbah], day: date) -> Fraction:
    """The nisbah that holds on a day: only a new contract changes it.

    Raises:
        Refusal: ``nisbah-missing``, none was agreed by then.
    """
    held = [one for one in terms if one.since <= day]
    if not held:
        raise Refusal("nisbah-missing", N_("Belum ada nisbah yang berlaku pada tanggal itu."), field="nisbah")
    return max(held).percent


def distributable_income(income_minor: int, funds: Fraction, financing: Fraction) -> Fraction:
    """Cash income x min(funds, financing) / financing: only what savers' money earned is shared with savers.

    Without financing no part of the income came from savers' money, so nothing is shared.
    """
    return income_minor * min(funds, financing) / financing if financing else Fraction(0)


def exact_share(one: Saver, hi_1000: Fraction) -> Fraction:
    """Average / 1,000 x HI-1000 x nisbah, in sen, exactly."""
    return one.average * hi_1000 * one.percent / 100_000


def share_pool(
    savers: Sequence[Saver],
    *,
    income_minor: int,
    financing: Fraction,
    funds: Fraction | None = None,
    unit_minor: int = 100,
) -> Pool:
    """Share a month's cash income among the savers of a pool.

    HI-1000 stays unrounded. Each account is rounded once and by itself, half up, so that a saver can check it with the
    figures of their own account; what that moves is the remainder, which the cooperative bears. A pool of nothing
    shares nothing.

    Args:
        savers: the accounts.
        income_minor: cash income of the month, in sen.
        financing: average financing, in sen.
        funds: average funds of the whole pool, if more than these accounts.
        unit_minor: what shares are rounded to, in sen.

    Raises:
        Refusal: ``income-negative``, ``funds-below-accounts``, ``nisbah-percent``, ``balance-negative`` or
            ``account-twice``.
    """
    if income_minor < 0 or financing < 0:
        raise Refusal("income-negative", N_("Pendapatan dan pembiayaan tidak boleh di bawah nol."), field="income")
    listed = _checked(savers)
    whole = listed if funds is None else funds
    if whole < listed:
        raise Refusal(
            "funds-below-accounts",
            N_("Dana seluruh kelompok %(funds)s kurang dari dana rekening yang disebut %(listed)s."),
            field="funds",
            funds=rupiah(whole),
            listed=rupiah(listed),
        )
    distributable = distributable_income(income_minor, whole, financing)
    hi_1000 = 1000 * distributable / whole if whole else Fraction(0)
    return Pool(
        tuple(savers),
        whole,
        financing,
        income_minor,
        distributable,
        hi_1000,
        _rounded(savers, hi_1000, unit_minor),
        unit_minor,
    )


def share_at(savers: Sequence[Saver], hi_1000: Fraction, *, unit_minor: int = 100) -> Pool:
    """The same where HI-1000 is known already; what is distributable is then these accounts' own part of the result.

    Raises:
        Refusal: ``income-negative``, ``nisbah-percent``, ``balance-negative`` or ``account-twice``.
    """
    if hi_1000 < 0:
        raise Refusal("income-negative", N_("Pendapatan dan pembiayaan tidak boleh di bawah nol."), field="hi_1000")
    listed = _checked(savers)
    amounts = _rounded(savers, hi_1000, unit_minor)
    return Pool(tuple(savers), listed, None, None, listed * hi_1000 / 1000, hi_1000, amounts, unit_minor)


@dataclass(frozen=True)
class Bonus:
    """A wadiah bonus, shared; all of it, unless nobody qualifies."""

    bonus_minor: int
    minimum_minor: int
    balances: Mapping[str, Fraction]
    amounts_minor: Mapping[str, int]

    @property
    def total_minor(self) -> int:
        """What was given."""
        return sum(self.amounts_minor.values())

    @cached_property
    def all_balances(self) -> Fraction:
        """The balances that took part, added up, in sen."""
        return sum(self.balances.values(), Fraction(0))

    def working(self) -> tuple[Step, ...]:
        """How the bonus was shared."""
        return (
            bonus_step(self.bonus_minor, self.minimum_minor),
            step(
                N_("%(count)s rekening ikut, jumlah saldonya %(total)s."),
                count=sum(1 for one in self.balances.values() if one),
                total=rupiah(self.all_balances),
            ),
            step(
                N_("Dibulatkan sekali per rekening, sisa terbesar lebih dulu; terbagi %(amount)s, sisa %(left)s."),
                amount=rupiah(self.total_minor),
                left=rupiah(self.bonus_minor - self.total_minor),
            ),
        )

    def exact_of(self, number: str) -> Fraction:
        """One account's part before rounding, in sen."""
        total = self.all_balances
        return self.bonus_minor * self.balances[number] / total if total else Fraction(0)

    def working_of(self, number: str) -> tuple[Step, ...]:
        """How one account's part came about; nothing if it takes no part."""
        if not self.balances[number]:
            return ()
        return (
            step(
                N_("%(bonus)s x %(balance)s / %(total)s = %(exact)s, dibulatkan %(amount)s."),
                bonus=rupiah(self.bonus_minor),
                balance=rupiah(self.balances[number]),
                total=rupiah(self.all_balances),
                exact=rupiah(self.exact_of(number)),
                amount=rupiah(self.amounts_minor[number]),
            ),
        )


def share_bonus(
    averages: Mapping[str, Fraction], bonus_minor: int, *, minimum_minor: int = 0, unit_minor: int = 100
) -> Bonus:
    """Share a bonus in proportion to average balances, so that it is given away to the last sen.

    Balances below the minimum take no part. Largest remainder, ties to the earlier account; where the bonus is no whole
    number of units it is shared in sen. Without a balance nothing is given.

    Raises:
        Refusal: ``bonus-negative`` or ``balance-negative``.
    """
    if bonus_minor < 0:
        raise Refusal("bonus-negative", N_("Bonus tidak boleh di bawah nol."), field="bonus")
    if any(one < 0 for one in averages.values()):
        raise Refusal("balance-negative", N_("Saldo rata-rata tidak boleh di bawah nol."), field="accounts")
    counted = {name: one if one >= minimum_minor else Fraction(0) for name, one in averages.items()}
    total = sum(counted.values(), Fraction(0))
    if not total:
        return Bonus(bonus_minor, minimum_minor, counted, dict.fromkeys(averages, 0))
    exact = [bonus_minor * one / total for one in counted.values()]
    parts = apportion(exact, 1 if bonus_minor % unit_minor else unit_minor, bonus_minor)
    return Bonus(bonus_minor, minimum_minor, counted, dict(zip(counted, parts, strict=True)))


def _checked(savers: Sequence[Saver]) -> Fraction:
    """The savers' funds together."""
    if len({one.number for one in savers}) != len(savers):
        raise Refusal("account-twice", N_("Satu rekening tertulis dua kali."), field="accounts")
    for one in savers:
        if not 0 <= one.percent <= 100:
            raise Refusal("nisbah-percent", N_("Nisbah harus antara 0 dan 100 persen."), field="accounts")
        if one.average < 0:
            raise Refusal("balance-negative", N_("Saldo rata-rata tidak boleh di bawah nol."), field="accounts")
    return sum((one.average for one in savers), Fraction(0))


def _rounded(savers: Sequence[Saver], hi_1000: Fraction, unit_minor: int) -> dict[str, int]:
    return {one.number: to_unit(exact_share(one, hi_1000), unit_minor) for one in savers}


def _working(pool: Pool) -> Iterator[Step]:
    if pool.income_minor is not None and pool.financing is not None:
        yield step(
            N_(
                "Pendapatan kas %(income)s x dana ikut pembiayaan %(share)s / pembiayaan %(financing)s = "
                "pendapatan dibagikan %(distributable)s."
            ),
            income=rupiah(pool.income_minor),
            share=rupiah(min(pool.funds, pool.financing)),
            financing=rupiah(pool.financing),
            distributable=rupiah(pool.distributable),
        )
        if not pool.financing:
            yield step(N_("Tidak ada pembiayaan, jadi tidak ada pendapatan yang dibagikan."))
        if pool.funds:
            yield step(
                N_("Hasil tiap Rp1.000 (HI-1000) = %(distributable)s / dana rata-rata %(funds)s x 1.000 = %(hi)s."),
                distributable=rupiah(pool.distributable),
                funds=rupiah(pool.funds),
                hi=number(pool.hi_1000, 8),
            )
        else:
            yield step(N_("Tidak ada dana, jadi HI-1000 = 0."))
    else:
        yield step(N_("HI-1000 diketahui: %(hi)s."), hi=number(pool.hi_1000, 8))
    yield step(
        N_("Bagian penyimpan tepatnya %(exact)s; setelah dibulatkan %(amount)s; selisih %(remainder)s."),
        exact=rupiah(pool.exact),
        amount=rupiah(pool.to_savers_minor),
        remainder=rupiah(pool.remainder),
    )
    yield step(
        N_("Penyimpan %(savers)s + koperasi %(cooperative)s = dibagikan %(total)s."),
        savers=rupiah(pool.to_savers_minor),
        cooperative=rupiah(pool.to_cooperative_minor),
        total=rupiah(pool.distributed_minor),
    )
