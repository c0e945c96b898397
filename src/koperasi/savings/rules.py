"""Rules of savings: what may be paid in, taken out and moved, and what joining costs. Pure; all amounts in sen.

Simpanan pokok and wajib are members' equity and come back only when membership ends (UU 25/1992 art. 41). Sukarela and
wadiah are owed to the member; wadiah yad dhamanah is repayable on demand (fatwa DSN-MUI 02/2000).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from koperasi.errors import Refusal
from koperasi.formats import format_amount, format_date_short
from koperasi.i18n import N_

SEN_PER_RUPIAH = 100


class SavingsKind(StrEnum):
    """The kinds of savings a member may hold."""

    POKOK = "pokok"
    WAJIB = "wajib"
    SUKARELA = "sukarela"
    WADIAH = "wadiah"
    MUDHARABAH = "mudharabah"
    BERENCANA = "berencana"
    """Saved towards a goal and its day: school, Lebaran, qurban, umrah."""
    WAJIB_PINJAM = "wajib_pinjam"
    """Kept while a loan runs."""
    KOPERASI_LAIN = "koperasi_lain"
    """Of other cooperatives, who alone may save here without being members."""

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
        """Whether it may be taken out at any time; what is planned may be on its day, or as its terms say."""
        return self in _WITHDRAWABLE

    @property
    def is_own_capital(self) -> bool:
        """Whether it is members' equity: simpanan pokok and wajib (UU 25/1992 art. 41)."""
        return self in (SavingsKind.POKOK, SavingsKind.WAJIB)

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _LABELS[self]


_PREFIXES: Mapping[SavingsKind, str] = {
    SavingsKind.POKOK: "11",
    SavingsKind.WAJIB: "12",
    SavingsKind.SUKARELA: "21",
    SavingsKind.WADIAH: "22",
    SavingsKind.MUDHARABAH: "23",
    SavingsKind.BERENCANA: "24",
    SavingsKind.WAJIB_PINJAM: "25",
    SavingsKind.KOPERASI_LAIN: "26",
}

_WITHDRAWABLE = frozenset({SavingsKind.SUKARELA, SavingsKind.WADIAH, SavingsKind.MUDHARABAH, SavingsKind.KOPERASI_LAIN})

_LABELS: Mapping[SavingsKind, str] = {
    SavingsKind.POKOK: N_("Simpanan pokok"),
    SavingsKind.WAJIB: N_("Simpanan wajib"),
    SavingsKind.SUKARELA: N_("Simpanan sukarela"),
    SavingsKind.WADIAH: N_("Simpanan wadiah"),
    SavingsKind.MUDHARABAH: N_("Simpanan mudharabah"),
    SavingsKind.BERENCANA: N_("Simpanan berencana"),
    SavingsKind.WAJIB_PINJAM: N_("Simpanan wajib pinjam"),
    SavingsKind.KOPERASI_LAIN: N_("Simpanan koperasi lain"),
}

# Statuses by their names in members.rules.MemberStatus; a slice doesn't import another's rules.
_APPLICANT = "pemohon"
APPLICANT_PAYS = N_("Pemohon hanya membayar simpanan pokok sampai menjadi anggota.")
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
        if kind is not SavingsKind.POKOK:
            raise Refusal("member-not-joined", APPLICANT_PAYS)
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
    locked_until: date | None = None,
) -> None:
    """Refuse a withdrawal that the rules don't allow.

    The floor stays in the account. When the membership has ended nothing is taken out at the desk any more: whoever
    has left is paid by the settlement of their membership, and after a death the heirs are.

    Args:
        kind: the savings taken from.
        amount_minor: sen.
        balance_minor: what the member has, positive, in sen.
        held_minor: the part that is held (collateral, pending payments), in sen.
        floor_minor: what must stay in the account, in sen.
        member_status: value of the member's status.
        cash: whether notes and coins cross the desk.
        locked_until: of planned savings, the goal's day if it has not come and the product waits for it.

    Raises:
        Refusal: ``amount-not-positive``, ``cash-has-no-sen``, ``member-deceased``, ``member-left``, ``savings-locked``,
            ``savings-lent``, ``plan-not-due`` or ``insufficient-balance``.
    """
    check_amount(amount_minor, cash=cash)
    if member_status == _DECEASED:
        raise Refusal(
            "member-deceased", N_("Anggota telah meninggal: simpanan dibekukan dan dibayarkan kepada ahli waris.")
        )
    if member_status in _LEFT:
        raise Refusal(
            "member-left", N_("Keanggotaan sudah berakhir: simpanan dibayarkan lewat penyelesaian pada kartu anggota.")
        )
    _check_unlocked(kind, locked_until)
    free_minor = available(balance_minor, held_minor, floor_minor)
    if amount_minor > free_minor:
        raise Refusal(
            "insufficient-balance",
            N_("Saldo yang dapat ditarik %(available)s."),
            field="amount",
            available=format_amount(free_minor),
        )


def _check_unlocked(kind: SavingsKind, locked_until: date | None) -> None:
    if kind.is_own_capital:
        raise Refusal("savings-locked", N_("Simpanan pokok dan wajib hanya dikembalikan saat keluar dari keanggotaan."))
    if kind is SavingsKind.WAJIB_PINJAM:
        raise Refusal("savings-lent", N_("Simpanan wajib pinjam dikembalikan setelah pinjaman lunas."))
    if locked_until is not None:
        raise Refusal(
            "plan-not-due",
            N_("Simpanan berencana ini dapat diambil mulai %(day)s."),
            day=format_date_short(locked_until),
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
    minimum_minor: int = 0,
    locked_until: date | None = None,
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
        minimum_minor: the least that the target's product takes at once, in sen.
        locked_until: as in ``check_withdrawal``.

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
        locked_until=locked_until,
    )
    check_deposit(
        target,
        amount_minor,
        member_status=member_status,
        cash=False,
        minimum_minor=minimum_minor,
        remaining_due_minor=remaining_due_minor,
    )


def check_one_owner(source_member: str, target_member: str, *, field: str = "target") -> None:
    """Money moves between accounts of one member only; to give it to another takes cash and a receipt for each.

    Raises:
        Refusal: ``transfer-not-own``.
    """
    if source_member != target_member:
        raise Refusal("transfer-not-own", N_("Pindah buku hanya antara rekening milik satu anggota."), field=field)


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


def least_deposit(deposit_minimum_minor: int, opening_minimum_minor: int, *, first: bool) -> int:
    """The least that an account takes at once: of its first deposit the product may ask more; in sen."""
    return max(deposit_minimum_minor, opening_minimum_minor) if first else deposit_minimum_minor


def fee_taken(fee_minor: int, balance_minor: int, held_minor: int) -> int:
    """What a month's fee takes: all of it, or what there is; a fee never leaves less than nothing. In sen."""
    return max(min(fee_minor, balance_minor - held_minor), 0)


def sleeps_from(last_moved: date, dormancy_months: int | None) -> date | None:
    """From which day an account sleeps if its owner moves nothing more; None if its product lets none sleep.

    A sleeping account keeps all it has and earns on; it is woken by whatever its owner moves next.

    Args:
        last_moved: when the owner last paid in, took out or moved something, or opened it.
        dormancy_months: months of quiet; the same day of the month then, or its last day.
    """
    if dormancy_months is None:
        return None
    year, month = divmod(last_moved.year * 12 + last_moved.month - 1 + dormancy_months, 12)
    return date(year, month + 1, min(last_moved.day, monthrange(year, month + 1)[1]))


def joining_dues(
    policy_pokok_minor: int, policy_wajib_minor: int, joined_on: date, instalments: int = 1
) -> tuple[Due, ...]:
    """What a new member is billed: simpanan pokok once and the first month of simpanan wajib; nothing that is zero.

    Args:
        policy_pokok_minor: simpanan pokok by the articles, in sen.
        policy_wajib_minor: simpanan wajib of one month by the members' meeting, in sen.
        joined_on: the day of joining; its month is the period.
        instalments: in how many monthly parts simpanan pokok is paid: whole rupiah, the rest in the first.

    Raises:
        ValueError: a policy is negative, or there are no parts.
    """
    if policy_pokok_minor < 0 or policy_wajib_minor < 0 or instalments < 1:
        raise ValueError("a due can't be negative")
    part = policy_pokok_minor // (instalments * SEN_PER_RUPIAH) * SEN_PER_RUPIAH
    parts = [policy_pokok_minor - part * (instalments - 1), *[part] * (instalments - 1)]
    month = joined_on.year * 12 + joined_on.month - 1
    pokok = [Due(SavingsKind.POKOK, _month(month + place), amount) for place, amount in enumerate(parts)]
    wajib = Due(SavingsKind.WAJIB, _month(month), policy_wajib_minor)
    return tuple(one for one in (*pokok, wajib) if one.amount_minor)


def _month(place: int) -> str:
    return f"{place // 12:04}-{place % 12 + 1:02}"
