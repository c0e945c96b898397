"""What the book says of a plan, and what comes of comparing the two. Pure; amounts in sen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import ledger
from koperasi.deposits.service import Carrying, Running
from koperasi.formats import format_date_short
from koperasi.i18n import N_
from koperasi.imports.batch import Difference, control_differences
from koperasi.imports.model import ImportKind, ImportRow, MemberIdentity, Plan, Remark
from koperasi.members.service import Member, NewMember
from koperasi.savings.service import SavingsKind


@dataclass(frozen=True, slots=True)
class Policy:
    """An amount that holds from a day on, in sen."""

    valid_from: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What the book says, as far as a plan needs it.

    Attributes:
        today: the business day.
        opening_on: the day of rows without a date.
        free_kind: the savings that members of this cooperative may take out at any time.
        policies: simpanan pokok and wajib through time, the earliest first.
        by_nik: members by NIK; ``by_number`` and ``by_reference`` by what else a file may call them.
        savings: savings accounts by member number.
        accounts: ledger accounts by code, those that a trial balance names.
        shut_months: first days of months that are held or closed.
        difference: the opening difference account.
        opening_savings: signed opening savings in the book by control account.
        trial_balance: signed figures of the control accounts in the trial balance posted before, if one was.
        trial_balance_import: its number.
        partners: names of other cooperatives that save here, by number.
        carrying: what bringing in term deposits has to know; only for a list of them.
    """

    today: date
    opening_on: date
    free_kind: SavingsKind
    policies: Mapping[SavingsKind, Sequence[Policy]]
    by_nik: Mapping[str, Member]
    by_number: Mapping[str, Member]
    by_reference: Mapping[str, Member]
    savings: Mapping[str, Sequence[SavingsTarget]]
    accounts: Mapping[str, ledger.Account]
    shut_months: frozenset[date]
    difference: ledger.Account
    controls: Mapping[SavingsKind, str]
    opening_savings: Mapping[str, int]
    trial_balance: Mapping[str, int] | None
    trial_balance_import: int | None
    partners: Mapping[str, str] = field(default_factory=dict)
    carrying: Carrying | None = None


@dataclass(frozen=True, slots=True)
class SavingsTarget:
    """A savings account as an import needs it."""

    number: str
    kind: SavingsKind
    ledger_account_id: int
    opened_on: date
    closed_on: date | None
    balance_minor: int


@dataclass(frozen=True, slots=True)
class Move:
    """Opening savings of one account."""

    line: int
    kind: SavingsKind
    account_number: str
    account_id: int
    amount_minor: int
    on: date
    period: str | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """A term deposit that goes on in the book: beneath which account, from which day on."""

    line: int
    running: Running
    control: str
    on: date

    @property
    def amount_minor(self) -> int:
        """Its principal, in sen."""
        return self.running.carried.principal_minor


@dataclass(frozen=True, slots=True)
class Joining:
    """Somebody to register, with what they have saved; the accounts do not exist yet."""

    line: int
    member: NewMember
    savings: tuple[tuple[SavingsKind, int], ...]
    on: date


@dataclass(frozen=True, slots=True)
class Checked:
    """A plan with what the book says of it, and what would be written.

    Attributes:
        plan: with further errors and warnings.
        joinings: members to register.
        moves: opening savings of members that are registered.
        contracts: running term deposits.
        balances: signed opening balances by ledger account, control accounts left out.
        trial_balance: signed figures of the control accounts in this file.
        difference: the opening difference account before and after.
        opening_on: the day of rows without a date.
    """

    plan: Plan
    joinings: tuple[Joining, ...] = ()
    moves: tuple[Move, ...] = ()
    contracts: tuple[Contract, ...] = ()
    balances: tuple[tuple[int, int], ...] = ()
    trial_balance: Mapping[str, int] | None = None
    difference: Difference | None = None
    opening_on: date | None = None


class Wrong(Exception):  # noqa: N818 - never leaves the checks
    """A row's error, on its way to stand beside it."""

    def __init__(self, code: str, message: str, column: str = "", /, **params: object) -> None:
        super().__init__(code)
        self.remark = Remark(code, message, params, column)


def with_rows(
    plan: Plan, rows: Sequence[ImportRow], *, errors: Iterable[Remark] = (), warnings: Iterable[Remark] = ()
) -> Plan:
    """The plan with its rows as checked; totals are those of the rows that are right."""
    totals: dict[str, int] = {}
    for row in rows:
        if not row.errors:
            for name, amount in row.amounts:
                totals[name] = totals.get(name, 0) + amount
    return replace(
        plan,
        rows=tuple(rows),
        errors=(*plan.errors, *errors),
        warnings=(*plan.warnings, *warnings),
        totals=plan.totals if plan.kind is ImportKind.OPENING_TRIAL_BALANCE else totals,
    )


def wrong(row: ImportRow, error: Wrong) -> ImportRow:
    """The row with one error more."""
    return replace(row, errors=(*row.errors, error.remark))


def check_day(on: date, facts: Facts) -> None:
    """A day that has come, in a month that is open.

    Raises:
        Wrong: ``date-in-future`` or ``period-closed``.
    """
    if on > facts.today:
        raise Wrong("date-in-future", N_("Tanggal %(date)s belum tiba."), date=format_date_short(on))
    if on.replace(day=1) in facts.shut_months:
        raise Wrong(
            "period-closed", N_("Bulan %(month)s sudah ditutup; pilih tanggal lain."), month=on.strftime("%Y-%m")
        )


def difference_of(
    facts: Facts, after_minor: int, savings: Mapping[str, int], trial_balance: Mapping[str, int] | None
) -> Difference:
    """The opening difference and why it is what it is."""
    return Difference(
        before_minor=facts.difference.debit - facts.difference.credit,
        after_minor=after_minor,
        savings_missing=not any(savings.values()),
        trial_balance_missing=trial_balance is None,
        accounts=control_differences(trial_balance, savings) if trial_balance is not None else (),
    )


def find_member(identity: MemberIdentity, facts: Facts) -> Member:
    """The one member that all numbers of a row name.

    Raises:
        Wrong: ``member-not-found``, ``member-ambiguous`` or ``nik-differs``.
    """
    candidates: dict[str, Member] = {}
    named = [facts.by_nik.get(identity.nik or "")]
    for number in (identity.number, identity.external_reference):
        named += [facts.by_number.get(number or ""), facts.by_reference.get(number or "")]
    for found in named:
        if found is not None:
            candidates[found.number] = found
    if not candidates:
        raise Wrong(
            "member-not-found",
            N_("Anggota baris ini belum terdaftar. Impor daftar anggota dahulu, atau perbaiki NIK atau nomornya."),
        )
    if len(candidates) > 1:
        raise Wrong(
            "member-ambiguous",
            N_("NIK dan nomor pada baris ini menunjuk anggota yang berbeda: %(numbers)s."),
            numbers=", ".join(sorted(candidates)),
        )
    member = next(iter(candidates.values()))
    if identity.nik and member.nik and identity.nik != member.nik:
        raise Wrong(
            "nik-differs", N_("Nomor ini milik anggota %(number)s, tetapi NIK-nya berbeda."), number=member.number
        )
    return member


def name_doubts(written: str | None, name: str, number: str) -> tuple[Remark, ...]:
    """Another name than the register's is worth a look."""
    if not written or " ".join(written.casefold().split()) == " ".join(name.casefold().split()):
        return ()
    return (
        Remark("name-differs", N_("Nama di file berbeda dari nama anggota %(number)s di daftar."), {"number": number}),
    )
