"""The closing of a year, seen before it is done: its lines, its result, and what stands in the way. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

import ledger
from koperasi.formats import format_date
from koperasi.i18n import N_, translate
from ledger.statements import NOMINAL


class Hurdle(NamedTuple):
    """Something to look at before a year is closed (a message id); ``blocks``: it can't be closed so.

    ``months``: those it is about, by their first days; they fill the message's ``%(months)s``.
    """

    code: str
    message: str
    blocks: bool
    params: Mapping[str, Any] = {}
    months: tuple[date, ...] = ()

    def text(self, locale: str) -> str:
        """The message in the reader's language."""
        months = ", ".join(format_date(month, locale).removeprefix("1 ") for month in self.months)
        return translate(locale, self.message, **self.params, **({"months": months} if months else {}))


class ClosingLine(NamedTuple):
    """A line of the closing entry. ``amount_minor`` is signed, debit positive."""

    account: ledger.Account
    amount_minor: int


@dataclass(frozen=True, slots=True)
class YearClosing:
    """A year: the entry that closes it, or would, and what stands in the way.

    Attributes:
        lines: the entry's, as it stands or as it would be posted; none if there is nothing to close.
        income_minor: what the income accounts gave.
        expense_minor: what the expense accounts took.
        surplus: the account that takes the result.
        entry: the number of the closing that is in force; ``None`` while the year is not closed.
    """

    year: int
    surplus: ledger.Account
    lines: tuple[ClosingLine, ...]
    hurdles: tuple[Hurdle, ...]
    entry: int | None = None

    @property
    def first(self) -> date:
        """New Year's Day."""
        return date(self.year, 1, 1)

    @property
    def last(self) -> date:
        """The year's last day, on which it is closed."""
        return last_day(self.year)

    @property
    def income_minor(self) -> int:
        """What the income accounts gave."""
        return self._sum(ledger.AccountType.INCOME)

    @property
    def expense_minor(self) -> int:
        """What the expense accounts took."""
        return -self._sum(ledger.AccountType.EXPENSE)

    @property
    def result_minor(self) -> int:
        """Income less expense: the year's surplus (SHU), negative for a loss."""
        return self.income_minor - self.expense_minor

    @property
    def may_close(self) -> bool:
        """Nothing stands in the way."""
        return self.entry is None and not any(hurdle.blocks for hurdle in self.hurdles)

    @property
    def seen(self) -> str:
        """A digest of the lines, by which somebody who agrees says to what."""
        lines = ",".join(f"{line.account.account_id}:{line.amount_minor}" for line in self.lines)
        return sha256(lines.encode()).hexdigest()[:32]

    def _sum(self, kind: ledger.AccountType) -> int:
        return sum(line.amount_minor for line in self.lines if line.account.type is kind)


class Facts(NamedTuple):
    """What the book says of a year that is to be closed.

    Attributes:
        lines: what would be posted.
        open_months: months of the year that have entries and still take more, by their first days.
        sealed: December is closed, so nothing can be dated in it.
        difference_minor: what is left of the opening balances that nobody has explained.
        difference_code: the account in which that stands.
        earlier_minor: income less expense that was left unclosed by the years before.
        currencies: other currencies in which income or expense is left.
    """

    lines: tuple[ClosingLine, ...]
    open_months: tuple[date, ...]
    sealed: bool
    difference_minor: int
    difference_code: str
    earlier_minor: int
    currencies: Sequence[str]


def last_day(year: int) -> date:
    """The day on which a year is closed."""
    return date(year, 12, 31)


def unclosed(rows: Iterable[ledger.TrialBalanceRow], currency: str) -> int:
    """Income less expense of one currency that no entry has carried to equity."""
    return -sum(row.balance for row in rows if row.account.type in NOMINAL and row.account.currency == currency)


def hurdles(year: int, facts: Facts, today: date) -> tuple[Hurdle, ...]:
    """What to look at before an unclosed year is closed; what keeps it from being closed comes first.

    ``today``: the cooperative's day. The opening difference must be nothing before a first close (docs/year-end.md).
    """
    found = []
    if last_day(year) > today:
        found.append(Hurdle("year-not-over", N_("Tahun ini belum berakhir menurut hari buku."), blocks=True))
    if facts.sealed:
        message = N_("Bulan Desember sudah ditutup. Dua orang dapat membukanya kembali lewat riwayatnya.")
        found.append(Hurdle("period-closed", message, blocks=True))
    if facts.difference_minor:
        message = N_("Selisih saldo awal pada akun %(account)s belum nol. Pindahkan dahulu ke akun yang semestinya.")
        found.append(Hurdle("opening-difference", message, blocks=True, params={"account": facts.difference_code}))
    if not facts.lines:
        message = N_("Tidak ada pendapatan atau beban yang belum ditutup pada akhir tahun ini.")
        found.append(Hurdle("nothing-to-close", message, blocks=True))
    if facts.open_months:
        message = N_(
            "Bulan ini masih menerima jurnal: %(months)s. Jurnal yang masuk sesudah penutupan tidak ikut ditutup."
        )
        found.append(Hurdle("months-open", message, blocks=False, months=facts.open_months))
    if facts.earlier_minor:
        message = N_("Hasil tahun-tahun sebelumnya belum ditutup dan ikut dalam penutupan ini.")
        found.append(Hurdle("earlier-years", message, blocks=False))
    if facts.currencies:
        message = N_("Pendapatan atau beban dalam %(currencies)s tidak ikut ditutup.")
        found.append(Hurdle("currency", message, blocks=False, params={"currencies": ", ".join(facts.currencies)}))
    return tuple(found)


def after_closing(lines: Sequence[ClosingLine]) -> tuple[Hurdle, ...]:
    """What to look at in a year that is closed: income or expense that came afterwards."""
    if not lines:
        return ()
    message = N_(
        "Sesudah penutupan masih tercatat pendapatan atau beban di tahun ini. "
        "Batalkan penutupan dengan jurnal balik, lalu tutup lagi."
    )
    return (Hurdle("late-entries", message, blocks=False),)
