"""A surplus (SHU) shared: among its purposes, and among members. Pure; amounts in sen.

UU 25/1992 art. 45: after the reserve, members share in proportion to what they did with the cooperative, and what the
members' meeting decides goes to education and other purposes; art. 5: the reward for capital is limited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.returns.rounding import apportion, to_unit
from koperasi.returns.working import Step, number, rupiah, step


class Basis(NamedTuple):
    """What a member put in and did in the year: average simpanan pokok and wajib, and business done, in sen."""

    number: str
    capital_minor: int
    business_minor: int


class Right(NamedTuple):
    """A member's part of the surplus, in sen: for capital, and for business."""

    capital_minor: int
    business_minor: int

    @property
    def total_minor(self) -> int:
        """Both together."""
        return self.capital_minor + self.business_minor


def allocate(surplus_minor: int, percents: Mapping[str, Fraction], unit_minor: int = 100) -> dict[str, int]:
    """The surplus among its purposes, so that they add up to it: largest remainder, ties to the earlier purpose.

    Raises:
        Refusal: ``shares-not-100``: lists that add up to 105 are copied about; or ``surplus-negative``.
    """
    if surplus_minor < 0:
        raise Refusal("surplus-negative", N_("Rugi tidak dibagi sebagai SHU."), field="surplus")
    check_percents(list(percents.values()))
    exact = [surplus_minor * percent / 100 for percent in percents.values()]
    unit = 1 if surplus_minor % unit_minor else unit_minor
    return dict(zip(percents, apportion(exact, unit, surplus_minor), strict=True))


def share_members(
    capital_pool_minor: int, business_pool_minor: int, members: Sequence[Basis], unit_minor: int = 100
) -> dict[str, Right]:
    """Both pools among the members, each to its last rupiah: largest remainder, ties to the earlier member.

    A pool whose basis is zero for everybody can't be shared; it stays whole and nobody gets of it.
    """
    capital = _shared(capital_pool_minor, [one.capital_minor for one in members], unit_minor)
    business = _shared(business_pool_minor, [one.business_minor for one in members], unit_minor)
    return {one.number: Right(*parts) for one, *parts in zip(members, capital, business, strict=True)}


def right_of(
    surplus_minor: int,
    capital_percent: Fraction,
    business_percent: Fraction,
    *,
    own: Basis,
    all_members: Basis,
    unit_minor: int = 100,
) -> Right:
    """One member's right where only the totals are known: pool x own / all, each rounded half up to the unit.

    Raises:
        Refusal: ``share-above-all``, the member has more than everybody together.
    """
    if own.capital_minor > all_members.capital_minor or own.business_minor > all_members.business_minor:
        raise Refusal("share-above-all", N_("Bagian anggota melebihi jumlah seluruh anggota."), field="shu_right")
    parts = [
        to_unit(surplus_minor * percent / 100 * Fraction(mine, whole), unit_minor) if whole else 0
        for percent, mine, whole in (
            (capital_percent, own.capital_minor, all_members.capital_minor),
            (business_percent, own.business_minor, all_members.business_minor),
        )
    ]
    return Right(*parts)


def working_of(
    surplus_minor: int,
    capital_percent: Fraction,
    business_percent: Fraction,
    *,
    own: Basis,
    all_members: Basis,
    right: Right,
) -> tuple[Step, ...]:
    """How ``right_of`` came about."""
    rows = (
        (N_("Jasa modal"), capital_percent, own.capital_minor, all_members.capital_minor, right.capital_minor),
        (N_("Jasa usaha"), business_percent, own.business_minor, all_members.business_minor, right.business_minor),
    )
    return tuple(
        step(
            N_("%(what)s: SHU %(surplus)s x %(percent)s %% x %(own)s / %(all)s = %(amount)s."),
            what=step(what),
            surplus=rupiah(surplus_minor),
            percent=number(percent),
            own=rupiah(mine),
            all=rupiah(whole),
            amount=rupiah(amount),
        )
        for what, percent, mine, whole, amount in rows
    )


def check_percents(percents: Sequence[Fraction]) -> None:
    """Refuse shares that are not a hundred percent exactly.

    Raises:
        Refusal: ``shares-not-100``.
    """
    total = sum(percents, Fraction(0))
    if total != 100 or any(one < 0 for one in percents):
        raise Refusal("shares-not-100", N_("Bagian berjumlah %(total)s persen, seharusnya 100."), total=number(total))


def _shared(pool_minor: int, weights: Sequence[int], unit_minor: int) -> list[int]:
    whole = sum(weights)
    if not whole:
        return [0 for _ in weights]
    unit = 1 if pool_minor % unit_minor else unit_minor
    return apportion([Fraction(pool_minor * one, whole) for one in weights], unit, pool_minor)
