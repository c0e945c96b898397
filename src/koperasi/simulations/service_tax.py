"""The tax simulation: the three rules of ``returns.rules_tax`` on figures that somebody wrote down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.returns.service import Step, rules_tax
from koperasi.simulations.answers import SavingsTaxOut, TaxedOut
from koperasi.simulations.model import Saver, SavingsTaxIn, exactly, sen, written


def savings_tax(asked: SavingsTaxIn, locale: str) -> SavingsTaxOut:
    """The tax on what one saver was paid in a month.

    Raises:
        Refusal: ``tax-policy-missing``, ``account-twice``, ``percent-range`` or ``balance-missing``.
    """
    month = date.fromisoformat(f"{asked.month}-01")
    if asked.percent is not None and exactly(asked.percent) > 100:
        raise Refusal("percent-range", N_("Persen di luar batas."), field="percent")
    if asked.saver is not Saver.MEMBER:
        return _other_tax(asked, locale)
    law = rules_tax.policy_at(rules_tax.POLICIES, month)
    policy = law._replace(
        threshold_minor=law.threshold_minor if asked.threshold is None else sen(asked.threshold),
        percent=law.percent if asked.percent is None else exactly(asked.percent),
        testing=asked.testing,
    )
    paid = [rules_tax.Paid(one.account, sen(one.amount), one.months) for one in asked.accounts]
    done = rules_tax.withhold(paid, month, (policy,))
    return SavingsTaxOut(
        gross=written(done.gross_minor),
        tax=written(done.tax_minor),
        net=written(done.net_minor),
        slip=done.slip_due,
        deposit_by=done.deposit_by,
        accounts=[
            TaxedOut(
                account=one.account,
                gross=written(one.gross_minor),
                tax=written(tax),
                net=written(one.gross_minor - tax),
            )
            for one, tax in zip(done.paid, done.taxes_minor, strict=True)
        ],
        working=_said(done.working(), locale),
    )


def _other_tax(asked: SavingsTaxIn, locale: str) -> SavingsTaxOut:
    """Of another cooperative, or of a bank's saver: a percentage of the gross, by no more than one threshold."""
    if len({one.account for one in asked.accounts}) != len(asked.accounts):
        raise Refusal("account-twice", N_("Satu rekening tertulis dua kali."), field="accounts")
    gross = [sen(one.amount) for one in asked.accounts]
    percent = None if asked.percent is None else exactly(asked.percent)
    if asked.saver is Saver.BANK:
        law = rules_tax.BANK
        if asked.balance is None:
            raise Refusal("balance-missing", N_("Isi jumlah tabungan dan deposito penyimpan itu."), field="balance")
        bank = rules_tax.BankTax(
            law.threshold_minor if asked.threshold is None else sen(asked.threshold),
            law.percent if percent is None else percent,
        )
        taxes, steps = bank.on(gross, sen(asked.balance)), bank.working(gross, sen(asked.balance))
    else:
        partner = rules_tax.PARTNER if percent is None else rules_tax.PartnerTax(percent)
        taxes, steps = partner.on(gross), partner.working(gross)
    total, tax = sum(gross), sum(taxes)
    return SavingsTaxOut(
        gross=written(total),
        tax=written(tax),
        net=written(total - tax),
        slip=total > 0,
        deposit_by=rules_tax.due_day(date.fromisoformat(f"{asked.month}-01")) if tax else None,
        accounts=[
            TaxedOut(account=one.account, gross=written(paid), tax=written(part), net=written(paid - part))
            for one, paid, part in zip(asked.accounts, gross, taxes, strict=True)
        ],
        working=_said(steps, locale),
    )


def _said(steps: Sequence[Step], locale: str) -> list[str]:
    return [one.text(locale) for one in steps]
