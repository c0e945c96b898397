"""The account of a member who leaves or has died. Pure; amounts in sen.

UU 25/1992 art. 41 counts simpanan pokok and wajib as own capital: they come back only now. What is owed by the member
is set off; a surplus right counts once the members' meeting has decided it. While the result is below zero nothing is
paid. Nothing here is rounded but the heirs' parts (largest remainder).
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
from koperasi.returns.rounding import apportion
from koperasi.returns.rules_days import add_months
from koperasi.returns.rules_shu import check_percents
from koperasi.returns.working import Step, number, rupiah, step


class Reason(StrEnum):
    """Why the membership ends."""

    LEFT = "left"
    DECEASED = "deceased"
    DISMISSED = "dismissed"


class Kind(StrEnum):
    """What a line of the statement is."""

    POKOK = "pokok"
    WAJIB = "wajib"
    SAVINGS = "savings"
    TERM_DEPOSIT = "term_deposit"
    RETURN = "return"
    SHU = "shu"
    LOAN = "loan"
    LOAN_SERVICE = "loan_service"
    CHARGE = "charge"
    POLICY = "policy"
    """What the cooperative's own rules add or keep: a payment out of the reserve, a part borne of a loss."""

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _LABELS[self]


_LABELS = {
    Kind.POKOK: N_("Simpanan pokok"),
    Kind.WAJIB: N_("Simpanan wajib"),
    Kind.SAVINGS: N_("Simpanan"),
    Kind.TERM_DEPOSIT: N_("Simpanan berjangka"),
    Kind.RETURN: N_("Imbalan simpanan sampai hari ini"),
    Kind.SHU: N_("Hak atas SHU"),
    Kind.LOAN: N_("Pokok pinjaman"),
    Kind.LOAN_SERVICE: N_("Jasa pinjaman yang jatuh tempo"),
    Kind.CHARGE: N_("Biaya dan denda"),
    Kind.POLICY: N_("Menurut aturan koperasi"),
}
OWN_CAPITAL = frozenset({Kind.POKOK, Kind.WAJIB})
OWED_BY_MEMBER = frozenset({Kind.LOAN, Kind.LOAN_SERVICE, Kind.CHARGE})


class Item(NamedTuple):
    """What the member has or owes, as a positive amount in sen; a line of policy may be negative (kept)."""

    kind: Kind
    name: str
    amount_minor: int


class Heir(NamedTuple):
    """Somebody who inherits, and which part of a hundred."""

    name: str
    percent: Fraction


class ExitPolicy(NamedTuple):
    """The cooperative's rules. ``pay_months``: how long after the decision it pays at the latest."""

    pay_months: int = 1
    shu_decided: bool = True
    """Whether the members' meeting has decided the surplus; until then the right is shown and not counted."""


class Line(NamedTuple):
    """A line of the statement: ``effect_minor`` is what it adds to the result, or takes from it."""

    kind: Kind
    name: str
    amount_minor: int
    effect_minor: int


@dataclass(frozen=True)
class Settlement:
    """The statement: its lines, their sum, and what follows from it."""

    reason: Reason
    decided_on: date
    policy: ExitPolicy
    lines: tuple[Line, ...]
    heirs: tuple[Heir, ...]
    heirs_minor: tuple[int, ...]

    @property
    def to_member_minor(self) -> int:
        """All that comes back."""
        return sum(one.effect_minor for one in self.lines if one.effect_minor > 0)

    @property
    def from_member_minor(self) -> int:
        """All that is set off, as a positive amount."""
        return -sum(one.effect_minor for one in self.lines if one.effect_minor < 0)

    @property
    def net_minor(self) -> int:
        """What is paid, or, below zero, what the member still owes."""
        return self.to_member_minor - self.from_member_minor

    @property
    def is_blocked(self) -> bool:
        """Nothing is paid and the membership can't end while the member owes more than they have."""
        return self.net_minor < 0

    @property
    def pay_by(self) -> date | None:
        """The last day to pay, if there is anything to pay."""
        return add_months(self.decided_on, self.policy.pay_months) if self.net_minor > 0 else None

    def working(self) -> tuple[Step, ...]:
        """How the result came about."""
        return tuple(_working(self))


def settle(
    items: Sequence[Item],
    *,
    reason: Reason,
    decided_on: date,
    policy: ExitPolicy | None = None,
    heirs: Sequence[Heir] = (),
) -> Settlement:
    """The statement: own capital + savings + SHU right - loans - charges ± policy.

    Raises:
        Refusal: ``item-negative``; ``heirs-without-death``; or ``shares-not-100``, the heirs' parts.
    """
    policy = policy or ExitPolicy()
    if any(one.amount_minor < 0 and one.kind is not Kind.POLICY for one in items):
        raise Refusal("item-negative", N_("Tulis jumlah tanpa tanda kurang; jenisnya menentukan arahnya."))
    if heirs and reason is not Reason.DECEASED:
        raise Refusal("heirs-without-death", N_("Ahli waris hanya untuk anggota yang meninggal."), field="heirs")
    if heirs:
        check_percents([one.percent for one in heirs])
    lines = tuple(Line(*one, _effect(one, policy)) for one in items)
    net = sum(one.effect_minor for one in lines)
    return Settlement(reason, decided_on, policy, lines, tuple(heirs), _to_heirs(heirs, net))


def _effect(one: Item, policy: ExitPolicy) -> int:
    if one.kind in OWED_BY_MEMBER:
        return -one.amount_minor
    if one.kind is Kind.SHU and not policy.shu_decided:
        return 0
    return one.amount_minor


def _to_heirs(heirs: Sequence[Heir], net_minor: int) -> tuple[int, ...]:
    if not heirs or net_minor <= 0:
        return (0,) * len(heirs)
    unit = 1 if net_minor % 100 else 100
    return tuple(apportion([net_minor * one.percent / 100 for one in heirs], unit, net_minor))


def _working(done: Settlement) -> Iterator[Step]:
    for one in done.lines:
        if one.kind is Kind.SHU and not done.policy.shu_decided:
            yield step(
                N_("Hak atas SHU %(amount)s belum dihitung: menunggu keputusan rapat anggota."),
                amount=rupiah(one.amount_minor),
            )
        else:
            yield step(
                N_("%(sign)s %(kind)s %(name)s: %(amount)s.") if one.name else N_("%(sign)s %(kind)s: %(amount)s."),
                sign="-" if one.effect_minor < 0 else "+",
                kind=step(one.kind.label),
                name=one.name,
                amount=rupiah(abs(one.effect_minor)),
            )
    yield step(
        N_("Dikembalikan %(given)s - diperhitungkan %(taken)s = %(net)s."),
        given=rupiah(done.to_member_minor),
        taken=rupiah(done.from_member_minor),
        net=rupiah(done.net_minor),
    )
    if done.is_blocked:
        yield step(
            N_("Kewajiban melebihi hak: kekurangan %(amount)s diselesaikan dulu, baru keanggotaan diakhiri."),
            amount=rupiah(-done.net_minor),
        )
    for heir, part in zip(done.heirs, done.heirs_minor, strict=True):
        yield step(
            N_("Ahli waris %(name)s: %(percent)s %% = %(amount)s."),
            name=heir.name,
            percent=number(heir.percent),
            amount=rupiah(part),
        )
    if done.pay_by:
        yield step(N_("Dibayar paling lambat %(day)s."), day=done.pay_by)
