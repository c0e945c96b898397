"""Rules of savings: what may be paid in, taken out and moved, and what joining costs. Pure; all amounts in sen.

Simpanan pokok and wajib are members' equity and come back only when membership ends (UU 25/1992 art. 41). Sukarela and
wadiah are owed to the member; wadiah yad dhamanah is repayable on demand (fatwa DSN-MUI 02/2000).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from koperasi.errors import Refusal
from koperasi.formats import format_amount
from koperasi.i18n import N_

SEN_PER_RUPIAH = 100


class SavingsKind(StrEnum):
    """The kinds of savings a member may hold."""

    POKOK = "pokok"
    WAJIB = "wajib"
    SUKARELA = "sukarela"
    WADIAH = "wadiah"

    @property
    def prefix(self) -> str:
        """The first two digits of its account numbers: 1x is the member's equity, 2x is owed to the member."""
        return _PREFIXES[self]

    @property
    def role(self) -> str:
        """The role of its control account in the chart, e.g. ``savings.pokok``."""
        return f"savings.{self.value}"

    @property
    def withdrawable(self) -> bool:
        """Whether it may be taken out while the membership lasts."""
        return self in (SavingsKind.SUKARELA, SavingsKind.WADIAH)

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _LABELS[self]


_PREFIXES: Mapping[SavingsKind, str] = {
    SavingsKind.POKOK: "11",
    SavingsKind.WAJIB: "12",
    SavingsKind.SUKARELA: "21",
    SavingsKind.WADIAH: "22",
}

_LABELS: Mapping[SavingsKind, str] = {
    SavingsKind.POKOK: N_("Simpanan pokok"),
    SavingsKind.WAJIB: N_("Simpanan wajib"),
    SavingsKind.SUKARELA: N_("Simpanan sukarela"),
    SavingsKind.WADIAH: N_("Simpanan wadiah"),
}

# Statuses by their names in members.rules.MemberStatus; a slice doesn't import another's rules.
_APPLICANT = "pemohon"
_DECEASED = "meninggal"
_LEFT = frozenset({"keluar", "diberhentikan"})
_MAY_PAY_IN = frozenset({"anggota", "cuti", "nonaktif"})


@dataclass(frozen=True)
class Due:
    """Something a member owes the cooperative by joining: a bill, not a receivable; it is booked when paid."""

    kind: SavingsKind
    period: str
    """Year and month, ``2026-11``."""
    amount_minor: int


def available(balance_minor: int, held_minor: int, floor_minor: int) -> int:
    """What may be taken out: the balance less what is held and what must stay; never below zero."""
    return max(balance_minor - held_minor - floor_minor, 0)


def check_deposit(
    kind: SavingsKind,
    amount_minor: int,
    *,
    member_status: str,
    cash: bool = True,
    minimum_minor: int = 0,
    remaining_due_minor: int | None = None,
) -> None:
    """Refuse a deposit that the rules don't allow.

    Args:
        kind: the savings paid into.
        amount_minor: sen.
        member_status: value of the member's status.
        cash: whether notes and coins cross the desk.
        minimum_minor: the least the product takes at once, in sen.
        remaining_due_minor: what is still owed of simpanan pokok, in sen; nobody pays more of it than that.

    Raises:
        Refusal: ``amount-not-positive``, ``cash-has-no-sen``, ``member-not-joined``, ``member-cannot-deposit``,
            ``deposit-below-minimum`` or ``pokok-above-due``.
    """
    check_amount(amount_minor, cash=cash)
    if member_status == _APPLICANT:
        if kind.withdrawable:
            raise Refusal(
                "member-not-joined", N_("Pemohon membayar simpanan pokok dan wajib dulu untuk menjadi anggota.")
            )
    elif member_status not in _MAY_PAY_IN:
        raise Refusal("member-cannot-deposit", N_("Keanggotaan berakhir atau sedang diakhiri: setoran tidak diterima."))
    if amount_minor < minimum_minor:
        raise Refusal(
            "deposit-below-minimum",
            N_("Setoran paling sedikit %(minimum)s."),
            field="amount",
            minimum=format_amount(minimum_minor),
        )
    if kind is SavingsKind.POKOK and remaining_due_minor is not None and amount_minor > remaining_due_minor:
        raise Refusal(
            "pokok-above-due",
            N_("Sisa simpanan pokok yang harus dibayar %(remaining)s."),
            field="amount",
            remaining=format_amount(remaining_due_minor),
        )


def check_withdrawal(
    kind: SavingsKind,
    amount_minor: int,
    *,
    balance_minor: int,
    held_minor: int,
    floor_minor: int,
    member_status: str,
    cash: bool = True,
) -> None:
    """Refuse a withdrawal that the rules don't allow.

    While the membership lasts the floor stays in the account; whoever has left may empty it. After a death the
    savings are frozen and belong to the heirs.

    Args:
        kind: the savings taken from.
        amount_minor: sen.
        balance_minor: what the member has, positive, in sen.
        held_minor: the part that is held (collateral, pending payments), in sen.
        floor_minor: what must stay in the account, in sen.
        member_status: value of the member's status.
        cash: whether notes and coins cross the desk.

    Raises:
        Refusal: ``amount-not-positive``, ``cash-has-no-sen``, ``member-deceased``, ``savings-locked`` or
            ``insufficient-balance``.
    """
    check_amount(amount_minor, cash=cash)
    if member_status == _DECEASED:
        raise Refusal(
            "member-deceased", N_("Anggota telah meninggal: simpanan dibekukan dan dibayarkan kepada ahli waris.")
        )
    left = member_status in _LEFT
    if not kind.withdrawable and not left:
        raise Refusal("savings-locked", N_("Simpanan pokok dan wajib hanya dikembalikan saat keluar dari keanggotaan."))
    free_minor = available(balance_minor, held_minor, 0 if left else floor_minor)
    if amount_minor > free_minor:
        raise Refusal(
            "insufficient-balance",
            N_("Saldo yang dapat ditarik %(available)s."),
            field="amount",
            available=format_amount(free_minor),
        )


def check_transfer(
    source: SavingsKind,
    target: SavingsKind,
    amount_minor: int,
    *,
    balance_minor: int,
    held_minor: int,
    floor_minor: int,
    member_status: str,
    same_account: bool = False,
    remaining_due_minor: int | None = None,
) -> None:
    """Refuse a transfer between a member's own accounts that the rules don't allow; no cash moves, so sen may.

    Args:
        source: the savings taken from.
        target: the savings paid into.
        amount_minor: sen.
        balance_minor: what the source holds, positive, in sen.
        held_minor: the part of it that is held, in sen.
        floor_minor: what must stay in the source, in sen.
        member_status: value of the member's status.
        same_account: whether source and target are one account.
        remaining_due_minor: as in ``check_deposit``.

    Raises:
        Refusal: ``transfer-same-account``, or any of a withdrawal's or a deposit's.
    """
    if same_account:
        raise Refusal("transfer-same-account", N_("Rekening asal dan tujuan harus berbeda."), field="target")
    check_withdrawal(
        source,
        amount_minor,
        balance_minor=balance_minor,
        held_minor=held_minor,
        floor_minor=floor_minor,
        member_status=member_status,
        cash=False,
    )
    check_deposit(
        target, amount_minor, member_status=member_status, cash=False, remaining_due_minor=remaining_due_minor
    )


def check_one_owner(source_member: str, target_member: str) -> None:
    """Money moves between accounts of one member only; to give it to another takes cash and a receipt for each.

    Raises:
        Refusal: ``transfer-not-own``.
    """
    if source_member != target_member:
        raise Refusal("transfer-not-own", N_("Pindah buku hanya antara rekening milik satu anggota."), field="target")


def check_amount(amount_minor: int, *, cash: bool) -> None:
    """Refuse an amount that isn't positive, or cash with sen (the smallest coins are whole rupiah).

    Raises:
        Refusal: ``amount-not-positive`` or ``cash-has-no-sen``.
    """
    if amount_minor <= 0:
        raise Refusal("amount-not-positive", N_("Jumlah harus lebih dari nol."), field="amount")
    if cash and amount_minor % SEN_PER_RUPIAH:
        raise Refusal("cash-has-no-sen", N_("Uang tunai tidak mengenal sen: tulis rupiah penuh."), field="amount")


def check_effective_date(effective_date: date, today: date) -> None:
    """Money that moves today may be dated earlier, in an open month, but not on a day that has not come.

    Raises:
        Refusal: ``date-in-future``.
    """
    if effective_date > today:
        raise Refusal("date-in-future", N_("Tanggal transaksi belum tiba."), field="date")


def check_reversal_date(reversed_on: date, effective_date: date) -> None:
    """A movement is undone on its own day or later.

    Raises:
        Refusal: ``reversal-before-entry``.
    """
    if reversed_on < effective_date:
        raise Refusal(
            "reversal-before-entry", N_("Pembatalan tidak boleh bertanggal sebelum transaksinya."), field="date"
        )


def joining_dues(policy_pokok_minor: int, policy_wajib_minor: int, joined_on: date) -> tuple[Due, ...]:
    """What a new member is billed: simpanan pokok once and the first month of simpanan wajib; nothing that is zero.

    Args:
        policy_pokok_minor: simpanan pokok by the articles, in sen.
        policy_wajib_minor: simpanan wajib of one month by the members' meeting, in sen.
        joined_on: the day of joining; its month is the period.

    Raises:
        ValueError: a policy is negative.
    """
    if policy_pokok_minor < 0 or policy_wajib_minor < 0:
        raise ValueError("a due can't be negative")
    period = f"{joined_on.year:04}-{joined_on.month:02}"
    amounts = ((SavingsKind.POKOK, policy_pokok_minor), (SavingsKind.WAJIB, policy_wajib_minor))
    return tuple(Due(kind, period, amount_minor) for kind, amount_minor in amounts if amount_minor)
