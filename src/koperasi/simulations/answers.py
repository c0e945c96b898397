"""What a simulation answers, as JSON. All amounts are rupiah, written as strings; days are ISO."""

from datetime import date

from koperasi.rest import Result
from koperasi.returns.service import rules_exit


class BalanceOut(Result):
    """Days in a row with the same closing balance."""

    first: date
    last: date
    days: int
    balance: str


class PeriodReturnOut(Result):
    """The return of one period."""

    first: date
    last: date
    balances: list[BalanceOut]
    exact: str
    amount: str
    working: list[str]


class SavingsReturnOut(Result):
    """The returns period by period, and their sum."""

    returns: list[PeriodReturnOut]
    total: str
    above_ceiling: bool
    correction: str | None


class PoolAccountOut(Result):
    """An account's share. ``exact`` is before the one rounding."""

    number: str
    average: str
    nisbah_percent: str | None
    exact: str
    amount: str
    working: list[str]


class ProfitPoolOut(Result):
    """The pool shared: what the savers get and what the cooperative keeps add up to what was distributed."""

    funds: str
    distributable: str
    distributed: str
    hi_1000: str | None
    accounts: list[PoolAccountOut]
    to_savers: str
    to_cooperative: str
    remainder: str
    working: list[str]


class AccrualOut(Result):
    """A part of a term."""

    first: date
    last: date
    days: int
    principal: str
    exact: str
    amount: str


class TermOut(Result):
    """One run to maturity or early closing."""

    begins: date
    ends: date
    principal: str
    total: str
    is_early: bool
    penalty: str
    taken_back: str
    parts: list[AccrualOut]


class TermDepositOut(Result):
    """The deposit as far as it was followed."""

    maturity: date
    terms: list[TermOut]
    is_running: bool
    closed_on: date | None
    total: str
    payout: str
    working: list[str]


class TaxedOut(Result):
    """An account's gross, tax and net."""

    account: str
    gross: str
    tax: str
    net: str


class SavingsTaxOut(Result):
    """The tax of the month. ``slip``: a withholding slip is due. ``deposit_by``: to the state, at the latest."""

    gross: str
    tax: str
    net: str
    slip: bool
    deposit_by: date | None
    accounts: list[TaxedOut]
    working: list[str]


class SettlementLineOut(Result):
    """A line of the statement, and what it adds to the result or takes from it."""

    kind: rules_exit.Kind
    name: str
    amount: str
    effect: str


class HeirShareOut(Result):
    """An heir's part."""

    name: str
    amount: str


class ExitSettlementOut(Result):
    """The statement. ``is_blocked``: the member owes more than they have, so nothing is paid."""

    lines: list[SettlementLineOut]
    to_member: str
    from_member: str
    net: str
    is_blocked: bool
    pay_by: date | None
    heirs: list[HeirShareOut]
    working: list[str]
