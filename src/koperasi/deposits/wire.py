"""Term deposits on the wire: what comes in and what goes out."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Literal

from pydantic import Field

from koperasi.deposits import rules
from koperasi.deposits.figures import exact
from koperasi.deposits.rules import Basis, ClosedAs, Deposit, Early, Earns, RollOver, Terms
from koperasi.deposits.service import Done, Paid
from koperasi.deposits.texts import why
from koperasi.rest import BookDate, Model, Money, Page, Result, Text
from koperasi.returns.service import rules_term

Months = Literal[1, 3, 6, 12]


class DepositIn(Model):
    """A contract to make, today if no day is given, of a member or (``K0001``) of another cooperative.

    ``source`` is ``cash`` or the number of one of the member's savings accounts; returns, and what is paid at the end,
    go to ``payout_account``.
    """

    member: Text
    amount: Money
    months: Months
    source: Text
    payout_account: Text
    roll_over: RollOver = RollOver.NONE
    opened_on: BookDate | None = None


class ClosingIn(Model):
    """Nothing: a contract is closed today, by its own rule."""


class RunIn(Model):
    """Until which day what is due is posted; today if none is given."""

    until: BookDate | None = None


class TermsOut(Result):
    """What a deposit of so many months brings if it is opened from a day on; percentages as decimal strings."""

    months: int
    valid_from: dt.date
    earns: Earns
    percent: str
    basis: Basis
    pay_months: int
    early: Early
    early_percent: str
    minimum: Money
    reference: str

    @classmethod
    def of(cls, terms: Terms) -> TermsOut:
        """The wire form."""
        return cls(
            months=terms.months,
            valid_from=terms.valid_from,
            earns=terms.earns,
            percent=decimal(terms.percent),
            basis=terms.basis,
            pay_months=terms.pay_months,
            early=terms.early,
            early_percent=decimal(terms.early_percent),
            minimum=Money.of(terms.minimum_minor),
            reference=terms.reference,
        )


class TermsList(Result):
    """All terms, past and coming, by months and day."""

    items: list[TermsOut]


class PartOut(Result):
    """A return of a contract: what it is for, what falls due, and what was posted, if it was."""

    part: int
    first: dt.date
    last: dt.date
    due_on: dt.date
    gross: Money | None
    tax: Money | None
    paid_on: dt.date | None
    entry_number: int | None
    before_book: bool = Field(description="it was paid before the contract came into this book")


class DepositOut(Result):
    """A contract as it stands. ``member``: whose it is; another cooperative's number begins with K."""

    number: str
    certificate: str
    member: str
    months: int
    opened_on: dt.date
    matures_on: dt.date
    principal: Money
    balance: Money
    earns: Earns
    percent: str
    pay_months: int
    early: Early
    roll_over: RollOver
    payout_account: str
    previous: str | None
    prior_number: str | None
    opening_entry: int
    closed_on: dt.date | None
    closed_as: ClosedAs | None

    @classmethod
    def facts(cls, found: Deposit) -> dict[str, object]:
        """What it says of a contract."""
        return {
            "number": found.number,
            "certificate": found.certificate,
            "member": found.member_number,
            "months": found.months,
            "opened_on": found.opened_on,
            "matures_on": found.matures_on,
            "principal": Money.of(found.principal_minor),
            "balance": Money.of(found.balance_minor),
            "earns": found.earns,
            "percent": decimal(found.percent),
            "pay_months": found.pay_months,
            "early": found.early,
            "roll_over": found.roll_over,
            "payout_account": found.payout_account,
            "previous": found.previous,
            "prior_number": found.prior_number,
            "opening_entry": found.opening_entry,
            "closed_on": found.closed_on,
            "closed_as": found.closed_as,
        }

    @classmethod
    def of(cls, found: Deposit) -> DepositOut:
        """The wire form."""
        return cls(**cls.facts(found))  # type: ignore[arg-type]


class DepositDetail(DepositOut):
    """The same with its returns, and what closing today would bring on top of the principal."""

    returns: list[PartOut]
    accrued: Money | None
    working: list[str] = Field(description="how the returns come about, in the reader's language")

    @classmethod
    def whole(
        cls,
        found: Deposit,
        paid: list[Paid],
        results: list[rules.Result],
        accrued_minor: int | None,
        locale: str,
        today: dt.date,
    ) -> DepositDetail:
        """The wire form."""
        posted = {one.part: one for one in paid}
        returns = [
            PartOut(
                part=one.number,
                first=one.first,
                last=one.last,
                due_on=one.due_on,
                gross=None if one.gross_minor is None else Money.of(one.gross_minor),
                tax=Money.of(posted[one.number].tax_minor) if one.number in posted else None,
                paid_on=posted[one.number].paid_on if one.number in posted else None,
                entry_number=posted[one.number].entry_number if one.number in posted else None,
                before_book=found.was_paid_before(one),
            )
            for one in rules.parts(found, results)
        ]
        return cls(
            **cls.facts(found),  # type: ignore[arg-type]
            returns=returns,
            accrued=None if accrued_minor is None else Money.of(accrued_minor),
            working=why(found, results, paid, today, locale),
        )


class DepositPage(Page):
    """A page of contracts in the order of their maturities."""

    items: list[DepositOut]


class DoneOut(Result):
    """An entry that was posted: a return, or a maturity with the last one. ``rolled_to``: the contract that follows."""

    deposit: str
    entry_number: int
    gross: Money
    tax: Money
    rolled_to: str | None

    @classmethod
    def of(cls, done: Done) -> DoneOut:
        """The wire form."""
        return cls(
            deposit=done.deposit_number,
            entry_number=done.entry_number,
            gross=Money.of(done.gross_minor),
            tax=Money.of(done.tax_minor),
            rolled_to=done.rolled_to,
        )


class WaitingOut(Result):
    """A contract of which something is due and could not be posted, and why (a stable code)."""

    deposit: str
    code: str


class RunOut(Result):
    """What was posted, and what waits."""

    until: dt.date
    posted: list[DoneOut]
    waiting: list[WaitingOut]


def decimal(value: Fraction) -> str:
    """A percentage with a point: ``6``, ``4.75``."""
    return exact(value).replace(",", ".")


def texts(working: rules_term.TermDeposit | None, locale: str) -> list[str]:
    """A working in the reader's language; nothing if there is none."""
    return [one.text(locale) for one in working.working()] if working else []
