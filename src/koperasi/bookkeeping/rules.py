"""Entries by hand: what must be right before the ledger is asked, and what a reversal would do to the balances."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import ledger
from koperasi.errors import FieldError, Refusal
from koperasi.i18n import N_
from ledger.statements import ADJUSTMENT, CLOSING

MAX_LINES = 200

JOURNAL = "journal"
"""Kind of the entries that people write as things happen."""

KIND_LABELS = {
    JOURNAL: N_("Jurnal umum"),
    ADJUSTMENT: N_("Jurnal penyesuaian"),
    "reversal": N_("Jurnal balik"),
    "savings.deposit": N_("Setoran simpanan"),
    "savings.withdrawal": N_("Penarikan simpanan"),
    "treasury.open": N_("Buka sesi kas"),
    "treasury.transfer": N_("Serah terima kas"),
    "treasury.close": N_("Tutup sesi kas"),
    "treasury.petty": N_("Kas kecil dihitung dan diisi"),
    "treasury.spend": N_("Belanja kas kecil"),
    "savings.transfer": N_("Pindah buku simpanan"),
    "savings.return": N_("Imbal simpanan"),
    "savings.fee": N_("Biaya simpanan"),
    "savings.plan": N_("Setoran rutin"),
    "opening.deposit": N_("Simpanan berjangka awal"),
    "deposit.open": N_("Simpanan berjangka dibuka"),
    "deposit.return": N_("Imbal simpanan berjangka"),
    "deposit.maturity": N_("Simpanan berjangka jatuh tempo"),
    "deposit.rollover": N_("Simpanan berjangka diperpanjang"),
    "deposit.early": N_("Simpanan berjangka ditutup sebelum waktunya"),
    "membership.settlement": N_("Penyelesaian anggota"),
    "membership.payout": N_("Pembayaran hak anggota"),
    "opening.savings": N_("Saldo awal simpanan"),
    "opening.balance": N_("Saldo awal"),
    CLOSING: N_("Jurnal penutup"),
}
"""Names of the kinds of entries (message ids); a kind without one is shown as it is."""

METADATA_LABELS = {
    "approval": N_("Permintaan persetujuan"),
    "approved_by": N_("Disetujui oleh"),
    "trail": N_("Segel jejak audit"),
}
"""Names of facts that the service seals with an entry (message ids); others are shown as they are."""

BY_HAND = (JOURNAL, ADJUSTMENT)
"""The kinds that people may write by hand."""

SEALED_WORDS = {JOURNAL: "Jurnal umum", ADJUSTMENT: "Jurnal penyesuaian"}
"""What is sealed of an entry by hand in place of the words that somebody typed."""

LONGEST_SOURCE = 40
_SOURCE = re.compile(rf"(?=.*[0-9])[A-Za-z0-9 ./#-]{{1,{LONGEST_SOURCE}}}")


ACT_LABELS = {
    ledger.Act.HOLD: N_("Ditahan"),
    ledger.Act.OPEN: N_("Dibuka"),
    ledger.Act.CLOSE: N_("Ditutup"),
    ledger.Act.REOPEN_REQUEST: N_("Diminta dibuka kembali"),
    ledger.Act.REOPEN: N_("Dibuka kembali"),
}
"""What was done with a month (message ids)."""


NOT_A_NUMBER = N_(
    "Tulis nomor bukti saja: huruf, angka, spasi dan ./-#, paling banyak 40 tanda, dengan sedikitnya satu angka. "
    "Nama orang tidak ditulis di sini, karena isian ini tidak dapat dihapus."
)
"""A source is sealed as it is typed, so nobody could have a name in it erased."""


class NewLine(NamedTuple):
    """A line as somebody wrote it: an account's code, and one of debit and credit in minor units of ``currency``."""

    account: str
    debit_minor: int | None
    credit_minor: int | None
    currency: str = "IDR"


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry that somebody writes by hand.

    ``source`` is the number of the paper it comes from, ``kind`` one of ``BY_HAND``.
    """

    effective_date: date
    description: str
    lines: tuple[NewLine, ...]
    source: str | None = None
    kind: str = JOURNAL


class Effect(NamedTuple):
    """What a reversal does to one account: signed amount (debit positive), balances on the account's own side."""

    account: ledger.Account
    amount_minor: int
    before_minor: int
    after_minor: int


def check_entry(new: NewEntry, accounts: Mapping[str, ledger.Account], today: date) -> list[FieldError]:
    """Everything wrong with an entry by hand that can be told without the book's other entries.

    Args:
        new: the entry.
        accounts: the accounts it names, by code; an unknown code is missing.
        today: the cooperative's day; an entry is not dated after it.
    """
    errors = []
    if not new.description.strip():
        errors.append(FieldError("description", "required", N_("Isian ini perlu diisi.")))
    if new.effective_date > today:
        errors.append(FieldError("date", "date-future", N_("Tanggal tidak boleh setelah hari buku.")))
    if new.kind not in BY_HAND:
        errors.append(FieldError("kind", "kind", N_("Jurnal jenis ini tidak dicatat dengan tangan.")))
    if new.source is not None and not _SOURCE.fullmatch(new.source):
        errors.append(FieldError("source", "source", NOT_A_NUMBER))
    for position, line in enumerate(new.lines):
        errors += _check_line(f"lines.{position}", line, accounts.get(line.account))
    return errors


def _check_line(place: str, line: NewLine, account: ledger.Account | None) -> list[FieldError]:
    errors = []
    if account is None:
        unknown = N_("Akun %(account)s tidak ada dalam bagan akun.")
        errors.append(FieldError(f"{place}.account", "unknown-account", unknown, {"account": line.account}))
    elif account.control:
        control = N_("Akun %(account)s adalah akun induk; catat pada akun di bawahnya.")
        errors.append(FieldError(f"{place}.account", "control-account", control, {"account": line.account}))
    elif account.currency != line.currency:
        differs = N_("Mata uang akun %(account)s adalah %(currency)s.")
        params = {"account": line.account, "currency": account.currency}
        errors.append(FieldError(f"{place}.account", "currency", differs, params))
    if (line.debit_minor is None) == (line.credit_minor is None):
        errors.append(FieldError(f"{place}.debit", "one-side", N_("Isi salah satu: debit atau kredit.")))
    for side, amount_minor in (("debit", line.debit_minor), ("credit", line.credit_minor)):
        if amount_minor is not None and amount_minor <= 0:
            errors.append(FieldError(f"{place}.{side}", "not-positive", N_("Jumlah harus lebih dari nol.")))
    return errors


def ledger_lines(new: NewEntry, accounts: Mapping[str, ledger.Account]) -> tuple[ledger.Line, ...]:
    """The lines as the ledger takes them; ``check_entry`` found nothing wrong."""
    return tuple(
        ledger.Line(accounts[line.account].account_id, (line.debit_minor or 0) - (line.credit_minor or 0))
        for line in new.lines
    )


def beside_lines(refusal: Refusal, new: NewEntry) -> Refusal:
    """The ledger's refusal with the line that it is about, where it is about one."""
    position = _position(refusal, new)
    if position is None:
        return refusal
    side = "debit" if new.lines[position].debit_minor is not None else "credit"
    field = side if refusal.code in {"floor", "floor-later", "overflow", "amount-range", "zero-amount"} else "account"
    error = FieldError(f"lines.{position}.{field}", refusal.code, refusal.message, refusal.params)
    params: dict[str, Any] = refusal.params
    return type(refusal)(
        refusal.code, refusal.message, status=refusal.status, errors=[error], headers=refusal.headers, **params
    )


def _position(refusal: Refusal, new: NewEntry) -> int | None:
    line, account = refusal.params.get("line"), refusal.params.get("account")
    if isinstance(line, int) and 0 < line <= len(new.lines):
        return line - 1
    if refusal.code == "same-account":
        return None
    return next((index for index, one in enumerate(new.lines) if one.account == account), None)


def check_reversal_date(entry: ledger.Entry, effective_date: date, today: date) -> FieldError | None:
    """A reversal stands between the entry it undoes and today; it never needs the entry's own, closed month."""
    if effective_date > today:
        return FieldError("date", "date-future", N_("Tanggal tidak boleh setelah hari buku."))
    if effective_date < entry.effective_date:
        return FieldError(
            "date", "date-before-entry", N_("Tanggal tidak boleh sebelum tanggal jurnal yang dibatalkan.")
        )
    return None


def reversal_day(entry: ledger.Entry, today: date) -> date:
    """On which day an entry is undone if nobody says: today, but a year's closing on its own, as if it had not been."""
    return entry.effective_date if entry.kind == CLOSING else max(today, entry.effective_date)


def effects(entry: ledger.Entry, accounts: Mapping[int, ledger.Account]) -> list[Effect]:
    """What undoing an entry would do, one line for each account, in the order in which they first stand in it.

    Args:
        entry: the entry to undo.
        accounts: its accounts as they stand now.
    """
    moved: dict[int, int] = {}
    for line in entry.lines:
        moved[line.account_id] = moved.get(line.account_id, 0) - line.amount
    shown = []
    for account_id, amount_minor in moved.items():
        account = accounts[account_id]
        change = amount_minor if account.side is ledger.Side.DEBIT else -amount_minor
        shown.append(Effect(account, amount_minor, account.balance, account.balance + change))
    return shown


def sums(lines: Sequence[NewLine]) -> tuple[int, int]:
    """Debits and credits of lines being written, in minor units."""
    return sum(line.debit_minor or 0 for line in lines), sum(line.credit_minor or 0 for line in lines)


def sum_minor(new: NewEntry) -> int:
    """How large an entry by hand is: its largest sum of debits in one currency, in minor units."""
    debits: dict[str, int] = {}
    for line in new.lines:
        debits[line.currency] = debits.get(line.currency, 0) + (line.debit_minor or 0)
    return max(debits.values(), default=0)
