"""What a simulation is asked, as JSON. All amounts are rupiah, written as strings; days are ISO."""

from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import ConfigDict, Field

from koperasi.formats import parse_wire_amount, wire_amount
from koperasi.rest import BookDate, Flag, Model, Text, Whole
from koperasi.returns.service import Rounding, rules_days, rules_exit, rules_interest, rules_tax, rules_term, to_unit

MOST_ROWS = 500
"""The most items, rates or heirs in one question."""
MOST_MOVEMENTS = 5_000
"""The most movements of an account."""
MOST_ACCOUNTS = 100_000
"""The most accounts of a pool; over REST fewer (``api``)."""

Rupiah = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,2})?$", examples=["1250000.00"])]
"""An amount of rupiah, not below zero; the largest is the ledger's."""

Signed = Annotated[str, Field(pattern=r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,2})?$", examples=["-250000.00"])]
"""An amount of rupiah that may be below zero."""

Exact = Annotated[
    str, Field(pattern=r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,10})?$", examples=["1833333.333333"], strict=True)
]
"""A figure in rupiah that may be finer than a sen, e.g. an average or HI-1000."""

Percent = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,6})?$", examples=["6", "4.5"])]

Month = Annotated[str, Field(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-10"])]

Unit = Annotated[str, Field(pattern=r"^(0\.01|1|10|50|100|500|1000)$", examples=["1"])]
"""What amounts are rounded to, in rupiah: ``1`` is the whole rupiah, ``0.01`` the sen."""

Months = Annotated[int, Whole, Field(ge=0, le=rules_term.LONGEST_MONTHS)]


def sen(amount: str) -> int:
    """A written amount in minor units."""
    return parse_wire_amount(amount)


def exactly(figure: str) -> Fraction:
    """A written figure as a fraction."""
    return Fraction(figure)


def written(minor: int) -> str:
    """Minor units as they are written here: ``1250000.00``."""
    return wire_amount(minor)


def decimals(value: Fraction, places: int) -> str:
    """An exact figure with so many decimals, rounded half up."""
    scaled = to_unit(value * 10**places, 1)
    whole, rest = divmod(abs(scaled), 10**places)
    return f"{'-' if scaled < 0 else ''}{whole}.{rest:0{places}}"


def exact_rupiah(minor: Fraction) -> str:
    """An exact amount in sen as rupiah with six decimals."""
    return decimals(minor / 100, 6)


class Asked(Model):
    """Base of what is asked: nothing is trimmed, as figures are figures or are not."""

    model_config = ConfigDict(str_strip_whitespace=False)


class DatedAmountIn(Asked):
    """Money in, or with a minus out, on a day."""

    date: BookDate
    amount: Signed


class RateIn(Asked):
    """Percent a year from a day on."""

    since: BookDate
    percent: Percent


class BalanceOf(StrEnum):
    """Of which days an average or the lowest balance is taken: of each calendar month, or of a whole posting period."""

    MONTH = "month"
    PERIOD = "period"


class Compounding(StrEnum):
    """When what was earned and not yet posted begins to earn itself."""

    NONE = "none"
    DAILY = "daily"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"


class SavingsReturnIn(Asked):
    """An account, its product, and the days that are asked about. Either ``percent`` or ``rates``."""

    first: BookDate
    last: BookDate
    method: rules_interest.Method = rules_interest.Method.DAILY
    percent: Percent | None = None
    rates: list[RateIn] = Field(default_factory=list, max_length=MOST_ROWS)
    basis: rules_days.Basis = rules_days.Basis.ACTUAL_365
    opening: Signed = "0.00"
    movements: list[DatedAmountIn] = Field(default_factory=list, max_length=MOST_MOVEMENTS)
    opened_on: BookDate | None = None
    closed_on: BookDate | None = None
    minimum: Rupiah = "0.00"
    posting: rules_interest.Posting = rules_interest.Posting.AT_END
    compounding: Compounding = Compounding.NONE
    compound_daily: Flag = False
    """The same as ``compounding`` ``daily``."""
    balance_of: BalanceOf = BalanceOf.MONTH
    """Of which days average and lowest are taken."""
    year_starts: Annotated[int, Whole, Field(ge=1, le=12)] = 1
    """The first month of the year by which quarters, half years and years are counted."""
    from_first: Flag = False
    """Periods of posting are counted from ``first``, e.g. from the 15th to the 14th, and not by calendar months."""
    unit: Unit = "1"
    rounding: Rounding = Rounding.HALF_UP
    ceiling_percent: Percent = "9"
    posted: Signed | None = None
    """What was posted for these days before: the answer then names the correction."""


class NisbahIn(Asked):
    """The saver's part from a day on, in percent."""

    since: BookDate
    percent: Percent


class PoolAccountIn(Asked):
    """An account of the pool: its average balance, or what it did in the month."""

    number: Text
    average: Exact | None = None
    opening: Signed = "0.00"
    movements: list[DatedAmountIn] = Field(default_factory=list, max_length=MOST_MOVEMENTS)
    opened_on: BookDate | None = None
    closed_on: BookDate | None = None
    nisbah_percent: Percent | None = None
    nisbah: list[NisbahIn] = Field(default_factory=list, max_length=MOST_ROWS)
    """By day; the one that holds on the month's last day counts."""


class ProfitPoolIn(Asked):
    """A month of the pool: ``income`` and ``financing``; or ``hi_1000``; or, for wadiah, ``bonus``."""

    month: Month
    accounts: list[PoolAccountIn] = Field(max_length=MOST_ACCOUNTS)
    nisbah_percent: Percent | None = None
    """Of all accounts that do not name their own."""
    income: Signed | None = None
    financing: Exact | None = None
    funds: Exact | None = None
    """Average funds of the whole pool, if more than these accounts."""
    hi_1000: Exact | None = None
    bonus: Rupiah | None = None
    minimum: Rupiah = "0.00"
    """Of a wadiah bonus: the least balance that takes part."""
    unit: Unit = "1"


class ResultIn(Asked):
    """HI-1000 of the pool from a day on."""

    since: BookDate
    hi_1000: Exact


class TermDepositIn(Asked):
    """A term deposit: ``percent`` a year, or ``nisbah_percent`` with what the pool brought."""

    principal: Rupiah
    opened_on: BookDate
    months: Annotated[int, Whole, Field(ge=1, le=rules_term.LONGEST_MONTHS)]
    percent: Percent | None = None
    nisbah_percent: Percent | None = None
    hi_1000: Exact | None = None
    """What the pool brought, if it was the same in every month; else ``results``."""
    results: list[ResultIn] = Field(default_factory=list, max_length=MOST_ROWS)
    basis: rules_days.Basis = rules_days.Basis.ACTUAL_365
    roll_over: rules_term.RollOver = rules_term.RollOver.NONE
    capitalise_months: Months = 0
    pay_months: Months = 0
    early: rules_term.Early = rules_term.Early.NOTHING
    early_percent: Percent = "0"
    penalty: Rupiah = "0.00"
    until: BookDate | None = None
    """Followed up to this day; if not given, to the first maturity."""
    closed_on: BookDate | None = None
    unit: Unit = "1"
    rounding: Rounding = Rounding.HALF_UP


class PaidIn(Asked):
    """A return paid on an account, gross, for one month or several."""

    account: Text
    amount: Rupiah
    months: Annotated[int, Whole, Field(ge=1, le=12)] = 1


class Saver(StrEnum):
    """Whose savings they are: that decides the rule."""

    MEMBER = "member"
    COOPERATIVE = "cooperative"
    """Another cooperative (UU PPh art. 23)."""
    BANK = "bank"
    """Anybody who saves with a bank (PP 131/2000)."""


class SavingsTaxIn(Asked):
    """All that one saver was paid in a month. Threshold and rate are those of the law unless given."""

    month: Month
    saver: Saver = Saver.MEMBER
    balance: Rupiah | None = None
    """Of a bank's saver: savings and deposits together."""
    accounts: list[PaidIn] = Field(max_length=MOST_ROWS)
    threshold: Rupiah | None = None
    percent: Percent | None = None
    testing: rules_tax.ThresholdOf = rules_tax.ThresholdOf.PAYMENT


class ItemIn(Asked):
    """What the member has or owes; amounts are positive, only ``policy`` may be below zero (kept back)."""

    kind: rules_exit.Kind
    name: Annotated[str, Field(max_length=120)] = ""
    amount: Signed


class ShuIn(Asked):
    """Figures from which the member's right to the surplus is counted."""

    surplus: Rupiah
    capital_percent: Percent
    business_percent: Percent
    own_capital: Rupiah
    all_capital: Rupiah
    own_business: Rupiah
    all_business: Rupiah


class HeirIn(Asked):
    """Who inherits, and which part of a hundred."""

    name: Text
    percent: Percent


class ExitSettlementIn(Asked):
    """A member who leaves, is dismissed or has died."""

    decided_on: BookDate
    reason: rules_exit.Reason = rules_exit.Reason.LEFT
    items: list[ItemIn] = Field(max_length=MOST_ROWS)
    shu: ShuIn | None = None
    shu_decided: Flag = True
    pay_months: Annotated[int, Whole, Field(ge=0, le=24)] = 1
    heirs: list[HeirIn] = Field(default_factory=list, max_length=50)
