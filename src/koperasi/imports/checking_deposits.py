"""Running term deposits against the book: whose they are, what they go on as, where they stand. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from koperasi.deposits.service import Carried, Carrying, RollOver, Running, go_on
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.imports.columns import Field
from koperasi.imports.facts import (
    Checked,
    Contract,
    Facts,
    SavingsTarget,
    Wrong,
    check_day,
    difference_of,
    find_member,
    name_doubts,
    with_rows,
    wrong,
)
from koperasi.imports.model import ImportRow, MemberIdentity, Plan, Remark, TermDeposit
from koperasi.members.service import MemberStatus
from koperasi.savings.service import SavingsKind, is_partner_number

_COLUMN_OF = {
    "opened_on": Field.PLACED_ON,
    "matures_on": Field.DUE_ON,
    "months": Field.MONTHS,
    "percent": Field.PERCENT,
    "pay_months": Field.PAY_MONTHS,
    "roll_over": Field.ROLL_OVER,
    "paid_until": Field.PAID_UNTIL,
    "paid_minor": Field.PAID_AMOUNT,
}
"""The column beside which a refusal of the contract stands."""


class _Holder(NamedTuple):
    """A member, or another cooperative."""

    number: str
    doubts: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class _Book:
    """What all rows are held against."""

    facts: Facts
    carrying: Carrying
    titles: Mapping[str, str]


def check_deposits(plan: Plan, facts: Facts) -> Checked:
    """Each contract against the opening difference; what was overdue in the old books is remarked."""
    if facts.carrying is None:
        raise TypeError("a list of term deposits is checked with what term deposits know")
    book = _Book(facts, facts.carrying, plan.titles)
    rows: list[ImportRow] = []
    contracts: list[Contract] = []
    for row in plan.rows:
        if row.errors or row.member is None or row.deposit is None:
            rows.append(row)
            continue
        try:
            holder = _holder(row.member, facts)
            found = _contract(row, row.deposit, holder.number, book)
        except Wrong as error:
            rows.append(wrong(row, error))
            continue
        rows.append(replace(row, warnings=(*row.warnings, *holder.doubts, *_doubts(found.running))))
        contracts.append(found)
    by_control = dict(facts.opening_savings)
    for one in contracts:
        by_control[one.control] = by_control.get(one.control, 0) - one.amount_minor
    before = facts.difference.debit - facts.difference.credit
    after = before + sum(one.amount_minor for one in contracts)
    return Checked(
        with_rows(plan, rows),
        contracts=tuple(contracts),
        opening_on=facts.opening_on,
        difference=difference_of(facts, after, by_control, facts.trial_balance),
    )


def _holder(identity: MemberIdentity, facts: Facts) -> _Holder:
    number = (identity.number or "").upper()
    if is_partner_number(number):
        name = facts.partners.get(number)
        if name is None:
            raise Wrong("partner-not-found", N_("Koperasi penyimpan %(number)s belum terdaftar."), number=number)
        return _Holder(number, name_doubts(identity.name, name, number))
    member = find_member(identity, facts)
    if member.status.has_left:
        raise Wrong("member-left", N_("Anggota %(number)s sudah keluar."), number=member.number)
    if member.status is MemberStatus.PEMOHON:
        raise Wrong(
            "member-not-joined", N_("%(number)s masih pemohon: belum boleh menyimpan berjangka."), number=member.number
        )
    return _Holder(member.number, name_doubts(identity.name, member.name, member.number))


def _contract(row: ImportRow, deposit: TermDeposit, holder: str, book: _Book) -> Contract:
    on = row.dated or book.facts.opening_on
    check_day(on, book.facts)
    if deposit.number in book.carrying.prior_numbers:
        raise Wrong("contract-exists", N_("Perjanjian nomor %(number)s sudah ada di buku."), number=deposit.number)
    account = _payout(book.facts.savings.get(holder, ()), deposit.payout_account, book.facts.free_kind)
    carried = Carried(
        holder=holder,
        prior_number=deposit.number,
        principal_minor=deposit.principal_minor,
        opened_on=deposit.placed_on,
        months=deposit.months,
        matures_on=deposit.due_on,
        percent=deposit.percent,
        pay_months=deposit.pay_months,
        roll_over=RollOver(deposit.roll_over),
        payout_account=account.number,
        paid_until=deposit.paid_until,
        paid_minor=deposit.paid_minor,
    )
    try:
        running = go_on(carried, book.carrying.terms, on, is_sharia=book.carrying.is_sharia)
    except Refusal as refusal:
        column = _COLUMN_OF.get(refusal.field or "")
        title = book.titles.get(column, "") if column else ""
        raise Wrong(refusal.code, refusal.message, title, **refusal.params) from refusal
    control = book.carrying.code_of(holder, running.terms.months)
    if control is None:
        raise Wrong("account-role", N_("Bagan akun koperasi ini tidak mempunyai akun untuk simpanan berjangka ini."))
    return Contract(row.line, running, control, on)


def _payout(accounts: Sequence[SavingsTarget], number: str | None, usual: SavingsKind) -> SavingsTarget:
    """Where its returns go: the account that the row names, else the holder's first one to take out from."""
    usable = [one for one in accounts if one.kind.withdrawable and one.closed_on is None]
    if number is not None:
        named = [one for one in usable if one.number == number]
        if not named:
            raise Wrong(
                "payout-account",
                N_("Rekening %(number)s bukan rekening pemiliknya yang dapat ditarik. Boleh dikosongkan."),
                number=number,
            )
        return named[0]
    if not usable:
        raise Wrong(
            "payout-account-missing", N_("Pemiliknya belum mempunyai rekening simpanan untuk menerima imbalannya.")
        )
    return min(usable, key=lambda one: (one.kind is not usual, one.number))


def _doubts(running: Running) -> list[Remark]:
    if not running.unpaid:
        return []
    return [
        Remark(
            "returns-unpaid",
            N_("%(count)s imbalan sudah jatuh tempo dan menurut file belum dibayar; akan dibayar setelah impor."),
            {"count": running.unpaid},
        )
    ]
