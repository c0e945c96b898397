"""An opening trial balance against the chart: which accounts exist and take it, and which are sums of others. Pure."""

from __future__ import annotations

import ledger
from koperasi.formats import format_amount
from koperasi.i18n import N_
from koperasi.imports.facts import Checked, Facts, Wrong, check_day, difference_of, with_rows, wrong
from koperasi.imports.model import ImportRow, Plan, Remark


def check_trial_balance(plan: Plan, facts: Facts) -> Checked:
    """Accounts that take postings are posted; control accounts are compared with the savings beneath them."""
    rows: list[ImportRow] = []
    balances: list[tuple[int, int]] = []
    controls: dict[str, int] = {}
    for row in plan.rows:
        if row.errors or row.account is None:
            rows.append(row)
            continue
        try:
            account = _postable(row.account.code, row.account.amount_minor, facts)
        except Wrong as error:
            rows.append(wrong(row, error))
            continue
        if account.control:
            controls[account.code] = row.account.amount_minor
        else:
            balances.append((account.account_id, row.account.amount_minor))
        rows.append(row)
    before = facts.difference.debit - facts.difference.credit
    after = before - sum(amount for _, amount in balances)
    return Checked(
        with_rows(plan, rows, errors=_whole_trial_balance(facts)),
        balances=tuple(balances),
        trial_balance=controls,
        opening_on=facts.opening_on,
        difference=difference_of(facts, after, facts.opening_savings, controls),
    )


def _whole_trial_balance(facts: Facts) -> list[Remark]:
    errors = []
    try:
        check_day(facts.opening_on, facts)
    except Wrong as error:
        errors.append(error.remark)
    if facts.trial_balance_import is not None:
        errors.append(
            Remark(
                "trial-balance-posted",
                N_("Neraca saldo awal sudah dicatat oleh impor %(number)s. Batalkan impor itu dahulu."),
                {"number": facts.trial_balance_import},
            )
        )
    return errors


def _postable(code: str, amount_minor: int, facts: Facts) -> ledger.Account:
    account = facts.accounts.get(code)
    if account is None:
        raise Wrong("account-unknown", N_("Akun %(code)s tidak ada di bagan akun."), code=code)
    if account.control and (rest := facts.accounts.get(f"{code}.0")) is not None:
        # What leavers were owed before the book began stands in one account beneath the sum.
        account = rest
    if account.code == facts.difference.code:
        raise Wrong(
            "account-difference", N_("Akun selisih saldo awal harus nol; keluarkan baris ini dan cari selisihnya.")
        )
    if ledger.parent_code(code) is not None:
        raise Wrong("account-not-postable", N_("Akun %(code)s adalah rekening rinci; tulis akun induknya."), code=code)
    if account.closed_on is not None and account.closed_on <= facts.opening_on:
        raise Wrong("account-closed", N_("Akun %(code)s sudah ditutup."), code=code)
    grows = amount_minor if account.side is ledger.Side.DEBIT else -amount_minor
    if not account.control and account.floor is not None and account.balance + grows < account.floor:
        raise Wrong(
            "floor",
            N_("Saldo akun %(code)s tidak boleh kurang dari %(floor)s."),
            code=code,
            floor=format_amount(account.floor),
        )
    return account
